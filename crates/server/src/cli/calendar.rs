//! `aixin calendar`: public holidays and worked weekends.

use crate::clock::wall_clock;
use crate::settings::Settings;
use anyhow::Context;
use scheme::calendar::{self, Year};
use std::path::PathBuf;
use std::sync::Arc;

/// Put the public holidays of a year in force, and show them
#[derive(clap::Subcommand)]
pub enum Command {
    /// Put years in force, in place of what was known of them
    ///
    /// Records that nobody has decided over get the day by which they are to be decided anew.
    #[command(after_help = "Example:\n  aixin calendar apply docs/calendars/2026.toml")]
    Apply {
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        settings: Settings,
    },
    /// Show the days of a year that are not what their weekday says
    #[command(after_help = "Example:\n  aixin calendar show 2026")]
    Show {
        year: i32,
        #[command(flatten)]
        settings: Settings,
    },
}

pub async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Apply { files, settings } => apply(&files, &settings).await,
        Command::Show { year, settings } => show(year, &settings).await,
    }
}

async fn apply(files: &[PathBuf], settings: &Settings) -> anyhow::Result<()> {
    // All are checked before any is applied.
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Year::parse(&text).with_context(|| path.display().to_string())
    };
    let years = files.iter().map(read).collect::<anyhow::Result<Vec<_>>>()?;
    let schemes = settings.open(Arc::new(wall_clock)).await?;
    for year in &years {
        let calendar::Applied { year, holidays, workdays, moved } = calendar::apply(&schemes, year).await?;
        println!(
            "{year}: 放假 {holidays} 天 days off, 调休上班 {workdays} 天 worked, {moved} 条记录改了期限 records moved"
        );
    }
    schemes.close().await;
    Ok(())
}

async fn show(year: i32, settings: &Settings) -> anyhow::Result<()> {
    let schemes = settings.open(Arc::new(wall_clock)).await?;
    let calendar = schemes.calendar();
    if !calendar.knows(year) {
        println!("{year}: 尚未公布,按周一至周五计 not announced: Monday to Friday");
    }
    for (day, working, name) in calendar.special_days(year) {
        let what = if working { "上班 worked" } else { "放假 off" };
        println!("{day}  {what}  {name}");
    }
    schemes.close().await;
    Ok(())
}
