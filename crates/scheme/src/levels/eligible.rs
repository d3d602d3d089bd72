//! Who has reached a step and was not granted it: the list that stars and medals are awarded from.
//!
//! Candidates are found by the totals, and judged many at once by the same pure rules as a single volunteer.

use super::known::{Known, known_of, last_ban};
use super::{LevelError, StepName, applications, award};
use crate::accounts;
use crate::rules::ladders::{Count, levels};
use crate::schemes::OpenScheme;
use crate::teams::{self, TeamError};
use crate::volunteers::{self, Volunteer};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::HashMap;
use uuid::Uuid;

/// Candidates that are judged at once.
const TOGETHER: i64 = 500;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EligibleFilter {
    pub ladder: String,
    /// Only those to whom this step is due.
    pub step: Option<String>,
    /// Code: those who serve in this unit and in what is below it.
    pub unit: Option<String>,
    /// Code: those who belong to this team today.
    pub team: Option<String>,
}

/// Somebody to whom a step is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Eligible {
    pub volunteer_id: Uuid,
    pub number: String,
    pub name: String,
    pub unit: Option<String>,
    /// The step that can be granted now.
    pub step: StepName,
    pub granted_by: Option<String>,
    /// What counts for the ladder today.
    pub count: Count,
    /// The open application for it.
    pub application_id: Option<Uuid>,
    /// The last day of a ban from applying.
    pub banned_until: Option<NaiveDate>,
}

/// Those to whom a step of the ladder is due today, after this volunteer in the order of ids; at most `limit`.
pub async fn eligible(
    scheme: &OpenScheme,
    filter: &EligibleFilter,
    after: Uuid,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Eligible>, LevelError> {
    let config = scheme.config();
    let today = config.day_of(now);
    let (_, ladder) = award::ladder_applied_for(&config, &filter.ladder, today)?;
    if filter.step.as_ref().is_some_and(|code| ladder.steps.iter().all(|step| step.code != *code)) {
        return Err(award::invalid("step", "unknown_step", "the ladder has no such step"));
    }
    if let Some(code) = &filter.unit
        && scheme.organisation().await?.unit(code).is_none()
    {
        return Err(award::invalid("unit", "unknown_unit", "the scheme has no such unit"));
    }
    if let Some(code) = &filter.team {
        teams::get(scheme, code).await.map_err(|error| match error {
            TeamError::Database(error) => error.into(),
            _ => award::invalid("team", "unknown_team", "there is no such team"),
        })?;
    }
    let units = scheme.units_below(filter.unit.as_deref()).await?;
    let least = crate::rules::ladders::least_minutes(ladder);
    let (mut found, mut after) = (Vec::new(), after);
    loop {
        let people =
            volunteers::with_minutes(scheme, after, least, units.clone(), filter.team.as_deref(), today, TOGETHER)
                .await?;
        let Some(last) = people.last() else { break };
        after = last.id;
        found.extend(judged(scheme, filter, people, today).await?);
        if i64::try_from(found.len()).unwrap_or(i64::MAX) >= limit {
            break;
        }
    }
    found.truncate(usize::try_from(limit).unwrap_or_default());
    Ok(found)
}

/// Those of them to whom a step is due.
async fn judged(
    scheme: &OpenScheme,
    filter: &EligibleFilter,
    people: Vec<Volunteer>,
    today: NaiveDate,
) -> Result<Vec<Eligible>, LevelError> {
    let config = scheme.config();
    let (rules, _) = award::ladder_applied_for(&config, &filter.ladder, today)?;
    let persons = people.iter().map(|volunteer| (volunteer.id, volunteer.person())).collect();
    let known = known_of(scheme, persons, today).await?;
    let due = people.into_iter().zip(&known).filter_map(|(volunteer, known)| {
        let Known { merits, person, granted, .. } = known;
        let levels = levels(rules, merits, person, granted, today);
        let level = levels.iter().find(|level| level.ladder.code == filter.ladder)?;
        let step = level.ladder.steps.get(level.grantable()?)?;
        let is_asked_for = filter.step.as_ref().is_none_or(|code| *code == step.code);
        is_asked_for.then(|| Eligible {
            volunteer_id: volunteer.id,
            number: volunteer.number,
            name: volunteer.name,
            unit: volunteer.unit,
            step: StepName::of(step),
            granted_by: step.granted_by.clone(),
            count: level.count,
            application_id: None,
            banned_until: None,
        })
    });
    let mut due: Vec<Eligible> = due.collect();
    let ids: Vec<Uuid> = due.iter().map(|one| one.volunteer_id).collect();
    let bans: Vec<_> = ids.iter().map(|id| accounts::banned_path(*id, &filter.ladder)).collect();
    let bans = scheme.book.standings(&bans).await?;
    let open: HashMap<(Uuid, String), Uuid> = applications::open_of(scheme, &filter.ladder, ids).await?;
    for (one, lots) in due.iter_mut().zip(&bans.lots) {
        one.banned_until = last_ban(lots, today);
        one.application_id = open.get(&(one.volunteer_id, one.step.code.clone())).copied();
    }
    Ok(due)
}
