//! Campaigns: what all their certificates have in common.

use crate::api::answers::{ok, once};
use crate::api::auth::may;
use crate::api::call::{Call, Json};
use crate::api::error::Problem;
use crate::api::papers::refuse_unknown_fields;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, put};
use chrono::NaiveDate;
use scheme::certificates::{self, Design};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config.service(put_campaign).service(get_campaign);
}

/// What all certificates of a campaign have in common.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewCampaign)]
pub struct NewCampaign {
    #[schema(example = "2026 年防台风抢险志愿服务")]
    title: String,
    /// 荣誉证书 when left out.
    #[serde(default = "honour")]
    heading: String,
    #[serde(default)]
    subheading: String,
    /// With fields in braces: `name`, `number`, `hours`, `count`, `title`, `date`, `from`, `until`, and those of each certificate.
    #[schema(example = "在{title}中服务 {hours} 小时，特发此证。")]
    text: String,
    /// One to three bodies; who issues certificates when left out.
    issuers: Option<Vec<String>>,
    /// The day that is printed.
    date: NaiveDate,
    /// Services from here to `until` are counted for `hours` and `count`.
    from: NaiveDate,
    until: NaiveDate,
    /// Names of the fields that each certificate brings along.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fields: Vec<String>,
    /// Digest of an uploaded picture that fills the page, 297 to 210; a border when left out.
    background: Option<String>,
    /// How far the text keeps from the edges, in millimetres: left, right, top, bottom.
    margins: Option<[u8; 4]>,
}

fn honour() -> String {
    "荣誉证书".to_owned()
}

#[derive(Serialize, ToSchema)]
pub struct Campaign {
    id: Uuid,
    title: String,
    heading: String,
    subheading: String,
    text: String,
    issuers: Vec<String>,
    date: NaiveDate,
    from: NaiveDate,
    until: NaiveDate,
    background: Option<String>,
    margins: Option<[u8; 4]>,
}

impl From<certificates::Campaign> for Campaign {
    fn from(campaign: certificates::Campaign) -> Self {
        let Design { title, heading, subheading, text, issuers, date, from, until, background, margins } =
            campaign.design;
        let id = campaign.id;
        Campaign { id, title, heading, subheading, text, issuers, date, from, until, background, margins }
    }
}

/// Fields that are known of everybody.
const KNOWN: [&str; 8] = ["name", "number", "hours", "count", "title", "date", "from", "until"];

/// Put a campaign
///
/// It is put once: papers quote it. Its text is checked first, and every field that nobody knows is named. Its certificates are
/// issued with `PUT /certificates/{id}` or in batches.
#[utoipa::path(
    tag = "certificates",
    request_body = NewCampaign,
    responses((status = 201, body = Campaign), (status = 200, body = Campaign))
)]
#[put("/campaigns/{id}")]
async fn put_campaign(call: Call<may::PutCampaign, Uuid, Json<NewCampaign>>) -> Result<HttpResponse, Problem> {
    let new = call.input.0.clone();
    let own: Vec<&str> = new.fields.iter().map(String::as_str).collect();
    refuse_unknown_fields(&new.text, &[KNOWN.as_slice(), &own].concat())?;
    let issuers = match new.issuers {
        Some(issuers) => issuers,
        None => vec![certificates::issuer(&call.scheme).await?],
    };
    let NewCampaign { title, heading, subheading, text, date, from, until, background, margins, .. } = new;
    let design = Design { title, heading, subheading, text, issuers, date, from, until, background, margins };
    let done = certificates::put_campaign(&call.scheme, call.at, design, call.by(), call.now).await?;
    let (campaign, replayed) = done;
    Ok(once(StatusCode::CREATED, replayed, Campaign::from(campaign)))
}

/// Show a campaign
#[utoipa::path(tag = "certificates", responses((status = 200, body = Campaign)))]
#[get("/campaigns/{id}")]
async fn get_campaign(call: Call<may::GetCampaign, Uuid>) -> Result<HttpResponse, Problem> {
    Ok(ok(Campaign::from(certificates::campaign(&call.scheme, call.at).await?)))
}
