//! Reading a book's tables.

use crate::draft::Draft;
use crate::entry::{Entry, EntryAction, Posting};
use crate::judge::Rejection;
use crate::state::{Earlier, Standing};
use crate::tree::{Frontier, Hash};
use crate::{Account, Lot, Micros, Unit};
use chrono::NaiveDate;
use db::{Many, Result, Session};
use foldhash::HashMap;
use serde_json::{Map, Value};
use sqlx::FromRow;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use uuid::Uuid;

/// Where a book stands.
#[derive(Debug, Clone)]
pub struct Head {
    pub book: i64,
    pub version: i64,
    pub size: i64,
    pub accounts: i64,
    pub recorded_at: Micros,
    pub frontier: Frontier,
}

#[derive(FromRow)]
struct HeadRow {
    book: i64,
    version: i64,
    size: i64,
    accounts: i64,
    recorded_at: i64,
    frontier: Vec<u8>,
}

pub const HEAD: &str = "SELECT book, version, size, accounts, recorded_at, frontier FROM ledger_books WHERE code = $1";

pub async fn head(query: db::Query<'_>, code: &str) -> Result<Option<Head>> {
    match head_as_stored(query, code).await? {
        Some((_, false)) => Err(damaged("ledger_books.frontier does not fit its size")),
        head => Ok(head.map(|(head, _)| head)),
    }
}

/// The head, and whether its frontier fits its size; without one that fits, the frontier is empty.
pub async fn head_as_stored(query: db::Query<'_>, code: &str) -> Result<Option<(Head, bool)>> {
    let Some(row) = query.bind(code.to_owned()).fetch_optional::<HeadRow>().await? else { return Ok(None) };
    let frontier = Frontier::from_bytes(row.size.unsigned_abs(), &row.frontier);
    let fits = frontier.is_some();
    let HeadRow { book, version, size, accounts, recorded_at, .. } = row;
    let frontier = frontier.unwrap_or_default();
    Ok(Some((Head { book, version, size, accounts, recorded_at, frontier }, fits)))
}

#[derive(FromRow)]
struct AccountRow {
    account: i64,
    path: String,
    lot: i64,
    unit: i64,
    system: bool,
    floor: Option<i64>,
    ceiling: Option<i64>,
    opened: i64,
    balance: i64,
    held_out: i64,
    held_in: i64,
}

impl AccountRow {
    fn standing(&self) -> Result<Standing> {
        Ok(Standing {
            lot: Lot::from_code(self.lot),
            account: self.account,
            unit: Unit::from_code(self.unit).ok_or_else(|| damaged("ledger_accounts.unit is unknown"))?,
            system: self.system,
            floor: self.floor,
            ceiling: self.ceiling,
            opened: self.opened,
            balance: self.balance,
            held_out: self.held_out,
            held_in: self.held_in,
        })
    }
}

/// The accounts of each path. A path without accounts is answered with none.
pub async fn accounts(
    session: &mut Session<'_>,
    book: i64,
    paths: &[Arc<str>],
) -> Result<HashMap<Arc<str>, Vec<Standing>>> {
    let mut known: HashMap<Arc<str>, Vec<Standing>> = paths.iter().map(|path| (path.clone(), Vec::new())).collect();
    if paths.is_empty() {
        return Ok(known);
    }
    let rows = session
        .query(
            "SELECT a.account, a.path, a.lot, a.unit, a.system, a.floor, a.ceiling, a.opened, a.balance, a.held_out,
                    a.held_in
             FROM many($2) AS m JOIN ledger_accounts AS a ON a.book = $1 AND a.path = m.value",
        )
        .bind(book)
        .bind_many(Many::Text(known.keys().map(|path| path.to_string()).collect()))
        .fetch_all::<AccountRow>()
        .await?;
    for row in rows {
        let standing = row.standing()?;
        if let Some(standings) = known.get_mut(row.path.as_str()) {
            standings.push(standing);
        }
    }
    for standings in known.values_mut() {
        standings.sort_by_key(|standing| standing.lot.spending_order());
    }
    Ok(known)
}

/// Accounts by number.
pub async fn accounts_numbered(
    session: &mut Session<'_>,
    book: i64,
    numbers: BTreeSet<i64>,
) -> Result<HashMap<i64, Account>> {
    let rows = session
        .query(
            "SELECT a.account, a.path, a.lot, a.unit, a.system, a.floor, a.ceiling, a.opened, a.balance, a.held_out,
                    a.held_in
             FROM many($2) AS m JOIN ledger_accounts AS a ON a.book = $1 AND a.account = m.value",
        )
        .bind(book)
        .bind_many(Many::I64(numbers.into_iter().collect()))
        .fetch_all::<AccountRow>()
        .await?;
    rows.iter().map(|row| Ok((row.account, row.standing()?.opening(&row.path.as_str().into())))).collect()
}

