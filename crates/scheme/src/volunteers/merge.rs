//! Two registrations of one person become one: by an entry, not by an edit.
//!
//! The entry closes the duplicate ([`accounts::merged`] goes to one, and whatever is posted for a volunteer rests on its being
//! zero), moves all that it had in the book to the survivor, and moves its totals. Records and entries stay where they are. What
//! was posted between the look and the entry, and does not show in a balance, is moved by an entry after it.

use super::belonging::{self, Belongs};
use super::status::locked;
use super::{Invalid, Volunteer, VolunteerError, is_text};
use crate::accounts;
use crate::keys::Operator;
use crate::micros;
use crate::projection::kind;
use crate::reasons;
use crate::schemes::OpenScheme;
use chrono::{DateTime, NaiveDate, Utc};
use ledger::draft::LEGS_MAX;
use ledger::state::Standing;
use ledger::{Action, Draft, Leg, PostError, Rejection, Source};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// How often it is worked out anew because something was posted meanwhile.
const TRIES: usize = 20;

/// Merges a duplicate into the volunteer that stays. Answers who stays, and whether it had been done before.
pub async fn merge(
    scheme: &OpenScheme,
    id: Uuid,
    into: Uuid,
    reason: &str,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Arc<Volunteer>, bool), VolunteerError> {
    if !is_text(reason, 500) {
        return Err(invalid("reason", "missing_reason", "a reason of 1 to 500 characters"));
    }
    if id == into {
        return Err(invalid("into", "same_volunteer", "nobody is merged into themselves"));
    }
    let merger = Merger { scheme, id, into, by, now };
    let done = merger.is_done().await?;
    if !done {
        let reason = reasons::give(scheme, entry_id(id, 0), Some(reason), by, now).await?;
        merger.close(reason).await?;
    }
    merger.sweep().await?;
    merger.settle().await?;
    Ok((super::get(scheme, into).await?, done))
}

/// The id of the entry that merges a volunteer, and of those that move what was left.
pub(crate) fn entry_id(id: Uuid, nth: usize) -> Uuid {
    match nth {
        0 => Uuid::new_v5(&id, b"merged"),
        nth => Uuid::new_v5(&id, format!("merged/{nth}").as_bytes()),
    }
}

fn invalid(field: &'static str, code: &'static str, detail: &str) -> VolunteerError {
    VolunteerError::Invalid(vec![Invalid::new(field, code, detail)])
}

fn book(error: PostError) -> VolunteerError {
    match error {
        error if error.is_transient() => VolunteerError::Busy,
        other => VolunteerError::Book(other.to_string()),
    }
}

struct Merger<'a> {
    scheme: &'a OpenScheme,
    id: Uuid,
    into: Uuid,
    by: &'a Operator,
    now: DateTime<Utc>,
}

/// What a volunteer has in the book and in the totals that follow from it.
struct Estate {
    /// Of the duplicate, and where the same account of the survivor stands.
    accounts: Vec<(Arc<str>, Standing, i64)>,
    months: Vec<(i64, i64, i64, i64)>,
    days: Vec<(String, NaiveDate, i64)>,
    awards: Vec<Uuid>,
}

impl Estate {
    fn is_empty(&self) -> bool {
        self.accounts.is_empty() && self.months.is_empty() && self.days.is_empty() && self.awards.is_empty()
    }
}

