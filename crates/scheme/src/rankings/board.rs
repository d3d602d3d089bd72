//! A ranking in memory: all who served in a period, in order by each measure. Pure.
//!
//! A page of a small unit out of a million volunteers is a walk along one array, and somebody's place a shorter one: no index
//! of a database answers either as fast. The tables stay the truth; a board is made from them and brought up to date from them.

use super::By;
use super::order::Order;
use crate::config::RankTies;
use crate::ratings::Average;
use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;
use std::ops::ControlFlow;
use uuid::Uuid;

/// What somebody did in the period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    pub minutes: i64,
    /// Minor units.
    pub points: i64,
    pub services: i64,
    /// Ratings that were given in the period and not withdrawn.
    pub ratings: i64,
    /// Of these.
    pub stars: i64,
}

impl Sums {
    /// The figure that is ranked: minutes, minor units, a number, or hundredths of a star.
    pub fn of(self, by: By) -> i64 {
        match by {
            By::Hours => self.minutes,
            By::Points => self.points,
            By::Services => self.services,
            By::Rating => self.average().hundredths(),
        }
    }

    pub fn average(self) -> Average {
        Average { count: self.ratings, sum: self.stars }
    }

    /// Whether it takes part: nobody is ranked for nothing, and by rating only from so many ratings on.
    pub fn is_ranked(self, by: By, least_ratings: i64) -> bool {
        match by {
            By::Rating => self.ratings >= least_ratings.max(1),
            By::Hours | By::Points | By::Services => self.services > 0,
        }
    }

    pub fn add(&mut self, more: Sums) {
        self.minutes = self.minutes.saturating_add(more.minutes);
        self.points = self.points.saturating_add(more.points);
        self.services = self.services.saturating_add(more.services);
        self.ratings = self.ratings.saturating_add(more.ratings);
        self.stars = self.stars.saturating_add(more.stars);
    }
}

/// Gives out ranks, from the highest figure down.
#[derive(Debug, Clone, Copy)]
pub struct Ranks {
    ties: RankTies,
    seen: i64,
    rank: i64,
    before: Option<i64>,
}

impl Ranks {
    pub fn new(ties: RankTies) -> Ranks {
        Ranks { ties, seen: 0, rank: 0, before: None }
    }

    /// The rank of whoever comes next, with this figure.
    pub fn next(&mut self, value: i64) -> i64 {
        self.seen = self.seen.saturating_add(1);
        if self.before != Some(value) || self.ties == RankTies::ServicesThenNumber {
            self.rank = match self.ties {
                RankTies::Dense => self.rank.saturating_add(1),
                RankTies::Shared | RankTies::ServicesThenNumber => self.seen,
            };
            self.before = Some(value);
        }
        self.rank
    }
}

/// One volunteer on the board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub id: Uuid,
    pub number: Box<str>,
    pub unit: Option<String>,
    pub home_unit: Option<String>,
    pub sums: Sums,
}

/// Which volunteers are ranked among each other: all, or those of these units, and of these people.
#[derive(Debug, Clone, Copy, Default)]
pub struct Among<'a> {
    pub units: Option<&'a [String]>,
    pub home_units: Option<&'a [String]>,
    /// Of a team.
    pub members: Option<&'a [Uuid]>,
}

/// A place; which rank equal figures get is the scheme's to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    pub id: Uuid,
    pub rank: i64,
    pub sums: Sums,
}

/// Somebody's place, and how far it is to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub rank: i64,
    /// How many are ranked.
    pub of: i64,
    /// How many share the rank, whoever is asked about included.
    pub level: i64,
    pub sums: Sums,
    /// The next higher figure that somebody has; `None` at the top.
    pub next: Option<i64>,
}

/// A unit's name, by number; 0 is no unit.
#[derive(Default)]
struct Codes {
    numbers: HashMap<String, u32>,
}

