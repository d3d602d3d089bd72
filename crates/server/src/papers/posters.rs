//! The ranking as a poster for the wall.

use super::unit_name;
use reports::documents::poster::{Poster, PosterEntry};
use scheme::config::Scheme;
use scheme::names::masked;
use scheme::rankings::{By, RankingRow};
use scheme::rules::{format_points, hours_text};
use scheme::units::Organisation;

/// As many as fit.
pub const MOST: usize = 33;

/// The first of a ranking. Whoever has not agreed to be named is left out; the ranks of the others stay.
pub fn poster(
    config: &Scheme,
    title: String,
    rows: &[RankingRow],
    (by, large): (By, bool),
    organisation: &Organisation,
    footer: Vec<String>,
) -> Poster {
    let amount = |row: &RankingRow| match by {
        By::Hours => format!("{} 小时", hours_text(row.sums.minutes)),
        By::Points => format!("{} 分", format_points(row.sums.points, config.points_scale)),
        By::Services => format!("{} 次", row.sums.services),
        By::Rating => format!("{} 星", format_points(row.sums.average().hundredths(), 2)),
    };
    let named = rows.iter().filter(|row| row.consent_publish).take(MOST);
    let entries = named.map(|row| PosterEntry {
        rank: u32::try_from(row.rank).unwrap_or(u32::MAX),
        name: masked(&row.name),
        group: unit_name(organisation, row.unit.as_deref()),
        amount: amount(row),
    });
    Poster { title, subtitle: config.name.clone(), entries: entries.collect(), footer, large }
}
