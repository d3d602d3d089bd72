//! What was done for a wish, who took part, and how good it was.

use super::claims::{due_on, require_own_team};
use super::rows::{find, locked};
use super::steps::{check_words, follow_claims};
use super::{Claim, ClaimStatus, ClaimStep, Claimant, Share, Wish, WishError};
use crate::keys::Operator;
use crate::micros;
use crate::records::day_flaw;
use crate::schemes::OpenScheme;
use crate::services::{Derived, annul, put_derived};
use crate::volunteers;
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::BTreeSet;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What was done.
    pub content: String,
    /// `None`: today.
    pub fulfilled_on: Option<NaiveDate>,
    pub shares: Vec<NewShare>,
}

/// Somebody who took part. What is left out is what the wish carries for each person, or for the only one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewShare {
    pub volunteer_id: Uuid,
    pub minutes: Option<i64>,
    /// Minor units.
    pub points: Option<i64>,
}

/// Reports that a claim is fulfilled. The minutes of those who took part are written down as service records.
pub async fn fulfil(
    scheme: &OpenScheme,
    wish: Uuid,
    claim: Uuid,
    report: Report,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Wish, bool), WishError> {
    check_words("report", Some(&report.content))?;
    let fulfilled_on = report.fulfilled_on.unwrap_or_else(|| scheme.config().day_of(now));
    if let Some(flaw) = day_flaw(scheme, "fulfilled_on", fulfilled_on, now) {
        return Err(WishError::Invalid(vec![flaw]));
    }
    for share in &report.shares {
        volunteers::require_unmerged(scheme, share.volunteer_id).await?;
    }
    let mut tx = scheme.db.begin_write().await?;
    let known = locked(&mut tx, scheme, wish).await?;
    let claim = known.claim(claim)?;
    require_own_team(by, &claim.claimant)?;
    let shares = shares(&known, claim, &report)?;
    if claim.status == ClaimStatus::Fulfilled && is_same(claim, &report, fulfilled_on, &shares) {
        return Ok((known, true));
    }
    let Some(next) = claim.status.after(ClaimStep::Fulfil) else {
        return Err(WishError::state(claim.status.as_str()));
    };
    let attempt = claim.attempt + 1;
    let organiser = organiser(scheme, &known).await?;
    for share in shares {
        let service_id = (share.minutes > 0).then(|| service_id(claim.id, attempt, share.volunteer_id));
        if let Some(service_id) = service_id {
            let record = record(&known, &report, &share, fulfilled_on, &organiser);
            put_derived(&mut tx, scheme, service_id, &record.borrowed(), by, now).await?;
        }
        write_share(&mut tx, scheme, claim.id, attempt, &Share { service_id, ..share }).await?;
    }
    tx.query(
        "UPDATE wish_claims SET status = $3, attempt = $4, fulfilled_on = $5, report = $6, reported_by = $7,
             reported_person = $8, reason = NULL, stars = NULL, thanks = NULL, updated_at = $9
         WHERE book = $1 AND id = $2",
    )
    .bind(scheme.book.number())
    .bind(claim.id)
    .bind(next.as_str())
    .bind(attempt)
    .bind(fulfilled_on)
    .bind(report.content)
    .bind(by.key_id)
    .bind(by.person.clone())
    .bind(micros(now))
    .execute()
    .await?;
    let wish = follow_claims(&mut tx, scheme, wish, now).await?;
    tx.commit().await?;
    Ok((wish, false))
}

fn service_id(claim: Uuid, attempt: i64, volunteer: Uuid) -> Uuid {
    Uuid::new_v5(&claim, format!("{attempt} {volunteer}").as_bytes())
}

fn is_same(claim: &Claim, report: &Report, fulfilled_on: NaiveDate, shares: &[Share]) -> bool {
    let key = |share: &Share| (share.volunteer_id, share.minutes, share.points);
    let mut given: Vec<_> = shares.iter().map(key).collect();
    let mut known: Vec<_> = claim.shares.iter().map(key).collect();
    given.sort_unstable();
    known.sort_unstable();
    let words = claim.report.as_ref() == Some(&report.content);
    words && claim.fulfilled_on == Some(fulfilled_on) && given == known
}