impl Codes {
    fn number(&mut self, code: Option<&str>) -> u32 {
        let Some(code) = code else { return 0 };
        if let Some(number) = self.numbers.get(code) {
            return *number;
        }
        let number = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX).saturating_add(1);
        self.numbers.insert(code.to_owned(), number);
        number
    }

    /// Which numbers are among `codes`.
    fn chosen(&self, codes: &[String]) -> Vec<bool> {
        let mut chosen = vec![false; self.numbers.len() + 1];
        for number in codes.iter().filter_map(|code| self.numbers.get(code.as_str())) {
            if let Some(chosen) = usize::try_from(*number).ok().and_then(|place| chosen.get_mut(place)) {
                *chosen = true;
            }
        }
        chosen
    }
}

struct Volunteer {
    id: Uuid,
    number: Box<str>,
    unit: u32,
    home_unit: u32,
    sums: Sums,
}

/// A place in an order, with what a filter looks at beside it, so that a walk stays within one array.
#[derive(Clone, Copy)]
struct Slot {
    value: i64,
    services: i64,
    place: u32,
    unit: u32,
    home_unit: u32,
}

/// The ranking of a period.
#[derive(Default)]
pub struct Board {
    volunteers: Vec<Volunteer>,
    places: HashMap<Uuid, u32>,
    units: Codes,
    home_units: Codes,
    /// Whoever has fewer is not ranked by rating.
    least_ratings: i64,
    /// By each of [`MEASURES`]: the highest first, within a figure by services and then by number.
    orders: [Order<Slot>; 4],
}

const MEASURES: [By; 4] = [By::Hours, By::Points, By::Services, By::Rating];

impl Board {
    /// A board of all these.
    pub fn made_of(mut lines: Vec<Line>, least_ratings: i64) -> Board {
        // In the order of their numbers, so that of equal figures the places decide and no number is looked at again.
        lines.sort_unstable_by(|one, other| one.number.cmp(&other.number));
        let mut board = Board { least_ratings, ..Board::default() };
        lines.into_iter().for_each(|line| {
            board.settle(line);
        });
        board.orders = MEASURES.map(|by| {
            let slots =
                board.volunteers.iter().enumerate().filter_map(|(place, one)| slot(place, one, by, least_ratings));
            let mut slots: Vec<Slot> = slots.collect();
            slots.sort_unstable_by_key(|slot| (Reverse((slot.value, slot.services)), slot.place));
            Order::of(&slots)
        });
        board
    }

    pub fn least_ratings(&self) -> i64 {
        self.least_ratings
    }

    /// Brings the board up to date: `changed` are as they are now. Whoever has no service in the period is not ranked.
    pub fn update(&mut self, changed: Vec<Line>) {
        for line in changed {
            if let Some(place) = self.places.get(&line.id).copied().and_then(index) {
                self.reorder(place, Order::remove_slot);
            }
            let place = self.settle(line);
            self.reorder(place, Order::insert_slot);
        }
    }

    /// Takes somebody out of every order, or puts them in, as they are now.
    fn reorder(&mut self, place: usize, act: fn(&mut Order<Slot>, Slot, &[Volunteer])) {
        let Some(volunteer) = self.volunteers.get(place) else { return };
        for (by, order) in MEASURES.into_iter().zip(&mut self.orders) {
            if let Some(slot) = slot(place, volunteer, by, self.least_ratings) {
                act(order, slot, &self.volunteers);
            }
        }
    }

    /// Writes a line where it belongs, and answers where that is.
    fn settle(&mut self, line: Line) -> usize {
        let volunteer = Volunteer {
            id: line.id,
            number: line.number,
            unit: self.units.number(line.unit.as_deref()),
            home_unit: self.home_units.number(line.home_unit.as_deref()),
            sums: line.sums,
        };
        let known = self.places.get(&line.id).copied().and_then(index);
        match known.and_then(|place| self.volunteers.get_mut(place).map(|known| (place, known))) {
            Some((place, known)) => {
                *known = volunteer;
                place
            }
            None => {
                let place = self.volunteers.len();
                self.places.insert(line.id, u32::try_from(place).unwrap_or(u32::MAX));
                self.volunteers.push(volunteer);
                place
            }
        }
    }

