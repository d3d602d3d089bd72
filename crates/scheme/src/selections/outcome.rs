//! Who is selected, who waits, and what keeps the others. Pure: the rules, and what is known of each.

use super::order::{Figure, Merits, compare, ranks};
use super::quota::{Seats, apportion};
use super::rules::{Measure, RuleSet, Vetoes};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What was known of somebody beside the journal when the selection was drafted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// Whole months from the registration to the last day.
    pub tenure_months: i64,
    /// Years on the last day; `None`: nobody knows.
    pub age: Option<i64>,
    /// A person, registered and not merged into another; a team that was not dissolved by the last day.
    pub takes_part: bool,
    /// A complaint of the period that was upheld.
    pub complaint: Option<Uuid>,
    /// Records of the period that were reversed without another in their place.
    pub reversed: i64,
    /// The newest honour that lets them rest.
    pub honour: Option<Uuid>,
    /// Of the grid (or of the unit, where no seats are shared out to grids) where they served on the last day: its name then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The upheld objection that struck them from the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub struck: Option<Uuid>,
    /// Of a unit or a team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Group>,
}

/// What was known of a unit or a team when the selection was drafted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Who belonged to it on the last day.
    pub members: i64,
    /// Who of them had a service of the period that counts, wherever it was.
    pub participants: i64,
    /// Codes of the units whose services count for it: its own and those below it on the last day. Of a team, its own.
    pub parts: Vec<String>,
    /// The name of the unit above it, or to which the team belonged.
    pub above: Option<String>,
}

impl Group {
    pub fn participation(&self) -> Figure {
        Figure::share(self.participants, self.members)
    }
}

/// A volunteer who reached the minimum, a unit or a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// [`Competitors::subject`](super::Competitors::subject)
    pub id: Uuid,
    /// Of a unit or a team its code.
    pub number: String,
    /// 王*国; of a unit or a team in full.
    pub name: String,
    /// Had agreed to be named in public.
    pub named: bool,
    /// Of a unit the code of the one above it.
    pub unit: Option<String>,
    pub grid: Option<String>,
    pub merits: Merits,
    pub inputs: Inputs,
}

impl Candidate {
    /// What decides over the rank.
    pub fn figure(&self, rules: &RuleSet) -> Figure {
        let group = self.inputs.group.as_ref();
        match (rules.measure, rules.per_member, group) {
            (Measure::Participation, _, Some(group)) => group.participation(),
            (measure, true, Some(group)) => Figure::share(self.merits.of(measure), group.members),
            (measure, ..) => Figure::whole(self.merits.of(measure)),
        }
    }
}

/// Whether somebody did as much as the rules ask at least. By participation members decide, wherever they served.
pub fn reached(rules: &RuleSet, merits: &Merits) -> bool {
    let least = if rules.measure == Measure::Participation { 0 } else { 1 };
    merits.minutes >= rules.min_minutes && merits.services >= rules.min_services.max(least)
}

/// What keeps somebody from being selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bar {
    NoPart,
    /// A team that was dissolved.
    Ended,
    /// Of units and teams, each of which has a row: too little was served.
    Minimum,
    NoMembers,
    Members(i64),
    Participants(i64),
    /// In hundredths of a percent.
    Participation(i64),
    Ratings,
    Tenure,
    AgeUnknown,
    Age,
    Complaint(Uuid),
    Reversed(i64),
    Awarded(Uuid),
    /// Number of the exclusion in the rules.
    Excluded(usize),
}

impl Bar {
    pub fn code(&self) -> &'static str {
        match self {
            Bar::NoPart => "not_active",
            Bar::Ended => "ended",
            Bar::Minimum => "below_minimum",
            Bar::NoMembers => "no_members",
            Bar::Members(_) => "too_few_members",
            Bar::Participants(_) => "too_few_participants",
            Bar::Participation(_) => "participation_too_low",
            Bar::Ratings => "too_few_ratings",
            Bar::Tenure => "too_short_a_member",
            Bar::AgeUnknown => "age_unknown",
            Bar::Age => "age",
            Bar::Complaint(_) => "complaint_upheld",
            Bar::Reversed(_) => "records_reversed",
            Bar::Awarded(_) => "awarded_before",
            Bar::Excluded(_) => "excluded",
        }
    }

    /// The code, and what it rests on.
    pub fn told(&self) -> serde_json::Value {
        let about = match self {
            Bar::Complaint(id) | Bar::Awarded(id) => id.to_string().into(),
            Bar::Reversed(number) | Bar::Members(number) | Bar::Participants(number) | Bar::Participation(number) => {
                (*number).into()
            }
            Bar::Excluded(place) => (*place).into(),
            _ => serde_json::Value::Null,
        };
        serde_json::json!([self.code(), about])
    }

    pub fn zh(&self) -> &'static str {
        match self {
            Bar::NoPart => "非在册个人",
            Bar::Ended => "已撤并",
            Bar::Minimum => "未达最低服务要求",
            Bar::NoMembers => "没有成员",
            Bar::Members(_) => "成员数不足",
            Bar::Participants(_) => "参与人数不足",
            Bar::Participation(_) => "参与率不足",
            Bar::Ratings => "评价数不足",
            Bar::Tenure => "注册时间不足",
            Bar::AgeUnknown => "年龄不详",
            Bar::Age => "年龄不符",
            Bar::Complaint(_) => "期间有属实投诉",
            Bar::Reversed(_) => "期间有记录被撤销",
            Bar::Awarded(_) => "近年已获此荣誉",
            Bar::Excluded(_) => "不参评",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Selected,
    /// Eligible, and no seat is left.
    Reserve,
    /// Eligible, and struck after an objection.
    Struck,
    Barred,
}

