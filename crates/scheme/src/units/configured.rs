//! The units and stations of a configuration, put into the tables when it is applied.

use super::change::{UnitDetails, UnitError, lock, put_many_in};
use crate::config::{self, Scheme};
use crate::stations;
use chrono::NaiveDate;

/// Puts down what the configuration says otherwise than the one before it. What was moved or renamed since by other ways stays,
/// as long as the configuration goes on saying what it said; a unit that it no longer names stays, since people and records
/// belong to it.
pub(crate) async fn configure(
    tx: &mut db::Tx,
    book: i64,
    before: Option<&Scheme>,
    config: &Scheme,
    today: NaiveDate,
) -> Result<(), UnitError> {
    let unchanged = |unit: &&config::Unit| before.and_then(|before| before.unit(&unit.code)) == Some(*unit);
    let changed = config.units.iter().filter(|unit| !unchanged(unit)).map(|unit| UnitDetails {
        code: unit.code.clone(),
        name: unit.name.clone(),
        kind: unit.kind,
        parent: unit.parent.clone(),
        from: None,
    });
    put_many_in(tx, book, changed.collect(), today).await?;
    let unchanged =
        |station: &&config::Station| before.and_then(|before| before.station(&station.code)) == Some(*station);
    for station in config.stations.iter().filter(|station| !unchanged(station)) {
        lock(tx, book).await?;
        stations::name(tx, book, &station.code, &station.name).await?;
    }
    Ok(())
}
