//! PINs that were entered: which card, never which PIN.

use rusqlite::params;

use super::{StoreError, WriteTx};
use crate::domain::Timestamp;

impl WriteTx<'_> {
    /// Notes that a PIN is being entered. Whether it may be: not when one was before.
    pub fn note_pin_try(&self, card: &str, at: Timestamp) -> Result<bool, StoreError> {
        let sql =
            "INSERT INTO pin_try (card, tried_at) VALUES ($1, $2) ON CONFLICT (card) DO NOTHING";
        Ok(self.execute(sql, params![card, at.0])? == 1)
    }

    /// The card took the PIN.
    pub fn forget_pin_try(&self, card: &str) -> Result<(), StoreError> {
        self.execute("DELETE FROM pin_try WHERE card = $1", [card]).map(drop)
    }
}
