//! `GET /v2/events`: an account's events as they happen, as Server-Sent Events (WHATWG HTML,
//! section 9.2).
//!
//! A stream may end at any time: when the daemon stops, when its key opens the account no more,
//! when the client does not read. The client goes on from the last id that it has seen, without a
//! gap.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::sync::{mpsc, watch};
use tokio::time::{Interval, MissedTickBehavior, interval};
use utoipa::ToSchema;

use super::super::api::{Api, OpenKey};
use super::super::frames::Frames;
use super::caller::Caller;
use super::input::Query;
use super::problem::{Code, InputError, Problem};
use crate::domain::EventId;
use crate::domain::event::{Event, EventKind, EventTypes};
use crate::gateway::{Error, EventFollower, PositionExpired};

/// How often it is looked whether the key has expired.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Of so many looks one is followed by a comment, so that proxies do not take the connection to be
/// dead.
const LOOKS_TO_A_COMMENT: u32 = 3;
/// When a client is to come back after a stream has ended.
const RETRY: Duration = Duration::from_secs(1);
/// The header with which a client that comes back says what it has seen.
const LAST_EVENT_ID: &str = "last-event-id";

/// The parameters of `GET /v2/events`.
#[derive(Deserialize, ToSchema)]
pub(super) struct OfEvents {
    /// Which kinds, like `order.*,balance.low`; all, if there are none.
    types: Option<String>,
    /// The id of the last event that was seen. `Last-Event-ID` comes before it.
    after: Option<String>,
}

/// `GET /v2/events`.
pub(super) async fn follow(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    Query(OfEvents { types, after }): Query<OfEvents>,
) -> Result<Response, Problem> {
    let types = types.map_or(Ok(EventTypes::all()), |text| {
        let types = EventTypes::from_patterns(text.split(','));
        types.map_err(|error| Problem::of_parameter("types", error.to_string()))
    })?;
    let after = position(&headers, after.as_deref())?;
    let of_key = (caller.account(), caller.mode());
    let followed = api.gateway.events().follow(of_key, after).await?;
    let follower = followed.map_err(|PositionExpired| {
        Problem::new(
            Code::CursorExpired,
            "what has happened after this event is not kept any more: read what you need with GET \
             /v2/orders and GET /v2/rentals, and follow from now on, without a position",
        )
    })?;
    let (frames, taken) = mpsc::channel(1);
    let key_changes = api.gateway.accounts().follow_keys();
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let told = follower.position();
    let key = caller.key();
    let stream = EventStream { api, key, key_changes, types, follower, told, looks, frames };
    tokio::spawn(stream.run());
    let head = [(CONTENT_TYPE, "text/event-stream")];
    Ok((head, Body::new(Frames(taken))).into_response())
}

/// The last event that a client has seen, if it says one.
fn position(headers: &HeaderMap, after: Option<&str>) -> Result<Option<EventId>, Problem> {
    const RIGHT: &str = "the id of an event that you were sent, digits";
    let header = headers.get(LAST_EVENT_ID).filter(|value| !value.is_empty());
    if let Some(value) = header {
        let id = value.to_str().ok().and_then(|text| text.parse().ok());
        let wrong = || InputError::other(format!("Last-Event-ID is {RIGHT}"));
        return id.map(Some).ok_or_else(|| Problem::of_input(vec![wrong()]));
    }
    let wrong = |_| Problem::of_parameter("after", format!("after is {RIGHT}"));
    after.map(|text| text.parse().map_err(wrong)).transpose()
}

/// A stream of events to one client.
struct EventStream {
    api: Api,
    key: OpenKey,
    key_changes: watch::Receiver<()>,
    types: EventTypes,
    follower: EventFollower,
    /// The position that the client knows.
    told: EventId,
    looks: Interval,
    frames: mpsc::Sender<Bytes>,
}

impl EventStream {
    /// Sends events until the stream ends.
    async fn run(mut self) {
        let (mut goes_on, mut looks) = (self.send(beginning(self.told)).await, 0_u32);
        while goes_on && self.is_open().await {
            goes_on = tokio::select! {
                biased;
                () = self.api.stopping.cancelled() => false,
                () = self.frames.closed() => false,
                // The sender lives as long as the gateway.
                _ = self.key_changes.changed() => true,
                events = self.follower.next() => self.send_events(events).await,
                _ = self.looks.tick() => {
                    looks = looks.wrapping_add(1);
                    !looks.is_multiple_of(LOOKS_TO_A_COMMENT) || self.send_comment().await
                }
            };
        }
    }

    /// Whether the key still opens the account.
    async fn is_open(&self) -> bool {
        self.api.opens_still(self.key).await.unwrap_or(false)
    }

    /// Sends those events that the client has asked for. Answers whether the stream goes on.
    async fn send_events(&mut self, events: Result<Vec<Event>, Error>) -> bool {
        let events = match events {
            Ok(events) => events,
            Err(error) => {
                tracing::error!(event = "request_failed", %error, "events cannot be read");
                return false;
            }
        };
        for event in events.iter().filter(|event| event.kind != EventKind::WebhookTest) {
            if self.types.contains(event.kind) {
                if !self.send(frame(event)).await {
                    return false;
                }
                self.told = event.id;
            }
        }
        true
    }

    /// Sends a comment, and the position if the client does not know it. Answers whether the stream
    /// goes on.
    async fn send_comment(&mut self) -> bool {
        let position = self.follower.position();
        let is_known = std::mem::replace(&mut self.told, position) == position;
        let comment = if is_known { ":\n\n".to_owned() } else { format!(":\nid: {position}\n\n") };
        self.send(comment).await
    }

    /// Sends a frame once the client has taken those before it. Answers whether the stream goes on:
    /// not if the daemon stops, the key opens the account no more, or too much of what was sent is
    /// not taken.
    async fn send(&mut self, frame: String) -> bool {
        let Ok(bytes) = self.api.answers.count_piece(frame.into(), self.key.digest) else {
            return false;
        };
        loop {
            tokio::select! {
                biased;
                () = self.api.stopping.cancelled() => return false,
                _ = self.key_changes.changed() => {}
                room = self.frames.reserve() => {
                    return room.map(|room| room.send(bytes)).is_ok();
                }
            }
            if !self.is_open().await {
                return false;
            }
        }
    }
}

/// What a stream begins with: where it begins. This is an event with data, for many clients do not
/// remember an id that comes without.
fn beginning(position: EventId) -> String {
    let retry = RETRY.as_millis();
    format!("retry: {retry}\nid: {position}\nevent: position\ndata: {{\"type\":\"position\"}}\n\n")
}

fn frame(event: &Event) -> String {
    format!("id: {}\nevent: {}\ndata: {}\n\n", event.id, event.kind.as_str(), event.body())
}
