//! What those need who send events to endpoints: what is to be sent, and what became of it.
//!
//! An endpoint has a position among its account's events: each event up to there has a row that
//! says what became of it, or is not sent. What is after it and has no row has not been tried to an
//! end. So an event costs the operation that writes it nothing, however many endpoints there are,
//! and whenever the program is killed, each event is sent at least once.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Webhooks, subject_of};
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::event::Event;
use crate::domain::key::KeyMode;
use crate::domain::webhook::delivery::{Jitter, JudgedAt, Progress, Verdict, judge};
use crate::domain::webhook::{
    AddressRules, Attempt, DeliveryState, Endpoint, EndpointState, OffReason,
};
use crate::domain::{AccountId, EndpointId, EventId, Timestamp};
use crate::gateway::Error;
use crate::store::{ReadTx, StoreError, Undelivered, WriteTx};

/// How many events are looked at in one reading.
const EVENTS_PER_READING: u32 = 64;

/// What is to be sent to an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// Events that are due to be sent again, those first that have been for longest.
    pub due: Vec<Undelivered>,
    /// Events that were not sent yet, oldest first.
    pub fresh: Vec<Undelivered>,
    /// The last event that was looked at.
    pub read_to: EventId,
    /// When the next event is due to be sent again.
    pub next_at: Option<Timestamp>,
    /// Whether there may be more fresh events.
    pub is_more: bool,
    /// Whether the endpoint has failed since its last success.
    pub is_failing: bool,
}

/// Whether an event can be sent to an endpoint now.
#[derive(Debug, Clone)]
pub enum Sendable {
    Now(Box<Letter>),
    /// The event is not kept any more.
    EventGone,
    /// The endpoint is off, or gone.
    EndpointOff,
}

/// An event and the endpoint that it is sent to, as it is now.
#[derive(Debug, Clone)]
pub struct Letter {
    pub endpoint: Endpoint,
    pub event: Event,
    /// When it is sent.
    pub at: Timestamp,
    /// Where it may be sent to.
    pub rules: AddressRules,
}

/// An attempt to send an event, and what else has been found out since the last one.
#[derive(Debug, Clone)]
pub struct Tried {
    pub event: EventId,
    pub attempt: Attempt,
    /// Events that were not sent because an earlier one of their subject was under way. If it has
    /// failed, they wait for it.
    pub behind: Vec<EventId>,
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    pub state: DeliveryState,
    /// Why the endpoint was switched off.
    pub off: Option<OffReason>,
}

impl Webhooks {
    /// The endpoints that are sent events now, with their accounts.
    pub async fn active(&self) -> Result<Vec<(EndpointId, AccountId)>, Error> {
        Ok(self.env.store.read(|rows| rows.active_endpoints()).await?)
    }

    /// Waits until endpoints have changed. One task can wait.
    pub async fn changed(&self) -> BTreeSet<EndpointId> {
        self.changes.wait().await
    }

    /// The account of an endpoint that is sent events now, and the event up to which all have been
    /// sent to it or wait to be sent again.
    pub async fn position(&self, id: EndpointId) -> Result<Option<(AccountId, EventId)>, Error> {
        Ok(self.env.store.read(move |rows| rows.active_endpoint(id)).await?)
    }

    /// The accounts that have events after this one.
    pub async fn accounts_with_events_after(
        &self,
        after: EventId,
    ) -> Result<Vec<AccountId>, Error> {
        Ok(self.env.store.read(move |rows| rows.accounts_with_events_after(after)).await?)
    }

    /// What is to be sent to an endpoint: at most `room` events that are due again and are not
    /// `under_way`, and if `after` is given, some of those after it that were not sent yet. `None`
    /// when nothing is sent to it any more.
    pub async fn work(
        &self,
        id: EndpointId,
        after: Option<EventId>,
        under_way: BTreeSet<EventId>,
        room: usize,
    ) -> Result<Option<Work>, Error> {
        let now = self.env.now();
        let read = self.env.store.read(move |rows| {
            let Some((account, _)) = rows.active_endpoint(id)? else { return Ok(None) };
            let Some(endpoint) = rows.webhook_endpoint(id)? else { return Ok(None) };
            let (mut fresh, read_to, is_more) = match after {
                Some(after) => fresh_events(rows, id, (account, endpoint.mode), after)?,
                None => (Vec::new(), EventId(0), false),
            };
            fresh.retain(|event| endpoint.subscription.wants(event.kind));
            let mut due = rows.due_deliveries(id, now, room.saturating_add(under_way.len()))?;
            due.retain(|event| !under_way.contains(&event.event));
            due.truncate(room);
            let next_at = rows.next_delivery(id, now)?;
            let is_failing = endpoint.failing_since.is_some();
            Ok::<_, StoreError>(Some(Work { due, fresh, read_to, next_at, is_more, is_failing }))
        });
        Ok(read.await?)
    }

