//! A scheme in which much is asked before a record counts, and the people of its office.

use crate::world::{World, service};
use chrono::NaiveDate;
use scheme::rules::Evidence;
use scheme::services::{self, ServiceDetails, ServiceError};
use scheme::{Operator, Role};
use uuid::Uuid;

/// Patrols count at once, leaders confirm what their team scanned; care for the elderly is published; what is filled in
/// takes two people.
pub const CONTROLLED: &str = r#"
code = "kongzhi"
name = "审慎社区"
name_en = "A careful community"
illustrative = true
source = "示例"
points_scale = 1

[[stations]]
code = "main"
name = "志愿服务站"

[[units]]
code = "town"
name = "镇"
kind = "town"

[[units]]
code = "village-1"
name = "一村"
kind = "community"
parent = "town"

[[units]]
code = "village-2"
name = "二村"
kind = "community"
parent = "town"

[[categories]]
code = "patrol"
name = "巡逻"
name_en = "Patrol"

[[categories]]
code = "elderly_care"
name = "为老服务"
name_en = "Elderly care"

[[categories]]
code = "absence"
name = "缺席"
name_en = "Absence"
kind = "event"

[[versions]]
from = 2026-01-01
version = "first"
evidence_without_points = []
expiry = { months = 6 }
expiry_counts_from = "service_date"
recording_deadline_working_days = 10
overdraft = "refuse"

[versions.default]
points_per_hour = "1"
part_hours = "half_hours"
rounding = "down"
hours_credited = "as_served"

[[versions.rules]]
categories = ["absence"]
points = "-2"

[[versions.caps]]
per = "day"
limit_points = "4"
categories = ["patrol", "elderly_care"]
over = "truncate"

[[versions.evidence]]
class = "self_scan"
confirmed_by = ["reviewer", "leader"]

[[versions.evidence]]
class = "back_filled"
confirmers = 2

[versions.publicity]
working_days = 3
categories = ["elderly_care", "absence"]
answer_working_days = 5
"#;

/// Somebody of the office. The same name is the same person, whichever key they use.
pub fn person(name: &str, role: Role) -> Operator {
    Operator {
        key_id: Uuid::new_v5(&Uuid::nil(), format!("{name} {role}").as_bytes()),
        role,
        station: None,
        team: None,
        person: name.to_owned(),
        volunteer_id: None,
        name: name.to_owned(),
    }
}

pub fn staff() -> Operator {
    person("李登记", Role::Staff)
}

pub fn reviewer() -> Operator {
    person("王审核", Role::Reviewer)
}

pub fn second() -> Operator {
    person("赵复核", Role::Reviewer)
}

/// Records what nobody has decided over yet.
pub async fn recorded(world: &World, details: ServiceDetails) -> Uuid {
    let id = Uuid::now_v7();
    services::put(&world.scheme, id, details, &staff(), world.now()).await.expect("recorded");
    id
}

pub async fn scanned(world: &World, volunteer: Uuid, category: &str, on: &str, minutes: i64) -> Uuid {
    recorded(world, service(volunteer, category, on, minutes, Evidence::SelfScan)).await
}

pub async fn confirmed(world: &World, volunteer: Uuid, on: &str, minutes: i64) -> Uuid {
    let id = scanned(world, volunteer, "patrol", on, minutes).await;
    confirm(world, id, &reviewer()).await.expect("confirmed");
    id
}

pub async fn confirm(world: &World, id: Uuid, by: &Operator) -> Result<services::Decision, ServiceError> {
    services::confirm(&world.scheme, id, by, world.now()).await
}

pub async fn status(world: &World, id: Uuid) -> services::Status {
    services::get(&world.scheme, id).await.expect("a record").status
}

pub fn days(text: &str) -> Option<NaiveDate> {
    Some(text.parse().expect("a day"))
}
