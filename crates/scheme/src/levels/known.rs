//! What the book and the register know of a volunteer, as far as ladders ask.

use super::LevelError;
use crate::accounts;
use crate::config::{CapUnit, Entitlement};
use crate::marks;
use crate::rules::Person;
use crate::rules::ladders::{Merits, ServiceDay};
use crate::schemes::OpenScheme;
use chrono::NaiveDate;
use ledger::state::Standing;
use ledger::{Bound, Key};
use std::sync::Arc;
use uuid::Uuid;

/// What ladders are told of a volunteer.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    pub person: Person,
    pub merits: Merits,
    /// What was granted and not revoked.
    pub granted: Vec<Entitlement>,
    /// That nothing of what was read has become less. An entry that rests on it carries these.
    pub pins: Vec<Bound>,
    /// The newest entry that is part of it.
    pub as_of: i64,
}

/// What is known of the volunteer today: what they have, what they served day by day, and what was granted to them.
pub async fn known(scheme: &OpenScheme, volunteer: Uuid, today: NaiveDate) -> Result<Known, LevelError> {
    let (person, marks) = marks::person(scheme, volunteer).await?;
    let config = scheme.config();
    let timed = config.accounts.iter().filter(|account| account.counts == CapUnit::Minutes);
    let codes: Vec<String> = timed.map(|account| account.code.clone()).collect();
    let mut paths = vec![accounts::minutes_path(volunteer), accounts::points_path(volunteer)];
    paths.extend(codes.iter().map(|code| accounts::account_path(volunteer, code)));
    // The balances are read first: what is taken back after that breaks a pin, and what was before is in the days.
    let view = scheme.book.standings(&paths).await?;
    let left = |lots: &[Standing]| lots.iter().filter(|lot| counts(lot, today)).map(free).sum::<i64>();
    let pins = paths.iter().zip(&view.lots).flat_map(|(path, lots)| {
        let pinned = lots.iter().filter(|lot| counts(lot, today));
        pinned.map(|lot| Bound { key: Key::in_lot(path.clone(), lot.lot), floor: Some(free(lot)), ceiling: None })
    });
    let pins = pins.chain(marks).collect();
    let mut tx = scheme.db.begin_read().await?;
    let merits = Merits {
        days: days(&mut tx, scheme, volunteer).await?,
        minutes: view.lots.first().map_or(0, |lots| left(lots)),
        points: view.lots.get(1).map_or(0, |lots| left(lots)),
        points_scale: config.points_scale,
        accounts: codes.into_iter().zip(view.lots.iter().skip(2).map(|lots| left(lots))).collect(),
    };
    let granted = granted(&mut tx, scheme, volunteer).await?;
    Ok(Known { person, merits, granted, pins, as_of: view.size })
}

/// What can be used today; an overdrawn account counts against the others, whatever its day.
fn counts(lot: &Standing, today: NaiveDate) -> bool {
    lot.lot.usable_on(today) || free(lot) < 0
}

fn free(lot: &Standing) -> i64 {
    lot.balance.saturating_sub(lot.held_out)
}

/// The days on which something was confirmed. Deductions take nothing from what was earned.
async fn days(tx: &mut db::Tx, scheme: &OpenScheme, volunteer: Uuid) -> db::Result<Vec<ServiceDay>> {
    let rows: Vec<(NaiveDate, i64, i64, i64)> = tx
        .query(
            "SELECT occurred_on, CAST(COALESCE(SUM(credited_minutes), 0) AS BIGINT),
                    CAST(SUM(CASE WHEN points > 0 THEN points ELSE 0 END) AS BIGINT),
                    CAST(SUM(CASE WHEN minutes > 0 THEN 1 ELSE 0 END) AS BIGINT)
             FROM services WHERE book = $1 AND volunteer_id = $2 AND status = 'confirmed'
             GROUP BY occurred_on ORDER BY occurred_on",
        )
        .bind(scheme.book.number())
        .bind(volunteer)
        .fetch_all()
        .await?;
    let day = |(on, minutes, points, services)| ServiceDay { on, minutes, points, services };
    Ok(rows.into_iter().map(day).collect())
}

async fn granted(tx: &mut db::Tx, scheme: &OpenScheme, volunteer: Uuid) -> db::Result<Vec<Entitlement>> {
    let rows: Vec<(String, String)> = tx
        .query("SELECT ladder, step FROM awards WHERE book = $1 AND volunteer_id = $2 AND status = 'granted'")
        .bind(scheme.book.number())
        .bind(volunteer)
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(|(ladder, step)| Entitlement { ladder, step }).collect())
}

/// The last day of the longest ban from a ladder that is not over, and the bound that there was no ban since.
pub(super) async fn banned_until(
    scheme: &OpenScheme,
    volunteer: Uuid,
    ladder: &str,
    today: NaiveDate,
) -> Result<(Option<NaiveDate>, Bound), LevelError> {
    let paths: [Arc<str>; 2] = [accounts::banned_path(volunteer, ladder), accounts::bans_path(volunteer, ladder)];
    let view = scheme.book.standings(&paths).await?;
    let lots = |place: usize| view.lots.get(place).map(Vec::as_slice).unwrap_or_default();
    let open = lots(0).iter().filter(|lot| lot.balance > 0 && lot.lot.usable_on(today));
    let until = open.filter_map(|lot| lot.lot.last_day()).max();
    let [_, bans] = paths;
    let ever = lots(1).iter().map(|lot| lot.balance).sum();
    Ok((until, Bound { key: Key::new(bans), floor: Some(ever), ceiling: Some(ever) }))
}
