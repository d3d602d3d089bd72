//! What follows from an answer: hours that become 0, and an event that deducts points. Under ids that follow from the complaint's,
//! so that it happens once, whoever does it, however often.

use super::{Complaint, ComplaintRow, Status};
use crate::keys::{Operator, Role};
use crate::records::RecordError;
use crate::schemes::OpenScheme;
use crate::services::{self, Derived, ServiceError};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The event that an upheld complaint is, too.
fn event_id(complaint: Uuid) -> Uuid {
    Uuid::new_v5(&complaint, b"event")
}

/// Posts what follows from the answer, as far as it is not posted.
pub(super) async fn settle(scheme: &OpenScheme, complaint: &Complaint, now: DateTime<Utc>) -> Result<(), RecordError> {
    let by = Operator::machine(complaint.answered_by.unwrap_or_default(), Role::Reviewer, "complaints");
    let config = scheme.config();
    let rules = config.complaints.as_ref();
    let event = rules.and_then(|rules| rules.event_category.as_deref());
    match complaint.status {
        Status::Upheld => {
            if rules.is_some_and(|rules| rules.reverses_record) {
                for record in records(scheme, complaint).await? {
                    services::annul(scheme, record, "投诉属实 complaint upheld", &by, now).await?;
                }
            }
            if let Some((category, volunteer)) = event.zip(complaint.details.volunteer_id) {
                post_event(scheme, complaint, category, volunteer, &by, now).await?;
            }
        }
        Status::Dismissed => match services::annul(scheme, event_id(complaint.id), "申诉成立 appealed", &by, now).await
        {
            Ok(()) | Err(ServiceError::ServiceNotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        },
        _ => return Ok(()),
    }
    settled(scheme, complaint).await
}

async fn post_event(
    scheme: &OpenScheme,
    complaint: &Complaint,
    category: &str,
    volunteer: Uuid,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(), RecordError> {
    let (id, config) = (event_id(complaint.id), scheme.config());
    let name = config.category(category).map_or(category, |category| category.name.as_str());
    let record = Derived {
        volunteer_id: volunteer,
        category,
        title: name,
        content: name,
        organiser: &config.name,
        occurred_on: complaint.received_on,
        minutes: None,
        level: None,
        unit: complaint.details.unit.as_deref(),
        team: complaint.details.team.as_deref(),
    };
    let mut tx = scheme.db.begin_write().await?;
    services::put_derived(&mut tx, scheme, id, &record, by, now).await?;
    tx.commit().await?;
    Ok(services::confirm_derived(scheme, id, by, now).await?)
}

/// Unless it was appealed meanwhile.
async fn settled(scheme: &OpenScheme, complaint: &Complaint) -> Result<(), RecordError> {
    let mut tx = scheme.db.begin_write().await?;
    tx.query("UPDATE complaints SET effects_due = $4 WHERE book = $1 AND id = $2 AND status = $3")
        .bind(scheme.book.number())
        .bind(complaint.id)
        .bind(complaint.status.as_str())
        .bind(false)
        .execute()
        .await?;
    Ok(tx.commit().await?)
}

/// The service records that a complaint is about: the one it names, or those of the volunteer in the activity.
pub(super) async fn records(scheme: &OpenScheme, complaint: &Complaint) -> Result<Vec<Uuid>, RecordError> {
    let details = &complaint.details;
    let Some(volunteer) = details.volunteer_id else { return Ok(Vec::new()) };
    let rows: Vec<(Uuid,)> = scheme
        .db
        .query(
            "SELECT id FROM services WHERE book = $1 AND volunteer_id = $2 AND (id = $3 OR activity_id = $4)
             ORDER BY occurred_on, id",
        )
        .bind(scheme.book.number())
        .bind(volunteer)
        .bind(details.service_id)
        .bind(details.activity_id)
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Posts what an interruption has left. Answers how many complaints were brought to their end. Any number of processes may do it
/// at once.
pub async fn settle_due(scheme: &OpenScheme, now: DateTime<Utc>) -> Result<usize, RecordError> {
    let ids: Vec<(Uuid,)> = scheme
        .db
        .query("SELECT id FROM complaints WHERE book = $1 AND effects_due ORDER BY id LIMIT 500")
        .bind(scheme.book.number())
        .fetch_all()
        .await?;
    let mut settled = 0;
    for (id,) in ids {
        let row: Option<ComplaintRow> =
            scheme.db.query(super::select_complaint!()).bind(scheme.book.number()).bind(id).fetch_optional().await?;
        let Some(row) = row else { continue };
        match settle(scheme, &row.complaint(scheme.config().day_of(now))?, now).await {
            Ok(()) => settled += 1,
            // The others must not wait for it.
            Err(error) => tracing::warn!(%error, complaint = %id, "what follows from a complaint cannot be posted"),
        }
    }
    Ok(settled)
}
