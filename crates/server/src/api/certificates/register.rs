//! The register of certificates.

use super::wire::Certificate;
use crate::api::answers::ok;
use crate::api::auth::may;
use crate::api::call::{Call, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::Problem;
use crate::api::papers::sheet;
use crate::papers::{Format, local, register};
use actix_web::{HttpResponse, get};
use chrono::NaiveDate;
use scheme::actors;
use scheme::certificates::{self, Filter, Kind, Place, Status};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RegisterQuery {
    /// With what was issued to those who were merged into them.
    volunteer_id: Option<Uuid>,
    /// An award or a campaign.
    source_id: Option<Uuid>,
    /// Code of a unit: it and all below it.
    unit: Option<String>,
    /// The first day of issue.
    from: Option<NaiveDate>,
    /// The last day of issue.
    until: Option<NaiveDate>,
    /// `record`, `level` or `campaign`.
    kind: Option<String>,
    /// `valid`, `revoked` or `replaced`.
    status: Option<String>,
    /// Only valid ones of which a service record was taken back since.
    touched: Option<bool>,
    /// The whole list as a file, up to 50 000; without pages.
    #[param(inline)]
    format: Option<Format>,
    /// 1 to 200; 50 when left out.
    limit: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Certificates {
    certificates: Vec<Certificate>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

const ROWS_MAX: usize = 50_000;
const TOGETHER: i64 = 1000;

impl RegisterQuery {
    fn filter(&self) -> Result<Filter, Problem> {
        let kinds = Kind::ALL.map(Kind::as_str);
        known("kind", self.kind.as_deref(), &kinds)?;
        let states = Status::ALL.map(Status::as_str);
        known("status", self.status.as_deref(), &states)?;
        Ok(Filter {
            volunteer_id: self.volunteer_id,
            source_id: self.source_id,
            unit: self.unit.clone(),
            from: self.from,
            until: self.until,
            kind: self.kind.clone(),
            status: self.status.clone(),
            touched: self.touched.unwrap_or(false),
        })
    }
}

fn known(field: &str, word: Option<&str>, words: &[&str]) -> Result<(), Problem> {
    if word.is_none_or(|word| words.contains(&word)) {
        return Ok(());
    }
    let (zh, en) = (format!("只有：{}", words.join("、")), format!("one of {}", words.join(", ")));
    Err(Problem::invalid_value(format!("/query/{field}"), "unknown_word", &zh, &en))
}

/// List certificates in the order of their numbers, which have no gap
#[utoipa::path(tag = "certificates", params(RegisterQuery), responses((status = 200, body = Certificates)))]
#[get("/certificates")]
pub async fn list_certificates(
    call: Call<may::ListCertificates, (), Query<RegisterQuery>>,
) -> Result<HttpResponse, Problem> {
    let Query(query) = &call.input;
    if let Some(format) = query.format {
        return file(&call, &query.filter()?, format).await;
    }
    let limit = page_size(query.limit, 50, 200)?;
    let list = List::of(&call);
    let (filter, after): (Filter, Option<Place>) = list.resume(query.cursor.as_deref(), query.filter()?)?;
    let found = certificates::list(&call.scheme, &filter, after, limit + 1).await?;
    let place = |last: &certificates::Certificate| Place { year: last.year, serial: last.serial };
    let (found, next) = page(found, limit, |last| list.next(&filter, place(last)));
    let keys = found.iter().flat_map(|one| [one.issued_by].into_iter().chain(one.closing.as_ref().map(|by| by.by)));
    let actors = actors::of(&call.scheme, keys.collect::<std::collections::BTreeSet<_>>()).await?;
    let certificates = found.into_iter().map(|certificate| Certificate::new(certificate, &actors)).collect();
    Ok(ok(Certificates { certificates, next }))
}

async fn file(
    call: &Call<may::ListCertificates, (), Query<RegisterQuery>>,
    filter: &Filter,
    format: Format,
) -> Result<HttpResponse, Problem> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let rows = certificates::list(&call.scheme, filter, after, TOGETHER).await?;
        let Some(last) = rows.last() else { break };
        after = Some(Place { year: last.year, serial: last.serial });
        found.extend(rows);
        if found.len() > ROWS_MAX {
            let (zh, en) = (format!("超过 {ROWS_MAX} 条，请缩小范围"), format!("more than {ROWS_MAX}: ask for fewer"));
            return Err(Problem::invalid_value("/query/format", "too_many_rows", &zh, &en));
        }
    }
    let made = local(&call.scheme.config(), call.now);
    let issuer = certificates::issuer(&call.scheme).await?;
    let table = register(&found, "志愿服务证明登记簿".to_owned(), issuer);
    sheet(call, table, format, "certificates", made).await
}
