//! The tables that follow from the journal: exchanges, what became of service records, totals by year, awards.

mod exchanges;
mod levels;
mod stock;
mod turnovers;

pub(crate) use exchanges::{EXCHANGE_CASH, EXCHANGE_LINE, EXCHANGE_MADE, EXCHANGE_MOVE, objects};
pub(crate) use levels::{APPLICATION_DECIDED, AWARD_MADE};
pub(crate) use turnovers::{CATEGORY_TOTAL, MONTH_CHANGE, TURNOVER};

use chrono::Datelike;
use ledger::projection::{Cell, How, Row, Shape};
use ledger::{Entry, Projection};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What happened, as entries are called.
pub mod kind {
    pub const SERVICE_CONFIRMED: &str = "service.confirmed";
    pub const SERVICE_REJECTED: &str = "service.rejected";
    pub const SERVICE_REVERSED: &str = "service.reversed";
    pub const EXCHANGE_RESERVED: &str = "exchange.reserved";
    pub const EXCHANGE_COLLECTED: &str = "exchange.collected";
    pub const EXCHANGE_CANCELLED: &str = "exchange.cancelled";
    pub const EXCHANGE_EXPIRED: &str = "exchange.expired";
    pub const EXCHANGE_COLLECTED_IN_PART: &str = "exchange.collected_in_part";
    pub const EXCHANGE_RETURNED: &str = "exchange.returned";
    pub const ACTIVITY_CANCELLED: &str = "activity.cancelled";
    pub const SIGNUP_PROMOTED: &str = "signup.promoted";
    pub const STOCK_CHANGED: &str = "stock.changed";
    pub const SESSION_CHANGED: &str = "session.changed";
    pub const SESSION_MOVED: &str = "session.moved";
    pub const SESSION_CANCELLED: &str = "session.cancelled";
    pub const EXCHANGE_MOVED: &str = "exchange.moved";
    pub const EXCHANGE_MISSED: &str = "exchange.missed";
    pub const STOCK_RECEIVED: &str = "stock.received";
    pub const STOCK_RETURNED: &str = "stock.returned";
    pub const STOCK_LOST: &str = "stock.lost";
    pub const STOCK_COUNTED: &str = "stock.counted";
    pub const STOCK_SENT: &str = "stock.sent";
    pub const STOCK_ARRIVED: &str = "stock.arrived";
    pub const STOCK_LOW: &str = "stock.low";
    pub const STOCK_RESTORED: &str = "stock.restored";
    pub const POINTS_EXPIRED: &str = "points.expired";
    pub const POINTS_EXPIRING: &str = "points.expiring";
    pub const POINTS_DONATED: &str = "points.donated";
    pub const POINTS_GIVEN: &str = "points.given";
    pub const POINTS_RECEIVED: &str = "points.received";
    pub const POOL_GRANTED: &str = "pool.granted";
    pub const POINTS_MATURED: &str = "points.matured";
    pub const ACCOUNT_EXPIRED: &str = "account.expired";
    pub const ACCOUNT_THAWED: &str = "account.thawed";
    pub const WISH_FULFILLED: &str = "wish.fulfilled";
    pub const VOLUNTEER_MERGED: &str = "volunteer.merged";
    pub const LEVEL_GRANTED: &str = "level.granted";
    pub const LEVEL_REFUSED: &str = "level.refused";
    pub const LEVEL_REVOKED: &str = "level.revoked";
    pub const LEVEL_BANNED: &str = "level.banned";
    pub const LEVEL_BAN_ENDED: &str = "level.ban_ended";
    pub const CERTIFICATE_ISSUED: &str = "certificate.issued";
    pub const CERTIFICATE_REFUSED: &str = "certificate.refused";
    pub const SELECTION_PUBLISHED: &str = "selection.published";
    pub const SELECTION_FINAL: &str = "selection.final";
    pub const SELECTION_WITHDRAWN: &str = "selection.withdrawn";
}

pub struct SchemeProjection;

