//! Campaigns: what all their certificates have in common. A campaign is put once and not changed, since papers quote it.

use super::{CertificateError, Design};
use crate::keys::Operator;
use crate::micros;
use crate::schemes::OpenScheme;
use crate::volunteers::{Invalid, is_text};
use chrono::{DateTime, Utc};
use db::Many;
use std::collections::HashMap;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    pub id: Uuid,
    pub design: Design,
}

/// Writes a campaign down. The same again is answered with it, and `true`.
pub async fn put_campaign(
    scheme: &OpenScheme,
    id: Uuid,
    design: Design,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Campaign, bool), CertificateError> {
    let flaws = flaws(&design);
    if !flaws.is_empty() {
        return Err(CertificateError::Invalid(flaws));
    }
    let mut tx = scheme.db.begin_write().await?;
    if let Some(digest) = &design.background {
        let known: Option<(i64,)> = tx
            .query("SELECT width FROM pictures WHERE book = $1 AND digest = $2")
            .bind(scheme.book.number())
            .bind(digest.clone())
            .fetch_optional()
            .await?;
        if known.is_none() {
            let flaw = Invalid::new("background", "unknown_picture", "there is no picture of this digest");
            return Err(CertificateError::Invalid(vec![flaw]));
        }
    }
    let written = tx
        .query(
            "INSERT INTO certificate_campaigns (book, id, design, created_by, created_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT DO NOTHING",
        )
        .bind(scheme.book.number())
        .bind(id)
        .bind(serde_json::to_string(&design).unwrap_or_default())
        .bind(by.key_id)
        .bind(micros(now))
        .execute()
        .await?;
    tx.commit().await?;
    if written == 1 {
        return Ok((Campaign { id, design }, false));
    }
    let known = campaign(scheme, id).await?;
    match difference(&known.design, &design) {
        Some(field) => Err(CertificateError::IdTaken { field }),
        None => Ok((known, true)),
    }
}

pub async fn campaign(scheme: &OpenScheme, id: Uuid) -> Result<Campaign, CertificateError> {
    let design = designs(scheme, vec![id]).await?.remove(&id);
    Ok(Campaign { id, design: design.ok_or(CertificateError::CampaignNotFound { id })? })
}

pub(super) async fn designs(scheme: &OpenScheme, ids: Vec<Uuid>) -> Result<HashMap<Uuid, Design>, CertificateError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Uuid, String)> = scheme
        .db
        .query("SELECT c.id, c.design FROM many($2) AS m JOIN certificate_campaigns AS c ON c.book = $1 AND c.id = m.value")
        .bind(scheme.book.number())
        .bind_many(Many::Uuid(ids))
        .fetch_all()
        .await?;
    let damaged = |_| db::Error::Damaged("certificate_campaigns.design is no JSON".to_owned());
    let read = |(id, design): (Uuid, String)| Ok((id, serde_json::from_str(&design).map_err(damaged)?));
    rows.into_iter().map(read).collect()
}

fn flaws(design: &Design) -> Vec<Invalid> {
    let texts = [("title", &design.title, 60), ("heading", &design.heading, 20)];
    let wrong = texts.iter().filter(|(_, text, most)| !is_text(text, *most));
    let mut flaws: Vec<Invalid> = wrong
        .map(|(field, _, most)| Invalid::new(field, "invalid_text", format!("1 to {most} characters, not blank")))
        .collect();
    if !design.subheading.is_empty() && !is_text(&design.subheading, 60) {
        flaws.push(Invalid::new("subheading", "invalid_text", "at most 60 characters"));
    }
    let letters = design.text.chars().count();
    if design.text.trim().is_empty() || letters > 500 {
        flaws.push(Invalid::new("text", "invalid_text", "1 to 500 characters, not blank"));
    }
    if design.issuers.is_empty() || design.issuers.len() > 3 || design.issuers.iter().any(|one| !is_text(one, 60)) {
        flaws.push(Invalid::new("issuers", "invalid_text", "one to three bodies, each of 1 to 60 characters"));
    }
    if design.from > design.until {
        flaws.push(Invalid::new("from", "period_reversed", "it does not begin after its end"));
    }
    flaws
}

fn difference(known: &Design, asked: &Design) -> Option<String> {
    let (known, asked) = (serde_json::to_value(known).ok()?, serde_json::to_value(asked).ok()?);
    let field = known.as_object()?.iter().find(|(field, value)| asked.get(field.as_str()) != Some(*value));
    field.map(|(field, _)| field.clone())
}