impl Outcome {
    pub const ALL: [Outcome; 4] = [Outcome::Selected, Outcome::Reserve, Outcome::Struck, Outcome::Barred];

    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Selected => "selected",
            Outcome::Reserve => "reserve",
            Outcome::Struck => "struck",
            Outcome::Barred => "barred",
        }
    }

    pub fn parse(text: &str) -> Option<Outcome> {
        Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == text)
    }
}

/// On which seat somebody sits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seat {
    Grid,
    Open,
    /// Seats are not counted.
    All,
}

impl Seat {
    pub fn as_str(self) -> &'static str {
        match self {
            Seat::Grid => "grid",
            Seat::Open => "open",
            Seat::All => "all",
        }
    }

    pub fn parse(text: &str) -> Option<Seat> {
        [Seat::Grid, Seat::Open, Seat::All].into_iter().find(|seat| seat.as_str() == text)
    }
}

/// A candidate, and what became of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub candidate: Candidate,
    pub rank: Option<i64>,
    pub outcome: Outcome,
    pub seat: Option<Seat>,
}

/// Seats of a grid, or the open ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GridSeats {
    /// Code; `None`: the open seats.
    pub grid: Option<String>,
    pub eligible: i64,
    pub seats: i64,
    pub taken: i64,
}

/// What came of a selection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// The selected first, then the reserves, the struck, the barred; within each by rank and the tie rule.
    pub rows: Vec<Row>,
    pub grids: Vec<GridSeats>,
}

/// All that keeps somebody from being selected.
pub fn bars(rules: &RuleSet, id: Uuid, merits: &Merits, inputs: &Inputs) -> Vec<Bar> {
    let Vetoes { upheld_complaints, reversed_records, awarded, exclusions } = &rules.vetoes;
    let mut bars = Vec::new();
    match &inputs.group {
        Some(group) => bars.extend(bars_of_group(rules, merits, inputs.takes_part, group)),
        None => bars.extend(bars_of_person(rules, merits, inputs)),
    }
    bars.extend(inputs.complaint.filter(|_| *upheld_complaints).map(Bar::Complaint));
    bars.extend(reversed_records.filter(|least| inputs.reversed >= *least).map(|_| Bar::Reversed(inputs.reversed)));
    bars.extend(inputs.honour.filter(|_| awarded.is_some()).map(Bar::Awarded));
    bars.extend(exclusions.iter().position(|one| one.subject(rules.of) == Some(id)).map(Bar::Excluded));
    bars
}

fn bars_of_person(rules: &RuleSet, merits: &Merits, inputs: &Inputs) -> Vec<Bar> {
    let mut bars = Vec::new();
    bars.extend((!inputs.takes_part).then_some(Bar::NoPart));
    bars.extend((merits.rating_count < rules.min_ratings).then_some(Bar::Ratings));
    let tenure = i64::from(rules.min_tenure_months);
    // Where none is asked for, whoever registered after they served takes part, too.
    bars.extend((tenure > 0 && inputs.tenure_months < tenure).then_some(Bar::Tenure));
    if rules.min_age.is_some() || rules.max_age.is_some() {
        let fits =
            |age: i64| rules.min_age.is_none_or(|least| age >= least) && rules.max_age.is_none_or(|most| age <= most);
        bars.extend(match inputs.age {
            None => Some(Bar::AgeUnknown),
            Some(age) => (!fits(age)).then_some(Bar::Age),
        });
    }
    bars
}

fn bars_of_group(rules: &RuleSet, merits: &Merits, takes_part: bool, group: &Group) -> Vec<Bar> {
    let Group { members, participants, .. } = *group;
    let is_of_members = rules.per_member || rules.measure == Measure::Participation || rules.min_participation > 0;
    let least_taking_part = rules.min_participants.max(i64::from(rules.measure == Measure::Participation));
    let mut bars = Vec::new();
    bars.extend((!takes_part).then_some(Bar::Ended));
    bars.extend((!reached(rules, merits)).then_some(Bar::Minimum));
    bars.extend((merits.rating_count < rules.min_ratings).then_some(Bar::Ratings));
    // There is nothing to divide by.
    bars.extend((is_of_members && members <= 0).then_some(Bar::NoMembers));
    bars.extend((members < rules.min_members).then_some(Bar::Members(members)));
    bars.extend((participants < least_taking_part).then_some(Bar::Participants(participants)));
    let is_low = group.participation() < Figure::share(rules.min_participation, 10_000);
    bars.extend(is_low.then(|| Bar::Participation(group.participation().basis_points())));
    bars
}

