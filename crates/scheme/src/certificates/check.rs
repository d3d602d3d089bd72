//! Whether certificates are still what was issued: no number left out, each as it was sealed, and as of a book that was so.

use super::codes;
use crate::schemes::OpenScheme;
use chrono::NaiveDate;
use ledger::verify::Report;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use uuid::Uuid;

/// Certificates that are read at once.
const TOGETHER: i64 = 1000;

/// What never changes about a certificate; the seal is over all of it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct Frozen {
    pub id: Uuid,
    pub year: i64,
    pub serial: i64,
    pub kind: String,
    pub volunteer_id: Uuid,
    pub source_id: Option<Uuid>,
    pub unit: Option<String>,
    pub applied_on: NaiveDate,
    pub due_on: NaiveDate,
    pub issued_on: NaiveDate,
    pub issued_at: i64,
    pub issued_by: Uuid,
    pub minutes: i64,
    pub services: i64,
    pub as_of: i64,
    pub root: Vec<u8>,
    pub asked: String,
    pub paper: String,
}

impl Frozen {
    /// Whoever has only the database cannot make it: it takes the secret of the installation.
    pub fn seal(&self, scheme: &OpenScheme) -> Vec<u8> {
        let parts = serde_json::json!([
            self.id,
            codes::number(scheme.book.code(), self.year, self.serial),
            self.kind,
            self.volunteer_id,
            self.source_id,
            self.unit,
            self.applied_on,
            self.due_on,
            self.issued_on,
            self.issued_at,
            self.issued_by,
            self.minutes,
            self.services,
            self.as_of,
            hex::encode(&self.root),
            self.asked,
            self.paper,
        ]);
        scheme.secrets.mac("certificate", parts.to_string().as_bytes()).to_vec()
    }
}

#[derive(sqlx::FromRow)]
struct Stored {
    #[sqlx(flatten)]
    frozen: Frozen,
    seal: Vec<u8>,
}

/// Looks at every certificate of the scheme, and names what is wrong by its number.
pub(crate) async fn check(tx: &mut db::Tx, scheme: &OpenScheme, report: &mut Report) -> db::Result<()> {
    let book = scheme.book.number();
    // As many as were read: what the book says of its own size and root may be wrong, and was looked at before.
    let size = report.entries;
    let mut roots: HashMap<i64, String> = HashMap::new();
    let (mut year, mut serial) = (0, 0);
    let mut given: HashMap<i64, i64> = HashMap::new();
    loop {
        let rows: Vec<Stored> = tx
            .query(
                "SELECT id, year, serial, kind, volunteer_id, source_id, unit, applied_on, due_on, issued_on, issued_at, issued_by,
                        minutes, services, as_of, root, asked, paper, seal
                 FROM certificates WHERE book = $1 AND (year > $2 OR (year = $2 AND serial > $3))
                 ORDER BY year, serial LIMIT $4",
            )
            .bind(book)
            .bind(year)
            .bind(serial)
            .bind(TOGETHER)
            .fetch_all()
            .await?;
        if rows.is_empty() {
            break;
        }
        for Stored { frozen, seal } in rows {
            let before = if frozen.year == year { serial } else { 0 };
            (year, serial) = (frozen.year, frozen.serial);
            missing(scheme, year, before.saturating_add(1), serial, report);
            given.insert(year, serial);
            let number = codes::number(scheme.book.code(), year, serial);
            if frozen.seal(scheme) != seal {
                report.find("certificates", &number, "it is not as it was issued: its seal is another");
            }
            if !(0..=size).contains(&frozen.as_of) {
                report.find("certificates", &number, format!("the book has no entry {}", frozen.as_of));
                continue;
            }
            if let Entry::Vacant(unknown) = roots.entry(frozen.as_of) {
                unknown.insert(scheme.book.root_of_first(tx, frozen.as_of).await?);
            }
            if roots.get(&frozen.as_of) != Some(&hex::encode(&frozen.root)) {
                let problem = format!("the book up to entry {} has another root", frozen.as_of);
                report.find("certificates", &number, problem);
            }
        }
    }
    years(tx, scheme, given, report).await?;
    counted(tx, scheme, report).await
}

/// Names the numbers from `first` up to `next` that nobody has; of many only the first and the last.
fn missing(scheme: &OpenScheme, year: i64, first: i64, next: i64, report: &mut Report) {
    let number = |serial| codes::number(scheme.book.code(), year, serial);
    match next.saturating_sub(first) {
        ..=0 => {}
        1 => report.find("certificates", number(first), "the certificate of this number is missing"),
        many => {
            let last = number(next.saturating_sub(1));
            report.find("certificates", number(first), format!("{many} certificates up to {last} are missing"));
        }
    }
}

/// The last number that was given is the last that there is.
async fn years(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    mut given: HashMap<i64, i64>,
    report: &mut Report,
) -> db::Result<()> {
    let rows: Vec<(i64, i64)> = tx
        .query("SELECT year, last FROM certificate_years WHERE book = $1 ORDER BY year")
        .bind(scheme.book.number())
        .fetch_all()
        .await?;
    for (year, last) in rows {
        let there = given.remove(&year).unwrap_or(0);
        missing(scheme, year, there.saturating_add(1), last.saturating_add(1), report);
        if there > last {
            report.find("certificate_years", year, format!("{last} was the last number, and there is {there}"));
        }
    }
    for year in given.keys() {
        report.find("certificate_years", year, "the row is missing");
    }
    Ok(())
}

/// A certificate counts as many services as are written down for it.
async fn counted(tx: &mut db::Tx, scheme: &OpenScheme, report: &mut Report) -> db::Result<()> {
    let rows: Vec<(i64, i64)> = tx
        .query(
            "SELECT c.year, c.serial FROM certificates AS c
             LEFT JOIN (SELECT certificate_id, COUNT(*) AS counted FROM certificate_services
                        WHERE book = $1 GROUP BY certificate_id) AS s ON s.certificate_id = c.id
             WHERE c.book = $1 AND c.services <> COALESCE(s.counted, 0) ORDER BY c.year, c.serial",
        )
        .bind(scheme.book.number())
        .fetch_all()
        .await?;
    for (year, serial) in rows {
        let number = codes::number(scheme.book.code(), year, serial);
        report.find("certificate_services", number, "the services that it counts are not those that it names");
    }
    Ok(())
}
