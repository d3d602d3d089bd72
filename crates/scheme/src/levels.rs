//! Levels: where a volunteer stands on the ladders of the scheme, and what was granted to them.
//!
//! What somebody is eligible for follows from the book, by the pure [`crate::rules::ladders`]. What they hold upon
//! application was granted: an entry, at most one for each step, since each step has an account with a ceiling of one.

mod applications;
mod award;
mod ban;
mod eligible;
mod holders;
mod known;

pub use applications::{
    ApplicationFilter, ApplicationStatus, Consent, LevelApplication, Request, accept, application, application_for,
    applications, apply, refuse,
};
pub use award::{Application, Award, AwardStatus, award, grant, revoke};
pub use ban::{Ban, BanRequest, ban};
pub use eligible::{Eligible, EligibleFilter, eligible};
pub use holders::{Holder, HolderFilter, holders};
pub(crate) use known::known_of;
pub use known::{Known, known};

use crate::accounts;
use crate::config::{Applicant, Ladder, LadderStep, Rules};
use crate::presented::PresentedError;
use crate::rules::ladders::{Count, Lack, Level, levels};
use crate::schemes::OpenScheme;
use crate::volunteers::{Invalid, VolunteerError};
use chrono::{DateTime, NaiveDate, Utc};
use ledger::PostError;
use std::sync::Arc;
use uuid::Uuid;

/// A step, as the rules name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepName {
    pub code: String,
    pub name: String,
    pub name_en: String,
}

impl StepName {
    fn of(step: &LadderStep) -> StepName {
        StepName { code: step.code.clone(), name: step.name.clone(), name_en: step.name_en.clone() }
    }
}

/// A step that is held. One that is had by reaching it was not granted, and has no award.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub step: StepName,
    pub award: Option<Award>,
}

/// The step after the one that is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    pub step: StepName,
    pub lacks: Vec<Lack>,
}

/// How often the gifts of a step are due so far, and were had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gifts {
    pub step: StepName,
    pub due: i64,
    pub had: i64,
}

/// Where a volunteer stands on one ladder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnLadder {
    pub code: String,
    pub name: String,
    pub name_en: String,
    /// What counts for this ladder today.
    pub count: Count,
    pub eligible: Option<StepName>,
    /// Lowest first.
    pub held: Vec<Held>,
    /// `None` at the top.
    pub next: Option<Next>,
    /// Of the steps whose gifts were due or had.
    pub gifts: Vec<Gifts>,
    /// The last day of a ban from applying.
    pub banned_until: Option<NaiveDate>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standings {
    /// The rules in force; `None` on a day without rules.
    pub rules_version: Option<String>,
    pub ladders: Vec<OnLadder>,
    /// The newest entry that is part of it.
    pub as_of: i64,
}

#[derive(Debug, thiserror::Error)]
pub enum LevelError {
    #[error("{} values cannot be taken", .0.len())]
    Invalid(Vec<Invalid>),
    #[error("there is no volunteer {id}")]
    VolunteerNotFound { id: Uuid },
    /// What is done for them is done for the other.
    #[error("the volunteer was merged into {into}")]
    VolunteerMerged { into: Uuid },
    #[error("there is no award {id} of this volunteer")]
    AwardNotFound { id: Uuid },
    #[error("the id stands for something else: {field} differs")]
    IdTaken { field: String },
    /// What the step takes and is not there; at least one.
    #[error("the step is not reached")]
    NotEligible { lacks: Vec<Lack> },
    #[error("barred from applying until {until}")]
    Banned { until: NaiveDate },
    #[error("applications are made by {accepted:?}")]
    ApplicantNotAccepted { accepted: Vec<Applicant> },
    #[error("the step is granted by {needed:?}")]
    WrongBody { needed: String },
    /// The step below is not held.
    #[error("the step `{needed}` comes before it")]
    OutOfSequence { needed: String },
    /// It would be reached with what was served after the closing day.
    #[error("what was served after {closes_on} counts from next year on")]
    AfterClosingDate { closes_on: NaiveDate, lacks: Vec<Lack> },
    #[error("it has been public for {available} working days, and {needed} are needed")]
    PublicityTooShort { needed: u32, available: u32 },
    #[error("the step has been granted before")]
    AlreadyGranted,
    #[error("there is no application {id}")]
    ApplicationNotFound { id: Uuid },
    /// Another application for the step is open.
    #[error("{id} is open for the same step")]
    AlreadyApplied { id: Uuid },
    /// Whoever applied, or is applied for, does not decide.
    #[error("a second person decides over an application")]
    OwnApplication,
    /// A leader acts for the members of the own team.
    #[error("the volunteer does not belong to the team")]
    OtherTeam,
    #[error("the application is {}", .status.as_str())]
    StateConflict { status: ApplicationStatus },
    #[error("too much is going on; try again")]
    Busy,
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error("the book failed: {0}")]
    Book(String),
}

