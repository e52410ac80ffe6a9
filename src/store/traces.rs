//! Traces: which numbers were used for which services by messages, as far as completed orders do
//! not tell it.

use rusqlite::params;

use super::availability::unmarked;
use super::engine::Row;
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::allocation::{Use, UsedBy};
use crate::domain::message::Owner;
use crate::domain::{AccountId, MessageId, Msisdn, OrderId, RentalId, ServiceId, SimId, Timestamp};

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

/// What the operator has said of a number and a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    pub service: ServiceId,
    /// Since when the number counts as used.
    pub used_at: Option<Timestamp>,
    /// Until when its uses count for nothing.
    pub unused_at: Option<Timestamp>,
}

/// How far the stored messages have been attributed to services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attributed {
    /// The [signature](crate::domain::Catalogue::signature) of the patterns.
    pub signature: i64,
    /// The last message that has been.
    pub done_to: MessageId,
    /// The last message that is to be.
    pub until: MessageId,
}

/// A text that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredText {
    pub id: MessageId,
    pub sim: SimId,
    pub sender: String,
    /// The text, if it is still kept.
    pub text: Option<String>,
    pub received_at: Timestamp,
    pub owner: Owner,
    pub service: Option<ServiceId>,
}

fn stored_text(row: &Row<'_>) -> rusqlite::Result<StoredText> {
    let order = row.get::<Option<i64>>(5)?.map(|id| Owner::Order(OrderId(id)));
    let rental = row.get::<Option<i64>>(6)?.map(|id| Owner::Rental(RentalId(id)));
    let withheld = row.get::<Option<String>>(7)?.map(Owner::Withheld);
    Ok(StoredText {
        id: MessageId(row.get(0)?),
        sim: SimId(row.get(1)?),
        sender: row.get(2)?,
        text: row.get(3)?,
        received_at: Timestamp(row.get(4)?),
        owner: order.or(rental).or(withheld).unwrap_or(Owner::Nobody),
        service: row.get::<Option<i64>>(8)?.map(ServiceId),
    })
}

impl ReadTx<'_> {
    /// How far the stored messages have been attributed, once that was begun.
    pub fn attributed(&self) -> Result<Option<Attributed>, StoreError> {
        self.first("SELECT signature, done_to, until FROM attribution", [], |row| {
            Ok(Attributed {
                signature: row.get(0)?,
                done_to: MessageId(row.get(1)?),
                until: MessageId(row.get(2)?),
            })
        })
    }

    /// The texts among the messages after one and up to another.
    pub fn texts_between(
        &self,
        after: MessageId,
        to: MessageId,
    ) -> Result<Vec<StoredText>, StoreError> {
        let sql = "SELECT id, sim_id, sender, text, received_at, order_id, rental_id, withheld, \
                   service_id FROM message WHERE id > $1 AND id <= $2 AND kind = 'text' AND sender \
                   IS NOT NULL ORDER BY id";
        self.all(sql, [after.0, to.0], stored_text)
    }

    /// The services that a number was used for, and by whom.
    pub fn uses(&self, number: &Msisdn) -> Result<Vec<Use>, StoreError> {
        const USES: &str = concat!(
            "SELECT u.service_id, u.ended_at, NULL, CASE WHEN ",
            unmarked!("u", "ended_at"),
            " THEN 1 ELSE 0 END FROM (SELECT number, service_id, max(ended_at) AS ended_at FROM \
             orders WHERE number = $1 AND state = 'completed' GROUP BY number, service_id) AS u \
             UNION ALL SELECT e.service_id, max(e.last_at), e.account_id, e.rented FROM trace e \
             WHERE e.number = $1 AND NOT ",
            unmarked!("e", "last_at"),
            " GROUP BY e.service_id, e.account_id, e.rented UNION ALL SELECT m.service_id, \
             m.used_at, NULL, 2 FROM mark m WHERE m.number = $1 AND m.used_at IS NOT NULL AND \
             NOT ",
            unmarked!("m", "used_at")
        );
        self.all(USES, [number], used)
    }

    /// When and by whom a number was used for a service, without the orders of one account that
    /// were completed.
    pub fn uses_for(
        &self,
        number: &Msisdn,
        service: ServiceId,
        except: Option<AccountId>,
    ) -> Result<Vec<Use>, StoreError> {
        const USES: &str = concat!(
            "SELECT u.service_id, u.ended_at, NULL, CASE WHEN ",
            unmarked!("u", "ended_at"),
            " THEN 1 ELSE 0 END FROM orders u WHERE u.number = $1 AND u.service_id = $2 AND \
             u.state = 'completed' AND (u.account_id <> $3 OR $3 IS NULL) UNION ALL SELECT \
             e.service_id, e.last_at, e.account_id, e.rented FROM trace e WHERE e.number = $1 AND \
             e.service_id = $2 AND NOT ",
            unmarked!("e", "last_at"),
            " UNION ALL SELECT m.service_id, m.used_at, NULL, 2 FROM mark m WHERE m.number = $1 \
             AND m.service_id = $2 AND m.used_at IS NOT NULL AND NOT ",
            unmarked!("m", "used_at")
        );
        let values = params![number, service.0, except.map(|account| account.0)];
        self.all(USES, values, used)
    }

    /// What the operator has said of a number: the service, since when it counts as used for it,
    /// and until when its uses count for nothing.
    pub fn marks_of(&self, number: &Msisdn) -> Result<Vec<Mark>, StoreError> {
        let sql = "SELECT service_id, used_at, unused_at FROM mark WHERE number = $1";
        self.all(sql, [number], |row| {
            Ok(Mark {
                service: ServiceId(row.get(0)?),
                used_at: row.get::<Option<i64>>(1)?.map(Timestamp),
                unused_at: row.get::<Option<i64>>(2)?.map(Timestamp),
            })
        })
    }

    /// What messages used a number for.
    pub fn traces_of(&self, number: &Msisdn) -> Result<Vec<Trace>, StoreError> {
        let sql = "SELECT service_id, account_id, rented, sender, first_at, last_at FROM trace \
                   WHERE number = $1 ORDER BY service_id, account_id, rented, sender";
        self.all(sql, [number], |row| {
            Ok(Trace {
                number: number.clone(),
                service: ServiceId(row.get(0)?),
                account: AccountId(row.get(1)?),
                rented: row.get(2)?,
                sender: row.get(3)?,
                first_at: Timestamp(row.get(4)?),
                last_at: Timestamp(row.get(5)?),
            })
        })
    }

    /// The accounts that had orders for a service on a number which ended after `since` and until
    /// `until`.
    pub fn accounts_done_with(
        &self,
        number: &Msisdn,
        service: ServiceId,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<AccountId>, StoreError> {
        let sql = "SELECT account_id FROM given_up WHERE number = $1 AND service_id = $2 AND at > \
                   $3 AND at <= $4 UNION SELECT account_id FROM orders WHERE number = $1 AND \
                   service_id = $2 AND state = 'completed' AND ended_at > $3 AND ended_at <= $4";
        let values = params![number, service.0, since.0, until.0];
        self.all(sql, values, |row| row.get(0).map(AccountId))
    }
}

