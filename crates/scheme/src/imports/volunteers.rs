//! Registers of volunteers.

use super::{ImportError, LineError, Places, Report, error, id_of};
use crate::schemes::OpenScheme;
use crate::volunteers::{self, Consent, Volunteer, VolunteerDetails, VolunteerError, Written, put_in};
use chrono::{DateTime, NaiveDate, Utc};
use futures::stream::{self, StreamExt, TryStreamExt};
use std::collections::HashMap;
use uuid::Uuid;

/// A row of a register of volunteers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolunteerLine {
    pub line: u32,
    pub name: String,
    pub number: Option<String>,
    pub phone: Option<String>,
    pub id_number: Option<String>,
    pub birth_date: Option<NaiveDate>,
    /// Code or name of a unit of the scheme.
    pub unit: Option<String>,
    pub home_unit: Option<String>,
    pub teams: Vec<String>,
    pub skills: Vec<String>,
    pub publish: bool,
}

/// Registers all volunteers of a register, or none. `progress` is told how many rows are done.
pub async fn volunteers(
    scheme: &OpenScheme,
    lines: Vec<VolunteerLine>,
    dry_run: bool,
    now: DateTime<Utc>,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Report, ImportError> {
    let mut report = Report { rows: lines.len(), ..Report::default() };
    let mut seen: HashMap<Uuid, u32> = HashMap::new();
    let mut registered = Vec::new();
    let organisation = scheme.organisation().await?;
    let places = Places::of(&organisation);
    let mut tx = scheme.db.begin_write().await?;
    for (done, line) in lines.into_iter().enumerate() {
        let row = line.line;
        let id = match &line.number {
            Some(number) => id_of(scheme, &["volunteer", number]),
            None => {
                let (phone, id_number) = (line.phone.as_deref(), line.id_number.as_deref());
                id_of(scheme, &["volunteer", &line.name, phone.unwrap_or(""), id_number.unwrap_or("")])
            }
        };
        if let Some(first) = seen.insert(id, row) {
            let (zh, en) = (format!("与第 {first} 行是同一人"), format!("the same person as in row {first}"));
            report.errors.push(error(row, "number", "duplicate_row", zh, en));
            continue;
        }
        let known = match volunteers::get(scheme, id).await {
            Ok(known) => Some(known),
            Err(VolunteerError::VolunteerNotFound { .. }) => None,
            Err(VolunteerError::Database(error)) => return Err(error.into()),
            Err(other) => return Err(ImportError::NotPosted(other.to_string())),
        };
        match details(&places, line, known.as_deref()) {
            Err(error) => report.errors.push(error),
            Ok(details) => match put_in(&mut tx, scheme, id, details, None, now).await {
                Ok(Written::Same) => report.known += 1,
                Ok(Written::Created | Written::Changed) => {
                    report.written += 1;
                    registered.push(id);
                }
                Err(VolunteerError::Database(error)) => return Err(error.into()),
                Err(problem) => report.errors.extend(errors(row, problem)),
            },
        }
        progress(done + 1);
    }
    if dry_run || !report.errors.is_empty() {
        tx.rollback().await?;
    } else {
        tx.commit().await?;
        scheme.volunteers.invalidate_all();
        welcome_all(scheme, &registered, now).await?;
    }
    Ok(report)
}

/// Gives what the rules give for registering. Many at once, since the book takes them together.
async fn welcome_all(scheme: &OpenScheme, ids: &[Uuid], now: DateTime<Utc>) -> Result<(), ImportError> {
    const AT_ONCE: usize = 64;
    let welcome = |id: &Uuid| {
        let id = *id;
        async move {
            let volunteer = volunteers::get(scheme, id).await?;
            volunteers::welcome(scheme, &volunteer, now).await
        }
    };
    let welcomed = stream::iter(ids.iter().map(welcome)).buffer_unordered(AT_ONCE);
    welcomed.try_collect::<Vec<()>>().await.map(drop).map_err(|error| match error {
        VolunteerError::Database(error) => ImportError::Database(error),
        other => ImportError::NotPosted(other.to_string()),
    })
}

/// What the register does not say stays as it is.
fn details(places: &Places<'_>, line: VolunteerLine, known: Option<&Volunteer>) -> Result<VolunteerDetails, LineError> {
    let unit = line.unit.as_deref().map(|written| places.code(line.line, written)).transpose()?;
    Ok(VolunteerDetails {
        number: line.number,
        name: line.name,
        phone: line.phone,
        id_number: line.id_number,
        birth_date: line.birth_date,
        unit,
        home_unit: line.home_unit,
        teams: line.teams,
        skills: line.skills,
        // Who is in the register has signed up with the station.
        consent: Consent { record: true, publish: line.publish },
        kind: known.map(|known| known.kind).unwrap_or_default(),
        gender: known.and_then(|known| known.gender),
        residence: known.and_then(|known| known.residence.clone()),
        registered_on: known.map(|known| known.registered_on),
        labels: known.map(|known| known.labels.clone()).unwrap_or_default(),
        occupation: known.and_then(|known| known.occupation.clone()),
        availability: known.map(|known| known.availability).unwrap_or_default(),
        guardian: known.and_then(|known| known.guardian.clone()),
    })
}

fn errors(line: u32, problem: VolunteerError) -> Vec<LineError> {
    match problem {
        VolunteerError::Invalid(flaws) => flaws
            .into_iter()
            .map(|flaw| error(line, flaw.field, flaw.code, format!("“{}”不符合要求", flaw.field), flaw.detail))
            .collect(),
        VolunteerError::Taken { field } => {
            let en = format!("another volunteer has this {field}");
            vec![error(line, field, "taken", "已登记给另一位志愿者", en)]
        }
        other => vec![error(line, "", "refused", "无法登记", other.to_string())],
    }
}
