//! Exchanges as they stand: by their id, or by their pick-up code.

use super::{Exchange, ExchangeError, Hand, Line, Status, pickup};
use crate::config::Relation;
use crate::keys::Operator;
use crate::moment;
use crate::projection::kind;
use crate::schemes::OpenScheme;
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

#[derive(sqlx::FromRow)]
struct ExchangeRow {
    volunteer_id: Uuid,
    reward_id: Option<Uuid>,
    station: String,
    session_id: Option<Uuid>,
    quantity: i64,
    account: Option<String>,
    points: i64,
    price_cash: Option<i64>,
    relation: Option<String>,
    status: String,
    balance_before: Option<i64>,
    reserved_at: i64,
    reserved_sequence: i64,
    expires_at: Option<i64>,
    settled_at: Option<i64>,
    settled_sequence: Option<i64>,
    settled_by: Option<Uuid>,
    settled_by_name: Option<String>,
    moves: i64,
    locked_since: Option<i64>,
}

/// Pieces that moved by one entry: out of a basket, in part, or back.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Move {
    pub entry_id: Uuid,
    pub line: i64,
    pub kind: String,
    pub pieces: i64,
    pub points: i64,
    pub price_cash: Option<i64>,
    pub moved_on: NaiveDate,
    pub sequence: i64,
}

impl Move {
    pub fn is_return(&self) -> bool {
        self.kind == "returned"
    }
}

/// The exchange as it stands now.
pub async fn get(scheme: &OpenScheme, id: Uuid) -> Result<Exchange, ExchangeError> {
    read(scheme, id).await.map(|(exchange, _)| exchange)
}

/// The exchange as it stands now, and what moved of it, in the order of entries.
pub(super) async fn read(scheme: &OpenScheme, id: Uuid) -> Result<(Exchange, Vec<Move>), ExchangeError> {
    let row: Option<ExchangeRow> = scheme
        .db
        .query(
            "SELECT e.volunteer_id, e.reward_id, e.station, e.session_id, e.quantity, e.account, e.points, e.price_cash,
                    e.relation, e.status, e.balance_before, e.reserved_at, e.reserved_sequence, e.expires_at,
                    e.settled_at, e.settled_sequence, e.settled_by, k.name AS settled_by_name,
                    (SELECT COUNT(*) FROM exchange_moves AS m WHERE m.book = e.book AND m.exchange_id = e.id) AS moves,
                    (SELECT p.since FROM pickup_attempts AS p
                     WHERE p.book = e.book AND p.subject = e.id AND p.wrong >= $3) AS locked_since
             FROM exchanges AS e LEFT JOIN api_keys AS k ON k.id = e.settled_by WHERE e.book = $1 AND e.id = $2",
        )
        .bind(scheme.book.number())
        .bind(id)
        .bind(pickup::WRONG_FOR_EXCHANGE)
        .fetch_optional()
        .await?;
    let row = row.ok_or(ExchangeError::ExchangeNotFound { id })?;
    let status = Status::ALL.into_iter().find(|status| status.as_str() == row.status);
    let status = status.ok_or_else(|| db::Error::Damaged("exchanges.status".to_owned()))?;
    let moves = if row.moves > 0 { moves(scheme, id).await? } else { Vec::new() };
    let mut lines = match row.reward_id {
        Some(reward_id) => vec![single(scheme, &row, reward_id).await?],
        None => lines(scheme, id).await?,
    };
    let in_parts = moves.iter().any(|part| !part.is_return());
    for line in &mut lines {
        let number = line.line;
        let moved = |back| -> i64 {
            let of_line = moves.iter().filter(|part| part.line == number && part.is_return() == back);
            of_line.map(|part| part.pieces).sum()
        };
        let whole = status == Status::Collected && !in_parts;
        (line.collected, line.returned) = (if whole { line.quantity } else { moved(false) }, moved(true));
    }
    let newest = moves.iter().map(|part| part.sequence).max();
    let exchange = Exchange {
        id,
        volunteer_id: row.volunteer_id,
        reward_id: row.reward_id,
        station: row.station,
        session_id: row.session_id,
        quantity: row.quantity,
        account: row.account,
        points: row.points,
        price_cash: row.price_cash,
        relation: row.relation.as_deref().and_then(Relation::parse),
        status,
        pickup_code: pickup::code(scheme, row.reserved_sequence),
        queue_number: row.reward_id.and(lines.first()).and_then(|line| line.queue_number),
        balance_before: row.balance_before,
        reserved_at: moment(row.reserved_at),
        expires_at: row.expires_at.map(moment),
        settled_at: row.settled_at.map(moment),
        settled_by: row.settled_by.map(|key_id| Hand { key_id, name: row.settled_by_name.unwrap_or_default() }),
        lines,
        locked_since: row.locked_since,
        sequence: row.settled_sequence.unwrap_or(row.reserved_sequence).max(newest.unwrap_or(0)),
    };
    Ok((exchange, moves))
}

