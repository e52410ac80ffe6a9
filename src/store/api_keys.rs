//! The customers' API keys.

use std::collections::HashMap;

use rusqlite::params;

use super::accounts::allowance;
use super::engine::{Row, mode};
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::fair_use::{Allowance, DayUse};
use crate::domain::key::{KeyMode, KeyRefusal, KeyState, Scopes};
use crate::domain::{AccountId, Amount, Timestamp};

/// Who may use the API with a working key, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub account: AccountId,
    /// The addresses and networks that may use the key, separated by spaces; `None` means all.
    pub allowed: Option<String>,
    /// When the key stops working; `None` if it does not.
    pub expires_at: Option<Timestamp>,
    /// What the key is for.
    pub scopes: Scopes,
    /// The key's first characters.
    pub prefix: String,
    /// What may be spent with it in a day.
    pub spend_per_day: Allowance,
    /// What the key opens.
    pub mode: KeyMode,
}

impl Holder {
    /// Whether the key has not expired.
    pub fn is_current(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|at| now < at)
    }
}

/// What the operator says about a key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyTerms {
    /// The addresses and networks that may use it, separated by spaces; `None` means all.
    pub allowed: Option<String>,
    /// What the operator calls it.
    pub label: Option<String>,
    /// When it stops working; `None` if it does not.
    pub expires_at: Option<Timestamp>,
    /// What it is for.
    pub scopes: Scopes,
    /// What may be spent with it in a day, beside the limits of its account.
    pub spend_per_day: Allowance,
}

/// An API key, as far as it is stored: the key itself is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub account: AccountId,
    pub account_name: String,
    /// The first characters, by which people tell keys apart.
    pub prefix: String,
    pub created_at: Timestamp,
    /// When it was revoked; `None` if it was not.
    pub revoked_at: Option<Timestamp>,
    /// When it was used last, if it ever was.
    pub last_used_at: Option<Timestamp>,
    /// When a request with it was refused last, and the word for why.
    pub last_refused: Option<(Timestamp, String)>,
    /// Whether its account is suspended.
    pub is_suspended: bool,
    /// What it opens.
    pub mode: KeyMode,
    pub terms: KeyTerms,
    /// What was spent with it on the last day on which anything was. Orders are not counted.
    pub day: DayUse,
}

impl Key {
    /// Whether it works at `now`.
    pub fn state(&self, now: Timestamp) -> KeyState {
        match () {
            () if self.revoked_at.is_some() => KeyState::Revoked,
            () if self.terms.expires_at.is_some_and(|at| at <= now) => KeyState::Expired,
            () if self.is_suspended => KeyState::Suspended,
            () => KeyState::Active,
        }
    }
}

const KEY: &str = "SELECT k.account_id, a.name, k.prefix, k.created_at, k.revoked_at, \
                   k.last_used_at, k.allowed, k.label, k.expires_at, k.scopes, k.spend_per_day, \
                   k.day_began_at, k.day_spent_minor, k.last_refused_at, k.refused_for, \
                   a.suspended_at IS NOT NULL, k.test FROM api_key k JOIN account a ON a.id = \
                   k.account_id";

fn key(row: &Row<'_>) -> rusqlite::Result<Key> {
    let time = |column| Ok::<_, rusqlite::Error>(row.get::<Option<i64>>(column)?.map(Timestamp));
    Ok(Key {
        account: AccountId(row.get(0)?),
        account_name: row.get(1)?,
        prefix: row.get(2)?,
        created_at: Timestamp(row.get(3)?),
        revoked_at: time(4)?,
        last_used_at: time(5)?,
        last_refused: time(13)?.zip(row.get(14)?),
        is_suspended: row.get(15)?,
        mode: mode(row, 16)?,
        terms: KeyTerms {
            allowed: row.get(6)?,
            label: row.get(7)?,
            expires_at: time(8)?,
            scopes: scopes(row, 9)?,
            spend_per_day: allowance(row, 10)?.unwrap_or_default(),
        },
        day: key_day(row, 11)?,
    })
}

fn scopes(row: &Row<'_>, column: usize) -> rusqlite::Result<Scopes> {
    Ok(Scopes::from_stored(row.get::<Option<String>>(column)?.as_deref()))
}

/// What was spent with a key on its day, from this column and the next.
fn key_day(row: &Row<'_>, column: usize) -> rusqlite::Result<DayUse> {
    let (began_at, spent) = (Timestamp(row.get(column)?), Amount(row.get(column + 1)?));
    Ok(DayUse { began_at, spent, orders: 0 })
}

