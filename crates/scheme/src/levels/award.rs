//! Granting a step upon application, once; and revoking it.

use super::applications::{self, Request};
use super::known::{banned_until, known};
use super::{Known, LevelError};
use crate::accounts;
use crate::calendar::Calendar;
use crate::config::{self, Applicant, Ladder, Rules, Sequence};
use crate::keys::Operator;
use crate::projection::{kind, text};
use crate::reasons;
use crate::rules::ladders::{Level, levels};
use crate::schemes::OpenScheme;
use crate::volunteers::{self, Invalid, is_text};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use ledger::{Action, Bound, Draft, Entry, Key, Leg, Rejection, Source};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// How often a grant is judged anew because what it was judged by has changed meanwhile.
const TRIES: usize = 20;

/// A step that was granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Award {
    pub id: Uuid,
    pub volunteer_id: Uuid,
    pub ladder: String,
    pub step: String,
    pub status: AwardStatus,
    pub granted_on: NaiveDate,
    /// Of the entry that granted it.
    pub sequence: i64,
    pub revoked_sequence: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwardStatus {
    Granted,
    Revoked,
}

/// What is applied for, by whom, and whether it was public.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    pub id: Uuid,
    pub volunteer_id: Uuid,
    pub ladder: String,
    pub step: String,
    /// The body that grants it.
    pub body: Option<String>,
    pub applicant: Applicant,
    /// The first day of publicity.
    pub published_from: Option<NaiveDate>,
    pub note: Option<String>,
}

/// Grants a step. The same again is answered with the same award, and `true`.
pub async fn grant(
    scheme: &OpenScheme,
    application: Application,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Award, bool), LevelError> {
    volunteers::require_unmerged(scheme, application.volunteer_id).await?;
    if application.note.as_deref().is_some_and(|note| !is_text(note, 500)) {
        return Err(invalid("note", "invalid_text", "a note has 1 to 500 characters"));
    }
    let today = scheme.config().day_of(now);
    // What was granted is answered, whatever has become of the volunteer since.
    if scheme.book.settled(application.id).await?.is_some() {
        let draft = draft(&application, Vec::new(), Vec::new(), Map::new(), today);
        return granted(scheme, &application, draft).await;
    }
    let applied_for = applied_for(scheme, &application, by).await?;
    let note = reasons::give(scheme, application.id, application.note.as_deref(), by, now).await?;
    let mut tries = 0;
    loop {
        let mut draft = judged(scheme, &application, note.clone(), by, today).await?;
        draft.document.insert("applied_for".to_owned(), Value::Bool(applied_for));
        match granted(scheme, &application, draft).await {
            Err(LevelError::Busy) if tries < TRIES => tries += 1,
            outcome => return outcome,
        }
    }
}

/// Whether it was applied for under this id; then it is granted as it was applied for, and by another person.
async fn applied_for(scheme: &OpenScheme, application: &Application, by: &Operator) -> Result<bool, LevelError> {
    let Some(known) = applications::find(scheme, application.id).await? else { return Ok(false) };
    let asked = &known.request;
    let differing = [
        ("volunteer_id", asked.volunteer_id != application.volunteer_id),
        ("ladder", asked.ladder != application.ladder),
        ("step", asked.step != application.step),
        ("applicant", asked.applicant != application.applicant),
    ];
    if let Some((field, _)) = differing.into_iter().find(|(_, differs)| *differs) {
        return Err(LevelError::IdTaken { field: field.to_owned() });
    }
    applications::require_other(scheme, &known, by).await?;
    Ok(true)
}

/// Whether the volunteer may apply for a step today: it is reached, not had, the one below is held, and nothing bars them.
pub(super) async fn may_apply(scheme: &OpenScheme, request: &Request, today: NaiveDate) -> Result<(), LevelError> {
    let config = scheme.config();
    let Request { volunteer_id, ladder, step, applicant, .. } = request.clone();
    let form = Application {
        id: Uuid::nil(),
        volunteer_id,
        ladder,
        step,
        body: None,
        applicant,
        published_from: None,
        note: None,
    };
    let (rules, place) = asked_for(&config, &form, today)?;
    let known = known(scheme, volunteer_id, today).await?;
    let levels = levels(rules, &known.merits, &known.person, &known.granted, today);
    let level = levels.iter().find(|level| level.ladder.code == form.ladder);
    let level = level.ok_or_else(|| LevelError::Book("the rules lost a ladder".to_owned()))?;
    if known.granted.iter().any(|one| one.ladder == form.ladder && one.step == form.step) {
        return Err(LevelError::AlreadyGranted);
    }
    eligible(level, &known, place, today)?;
    if let Some(until) = banned_until(scheme, volunteer_id, &form.ladder, today).await?.0 {
        return Err(LevelError::Banned { until });
    }
    accepted(level.ladder, applicant)?;
    in_sequence(level, place, volunteer_id).map(drop)
}

