//! What customers are told: the events of their accounts, each written in the transaction that
//! makes it true, and read from the outbox by those who follow them.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;

use super::Error;
use super::environment::Environment;
use super::long_poll::{LongPolls, Waiter};
use super::resources::{MessageResource, OrderResource, RentalResource};
use super::sim_presence::SimPresence;
use super::topics::Topics;
use crate::domain::event::{Event, EventKind, EventSubject};
use crate::domain::key::KeyMode;
use crate::domain::ledger::Posting;
use crate::domain::rental::next_notice;
use crate::domain::{AccountId, EventId, MessageId, Order, Timestamp};
use crate::store::{Applied, NotedEvent, Occasion, StoreError, WriteTx};

/// For how long events can be followed.
const FOLLOWED_FOR: Duration = Duration::from_secs(24 * 3600);
/// For how long they are kept, unless the texts in them go before: seven days, less the time until
/// it is looked which may go.
pub(super) const EVENTS_KEPT: Duration = Duration::from_secs((7 * 24 - 1) * 3600);

/// How many events are read at once for somebody who follows them, and how many bytes these show.
const PAGE: u32 = 100;
const PAGE_BYTES: usize = 1 << 16;

/// The position of a client is not among the events that are kept for it any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the events after this one are not kept any more")]
pub struct PositionExpired;

/// The events of all accounts.
pub struct Events {
    env: Arc<Environment>,
    presence: Arc<SimPresence>,
    topics: Arc<Topics>,
    newest: watch::Sender<EventId>,
    followers: Arc<LongPolls<AccountId>>,
}

/// Somebody who follows the events of an account, as a key opens it.
pub struct EventFollower {
    events: Arc<Events>,
    account: AccountId,
    mode: KeyMode,
    waiter: Waiter<AccountId>,
    position: EventId,
}

/// An order or a rental, and the message of it that an event is about.
#[derive(Serialize)]
struct About<R> {
    #[serde(flatten)]
    resource: R,
    message: Option<MessageResource>,
}

/// What the event `balance.low` shows of an account.
#[derive(Serialize)]
struct LowBalance {
    /// Before what is held for open orders.
    balance: String,
    /// What can be spent.
    available: String,
    currency: String,
    threshold: String,
}

/// What an event that was written last in an operation shows, and of what.
struct Written {
    subject: EventSubject,
    message: Option<MessageId>,
    data: String,
}

impl Events {
    /// Takes the newest event's id.
    pub(super) fn new(
        env: Arc<Environment>,
        presence: Arc<SimPresence>,
        topics: Arc<Topics>,
        newest: EventId,
    ) -> Events {
        let (newest, followers) = (watch::Sender::new(newest), Arc::default());
        Events { env, presence, topics, newest, followers }
    }

    /// The events of an account's keys of one mode after one, oldest first. They are at most
    /// `limit`, and fewer when they are large; but always one, if there is any.
    pub async fn after(
        &self,
        (account, mode): (AccountId, KeyMode),
        after: EventId,
        limit: u32,
    ) -> Result<Vec<Event>, Error> {
        let read = self.env.store.read_for(account, move |rows| {
            rows.events_after((account, mode), after, limit, PAGE_BYTES)
        });
        Ok(read.await?)
    }

    /// Follows the events of an account's keys of one mode after one, or those that come from now
    /// on.
    pub async fn follow(
        self: &Arc<Self>,
        (account, mode): (AccountId, KeyMode),
        after: Option<EventId>,
    ) -> Result<Result<EventFollower, PositionExpired>, Error> {
        if let Some(after) = after
            && let Err(expired) = self.check_position((account, mode), after).await?
        {
            return Ok(Err(expired));
        }
        let (events, waiter) = (Arc::clone(self), self.followers.register(account));
        let position = after.unwrap_or_else(|| *self.newest.borrow());
        Ok(Ok(EventFollower { events, account, mode, waiter, position }))
    }

