//! Objections to what is public, and their answers. An upheld one may strike somebody from the list.

use super::content::digest;
use super::draft::heading;
use super::outcome::{Outcome, Row, settle};
use super::rules::RuleFlaw;
use super::{Competitors, Selection, SelectionError, Status, steps, store};
use crate::actors;
use crate::keys::Operator;
use crate::schemes::OpenScheme;
use crate::{micros, moment};
use chrono::{DateTime, Utc};
use db::Tx;
use std::collections::HashSet;
use uuid::Uuid;

pub use crate::publicity::ObjectionStatus;

/// What somebody has against a selection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewObjection {
    /// Whose row it is about: a volunteer's id, or the code of a unit or a team. `None`: about all of it.
    pub about: Option<String>,
    pub content: String,
    /// Their name: for those alone who answer.
    pub objector: Option<String>,
}

/// What follows from an upheld objection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consequence {
    /// It is noted, and the list stays as it is.
    None,
    /// Whoever it is about is struck.
    Strike,
}

impl Consequence {
    pub fn as_str(self) -> &'static str {
        match self {
            Consequence::None => "none",
            Consequence::Strike => "strike",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    pub id: Uuid,
    pub selection_id: Uuid,
    /// Who competes in it.
    pub of: Competitors,
    pub details: NewObjection,
    pub raised_by: Uuid,
    pub raised_person: String,
    pub raised_at: DateTime<Utc>,
    pub status: ObjectionStatus,
    pub consequence: Option<String>,
    pub answer: Option<String>,
    pub answered_by: Option<Uuid>,
    pub answered_at: Option<DateTime<Utc>>,
}

#[derive(sqlx::FromRow)]
struct ObjectionRow {
    id: Uuid,
    selection_id: Uuid,
    about: Option<String>,
    content: String,
    objector: Option<String>,
    raised_by: Uuid,
    raised_person: String,
    raised_at: i64,
    status: String,
    consequence: Option<String>,
    answer: Option<String>,
    answered_by: Option<Uuid>,
    answered_at: Option<i64>,
}

impl ObjectionRow {
    fn objection(self, of: Competitors) -> db::Result<Objection> {
        let status = ObjectionStatus::parse(&self.status);
        Ok(Objection {
            id: self.id,
            selection_id: self.selection_id,
            of,
            details: NewObjection { about: self.about, content: self.content, objector: self.objector },
            raised_by: self.raised_by,
            raised_person: self.raised_person,
            raised_at: moment(self.raised_at),
            status: status.ok_or_else(|| db::Error::Damaged("selection_objections.status".to_owned()))?,
            consequence: self.consequence,
            answer: self.answer,
            answered_by: self.answered_by,
            answered_at: self.answered_at.map(moment),
        })
    }
}

macro_rules! select_objections {
    ($rest:literal) => {
        concat!(
            "SELECT id, selection_id, about, content, objector, raised_by, raised_person, raised_at, status, consequence,
                    answer, answered_by, answered_at
             FROM selection_objections WHERE book = $1 AND ",
            $rest
        )
    };
}

fn text_flaws(texts: &[(&str, Option<&str>, usize)]) -> Result<(), SelectionError> {
    let wrong =
        texts.iter().filter(|(_, text, most)| text.is_some_and(|text| !crate::volunteers::is_text(text, *most)));
    let flaw = |(place, _, most): &(&str, Option<&str>, usize)| {
        let (zh, en) = (format!("须为 1 到 {most} 个字"), format!("1 to {most} characters, not blank"));
        RuleFlaw::new(place, "invalid_text", &zh, &en)
    };
    let flaws: Vec<RuleFlaw> = wrong.map(flaw).collect();
    if flaws.is_empty() { Ok(()) } else { Err(SelectionError::Invalid(flaws)) }
}

/// Takes an objection while the selection is public. The same again is answered with the same, and `true`.
pub async fn object(
    scheme: &OpenScheme,
    selection: Uuid,
    id: Uuid,
    details: NewObjection,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Objection, bool), SelectionError> {
    text_flaws(&[("/content", Some(&details.content), 1000), ("/objector", details.objector.as_deref(), 100)])?;
    actors::remember(scheme, by).await?;
    let today = scheme.config().day_of(now);
    let mut tx = scheme.db.begin_write().await?;
    // The lock keeps it from becoming final while this is written, and the other way round.
    let one = store::locked(&mut tx, scheme, selection).await?.ok_or(SelectionError::NotFound { id: selection })?;
    if let Some(known) = find(&mut tx, scheme, one.rules.of, id).await? {
        let differing = [
            ("selection_id", known.selection_id != selection),
            (one.rules.of.named_by(), known.details.about != details.about),
            ("content", known.details.content != details.content),
            ("objector", known.details.objector != details.objector),
        ];
        return match differing.into_iter().find(|(_, differs)| *differs) {
            Some((field, _)) => Err(SelectionError::IdTaken { field }),
            None => Ok((known, true)),
        };
    }
    if one.status != Status::Published {
        return Err(SelectionError::StateConflict { status: one.status });
    }
    if let Some(until) = one.public_until.filter(|until| today > *until) {
        return Err(SelectionError::PublicityOver { until });
    }
    if let Some(named) = &details.about {
        let missing = || SelectionError::RowNotFound { subject: named.clone() };
        let subject = one.rules.of.subject(named).ok_or_else(missing)?;
        store::row_of(&mut tx, scheme, selection, subject).await?.ok_or_else(missing)?;
    }
    tx.query(
        "INSERT INTO selection_objections (book, id, selection_id, about, content, objector, raised_by, raised_person,
             raised_at, status)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'open')",
    )
    .bind(scheme.book.number())
    .bind(id)
    .bind(selection)
    .bind(details.about)
    .bind(details.content)
    .bind(details.objector)
    .bind(by.key_id)
    .bind(by.person.clone())
    .bind(micros(now))
    .execute()
    .await?;
    let written = find(&mut tx, scheme, one.rules.of, id).await?.ok_or(SelectionError::ObjectionNotFound { id })?;
    tx.commit().await?;
    Ok((written, false))
}