impl ReadTx<'_> {
    /// The account of a key, by the key's digest. `None` if the key is unknown or revoked, or its
    /// account is suspended.
    pub fn holder_of_key(&self, digest: &[u8; 32]) -> Result<Option<Holder>, StoreError> {
        let sql = "SELECT k.account_id, k.allowed, k.expires_at, k.scopes, k.prefix, \
                   k.spend_per_day, k.test FROM api_key k JOIN account a ON a.id = k.account_id \
                   WHERE k.digest = $1 AND k.revoked_at IS NULL AND a.suspended_at IS NULL";
        let holder = |row: &Row<'_>| {
            Ok(Holder {
                account: AccountId(row.get(0)?),
                allowed: row.get(1)?,
                expires_at: row.get::<Option<i64>>(2)?.map(Timestamp),
                scopes: scopes(row, 3)?,
                prefix: row.get(4)?,
                spend_per_day: allowance(row, 5)?.unwrap_or_default(),
                mode: mode(row, 6)?,
            })
        };
        self.first(sql, [digest.as_slice()], holder)
    }

    /// All keys, oldest first.
    pub fn keys(&self) -> Result<Vec<Key>, StoreError> {
        self.all(&format!("{KEY} ORDER BY k.created_at, k.prefix"), [], key)
    }

    /// All keys of an account, the oldest first.
    pub fn keys_of(&self, account: AccountId) -> Result<Vec<Key>, StoreError> {
        let sql = format!("{KEY} WHERE k.account_id = $1 ORDER BY k.created_at, k.prefix");
        self.all(&sql, [account.0], key)
    }

    /// The digests of an account's keys with this prefix that were not revoked.
    pub fn unrevoked_keys_of(
        &self,
        account: AccountId,
        prefix: &str,
    ) -> Result<Vec<[u8; 32]>, StoreError> {
        let sql = "SELECT digest FROM api_key WHERE prefix = $1 AND account_id = $2 AND \
                   revoked_at IS NULL";
        self.all(sql, params![prefix, account.0], |row| row.get(0))
    }

    /// A key by its digest.
    pub fn key(&self, digest: &[u8; 32]) -> Result<Option<Key>, StoreError> {
        self.first(&format!("{KEY} WHERE k.digest = $1"), [digest.as_slice()], key)
    }

    /// What was spent with an account's key on the last day on which anything was.
    pub fn key_day(&self, account: AccountId, prefix: &str) -> Result<Option<DayUse>, StoreError> {
        let sql = "SELECT day_began_at, day_spent_minor FROM api_key WHERE prefix = $1 AND \
                   account_id = $2";
        self.first(sql, params![prefix, account.0], |row| key_day(row, 0))
    }

    /// The digests of the keys that begin with `prefix`, which may be shorter than the stored
    /// prefixes, and that were not revoked.
    pub fn unrevoked_keys_with(&self, prefix: &str) -> Result<Vec<[u8; 32]>, StoreError> {
        let sql = "SELECT digest FROM api_key WHERE substr(prefix, 1, length($1)) = $1 AND \
                   revoked_at IS NULL";
        self.all(sql, [prefix], |row| row.get(0))
    }
}

impl WriteTx<'_> {
    /// Adds a key, of which only the digest and the prefix are stored.
    pub fn add_key(
        &self,
        account: AccountId,
        digest: &[u8; 32],
        (prefix, mode): (&str, KeyMode),
        terms: &KeyTerms,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO api_key (digest, prefix, account_id, created_at, allowed, label, \
                   expires_at, scopes, spend_per_day, test) VALUES ($1, $2, $3, $4, $5, $6, $7, \
                   $8, $9, $10)";
        let KeyTerms { allowed, label, expires_at, scopes, spend_per_day } = terms;
        let values = params![
            digest,
            prefix,
            account.0,
            at.0,
            allowed,
            label,
            expires_at.map(|at| at.0),
            scopes.stored(),
            spend_per_day.most(),
            mode.is_test()
        ];
        self.change(sql, values)
    }

    /// Changes what the operator says about a key.
    pub fn set_key_terms(&self, digest: &[u8; 32], terms: &KeyTerms) -> Result<(), StoreError> {
        let sql = "UPDATE api_key SET allowed = $1, label = $2, expires_at = $3, scopes = $4, \
                   spend_per_day = $5 WHERE digest = $6";
        let KeyTerms { allowed, label, expires_at, scopes, spend_per_day } = terms;
        let values = params![
            allowed,
            label,
            expires_at.map(|at| at.0),
            scopes.stored(),
            spend_per_day.most(),
            digest
        ];
        self.change(sql, values)
    }

    /// Saves what was spent with an account's key on a day.
    pub(super) fn save_key_day(
        &self,
        account: AccountId,
        prefix: &str,
        day: DayUse,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE api_key SET day_began_at = $1, day_spent_minor = $2 WHERE prefix = $3 \
                   AND account_id = $4";
        let values = params![day.began_at.0, day.spent.0, prefix, account.0];
        self.change(sql, values)
    }

    /// Notes when keys were used last. What is written late changes nothing.
    pub fn save_key_uses(&self, uses: &HashMap<[u8; 32], Timestamp>) -> Result<(), StoreError> {
        let sql = "UPDATE api_key SET last_used_at = $1 WHERE digest = $2 AND \
                   coalesce(last_used_at, $1) <= $1";
        uses.iter().try_for_each(|(digest, at)| self.change(sql, params![at.0, digest]))
    }

    /// Notes when requests with keys were refused last, and why. What is written late changes
    /// nothing, and what is of no key that there is neither.
    pub fn save_key_refusals(
        &self,
        refusals: &HashMap<[u8; 32], (Timestamp, KeyRefusal)>,
    ) -> Result<(), StoreError> {
        let [expired, revoked, suspended] =
            [KeyState::Expired, KeyState::Revoked, KeyState::Suspended].map(KeyState::as_str);
        let closed = format!(
            "CASE WHEN revoked_at IS NOT NULL THEN '{revoked}' WHEN EXISTS (SELECT 1 FROM account \
             a WHERE a.id = account_id AND a.suspended_at IS NOT NULL) THEN '{suspended}' WHEN \
             expires_at <= $1 THEN '{expired}' ELSE 'address' END"
        );
        for (digest, (at, refusal)) in refusals {
            let why = match refusal {
                KeyRefusal::Closed => &closed,
                KeyRefusal::Scope => "'scope'",
            };
            let sql = format!(
                "UPDATE api_key SET last_refused_at = $1, refused_for = {why} WHERE digest = $2 \
                 AND coalesce(last_refused_at, $1) <= $1"
            );
            self.change(&sql, params![at.0, digest])?;
        }
        Ok(())
    }

    /// Revokes a key, unless it was revoked before.
    pub fn revoke_key(&self, digest: &[u8; 32], at: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE api_key SET revoked_at = $1 WHERE digest = $2 AND revoked_at IS NULL";
        self.change(sql, params![at.0, digest])
    }
}