#[derive(FromRow)]
pub struct EntryRow {
    pub sequence: i64,
    id: Uuid,
    action: i64,
    kind: String,
    party: Option<Uuid>,
    document_id: Option<Uuid>,
    reference: Option<i64>,
    effective_on: NaiveDate,
    recorded_at: i64,
    expires_at: Option<i64>,
    available_before: Option<i64>,
    accounts: i64,
    accounts_before: i64,
    leaf: Vec<u8>,
    document: String,
}

/// The columns of [`EntryRow`], for statements that choose among `ledger_entries AS e`.
macro_rules! select_entries {
    ($rest:literal) => {
        concat!(
            "SELECT e.sequence, e.id, e.action, e.kind, e.party, e.document_id, e.reference, e.effective_on,
                    e.recorded_at, e.expires_at, e.available_before, e.accounts, e.leaf, e.document,
                    COALESCE((SELECT p.accounts FROM ledger_entries AS p
                              WHERE p.book = e.book AND p.sequence = e.sequence - 1), 0) AS accounts_before ",
            $rest
        )
    };
}

pub async fn entries_after(session: &mut Session<'_>, book: i64, after: i64, limit: i64) -> Result<Vec<Entry>> {
    let rows = session
        .query(select_entries!(
            "FROM ledger_entries AS e WHERE e.book = $1 AND e.sequence > $2 ORDER BY e.sequence LIMIT $3"
        ))
        .bind(book)
        .bind(after)
        .bind(limit)
        .fetch_all()
        .await?;
    complete(session, book, rows).await
}

/// Which entries a reader of the feed wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Those of these kinds; of all when `None`.
    pub kinds: Option<Vec<String>>,
    /// Those on this party's statement.
    pub party: Option<Uuid>,
}

/// The wanted entries after sequence `after` up to `upto`, in order.
pub async fn entries_wanted(
    session: &mut Session<'_>,
    book: i64,
    wanted: &Wanted,
    (after, upto): (i64, i64),
    limit: i64,
) -> Result<Vec<Entry>> {
    let query = match wanted.party {
        None => session.query(select_entries!(
            "FROM ledger_entries AS e WHERE e.book = $1 AND e.sequence > $2 AND e.sequence <= $3
             AND ($4 = 0 OR e.kind IN (SELECT m.value FROM many($6) AS m)) ORDER BY e.sequence LIMIT $5"
        )),
        Some(_) => session.query(select_entries!(
            "FROM ledger_entries AS e WHERE e.book = $1 AND e.sequence > $2 AND e.sequence <= $3
             AND ($4 = 0 OR e.kind IN (SELECT m.value FROM many($6) AS m)) AND e.party = $7
             ORDER BY e.sequence LIMIT $5"
        )),
    };
    let query = query
        .bind(book)
        .bind(after)
        .bind(upto)
        .bind(i64::from(wanted.kinds.is_some()))
        .bind(limit)
        .bind_many(Many::Text(wanted.kinds.clone().unwrap_or_default()));
    let rows = match wanted.party {
        None => query.fetch_all().await?,
        Some(party) => query.bind(party).fetch_all().await?,
    };
    complete(session, book, rows).await
}

/// The entries with these ids, each once however often it is asked for.
pub async fn entries_with_ids(session: &mut Session<'_>, book: i64, mut ids: Vec<Uuid>) -> Result<Vec<Entry>> {
    ids.sort_unstable();
    ids.dedup();
    let rows = session
        .query(select_entries!("FROM many($2) AS m JOIN ledger_entries AS e ON e.book = $1 AND e.id = m.value"))
        .bind(book)
        .bind_many(Many::Uuid(ids))
        .fetch_all()
        .await?;
    complete(session, book, rows).await
}

/// The newest entries on a party's statement before `before`, newest first.
pub async fn entries_of_party(
    session: &mut Session<'_>,
    book: i64,
    party: Uuid,
    before: i64,
    limit: i64,
) -> Result<Vec<Entry>> {
    let rows = session
        .query(select_entries!(
            "FROM ledger_entries AS e WHERE e.book = $1 AND e.party = $2 AND e.sequence < $3
             ORDER BY e.sequence DESC LIMIT $4"
        ))
        .bind(book)
        .bind(party)
        .bind(before)
        .bind(limit)
        .fetch_all()
        .await?;
    complete(session, book, rows).await
}

