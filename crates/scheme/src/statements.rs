//! The statement: every entry of a volunteer, newest first, with the balances it left.

use crate::accounts;
use crate::balances::BalanceError;
use crate::projection::{integer, kind};
use crate::schemes::OpenScheme;
use crate::volunteers::{self, Volunteer};
use crate::{micros, moment};
use chrono::{DateTime, NaiveDate, Utc};
use db::Many;
use ledger::entry::{Entry, EntryAction};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// One line of the passbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub sequence: i64,
    pub kind: String,
    pub occurred_on: NaiveDate,
    pub recorded_at: DateTime<Utc>,
    /// What it changed.
    pub minutes: i64,
    /// What it changed of the points that can be spent: a reservation takes them, its release gives them back, and handing
    /// over changes nothing more. Minor units.
    pub points: i64,
    pub balance_minutes: i64,
    pub balance_points: i64,
    pub summary_zh: String,
    pub summary_en: String,
    pub document_id: Option<Uuid>,
    /// The record in whose place that of this line stands.
    pub corrects: Option<Uuid>,
    /// The record that stands in place of that of this line.
    pub corrected_by: Option<Uuid>,
}

/// Where a page ends: the next begins before `before`, with these balances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Position {
    pub before: i64,
    pub balance_minutes: i64,
    pub balance_points: i64,
}

/// A page of at most `limit` lines from `position` on (from the newest, when `None`), and where the next begins.
pub async fn statement(
    scheme: &OpenScheme,
    volunteer: Uuid,
    position: Option<Position>,
    limit: i64,
) -> Result<(Vec<Line>, Option<Position>), BalanceError> {
    volunteers::require(scheme, volunteer).await?;
    let mut position = match position {
        Some(position) => position,
        None => newest(scheme, volunteer).await?,
    };
    let mut tx = scheme.db.begin_read().await?;
    let mut entries = scheme.book.entries_of(&mut tx, volunteer, position.before, limit + 1).await?;
    let more = entries.len() as i64 > limit;
    entries.truncate(limit.max(0) as usize);
    let names = names(&mut tx, scheme, &entries).await?;
    let links = links(&mut tx, scheme, &entries).await?;
    let lines = entries.iter().map(|entry| line(entry, volunteer, &names, &links, &mut position));
    let lines = lines.collect();
    Ok((lines, more.then_some(position)))
}

/// The line of an entry, after which `position` stands below it.
fn line(entry: &Entry, volunteer: Uuid, names: &HashMap<Uuid, String>, links: &Links, position: &mut Position) -> Line {
    let (minutes, points) = change(entry, volunteer);
    let (summary_zh, summary_en) = summary(entry, names.get(&entry.document_id.unwrap_or_default()));
    let line = Line {
        sequence: entry.sequence,
        kind: entry.kind.clone(),
        occurred_on: entry.effective_on,
        recorded_at: moment(entry.recorded_at),
        minutes,
        points,
        balance_minutes: position.balance_minutes,
        balance_points: position.balance_points,
        summary_zh,
        summary_en,
        document_id: entry.document_id,
        corrects: entry.document_id.and_then(|id| links.corrects.get(&id)).copied(),
        corrected_by: entry.document_id.and_then(|id| links.corrected_by.get(&id)).copied(),
    };
    position.before = entry.sequence;
    position.balance_minutes -= minutes;
    position.balance_points -= points;
    line
}

/// What of somebody's statement was recorded since some moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// Newest first.
    pub lines: Vec<Line>,
    /// What stood after the newest.
    pub balance_minutes: i64,
    pub balance_points: i64,
}

/// What of the statements of many was recorded at `since` or later, in the order of `owners`; some ten statements, however
/// many they are.
pub(crate) async fn recorded_since(
    scheme: &OpenScheme,
    owners: &[Arc<Volunteer>],
    since: DateTime<Utc>,
) -> Result<Vec<Recorded>, BalanceError> {
    let mut tops = tops(scheme, owners).await?;
    let before = tops.iter().map(|top| top.before).max().unwrap_or(0);
    let ids: Vec<Uuid> = owners.iter().map(|owner| owner.id).collect();
    let mut tx = scheme.db.begin_read().await?;
    let entries = scheme.book.entries_of_many(&mut tx, ids.clone(), micros(since), before).await?;
    let names = names(&mut tx, scheme, &entries).await?;
    let links = links(&mut tx, scheme, &entries).await?;
    tx.rollback().await?;
    let mut of_party: HashMap<Uuid, Vec<&Entry>> = HashMap::new();
    for entry in &entries {
        of_party.entry(entry.party.unwrap_or_default()).or_default().push(entry);
    }
    let recorded = ids.iter().zip(&mut tops).map(|(id, position)| {
        let (balance_minutes, balance_points) = (position.balance_minutes, position.balance_points);
        let entries = of_party.get(id).map(Vec::as_slice).unwrap_or_default();
        let lines = entries.iter().map(|entry| line(entry, *id, &names, &links, position)).collect();
        Recorded { lines, balance_minutes, balance_points }
    });
    Ok(recorded.collect())
}