/// The one line of an exchange of one reward.
async fn single(scheme: &OpenScheme, row: &ExchangeRow, reward_id: Uuid) -> db::Result<Line> {
    let queue_number = match row.session_id {
        Some(session) => Some(queue_number(scheme, session, row.reserved_sequence).await?),
        None => None,
    };
    Ok(Line {
        line: 1,
        reward_id,
        session_id: row.session_id,
        quantity: row.quantity,
        points: row.points,
        price_cash: row.price_cash,
        queue_number,
        collected: 0,
        returned: 0,
    })
}

type LineRow = (i64, Uuid, Option<Uuid>, i64, i64, Option<i64>, i64);

/// What is in a basket.
pub(super) async fn lines(scheme: &OpenScheme, exchange: Uuid) -> db::Result<Vec<Line>> {
    let rows: Vec<LineRow> = scheme
        .db
        .query(
            "SELECT line, reward_id, session_id, quantity, points, price_cash, reserved_sequence
             FROM exchange_lines WHERE book = $1 AND exchange_id = $2 ORDER BY line",
        )
        .bind(scheme.book.number())
        .bind(exchange)
        .fetch_all()
        .await?;
    let mut lines = Vec::with_capacity(rows.len());
    for (line, reward_id, session_id, quantity, points, price_cash, sequence) in rows {
        let queue_number = match session_id {
            Some(session) => Some(self::queue_number(scheme, session, sequence).await?),
            None => None,
        };
        let none = 0;
        let line = Line {
            line,
            reward_id,
            session_id,
            quantity,
            points,
            price_cash,
            queue_number,
            collected: none,
            returned: none,
        };
        lines.push(line);
    }
    Ok(lines)
}

async fn moves(scheme: &OpenScheme, exchange: Uuid) -> db::Result<Vec<Move>> {
    scheme
        .db
        .query(
            "SELECT entry_id, line, kind, pieces, points, price_cash, moved_on, sequence
             FROM exchange_moves WHERE book = $1 AND exchange_id = $2 ORDER BY sequence, line",
        )
        .bind(scheme.book.number())
        .bind(exchange)
        .fetch_all()
        .await
}

/// How many reserved a seat up to and with this one. Those who cancel keep their number, so nobody's ever changes.
pub(super) async fn queue_number(scheme: &OpenScheme, session: Uuid, sequence: i64) -> db::Result<i64> {
    let (number,): (i64,) = scheme
        .db
        .query(
            "SELECT (SELECT COUNT(*) FROM exchanges WHERE book = $1 AND session_id = $2 AND reserved_sequence <= $3)
                  + (SELECT COUNT(*) FROM exchange_lines WHERE book = $1 AND session_id = $2 AND reserved_sequence <= $3)",
        )
        .bind(scheme.book.number())
        .bind(session)
        .bind(sequence)
        .fetch_one()
        .await?;
    Ok(number)
}

/// The exchange with this pick-up code, among those of the stations that the operator serves. Codes that lead nowhere are
/// counted against the key.
pub async fn find(
    scheme: &OpenScheme,
    code: &str,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<Exchange, ExchangeError> {
    pickup::listen_to(scheme, by.key_id, now).await?;
    let found = match pickup::sequence(scheme, code) {
        Some(sequence) => reserved_at(scheme, sequence).await?,
        None => None,
    };
    if let Some(id) = found {
        let exchange = get(scheme, id).await?;
        if by.serves(&exchange.station) {
            return Ok(exchange);
        }
    }
    pickup::count_wrong(scheme, by.key_id, now).await?;
    // What was looked for has no id that could be told.
    Err(ExchangeError::ExchangeNotFound { id: Uuid::nil() })
}

/// The exchange that the newest fitting entry reserved.
async fn reserved_at(scheme: &OpenScheme, remainder: i64) -> Result<Option<Uuid>, ExchangeError> {
    let view = scheme.book.standings(&[]).await.map_err(super::post_error)?;
    let mut sequence = Some(remainder).filter(|sequence| *sequence > 0).unwrap_or(pickup::CODES);
    let mut found = None;
    while sequence <= view.size {
        let entry = scheme.book.entries(sequence - 1, 1).await?.pop();
        let begins = |entry: &ledger::Entry| {
            let of_exchange = matches!(entry.kind.as_str(), kind::EXCHANGE_RESERVED | kind::EXCHANGE_COLLECTED);
            of_exchange && entry.document_id == Some(entry.id)
        };
        found = entry.filter(begins).map(|entry| entry.id).or(found);
        sequence = sequence.saturating_add(pickup::CODES);
    }
    Ok(found)
}
