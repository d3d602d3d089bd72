//! Seats of grids by largest remainder, at least one where anybody qualifies. Pure.

use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// How many are selected, at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seats {
    pub total: i64,
    /// Of these, so many go to whoever is next, wherever they belong; the others are shared out to the grids.
    #[serde(default)]
    pub open: i64,
}

/// Shares `seats` out to grids by how many are eligible in each.
///
/// A grid whose share is below one has one. The others have their shares of what is left, rounded down; what is left over goes
/// to the largest remainders (of equal ones: to the grid with more eligible people, then to the first code). No grid has more
/// seats than eligible people, so seats are left when there are fewer people than seats. When there are fewer seats than grids
/// with anybody eligible, the grids with most eligible people have one each.
pub fn apportion(seats: i64, eligible: &BTreeMap<String, i64>) -> BTreeMap<String, i64> {
    let mut left: Vec<(&str, i64)> =
        eligible.iter().filter(|(_, people)| **people > 0).map(|(code, people)| (code.as_str(), *people)).collect();
    let mut shares: BTreeMap<String, i64> = eligible.keys().map(|code| (code.clone(), 0)).collect();
    let mut give = |code: &str, seats: i64| {
        if let Some(share) = shares.get_mut(code) {
            *share = share.saturating_add(seats);
        }
    };
    let people = |left: &[(&str, i64)]| left.iter().map(|(_, people)| i128::from(*people)).sum::<i128>();
    let mut seats = i128::from(seats.max(0));
    if people(&left) <= seats {
        left.iter().for_each(|(code, people)| give(code, *people));
        return shares;
    }
    if i128::try_from(left.len()).unwrap_or(i128::MAX) > seats {
        left.sort_by_key(|(code, people)| (Reverse(*people), *code));
        left.iter().take(usize::try_from(seats).unwrap_or(0)).for_each(|(code, _)| give(code, 1));
        return shares;
    }
    loop {
        let all = people(&left);
        let is_small = |people: i64| i128::from(people).saturating_mul(seats) < all;
        let (small, large): (Vec<_>, Vec<_>) = left.iter().copied().partition(|(_, people)| is_small(*people));
        if small.is_empty() {
            break;
        }
        small.iter().for_each(|(code, _)| give(code, 1));
        seats = seats.saturating_sub(i128::try_from(small.len()).unwrap_or(0));
        left = large;
    }
    let all = people(&left).max(1);
    let mut rest = seats;
    for (code, people) in &left {
        let whole = i128::from(*people).saturating_mul(seats) / all;
        rest = rest.saturating_sub(whole);
        give(code, i64::try_from(whole).unwrap_or(0));
    }
    left.sort_by_key(|(code, people)| {
        (Reverse(i128::from(*people).saturating_mul(seats) % all), Reverse(*people), *code)
    });
    left.iter().take(usize::try_from(rest).unwrap_or(0)).for_each(|(code, _)| give(code, 1));
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn grids(people: &[(&str, i64)]) -> BTreeMap<String, i64> {
        people.iter().map(|(code, people)| ((*code).to_owned(), *people)).collect()
    }

    #[test]
    fn by_hand() {
        // 10 seats for 47, 16, 15, 12, 6, 2 people of 98: shares 4.8, 1.6, 1.5, 1.2, 0.6, 0.2. The last two have one each; 8 seats
        // for 90 people: 4.18, 1.42, 1.33, 1.07, and the largest remainder is the second's.
        let people = grids(&[("a", 47), ("b", 16), ("c", 15), ("d", 12), ("e", 6), ("f", 2)]);
        assert_eq!(apportion(10, &people), grids(&[("a", 4), ("b", 2), ("c", 1), ("d", 1), ("e", 1), ("f", 1)]));
        assert_eq!(apportion(200, &people), people, "nobody has more seats than people: seats stay empty");
        let two = grids(&[("a", 1), ("b", 1), ("c", 1), ("d", 1), ("e", 0), ("f", 0)]);
        assert_eq!(apportion(2, &grids(&[("a", 9), ("b", 9), ("c", 3)])), grids(&[("a", 1), ("b", 1), ("c", 0)]));
        assert_eq!(apportion(4, &two), two);
        assert_eq!(apportion(5, &BTreeMap::new()), BTreeMap::new());
        assert_eq!(apportion(0, &grids(&[("a", 9)])), grids(&[("a", 0)]));
    }

    proptest! {
        #[test]
        fn all_seats_are_given_while_there_are_people_for_them(
            seats in 0_i64..300,
            people in prop::collection::btree_map("[a-f]{1,3}", 0_i64..400, 0..40),
        ) {
            let shares = apportion(seats, &people);
            let all: i64 = people.values().sum();
            prop_assert_eq!(shares.values().sum::<i64>(), seats.min(all));
            let with_people = i64::try_from(people.values().filter(|people| **people > 0).count()).unwrap();
            for (code, people) in &people {
                let share = shares[code];
                prop_assert!((0..=*people).contains(&share), "{code}: {share} of {people}");
                if *people > 0 && with_people <= seats {
                    prop_assert!(share >= 1, "{code} has nobody");
                }
            }
        }

        /// Of those with more than one seat none is further from its share than the others allow: the remainders decide.
        #[test]
        fn more_people_never_have_fewer_seats(
            seats in 0_i64..300,
            people in prop::collection::btree_map("[a-f]{1,3}", 0_i64..400, 0..40),
        ) {
            let shares = apportion(seats, &people);
            for (one, many) in &people {
                for (other, few) in &people {
                    if many > few {
                        prop_assert!(shares[one] >= shares[other], "{one} {many} {other} {few}: {shares:?}");
                    }
                }
            }
        }

        /// Where nobody's share is below one it is the method of largest remainders, as anybody would do it by hand.
        #[test]
        fn it_is_the_largest_remainder(people in prop::collection::btree_map("[a-f]{1,2}", 50_i64..100, 1..12), more in 0_i64..40) {
            let seats = i64::try_from(people.len()).unwrap() * 2 + more;
            let all: i64 = people.values().sum();
            prop_assume!(seats < all);
            let mut order: Vec<&String> = people.keys().collect();
            order.sort_by_key(|code| (Reverse(people[*code] * seats % all), Reverse(people[*code]), (*code).clone()));
            let mut plain: BTreeMap<String, i64> = people.iter().map(|(code, one)| (code.clone(), one * seats / all)).collect();
            let rest = seats - plain.values().sum::<i64>();
            for code in order.into_iter().take(usize::try_from(rest).unwrap()) {
                *plain.get_mut(code).unwrap() += 1;
            }
            prop_assert_eq!(apportion(seats, &people), plain);
        }
    }
}
