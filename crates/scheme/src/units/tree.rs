//! The tree of units, with where each stood since when. Pure.

use crate::config::UnitKind;
use chrono::NaiveDate;
use std::collections::HashMap;
use std::sync::Arc;

/// Since when the first place of a unit, and the first membership of a volunteer, counts: they have been so since ever.
pub const SINCE_EVER: NaiveDate = NaiveDate::from_ymd_opt(1, 1, 1).expect("a day");

/// Where a unit stands from a day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub from: NaiveDate,
    /// `None`: it is a root.
    pub parent: Option<String>,
}

/// The unit that another counts as a part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    pub into: String,
    pub from: NaiveDate,
}

/// A node of the organisation tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    pub code: String,
    pub name: String,
    pub kind: UnitKind,
    /// By day; at least one, the first from [`SINCE_EVER`] on.
    pub places: Vec<Place>,
    pub merged: Option<Merged>,
    /// Counts changes; what `If-Match` compares.
    pub version: i64,
}

impl Unit {
    /// The code of the unit above it on that day.
    pub fn parent(&self, on: NaiveDate) -> Option<&str> {
        let place = self.places.iter().rev().find(|place| place.from <= on).or(self.places.first());
        place.and_then(|place| place.parent.as_deref())
    }

    /// Puts it under `parent` from a day on, to where it goes on from there later.
    pub(super) fn place(&mut self, from: NaiveDate, parent: Option<String>) {
        match self.places.binary_search_by_key(&from, |place| place.from) {
            Ok(at) => self.places[at].parent = parent,
            Err(at) => self.places.insert(at, Place { from, parent }),
        }
    }
}

/// All units of a scheme.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    units: HashMap<String, Arc<Unit>>,
    /// Whoever was below a unit at any time.
    below: HashMap<String, Vec<String>>,
}

impl Tree {
    pub fn new(units: impl IntoIterator<Item = Unit>) -> Tree {
        let mut tree = Tree::default();
        units.into_iter().for_each(|unit| tree.put(unit));
        // So that whatever is listed is listed in the same order every time.
        tree.below.values_mut().for_each(|below| below.sort_unstable());
        tree
    }

    pub(super) fn put(&mut self, unit: Unit) {
        for parent in unit.places.iter().filter_map(|place| place.parent.as_ref()) {
            let below = self.below.entry(parent.clone()).or_default();
            if !below.contains(&unit.code) {
                below.push(unit.code.clone());
            }
        }
        self.units.insert(unit.code.clone(), Arc::new(unit));
    }

    pub fn len(&self) -> usize {
        self.units.len()
    }

    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    pub fn get(&self, code: &str) -> Option<&Arc<Unit>> {
        self.units.get(code)
    }

    pub fn units(&self) -> impl Iterator<Item = &Arc<Unit>> {
        self.units.values()
    }

    /// The codes of a unit and of all below it on that day; the unit alone when nobody knows it. Whoever was merged into one of
    /// them is among them.
    pub fn subtree(&self, code: &str, on: NaiveDate) -> Vec<String> {
        let mut codes = vec![code.to_owned()];
        let mut at = 0;
        while let Some(parent) = codes.get(at).cloned() {
            codes.extend(self.children(&parent, on).map(|unit| unit.code.clone()));
            at += 1;
        }
        codes
    }

    /// The units right below one on that day.
    pub fn children<'t>(&'t self, code: &'t str, on: NaiveDate) -> impl Iterator<Item = &'t Arc<Unit>> {
        let below = self.below.get(code).into_iter().flatten().filter_map(|below| self.units.get(below));
        below.filter(move |unit| unit.parent(on) == Some(code))
    }

    /// The units that had nobody above them on that day, in the order of their codes.
    pub fn roots(&self, on: NaiveDate) -> Vec<&Arc<Unit>> {
        let mut roots: Vec<_> = self.units.values().filter(|unit| unit.parent(on).is_none()).collect();
        roots.sort_unstable_by(|one, other| one.code.cmp(&other.code));
        roots
    }

