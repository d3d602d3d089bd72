//! The full archive of a volunteer (Order 67, Art. 5 to 10): each kind of record apart.

use super::{Filter, RecordError};
use crate::complaints::{self, Complaint};
use crate::honours::{self, Honour};
use crate::ratings::{self, Average, Rating};
use crate::schemes::OpenScheme;
use crate::services::{self, Service, ServiceFilter};
use crate::trainings::{self, Attendance};
use crate::volunteers;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Of each kind, at most. Who has more is listed kind by kind.
const MOST: i64 = 1000;

#[derive(Debug, Clone, PartialEq)]
pub struct Archive {
    pub services: Vec<Service>,
    pub trainings: Vec<Attendance>,
    pub honours: Vec<Honour>,
    pub ratings: Vec<Rating>,
    /// Of all ratings that were not withdrawn.
    pub average: Option<Average>,
    pub complaints: Vec<Complaint>,
    /// Some kind has more than is shown here.
    pub truncated: bool,
}

/// All that is on record of a volunteer, each kind in the order of its days.
pub async fn archive(scheme: &OpenScheme, volunteer: Uuid, now: DateTime<Utc>) -> Result<Archive, RecordError> {
    volunteers::require(scheme, volunteer).await?;
    let filter = Filter::of_volunteer(volunteer);
    let of_services = ServiceFilter { volunteer_id: Some(volunteer), ..ServiceFilter::default() };
    let mut archive = Archive {
        services: services::list(scheme, &of_services, None, MOST + 1, now).await?,
        trainings: trainings::attendances(scheme, &filter, None, MOST + 1).await?,
        honours: honours::list(scheme, &filter, None, MOST + 1).await?,
        ratings: ratings::list(scheme, &filter, None, MOST + 1).await?,
        average: ratings::averages(scheme, &filter, 1, None, 1).await?.pop().map(|(_, average)| average),
        complaints: complaints::list(scheme, &filter, None, MOST + 1, now).await?,
        truncated: false,
    };
    let most = usize::try_from(MOST).unwrap_or(usize::MAX);
    let cut = [
        cut(&mut archive.services, most),
        cut(&mut archive.trainings, most),
        cut(&mut archive.honours, most),
        cut(&mut archive.ratings, most),
        cut(&mut archive.complaints, most),
    ];
    archive.truncated = cut.contains(&true);
    Ok(archive)
}

fn cut<T>(rows: &mut Vec<T>, most: usize) -> bool {
    let more = rows.len() > most;
    rows.truncate(most);
    more
}
