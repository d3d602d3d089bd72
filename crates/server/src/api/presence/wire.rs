//! Punches and presences as they are sent.

use crate::api::error::Problem;
use crate::api::services::Evidence;
use crate::api::words::same_words;
use chrono::{DateTime, Utc};
use scheme::presence::{self, Difference, PresenceStatus, Who};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What somebody did: `cancel` takes a check-in back.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PunchKind)]
pub enum Kind {
    In,
    Out,
    Cancel,
}

/// How it is known: the kiosk scanned the person, the person's phone scanned the station, or the leader says so.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PunchMethod)]
pub enum Method {
    Kiosk,
    SelfScan,
    Leader,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PresenceStatus)]
pub enum Status {
    Open,
    Closed,
    Cancelled,
}

same_words!(Kind, presence::Kind: In Out Cancel);
same_words!(Method, presence::Method: Kiosk SelfScan Leader);
same_words!(Status, PresenceStatus: Open Closed Cancelled);

/// A punch as a device sends it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPunch {
    /// Needed in a batch; elsewhere it may be left out, and is that of the path.
    id: Option<Uuid>,
    kind: Kind,
    /// A volunteer's code, as scanned.
    code: Option<String>,
    #[schema(example = "ZI0000012")]
    number: Option<String>,
    volunteer_id: Option<Uuid>,
    activity_id: Option<Uuid>,
    /// The code on the station's screen, as scanned by the volunteer's phone.
    activity_code: Option<String>,
    /// Left out: that of the key.
    station: Option<String>,
    /// Left out: `self_scan` with an `activity_code`, `kiosk` for a kiosk, `leader` for others.
    method: Option<Method>,
    /// Left out: the key stands for the device.
    #[schema(example = "kiosk-main-1")]
    device: Option<String>,
    /// Counted by the device, so that gaps show.
    device_sequence: Option<i64>,
    /// When it happened, by the device's clock. Left out: just now.
    device_time: Option<DateTime<Utc>>,
    /// What the device's clock says now. Needed for what did not happen just now; in a batch it stands at the top.
    device_clock: Option<DateTime<Utc>>,
}

/// What a queue says of all its punches.
pub struct Queue<'q> {
    pub device: &'q str,
    pub device_clock: DateTime<Utc>,
}

impl NewPunch {
    /// `id`: that of the path.
    pub fn punch(self, id: Option<Uuid>, queue: Option<&Queue<'_>>) -> Result<presence::NewPunch, Problem> {
        let refuse = |pointer: &str, code, zh: &str, en: &str| Err(Problem::invalid_value(pointer, code, zh, en));
        if self.id.zip(id).is_some_and(|(own, path)| own != path) {
            return refuse("/id", "another_id", "与地址中的编号不同", "it is not the id in the path");
        }
        let Some(id) = id.or(self.id) else {
            return refuse("/id", "missing_field", "缺少编号", "the id is missing");
        };
        let who = match (self.code, self.number, self.volunteer_id) {
            (Some(code), None, None) => Who::Code(code),
            (None, Some(number), None) => Who::Number(number),
            (None, None, Some(id)) => Who::Id(id),
            _ => {
                return refuse(
                    "/code",
                    "who_is_it",
                    "须且只能写明码、编号或志愿者之一",
                    "one of code, number and volunteer_id",
                );
            }
        };
        if queue.is_some() && self.device_time.is_none() {
            return refuse("/device_time", "missing_field", "缺少设备时间", "the device's time is missing");
        }
        if queue.is_some() && (self.device.is_some() || self.device_clock.is_some()) {
            return refuse("/device", "unknown_field", "整批只写一次", "it stands at the top of a batch");
        }
        Ok(presence::NewPunch {
            id,
            kind: self.kind.into(),
            who,
            activity_id: self.activity_id,
            activity_code: self.activity_code,
            station: self.station,
            method: self.method.map(Into::into),
            device: queue.map(|queue| queue.device.to_owned()).or(self.device),
            device_sequence: self.device_sequence,
            device_time: self.device_time,
            device_clock: queue.map(|queue| queue.device_clock).or(self.device_clock),
        })
    }
}

/// A punch as it is kept, for ever.
#[derive(Serialize, ToSchema)]
pub struct Punch {
    id: Uuid,
    kind: Kind,
    volunteer_id: Uuid,
    activity_id: Uuid,
    station: Option<String>,
    method: Method,
    device: String,
    device_sequence: Option<i64>,
    device_time: Option<DateTime<Utc>>,
    /// What the device's clock lacked when it was sent.
    clock_offset_millis: i64,
    /// By the server's clock.
    happened_at: DateTime<Utc>,
    received_at: DateTime<Utc>,
    /// Id of the key.
    punched_by: Uuid,
}