    /// Whether all events of an account's keys of one mode after one can still be followed.
    async fn check_position(
        &self,
        (account, mode): (AccountId, KeyMode),
        after: EventId,
    ) -> Result<Result<(), PositionExpired>, Error> {
        let since = self.env.now().minus(FOLLOWED_FOR);
        let read = self.env.store.read_for(account, move |rows| {
            let newest = rows.newest_event()?;
            // What was there before the oldest is not known.
            let oldest = rows.oldest_event()?.map_or(newest.0.saturating_add(1), |(id, _)| id.0);
            let is_known = (oldest.saturating_sub(1)..=newest.0).contains(&after.0);
            let next = rows.first_event_after((account, mode), after)?;
            Ok::<_, StoreError>(is_known && next.is_none_or(|at| at >= since))
        });
        Ok(if read.await? { Ok(()) } else { Err(PositionExpired) })
    }

    /// The newest event of all accounts that is on disk; changes with each commit that adds one.
    pub fn subscribe(&self) -> watch::Receiver<EventId> {
        self.newest.subscribe()
    }

    /// Notes how an order has ended.
    pub(super) fn note_end(self: &Arc<Self>, tx: &WriteTx<'_>, ended: &Order, at: Timestamp) {
        if let Some(kind) = ended.end_event() {
            self.note(tx, NotedEvent::of_order(ended, kind, at));
        }
    }

    /// Adds an entry to an account's ledger, and notes if it can spend little after it.
    pub(super) fn post(
        self: &Arc<Self>,
        tx: &WriteTx<'_>,
        account: AccountId,
        posting: &Posting,
        occasion: Occasion<'_>,
    ) -> Result<Applied, StoreError> {
        let settings = self.env.settings();
        let currency = settings.currency;
        let applied = tx.post(account, posting, currency, occasion)?;
        self.topics.raise_account_after(tx, account);
        if let (Applied::Now(funds), Some(threshold)) = (applied, settings.balance_low)
            && funds.fell_below(threshold, posting)
        {
            let data = in_json(&LowBalance {
                balance: currency.text(funds.balance),
                available: currency.text(funds.available()),
                currency: currency.to_string(),
                threshold: currency.text(threshold),
            })?;
            let (kind, subject) = (EventKind::BalanceLow, EventSubject::Account);
            let event = NotedEvent::new(account, kind, subject, occasion.at);
            self.note(tx, NotedEvent { data: Some(data), ..event });
        }
        Ok(applied)
    }

    /// Notes what happened to something of the sandbox, as test keys of the account are told it.
    pub(super) fn note_test(
        self: &Arc<Self>,
        tx: &WriteTx<'_>,
        event: NotedEvent,
        resource: impl Serialize,
        message: Option<MessageResource>,
    ) -> Result<(), StoreError> {
        let data = Some(in_json(&About { resource, message })?);
        self.note(tx, NotedEvent { data, mode: KeyMode::Test, ..event });
        Ok(())
    }

    /// Notes an event. It is written when the rest of the operation has succeeded.
    pub(super) fn note(self: &Arc<Self>, tx: &WriteTx<'_>, event: NotedEvent) {
        let events = Arc::clone(self);
        tx.note_event(event, move |tx| events.write_noted(tx));
    }

    /// Writes the events that an operation has noted, and once they are on disk, wakes those who
    /// follow events.
    fn write_noted(self: &Arc<Self>, tx: &WriteTx<'_>) -> Result<(), StoreError> {
        let mut noted = tx.take_events();
        // An order is completed before the message is stored that completes it.
        noted.sort_by_key(|event| event.kind.is_end());
        let (mut last, mut newest) = (None, EventId(0));
        let mut accounts: Vec<AccountId> = noted.iter().map(|event| event.account).collect();
        accounts.sort();
        accounts.dedup();
        accounts.iter().for_each(|account| self.topics.raise_account_after(tx, *account));
        for event in noted {
            let Some(written) = self.shown(tx, &event, last.take())? else { continue };
            let event = NotedEvent { message: written.message, ..event };
            plan_notice(tx, &event)?;
            newest = tx.add_event(&event, &written.data)?;
            last = Some(written);
        }
        let events = Arc::clone(self);
        tx.after_commit(move || {
            events.newest.send_if_modified(|known| {
                let is_newer = newest > *known;
                *known = newest.max(*known);
                is_newer
            });
            accounts.into_iter().for_each(|account| events.followers.wake_waiters_of(account));
        });
        Ok(())
    }

