//! The steps of a complaint, each under a lock on its row.

use super::{Action, Complaint, ComplaintRow, Status, effects, get, select_complaint};
use crate::keys::Operator;
use crate::records::{RecordError, Subject, refuse, refuse_oneself, text_flaws};
use crate::schemes::OpenScheme;
use crate::services;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The words that go with a step: the finding, the answer or the reason.
pub type Answer<'a> = &'a str;

/// Writes down what the investigation came to.
pub async fn investigate(
    scheme: &OpenScheme,
    id: Uuid,
    finding: Answer<'_>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Complaint, bool), RecordError> {
    refuse(text_flaws(&[("finding", Some(finding), 2000)]))?;
    step(scheme, id, Action::Investigate, finding, by, now).await
}

/// It is true: answers it, and lets follow what the configuration says.
pub async fn uphold(
    scheme: &OpenScheme,
    id: Uuid,
    answer: Answer<'_>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Complaint, bool), RecordError> {
    answered(scheme, id, Action::Uphold, answer, by, now).await
}

/// It is not true: answers it. After an appeal against an answer that it was, what had followed is taken back, but for hours that
/// had become 0: they are recorded anew.
pub async fn dismiss(
    scheme: &OpenScheme,
    id: Uuid,
    answer: Answer<'_>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Complaint, bool), RecordError> {
    answered(scheme, id, Action::Dismiss, answer, by, now).await
}

/// Asks for another answer by somebody else, once, within the time of the configuration.
pub async fn appeal(
    scheme: &OpenScheme,
    id: Uuid,
    reason: Answer<'_>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Complaint, bool), RecordError> {
    refuse(text_flaws(&[("reason", Some(reason), 500)]))?;
    step(scheme, id, Action::Appeal, reason, by, now).await
}

/// Whoever complained takes it back before it was answered.
pub async fn withdraw(
    scheme: &OpenScheme,
    id: Uuid,
    reason: Answer<'_>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Complaint, bool), RecordError> {
    refuse(text_flaws(&[("reason", Some(reason), 500)]))?;
    step(scheme, id, Action::Withdraw, reason, by, now).await
}

async fn answered(
    scheme: &OpenScheme,
    id: Uuid,
    action: Action,
    answer: Answer<'_>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Complaint, bool), RecordError> {
    refuse(text_flaws(&[("answer", Some(answer), 2000)]))?;
    refuse_concerned(scheme, &get(scheme, id, now).await?, by).await?;
    let (complaint, replayed) = step(scheme, id, action, answer, by, now).await?;
    if !complaint.effects_due {
        return Ok((complaint, replayed));
    }
    if let Err(error) = effects::settle(scheme, &complaint, now).await {
        // The decision stands; what follows from it is tried again.
        tracing::warn!(%error, complaint = %id, "what follows from a complaint is not posted yet");
    }
    Ok((get(scheme, id, now).await?, replayed))
}

/// Whoever is complained of, wrote the record or the complaint down, confirmed the record, or gave the first answer does not
/// answer.
async fn refuse_concerned(scheme: &OpenScheme, complaint: &Complaint, by: &Operator) -> Result<(), RecordError> {
    refuse_oneself(by, complaint.details.volunteer_id)?;
    let first = complaint.first_person.as_ref();
    if complaint.recorded_person == by.person || first == Some(&by.person) {
        return Err(RecordError::Concerned);
    }
    for service in effects::records(scheme, complaint).await? {
        if services::people_behind(scheme, service).await?.contains(&by.person) {
            return Err(RecordError::Concerned);
        }
    }
    Ok(())
}

/// One step, by one of those who attempt it at once. The same step again is answered with what it led to, and `true`.
async fn step(
    scheme: &OpenScheme,
    id: Uuid,
    action: Action,
    words: Answer<'_>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Complaint, bool), RecordError> {
    let today = scheme.config().day_of(now);
    let mut tx = scheme.db.begin_write().await?;
    let row: Option<ComplaintRow> =
        tx.lock(select_complaint!()).bind(scheme.book.number()).bind(id).fetch_optional().await?;
    let row = row.ok_or(RecordError::NotFound { subject: Subject::Complaint, id })?;
    let complaint = row.complaint(today)?;
    if complaint.status == action.leads_to() && words_of(&complaint, action) == Some(words) {
        return Ok((complaint, true));
    }
    let next =
        complaint.status.after(action).filter(|_| action != Action::Appeal || may_appeal(scheme, &complaint, now));
    let Some(next) = next else {
        return Err(RecordError::StateConflict { status: complaint.status.as_str().to_owned() });
    };
    write(&mut tx, scheme, &complaint, next, words, by, now).await?;
    tx.commit().await?;
    Ok((get(scheme, id, now).await?, false))
}

/// The words that a complaint has from this step.
fn words_of(complaint: &Complaint, action: Action) -> Option<&str> {
    match action {
        Action::Investigate => complaint.finding.as_deref(),
        Action::Uphold | Action::Dismiss => complaint.answer.as_deref(),
        Action::Appeal | Action::Withdraw => complaint.reason.as_deref(),
    }
}

fn may_appeal(scheme: &OpenScheme, complaint: &Complaint, now: DateTime<Utc>) -> bool {
    let config = scheme.config();
    let days = config.complaints.as_ref().and_then(|rules| rules.appeal_working_days);
    let until = days.zip(complaint.answered_on).map(|(days, day)| scheme.calendar().after(day, days));
    complaint.first_person.is_none() && until.is_some_and(|until| config.day_of(now) <= until)
}

async fn write(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    complaint: &Complaint,
    next: Status,
    words: Answer<'_>,
    by: &Operator,
    now: DateTime<Utc>,
) -> db::Result<u64> {
    let answers = matches!(next, Status::Upheld | Status::Dismissed);
    let set = |is_it: bool| is_it.then(|| words.to_owned());
    // Dismissing what was never upheld leaves nothing to take back.
    let effects_due = next == Status::Upheld || (next == Status::Dismissed && complaint.first_person.is_some());
    tx.query(
        "UPDATE complaints SET status = $3, finding = COALESCE($4, finding), answer = COALESCE($5, answer),
             reason = COALESCE($6, reason), answered_by = COALESCE($7, answered_by),
             answered_on = COALESCE($8, answered_on), answered_person = COALESCE($9, answered_person),
             first_person = COALESCE($10, first_person), effects_due = $11
         WHERE book = $1 AND id = $2",
    )
    .bind(scheme.book.number())
    .bind(complaint.id)
    .bind(next.as_str())
    .bind(set(next == Status::Investigated))
    .bind(set(answers))
    .bind(set(matches!(next, Status::Appealed | Status::Withdrawn)))
    .bind(answers.then_some(by.key_id))
    .bind(answers.then(|| scheme.config().day_of(now)))
    .bind(answers.then(|| by.person.clone()))
    .bind(complaint.answered_person.clone().filter(|_| next == Status::Appealed))
    .bind(effects_due)
    .execute()
    .await
}
