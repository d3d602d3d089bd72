//! The tables of selections.

use super::order::Merits;
use super::outcome::{Candidate, GridSeats, Inputs, Outcome, Row, Seat};
use super::rules::RuleSet;
use super::{Selection, Status};
use crate::schemes::OpenScheme;
use crate::{micros, moment};
use chrono::NaiveDate;
use db::{Bulk, Column, Tx};
use uuid::Uuid;

/// Rows that are written or read at a time.
const PAGE: usize = 5000;

macro_rules! select_selections {
    ($rest:literal) => {
        concat!(
            "SELECT id, title, rules, rules_digest, from_on, until_on, status, sequence, root, served, reached, grids, digest,
                    revision, published_on, public_until_on, finalised_on, reason, drafted_by, drafted_person, drafted_at,
                    effects_due
             FROM selections WHERE book = $1 AND ",
            $rest
        )
    };
}
pub(super) use select_selections;

#[derive(sqlx::FromRow)]
pub(super) struct SelectionRow {
    id: Uuid,
    title: String,
    rules: String,
    rules_digest: String,
    from_on: NaiveDate,
    until_on: NaiveDate,
    status: String,
    sequence: i64,
    root: String,
    served: i64,
    reached: i64,
    grids: String,
    digest: String,
    revision: i64,
    published_on: Option<NaiveDate>,
    public_until_on: Option<NaiveDate>,
    finalised_on: Option<NaiveDate>,
    reason: Option<String>,
    drafted_by: Uuid,
    drafted_person: String,
    drafted_at: i64,
    effects_due: bool,
}

fn damaged(what: &str) -> db::Error {
    db::Error::Damaged(what.to_owned())
}

impl SelectionRow {
    pub fn selection(self) -> db::Result<Selection> {
        let rules: RuleSet = serde_json::from_str(&self.rules).map_err(|_| damaged("selections.rules"))?;
        Ok(Selection {
            id: self.id,
            title: self.title,
            rules,
            rules_digest: self.rules_digest,
            from: self.from_on,
            until: self.until_on,
            status: Status::parse(&self.status).ok_or_else(|| damaged("selections.status"))?,
            sequence: self.sequence,
            root: self.root,
            served: self.served,
            reached: self.reached,
            grids: serde_json::from_str(&self.grids).map_err(|_| damaged("selections.grids"))?,
            digest: self.digest,
            revision: self.revision,
            published_on: self.published_on,
            public_until: self.public_until_on,
            finalised_on: self.finalised_on,
            reason: self.reason,
            drafted_by: self.drafted_by,
            drafted_person: self.drafted_person,
            drafted_at: moment(self.drafted_at),
            effects_due: self.effects_due,
        })
    }
}

/// Writes a selection down, unless there is one of this id. Answers whether it was written.
pub(super) async fn insert(tx: &mut Tx, scheme: &OpenScheme, one: &Selection, rows: &[Row]) -> db::Result<bool> {
    let written = tx
        .query(
            "INSERT INTO selections (book, id, title, rules, rules_digest, from_on, until_on, status, sequence, root, served,
                 reached, grids, digest, revision, drafted_by, drafted_person, drafted_at, effects_due)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
             ON CONFLICT DO NOTHING",
        )
        .bind(scheme.book.number())
        .bind(one.id)
        .bind(one.title.clone())
        .bind(one.rules.text_and_digest().0)
        .bind(one.rules_digest.clone())
        .bind(one.from)
        .bind(one.until)
        .bind(one.status.as_str())
        .bind(one.sequence)
        .bind(one.root.clone())
        .bind(one.served)
        .bind(one.reached)
        .bind(grids(&one.grids))
        .bind(one.digest.clone())
        .bind(one.revision)
        .bind(one.drafted_by)
        .bind(one.drafted_person.clone())
        .bind(micros(one.drafted_at))
        .bind(one.effects_due)
        .execute()
        .await?;
    if written == 0 {
        return Ok(false);
    }
    let mut place = 0;
    for some in rows.chunks(PAGE) {
        tx.write(&[Bulk::insert("selection_rows", columns(scheme, one.id, some, place))]).await?;
        place += some.len();
    }
    Ok(true)
}