    /// `limit` places after the first `offset`.
    pub fn page(&self, by: By, ties: RankTies, among: Among, offset: usize, limit: usize) -> Vec<Placed> {
        let mut ranks = Ranks::new(ties);
        let ranked = self.of(by, among).map(|slot| (slot, ranks.next(slot.value)));
        let placed = |(slot, rank): (Slot, i64)| {
            let one = self.volunteers.get(index(slot.place)?)?;
            Some(Placed { id: one.id, rank, sums: one.sums })
        };
        ranked.skip(offset).take(limit).filter_map(placed).collect()
    }

    /// How many are ranked.
    pub fn len(&self, by: By, among: Among) -> i64 {
        match among {
            Among { units: None, home_units: None, members: None } => count(self.order(by).len()),
            _ => count(self.of(by, among).count()),
        }
    }

    /// Somebody's place among those who are asked for; `None` for whoever is not one of them.
    pub fn place(&self, by: By, ties: RankTies, among: Among, id: Uuid) -> Option<Place> {
        let own = *self.places.get(&id)?;
        let sums = self.volunteers.get(index(own)?)?.sums;
        let value = sums.of(by);
        let (mut ranks, mut rank, mut level, mut next) = (Ranks::new(ties), None, 0_i64, None);
        // Not `for`, which would ask anew for every slot in which piece, of which list it is.
        let _ = self.of(by, among).try_for_each(|slot| {
            match slot.value.cmp(&value) {
                Ordering::Less => return ControlFlow::Break(()),
                Ordering::Equal => level = level.saturating_add(1),
                Ordering::Greater => next = Some(slot.value),
            }
            let its = ranks.next(slot.value);
            if slot.place == own {
                rank = Some(its);
            }
            ControlFlow::Continue(())
        });
        let level = if ties == RankTies::ServicesThenNumber { 1 } else { level };
        rank.map(|rank| Place { rank, of: self.len(by, among), level, sums, next })
    }

    fn order(&self, by: By) -> &Order<Slot> {
        match by {
            By::Hours => &self.orders[0],
            By::Points => &self.orders[1],
            By::Services => &self.orders[2],
            By::Rating => &self.orders[3],
        }
    }

    /// Those who are asked for, in order.
    fn of(&self, by: By, among: Among) -> impl Iterator<Item = Slot> {
        let units = among.units.map(|codes| self.units.chosen(codes));
        let home_units = among.home_units.map(|codes| self.home_units.chosen(codes));
        let is_in = |chosen: &Option<Vec<bool>>, number: u32| {
            chosen.as_ref().is_none_or(|chosen| index(number).and_then(|at| chosen.get(at)).copied().unwrap_or(false))
        };
        // A few people are put in order by themselves; of all others, all are walked along.
        let members = among.members.map(|members| self.members(by, members));
        let walked = members.is_none().then(|| self.order(by).iter().copied());
        let asked = members.into_iter().flatten().chain(walked.into_iter().flatten());
        asked.filter(move |slot| is_in(&units, slot.unit) && is_in(&home_units, slot.home_unit))
    }

    fn members(&self, by: By, members: &[Uuid]) -> Vec<Slot> {
        let slot = |id: &Uuid| {
            let place = index(*self.places.get(id)?)?;
            slot(place, self.volunteers.get(place)?, by, self.least_ratings)
        };
        let mut slots: Vec<Slot> = members.iter().filter_map(slot).collect();
        slots.sort_unstable_by(|one, other| compare(one, other, &self.volunteers));
        slots.dedup_by_key(|slot| slot.place);
        slots
    }
}

