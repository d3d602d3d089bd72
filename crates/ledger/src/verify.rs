//! Rebuilds a book from its journal and compares all that is stored with it.

use crate::checkpoint::{note_text, verify_note};
use crate::encoding::encode;
use crate::entry::{Entry, EntryAction};
use crate::state::Standing;
use crate::store::{self, Head};
use crate::tree::{Frontier, Hash, Node, leaf_hash};
use crate::{Book, Key, Micros};
use db::{Session, Tx};
use sqlx::FromRow;
use std::collections::{BTreeMap, HashMap};

/// A row that is not what the journal says it is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    pub table: &'static str,
    /// Which row, in the words of its key.
    pub row: String,
    pub problem: String,
}

/// What was found, and over how much.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    pub entries: i64,
    pub accounts: i64,
    pub checkpoints: i64,
    /// In the order in which they were found; at most [`FINDINGS_MAX`].
    pub findings: Vec<Finding>,
}

impl Report {
    pub fn find(&mut self, table: &'static str, row: impl ToString, problem: impl ToString) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding { table, row: row.to_string(), problem: problem.to_string() });
        }
    }
}

pub const FINDINGS_MAX: usize = 100;
/// Entries read at a time.
const CHUNK: i64 = 2000;

/// Checks the whole book as of one moment. `verifier_key` checks the signatures of checkpoints; `each` is shown every entry,
/// in order, so that what follows from entries elsewhere can be rebuilt in the same pass.
pub async fn verify(book: &Book, verifier_key: Option<&str>, mut each: impl FnMut(&Entry)) -> db::Result<(Report, Tx)> {
    let mut tx = book.db().begin_read().await?;
    let head = store::head_as_stored(tx.query(store::HEAD), book.code()).await?;
    let (head, _) = head.ok_or_else(|| store::damaged("the book's head is missing"))?;
    let checkpoints = checkpoints(&mut tx, head.book).await?;
    let mut rebuilt = Rebuilt::default();
    let mut report = Report { checkpoints: checkpoints.len() as i64, ..Report::default() };
    loop {
        let entries = store::entries_after(&mut Session::Tx(&mut tx), head.book, rebuilt.newest, CHUNK).await;
        let entries = match entries {
            Ok(entries) => entries,
            // What cannot even be read is named as nearly as it can be; the rest of the journal is then of no use.
            Err(db::Error::Damaged(problem)) => {
                report.find("ledger_entries", format!("after {}", rebuilt.newest), problem);
                break;
            }
            Err(error) => return Err(error),
        };
        for entry in &entries {
            rebuilt.take(book.code(), entry, &mut report);
            if checkpoints.contains_key(&entry.sequence) {
                rebuilt.roots.insert(entry.sequence, rebuilt.frontier.root());
            }
            each(entry);
        }
        if entries.len() < CHUNK as usize {
            break;
        }
    }
    report.entries = rebuilt.frontier.size() as i64;
    compare_head(&head, &rebuilt, &mut report);
    compare_accounts(&mut tx, head.book, &rebuilt, &mut report).await?;
    compare_remaining(&mut tx, head.book, &rebuilt, &mut report).await?;
    compare_nodes(&mut tx, head.book, &rebuilt, &mut report).await?;
    compare_checkpoints(&checkpoints, &rebuilt, verifier_key, &mut report);
    compare_ids(&mut tx, head.book, &mut report).await?;
    Ok((report, tx))
}

/// The book as the journal alone makes it.
#[derive(Default)]
struct Rebuilt {
    newest: i64,
    recorded_at: Micros,
    frontier: Frontier,
    nodes: Vec<Node>,
    roots: HashMap<i64, Hash>,
    numbers: Vec<Key>,
    accounts: HashMap<Key, Standing>,
    holds: BTreeMap<i64, Open>,
    /// Amounts of entries that may be reversed, once they have been in part.
    reversals: BTreeMap<i64, Open>,
    buffer: Vec<u8>,
}

/// What is left of an entry.
struct Open {
    expires_at: Option<Micros>,
    pairs: Vec<(Key, Key)>,
    remaining: Vec<i64>,
    reversed_by: Vec<i64>,
}

