//! Lists of volunteers, and who may be registered twice.

use super::roster::{self, Person, Roster, digits};
use super::row::{VolunteerRow, select_volunteers, word};
use super::{Status, Volunteer, VolunteerError};
use crate::config::VolunteerKind;
use crate::schemes::OpenScheme;
use chrono::NaiveDate;
use db::Many;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// Which volunteers are listed: those for whom all of it holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Part of a name, number or phone.
    pub query: Option<String>,
    /// Codes of units where they serve.
    pub units: Option<Vec<String>>,
    /// Codes of units where they come from.
    pub home_units: Option<Vec<String>>,
    pub team: Option<String>,
    pub skill: Option<String>,
    /// `None`: all but those who were merged into others.
    pub status: Option<Status>,
    pub registered_from: Option<NaiveDate>,
    pub registered_until: Option<NaiveDate>,
}

/// Somebody who may be the same person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    pub id: Uuid,
    pub number: String,
    /// What is the same: `phone`, `name_and_birth_date`.
    pub matches: Vec<&'static str>,
}

/// Volunteers in the order of their numbers after `after`, for whom the filter holds.
pub async fn list_matching(
    scheme: &OpenScheme,
    filter: &Filter,
    after: Option<&str>,
    limit: i64,
) -> db::Result<Vec<Volunteer>> {
    let limit = usize::try_from(limit).unwrap_or(0);
    let ids: Vec<Uuid> = {
        let roster = roster::look(scheme).await?;
        match Wanted::of(filter, &roster) {
            None => Vec::new(),
            Some(wanted) => {
                let found = roster.after(after.unwrap_or("")).filter(|person| wanted.holds(person));
                found.take(limit).map(|person| person.id).collect()
            }
        }
    };
    let rows: Vec<VolunteerRow> = scheme
        .db
        .query(select_volunteers!("JOIN many($2) AS m ON v.id = m.value WHERE v.book = $1 ORDER BY v.number"))
        .bind(scheme.book.number())
        .bind_many(Many::Uuid(ids))
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(VolunteerRow::volunteer).collect())
}

/// A filter in the words of a roster.
struct Wanted<'f> {
    filter: &'f Filter,
    query: Option<String>,
    digits: Option<String>,
    units: Option<Vec<bool>>,
    homes: Option<Vec<bool>>,
    team: Option<u32>,
    skill: Option<u32>,
}

impl<'f> Wanted<'f> {
    /// `None` when it holds for nobody.
    fn of(filter: &'f Filter, roster: &Roster) -> Option<Wanted<'f>> {
        let team = filter.team.as_ref().map(|team| roster.teams.find(team).ok_or(()));
        let skill = filter.skill.as_ref().map(|skill| roster.skills.find(skill).ok_or(()));
        let query = filter.query.as_ref().map(|query| query.to_lowercase());
        let is_phone = |query: &&String| query.chars().all(|letter| letter.is_ascii_digit() || "+- ".contains(letter));
        Some(Wanted {
            filter,
            digits: query.as_ref().filter(is_phone).map(|query| digits(query)).filter(|digits| !digits.is_empty()),
            query,
            units: filter.units.as_ref().map(|units| roster.units.chosen(units)),
            homes: filter.home_units.as_ref().map(|units| roster.homes.chosen(units)),
            team: team.transpose().ok()?,
            skill: skill.transpose().ok()?,
        })
    }

    fn holds(&self, person: &Person) -> bool {
        let filter = self.filter;
        let is_in = |chosen: &Option<Vec<bool>>, number: u32| {
            chosen.as_ref().is_none_or(|chosen| chosen.get(number as usize).copied().unwrap_or(false))
        };
        filter.status.map_or(person.status != Status::Merged, |status| person.status == status)
            && is_in(&self.units, person.unit)
            && is_in(&self.homes, person.home)
            && self.team.is_none_or(|team| person.teams.contains(&team))
            && self.skill.is_none_or(|skill| person.skills.contains(&skill))
            && filter.registered_from.is_none_or(|from| person.registered_on >= from)
            && filter.registered_until.is_none_or(|until| person.registered_on <= until)
            && self.query.as_ref().is_none_or(|query| self.is_called(person, query))
    }

    fn is_called(&self, person: &Person, query: &str) -> bool {
        let by_phone = self.digits.as_ref().is_some_and(|digits| person.phone.contains(digits.as_str()));
        by_phone || person.name.contains(query) || person.number.to_ascii_lowercase().contains(query)
    }
}

/// What two have in common that people seldom have in common.
fn matches(one: &Person, other: &Person) -> Vec<&'static str> {
    let mut matches = Vec::new();
    if one.phone.len() >= 5 && one.phone == other.phone {
        matches.push("phone");
    }
    if one.born.is_some() && one.born == other.born && one.name == other.name {
        matches.push("name_and_birth_date");
    }
    matches
}

