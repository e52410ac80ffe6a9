//! The ledger added up for those who watch the site: in pieces, so that each look costs what is
//! new.

use super::{ReadTx, StoreError};

/// What the entries of one kind come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sums {
    /// `topup`, `capture`, ….
    pub kind: String,
    /// How many there are.
    pub entries: i64,
    /// What they add to balances, in minor units.
    pub balance_minor: i64,
    /// What they add to holds, in minor units.
    pub held_minor: i64,
}

impl ReadTx<'_> {
    /// The id of the ledger's newest entry; 0 without one.
    pub fn newest_entry(&self) -> Result<i64, StoreError> {
        self.number("SELECT coalesce(max(id), 0) FROM ledger", [])
    }

    /// The sums of the entries after `after` up to `last`, by kind.
    pub fn sums_between(&self, after: i64, last: i64) -> Result<Vec<Sums>, StoreError> {
        let sql = "SELECT kind, count(*), sum(balance_minor), sum(held_minor) FROM ledger WHERE \
                   id > $1 AND id <= $2 GROUP BY kind ORDER BY kind";
        self.all(sql, [after, last], |row| {
            Ok(Sums {
                kind: row.get(0)?,
                entries: row.get(1)?,
                balance_minor: row.get(2)?,
                held_minor: row.get(3)?,
            })
        })
    }
}
