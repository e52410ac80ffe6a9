//! What begins with a word, or is called so: found by indexes alone, however much there is.

use rusqlite::params;

use super::{ReadTx, StoreError};
use crate::domain::{AccountId, Iccid, Msisdn};

/// Where the texts end that begin with this one.
fn end_of(beginning: &str) -> String {
    format!("{beginning}{}", char::MAX)
}

impl ReadTx<'_> {
    /// The SIMs whose ICCIDs begin so, with their numbers; at most `limit`.
    pub fn sims_beginning_with(
        &self,
        beginning: &str,
        limit: i64,
    ) -> Result<Vec<(Iccid, Option<Msisdn>)>, StoreError> {
        let sql = "SELECT iccid, number FROM sim WHERE iccid >= $1 AND iccid < $2 ORDER BY iccid \
                   LIMIT $3";
        self.all(sql, params![beginning, end_of(beginning), limit], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
    }

    /// The accounts whose names begin so; at most `limit`.
    pub fn accounts_beginning_with(
        &self,
        beginning: &str,
        limit: i64,
    ) -> Result<Vec<(AccountId, String)>, StoreError> {
        let sql = "SELECT id, name FROM account WHERE name >= $1 AND name < $2 ORDER BY name LIMIT \
                   $3";
        self.all(sql, params![beginning, end_of(beginning), limit], |row| {
            Ok((AccountId(row.get(0)?), row.get(1)?))
        })
    }

    /// The first characters of the keys that begin so, each with its account's name; at most
    /// `limit`.
    pub fn keys_beginning_with(
        &self,
        beginning: &str,
        limit: i64,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let sql = "SELECT k.prefix, a.name FROM api_key k JOIN account a ON a.id = k.account_id \
                   WHERE k.prefix >= $1 AND k.prefix < $2 ORDER BY k.prefix LIMIT $3";
        self.all(sql, params![beginning, end_of(beginning), limit], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
    }

    /// Whether a SIM has a number, or a rental or an order that was completed has had it.
    pub fn is_known_number(&self, number: &Msisdn) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM sim WHERE number = $1) OR EXISTS (SELECT 1 FROM \
                   rental WHERE number = $1) OR EXISTS (SELECT 1 FROM orders WHERE number = $1 AND \
                   state = 'completed')";
        Ok(self.number(sql, [number])? != 0)
    }
}
