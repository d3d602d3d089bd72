//! Service records as they are sent.

use crate::api::amounts::points;
use crate::api::words::same_words;
use chrono::{DateTime, NaiveDate, Utc};
use scheme::services::{self, Decision, ServiceDetails};
use scheme::{OpenScheme, actors, rules};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// How it is known that the service took place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    SelfScan,
    Kiosk,
    LeaderConfirmed,
    BackFilled,
}

/// `published` is for schemes that show records to the public before they count.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ServiceStatus)]
pub enum Status {
    Recorded,
    Published,
    Confirmed,
    Rejected,
    Reversed,
}

/// A service as somebody writes it down.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewService {
    /// Needed in a batch; elsewhere it may be left out, and is that of the path.
    pub id: Option<Uuid>,
    volunteer_id: Uuid,
    /// Code of a category of the scheme.
    #[schema(example = "patrol")]
    category: String,
    #[schema(example = "夜间平安巡逻")]
    title: String,
    #[schema(example = "紫阳社区一小区")]
    place: String,
    #[schema(example = "巡查消防通道")]
    content: String,
    #[schema(example = "紫阳社区居委会")]
    organiser: String,
    #[schema(example = "陈建国")]
    person_in_charge: String,
    /// Who was served.
    recipient: Option<String>,
    /// The day, in the scheme's time zone.
    occurred_on: NaiveDate,
    #[schema(example = 120)]
    minutes: Option<i64>,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    evidence: Evidence,
    /// Code of a level of the scheme.
    #[schema(example = "district")]
    level: Option<String>,
    /// Code of a role of the scheme.
    #[schema(example = "speaker")]
    role: Option<String>,
    /// How many books, calls, yuan: for what the rules count.
    count: Option<i64>,
    /// The number under which the activity was filed with the office (备案号).
    filing_number: Option<String>,
    /// The activity that it was part of.
    activity_id: Option<Uuid>,
    /// Code of the unit that it counts for. Left out: where the volunteer serves.
    #[schema(example = "grid-1")]
    unit: Option<String>,
    /// Code of the team for which it was done.
    team: Option<String>,
    /// Why it was not recorded at the time. Needed for `back_filled`.
    reason: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Service {
    id: Uuid,
    volunteer_id: Uuid,
    category: String,
    title: String,
    place: String,
    content: String,
    organiser: String,
    person_in_charge: String,
    recipient: Option<String>,
    occurred_on: NaiveDate,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    /// As served.
    served_minutes: i64,
    evidence: Evidence,
    level: Option<String>,
    role: Option<String>,
    count: Option<i64>,
    filing_number: Option<String>,
    activity_id: Option<Uuid>,
    unit: Option<String>,
    /// Where the volunteer came from when it was recorded (双报到).
    home_unit: Option<String>,
    team: Option<String>,
    /// The reversed record in whose place this one stands.
    corrects: Option<Uuid>,
    reason: Option<String>,
    status: Status,
    /// Until when it should be decided.
    due_on: NaiveDate,
    /// Recorded after that day.
    late: bool,
    /// The day on which its publicity began.
    published_on: Option<NaiveDate>,
    /// The first day on which it is final, unless there are objections.
    final_on: Option<NaiveDate>,
    /// Why it could not be made final: a code. Confirm or reject it by hand.
    final_failed: Option<String>,
    recorded_at: DateTime<Utc>,
    /// Credited when it was confirmed; before that, as served.
    minutes: i64,
    /// Earned when it was confirmed.
    #[schema(example = "2")]
    points: Option<String>,
    /// Of the entry that decided last.
    sequence: Option<i64>,
    /// Who recorded it.
    recorded_by: Actor,
    /// Who decided last.
    decided_by: Option<Actor>,
}

/// Who did something: the key, and the person behind it.
#[derive(Clone, Serialize, ToSchema)]
pub struct Actor {
    key_id: Uuid,
    /// The office's name for the person; the same for all of a person's keys.
    person: Option<String>,
    #[schema(example = "王芳")]
    name: Option<String>,
}

impl Actor {
    pub fn of(actors: &Actors, key_id: Uuid) -> Actor {
        let known = actors.get(&key_id);
        let (person, name) = (known.map(|actor| actor.person.clone()), known.map(|actor| actor.name.clone()));
        Actor { key_id, person, name }
    }
}

pub type Actors = HashMap<Uuid, Arc<actors::Actor>>;

