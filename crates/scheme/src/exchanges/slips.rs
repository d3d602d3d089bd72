//! Slips: what is printed for a hand-over, with how often it was.
//!
//! A slip is of one entry of an exchange. Its number is the station, the day and the entry's sequence: unique in the book, and
//! every gap in it is another entry. A second print is a copy, and says so.

use super::read::{Move, read};
use super::{Exchange, ExchangeError, Hand};
use crate::config::Scheme;
use crate::keys::{self, Operator};
use crate::micros;
use crate::names::masked;
use crate::rewards;
use crate::schemes::OpenScheme;
use crate::volunteers;
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

/// What a slip shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
    /// `{station}-{yyyymmdd}-{sequence}`.
    pub number: String,
    /// The entry that it is of.
    pub sequence: i64,
    /// How often it was printed; from the second time on it is a copy.
    pub prints: i64,
    pub exchange: Exchange,
    pub station_name: String,
    /// The local day of the entry.
    pub on: NaiveDate,
    /// Masked: `20****17`.
    pub volunteer_number: String,
    /// Masked: `林**`.
    pub volunteer_name: String,
    /// Who came for it in the volunteer's place: the relation, and the masked name.
    pub collector: Option<(String, String)>,
    /// Who did it.
    pub operator: Option<Hand>,
    pub lines: Vec<SlipLine>,
    /// Fen: owed at this entry, and taken in.
    pub cash_owed: Option<i64>,
    pub cash_received: Option<i64>,
    /// Eight digits and letters that follow from number and book: whoever asks the service can tell a forged slip.
    pub verify_code: String,
}

/// One reward on a slip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlipLine {
    pub line: i64,
    pub name: String,
    /// Pieces that this entry reserved, handed over or took back.
    pub pieces: i64,
    pub points: i64,
    pub price_cash: Option<i64>,
}

/// The slip of the exchange's newest entry, or of `sequence`. Nothing is counted.
pub async fn slip(scheme: &OpenScheme, id: Uuid, sequence: Option<i64>, by: &Operator) -> Result<Slip, ExchangeError> {
    let (exchange, moves) = read(scheme, id).await?;
    if !by.serves(&exchange.station) {
        return Err(ExchangeError::WrongStation { station: exchange.station });
    }
    let sequence = sequence.unwrap_or(exchange.sequence);
    let entry = scheme.book.entries(sequence - 1, 1).await?.pop();
    let entry = entry.filter(|entry| entry.sequence == sequence && entry.document_id == Some(id));
    let entry = entry.ok_or(ExchangeError::ExchangeNotFound { id })?;
    let config = scheme.config();
    let day = config.day_of(crate::moment(entry.recorded_at));
    let number = format!("{}-{}-{sequence:06}", exchange.station, day.format("%Y%m%d"));
    let volunteer = volunteers::get(scheme, exchange.volunteer_id).await;
    let volunteer = volunteer.map_err(|_| ExchangeError::VolunteerNotFound { id: exchange.volunteer_id })?;
    let operator: Option<Uuid> = entry.fields().get("by").and_then(|id| id.as_str()?.parse().ok());
    let cash = cash_of(scheme, sequence).await?;
    Ok(Slip {
        verify_code: verify_code(scheme, &number),
        prints: prints(scheme, id, sequence).await?,
        station_name: station_name(&config, &exchange.station),
        on: day,
        volunteer_number: masked_number(&volunteer.number),
        volunteer_name: masked(&volunteer.name),
        collector: collector(scheme, entry.id).await?,
        operator: match operator {
            Some(key_id) => Some(Hand { key_id, name: keys::name_of(scheme, key_id).await? }),
            None => None,
        },
        lines: lines(scheme, &exchange, &moves, sequence).await?,
        cash_owed: cash.map(|(owed, _)| owed),
        cash_received: cash.and_then(|(_, received)| received),
        number,
        sequence,
        exchange,
    })
}

