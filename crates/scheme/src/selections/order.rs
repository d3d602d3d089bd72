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

    /// More minutes, points and services.
    pub fn add(&mut self, [minutes, points, services]: [i64; 3]) {
        self.minutes = self.minutes.saturating_add(minutes);
        self.points = self.points.saturating_add(points);
        self.services = self.services.saturating_add(services);
    }

    /// What decides over the rank.
    pub fn of(&self, measure: Measure) -> i64 {
        match measure {
            Measure::Hours => self.minutes,
            Measure::Points => self.points,
            Measure::Services => self.services,
            Measure::Rating => self.rating(),
            // It is no merit of anybody's; see `Figure::share`.
            Measure::Participation => 0,
        }
    }
}

impl Measure {
    /// How many of the smallest units make one, as it is shown: 60 minutes an hour.
    fn unit(self, scale: u8) -> i64 {
        match self {
            Measure::Hours => 60,
            Measure::Points => 10_i64.saturating_pow(scale.into()),
            Measure::Services | Measure::Rating | Measure::Participation => 1,
        }
    }
}

/// What decides over a rank: an amount, or its share of so many. Shares are compared as they are, not as they are shown.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    amount: i64,
    /// Above zero.
    among: i64,
}

impl Figure {
    pub fn whole(amount: i64) -> Figure {
        Figure { amount, among: 1 }
    }

    /// Of nobody it is nothing.
    pub fn share(amount: i64, among: i64) -> Figure {
        if among > 0 { Figure { amount, among } } else { Figure::whole(0) }
    }

    /// In hundredths of an hour, a point or a service.
    pub fn shown(self, measure: Measure, scale: u8) -> i64 {
        self.hundredths(measure.unit(scale))
    }

    /// In hundredths of so many of its smallest units, halves away from zero: 100 minutes of 3 members are 56 hundredths of an hour
    /// (60).
    pub fn hundredths(self, unit: i64) -> i64 {
        let (amount, among) = (i128::from(self.amount), i128::from(self.among).saturating_mul(unit.max(1).into()));
        let doubled = amount.saturating_mul(200);
        let rounded = (doubled + amount.signum() * among) / (2 * among);
        i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX })
    }

    /// In hundredths of a percent, halves up.
    pub fn basis_points(self) -> i64 {
        Figure { amount: self.amount.saturating_mul(100), ..self }.hundredths(1)
    }
}

impl Ord for Figure {
    fn cmp(&self, other: &Figure) -> Ordering {
        let one = i128::from(self.amount).saturating_mul(other.among.into());
        one.cmp(&i128::from(other.amount).saturating_mul(self.among.into()))
    }
}

impl PartialOrd for Figure {
    fn partial_cmp(&self, other: &Figure) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Figure {
    fn eq(&self, other: &Figure) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Figure {}

/// Who comes first: the higher figure; of equals the one with more services, the better rating, the earlier attainment, the
/// lower number.
pub fn compare(one: (Figure, &Merits, &str), other: (Figure, &Merits, &str)) -> Ordering {
    let ((figure, merits, number), (others, their, theirs)) = (one, other);
    let by_figure = others.cmp(&figure);
    let by_merits = || {
        let key = |merits: &Merits| (Reverse(merits.services), Reverse(merits.rating()), merits.attained);
        key(merits).cmp(&key(their))
    };
    by_figure.then_with(by_merits).then_with(|| number.cmp(theirs))
}

/// The ranks of figures in order, highest first: 1, 2, 2, 4.
pub fn ranks<T: PartialEq>(figures: impl IntoIterator<Item = T>) -> Vec<i64> {
    let (mut rank, mut before) = (0, None);
    let next = |(position, figure): (i64, T)| {
        if before.as_ref() != Some(&figure) {
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
        assert!(ranks::<i64>([]).is_empty());
    }

    #[test]
    fn shares_are_shown_rounded_and_compared_as_they_are() {
        let shown = |amount, among, unit| Figure::share(amount, among).hundredths(unit);
        assert_eq!((shown(100, 3, 60), shown(10, 4, 1), shown(-1, 8, 1), shown(5, 0, 1)), (56, 250, -13, 0));
        assert_eq!((Figure::share(2, 3).basis_points(), Figure::share(7, 7).basis_points()), (6667, 10_000));
        let (more, less) = (Figure::share(1_000_000, 3_000_001), Figure::share(999_999, 3_000_001));
        assert_eq!(more.hundredths(1), less.hundredths(1));
        assert!(more > less && Figure::share(2, 4) == Figure::share(1, 2));
    }

    #[test]
    fn of_equals_services_rating_attainment_and_number_decide_in_this_order() {
        let least = Merits { minutes: 60, services: 1, attained: 9, ..Merits::default() };
        let earlier = Merits { attained: 8, ..least };
        let rated = Merits { rating_sum: 9, rating_count: 2, ..least };
        let busy = Merits { services: 2, ..least };
        let long = Merits { minutes: 61, ..least };
        let mut all = vec![(least, "Z2"), (least, "Z1"), (earlier, "Z9"), (rated, "Z9"), (busy, "Z9"), (long, "Z9")];
        let hours = |merits: &Merits| Figure::whole(merits.of(Measure::Hours));
        all.sort_by(|one, other| compare((hours(&one.0), &one.0, one.1), (hours(&other.0), &other.0, other.1)));
        let expected = [(long, "Z9"), (busy, "Z9"), (rated, "Z9"), (earlier, "Z9"), (least, "Z1"), (least, "Z2")];
        assert_eq!(all, expected);
    }

    /// Which share is greater, by long division of one after the other: whole parts first, then what is left the other way round.
    fn divided((one, among): (i64, i64), (other, others): (i64, i64)) -> Ordering {
        let by_whole = one.div_euclid(among).cmp(&other.div_euclid(others));
        let (left, lefts) = (one.rem_euclid(among), other.rem_euclid(others));
        by_whole.then_with(|| match (left, lefts) {
            (0, 0) => Ordering::Equal,
            (0, _) => Ordering::Less,
            (_, 0) => Ordering::Greater,
            _ => divided((others, lefts), (among, left)),
        })
    }

    proptest! {
        /// Nothing is lost to rounding or to overflow, and the order is one: of three no two contradict the third.
        #[test]
        fn shares_are_in_exact_order(
            one in (-9_i64..=i64::MAX, 1..=i64::MAX), other in (-9_i64..=i64::MAX, 1..=i64::MAX),
            near in 1_i64..1000, far in 1_i64..1000, small in (0_i64..30, 1_i64..30), times in 1_i64..1_000_000,
        ) {
            let of = |(amount, among)| Figure::share(amount, among);
            prop_assert_eq!(of(one).cmp(&of(other)), divided(one, other));
            prop_assert_eq!(of(one).cmp(&of(other)), of(other).cmp(&of(one)).reverse());
            let scaled = (small.0 * times, small.1 * times);
            prop_assert!(of(small) == of(scaled), "{small:?} is {scaled:?}");
            prop_assert!(of((small.0 * times + 1, small.1 * times)) > of(small));
            let shares = [of((near, far)), of(small), of((far, near))];
            prop_assert_eq!(shares[0] < shares[1] && shares[1] < shares[2] && shares[0] >= shares[2], false);
        }

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