/// A punch that was not taken.
#[derive(Serialize, ToSchema)]
pub struct RefusedPunch {
    /// Of the event.
    id: Uuid,
    /// The `code` that the device was told.
    #[schema(example = "not_signed_up")]
    code: String,
    kind: Kind,
    /// Where it could be read from what was sent.
    volunteer_id: Option<Uuid>,
    activity_id: Option<Uuid>,
    station: Option<String>,
    device: String,
    device_sequence: Option<i64>,
    device_time: Option<DateTime<Utc>>,
    /// What the device's clock lacked when it was sent.
    clock_offset_millis: i64,
    received_at: DateTime<Utc>,
    /// Id of the key.
    punched_by: Uuid,
}

impl From<presence::Refused> for RefusedPunch {
    fn from(refused: presence::Refused) -> Self {
        RefusedPunch {
            id: refused.id,
            code: refused.code,
            kind: refused.kind.into(),
            volunteer_id: refused.volunteer_id,
            activity_id: refused.activity_id,
            station: refused.station,
            device: refused.device,
            device_sequence: refused.device_sequence,
            device_time: refused.device_time,
            clock_offset_millis: refused.clock_offset_millis,
            received_at: refused.received_at,
            punched_by: refused.punched_by,
        }
    }
}

impl From<presence::Punch> for Punch {
    fn from(punch: presence::Punch) -> Self {
        Punch {
            id: punch.id,
            kind: punch.kind.into(),
            volunteer_id: punch.volunteer_id,
            activity_id: punch.activity_id,
            station: punch.station,
            method: punch.method.into(),
            device: punch.device,
            device_sequence: punch.device_sequence,
            device_time: punch.device_time,
            clock_offset_millis: punch.clock_offset_millis,
            happened_at: punch.happened_at,
            received_at: punch.received_at,
            punched_by: punch.punched_by,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct Punched {
    #[serde(flatten)]
    punch: Punch,
    /// What it begins or ends; `null` when it does neither, or not yet.
    presence: Option<Presence>,
}

impl Punched {
    pub fn new(punch: presence::Punch, of: Option<presence::Presence>) -> Punched {
        Punched { punch: punch.into(), presence: of.map(Presence::from) }
    }
}

/// From one check-in to where it ends: what was claimed, what is credited, and why the two differ.
#[derive(Serialize, ToSchema)]
pub struct Presence {
    /// Of the check-in.
    id: Uuid,
    volunteer_id: Uuid,
    activity_id: Uuid,
    status: Status,
    checked_in_at: DateTime<Utc>,
    checked_out_at: Option<DateTime<Utc>>,
    credited_from: Option<DateTime<Utc>>,
    credited_until: Option<DateTime<Utc>>,
    credited_minutes: i64,
    differences: Vec<Reason>,
    /// Nobody signed out in time; whoever confirms the record vouches for it.
    closed_automatically: bool,
    /// Present for less of the planned time than is asked for.
    below_share: bool,
    evidence: Evidence,
    /// The record that it became.
    service_id: Option<Uuid>,
    /// Somebody decided over the record, and the punches say otherwise.
    needs_correction: bool,
    /// Why it became no record: `overlapping_service`, `paid_session`, `below_share`, `outside_plan`, or what the rules say.
    problem: Option<String>,
}

/// Why what is credited is not what was claimed.
#[derive(Serialize, ToSchema)]
#[schema(as = CreditReason)]
pub struct Reason {
    #[schema(example = "early_arrival")]
    code: &'static str,
    #[schema(example = "提前到达的时间不计入")]
    zh: &'static str,
    #[schema(example = "time before the beginning is not credited")]
    en: &'static str,
}

impl From<Difference> for Reason {
    fn from(difference: Difference) -> Self {
        let (code, zh, en) = match difference {
            Difference::EarlyArrival => {
                ("early_arrival", "提前到达的时间不计入", "time before the beginning is not credited")
            }
            Difference::LateDeparture => {
                ("late_departure", "活动结束后的时间不计入", "time after the end is not credited")
            }
            Difference::ClosedAutomatically => (
                "closed_automatically",
                "没有签退，按计划结束时间签退，等待确认",
                "nobody signed out: closed at the planned end, and left for confirmation",
            ),
            Difference::BelowShare => ("below_share", "在场时间不足", "present for less than is asked for"),
        };
        Reason { code, zh, en }
    }
}

impl From<presence::Presence> for Presence {
    fn from(of: presence::Presence) -> Self {
        Presence {
            credited_minutes: of.minutes(),
            differences: of.differences().into_iter().map(Reason::from).collect(),
            id: of.id,
            volunteer_id: of.volunteer_id,
            activity_id: of.activity_id,
            status: of.status.into(),
            checked_in_at: of.checked_in_at,
            checked_out_at: of.checked_out_at,
            credited_from: of.credited_from,
            credited_until: of.credited_until,
            closed_automatically: of.closed_automatically,
            below_share: of.below_share,
            evidence: of.evidence.into(),
            service_id: of.service_id,
            needs_correction: of.needs_correction,
            problem: of.problem,
        }
    }
}
