//! `aixin import`: registers kept on paper or in spreadsheets.

use crate::clock::wall_clock;
use crate::settings::Settings;
use anyhow::{Context, anyhow};
use chrono::NaiveDate;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reports::registers::{self, ActivityRow, Register, ServiceRow, UnitRow, VolunteerRow};
use scheme::imports::{self, ActivityLine, Evidences, Report, ServiceLine, UnitLine, VolunteerLine};
use scheme::rules::{format_points, hours_text};
use scheme::{OpenScheme, Schemes};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Take in registers from .xlsx or .csv: all rows or none, and the same register twice posts nothing twice
#[derive(clap::Subcommand)]
pub enum Command {
    /// Record the services of a register, and confirm them
    #[command(after_help = "Example:\n  aixin import services --scheme ziyang register.xlsx --dry-run")]
    Services {
        #[command(flatten)]
        register: RegisterArgs,
        /// Filled in afterwards, not signed at the time: the records wait for a reviewer
        #[arg(long)]
        back_filled: bool,
    },
    /// Plan the activities of a register; they are published one by one
    #[command(after_help = "Example:\n  aixin import activities --scheme ziyang plan.xlsx --dry-run")]
    Activities {
        #[command(flatten)]
        register: RegisterArgs,
    },
    /// Register the volunteers of a register
    #[command(after_help = "Example:\n  aixin import volunteers --scheme haiyue volunteers.csv")]
    Volunteers {
        #[command(flatten)]
        register: RegisterArgs,
    },
    /// Put the units of a list into the organisation tree: code, name, kind, code of the parent; in any order
    #[command(after_help = "Example:\n  aixin import units --scheme xinxiang units.xlsx --dry-run")]
    Units {
        #[command(flatten)]
        register: RegisterArgs,
        /// The first day on which units that stand elsewhere in the list stand there; today when left out
        #[arg(long, value_name = "DATE")]
        from: Option<NaiveDate>,
    },
}

#[derive(clap::Args)]
pub struct RegisterArgs {
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Code of the scheme
    #[arg(long, value_name = "SCHEME")]
    scheme: String,

    /// Check every row, and write nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    settings: Settings,
}

impl RegisterArgs {
    fn name(&self) -> String {
        self.file.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    fn bytes(&self) -> anyhow::Result<Vec<u8>> {
        std::fs::read(&self.file).with_context(|| format!("cannot read {}", self.file.display()))
    }

    async fn open(&self) -> anyhow::Result<(Schemes, Arc<OpenScheme>)> {
        let schemes = self.settings.open(Arc::new(wall_clock)).await?;
        let scheme = schemes.get(&self.scheme).await?;
        Ok((schemes, scheme))
    }
}

pub async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Services { register, back_filled } => {
            let evidence = if back_filled { Evidences::BackFilled } else { Evidences::SignedByLeader };
            services(&register, evidence).await
        }
        Command::Volunteers { register } => volunteers(&register).await,
        Command::Units { register, from } => units(&register, from).await,
        Command::Activities { register } => activities(&register).await,
    }
}

async fn services(args: &RegisterArgs, evidence: Evidences) -> anyhow::Result<ExitCode> {
    let read = registers::read_services(&args.name(), &args.bytes()?).map_err(|error| refused(&args.file, error))?;
    let Some(lines) = rows(read, service_line) else { return Ok(ExitCode::FAILURE) };
    let (schemes, scheme) = args.open().await?;
    let steps = lines.len() * if evidence == Evidences::SignedByLeader && !args.dry_run { 2 } else { 1 };
    let bar = bar(steps);
    let progress = |done| bar.set_position(done as u64);
    let report =
        imports::services(&scheme, lines, evidence, &args.name(), args.dry_run, wall_clock(), &progress).await?;
    bar.finish_and_clear();
    schemes.close().await;
    Ok(tell(&report, args.dry_run, &scheme))
}

async fn volunteers(args: &RegisterArgs) -> anyhow::Result<ExitCode> {
    let read = registers::read_volunteers(&args.name(), &args.bytes()?).map_err(|error| refused(&args.file, error))?;
    let Some(lines) = rows(read, volunteer_line) else { return Ok(ExitCode::FAILURE) };
    let (schemes, scheme) = args.open().await?;
    let bar = bar(lines.len());
    let progress = |done| bar.set_position(done as u64);
    let report = imports::volunteers(&scheme, lines, args.dry_run, wall_clock(), &progress).await?;
    bar.finish_and_clear();
    schemes.close().await;
    Ok(tell(&report, args.dry_run, &scheme))
}

