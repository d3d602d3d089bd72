//! The configuration as it stands in the TOML file, before it is checked. Values that a check may refuse keep
//! their place in the file.

use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use super::{CapPeriod, ExpiryBase, HoursCredited, Minimum, OverCap, PartHours, UnitKind};
use crate::rules::{Evidence, Rounding};

pub type Text = Spanned<String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemeFile {
    pub code: Text,
    pub name: Text,
    pub name_en: Text,
    pub illustrative: bool,
    pub source: Text,
    pub time_zone: Option<Text>,
    pub points_scale: Spanned<u8>,
    pub stations: Spanned<Vec<StationFile>>,
    #[serde(default)]
    pub units: Vec<UnitFile>,
    pub categories: Vec<CategoryFile>,
    pub versions: Vec<VersionFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StationFile {
    pub code: Text,
    pub name: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitFile {
    pub code: Text,
    pub name: Text,
    pub kind: UnitKind,
    pub parent: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategoryFile {
    pub code: Text,
    pub name: Text,
    pub name_en: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionFile {
    pub from: Spanned<Datetime>,
    pub version: Text,
    pub evidence_without_points: Vec<Spanned<Evidence>>,
    pub expiry: Spanned<ExpiryFile>,
    pub expiry_counts_from: Option<Spanned<ExpiryBase>>,
    pub recording_deadline_working_days: Spanned<u32>,
    pub default: RuleFile,
    #[serde(default)]
    pub overrides: Vec<OverrideFile>,
    #[serde(default)]
    pub caps: Vec<CapFile>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpiryFile {
    Never,
    YearEnd,
    Months(u32),
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    pub points_per_hour: Text,
    pub part_hours: PartHours,
    pub rounding: Rounding,
    pub hours_credited: Spanned<HoursCredited>,
    pub minimum: Option<Spanned<Minimum>>,
}

/// What differs from the default rule for some categories.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverrideFile {
    pub categories: Spanned<Vec<Text>>,
    pub points_per_hour: Option<Text>,
    pub part_hours: Option<PartHours>,
    pub rounding: Option<Rounding>,
    pub hours_credited: Option<Spanned<HoursCredited>>,
    pub minimum: Option<Spanned<Minimum>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapFile {
    pub per: Spanned<CapPeriod>,
    pub limit_minutes: Option<Spanned<i64>>,
    pub limit_points: Option<Text>,
    pub categories: Option<Spanned<Vec<Text>>>,
    pub over: OverCap,
}
