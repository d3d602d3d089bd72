//! The order of a selection, and who is level with whom. Pure.

use super::rules::Measure;
use crate::ratings::Average;
use std::cmp::{Ordering, Reverse};

/// What somebody did in the period, as far as it counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Merits {
    pub minutes: i64,
    /// Earned, minor units.
    pub points: i64,
    pub services: i64,
    /// Of the stars.
    pub rating_sum: i64,
    pub rating_count: i64,
    /// The sequence of the newest confirmation that counts: who has a smaller one had it all earlier. 0: there is none.
    pub attained: i64,
}

impl Merits {
    /// Hundredths of a star; 0 without ratings.
    pub fn rating(&self) -> i64 {
        Average { count: self.rating_count, sum: self.rating_sum }.hundredths()
    }

    /// What decides over the rank.
    pub fn of(&self, measure: Measure) -> i64 {
        match measure {
            Measure::Hours => self.minutes,
            Measure::Points => self.points,
            Measure::Services => self.services,
            Measure::Rating => self.rating(),
        }
    }
}

/// Who comes first: the higher figure; of equals the one with more services, the better rating, the earlier attainment, the
/// lower number.
pub fn compare(measure: Measure, one: (&Merits, &str), other: (&Merits, &str)) -> Ordering {
    let key = |(merits, number): (&Merits, &str)| {
        (
            Reverse(merits.of(measure)),
            Reverse(merits.services),
            Reverse(merits.rating()),
            merits.attained,
            number.to_owned(),
        )
    };
    key(one).cmp(&key(other))
}

/// The ranks of figures in order, highest first: 1, 2, 2, 4.
pub fn ranks(figures: impl IntoIterator<Item = i64>) -> Vec<i64> {
    let (mut rank, mut before) = (0, None);
    let next = |(position, figure): (i64, i64)| {
        if before != Some(figure) {
            (rank, before) = (position, Some(figure));
        }
        rank
    };
    (1..).zip(figures).map(next).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equal_figures_share_a_rank_and_the_next_is_left_out() {
        assert_eq!(ranks([300, 120, 120, 60, 60, 60, 1]), [1, 2, 2, 4, 4, 4, 7]);
        assert!(ranks([]).is_empty());
    }

    #[test]
    fn of_equals_services_rating_attainment_and_number_decide_in_this_order() {
        let least = Merits { minutes: 60, services: 1, attained: 9, ..Merits::default() };
        let earlier = Merits { attained: 8, ..least };
        let rated = Merits { rating_sum: 9, rating_count: 2, ..least };
        let busy = Merits { services: 2, ..least };
        let long = Merits { minutes: 61, ..least };
        let mut all = vec![(least, "Z2"), (least, "Z1"), (earlier, "Z9"), (rated, "Z9"), (busy, "Z9"), (long, "Z9")];
        all.sort_by(|one, other| compare(Measure::Hours, (&one.0, one.1), (&other.0, other.1)));
        let expected = [(long, "Z9"), (busy, "Z9"), (rated, "Z9"), (earlier, "Z9"), (least, "Z1"), (least, "Z2")];
        assert_eq!(all, expected);
    }

    proptest! {
        #[test]
        fn a_rank_is_one_more_than_those_who_are_better(mut figures in prop::collection::vec(0_i64..20, 0..60)) {
            figures.sort_unstable_by_key(|figure| Reverse(*figure));
            let given = ranks(figures.iter().copied());
            for (figure, rank) in figures.iter().zip(given) {
                let better = figures.iter().filter(|other| *other > figure).count();
                prop_assert_eq!(rank, i64::try_from(better).unwrap() + 1);
            }
        }
    }
}