impl Rebuilt {
    fn take(&mut self, code: &str, entry: &Entry, report: &mut Report) {
        let row = entry.sequence;
        if row != self.newest + 1 {
            report.find("ledger_entries", self.newest + 1, "the entry is missing");
        }
        if entry.recorded_at < self.recorded_at {
            report.find("ledger_entries", row, "it was recorded before the entry in front of it");
        }
        (self.newest, self.recorded_at) = (row, entry.recorded_at);
        encode(code, entry, &mut self.buffer);
        let leaf = leaf_hash(&self.buffer);
        if leaf != entry.leaf {
            report.find("ledger_entries", row, "its leaf hash is not that of the entry, its postings and its accounts");
        }
        self.frontier.append(leaf, |node| self.nodes.push(node));
        for account in &entry.opened {
            self.numbers.push(account.key.clone());
            let account_number = self.numbers.len() as i64;
            let standing = Standing { account: account_number, opened: row, ..Standing::unopened(account) };
            if self.accounts.insert(account.key.clone(), standing).is_some() {
                report.find("ledger_accounts", &account.key, format!("entry {row} opens it a second time"));
            }
        }
        if let Err(problem) = self.settle(entry) {
            report.find("ledger_entries", row, problem);
        }
    }

    /// Does to the accounts what the entry says.
    fn settle(&mut self, entry: &Entry) -> Result<(), String> {
        let amounts = || entry.postings.iter().map(|posting| posting.amount).collect();
        let pairs = || entry.postings.iter().map(|posting| (posting.from.clone(), posting.to.clone())).collect();
        match entry.action {
            EntryAction::Hold => {
                for posting in &entry.postings {
                    self.shift(&posting.from, 0, posting.amount, 0)?;
                    self.shift(&posting.to, 0, 0, posting.amount)?;
                }
                let open =
                    Open { expires_at: entry.expires_at, pairs: pairs(), remaining: amounts(), reversed_by: vec![] };
                self.holds.insert(entry.sequence, open);
            }
            EntryAction::Post => self.move_all(entry)?,
            EntryAction::Capture | EntryAction::CapturePart => {
                self.move_all(entry)?;
                self.free(entry)?;
            }
            EntryAction::Release => {
                self.free(entry)?;
                self.move_all(entry)?;
            }
            EntryAction::Reversal => {
                self.move_all(entry)?;
                self.reversed(entry)?;
            }
        }
        for posting in &entry.postings {
            self.check_bounds(&posting.from, entry.action)?;
            self.check_bounds(&posting.to, entry.action)?;
        }
        Ok(())
    }

    fn move_all(&mut self, entry: &Entry) -> Result<(), String> {
        for posting in &entry.postings {
            self.shift(&posting.from, -posting.amount, 0, 0)?;
            self.shift(&posting.to, posting.amount, 0, 0)?;
        }
        Ok(())
    }

    fn shift(&mut self, key: &Key, balance: i64, held_out: i64, held_in: i64) -> Result<(), String> {
        let standing = self.accounts.get_mut(key).ok_or_else(|| format!("it posts to {key}, which was not opened"))?;
        if !standing.system {
            let overflow = || format!("it overflows {key}");
            standing.balance = standing.balance.checked_add(balance).ok_or_else(overflow)?;
            standing.held_out = standing.held_out.checked_add(held_out).ok_or_else(overflow)?;
            standing.held_in = standing.held_in.checked_add(held_in).ok_or_else(overflow)?;
        }
        Ok(())
    }

