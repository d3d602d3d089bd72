//! Who holds which stars and medals.

use crate::api::answers::ok;
use crate::api::auth::may;
use crate::api::call::{Call, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::Problem;
use crate::api::papers::sheet;
use crate::papers::{Format, local, unit_name};
use actix_web::{HttpResponse, get};
use chrono::NaiveDate;
use reports::documents::table::{Column, Kind, Table};
use scheme::config::Scheme;
use scheme::levels::{self, Holder, HolderFilter};
use scheme::units::Organisation;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AwardsQuery {
    /// Code of a ladder.
    ladder: Option<String>,
    /// Code of a step: the medal of 1 500 hours.
    step: Option<String>,
    /// Code of a unit: only those who serve in it and in what is below it.
    unit: Option<String>,
    /// The first day of granting.
    from: Option<NaiveDate>,
    /// The last day of granting.
    until: Option<NaiveDate>,
    /// Only those without a valid certificate.
    uncertified: Option<bool>,
    /// The whole list as a file, without pages.
    #[param(inline)]
    format: Option<Format>,
    /// 1 to 200; 50 when left out.
    limit: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// A step that somebody was granted and holds.
#[derive(Serialize, ToSchema)]
pub struct GrantedStep {
    award_id: Uuid,
    volunteer_id: Uuid,
    number: String,
    name: String,
    unit: Option<String>,
    ladder: String,
    step: String,
    #[schema(example = "五星级志愿者")]
    step_name: String,
    /// The body that the rules name for the step.
    granted_by: Option<String>,
    granted_on: NaiveDate,
    sequence: i64,
    /// Whether a valid certificate of it was issued.
    certified: bool,
}

#[derive(Serialize, ToSchema)]
pub struct GrantedSteps {
    awards: Vec<GrantedStep>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

const ROWS_MAX: i64 = 50_000;

/// List the steps that are held because they were granted, in the order of granting
#[utoipa::path(tag = "levels", params(AwardsQuery), responses((status = 200, body = GrantedSteps)))]
#[get("/awards")]
pub async fn list_awards(call: Call<may::ListAwards, (), Query<AwardsQuery>>) -> Result<HttpResponse, Problem> {
    let Query(query) = &call.input;
    let filter = HolderFilter {
        ladder: query.ladder.clone(),
        step: query.step.clone(),
        unit: query.unit.clone(),
        from: query.from,
        until: query.until,
        uncertified: query.uncertified.unwrap_or(false),
    };
    let config = call.scheme.config();
    if let Some(format) = query.format {
        let found = levels::holders(&call.scheme, &filter, 0, ROWS_MAX).await?;
        let organisation = call.scheme.organisation().await?;
        let table = table(&found, &config, &organisation);
        return sheet(&call, table, format, "awards", local(&config, call.now)).await;
    }
    let limit = page_size(query.limit, 50, 200)?;
    let list = List::of(&call);
    let (filter, after): (HolderFilter, Option<i64>) = list.resume(query.cursor.as_deref(), filter)?;
    let found = levels::holders(&call.scheme, &filter, after.unwrap_or(0), limit + 1).await?;
    let (found, next) = page(found, limit, |last| list.next(&filter, last.sequence));
    let awards = found.into_iter().map(|holder| granted(holder, &config)).collect();
    Ok(ok(GrantedSteps { awards, next }))
}

/// What a step is called and who grants it, by the newest rules that have it.
fn named(config: &Scheme, holder: &Holder) -> (String, Option<String>) {
    let step = config.versions().iter().rev().find_map(|rules| {
        let ladder = rules.ladders.iter().find(|ladder| ladder.code == holder.ladder)?;
        ladder.steps.iter().find(|step| step.code == holder.step)
    });
    step.map_or_else(|| (holder.step.clone(), None), |step| (step.name.clone(), step.granted_by.clone()))
}

fn granted(holder: Holder, config: &Scheme) -> GrantedStep {
    let (step_name, granted_by) = named(config, &holder);
    let Holder { award_id, volunteer_id, number, name, unit, ladder, step, granted_on, sequence, certified } = holder;
    GrantedStep {
        award_id,
        volunteer_id,
        number,
        name,
        unit,
        ladder,
        step,
        step_name,
        granted_by,
        granted_on,
        sequence,
        certified,
    }
}

fn table(found: &[Holder], config: &Scheme, organisation: &Organisation) -> Table {
    let columns = [
        ("姓名", Kind::Text),
        ("志愿者编号", Kind::Text),
        ("单位", Kind::Text),
        ("等级", Kind::Text),
        ("授予单位", Kind::Text),
        ("授予日期", Kind::Date),
        ("证书", Kind::Text),
    ];
    let row = |holder: &Holder| {
        let (step, body) = named(config, holder);
        vec![
            holder.name.as_str().into(),
            holder.number.as_str().into(),
            unit_name(organisation, holder.unit.as_deref()).as_str().into(),
            step.as_str().into(),
            body.unwrap_or_default().as_str().into(),
            holder.granted_on.into(),
            if holder.certified { "已出具" } else { "未出具" }.into(),
        ]
    };
    Table {
        title: "授予名册".to_owned(),
        subtitles: vec![config.name.clone()],
        columns: columns.map(|(title, kind)| Column::new(title, kind)).into(),
        rows: found.iter().map(row).collect(),
        ..Table::default()
    }
}
