//! The outbox: what customers are told, each event written in the transaction that makes it true.
//!
//! An operation notes its events while it goes on, and they are written as its last part, so that
//! each shows what it is about as the operation has left it.

use std::ops::RangeInclusive;

use rusqlite::params;

use super::engine::{Row, parsed};
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::event::{Event, EventKind, EventSubject};
use crate::domain::key::KeyMode;
use crate::domain::{
    AccountId, EventId, MessageId, Order, OrderId, Rental, RentalId, Timestamp, sandbox,
};

/// An event that an operation has noted and not written yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotedEvent {
    pub account: AccountId,
    pub kind: EventKind,
    pub subject: EventSubject,
    /// The message that it is about.
    pub message: Option<MessageId>,
    pub at: Timestamp,
    /// What it shows, in JSON, if that is no order and no rental of the database.
    pub data: Option<String>,
    /// Whose keys' endpoints and streams it is told.
    pub mode: KeyMode,
}

impl NotedEvent {
    /// An event of live keys that is about no message, and shows an order or a rental.
    pub fn new(
        account: AccountId,
        kind: EventKind,
        subject: EventSubject,
        at: Timestamp,
    ) -> NotedEvent {
        NotedEvent { account, kind, subject, message: None, at, data: None, mode: KeyMode::Live }
    }

    /// An event that shows an order.
    pub fn of_order(order: &Order, kind: EventKind, at: Timestamp) -> NotedEvent {
        NotedEvent::new(order.account, kind, EventSubject::Order(order.id), at)
    }

    /// An event that shows a rental.
    pub fn of_rental(rental: &Rental, kind: EventKind, at: Timestamp) -> NotedEvent {
        NotedEvent::new(rental.account, kind, EventSubject::Rental(rental.id), at)
    }

    /// The same event, about a message.
    pub fn about(self, message: MessageId) -> NotedEvent {
        NotedEvent { message: Some(message), ..self }
    }
}

/// A run has the events whose ids are the same without this many last bits: 1024 events. The index
/// `event_by_account` is on this very shift, so statements spell it as `id >> 10`.
const RUN_BITS: u32 = 10;

const EVENT: &str =
    "SELECT id, account_id, kind, order_id, rental_id, test_id, at, data FROM event";