    /// Takes off a hold what a capture posts, and all of the rest unless it stays held.
    fn free(&mut self, entry: &Entry) -> Result<(), String> {
        let sequence = entry.reference.unwrap_or(0);
        let mut hold = self.holds.remove(&sequence).ok_or_else(|| format!("hold {sequence} is not open"))?;
        let part = entry.action == EntryAction::CapturePart;
        for (place, (from, to)) in hold.pairs.clone().into_iter().enumerate() {
            // What a release posts is beside what it frees.
            let captured = entry.postings.iter().filter(|_| entry.action != EntryAction::Release);
            let posted = captured.into_iter().find(|posting| posting.from == from && posting.to == to);
            let posted = posted.map_or(0, |posting| posting.amount);
            let freed = if part { posted } else { hold.remaining[place] };
            if posted > hold.remaining[place] {
                return Err(format!("it captures more of hold {sequence} than is left"));
            }
            hold.remaining[place] -= freed;
            self.shift(&from, 0, -freed, 0)?;
            self.shift(&to, 0, 0, -freed)?;
        }
        if hold.remaining.iter().any(|left| *left > 0) {
            self.holds.insert(sequence, hold);
        }
        Ok(())
    }

    /// What is left of the entry that `entry` reverses is known once it has been reversed in part: its pairs are those of the
    /// reversal, turned round.
    fn reversed(&mut self, entry: &Entry) -> Result<(), String> {
        let sequence = entry.reference.ok_or("it reverses no entry")?;
        let open = self.reversals.entry(sequence).or_insert_with(|| Open {
            expires_at: None,
            pairs: Vec::new(),
            remaining: Vec::new(),
            reversed_by: Vec::new(),
        });
        open.reversed_by.push(entry.sequence);
        for posting in &entry.postings {
            let pair = (posting.to.clone(), posting.from.clone());
            match open.pairs.iter().position(|known| *known == pair) {
                Some(place) => open.remaining[place] += posting.amount,
                None => {
                    open.pairs.push(pair);
                    open.remaining.push(posting.amount);
                }
            }
        }
        Ok(())
    }

    fn check_bounds(&self, key: &Key, action: EntryAction) -> Result<(), String> {
        let Some(standing) = self.accounts.get(key) else { return Ok(()) };
        if standing.overdrawn() && action != EntryAction::Reversal && action != EntryAction::Release {
            // An account that a reversal overdrew takes in until it is above its floor again.
            let available = standing.available();
            return if self.was_overdrawn(key) {
                Ok(())
            } else {
                Err(format!("it leaves {key} {available} below its floor"))
            };
        }
        match standing.ceiling {
            Some(ceiling) if standing.balance.saturating_add(standing.held_in) > ceiling => {
                Err(format!("it leaves {key} above its ceiling of {ceiling}"))
            }
            _ => Ok(()),
        }
    }

    /// Whether a reversal took from the account, the only way below its floor.
    fn was_overdrawn(&self, key: &Key) -> bool {
        self.reversals.values().any(|open| open.pairs.iter().any(|(_, to)| to == key))
    }
}

fn compare_head(head: &Head, rebuilt: &Rebuilt, report: &mut Report) {
    if head.size > rebuilt.newest {
        report.find("ledger_entries", rebuilt.newest + 1, format!("the entry is missing; the book has {}", head.size));
    } else if head.size < rebuilt.newest {
        report.find("ledger_entries", head.size + 1, format!("the entry is beyond the book's {}", head.size));
    }
    if head.accounts != rebuilt.numbers.len() as i64 {
        let problem = format!("it counts {} accounts, and the journal opens {}", head.accounts, rebuilt.numbers.len());
        report.find("ledger_books", head.book, problem);
    }
    if head.frontier.root() != rebuilt.frontier.root() {
        report.find("ledger_books", head.book, "its root is not the root over the leaves");
    }
}

#[derive(FromRow)]
struct AccountRow {
    account: i64,
    path: String,
    lot: i64,
    balance: i64,
    held_out: i64,
    held_in: i64,
    overdrawn: bool,
    opened: i64,
}