/// Who the keys of these records stand for.
pub async fn actors<'s>(
    scheme: &OpenScheme,
    services: impl IntoIterator<Item = &'s services::Service>,
) -> db::Result<Actors> {
    let keys = services.into_iter().flat_map(|service| service.decided_by.into_iter().chain([service.recorded_by]));
    actors::of(scheme, keys.collect::<BTreeSet<_>>()).await
}

/// That somebody found a record right.
#[derive(Serialize, ToSchema)]
#[schema(as = ServiceCheck)]
pub struct Check {
    by: Actor,
    checked_at: DateTime<Utc>,
}

/// A record that was decided over, and how its points came about.
#[derive(Serialize, ToSchema)]
#[schema(as = ExplainedService)]
pub struct Calculation {
    #[serde(flatten)]
    service: Service,
    calculation: Vec<Step>,
    /// Why it was rejected or reversed, if somebody said.
    decision_reason: Option<String>,
    /// Who found it right, where several people do or where it is published first.
    checks: Vec<Check>,
}

/// One line of the arithmetic, and what stands after it.
#[derive(Serialize, ToSchema)]
pub struct Step {
    #[schema(value_type = String, example = "rate")]
    step: rules::StepKind,
    #[schema(example = "2 小时 × 每小时 1 分 = 2 分")]
    zh: String,
    #[schema(example = "2 h × 1 per hour = 2 points")]
    en: String,
    minutes: i64,
    #[schema(example = "2")]
    points: String,
}

impl From<NewService> for ServiceDetails {
    fn from(new: NewService) -> Self {
        ServiceDetails {
            volunteer_id: new.volunteer_id,
            category: new.category,
            title: new.title,
            place: new.place,
            content: new.content,
            organiser: new.organiser,
            person_in_charge: new.person_in_charge,
            recipient: new.recipient,
            occurred_on: new.occurred_on,
            started_at: new.started_at,
            ended_at: new.ended_at,
            minutes: new.minutes,
            evidence: new.evidence.into(),
            level: new.level,
            role: new.role,
            count: new.count,
            filing_number: new.filing_number,
            activity_id: new.activity_id,
            unit: new.unit,
            team: new.team,
            corrects: None,
            reason: new.reason,
        }
    }
}

impl Service {
    pub fn new(service: services::Service, actors: &Actors, scale: u8) -> Service {
        let details = service.details;
        Service {
            id: service.id,
            volunteer_id: details.volunteer_id,
            category: details.category,
            title: details.title,
            place: details.place,
            content: details.content,
            organiser: details.organiser,
            person_in_charge: details.person_in_charge,
            recipient: details.recipient,
            occurred_on: details.occurred_on,
            started_at: details.started_at,
            ended_at: details.ended_at,
            served_minutes: service.minutes,
            evidence: details.evidence.into(),
            level: details.level,
            role: details.role,
            count: details.count,
            filing_number: details.filing_number,
            activity_id: details.activity_id,
            unit: details.unit,
            home_unit: service.home_unit,
            team: details.team,
            corrects: details.corrects,
            reason: details.reason,
            status: service.status.into(),
            due_on: service.due_on,
            late: service.late,
            published_on: service.published_on,
            final_on: service.final_on,
            final_failed: service.final_failed,
            recorded_at: service.recorded_at,
            minutes: service.credited_minutes.unwrap_or(service.minutes),
            points: service.points.map(|minor| points(minor, scale)),
            sequence: service.sequence,
            recorded_by: Actor::of(actors, service.recorded_by),
            decided_by: service.decided_by.map(|key| Actor::of(actors, key)),
        }
    }
}

impl Calculation {
    pub async fn of(scheme: &OpenScheme, decision: Decision) -> db::Result<Calculation> {
        let Decision { service, calculation, reason, checks, .. } = decision;
        let keys = checks.iter().map(|check| check.key_id).chain(service.decided_by).chain([service.recorded_by]);
        let actors = actors::of(scheme, keys.collect::<BTreeSet<_>>()).await?;
        let check =
            |check: services::Check| Check { by: Actor::of(&actors, check.key_id), checked_at: check.checked_at };
        Ok(Calculation {
            checks: checks.into_iter().map(check).collect(),
            service: Service::new(service, &actors, scheme.config().points_scale),
            calculation: calculation.into_iter().map(Step::from).collect(),
            decision_reason: reason,
        })
    }
}

impl From<rules::Step> for Step {
    fn from(step: rules::Step) -> Self {
        Step { step: step.step, zh: step.zh, en: step.en, minutes: step.minutes, points: step.points }
    }
}

same_words!(Evidence, rules::Evidence: SelfScan Kiosk LeaderConfirmed BackFilled);
same_words!(Status, services::Status: Recorded Published Confirmed Rejected Reversed);