/// The entry that grants it, if everything that is known now allows it.
async fn judged(
    scheme: &OpenScheme,
    application: &Application,
    note: Option<String>,
    by: &Operator,
    today: NaiveDate,
) -> Result<Draft, LevelError> {
    let config = scheme.config();
    let (rules, place) = asked_for(&config, application, today)?;
    let known = known(scheme, application.volunteer_id, today).await?;
    let levels = levels(rules, &known.merits, &known.person, &known.granted, today);
    let level = levels.iter().find(|level| level.ladder.code == application.ladder);
    let level = level.ok_or_else(|| LevelError::Book("the rules lost a ladder".to_owned()))?;
    let (banned, no_ban_since) = banned_until(scheme, application.volunteer_id, &application.ladder, today).await?;
    eligible(level, &known, place, today)?;
    if let Some(until) = banned {
        return Err(LevelError::Banned { until });
    }
    in_form(level.ladder, place, application, &scheme.calendar(), today)?;
    let mut bounds = known.pins.clone();
    bounds.push(no_ban_since);
    bounds.extend(in_sequence(level, place, application.volunteer_id)?);
    let account = accounts::granted(application.volunteer_id, &application.ladder, &application.step);
    let legs = vec![Leg { from: Source::Account(accounts::grants()), to: account, amount: 1 }];
    let document = json!({
        "minutes": level.count.minutes,
        "points": level.count.points,
        "days": level.count.days,
        "rules_version": rules.version,
        "note": note,
        "decided_by": by.key_id,
    });
    let document = document.as_object().cloned().unwrap_or_default();
    Ok(draft(application, legs, bounds, document, today))
}

/// The rules in force, and the place of the step on its ladder.
fn asked_for<'a>(
    config: &'a config::Scheme,
    application: &Application,
    today: NaiveDate,
) -> Result<(&'a Rules, usize), LevelError> {
    let (rules, ladder) = ladder_applied_for(config, &application.ladder, today)?;
    let place = ladder.steps.iter().position(|step| step.code == application.step);
    let place = place.ok_or_else(|| invalid("step", "unknown_step", "the ladder has no such step"))?;
    if application.published_from.is_some_and(|day| day > today) {
        return Err(invalid("published_from", "date_in_future", "publicity has not begun"));
    }
    Ok((rules, place))
}

/// A ladder whose steps are granted.
pub(super) fn ladder_applied_for<'a>(
    config: &'a config::Scheme,
    code: &str,
    today: NaiveDate,
) -> Result<(&'a Rules, &'a Ladder), LevelError> {
    let (rules, ladder) = ladder_in_force(config, code, today)?;
    if ladder.award == config::Award::Automatic {
        return Err(invalid("ladder", "automatic_ladder", "its steps are had by reaching them"));
    }
    Ok((rules, ladder))
}

pub(super) fn ladder_in_force<'a>(
    config: &'a config::Scheme,
    code: &str,
    today: NaiveDate,
) -> Result<(&'a Rules, &'a Ladder), LevelError> {
    let rules = config.rules_on(today);
    let found = rules.and_then(|rules| Some((rules, rules.ladders.iter().find(|ladder| ladder.code == code)?)));
    found.ok_or_else(|| invalid("ladder", "unknown_ladder", "the rules in force have no such ladder"))
}

pub(super) fn invalid(field: &'static str, code: &'static str, detail: &str) -> LevelError {
    LevelError::Invalid(vec![Invalid::new(field, code, detail)])
}

/// Whether the step is reached; and if not, whether what was served after the closing day is all that is missing.
fn eligible(level: &Level, known: &Known, place: usize, today: NaiveDate) -> Result<(), LevelError> {
    let (ladder, person) = (level.ladder, &known.person);
    let Some(step) = ladder.steps.get(place).filter(|_| place >= level.reached) else { return Ok(()) };
    let lacks = level.lacks(place, person, today);
    let closes_on = ladder.closes_on.and_then(|day| day.in_year(today.year())).filter(|day| *day < today);
    let never_closing = Ladder { closes_on: None, ..ladder.clone() };
    let is_late =
        level.shut_out.is_none() && known.merits.count(&never_closing, today).lacks(step, person, today).is_empty();
    match closes_on.filter(|_| is_late) {
        Some(closes_on) => Err(LevelError::AfterClosingDate { closes_on, lacks }),
        None => Err(LevelError::NotEligible { lacks }),
    }
}