/// Unit, bounds and `system` are part of the leaf of the entry that opened the account; here what moves is compared.
async fn compare_accounts(tx: &mut Tx, book: i64, rebuilt: &Rebuilt, report: &mut Report) -> db::Result<()> {
    let mut after = 0;
    loop {
        let rows = tx
            .query(
                "SELECT account, path, lot, balance, held_out, held_in, overdrawn, opened FROM ledger_accounts
                 WHERE book = $1 AND account > $2 ORDER BY account LIMIT $3",
            )
            .bind(book)
            .bind(after)
            .bind(CHUNK)
            .fetch_all::<AccountRow>()
            .await?;
        for row in &rows {
            if row.account != after + 1 {
                report.find("ledger_accounts", after + 1, "the account is missing");
            }
            after = row.account;
            report.accounts += 1;
            compare_account(row, rebuilt, report);
        }
        if rows.len() < CHUNK as usize {
            break;
        }
    }
    if after < rebuilt.numbers.len() as i64 {
        report.find("ledger_accounts", after + 1, "the account is missing");
    }
    Ok(())
}

fn compare_account(row: &AccountRow, rebuilt: &Rebuilt, report: &mut Report) {
    let key = Key::in_lot(row.path.as_str(), crate::Lot::from_code(row.lot));
    let name = format!("{} ({key})", row.account);
    let known = rebuilt.accounts.get(&key).filter(|known| known.account == row.account);
    let Some(known) = known else {
        return report.find("ledger_accounts", name, "no entry opened it so");
    };
    let compared = [
        ("balance", row.balance, known.balance),
        ("held_out", row.held_out, known.held_out),
        ("held_in", row.held_in, known.held_in),
        ("overdrawn", i64::from(row.overdrawn), i64::from(known.overdrawn())),
        ("opened", row.opened, known.opened),
    ];
    for (column, stored, expected) in compared {
        if stored != expected {
            report.find("ledger_accounts", &name, format!("{column} is {stored}, and the journal makes it {expected}"));
        }
    }
}

#[derive(FromRow)]
struct RemainingRow {
    sequence: i64,
    expires_at: Option<i64>,
    remaining: String,
    reversed_by: String,
}

async fn compare_remaining(tx: &mut Tx, book: i64, rebuilt: &Rebuilt, report: &mut Report) -> db::Result<()> {
    let holds = tx
        .query("SELECT sequence, expires_at, remaining, '' AS reversed_by FROM ledger_holds WHERE book = $1 ORDER BY sequence")
        .bind(book)
        .fetch_all::<RemainingRow>()
        .await?;
    let expected = rebuilt.holds.iter().map(|(sequence, open)| RemainingRow {
        sequence: *sequence,
        expires_at: open.expires_at,
        remaining: format!("{:?}", open.remaining).replace(' ', ""),
        reversed_by: String::new(),
    });
    compare_rows("ledger_holds", holds, expected, report);
    let reversals = tx
        .query(
            "SELECT sequence, NULL AS expires_at, remaining, reversed_by FROM ledger_reversals
             WHERE book = $1 ORDER BY sequence",
        )
        .bind(book)
        .fetch_all::<RemainingRow>()
        .await?;
    let mut expected = Vec::new();
    for (sequence, open) in &rebuilt.reversals {
        let original = store::entries_after(&mut Session::Tx(tx), book, sequence - 1, 1).await?;
        let left = original.first().map(|entry| left_of(entry, open)).unwrap_or_default();
        if left.iter().any(|left| *left < 0) {
            report.find("ledger_entries", sequence, "more of it is reversed than was posted");
        }
        expected.push(RemainingRow {
            sequence: *sequence,
            expires_at: None,
            remaining: format!("{left:?}").replace(' ', ""),
            reversed_by: format!("{:?}", open.reversed_by).replace(' ', ""),
        });
    }
    compare_rows("ledger_reversals", reversals, expected.into_iter(), report);
    Ok(())
}

/// Of each posting of `entry`, what `reversed` leaves.
fn left_of(entry: &Entry, reversed: &Open) -> Vec<i64> {
    let left = entry.postings.iter().map(|posting| {
        let place = reversed.pairs.iter().position(|(from, to)| *from == posting.from && *to == posting.to);
        posting.amount - place.map_or(0, |place| reversed.remaining[place])
    });
    left.collect()
}