fn used(row: &Row<'_>) -> rusqlite::Result<Use> {
    let account = row.get::<Option<i64>>(2)?.map(AccountId);
    let by = match (account, row.get(3)?) {
        (None, 0) => UsedBy::Completion,
        (None, 1) => UsedBy::Unmarked,
        (None, _) => UsedBy::Mark,
        (Some(account), 0) => UsedBy::Order(account),
        (Some(account), _) => UsedBy::Rental(account),
    };
    Ok(Use { service: ServiceId(row.get(0)?), at: Timestamp(row.get(1)?), by })
}

impl WriteTx<'_> {
    /// Records that a number counts as used for a service since `at`, or that what it was used for
    /// until then counts for nothing.
    pub fn mark(
        &self,
        number: &Msisdn,
        service: ServiceId,
        used: bool,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO mark (number, service_id, used_at, unused_at) VALUES ($1, $2, $3, \
                   $4) ON CONFLICT (number, service_id) DO UPDATE SET used_at = \
                   coalesce(excluded.used_at, mark.used_at), unused_at = \
                   coalesce(excluded.unused_at, mark.unused_at)";
        let (used_at, unused_at) = (used.then_some(at.0), (!used).then_some(at.0));
        self.change(sql, params![number, service.0, used_at, unused_at])
    }

    /// Begins to attribute all messages that there are, by patterns with this signature.
    pub fn begin_attribution(&self, signature: i64) -> Result<(), StoreError> {
        let sql = "INSERT INTO attribution (id, signature, done_to, until) SELECT 1, $1, 0, \
                   coalesce(max(id), 0) FROM message WHERE true ON CONFLICT (id) DO UPDATE SET \
                   signature = excluded.signature, done_to = 0, until = excluded.until";
        self.change(sql, [signature])
    }

    /// Records that the messages up to this one have been attributed.
    pub fn attributed_to(&self, message: MessageId) -> Result<(), StoreError> {
        self.change("UPDATE attribution SET done_to = $1", [message.0])
    }

    /// Sets the service that a message fits, unless another than `before` was set meanwhile.
    pub fn set_service_of(
        &self,
        message: MessageId,
        before: Option<ServiceId>,
        service: Option<ServiceId>,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE message SET service_id = $1 WHERE id = $2 AND service_id IS NOT DISTINCT \
                   FROM $3";
        let values = params![service.map(|id| id.0), message.0, before.map(|id| id.0)];
        self.change(sql, values)
    }

    /// Saves a trace that became known after the last order, or adds it to what was known of the
    /// same sender. Of the first and of the last message it is kept after which order each became
    /// known: a message may be stored, or fit new patterns, long after it came.
    pub fn note_trace(&self, trace: &Trace) -> Result<(), StoreError> {
        let sql = "INSERT INTO trace (number, service_id, account_id, rented, sender, first_at, \
                   last_at, noted_after, last_noted_after) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, \
                   $8) ON CONFLICT (number, service_id, account_id, rented, sender) DO UPDATE SET \
                   first_at = CASE WHEN excluded.first_at < trace.first_at THEN excluded.first_at \
                   ELSE trace.first_at END, noted_after = CASE WHEN excluded.first_at < \
                   trace.first_at THEN excluded.noted_after ELSE trace.noted_after END, last_at = \
                   CASE WHEN excluded.last_at > trace.last_at THEN excluded.last_at ELSE \
                   trace.last_at END, last_noted_after = CASE WHEN excluded.last_at > \
                   trace.last_at THEN excluded.last_noted_after ELSE trace.last_noted_after END";
        let values = params![
            trace.number,
            trace.service.0,
            trace.account.0,
            trace.rented,
            trace.sender,
            trace.first_at.0,
            trace.last_at.0,
            self.last_order_id()?
        ];
        self.change(sql, values)
    }
}
