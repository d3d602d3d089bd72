//! The rows that a batch writes.

use crate::Key;
use crate::Micros;
use crate::draft::Draft;
use crate::entry::{Entry, EntryAction};
use crate::judge::{Rejection, Verdict};
use crate::projection::Projected;
use crate::state::{Earlier, Standing, State};
use crate::store::Head;
use crate::tree::Node;
use db::{Bulk, Column, Many, Statement};
use foldhash::{HashMap, HashSet};
use std::sync::Arc;
use uuid::Uuid;

/// Advances the head, if it is still where it is expected, and if no id was answered otherwise before: what is rejected
/// now is no entry, and what is posted now was not rejected for good. (The unique keys refuse the rest.) Each id is looked up
/// by itself: a join might be planned the other way round, while the book is still small, and then read all of a large one.
pub const GUARD: &str = "UPDATE ledger_books
    SET version = version + 1, size = $3, accounts = $4, recorded_at = $5, root = $6, frontier = $7
    WHERE book = $1 AND version = $2
      AND NOT EXISTS (SELECT 1 FROM many($8) AS m WHERE
          (SELECT e.sequence FROM ledger_entries AS e WHERE e.book = $1 AND e.id = m.value) IS NOT NULL)
      AND NOT EXISTS (SELECT 1 FROM many($9) AS m WHERE
          (SELECT r.recorded_at FROM ledger_rejections AS r WHERE r.book = $1 AND r.id = m.value) IS NOT NULL)";

/// Everything that a batch adds or changes, collected entry by entry.
#[derive(Default)]
pub struct Writes {
    entries: Vec<EntryLine>,
    postings: Vec<[i64; 5]>,
    rejections: Vec<RejectionLine>,
    nodes: Vec<Node>,
    /// The accounts that the batch touched, as they stand after it.
    accounts: HashMap<i64, (Key, Standing)>,
    /// Accounts up to this number were open before the batch.
    opened_before: Option<i64>,
    holds: HashMap<i64, Line>,
    reversals: HashMap<i64, Line>,
    projected: Vec<Bulk>,
}

struct EntryLine {
    entry: Arc<Entry>,
    accounts: i64,
}

struct RejectionLine {
    draft: (uuid::Uuid, &'static str),
    at: Micros,
    document: String,
    rejection: String,
}

/// A row of `ledger_holds` or `ledger_reversals` after the batch.
struct Line {
    is_new: bool,
    earlier: Earlier,
}

impl Writes {
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.rejections.is_empty()
    }

    pub fn entries(&self) -> u64 {
        self.entries.len() as u64
    }

    pub fn touched_paths(&self) -> impl Iterator<Item = &Arc<str>> {
        self.accounts.values().map(|(key, _)| &key.path)
    }

    /// `rejected`: the ids that the batch rejects, for good or not.
    pub fn guard(&self, statement: Statement, head: &Head, version: i64, rejected: Vec<Uuid>) -> Statement {
        let for_good: HashSet<Uuid> = self.rejections.iter().map(|line| line.draft.0).collect();
        let passing = rejected.iter().copied().filter(|id| !for_good.contains(id));
        let not_for_good = self.entries.iter().map(|line| line.entry.id).chain(passing).collect();
        statement
            .bind(head.book)
            .bind(version)
            .bind(head.size)
            .bind(head.accounts)
            .bind(head.recorded_at)
            .bind(head.frontier.root().to_vec())
            .bind(head.frontier.to_bytes())
            .bind_many(Many::Uuid(rejected))
            .bind_many(Many::Uuid(not_for_good))
    }

    /// Takes an entry that `state` has already been told of.
    pub fn enter(&mut self, head: &Head, entry: &Arc<Entry>, verdict: &Verdict, state: &State) {
        let opened = entry.opened.len() as i64;
        self.opened_before.get_or_insert(head.accounts - opened);
        let changed =
            |key: &Key| verdict.changed.iter().find(|(changed, _)| changed == key).map(|(_, standing)| standing);
        let number = |key: &Key| changed(key).or_else(|| state.get(key)).map_or(0, |standing| standing.account);
        for (place, posting) in entry.postings.iter().enumerate() {
            let (from, to) = (number(&posting.from), number(&posting.to));
            self.postings.push([entry.sequence, place as i64, from, to, posting.amount]);
        }
        for (key, standing) in &verdict.changed {
            self.accounts.insert(standing.account, (key.clone(), *standing));
        }
        match (&verdict.earlier, verdict.action) {
            (Some((_, earlier)), EntryAction::Reversal) => {
                let is_new = earlier.reversed_by.len() == 1;
                line(&mut self.reversals, earlier, is_new);
            }
            (Some((_, earlier)), _) => line(&mut self.holds, earlier, false),
            (None, EntryAction::Hold) => line(&mut self.holds, &opened_hold(entry), true),
            (None, _) => {}
        }
        self.entries.push(EntryLine { entry: entry.clone(), accounts: head.accounts });
    }