impl Merger<'_> {
    /// Whether the duplicate is merged into this survivor already; it is an error when into another, or when the survivor is.
    async fn is_done(&self) -> Result<bool, VolunteerError> {
        for id in [self.id, self.into] {
            self.scheme.volunteers.invalidate(&id);
        }
        let survivor = super::get(self.scheme, self.into).await?;
        match (super::get(self.scheme, self.id).await?.merged_into, survivor.merged_into) {
            (Some(into), _) if into == self.into => Ok(true),
            (Some(into), _) | (None, Some(into)) => Err(VolunteerError::Merged { into }),
            (None, None) => Ok(false),
        }
    }

    /// Posts the entry after which nothing more is posted for the duplicate.
    async fn close(&self, reason: Option<String>) -> Result<(), VolunteerError> {
        for _ in 0..TRIES {
            self.refuse_open_exchanges().await?;
            let mut estate = self.estate().await?;
            // What does not fit into one entry is moved by the next.
            estate.accounts.truncate(LEGS_MAX - 1);
            let mut legs = self.legs(&estate);
            let closing = Source::Account(accounts::mergers());
            legs.insert(0, Leg { from: closing, to: accounts::merged(self.id), amount: 1 });
            let draft = self.draft(0, legs, &estate, reason.clone());
            match self.scheme.book.post(draft).await {
                Ok(outcome) => match outcome.result {
                    Ok(_) => return Ok(()),
                    // Something was spent, or one of the two was merged meanwhile.
                    Err(Rejection::BelowFloor { .. } | Rejection::AboveCeiling { .. }) => {
                        if self.is_done().await? {
                            return Ok(());
                        }
                    }
                    Err(rejection) => return Err(VolunteerError::Book(rejection.to_string())),
                },
                Err(PostError::IdTaken { .. }) => {
                    // Somebody else merged it, and perhaps into another.
                    return self.is_done().await.map(drop);
                }
                Err(error) => return Err(book(error)),
            }
        }
        Err(VolunteerError::Busy)
    }

    /// Moves what is left.
    async fn sweep(&self) -> Result<(), VolunteerError> {
        for nth in 1..TRIES {
            let mut estate = self.estate().await?;
            if estate.is_empty() {
                return Ok(());
            }
            if self.scheme.book.settled(entry_id(self.id, nth)).await?.is_some() {
                continue;
            }
            estate.accounts.truncate(LEGS_MAX);
            let draft = self.draft(nth, self.legs(&estate), &estate, None);
            let outcome = self.scheme.book.post(draft).await.map_err(book)?;
            if let Err(rejection) = outcome.result {
                return Err(VolunteerError::Book(rejection.to_string()));
            }
        }
        Err(VolunteerError::Busy)
    }

    async fn refuse_open_exchanges(&self) -> Result<(), VolunteerError> {
        let (open,): (i64,) = self
            .scheme
            .db
            .query("SELECT COUNT(*) FROM exchanges WHERE book = $1 AND volunteer_id = $2 AND status = 'reserved'")
            .bind(self.scheme.book.number())
            .bind(self.id)
            .fetch_one()
            .await?;
        if open == 0 { Ok(()) } else { Err(VolunteerError::OpenExchanges { open }) }
    }

    async fn estate(&self) -> Result<Estate, VolunteerError> {
        let (scheme, number) = (self.scheme, self.scheme.book.number());
        let mut tx = scheme.db.begin_read().await?;
        let paths = scheme.book.paths_of_party(&mut tx, self.id).await?;
        let months = tx
            .query(
                "SELECT month, minutes, points, services FROM month_totals
                 WHERE book = $1 AND volunteer_id = $2 AND (minutes <> 0 OR points <> 0 OR services <> 0)",
            )
            .bind(number)
            .bind(self.id)
            .fetch_all()
            .await?;
        let days = tx
            .query("SELECT account, served_on, amount FROM account_days WHERE book = $1 AND volunteer_id = $2 AND amount <> 0")
            .bind(number)
            .bind(self.id)
            .fetch_all()
            .await?;
        let awards: Vec<(Uuid,)> = tx
            .query("SELECT id FROM awards WHERE book = $1 AND volunteer_id = $2")
            .bind(number)
            .bind(self.id)
            .fetch_all()
            .await?;
        tx.rollback().await?;
        let own = self.id.to_string();
        let closed = accounts::merged_path(self.id);
        let paths: Vec<Arc<str>> =
            paths.into_iter().filter(|path| path.split('/').any(|part| part == own) && *path != closed).collect();
        let others: Vec<Arc<str>> = paths.iter().map(|path| self.survivors(path)).collect();
        let view = scheme.book.standings(&[paths.clone(), others].concat()).await.map_err(book)?;
        let (mine, theirs) = view.lots.split_at(paths.len());
        let mut accounts = Vec::new();
        for ((path, lots), other) in paths.iter().zip(mine).zip(theirs) {
            for standing in lots.iter().filter(|standing| standing.balance != 0) {
                if standing.held_out != 0 || standing.held_in != 0 {
                    return Err(VolunteerError::OpenExchanges { open: 1 });
                }
                let same = other.iter().find(|other| other.lot == standing.lot);
                accounts.push((path.clone(), *standing, same.map_or(0, |other| other.balance)));
            }
        }
        Ok(Estate { accounts, months, days, awards: awards.into_iter().map(|(id,)| id).collect() })
    }

    /// The survivor's account for one of the duplicate.
    fn survivors(&self, path: &str) -> Arc<str> {
        path.replace(&self.id.to_string(), &self.into.to_string()).into()
    }

    fn legs(&self, estate: &Estate) -> Vec<Leg> {
        let is_frozen = |path: &str| path.ends_with("/frozen") || path.ends_with("/thawing");
        let both_frozen = estate.accounts.iter().any(|(path, _, theirs)| path.ends_with("/frozen") && *theirs > 0);
        let leg = |(path, standing, theirs): &(Arc<str>, Standing, i64)| {
            let mine = standing.opening(path);
            // What one has at most once is not had twice.
            let to = if is_frozen(path) && both_frozen {
                accounts::freezes()
            } else if standing.ceiling.is_some_and(|ceiling| theirs.saturating_add(standing.balance) > ceiling) {
                accounts::grants()
            } else {
                standing.opening(&self.survivors(path))
            };
            match standing.balance {
                amount if amount > 0 => Leg { from: Source::Account(mine), to, amount },
                // Below zero stands what is used or owed.
                amount => Leg { from: Source::Account(to), to: mine, amount: amount.saturating_neg() },
            }
        };
        estate.accounts.iter().map(leg).collect()
    }

    fn draft(&self, nth: usize, legs: Vec<Leg>, estate: &Estate, reason: Option<String>) -> Draft {
        let days: Vec<Value> = estate.days.iter().map(|(code, day, amount)| json!([code, day, amount])).collect();
        let document = json!({
            "from": self.id,
            "into": self.into,
            "months": estate.months,
            "account_days": days,
            "awards": estate.awards,
            "reason": reason,
            "by": self.by.key_id,
        });
        Draft {
            id: entry_id(self.id, nth),
            kind: kind::VOLUNTEER_MERGED,
            effective_on: self.scheme.config().day_of(self.now),
            party: Some(self.into),
            document_id: Some(self.id),
            action: Action::Post(legs),
            document: document.as_object().cloned().unwrap_or_default(),
            intent: &["into"],
            bounds: vec![accounts::unmerged(self.into)],
            refusal: None,
            freeze_rejection: false,
        }
    }

    /// Brings the register after the book: what is open goes on for the survivor. Done again, as by whoever repeats
    /// the call after a crash, it changes nothing but the versions.
    async fn settle(&self) -> Result<(), VolunteerError> {
        let (scheme, number) = (self.scheme, self.scheme.book.number());
        let mut tx = scheme.db.begin_write().await?;
        let (row, survivor) = (locked(&mut tx, number, self.id).await?, locked(&mut tx, number, self.into).await?);
        let today = scheme.config().day_of(self.now);
        belonging::keep(&mut tx, number, self.id, Some(&Belongs::of(&row)), &belonging::NOTHING, today).await?;
        for open in [
            "UPDATE services SET volunteer_id = $3 WHERE book = $1 AND volunteer_id = $2 AND status IN ('recorded', 'published')",
            "UPDATE pool_requests SET volunteer_id = $3 WHERE book = $1 AND volunteer_id = $2 AND status = 'open'",
            "UPDATE level_applications SET volunteer_id = $3 WHERE book = $1 AND volunteer_id = $2 AND status = 'applied'",
            "UPDATE certificate_applications SET volunteer_id = $3 WHERE book = $1 AND volunteer_id = $2 AND status = 'requested'",
            "UPDATE post_assignments SET volunteer_id = $3 WHERE book = $1 AND volunteer_id = $2",
        ] {
            tx.query(open).bind(number).bind(self.id).bind(self.into).execute().await?;
        }
        // Whoever rated both for the same is heard once.
        tx.query(
            "UPDATE ratings SET volunteer_id = $3, changed_at = $4
             WHERE book = $1 AND volunteer_id = $2 AND NOT EXISTS (
                 SELECT 1 FROM ratings AS r WHERE r.book = $1 AND r.subject_id = ratings.subject_id
                     AND r.volunteer_id = $3 AND r.rater_key = ratings.rater_key)",
        )
        .bind(number)
        .bind(self.id)
        .bind(self.into)
        .bind(micros(self.now))
        .execute()
        .await?;
        let id_digest = row.id_digest.clone().filter(|_| survivor.id_digest.is_none());
        for (id, digest) in [(self.id, None), (self.into, id_digest.or(survivor.id_digest))] {
            tx.query(
                "UPDATE volunteers SET id_digest = $3, version = version + 1, updated_at = $4,
                     change = (SELECT MAX(change) + 1 FROM volunteers WHERE book = $1)
                 WHERE book = $1 AND id = $2",
            )
            .bind(number)
            .bind(id)
            .bind(digest)
            .bind(micros(self.now))
            .execute()
            .await?;
        }
        tx.commit().await?;
        for id in [self.id, self.into] {
            scheme.volunteers.invalidate(&id);
        }
        Ok(())
    }
}