pub(super) fn grids(grids: &[GridSeats]) -> String {
    serde_json::to_string(grids).unwrap_or_default()
}

fn columns(scheme: &OpenScheme, id: Uuid, rows: &[Row], before: usize) -> Vec<(&'static str, Column)> {
    let of = |text: fn(&Candidate) -> String| Column::Text(rows.iter().map(|row| text(&row.candidate)).collect());
    let maybe =
        |text: fn(&Candidate) -> Option<String>| Column::OptText(rows.iter().map(|row| text(&row.candidate)).collect());
    let number =
        |figure: fn(&Merits) -> i64| Column::I64(rows.iter().map(|row| figure(&row.candidate.merits)).collect());
    let places = (before..).zip(rows).map(|(place, _)| i64::try_from(place).unwrap_or(i64::MAX).saturating_add(1));
    vec![
        ("book", Column::I64(vec![scheme.book.number(); rows.len()])),
        ("selection_id", Column::Uuid(vec![id; rows.len()])),
        ("subject_id", Column::Uuid(rows.iter().map(|row| row.candidate.id).collect())),
        ("place", Column::I64(places.collect())),
        ("rank", Column::OptI64(rows.iter().map(|row| row.rank).collect())),
        ("outcome", Column::Text(rows.iter().map(|row| row.outcome.as_str().to_owned()).collect())),
        ("seat", Column::OptText(rows.iter().map(|row| row.seat.map(|seat| seat.as_str().to_owned())).collect())),
        ("number", of(|one| one.number.clone())),
        ("name", of(|one| one.name.clone())),
        ("named", Column::Bool(rows.iter().map(|row| row.candidate.named).collect())),
        ("unit", maybe(|one| one.unit.clone())),
        ("grid", maybe(|one| one.grid.clone())),
        ("minutes", number(|merits| merits.minutes)),
        ("points", number(|merits| merits.points)),
        ("services", number(|merits| merits.services)),
        ("rating_sum", number(|merits| merits.rating_sum)),
        ("rating_count", number(|merits| merits.rating_count)),
        ("attained", number(|merits| merits.attained)),
        ("inputs", of(|one| serde_json::to_string(&one.inputs).unwrap_or_default())),
    ]
}

/// Puts rows in place of what is stored of the same people.
pub(super) async fn replace(tx: &mut Tx, scheme: &OpenScheme, id: Uuid, rows: &[Row]) -> db::Result<()> {
    let mut place = 0;
    for some in rows.chunks(PAGE) {
        tx.write(&[Bulk::update("selection_rows", 3, columns(scheme, id, some, place))]).await?;
        place += some.len();
    }
    Ok(())
}

#[derive(sqlx::FromRow)]
struct RowRow {
    subject_id: Uuid,
    place: i64,
    rank: Option<i64>,
    outcome: String,
    seat: Option<String>,
    number: String,
    name: String,
    named: bool,
    unit: Option<String>,
    grid: Option<String>,
    minutes: i64,
    points: i64,
    services: i64,
    rating_sum: i64,
    rating_count: i64,
    attained: i64,
    inputs: String,
}

impl RowRow {
    fn row(self) -> db::Result<(i64, Row)> {
        let inputs: Inputs = serde_json::from_str(&self.inputs).map_err(|_| damaged("selection_rows.inputs"))?;
        let outcome = Outcome::parse(&self.outcome).ok_or_else(|| damaged("selection_rows.outcome"))?;
        let merits = Merits {
            minutes: self.minutes,
            points: self.points,
            services: self.services,
            rating_sum: self.rating_sum,
            rating_count: self.rating_count,
            attained: self.attained,
        };
        let candidate = Candidate {
            id: self.subject_id,
            number: self.number,
            name: self.name,
            named: self.named,
            unit: self.unit,
            grid: self.grid,
            merits,
            inputs,
        };
        let seat = self.seat.as_deref().and_then(Seat::parse);
        Ok((self.place, Row { candidate, rank: self.rank, outcome, seat }))
    }
}

