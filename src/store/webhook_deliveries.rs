//! The deliveries of events to endpoints.

use rusqlite::params;
use rusqlite::types::Type;

use super::engine::{Row, parsed};
use super::events::kind_and_subject;
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::event::{EventKind, EventSubject};
use crate::domain::key::KeyMode;
use crate::domain::webhook::delivery::{LONGEST_PAUSE, Progress};
use crate::domain::webhook::{Delivery, DeliveryState};
use crate::domain::{AccountId, EndpointId, EventId, Timestamp, UnknownWord};

const DELIVERY: &str = "SELECT d.event_id, e.kind, d.state, d.next_at, d.tries, d.repeated, \
                        d.attempts FROM webhook_delivery d JOIN event e ON e.id = d.event_id WHERE \
                        d.endpoint_id = $1";

/// What an event of the table `event` is about, as the deliveries name it: those of one subject are
/// sent in order.
const SUBJECT: &str = "CASE WHEN e.order_id IS NOT NULL THEN 'order ' || e.order_id WHEN \
                       e.rental_id IS NOT NULL THEN 'rental ' || e.rental_id WHEN e.test_id IS NOT \
                       NULL THEN 'test ' || e.test_id END";

/// An event that may have to be sent to an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undelivered {
    pub event: EventId,
    pub kind: EventKind,
    pub subject: EventSubject,
    /// Whether an earlier event of its subject waits to be tried again.
    pub is_held: bool,
}

fn unreadable(
    column: usize,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let next_at = row.get::<Option<i64>>(3)?.map(Timestamp);
    let state = DeliveryState::from_row(row.get_ref(2)?.as_str()?, next_at);
    let attempts = serde_json::from_str(row.get_ref(6)?.as_str()?);
    Ok(Delivery {
        event: EventId(row.get(0)?),
        kind: parsed(row, 1)?,
        state: state.ok_or_else(|| unreadable(2, UnknownWord))?,
        progress: Progress {
            tries: row.get(4)?,
            is_repeated: row.get(5)?,
            attempts: attempts.map_err(|error| unreadable(6, error))?,
        },
    })
}

fn undelivered(row: &Row<'_>) -> rusqlite::Result<Undelivered> {
    let (kind, subject) = kind_and_subject(row, 1)?;
    Ok(Undelivered { event: EventId(row.get(0)?), kind, subject, is_held: row.get(5)? })
}

