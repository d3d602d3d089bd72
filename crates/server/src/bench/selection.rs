//! How long the yearly selection of a city takes: drafted over all volunteers, with seats for each grid and a minimum that one
//! in ten reaches, and its full report, with the entries behind each row.
//!
//! Confirmed records are written to match the totals, set by set, on the first and the fifteenth of each month: no entry is
//! behind them. The year is taken as over.

use crate::bench::BenchArgs;
use crate::clock::wall_clock;
use crate::papers::{self, ExplainedError, Format};
use anyhow::Context;
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, Utc};
use db::{Engine, Many};
use scheme::selections::{self, Competitors, Measure, NewSelection, RuleSet, Seats, Selection, Vetoes};
use scheme::{OpenScheme, Operator, Role};
use serde_json::json;
use std::time::Instant;
use uuid::Uuid;

/// One of so many reaches the minimum, and one of so many has a seat.
const REACHED_BY: u64 = 10;
const SELECTED_OF: u64 = 100;

/// Records of a month, as many as its totals count beyond those that were posted, and as long.
macro_rules! records {
    ($id:literal) => {
        concat!(
            "INSERT INTO services (book, id, volunteer_id, category, title, place, content, organiser, person_in_charge,
                                   occurred_on, minutes, evidence, recorded_by, recorded_at, due_on, salt, late,
                                   publicity_closed, status, credited_minutes, points, sequence)
             SELECT x.book, ",
            $id,
            ", x.volunteer_id, 'environment', '垃圾分类值守', '海悦居民区', '桶前值守，劝导分类投放，清理周边',
                    '海悦居委会', '负责人', x.occurred_on, x.minutes / x.services, 'self_scan', x.volunteer_id, 0,
                    x.occurred_on, $5, FALSE, FALSE, 'confirmed', x.minutes / x.services,
                    x.points * x.nth / x.services - x.points * (x.nth - 1) / x.services, $6
             FROM (SELECT t.book, t.volunteer_id, n.value AS nth, CASE WHEN n.value = 1 THEN $3 ELSE $4 END AS occurred_on,
                          t.minutes - COALESCE(p.minutes, 0) AS minutes, t.points - COALESCE(p.points, 0) AS points,
                          t.services - COALESCE(p.services, 0) AS services
                   FROM month_totals AS t CROSS JOIN many($8) AS n
                   LEFT JOIN (SELECT s.volunteer_id, COUNT(*) AS services,
                                     CAST(SUM(s.credited_minutes) AS BIGINT) AS minutes,
                                     CAST(SUM(s.points) AS BIGINT) AS points
                              FROM services AS s WHERE s.book = $1 AND s.occurred_on >= $3 AND s.occurred_on < $7
                                AND s.status = 'confirmed'
                              GROUP BY s.volunteer_id) AS p ON p.volunteer_id = t.volunteer_id
                   WHERE t.book = $1 AND t.month = $2) AS x
             WHERE x.nth <= x.services"
        )
    };
}

pub async fn measure(scheme: &OpenScheme, args: &BenchArgs) -> anyhow::Result<()> {
    let today = scheme.config().day_of(wall_clock());
    let year = today.year();
    let bench = Bench { scheme, json: args.json, engine: scheme.db.engine() };
    let begun = Instant::now();
    let records = bench.fill(today).await?;
    bench.tell("records seeded for it, without entries", begun, json!({ "records": records }));
    let is_reset = std::fs::write("/proc/self/clear_refs", "5").is_ok();
    let before = super::rankings::resident();
    let minutes = bench.minimum(year, args.volunteers / REACHED_BY).await?;
    let seats = i64::try_from(args.volunteers / SELECTED_OF)?.max(2);
    let city = bench.draft("selection of the city, drafted", rules(year, minutes, None, seats)).await?;
    let street = rules(year, minutes, Some("s0".to_owned()), (seats / 8).max(2));
    let street = bench.draft("selection of a street, drafted", street).await?;
    for (whose, one, format) in [
        ("city", &city, Format::Csv),
        ("city", &city, Format::Xlsx),
        ("street", &street, Format::Csv),
        ("street", &street, Format::Pdf),
    ] {
        bench.write(whose, one, format).await?;
    }
    bench.tell_peak(is_reset, before);
    Ok(())
}

fn rules(year: i32, min_minutes: i64, scope: Option<String>, total: i64) -> RuleSet {
    RuleSet {
        version: "bench".to_owned(),
        of: Competitors::Volunteers,
        year: Some(year),
        from: None,
        until: None,
        scope,
        grid_kind: Some("grid".to_owned()),
        measure: Measure::Hours,
        per_member: false,
        min_minutes,
        min_services: 1,
        min_ratings: 0,
        min_members: 0,
        min_participants: 0,
        min_participation: 0,
        min_tenure_months: 0,
        evidence: None,
        min_age: None,
        max_age: None,
        vetoes: Vetoes { upheld_complaints: true, reversed_records: Some(3), ..Vetoes::default() },
        seats: Some(Seats { total, open: total / 10 }),
        refill: false,
        publicity_working_days: 5,
        signatures: 2,
        honour: None,
    }
}

