//! Stations: places that keep stock and hand out rewards. Those of the configuration, and those that were put beside them.

use crate::schemes::OpenScheme;
use crate::units::{self, UnitError, UnitFlaw};
use crate::volunteers::{Written, is_text};
use std::collections::HashMap;
use std::sync::Arc;

#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Station {
    pub code: String,
    pub name: String,
    /// Code of the unit that it serves.
    pub unit: Option<String>,
    pub address: Option<String>,
    /// In words: 周一至周五 8:30–17:00.
    pub opening_hours: Option<String>,
    /// Counts changes; what `If-Match` compares.
    pub version: i64,
}

/// A station as somebody writes it down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StationDetails {
    pub name: String,
    pub unit: Option<String>,
    pub address: Option<String>,
    pub opening_hours: Option<String>,
}

/// Makes a station, or changes what is known of one.
pub async fn put(
    scheme: &OpenScheme,
    code: &str,
    details: StationDetails,
    expected: Option<i64>,
) -> Result<(Arc<Station>, Written), UnitError> {
    check(scheme, code, &details).await?;
    let book = scheme.book.number();
    let mut tx = scheme.db.begin_write().await?;
    units::lock(&mut tx, book).await?;
    let known = read(&mut tx, book).await?.remove(code);
    let current = known.as_ref().map_or(0, |known| known.version);
    if expected.is_some_and(|expected| expected != current) {
        return Err(UnitError::VersionDiffers { current });
    }
    let StationDetails { name, unit, address, opening_hours } = details;
    let station = Station { code: code.to_owned(), name, unit, address, opening_hours, version: current };
    let written = match &known {
        Some(known) if **known == station => return Ok((known.clone(), Written::Same)),
        Some(_) => Written::Changed,
        None => Written::Created,
    };
    let station = Arc::new(Station { version: current + 1, ..station });
    write(&mut tx, book, &station).await?;
    units::touch(&mut tx, book).await?;
    tx.commit().await?;
    scheme.known_organisation.forget();
    Ok((station, written))
}

/// Whether the scheme has such a station.
pub async fn is_known(scheme: &OpenScheme, code: &str) -> db::Result<bool> {
    // Those of the configuration stay, so nothing has to be looked up for them.
    Ok(scheme.config().station(code).is_some() || scheme.organisation().await?.station(code).is_some())
}

async fn check(scheme: &OpenScheme, code: &str, details: &StationDetails) -> Result<(), UnitError> {
    let mut flaws = Vec::new();
    if !units::is_code(code) {
        flaws.push(units::flaw(0, "code", "invalid_code"));
    }
    if !is_text(&details.name, 100) {
        flaws.push(units::flaw(0, "name", "invalid_text"));
    }
    let texts = [("address", &details.address), ("opening_hours", &details.opening_hours)];
    for (field, _) in texts.into_iter().filter(|(_, text)| text.as_deref().is_some_and(|text| !is_text(text, 200))) {
        flaws.push(units::flaw(0, field, "invalid_text"));
    }
    if let Some(unit) = &details.unit
        && scheme.organisation().await?.unit(unit).is_none()
    {
        flaws.push(UnitFlaw { value: unit.clone(), ..units::flaw(0, "unit", "unknown_unit") });
    }
    if flaws.is_empty() { Ok(()) } else { Err(UnitError::Refused(flaws)) }
}

async fn write(tx: &mut db::Tx, book: i64, station: &Station) -> db::Result<u64> {
    tx.query(
        "INSERT INTO stations (book, code, name, unit, address, opening_hours, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (book, code) DO UPDATE SET name = excluded.name, unit = excluded.unit, address = excluded.address,
             opening_hours = excluded.opening_hours, version = excluded.version",
    )
    .bind(book)
    .bind(station.code.clone())
    .bind(station.name.clone())
    .bind(station.unit.clone())
    .bind(station.address.clone())
    .bind(station.opening_hours.clone())
    .bind(station.version)
    .execute()
    .await
}

/// Names a station of the configuration; what else is known of it stays.
pub(crate) async fn name(tx: &mut db::Tx, book: i64, code: &str, name: &str) -> db::Result<()> {
    let known = read(tx, book).await?.remove(code);
    let version = known.as_ref().map_or(0, |known| known.version) + 1;
    let none = Station {
        code: code.to_owned(),
        name: String::new(),
        unit: None,
        address: None,
        opening_hours: None,
        version: 0,
    };
    let known = known.map_or(none, |known| (*known).clone());
    write(tx, book, &Station { name: name.to_owned(), version, ..known }).await?;
    units::touch(tx, book).await
}

/// All stations.
pub(crate) async fn read(tx: &mut db::Tx, book: i64) -> db::Result<HashMap<String, Arc<Station>>> {
    let rows: Vec<Station> = tx
        .query("SELECT code, name, unit, address, opening_hours, version FROM stations WHERE book = $1")
        .bind(book)
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(|station| (station.code.clone(), Arc::new(station))).collect())
}