pub(crate) static STOCK_MOVED: Shape = Shape {
    table: "stock_movements",
    how: How::Insert,
    keys: 4,
    columns: &["book", "reward_id", "station", "sequence", "change", "kind", "document_id", "unit_cost", "recorded_at"],
};

pub(crate) static STOCK_SENT: Shape = Shape {
    table: "stock_transfers",
    how: How::Insert,
    keys: 2,
    columns: &[
        "book",
        "id",
        "reward_id",
        "from_station",
        "to_station",
        "quantity",
        "status",
        "arrived",
        "sent_at",
        "sent_sequence",
        "arrived_at",
        "arrived_sequence",
    ],
};

pub(crate) static STOCK_ARRIVED: Shape = Shape {
    table: "stock_transfers",
    how: How::Update,
    keys: 2,
    columns: &["book", "id", "status", "arrived", "arrived_at", "arrived_sequence"],
};

pub(crate) static TRANSFER_MADE: Shape = Shape {
    table: "transfers",
    how: How::Insert,
    keys: 2,
    columns: &["book", "id", "from_id", "to_id", "account", "amount", "relation", "status", "made_at", "sequence"],
};

pub(crate) static TRANSFER_RECEIVED: Shape =
    Shape { table: "transfers", how: How::Update, keys: 2, columns: &["book", "id", "status"] };

pub(crate) static REQUEST_GRANTED: Shape =
    Shape { table: "pool_requests", how: How::Update, keys: 2, columns: &["book", "id", "status", "sequence"] };

pub(crate) static SERVICE_DECIDED: Shape = Shape {
    table: "services",
    how: How::Update,
    keys: 2,
    columns: &["book", "id", "status", "credited_minutes", "points", "sequence", "decided_by"],
};

pub(crate) static SESSION_MADE: Shape =
    Shape { table: "reward_sessions", how: How::Insert, keys: 2, columns: SESSION_COLUMNS };

pub(crate) static SESSION_CHANGED: Shape = Shape {
    table: "reward_sessions",
    how: How::Update,
    keys: 2,
    columns: &["book", "id", "reward_id", "station", "starts_at", "ends_at", "seats", "status", "moves", "version"],
};

/// As [`SESSION_CHANGED`], by an entry that everybody who has a place is to be told of.
pub(crate) static SESSION_MOVED: Shape =
    Shape { table: "reward_sessions", how: How::Update, keys: 2, columns: SESSION_COLUMNS };

const SESSION_COLUMNS: &[&str] = &[
    "book",
    "id",
    "reward_id",
    "station",
    "starts_at",
    "ends_at",
    "seats",
    "status",
    "moves",
    "version",
    "moved_sequence",
];

pub(crate) static YEAR_TOTAL: Shape = Shape {
    table: "year_totals",
    how: How::Accumulate,
    keys: 3,
    columns: &["book", "year", "volunteer_id", "minutes", "points", "services"],
};

pub(crate) static MONTH_TOTAL: Shape = Shape {
    table: "month_totals",
    how: How::Accumulate,
    keys: 3,
    columns: &["book", "month", "volunteer_id", "minutes", "points", "services"],
};

pub(crate) static GROUP_TOTAL: Shape = Shape {
    table: "group_totals",
    how: How::Accumulate,
    keys: 4,
    columns: &["book", "month", "unit", "team", "minutes", "points", "services"],
};

pub(crate) static ACCOUNT_DAY: Shape = Shape {
    table: "account_days",
    how: How::Accumulate,
    keys: 4,
    columns: &["book", "account", "served_on", "volunteer_id", "amount"],
};

pub(crate) static VOLUNTEER_MERGED: Shape =
    Shape { table: "volunteers", how: How::Update, keys: 2, columns: &["book", "id", "status", "merged_into"] };

static AWARD_MOVED: Shape =
    Shape { table: "awards", how: How::Update, keys: 2, columns: &["book", "id", "volunteer_id"] };

impl Projection for SchemeProjection {
    fn project(&self, book: i64, entry: &Entry) -> Vec<Row> {
        let fields = entry.fields();
        let mut rows = stock::moved(book, entry, &fields);
        rows.extend(of_kind(book, entry, &fields));
        rows.extend(turnovers::changed_months(book, &rows));
        rows.extend(turnovers::of(book, entry));
        rows
    }
}