    /// What an event shows; `None` if what it is about is gone. The end of an order shows the same
    /// as what the order was given right before.
    fn shown(
        &self,
        tx: &WriteTx<'_>,
        event: &NotedEvent,
        last: Option<Written>,
    ) -> Result<Option<Written>, StoreError> {
        let (subject, message) = (event.subject, event.message);
        if let Some(data) = &event.data {
            return Ok(Some(Written { subject, message, data: data.clone() }));
        }
        if let Some(last) = last.filter(|last| last.subject == subject && message.is_none()) {
            return Ok(Some(last));
        }
        let data = match subject {
            EventSubject::Order(id) => {
                let Some(order) = tx.order(id)? else { return Ok(None) };
                let resource = OrderResource::read(tx, &self.env, &order, event.at)?;
                in_json(&About {
                    message: shown_message(tx, message, &resource.messages)?,
                    resource,
                })?
            }
            EventSubject::Rental(id) => {
                let Some(rental) = tx.rental(id)? else { return Ok(None) };
                let presence = &self.presence;
                let resource = RentalResource::read(tx, &self.env, presence, &rental, event.at)?;
                in_json(&About { message: shown_message(tx, message, &[])?, resource })?
            }
            EventSubject::Account | EventSubject::Endpoint => return Ok(None),
        };
        Ok(Some(Written { subject, message, data }))
    }
}

impl EventFollower {
    /// The id of the last event that was answered, or of one that is the account's or not and
    /// after which none of the account's was left out.
    pub fn position(&self) -> EventId {
        self.position
    }

    /// The next events, oldest first, once there are any. None is lost when this is not awaited to
    /// its end.
    pub async fn next(&mut self) -> Result<Vec<Event>, Error> {
        loop {
            let mut news = std::pin::pin!(self.waiter.notify.notified());
            // A commit from here on is noticed.
            news.as_mut().enable();
            let newest = *self.events.newest.borrow();
            let events = self.events.after((self.account, self.mode), self.position, PAGE).await?;
            if let Some(last) = events.last() {
                self.position = last.id;
                return Ok(events);
            }
            self.position = newest.max(self.position);
            news.await;
        }
    }
}

/// The message that an event is about, which may be among those that are shown anyway.
fn shown_message(
    tx: &WriteTx<'_>,
    message: Option<MessageId>,
    shown: &[MessageResource],
) -> Result<Option<MessageResource>, StoreError> {
    let Some(id) = message else { return Ok(None) };
    match shown.iter().find(|shown| shown.id == id.0) {
        Some(shown) => Ok(Some(shown.clone())),
        None => Ok(tx.message(id)?.and_then(MessageResource::of)),
    }
}

/// Plans when the tenant of a rental whose end may have changed is told next that it ends soon.
fn plan_notice(tx: &WriteTx<'_>, event: &NotedEvent) -> Result<(), StoreError> {
    let may_end_later = matches!(
        event.kind,
        EventKind::RentalStarted
            | EventKind::RentalExpiring
            | EventKind::RentalRenewed
            | EventKind::RentalRenewalFailed
    );
    let EventSubject::Rental(id) = event.subject else { return Ok(()) };
    let may_end_later = may_end_later && event.mode == KeyMode::Live;
    let rental = if may_end_later { tx.rental(id)? } else { None };
    rental.map_or(Ok(()), |rental| tx.plan_notice(id, next_notice(rental.expires_at, event.at)))
}

fn in_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Other(error.to_string()))
}
