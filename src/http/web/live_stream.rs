//! A stream of a page's changes to one tab.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};
use tokio::time::{Interval, MissedTickBehavior, interval, sleep};

use super::live::{Batch, Followed};
use super::page::Shown;
use super::streams::StreamPlace;
use super::{Visitor, frame};
use crate::domain::login::Side;
use crate::gateway::SignedIn;

/// How often a sign of life is sent: proxies take a connection for dead after some time.
const ALIVE_EVERY: Duration = Duration::from_secs(15);
/// How many events wait for a slow browser.
pub(super) const ROOM: usize = 4;

/// The least time between two looks at a page for what it need not show at once.
const SLOW_PAUSE: Duration = Duration::from_millis(if cfg!(test) { 50 } else { 10_000 });

/// The least time between two looks at a page. A customer waits for a code.
fn least_pause(side: Side) -> Duration {
    match side {
        Side::Console => Duration::from_secs(1),
        Side::Portal => Duration::from_millis(100),
    }
}

/// How a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Another tab has taken its place.
    Yield,
    /// The browser was too slow.
    Again,
    /// There is no such page any more.
    Gone,
    /// The session has ended.
    Session,
    /// The browser has gone, or the daemon stops.
    Silent,
}

/// Why a stream that waited goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Woken {
    /// What it waited for has come.
    AsAwaited,
    /// Its session may have ended.
    BySession,
}

impl End {
    fn event(self) -> Option<&'static str> {
        match self {
            End::Yield => Some("yield"),
            End::Again => Some("again"),
            End::Gone => Some("gone"),
            End::Session => Some("end"),
            End::Silent => None,
        }
    }
}

/// A stream of a page's changes to one tab.
pub(super) struct Stream<P: Visitor> {
    followed: Followed<P>,
    place: StreamPlace,
    events: mpsc::Sender<Bytes>,
    session_changes: watch::Receiver<()>,
    alive: Interval,
    /// Who has signed in, as of the last look.
    signed_in: Option<SignedIn>,
    /// What the browser has, once that is known.
    shown: Option<Shown>,
    /// The state that the browser says that it has.
    state: String,
}

impl<P: Visitor> Stream<P> {
    pub(super) fn new(
        followed: Followed<P>,
        place: StreamPlace,
        events: mpsc::Sender<Bytes>,
        state: String,
    ) -> Stream<P> {
        let session_changes = followed.site.gateway.people().follow_sessions();
        let mut alive = interval(ALIVE_EVERY);
        alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (signed_in, shown) = (None, None);
        Stream { followed, place, events, session_changes, alive, signed_in, shown, state }
    }

    /// Sends what changes until the stream ends, and says why it ends.
    pub(super) async fn run(mut self) {
        let Err(end) = self.send_changes().await;
        if let Some(event) = end.event() {
            let text = format!("event: {event}\ndata: \n\n");
            // A browser that is too slow gets this once it has taken the rest.
            let _ = tokio::time::timeout(ALIVE_EVERY, self.events.send(text.into())).await;
        }
    }

    async fn send_changes(&mut self) -> Result<Infallible, End> {
        // What changes while the page is looked at is looked at again.
        let (mut topics, mut slow) = self.followed.topics().await.ok_or(End::Gone)?;
        loop {
            // It begins now, before the page is looked at.
            let slow_pause = sleep(SLOW_PAUSE);
            self.look().await?;
            let slowly = async {
                slow_pause.await;
                slow.changed().await;
            };
            let woken = self.wait(sleep(least_pause(P::SIDE))).await?;
            if woken == Woken::AsAwaited {
                let any = async {
                    tokio::select! {
                        () = topics.changed() => {}
                        () = slowly => {}
                    }
                };
                self.wait(any).await?;
            }
        }
    }

    /// Waits for something, or until somebody's session has changed, or the stream ends.
    async fn wait(&mut self, awaited: impl Future<Output = ()>) -> Result<Woken, End> {
        let mut awaited = std::pin::pin!(awaited);
        let stopping = self.followed.site.stopping.clone();
        loop {
            tokio::select! {
                biased;
                () = stopping.cancelled() => return Err(End::Silent),
                () = self.events.closed() => return Err(End::Silent),
                () = self.place.yielded.cancelled() => return Err(End::Yield),
                // The sender lives as long as the gateway.
                _ = self.session_changes.changed() => {
                    let before = self.signed_in.as_ref();
                    let Some(before) = before else { return Ok(Woken::BySession) };
                    if !self.followed.is_unchanged(before).await {
                        return Ok(Woken::BySession);
                    }
                }
                () = &mut awaited => return Ok(Woken::AsAwaited),
                _ = self.alive.tick() => self.send("event: alive\ndata: \n\n".to_owned())?,
            }
        }
    }

    /// Looks at the page and sends what is different. The first time, that tells the browser that
    /// the stream works, even if nothing is.
    async fn look(&mut self) -> Result<(), End> {
        let (visit, page, head) = match self.followed.look().await {
            Ok(looked) => looked,
            // It is looked at again with the next change.
            Err(End::Silent) if self.shown.is_some() => return Ok(()),
            Err(end) => return Err(end),
        };
        self.signed_in = Some(visit.person.session().clone());
        let parts = frame::live_parts(&page, head);
        let shown = Shown::of(page.tab_title(P::BRAND), &parts);
        let is_first = self.shown.is_none();
        let before =
            self.shown.take().or_else(|| (shown.state() == self.state).then(|| shown.clone()));
        let batch = Batch::new(parts, before.as_ref(), &shown);
        let is_empty = batch.is_empty(before.as_ref());
        self.shown = Some(shown);
        if is_empty && !is_first {
            return Ok(());
        }
        let (id, data) = (batch.state.clone(), batch.in_json());
        self.send(format!("event: parts\nid: {id}\ndata: {data}\n\n"))
    }

    /// Sends an event if there is room.
    fn send(&self, event: String) -> Result<(), End> {
        self.events.try_send(event.into()).map_err(|error| match error {
            TrySendError::Full(_) => End::Again,
            TrySendError::Closed(_) => End::Silent,
        })
    }
}
