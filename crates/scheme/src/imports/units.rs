//! Lists of units: the organisation tree as an office keeps it.

use super::{ImportError, LineError, Report, error};
use crate::config::UnitKind;
use crate::schemes::OpenScheme;
use crate::units::{self, UnitDetails, UnitError, kind_of};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::HashSet;

/// A row of a list of units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitLine {
    pub line: u32,
    /// A code, or a numbering: 1.2.3 stands below 1.2.
    pub code: String,
    pub name: String,
    /// In words, or as the configuration writes it.
    pub kind: String,
    pub parent: Option<String>,
}

/// Puts all units of a list, in whatever order, or none. A unit that stands elsewhere in the list than in the tree is moved from
/// `from` on, or from today.
pub async fn units(
    scheme: &OpenScheme,
    lines: Vec<UnitLine>,
    from: Option<NaiveDate>,
    dry_run: bool,
    now: DateTime<Utc>,
) -> Result<Report, ImportError> {
    let mut report = Report { rows: lines.len(), ..Report::default() };
    let organisation = scheme.organisation().await?;
    let listed: HashSet<&str> = lines.iter().map(|line| line.code.as_str()).collect();
    let is_known = |code: &str| listed.contains(code) || organisation.unit(code).is_some();
    let mut details = Vec::with_capacity(lines.len());
    for line in &lines {
        let Some(kind) = kind(&line.kind) else {
            let (zh, en) =
                (format!("没有单位类型“{}”", line.kind), format!("there is no kind of unit {:?}", line.kind));
            report.errors.push(error(line.line, "kind", "unknown_kind", zh, en));
            continue;
        };
        // A numbering says by itself below what it stands.
        let above = line.code.rsplit_once('.').map(|(above, _)| above).filter(|above| is_known(above));
        let parent = line.parent.clone().or_else(|| above.map(str::to_owned));
        details.push(UnitDetails { code: line.code.clone(), name: line.name.clone(), kind, parent, from });
    }
    if !report.errors.is_empty() {
        return Ok(report);
    }
    match units::put_many(scheme, details, dry_run, now).await {
        Ok(counts) => {
            report.written = counts.created + counts.changed;
            report.known = counts.same;
        }
        Err(UnitError::Refused(flaws)) => {
            let told = |flaw: units::UnitFlaw| -> Option<LineError> {
                let line = lines.get(flaw.place)?;
                Some(error(line.line, flaw.field, flaw.code, flaw.zh(), flaw.en()))
            };
            report.errors.extend(flaws.into_iter().filter_map(told));
        }
        Err(UnitError::Database(error)) => return Err(error.into()),
        Err(other) => return Err(ImportError::NotPosted(other.to_string())),
    }
    Ok(report)
}

/// What people call the kinds of units.
fn kind(written: &str) -> Option<UnitKind> {
    const WORDS: [(UnitKind, &[&str]); 16] = [
        (UnitKind::City, &["市"]),
        (UnitKind::District, &["区", "县", "区县"]),
        (UnitKind::Street, &["街道", "街道办"]),
        (UnitKind::Town, &["乡镇", "乡", "镇"]),
        (UnitKind::Community, &["社区", "村", "居委会", "居民区", "村居"]),
        (UnitKind::Compound, &["小区"]),
        (UnitKind::Grid, &["网格"]),
        (UnitKind::Building, &["楼栋", "楼", "楼院"]),
        (UnitKind::Staircase, &["单元", "楼道", "梯位"]),
        (UnitKind::PartyBranch, &["党支部", "党小组", "党委", "党员中心户"]),
        (UnitKind::Institution, &["机关", "事业单位", "学校", "单位"]),
        (UnitKind::Enterprise, &["企业", "公司"]),
        (UnitKind::Property, &["物业", "物业公司"]),
        (UnitKind::SocialOrganisation, &["社会组织"]),
        (UnitKind::Team, &["服务队", "队伍"]),
        (UnitKind::Club, &["社团", "俱乐部"]),
    ];
    let found = WORDS.into_iter().find(|(_, words)| words.contains(&written)).map(|(kind, _)| kind);
    found.or_else(|| kind_of(&written.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_known_by_their_words() {
        for (written, expected) in [
            ("网格", Some(UnitKind::Grid)),
            ("grid", Some(UnitKind::Grid)),
            ("Party_Branch", Some(UnitKind::PartyBranch)),
            ("楼院", Some(UnitKind::Building)),
            ("星球", None),
        ] {
            assert_eq!(kind(written), expected, "{written}");
        }
    }
}
