//! Wishes and claims as they are sent.

use crate::api::amounts::{Reader, points};
use crate::api::words::same_words;
use chrono::{DateTime, NaiveDate, Utc};
use scheme::wishes::{self, WishDetails};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A resident's wish, a community's project, or a task.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WishKind)]
pub enum Kind {
    Wish,
    Project,
    Task,
}

same_words!(Kind, wishes::Kind: Wish Project Task);

/// With several claimants a wish is `published` as long as there is room for more, and then where the slowest of them is.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WishStatus)]
pub enum Status {
    Draft,
    Published,
    Claimed,
    Fulfilled,
    Rated,
    Posted,
    Rejected,
    Withdrawn,
    Expired,
}

same_words!(Status, wishes::Status: Draft Published Claimed Fulfilled Rated Posted Rejected Withdrawn Expired);

/// `offered`: passed on to a unit that has not answered. `confirmed`: decided, and a record of it is before the public still.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClaimStatus {
    Offered,
    Claimed,
    Fulfilled,
    Rated,
    Confirmed,
    Posted,
    Declined,
    GivenBack,
    Lapsed,
    Withdrawn,
}

same_words!(ClaimStatus, wishes::ClaimStatus:
    Offered Claimed Fulfilled Rated Confirmed Posted Declined GivenBack Lapsed Withdrawn);

#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClaimantKind {
    Volunteer,
    Team,
    Unit,
}

/// Who takes a wish on.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Claimant {
    pub kind: ClaimantKind,
    /// A volunteer's id, a team's code, a unit's code.
    #[schema(example = "patrol")]
    pub id: String,
}

/// A wish as somebody writes it down.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWish {
    kind: Kind,
    #[schema(example = "换一盏楼道灯")]
    title: String,
    #[schema(example = "三楼的灯坏了，老人上下楼看不清")]
    content: String,
    /// Who wishes.
    recipient: Option<String>,
    /// How they are reached.
    contact: Option<String>,
    /// Code of the category of the service records that its minutes become.
    #[schema(example = "elderly_care")]
    category: Option<String>,
    /// Code of the unit where it is.
    #[schema(example = "compound-1")]
    unit: Option<String>,
    #[serde(default)]
    #[schema(example = 60)]
    minutes: i64,
    /// None when left out.
    #[schema(example = "5")]
    points: Option<String>,
    /// Whether it carries that for each person who takes part, and not for all of them together.
    #[serde(default)]
    per_person: bool,
    /// Who may take part, all claims together; 1 when left out.
    #[serde(default = "one")]
    people: i64,
    /// Who may claim it at once; 1 when left out.
    #[serde(default = "one")]
    claimants: i64,
    /// What a volunteer who claims it can do, all of it.
    #[serde(default)]
    skills: Vec<String>,
    /// The last day to claim it.
    deadline_on: NaiveDate,
}

fn one() -> i64 {
    1
}

impl NewWish {
    pub fn details(self, amounts: &mut Reader, scale: u8) -> WishDetails {
        let points = self.points.as_deref().map(|text| amounts.points("/points", text, scale));
        WishDetails {
            kind: self.kind.into(),
            title: self.title,
            content: self.content,
            recipient: self.recipient,
            contact: self.contact,
            category: self.category,
            unit: self.unit,
            minutes: self.minutes,
            points: points.unwrap_or(0),
            per_person: self.per_person,
            people: self.people,
            claimants: self.claimants,
            skills: self.skills,
            deadline_on: self.deadline_on,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct Wish {
    id: Uuid,
    kind: Kind,
    title: String,
    content: String,
    /// Only when one wish is read, by those who deal with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<String>,
    category: Option<String>,
    unit: Option<String>,
    minutes: i64,
    #[schema(example = "5")]
    points: String,
    per_person: bool,
    people: i64,
    claimants: i64,
    /// How many more may claim it.
    free: i64,
    skills: Vec<String>,
    deadline_on: NaiveDate,
    status: Status,
    /// Why it was rejected or withdrawn.
    reason: Option<String>,
    /// The day on which it was written down.
    posted_on: NaiveDate,
    /// The earliest first.
    claims: Vec<Claim>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = WishClaim)]
pub struct Claim {
    id: Uuid,
    claimant: Claimant,
    status: ClaimStatus,
    claimed_at: DateTime<Utc>,
    /// The last day to answer the offer, or to fulfil it; then the claim lapses.
    due_on: NaiveDate,
    /// Why it was declined, given back or sent back.
    reason: Option<String>,
    fulfilled_on: Option<NaiveDate>,
    /// What was done.
    report: Option<String>,
    stars: Option<i64>,
    thanks: Option<String>,
    shares: Vec<Share>,
}

/// What somebody who took part gets.
#[derive(Serialize, ToSchema)]
#[schema(as = WishShare)]
pub struct Share {
    volunteer_id: Uuid,
    minutes: i64,
    #[schema(example = "5")]
    points: String,
    /// The service record that the minutes are.
    service_id: Option<Uuid>,
}

impl Wish {
    pub fn new(wish: wishes::Wish, scale: u8, told: bool) -> Wish {
        let free = wish.free();
        let details = wish.details;
        Wish {
            id: wish.id,
            kind: details.kind.into(),
            title: details.title,
            content: details.content,
            recipient: details.recipient.filter(|_| told),
            contact: details.contact.filter(|_| told),
            category: details.category,
            unit: details.unit,
            minutes: details.minutes,
            points: points(details.points, scale),
            per_person: details.per_person,
            people: details.people,
            claimants: details.claimants,
            free,
            skills: details.skills,
            deadline_on: details.deadline_on,
            status: wish.status.into(),
            reason: wish.reason,
            posted_on: wish.posted_on,
            claims: wish.claims.into_iter().map(|claim| Claim::new(claim, scale)).collect(),
            version: wish.version,
            created_at: wish.created_at,
            updated_at: wish.updated_at,
        }
    }
}

impl Claim {
    fn new(claim: wishes::Claim, scale: u8) -> Claim {
        let kind = match claim.claimant {
            wishes::Claimant::Volunteer(_) => ClaimantKind::Volunteer,
            wishes::Claimant::Team(_) => ClaimantKind::Team,
            wishes::Claimant::Unit(_) => ClaimantKind::Unit,
        };
        let share = |share: wishes::Share| Share {
            volunteer_id: share.volunteer_id,
            minutes: share.minutes,
            points: points(share.points, scale),
            service_id: share.service_id,
        };
        Claim {
            id: claim.id,
            claimant: Claimant { kind, id: claim.claimant.key() },
            status: claim.status.into(),
            claimed_at: claim.claimed_at,
            due_on: claim.due_on,
            reason: claim.reason,
            fulfilled_on: claim.fulfilled_on,
            report: claim.report,
            stars: claim.stars,
            thanks: claim.thanks,
            shares: claim.shares.into_iter().map(share).collect(),
        }
    }
}
