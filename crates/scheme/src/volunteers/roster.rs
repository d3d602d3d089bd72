//! The volunteers in memory, for whatever looks at many of them: filters, names, duplicates, posts.
//!
//! A filter over all columns, or a part of a name, is a walk along one array: no index of a database answers either as fast.
//! The table stays the truth. Each change of a volunteer has a number, without a gap, so what was written since the last look,
//! by whichever process, is read before every answer. A volunteer takes some 250 bytes.

use super::Status;
use super::row::from_word;
use crate::config::{Gender, VolunteerKind};
use crate::schemes::OpenScheme;
use chrono::NaiveDate;
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use tokio::sync::Mutex;
use uuid::Uuid;

/// Part of a day on which somebody has time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartOfDay {
    Morning,
    Afternoon,
    Evening,
}

impl PartOfDay {
    pub const ALL: [PartOfDay; 3] = [PartOfDay::Morning, PartOfDay::Afternoon, PartOfDay::Evening];
}

/// When in the week somebody has time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Availability(u32);

impl Availability {
    const MASK: u32 = (1 << 21) - 1;

    /// With a part of a weekday: 1 for Monday to 7 for Sunday; others are none.
    #[must_use]
    pub fn with(self, weekday: u32, part: PartOfDay) -> Availability {
        Availability(self.0 | Availability::bit(weekday, part))
    }

    /// Whether they have time then; `None` for any time of the day, or any day.
    pub fn has(self, weekday: Option<u32>, part: Option<PartOfDay>) -> bool {
        let is_wanted = |(day, of_day): (u32, PartOfDay)| {
            weekday.is_none_or(|weekday| weekday == day) && part.is_none_or(|part| part == of_day)
        };
        self.slots().any(is_wanted)
    }

    /// Weekdays and parts, in their order.
    pub fn slots(self) -> impl Iterator<Item = (u32, PartOfDay)> {
        let all = (1..=7).flat_map(|day| PartOfDay::ALL.map(|part| (day, part)));
        all.filter(move |(day, part)| self.0 & Availability::bit(*day, *part) != 0)
    }

    pub(crate) fn bits(self) -> i64 {
        i64::from(self.0)
    }

    pub(crate) fn from_bits(bits: i64) -> Availability {
        Availability(u32::try_from(bits).unwrap_or(0) & Availability::MASK)
    }

    fn bit(weekday: u32, part: PartOfDay) -> u32 {
        if (1..=7).contains(&weekday) { 1 << ((weekday - 1) * 3 + part as u32) } else { 0 }
    }
}

/// Words that many have in common, by number; 0 is none.
#[derive(Default)]
pub(crate) struct Words(HashMap<String, u32>, Vec<String>);

impl Words {
    fn number(&mut self, word: Option<String>) -> u32 {
        let Some(word) = word else { return 0 };
        if let Some(number) = self.0.get(&word) {
            return *number;
        }
        let number = u32::try_from(self.0.len()).unwrap_or(u32::MAX).saturating_add(1);
        self.1.push(word.clone());
        self.0.insert(word, number);
        number
    }

    /// The number of a word; `None` when nobody has it.
    pub fn find(&self, word: &str) -> Option<u32> {
        self.0.get(word).copied()
    }

    /// The word of a number.
    pub fn word(&self, number: u32) -> Option<&str> {
        self.1.get(usize::try_from(number).ok()?.checked_sub(1)?).map(String::as_str)
    }

    /// Which numbers are among `words`.
    pub fn chosen<'w>(&self, words: impl IntoIterator<Item = &'w String>) -> Vec<bool> {
        let mut chosen = vec![false; self.0.len() + 1];
        for number in words.into_iter().filter_map(|word| self.find(word)) {
            if let Some(chosen) = chosen.get_mut(number as usize) {
                *chosen = true;
            }
        }
        chosen
    }
}

/// One volunteer in memory.
pub(crate) struct Person {
    pub id: Uuid,
    pub number: Box<str>,
    pub name: Box<str>,
    /// Digits only.
    pub phone: Box<str>,
    pub born: Option<NaiveDate>,
    pub unit: u32,
    pub home: u32,
    pub teams: Box<[u32]>,
    pub skills: Box<[u32]>,
    pub occupation: u32,
    pub gender: Option<Gender>,
    pub kind: VolunteerKind,
    pub availability: Availability,
    pub registered_on: NaiveDate,
    pub status: Status,
}

/// All volunteers of a scheme.
#[derive(Default)]
pub(crate) struct Roster {
    /// The newest change that is part of it.
    change: i64,
    people: Vec<Person>,
    places: HashMap<Uuid, usize>,
    /// By number.
    order: Vec<usize>,
    pub units: Words,
    pub homes: Words,
    pub teams: Words,
    pub skills: Words,
    pub occupations: Words,
}

impl Roster {
    pub fn get(&self, id: Uuid) -> Option<&Person> {
        self.people.get(*self.places.get(&id)?)
    }

