//! Certificates on the wire.

use crate::api::amounts::hours;
use crate::api::error::Problem;
use crate::api::services::Actor;
use chrono::{DateTime, NaiveDate, Utc};
use scheme::certificates::{self, Body, Of, Order};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Clone, Copy, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CertificateKind)]
pub enum Kind {
    /// The services of a period.
    #[default]
    Record,
    /// A step of a ladder that was granted.
    Level,
    /// Taking part in a campaign.
    Campaign,
}

#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCertificate {
    #[serde(default)]
    kind: Kind,
    volunteer_id: Uuid,
    /// Of a `record`: the first and the last day that it certifies.
    from: Option<NaiveDate>,
    until: Option<NaiveDate>,
    /// Of a `record`: whether the services are listed one by one; they are when left out.
    detailed: Option<bool>,
    /// Of a `level`: the award.
    award_id: Option<Uuid>,
    /// Of a `campaign`.
    campaign_id: Option<Uuid>,
    /// Of a `campaign`: what its text names beside what is known of everybody.
    fields: Option<BTreeMap<String, String>>,
    /// Today when left out.
    applied_on: Option<NaiveDate>,
    /// Who applies, when it is not the volunteer.
    #[schema(example = "福建省某某中学")]
    applicant: Option<String>,
    #[schema(example = "升学")]
    purpose: Option<String>,
    /// Printed with the others under 其他.
    remark: Option<String>,
    /// As it stands on the identity card that was shown: it must be the volunteer's. Only its last four places are kept and
    /// printed.
    id_number: Option<String>,
    /// The certificate in whose place this one is issued; it is no longer good then.
    replaces: Option<Uuid>,
}

impl NewCertificate {
    pub fn order(self, id: Uuid) -> Result<Order, Problem> {
        let missing = |field: &str| {
            Problem::invalid_value(format!("/{field}"), "missing_field", "缺少此项", "the field is missing")
        };
        let of = match self.kind {
            Kind::Record => Of::Record {
                from: self.from.ok_or_else(|| missing("from"))?,
                until: self.until.ok_or_else(|| missing("until"))?,
                detailed: self.detailed.unwrap_or(true),
            },
            Kind::Level => Of::Level { award_id: self.award_id.ok_or_else(|| missing("award_id"))? },
            Kind::Campaign => Of::Campaign {
                campaign_id: self.campaign_id.ok_or_else(|| missing("campaign_id"))?,
                fields: self.fields.clone().unwrap_or_default(),
            },
        };
        let strange = [
            ("from", self.from.is_some() && !matches!(of, Of::Record { .. })),
            ("until", self.until.is_some() && !matches!(of, Of::Record { .. })),
            ("detailed", self.detailed.is_some() && !matches!(of, Of::Record { .. })),
            ("award_id", self.award_id.is_some() && !matches!(of, Of::Level { .. })),
            ("campaign_id", self.campaign_id.is_some() && !matches!(of, Of::Campaign { .. })),
            ("fields", self.fields.is_some() && !matches!(of, Of::Campaign { .. })),
        ];
        if let Some((field, _)) = strange.iter().find(|(_, is_there)| *is_there) {
            let (zh, en) = ("这种证明没有此项", "this kind of certificate has no such field");
            return Err(Problem::invalid_value(format!("/{field}"), "unknown_field", zh, en));
        }
        Ok(Order {
            id,
            volunteer_id: self.volunteer_id,
            of,
            applied_on: self.applied_on,
            applicant: self.applicant,
            purpose: self.purpose,
            remark: self.remark,
            id_number: self.id_number,
            replaces: self.replaces,
        })
    }
}

#[derive(Serialize, ToSchema)]
pub struct Certificate {
    id: Uuid,
    kind: &'static str,
    #[schema(example = "ZIYANG-2026-000042")]
    number: String,
    /// With the number it lets anybody verify the certificate. Keep it out of logs.
    #[schema(example = "7KQ-4M2-XPA")]
    check_code: String,
    volunteer_id: Uuid,
    /// As they are printed.
    name: String,
    volunteer_number: String,
    /// Code of the volunteer's unit when it was issued.
    unit: Option<String>,
    /// The award or the campaign that it is of.
    source_id: Option<Uuid>,
    /// Of a record.
    from: Option<NaiveDate>,
    until: Option<NaiveDate>,
    #[schema(example = "126.5")]
    hours: String,
    minutes: i64,
    services: i64,
    /// What was done; of others, what they are of.
    summary: String,
    issuer: String,
    remark: String,
    applied_on: NaiveDate,
    due_on: NaiveDate,
    late: bool,
    issued_on: NaiveDate,
    issued_at: DateTime<Utc>,
    issued_by: Actor,
    #[schema(example = "valid")]
    status: &'static str,
    /// Service records that it counts were taken back since: replace or revoke it.
    touched: bool,
    closed_on: Option<NaiveDate>,
    closed_by: Option<Actor>,
    reason: Option<String>,
    replaced_by: Option<Uuid>,
    /// Sequence of the newest entry that is part of it.
    as_of: i64,
    /// Root of the book then, in hex.
    root: String,
}

impl Certificate {
    pub fn new(
        certificate: certificates::Certificate,
        actors: &HashMap<Uuid, Arc<scheme::actors::Actor>>,
    ) -> Certificate {
        let late = certificate.is_late();
        let actor = |key: Uuid| Actor::of(actors, key);
        let paper = certificate.paper;
        let (from, until, summary) = match paper.body {
            Body::Record { from, until, summary, .. } => (Some(from), Some(until), summary),
            Body::Honour { design, .. } => (None, None, design.title),
        };
        let closing = certificate.closing;
        Certificate {
            id: certificate.id,
            kind: certificate.kind.as_str(),
            number: certificate.number,
            check_code: certificate.check_code,
            volunteer_id: certificate.volunteer_id,
            name: paper.name,
            volunteer_number: paper.volunteer_number,
            unit: certificate.unit,
            source_id: certificate.source_id,
            from,
            until,
            hours: hours(certificate.minutes),
            minutes: certificate.minutes,
            services: certificate.services,
            summary,
            issuer: paper.issuer,
            remark: paper.remark,
            applied_on: certificate.applied_on,
            due_on: certificate.due_on,
            late,
            issued_on: certificate.issued_on,
            issued_at: certificate.issued_at,
            issued_by: actor(certificate.issued_by),
            status: certificate.status.as_str(),
            touched: certificate.touched,
            closed_on: closing.as_ref().map(|closing| closing.on),
            closed_by: closing.as_ref().map(|closing| actor(closing.by)),
            replaced_by: closing.as_ref().and_then(|closing| closing.replaced_by),
            reason: closing.and_then(|closing| closing.reason),
            as_of: certificate.as_of,
            root: hex::encode(certificate.root),
        }
    }
}