/// The entries on the statements of these parties that were recorded at `since` or later, before sequence `before`, newest first.
pub async fn entries_of_parties(
    session: &mut Session<'_>,
    book: i64,
    parties: Vec<Uuid>,
    since: Micros,
    before: i64,
) -> Result<Vec<Entry>> {
    let rows = session
        .query(select_entries!(
            "FROM many($2) AS m JOIN ledger_entries AS e ON e.book = $1 AND e.party = m.value
             WHERE e.recorded_at >= $3 AND e.sequence < $4 ORDER BY e.sequence DESC"
        ))
        .bind(book)
        .bind_many(Many::Uuid(parties))
        .bind(since)
        .bind(before)
        .fetch_all()
        .await?;
    complete(session, book, rows).await
}

/// The parties of the entries after `after` up to `until`.
pub async fn parties(session: &mut Session<'_>, book: i64, after: i64, until: i64) -> Result<Vec<Uuid>> {
    let rows: Vec<(Uuid,)> = session
        .query(
            "SELECT DISTINCT party FROM ledger_entries
             WHERE book = $1 AND sequence > $2 AND sequence <= $3 AND party IS NOT NULL",
        )
        .bind(book)
        .bind(after)
        .bind(until)
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(|(party,)| party).collect())
}

#[derive(FromRow)]
struct PostingRow {
    sequence: i64,
    from_account: i64,
    to_account: i64,
    amount: i64,
}

/// Adds to entries their postings and the accounts they opened.
async fn complete(session: &mut Session<'_>, book: i64, rows: Vec<EntryRow>) -> Result<Vec<Entry>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let postings = session
        .query(
            "SELECT p.sequence, p.from_account, p.to_account, p.amount
             FROM many($2) AS m JOIN ledger_postings AS p ON p.book = $1 AND p.sequence = m.value
             ORDER BY p.sequence, p.place",
        )
        .bind(book)
        .bind_many(Many::I64(rows.iter().map(|row| row.sequence).collect()))
        .fetch_all::<PostingRow>()
        .await?;
    let opened = rows.iter().flat_map(|row| row.accounts_before + 1..=row.accounts);
    let numbers =
        postings.iter().flat_map(|posting| [posting.from_account, posting.to_account]).chain(opened).collect();
    let accounts = accounts_numbered(session, book, numbers).await?;
    let mut of_entry: HashMap<i64, Vec<PostingRow>> = HashMap::default();
    for posting in postings {
        of_entry.entry(posting.sequence).or_default().push(posting);
    }
    rows.into_iter().map(|row| assemble(of_entry.remove(&row.sequence).unwrap_or_default(), &accounts, row)).collect()
}

fn assemble(postings: Vec<PostingRow>, accounts: &HashMap<i64, Account>, row: EntryRow) -> Result<Entry> {
    let account = |number: i64| accounts.get(&number).ok_or_else(|| damaged("a posting names an unknown account"));
    let postings = postings.iter().map(|posting| {
        let (from, to) = (account(posting.from_account)?, account(posting.to_account)?);
        Ok(Posting { from: from.key.clone(), to: to.key.clone(), unit: from.unit, amount: posting.amount })
    });
    let opened = (row.accounts_before + 1..=row.accounts).map(|number| account(number).cloned());
    Ok(Entry {
        sequence: row.sequence,
        id: row.id,
        action: EntryAction::from_code(row.action).ok_or_else(|| damaged("ledger_entries.action is unknown"))?,
        kind: row.kind,
        party: row.party,
        document_id: row.document_id,
        reference: row.reference,
        effective_on: row.effective_on,
        recorded_at: row.recorded_at,
        expires_at: row.expires_at,
        available_before: row.available_before,
        postings: postings.collect::<Result<_>>()?,
        opened: opened.collect::<Result<_>>()?,
        document: row.document,
        leaf: row.leaf.try_into().map_err(|_| damaged("ledger_entries.leaf is not 32 bytes"))?,
    })
}

#[derive(FromRow)]
struct RemainingRow {
    sequence: i64,
    remaining: String,
    reversed_by: String,
}