async fn activities(args: &RegisterArgs) -> anyhow::Result<ExitCode> {
    let read = registers::read_activities(&args.name(), &args.bytes()?).map_err(|error| refused(&args.file, error))?;
    let Some(lines) = rows(read, activity_line) else { return Ok(ExitCode::FAILURE) };
    let (schemes, scheme) = args.open().await?;
    let bar = bar(lines.len());
    let progress = |done| bar.set_position(done as u64);
    let report = imports::activities(&scheme, lines, args.dry_run, wall_clock(), &progress).await?;
    bar.finish_and_clear();
    schemes.close().await;
    Ok(tell(&report, args.dry_run, &scheme))
}

async fn units(args: &RegisterArgs, from: Option<NaiveDate>) -> anyhow::Result<ExitCode> {
    let read = registers::read_units(&args.name(), &args.bytes()?).map_err(|error| refused(&args.file, error))?;
    let Some(lines) = rows(read, unit_line) else { return Ok(ExitCode::FAILURE) };
    let (schemes, scheme) = args.open().await?;
    let report = imports::units(&scheme, lines, from, args.dry_run, wall_clock()).await?;
    schemes.close().await;
    Ok(tell(&report, args.dry_run, &scheme))
}

fn unit_line(line: u32, row: UnitRow) -> UnitLine {
    let UnitRow { code, name, kind, parent } = row;
    UnitLine { line, code, name, kind, parent }
}

fn refused(file: &Path, error: registers::RegisterError) -> anyhow::Error {
    anyhow!("{}: {} ({error})", file.display(), error.message_zh())
}

/// The rows, if all could be read; else every cell that could not is named.
fn rows<R, L>(register: Register<R>, line: fn(u32, R) -> L) -> Option<Vec<L>> {
    for column in &register.ignored_columns {
        println!("未使用的列 column not used: {column}");
    }
    let mut lines = Vec::with_capacity(register.rows.len());
    let mut faulty = 0;
    for row in register.rows {
        match row.content {
            Ok(content) => lines.push(line(row.line, content)),
            Err(cells) => {
                faulty += 1;
                for cell in cells {
                    let (zh, en) = (cell.message_zh, cell.message_en);
                    println!("第 {} 行 row, {}: {zh} ({en})", row.line, cell.column);
                }
            }
        }
    }
    if faulty == 0 {
        return Some(lines);
    }
    eprintln!("aixin: {faulty} rows cannot be read; nothing was written");
    None
}

/// Errors that are told one by one.
const SHOWN: usize = 200;

fn tell(report: &Report, dry_run: bool, scheme: &OpenScheme) -> ExitCode {
    for error in report.errors.iter().take(SHOWN) {
        let field = if error.field.is_empty() { String::new() } else { format!(", {}", error.field) };
        println!("第 {} 行 row{field}: {} ({})", error.line, error.zh, error.en);
    }
    if report.errors.len() > SHOWN {
        println!("… 共 {} 处 in all", report.errors.len());
    }
    if !report.errors.is_empty() {
        eprintln!("aixin: {} of {} rows cannot be taken; nothing was written", report.errors.len(), report.rows);
        return ExitCode::FAILURE;
    }
    let (rows, new, known) = (report.rows, report.written, report.known);
    if dry_run {
        println!("{rows} rows are correct: {new} new, {known} known already; nothing was written");
        return ExitCode::SUCCESS;
    }
    println!("{rows} rows: {new} new, {known} known already");
    if report.confirmed > 0 {
        let points = format_points(report.points, scheme.config().points_scale);
        println!("{} confirmed: {} hours, {points} points", report.confirmed, hours_text(report.minutes));
    }
    ExitCode::SUCCESS
}

/// Shown on terminals only.
fn bar(steps: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {per_sec} {eta}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn service_line(line: u32, row: ServiceRow) -> ServiceLine {
    ServiceLine {
        line,
        name: row.name,
        number: row.number,
        title: row.title,
        content: row.content,
        occurred_on: row.occurred_on,
        started_at: row.started_at,
        ended_at: row.ended_at,
        minutes: row.minutes,
        category: row.category,
        place: row.place,
        organiser: row.unit,
        person_in_charge: row.person_in_charge,
        remark: row.remark,
    }
}

fn activity_line(line: u32, row: ActivityRow) -> ActivityLine {
    ActivityLine {
        line,
        title: row.title,
        content: row.content,
        held_on: row.held_on,
        starts_at: row.starts_at,
        ends_at: row.ends_at,
        category: row.category,
        place: row.place,
        organiser: row.organiser,
        unit: row.unit,
        team: row.team,
        person_in_charge: row.person_in_charge,
        capacity: row.capacity,
    }
}

fn volunteer_line(line: u32, row: VolunteerRow) -> VolunteerLine {
    VolunteerLine {
        line,
        name: row.name,
        number: row.number,
        phone: row.phone,
        id_number: row.id_number,
        birth_date: row.born_on,
        unit: row.grid,
        home_unit: row.unit,
        teams: row.teams,
        skills: row.skills,
        publish: row.consents_to_publication.unwrap_or(false),
    }
}