/// What follows from what an entry is called.
fn of_kind(book: i64, entry: &Entry, fields: &Map<String, Value>) -> Vec<Row> {
    match (entry.kind.as_str(), entry.action) {
        (exchange, _) if exchange.starts_with("exchange.") => exchanges::project(book, entry, fields),
        (kind::SERVICE_CONFIRMED, _) => decided(book, entry, fields, "confirmed", 1),
        (kind::SERVICE_REJECTED, _) => decided(book, entry, fields, "rejected", 0),
        (kind::SERVICE_REVERSED, _) => decided(book, entry, fields, "reversed", -1),
        (kind::POINTS_DONATED, _) => vec![given(book, entry, fields, "received")],
        (kind::POINTS_GIVEN, _) => vec![given(book, entry, fields, "given")],
        (kind::POINTS_RECEIVED, _) => vec![received(book, entry)],
        (kind::POOL_GRANTED, _) => vec![request_granted(book, entry)],
        (kind::WISH_FULFILLED, _) => wish_fulfilled(book, entry, fields),
        (kind::SESSION_CHANGED | kind::SESSION_MOVED | kind::SESSION_CANCELLED, _) => {
            vec![session(book, entry, fields)]
        }
        (kind::STOCK_SENT, _) => vec![stock::sent(book, entry, fields)],
        (kind::STOCK_ARRIVED, _) => vec![stock::arrived(book, entry, fields)],
        (kind::LEVEL_GRANTED, _) => levels::granted(book, entry, fields),
        (kind::LEVEL_REFUSED, _) => vec![levels::decided(book, entry, fields, "refused")],
        (kind::LEVEL_REVOKED, _) => vec![levels::revoked(book, entry)],
        (kind::VOLUNTEER_MERGED, _) => merged(book, fields),
        _ => Vec::new(),
    }
}

/// A session as its newest entry says; the first makes the row.
fn session(book: i64, entry: &Entry, fields: &Map<String, Value>) -> Row {
    let number = |name| integer(fields, name).unwrap_or(0);
    let changed = entry.kind == kind::SESSION_CHANGED;
    let status = if entry.kind == kind::SESSION_CANCELLED { "cancelled" } else { "open" };
    let mut cells = vec![
        Cell::I64(book),
        Cell::Uuid(entry.document_id.unwrap_or_default()),
        Cell::Uuid(id(fields, "reward_id").unwrap_or_default()),
        Cell::Text(text(fields, "station").unwrap_or_default()),
        Cell::I64(number("starts_at")),
        Cell::I64(number("ends_at")),
        Cell::I64(number("seats")),
        Cell::Text(status.to_owned()),
        Cell::I64(number("moves")),
        Cell::I64(number("version")),
    ];
    let shape = match (changed, number("version")) {
        (true, 1) => &SESSION_MADE,
        (true, _) => &SESSION_CHANGED,
        (false, _) => &SESSION_MOVED,
    };
    if *shape != SESSION_CHANGED {
        cells.push(Cell::OptI64((!changed).then_some(entry.sequence)));
    }
    Row { shape, cells }
}

/// What somebody gave away. To the pool it is received at once.
fn given(book: i64, entry: &Entry, fields: &Map<String, Value>, status: &str) -> Row {
    Row {
        shape: &TRANSFER_MADE,
        cells: vec![
            Cell::I64(book),
            Cell::Uuid(entry.id),
            Cell::Uuid(id(fields, "from").unwrap_or_default()),
            Cell::OptUuid(id(fields, "to")),
            Cell::OptText(text(fields, "account")),
            Cell::I64(integer(fields, "amount").unwrap_or(0)),
            Cell::OptText(text(fields, "relation")),
            Cell::Text(status.to_owned()),
            Cell::I64(entry.recorded_at),
            Cell::I64(entry.sequence),
        ],
    }
}