/// Who applies, to whom, and after how much publicity.
fn in_form(
    ladder: &Ladder,
    place: usize,
    application: &Application,
    calendar: &Calendar,
    today: NaiveDate,
) -> Result<(), LevelError> {
    accepted(ladder, application.applicant)?;
    let body = ladder.steps.get(place).and_then(|step| step.granted_by.as_ref());
    if let Some(needed) = body.filter(|body| application.body.as_ref() != Some(*body)) {
        return Err(LevelError::WrongBody { needed: needed.clone() });
    }
    let needed = ladder.publicity_working_days.unwrap_or(0);
    let over = |from| calendar.over(from, today, needed);
    let available = application.published_from.map_or(0, over);
    if available < needed {
        return Err(LevelError::PublicityTooShort { needed, available });
    }
    Ok(())
}

fn accepted(ladder: &Ladder, applicant: Applicant) -> Result<(), LevelError> {
    if !ladder.applicants.is_empty() && !ladder.applicants.contains(&applicant) {
        return Err(LevelError::ApplicantNotAccepted { accepted: ladder.applicants.clone() });
    }
    Ok(())
}

/// The step below is held, and still is when this one is granted.
fn in_sequence(level: &Level, place: usize, volunteer: Uuid) -> Result<Option<Bound>, LevelError> {
    let Ladder { code, steps, sequence, .. } = level.ladder;
    let below = place.checked_sub(1).and_then(|below| steps.get(below).map(|step| (below, step)));
    let Some((below, step)) = below.filter(|_| *sequence == Some(Sequence::OneByOne)) else { return Ok(None) };
    if !level.held.contains(&below) {
        return Err(LevelError::OutOfSequence { needed: step.code.clone() });
    }
    let key = Key::new(accounts::granted_path(volunteer, code, &step.code));
    Ok(Some(Bound { key, floor: Some(1), ceiling: None }))
}

fn draft(
    application: &Application,
    legs: Vec<Leg>,
    mut bounds: Vec<Bound>,
    mut document: Map<String, Value>,
    today: NaiveDate,
) -> Draft {
    bounds.push(accounts::unmerged(application.volunteer_id));
    let asked = json!({
        "volunteer_id": application.volunteer_id,
        "ladder": application.ladder,
        "step": application.step,
        "body": application.body,
        "applicant": application.applicant,
        "published_from": application.published_from,
    });
    document.extend(asked.as_object().cloned().unwrap_or_default());
    Draft {
        id: application.id,
        kind: kind::LEVEL_GRANTED,
        effective_on: today,
        party: Some(application.volunteer_id),
        document_id: Some(application.id),
        action: Action::Post(legs),
        document,
        intent: &["volunteer_id", "ladder", "step", "body", "applicant", "published_from"],
        bounds,
        refusal: None,
        freeze_rejection: false,
    }
}

async fn granted(scheme: &OpenScheme, application: &Application, draft: Draft) -> Result<(Award, bool), LevelError> {
    let outcome = scheme.book.post(draft).await?;
    match outcome.result {
        Ok(entry) if outcome.replayed => Ok((award(scheme, application.volunteer_id, entry.id).await?, true)),
        Ok(entry) => Ok((made(&entry), false)),
        Err(Rejection::AboveCeiling { account, .. }) if account.contains("/granted/") => {
            Err(LevelError::AlreadyGranted)
        }
        // Something that it rests on has changed since it was read.
        Err(Rejection::BelowFloor { .. } | Rejection::AboveCeiling { .. }) => Err(LevelError::Busy),
        Err(other) => Err(LevelError::Book(other.to_string())),
    }
}

fn made(entry: &Entry) -> Award {
    let fields = entry.fields();
    Award {
        id: entry.id,
        volunteer_id: entry.party.unwrap_or_default(),
        ladder: text(&fields, "ladder").unwrap_or_default(),
        step: text(&fields, "step").unwrap_or_default(),
        status: AwardStatus::Granted,
        granted_on: entry.effective_on,
        sequence: entry.sequence,
        revoked_sequence: None,
    }
}

