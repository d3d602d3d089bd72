//! Certificates: what the station certifies of a volunteer, on paper, with a number and a check code.
//!
//! Order 67 of the Ministry of Civil Affairs, Art. 14 to 17: issued upon application, free of charge, with time, content and
//! recording unit, from what is on record, and such that anybody can verify it. 民发〔2015〕149号 gives the four groups of
//! what is on it. What a certificate says is frozen when it is issued, together with the newest entry of the book that is
//! part of it and the book's root: printed again it is the same paper, and what it says can be proved. Only confirmed
//! services count; training is stated apart and is no hours.
//!
//! Numbers run by scheme and year without a gap: they are given in the transaction that writes the certificate, under the
//! lock of the year's row. The check code follows from the number by a secret of the installation, and is not stored.

pub mod applications;
mod campaigns;
mod check;
mod close;
mod codes;
mod draft;
mod gather;
mod issue;
mod list;
mod lookup;
mod paper;
mod rows;

pub use campaigns::{Campaign, campaign, put_campaign};
pub(crate) use check::check;
pub use close::revoke;
pub use gather::{Served, served};
pub use issue::{Issued, Printable, issue};
pub use list::{Filter, get, list};
pub use lookup::{Seen, look_up};
pub use paper::{Body, Design, Paper, ServiceLine};

use crate::presented::PresentedError;
use crate::schemes::OpenScheme;
use crate::volunteers::{Invalid, VolunteerError};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Working days between application and issue, where the scheme says nothing.
pub const ISSUE_WORKING_DAYS: u32 = 10;
/// Certificates that are issued in one call at most.
pub const TOGETHER_MAX: usize = 1000;

/// What a certificate is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 志愿服务记录证明: the services of a period.
    Record,
    /// A step of a ladder that was granted: a star, a medal.
    Level,
    /// Taking part in a campaign.
    Campaign,
}

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Record, Kind::Level, Kind::Campaign];

    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Record => "record",
            Kind::Level => "level",
            Kind::Campaign => "campaign",
        }
    }

    pub fn parse(text: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Whether a certificate is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Valid,
    Revoked,
    /// Another was issued in its place.
    Replaced,
}

impl Status {
    pub const ALL: [Status; 3] = [Status::Valid, Status::Revoked, Status::Replaced];

    pub fn as_str(self) -> &'static str {
        match self {
            Status::Valid => "valid",
            Status::Revoked => "revoked",
            Status::Replaced => "replaced",
        }
    }

    pub fn parse(text: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// What is applied for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Order {
    #[serde(skip)]
    pub id: Uuid,
    pub volunteer_id: Uuid,
    #[serde(flatten)]
    pub of: Of,
    /// `None`: today.
    pub applied_on: Option<NaiveDate>,
    /// Who applies, when it is not the volunteer.
    pub applicant: Option<String>,
    pub purpose: Option<String>,
    pub remark: Option<String>,
    /// As it stands on the identity card that was shown. Only its last four places are kept, and printed.
    #[serde(serialize_with = "last_places")]
    pub id_number: Option<String>,
    /// The certificate in whose place this one is issued.
    pub replaces: Option<Uuid>,
}

/// Of what it is applied for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Of {
    Record {
        from: NaiveDate,
        until: NaiveDate,
        /// The services one by one.
        detailed: bool,
    },
    Level {
        award_id: Uuid,
    },
    Campaign {
        campaign_id: Uuid,
        /// What the text of the campaign names beside what is known of everybody.
        fields: BTreeMap<String, String>,
    },
}

impl Of {
    pub fn kind(&self) -> Kind {
        match self {
            Of::Record { .. } => Kind::Record,
            Of::Level { .. } => Kind::Level,
            Of::Campaign { .. } => Kind::Campaign,
        }
    }

    fn source(&self) -> Option<Uuid> {
        match self {
            Of::Record { .. } => None,
            Of::Level { award_id } => Some(*award_id),
            Of::Campaign { campaign_id, .. } => Some(*campaign_id),
        }
    }
}