    /// The codes of the units above one on that day, the nearest first.
    pub fn ancestors(&self, code: &str, on: NaiveDate) -> Vec<&str> {
        let mut above = Vec::new();
        let mut at = self.units.get(code);
        while let Some(parent) = at.and_then(|unit| unit.parent(on)) {
            // What is written has no circles; what was forced into the tables might.
            if above.contains(&parent) {
                break;
            }
            above.push(parent);
            at = self.units.get(parent);
        }
        above
    }

    /// Steps up and down from one unit to another on that day; `None` when they are in different trees.
    pub fn distance(&self, from: &str, to: &str, on: NaiveDate) -> Option<usize> {
        let line = |code| {
            let mut line = vec![code];
            line.extend(self.ancestors(code, on));
            line
        };
        let (up, down) = (line(from), line(to));
        up.iter().enumerate().find_map(|(steps, code)| {
            let back = down.iter().position(|other| other == code)?;
            Some(steps + back)
        })
    }

    /// Whether the unit would be below itself on some day from `from` on.
    pub(super) fn has_circle(&self, code: &str, days: &[NaiveDate]) -> bool {
        days.iter().any(|day| {
            let mut at = self.units.get(code).and_then(|unit| unit.parent(*day));
            for _ in 0..=self.units.len() {
                match at {
                    None => return false,
                    Some(parent) if parent == code => return true,
                    Some(parent) => at = self.units.get(parent).and_then(|unit| unit.parent(*day)),
                }
            }
            // A circle that the unit hangs below.
            true
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn unit(code: &str, places: &[(NaiveDate, Option<&str>)]) -> Unit {
        let place =
            |(from, parent): &(NaiveDate, Option<&str>)| Place { from: *from, parent: parent.map(str::to_owned) };
        let places = places.iter().map(place).collect();
        Unit { code: code.to_owned(), name: code.to_owned(), kind: UnitKind::Grid, places, merged: None, version: 1 }
    }

    fn tree() -> Tree {
        Tree::new([
            unit("city", &[(SINCE_EVER, None)]),
            unit("east", &[(SINCE_EVER, Some("city"))]),
            unit("west", &[(SINCE_EVER, Some("city"))]),
            unit("grid", &[(SINCE_EVER, Some("east")), (day("2026-07-01"), Some("west"))]),
            unit("house", &[(SINCE_EVER, Some("grid"))]),
        ])
    }

    #[test]
    fn a_unit_that_moved_was_where_it_was() {
        let tree = tree();
        for (unit, on, below) in [
            ("east", "2026-06-30", "east grid house"),
            ("east", "2026-07-01", "east"),
            ("west", "2026-06-30", "west"),
            ("west", "2026-07-01", "west grid house"),
            ("house", "2026-07-01", "house"),
            ("nowhere", "2026-07-01", "nowhere"),
        ] {
            assert_eq!(tree.subtree(unit, day(on)).join(" "), below, "{unit} on {on}");
        }
        assert_eq!(tree.ancestors("house", day("2026-06-30")), ["grid", "east", "city"]);
        assert_eq!(tree.ancestors("house", day("2026-07-01")), ["grid", "west", "city"]);
    }

    #[test]
    fn the_way_from_unit_to_unit_is_counted_in_steps() {
        let (tree, on) = (tree(), day("2026-01-01"));
        let cases =
            [("house", "house", Some(0)), ("house", "east", Some(2)), ("west", "house", Some(4)), ("x", "city", None)];
        for (from, to, steps) in cases {
            assert_eq!(tree.distance(from, to, on), steps, "{from} to {to}");
        }
    }

    #[test]
    fn a_circle_is_found_on_whichever_day_it_would_close() {
        let mut tree = tree();
        let days = [day("2026-01-01"), day("2026-07-01")];
        assert!(!tree.has_circle("grid", &days));
        tree.put(unit("west", &[(SINCE_EVER, Some("house"))]));
        assert!(!tree.has_circle("west", &days[..1]), "west below house below east");
        assert!(tree.has_circle("west", &days));
    }
}
