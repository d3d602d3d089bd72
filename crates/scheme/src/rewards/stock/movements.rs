//! What came onto a shelf or left it: the projection of the journal that answers what was where, and when.

use crate::projection::kind;
use crate::rewards::{RewardError, get};
use crate::schemes::OpenScheme;
use crate::{micros, moment};
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

/// A shelf's part in one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    pub sequence: i64,
    /// Of the entry.
    pub kind: String,
    pub change: i64,
    /// Pieces on the shelf after it, reserved ones among them.
    pub on_hand: i64,
    /// The delivery, transfer, count or exchange.
    pub document_id: Option<Uuid>,
    /// Fen, of what was delivered.
    pub unit_cost: Option<i64>,
    pub recorded_at: DateTime<Utc>,
}

/// When it is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOf {
    Now,
    /// After this entry.
    Sequence(i64),
    /// At the end of this day.
    Day(NaiveDate),
}

/// A reward on a shelf, by the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelf {
    pub reward_id: Uuid,
    pub name: String,
    pub station: String,
    /// Pieces, reserved ones among them.
    pub on_hand: i64,
    /// Fen for a piece, on average over what was delivered of the reward until then, in hundredths; `None`: no delivery had a
    /// cost.
    pub unit_cost_hundredths: Option<i64>,
    /// Fen: pieces at that cost.
    pub value: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct MovementRow {
    sequence: i64,
    kind: String,
    change: i64,
    on_hand: i64,
    document_id: Option<Uuid>,
    unit_cost: Option<i64>,
    recorded_at: i64,
}

/// The movements of a reward at a station before entry `before`, the newest first.
pub async fn movements(
    scheme: &OpenScheme,
    reward: Uuid,
    station: &str,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Movement>, RewardError> {
    get(scheme, reward).await?;
    let rows: Vec<MovementRow> = scheme
        .db
        .query(
            "SELECT sequence, kind, change, CAST(on_hand AS BIGINT) AS on_hand, document_id, unit_cost, recorded_at FROM (
                 SELECT sequence, kind, change, SUM(change) OVER (ORDER BY sequence) AS on_hand, document_id, unit_cost,
                        recorded_at
                 FROM stock_movements WHERE book = $1 AND reward_id = $2 AND station = $3
             ) AS moved WHERE sequence < $4 ORDER BY sequence DESC LIMIT $5",
        )
        .bind(scheme.book.number())
        .bind(reward)
        .bind(station.to_owned())
        .bind(before.unwrap_or(i64::MAX))
        .bind(limit)
        .fetch_all()
        .await?;
    let movement = |row: MovementRow| Movement {
        sequence: row.sequence,
        kind: row.kind,
        change: row.change,
        on_hand: row.on_hand,
        document_id: row.document_id,
        unit_cost: row.unit_cost,
        recorded_at: moment(row.recorded_at),
    };
    Ok(rows.into_iter().map(movement).collect())
}

#[derive(sqlx::FromRow)]
struct ShelfRow {
    reward_id: Uuid,
    name: String,
    station: String,
    on_hand: i64,
    delivered: Option<i64>,
    cost: Option<i64>,
}

/// What was on all shelves, or on those of one station; and the newest entry that is part of it.
pub async fn shelves(
    scheme: &OpenScheme,
    station: Option<&str>,
    as_of: AsOf,
) -> Result<(Vec<Shelf>, i64), RewardError> {
    let mut tx = scheme.db.begin_read().await?;
    shelves_in(&mut tx, scheme, station, as_of).await
}

/// As [`shelves`], within a look at the book that somebody else has begun.
pub(crate) async fn shelves_in(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    station: Option<&str>,
    as_of: AsOf,
) -> Result<(Vec<Shelf>, i64), RewardError> {
    let size = scheme.book.size(tx).await?;
    let (last, before) = match as_of {
        AsOf::Now => (size, i64::MAX),
        AsOf::Sequence(sequence) if sequence > size => return Err(RewardError::BeyondTheBook { size }),
        AsOf::Sequence(sequence) => (sequence, i64::MAX),
        AsOf::Day(day) => (size, end_of(scheme, day)),
    };
    let rows: Vec<ShelfRow> = tx
        .query(
            "SELECT m.reward_id, r.name, m.station, CAST(SUM(m.change) AS BIGINT) AS on_hand, c.delivered, c.cost
             FROM stock_movements AS m
             JOIN rewards AS r ON r.book = m.book AND r.id = m.reward_id
             LEFT JOIN (
                 SELECT reward_id, CAST(SUM(change) AS BIGINT) AS delivered,
                        CAST(SUM(change * unit_cost) AS BIGINT) AS cost
                 FROM stock_movements
                 WHERE book = $1 AND unit_cost IS NOT NULL AND sequence <= $3 AND recorded_at < $4 GROUP BY reward_id
             ) AS c ON c.reward_id = m.reward_id
             WHERE m.book = $1 AND ($2 IS NULL OR m.station = $2) AND m.sequence <= $3 AND m.recorded_at < $4
             GROUP BY m.reward_id, r.name, m.station, c.delivered, c.cost ORDER BY m.station, m.reward_id",
        )
        .bind(scheme.book.number())
        .bind(station.map(str::to_owned))
        .bind(last)
        .bind(before)
        .fetch_all()
        .await?;
    Ok((rows.into_iter().map(ShelfRow::shelf).collect(), last))
}

impl ShelfRow {
    fn shelf(self) -> Shelf {
        let costs = self.cost.zip(self.delivered.filter(|delivered| *delivered > 0));
        Shelf {
            unit_cost_hundredths: costs.and_then(|(cost, delivered)| rounded(cost, 100, delivered)),
            value: costs.and_then(|(cost, delivered)| rounded(cost, self.on_hand, delivered)),
            reward_id: self.reward_id,
            name: self.name,
            station: self.station,
            on_hand: self.on_hand,
        }
    }
}

/// `amount` times `times` over `of`, rounded half up.
fn rounded(amount: i64, times: i64, of: i64) -> Option<i64> {
    let doubled = i128::from(amount) * i128::from(times) * 2 + i128::from(of);
    i64::try_from(doubled.div_euclid(i128::from(of) * 2)).ok()
}

/// What was on one shelf after an entry; what counts have set right since was so before.
pub async fn on_hand_when_counted(scheme: &OpenScheme, reward: Uuid, station: &str, sequence: i64) -> db::Result<i64> {
    let (on_hand,): (i64,) = scheme
        .db
        .query(
            "SELECT CAST(COALESCE(SUM(change), 0) AS BIGINT) FROM stock_movements
             WHERE book = $1 AND reward_id = $2 AND station = $3 AND (sequence <= $4 OR kind = $5)",
        )
        .bind(scheme.book.number())
        .bind(reward)
        .bind(station.to_owned())
        .bind(sequence)
        .bind(kind::STOCK_COUNTED)
        .fetch_one()
        .await?;
    Ok(on_hand)
}

/// The first moment after a day in the scheme's time zone.
fn end_of(scheme: &OpenScheme, day: NaiveDate) -> i64 {
    day.succ_opt().map_or(i64::MAX, |next| micros(scheme.config().first_moment(next)))
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn a_value_is_rounded_half_up() {
        assert_eq!(rounded(1000, 3, 10), Some(300));
        assert_eq!(rounded(1001, 5, 10), Some(501));
        assert_eq!(rounded(1003, 100, 7), Some(14_329));
        assert_eq!(rounded(0, 5, 10), Some(0));
        assert_eq!(rounded(i64::MAX, 3, 1), None);
    }
}
