//! Passbooks on paper.

use super::{hours, points, unit_name};
use reports::documents::Stamp;
use reports::documents::passbook::{Passbook, PassbookLine};
use scheme::config::Scheme;
use scheme::passbooks;
use scheme::units::Organisation;

/// A passbook, kept by `organisation`.
pub fn passbook(
    config: &Scheme,
    units: &Organisation,
    passbook: &passbooks::Passbook,
    organisation: String,
) -> Passbook {
    let scale = config.points_scale;
    let unit = unit_name(units, passbook.volunteer.unit.as_deref());
    let more = if unit.is_empty() { Vec::new() } else { vec![("所属单位".to_owned(), unit)] };
    let lines = passbook.lines.iter().map(|line| PassbookLine {
        date: line.occurred_on,
        text: line.summary_zh.clone(),
        hours: (line.minutes != 0).then(|| hours(line.minutes)),
        points_in: (line.points > 0).then(|| points(line.points, scale)),
        points_out: (line.points < 0).then(|| points(line.points.saturating_neg(), scale)),
        balance: points(line.balance_points, scale),
    });
    Passbook {
        organisation,
        name: passbook.volunteer.name.clone(),
        volunteer_number: passbook.volunteer.number.clone(),
        more,
        from: passbook.from,
        until: passbook.until,
        opening: points(passbook.opening, scale),
        closing: points(passbook.closing, scale),
        total_hours: hours(passbook.minutes),
        places: u32::from(scale),
        lines: lines.collect(),
        evidence: format!("账册共 {} 笔分录，根 {}", passbook.as_of, hex::encode(&passbook.root)),
        stamp: Stamp::Original,
    }
}
