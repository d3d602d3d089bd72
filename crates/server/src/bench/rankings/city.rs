//! A city's volunteers and what they did in a year, as totals.

use crate::bench::lists::volunteer;
use chrono::{Datelike, Days, NaiveDate};
use db::{Bulk, Column, Many};
use scheme::OpenScheme;
use scheme::units::SINCE_EVER;

/// Rows written at once.
const BATCH: u64 = 10_000;

/// What each of them serves in the months so far: in seven months of twelve, once or twice. One row in month by month.
const MONTHS: &str = "INSERT INTO month_totals (book, month, volunteer_id, minutes, points, services)
    SELECT x.book, x.month, x.id, x.services * (30 + (x.change * 13 + x.month) % 120),
           x.services * (30 + (x.change * 13 + x.month) % 120) / 6, x.services
    FROM (SELECT v.book, v.id, v.change, m.value AS month, 1 + (v.change * 7919 + m.value * 31) % 12 % 2 AS services
          FROM volunteers AS v CROSS JOIN many($2) AS m
          WHERE v.book = $1 AND (v.change * 7919 + m.value * 31) % 12 < 7) AS x";

/// All that follows from these, and where each of them serves: 960 grids, and a class of service for each.
const REST: [&str; 6] = [
    "INSERT INTO year_totals (book, year, volunteer_id, minutes, points, services)
     SELECT book, month / 100, volunteer_id, SUM(minutes), SUM(points), SUM(services)
     FROM month_totals WHERE book = $1 GROUP BY book, month / 100, volunteer_id",
    "INSERT INTO category_totals (book, month, unit, category, minutes, points, services)
     SELECT t.book, t.month, v.unit, CASE v.change % 5 WHEN 0 THEN 'environment' WHEN 1 THEN 'patrol'
            WHEN 2 THEN 'elderly_care' WHEN 3 THEN 'emergency' ELSE 'culture' END,
            SUM(t.minutes), SUM(t.points), SUM(t.services)
     FROM month_totals AS t JOIN volunteers AS v ON v.book = t.book AND v.id = t.volunteer_id
     WHERE t.book = $1 GROUP BY 1, 2, 3, 4",
    "INSERT INTO group_totals (book, month, unit, team, minutes, points, services)
     SELECT book, month, unit, '', SUM(minutes), SUM(points), SUM(services)
     FROM category_totals WHERE book = $1 GROUP BY book, month, unit",
    "INSERT INTO turnovers (book, month, account, received, given)
     SELECT book, month, 'scheme/served', 0, SUM(minutes) FROM category_totals WHERE book = $1 GROUP BY book, month",
    "INSERT INTO turnovers (book, month, account, received, given)
     SELECT book, month, 'scheme/issued', 0, SUM(points) FROM category_totals WHERE book = $1 GROUP BY book, month",
    "INSERT INTO month_changes (book, month, changes)
     SELECT book, month, SUM(services) FROM category_totals WHERE book = $1 GROUP BY book, month",
];

pub async fn fill(scheme: &OpenScheme, volunteers: u64, today: NaiveDate) -> anyhow::Result<()> {
    let book = scheme.book.number();
    for from in (0..volunteers).step_by(usize::try_from(BATCH)?) {
        let mut tx = scheme.db.begin_write().await?;
        tx.write(&[Bulk::insert("volunteers", rows(book, from..volunteers.min(from + BATCH), today))]).await?;
        tx.commit().await?;
    }
    let mut tx = scheme.db.begin_write().await?;
    tx.query(
        "INSERT INTO memberships (book, volunteer_id, capacity, from_on, unit)
         SELECT book, id, 'serving', $2, unit FROM volunteers WHERE book = $1",
    )
    .bind(book)
    .bind(SINCE_EVER)
    .execute()
    .await?;
    let year = i64::from(today.year()) * 100;
    let months = (1..=i64::from(today.month())).map(|month| year + month).collect();
    tx.query(MONTHS).bind(book).bind_many(Many::I64(months)).execute().await?;
    for sql in REST {
        tx.query(sql).bind(book).execute().await?;
    }
    tx.commit().await?;
    Ok(crate::bench::scratch::analyze(&scheme.db).await?)
}

fn rows(book: i64, numbers: std::ops::Range<u64>, today: NaiveDate) -> Vec<(&'static str, Column)> {
    let count = numbers.clone().count();
    let text = |value: &str| Column::Text(vec![value.to_owned(); count]);
    let grid = |number: u64| format!("g{}-{}-{}", number % 8, number / 8 % 8, number / 64 % 15);
    let born = |number: u64| Some(today - Days::new(365 * (15 + number % 70)));
    let change = |number: u64| i64::try_from(number).unwrap_or(i64::MAX).saturating_add(1);
    vec![
        ("book", Column::I64(vec![book; count])),
        ("id", Column::Uuid(numbers.clone().map(volunteer).collect())),
        ("number", Column::Text(numbers.clone().map(|number| format!("ZI{number:08}")).collect())),
        ("name", Column::Text(numbers.clone().map(|number| format!("志愿者{number}")).collect())),
        ("birth_date", Column::OptDate(numbers.clone().map(born).collect())),
        ("unit", Column::OptText(numbers.clone().map(|number| Some(grid(number))).collect())),
        ("teams", text("[]")),
        ("skills", text("[]")),
        ("kind", text("individual")),
        ("registered_on", Column::Date(vec![today - Days::new(900); count])),
        ("labels", text("[]")),
        ("availability", Column::I64(vec![0; count])),
        ("consent_record", Column::Bool(vec![true; count])),
        ("consent_publish", Column::Bool(vec![true; count])),
        ("consent_guardian", Column::Bool(vec![false; count])),
        ("status", text("active")),
        ("change", Column::I64(numbers.map(change).collect())),
        ("version", Column::I64(vec![1; count])),
        ("created_at", Column::I64(vec![0; count])),
        ("updated_at", Column::I64(vec![0; count])),
    ]
}
