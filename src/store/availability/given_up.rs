//! Numbers that customers have given up or skipped.

use rusqlite::params;

use crate::domain::allocation::Rest;
use crate::domain::{AccountId, Msisdn, OrderId, ServiceId, Timestamp};
use crate::store::{ReadTx, StoreError, WriteTx};

impl ReadTx<'_> {
    /// The orders after `since` that other accounts than `except` have given up on a number; with
    /// `None`, any.
    pub fn rests_of(
        &self,
        number: &Msisdn,
        except: Option<AccountId>,
        since: Timestamp,
    ) -> Result<Vec<Rest>, StoreError> {
        let sql = "SELECT service_id, patterned FROM given_up WHERE number = $1 AND at > $2 AND \
                   (account_id <> $3 OR $3 IS NULL)";
        let values = params![number, since.0, except.map(|account| account.0)];
        self.all(sql, values, |row| {
            Ok(Rest { service: ServiceId(row.get(0)?), patterned: row.get(1)? })
        })
    }

    /// The orders after `since` that were given up, each with its number and account.
    pub fn rests(&self, since: Timestamp) -> Result<Vec<(Msisdn, AccountId, Rest)>, StoreError> {
        let sql = "SELECT number, account_id, service_id, patterned FROM given_up WHERE at > $1";
        self.all(sql, [since.0], |row| {
            let rest = Rest { service: ServiceId(row.get(2)?), patterned: row.get(3)? };
            Ok((row.get(0)?, AccountId(row.get(1)?), rest))
        })
    }

    /// The numbers that an account has skipped, each with the service.
    pub fn skips(&self, account: AccountId) -> Result<Vec<(Msisdn, ServiceId)>, StoreError> {
        let sql =
            "SELECT number, service_id FROM orders WHERE account_id = $1 AND state = 'skipped'";
        self.all(sql, [account.0], |row| Ok((row.get(0)?, ServiceId(row.get(1)?))))
    }

    /// The numbers that an account has skipped for a service.
    pub fn skips_for(
        &self,
        account: AccountId,
        service: ServiceId,
    ) -> Result<Vec<Msisdn>, StoreError> {
        let sql = "SELECT number FROM orders WHERE account_id = $1 AND service_id = $2 AND state \
                   = 'skipped'";
        self.all(sql, [account.0, service.0], |row| row.get(0))
    }

    /// Whether an account has skipped a number for a service.
    pub fn has_skipped(
        &self,
        number: &Msisdn,
        service: ServiceId,
        account: AccountId,
    ) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM orders WHERE number = $1 AND service_id = $2 AND account_id = $3 \
                   AND state = 'skipped'";
        Ok(self.first(sql, params![number, service.0, account.0], |_| Ok(()))?.is_some())
    }
}

impl WriteTx<'_> {
    /// Records that an order ended `at` without its SMS, so that its number rests. Those until
    /// `since` rest no longer.
    pub fn note_given_up(
        &self,
        order: OrderId,
        at: Timestamp,
        since: Timestamp,
    ) -> Result<(), StoreError> {
        self.change("DELETE FROM given_up WHERE at <= $1", [since.0])?;
        let sql = "INSERT INTO given_up (number, service_id, account_id, patterned, at) SELECT \
                   number, service_id, account_id, patterned, $1 FROM orders WHERE id = $2 ON \
                   CONFLICT (number, service_id, account_id) DO UPDATE SET patterned = \
                   excluded.patterned, at = excluded.at";
        self.change(sql, [at.0, order.0])
    }
}
