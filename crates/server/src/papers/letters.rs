//! Letters of thanks: one text, and a copy for each volunteer or for each unit that they come from.

use super::hours;
use chrono::NaiveDate;
use reports::documents::letter::{Letter, LetterForm};
use reports::documents::table::{Column, Kind, Table};
use reports::documents::template::{Fields, Template};
use reports::documents::{Signatures, chinese_date};
use reports::layout::DocumentError;
use scheme::certificates::Served;
use scheme::rules::hours_text;
use scheme::units::Organisation;
use std::collections::BTreeMap;

/// To whom letters go.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
#[schema(as = LetterRecipients)]
pub enum Recipients {
    /// To each volunteer.
    Volunteers,
    /// To each unit that volunteers come from, with a list of them.
    Units,
}

impl Recipients {
    /// What a text to them may name.
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Recipients::Volunteers => {
                &["name", "number", "unit", "home_unit", "hours", "count", "activities", "from", "until", "date"]
            }
            Recipients::Units => &["home_unit", "members", "hours", "count", "from", "until", "date"],
        }
    }
}

/// What all letters of a run have in common.
pub struct Run<'a> {
    pub text: &'a str,
    pub from: NaiveDate,
    pub until: NaiveDate,
    pub date: NaiveDate,
    pub issuer: String,
    pub organisation: &'a Organisation,
}

/// Every field of a template that is not among those that there are, each once; an error when its braces are not in pairs.
pub fn unknown_fields(text: &str, known: &[&str]) -> Result<Vec<String>, DocumentError> {
    let template = Template::parse(text)?;
    let mut unknown: Vec<String> = Vec::new();
    for field in template.fields().filter(|field| !known.contains(field)) {
        if !unknown.iter().any(|known| known == field) {
            unknown.push(field.to_owned());
        }
    }
    Ok(unknown)
}

impl Run<'_> {
    /// The letters, with the name of the file that each may go to.
    pub fn letters(&self, to: Recipients, served: &[Served]) -> Result<Vec<(String, Letter)>, DocumentError> {
        let form = LetterForm::parse(self.text)?;
        match to {
            Recipients::Volunteers => {
                let letter =
                    |one: &Served| Ok((one.number.clone(), form.fill(&self.of_volunteer(one), self.signed())?));
                served.iter().map(letter).collect()
            }
            Recipients::Units => self.to_units(&form, served),
        }
    }

    fn to_units(&self, form: &LetterForm, served: &[Served]) -> Result<Vec<(String, Letter)>, DocumentError> {
        let mut by_unit: BTreeMap<&str, Vec<&Served>> = BTreeMap::new();
        for one in served {
            if let Some(unit) = one.home_unit.as_deref() {
                by_unit.entry(unit).or_default().push(one);
            }
        }
        let letter = |(at, (unit, members)): (usize, (&str, Vec<&Served>))| {
            let mut letter = form.fill(&self.of_unit(unit, &members), self.signed())?;
            letter.attachment = Some(self.members(unit, &members));
            // Units may be names: a file is called by its place.
            Ok((format!("unit-{:04}", at + 1), letter))
        };
        by_unit.into_iter().enumerate().map(letter).collect()
    }

    fn signed(&self) -> Signatures {
        Signatures { issuer: self.issuer.clone(), date: Some(self.date), ..Signatures::default() }
    }

    fn unit(&self, code: Option<&str>) -> String {
        super::unit_name(self.organisation, code)
    }

    fn days(&self) -> [(&'static str, String); 3] {
        [("from", self.from), ("until", self.until), ("date", self.date)].map(|(name, day)| (name, chinese_date(day)))
    }

    fn of_volunteer(&self, one: &Served) -> Fields {
        let own = [
            ("name", one.name.clone()),
            ("number", one.number.clone()),
            ("unit", self.unit(one.unit.as_deref())),
            ("home_unit", self.unit(one.home_unit.as_deref())),
            ("hours", hours_text(one.minutes)),
            ("count", one.services.to_string()),
            ("activities", one.activities.join("、")),
        ];
        own.into_iter().chain(self.days()).map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn of_unit(&self, unit: &str, members: &[&Served]) -> Fields {
        let own = [
            ("home_unit", self.unit(Some(unit))),
            ("members", members.len().to_string()),
            ("hours", hours_text(members.iter().map(|one| one.minutes).sum())),
            ("count", members.iter().map(|one| one.services).sum::<i64>().to_string()),
        ];
        own.into_iter().chain(self.days()).map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Who of the unit served, for those who have agreed to be named.
    fn members(&self, unit: &str, members: &[&Served]) -> Table {
        let named = members.iter().filter(|one| one.consent_publish);
        let rows = named.map(|one| {
            vec![one.name.as_str().into(), one.number.as_str().into(), hours(one.minutes).into(), one.services.into()]
        });
        let rows: Vec<_> = rows.collect();
        let unnamed = members.len() - rows.len();
        let columns = [
            ("姓名", Kind::Text),
            ("志愿者编号", Kind::Text),
            ("服务时间（小时）", Kind::Number { places: 1 }),
            ("次数", Kind::Number { places: 0 }),
        ];
        let period = format!("{}至{}", chinese_date(self.from), chinese_date(self.until));
        Table {
            title: format!("{}志愿服务名单", self.unit(Some(unit))),
            subtitles: vec![period],
            columns: columns.map(|(title, kind)| Column::new(title, kind)).into(),
            rows,
            notes: if unnamed > 0 { vec![format!("另有 {unnamed} 人未同意列名。")] } else { Vec::new() },
            ..Table::default()
        }
    }
}