/// The top of the statement.
async fn newest(scheme: &OpenScheme, volunteer: Uuid) -> Result<Position, BalanceError> {
    let owner = volunteers::get(scheme, volunteer).await?;
    let top = tops(scheme, &[owner]).await?.pop();
    top.ok_or(BalanceError::VolunteerNotFound { id: volunteer })
}

/// The tops of statements: one look at the book, however many they are. Points that are past their day but not yet taken off
/// still stand in them.
async fn tops(scheme: &OpenScheme, owners: &[Arc<Volunteer>]) -> Result<Vec<Position>, BalanceError> {
    let paths = owners.iter().flat_map(|one| [accounts::minutes_path(one.id), accounts::points_path(one.id)]);
    let view = scheme.book.standings(&paths.collect::<Vec<_>>()).await?;
    let mut tops = Vec::with_capacity(owners.len());
    for (owner, lots) in owners.iter().zip(view.lots.chunks(2)) {
        let of_path = |place: usize| lots.get(place).map(Vec::as_slice).unwrap_or_default();
        let mut position = Position {
            before: view.size + 1,
            balance_minutes: of_path(0).first().map_or(0, |standing| standing.balance),
            balance_points: of_path(1).iter().map(|lot| lot.balance - lot.held_out).sum(),
        };
        // What went to another stands on the other's statement: this one ends before that.
        let merges = if owner.merged_into.is_some() { usize::MAX } else { 0 };
        for nth in 0..merges {
            let Some(entry) = scheme.book.entry(volunteers::merge_entry_id(owner.id, nth)).await? else { break };
            let (minutes, points) = change(&entry, owner.id);
            position.balance_minutes -= minutes;
            position.balance_points -= points;
        }
        tops.push(position);
    }
    Ok(tops)
}

/// What an entry changed for its volunteer: minutes, and points that can be spent.
fn change(entry: &Entry, volunteer: Uuid) -> (i64, i64) {
    let (minutes_path, points_path) = (accounts::minutes_path(volunteer), accounts::points_path(volunteer));
    let moved = |path: &str| {
        let signed = entry.postings.iter().map(|posting| {
            let into = if &*posting.to.path == path { posting.amount } else { 0 };
            let out = if &*posting.from.path == path { posting.amount } else { 0 };
            into - out
        });
        signed.sum::<i64>()
    };
    match entry.action {
        // What is captured was taken when it was held.
        EntryAction::Capture | EntryAction::CapturePart => (moved(&minutes_path), 0),
        EntryAction::Release => (0, integer(&entry.fields(), "points").unwrap_or(0)),
        EntryAction::Post | EntryAction::Hold | EntryAction::Reversal => (moved(&minutes_path), moved(&points_path)),
    }
}

/// Titles of services and names of rewards, by the id of the record or exchange.
async fn names(tx: &mut db::Tx, scheme: &OpenScheme, entries: &[Entry]) -> db::Result<HashMap<Uuid, String>> {
    let ids: Vec<Uuid> = entries.iter().filter_map(|entry| entry.document_id).collect();
    let rows: Vec<(Uuid, String)> = tx
        .query(
            "SELECT s.id, s.title FROM many($2) AS m JOIN services AS s ON s.book = $1 AND s.id = m.value
             UNION
             SELECT e.id, r.name FROM many($2) AS m JOIN exchanges AS e ON e.book = $1 AND e.id = m.value
             JOIN rewards AS r ON r.book = e.book AND r.id = e.reward_id
             UNION
             SELECT l.exchange_id, CASE WHEN n.line IS NULL THEN r.name ELSE r.name || '等' END FROM many($2) AS m
             JOIN exchange_lines AS l ON l.book = $1 AND l.exchange_id = m.value AND l.line = 1
             LEFT JOIN exchange_lines AS n ON n.book = $1 AND n.exchange_id = m.value AND n.line = 2
             JOIN rewards AS r ON r.book = l.book AND r.id = l.reward_id",
        )
        .bind(scheme.book.number())
        .bind_many(Many::Uuid(ids))
        .fetch_all()
        .await?;
    Ok(rows.into_iter().collect())
}

