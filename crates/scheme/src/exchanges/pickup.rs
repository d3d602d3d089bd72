//! Pick-up codes: eight digits that stand for one exchange of the book, and cannot be guessed.
//!
//! The code is the sequence of the reservation, enciphered with the installation's secret: a Feistel network over two times
//! four digits with HMAC-SHA-256 as its round function, in the manner of NIST SP 800-38G. So no two exchanges of a book share a
//! code (within a hundred million entries), a code leads to its exchange without an index, nothing is stored, and whoever
//! knows some codes learns nothing about others. Wrong codes are counted, for the exchange and for the key, in the
//! database: all processes count together.

use super::ExchangeError;
use crate::micros;
use crate::schemes::OpenScheme;
use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

/// Codes there are.
pub(super) const CODES: i64 = HALF * HALF;
const HALF: i64 = 10_000;
const ROUNDS: u8 = 10;

/// Wrong codes for one exchange within the window, and by one key.
pub(super) const WRONG_FOR_EXCHANGE: i64 = 5;
const WRONG_BY_KEY: i64 = 20;
const WINDOW_SECONDS: i64 = 15 * 60;

/// The code of the exchange that was reserved by this entry.
pub(super) fn code(scheme: &OpenScheme, sequence: i64) -> String {
    let number = sequence.rem_euclid(CODES);
    let (mut left, mut right) = (number / HALF, number % HALF);
    for round in 0..ROUNDS {
        (left, right) = (right, (left + mixed(scheme, round, right)) % HALF);
    }
    format!("{:08}", left * HALF + right)
}

/// The sequence, up to a multiple of [`CODES`], that a code stands for. Spaces and hyphens in it do not matter.
pub(super) fn sequence(scheme: &OpenScheme, code: &str) -> Option<i64> {
    let number: i64 = plain(code).filter(|digits| digits.len() == 8)?.parse().ok()?;
    let (mut left, mut right) = (number / HALF, number % HALF);
    for round in (0..ROUNDS).rev() {
        (left, right) = ((right - mixed(scheme, round, left)).rem_euclid(HALF), left);
    }
    Some(left * HALF + right)
}

fn mixed(scheme: &OpenScheme, round: u8, half: i64) -> i64 {
    let digest =
        scheme.secrets.mac("pickup_code", &[scheme.book.code().as_bytes(), &[0, round], &half.to_be_bytes()].concat());
    let number = digest.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    // The bias of the remainder is one in 10^15.
    (number % HALF.unsigned_abs()).cast_signed()
}

/// The digits of a code as people write it: grouped, or typed on a Chinese keyboard. `None` when there is anything else in it.
fn plain(code: &str) -> Option<String> {
    let written = code.trim().chars().filter(|letter| !matches!(letter, ' ' | '-' | '\u{3000}'));
    let digit = |letter: char| match letter {
        '0'..='9' => Some(letter),
        '０'..='９' => char::from_u32(u32::from(letter) - u32::from('０') + u32::from('0')),
        _ => None,
    };
    written.map(digit).collect()
}

/// What a QR code of the pick-up code says: `AIXIN1:{scheme}:{code}`. It names nobody.
pub fn payload(scheme: &str, code: &str) -> String {
    format!("AIXIN1:{scheme}:{code}")
}

/// Whether the code that was told is that of the exchange. Wrong ones are counted, and too many are not listened to.
pub(super) async fn check(
    scheme: &OpenScheme,
    (exchange, code): (Uuid, &str),
    told: &str,
    key: Uuid,
    now: DateTime<Utc>,
) -> Result<bool, ExchangeError> {
    for (subject, most) in [(exchange, WRONG_FOR_EXCHANGE), (key, WRONG_BY_KEY)] {
        listen(scheme, subject, most, now).await?;
    }
    if plain(told).is_some_and(|told| told == code) {
        return Ok(true);
    }
    for (subject, most) in [(exchange, WRONG_FOR_EXCHANGE), (key, WRONG_BY_KEY)] {
        count(scheme, subject, most, now).await?;
    }
    Ok(false)
}

/// Whether the key may still look for exchanges by their codes.
pub(super) async fn listen_to(scheme: &OpenScheme, key: Uuid, now: DateTime<Utc>) -> Result<(), ExchangeError> {
    listen(scheme, key, WRONG_BY_KEY, now).await
}

/// Counts a code that led nowhere.
pub(super) async fn count_wrong(scheme: &OpenScheme, key: Uuid, now: DateTime<Utc>) -> Result<(), ExchangeError> {
    count(scheme, key, WRONG_BY_KEY, now).await
}

/// Refuses when too many wrong codes were told for an exchange.
pub(super) fn is_open(locked_since: Option<i64>, now: DateTime<Utc>) -> Result<(), ExchangeError> {
    locked_since.map_or(Ok(()), |since| refuse_until(since, now))
}

async fn listen(scheme: &OpenScheme, subject: Uuid, most: i64, now: DateTime<Utc>) -> Result<(), ExchangeError> {
    let row: Option<(i64, i64)> = scheme
        .db
        .query("SELECT wrong, since FROM pickup_attempts WHERE book = $1 AND subject = $2")
        .bind(scheme.book.number())
        .bind(subject)
        .fetch_optional()
        .await?;
    match row {
        Some((wrong, since)) if wrong >= most => refuse_until(since, now),
        _ => Ok(()),
    }
}

fn refuse_until(since: i64, now: DateTime<Utc>) -> Result<(), ExchangeError> {
    let passed = micros(now).saturating_sub(since) / 1_000_000;
    let retry_after = WINDOW_SECONDS.saturating_sub(passed);
    if retry_after > 0 { Err(ExchangeError::TooManyAttempts { retry_after }) } else { Ok(()) }
}

/// Counts one more, and refuses those that come after the most that are listened to: they may have been told all at once.
async fn count(scheme: &OpenScheme, subject: Uuid, most: i64, now: DateTime<Utc>) -> Result<(), ExchangeError> {
    let begun = micros(now - Duration::seconds(WINDOW_SECONDS));
    let mut tx = scheme.db.begin_write().await?;
    let (wrong, since): (i64, i64) = tx
        .query(
            "INSERT INTO pickup_attempts (book, subject, wrong, since) VALUES ($1, $2, 1, $3)
             ON CONFLICT (book, subject) DO UPDATE SET
               wrong = CASE WHEN pickup_attempts.since <= $4 THEN 1 ELSE pickup_attempts.wrong + 1 END,
               since = CASE WHEN pickup_attempts.since <= $4 THEN $3 ELSE pickup_attempts.since END
             RETURNING wrong, since",
        )
        .bind(scheme.book.number())
        .bind(subject)
        .bind(micros(now))
        .bind(begun)
        .fetch_one()
        .await?;
    tx.commit().await?;
    if wrong > most { refuse_until(since, now) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn codes_are_read_as_people_write_them() {
        for (written, digits) in [
            ("12345678", Some("12345678")),
            (" 1234-5678 ", Some("12345678")),
            ("１２３４ ５６７８", Some("12345678")),
            ("1234567x", None),
        ] {
            assert_eq!(plain(written).as_deref(), digits, "{written}");
        }
    }
}