/// Works a selection out.
pub fn settle(rules: &RuleSet, mut candidates: Vec<Candidate>) -> Settled {
    let of = |one: &Candidate| one.figure(rules);
    candidates.sort_by(|one, other| {
        let order = compare((of(one), &one.merits, &one.number), (of(other), &other.merits, &other.number));
        order.then(one.id.cmp(&other.id))
    });
    let is_barred = |one: &Candidate| !bars(rules, one.id, &one.merits, &one.inputs).is_empty();
    let (barred, eligible): (Vec<_>, Vec<_>) = candidates.into_iter().partition(is_barred);
    let ranks = ranks(eligible.iter().map(of));
    let mut desk = Desk::new(rules, &eligible);
    let mut seats: Vec<Option<Seat>> = eligible.iter().map(|one| desk.in_grid(one)).collect();
    for (one, seat) in eligible.iter().zip(&mut seats) {
        if seat.is_none() {
            *seat = desk.open(one);
        }
    }
    let row = |((candidate, rank), seat): ((Candidate, i64), Option<Seat>)| {
        let outcome = match (candidate.inputs.struck, seat) {
            (Some(_), _) => Outcome::Struck,
            (None, Some(_)) => Outcome::Selected,
            (None, None) => Outcome::Reserve,
        };
        let seat = seat.filter(|_| outcome == Outcome::Selected);
        Row { candidate, rank: Some(rank), outcome, seat }
    };
    let mut rows: Vec<Row> = eligible.into_iter().zip(ranks).zip(seats).map(row).collect();
    rows.extend(barred.into_iter().map(|candidate| Row {
        candidate,
        rank: None,
        outcome: Outcome::Barred,
        seat: None,
    }));
    rows.sort_by_key(|row| row.outcome);
    let grids = desk.told(&rows);
    Settled { rows, grids }
}

/// Gives seats away, in order.
struct Desk {
    refill: bool,
    /// Seats are not counted.
    unlimited: bool,
    eligible: BTreeMap<String, i64>,
    all: i64,
    shares: BTreeMap<String, i64>,
    left: BTreeMap<String, i64>,
    open_seats: i64,
    open_left: i64,
}

impl Desk {
    fn new(rules: &RuleSet, eligible: &[Candidate]) -> Desk {
        let mut by_grid: BTreeMap<String, i64> = BTreeMap::new();
        for grid in eligible.iter().filter_map(|one| one.grid.clone()) {
            let people = by_grid.entry(grid).or_default();
            *people = people.saturating_add(1);
        }
        // Units and teams are in no grid that could have seats of its own: all are open.
        let open = |seats: Seats| if rules.of.are_groups() { seats.total } else { seats.open };
        let (of_grids, open) =
            rules.seats.map_or((0, 0), |seats| (seats.total.saturating_sub(open(seats)), open(seats)));
        let shares = apportion(of_grids, &by_grid);
        Desk {
            refill: rules.refill,
            unlimited: rules.seats.is_none(),
            all: i64::try_from(eligible.len()).unwrap_or(i64::MAX),
            eligible: by_grid,
            left: shares.clone(),
            shares,
            open_seats: open,
            open_left: open,
        }
    }

    /// A seat of the candidate's own grid, if one is left. Whoever was struck keeps it empty, unless the next may have it.
    fn in_grid(&mut self, one: &Candidate) -> Option<Seat> {
        let is_struck = one.inputs.struck.is_some();
        if self.unlimited {
            return (!is_struck).then_some(Seat::All);
        }
        if is_struck && self.refill {
            return None;
        }
        let left = self.left.get_mut(one.grid.as_deref()?).filter(|left| **left > 0)?;
        *left = left.saturating_sub(1);
        Some(Seat::Grid)
    }

    fn open(&mut self, one: &Candidate) -> Option<Seat> {
        if self.open_left <= 0 || (one.inputs.struck.is_some() && self.refill) {
            return None;
        }
        self.open_left = self.open_left.saturating_sub(1);
        Some(Seat::Open)
    }

    fn told(&self, rows: &[Row]) -> Vec<GridSeats> {
        if self.unlimited {
            return Vec::new();
        }
        let mut by_grid: BTreeMap<&str, i64> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.seat == Some(Seat::Grid)) {
            let taken = by_grid.entry(row.candidate.grid.as_deref().unwrap_or_default()).or_default();
            *taken = taken.saturating_add(1);
        }
        let of_grid = |(grid, eligible): (&String, &i64)| GridSeats {
            grid: Some(grid.clone()),
            eligible: *eligible,
            seats: self.shares.get(grid).copied().unwrap_or(0),
            taken: by_grid.get(grid.as_str()).copied().unwrap_or(0),
        };
        let open = rows.iter().filter(|row| row.seat == Some(Seat::Open)).count();
        let taken = i64::try_from(open).unwrap_or(i64::MAX);
        let open = GridSeats { grid: None, eligible: self.all, seats: self.open_seats, taken };
        self.eligible.iter().map(of_grid).chain([open]).collect()
    }
}
