//! Cash beside the points: what was owed and what was taken in, written down at the hand-over. No money is processed, and points
//! are never given for it.

use super::ExchangeError;
use crate::schemes::OpenScheme;
use crate::volunteers::Invalid;
use chrono::NaiveDate;
use uuid::Uuid;

/// What was taken in at a hand-over, or paid back at a return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cash {
    /// Fen.
    pub received: i64,
    /// A code for how: `cash`, `wechat`, …
    pub method: Option<String>,
}

/// A million yuan.
const FEN_MAX: i64 = 100_000_000;

pub(super) fn check(cash: Option<&Cash>) -> Result<(), ExchangeError> {
    let mut flaws = Vec::new();
    if cash.is_some_and(|cash| !(0..=FEN_MAX).contains(&cash.received)) {
        flaws.push(Invalid::new("cash_received", "invalid_cash", "0 to 1000000 yuan"));
    }
    if cash.and_then(|cash| cash.method.as_deref()).is_some_and(|method| !is_code(method)) {
        let detail = "a method is a code of a-z, 0-9, `-` and `_`, at most 32 characters";
        flaws.push(Invalid::new("cash_method", "invalid_code", detail));
    }
    if flaws.is_empty() { Ok(()) } else { Err(ExchangeError::Invalid(flaws)) }
}

/// No free text: it goes into the book, where no name may stand.
fn is_code(text: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '-' | '_');
    text.starts_with(|letter: char| letter.is_ascii_lowercase()) && text.len() <= 32 && text.chars().all(fits)
}

/// The cash of one station on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CashDay {
    pub tills: Vec<Till>,
}

/// What one operator took in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Till {
    pub key_id: Option<Uuid>,
    pub name: String,
    /// `None`: not said.
    pub method: Option<String>,
    /// Hand-overs and returns.
    pub count: i64,
    /// Fen that were due, less what was to be paid back.
    pub owed: i64,
    /// Fen that were taken in, less what was paid back.
    pub received: i64,
    /// Of those counted, how many say nothing of what was taken in.
    pub unsaid: i64,
}

/// The cash that was taken in at a station on a day, by operator and method.
pub async fn cash_day(scheme: &OpenScheme, station: &str, day: NaiveDate) -> Result<CashDay, ExchangeError> {
    type Row = (Option<Uuid>, Option<String>, Option<String>, i64, i64, i64, i64);
    let rows: Vec<Row> = scheme
        .db
        .query(
            "SELECT c.taken_by, MIN(k.name), c.method, COUNT(*), CAST(SUM(c.owed) AS BIGINT),
                    CAST(COALESCE(SUM(c.received), 0) AS BIGINT),
                    CAST(SUM(CASE WHEN c.received IS NULL THEN 1 ELSE 0 END) AS BIGINT)
             FROM exchange_cash AS c LEFT JOIN api_keys AS k ON k.id = c.taken_by
             WHERE c.book = $1 AND c.station = $2 AND c.paid_on = $3
             GROUP BY c.taken_by, c.method ORDER BY MIN(c.sequence)",
        )
        .bind(scheme.book.number())
        .bind(station.to_owned())
        .bind(day)
        .fetch_all()
        .await?;
    let till = |(key_id, name, method, count, owed, received, unsaid): Row| Till {
        key_id,
        name: name.unwrap_or_default(),
        method,
        count,
        owed,
        received,
        unsaid,
    };
    Ok(CashDay { tills: rows.into_iter().map(till).collect() })
}
