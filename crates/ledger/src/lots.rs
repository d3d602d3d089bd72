//! Lots by their last day: what will end soon.

use crate::book::Book;
use crate::{Key, Lot, Unit};
use chrono::NaiveDate;

/// A place among the accounts that have a last day, in the order of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LotPlace {
    /// Last day, as `yyyymmdd`.
    pub lot: i64,
    /// Number of the account.
    pub account: i64,
}

impl LotPlace {
    /// Behind all accounts of `day`.
    pub fn end_of(day: NaiveDate) -> LotPlace {
        LotPlace { lot: Lot::until(day).code(), account: i64::MAX }
    }
}

/// An account from which something can be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LotStanding {
    pub place: LotPlace,
    pub key: Key,
    /// What can be taken: the balance less what is held.
    pub left: i64,
}

#[derive(sqlx::FromRow)]
struct LotRow {
    account: i64,
    path: String,
    lot: i64,
    remaining: i64,
}

impl Book {
    /// The accounts of `unit` behind `after` and not behind `last_day` from which something can be taken, in the order of their
    /// last days, at most `limit`.
    pub async fn lots_ending(
        &self,
        unit: Unit,
        after: LotPlace,
        last_day: NaiveDate,
        limit: i64,
    ) -> db::Result<Vec<LotStanding>> {
        let rows: Vec<LotRow> = (self.db())
            .query(
                "SELECT account, path, lot, balance - held_out AS remaining FROM ledger_accounts
                 WHERE book = $1 AND lot > 0 AND lot >= $2 AND lot <= $3 AND (lot > $2 OR account > $4)
                 AND unit = $5 AND balance > held_out ORDER BY lot, account LIMIT $6",
            )
            .bind(self.number())
            .bind(after.lot)
            .bind(Lot::until(last_day).code())
            .bind(after.account)
            .bind(unit.code())
            .bind(limit)
            .fetch_all()
            .await?;
        let standing = |row: LotRow| LotStanding {
            place: LotPlace { lot: row.lot, account: row.account },
            key: Key::in_lot(row.path, Lot::from_code(row.lot)),
            left: row.remaining,
        };
        Ok(rows.into_iter().map(standing).collect())
    }
}