    pub fn reject(&mut self, _book: i64, draft: &Draft, document: &str, rejection: &Rejection, at: Micros) {
        let rejection = serde_json::to_string(rejection).expect("a rejection is plain data");
        let draft = (draft.id, draft.kind);
        self.rejections.push(RejectionLine { draft, at, document: document.to_owned(), rejection });
    }

    pub fn node(&mut self, _book: i64, node: Node) {
        self.nodes.push(node);
    }

    pub fn project(&mut self, projected: Projected) {
        self.projected = projected.into_bulks();
    }

    pub fn bulks(&self, head: &Head) -> Vec<Bulk> {
        let book = head.book;
        let mut bulks =
            vec![self.entry_rows(book), self.posting_rows(book), self.rejection_rows(book), self.node_rows(book)];
        bulks.extend(self.account_rows(book));
        bulks.extend(hold_rows(book, &self.holds));
        bulks.extend(reversal_rows(book, &self.reversals));
        bulks.extend(self.projected.iter().cloned());
        bulks.retain(|bulk| !bulk.is_empty());
        bulks
    }

    fn entry_rows(&self, book: i64) -> Bulk {
        let entries = || self.entries.iter().map(|line| &*line.entry);
        let numbers = |of: fn(&Entry) -> i64| Column::I64(entries().map(of).collect());
        let optional = |of: fn(&Entry) -> Option<i64>| Column::OptI64(entries().map(of).collect());
        Bulk::insert(
            "ledger_entries",
            vec![
                ("book", Column::I64(vec![book; self.entries.len()])),
                ("sequence", numbers(|entry| entry.sequence)),
                ("recorded_at", numbers(|entry| entry.recorded_at)),
                ("reference", optional(|entry| entry.reference)),
                ("expires_at", optional(|entry| entry.expires_at)),
                ("available_before", optional(|entry| entry.available_before)),
                ("accounts", Column::I64(self.entries.iter().map(|line| line.accounts).collect())),
                ("id", Column::Uuid(entries().map(|entry| entry.id).collect())),
                ("party", Column::OptUuid(entries().map(|entry| entry.party).collect())),
                ("document_id", Column::OptUuid(entries().map(|entry| entry.document_id).collect())),
                ("action", numbers(|entry| entry.action.code())),
                ("effective_on", Column::Date(entries().map(|entry| entry.effective_on).collect())),
                ("kind", Column::Text(entries().map(|entry| entry.kind.clone()).collect())),
                ("leaf", Column::Bytes(entries().map(|entry| entry.leaf.to_vec()).collect())),
                ("document", Column::Text(entries().map(|entry| entry.document.clone()).collect())),
            ],
        )
    }

    fn posting_rows(&self, book: i64) -> Bulk {
        let column = |index: usize| Column::I64(self.postings.iter().map(|row| row[index]).collect());
        Bulk::insert(
            "ledger_postings",
            vec![
                ("book", Column::I64(vec![book; self.postings.len()])),
                ("sequence", column(0)),
                ("place", column(1)),
                ("from_account", column(2)),
                ("to_account", column(3)),
                ("amount", column(4)),
            ],
        )
    }

    fn rejection_rows(&self, book: i64) -> Bulk {
        let rows = &self.rejections;
        Bulk::insert(
            "ledger_rejections",
            vec![
                ("book", Column::I64(vec![book; rows.len()])),
                ("id", Column::Uuid(rows.iter().map(|row| row.draft.0).collect())),
                ("recorded_at", Column::I64(rows.iter().map(|row| row.at).collect())),
                ("kind", Column::Text(rows.iter().map(|row| row.draft.1.to_owned()).collect())),
                ("document", Column::Text(rows.iter().map(|row| row.document.clone()).collect())),
                ("rejection", Column::Text(rows.iter().map(|row| row.rejection.clone()).collect())),
            ],
        )
    }

    fn node_rows(&self, book: i64) -> Bulk {
        let nodes = &self.nodes;
        Bulk::insert(
            "ledger_nodes",
            vec![
                ("book", Column::I64(vec![book; nodes.len()])),
                ("level", Column::I64(nodes.iter().map(|node| node.level).collect())),
                ("place", Column::I64(nodes.iter().map(|node| node.place).collect())),
                ("hash", Column::Bytes(nodes.iter().map(|node| node.hash.to_vec()).collect())),
            ],
        )
    }

