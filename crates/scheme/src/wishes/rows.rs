//! Wishes and claims as they are stored.

use super::{Claim, ClaimStatus, Claimant, Kind, Share, Status, Wish, WishDetails, WishError};
use crate::moment;
use crate::schemes::OpenScheme;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use uuid::Uuid;

#[derive(sqlx::FromRow)]
struct WishRow {
    id: Uuid,
    kind: String,
    title: String,
    content: String,
    recipient: Option<String>,
    contact: Option<String>,
    category: Option<String>,
    unit: Option<String>,
    minutes: i64,
    points: i64,
    per_person: bool,
    people: i64,
    claimants: i64,
    skills: String,
    deadline_on: NaiveDate,
    posted_on: NaiveDate,
    status: String,
    reason: Option<String>,
    recorded_person: String,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

impl WishRow {
    fn wish(self, claims: Vec<Claim>) -> db::Result<Wish> {
        let damaged = |column: &str| db::Error::Damaged(format!("wishes.{column}"));
        let details = WishDetails {
            kind: Kind::parse(&self.kind).ok_or_else(|| damaged("kind"))?,
            title: self.title,
            content: self.content,
            recipient: self.recipient,
            contact: self.contact,
            category: self.category,
            unit: self.unit,
            minutes: self.minutes,
            points: self.points,
            per_person: self.per_person,
            people: self.people,
            claimants: self.claimants,
            skills: serde_json::from_str(&self.skills).unwrap_or_default(),
            deadline_on: self.deadline_on,
        };
        Ok(Wish {
            id: self.id,
            details,
            status: Status::parse(&self.status).ok_or_else(|| damaged("status"))?,
            reason: self.reason,
            posted_on: self.posted_on,
            version: self.version,
            created_at: moment(self.created_at),
            updated_at: moment(self.updated_at),
            claims,
            recorded_person: self.recorded_person,
        })
    }
}

#[derive(sqlx::FromRow)]
struct ClaimRow {
    id: Uuid,
    wish_id: Uuid,
    claimant_kind: String,
    claimant: String,
    status: String,
    claimed_at: i64,
    due_on: NaiveDate,
    claimed_person: String,
    reason: Option<String>,
    attempt: i64,
    fulfilled_on: Option<NaiveDate>,
    report: Option<String>,
    reported_person: Option<String>,
    stars: Option<i64>,
    thanks: Option<String>,
    confirmed_by: Option<Uuid>,
}

impl ClaimRow {
    fn claim(self, shares: Vec<Share>) -> db::Result<Claim> {
        let damaged = |column: &str| db::Error::Damaged(format!("wish_claims.{column}"));
        Ok(Claim {
            id: self.id,
            wish_id: self.wish_id,
            claimant: Claimant::parse(&self.claimant_kind, &self.claimant).ok_or_else(|| damaged("claimant"))?,
            status: ClaimStatus::parse(&self.status).ok_or_else(|| damaged("status"))?,
            claimed_at: moment(self.claimed_at),
            due_on: self.due_on,
            reason: self.reason,
            fulfilled_on: self.fulfilled_on,
            report: self.report,
            stars: self.stars,
            thanks: self.thanks,
            shares,
            attempt: self.attempt,
            claimed_person: self.claimed_person,
            reported_person: self.reported_person,
            confirmed_by: self.confirmed_by,
        })
    }
}

macro_rules! select_wishes {
    ($rest:literal) => {
        concat!(
            "SELECT w.id, w.kind, w.title, w.content, w.recipient, w.contact, w.category, w.unit, w.minutes, w.points,
                    w.per_person, w.people, w.claimants, w.skills, w.deadline_on, w.posted_on, w.status, w.reason,
                    w.recorded_person, w.version, w.created_at, w.updated_at
             FROM wishes AS w ",
            $rest
        )
    };
}

/// The wish, with its row locked until the transaction ends: whatever changes a claim of it holds this lock.
pub(super) async fn locked(tx: &mut db::Tx, scheme: &OpenScheme, id: Uuid) -> Result<Wish, WishError> {
    tx.lock("SELECT version FROM wishes WHERE book = $1 AND id = $2")
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional::<(i64,)>()
        .await?;
    find(tx, scheme, id).await
}

pub(super) async fn find(tx: &mut db::Tx, scheme: &OpenScheme, id: Uuid) -> Result<Wish, WishError> {
    let row: Option<WishRow> = tx
        .query(select_wishes!("WHERE w.book = $1 AND w.id = $2"))
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    let row = row.ok_or(WishError::WishNotFound { id })?;
    let claims = claims(tx, scheme, vec![id]).await?.remove(&id).unwrap_or_default();
    Ok(row.wish(claims)?)
}

/// The claims of some wishes, the earliest first.
async fn claims(tx: &mut db::Tx, scheme: &OpenScheme, wishes: Vec<Uuid>) -> db::Result<HashMap<Uuid, Vec<Claim>>> {
    let shares: Vec<(Uuid, Uuid, i64, i64, Option<Uuid>)> = tx
        .query(
            "SELECT s.claim_id, s.volunteer_id, s.minutes, s.points, s.service_id
             FROM wish_claims AS c JOIN many($2) AS m ON c.wish_id = m.value
             JOIN wish_shares AS s ON s.book = c.book AND s.claim_id = c.id AND s.attempt = c.attempt
             WHERE c.book = $1 ORDER BY s.claim_id, s.volunteer_id",
        )
        .bind(scheme.book.number())
        .bind_many(db::Many::Uuid(wishes.clone()))
        .fetch_all()
        .await?;
    let mut of_claim: HashMap<Uuid, Vec<Share>> = HashMap::new();
    for (claim, volunteer_id, minutes, points, service_id) in shares {
        of_claim.entry(claim).or_default().push(Share { volunteer_id, minutes, points, service_id });
    }
    let rows: Vec<ClaimRow> = tx
        .query(
            "SELECT c.id, c.wish_id, c.claimant_kind, c.claimant, c.status, c.claimed_at, c.due_on, c.claimed_person, c.reason,
                    c.attempt, c.fulfilled_on, c.report, c.reported_person, c.stars, c.thanks, c.confirmed_by
             FROM wish_claims AS c JOIN many($2) AS m ON c.wish_id = m.value
             WHERE c.book = $1 ORDER BY c.claimed_at, c.id",
        )
        .bind(scheme.book.number())
        .bind_many(db::Many::Uuid(wishes))
        .fetch_all()
        .await?;
    let mut of_wish: HashMap<Uuid, Vec<Claim>> = HashMap::new();
    for row in rows {
        let shares = of_claim.remove(&row.id).unwrap_or_default();
        of_wish.entry(row.wish_id).or_default().push(row.claim(shares)?);
    }
    Ok(of_wish)
}

pub async fn get(scheme: &OpenScheme, id: Uuid) -> Result<Wish, WishError> {
    find(&mut scheme.db.begin_read().await?, scheme, id).await
}

/// A claim of a wish.
pub async fn get_claim(scheme: &OpenScheme, wish: Uuid, id: Uuid) -> Result<Claim, WishError> {
    get(scheme, wish).await?.claim(id).cloned()
}

/// Which wishes to list; all that is written must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// Code: this unit and all below it.
    pub unit: Option<String>,
    pub status: Option<String>,
    pub kind: Option<String>,
    /// Days on which it was written down, both included.
    pub from: Option<NaiveDate>,
    pub until: Option<NaiveDate>,
    /// Kind and id or code of somebody who claimed it, whatever became of that.
    pub claimant: Option<(String, String)>,
}

