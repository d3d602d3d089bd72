//! Blocks and brackets: points as a function of the total time, and what a record adds to it.

use super::Rounding;
use crate::config::{Blocks, CountedOver, PartUnits, Tier};

/// The points that `minutes` in total are worth, in minor units of a scale of `scale` decimals; `None` when they are too
/// many to be stored. Each bracket is rounded by itself. Never falls as the minutes grow, so what a record adds is never
/// negative, and a record cut in two adds the same as the whole.
pub fn cumulative(blocks: &Blocks, minutes: i64, scale: u8, rounding: Rounding) -> Option<i64> {
    let mut points = 0_i64;
    let mut from = 0_i64;
    for tier in &blocks.tiers {
        let until = tier.up_to_hours.and_then(|hours| hours.whole_minutes()).unwrap_or(i64::MAX);
        let slice = minutes.min(until).saturating_sub(from).max(0);
        points = points.checked_add(bracket(blocks.part_blocks, tier, slice, scale, rounding)?)?;
        from = until;
        if minutes <= until {
            break;
        }
    }
    Some(points)
}

fn bracket(parts: PartUnits, tier: &Tier, slice: i64, scale: u8, rounding: Rounding) -> Option<i64> {
    let block = tier.per_hours.whole_minutes().filter(|minutes| *minutes > 0)?;
    match parts {
        PartUnits::Ignored => slice.checked_div(block)?.checked_mul(tier.points.minor(scale)),
        PartUnits::Proportional => {
            tier.points.share(slice.into(), block.into(), scale, rounding).map(|points| points.minor)
        }
    }
}

impl CountedOver {
    /// The name of the running total that `day` lies in; `None` when each record stands for itself.
    pub fn total(self, day: chrono::NaiveDate) -> Option<String> {
        use super::Period;
        let period = match self {
            CountedOver::Record => return None,
            CountedOver::Day => Period::Day,
            CountedOver::Month => Period::Month,
            CountedOver::Year => Period::Year,
            CountedOver::Ever => return Some("ever".to_owned()),
        };
        Some(format!("{}/{}", period.as_str(), period.of(day)))
    }
}
