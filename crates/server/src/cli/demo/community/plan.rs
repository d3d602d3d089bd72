//! What is going to happen: drawn from dice that fall the same every time, before anything is asked of the server.

use chrono::{Datelike, Days, NaiveDate};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use uuid::Uuid;

/// How large the community is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub volunteers: usize,
    /// Credited in the year, all together.
    pub minutes: i64,
    pub clubs: usize,
    pub teams: usize,
    /// In teams, all together.
    pub team_people: usize,
    pub wishes: usize,
    pub activities: usize,
    /// Of each activity.
    pub capacity: usize,
    /// Who pass a course.
    pub trained: usize,
    pub ratings: usize,
    /// Of a thousand records of those who never exchange, how many are corrected, and as many complained of rightly; of a thousand
    /// that are before the public, how many are objected to rightly, and as many wrongly.
    pub trouble: i32,
}

impl Size {
    pub const NAMES: [&str; 2] = ["community", "tiny"];

    pub fn named(name: &str) -> Option<Size> {
        match name {
            // A community as the model schemes have it: 36 000 hours, 12 clubs, 8 teams with 145 people, 76 wishes.
            "community" => Some(Size {
                volunteers: 1000,
                minutes: 36_000 * 60,
                clubs: 12,
                teams: 8,
                team_people: 145,
                wishes: 76,
                activities: 48,
                capacity: 24,
                trained: 400,
                ratings: 500,
                trouble: 40,
            }),
            "tiny" => Some(Size {
                volunteers: 30,
                minutes: 300 * 60,
                clubs: 3,
                teams: 2,
                team_people: 8,
                wishes: 4,
                activities: 6,
                capacity: 6,
                trained: 6,
                ratings: 10,
                trouble: 250,
            }),
            _ => None,
        }
    }
}

/// A record that somebody writes down.
#[derive(Debug, Clone)]
pub struct Record {
    pub id: Uuid,
    /// By their place among the people.
    pub volunteer: usize,
    /// Counted from the first of January.
    pub day: i64,
    pub told_on: i64,
    pub category: &'static str,
    pub minutes: i64,
    pub evidence: &'static str,
    pub fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Confirmed,
    Rejected,
    /// Somebody asks for a correction to so many minutes, and gets it.
    Corrected(i64),
    /// Somebody asks for a correction, in vain.
    Refused,
    /// Somebody objects while it is before the public, and is right.
    Upheld,
    /// Somebody objects, and is not.
    Dismissed,
    /// Somebody complains, and is right.
    Complained,
    /// Somebody complains, and is not.
    Slandered,
}

pub struct Plan {
    pub size: Size,
    pub year: i32,
    pub records: Vec<Record>,
    pub activities: Vec<Activity>,
}

/// Something that many come to.
#[derive(Debug, Clone)]
pub struct Activity {
    pub id: Uuid,
    pub day: i64,
    /// Called off the day before.
    pub is_cancelled: bool,
    /// Who wants to come, the last two too late for a place.
    people: Vec<usize>,
}

impl Activity {
    /// How many wait for a place.
    const LATE_COMERS: usize = 2;

    fn plan(size: &Size, year: i32, number: usize) -> Activity {
        let everybody = size.volunteers;
        let first = number * 13;
        Activity {
            id: Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{year} activity {number}").as_bytes()),
            day: i64::try_from(20 + number * 320 / size.activities).unwrap_or_default(),
            is_cancelled: number % 6 == 4,
            people: (first..first + size.capacity + Self::LATE_COMERS).map(|place| place % everybody).collect(),
        }
    }

    pub fn capacity(&self) -> usize {
        self.people.len() - Self::LATE_COMERS
    }

    pub fn signed_up(&self) -> &[usize] {
        &self.people[..self.capacity()]
    }

    pub fn waiting(&self) -> &[usize] {
        &self.people[self.capacity()..]
    }

    /// Who cancels in time.
    pub fn gives_up(&self) -> usize {
        self.people[self.capacity() - 1]
    }

    /// Who has a place in the end.
    pub fn with_place(&self) -> Vec<usize> {
        let (staying, waiting) = (&self.people[..self.capacity() - 1], self.waiting());
        staying.iter().chain(waiting.first()).copied().collect()
    }

    /// The minutes that it gives, all together: one does not come.
    pub fn credited(&self) -> i64 {
        if self.is_cancelled { 0 } else { (self.capacity() as i64 - 1) * ACTIVITY_MINUTES }
    }
}

/// What wishes ask of one person, and of each of a team of three.
pub const WISH_MINUTES: i64 = 60;
pub const TEAM_WISH_MINUTES: i64 = 30;
pub const TEAM: usize = 3;
/// What an activity is, and how long everybody stays.
pub const ACTIVITY_CATEGORY: &str = "environment";
pub const ACTIVITY_MINUTES: i64 = 120;

/// What is shown to the public before it counts, for so many working days.
pub const PUBLIC: &str = "culture";
pub const PUBLIC_DAYS: u32 = 3;
const CATEGORIES: [&str; 5] = ["environment", "patrol", "elderly_care", PUBLIC, "emergency"];
const MINUTES: [i64; 5] = [60, 90, 120, 150, 180];
/// Days for whoever writes a record down late.
pub const LATE: i64 = 12;

