//! `aixin report letters`: letters of thanks out of one text.

use super::batch::{Target, require};
use crate::clock::wall_clock;
use crate::papers::{Press, Printing, Recipients, Run, local, unknown_fields};
use crate::settings::Settings;
use anyhow::{Context, bail};
use chrono::NaiveDate;
use scheme::certificates;
use std::path::PathBuf;
use std::sync::Arc;

/// Letters of thanks, to volunteers or to the units that they come from
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  aixin report letters --scheme haiyue --template thanks.txt --to units --from 2022-03-01 --until 2022-06-30 --output letters.pdf\n\nThe template: a heading, a salutation, and each further line a paragraph, with fields in braces:\n  to volunteers {name} {number} {unit} {home_unit} {hours} {count} {activities} {from} {until} {date}\n  to units {home_unit} {members} {hours} {count} {from} {until} {date}"
)]
pub struct Args {
    /// Code of the scheme
    #[arg(long, value_name = "SCHEME")]
    scheme: String,

    /// The text, as UTF-8
    #[arg(long, value_name = "FILE")]
    template: PathBuf,

    #[arg(long, value_enum, default_value = "volunteers")]
    to: Recipients,

    /// Services of these days count
    #[arg(long, value_name = "DATE")]
    from: NaiveDate,

    #[arg(long, value_name = "DATE")]
    until: NaiveDate,

    /// Code of a unit: only those who serve in it and in what is below it
    #[arg(long, value_name = "UNIT")]
    unit: Option<String>,

    /// Only those with at least so many hours
    #[arg(long, value_name = "HOURS", default_value_t = 0)]
    min_hours: u32,

    /// Who signs; whoever issues certificates when left out
    #[arg(long, value_name = "NAME")]
    issuer: Option<String>,

    /// The day that is printed; today when left out
    #[arg(long, value_name = "DATE")]
    date: Option<NaiveDate>,

    #[command(flatten)]
    target: Target,

    #[command(flatten)]
    printing: Printing,

    #[command(flatten)]
    settings: Settings,
}

pub async fn run(args: Args) -> anyhow::Result<()> {
    let text =
        std::fs::read_to_string(&args.template).with_context(|| format!("cannot read {}", args.template.display()))?;
    let text = text.trim_start_matches('\u{feff}');
    let unknown = unknown_fields(text, args.to.fields())?;
    if !unknown.is_empty() {
        let known = args.to.fields().join(", ");
        bail!("{}: no such fields: {}; there are {known}", args.template.display(), unknown.join(", "));
    }
    Press::new(&args.printing)?;
    let schemes = args.settings.open(Arc::new(wall_clock)).await?;
    let scheme = schemes.get(&args.scheme).await?;
    let least = i64::from(args.min_hours) * 60;
    let served = certificates::served(&scheme, (args.from, args.until), args.unit.as_deref(), least).await?;
    require(served.iter().map(|one| (one.number.as_str(), one.name.as_str())))?;
    let made = local(&scheme.config(), wall_clock());
    let organisation = scheme.organisation().await?;
    let issuer = match args.issuer {
        Some(issuer) => issuer,
        None => certificates::issuer(&scheme).await?,
    };
    let date = args.date.unwrap_or_else(|| made.date_naive());
    let run = Run { text, from: args.from, until: args.until, date, issuer, organisation: &organisation };
    let letters = run.letters(args.to, &served)?;
    let mut sink = args.target.open("感谢信", made, letters.len())?;
    let (names, letters): (Vec<_>, Vec<_>) = letters.into_iter().filter(|(name, _)| sink.wants(name)).unzip();
    sink.take(&names, &letters, made)?;
    println!("{} letters: {}", letters.len(), sink.finish()?.display());
    schemes.close().await;
    Ok(())
}
