//! Pages that are kept current. `GET /live?of=ADDRESS` runs the function of a page again whenever
//! something has changed that the page depends on, and sends the parts that look different, as
//! Server-Sent Events (WHATWG HTML, section 9.2). With `&once` it answers once.
//!
//! The events are `parts` (in JSON; its id is the state of the page after it), `alive` (a sign of
//! life), `yield` (another tab has taken this one's place), `again` (the browser was too slow: it
//! is to ask anew), `gone` (there is no such page any more) and `end` (the session has ended).

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use serde::Serialize;
use tokio::sync::mpsc;

use super::super::frames::Frames;
use super::answering::for_page;
use super::live_stream::{End, ROOM, Stream};
use super::page::{Part, Shown};
use super::query::Query;
use super::route::{Found, Handler};
use super::site::Head;
use super::visit::Place;
use super::{Fault, Page, Site, Visit, Visitor, frame, links, responses};
use crate::domain::login::SecretToken;
use crate::gateway::{self, SignedIn, TopicFollower};

/// A nginx that stands before us would otherwise gather what is sent.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// What a browser is sent of a page.
#[derive(Debug, Serialize)]
pub(super) struct Batch {
    title: String,
    pub(super) state: String,
    /// The parts that look different, in full.
    parts: Vec<SentPart>,
    /// The ids of all parts, in order.
    order: Vec<String>,
}

#[derive(Debug, Serialize)]
struct SentPart {
    id: String,
    html: String,
}

impl Batch {
    pub(super) fn new(parts: Vec<Part>, before: Option<&Shown>, shown: &Shown) -> Batch {
        let is_sent = |part: &Part| before.is_none_or(|before| !before.has(part));
        let sent = parts.into_iter().filter(is_sent);
        let sent = sent.map(|part| SentPart { id: part.id, html: part.markup.into_string() });
        Batch {
            title: shown.title.clone(),
            state: shown.state(),
            parts: sent.collect(),
            order: shown.ids().map(str::to_owned).collect(),
        }
    }

    pub(super) fn is_empty(&self, before: Option<&Shown>) -> bool {
        self.parts.is_empty() && before.is_some_and(|before| before.state() == self.state)
    }

    pub(super) fn in_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl<P: Visitor> Site<P> {
    /// `GET /live`.
    pub(super) async fn follow(&self, head: &Head) -> Result<Response, Fault> {
        if head.method != Method::GET {
            return Err(Fault::WrongMethod);
        }
        let token = self.cookies.token(super::cookies::Purpose::Session, &head.headers);
        let (Some(known), Some(token)) = (self.known(head).await?, token) else {
            return Ok(responses::plain(StatusCode::UNAUTHORIZED, "sign in"));
        };
        let session = known.session.session;
        if self.by_session.take(session, self.gateway.now()).is_err() {
            return Ok(responses::plain(StatusCode::TOO_MANY_REQUESTS, "too many requests"));
        }
        let Some(address) = head.query.get("of").filter(|of| links::is_own_address(of)) else {
            return Ok(responses::plain(StatusCode::BAD_REQUEST, "of which page?"));
        };
        let followed = Followed::new(self.clone(), token, head, address);
        let last = head.headers.get("last-event-id").and_then(|value| value.to_str().ok());
        let state = last.or(head.query.get("have")).unwrap_or_default().to_owned();
        if head.query.get("once").is_some() || head.uri.query().is_some_and(has_once) {
            return Ok(followed.once(&state).await);
        }
        let Some(place) = self.streams.enter(session) else {
            let full = "too many pages are followed";
            return Ok(responses::plain(StatusCode::SERVICE_UNAVAILABLE, full));
        };
        let (events, taken) = mpsc::channel(ROOM);
        let stream = Stream::new(followed, place, events, state);
        tokio::spawn(stream.run());
        let mut response = Response::new(Body::new(Frames(taken)));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(ACCEL_BUFFERING, HeaderValue::from_static("no"));
        Ok(response)
    }
}

/// Whether a query has `once` without a value.
fn has_once(query: &str) -> bool {
    query.split('&').any(|pair| pair == "once")
}

/// A page that is kept current for a session.
pub(super) struct Followed<P: Visitor> {
    pub(super) site: Site<P>,
    token: SecretToken,
    place: Place,
    from: gateway::Visitor,
}

impl<P: Visitor> Followed<P> {
    fn new(site: Site<P>, token: SecretToken, head: &Head, address: &str) -> Followed<P> {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let place = Place {
            path: path.to_owned(),
            params: Vec::new(),
            query: Query::parse(query),
            private: &[],
            view: head.query.get("view").unwrap_or_default().to_owned(),
            base: site.base_address(head),
        };
        Followed { site, token, place, from: head.visitor() }
    }