/// What each gets, within what the wish carries and others have not been given.
fn shares(wish: &Wish, claim: &Claim, report: &Report) -> Result<Vec<Share>, WishError> {
    let details = &wish.details;
    let people: BTreeSet<Uuid> = report.shares.iter().map(|share| share.volunteer_id).collect();
    if people.is_empty() {
        return Err(WishError::invalid("shares", "nobody", "somebody has taken part"));
    }
    if people.len() != report.shares.len() {
        return Err(WishError::invalid("shares", "twice", "somebody is named twice"));
    }
    if let Claimant::Volunteer(own) = &claim.claimant
        && people.iter().any(|volunteer| volunteer != own)
    {
        return Err(WishError::invalid("shares", "another_person", "a volunteer's own claim is of that volunteer"));
    }
    let others = || {
        let others = wish.claims.iter().filter(|other| other.id != claim.id && other.status.is_active());
        others.flat_map(|other| &other.shares)
    };
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    if count(people.len()).saturating_add(count(others().count())) > details.people {
        return Err(WishError::invalid("shares", "too_many_people", format!("{} may take part", details.people)));
    }
    let left_minutes = details.all_minutes() - others().map(|share| share.minutes).sum::<i64>();
    let left_points = details.all_points() - others().map(|share| share.points).sum::<i64>();
    let alone = people.len() == 1;
    let default = |each: i64, left: i64| match (details.per_person, alone) {
        (true, _) => each,
        (false, true) => left,
        (false, false) => 0,
    };
    let share = |new: &NewShare| Share {
        volunteer_id: new.volunteer_id,
        minutes: new.minutes.unwrap_or_else(|| default(details.minutes, left_minutes)),
        points: new.points.unwrap_or_else(|| default(details.points, left_points)),
        service_id: None,
    };
    let mut shares: Vec<Share> = report.shares.iter().map(share).collect();
    // Each takes its volunteer's lock: all who do take them in one order.
    shares.sort_unstable_by_key(|share| share.volunteer_id);
    let most = |each: i64, left: i64| if details.per_person { each } else { left };
    let (most_minutes, most_points) = (most(details.minutes, left_minutes), most(details.points, left_points));
    let is_wrong = |share: &Share| {
        !(0..=most_minutes.min(24 * 60)).contains(&share.minutes) || !(0..=most_points).contains(&share.points)
    };
    let sum = |of: fn(&Share) -> i64| shares.iter().map(of).fold(0_i64, i64::saturating_add);
    let too_much = sum(|share| share.minutes) > left_minutes || sum(|share| share.points) > left_points;
    match too_much || shares.iter().any(is_wrong) {
        true => Err(WishError::invalid("shares", "more_than_carried", "the wish does not carry as much")),
        false => Ok(shares),
    }
}

/// What the service record of a share says.
struct RecordOf {
    category: String,
    title: String,
    content: String,
    organiser: String,
    unit: Option<String>,
    team: Option<String>,
    volunteer_id: Uuid,
    minutes: i64,
    occurred_on: NaiveDate,
}

/// The unit of the wish, or who keeps the scheme.
async fn organiser(scheme: &OpenScheme, wish: &Wish) -> db::Result<String> {
    let organisation = scheme.organisation().await?;
    let unit = wish.details.unit.as_deref().and_then(|code| organisation.unit(code));
    Ok(unit.map_or_else(|| scheme.config().name.clone(), |unit| unit.name.clone()))
}

fn record(wish: &Wish, report: &Report, share: &Share, occurred_on: NaiveDate, organiser: &str) -> RecordOf {
    let details = &wish.details;
    RecordOf {
        category: details.category.clone().unwrap_or_default(),
        title: details.title.clone(),
        content: report.content.clone(),
        organiser: organiser.to_owned(),
        unit: details.unit.clone(),
        team: None,
        volunteer_id: share.volunteer_id,
        minutes: share.minutes,
        occurred_on,
    }
}

impl RecordOf {
    fn borrowed(&self) -> Derived<'_> {
        Derived {
            volunteer_id: self.volunteer_id,
            category: &self.category,
            title: &self.title,
            content: &self.content,
            organiser: &self.organiser,
            occurred_on: self.occurred_on,
            minutes: Some(self.minutes),
            level: None,
            unit: self.unit.as_deref(),
            team: self.team.as_deref(),
        }
    }
}