fn received(book: i64, entry: &Entry) -> Row {
    let id = Cell::Uuid(entry.document_id.unwrap_or_default());
    Row { shape: &TRANSFER_RECEIVED, cells: vec![Cell::I64(book), id, Cell::Text("received".to_owned())] }
}

fn request_granted(book: i64, entry: &Entry) -> Row {
    let id = Cell::Uuid(entry.document_id.unwrap_or_default());
    let (status, sequence) = (Cell::Text("granted".to_owned()), Cell::OptI64(Some(entry.sequence)));
    Row { shape: &REQUEST_GRANTED, cells: vec![Cell::I64(book), id, status, sequence] }
}

/// The state of a service record, and what it adds to (`sign` 1) or takes from (-1) the totals of its day.
fn decided(book: i64, entry: &Entry, fields: &Map<String, Value>, status: &str, sign: i64) -> Vec<Row> {
    let (minutes, points) = (integer(fields, "credited_minutes"), integer(fields, "points"));
    let state = Row {
        shape: &SERVICE_DECIDED,
        cells: vec![
            Cell::I64(book),
            Cell::Uuid(entry.document_id.unwrap_or_default()),
            Cell::Text(status.to_owned()),
            Cell::OptI64(minutes),
            Cell::OptI64(points),
            Cell::OptI64(Some(entry.sequence)),
            Cell::OptUuid(id(fields, "decided_by")),
        ],
    };
    let Some(volunteer) = entry.party.filter(|_| sign != 0) else { return vec![state] };
    let mut rows = vec![state];
    rows.extend(totals(book, entry, fields, volunteer, sign));
    rows.extend(account_days(book, entry, volunteer));
    rows
}

/// What a service adds to the totals of the year and of the month of its day, and to those of its unit and team.
fn totals(book: i64, entry: &Entry, fields: &Map<String, Value>, volunteer: Uuid, sign: i64) -> Vec<Row> {
    let of = |name| sign * integer(fields, name).unwrap_or(0);
    // An event lasts no time, and is no service.
    let services = if integer(fields, "minutes").is_none_or(|served| served > 0) { sign } else { 0 };
    let sums = [of("credited_minutes"), of("points"), services].map(Cell::I64);
    let mut rows = totals_of(book, entry, volunteer, &sums);
    rows.push(turnovers::of_category(book, entry, fields, &sums));
    let (unit, team) = (text(fields, "unit"), text(fields, "team"));
    if unit.is_some() || team.is_some() {
        let (unit, team) = (Cell::Text(unit.unwrap_or_default()), Cell::Text(team.unwrap_or_default()));
        let keys = [Cell::I64(book), Cell::I64(month_of(entry)), unit, team];
        rows.push(Row { shape: &GROUP_TOTAL, cells: [keys.as_slice(), &sums].concat() });
    }
    rows
}

/// What adds to the totals of somebody's year and month: minutes, points, services.
fn totals_of(book: i64, entry: &Entry, volunteer: Uuid, sums: &[Cell; 3]) -> Vec<Row> {
    let total = |shape, period| {
        let keys = [Cell::I64(book), Cell::I64(period), Cell::Uuid(volunteer)];
        Row { shape, cells: [keys.as_slice(), sums].concat() }
    };
    vec![total(&YEAR_TOTAL, entry.effective_on.year().into()), total(&MONTH_TOTAL, month_of(entry))]
}

/// 202611, of the day of service.
fn month_of(entry: &Entry) -> i64 {
    i64::from(entry.effective_on.year()) * 100 + i64::from(entry.effective_on.month())
}

/// The points that a wish carried are earned in the month in which it was fulfilled; its minutes are of a service record.
fn wish_fulfilled(book: i64, entry: &Entry, fields: &Map<String, Value>) -> Vec<Row> {
    let Some(volunteer) = entry.party else { return Vec::new() };
    let sums = [0, integer(fields, "points").unwrap_or(0), 0].map(Cell::I64);
    let mut rows = totals_of(book, entry, volunteer, &sums);
    rows.push(turnovers::of_category(book, entry, fields, &sums));
    rows
}