/// Takes a grant back. The step may then be granted anew. The same again is answered with the same, and `true`.
pub async fn revoke(
    scheme: &OpenScheme,
    volunteer: Uuid,
    id: Uuid,
    reason: &str,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Award, bool), LevelError> {
    let known = award(scheme, volunteer, id).await?;
    if !is_text(reason, 500) {
        return Err(invalid("reason", "invalid_text", "a reason has 1 to 500 characters"));
    }
    let entry_id = Uuid::new_v5(&id, b"revocation");
    let reason = reasons::give(scheme, entry_id, Some(reason), by, now).await?;
    let document = json!({ "ladder": known.ladder, "step": known.step, "reason": reason, "decided_by": by.key_id });
    let draft = Draft {
        id: entry_id,
        kind: kind::LEVEL_REVOKED,
        effective_on: scheme.config().day_of(now),
        party: Some(volunteer),
        document_id: Some(id),
        action: Action::Reverse { entry: id, amounts: None, overdraw: false, legs: Vec::new() },
        document: document.as_object().cloned().unwrap_or_default(),
        intent: &[],
        bounds: Vec::new(),
        refusal: None,
        freeze_rejection: false,
    };
    let outcome = scheme.book.post(draft).await?;
    outcome.result.map_err(|rejection| LevelError::Book(rejection.to_string()))?;
    Ok((award(scheme, volunteer, id).await?, outcome.replayed))
}

#[derive(sqlx::FromRow)]
struct AwardRow {
    id: Uuid,
    volunteer_id: Uuid,
    ladder: String,
    step: String,
    granted_on: NaiveDate,
    granted_sequence: i64,
    revoked_sequence: Option<i64>,
}

impl AwardRow {
    fn award(self) -> Award {
        let status = if self.revoked_sequence.is_some() { AwardStatus::Revoked } else { AwardStatus::Granted };
        Award {
            id: self.id,
            volunteer_id: self.volunteer_id,
            ladder: self.ladder,
            step: self.step,
            status,
            granted_on: self.granted_on,
            sequence: self.granted_sequence,
            revoked_sequence: self.revoked_sequence,
        }
    }
}

/// An award of this volunteer, as it stands now.
pub async fn award(scheme: &OpenScheme, volunteer: Uuid, id: Uuid) -> Result<Award, LevelError> {
    let awards = of_volunteer(scheme, volunteer).await?;
    awards.into_iter().find(|award| award.id == id).ok_or(LevelError::AwardNotFound { id })
}

/// The awards of this volunteer, those that were revoked as well, in the order of their entries.
pub(super) async fn of_volunteer(scheme: &OpenScheme, volunteer: Uuid) -> db::Result<Vec<Award>> {
    let rows: Vec<AwardRow> = scheme
        .db
        .query(
            "SELECT id, volunteer_id, ladder, step, granted_on, granted_sequence, revoked_sequence FROM awards
             WHERE book = $1 AND volunteer_id = $2 ORDER BY granted_sequence",
        )
        .bind(scheme.book.number())
        .bind(volunteer)
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(AwardRow::award).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Scheme;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    /// Whether the published ladder takes an application for its step in this form.
    fn applied(scheme: &str, step: usize, set: impl FnOnce(&mut Application)) -> Result<(), LevelError> {
        let path = format!("{}/../../tests/data/schemes/{scheme}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).expect(&path);
        let config = Scheme::parse(&text).unwrap_or_else(|error| panic!("{scheme}: {error}"));
        let mut application = Application {
            id: Uuid::nil(),
            volunteer_id: Uuid::nil(),
            ladder: "stars".to_owned(),
            step: "one".to_owned(),
            body: None,
            applicant: Applicant::Organisation,
            published_from: Some(day("2026-11-16")),
            note: None,
        };
        set(&mut application);
        let today = day("2026-11-23");
        let (_, ladder) = ladder_in_force(&config, "stars", today)?;
        in_form(ladder, step - 1, &application, &Calendar::default(), today)
    }

    #[test]
    fn published_ladders_are_applied_for_in_their_own_form() {
        let public_from = |on: &str| {
            let on = day(on);
            move |application: &mut Application| application.published_from = Some(on)
        };
        applied("guangdong-star", 2, public_from("2026-11-16")).expect("07.1");
        let early = applied("guangdong-star", 2, public_from("2026-11-17"));
        assert!(matches!(early, Err(LevelError::PublicityTooShort { needed: 5, available: 4 })), "07.2: {early:?}");
        let to = |body: &str| {
            let body = body.to_owned();
            move |application: &mut Application| application.body = Some(body)
        };
        applied("fujian-record", 2, to("县（区）志愿者协会")).expect("08.1");
        let county = applied("fujian-record", 3, to("县（区）志愿者协会"));
        assert!(
            matches!(&county, Err(LevelError::WrongBody { needed }) if needed == "设区市志愿者协会"),
            "08.2: {county:?}"
        );
        applied("fujian-record", 5, to("省志愿者协会")).expect("08.3");
        let oneself = applied("beijing-star", 5, |application| application.applicant = Applicant::Oneself);
        assert!(matches!(oneself, Err(LevelError::ApplicantNotAccepted { .. })), "56.6: {oneself:?}");
    }
}
