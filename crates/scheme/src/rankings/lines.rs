//! The lines of a board, out of the tables: what somebody did in the period, and where they belonged when it ended.

use super::board::{Line, Sums};
use super::boards::Period;
use crate::schemes::OpenScheme;
use chrono::NaiveDate;
use db::{Many, Tx};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

type LineRow = (Uuid, String, Option<String>, Option<String>, i64, i64, i64);

/// Of `(ratings, stars)`.
type Rated = HashMap<Uuid, (i64, i64)>;

fn line((id, number, unit, home_unit, minutes, points, services): LineRow, rated: &Rated) -> Line {
    let (ratings, stars) = rated.get(&id).copied().unwrap_or_default();
    Line { id, number: number.into(), unit, home_unit, sums: Sums { minutes, points, services, ratings, stars } }
}

/// Those of `ids`, whether they did anything or not.
pub async fn of(
    tx: &mut Tx,
    scheme: &OpenScheme,
    period: Period,
    on: NaiveDate,
    ids: Vec<Uuid>,
) -> db::Result<Vec<Line>> {
    let sql = match period {
        Period::Year(_) => {
            "SELECT v.id, v.number, u.unit, h.unit, COALESCE(t.minutes, 0), COALESCE(t.points, 0), COALESCE(t.services, 0)
             FROM many($4) AS m JOIN volunteers AS v ON v.book = $1 AND v.id = m.value
             LEFT JOIN memberships AS u ON u.book = v.book AND u.volunteer_id = v.id AND u.capacity = 'serving'
                  AND u.from_on <= $3 AND (u.until_on IS NULL OR u.until_on >= $3)
             LEFT JOIN memberships AS h ON h.book = v.book AND h.volunteer_id = v.id AND h.capacity = 'home'
                  AND h.from_on <= $3 AND (h.until_on IS NULL OR h.until_on >= $3)
             LEFT JOIN year_totals AS t ON t.book = v.book AND t.year = $2 AND t.volunteer_id = v.id"
        }
        Period::Month(..) => {
            "SELECT v.id, v.number, u.unit, h.unit, COALESCE(t.minutes, 0), COALESCE(t.points, 0), COALESCE(t.services, 0)
             FROM many($4) AS m JOIN volunteers AS v ON v.book = $1 AND v.id = m.value
             LEFT JOIN memberships AS u ON u.book = v.book AND u.volunteer_id = v.id AND u.capacity = 'serving'
                  AND u.from_on <= $3 AND (u.until_on IS NULL OR u.until_on >= $3)
             LEFT JOIN memberships AS h ON h.book = v.book AND h.volunteer_id = v.id AND h.capacity = 'home'
                  AND h.from_on <= $3 AND (h.until_on IS NULL OR h.until_on >= $3)
             LEFT JOIN month_totals AS t ON t.book = v.book AND t.month = $2 AND t.volunteer_id = v.id"
        }
    };
    let rated: Vec<(Uuid, i64, i64)> = tx
        .query(
            "SELECT r.volunteer_id, COUNT(*), CAST(SUM(r.stars) AS BIGINT) FROM many($2) AS m
             JOIN ratings AS r ON r.book = $1 AND r.volunteer_id = m.value
             JOIN volunteers AS v ON v.book = r.book AND v.id = r.volunteer_id AND v.status <> 'merged'
             WHERE r.rated_on >= $3 AND r.rated_on <= $4 AND r.status = 'given' GROUP BY r.volunteer_id",
        )
        .bind(scheme.book.number())
        .bind_many(Many::Uuid(ids.clone()))
        .bind(period.first_day())
        .bind(period.last_day())
        .fetch_all()
        .await?;
    let rated = rated.into_iter().map(|(id, ratings, stars)| (id, (ratings, stars))).collect();
    let rows: Vec<LineRow> = tx
        .query(sql)
        .bind(scheme.book.number())
        .bind(period.number())
        .bind(on)
        .bind_many(Many::Uuid(ids))
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(|row| line(row, &rated)).collect())
}

/// All who served in the period or were rated in it.
pub async fn all(tx: &mut Tx, scheme: &OpenScheme, period: Period, on: NaiveDate) -> db::Result<Vec<Line>> {
    let sql = match period {
        Period::Year(_) => {
            "SELECT v.id, v.number, u.unit, h.unit, t.minutes, t.points, t.services
             FROM year_totals AS t JOIN volunteers AS v ON v.book = t.book AND v.id = t.volunteer_id
             LEFT JOIN memberships AS u ON u.book = v.book AND u.volunteer_id = v.id AND u.capacity = 'serving'
                  AND u.from_on <= $3 AND (u.until_on IS NULL OR u.until_on >= $3)
             LEFT JOIN memberships AS h ON h.book = v.book AND h.volunteer_id = v.id AND h.capacity = 'home'
                  AND h.from_on <= $3 AND (h.until_on IS NULL OR h.until_on >= $3)
             WHERE t.book = $1 AND t.year = $2 AND t.services > 0"
        }
        Period::Month(..) => {
            "SELECT v.id, v.number, u.unit, h.unit, t.minutes, t.points, t.services
             FROM month_totals AS t JOIN volunteers AS v ON v.book = t.book AND v.id = t.volunteer_id
             LEFT JOIN memberships AS u ON u.book = v.book AND u.volunteer_id = v.id AND u.capacity = 'serving'
                  AND u.from_on <= $3 AND (u.until_on IS NULL OR u.until_on >= $3)
             LEFT JOIN memberships AS h ON h.book = v.book AND h.volunteer_id = v.id AND h.capacity = 'home'
                  AND h.from_on <= $3 AND (h.until_on IS NULL OR h.until_on >= $3)
             WHERE t.book = $1 AND t.month = $2 AND t.services > 0"
        }
    };
    let rated = rated(tx, scheme, period).await?;
    let mut lines: Vec<Line> = Vec::new();
    tx.query(sql)
        .bind(scheme.book.number())
        .bind(period.number())
        .bind(on)
        .fetch_each(|row| lines.push(line(row, &rated)))
        .await?;
    if !rated.is_empty() {
        let known: HashSet<Uuid> = lines.iter().map(|line| line.id).collect();
        let others = rated.keys().copied().filter(|id| !known.contains(id)).collect();
        lines.extend(of(tx, scheme, period, on, others).await?);
    }
    Ok(lines)
}

async fn rated(tx: &mut Tx, scheme: &OpenScheme, period: Period) -> db::Result<Rated> {
    let rows: Vec<(Uuid, i64, i64)> = tx
        .query(
            "SELECT r.volunteer_id, COUNT(*), CAST(SUM(r.stars) AS BIGINT) FROM ratings AS r
             JOIN volunteers AS v ON v.book = r.book AND v.id = r.volunteer_id AND v.status <> 'merged'
             WHERE r.book = $1 AND r.rated_on >= $2 AND r.rated_on <= $3 AND r.status = 'given' GROUP BY r.volunteer_id",
        )
        .bind(scheme.book.number())
        .bind(period.first_day())
        .bind(period.last_day())
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(|(id, ratings, stars)| (id, (ratings, stars))).collect())
}
