//! What sponsors are owed: of the rewards that a merchant gives, what was handed over in a period, less what came back.

use super::ExchangeError;
use crate::micros;
use crate::schemes::OpenScheme;
use chrono::NaiveDate;
use uuid::Uuid;

/// First and last day, both included, in the scheme's time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    pub from: NaiveDate,
    pub until: NaiveDate,
}

/// What was handed over, as the book stood at `as_of`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    pub as_of: i64,
    pub rewards: Vec<SponsoredReward>,
}

/// One reward of a sponsor. Only hand-overs and returns within the period count, whenever it was reserved.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct SponsoredReward {
    pub sponsor: String,
    pub reward_id: Uuid,
    pub name: String,
    /// The account that paid; `None`: points.
    pub account: Option<String>,
    pub handed_over: i64,
    pub returned: i64,
    /// Minor units, or minutes: for what was handed over, less what came back.
    pub points: i64,
    /// Fen that volunteers owed beside the points, less what was to be paid back.
    pub cash: i64,
}

/// Reward by reward, the sponsors in order of their names. `as_of`: as the book stood after that entry; now, when `None`.
pub async fn settlements(
    scheme: &OpenScheme,
    period: Period,
    sponsor: Option<&str>,
    as_of: Option<i64>,
) -> Result<Settlement, ExchangeError> {
    let mut tx = scheme.db.begin_read().await?;
    let size = scheme.book.size(&mut tx).await?;
    let as_of = as_of.map_or(size, |as_of| as_of.clamp(0, size));
    let begins = |day| micros(scheme.config().first_moment(day));
    let (begins, ends) = (begins(period.from), begins(period.until.succ_opt().unwrap_or(period.until)));
    let rewards = tx
        .query(
            "SELECT COALESCE(s.name, r.sponsor) AS sponsor, r.id AS reward_id, r.name, p.account, CAST(SUM(p.handed_over) AS BIGINT) AS handed_over,
                    CAST(SUM(p.returned) AS BIGINT) AS returned, CAST(SUM(p.points) AS BIGINT) AS points,
                    CAST(SUM(p.cash) AS BIGINT) AS cash
             FROM (
               SELECT e.reward_id, e.account, e.quantity AS handed_over, 0 AS returned, e.points,
                      COALESCE(e.price_cash, 0) AS cash
               FROM exchanges AS e
               WHERE e.book = $1 AND e.status = 'collected' AND e.reward_id IS NOT NULL
                 AND e.settled_at >= $2 AND e.settled_at < $3 AND e.settled_sequence <= $4
                 AND NOT EXISTS (SELECT 1 FROM exchange_moves AS m
                                 WHERE m.book = e.book AND m.exchange_id = e.id AND m.kind = 'collected')
               UNION ALL
               SELECT m.reward_id, e.account, CASE WHEN m.kind = 'collected' THEN m.pieces ELSE 0 END,
                      CASE WHEN m.kind = 'returned' THEN m.pieces ELSE 0 END,
                      CASE WHEN m.kind = 'collected' THEN m.points ELSE -m.points END,
                      CASE WHEN m.kind = 'collected' THEN COALESCE(m.price_cash, 0) ELSE -COALESCE(m.price_cash, 0) END
               FROM exchange_moves AS m JOIN exchanges AS e ON e.book = m.book AND e.id = m.exchange_id
               WHERE m.book = $1 AND m.moved_on >= $5 AND m.moved_on <= $6 AND m.sequence <= $4
             ) AS p JOIN rewards AS r ON r.book = $1 AND r.id = p.reward_id
             LEFT JOIN sponsors AS s ON s.book = r.book AND s.id = r.sponsor_id
             WHERE COALESCE(s.name, r.sponsor) IS NOT NULL
               AND (COALESCE(s.name, r.sponsor) = $7 OR CAST($7 AS TEXT) IS NULL)
             GROUP BY COALESCE(s.name, r.sponsor), r.id, r.name, p.account
             ORDER BY COALESCE(s.name, r.sponsor), r.id, p.account",
        )
        .bind(scheme.book.number())
        .bind(begins)
        .bind(ends)
        .bind(as_of)
        .bind(period.from)
        .bind(period.until)
        .bind(sponsor.map(str::to_owned))
        .fetch_all()
        .await?;
    Ok(Settlement { as_of, rewards })
}
