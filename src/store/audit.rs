//! Who did or saw what. Rows are only added, and hold no texts.

use rusqlite::params;

use super::{ReadTx, StoreError, WriteTx};
use crate::domain::{AccountId, Timestamp};

/// Who does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Who may use the admin socket.
    Operator,
    /// A customer.
    Account(AccountId),
    /// The daemon of itself.
    Daemon,
}

/// A row of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its row; grows.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Who: `operator`, `daemon`, `account 7`.
    pub actor: String,
    /// What was done or seen.
    pub deed: String,
    /// To what: `order 3`, `sim 8931…`.
    pub subject: String,
}

impl ReadTx<'_> {
    /// The newest `limit` rows, oldest first.
    pub fn audit(&self, limit: i64) -> Result<Vec<AuditRow>, StoreError> {
        let sql = "SELECT * FROM (SELECT id, at, actor, deed, subject FROM audit ORDER BY id DESC \
                   LIMIT $1) ORDER BY id";
        self.all(sql, [limit], |row| {
            Ok(AuditRow {
                id: row.get(0)?,
                at: Timestamp(row.get(1)?),
                actor: row.get(2)?,
                deed: row.get(3)?,
                subject: row.get(4)?,
            })
        })
    }
}

impl WriteTx<'_> {
    /// Notes that `actor` did `deed` to `subject`. Never a text, a key or a whole number.
    pub fn note(
        &self,
        actor: Actor,
        deed: &str,
        subject: impl std::fmt::Display,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let actor = match actor {
            Actor::Operator => "operator".to_owned(),
            Actor::Account(account) => format!("account {account}"),
            Actor::Daemon => "daemon".to_owned(),
        };
        let sql = "INSERT INTO audit (at, actor, deed, subject) VALUES ($1, $2, $3, $4)";
        self.execute(sql, params![at.0, actor, deed, subject.to_string()]).map(drop)
    }
}
