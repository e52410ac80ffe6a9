//! What was answered to requests that may be sent again, by the keys that customers gave them.

use rusqlite::params;

use super::{ReadTx, StoreError, WriteTx};
use crate::domain::{AccountId, Timestamp};

/// What was answered to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The SHA-256 of the request.
    pub fingerprint: [u8; 32],
    /// The answer, in JSON.
    pub answer: String,
    pub at: Timestamp,
}

impl ReadTx<'_> {
    /// What was answered to an account's request with this key.
    pub fn kept_answer(
        &self,
        account: AccountId,
        key: &str,
    ) -> Result<Option<KeptAnswer>, StoreError> {
        let sql = "SELECT fingerprint, answer, at FROM kept_answer WHERE account_id = $1 AND key = \
                   $2";
        self.first(sql, params![account.0, key], |row| {
            Ok(KeptAnswer {
                fingerprint: row.get(0)?,
                answer: row.get(1)?,
                at: Timestamp(row.get(2)?),
            })
        })
    }

    /// When the oldest answer was given that is kept.
    pub fn next_kept_answer(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT at FROM kept_answer ORDER BY at LIMIT 1";
        self.first(sql, [], |row| row.get(0).map(Timestamp))
    }
}

impl WriteTx<'_> {
    /// Keeps what is answered to an account's request with this key, in place of what was answered
    /// to one with the same long ago.
    pub fn keep_answer(
        &self,
        account: AccountId,
        key: &str,
        answer: &KeptAnswer,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO kept_answer (account_id, key, fingerprint, answer, at) VALUES ($1, \
                   $2, $3, $4, $5) ON CONFLICT (account_id, key) DO UPDATE SET fingerprint = \
                   excluded.fingerprint, answer = excluded.answer, at = excluded.at";
        let KeptAnswer { fingerprint, answer, at } = answer;
        self.change(sql, params![account.0, key, fingerprint, answer, at.0])
    }

    /// Removes at most `limit` of the oldest answers, as far as they were given at `until` or
    /// before. Returns how many.
    pub fn purge_kept_answers(&self, until: Timestamp, limit: i64) -> Result<usize, StoreError> {
        let oldest = "SELECT account_id, key FROM kept_answer WHERE at <= $1 ORDER BY at LIMIT $2";
        let oldest: Vec<(i64, String)> =
            self.all(oldest, [until.0, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut count = 0;
        for (account, key) in oldest {
            let sql = "DELETE FROM kept_answer WHERE account_id = $1 AND key = $2";
            count += self.change_counted(sql, params![account, key])?;
        }
        Ok(count)
    }

    /// Removes what was answered to an account.
    pub fn forget_kept_answers(&self, account: AccountId) -> Result<(), StoreError> {
        self.change("DELETE FROM kept_answer WHERE account_id = $1", [account.0])
    }
}
