//! Whether somebody may take part (Regulations on Voluntary Service, Art. 15 to 17: fit by age and skill, trained, insured).

use super::{Activity, Post, insurances};
use crate::exchanges::Ineligible;
use crate::schemes::OpenScheme;
use crate::trainings;
use crate::volunteers::Volunteer;

/// The first condition that the volunteer does not fulfil. What is missing is named, but not how old somebody is.
pub(crate) async fn eligible(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    activity: &Activity,
    post: Option<&Post>,
    volunteer: &Volunteer,
) -> db::Result<Option<Ineligible>> {
    let (config, details) = (scheme.config(), &activity.details);
    let (first, last) = (config.day_of(details.starts_at), config.day_of(details.ends_at));
    let age = volunteer.birth_date.and_then(|born| first.years_since(born)).map(i64::from);
    let lacks = |condition: &str, needed: String| {
        Some(Ineligible { condition: condition.to_owned(), needed, available: String::new() })
    };
    let min_age = details.min_age.max(post.and_then(|post| post.min_age));
    if let Some(least) = min_age.filter(|least| age.is_none_or(|age| age < *least)) {
        return Ok(lacks("min_age", least.to_string()));
    }
    if let Some(most) = details.max_age.filter(|most| age.is_none_or(|age| age > *most)) {
        return Ok(lacks("max_age", most.to_string()));
    }
    if let Some(code) = &details.requires_training
        && !trainings::trained(scheme, volunteer.id, code, first).await?
    {
        return Ok(lacks("training", code.clone()));
    }
    let covered = !details.requires_insurance || details.insured;
    if !covered && !insurances::covers(tx, scheme, volunteer.id, first, last).await? {
        return Ok(lacks("insurance", last.to_string()));
    }
    let skill = post.and_then(|post| post.skill.as_ref());
    if let Some(skill) = skill.filter(|skill| !volunteer.skills.contains(skill)) {
        return Ok(lacks("skill", skill.clone()));
    }
    Ok(None)
}