struct Bench<'a> {
    scheme: &'a OpenScheme,
    json: bool,
    engine: Engine,
}

impl Bench<'_> {
    async fn fill(&self, today: NaiveDate) -> anyhow::Result<u64> {
        let book = self.scheme.book.number();
        let mut tx = self.scheme.db.begin_write().await?;
        // Of every record, as the entry that confirmed it.
        let newest = self.scheme.book.size(&mut tx).await?;
        let mut written = 0;
        for month in 1..=today.month() {
            let first = NaiveDate::from_ymd_opt(today.year(), month, 1).context("a day")?;
            let next = first.checked_add_months(Months::new(1)).context("a day")?;
            let sql = match self.engine {
                Engine::Sqlite => tx.query(records!("randomblob(16)")),
                Engine::Postgres => tx.query(records!("gen_random_uuid()")),
            };
            let sql = sql.bind(book).bind(i64::from(today.year()) * 100 + i64::from(month)).bind(first);
            let sql = sql.bind(first + Days::new(14)).bind(vec![0_u8; 16]).bind(newest).bind(next);
            written += sql.bind_many(Many::I64(vec![1, 2])).execute().await?;
        }
        tx.commit().await?;
        crate::bench::scratch::analyze(&self.scheme.db).await?;
        Ok(written)
    }

    /// What so many served at least.
    async fn minimum(&self, year: i32, people: u64) -> anyhow::Result<i64> {
        let mut tx = self.scheme.db.begin_read().await?;
        let row: Option<(i64,)> = tx
            .query(
                "SELECT minutes FROM year_totals WHERE book = $1 AND year = $2 ORDER BY minutes DESC LIMIT 1 OFFSET $3",
            )
            .bind(self.scheme.book.number())
            .bind(i64::from(year))
            .bind(i64::try_from(people)?)
            .fetch_optional()
            .await?;
        Ok(row.map_or(1, |(minutes,)| minutes))
    }

    async fn draft(&self, what: &str, rules: RuleSet) -> anyhow::Result<Selection> {
        let now = after(rules.year.unwrap_or_default()).context("a day after the year")?;
        let by = Operator::machine(Uuid::from_u128(3), Role::SchemeAdmin, "office");
        let new = NewSelection { title: "优秀志愿者".to_owned(), rules };
        let begun = Instant::now();
        let (one, _) = selections::put(self.scheme, Uuid::now_v7(), new, &by, now).await?;
        let taken: i64 = one.grids.iter().map(|grid| grid.taken).sum();
        let told = json!({ "served": one.served, "reached": one.reached, "grids": one.grids.len(), "selected": taken });
        self.tell(what, begun, told);
        Ok(one)
    }

    async fn write(&self, whose: &str, one: &Selection, format: Format) -> anyhow::Result<()> {
        let what = format!("full report of the {whose}, {}", format.extension());
        let begun = Instant::now();
        let explained = match papers::explained(self.scheme, one, format).await {
            Err(ExplainedError::TooMany { most }) => {
                self.tell(&what, begun, json!({ "refused_beyond": most }));
                return Ok(());
            }
            explained => explained?,
        };
        let entries = explained.entries();
        let made = papers::local(&self.scheme.config(), wall_clock());
        let file = tokio::task::spawn_blocking(move || explained.file(format, made)).await??;
        self.tell(&what, begun, json!({ "entries": entries, "kib": file.len() >> 10 }));
        Ok(())
    }

    fn tell(&self, what: &str, begun: Instant, told: serde_json::Value) {
        let ms = begun.elapsed().as_millis();
        match self.json {
            true => println!("{}", json!({ "engine": self.engine.as_str(), "step": what, "ms": ms, "told": told })),
            false => println!("{what:<38} {}.{:03} s  {told}", ms / 1000, ms % 1000),
        }
    }

    /// The most memory that the process had, where the system tells.
    fn tell_peak(&self, is_reset: bool, before: Option<u64>) {
        let before = before.map_or(0, |bytes| bytes >> 20);
        let since = if is_reset { "since the records were seeded" } else { "since the program began" };
        let peak = peak().map(|bytes| bytes >> 20);
        match (self.json, peak) {
            (true, peak) => {
                println!(
                    "{}",
                    json!({ "engine": self.engine.as_str(), "peak_mib": peak, "before_mib": before, "since": since })
                );
            }
            (false, Some(mib)) => println!("{:<38} {mib} MiB ({before} before), {since}", "peak memory"),
            (false, None) => println!("{:<38} this system does not tell", "peak memory"),
        }
    }
}

/// A day on which the year is over.
fn after(year: i32) -> Option<DateTime<Utc>> {
    Some(NaiveDate::from_ymd_opt(year + 1, 1, 8)?.and_time(NaiveTime::MIN).and_utc())
}

fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib << 10)
}