impl From<VolunteerError> for LevelError {
    fn from(error: VolunteerError) -> Self {
        match error {
            VolunteerError::VolunteerNotFound { id } => LevelError::VolunteerNotFound { id },
            VolunteerError::Merged { into } => LevelError::VolunteerMerged { into },
            VolunteerError::Busy => LevelError::Busy,
            VolunteerError::Database(error) => LevelError::Database(error),
            other => LevelError::Book(other.to_string()),
        }
    }
}

impl From<PresentedError> for LevelError {
    fn from(error: PresentedError) -> Self {
        match error {
            PresentedError::OtherTeam => LevelError::OtherTeam,
            PresentedError::NotShown(flaw) => LevelError::Invalid(vec![flaw]),
            PresentedError::Database(error) => LevelError::Database(error),
        }
    }
}

impl From<PostError> for LevelError {
    fn from(error: PostError) -> Self {
        match error {
            PostError::IdTaken { field } => LevelError::IdTaken { field },
            error if error.is_transient() => LevelError::Busy,
            other => LevelError::Book(other.to_string()),
        }
    }
}

/// Where the volunteer stands on every ladder of the rules in force today.
pub async fn standings(scheme: &OpenScheme, volunteer: Uuid, now: DateTime<Utc>) -> Result<Standings, LevelError> {
    let config = scheme.config();
    let today = config.day_of(now);
    let known = known(scheme, volunteer, today).await?;
    let Some(rules) = config.rules_on(today) else {
        return Ok(Standings { rules_version: None, ladders: Vec::new(), as_of: known.as_of });
    };
    let awards = award::of_volunteer(scheme, volunteer).await?;
    let mut ladders = Vec::with_capacity(rules.ladders.len());
    for level in levels(rules, &known.merits, &known.person, &known.granted, today) {
        let gifts = gifts(scheme, volunteer, rules, &level).await?;
        let banned_until = known::banned_until(scheme, volunteer, &level.ladder.code, today).await?.0;
        let lacks = level.lacks(level.reached, &known.person, today);
        ladders.push(on_ladder(&level, lacks, &awards, gifts, banned_until));
    }
    Ok(Standings { rules_version: Some(rules.version.clone()), ladders, as_of: known.as_of })
}

fn on_ladder(
    level: &Level,
    lacks: Vec<Lack>,
    awards: &[Award],
    gifts: Vec<Gifts>,
    banned_until: Option<NaiveDate>,
) -> OnLadder {
    let Ladder { code, name, name_en, steps, .. } = level.ladder;
    let award_of = |step: &LadderStep| {
        let fits =
            |award: &&Award| award.ladder == *code && award.step == step.code && award.status == AwardStatus::Granted;
        awards.iter().find(fits).cloned()
    };
    let held = level.held.iter().filter_map(|place| steps.get(*place));
    OnLadder {
        code: code.clone(),
        name: name.clone(),
        name_en: name_en.clone(),
        count: level.count,
        eligible: level.eligible().map(StepName::of),
        held: held.map(|step| Held { step: StepName::of(step), award: award_of(step) }).collect(),
        next: level.next().map(|step| Next { step: StepName::of(step), lacks }),
        gifts,
        banned_until,
    }
}

/// Gifts are of steps that some rule of exchange is for.
async fn gifts(
    scheme: &OpenScheme,
    volunteer: Uuid,
    rules: &Rules,
    level: &Level<'_>,
) -> Result<Vec<Gifts>, LevelError> {
    let ladder = level.ladder;
    let entitled = rules.exchange.iter().filter_map(|rule| rule.entitled_by.as_ref());
    let codes: Vec<&str> = entitled.filter(|step| step.ladder == ladder.code).map(|step| step.step.as_str()).collect();
    let steps = ladder.steps.iter().enumerate().filter(|(_, step)| codes.contains(&step.code.as_str()));
    let steps: Vec<(usize, &LadderStep)> = steps.collect();
    if steps.is_empty() {
        return Ok(Vec::new());
    }
    let path = |step: &LadderStep| accounts::entitled_path(volunteer, &ladder.code, &step.code);
    let paths: Vec<Arc<str>> = steps.iter().map(|(_, step)| path(step)).collect();
    let view = scheme.book.standings(&paths).await?;
    let gifts = steps.iter().zip(&view.lots).map(|((place, step), lots)| {
        // What is used is counted below zero; what is held for a reservation is as good as used.
        let had = lots.iter().map(|lot| lot.held_out.saturating_sub(lot.balance)).sum();
        Gifts { step: StepName::of(step), due: level.due(*place), had }
    });
    Ok(gifts.filter(|gifts| gifts.due > 0 || gifts.had > 0).collect())
}
