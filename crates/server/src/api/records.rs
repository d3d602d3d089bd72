//! What is on record of a volunteer beside service: what its four kinds share, and the full archive.

use crate::api::amounts::points;
use crate::api::answers::ok;
use crate::api::auth::may;
use crate::api::call::Call;
use crate::api::complaints::Complaint;
use crate::api::error::{Problem, record_refused};
use crate::api::honours::Honour;
use crate::api::ratings::Rating;
use crate::api::services::{Service, actors};
use crate::api::trainings::Attendance;
use actix_web::{HttpResponse, get};
use chrono::NaiveDate;
use scheme::records::{self, Filter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_records);
}

/// Decimals of an average of stars.
const STAR_SCALE: u8 = 2;

/// Which records to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RecordsQuery {
    volunteer_id: Option<Uuid>,
    /// Code of a unit: it and all below it.
    unit: Option<String>,
    /// Code of a team.
    team: Option<String>,
    /// The first day.
    from: Option<NaiveDate>,
    /// The last day.
    until: Option<NaiveDate>,
    status: Option<String>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// 1 to 200; 50 when left out.
    pub limit: Option<i64>,
}

impl RecordsQuery {
    /// `known`: the states that such records have.
    pub fn filter(&self, known: &[&str]) -> Result<Filter, Problem> {
        if self.status.as_deref().is_some_and(|status| !known.contains(&status)) {
            let (zh, en) = (format!("只有：{}", known.join("、")), format!("one of {}", known.join(", ")));
            return Err(Problem::invalid_value("/query/status", "unknown_status", &zh, &en));
        }
        Ok(Filter {
            volunteer_id: self.volunteer_id,
            unit: self.unit.clone(),
            team: self.team.clone(),
            from: self.from,
            until: self.until,
            status: self.status.clone(),
        })
    }
}

/// Why something that was written down counts no longer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Because {
    #[schema(example = "登记有误")]
    pub reason: String,
}

/// An average of stars.
#[derive(Serialize, ToSchema)]
pub struct StarAverage {
    #[schema(example = "4.67")]
    stars: String,
    /// Of so many ratings.
    count: i64,
}

impl From<scheme::ratings::Average> for StarAverage {
    fn from(average: scheme::ratings::Average) -> Self {
        StarAverage { stars: points(average.hundredths(), STAR_SCALE), count: average.count }
    }
}

/// All that is on record of a volunteer, each kind in the order of its days.
#[derive(Serialize, ToSchema)]
pub struct Records {
    services: Vec<Service>,
    trainings: Vec<Attendance>,
    honours: Vec<Honour>,
    ratings: Vec<Rating>,
    rating: Option<StarAverage>,
    complaints: Vec<Complaint>,
    /// Some kind has more than the 1000 that are shown: list it by itself.
    truncated: bool,
}

/// Read the full archive of a volunteer
///
/// Service, training, honours, ratings and complaints apart (Order 67 of the Ministry of Civil Affairs, Art. 5 to 10). Whoever
/// complained is not told.
#[utoipa::path(tag = "records", responses((status = 200, body = Records)))]
#[get("/volunteers/{id}/records")]
async fn get_records(call: Call<may::GetRecords, Uuid>) -> Result<HttpResponse, Problem> {
    let scale = call.scale();
    let archive = records::archive(&call.scheme, call.at, call.now).await;
    let archive = archive.map_err(|error| record_refused(error, scale))?;
    let actors = actors(&call.scheme, &archive.services).await?;
    Ok(ok(Records {
        services: archive.services.into_iter().map(|service| Service::new(service, &actors, scale)).collect(),
        trainings: archive.trainings.into_iter().map(Attendance::from).collect(),
        honours: archive.honours.into_iter().map(Honour::from).collect(),
        ratings: archive.ratings.into_iter().map(Rating::from).collect(),
        rating: archive.average.map(StarAverage::from),
        complaints: archive.complaints.into_iter().map(Complaint::public).collect(),
        truncated: archive.truncated,
    }))
}
