//! Selections as they are written on the wire.

use crate::api::amounts::{hours, points};
use chrono::{DateTime, NaiveDate, Utc};
use scheme::ratings::Average;
use scheme::selections::{self, Bar, Counted, Merits, Outcome, Placed, RuleSet};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSelection {
    #[schema(example = "2026年度优秀志愿者")]
    pub title: String,
    pub rules: SelectionRules,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SelectionMeasure)]
pub enum Measure {
    Hours,
    Points,
    Services,
    Rating,
    /// Of units and teams: how many of their members took part.
    Participation,
}

/// Who competes.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SelectionCompetitors)]
pub enum Competitors {
    #[default]
    Volunteers,
    /// Each with all that was served for it and for what is below it.
    Units,
    /// Each with all that was served for it.
    Teams,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SelectionEvidence)]
pub enum Class {
    SelfScan,
    Kiosk,
    LeaderConfirmed,
    BackFilled,
}

/// What decides, all of it. Kept as given.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SelectionRules {
    /// Under which the rules were made public.
    #[schema(example = "2026-1")]
    pub version: String,
    /// Who competes: `volunteers` when left out. What means nothing for units and teams (age, tenure, honours, open seats) is refused.
    #[serde(default)]
    #[schema(inline)]
    pub of: Competitors,
    /// The year of service; or `from` and `until`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<i32>,
    /// The first day of a month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<NaiveDate>,
    /// The last day of a month; it must be over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<NaiveDate>,
    /// Code: only those who served in this unit, or below it, on the last day; only units below it; only teams of it or of one below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The kind of unit that seats are shared out to, or that competes; the units right below the scope when left out.
    #[schema(example = "grid")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid_kind: Option<String>,
    #[schema(inline)]
    pub measure: Measure,
    /// Of units and teams: hours, points or services divided by their members.
    #[serde(default)]
    pub per_member: bool,
    #[serde(default)]
    pub min_minutes: i64,
    #[serde(default)]
    pub min_services: i64,
    /// Fewer ratings in the period make no average to go by.
    #[serde(default)]
    pub min_ratings: i64,
    /// Of units and teams: members on the last day.
    #[serde(default)]
    pub min_members: i64,
    /// Of these, who have a service of the period that counts, wherever it was.
    #[serde(default)]
    pub min_participants: i64,
    /// These among the members, in hundredths of a percent: 5000 is half.
    #[serde(default)]
    pub min_participation: i64,
    /// Whole months from the registration to the last day.
    #[serde(default)]
    pub min_tenure_months: u32,
    /// Only services of these classes count; all of them when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub evidence: Option<Vec<Class>>,
    /// Years of age on the last day. Whoever has no birth date on record is not eligible where an age is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_age: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<i64>,
    #[serde(default)]
    pub vetoes: SelectionVetoes,
    /// Whoever is eligible is selected, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seats: Option<SelectionSeats>,
    /// Whether the next takes the seat of whoever is struck; else it stays empty.
    #[serde(default)]
    pub refill: bool,
    /// 5 when left out; 0 only for a single month.
    #[serde(default = "five")]
    pub publicity_working_days: u32,
    /// How many people sign, 1 to 20; never the drafter alone. 2 when left out.
    #[serde(default = "two")]
    pub signatures: u32,
    /// What the selected are given on record; nothing when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub honour: Option<SelectionHonour>,
}

fn five() -> u32 {
    5
}

fn two() -> u32 {
    2
}

#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SelectionVetoes {
    /// A complaint of the period that was upheld.
    pub upheld_complaints: bool,
    /// So many records of the period that were reversed without another in their place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reversed_records: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub awarded: Option<SelectionAwarded>,
    /// Staff on duty, members of the committee, …
    pub exclusions: Vec<SelectionExclusion>,
}

