//! What a record earns: plain, by brackets of a running total, and under many caps and conditions.

use chrono::NaiveDate;
use criterion::{Criterion, criterion_group, criterion_main};
use scheme::config::Scheme;
use scheme::rules::{self, Evidence, Person, Record, Verdict};
use std::collections::BTreeMap;
use std::hint::black_box;

const HEAD: &str = r#"
code = "bench"
name = "示例"
name_en = "Bench"
illustrative = true
source = "示例"
points_scale = 1
stations = [{ code = "main", name = "示例" }]
categories = [
    { code = "patrol", name = "巡逻", name_en = "Patrol" },
    { code = "visit", name = "探访", name_en = "Visit" },
    { code = "culture", name = "文化", name_en = "Culture" },
]
labels = [{ code = "veto", name = "否决", name_en = "Veto" }]
[[versions]]
from = 2020-01-01
version = "first"
evidence_without_points = ["back_filled"]
expiry = { months = 24 }
expiry_counts_from = "service_date"
recording_deadline_working_days = 10
[versions.default]
points_per_hour = "1"
part_hours = "half_hours"
rounding = "down"
hours_credited = "as_served"
minimum = { minutes = 30, below = "minutes_only" }
[[versions.rules]]
categories = ["visit"]
part_hours = "proportional"
blocks = { counted_over = "ever", part_blocks = "ignored", tiers = [
    { up_to_hours = "20", points = "1", per_hours = "1" },
    { up_to_hours = "80", points = "1", per_hours = "2" },
    { up_to_hours = "200", points = "1", per_hours = "3" },
    { points = "1", per_hours = "4" },
] }
[[versions.rules]]
categories = ["culture"]
points_per_hour = "1.2"
requires = [{ min_age = 18, residence = ["长宁"], member_months = 6, without_labels = ["veto"] }]
otherwise = "minutes_only"
[[versions.caps]]
per = "record"
limit_minutes = 240
categories = ["culture"]
over = "truncate"
[[versions.caps]]
per = "day"
limit_points = "8"
categories = ["culture"]
over = "truncate"
[[versions.caps]]
per = "month"
limit_points = "40"
categories = ["culture", "patrol"]
over = "truncate"
[[versions.caps]]
per = "year"
limit_points = "300"
over = "truncate"
"#;

fn benches(criterion: &mut Criterion) {
    let scheme = Scheme::parse(HEAD).expect("a scheme");
    let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
    let person = Person {
        birth_date: Some(day("1956-03-05")),
        residence: Some("长宁".to_owned()),
        registered_on: Some(day("2019-01-01")),
        ..Person::default()
    };
    let verdict = Verdict::on(day("2026-11-23"));
    for (name, category) in [("plain", "patrol"), ("brackets", "visit"), ("conditions and caps", "culture")] {
        let record = Record::plain(category, day("2026-11-22"), 200, Evidence::Kiosk);
        let needs = rules::needs(&scheme, &record, &person).expect("needs");
        let known: BTreeMap<String, i64> = needs.iter().map(|need| (need.key(), 30)).collect();
        criterion.bench_function(&format!("earn: {name}"), |bencher| {
            bencher.iter(|| {
                let needs = rules::needs(&scheme, black_box(&record), &person);
                (needs, rules::earn(&scheme, black_box(&record), &person, &verdict, &known))
            })
        });
    }
    criterion.bench_function("parse a configuration", |bencher| bencher.iter(|| Scheme::parse(black_box(HEAD))));
}

criterion_group!(rules_of_a_scheme, benches);
criterion_main!(rules_of_a_scheme);
