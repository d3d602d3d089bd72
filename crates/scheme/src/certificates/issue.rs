//! Issuing certificates: one, or a thousand at once, each with the next number of the year.

use super::applications;
use super::check::Frozen;
use super::draft::{Desk, Draft};
use super::gather::Gathered;
use super::rows::{CertificateRow, select_certificates};
use super::{Certificate, CertificateError, Order, Paper, Status, TOGETHER_MAX, issuer};
use crate::actors;
use crate::keys::Operator;
use crate::micros;
use crate::schemes::OpenScheme;
use crate::volunteers::Invalid;
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use db::{Bulk, Column, Many};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Says why a paper cannot be printed, if it cannot: a character that no font has. Asked before anything is issued.
pub type Printable<'a> = &'a (dyn Fn(&Paper) -> Result<(), CertificateError> + Sync);

/// What became of an order.
#[derive(Debug)]
pub struct Issued {
    pub certificate: Certificate,
    /// It was issued before.
    pub replayed: bool,
}

/// Issues certificates. Each order is done or refused by itself, and in its place in the answer; the same order again is
/// answered with the same certificate. `verify_at` is the address below which certificates can be verified.
pub async fn issue(
    scheme: &OpenScheme,
    orders: &[Order],
    verify_at: Option<&str>,
    printable: Printable<'_>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<Vec<Result<Issued, CertificateError>>, CertificateError> {
    let ids: HashSet<Uuid> = orders.iter().map(|order| order.id).collect();
    if ids.len() < orders.len() || orders.len() > TOGETHER_MAX {
        let detail = format!("at most {TOGETHER_MAX} at once, and each id once");
        return Err(CertificateError::Invalid(vec![Invalid::new("items", "invalid_items", detail)]));
    }
    actors::remember(scheme, by).await?;
    let mut tx = scheme.db.begin_read().await?;
    let known = known(&mut tx, scheme, orders).await?;
    tx.rollback().await?;
    let (config, issuer) = (scheme.config(), issuer(scheme).await?);
    let mut desk = Desk::new(scheme, &config, issuer, verify_at, by, now);
    let fresh: Vec<&Order> = orders.iter().filter(|order| !known.contains_key(&order.id)).collect();
    let gathered = desk.gather(&fresh).await?;
    let drafts = fresh.into_iter().map(|order| {
        let draft = desk.draft(order, &gathered).and_then(|draft| {
            printable(&draft.paper)?;
            Ok(draft)
        });
        (order.id, draft)
    });
    let drafts: HashMap<Uuid, Result<Draft, CertificateError>> = drafts.collect();
    write(scheme, orders, drafts, &gathered, by, now).await
}

async fn known(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    orders: &[Order],
) -> Result<HashMap<Uuid, (Value, Certificate)>, CertificateError> {
    let ids: Vec<Uuid> = orders.iter().map(|order| order.id).collect();
    let rows: Vec<CertificateRow> = tx
        .query(select_certificates!("many($2) AS m JOIN certificates AS c ON c.book = $1 AND c.id = m.value"))
        .bind(scheme.book.number())
        .bind_many(Many::Uuid(ids))
        .fetch_all()
        .await?;
    let mut known = HashMap::with_capacity(rows.len());
    for row in rows {
        let asked = serde_json::from_str(&row.asked)
            .map_err(|_| db::Error::Damaged("certificates.asked is no JSON".to_owned()))?;
        let certificate = row.certificate(scheme)?;
        known.insert(certificate.id, (asked, certificate));
    }
    Ok(known)
}

/// The certificate that was issued under the id, if it is the one that is ordered.
fn replayed(order: &Order, (asked, certificate): (Value, Certificate)) -> Result<Issued, CertificateError> {
    let now = serde_json::to_value(order).unwrap_or_default();
    let fields = now.as_object().into_iter().chain(asked.as_object()).flat_map(|object| object.keys());
    match fields.into_iter().find(|field| now.get(*field) != asked.get(*field)) {
        Some(field) => Err(CertificateError::IdTaken { field: field.clone() }),
        None => Ok(Issued { certificate, replayed: true }),
    }
}

