//! The dated versions of the rules, and what they refer to.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;

use chrono::NaiveDate;
use toml::Spanned;
use toml::value::Datetime;

use super::{Checked, Flaw, flaw, text};
use crate::config::file::{CapFile, ExpiryFile, OverrideFile, RuleFile, Text, VersionFile};
use crate::config::{CapRule, CapUnit, EarningRule, Expiry, ExpiryBase, HoursCredited, PartHours, Rules};
use crate::rules::{Rate, Rounding, parse_points};

const LONGEST_MINIMUM: i64 = 24 * 60;
const LONGEST_EXPIRY_MONTHS: u32 = 1_200;
const LONGEST_DEADLINE: u32 = 250;

/// What the rules refer to.
pub struct Context<'a> {
    pub points_scale: u8,
    pub known: HashSet<&'a str>,
}

pub fn versions(file: Vec<VersionFile>, context: &Context) -> Checked<Vec<Rules>> {
    let mut versions: Vec<Rules> = Vec::with_capacity(file.len());
    for version in file {
        let (from_at, label_at) = (version.from.span(), version.version.span());
        let rules = rules(version, context)?;
        if let Some(earlier) = versions.last().filter(|earlier| earlier.from >= rules.from) {
            let message = format!("versions stand in the order of their dates, and {} came before", earlier.from);
            return flaw(from_at, message);
        }
        if versions.iter().any(|earlier| earlier.version == rules.version) {
            return flaw(label_at, format!("two versions are called `{}`", rules.version));
        }
        versions.push(rules);
    }
    match versions.is_empty() {
        true => Err(Flaw { at: None, message: "a scheme has at least one version of its rules".into() }),
        false => Ok(versions),
    }
}

fn rules(file: VersionFile, context: &Context) -> Checked<Rules> {
    let deadline = *file.recording_deadline_working_days.get_ref();
    if !(1..=LONGEST_DEADLINE).contains(&deadline) {
        let message = format!("the deadline is between 1 and {LONGEST_DEADLINE} working days, not {deadline}");
        return flaw(file.recording_deadline_working_days.span(), message);
    }
    let mut evidence_without_points = BTreeSet::new();
    for evidence in file.evidence_without_points {
        if !evidence_without_points.insert(*evidence.get_ref()) {
            return flaw(evidence.span(), format!("`{}` is listed twice", evidence.get_ref()));
        }
    }
    Ok(Rules {
        from: date(&file.from)?,
        version: text(file.version)?,
        evidence_without_points,
        expiry: expiry(file.expiry, file.expiry_counts_from)?,
        recording_deadline_working_days: deadline,
        caps: caps(file.caps, context)?,
        by_category: overrides(&file.default, file.overrides, context)?,
        default: earning_rule(file.default, context)?,
    })
}

fn date(written: &Spanned<Datetime>) -> Checked<NaiveDate> {
    let Datetime { date: Some(date), time: None, offset: None } = *written.get_ref() else {
        return flaw(written.span(), "rules begin on a day, written like 2026-01-31 without a time".into());
    };
    NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into())
        .map_or_else(|| flaw(written.span(), format!("there is no day {date}")), Ok)
}

fn expiry(written: Spanned<ExpiryFile>, base: Option<Spanned<ExpiryBase>>) -> Checked<Expiry> {
    let at = written.span();
    match (written.into_inner(), base) {
        (ExpiryFile::Never, None) => Ok(Expiry::Never),
        (ExpiryFile::Never, Some(base)) => {
            flaw(base.span(), "points that never expire have no `expiry_counts_from`".into())
        }
        (ExpiryFile::Months(months), _) if !(1..=LONGEST_EXPIRY_MONTHS).contains(&months) => {
            flaw(at, format!("points last between 1 and {LONGEST_EXPIRY_MONTHS} months, not {months}"))
        }
        (_, None) => {
            flaw(at, "points that expire need `expiry_counts_from`: `service_date` or `recording_date`".into())
        }
        (ExpiryFile::YearEnd, Some(base)) => Ok(Expiry::YearEnd { from: base.into_inner() }),
        (ExpiryFile::Months(months), Some(base)) => Ok(Expiry::Months { months, from: base.into_inner() }),
    }
}