impl Order<Slot> {
    fn insert_slot(&mut self, slot: Slot, volunteers: &[Volunteer]) {
        self.insert(slot, |one, other| compare(one, other, volunteers));
    }

    fn remove_slot(&mut self, slot: Slot, volunteers: &[Volunteer]) {
        self.remove(&slot, |one, other| compare(one, other, volunteers));
    }
}

/// The higher figure first; of equals the one with more services, the lower number.
fn compare(one: &Slot, other: &Slot, volunteers: &[Volunteer]) -> Ordering {
    let figures = |slot: &Slot| Reverse((slot.value, slot.services));
    let number = |slot: &Slot| index(slot.place).and_then(|place| volunteers.get(place)).map(|one| &one.number);
    let by_figures = figures(one).cmp(&figures(other));
    by_figures.then_with(|| number(one).cmp(&number(other))).then(one.place.cmp(&other.place))
}

fn slot(place: usize, volunteer: &Volunteer, by: By, least_ratings: i64) -> Option<Slot> {
    if !volunteer.sums.is_ranked(by, least_ratings) {
        return None;
    }
    Some(Slot {
        value: volunteer.sums.of(by),
        services: volunteer.sums.services,
        place: u32::try_from(place).ok()?,
        unit: volunteer.unit,
        home_unit: volunteer.home_unit,
    })
}

