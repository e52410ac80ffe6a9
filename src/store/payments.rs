//! Payments: what an account's ledger has beside orders and rentals.

use rusqlite::params;

use super::ledger::{ENTRY, Entry, entry};
use super::{ReadTx, StoreError};
use crate::domain::AccountId;

/// Which part of an account's payments is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaymentPart {
    /// How many of the first are left out.
    pub offset: u32,
    /// How many there are at most.
    pub limit: u32,
    /// Whether the newest come first rather than the oldest.
    pub newest_first: bool,
}

/// What was paid in, corrected by the operator, or given back. An index has these entries, by the
/// same words.
const IS_PAYMENT: &str = "(kind = 'topup' OR kind = 'adjustment' OR kind = 'refund')";

impl ReadTx<'_> {
    /// The payments of an account, as far as they are wanted.
    pub fn payments(
        &self,
        account: AccountId,
        part: PaymentPart,
    ) -> Result<Vec<Entry>, StoreError> {
        let direction = if part.newest_first { "DESC" } else { "ASC" };
        let sql = format!(
            "{ENTRY} WHERE account_id = $1 AND {IS_PAYMENT} ORDER BY id {direction} LIMIT $2 \
             OFFSET $3"
        );
        self.all(&sql, params![account.0, part.limit, part.offset], entry)
    }

    /// How many payments an account has.
    pub fn payment_count(&self, account: AccountId) -> Result<i64, StoreError> {
        let sql = format!("SELECT count(*) FROM ledger WHERE account_id = $1 AND {IS_PAYMENT}");
        self.number(&sql, [account.0])
    }
}
