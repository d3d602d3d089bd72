//! What follows from the state of a selection: its entry in the book, and the honours of the selected. Under ids that follow from
//! the selection's, so that it happens once.

use super::outcome::Outcome;
use super::store::{SelectionRow, rows, select_selections};
use super::{Selection, SelectionError, Status, store};
use crate::honours::{self, HonourDetails};
use crate::keys::{Operator, Role};
use crate::projection::kind;
use crate::records::RecordError;
use crate::schemes::OpenScheme;
use crate::services::ServiceError;
use chrono::{DateTime, Utc};
use ledger::{Action, Draft};
use serde_json::json;
use uuid::Uuid;

/// Posts what follows from where a selection stands, as far as it is not posted.
pub(super) async fn settle(
    scheme: &OpenScheme,
    one: &Selection,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(), SelectionError> {
    match one.status {
        Status::Draft => return Ok(()),
        Status::Published => post(scheme, one, kind::SELECTION_PUBLISHED, by, now).await?,
        Status::Final => {
            post(scheme, one, kind::SELECTION_PUBLISHED, by, now).await?;
            post(scheme, one, kind::SELECTION_FINAL, by, now).await?;
            honour(scheme, one, by, now).await?;
        }
        Status::Withdrawn => post(scheme, one, kind::SELECTION_WITHDRAWN, by, now).await?,
    }
    settled(scheme, one).await
}

/// Under which id the book has this state of this content.
fn entry_id(one: &Selection, kind: &str) -> Uuid {
    Uuid::new_v5(&one.id, format!("{kind}/{}", one.revision).as_bytes())
}

/// An entry without postings: the digest of the content, and no word of it.
async fn post(
    scheme: &OpenScheme,
    one: &Selection,
    kind: &'static str,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(), SelectionError> {
    let mut tx = scheme.db.begin_read().await?;
    let counts = store::counts(&mut tx, scheme, one.id).await?;
    tx.rollback().await?;
    let selected = counts.iter().find(|(outcome, _)| *outcome == Outcome::Selected).map_or(0, |(_, count)| *count);
    let document = json!({
        "digest": one.digest,
        "rules": one.rules_digest,
        "revision": one.revision,
        "from": one.from,
        "until": one.until,
        "as_of": one.sequence,
        "root": one.root,
        "selected": selected,
        "public_until": one.public_until,
        "decided_by": by.key_id,
    });
    let draft = Draft {
        id: entry_id(one, kind),
        kind,
        effective_on: scheme.config().day_of(now),
        party: None,
        document_id: Some(one.id),
        action: Action::Post(Vec::new()),
        document: document.as_object().cloned().unwrap_or_default(),
        intent: &["digest"],
        bounds: Vec::new(),
        refusal: None,
        freeze_rejection: false,
    };
    match scheme.book.post(draft).await?.result {
        Ok(_) => Ok(()),
        Err(rejection) => Err(SelectionError::Book(rejection.to_string())),
    }
}

/// Writes the honour on the record of everybody who was selected.
async fn honour(scheme: &OpenScheme, one: &Selection, by: &Operator, now: DateTime<Utc>) -> Result<(), SelectionError> {
    let Some((honour, granted_on)) = one.rules.honour.as_ref().zip(one.finalised_on) else { return Ok(()) };
    let mut tx = scheme.db.begin_read().await?;
    let selected = rows(&mut tx, scheme, one.id, Some(Outcome::Selected)).await?;
    tx.rollback().await?;
    for row in selected {
        let mut volunteer = row.candidate.id;
        // Whoever was merged into another since has it on record as the other.
        for _ in 0..10 {
            let details = HonourDetails {
                volunteer_id: volunteer,
                name: honour.name.clone(),
                granted_on,
                granting_body: honour.granting_body.clone(),
                evidence: Some(format!("{} sha256:{}", one.title, one.digest)),
                event_category: None,
                level: None,
                team: None,
            };
            let id = Uuid::new_v5(&one.id, row.candidate.id.as_bytes());
            match honours::put(scheme, id, details, by, now).await {
                Err(RecordError::Service(ServiceError::VolunteerMerged { into })) => volunteer = into,
                // It has stood there since before they were merged.
                Err(RecordError::IdTaken { .. }) | Ok(_) => break,
                Err(RecordError::Busy) => return Err(SelectionError::Busy),
                Err(RecordError::Database(error)) => return Err(error.into()),
                Err(error) => return Err(SelectionError::Book(error.to_string())),
            }
        }
    }
    Ok(())
}

/// Unless it has gone on meanwhile.
async fn settled(scheme: &OpenScheme, one: &Selection) -> Result<(), SelectionError> {
    let mut tx = scheme.db.begin_write().await?;
    tx.query("UPDATE selections SET effects_due = $5 WHERE book = $1 AND id = $2 AND status = $3 AND revision = $4")
        .bind(scheme.book.number())
        .bind(one.id)
        .bind(one.status.as_str())
        .bind(one.revision)
        .bind(false)
        .execute()
        .await?;
    Ok(tx.commit().await?)
}

/// Does what an interruption has left. Answers how many selections were brought to where they should be. Any number of processes
/// may do it at once.
pub async fn settle_due(scheme: &OpenScheme, now: DateTime<Utc>) -> Result<usize, SelectionError> {
    let due: Vec<SelectionRow> = scheme
        .db
        .query(select_selections!("effects_due ORDER BY id LIMIT 100"))
        .bind(scheme.book.number())
        .fetch_all()
        .await?;
    let mut done = 0;
    for row in due {
        let one = row.selection()?;
        let by = Operator::machine(one.drafted_by, Role::SchemeAdmin, "selections");
        match settle(scheme, &one, &by, now).await {
            Ok(()) => done += 1,
            // The others must not wait for it.
            Err(error) => tracing::warn!(%error, selection = %one.id, "what follows from a selection cannot be done"),
        }
    }
    Ok(done)
}