fn overrides(default: &RuleFile, file: Vec<OverrideFile>, context: &Context) -> Checked<BTreeMap<String, EarningRule>> {
    let mut by_category = BTreeMap::new();
    for one in file {
        let at = one.categories.span();
        let default = default.clone();
        let rule = RuleFile {
            points_per_hour: one.points_per_hour.unwrap_or(default.points_per_hour),
            part_hours: one.part_hours.unwrap_or(default.part_hours),
            rounding: one.rounding.unwrap_or(default.rounding),
            hours_credited: one.hours_credited.unwrap_or(default.hours_credited),
            minimum: one.minimum.or(default.minimum),
        };
        let rule = earning_rule(rule, context)?;
        for category in group(one.categories, context)? {
            if by_category.contains_key(&category) {
                return flaw(at, format!("`{category}` already has an override"));
            }
            by_category.insert(category, rule.clone());
        }
    }
    Ok(by_category)
}

fn earning_rule(file: RuleFile, context: &Context) -> Checked<EarningRule> {
    let at = file.points_per_hour.span();
    let written = file.points_per_hour.get_ref();
    let points_per_hour = Rate::parse(written).or_else(|error| flaw(at.clone(), error.to_string()))?;
    let grain = file.part_hours.grain_minutes();
    let exact = points_per_hour.points(grain, context.points_scale, Rounding::Down).is_some_and(|points| points.exact);
    if file.part_hours != PartHours::Proportional && !exact {
        let message = format!(
            "{grain} minutes at {written} points per hour do not come out even with points_scale = {}",
            context.points_scale
        );
        return flaw(at, message);
    }
    let hours_credited = *file.hours_credited.get_ref();
    if file.part_hours == PartHours::Proportional && hours_credited == HoursCredited::AsCounted {
        let message = "`proportional` counts every minute, so the hours are credited `as_served`";
        return flaw(file.hours_credited.span(), message.into());
    }
    if let Some(minimum) = file.minimum.as_ref()
        && !(0..=LONGEST_MINIMUM).contains(&minimum.get_ref().minutes)
    {
        let minutes = minimum.get_ref().minutes;
        let message = format!("the minimum is between 0 and {LONGEST_MINIMUM} minutes, not {minutes}");
        return flaw(minimum.span(), message);
    }
    Ok(EarningRule {
        points_per_hour,
        part_hours: file.part_hours,
        rounding: file.rounding,
        hours_credited,
        minimum: file.minimum.map(Spanned::into_inner),
    })
}

fn caps(file: Vec<CapFile>, context: &Context) -> Checked<Vec<CapRule>> {
    let mut caps: Vec<CapRule> = Vec::with_capacity(file.len());
    for cap in file {
        let at = cap.per.span();
        let per = *cap.per.get_ref();
        let (unit, limit) = cap_limit(cap.limit_minutes, cap.limit_points, at.clone(), context)?;
        let categories = cap.categories.map_or(Ok(BTreeSet::new()), |categories| group(categories, context))?;
        // What was used of two equal caps would be kept under one name.
        if caps.iter().any(|other| (other.unit, other.per, &other.categories) == (unit, per, &categories)) {
            return flaw(at, "an earlier cap limits the same amount for the same period and categories".into());
        }
        caps.push(CapRule { unit, per, limit, categories, over: cap.over });
    }
    caps.sort_by_key(|cap| cap.per);
    Ok(caps)
}

fn cap_limit(
    minutes: Option<Spanned<i64>>,
    points: Option<Text>,
    cap_at: Range<usize>,
    context: &Context,
) -> Checked<(CapUnit, i64)> {
    let (unit, limit, at) = match (minutes, points) {
        (Some(minutes), None) => (CapUnit::Minutes, *minutes.get_ref(), minutes.span()),
        (None, Some(points)) => {
            let limit = parse_points(points.get_ref(), context.points_scale)
                .or_else(|error| flaw(points.span(), error.to_string()))?;
            (CapUnit::Points, limit, points.span())
        }
        _ => {
            return flaw(cap_at, "a cap has either `limit_minutes` or `limit_points`".into());
        }
    };
    match limit > 0 {
        true => Ok((unit, limit)),
        false => flaw(at, "the limit of a cap is more than 0".into()),
    }
}

/// A list of categories that all exist, each once.
fn group(written: Spanned<Vec<Text>>, context: &Context) -> Checked<BTreeSet<String>> {
    if written.get_ref().is_empty() {
        return flaw(written.span(), "the list of categories is empty".into());
    }
    let mut group = BTreeSet::new();
    for code in written.into_inner() {
        let at = code.span();
        let code = code.into_inner();
        if !context.known.contains(code.as_str()) {
            return flaw(at, format!("the scheme has no category `{code}`"));
        }
        if let Some(twice) = group.replace(code) {
            return flaw(at, format!("`{twice}` is listed twice"));
        }
    }
    Ok(group)
}