/// A certificate that was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    pub id: Uuid,
    pub kind: Kind,
    /// To whom it was issued.
    pub volunteer_id: Uuid,
    /// The award or the campaign that it is of.
    pub source_id: Option<Uuid>,
    /// `ZIYANG-2026-000042`
    pub number: String,
    /// `7KQ-4M2-XPA`: keep it out of logs.
    pub check_code: String,
    pub year: i64,
    pub serial: i64,
    /// Of the volunteer, when it was issued.
    pub unit: Option<String>,
    pub applied_on: NaiveDate,
    /// The last day on which it would have been issued in time.
    pub due_on: NaiveDate,
    pub issued_on: NaiveDate,
    pub issued_at: DateTime<Utc>,
    /// Key.
    pub issued_by: Uuid,
    /// That it certifies.
    pub minutes: i64,
    pub services: i64,
    /// The newest entry of the book that is part of it, and the book's root then.
    pub as_of: i64,
    pub root: Vec<u8>,
    pub paper: Paper,
    pub status: Status,
    /// How it ceased to be good.
    pub closing: Option<Closing>,
    /// A service that it counts was taken back since; the certificate is to be replaced or revoked.
    pub touched: bool,
}

impl Certificate {
    /// Issued after the day on which it was due.
    pub fn is_late(&self) -> bool {
        self.issued_on > self.due_on
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    pub on: NaiveDate,
    /// Key.
    pub by: Uuid,
    pub reason: Option<String>,
    pub replaced_by: Option<Uuid>,
}

#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("{} values cannot be taken", .0.len())]
    Invalid(Vec<Invalid>),
    #[error("there is no certificate {id}")]
    NotFound { id: Uuid },
    #[error("there is no campaign {id}")]
    CampaignNotFound { id: Uuid },
    #[error("there is no volunteer {id}")]
    VolunteerNotFound { id: Uuid },
    #[error("the volunteer was merged into {into}")]
    Merged { into: Uuid },
    #[error("the id stands for something else: {field} differs")]
    IdTaken { field: String },
    #[error("the certificate is {}", .status.as_str())]
    StateConflict { status: Status },
    #[error("there is no application {id}")]
    ApplicationNotFound { id: Uuid },
    /// The volunteer has asked for a certificate of the same days, and it waits.
    #[error("{id} waits for the same days")]
    AlreadyApplied { id: Uuid },
    #[error("the application is {}", .status.as_str())]
    ApplicationSettled { status: applications::ApplicationStatus },
    /// A leader asks for somebody who does not belong to the team.
    #[error("the volunteer does not belong to the team")]
    OtherTeam,
    /// There is no confirmed service in the period.
    #[error("nothing is on record to be certified")]
    NothingToCertify,
    /// The paper cannot be printed as it would have to be.
    #[error("it cannot be printed: {zh} ({en})")]
    Unprintable { zh: String, en: String },
    #[error("too much is going on; try again")]
    Busy,
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl From<VolunteerError> for CertificateError {
    fn from(error: VolunteerError) -> Self {
        match error {
            VolunteerError::VolunteerNotFound { id } => CertificateError::VolunteerNotFound { id },
            VolunteerError::Merged { into } => CertificateError::Merged { into },
            VolunteerError::Database(error) => CertificateError::Database(error),
            _ => CertificateError::Busy,
        }
    }
}

impl From<PresentedError> for CertificateError {
    fn from(error: PresentedError) -> Self {
        match error {
            PresentedError::OtherTeam => CertificateError::OtherTeam,
            PresentedError::NotShown(flaw) => CertificateError::Invalid(vec![flaw]),
            PresentedError::Database(error) => CertificateError::Database(error),
        }
    }
}

/// The body that issues certificates.
pub async fn issuer(scheme: &OpenScheme) -> db::Result<String> {
    let config = scheme.config();
    if let Some(issuer) = config.certificates.as_ref().and_then(|certificates| certificates.issuer.clone()) {
        return Ok(issuer);
    }
    let organisation = scheme.organisation().await?;
    Ok(organisation.station("main").map_or_else(|| config.name.clone(), |station| station.name.clone()))
}

fn last_places<S: serde::Serializer>(number: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    number.as_deref().map(masked_id).serialize(serializer)
}

/// An identity number of which nobody learns more than its last four places.
fn masked_id(number: &str) -> String {
    let letters: Vec<char> = number.trim().to_uppercase().chars().collect();
    let hidden = letters.len().saturating_sub(4);
    std::iter::repeat_n('*', hidden).chain(letters.into_iter().skip(hidden)).collect()
}

/// A place in the register: `(year, serial)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub year: i64,
    pub serial: i64,
}
