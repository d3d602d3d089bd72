//! Registers of activities.

use super::{ImportError, LineError, Places, Report, error, id_of};
use crate::activities::{self, ActivityDetails, ActivityError, FeeKind, Mode};
use crate::config::Scheme;
use crate::keys::{Operator, Role};
use crate::schemes::OpenScheme;
use crate::volunteers::Written;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone, Utc};
use std::collections::HashMap;
use uuid::Uuid;

/// A row of a register of activities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityLine {
    pub line: u32,
    pub title: String,
    pub content: Option<String>,
    pub held_on: NaiveDate,
    pub starts_at: NaiveTime,
    /// Not later than `starts_at`: on the next day.
    pub ends_at: NaiveTime,
    /// Code or name of a category of the scheme.
    pub category: String,
    pub place: Option<String>,
    pub organiser: Option<String>,
    /// Code or name of a unit of the scheme.
    pub unit: Option<String>,
    /// Code of a team.
    pub team: Option<String>,
    pub person_in_charge: Option<String>,
    pub capacity: Option<i64>,
}

/// Plans all activities of a register, or none. They are published one by one, by people.
pub async fn activities(
    scheme: &OpenScheme,
    lines: Vec<ActivityLine>,
    dry_run: bool,
    now: DateTime<Utc>,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Report, ImportError> {
    let mut report = Report { rows: lines.len(), ..Report::default() };
    let organisation = scheme.organisation().await?;
    let places = Places::of(&organisation);
    let by = Operator::machine(id_of(scheme, &["import", "activities"]), Role::Staff, "import (activities)");
    let mut repeats: HashMap<Uuid, u32> = HashMap::new();
    let mut tx = scheme.db.begin_write().await?;
    for (done, line) in lines.iter().enumerate() {
        match details(&scheme.config(), &places, line) {
            Err(error) => report.errors.push(error),
            Ok(details) => {
                let (day, start) = (line.held_on.to_string(), line.starts_at.to_string());
                let team = line.team.as_deref().unwrap_or_default();
                let id =
                    id_of(scheme, &["activity", &day, &start, &details.category, &line.title, &details.place, team]);
                match repeats.insert(id, line.line) {
                    Some(first) => {
                        let (zh, en) = (format!("与第 {first} 行重复"), format!("the same as row {first}"));
                        report.errors.push(error(line.line, "", "duplicate_row", zh, en));
                    }
                    None => take(&mut tx, scheme, line.line, id, details, &by, now, &mut report).await?,
                }
            }
        }
        progress(done + 1);
    }
    if dry_run || !report.errors.is_empty() {
        tx.rollback().await?;
        return Ok(report);
    }
    tx.commit().await?;
    Ok(report)
}

#[expect(clippy::too_many_arguments, reason = "a row has that many parts")]
async fn take(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    line: u32,
    id: Uuid,
    details: ActivityDetails,
    by: &Operator,
    now: DateTime<Utc>,
    report: &mut Report,
) -> Result<(), ImportError> {
    let invalid = |field: &str, code: &str, en: String| error(line, field, code, format!("“{field}”不符合要求"), en);
    match activities::plan_in(tx, scheme, id, details, by, now).await {
        Ok(Written::Created) => report.written += 1,
        // What people have changed since stays as they made it.
        Ok(Written::Changed | Written::Same) => report.known += 1,
        Err(ActivityError::Database(error)) => return Err(error.into()),
        Err(ActivityError::Invalid(flaws)) => {
            report.errors.extend(flaws.into_iter().map(|flaw| invalid(flaw.field, flaw.code, flaw.detail)));
        }
        Err(problem) => report.errors.push(error(line, "", "refused", "无法登记", problem.to_string())),
    }
    Ok(())
}

fn details(config: &Scheme, places: &Places<'_>, line: &ActivityLine) -> Result<ActivityDetails, LineError> {
    let refuse = |field, code, zh: String, en: String| error(line.line, field, code, zh, en);
    let named = |one: [&String; 3]| one.into_iter().any(|text| *text == line.category);
    let category =
        config.categories.iter().find(|one| named([&one.code, &one.name, &one.name_en])).ok_or_else(|| {
            let zh = format!("方案中没有服务类别“{}”", line.category);
            refuse("category", "unknown_category", zh, format!("the scheme has no category {:?}", line.category))
        })?;
    let unit = line.unit.as_deref().map(|written| places.code(line.line, written)).transpose()?;
    let last =
        if line.ends_at > line.starts_at { Some(line.held_on) } else { line.held_on.checked_add_days(Days::new(1)) };
    let at = |day: NaiveDate, time| config.time_zone.from_local_datetime(&day.and_time(time)).earliest();
    let (starts_at, ends_at) = (at(line.held_on, line.starts_at), last.and_then(|day| at(day, line.ends_at)));
    let (Some(starts_at), Some(ends_at)) = (starts_at, ends_at) else {
        return Err(refuse("held_on", "invalid_date", "没有这个时间".to_owned(), "there is no such time".to_owned()));
    };
    let text = |text: &Option<String>, otherwise: &str| text.clone().unwrap_or_else(|| otherwise.to_owned());
    let organiser = text(&line.organiser, &config.name);
    Ok(ActivityDetails {
        title: line.title.clone(),
        content: text(&line.content, &line.title),
        category: category.code.clone(),
        unit,
        team: line.team.clone(),
        station: None,
        place: text(&line.place, &config.name),
        person_in_charge: text(&line.person_in_charge, &organiser),
        organiser,
        recipient: None,
        starts_at: starts_at.with_timezone(&Utc),
        ends_at: ends_at.with_timezone(&Utc),
        level: None,
        role: None,
        filing_number: None,
        capacity: line.capacity,
        waiting_list: false,
        posts: Vec::new(),
        min_age: None,
        max_age: None,
        requires_training: None,
        requires_insurance: false,
        insured: false,
        fee_kind: FeeKind::Free,
        mode: Mode::Daily,
        walk_ups: false,
        share_percent: None,
        early_minutes: None,
        closes_at: None,
    })
}