impl Plan {
    pub fn make(size: Size, year: i32) -> Plan {
        let activities = (0..size.activities).map(|number| Activity::plan(&size, year, number)).collect();
        let mut plan = Plan { size, year, records: Vec::new(), activities };
        let mut dice = StdRng::seed_from_u64(67);
        let wished: i64 = (0..size.wishes).map(wish_minutes).sum();
        let gathered: i64 = plan.activities.iter().map(Activity::credited).sum();
        let (mut left, days) = (size.minutes - wished - gathered, plan.days());
        for day in 0..days {
            let mut of_day = left / (days - day);
            let mut busy = vec![false; size.volunteers];
            // Whoever is to come to an activity does nothing else that day.
            for activity in plan.activities.iter().filter(|activity| activity.day == day) {
                activity.people.iter().for_each(|volunteer| busy[*volunteer] = true);
            }
            while of_day > 0 || (day == days - 1 && left > 0) {
                let volunteer = dice.random_range(0..size.volunteers);
                if std::mem::replace(&mut busy[volunteer], true) {
                    if busy.iter().all(|busy| *busy) {
                        break;
                    }
                    continue;
                }
                let record = draw(&mut dice, (year, size.trouble), volunteer, day, left);
                let counts = record.credited();
                (left, of_day) = (left - counts, of_day - counts.max(1));
                plan.records.push(record);
            }
        }
        plan
    }

    pub fn days(&self) -> i64 {
        (self.day_of_year(12, 31) - self.day_of_year(1, 1)).num_days() + 1
    }

    /// Counted from the first of January, and beyond the end of the year.
    pub fn day(&self, day: i64) -> NaiveDate {
        let first = self.day_of_year(1, 1);
        first.checked_add_days(Days::new(day.unsigned_abs())).unwrap_or(first)
    }

    /// The first day on which a record counts that is shown to the public on this day: Monday to Friday are working days.
    pub fn counts_on(&self, record: &Record) -> i64 {
        let (mut day, mut shown) = (record.told_on, 0);
        while shown < PUBLIC_DAYS {
            day += 1;
            shown += u32::from(self.day(day).weekday().number_from_monday() <= 5);
        }
        day + 1
    }

    fn day_of_year(&self, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.year, month, day).unwrap_or_default()
    }

    /// Whoever is complained of or corrected is among those who never exchange, so that there is enough to take back.
    pub fn saves(volunteer: usize) -> bool {
        volunteer % 10 == 9
    }
}

/// What a wish gives, all together.
pub fn wish_minutes(wish: usize) -> i64 {
    if is_team_wish(wish) { TEAM as i64 * TEAM_WISH_MINUTES } else { WISH_MINUTES }
}

pub fn is_team_wish(wish: usize) -> bool {
    wish % 2 == 1
}

impl Record {
    /// Whether it is shown to the public before it counts.
    pub fn is_public(&self) -> bool {
        self.category == PUBLIC && self.fate != Fate::Rejected
    }

    /// The minutes that stay in the end.
    pub fn credited(&self) -> i64 {
        match self.fate {
            Fate::Confirmed | Fate::Slandered | Fate::Refused | Fate::Dismissed => self.minutes,
            Fate::Corrected(minutes) => minutes,
            Fate::Rejected | Fate::Complained | Fate::Upheld => 0,
        }
    }
}

fn draw(dice: &mut StdRng, (year, trouble): (i32, i32), volunteer: usize, day: i64, left: i64) -> Record {
    let minutes = MINUTES[dice.random_range(0..MINUTES.len())].min(left.max(1));
    let (evidence, told_on) = match dice.random_range(0..100) {
        0..5 => ("back_filled", day + 3),
        5..10 => ("self_scan", day + LATE),
        10..25 => ("leader_confirmed", day),
        25..45 => ("kiosk", day),
        _ => ("self_scan", day),
    };
    let category = CATEGORIES[dice.random_range(0..CATEGORIES.len())];
    let fate = match dice.random_range(0..1000) {
        0..20 => Fate::Rejected,
        sides if category == PUBLIC && sides < 20 + trouble => Fate::Upheld,
        sides if category == PUBLIC && sides < 20 + 2 * trouble => Fate::Dismissed,
        sides if Plan::saves(volunteer) && sides < 20 + 2 * trouble && minutes > 30 => Fate::Corrected(minutes - 30),
        sides if Plan::saves(volunteer) && sides < 20 + 3 * trouble => Fate::Complained,
        sides if sides >= 1000 - trouble / 2 => Fate::Slandered,
        sides if sides >= 1000 - trouble => Fate::Refused,
        _ => Fate::Confirmed,
    };
    Record {
        id: Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{year} record of {volunteer} on {day}").as_bytes()),
        volunteer,
        day,
        told_on,
        category,
        minutes,
        evidence,
        fate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_is_of_exactly_the_hours_of_the_community() {
        for name in Size::NAMES {
            let size = Size::named(name).expect("it has this name");
            let plan = Plan::make(size, 2025);
            let recorded: i64 = plan.records.iter().map(Record::credited).sum();
            let wished: i64 = (0..size.wishes).map(wish_minutes).sum();
            let gathered: i64 = plan.activities.iter().map(Activity::credited).sum();
            assert_eq!(recorded + wished + gathered, size.minutes, "{name}");
            assert!(plan.activities.iter().any(|activity| activity.is_cancelled), "{name}");
            use Fate::{Complained, Dismissed, Refused, Rejected, Slandered, Upheld};
            for fate in [Rejected, Complained, Slandered, Refused, Upheld, Dismissed] {
                assert!(plan.records.iter().any(|record| record.fate == fate), "{name}: {fate:?}");
            }
            assert!(plan.records.iter().any(|record| matches!(record.fate, Fate::Corrected(_))), "{name}");
        }
    }
}