/// Wishes by the day on which they were written down, those after `after`.
pub async fn list(
    scheme: &OpenScheme,
    filter: &Filter,
    after: Option<(NaiveDate, Uuid)>,
    limit: i64,
) -> db::Result<Vec<Wish>> {
    let day = |year| NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default();
    let units = scheme.units_below(filter.unit.as_deref()).await?.unwrap_or_default();
    let (after_day, after_id) = after.unwrap_or((day(1900), Uuid::nil()));
    let (claimant_kind, claimant) = filter.claimant.clone().unzip();
    let mut tx = scheme.db.begin_read().await?;
    let rows: Vec<WishRow> = tx
        .query(select_wishes!(
            "WHERE w.book = $1 AND ($2 = 0 OR w.unit IN (SELECT m.value FROM many($3) AS m))
               AND ($4 IS NULL OR w.status = $4) AND ($5 IS NULL OR w.kind = $5) AND w.posted_on >= $6 AND w.posted_on <= $7
               AND ($8 IS NULL OR EXISTS (SELECT 1 FROM wish_claims AS c WHERE c.book = w.book AND c.wish_id = w.id
                    AND c.claimant_kind = $8 AND c.claimant = $9))
               AND (w.posted_on > $10 OR (w.posted_on = $10 AND w.id > $11))
             ORDER BY w.posted_on, w.id LIMIT $12"
        ))
        .bind(scheme.book.number())
        .bind(i64::from(filter.unit.is_some()))
        .bind_many(db::Many::Text(units))
        .bind(filter.status.clone())
        .bind(filter.kind.clone())
        .bind(filter.from.unwrap_or(day(1900)))
        .bind(filter.until.unwrap_or(day(9999)))
        .bind(claimant_kind)
        .bind(claimant)
        .bind(after_day)
        .bind(after_id)
        .bind(limit)
        .fetch_all()
        .await?;
    let mut claims = claims(&mut tx, scheme, rows.iter().map(|row| row.id).collect()).await?;
    rows.into_iter()
        .map(|row| {
            let claims = claims.remove(&row.id).unwrap_or_default();
            row.wish(claims)
        })
        .collect()
}
