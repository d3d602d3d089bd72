//! What a certificate says, as it is frozen. Everything that is printed and could change later is in it.

use crate::config::Scheme;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// The four groups of 民发〔2015〕149号, less number and check code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paper {
    pub name: String,
    pub volunteer_number: String,
    /// Its last four places, the others as stars; `None` when no identity card was shown.
    pub id_number: Option<String>,
    /// The body that issues it and has the records.
    pub issuer: String,
    /// 负责人, 经办人: `None` leaves a line to sign on.
    pub person_in_charge: Option<String>,
    pub handler: Option<String>,
    pub contact: Option<String>,
    /// Purpose, applicant, training and what the office adds, in one line; empty: nothing.
    pub remark: String,
    /// Below which address it can be verified; `None` when it was issued without one.
    pub verify_at: Option<String>,
    pub body: Body,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Body {
    Record {
        from: NaiveDate,
        until: NaiveDate,
        /// What was done, in a few words.
        summary: String,
        /// Empty when they were not asked for.
        lines: Vec<ServiceLine>,
    },
    /// A certificate of honour: of a level, or of a campaign.
    Honour { design: Design, fields: BTreeMap<String, String> },
}

/// One service (Order 67, Art. 7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceLine {
    pub on: NaiveDate,
    pub title: String,
    pub content: String,
    pub organiser: String,
    pub minutes: i64,
}

/// What certificates of honour have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Design {
    /// Of what: the name of the campaign or of the level.
    pub title: String,
    /// 荣誉证书
    pub heading: String,
    /// Smaller, below it; empty: nothing.
    pub subheading: String,
    /// With fields in braces.
    pub text: String,
    /// Under the seal.
    pub issuers: Vec<String>,
    pub date: NaiveDate,
    /// Services of these days are counted for the fields `hours` and `count`.
    pub from: NaiveDate,
    pub until: NaiveDate,
    /// Digest of a picture that fills the page; `None`: a border.
    pub background: Option<String>,
    /// How far the text keeps from the edges, millimetres: left, right, top, bottom; `None`: as for the border.
    pub margins: Option<[u8; 4]>,
}

/// Classes of service that a summary names.
const NAMED: usize = 5;

/// 环境清洁、敬老助老等: the classes of service, those of most minutes first.
pub(super) fn summary<'a>(config: &Scheme, services: impl Iterator<Item = (&'a str, i64)>) -> String {
    let mut by_category: HashMap<&str, i64> = HashMap::new();
    for (category, minutes) in services {
        *by_category.entry(category).or_default() += minutes;
    }
    let mut by_category: Vec<(i64, &str)> = by_category.into_iter().map(|(code, minutes)| (minutes, code)).collect();
    by_category.sort_unstable_by(|(one, a), (other, b)| other.cmp(one).then(a.cmp(b)));
    let name = |code: &&str| config.category(code).map_or_else(|| (**code).to_owned(), |known| known.name.clone());
    let names: Vec<String> = by_category.iter().take(NAMED).map(|(_, code)| name(code)).collect();
    let more = if by_category.len() > NAMED { "等" } else { "" };
    format!("{}{more}", names.join("、"))
}
