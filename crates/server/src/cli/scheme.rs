//! `aixin scheme`: configurations.

use crate::api::schemes::Case;
use crate::clock::wall_clock;
use crate::settings::Settings;
use anyhow::{Context, anyhow, bail};
use scheme::config::{Finding, Scheme, Severity, json_schema};
use scheme::rules::{format_points, hours_text};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Load, check and try out the configuration of a scheme
#[derive(clap::Subcommand)]
pub enum Command {
    /// Put configurations in force
    ///
    /// Rules that have been in force must stay what they were; what changes is a version of its own.
    #[command(after_help = "Example:\n  aixin scheme apply ziyang.toml haiyue.toml")]
    Apply {
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Change even rules that have been in force, as when they were copied down wrongly; what was confirmed stays
        #[arg(long)]
        change_past: bool,
        #[command(flatten)]
        settings: Settings,
    },
    /// Check configurations; nothing is changed
    ///
    /// Every finding is a line FILE:LINE:COLUMN; with errors the exit status is 1, warnings leave it at 0.
    #[command(after_help = "Example:\n  aixin scheme check ziyang.toml")]
    Check {
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        _settings: Settings,
    },
    /// Compute what a record would earn, with the arithmetic
    #[command(
        after_help = "Example:\n  aixin scheme explain ziyang.toml \\\n    --case '{\"category\":\"emergency\",\"occurred_on\":\"2026-03-05\",\"minutes\":150,\"evidence\":\"kiosk\"}'"
    )]
    Explain {
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// category, occurred_on, minutes, evidence; also level, role, count, filed, recorded_on, confirmed_on, points, lift_caps, volunteer, known
        #[arg(long, value_name = "JSON")]
        case: String,
        #[command(flatten)]
        _settings: Settings,
    },
    /// Print the JSON Schema of configurations, for editors
    #[command(after_help = "Example:\n  aixin scheme schema > scheme.schema.json")]
    Schema {
        #[command(flatten)]
        _settings: Settings,
    },
}

pub async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Apply { files, change_past, settings } => apply(&files, change_past, &settings).await,
        Command::Check { files, .. } => check(&files),
        Command::Explain { file, case, .. } => explain(&file, &case),
        Command::Schema { .. } => {
            println!("{:#}", json_schema());
            Ok(())
        }
    }
}

async fn apply(files: &[PathBuf], change_past: bool, settings: &Settings) -> anyhow::Result<()> {
    // All are checked before any is applied.
    let texts = files.iter().map(read).collect::<anyhow::Result<Vec<_>>>()?;
    let schemes = settings.open(Arc::new(wall_clock)).await?;
    for ((file, text), path) in texts.iter().zip(files) {
        let applied = schemes.apply_over(text, change_past, wall_clock()).await;
        let applied = applied.with_context(|| path.display().to_string())?;
        let how = if applied.changed { "applied" } else { "in force already" };
        println!("{}: {how}, edition {} of {}", file.code, applied.edition, file.name);
    }
    schemes.close().await;
    Ok(())
}

/// All files are checked, and all that is found is shown, before it fails.
fn check(files: &[PathBuf]) -> anyhow::Result<()> {
    let mut errors = 0_usize;
    for path in files {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let (checked, findings) = match Scheme::parse_with_warnings(&text) {
            Ok((scheme, warnings)) => (Some(scheme), warnings),
            Err(error) => (None, error.findings),
        };
        for finding in &findings {
            println!("{}", place_and_finding(path, finding));
        }
        errors = errors.saturating_add(findings.iter().filter(|one| one.severity == Severity::Error).count());
        if let Some(scheme) = checked {
            let versions = scheme.versions().len();
            let plural = if versions == 1 { "" } else { "s" };
            println!("{}: 正确，{versions} 个版本 correct, {versions} version{plural} of the rules", scheme.code);
        }
    }
    match errors {
        0 => Ok(()),
        1 => bail!("1 error"),
        errors => bail!("{errors} errors"),
    }
}

/// `FILE:LINE:COLUMN: …`, as compilers say it, so that editors can go there.
fn place_and_finding(path: &Path, finding: &Finding) -> String {
    let (line, column) = finding.line_and_column.unwrap_or((1, 1));
    let said = Finding { line_and_column: None, ..finding.clone() };
    format!("{}:{line}:{column}: {said}", path.display())
}

fn read(path: &PathBuf) -> anyhow::Result<(Scheme, String)> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let scheme = Scheme::parse(&text).with_context(|| path.display().to_string())?;
    Ok((scheme, text))
}

fn explain(file: &PathBuf, case: &str) -> anyhow::Result<()> {
    let (scheme, _) = read(file)?;
    let case: Case =
        serde_json::from_str(case).map_err(|error| anyhow!("看不懂这个例子 the case is not understood: {error}"))?;
    let (earning, needs) = match case.earn(&scheme, scheme.day_of(wall_clock())) {
        Ok(worked) => worked,
        Err(problem) => bail!("{}", problem.one_line()),
    };
    for step in &earning.calculation {
        println!("{}  {}", step.zh, step.en);
    }
    let points = format_points(earning.points, scheme.points_scale);
    println!("= {points} 分 points, {} 小时 h ({} min)", hours_text(earning.minutes), earning.minutes);
    for credit in earning.credits.iter() {
        println!("  账本 account {}: {}", credit.account.as_deref().unwrap_or("points"), credit.amount);
    }
    for credit in earning.donated.iter() {
        println!("  捐赠 donated {}: {}", credit.account.as_deref().unwrap_or("points"), credit.amount);
    }
    println!("  规则 rules: {}", earning.rules_version);
    if !needs.is_empty() {
        let keys: Vec<_> = needs.iter().map(scheme::rules::Need::key).collect();
        println!("  此前 known: {}", keys.join(", "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_a_line_that_editors_understand() {
        let flawed = "code = \"a\"\n";
        let findings = Scheme::parse(flawed).unwrap_err().findings;
        let shown = place_and_finding(Path::new("schemes/a.toml"), &findings[0]);
        assert!(shown.starts_with("schemes/a.toml:1:1: 缺少 `") && !shown.contains("line 1"), "{shown}");
    }
}