/// The kind and the subject of an event, whose columns `kind`, `order_id`, `rental_id` and
/// `test_id` begin at `column`.
pub(super) fn kind_and_subject(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<(EventKind, EventSubject)> {
    let kind: EventKind = parsed(row, column)?;
    let order: Option<i64> = row.get(column + 1)?;
    let rental: Option<i64> = row.get(column + 2)?;
    let test: Option<i64> = row.get(column + 3)?;
    let subject = match (order, rental, test) {
        (Some(order), ..) => EventSubject::Order(OrderId(order)),
        (None, Some(rental), _) => EventSubject::Rental(RentalId(rental)),
        (None, None, Some(test)) => sandbox::subject_of(test),
        (None, None, None) if kind == EventKind::WebhookTest => EventSubject::Endpoint,
        (None, None, None) => EventSubject::Account,
    };
    Ok((kind, subject))
}

fn event(row: &Row<'_>) -> rusqlite::Result<Event> {
    let (kind, subject) = kind_and_subject(row, 2)?;
    Ok(Event {
        id: EventId(row.get(0)?),
        account: AccountId(row.get(1)?),
        kind,
        subject,
        at: Timestamp(row.get(6)?),
        data: row.get(7)?,
    })
}

impl ReadTx<'_> {
    pub fn event(&self, id: EventId) -> Result<Option<Event>, StoreError> {
        self.first(&format!("{EVENT} WHERE id = $1"), [id.0], event)
    }

    /// The events of an account's keys of one mode after one, oldest first. They are at most
    /// `limit`, and fewer when what they show has more than `bytes` together; but always one, if
    /// there is any.
    pub fn events_after(
        &self,
        (account, mode): (AccountId, KeyMode),
        after: EventId,
        limit: u32,
        bytes: usize,
    ) -> Result<Vec<Event>, StoreError> {
        let sql = format!(
            "{EVENT} WHERE id >> 10 = $1 AND account_id = $2 AND id > $3 AND (test_id IS NOT NULL) \
             = $4 ORDER BY id LIMIT $5"
        );
        let (mut events, mut used) = (Vec::new(), 0);
        for run in self.runs_after(after)? {
            let left = i64::from(limit) - i64::try_from(events.len()).unwrap_or(i64::MAX);
            let values = params![run, account.0, after.0, mode.is_test(), left];
            let mut fits = true;
            self.visit(&sql, values, |row| {
                let event = event(row)?;
                used += event.data.len();
                fits = used <= bytes || events.is_empty();
                if fits {
                    events.push(event);
                }
                Ok(fits)
            })?;
            if !fits {
                break;
            }
        }
        Ok(events)
    }

    /// When the first event of an account's keys of one mode after one happened.
    pub fn first_event_after(
        &self,
        (account, mode): (AccountId, KeyMode),
        after: EventId,
    ) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT at FROM event WHERE id >> 10 = $1 AND account_id = $2 AND id > $3 AND \
                   (test_id IS NOT NULL) = $4 ORDER BY id LIMIT 1";
        for run in self.runs_after(after)? {
            let values = params![run, account.0, after.0, mode.is_test()];
            let found = self.first(sql, values, |row| row.get(0).map(Timestamp))?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The runs of ids that have the events after one. In the index of accounts' events the run
    /// comes first, so that the events of a moment lie together there, and not each on a page of
    /// its account's: to write those pages cost more than all else that an event did.
    pub(super) fn runs_after(&self, after: EventId) -> Result<RangeInclusive<i64>, StoreError> {
        let newest = self.newest_event()?;
        let oldest = self.oldest_event()?.map_or(newest, |(oldest, _)| oldest);
        Ok((after.0.max(oldest.0) >> RUN_BITS)..=(newest.0 >> RUN_BITS))
    }

    /// The greatest id that an event has had; 0 before the first.
    pub fn newest_event(&self) -> Result<EventId, StoreError> {
        self.last_id_of("event").map(EventId)
    }

    /// The oldest event that is kept, and when it happened.
    pub fn oldest_event(&self) -> Result<Option<(EventId, Timestamp)>, StoreError> {
        let sql = "SELECT id, at FROM event WHERE id > 0 ORDER BY id LIMIT 1";
        self.first(sql, [], |row| Ok((EventId(row.get(0)?), Timestamp(row.get(1)?))))
    }
}

impl WriteTx<'_> {
    /// Adds an event that shows `data`, and returns its id.
    pub fn add_event(&self, noted: &NotedEvent, data: &str) -> Result<EventId, StoreError> {
        let (order, rental, test) = match (noted.subject, noted.mode) {
            (EventSubject::Order(order), KeyMode::Live) => (Some(order.0), None, None),
            (EventSubject::Rental(rental), KeyMode::Live) => (None, Some(rental.0), None),
            (EventSubject::Order(order), KeyMode::Test) => (None, None, Some(order.0)),
            (EventSubject::Rental(rental), KeyMode::Test) => (None, None, Some(rental.0)),
            (EventSubject::Account | EventSubject::Endpoint, _) => (None, None, None),
        };
        let sql = "INSERT INTO event (account_id, kind, order_id, rental_id, test_id, message_id, \
                   at, data) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let message = noted.message.map(|message| message.0);
        let (account, kind, at) = (noted.account.0, noted.kind.as_str(), noted.at.0);
        Ok(EventId(
            self.insert(sql, params![account, kind, order, rental, test, message, at, data])?,
        ))
    }

    /// Removes the events in which a message's text stands: all of its order, as an order is shown
    /// with its messages, or those of its rental that are about it.
    pub fn purge_events_with(&self, message: MessageId) -> Result<(), StoreError> {
        let of_order = "DELETE FROM event WHERE order_id = (SELECT order_id FROM message WHERE id \
                        = $1)";
        self.change(of_order, [message.0])?;
        let of_rental = "DELETE FROM event WHERE rental_id = (SELECT rental_id FROM message WHERE \
                         id = $1) AND message_id = $1";
        self.change(of_rental, [message.0])
    }

    /// Removes those of the `limit` oldest events that happened at `until` or before. Returns how
    /// many.
    pub fn purge_events(&self, until: Timestamp, limit: i64) -> Result<usize, StoreError> {
        let sql = "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE id > 0 ORDER BY id \
                   LIMIT $1) AND at <= $2";
        self.change_counted(sql, [limit, until.0])
    }

    /// Removes at most `limit` events of an account. Returns how many.
    pub fn purge_events_of(&self, account: AccountId, limit: u32) -> Result<usize, StoreError> {
        let sql = "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE id >> 10 = $1 AND \
                   account_id = $2 LIMIT $3)";
        let (limit, mut removed) = (usize::try_from(limit).unwrap_or(usize::MAX), 0);
        for run in self.runs_after(EventId(0))? {
            let left = i64::try_from(limit.saturating_sub(removed)).unwrap_or(i64::MAX);
            removed += self.change_counted(sql, [run, account.0, left])?;
        }
        Ok(removed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    const LIVE: KeyMode = KeyMode::Live;

    /// 2100 events, of two accounts in turns, whose ids are in three runs.
    async fn events() -> (tempfile::TempDir, Store, [AccountId; 2]) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("test.db")).unwrap();
        let write = store.write(|tx| {
            let accounts = ["ann", "bob"].map(|name| tx.add_account(name, Timestamp(1)).unwrap());
            tx.change("INSERT INTO sqlite_sequence (name, seq) VALUES ('event', 1000)", [])?;
            for (n, account) in (0..2100).zip(accounts.into_iter().cycle()) {
                let (kind, subject) = (EventKind::BalanceLow, EventSubject::Account);
                tx.add_event(&NotedEvent::new(account, kind, subject, Timestamp(n)), "{}")?;
            }
            Ok::<_, StoreError>(accounts)
        });
        let accounts = write.await.unwrap();
        (folder, store, accounts)
    }

    #[tokio::test]
    async fn an_accounts_events_are_found_in_all_runs_of_ids_oldest_first() {
        let (_folder, store, [ann, bob]) = events().await;
        let read = store.read(move |rows| {
            let ids = |account, after, limit, bytes| {
                let events = rows.events_after((account, LIVE), EventId(after), limit, bytes);
                events.unwrap().into_iter().map(|event| event.id.0).collect::<Vec<_>>()
            };
            let all = |first| (first..=3100).step_by(2).collect::<Vec<i64>>();
            assert_eq!(ids(ann, 0, 5000, usize::MAX), all(1001));
            assert_eq!(ids(bob, 2048, 5000, usize::MAX), all(2050));
            assert_eq!(ids(ann, 1021, 3, usize::MAX), [1023, 1025, 1027]);
            assert_eq!(ids(ann, 1021, 3, 5), [1023, 1025], "with two octets each");
            assert_eq!(ids(ann, 3099, 3, usize::MAX), [0; 0]);
            let first = |account, after| rows.first_event_after((account, LIVE), EventId(after));
            assert_eq!(first(ann, 2047)?, Some(Timestamp(1048)));
            assert_eq!(first(bob, 1023)?, Some(Timestamp(23)));
            assert_eq!(first(bob, 3100)?, None);
            Ok::<_, StoreError>(())
        });
        read.await.unwrap();
    }

    #[tokio::test]
    async fn an_accounts_events_are_purged_in_steps_and_no_other_ones() {
        let (_folder, store, [ann, bob]) = events().await;
        for left in [600, 450, 0] {
            let purge = store.write(move |tx| tx.purge_events_of(ann, 600));
            assert_eq!(purge.await.unwrap(), left);
        }
        let of_bob = store
            .read(move |rows| rows.events_after((bob, LIVE), EventId(0), 5000, usize::MAX))
            .await;
        assert_eq!(of_bob.unwrap().len(), 1050);
    }
}