/// Gives numbers to what was drawn up, and keeps it.
async fn write(
    scheme: &OpenScheme,
    orders: &[Order],
    mut drafts: HashMap<Uuid, Result<Draft, CertificateError>>,
    gathered: &Gathered,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<Vec<Result<Issued, CertificateError>>, CertificateError> {
    let (book, issued_on) = (scheme.book.number(), scheme.config().day_of(now));
    let year = i64::from(issued_on.year());
    let mut tx = scheme.db.begin_write().await?;
    // From here to the commit nobody else gives a number of this year.
    let (last,): (i64,) = tx
        .query(
            "INSERT INTO certificate_years (book, year, last) VALUES ($1, $2, 0)
             ON CONFLICT (book, year) DO UPDATE SET last = certificate_years.last RETURNING last",
        )
        .bind(book)
        .bind(year)
        .fetch_one()
        .await?;
    let before = known(&mut tx, scheme, orders).await?;
    let asked_for = applications::among(&mut tx, scheme, orders).await?;
    let mut refused = HashMap::new();
    let mut rows = Vec::new();
    for order in orders.iter().filter(|order| !before.contains_key(&order.id)) {
        let draft = match drafts.remove(&order.id) {
            Some(Ok(draft)) => draft,
            Some(Err(error)) => {
                refused.insert(order.id, error);
                continue;
            }
            // It was there a moment ago: certificates are never deleted.
            None => return Err(CertificateError::Busy),
        };
        let settled = match asked_for.contains(&order.id) {
            true => applications::settle(&mut tx, scheme, order, by, issued_on).await,
            false => Ok(()),
        };
        let settled = match settled {
            Ok(()) => replace(&mut tx, scheme, order, by, issued_on).await,
            refused => refused,
        };
        match settled {
            Ok(()) => rows.push((order, draft)),
            Err(CertificateError::Database(error)) => return Err(error.into()),
            Err(error) => drop(refused.insert(order.id, error)),
        }
    }
    let given = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    if given > 0 {
        tx.query("UPDATE certificate_years SET last = $3 WHERE book = $1 AND year = $2")
            .bind(book)
            .bind(year)
            .bind(last.saturating_add(given))
            .execute()
            .await?;
        tx.write(&bulks(scheme, (year, last), &rows, gathered, (by, issued_on, now))).await?;
    }
    let mut after = known(&mut tx, scheme, orders).await?;
    tx.commit().await?;
    let answer = |order: &Order| match (refused.remove(&order.id), after.remove(&order.id)) {
        (Some(error), _) => Err(error),
        (None, Some(known)) if before.contains_key(&order.id) => replayed(order, known),
        (None, Some((_, certificate))) => Ok(Issued { certificate, replayed: false }),
        (None, None) => Err(CertificateError::Busy),
    };
    Ok(orders.iter().map(answer).collect())
}

/// Closes the certificate in whose place another is issued.
async fn replace(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    order: &Order,
    by: &Operator,
    on: NaiveDate,
) -> Result<(), CertificateError> {
    let Some(id) = order.replaces else { return Ok(()) };
    let old: Option<(Uuid, String)> = tx
        .lock("SELECT volunteer_id, status FROM certificates WHERE book = $1 AND id = $2")
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    let (volunteer, status) = old.ok_or(CertificateError::NotFound { id })?;
    let (survivor,): (Option<Uuid>,) = tx
        .query("SELECT merged_into FROM volunteers WHERE book = $1 AND id = $2")
        .bind(scheme.book.number())
        .bind(volunteer)
        .fetch_one()
        .await?;
    if volunteer != order.volunteer_id && survivor != Some(order.volunteer_id) {
        let flaw = Invalid::new("replaces", "other_volunteer", "it was issued to another volunteer");
        return Err(CertificateError::Invalid(vec![flaw]));
    }
    match Status::parse(&status) {
        Some(Status::Valid) => {}
        status => return Err(CertificateError::StateConflict { status: status.unwrap_or(Status::Revoked) }),
    }
    tx.query(
        "UPDATE certificates SET status = 'replaced', closed_on = $3, closed_by = $4, replaced_by = $5
         WHERE book = $1 AND id = $2",
    )
    .bind(scheme.book.number())
    .bind(id)
    .bind(on)
    .bind(by.key_id)
    .bind(order.id)
    .execute()
    .await?;
    Ok(())
}

fn bulks(
    scheme: &OpenScheme,
    (year, last): (i64, i64),
    rows: &[(&Order, Draft)],
    gathered: &Gathered,
    (by, issued_on, now): (&Operator, NaiveDate, DateTime<Utc>),
) -> Vec<Bulk> {
    let (book, count) = (scheme.book.number(), rows.len());
    let json = |value: Result<String, serde_json::Error>| value.unwrap_or_default();
    let frozen = rows.iter().zip(last + 1..).map(|((order, draft), serial)| Frozen {
        id: order.id,
        year,
        serial,
        kind: order.of.kind().as_str().to_owned(),
        volunteer_id: order.volunteer_id,
        source_id: order.of.source(),
        unit: draft.unit.clone(),
        applied_on: draft.applied_on,
        due_on: draft.due_on,
        issued_on,
        issued_at: micros(now),
        issued_by: by.key_id,
        minutes: draft.minutes,
        services: draft.services.len() as i64,
        as_of: gathered.as_of,
        root: gathered.root.clone(),
        asked: json(serde_json::to_string(order)),
        paper: json(serde_json::to_string(&draft.paper)),
    });
    let frozen: Vec<Frozen> = frozen.collect();
    let all = || frozen.iter();
    let columns = vec![
        ("book", Column::I64(vec![book; count])),
        ("id", Column::Uuid(all().map(|one| one.id).collect())),
        ("year", Column::I64(vec![year; count])),
        ("serial", Column::I64(all().map(|one| one.serial).collect())),
        ("kind", Column::Text(all().map(|one| one.kind.clone()).collect())),
        ("volunteer_id", Column::Uuid(all().map(|one| one.volunteer_id).collect())),
        ("source_id", Column::OptUuid(all().map(|one| one.source_id).collect())),
        ("unit", Column::OptText(all().map(|one| one.unit.clone()).collect())),
        ("applied_on", Column::Date(all().map(|one| one.applied_on).collect())),
        ("due_on", Column::Date(all().map(|one| one.due_on).collect())),
        ("issued_on", Column::Date(vec![issued_on; count])),
        ("issued_at", Column::I64(all().map(|one| one.issued_at).collect())),
        ("issued_by", Column::Uuid(vec![by.key_id; count])),
        ("minutes", Column::I64(all().map(|one| one.minutes).collect())),
        ("services", Column::I64(all().map(|one| one.services).collect())),
        ("as_of", Column::I64(vec![gathered.as_of; count])),
        ("root", Column::Bytes(vec![gathered.root.clone(); count])),
        ("asked", Column::Text(all().map(|one| one.asked.clone()).collect())),
        ("paper", Column::Text(all().map(|one| one.paper.clone()).collect())),
        ("seal", Column::Bytes(all().map(|one| one.seal(scheme)).collect())),
        ("status", Column::Text(vec![Status::Valid.as_str().to_owned(); count])),
    ];
    let counted: Vec<(Uuid, Uuid)> =
        rows.iter().flat_map(|(order, draft)| draft.services.iter().map(|service| (order.id, *service))).collect();
    let mut bulks = vec![Bulk::insert("certificates", columns)];
    if !counted.is_empty() {
        let columns = vec![
            ("book", Column::I64(vec![book; counted.len()])),
            ("certificate_id", Column::Uuid(counted.iter().map(|(certificate, _)| *certificate).collect())),
            ("service_id", Column::Uuid(counted.iter().map(|(_, service)| *service).collect())),
        ];
        bulks.push(Bulk::insert("certificate_services", columns));
    }
    bulks
}