/// What the entry of a service put into, or took out of, the volunteer's accounts beside hours and points.
fn account_days(book: i64, entry: &Entry, volunteer: Uuid) -> Vec<Row> {
    let home = format!("volunteer/{volunteer}/account/");
    let moved = entry.postings.iter().flat_map(|posting| {
        let into = posting.to.path.strip_prefix(&home).map(|account| (account, posting.amount));
        let out = posting.from.path.strip_prefix(&home).map(|account| (account, posting.amount.saturating_neg()));
        into.into_iter().chain(out)
    });
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    for (account, amount) in moved {
        let sum = sums.entry(account).or_default();
        *sum = sum.saturating_add(amount);
    }
    let row = |(account, amount): (&str, i64)| Row {
        shape: &ACCOUNT_DAY,
        cells: vec![
            Cell::I64(book),
            Cell::Text(account.to_owned()),
            Cell::Date(entry.effective_on),
            Cell::Uuid(volunteer),
            Cell::I64(amount),
        ],
    };
    sums.into_iter().map(row).collect()
}

/// A volunteer who is another: what they did counts for the other.
fn merged(book: i64, fields: &Map<String, Value>) -> Vec<Row> {
    let (Some(from), Some(into)) = (id(fields, "from"), id(fields, "into")) else { return Vec::new() };
    let status = Cell::Text("merged".to_owned());
    let cells = vec![Cell::I64(book), Cell::Uuid(from), status, Cell::OptUuid(Some(into))];
    let mut rows = vec![Row { shape: &VOLUNTEER_MERGED, cells }];
    let list = |name: &str| fields.get(name).and_then(Value::as_array).into_iter().flatten();
    let mut years: BTreeMap<i64, [i64; 3]> = BTreeMap::new();
    for month in list("months") {
        let number = |place: usize| month.get(place).and_then(Value::as_i64).unwrap_or(0);
        let sums = [number(1), number(2), number(3)];
        let year = years.entry(number(0) / 100).or_default();
        year.iter_mut().zip(sums).for_each(|(sum, more)| *sum = sum.saturating_add(more));
        rows.extend(carried_over(&MONTH_TOTAL, &[Cell::I64(book), Cell::I64(number(0))], &sums, from, into));
    }
    for (year, sums) in years {
        rows.extend(carried_over(&YEAR_TOTAL, &[Cell::I64(book), Cell::I64(year)], &sums, from, into));
    }
    for day in list("account_days") {
        let text = |place: usize| day.get(place).and_then(Value::as_str);
        let (Some(account), Some(Ok(served_on))) = (text(0), text(1).map(str::parse)) else { continue };
        let keys = [Cell::I64(book), Cell::Text(account.to_owned()), Cell::Date(served_on)];
        let amount = day.get(2).and_then(Value::as_i64).unwrap_or(0);
        rows.extend(carried_over(&ACCOUNT_DAY, &keys, &[amount], from, into));
    }
    let awards = list("awards").filter_map(|award| award.as_str()?.parse().ok());
    let award =
        |award: Uuid| Row { shape: &AWARD_MOVED, cells: vec![Cell::I64(book), Cell::Uuid(award), Cell::Uuid(into)] };
    rows.extend(awards.map(award));
    rows
}

/// Takes sums from one volunteer, and adds them to another.
fn carried_over(shape: &'static Shape, keys: &[Cell], sums: &[i64], from: Uuid, into: Uuid) -> [Row; 2] {
    let row = |volunteer: Uuid, sign: i64| Row {
        shape,
        cells: [keys, &[Cell::Uuid(volunteer)], &sums.iter().map(|sum| Cell::I64(sign * sum)).collect::<Vec<_>>()]
            .concat(),
    };
    [row(from, -1), row(into, 1)]
}

pub(crate) fn integer(fields: &Map<String, Value>, name: &str) -> Option<i64> {
    fields.get(name)?.as_i64()
}

pub(crate) fn text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    fields.get(name)?.as_str().map(str::to_owned)
}

pub(crate) fn id(fields: &Map<String, Value>, name: &str) -> Option<Uuid> {
    fields.get(name)?.as_str()?.parse().ok()
}
