//! Working days as they are in China: Monday to Friday, less the public holidays, and the weekends that are worked instead.
//!
//! Which days these are is announced year by year, so it is data: one TOML file for each year, put in force with
//! `aixin calendar apply`. In a year that has not been announced, every Monday to Friday is a working day.

mod days;
mod file;

pub use days::Calendar;
pub use file::{CalendarError, Holiday, Year};

use crate::moment;
use crate::schemes::{OpenScheme, SchemeError, Schemes};
use crate::services::due_on;
use chrono::NaiveDate;
use db::{Bulk, Column, Db};
use uuid::Uuid;

/// What applying a year came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    pub year: i32,
    /// Days off, and weekends that are worked.
    pub holidays: usize,
    pub workdays: usize,
    /// Records that nobody has decided over, and that are now to be decided by another day.
    pub moved: usize,
}

/// Puts a year in force, in place of what was known of it.
pub async fn apply(schemes: &Schemes, year: &Year) -> Result<Applied, SchemeError> {
    let days = year.days();
    let mut tx = schemes.db().begin_write().await?;
    tx.query("DELETE FROM calendar_days WHERE year = $1").bind(i64::from(year.year)).execute().await?;
    tx.query("DELETE FROM calendar_years WHERE year = $1").bind(i64::from(year.year)).execute().await?;
    tx.query("INSERT INTO calendar_years (year, source) VALUES ($1, $2)")
        .bind(i64::from(year.year))
        .bind(year.source.clone())
        .execute()
        .await?;
    let columns = vec![
        ("day", Column::Date(days.iter().map(|special| special.day).collect())),
        ("year", Column::I64(vec![year.year.into(); days.len()])),
        ("working", Column::Bool(days.iter().map(|special| special.working).collect())),
        ("name", Column::Text(days.iter().map(|special| special.name.clone()).collect())),
    ];
    tx.write(&[Bulk::insert("calendar_days", columns)]).await?;
    tx.commit().await?;
    schemes.refresh().await?;
    let mut moved = 0;
    for code in schemes.codes().await? {
        moved += renew_due_days(&*schemes.get(&code).await?).await?;
    }
    let workdays = days.iter().filter(|special| special.working).count();
    Ok(Applied { year: year.year, holidays: days.len() - workdays, workdays, moved })
}

/// All that has been put in force.
pub(crate) async fn load(db: &Db) -> db::Result<Calendar> {
    let years: Vec<(i64,)> = db.query("SELECT year FROM calendar_years ORDER BY year").fetch_all().await?;
    let days: Vec<(NaiveDate, bool, String)> =
        db.query("SELECT day, working, name FROM calendar_days ORDER BY day").fetch_all().await?;
    let years = years.into_iter().filter_map(|(year,)| year.try_into().ok());
    Ok(Calendar::new(years, days))
}

/// Computes anew by when the records are to be decided that nobody has decided over.
async fn renew_due_days(scheme: &OpenScheme) -> db::Result<usize> {
    const TOGETHER: i64 = 1000;
    let (config, calendar, book) = (scheme.config(), scheme.calendar(), scheme.book.number());
    let mut after = Uuid::nil();
    let mut moved = 0;
    loop {
        let mut tx = scheme.db.begin_write().await?;
        let open: Vec<(Uuid, NaiveDate, Option<i64>, i64, NaiveDate)> = tx
            .query(
                "SELECT id, occurred_on, ended_at, recorded_at, due_on FROM services
                 WHERE book = $1 AND status = 'recorded' AND id > $2 ORDER BY id LIMIT $3",
            )
            .bind(book)
            .bind(after)
            .bind(TOGETHER)
            .fetch_all()
            .await?;
        let Some((last, ..)) = open.last() else { return Ok(moved) };
        after = *last;
        let renewed = |(id, served, ended_at, recorded_at, known): &(Uuid, NaiveDate, Option<i64>, i64, NaiveDate)| {
            let due = due_on(&config, &calendar, *served, ended_at.map(moment));
            (due != *known).then(|| (*id, due, config.day_of(moment(*recorded_at)) > due))
        };
        let other: Vec<_> = open.iter().filter_map(renewed).collect();
        if !other.is_empty() {
            let columns = vec![
                ("book", Column::I64(vec![book; other.len()])),
                ("id", Column::Uuid(other.iter().map(|(id, ..)| *id).collect())),
                ("due_on", Column::Date(other.iter().map(|(_, due, _)| *due).collect())),
                ("late", Column::Bool(other.iter().map(|(.., late)| *late).collect())),
            ];
            tx.write(&[Bulk::update("services", 2, columns)]).await?;
        }
        tx.commit().await?;
        moved += other.len();
    }
}