fn duplicate(one: &Person, other: &Person) -> Option<Duplicate> {
    let matches = matches(one, other);
    (!matches.is_empty()).then(|| Duplicate { id: other.id, number: other.number.to_string(), matches })
}

/// Whoever may be the same person as this volunteer.
pub(super) async fn alike(scheme: &OpenScheme, volunteer: &Volunteer) -> db::Result<Vec<Duplicate>> {
    if volunteer.phone.is_none() && volunteer.birth_date.is_none() {
        return Ok(Vec::new());
    }
    let roster = roster::look(scheme).await?;
    let Some(person) = roster.get(volunteer.id) else { return Ok(Vec::new()) };
    let others = roster.after("").filter(|other| other.id != person.id && other.status != Status::Merged);
    Ok(others.filter_map(|other| duplicate(person, other)).take(20).collect())
}

/// Pairs of volunteers who may be the same person, in the order of their numbers, after `after`.
pub async fn duplicates(
    scheme: &OpenScheme,
    after: Option<&(String, String)>,
    limit: i64,
) -> db::Result<Vec<(Duplicate, Duplicate)>> {
    let roster = roster::look(scheme).await?;
    let people = || roster.after("").filter(|person| person.status != Status::Merged);
    let mut by_phone: HashMap<&str, Vec<&Person>> = HashMap::new();
    let mut by_name: HashMap<(&str, NaiveDate), Vec<&Person>> = HashMap::new();
    for person in people() {
        if person.phone.len() >= 5 {
            by_phone.entry(&person.phone).or_default().push(person);
        }
        if let Some(born) = person.born {
            by_name.entry((&person.name, born)).or_default().push(person);
        }
    }
    // Each with the one before it: of many who share something, as many pairs less one.
    let mut pairs: BTreeMap<(&str, &str), (&Person, &Person)> = BTreeMap::new();
    for group in by_phone.values().chain(by_name.values()) {
        for (one, other) in group.iter().zip(group.iter().skip(1)) {
            pairs.insert((&one.number, &other.number), (one, other));
        }
    }
    let from = after.map_or(("", ""), |(one, other)| (one.as_str(), other.as_str()));
    let pair = |(one, other): (&Person, &Person)| {
        let other_one = duplicate(one, other)?;
        Some((Duplicate { id: one.id, number: one.number.to_string(), matches: other_one.matches.clone() }, other_one))
    };
    let later = pairs.into_iter().filter(|(numbers, _)| *numbers > from).filter_map(|(_, people)| pair(people));
    Ok(later.take(usize::try_from(limit).unwrap_or(0)).collect())
}

/// All whose account is of this kind, in the order of their numbers.
pub(crate) async fn of_kind(tx: &mut db::Tx, scheme: &OpenScheme, kind: VolunteerKind) -> db::Result<Vec<Volunteer>> {
    let rows: Vec<VolunteerRow> = tx
        .query(select_volunteers!("WHERE v.book = $1 AND v.kind = $2 AND v.status <> 'merged' ORDER BY v.number"))
        .bind(scheme.book.number())
        .bind(word(kind))
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(VolunteerRow::volunteer).collect())
}

