//! The ledger: entries are only added, each once, and the account's sums move with them.

use rusqlite::params;

use super::{Rows, StoreError, Tx};
use crate::domain::ledger::Posting;
use crate::domain::{AccountId, Funds, Timestamp};

/// What became of a posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// It is in; the funds after it.
    Now(Funds),
    /// Its cause was applied before; nothing changed.
    Before,
}

impl Rows<'_> {
    /// The sums of an account's entries: what its balance and holds must be.
    pub fn ledger_sums(&self, account: AccountId) -> Result<Funds, StoreError> {
        let sql =
            "SELECT coalesce(sum(balance_minor), 0), coalesce(sum(held_minor), 0) FROM ledger WHERE account_id = $1";
        let sums = self.first(sql, [account.0], |row| {
            Ok(Funds { balance: crate::domain::Amount(row.get(0)?), held: crate::domain::Amount(row.get(1)?) })
        })?;
        Ok(sums.unwrap_or_default())
    }
}

impl Tx<'_> {
    /// Adds an entry and moves the account's funds with it. The same cause is applied once.
    pub fn post(
        &self,
        account: AccountId,
        posting: &Posting,
        currency: &str,
        at: Timestamp,
    ) -> Result<Applied, StoreError> {
        let (balance, held) = posting.effects();
        let sql = "INSERT INTO ledger (account_id, kind, balance_minor, held_minor, currency, order_id, cause, created_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (cause) DO NOTHING";
        let order = posting.order().map(|order| order.0);
        let values = params![account.0, posting.kind(), balance.0, held.0, currency, order, posting.cause(), at.0];
        if self.execute(sql, values)? == 0 {
            return Ok(Applied::Before);
        }
        let fault = |fault| StoreError::Row { table: "account", key: account.to_string(), fault };
        let before = self.account(account)?.ok_or_else(|| fault("is not there"))?.funds;
        let funds = before.after(posting).ok_or_else(|| fault("cannot take the entry: its holds would be negative"))?;
        self.set_funds(account, funds)?;
        Ok(Applied::Now(funds))
    }
}
