//! Registers of services.

use super::{ImportError, LineError, Report, error, id_of};
use crate::keys::{Operator, Role};
use crate::rules::Evidence;
use crate::schemes::OpenScheme;
use crate::services::{self, ServiceDetails, ServiceError};
use crate::volunteers::{Volunteer, with_numbers_or_names};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use uuid::Uuid;

/// A row of a register of services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceLine {
    pub line: u32,
    pub name: Option<String>,
    pub number: Option<String>,
    pub title: String,
    pub content: Option<String>,
    pub occurred_on: NaiveDate,
    pub started_at: Option<NaiveTime>,
    pub ended_at: Option<NaiveTime>,
    pub minutes: i64,
    /// Code or name of a category of the scheme.
    pub category: String,
    pub place: Option<String>,
    pub organiser: Option<String>,
    pub person_in_charge: Option<String>,
    pub remark: Option<String>,
}

/// What a register is worth as evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidences {
    /// Kept at the time and signed by the person in charge: its rows are confirmed.
    SignedByLeader,
    /// Filled in afterwards: its rows wait for a reviewer.
    BackFilled,
}

/// Volunteers whose records are confirmed at the same time.
const TOGETHER: usize = 64;

/// Records all services of a register, or none, and confirms them when the register is signed. `file` is named as the reason;
/// `progress` is told how many steps of two for each row are done.
pub async fn services(
    scheme: &OpenScheme,
    lines: Vec<ServiceLine>,
    evidence: Evidences,
    file: &str,
    dry_run: bool,
    now: DateTime<Utc>,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Report, ImportError> {
    let mut report = Report { rows: lines.len(), ..Report::default() };
    let people = People::of(scheme, &lines).await?;
    let (recorder, confirmer) = (importer(scheme, "recorder"), importer(scheme, "register"));
    let mut records: Vec<(u32, Uuid, Uuid)> = Vec::with_capacity(lines.len());
    let mut repeats: HashMap<Uuid, u32> = HashMap::new();
    let mut tx = scheme.db.begin_write().await?;
    for (done, line) in lines.iter().enumerate() {
        match record(scheme, &people, line, evidence, file) {
            Err(errors) => report.errors.extend(errors),
            Ok((id, details)) => {
                let volunteer = details.volunteer_id;
                if let Some(first) = repeats.insert(id, line.line) {
                    let (zh, en) = (format!("与第 {first} 行重复"), format!("the same as row {first}"));
                    report.errors.push(error(line.line, "", "duplicate_row", zh, en));
                    continue;
                }
                match services::put_in(&mut tx, scheme, id, details, &recorder, now).await {
                    Ok((_, replayed)) => {
                        *(if replayed { &mut report.known } else { &mut report.written }) += 1;
                        records.push((line.line, id, volunteer));
                    }
                    Err(ServiceError::Database(error)) => return Err(error.into()),
                    Err(problem) => report.errors.extend(errors(line.line, problem, &repeats)),
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
    if evidence == Evidences::SignedByLeader {
        let begun = lines.len();
        confirm_all(scheme, &records, &confirmer, now, &mut report, &|done| progress(begun + done)).await?;
    }
    Ok(report)
}

/// Confirms volunteer by volunteer, each one's records in order, so that caps fall on the same records every time.
async fn confirm_all(
    scheme: &OpenScheme,
    records: &[(u32, Uuid, Uuid)],
    by: &Operator,
    now: DateTime<Utc>,
    report: &mut Report,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<(), ImportError> {
    let mut of_volunteer: BTreeMap<Uuid, Vec<(u32, Uuid)>> = BTreeMap::new();
    for (line, id, volunteer) in records {
        of_volunteer.entry(*volunteer).or_default().push((*line, *id));
    }
    let done = AtomicUsize::new(0);
    let confirmed = stream::iter(of_volunteer.into_values().map(|records| async {
        let mut sums = (0, 0, 0);
        for (line, id) in records {
            match services::confirm(scheme, id, by, now).await {
                Ok(decision) if !decision.replayed => {
                    sums.0 += 1;
                    sums.1 += decision.service.credited_minutes.unwrap_or(0);
                    sums.2 += decision.service.points.unwrap_or(0);
                }
                // Confirmed before, or decided otherwise by a person since: either way not for the import to change.
                Ok(_) | Err(ServiceError::StateConflict { .. }) => {}
                Err(problem) => return Err(ImportError::NotConfirmed { line, problem: problem.to_string() }),
            }
            progress(done.fetch_add(1, Ordering::Relaxed) + 1);
        }
        Ok(sums)
    }));
    let sums: Vec<(usize, i64, i64)> = confirmed.buffer_unordered(TOGETHER).try_collect().await?;
    for (confirmed, minutes, points) in sums {
        report.confirmed += confirmed;
        report.minutes += minutes;
        report.points += points;
    }
    Ok(())
}

/// The importing program as one of two persons: who writes the register in, and who signed it.
fn importer(scheme: &OpenScheme, name: &str) -> Operator {
    let key_id = id_of(scheme, &["import", name]);
    Operator::machine(key_id, Role::Staff, &format!("import ({name})"))
}

/// The volunteers that a register may mean.
struct People {
    by_number: HashMap<String, Volunteer>,
    by_name: HashMap<String, Vec<Volunteer>>,
}

impl People {
    async fn of(scheme: &OpenScheme, lines: &[ServiceLine]) -> db::Result<People> {
        let numbers = lines.iter().filter_map(|line| line.number.clone()).collect();
        let names = lines.iter().filter_map(|line| line.name.clone()).collect();
        let mut people = People { by_number: HashMap::new(), by_name: HashMap::new() };
        for volunteer in with_numbers_or_names(scheme, distinct(numbers), distinct(names)).await? {
            let namesakes = people.by_name.entry(volunteer.name.clone()).or_default();
            if !namesakes.iter().any(|other| other.id == volunteer.id) {
                namesakes.push(volunteer.clone());
            }
            people.by_number.insert(volunteer.number.clone(), volunteer);
        }
        Ok(people)
    }

    fn find(&self, line: &ServiceLine) -> Result<Uuid, LineError> {
        let refuse = |field, code, zh: String, en: String| Err(error(line.line, field, code, zh, en));
        match (&line.number, &line.name) {
            (Some(number), name) => match self.by_number.get(number) {
                None => {
                    let zh = format!("没有编号为 {number} 的志愿者");
                    refuse("number", "unknown_volunteer", zh, format!("there is no volunteer with number {number}"))
                }
                Some(known) if name.as_ref().is_some_and(|name| *name != known.name) => {
                    let zh = format!("编号 {number} 登记的是另一个姓名");
                    refuse("name", "name_differs", zh, format!("number {number} is registered under another name"))
                }
                Some(known) => Ok(known.id),
            },
            (None, name) => match self.by_name.get(name.as_deref().unwrap_or("")).map(Vec::as_slice) {
                Some([one]) => Ok(one.id),
                Some([_, _, ..]) => {
                    let zh = "有多位志愿者同名,请填写志愿者编号".to_owned();
                    refuse(
                        "name",
                        "several_volunteers",
                        zh,
                        "several volunteers have this name; give the number".to_owned(),
                    )
                }
                _ => {
                    let zh = "没有这个姓名的志愿者".to_owned();
                    refuse("name", "unknown_volunteer", zh, "there is no volunteer of this name".to_owned())
                }
            },
        }
    }
}

fn distinct(mut values: Vec<String>) -> Vec<String> {
    values.sort_unstable();
    values.dedup();
    values
}

/// What a row becomes.
fn record(
    scheme: &OpenScheme,
    people: &People,
    line: &ServiceLine,
    evidence: Evidences,
    file: &str,
) -> Result<(Uuid, ServiceDetails), Vec<LineError>> {
    let config = scheme.config();
    let volunteer_id = people.find(line).map_err(|error| vec![error])?;
    let category = config.categories.iter().find(|category| {
        [&category.code, &category.name, &category.name_en].into_iter().any(|text| *text == line.category)
    });
    let Some(category) = category else {
        let zh = format!("方案中没有服务类别“{}”", line.category);
        let en = format!("the scheme has no category {:?}", line.category);
        return Err(vec![error(line.line, "category", "unknown_category", zh, en)]);
    };
    let at = |time: NaiveTime| config.time_zone.from_local_datetime(&line.occurred_on.and_time(time)).earliest();
    let moment = |time: Option<NaiveTime>| time.and_then(at).map(|moment| moment.with_timezone(&Utc));
    let (started_at, ended_at) = (moment(line.started_at), moment(line.ended_at));
    let times = started_at.zip(ended_at);
    let text = |text: &Option<String>, otherwise: &str| text.clone().unwrap_or_else(|| otherwise.to_owned());
    let organiser = text(&line.organiser, &config.name);
    let details = ServiceDetails {
        volunteer_id,
        category: category.code.clone(),
        title: line.title.clone(),
        place: text(&line.place, &config.name),
        content: text(&line.content, &line.title),
        person_in_charge: text(&line.person_in_charge, &organiser),
        organiser,
        recipient: None,
        occurred_on: line.occurred_on,
        started_at: times.map(|(started_at, _)| started_at),
        ended_at: times.map(|(_, ended_at)| ended_at),
        minutes: Some(line.minutes),
        evidence: match evidence {
            Evidences::SignedByLeader => Evidence::LeaderConfirmed,
            Evidences::BackFilled => Evidence::BackFilled,
        },
        level: None,
        role: None,
        count: None,
        filing_number: None,
        activity_id: None,
        unit: None,
        team: None,
        corrects: None,
        reason: match evidence {
            Evidences::SignedByLeader => line.remark.clone(),
            Evidences::BackFilled => Some(text(&line.remark, &format!("登记表 {file}"))),
        },
    };
    let id = id_of(
        scheme,
        &[
            "service",
            &volunteer_id.to_string(),
            &line.occurred_on.to_string(),
            &line.started_at.map(|time| time.to_string()).unwrap_or_default(),
            &line.minutes.to_string(),
            &category.code,
            &line.title,
        ],
    );
    Ok((id, details))
}

fn errors(line: u32, problem: ServiceError, repeats: &HashMap<Uuid, u32>) -> Vec<LineError> {
    match problem {
        ServiceError::Invalid(flaws) => flaws
            .into_iter()
            .map(|flaw| error(line, flaw.field, flaw.code, format!("“{}”不符合要求", flaw.field), flaw.detail))
            .collect(),
        ServiceError::Overlapping { other } => {
            let (zh, en) = match repeats.get(&other) {
                Some(row) => (format!("与第 {row} 行时间重叠"), format!("at the same time as row {row}")),
                None => {
                    (format!("与已登记的服务 {other} 时间重叠"), format!("at the same time as service record {other}"))
                }
            };
            vec![error(line, "started_at", "overlapping_service", zh, en)]
        }
        ServiceError::IdTaken { field } => {
            let zh = format!("以前导入过同一次服务,但“{field}”不同");
            let en = format!("the same service was imported before with another {field}");
            vec![error(line, &field, "id_taken", zh, en)]
        }
        other => vec![error(line, "", "refused", "无法登记", other.to_string())],
    }
}