    /// New accounts as rows of their own; of the others, what moves.
    fn account_rows(&self, book: i64) -> [Bulk; 2] {
        let before = self.opened_before.unwrap_or(i64::MAX);
        let (mut new, mut old): (Vec<_>, Vec<_>) =
            self.accounts.values().partition(|(_, standing)| standing.account > before);
        // Neighbours in the table are neighbours here: a page is visited once.
        for rows in [&mut new, &mut old] {
            rows.sort_unstable_by_key(|(_, standing)| standing.account);
        }
        let moving = |rows: &[&(Key, Standing)]| {
            let numbers =
                |of: fn(&Standing) -> i64| Column::I64(rows.iter().map(|(_, standing)| of(standing)).collect());
            vec![
                ("book", Column::I64(vec![book; rows.len()])),
                ("account", numbers(|standing| standing.account)),
                ("balance", numbers(|standing| standing.balance)),
                ("held_out", numbers(|standing| standing.held_out)),
                ("held_in", numbers(|standing| standing.held_in)),
                ("overdrawn", Column::Bool(rows.iter().map(|(_, standing)| standing.overdrawn()).collect())),
            ]
        };
        let mut opening = moving(&new);
        opening.extend([
            ("path", Column::Text(new.iter().map(|(key, _)| key.path.to_string()).collect())),
            ("lot", Column::I64(new.iter().map(|(key, _)| key.lot.code()).collect())),
            ("unit", Column::I64(new.iter().map(|(_, standing)| standing.unit.code()).collect())),
            ("system", Column::Bool(new.iter().map(|(_, standing)| standing.system).collect())),
            ("floor", Column::OptI64(new.iter().map(|(_, standing)| standing.floor).collect())),
            ("ceiling", Column::OptI64(new.iter().map(|(_, standing)| standing.ceiling).collect())),
            ("opened", Column::I64(new.iter().map(|(_, standing)| standing.opened).collect())),
        ]);
        [Bulk::insert("ledger_accounts", opening), Bulk::update("ledger_accounts", 2, moving(&old))]
    }
}

fn line(lines: &mut HashMap<i64, Line>, earlier: &Earlier, is_new: bool) {
    let is_new = lines.get(&earlier.sequence).map_or(is_new, |line| line.is_new);
    lines.insert(earlier.sequence, Line { is_new, earlier: earlier.clone() });
}

fn opened_hold(entry: &Entry) -> Earlier {
    Earlier {
        sequence: entry.sequence,
        action: entry.action,
        expires_at: entry.expires_at,
        postings: Vec::new(),
        remaining: entry.postings.iter().map(|posting| posting.amount).collect(),
        reversed_by: Vec::new(),
    }
}

fn list(amounts: &[i64]) -> String {
    serde_json::to_string(amounts).expect("a list of integers is plain data")
}

fn hold_rows(book: i64, holds: &HashMap<i64, Line>) -> [Bulk; 3] {
    let closed = |line: &Line| line.earlier.remaining.iter().all(|left| *left == 0);
    let rows = |choose: &dyn Fn(&Line) -> bool| holds.values().filter(|line| choose(line)).collect::<Vec<_>>();
    let keys = |rows: &[&Line]| {
        vec![
            ("book", Column::I64(vec![book; rows.len()])),
            ("sequence", Column::I64(rows.iter().map(|line| line.earlier.sequence).collect())),
        ]
    };
    let remaining =
        |rows: &[&Line]| ("remaining", Column::Text(rows.iter().map(|line| list(&line.earlier.remaining)).collect()));
    let (new, kept, gone) = (
        rows(&|line| line.is_new && !closed(line)),
        rows(&|line| !line.is_new && !closed(line)),
        rows(&|line| !line.is_new && closed(line)),
    );
    let expires = Column::I64(new.iter().map(|line| line.earlier.expires_at.unwrap_or(i64::MAX)).collect());
    [
        Bulk::insert("ledger_holds", [keys(&new), vec![("expires_at", expires), remaining(&new)]].concat()),
        Bulk::update("ledger_holds", 2, [keys(&kept), vec![remaining(&kept)]].concat()),
        Bulk::delete("ledger_holds", keys(&gone)),
    ]
}

fn reversal_rows(book: i64, reversals: &HashMap<i64, Line>) -> [Bulk; 2] {
    let columns = |is_new: bool| {
        let rows: Vec<_> = reversals.values().filter(|line| line.is_new == is_new).map(|line| &line.earlier).collect();
        vec![
            ("book", Column::I64(vec![book; rows.len()])),
            ("sequence", Column::I64(rows.iter().map(|earlier| earlier.sequence).collect())),
            ("remaining", Column::Text(rows.iter().map(|earlier| list(&earlier.remaining)).collect())),
            ("reversed_by", Column::Text(rows.iter().map(|earlier| list(&earlier.reversed_by)).collect())),
        ]
    };
    [Bulk::insert("ledger_reversals", columns(true)), Bulk::update("ledger_reversals", 2, columns(false))]
}