/// The next after `after`, in the order of their ids, whose credited minutes of all years are `least` or more, and who serve in
/// one of `units` and belong to `team` on the day if these are given.
pub(crate) async fn with_minutes(
    scheme: &OpenScheme,
    after: Uuid,
    least: i64,
    units: Option<Vec<String>>,
    team: Option<&str>,
    on: NaiveDate,
    limit: i64,
) -> db::Result<Vec<Volunteer>> {
    let rows: Vec<VolunteerRow> = scheme
        .db
        .query(select_volunteers!(
            "WHERE v.book = $1 AND v.id > $2 AND v.status <> 'merged'
               AND ($3 <= 0 OR v.id IN (SELECT t.volunteer_id FROM year_totals AS t WHERE t.book = $1
                                        GROUP BY t.volunteer_id HAVING SUM(t.minutes) >= $3))
               AND ($4 = 0 OR v.unit IN (SELECT m.value FROM many($5) AS m))
               AND ($6 IS NULL OR v.id IN (SELECT t.volunteer_id FROM team_members AS t WHERE t.book = $1 AND t.team = $6
                                           AND t.from_on <= $7 AND (t.until_on IS NULL OR t.until_on >= $7)))
             ORDER BY v.id LIMIT $8"
        ))
        .bind(scheme.book.number())
        .bind(after)
        .bind(least)
        .bind(i64::from(units.is_some()))
        .bind_many(Many::Text(units.unwrap_or_default()))
        .bind(team.map(str::to_owned))
        .bind(on)
        .bind(limit)
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(VolunteerRow::volunteer).collect())
}

/// Volunteers in the order of `ids`.
///
/// # Errors
/// [`VolunteerError::VolunteerNotFound`] for the first that there is not.
pub(crate) async fn with_ids(scheme: &OpenScheme, ids: &[Uuid]) -> Result<Vec<Arc<Volunteer>>, VolunteerError> {
    let rows: Vec<VolunteerRow> = scheme
        .db
        .query(select_volunteers!("JOIN many($2) AS m ON v.id = m.value WHERE v.book = $1"))
        .bind(scheme.book.number())
        .bind_many(Many::Uuid(ids.to_vec()))
        .fetch_all()
        .await?;
    let found = rows.into_iter().map(VolunteerRow::volunteer);
    let found: HashMap<Uuid, Arc<Volunteer>> = found.map(|one| (one.id, Arc::new(one))).collect();
    let one = |id: &Uuid| found.get(id).cloned().ok_or(VolunteerError::VolunteerNotFound { id: *id });
    ids.iter().map(one).collect()
}

/// Those who have one of `numbers` or of `names`: for registers.
pub(crate) async fn with_numbers_or_names(
    scheme: &OpenScheme,
    numbers: Vec<String>,
    names: Vec<String>,
) -> db::Result<Vec<Volunteer>> {
    let mut tx = scheme.db.begin_read().await?;
    let mut rows: Vec<VolunteerRow> = tx
        .query(select_volunteers!("JOIN many($2) AS m ON v.number = m.value WHERE v.book = $1"))
        .bind(scheme.book.number())
        .bind_many(Many::Text(numbers))
        .fetch_all()
        .await?;
    let named: Vec<VolunteerRow> = tx
        .query(select_volunteers!("JOIN many($2) AS m ON v.name = m.value WHERE v.book = $1"))
        .bind(scheme.book.number())
        .bind_many(Many::Text(names))
        .fetch_all()
        .await?;
    rows.extend(named);
    let survivors: Vec<VolunteerRow> = tx
        .query(select_volunteers!("JOIN many($2) AS m ON v.id = m.value WHERE v.book = $1"))
        .bind(scheme.book.number())
        .bind_many(Many::Uuid(rows.iter().filter_map(|row| row.merged_into).collect()))
        .fetch_all()
        .await?;
    let survivors: HashMap<Uuid, Volunteer> = survivors.into_iter().map(|row| (row.id, row.volunteer())).collect();
    // Whoever is looked for under an old name or number is found as who they are now.
    let found = |row: VolunteerRow| {
        let known = row.volunteer();
        match known.merged_into.and_then(|into| survivors.get(&into)) {
            Some(survivor) => Volunteer { number: known.number, name: known.name, ..survivor.clone() },
            None => known,
        }
    };
    Ok(rows.into_iter().map(found).collect())
}