fn compare_rows(
    table: &'static str,
    stored: Vec<RemainingRow>,
    expected: impl Iterator<Item = RemainingRow>,
    report: &mut Report,
) {
    let mut stored: BTreeMap<i64, RemainingRow> = stored.into_iter().map(|row| (row.sequence, row)).collect();
    for row in expected {
        match stored.remove(&row.sequence) {
            None => report.find(table, row.sequence, "the row is missing"),
            Some(found) if found.remaining != row.remaining => {
                let problem = format!("remaining is {}, and the journal makes it {}", found.remaining, row.remaining);
                report.find(table, row.sequence, problem);
            }
            Some(found) if found.reversed_by != row.reversed_by => {
                report.find(table, row.sequence, "reversed_by does not name the reversals");
            }
            Some(found) if found.expires_at != row.expires_at => {
                report.find(table, row.sequence, "expires_at is not that of the hold");
            }
            Some(_) => {}
        }
    }
    for sequence in stored.keys() {
        report.find(table, sequence, "the journal knows nothing of this row");
    }
}

async fn compare_nodes(tx: &mut Tx, book: i64, rebuilt: &Rebuilt, report: &mut Report) -> db::Result<()> {
    let rows: Vec<(i64, i64, Vec<u8>)> = tx
        .query("SELECT level, place, hash FROM ledger_nodes WHERE book = $1 ORDER BY level, place")
        .bind(book)
        .fetch_all()
        .await?;
    let mut stored: HashMap<(i64, i64), Vec<u8>> =
        rows.into_iter().map(|(level, place, hash)| ((level, place), hash)).collect();
    for node in &rebuilt.nodes {
        let row = format!("level {}, place {}", node.level, node.place);
        match stored.remove(&(node.level, node.place)) {
            None => report.find("ledger_nodes", row, "the node is missing"),
            Some(hash) if hash != node.hash => report.find("ledger_nodes", row, "its hash is not that of its leaves"),
            Some(_) => {}
        }
    }
    for (level, place) in stored.keys() {
        report.find("ledger_nodes", format!("level {level}, place {place}"), "no such subtree is complete");
    }
    Ok(())
}

async fn checkpoints(tx: &mut Tx, book: i64) -> db::Result<BTreeMap<i64, (Vec<u8>, String)>> {
    let rows: Vec<(i64, Vec<u8>, String)> =
        tx.query("SELECT size, root, note FROM ledger_checkpoints WHERE book = $1").bind(book).fetch_all().await?;
    Ok(rows.into_iter().map(|(size, root, note)| (size, (root, note))).collect())
}

fn compare_checkpoints(
    checkpoints: &BTreeMap<i64, (Vec<u8>, String)>,
    rebuilt: &Rebuilt,
    verifier_key: Option<&str>,
    report: &mut Report,
) {
    for (size, (root, note)) in checkpoints {
        let expected = if *size == 0 { Some(crate::tree::empty_root()) } else { rebuilt.roots.get(size).copied() };
        match expected {
            None => report.find("ledger_checkpoints", size, "it was signed over entries that are missing now"),
            Some(expected) if expected[..] != root[..] => {
                report.find("ledger_checkpoints", size, "the journal up to there has another root");
            }
            Some(expected) => {
                let origin = verifier_key.and_then(|key| key.split('+').next());
                let signed = |key: &str| verify_note(note, &note_text(origin.unwrap_or(""), *size, &expected), key);
                if verifier_key.is_some_and(|key| !signed(key)) {
                    report.find("ledger_checkpoints", size, "its signature is not by the key");
                }
            }
        }
    }
}

/// An id is posted or refused, never both.
async fn compare_ids(tx: &mut Tx, book: i64, report: &mut Report) -> db::Result<()> {
    let rows: Vec<(i64,)> = tx
        .query(
            "SELECT e.sequence FROM ledger_rejections AS r
             CROSS JOIN ledger_entries AS e WHERE r.book = $1 AND e.book = $1 AND e.id = r.id",
        )
        .bind(book)
        .fetch_all()
        .await?;
    for (sequence,) in rows {
        report.find("ledger_rejections", sequence, "the id of this entry was refused as well");
    }
    Ok(())
}