/// The entries that drafts capture, release or reverse, with what is left of them.
pub async fn earlier(session: &mut Session<'_>, book: i64, ids: Vec<Uuid>) -> Result<HashMap<Uuid, Earlier>> {
    let entries = entries_with_ids(session, book, ids).await?;
    if entries.is_empty() {
        return Ok(HashMap::default());
    }
    let rows = session
        .query(
            "SELECT h.sequence, h.remaining, '[]' AS reversed_by
             FROM many($2) AS m JOIN ledger_holds AS h ON h.book = $1 AND h.sequence = m.value
             UNION ALL
             SELECT r.sequence, r.remaining, r.reversed_by
             FROM many($2) AS m JOIN ledger_reversals AS r ON r.book = $1 AND r.sequence = m.value",
        )
        .bind(book)
        .bind_many(Many::I64(entries.iter().map(|entry| entry.sequence).collect()))
        .fetch_all::<RemainingRow>()
        .await?;
    let mut left: HashMap<i64, RemainingRow> = rows.into_iter().map(|row| (row.sequence, row)).collect();
    entries.into_iter().map(|entry| Ok((entry.id, earlier_of(left.remove(&entry.sequence), entry)?))).collect()
}

fn earlier_of(left: Option<RemainingRow>, entry: Entry) -> Result<Earlier> {
    let list = |text: &str| serde_json::from_str(text).map_err(|_| damaged("a list of what remains is not a list"));
    let (remaining, reversed_by) = match left {
        Some(row) => (list(&row.remaining)?, list(&row.reversed_by)?),
        // A hold without a row is closed; another entry without a row is whole.
        None if entry.action == EntryAction::Hold => (vec![0; entry.postings.len()], Vec::new()),
        None => (entry.postings.iter().map(|posting| posting.amount).collect(), Vec::new()),
    };
    let Entry { sequence, action, expires_at, postings, .. } = entry;
    Ok(Earlier { sequence, action, expires_at, postings, remaining, reversed_by })
}

/// The final answer to an id, and what was asked.
#[derive(Debug, Clone)]
pub struct Settled {
    pub kind: Cow<'static, str>,
    /// JSON, as it was posted.
    pub document: String,
    pub result: Result<Arc<Entry>, Rejection>,
}

impl Settled {
    /// The first field in which `draft` asks for something else under the same id.
    pub fn differing_field(&self, draft: &Draft) -> Option<String> {
        if self.kind != draft.kind {
            return Some("kind".to_owned());
        }
        let document: Map<String, Value> = serde_json::from_str(&self.document).unwrap_or_default();
        let differs = |field: &&&str| document.get(**field) != draft.document.get(**field);
        draft.intent.iter().find(differs).map(|field| (*field).to_owned())
    }
}

#[derive(FromRow)]
struct RejectionRow {
    id: Uuid,
    kind: String,
    document: String,
    rejection: String,
}

/// Those of `ids` that have been answered for good.
pub async fn settled(session: &mut Session<'_>, book: i64, ids: Vec<Uuid>) -> Result<HashMap<Uuid, Settled>> {
    let entries = entries_with_ids(session, book, ids.clone()).await?;
    let rejections = session
        .query(
            "SELECT r.id, r.kind, r.document, r.rejection
             FROM many($2) AS m JOIN ledger_rejections AS r ON r.book = $1 AND r.id = m.value",
        )
        .bind(book)
        .bind_many(Many::Uuid(ids))
        .fetch_all::<RejectionRow>()
        .await?;
    let mut found = HashMap::default();
    for entry in entries {
        let (id, kind, document) = (entry.id, entry.kind.clone().into(), entry.document.clone());
        found.insert(id, Settled { kind, document, result: Ok(Arc::new(entry)) });
    }
    for row in rejections {
        let rejection = serde_json::from_str(&row.rejection).map_err(|_| damaged("ledger_rejections.rejection"))?;
        found.insert(row.id, Settled { kind: row.kind.into(), document: row.document, result: Err(rejection) });
    }
    Ok(found)
}

#[derive(FromRow)]
struct HashRow {
    hash: Vec<u8>,
}

/// The roots of complete stored subtrees `from..to` of a level; of level 0, leaves.
pub async fn hashes(session: &mut Session<'_>, book: i64, level: i64, from: i64, to: i64) -> Result<Vec<Hash>> {
    // Leaves are counted from 0, sequences from 1.
    let query = if level == 0 {
        session.query(
            "SELECT leaf AS hash FROM ledger_entries
             WHERE book = $1 AND $2 = 0 AND sequence > $3 AND sequence <= $4 ORDER BY sequence",
        )
    } else {
        session.query(
            "SELECT hash FROM ledger_nodes
             WHERE book = $1 AND level = $2 AND place >= $3 AND place < $4 ORDER BY place",
        )
    };
    let rows = query.bind(book).bind(level).bind(from).bind(to).fetch_all::<HashRow>().await?;
    rows.into_iter().map(|row| row.hash.try_into().map_err(|_| damaged("a hash is not 32 bytes"))).collect()
}

/// What is stored cannot have been written by this program.
pub fn damaged(what: &str) -> db::Error {
    db::Error::Damaged(what.to_owned())
}