/// Whoever has this honour on record, granted within so many years before the last day of the period, or since.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SelectionAwarded {
    #[schema(example = "优秀志愿者")]
    pub honour: String,
    pub years: u32,
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SelectionExclusion {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volunteer_id: Option<Uuid>,
    /// Of a unit or a team, in place of the volunteer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[schema(example = "社区工作人员")]
    pub reason: String,
    /// What shows it.
    pub evidence: String,
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SelectionSeats {
    pub total: i64,
    /// Of these, so many go to whoever is next, wherever they belong; 0 for units and teams, which have no shares. The others are shared out to the grids by how many are
    /// eligible: largest remainder, at least one where anybody is.
    #[serde(default)]
    pub open: i64,
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SelectionHonour {
    #[schema(example = "优秀志愿者")]
    pub name: String,
    /// The scheme's own organisation when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granting_body: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Selection {
    id: Uuid,
    title: String,
    #[schema(example = "published")]
    status: &'static str,
    #[schema(value_type = SelectionRules)]
    rules: Value,
    /// SHA-256 of the rules.
    rules_digest: String,
    from: NaiveDate,
    until: NaiveDate,
    /// Sequence of the newest entry that is part of it.
    as_of: i64,
    /// Of the book up to that entry.
    root_hash: String,
    /// Of the content: what is signed, and what the book has.
    digest: String,
    /// Counts contents: an upheld objection that strikes somebody makes another.
    revision: i64,
    /// Who served at all in the period.
    served: i64,
    /// Of these, who reached the minimum, wherever they belong. Whoever did not has no row.
    reached: i64,
    selected: i64,
    reserve: i64,
    struck: i64,
    barred: i64,
    /// Seats by grid; the open ones have no grid.
    grids: Vec<SelectionGrid>,
    published_on: Option<NaiveDate>,
    /// The last day on which one can object.
    public_until: Option<NaiveDate>,
    finalised_on: Option<NaiveDate>,
    /// Why it was withdrawn.
    reason: Option<String>,
    drafted_at: DateTime<Utc>,
    open_objections: i64,
    /// Of this content.
    signatures: Vec<Signature>,
}

#[derive(Serialize, ToSchema)]
pub struct SelectionGrid {
    grid: Option<String>,
    eligible: i64,
    seats: i64,
    taken: i64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = SelectionSignature)]
pub struct Signature {
    /// The office's name for the person.
    person: String,
    name: String,
    signed_at: DateTime<Utc>,
}

pub fn signatures(signed: Vec<selections::Signature>) -> Vec<Signature> {
    let signature =
        |one: selections::Signature| Signature { person: one.person, name: one.name, signed_at: one.signed_at };
    signed.into_iter().map(signature).collect()
}

pub fn selection(one: selections::Selection, counted: Counted) -> Selection {
    let grid = |one: selections::GridSeats| SelectionGrid {
        grid: one.grid,
        eligible: one.eligible,
        seats: one.seats,
        taken: one.taken,
    };
    Selection {
        id: one.id,
        title: one.title,
        status: one.status.as_str(),
        rules: serde_json::to_value(&one.rules).unwrap_or_default(),
        rules_digest: one.rules_digest,
        from: one.from,
        until: one.until,
        as_of: one.sequence,
        root_hash: one.root,
        digest: one.digest,
        revision: one.revision,
        served: one.served,
        reached: one.reached,
        selected: counted.count(Outcome::Selected),
        reserve: counted.count(Outcome::Reserve),
        struck: counted.count(Outcome::Struck),
        barred: counted.count(Outcome::Barred),
        grids: one.grids.into_iter().map(grid).collect(),
        published_on: one.published_on,
        public_until: one.public_until,
        finalised_on: one.finalised_on,
        reason: one.reason,
        drafted_at: one.drafted_at,
        open_objections: counted.open_objections,
        signatures: signatures(counted.signatures),
    }
}

#[derive(Serialize, ToSchema)]
pub struct Selections {
    pub selections: Vec<Selection>,
    /// Give it as `cursor` to go on; `null` at the end.
    pub next: Option<String>,
}

/// What somebody did in the period, as far as it counts.
#[derive(Serialize, ToSchema)]
pub struct SelectionFigures {
    #[schema(example = "120.5")]
    hours: String,
    minutes: i64,
    #[schema(example = "118")]
    points: String,
    services: i64,
}

pub fn figures(merits: &Merits, scale: u8) -> SelectionFigures {
    SelectionFigures {
        hours: hours(merits.minutes),
        minutes: merits.minutes,
        points: points(merits.points, scale),
        services: merits.services,
    }
}

#[derive(Serialize, ToSchema)]
pub struct SelectionRow {
    place: i64,
    /// Equal figures share a rank: 1, 2, 2, 4. `null` for whoever is not eligible.
    rank: Option<i64>,
    /// `null` for a unit or a team, as is `number`.
    volunteer_id: Option<Uuid>,
    number: Option<String>,
    /// Of the unit or the team; `null` for a volunteer, as is all that is about members.
    code: Option<String>,
    name: String,
    /// Had agreed to be named in public.
    named: bool,
    /// Of a unit the one above it, of a team the one that it belongs to.
    unit: Option<String>,
    grid: Option<String>,
    #[schema(example = "selected")]
    outcome: &'static str,
    /// `grid`, `open`, or `all` where seats are not counted.
    seat: Option<&'static str>,
    #[serde(flatten)]
    figures: SelectionFigures,
    /// The average of the stars; `null` without ratings.
    #[schema(example = "4.67")]
    rating: Option<String>,
    ratings: i64,
    /// On the last day.
    members: Option<i64>,
    /// Who of them had a service of the period that counts.
    participants: Option<i64>,
    /// In hundredths of a percent.
    #[schema(example = 6667)]
    participation: Option<i64>,
    /// The measure divided by the members, to hundredths, where the rules ask for it; ranks go by the exact figure.
    #[schema(example = "12.33")]
    per_member: Option<String>,
}

pub fn row(placed: Placed, rules: &RuleSet, scale: u8) -> SelectionRow {
    let row = placed.row;
    let figure = row.candidate.figure(rules);
    let one = row.candidate;
    let average = Average { count: one.merits.rating_count, sum: one.merits.rating_sum };
    let group = one.inputs.group;
    let per_member = group.as_ref().filter(|group| rules.per_member && group.members > 0);
    let (number, code) = if group.is_some() { (None, Some(one.number)) } else { (Some(one.number), None) };
    SelectionRow {
        place: placed.place,
        rank: row.rank,
        volunteer_id: group.is_none().then_some(one.id),
        number,
        code,
        name: placed.name,
        named: one.named,
        unit: one.unit,
        grid: one.grid,
        outcome: row.outcome.as_str(),
        seat: row.seat.map(|seat| seat.as_str()),
        figures: figures(&one.merits, scale),
        rating: (average.count > 0).then(|| points(average.hundredths(), 2)),
        ratings: average.count,
        per_member: per_member.map(|_| points(figure.shown(rules.measure, scale), 2)),
        members: group.as_ref().map(|group| group.members),
        participants: group.as_ref().map(|group| group.participants),
        participation: group.filter(|group| group.members > 0).map(|group| group.participation().basis_points()),
    }
}

#[derive(Serialize, ToSchema)]
pub struct SelectionRowsPage {
    pub rows: Vec<SelectionRow>,
    /// Give it as `cursor` to go on; `null` at the end.
    pub next: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct SelectionExplanation {
    #[serde(flatten)]
    row: SelectionRow,
    /// All that keeps them from being selected.
    reasons: Vec<SelectionReason>,
    /// Every record that was confirmed when it was frozen, and every wish that gave points (`evidence` is `wish`), by day. Those of a
    /// unit or a team are listed page by page, at `…/entries`.
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<Vec<SelectionEntry>>,
}

#[derive(Serialize, ToSchema)]
pub struct SelectionReason {
    #[schema(example = "complaint_upheld")]
    code: &'static str,
    /// The complaint, the honour, the number of reversed records, of members or of participants, the participation, or the place in
    /// the exclusions.
    about: Value,
    zh: &'static str,
}

#[derive(Serialize, ToSchema)]
pub struct SelectionEntry {
    /// Whose it was, as far as it was known when it was frozen.
    volunteer_id: Uuid,
    service_id: Uuid,
    /// Of the entry that confirmed it.
    sequence: i64,
    occurred_on: NaiveDate,
    category: String,
    title: String,
    evidence: String,
    #[schema(example = "2.5")]
    hours: String,
    minutes: i64,
    points: String,
    /// Its class of evidence counts.
    counts: bool,
    /// It was taken back since; the document stands as it was frozen.
    reversed_since: bool,
}

pub fn explanation(why: selections::Explanation, scale: u8) -> SelectionExplanation {
    let reason = |bar: Bar| {
        let about = bar.told().get(1).cloned().unwrap_or_default();
        SelectionReason { code: bar.code(), about, zh: bar.zh() }
    };
    SelectionExplanation {
        row: row(why.placed, &why.rules, scale),
        reasons: why.bars.into_iter().map(reason).collect(),
        entries: why.behind.map(|behind| behind.into_iter().map(|one| entry(one, scale)).collect()),
    }
}

pub fn entry(one: selections::Behind, scale: u8) -> SelectionEntry {
    SelectionEntry {
        volunteer_id: one.volunteer_id,
        service_id: one.service_id,
        sequence: one.sequence,
        occurred_on: one.occurred_on,
        category: one.category,
        title: one.title,
        evidence: one.evidence,
        hours: hours(one.minutes),
        minutes: one.minutes,
        points: points(one.points, scale),
        counts: one.counts,
        reversed_since: one.reversed_since,
    }
}

#[derive(Serialize, ToSchema)]
pub struct SelectionDifference {
    /// The entry at which it was frozen.
    as_of: i64,
    /// The entry after which the book was looked at.
    at: i64,
    digest: String,
    /// Worked out anew from the journal up to `as_of`, it has this digest.
    identical: bool,
    changes: Vec<SelectionChange>,
}

#[derive(Serialize, ToSchema)]
pub struct SelectionChange {
    /// `null` for a unit or a team, as is `number`.
    volunteer_id: Option<Uuid>,
    number: Option<String>,
    /// Of the unit or the team.
    code: Option<String>,
    /// Of volunteers masked.
    name: String,
    frozen: SelectionFigures,
    then: SelectionFigures,
    /// `null`: had not reached the minimum.
    outcome: Option<&'static str>,
    /// What would become of them by the figures of `at`; `null`: they do not reach the minimum, or had no row.
    would_be: Option<&'static str>,
}

pub fn difference(found: selections::Difference, scale: u8) -> SelectionDifference {
    let are_groups = found.selection.rules.of.are_groups();
    let change = |one: selections::Change| SelectionChange {
        volunteer_id: (!are_groups).then_some(one.subject),
        number: (!are_groups).then(|| one.number.clone()),
        code: are_groups.then_some(one.number),
        name: one.name,
        frozen: figures(&one.frozen, scale),
        then: figures(&one.then, scale),
        outcome: one.outcome.map(Outcome::as_str),
        would_be: one.would_be.map(Outcome::as_str),
    };
    SelectionDifference {
        as_of: found.selection.sequence,
        at: found.at,
        digest: found.selection.digest,
        identical: found.identical,
        changes: found.changes.into_iter().map(change).collect(),
    }
}
