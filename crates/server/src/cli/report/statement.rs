//! `aixin report statement`: the work of a year, as it is to be published (Order 67 of the Ministry of Civil Affairs, Art. 18).

use super::write;
use crate::api::statistics::teams;
use crate::clock::wall_clock;
use crate::papers::{self, Format};
use crate::settings::Settings;
use scheme::statistics::statement;
use std::path::PathBuf;
use std::sync::Arc;

/// The statement of a year: what was recorded, certified, answered in time or late
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  aixin report statement --scheme ziyang --year 2026 --format pdf --output statement-2026.pdf"
)]
pub struct Args {
    /// Code of the scheme
    #[arg(long, value_name = "SCHEME")]
    scheme: String,

    #[arg(long, value_parser = clap::value_parser!(i32).range(1900..=9999))]
    year: i32,

    #[arg(long, value_enum, default_value = "pdf")]
    format: Format,

    /// Standard output when left out
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    settings: Settings,
}

pub async fn run(args: Args) -> anyhow::Result<()> {
    let schemes = args.settings.open(Arc::new(wall_clock)).await?;
    let scheme = schemes.get(&args.scheme).await?;
    let found = statement(&scheme, args.year, wall_clock()).await?;
    let organisation = scheme.organisation().await?;
    let report = papers::statistics::statement(&scheme, &organisation, &teams(&scheme).await?, &found);
    let bytes = papers::statistics::file(&report, args.format, wall_clock().fixed_offset())?;
    schemes.close().await;
    write(args.output.as_ref(), &bytes)
}
