//! Traces: which numbers were used for which services by messages, as far as completed orders do not
//! tell it.

use rusqlite::params;

use super::{ReadTx, StoreError, WriteTx};
use crate::domain::allocation::{Use, UsedBy};
use crate::domain::{AccountId, Msisdn, ServiceId, Timestamp};

/// Messages of a service that an account was sent to a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    pub number: Msisdn,
    pub service: ServiceId,
    pub account: AccountId,
    /// Whether the account had rented the number rather than ordered it.
    pub rented: bool,
    pub sender: String,
    /// When the first message came.
    pub first_at: Timestamp,
    /// When the last message came.
    pub last_at: Timestamp,
}

impl ReadTx<'_> {
    /// The services that a number was used for, and by whom.
    pub fn uses(&self, number: &Msisdn) -> Result<Vec<Use>, StoreError> {
        let sql = "SELECT service_id, max(ended_at), NULL, NULL FROM orders WHERE number = $1 AND \
                   state = 'completed' GROUP BY service_id UNION ALL SELECT service_id, \
                   max(last_at), account_id, rented FROM trace WHERE number = $1 GROUP BY \
                   service_id, account_id, rented";
        self.all(sql, [number], used)
    }

    /// When and by whom a number was used for a service, without the orders of one account that
    /// were completed.
    pub fn uses_for(
        &self,
        number: &Msisdn,
        service: ServiceId,
        except: Option<AccountId>,
    ) -> Result<Vec<Use>, StoreError> {
        let sql = "SELECT service_id, ended_at, NULL, NULL FROM orders WHERE number = $1 AND \
                   service_id = $2 AND state = 'completed' AND ($3 IS NULL OR account_id <> $3) \
                   UNION ALL SELECT service_id, last_at, account_id, rented FROM trace WHERE \
                   number = $1 AND service_id = $2";
        let values = params![number, service.0, except.map(|account| account.0)];
        self.all(sql, values, used)
    }

    /// The accounts that had orders for a service on a number which ended after `since`.
    pub fn accounts_done_with(
        &self,
        number: &Msisdn,
        service: ServiceId,
        since: Timestamp,
    ) -> Result<Vec<AccountId>, StoreError> {
        let sql = "SELECT account_id FROM given_up WHERE number = $1 AND service_id = $2 AND at > \
                   $3 UNION SELECT account_id FROM orders WHERE number = $1 AND service_id = $2 \
                   AND state = 'completed' AND ended_at > $3";
        self.all(sql, params![number, service.0, since.0], |row| row.get(0).map(AccountId))
    }
}

fn used(row: &rusqlite::Row<'_>) -> rusqlite::Result<Use> {
    let account = row.get::<_, Option<i64>>(2)?.map(AccountId);
    let rented = row.get::<_, Option<bool>>(3)?.unwrap_or_default();
    let by = match account {
        None => UsedBy::Completion,
        Some(account) if rented => UsedBy::Rental(account),
        Some(account) => UsedBy::Order(account),
    };
    Ok(Use { service: ServiceId(row.get(0)?), at: Timestamp(row.get(1)?), by })
}

impl WriteTx<'_> {
    /// Saves a trace that became known at `now`, or adds it to what was known of the same sender.
    pub fn note_trace(&self, trace: &Trace, now: Timestamp) -> Result<(), StoreError> {
        let sql = "INSERT INTO trace (number, service_id, account_id, rented, sender, first_at, \
                   last_at, noted_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT \
                   (number, service_id, account_id, rented, sender) DO UPDATE SET first_at = \
                   min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at)";
        let values = params![
            trace.number,
            trace.service.0,
            trace.account.0,
            trace.rented,
            trace.sender,
            trace.first_at.0,
            trace.last_at.0,
            now.0
        ];
        self.execute(sql, values).map(drop)
    }
}