/// Which records stand in place of which.
#[derive(Default)]
struct Links {
    corrects: HashMap<Uuid, Uuid>,
    corrected_by: HashMap<Uuid, Uuid>,
}

async fn links(tx: &mut db::Tx, scheme: &OpenScheme, entries: &[Entry]) -> db::Result<Links> {
    let services = entries.iter().filter(|entry| entry.kind.starts_with("service."));
    let ids: Vec<Uuid> = services.filter_map(|entry| entry.document_id).collect();
    if ids.is_empty() {
        return Ok(Links::default());
    }
    let rows: Vec<(Uuid, Uuid, bool)> = tx
        .query(
            "SELECT s.id, s.corrects, true AS is_new FROM many($2) AS m JOIN services AS s ON s.book = $1 AND s.id = m.value
             WHERE s.corrects IS NOT NULL
             UNION ALL
             SELECT s.corrects, s.id, false AS is_new FROM many($2) AS m JOIN services AS s ON s.book = $1 AND s.corrects = m.value",
        )
        .bind(scheme.book.number())
        .bind_many(Many::Uuid(ids))
        .fetch_all()
        .await?;
    let mut links = Links::default();
    for (record, other, is_new) in rows {
        let side = if is_new { &mut links.corrects } else { &mut links.corrected_by };
        side.insert(record, other);
    }
    Ok(links)
}

fn summary(entry: &Entry, name: Option<&String>) -> (String, String) {
    let (zh, en) = match entry.kind.as_str() {
        kind::SERVICE_CONFIRMED => ("服务确认", "service confirmed"),
        kind::SERVICE_REJECTED => ("服务未通过", "service rejected"),
        kind::SERVICE_REVERSED => ("服务冲正", "service reversed"),
        kind::EXCHANGE_RESERVED => ("兑换预留", "exchange reserved"),
        kind::EXCHANGE_COLLECTED => ("兑换核销", "exchange collected"),
        kind::EXCHANGE_CANCELLED => ("兑换取消", "exchange cancelled"),
        kind::EXCHANGE_EXPIRED => ("兑换逾期退回", "exchange expired"),
        kind::EXCHANGE_COLLECTED_IN_PART => ("兑换部分核销", "exchange collected in part"),
        kind::EXCHANGE_RETURNED => ("兑换退货", "exchange returned"),
        kind::EXCHANGE_MOVED => ("预约场次改期", "booked session moved"),
        kind::EXCHANGE_MISSED => ("预约未到", "booked session missed"),
        kind::POINTS_DONATED => ("捐赠", "donated to the pool"),
        kind::POINTS_GIVEN => ("转赠", "given away"),
        kind::POINTS_RECEIVED => ("受赠", "received as a gift"),
        kind::POOL_GRANTED => ("捐赠池发放", "granted from the pool"),
        kind::POINTS_EXPIRED => ("积分到期", "points expired"),
        kind::POINTS_EXPIRING => ("积分即将到期", "points will expire"),
        kind::VOLUNTEER_MERGED => ("账户合并", "accounts merged"),
        kind::POINTS_MATURED => ("积分可用", "points can be spent"),
        kind::ACCOUNT_EXPIRED => ("账本到期", "account expired"),
        kind::ACCOUNT_THAWED => ("账户解冻", "account thawed"),
        kind::WISH_FULFILLED => ("心愿完成", "a wish fulfilled"),
        kind::LEVEL_GRANTED => ("授予等级", "level granted"),
        kind::LEVEL_REFUSED => ("等级申请未通过", "level refused"),
        kind::CERTIFICATE_ISSUED => ("证明已出具", "certificate issued"),
        kind::CERTIFICATE_REFUSED => ("证明申请未通过", "certificate refused"),
        kind::LEVEL_REVOKED => ("撤销等级", "level revoked"),
        kind::LEVEL_BAN_ENDED => ("可再申请等级", "may apply again"),
        kind::LEVEL_BANNED => ("暂停申请等级", "barred from applying"),
        other => (other, other),
    };
    match name {
        Some(name) => (format!("{zh}:{name}"), format!("{en}: {name}")),
        None => (zh.to_owned(), en.to_owned()),
    }
}