    /// Looks at the page again.
    pub(super) async fn look(&self) -> Result<(Visit<P>, Page, maud::Markup), End> {
        let people = self.site.gateway.people();
        let session = people.session(P::SIDE, self.token.digest()).await;
        let session = session.map_err(|_| End::Silent)?.ok_or(End::Session)?;
        let person = P::from_session(session).ok_or(End::Session)?;
        let found = self.site.routes.find(&Method::GET, &self.place.path);
        let Found { route, params } = found.map_err(|_| End::Gone)?;
        let (Handler::Page(handler), Some(_)) = (&route.handler, route.topics) else {
            return Err(End::Gone);
        };
        if matches!(route.access, super::Access::May(permission) if !person.may(permission)) {
            return Err(End::Gone);
        }
        let visit = Visit {
            person,
            site: self.site.clone(),
            place: Arc::new(Place { params, ..self.place.clone() }),
            now: self.site.gateway.now(),
            from: self.from.clone(),
            attempt: None,
            is_first_look: false,
        };
        let visit = self.site.with_search(&visit, route).ok_or(End::Gone)?;
        let page = for_page(&visit, handler(visit.clone())).await;
        let page = page.map_err(|fault| match fault {
            Fault::Busy | Fault::Failed(_) | Fault::NotNow(_) => End::Silent,
            _ => End::Gone,
        })?;
        let head = frame::head_part(&visit).await;
        Ok((visit, page, head))
    }

    /// Whether the session still opens what it did.
    pub(super) async fn is_unchanged(&self, before: &SignedIn) -> bool {
        let session = self.site.gateway.people().session(P::SIDE, self.token.digest()).await;
        session.is_ok_and(|session| session.as_ref() == Some(before))
    }

    /// What a browser that has a page in this state is to be sent, once.
    async fn once(&self, state: &str) -> Response {
        let (_, page, head) = match self.look().await {
            Ok(looked) => looked,
            Err(End::Session) => return responses::plain(StatusCode::UNAUTHORIZED, "sign in"),
            Err(End::Gone) => return responses::plain(StatusCode::GONE, "gone"),
            Err(_) => return responses::plain(StatusCode::SERVICE_UNAVAILABLE, "busy"),
        };
        let parts = frame::live_parts(&page, head);
        let shown = Shown::of(page.tab_title(P::BRAND), &parts);
        let before = (shown.state() == state).then(|| shown.clone());
        let batch = Batch::new(parts, before.as_ref(), &shown);
        let mut response = Response::new(Body::from(batch.in_json()));
        let kind = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, kind);
        response
    }

    /// Follows what the page depends on with the account that it is about, and what it depends on
    /// but need not show at once.
    pub(super) async fn topics(&self) -> Option<(TopicFollower, TopicFollower)> {
        let gateway = &self.site.gateway;
        let found = self.site.routes.find(&Method::GET, &self.place.path).ok()?;
        let topics = [found.route.topics?, P::head_topics()].concat();
        let session = gateway.people().session(P::SIDE, self.token.digest()).await.ok()??;
        let account = P::from_session(session)?.account();
        let slow = gateway.topics().follow(found.route.slow_topics, None);
        Some((gateway.topics().follow(&topics, account), slow))
    }
}
