//! Claiming a wish, giving it back; and passing it on to another unit (吹哨报到), which takes it or does not.

use super::rows::{find, locked};
use super::steps::{check_words, follow_claims};
use super::{Claim, ClaimStatus, ClaimStep, Claimant, Status, Wish, WishError};
use crate::config::Scheme;
use crate::exchanges::Ineligible;
use crate::keys::{Operator, Role};
use crate::micros;
use crate::records::unit_flaw;
use crate::schemes::OpenScheme;
use crate::volunteers::{self, is_text};
use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use uuid::Uuid;

/// Days for a claim where the configuration says nothing.
const CLAIM_DAYS: u32 = 14;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewClaim {
    pub id: Uuid,
    pub claimant: Claimant,
    /// It is passed on to a unit, which has to accept.
    pub offered: bool,
}

/// Claims a wish. Of many who claim the last place at once, one gets it. The same again is answered with the claim, and `true`.
pub async fn claim(
    scheme: &OpenScheme,
    wish: Uuid,
    new: NewClaim,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Wish, bool), WishError> {
    check(scheme, &new).await?;
    require_own_team(by, &new.claimant)?;
    let mut tx = scheme.db.begin_write().await?;
    let known = locked(&mut tx, scheme, wish).await?;
    if let Ok(claim) = known.claim(new.id) {
        return match claim.claimant == new.claimant {
            true => Ok((known, true)),
            false => Err(WishError::IdTaken { field: "claimant".to_owned() }),
        };
    }
    let today = scheme.config().day_of(now);
    if known.status != Status::Published || known.details.deadline_on < today {
        return Err(WishError::state(known.status.as_str()));
    }
    let again = known.claims.iter().find(|claim| claim.status.is_active() && claim.claimant == new.claimant);
    if let Some(claim) = again {
        return Err(WishError::state(claim.status.as_str()));
    }
    refuse_unskilled(scheme, &known, &new.claimant).await?;
    refuse_unreliable(&mut tx, scheme, &new.claimant, today).await?;
    if insert(&mut tx, scheme, wish, &new, by, now).await? == 0 {
        return Err(WishError::IdTaken { field: "wish_id".to_owned() });
    }
    let known = follow_claims(&mut tx, scheme, wish, now).await?;
    tx.commit().await?;
    Ok((known, false))
}

async fn check(scheme: &OpenScheme, new: &NewClaim) -> Result<(), WishError> {
    match &new.claimant {
        Claimant::Unit(code) => match unit_flaw(scheme, Some(code)).await? {
            Some(flaw) => Err(WishError::Invalid(vec![flaw])),
            None => Ok(()),
        },
        _ if new.offered => Err(WishError::invalid("claimant", "unknown_unit", "wishes are passed on to units")),
        Claimant::Team(code) if !is_text(code, 100) => {
            Err(WishError::invalid("claimant", "unknown_team", "there is no such team"))
        }
        Claimant::Volunteer(id) => Ok(volunteers::require_unmerged(scheme, *id).await?),
        Claimant::Team(_) => Ok(()),
    }
}

/// A leader acts for the team that they lead.
pub(super) fn require_own_team(by: &Operator, claimant: &Claimant) -> Result<(), WishError> {
    let own = by.team.as_ref().is_some_and(|team| *claimant == Claimant::Team(team.clone()));
    if by.role != Role::Leader || own { Ok(()) } else { Err(WishError::NotAllowed) }
}

async fn refuse_unskilled(scheme: &OpenScheme, wish: &Wish, claimant: &Claimant) -> Result<(), WishError> {
    let Claimant::Volunteer(id) = claimant else { return Ok(()) };
    let volunteer = volunteers::get(scheme, *id).await?;
    match wish.details.skills.iter().find(|skill| !volunteer.skills.contains(skill)) {
        None => Ok(()),
        Some(skill) => Err(WishError::NotEligible(Ineligible {
            condition: "skills".to_owned(),
            needed: skill.clone(),
            available: String::new(),
        })),
    }
}

/// Who has let too many claims of the year lapse makes no more in it.
async fn refuse_unreliable(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    claimant: &Claimant,
    today: NaiveDate,
) -> Result<(), WishError> {
    let config = scheme.config();
    let Some(allowed) = config.wishes.as_ref().and_then(|rules| rules.lapses_allowed) else { return Ok(()) };
    let (lapses,): (i64,) = tx
        .query(
            "SELECT COUNT(*) FROM wish_claims
             WHERE book = $1 AND claimant_kind = $2 AND claimant = $3 AND status = 'lapsed' AND due_on >= $4",
        )
        .bind(scheme.book.number())
        .bind(claimant.kind())
        .bind(claimant.key())
        .bind(NaiveDate::from_ymd_opt(today.year(), 1, 1).unwrap_or(today))
        .fetch_one()
        .await?;
    if lapses < i64::from(allowed) {
        return Ok(());
    }
    let (needed, available) = (format!("< {allowed}"), lapses.to_string());
    Err(WishError::NotEligible(Ineligible { condition: "lapses".to_owned(), needed, available }))
}

