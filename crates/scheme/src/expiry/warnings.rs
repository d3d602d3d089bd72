//! Telling people in good time that points will expire: one entry for each lot and each day that the scheme warns on.
//!
//! Lots are looked at in the order of their last days, and for each warning it is kept how far this has come: so a run looks only
//! at the lots whose day has come since the last one, however many people there are. Any number of processes may do it at once:
//! the id of a warning follows from whom it is for, from the lot and the day.

use super::ExpiryError;
use crate::projection::kind;
use crate::schemes::OpenScheme;
use chrono::{DateTime, Days, NaiveDate, Utc};
use futures::future::try_join_all;
use ledger::lots::{LotPlace, LotStanding};
use ledger::{Action, Bound, Draft, Key, Rejection, Unit};
use serde_json::json;
use uuid::Uuid;

/// Lots that are looked at together, and whose warnings are posted together.
const TOGETHER: i64 = 500;
/// How often the amount of a warning is looked up again when it is spent meanwhile.
const ATTEMPTS: usize = 10;

/// Warns of all lots whose day has come; answers of how many.
pub async fn warn(scheme: &OpenScheme, now: DateTime<Utc>) -> Result<usize, ExpiryError> {
    let config = scheme.config();
    let today = config.day_of(now);
    let mut warned = 0;
    for days in &config.warn_days_before {
        // Whom a later warning reaches at the same time needs no earlier one.
        let sooner = config.warn_days_before.iter().filter(|other| *other < days).max();
        let first = sooner.map_or(Some(today), |sooner| in_days(today, *sooner)?.succ_opt());
        let (Some(first), Some(last)) = (first, in_days(today, *days)) else { continue };
        warned += warn_until(scheme, *days, (first, last), today).await?;
    }
    Ok(warned)
}

fn in_days(day: NaiveDate, days: u32) -> Option<NaiveDate> {
    day.checked_add_days(Days::new(days.into()))
}

/// Warns of the lots with last days from `first` to `last` that come behind those looked at before.
async fn warn_until(
    scheme: &OpenScheme,
    days: u32,
    (first, last): (NaiveDate, NaiveDate),
    today: NaiveDate,
) -> Result<usize, ExpiryError> {
    let mut warned = 0;
    let looked_at = looked_at(scheme, days).await?;
    if looked_at >= Some(LotPlace::end_of(last)) {
        return Ok(0);
    }
    let day_before = first.pred_opt().map(LotPlace::end_of);
    let Some(mut place) = looked_at.max(day_before) else { return Ok(0) };
    loop {
        let lots = scheme.book.lots_ending(Unit::Points, place, last, TOGETHER).await?;
        let posting = lots.iter().filter_map(|lot| Some(post(scheme, owner(&lot.key)?, lot, days, today)));
        warned += try_join_all(posting).await?.into_iter().filter(|is_new| *is_new).count();
        let is_end = lots.len() < TOGETHER as usize;
        place = lots.last().filter(|_| !is_end).map_or(LotPlace::end_of(last), |lot| lot.place);
        keep(scheme, days, place).await?;
        if is_end {
            return Ok(warned);
        }
    }
}

/// Whose points these are; `None` for what only waits or moves.
fn owner(key: &Key) -> Option<Uuid> {
    key.path.strip_prefix("volunteer/")?.strip_suffix("/points")?.parse().ok()
}

/// Warns of what is left of a lot; answers whether it is a new warning. What is spent at the same moment is not warned of.
async fn post(
    scheme: &OpenScheme,
    volunteer: Uuid,
    lot: &LotStanding,
    days: u32,
    today: NaiveDate,
) -> Result<bool, ExpiryError> {
    let mut amount = lot.left;
    for _ in 0..ATTEMPTS {
        if amount <= 0 {
            return Ok(false);
        }
        let posted = scheme.book.post(draft(volunteer, &lot.key, amount, days, today)).await?;
        match posted.result {
            Ok(_) => return Ok(!posted.replayed),
            Err(Rejection::BelowFloor { available, .. }) => amount = available,
            Err(rejection) => return Err(ExpiryError::Rules(rejection.to_string())),
        }
    }
    Err(ExpiryError::Rules(format!("{} changes all the time", lot.key)))
}

fn draft(volunteer: Uuid, key: &Key, amount: i64, days: u32, today: NaiveDate) -> Draft {
    let document = json!({ "last_day": key.lot.last_day(), "amount": amount, "days_before": days });
    Draft {
        id: Uuid::new_v5(&volunteer, format!("expiring {} {days}", key.lot.code()).as_bytes()),
        kind: kind::POINTS_EXPIRING,
        effective_on: today,
        party: Some(volunteer),
        document_id: None,
        action: Action::Post(Vec::new()),
        document: document.as_object().cloned().unwrap_or_default(),
        intent: &[],
        bounds: vec![Bound { key: key.clone(), floor: Some(amount), ceiling: None }],
        refusal: None,
        freeze_rejection: false,
    }
}

#[derive(sqlx::FromRow)]
struct PlaceRow {
    lot: i64,
    account: i64,
}

/// How far the warnings of so many days before have come.
async fn looked_at(scheme: &OpenScheme, days: u32) -> db::Result<Option<LotPlace>> {
    let row: Option<PlaceRow> = scheme
        .db
        .query("SELECT lot, account FROM expiry_warnings WHERE book = $1 AND days_before = $2")
        .bind(scheme.book.number())
        .bind(i64::from(days))
        .fetch_optional()
        .await?;
    Ok(row.map(|PlaceRow { lot, account }| LotPlace { lot, account }))
}

/// Keeps how far it has come, unless another process is further.
async fn keep(scheme: &OpenScheme, days: u32, place: LotPlace) -> db::Result<()> {
    let mut tx = scheme.db.begin_write().await?;
    tx.query(
        "INSERT INTO expiry_warnings (book, days_before, lot, account) VALUES ($1, $2, $3, $4)
         ON CONFLICT (book, days_before) DO UPDATE SET lot = excluded.lot, account = excluded.account
         WHERE expiry_warnings.lot < excluded.lot
            OR (expiry_warnings.lot = excluded.lot AND expiry_warnings.account < excluded.account)",
    )
    .bind(scheme.book.number())
    .bind(i64::from(days))
    .bind(place.lot)
    .bind(place.account)
    .execute()
    .await?;
    tx.commit().await
}
