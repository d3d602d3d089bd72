//! Service records as they are sent.

use crate::api::amounts::points;
use crate::api::words::same_words;
use chrono::{DateTime, NaiveDate, Utc};
use scheme::rules;
use scheme::services::{self, Decision, ServiceDetails};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// How it is known that the service took place.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
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
    recorded_at: DateTime<Utc>,
    /// Credited when it was confirmed; before that, as served.
    minutes: i64,
    /// Earned when it was confirmed.
    #[schema(example = "2")]
    points: Option<String>,
    /// Of the entry that decided last.
    sequence: Option<i64>,
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
    pub fn new(service: services::Service, scale: u8) -> Service {
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
            recorded_at: service.recorded_at,
            minutes: service.credited_minutes.unwrap_or(service.minutes),
            points: service.points.map(|minor| points(minor, scale)),
            sequence: service.sequence,
        }
    }
}

impl Calculation {
    pub fn new(decision: Decision, scale: u8) -> Calculation {
        let calculation = decision.calculation.into_iter().map(Step::from).collect();
        let decision_reason = decision.reason;
        Calculation { service: Service::new(decision.service, scale), calculation, decision_reason }
    }
}

impl From<rules::Step> for Step {
    fn from(step: rules::Step) -> Self {
        Step { step: step.step, zh: step.zh, en: step.en, minutes: step.minutes, points: step.points }
    }
}

same_words!(Evidence, rules::Evidence: SelfScan Kiosk LeaderConfirmed BackFilled);
same_words!(Status, services::Status: Recorded Confirmed Rejected Reversed);