/// The last day of a claim that is made, or sent back, today.
pub(super) fn due_on(config: &Scheme, today: NaiveDate) -> NaiveDate {
    let days = config.wishes.as_ref().map_or(CLAIM_DAYS, |rules| rules.claim_days);
    today.checked_add_days(Days::new(days.into())).unwrap_or(NaiveDate::MAX)
}

async fn insert(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    wish: Uuid,
    new: &NewClaim,
    by: &Operator,
    now: DateTime<Utc>,
) -> db::Result<u64> {
    let config = scheme.config();
    let status = if new.offered { ClaimStatus::Offered } else { ClaimStatus::Claimed };
    tx.query(
        "INSERT INTO wish_claims (book, id, wish_id, claimant_kind, claimant, status, claimed_at, due_on, claimed_by,
             claimed_person, attempt, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $7) ON CONFLICT DO NOTHING",
    )
    .bind(scheme.book.number())
    .bind(new.id)
    .bind(wish)
    .bind(new.claimant.kind())
    .bind(new.claimant.key())
    .bind(status.as_str())
    .bind(micros(now))
    .bind(due_on(&config, config.day_of(now)))
    .bind(by.key_id)
    .bind(by.person.clone())
    .execute()
    .await
}

/// A unit takes on what was passed on to it; by somebody else than whoever passed it on.
pub async fn accept(
    scheme: &OpenScheme,
    wish: Uuid,
    claim: Uuid,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Wish, bool), WishError> {
    step(scheme, wish, claim, ClaimStep::Accept, None, by, now).await
}

/// A unit does not take on what was passed on to it.
pub async fn decline(
    scheme: &OpenScheme,
    wish: Uuid,
    claim: Uuid,
    reason: &str,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Wish, bool), WishError> {
    step(scheme, wish, claim, ClaimStep::Decline, Some(reason), by, now).await
}

/// Whoever claimed it cannot do it after all.
pub async fn give_back(
    scheme: &OpenScheme,
    wish: Uuid,
    claim: Uuid,
    reason: &str,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Wish, bool), WishError> {
    step(scheme, wish, claim, ClaimStep::GiveBack, Some(reason), by, now).await
}

async fn step(
    scheme: &OpenScheme,
    wish: Uuid,
    claim: Uuid,
    step: ClaimStep,
    reason: Option<&str>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Wish, bool), WishError> {
    check_words("reason", reason)?;
    let mut tx = scheme.db.begin_write().await?;
    let known = locked(&mut tx, scheme, wish).await?;
    let claim = known.claim(claim)?;
    require_own_team(by, &claim.claimant)?;
    let answers = matches!(step, ClaimStep::Accept | ClaimStep::Decline);
    if answers && claim.status == ClaimStatus::Offered && claim.claimed_person == by.person {
        return Err(WishError::Concerned);
    }
    if is_repetition(claim, step, reason) {
        return Ok((known, true));
    }
    let Some(next) = claim.status.after(step) else { return Err(WishError::state(claim.status.as_str())) };
    tx.query(
        "UPDATE wish_claims SET status = $3, reason = $4, due_on = $5, updated_at = $6 WHERE book = $1 AND id = $2",
    )
    .bind(scheme.book.number())
    .bind(claim.id)
    .bind(next.as_str())
    .bind(reason.map(str::to_owned))
    .bind(due_on(&scheme.config(), scheme.config().day_of(now)))
    .bind(micros(now))
    .execute()
    .await?;
    follow_claims(&mut tx, scheme, wish, now).await?;
    let known = find(&mut tx, scheme, wish).await?;
    tx.commit().await?;
    Ok((known, false))
}

fn is_repetition(claim: &Claim, step: ClaimStep, reason: Option<&str>) -> bool {
    let same = claim.reason.as_deref() == reason;
    match step {
        ClaimStep::Accept => claim.status == ClaimStatus::Claimed && same,
        ClaimStep::Decline => claim.status == ClaimStatus::Declined && same,
        ClaimStep::GiveBack => claim.status == ClaimStatus::GivenBack && same,
        _ => false,
    }
}
