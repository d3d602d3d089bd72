//! What the book and the register know of a volunteer, as far as ladders ask.

use super::LevelError;
use crate::accounts;
use crate::config::{CapUnit, Entitlement};
use crate::rules::Person;
use crate::rules::ladders::{Merits, ServiceDay};
use crate::schemes::OpenScheme;
use crate::volunteers;
use chrono::NaiveDate;
use db::Many;
use ledger::state::Standing;
use ledger::{Bound, Key};
use std::collections::HashMap;
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
    let person = volunteers::get(scheme, volunteer).await?.person();
    let known = known_of(scheme, vec![(volunteer, person)], today).await?.pop();
    known.ok_or_else(|| LevelError::Book("what is known was lost".to_owned()))
}

/// As [`known`], of many in their order: one look at the book and two queries, however many they are.
pub(crate) async fn known_of(
    scheme: &OpenScheme,
    people: Vec<(Uuid, Person)>,
    today: NaiveDate,
) -> Result<Vec<Known>, LevelError> {
    let config = scheme.config();
    let timed = config.accounts.iter().filter(|account| account.counts == CapUnit::Minutes);
    let codes: Vec<&str> = timed.map(|account| account.code.as_str()).collect();
    let labels = config.marks();
    let paths = people.iter().flat_map(|(id, _)| {
        let accounts = codes.iter().map(|code| accounts::account_path(*id, code));
        let marks = labels.iter().map(|label| accounts::mark_path(*id, label));
        [accounts::minutes_path(*id), accounts::points_path(*id)].into_iter().chain(accounts).chain(marks)
    });
    let paths: Vec<Arc<str>> = paths.collect();
    // The balances are read first: what is taken back after that breaks a pin, and what was before is in the days.
    let view = scheme.book.standings(&paths).await?;
    let ids: Vec<Uuid> = people.iter().map(|(id, _)| *id).collect();
    let mut tx = scheme.db.begin_read().await?;
    let (mut days, mut granted) = (days(&mut tx, scheme, &ids).await?, granted(&mut tx, scheme, ids).await?);
    tx.rollback().await?;
    let each = 2 + codes.len() + labels.len();
    let read = people.into_iter().zip(paths.chunks(each).zip(view.lots.chunks(each)));
    let known = read.map(|((id, mut person), (paths, lots))| {
        let (of_marks, lots_of_marks) = (paths.get(2 + codes.len()..), lots.get(2 + codes.len()..));
        let mut pins = pins(paths.iter().zip(lots).take(2 + codes.len()), today);
        for ((label, path), lots) in
            labels.iter().zip(of_marks.unwrap_or_default()).zip(lots_of_marks.unwrap_or_default())
        {
            let marks: i64 = lots.iter().map(|lot| lot.balance).sum();
            if marks > 0 {
                person.labels.insert((*label).to_owned());
            }
            pins.push(Bound { key: Key::new(path.clone()), floor: Some(marks), ceiling: Some(marks) });
        }
        let left = |place: usize| lots.get(place).map_or(0, |lots| left(lots, today));
        let merits = Merits {
            days: days.remove(&id).unwrap_or_default(),
            minutes: left(0),
            points: left(1),
            points_scale: config.points_scale,
            accounts: codes.iter().enumerate().map(|(place, code)| ((*code).to_owned(), left(2 + place))).collect(),
        };
        Known { person, merits, granted: granted.remove(&id).unwrap_or_default(), pins, as_of: view.size }
    });
    Ok(known.collect())
}

fn left(lots: &[Standing], today: NaiveDate) -> i64 {
    lots.iter().filter(|lot| counts(lot, today)).map(free).sum()
}

fn pins<'a>(read: impl Iterator<Item = (&'a Arc<str>, &'a Vec<Standing>)>, today: NaiveDate) -> Vec<Bound> {
    let of_path = |(path, lots): (&'a Arc<str>, &'a Vec<Standing>)| {
        let pinned = lots.iter().filter(move |lot| counts(lot, today));
        pinned.map(|lot| Bound { key: Key::in_lot(path.clone(), lot.lot), floor: Some(free(lot)), ceiling: None })
    };
    read.flat_map(of_path).collect()
}

/// What can be used today; an overdrawn account counts against the others, whatever its day.
fn counts(lot: &Standing, today: NaiveDate) -> bool {
    lot.lot.usable_on(today) || free(lot) < 0
}

fn free(lot: &Standing) -> i64 {
    lot.balance.saturating_sub(lot.held_out)
}

/// The days on which something was confirmed, those of whoever was merged into them included. Deductions take nothing from
/// what was earned.
async fn days(tx: &mut db::Tx, scheme: &OpenScheme, ids: &[Uuid]) -> db::Result<HashMap<Uuid, Vec<ServiceDay>>> {
    let rows: Vec<(Uuid, NaiveDate, i64, i64, i64)> = tx
        .query(
            "WITH RECURSIVE family (owner, id) AS (
               SELECT m.value, m.value FROM many($2) AS m
               UNION
               SELECT f.owner, v.id FROM family AS f JOIN volunteers AS v ON v.book = $1 AND v.merged_into = f.id
             )
             SELECT f.owner, s.occurred_on, CAST(COALESCE(SUM(s.credited_minutes), 0) AS BIGINT),
                    CAST(SUM(CASE WHEN s.points > 0 THEN s.points ELSE 0 END) AS BIGINT),
                    CAST(SUM(CASE WHEN s.minutes > 0 THEN 1 ELSE 0 END) AS BIGINT)
             FROM family AS f CROSS JOIN services AS s
             WHERE s.book = $1 AND s.volunteer_id = f.id AND s.status = 'confirmed'
             GROUP BY f.owner, s.occurred_on ORDER BY s.occurred_on",
        )
        .bind(scheme.book.number())
        .bind_many(Many::Uuid(ids.to_vec()))
        .fetch_all()
        .await?;
    let mut days: HashMap<Uuid, Vec<ServiceDay>> = HashMap::new();
    for (owner, on, minutes, points, services) in rows {
        days.entry(owner).or_default().push(ServiceDay { on, minutes, points, services });
    }
    Ok(days)
}

async fn granted(tx: &mut db::Tx, scheme: &OpenScheme, ids: Vec<Uuid>) -> db::Result<HashMap<Uuid, Vec<Entitlement>>> {
    let rows: Vec<(Uuid, String, String)> = tx
        .query(
            "SELECT a.volunteer_id, a.ladder, a.step
             FROM many($2) AS m JOIN awards AS a ON a.book = $1 AND a.volunteer_id = m.value AND a.status = 'granted'",
        )
        .bind(scheme.book.number())
        .bind_many(Many::Uuid(ids))
        .fetch_all()
        .await?;
    let mut granted: HashMap<Uuid, Vec<Entitlement>> = HashMap::new();
    for (owner, ladder, step) in rows {
        granted.entry(owner).or_default().push(Entitlement { ladder, step });
    }
    Ok(granted)
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
    let until = last_ban(lots(0), today);
    let [_, bans] = paths;
    let ever = lots(1).iter().map(|lot| lot.balance).sum();
    Ok((until, Bound { key: Key::new(bans), floor: Some(ever), ceiling: Some(ever) }))
}

/// The last day of the longest ban that is not over.
pub(super) fn last_ban(lots: &[Standing], today: NaiveDate) -> Option<NaiveDate> {
    let open = lots.iter().filter(|lot| lot.balance > 0 && lot.lot.usable_on(today));
    open.filter_map(|lot| lot.lot.last_day()).max()
}
