//! Records that follow from something else that was written down: a course that was passed, an honour, a complaint that was
//! upheld, a wish that was fulfilled.

use super::decide::{Confirmation, confirm_row};
use super::{ServiceDetails, ServiceError, Status, put_in, reject, reverse, row};
use crate::config::{CategoryKind, Scheme};
use crate::keys::Operator;
use crate::rules::Evidence;
use crate::schemes::OpenScheme;
use crate::volunteers::Invalid;
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

/// What there is to say of such a record; all else follows from the scheme.
pub(crate) struct Derived<'a> {
    pub volunteer_id: Uuid,
    pub category: &'a str,
    pub title: &'a str,
    pub content: &'a str,
    pub organiser: &'a str,
    pub occurred_on: NaiveDate,
    /// `None`: an event, which lasts no time.
    pub minutes: Option<i64>,
    pub level: Option<&'a str>,
    pub unit: Option<&'a str>,
    pub team: Option<&'a str>,
}

impl Derived<'_> {
    fn details(&self, config: &Scheme) -> ServiceDetails {
        ServiceDetails {
            volunteer_id: self.volunteer_id,
            category: self.category.to_owned(),
            title: self.title.to_owned(),
            place: config.name.clone(),
            content: self.content.to_owned(),
            organiser: self.organiser.to_owned(),
            person_in_charge: self.organiser.chars().take(100).collect(),
            recipient: None,
            occurred_on: self.occurred_on,
            started_at: None,
            ended_at: None,
            minutes: self.minutes,
            evidence: Evidence::LeaderConfirmed,
            level: self.level.map(str::to_owned),
            role: None,
            count: None,
            filing_number: None,
            activity_id: None,
            unit: self.unit.map(str::to_owned),
            team: self.team.map(str::to_owned),
            corrects: None,
            reason: None,
        }
    }
}

/// That `category` is an event of the scheme: what [`put_derived`] without minutes needs.
pub(crate) fn event_flaw(config: &Scheme, field: &'static str, category: Option<&str>) -> Option<Invalid> {
    let known = config.category(category?);
    let flaw = |code, detail| Some(Invalid::new(field, code, detail));
    match known.map(|category| category.kind) {
        None => flaw("unknown_category", "the scheme has no such category"),
        Some(CategoryKind::Service) => flaw("not_an_event", "the category is a service, which lasts some time"),
        Some(CategoryKind::Event) => None,
    }
}

/// Writes the record down, in the caller's transaction. Anybody's ordinary confirmation decides over it.
pub(crate) async fn put_derived(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    id: Uuid,
    record: &Derived<'_>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    let details = record.details(&scheme.config());
    put_in(tx, scheme, id, details, by, now).await.map(|_| ())
}

/// Confirms a record over which somebody else has decided by deciding over what it follows from.
pub(crate) async fn confirm_derived(
    scheme: &OpenScheme,
    id: Uuid,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    let row = row(scheme, id).await?;
    match Status::parse(&row.status) {
        Some(Status::Recorded) => confirm_row(scheme, &row, Confirmation::default(), by, now).await.map(|_| ()),
        _ => Ok(()),
    }
}

/// Takes a record out of what counts, however far it has come: rejects it, or reverses it, even when its points have been
/// spent since. What does not count already stays as it is.
pub(crate) async fn annul(
    scheme: &OpenScheme,
    id: Uuid,
    reason: &str,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    let annulled = match Status::parse(&row(scheme, id).await?.status) {
        Some(Status::Confirmed) => reverse(scheme, id, Some(reason), true, by, now).await,
        Some(Status::Rejected | Status::Reversed) | None => return Ok(()),
        Some(_) => match reject(scheme, id, Some(reason), by, now).await {
            // It was confirmed meanwhile.
            Err(ServiceError::StateConflict { status: Status::Confirmed }) => {
                reverse(scheme, id, Some(reason), true, by, now).await
            }
            outcome => outcome,
        },
    };
    match annulled {
        Err(ServiceError::StateConflict { status: Status::Rejected | Status::Reversed }) => Ok(()),
        outcome => outcome.map(|_| ()),
    }
}

/// The persons who wrote a record down and who confirmed it.
pub(crate) async fn people_behind(scheme: &OpenScheme, id: Uuid) -> Result<Vec<String>, ServiceError> {
    let recorded_by = row(scheme, id).await?.recorded_by;
    let decision = scheme.book.entry(super::decide::decision_id(id)).await?;
    let decided_by = decision.and_then(|entry| crate::projection::id(&entry.fields(), "decided_by"));
    let people: Vec<(String,)> = scheme
        .db
        .query("SELECT person FROM api_keys WHERE id = $1 OR id = $2")
        .bind(recorded_by)
        .bind(decided_by)
        .fetch_all()
        .await?;
    Ok(people.into_iter().map(|(person,)| person).collect())
}