/// Rows of a selection after a place, in order, with their places; of one outcome, when it is given.
pub(super) async fn page(
    tx: &mut Tx,
    scheme: &OpenScheme,
    id: Uuid,
    outcome: Option<Outcome>,
    after: i64,
    limit: i64,
) -> db::Result<Vec<(i64, Row)>> {
    let rows: Vec<RowRow> = tx
        .query(
            "SELECT subject_id, place, rank, outcome, seat, number, name, named, unit, grid, minutes, points, services,
                    rating_sum, rating_count, attained, inputs
             FROM selection_rows WHERE book = $1 AND selection_id = $2 AND ($3 IS NULL OR outcome = $3) AND place > $4
             ORDER BY place LIMIT $5",
        )
        .bind(scheme.book.number())
        .bind(id)
        .bind(outcome.map(Outcome::as_str))
        .bind(after)
        .bind(limit)
        .fetch_all()
        .await?;
    rows.into_iter().map(RowRow::row).collect()
}

/// All rows of a selection, or all of one outcome.
pub(super) async fn rows(tx: &mut Tx, scheme: &OpenScheme, id: Uuid, outcome: Option<Outcome>) -> db::Result<Vec<Row>> {
    let (mut rows, mut after) = (Vec::new(), 0);
    loop {
        let page = page(tx, scheme, id, outcome, after, i64::try_from(PAGE).unwrap_or(i64::MAX)).await?;
        let is_last = page.len() < PAGE;
        after = page.last().map_or(after, |(place, _)| *place);
        rows.extend(page.into_iter().map(|(_, row)| row));
        if is_last {
            return Ok(rows);
        }
    }
}

pub(super) async fn row_of(
    tx: &mut Tx,
    scheme: &OpenScheme,
    id: Uuid,
    subject: Uuid,
) -> db::Result<Option<(i64, Row)>> {
    let row: Option<RowRow> = tx
        .query(
            "SELECT subject_id, place, rank, outcome, seat, number, name, named, unit, grid, minutes, points, services,
                    rating_sum, rating_count, attained, inputs
             FROM selection_rows WHERE book = $1 AND selection_id = $2 AND subject_id = $3",
        )
        .bind(scheme.book.number())
        .bind(id)
        .bind(subject)
        .fetch_optional()
        .await?;
    row.map(RowRow::row).transpose()
}

/// How many rows there are of each outcome.
pub(super) async fn counts(tx: &mut Tx, scheme: &OpenScheme, id: Uuid) -> db::Result<Vec<(Outcome, i64)>> {
    let rows: Vec<(String, i64)> = tx
        .query("SELECT outcome, COUNT(*) FROM selection_rows WHERE book = $1 AND selection_id = $2 GROUP BY outcome")
        .bind(scheme.book.number())
        .bind(id)
        .fetch_all()
        .await?;
    Ok(rows.into_iter().filter_map(|(outcome, count)| Some((Outcome::parse(&outcome)?, count))).collect())
}

pub(super) async fn find(tx: &mut Tx, scheme: &OpenScheme, id: Uuid) -> db::Result<Option<Selection>> {
    let row: Option<SelectionRow> =
        tx.query(select_selections!("id = $2")).bind(scheme.book.number()).bind(id).fetch_optional().await?;
    row.map(SelectionRow::selection).transpose()
}

/// The same, and nobody else changes it before the transaction ends.
pub(super) async fn locked(tx: &mut Tx, scheme: &OpenScheme, id: Uuid) -> db::Result<Option<Selection>> {
    let row: Option<SelectionRow> =
        tx.lock(select_selections!("id = $2")).bind(scheme.book.number()).bind(id).fetch_optional().await?;
    row.map(SelectionRow::selection).transpose()
}

/// Writes where a selection stands now.
pub(super) async fn update(tx: &mut Tx, scheme: &OpenScheme, one: &Selection) -> db::Result<u64> {
    tx.query(
        "UPDATE selections SET status = $3, grids = $4, digest = $5, revision = $6, published_on = $7, public_until_on = $8,
             finalised_on = $9, reason = $10, effects_due = $11
         WHERE book = $1 AND id = $2",
    )
    .bind(scheme.book.number())
    .bind(one.id)
    .bind(one.status.as_str())
    .bind(grids(&one.grids))
    .bind(one.digest.clone())
    .bind(one.revision)
    .bind(one.published_on)
    .bind(one.public_until)
    .bind(one.finalised_on)
    .bind(one.reason.clone())
    .bind(one.effects_due)
    .execute()
    .await
}
