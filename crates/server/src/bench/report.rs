//! What a measurement says: a line for each turn, and the comparison of medians.

use crate::bench::contest::Contender;
use crate::bench::{BenchArgs, Scenario};
use clap::ValueEnum;
use db::Engine;
use ledger::baseline::load::Round;
use serde_json::{Map, Value, json};

pub struct Report {
    scenario: String,
    engine: &'static str,
    json: bool,
}

/// The figures of one turn, or the medians of many.
#[derive(Clone, Copy)]
struct Figures {
    committed: u64,
    postings: u64,
    /// Committed entries, refusals and repeated answers.
    answered: u64,
    p50: u32,
    p99: u32,
    batch: u64,
}

impl Figures {
    fn of(round: &Round) -> Figures {
        Figures {
            committed: round.per_second(round.committed),
            postings: round.per_second(round.postings),
            answered: round.per_second(round.committed + round.rejected + round.replayed),
            p50: round.percentile(50),
            p99: round.percentile(99),
            batch: round.batched.checked_div(round.batches).unwrap_or(0),
        }
    }

    fn medians(rounds: &[Round]) -> Figures {
        let figures: Vec<Figures> = rounds.iter().map(Figures::of).collect();
        let rate = |of: fn(&Figures) -> u64| median(figures.iter().map(of).collect());
        let time = |of: fn(&Figures) -> u32| median(figures.iter().map(of).collect());
        Figures {
            committed: rate(|one| one.committed),
            postings: rate(|one| one.postings),
            answered: rate(|one| one.answered),
            p50: time(|one| one.p50),
            p99: time(|one| one.p99),
            batch: rate(|one| one.batch),
        }
    }

    fn to_json(self) -> Map<String, Value> {
        let object = json!({
            "committed_per_second": self.committed,
            "postings_per_second": self.postings,
            "answered_per_second": self.answered,
            "p50_ms": millis(self.p50),
            "p99_ms": millis(self.p99),
            "batch_mean": self.batch,
        });
        object.as_object().cloned().unwrap_or_default()
    }

    fn row(&self, name: &str, note: &str) -> String {
        let Figures { committed, postings, answered, batch, .. } = self;
        let (p50, p99) = (millis(self.p50), millis(self.p99));
        format!("{name:<12} {committed:>9} {postings:>9} {answered:>9} {p50:>9.2} {p99:>9.2} {batch:>6}  {note}")
    }
}

impl Report {
    pub fn new(args: &BenchArgs, engine: Engine) -> Report {
        let scenario = args.scenario();
        let name = scenario.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
        let report = Report { scenario: name, engine: engine.as_str(), json: args.json };
        if !args.json {
            let clients = if scenario == Scenario::Alone { 1 } else { args.clients };
            println!("{} on {}, {clients} clients, {} accounts", report.scenario, report.engine, args.accounts);
            println!("             committed  postings  answered    p50 ms    p99 ms  batch  (per second)");
        }
        report
    }

    pub fn turn(&self, round: u64, contender: &Contender, result: &Round) {
        let figures = Figures::of(result);
        let (rejected, errors) = (result.rejected, result.errors);
        if self.json {
            let mut object = figures.to_json();
            object.extend(self.about(contender));
            object.extend([
                ("round".to_owned(), round.into()),
                ("rejected".to_owned(), rejected.into()),
                ("errors".to_owned(), errors.into()),
                ("first_error".to_owned(), result.first_error.clone().into()),
            ]);
            println!("{}", Value::Object(object));
        } else {
            let error = result.first_error.as_deref().unwrap_or_default();
            let note = if rejected + errors > 0 {
                format!("{rejected} rejected, {errors} failed {error}")
            } else {
                String::new()
            };
            println!("{}", figures.row(contender.name, &note));
        }
    }

    /// Medians, and how the first contender compares with each other.
    pub fn medians(&self, contenders: &[Contender]) {
        let Some((first, others)) = contenders.split_first() else { return };
        let of_first = Figures::medians(&first.rounds);
        if !self.json {
            println!("medians");
            println!("{}", of_first.row(first.name, ""));
        }
        let mut medians = Map::new();
        medians.insert(first.name.to_owned(), Value::Object(of_first.to_json()));
        let mut ratios = Map::new();
        for other in others {
            let of_other = Figures::medians(&other.rounds);
            let rate = ratio(of_first.answered, of_other.answered);
            let time = ratio(of_first.p50.into(), of_other.p50.into());
            if !self.json {
                let note = format!("{} is {rate:.2} of its rate, {time:.2} of its p50", first.name);
                println!("{}", of_other.row(other.name, &note));
            }
            medians.insert(other.name.to_owned(), Value::Object(of_other.to_json()));
            let name = format!("{}/{}", first.name, other.name);
            ratios.insert(name, json!({ "answered_per_second": rate, "p50": time }));
        }
        if self.json {
            let about = self.about(first);
            let mut object =
                Map::from_iter([("medians".to_owned(), medians.into()), ("ratios".to_owned(), ratios.into())]);
            object.extend(about.into_iter().filter(|(name, _)| name != "contender"));
            println!("{}", Value::Object(object));
        }
    }

    fn about(&self, contender: &Contender) -> Map<String, Value> {
        Map::from_iter([
            ("scenario".to_owned(), self.scenario.clone().into()),
            ("engine".to_owned(), self.engine.into()),
            ("contender".to_owned(), contender.name.into()),
            ("clients".to_owned(), contender.clients.into()),
        ])
    }
}

fn median<T: Ord + Copy + Default>(mut values: Vec<T>) -> T {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[expect(clippy::float_arithmetic, reason = "figures for people, of nobody's points")]
fn millis(micros: u32) -> f64 {
    f64::from(micros) / 1000.0
}

/// With three decimals.
#[expect(clippy::float_arithmetic, reason = "figures for people, of nobody's points")]
fn ratio(of: u64, to: u64) -> f64 {
    (of * 1000 / to.max(1)) as f64 / 1000.0
}
