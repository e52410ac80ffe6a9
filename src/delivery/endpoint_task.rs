//! Sends what one endpoint is to be sent, until there is nothing left or the endpoint is off.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::client::Client;
use super::counts::WebhookCounts;
use super::queue::Queue;
use super::turns::AccountTurns;
use crate::domain::webhook::delivery::LONGEST_PAUSE;
use crate::domain::webhook::{Attempt, DeliveryState};
use crate::domain::{EndpointId, EventId, Timestamp};
use crate::gateway::{Error, Gateway, Sendable, Tried, Work};

/// How many events are under way to one endpoint at a time, and how many to one that fails.
const MOST_UNDER_WAY: usize = 8;
const MOST_WHILE_FAILING: usize = 1;
/// The database is told how far an endpoint has come at the latest when this many events are after
/// what it was told. They are read again after a restart.
const FARTHEST_BEHIND: i64 = 1000;

/// What all endpoints share.
pub(super) struct Sender {
    pub(super) gateway: Gateway,
    pub(super) client: Client,
    pub(super) counts: Arc<WebhookCounts>,
}

/// What has become of an event that was to be sent.
enum Ended {
    Tried(EventId, Attempt),
    /// It is not kept any more, so it is not sent.
    Gone(EventId),
    /// The endpoint is off.
    Off,
}

/// One endpoint that is being served.
struct Served {
    sender: Arc<Sender>,
    id: EndpointId,
    turns: Arc<AccountTurns>,
    queue: Queue,
    attempts: JoinSet<Result<Ended, Error>>,
    is_failing: bool,
    next_at: Option<Timestamp>,
    /// How far the database knows it to have come.
    saved: EventId,
}

/// Sends what an endpoint is to be sent, over the connections of its account. Ends when it is off,
/// or has nothing to do until it is told by `changed`.
pub(super) async fn serve(
    sender: Arc<Sender>,
    id: EndpointId,
    turns: Arc<AccountTurns>,
    changed: Arc<Notify>,
) -> Result<(), Error> {
    let Some((_, position)) = sender.gateway.webhooks().position(id).await? else { return Ok(()) };
    let mut served = Served {
        sender,
        id,
        turns,
        queue: Queue::after(position),
        attempts: JoinSet::new(),
        is_failing: false,
        next_at: None,
        saved: position,
    };
    loop {
        if !served.read().await? {
            return Ok(());
        }
        served.begin_attempts();
        if served.queue.is_empty() && served.next_at.is_none() {
            return served.save_position(FARTHEST_BEHIND).await;
        }
        let pause = served.pause();
        tokio::select! {
            Some(ended) = served.attempts.join_next() => match ended {
                Ok(Ok(Ended::Tried(event, attempt))) => served.record(event, attempt).await?,
                Ok(Ok(Ended::Gone(event))) => served.queue.finish(event),
                // When it is on again, what was not sent is read again.
                Ok(Ok(Ended::Off)) => return Ok(()),
                Ok(Err(error)) => return Err(error),
                // It has panicked. What was under way is begun anew.
                Err(_) => {
                    changed.notify_one();
                    return Ok(());
                }
            },
            () = changed.notified() => {}
            () = tokio::time::sleep(pause.unwrap_or_default()), if pause.is_some() => {}
        }
    }
}

impl Served {
    /// Reads what comes next, until there is enough of it. Answers whether the endpoint is on.
    async fn read(&mut self) -> Result<bool, Error> {
        loop {
            let webhooks = self.sender.gateway.webhooks();
            let (after, under_way) = (self.queue.reads_after(), self.queue.under_way());
            let work = webhooks.work(self.id, after, under_way, MOST_UNDER_WAY).await?;
            let Some(work) = work else { return Ok(false) };
            let Work { is_failing, next_at, is_more, .. } = work;
            (self.is_failing, self.next_at) = (is_failing, next_at);
            let held = self.queue.add(work);
            if !held.is_empty() {
                let position = self.queue.position_without(None);
                webhooks.hold(self.id, held, position).await?;
                self.saved = position;
            }
            if !is_more || self.queue.reads_after().is_none() {
                return Ok(true);
            }
        }
    }

    fn room(&self) -> usize {
        let most = if self.is_failing { MOST_WHILE_FAILING } else { MOST_UNDER_WAY };
        most.saturating_sub(self.queue.count_under_way())
    }

    fn begin_attempts(&mut self) {
        while self.room() > 0 {
            let Some(event) = self.queue.begin_next() else { return };
            let (sender, turns) = (Arc::clone(&self.sender), Arc::clone(&self.turns));
            let (id, is_failing) = (self.id, self.is_failing);
            self.attempts.spawn(async move {
                let Some(_turn) = turns.take(is_failing).await else { return Ok(Ended::Off) };
                attempt(sender, id, event).await
            });
        }
    }

    async fn record(&mut self, event: EventId, attempt: Attempt) -> Result<(), Error> {
        let (ms, behind) = (attempt.ms, self.queue.behind(event));
        let position = self.queue.position_without(Some(event));
        let tried = Tried { event, attempt, behind: behind.clone() };
        let webhooks = self.sender.gateway.webhooks();
        let recorded = webhooks.record(self.id, tried, position).await?;
        self.saved = position;
        if let Some(recorded) = recorded {
            self.sender.counts.add(recorded.state, ms);
            if matches!(recorded.state, DeliveryState::Waiting { .. }) {
                self.queue.forget(&behind);
            }
        }
        self.queue.finish(event);
        Ok(())
    }

    /// Tells the database how far the endpoint has come, if it is farther than it knows by so many
    /// events.
    async fn save_position(&self, farthest: i64) -> Result<(), Error> {
        let position = self.queue.position_without(None);
        if position.0.saturating_sub(self.saved.0) < farthest {
            return Ok(());
        }
        self.sender.gateway.webhooks().hold(self.id, Vec::new(), position).await
    }

    /// How long it is until an event is due to be sent again, if there is room for it.
    fn pause(&self) -> Option<Duration> {
        let next = self.next_at.filter(|_| self.room() > 0)?;
        Some(next.since(self.sender.gateway.now()).min(LONGEST_PAUSE))
    }
}

/// Sends an event to an endpoint, once.
async fn attempt(sender: Arc<Sender>, id: EndpointId, event: EventId) -> Result<Ended, Error> {
    let letter = match sender.gateway.webhooks().letter(id, event).await? {
        Sendable::Now(letter) => letter,
        Sendable::EventGone => return Ok(Ended::Gone(event)),
        Sendable::EndpointOff => return Ok(Ended::Off),
    };
    let attempt = sender.client.send(&letter).await;
    tracing::debug!(
        event = "webhook_tried",
        endpoint = %id,
        id = %event,
        origin = letter.endpoint.url.origin(),
        status = attempt.status,
        error = attempt.error.as_deref(),
        ms = attempt.ms,
        "an event was sent to a webhook endpoint"
    );
    Ok(Ended::Tried(event, attempt))
}
