//! Stations: places that keep stock and hand out rewards.

use crate::api::answers::{ok, versioned, written};
use crate::api::auth::may;
use crate::api::call::{Call, CodeOf, Json};
use crate::api::error::{Code, Problem};
use actix_web::{HttpResponse, get, put};
use scheme::stations::{self, StationDetails};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(config: &mut ServiceConfig) {
    config.service(put_station).service(get_station).service(list_stations);
}

/// A station as somebody writes it down.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewStation {
    #[schema(example = "紫阳社区志愿服务站")]
    name: String,
    /// Code of the unit that it serves.
    unit: Option<String>,
    #[schema(example = "紫阳路 12 号")]
    address: Option<String>,
    #[schema(example = "周一至周五 8:30–17:00")]
    opening_hours: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Station {
    #[schema(example = "main")]
    code: String,
    name: String,
    unit: Option<String>,
    address: Option<String>,
    opening_hours: Option<String>,
    version: i64,
}

#[derive(Serialize, ToSchema)]
pub struct Stations {
    stations: Vec<Station>,
    /// Always `null`: all of them are listed.
    next: Option<String>,
}

impl From<&stations::Station> for Station {
    fn from(station: &stations::Station) -> Self {
        let stations::Station { code, name, unit, address, opening_hours, version } = station.clone();
        Station { code, name, unit, address, opening_hours, version }
    }
}

/// Make a station, or change what is known of it
#[utoipa::path(tag = "organisation", request_body = NewStation, responses((status = 201, body = Station), (status = 200, body = Station)))]
#[put("/stations/{code}")]
async fn put_station(call: Call<may::PutStation, CodeOf, Json<NewStation>>) -> Result<HttpResponse, Problem> {
    let expected = call.expected_version();
    let NewStation { name, unit, address, opening_hours } = call.input.0;
    let details = StationDetails { name, unit, address, opening_hours };
    let (station, how) = stations::put(&call.scheme, &call.at.0, details, expected).await?;
    Ok(written(how, station.version, Station::from(&*station)))
}

/// Read a station
#[utoipa::path(tag = "organisation", responses((status = 200, body = Station)))]
#[get("/stations/{code}")]
async fn get_station(call: Call<may::GetStation, CodeOf>) -> Result<HttpResponse, Problem> {
    let organisation = call.scheme.organisation().await?;
    let station = organisation.station(&call.at.0).ok_or_else(|| Problem::new(Code::StationNotFound))?;
    Ok(versioned(station.version, Station::from(&**station)))
}

/// List the stations, in the order of their codes
#[utoipa::path(tag = "organisation", responses((status = 200, body = Stations)))]
#[get("/stations")]
async fn list_stations(call: Call<may::ListStations>) -> Result<HttpResponse, Problem> {
    let organisation = call.scheme.organisation().await?;
    let mut stations: Vec<Station> = organisation.stations.values().map(|station| Station::from(&**station)).collect();
    stations.sort_unstable_by(|one, other| one.code.cmp(&other.code));
    Ok(ok(Stations { stations, next: None }))
}