async fn write_share(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    claim: Uuid,
    attempt: i64,
    share: &Share,
) -> db::Result<u64> {
    tx.query(
        "INSERT INTO wish_shares (book, claim_id, attempt, volunteer_id, minutes, points, service_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(scheme.book.number())
    .bind(claim)
    .bind(attempt)
    .bind(share.volunteer_id)
    .bind(share.minutes)
    .bind(share.points)
    .bind(share.service_id)
    .execute()
    .await
}

/// Whoever wished for it says how good it was: 1 to 5 stars, and thanks. Not by whoever has reported it.
pub async fn rate(
    scheme: &OpenScheme,
    wish: Uuid,
    claim: Uuid,
    stars: i64,
    thanks: Option<&str>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Wish, bool), WishError> {
    check_words("thanks", thanks)?;
    if !(1..=5).contains(&stars) {
        return Err(WishError::invalid("stars", "invalid_star", "1 to 5 stars"));
    }
    let mut tx = scheme.db.begin_write().await?;
    let known = locked(&mut tx, scheme, wish).await?;
    let claim = known.claim(claim)?;
    if claim.status == ClaimStatus::Rated && claim.stars == Some(stars) && claim.thanks.as_deref() == thanks {
        return Ok((known, true));
    }
    let Some(next) = claim.status.after(ClaimStep::Rate) else { return Err(WishError::state(claim.status.as_str())) };
    if claim.reported_person.as_ref() == Some(&by.person) || takes_part(claim, by) {
        return Err(WishError::Concerned);
    }
    tx.query(
        "UPDATE wish_claims SET status = $3, stars = $4, thanks = $5, rated_by = $6, updated_at = $7
         WHERE book = $1 AND id = $2",
    )
    .bind(scheme.book.number())
    .bind(claim.id)
    .bind(next.as_str())
    .bind(stars)
    .bind(thanks.map(str::to_owned))
    .bind(by.key_id)
    .bind(micros(now))
    .execute()
    .await?;
    let wish = follow_claims(&mut tx, scheme, wish, now).await?;
    tx.commit().await?;
    Ok((wish, false))
}

/// Whether the operator is the claimant, or among those who get something.
pub(super) fn takes_part(claim: &Claim, by: &Operator) -> bool {
    let is_own = |volunteer: Uuid| by.volunteer_id == Some(volunteer);
    let claims = matches!(claim.claimant, Claimant::Volunteer(volunteer) if is_own(volunteer));
    claims || claim.shares.iter().any(|share| is_own(share.volunteer_id))
}

/// Does not take the report as it is: the claimant does the rest, or reports anew. What it had written down is annulled.
pub async fn send_back(
    scheme: &OpenScheme,
    wish: Uuid,
    claim: Uuid,
    reason: &str,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Wish, bool), WishError> {
    check_words("reason", Some(reason))?;
    let mut tx = scheme.db.begin_write().await?;
    let known = locked(&mut tx, scheme, wish).await?;
    let claim = known.claim(claim)?;
    let replayed = claim.status == ClaimStatus::Claimed && claim.reason.as_deref() == Some(reason);
    if !replayed {
        let Some(next) = claim.status.after(ClaimStep::SendBack) else {
            return Err(WishError::state(claim.status.as_str()));
        };
        let config = scheme.config();
        tx.query(
            "UPDATE wish_claims SET status = $3, reason = $4, due_on = $5, updated_at = $6 WHERE book = $1 AND id = $2",
        )
        .bind(scheme.book.number())
        .bind(claim.id)
        .bind(next.as_str())
        .bind(reason.to_owned())
        .bind(due_on(&config, config.day_of(now)))
        .bind(micros(now))
        .execute()
        .await?;
        follow_claims(&mut tx, scheme, wish, now).await?;
    }
    let known = find(&mut tx, scheme, wish).await?;
    tx.commit().await?;
    for service in claim.shares.iter().filter_map(|share| share.service_id) {
        annul(scheme, service, "心愿完成情况被退回 the report was sent back", by, now).await?;
    }
    Ok((known, replayed))
}

#[cfg(test)]
mod tests;