fn index(place: u32) -> Option<usize> {
    usize::try_from(place).ok()
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn line(id: u128, unit: &str, minutes: i64, services: i64) -> Line {
        let sums =
            Sums { minutes, points: minutes / 7, services, ratings: services * 2, stars: services * 2 + minutes };
        let (unit, home_unit) = (Some(unit.to_owned()), (!id.is_multiple_of(3)).then(|| "hospital".to_owned()));
        Line { id: Uuid::from_u128(id), number: format!("ZY{id:07}").into(), unit, home_unit, sums }
    }

    /// The same by sorting everything anew.
    fn plainly(lines: &[Line], by: By, ties: RankTies, unit: Option<&str>) -> Vec<(i64, Uuid)> {
        let is_in =
            |line: &&Line| line.sums.is_ranked(by, LEAST) && unit.is_none_or(|unit| line.unit.as_deref() == Some(unit));
        let mut lines: Vec<&Line> = lines.iter().filter(is_in).collect();
        lines.sort_by_key(|line| (Reverse((line.sums.of(by), line.sums.services)), line.number.clone()));
        let rank = |(place, line): (usize, &&Line)| {
            let mut higher: Vec<i64> = lines.iter().map(|other| other.sums.of(by)).collect();
            higher.retain(|value| *value > line.sums.of(by));
            let rank = match ties {
                RankTies::Shared => higher.len(),
                RankTies::Dense => higher.into_iter().collect::<HashSet<_>>().len(),
                RankTies::ServicesThenNumber => place,
            };
            (count(rank + 1), line.id)
        };
        lines.iter().enumerate().map(rank).collect()
    }

    const LEAST: i64 = 3;
    const TIES: [RankTies; 3] = [RankTies::Shared, RankTies::Dense, RankTies::ServicesThenNumber];

    proptest! {
        /// However a board came about, it is what sorting all of it would give.
        #[test]
        fn a_board_is_the_order_of_what_is_there(
            rounds in prop::collection::vec(prop::collection::vec((0_u128..40, 0_usize..3, 0_i64..6, 0_i64..3), 0..30), 1..6)
        ) {
            let units = ["grid-1", "grid-2", "grid-3"];
            let mut board = Board::made_of(Vec::new(), LEAST);
            let mut known: HashMap<u128, Line> = HashMap::new();
            for round in rounds {
                let lines: Vec<Line> =
                    round.iter().map(|(id, unit, minutes, services)| line(*id, units[*unit], *minutes, *services)).collect();
                // The last word on somebody counts.
                let mut changed: HashMap<Uuid, Line> = HashMap::new();
                for one in lines {
                    known.insert(one.id.as_u128(), one.clone());
                    changed.insert(one.id, one);
                }
                board.update(changed.into_values().collect());
                let lines: Vec<Line> = known.values().cloned().collect();
                for by in MEASURES {
                    for (unit, ties) in [None, Some("grid-2")].into_iter().flat_map(|unit| TIES.map(|ties| (unit, ties))) {
                        let codes = unit.map(|unit| vec![unit.to_owned()]);
                        let among = Among { units: codes.as_deref(), ..Among::default() };
                        let page: Vec<(i64, Uuid)> =
                            board.page(by, ties, among, 0, 1000).iter().map(|one| (one.rank, one.id)).collect();
                        let plain = plainly(&lines, by, ties, unit);
                        prop_assert_eq!(&page, &plain);
                        prop_assert_eq!(board.len(by, among), count(plain.len()));
                        for (rank, id) in plain {
                            prop_assert_eq!(board.place(by, ties, among, id).map(|place| place.rank), Some(rank));
                        }
                        let team: Vec<Uuid> = (0..40).filter(|id| id % 4 == 1).map(Uuid::from_u128).collect();
                        let members: Vec<Line> = lines.iter().filter(|line| team.contains(&line.id)).cloned().collect();
                        let among = Among { members: Some(&team), ..among };
                        let page: Vec<(i64, Uuid)> =
                            board.page(by, ties, among, 0, 1000).iter().map(|one| (one.rank, one.id)).collect();
                        prop_assert_eq!(page, plainly(&members, by, ties, unit), "a team among itself");
                    }
                }
            }
        }
    }

    #[test]
    fn a_place_tells_how_far_it_is_to_the_next() {
        let mut board = Board::default();
        board.update(vec![line(1, "a", 60, 1), line(2, "a", 120, 1), line(3, "b", 120, 1), line(4, "a", 0, 0)]);
        let place = board.place(By::Hours, RankTies::Shared, Among::default(), Uuid::from_u128(1)).expect("ranked");
        assert_eq!((place.rank, place.of, place.level, place.next), (3, 3, 1, Some(120)));
        let top = board.place(By::Hours, RankTies::Shared, Among::default(), Uuid::from_u128(3)).expect("ranked");
        assert_eq!((top.rank, top.level, top.next), (1, 2, None));
        let units = ["b".to_owned()];
        let among = Among { units: Some(&units), ..Among::default() };
        assert_eq!(board.place(By::Hours, RankTies::Shared, among, Uuid::from_u128(1)), None, "of another unit");
        assert_eq!(
            board.place(By::Hours, RankTies::Shared, Among::default(), Uuid::from_u128(4)),
            None,
            "without service"
        );
        assert_eq!(board.page(By::Hours, RankTies::Shared, Among::default(), 1, 1)[0].rank, 1, "level with the first");
    }

    #[test]
    fn a_tie_is_ranked_as_the_scheme_says() {
        let mut board = Board::default();
        board.update(vec![line(1, "a", 60, 1), line(2, "a", 60, 2), line(3, "a", 90, 1), line(4, "a", 30, 1)]);
        let ranks = |ties| -> Vec<(i64, u128)> {
            let page = board.page(By::Hours, ties, Among::default(), 0, 10);
            page.iter().map(|placed| (placed.rank, placed.id.as_u128())).collect()
        };
        assert_eq!(ranks(RankTies::Shared), [(1, 3), (2, 2), (2, 1), (4, 4)]);
        assert_eq!(ranks(RankTies::Dense), [(1, 3), (2, 2), (2, 1), (3, 4)]);
        assert_eq!(ranks(RankTies::ServicesThenNumber), [(1, 3), (2, 2), (3, 1), (4, 4)]);
        let level = |ties| board.place(By::Hours, ties, Among::default(), Uuid::from_u128(1)).map(|place| place.level);
        assert_eq!(TIES.map(level), [Some(2), Some(2), Some(1)]);
    }
}