    /// In the order of their numbers, after one of them.
    pub fn after<'r>(&'r self, number: &str) -> impl Iterator<Item = &'r Person> {
        let of = |place: &usize| self.people.get(*place);
        let from = self.order.partition_point(|place| of(place).is_some_and(|person| &*person.number <= number));
        self.order.iter().skip(from).filter_map(of)
    }

    fn put(&mut self, row: RosterRow) {
        let list = |text: &str| serde_json::from_str::<Vec<String>>(text).unwrap_or_default();
        let (teams, skills) = (list(&row.teams), list(&row.skills));
        let person = Person {
            id: row.id,
            number: row.number.into(),
            name: row.name.to_lowercase().into(),
            phone: row.phone.map(|phone| digits(&phone)).unwrap_or_default().into(),
            born: row.birth_date,
            unit: self.units.number(row.unit),
            home: self.homes.number(row.home_unit),
            teams: teams.into_iter().map(|team| self.teams.number(Some(team))).collect(),
            skills: skills.into_iter().map(|skill| self.skills.number(Some(skill))).collect(),
            occupation: self.occupations.number(row.occupation),
            gender: from_word(row.gender),
            kind: from_word(Some(row.kind)).unwrap_or_default(),
            availability: Availability::from_bits(row.availability),
            registered_on: row.registered_on,
            status: Status::parse(&row.status).unwrap_or(Status::Active),
        };
        self.change = self.change.max(row.change);
        match self.places.get(&person.id).and_then(|place| self.people.get_mut(*place)) {
            Some(known) => *known = person,
            None => {
                self.places.insert(person.id, self.people.len());
                self.order.push(self.people.len());
                self.people.push(person);
            }
        }
    }

    fn sort(&mut self) {
        let people = &self.people;
        let number = |place: &usize| people.get(*place).map_or("", |person| &*person.number);
        // What is in order mostly is put in order quickly.
        self.order.sort_by(|one, other| number(one).cmp(number(other)));
    }
}

/// The digits of a phone number.
pub(super) fn digits(phone: &str) -> String {
    phone.chars().filter(char::is_ascii_digit).collect()
}

#[derive(sqlx::FromRow)]
struct RosterRow {
    change: i64,
    id: Uuid,
    number: String,
    name: String,
    phone: Option<String>,
    birth_date: Option<NaiveDate>,
    unit: Option<String>,
    home_unit: Option<String>,
    teams: String,
    skills: String,
    occupation: Option<String>,
    gender: Option<String>,
    kind: String,
    availability: i64,
    registered_on: NaiveDate,
    status: String,
}

/// The roster of a scheme, once somebody has asked for it.
#[derive(Default)]
pub(crate) struct Rosters {
    roster: RwLock<Roster>,
    /// Held by whoever brings it up to date, so that others do not do the same.
    renewal: Mutex<()>,
}

/// Changes that are read together.
const TOGETHER: i64 = 20_000;

/// The roster with all that is written by now.
pub(crate) async fn look(scheme: &OpenScheme) -> db::Result<impl Deref<Target = Roster> + '_> {
    let rosters = &scheme.rosters;
    loop {
        let newest = newest(scheme).await?;
        if read(&rosters.roster).change >= newest {
            break;
        }
        let _renewal = rosters.renewal.lock().await;
        let known = read(&rosters.roster).change;
        let rows = changed(scheme, known).await?;
        let mut roster = rosters.roster.write().unwrap_or_else(PoisonError::into_inner);
        rows.into_iter().for_each(|row| roster.put(row));
        roster.sort();
    }
    Ok(read(&rosters.roster))
}

async fn newest(scheme: &OpenScheme) -> db::Result<i64> {
    let (newest,): (i64,) = scheme
        .db
        .query("SELECT COALESCE(MAX(change), 0) FROM volunteers WHERE book = $1")
        .bind(scheme.book.number())
        .fetch_one()
        .await?;
    Ok(newest)
}

async fn changed(scheme: &OpenScheme, since: i64) -> db::Result<Vec<RosterRow>> {
    scheme
        .db
        .query(
            "SELECT change, id, number, name, phone, birth_date, unit, home_unit, teams, skills, occupation, gender, kind,
                    availability, registered_on, status
             FROM volunteers WHERE book = $1 AND change > $2 ORDER BY change LIMIT $3",
        )
        .bind(scheme.book.number())
        .bind(since)
        .bind(TOGETHER)
        .fetch_all()
        .await
}

fn read(roster: &RwLock<Roster>) -> RwLockReadGuard<'_, Roster> {
    roster.read().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_has_time_when_they_said_so() {
        let time =
            Availability::default().with(6, PartOfDay::Morning).with(7, PartOfDay::Evening).with(9, PartOfDay::Evening);
        assert_eq!(time.slots().collect::<Vec<_>>(), [(6, PartOfDay::Morning), (7, PartOfDay::Evening)]);
        for (day, part, has) in [
            (Some(6), Some(PartOfDay::Morning), true),
            (Some(6), None, true),
            (Some(6), Some(PartOfDay::Evening), false),
            (None, Some(PartOfDay::Evening), true),
            (None, Some(PartOfDay::Afternoon), false),
            (Some(1), None, false),
        ] {
            assert_eq!(time.has(day, part), has, "{day:?} {part:?}");
        }
        assert_eq!(Availability::from_bits(time.bits()), time);
        assert_eq!(Availability::from_bits(-1), Availability::default());
    }
}