/// Answers an objection. Upheld, it may strike whoever it is about: the content is another then, has to be signed anew, and, when
/// somebody else has moved up, is made public for as many days again.
pub async fn answer(
    scheme: &OpenScheme,
    selection: Uuid,
    id: Uuid,
    (upheld, consequence): (bool, Consequence),
    words: &str,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Objection, bool), SelectionError> {
    text_flaws(&[("/answer", Some(words), 1000)])?;
    actors::remember(scheme, by).await?;
    let wanted = if upheld { ObjectionStatus::Upheld } else { ObjectionStatus::Dismissed };
    let mut tx = scheme.db.begin_write().await?;
    let one = store::locked(&mut tx, scheme, selection).await?.ok_or(SelectionError::NotFound { id: selection })?;
    let known = find(&mut tx, scheme, one.rules.of, id).await?.filter(|known| known.selection_id == selection);
    let known = known.ok_or(SelectionError::ObjectionNotFound { id })?;
    if known.status != ObjectionStatus::Open {
        let is_same = known.status == wanted && known.answer.as_deref() == Some(words);
        let is_same = is_same && known.consequence.as_deref() == Some(consequence.as_str());
        return if is_same { Ok((known, true)) } else { Err(SelectionError::Answered { status: known.status }) };
    }
    if one.status != Status::Published {
        return Err(SelectionError::StateConflict { status: one.status });
    }
    check(&one, &known, upheld, consequence, by)?;
    tx.query(
        "UPDATE selection_objections SET status = $3, consequence = $4, answer = $5, answered_by = $6, answered_at = $7
         WHERE book = $1 AND id = $2",
    )
    .bind(scheme.book.number())
    .bind(id)
    .bind(wanted.as_str())
    .bind(consequence.as_str())
    .bind(words.to_owned())
    .bind(by.key_id)
    .bind(micros(now))
    .execute()
    .await?;
    let of = one.rules.of;
    let subject = known.details.about.as_deref().and_then(|named| of.subject(named));
    if let Some(subject) = subject.filter(|_| consequence == Consequence::Strike) {
        strike(&mut tx, scheme, one, subject, id, now).await?;
    }
    let answered = find(&mut tx, scheme, of, id).await?.ok_or(SelectionError::ObjectionNotFound { id })?;
    tx.commit().await?;
    steps::finished(scheme, selection, by, now).await?;
    Ok((answered, false))
}