/// Counts a print, and answers the slip as it is to be printed.
pub async fn print_slip(
    scheme: &OpenScheme,
    id: Uuid,
    sequence: Option<i64>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<Slip, ExchangeError> {
    let slip = slip(scheme, id, sequence, by).await?;
    let mut tx = scheme.db.begin_write().await?;
    let (prints,): (i64,) = tx
        .query(
            "INSERT INTO exchange_slips (book, exchange_id, sequence, prints, first_at, first_by, last_at, last_by)
             VALUES ($1, $2, $3, 1, $4, $5, $4, $5)
             ON CONFLICT (book, exchange_id, sequence) DO UPDATE SET
               prints = exchange_slips.prints + 1, last_at = $4, last_by = $5
             RETURNING prints",
        )
        .bind(scheme.book.number())
        .bind(id)
        .bind(slip.sequence)
        .bind(micros(now))
        .bind(by.key_id)
        .fetch_one()
        .await?;
    tx.commit().await?;
    Ok(Slip { prints, ..slip })
}

async fn prints(scheme: &OpenScheme, exchange: Uuid, sequence: i64) -> db::Result<i64> {
    let row: Option<(i64,)> = scheme
        .db
        .query("SELECT prints FROM exchange_slips WHERE book = $1 AND exchange_id = $2 AND sequence = $3")
        .bind(scheme.book.number())
        .bind(exchange)
        .bind(sequence)
        .fetch_optional()
        .await?;
    Ok(row.map_or(0, |(prints,)| prints))
}

async fn cash_of(scheme: &OpenScheme, sequence: i64) -> db::Result<Option<(i64, Option<i64>)>> {
    scheme
        .db
        .query("SELECT owed, received FROM exchange_cash WHERE book = $1 AND sequence = $2")
        .bind(scheme.book.number())
        .bind(sequence)
        .fetch_optional()
        .await
}

async fn collector(scheme: &OpenScheme, entry: Uuid) -> db::Result<Option<(String, String)>> {
    let row: Option<(String, String)> = scheme
        .db
        .query("SELECT relation, name FROM exchange_collectors WHERE book = $1 AND entry_id = $2")
        .bind(scheme.book.number())
        .bind(entry)
        .fetch_optional()
        .await?;
    Ok(row.map(|(relation, name)| (relation, masked(&name))))
}

/// What this entry moved: what is written of it, or all of the exchange.
async fn lines(
    scheme: &OpenScheme,
    exchange: &Exchange,
    moves: &[Move],
    sequence: i64,
) -> Result<Vec<SlipLine>, ExchangeError> {
    let own: Vec<&Move> = moves.iter().filter(|part| part.sequence == sequence).collect();
    let mut lines = Vec::new();
    for line in &exchange.lines {
        let name = match rewards::get(scheme, line.reward_id).await {
            Ok(reward) => reward.details.name.clone(),
            Err(error) => return Err(super::reward_error(error)),
        };
        let moved = own.iter().find(|part| part.line == line.line);
        let (pieces, points, price_cash) = match moved {
            Some(part) => (part.pieces, part.points, part.price_cash),
            None if own.is_empty() => (line.quantity, line.points, line.price_cash),
            None => continue,
        };
        lines.push(SlipLine { line: line.line, name, pieces, points, price_cash });
    }
    Ok(lines)
}

fn station_name(config: &Scheme, code: &str) -> String {
    config.station(code).map_or_else(|| code.to_owned(), |station| station.name.clone())
}

/// Letters and digits that are not taken for each other.
const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

fn verify_code(scheme: &OpenScheme, number: &str) -> String {
    let digest = scheme.secrets.mac("slip", &[scheme.book.code().as_bytes(), &[0], number.as_bytes()].concat());
    digest.iter().take(8).map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
}

/// The ends of a number, and nothing in between.
fn masked_number(number: &str) -> String {
    let letters: Vec<char> = number.chars().collect();
    let shown = (letters.len() / 4).min(2);
    let hidden = "*".repeat(letters.len() - 2 * shown);
    let ends = |slice: &[char]| slice.iter().collect::<String>();
    format!("{}{hidden}{}", ends(&letters[..shown]), ends(&letters[letters.len() - shown..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_shows_the_ends_of_a_number() {
        assert_eq!(masked_number("V2026000123"), "V2*******23");
        assert_eq!(masked_number("A1"), "**");
    }
}