impl ReadTx<'_> {
    /// The accounts that have events after this one.
    pub fn accounts_with_events_after(&self, after: EventId) -> Result<Vec<AccountId>, StoreError> {
        let sql = "SELECT DISTINCT account_id FROM event WHERE id > $1";
        self.all(sql, [after.0], |row| row.get(0).map(AccountId))
    }

    /// At most `limit` of the events of an account's keys of one mode after one that have no
    /// delivery to an endpoint, oldest first. Not all of them have to be sent.
    pub fn undelivered_events(
        &self,
        endpoint: EndpointId,
        (account, mode): (AccountId, KeyMode),
        after: EventId,
        limit: u32,
    ) -> Result<Vec<Undelivered>, StoreError> {
        let sql = format!(
            "SELECT e.id, e.kind, e.order_id, e.rental_id, e.test_id, EXISTS (SELECT 1 FROM \
             webhook_delivery w WHERE w.endpoint_id = $1 AND w.subject = {SUBJECT} AND w.event_id \
             < e.id AND w.state = 'waiting' AND w.repeated = 0) FROM event e WHERE e.id >> 10 = $2 \
             AND e.account_id = $3 AND e.id > $4 AND (e.test_id IS NOT NULL) = $5 AND NOT EXISTS \
             (SELECT 1 FROM webhook_delivery d WHERE d.event_id = e.id AND d.endpoint_id = $1) \
             ORDER BY e.id LIMIT $6"
        );
        let (limit, mut found) = (limit as usize, Vec::new());
        for run in self.runs_after(after)? {
            let left = i64::try_from(limit.saturating_sub(found.len())).unwrap_or(i64::MAX);
            let values = params![endpoint.0, run, account.0, after.0, mode.is_test(), left];
            found.extend(self.all(&sql, values, undelivered)?);
            if found.len() >= limit {
                break;
            }
        }
        Ok(found)
    }

    /// At most `limit` events that are due at `now` to be sent again to an endpoint, those first
    /// that have been for longest. One whose time is further off than any pause is long was put off
    /// by a clock that was ahead, and is due too.
    pub fn due_deliveries(
        &self,
        endpoint: EndpointId,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Undelivered>, StoreError> {
        let due = |condition: &str, bound: Timestamp, limit: usize| {
            let sql = format!(
                "SELECT e.id, e.kind, e.order_id, e.rental_id, e.test_id, 0 FROM webhook_delivery \
                 d JOIN event e ON e.id = d.event_id WHERE d.endpoint_id = $1 AND d.next_at \
                 {condition} $2 ORDER BY d.next_at LIMIT $3"
            );
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            self.all(&sql, [endpoint.0, bound.0, limit], undelivered)
        };
        let mut found = due("<=", now, limit)?;
        found.extend(due(">", now.plus(LONGEST_PAUSE), limit.saturating_sub(found.len()))?);
        Ok(found)
    }

    /// When the next event is due to be sent again to an endpoint, of those that are not at `now`.
    pub fn next_delivery(
        &self,
        endpoint: EndpointId,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT next_at FROM webhook_delivery WHERE endpoint_id = $1 AND next_at > $2 \
                   ORDER BY next_at LIMIT 1";
        self.first(sql, [endpoint.0, now.0], |row| row.get(0).map(Timestamp))
    }

    /// At most `limit` deliveries to an endpoint, those of the newest events first, of events
    /// before one if that is given. What was not tried yet is not among them.
    pub fn webhook_deliveries(
        &self,
        endpoint: EndpointId,
        before: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let sql = format!("{DELIVERY} AND d.event_id < $2 ORDER BY d.event_id DESC LIMIT $3");
        let before = before.map_or(i64::MAX, |before| before.0);
        self.all(&sql, params![endpoint.0, before, limit], delivery)
    }

    /// At most `limit` events of an endpoint's account and mode after its position that were not
    /// tried to an end yet, the newest first, before one if that is given. Not all of them have to
    /// be sent.
    pub fn untried_events(
        &self,
        endpoint: EndpointId,
        before: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<(EventId, EventKind)>, StoreError> {
        let position = "SELECT position FROM webhook_endpoint WHERE id = $1";
        let position = self.first(position, [endpoint.0], |row| row.get(0).map(EventId))?;
        let Some(position) = position else { return Ok(Vec::new()) };
        let sql = "SELECT e.id, e.kind FROM webhook_endpoint p JOIN event e ON e.account_id = \
                   p.account_id AND (e.test_id IS NOT NULL) = (p.test = 1) AND e.id > p.position \
                   WHERE p.id = $1 AND e.id >> 10 = $2 AND e.id < $3 AND NOT EXISTS (SELECT 1 FROM \
                   webhook_delivery d WHERE d.event_id = e.id AND d.endpoint_id = $1) ORDER BY \
                   e.id DESC LIMIT $4";
        let before = before.map_or(i64::MAX, |before| before.0);
        let event = |row: &Row<'_>| Ok((EventId(row.get(0)?), parsed(row, 1)?));
        let (limit, mut found) = (limit as usize, Vec::new());
        for run in self.runs_after(position)?.rev() {
            let left = i64::try_from(limit.saturating_sub(found.len())).unwrap_or(i64::MAX);
            found.extend(self.all(sql, [endpoint.0, run, before, left], event)?);
            if found.len() >= limit {
                break;
            }
        }
        Ok(found)
    }

    /// The delivery of an event to an endpoint.
    pub fn delivery_of(
        &self,
        endpoint: EndpointId,
        event: EventId,
    ) -> Result<Option<Delivery>, StoreError> {
        self.first(&format!("{DELIVERY} AND d.event_id = $2"), [endpoint.0, event.0], delivery)
    }

    /// A test of an endpoint that waits to be sent.
    pub fn waiting_test(&self, endpoint: EndpointId) -> Result<Option<Delivery>, StoreError> {
        let sql = format!(
            "{DELIVERY} AND d.state = 'waiting' AND d.repeated = 0 AND d.subject IS NULL AND \
             e.kind = $2 LIMIT 1"
        );
        self.first(&sql, params![endpoint.0, EventKind::WebhookTest.as_str()], delivery)
    }
}

impl WriteTx<'_> {
    /// Saves how far the delivery of an event to an endpoint has come. Does nothing when the event
    /// is not kept any more.
    pub fn save_delivery(
        &self,
        endpoint: EndpointId,
        event: EventId,
        state: DeliveryState,
        progress: &Progress,
    ) -> Result<(), StoreError> {
        let sql = format!(
            "INSERT INTO webhook_delivery (endpoint_id, event_id, subject, state, next_at, tries, \
             repeated, attempts) SELECT $1, e.id, {SUBJECT}, $2, $3, $4, $5, $6 FROM event e WHERE \
             e.id = $7 ON CONFLICT (event_id, endpoint_id) DO UPDATE SET state = excluded.state, \
             next_at = excluded.next_at, tries = excluded.tries, repeated = excluded.repeated, \
             attempts = excluded.attempts"
        );
        let attempts = serde_json::to_string(&progress.attempts)
            .map_err(|error| StoreError::Other(error.to_string()))?;
        let next_at = state.next_at().map(|at| at.0);
        let values = params![
            endpoint.0,
            state.as_str(),
            next_at,
            progress.tries,
            progress.is_repeated,
            attempts,
            event.0
        ];
        self.change(&sql, values)
    }

    /// Makes everything due at `now` that waits for a later time to be sent to an endpoint.
    pub fn hasten_deliveries(
        &self,
        endpoint: EndpointId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sql =
            "UPDATE webhook_delivery SET next_at = $1 WHERE endpoint_id = $2 AND next_at > $1";
        self.change(sql, [now.0, endpoint.0])
    }

    /// Has an event that was not tried yet wait for the earlier ones of its subject; if none of
    /// them waits any more, it is due at `now`.
    pub fn hold_delivery(
        &self,
        endpoint: EndpointId,
        event: EventId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = format!(
            "INSERT INTO webhook_delivery (endpoint_id, event_id, subject, state, next_at, \
             attempts) SELECT $1, e.id, {SUBJECT}, 'waiting', CASE WHEN EXISTS (SELECT 1 FROM \
             webhook_delivery w WHERE w.endpoint_id = $1 AND w.subject = {SUBJECT} AND w.event_id \
             < e.id AND w.state = 'waiting' AND w.repeated = 0) THEN NULL ELSE CAST($2 AS bigint) \
             END, '[]' FROM event e WHERE e.id = $3 ON CONFLICT (event_id, endpoint_id) DO NOTHING"
        );
        self.change(&sql, [endpoint.0, now.0, event.0])
    }

    /// Makes the next event due that has waited for one which waits no more.
    pub fn release_delivery_after(
        &self,
        endpoint: EndpointId,
        event: EventId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE webhook_delivery SET next_at = $1 WHERE next_at IS NULL AND id = (SELECT \
                   w.id FROM webhook_delivery d JOIN webhook_delivery w ON w.endpoint_id = \
                   d.endpoint_id AND w.subject = d.subject AND w.state = 'waiting' AND w.repeated \
                   = 0 WHERE d.endpoint_id = $2 AND d.event_id = $3 ORDER BY w.event_id LIMIT 1)";
        self.change(sql, [now.0, endpoint.0, event.0])
    }
}