/// Whoever drafted it, raised or wrote down the objection, or is the one it is about, does not answer.
fn check(
    one: &Selection,
    known: &Objection,
    upheld: bool,
    consequence: Consequence,
    by: &Operator,
) -> Result<(), SelectionError> {
    let about = known.details.about.as_deref().and_then(|named| one.rules.of.subject(named));
    let is_theirs = by.volunteer_id.is_some() && by.volunteer_id == about;
    if is_theirs || by.person == known.raised_person || by.person == one.drafted_person {
        return Err(SelectionError::Concerned);
    }
    if consequence == Consequence::Strike && (!upheld || known.details.about.is_none()) {
        let (zh, en) =
            ("只有针对名单中某一个且成立的异议才能除名", "only what is upheld about somebody strikes anybody");
        let flaw = RuleFlaw::new("/consequence", "nobody_to_strike", zh, en);
        return Err(SelectionError::Invalid(vec![flaw]));
    }
    Ok(())
}

/// Works everything out anew without somebody.
async fn strike(
    tx: &mut Tx,
    scheme: &OpenScheme,
    mut one: Selection,
    subject: Uuid,
    objection: Uuid,
    now: DateTime<Utc>,
) -> Result<(), SelectionError> {
    let before = store::rows(tx, scheme, one.id, None).await?;
    let of = |rows: &[Row]| -> HashSet<Uuid> {
        let selected = rows.iter().filter(|row| row.outcome == Outcome::Selected);
        selected.map(|row| row.candidate.id).collect()
    };
    let known = of(&before);
    let mut candidates: Vec<_> = before.into_iter().map(|row| row.candidate).collect();
    for candidate in candidates.iter_mut().filter(|candidate| candidate.id == subject) {
        candidate.inputs.struck.get_or_insert(objection);
    }
    let settled = settle(&one.rules, candidates);
    one.digest = digest(&heading(scheme, &one), &settled.rows, &settled.grids);
    one.grids = settled.grids;
    one.revision = one.revision.saturating_add(1);
    if of(&settled.rows).difference(&known).next().is_some() {
        one.public_until = steps::public_until(scheme, &one, scheme.config().day_of(now));
    }
    one.effects_due = true;
    store::replace(tx, scheme, one.id, &settled.rows).await?;
    store::update(tx, scheme, &one).await?;
    Ok(())
}

async fn find(tx: &mut Tx, scheme: &OpenScheme, of: Competitors, id: Uuid) -> db::Result<Option<Objection>> {
    let row: Option<ObjectionRow> =
        tx.query(select_objections!("id = $2")).bind(scheme.book.number()).bind(id).fetch_optional().await?;
    row.map(|row| row.objection(of)).transpose()
}

/// How many wait for an answer.
pub(super) async fn open(tx: &mut Tx, scheme: &OpenScheme, selection: Uuid) -> db::Result<i64> {
    let (open,): (i64,) = tx
        .query("SELECT COUNT(*) FROM selection_objections WHERE book = $1 AND selection_id = $2 AND status = 'open'")
        .bind(scheme.book.number())
        .bind(selection)
        .fetch_one()
        .await?;
    Ok(open)
}

/// The objections to a selection, the oldest first, those after `after`.
pub async fn list_objections(
    scheme: &OpenScheme,
    selection: Uuid,
    status: Option<ObjectionStatus>,
    after: Option<(i64, Uuid)>,
    limit: i64,
) -> Result<Vec<Objection>, SelectionError> {
    let of = super::read::get(scheme, selection).await?.rules.of;
    let (at, id) = after.unwrap_or((0, Uuid::nil()));
    let rows: Vec<ObjectionRow> = scheme
        .db
        .query(select_objections!(
            "selection_id = $2 AND ($3 IS NULL OR status = $3) AND (raised_at > $4 OR (raised_at = $4 AND id > $5))
             ORDER BY raised_at, id LIMIT $6"
        ))
        .bind(scheme.book.number())
        .bind(selection)
        .bind(status.map(ObjectionStatus::as_str))
        .bind(at)
        .bind(id)
        .bind(limit)
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(|row| row.objection(of)).collect::<db::Result<_>>()?)
}