    /// An event that is to be sent to an endpoint now.
    pub async fn letter(&self, id: EndpointId, event: EventId) -> Result<Sendable, Error> {
        let (at, rules) = (self.env.now(), self.rules());
        let read = self.env.store.read(move |rows| {
            let endpoint = rows.webhook_endpoint(id)?;
            let is_on = |endpoint: &Endpoint| endpoint.state == EndpointState::On;
            let Some(endpoint) = endpoint.filter(is_on) else { return Ok(Sendable::EndpointOff) };
            let Some(event) = rows.event(event)? else { return Ok(Sendable::EventGone) };
            Ok::<_, StoreError>(Sendable::Now(Box::new(Letter { endpoint, event, at, rules })))
        });
        Ok(read.await?)
    }

    /// Has events wait for earlier ones of their orders and rentals, and notes up to which event
    /// everything was sent or waits.
    pub async fn hold(
        &self,
        id: EndpointId,
        events: Vec<EventId>,
        position: EventId,
    ) -> Result<(), Error> {
        let now = self.env.now();
        let held = self.env.store.write(move |tx| {
            if tx.webhook_endpoint(id)?.is_some() {
                events.into_iter().try_for_each(|event| tx.hold_delivery(id, event, now))?;
                tx.advance_webhook_position(id, position)?;
            }
            Ok::<_, StoreError>(())
        });
        Ok(held.await?)
    }

    /// Records an attempt: what becomes of the delivery, of those behind it and of the endpoint. An
    /// endpoint or an event that is gone by now needs no record; then it is `None`.
    pub async fn record(
        &self,
        id: EndpointId,
        tried: Tried,
        position: EventId,
    ) -> Result<Option<Recorded>, Error> {
        let at = JudgedAt { now: self.env.now(), certain: self.env.certain_now() };
        let jitter = self.env.random_bytes().map_or(Jitter(0), |random| {
            let [a, b, c, d, ..] = random;
            Jitter(u32::from_le_bytes([a, b, c, d]))
        });
        let changes = Arc::clone(&self.changes);
        let recorded = self.env.store.write(move |tx| {
            let Some(endpoint) = tx.webhook_endpoint(id)? else { return Ok(None) };
            let recorded = record(tx, endpoint, tried, at, jitter)?;
            tx.advance_webhook_position(id, position)?;
            if recorded.off.is_some() {
                changes.change_after(tx, id);
            }
            Ok::<_, StoreError>(Some(recorded))
        });
        Ok(recorded.await?)
    }

    /// Removes what is left of endpoints that were deleted.
    pub async fn purge_deleted(&self) -> Result<(), Error> {
        let purge = || self.env.store.write(|tx| tx.purge_deleted_endpoints(super::ROWS_PER_STEP));
        while purge().await? > 0 {}
        Ok(())
    }
}

/// Events after one that have no delivery to an endpoint, up to which event they were looked for,
/// and whether there may be more.
fn fresh_events(
    rows: &ReadTx<'_>,
    id: EndpointId,
    of: (AccountId, KeyMode),
    after: EventId,
) -> Result<(Vec<Undelivered>, EventId, bool), StoreError> {
    // What is written after this is told of by another wake-up.
    let newest = rows.newest_event()?.max(after);
    let fresh = rows.undelivered_events(id, of, after, EVENTS_PER_READING)?;
    let is_more = u32::try_from(fresh.len()).is_ok_and(|count| count >= EVENTS_PER_READING);
    let read_to = match fresh.last() {
        Some(last) if is_more => last.event,
        last => last.map_or(newest, |last| newest.max(last.event)),
    };
    Ok((fresh, read_to, is_more))
}

fn record(
    tx: &WriteTx<'_>,
    mut endpoint: Endpoint,
    tried: Tried,
    at: JudgedAt,
    jitter: Jitter,
) -> Result<Recorded, StoreError> {
    let (id, event) = (endpoint.id, tried.event);
    let known = tx.delivery_of(id, event)?;
    let progress = known.map_or_else(Progress::default, |known| known.progress);
    let was_repeated = progress.is_repeated;
    let Verdict { progress, state, failing_since, off } =
        judge(progress, endpoint.failing_since, tried.attempt, at, jitter);
    tx.save_delivery(id, event, state, &progress)?;
    let waits = matches!(state, DeliveryState::Waiting { .. });
    if waits {
        let mut behind = tried.behind.into_iter();
        behind.try_for_each(|event| tx.hold_delivery(id, event, at.now))?;
    } else if !was_repeated {
        tx.release_delivery_after(id, event, at.now)?;
    }
    let off = off.filter(|_| endpoint.state == EndpointState::On);
    if failing_since != endpoint.failing_since || off.is_some() {
        endpoint.failing_since = failing_since;
        endpoint.state = off.map_or(endpoint.state, EndpointState::Off);
        tx.save_webhook_endpoint(&endpoint)?;
    }
    if let Some(reason) = off {
        let (account, origin) = (endpoint.account, endpoint.url.origin());
        let (action, subject) =
            (AuditAction::SwitchedEndpointOff { reason }, subject_of(tx, &endpoint)?);
        tx.note(Actor::Daemon, action, subject, at.now)?;
        tx.after_commit(move || {
            tracing::warn!(
                event = "webhook_off",
                endpoint = %id,
                %account,
                origin,
                reason = reason.as_str(),
                "a webhook endpoint was switched off"
            );
        });
    }
    Ok(Recorded { state, off })
}
