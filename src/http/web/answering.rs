//! What happens to each request for a page before and after the page's own function.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode};
use axum::response::Response;
use tracing::Instrument;

use super::super::client_address::client_network;
use super::super::limits::TooMany;
use super::cookies::Purpose;
use super::host::{Admitted, admit, requested_host};
use super::origin::is_from_own_page;
use super::page::Page;
use super::posting::filled;
use super::route::{Found, Handler, Params, Route};
use super::second_factor::second_factor_on_the_way_to;
use super::sign_in::Guest;
use super::site::Head;
use super::visit::Place;
use super::{Access, Fault, Site, Visit, Visitor, assets, frame, headers, refusal, responses};
use crate::gateway::{BoxFuture, SignedIn, on_behalf_of, read_for_page};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Where a second factor is added, with everything below it.
pub(super) const SECOND_FACTOR: &str = "/me/second-factor";
/// Where people sign in.
pub(super) const SIGN_IN: &str = "/sign-in";
/// Where pages are kept current.
pub(super) const LIVE: &str = "/live";

/// Who asks, when that is known, and what is to be set in the browser.
pub(super) struct Known {
    pub(super) session: SignedIn,
    pub(super) cookie: Option<HeaderValue>,
}

impl<P: Visitor> Site<P> {
    /// Answers a request that came from this address.
    pub(in crate::http) fn answer(
        &self,
        request: Request<Body>,
        peer: IpAddr,
    ) -> BoxFuture<'static, Response> {
        let (site, id) = (self.clone(), self.request_ids.next());
        // Without the path: it may contain the number of a SIM.
        let (side, method) = (P::SIDE.as_str(), request.method().clone());
        let span = tracing::info_span!("page", id, side, method = method.as_str());
        let answer = async move {
            let head = Head::of(&request, &id, &site.settings.proxies, peer);
            let mut response = match site.respond(&head, request).await {
                Ok(response) => response,
                Err(fault) => site.show_fault(&fault, None, &head),
            };
            let is_https = site.settings.origin.as_ref().is_some_and(|origin| origin.is_https());
            headers::protect(response.headers_mut(), is_https);
            let id = HeaderValue::try_from(&id);
            response.headers_mut().extend(id.ok().map(|id| (REQUEST_ID, id)));
            response
        };
        Box::pin(answer.instrument(span))
    }

    async fn respond(&self, head: &Head, request: Request<Body>) -> Result<Response, Fault> {
        if let Some(file) = assets::find(head.path()) {
            return Ok(file);
        }
        let origin = self.settings.origin.as_ref();
        match admit(origin, head.client, &head.headers, &head.uri) {
            Admitted::Yes => {}
            Admitted::OtherHost => {
                let page = refusal::other_host::<P>(origin);
                return Ok(responses::html(StatusCode::MISDIRECTED_REQUEST, page));
            }
            Admitted::NotLocal => {
                let page = refusal::not_local::<P>();
                return Ok(responses::html(StatusCode::FORBIDDEN, page));
            }
        }
        match head.method {
            Method::GET | Method::HEAD => {}
            Method::POST if is_from_own_page(origin, &head.headers, &head.uri) => {}
            Method::POST => return Err(Fault::Forbidden(FOREIGN.to_owned())),
            _ => return Err(Fault::WrongMethod),
        }
        if head.path() == LIVE {
            return self.follow(head).await;
        }
        let found = self.routes.find(&head.method, head.path());
        let found = found.map_err(|exists| match exists {
            true => Fault::WrongMethod,
            false => Fault::NotFound("There is no page with this address.".to_owned()),
        });
        match found {
            Ok(Found { route: Route { handler: Handler::Guest(handler), .. }, .. }) => {
                self.limit_address(head)?;
                let guest = Guest::of(self.clone(), head.clone(), request).await?;
                handler(guest).await
            }
            found => self.respond_to_visitor(head, found, request).await,
        }
    }

    /// Answers whoever has signed in, and asks all others to.
    async fn respond_to_visitor(
        &self,
        head: &Head,
        found: Result<Found<'_, P>, Fault>,
        request: Request<Body>,
    ) -> Result<Response, Fault> {
        let Some(known) = self.known(head).await? else {
            self.limit_address(head)?;
            return found.map(|found| ask_to_sign_in(&wanted(&found, head), head));
        };
        let cookie = known.cookie;
        let Some(person) = P::from_session(known.session) else {
            return Ok(ask_to_sign_in("/", head));
        };
        let params = found.as_ref().map(|found| found.params.clone()).unwrap_or_default();
        let visit = self.visit(person, head, params);
        let answered = match found {
            Ok(found) => self.visit_route(&visit, found.route, head, request).await,
            Err(fault) => Err(fault),
        };
        let mut response =
            answered.unwrap_or_else(|fault| self.show_fault(&fault, Some(&visit), head));
        response.headers_mut().extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
        Ok(response)
    }

    async fn visit_route(
        &self,
        visit: &Visit<P>,
        route: &Route<P>,
        head: &Head,
        request: Request<Body>,
    ) -> Result<Response, Fault> {
        let session = visit.person.session();
        let taken = self.by_session.take(session.session, visit.now);
        taken.map_err(|TooMany(seconds)| Fault::TooMany(seconds))?;
        if session.must_add_second_factor && !head.path().starts_with(SECOND_FACTOR) {
            let wanted = wanted_of(route, &visit.place.params, head);
            return Ok(responses::see_other(&second_factor_on_the_way_to(&wanted)));
        }
        check_access(visit, route.access)?;
        match &route.handler {
            Handler::Page(_) if head.method == Method::POST => {
                self.begin_search(visit, route, request).await
            }
            Handler::Page(handler) => self.show_page(visit, route, handler).await,
            Handler::File(handler) => self.show_file(visit, (route, handler), head, request).await,
            Handler::Post { page, handler } => {
                self.post(visit, (route, page, handler), head, request).await
            }
            Handler::Guest(_) => Err(Fault::WrongMethod),
        }
    }

    /// A page in its frame.
    pub(super) async fn frame(
        &self,
        visit: &Visit<P>,
        page: &Page,
        line: Option<String>,
        is_live: bool,
    ) -> maud::Markup {
        let head = frame::head_part(visit).await;
        frame::whole(visit, page, head, line.as_deref(), is_live)
    }

    /// A visit of a page.
    pub(super) fn visit(&self, person: P, head: &Head, params: Params) -> Visit<P> {
        let place = Place {
            path: head.path().to_owned(),
            params,
            query: head.query.clone(),
            private: &[],
            view: head.id.clone(),
            base: self.base_address(head),
        };
        Visit {
            person,
            site: self.clone(),
            place: Arc::new(place),
            now: self.gateway.now(),
            from: head.visitor(),
            attempt: None,
            is_first_look: true,
        }
    }

    /// Where the browser that sent a request finds this side.
    pub(super) fn base_address(&self, head: &Head) -> String {
        match &self.settings.origin {
            Some(origin) if !origin.has_any_port() => origin.to_string(),
            _ => {
                let host = requested_host(&head.headers, &head.uri);
                format!("http://{}", host.unwrap_or_default())
            }
        }
    }

    /// Whose session a request is of. A person whom a trusted proxy names is signed in by that.
    pub(super) async fn known(&self, head: &Head) -> Result<Option<Known>, Fault> {
        let people = self.gateway.people();
        let token = self.cookies.token(Purpose::Session, &head.headers);
        let session = match token {
            Some(token) => people.session(P::SIDE, token.digest()).await?,
            None => None,
        };
        let named = self.settings.proxy_user.as_ref().filter(|_| head.is_from_proxy);
        let named = named.and_then(|header| head.headers.get(header)?.to_str().ok());
        let is_named = |session: &SignedIn| {
            named.is_none_or(|name| session.name.as_str().eq_ignore_ascii_case(name.trim()))
        };
        if let Some(session) = session.filter(is_named) {
            return Ok(Some(Known { session, cookie: None }));
        }
        let Some(name) = named else { return Ok(None) };
        let Some(token) = people.sign_in_by_proxy(name, head.visitor()).await? else {
            return Ok(None);
        };
        let cookie = self.cookies.set(Purpose::Session, &token);
        let session = people.session(P::SIDE, token.digest()).await?;
        Ok(session.map(|session| Known { session, cookie }))
    }

    /// Limits what is asked without a session.
    fn limit_address(&self, head: &Head) -> Result<(), Fault> {
        let taken = self.by_address.take(client_network(head.client), self.gateway.now());
        taken.map_err(|TooMany(seconds)| Fault::TooMany(seconds))
    }

    /// The page that says what is wrong, with the request's id.
    pub(super) fn show_fault(
        &self,
        fault: &Fault,
        visit: Option<&Visit<P>>,
        head: &Head,
    ) -> Response {
        if let Fault::Failed(error) = fault {
            tracing::error!(event = "page_failed", error, "a page could not be made");
        }
        let page = refusal::fault_page(fault, &head.id, (P::SIDE, visit.is_some()));
        let page = match visit {
            Some(visit) => frame::whole(visit, &page, maud::Markup::default(), None, false),
            None => frame::bare::<P>(&page),
        };
        let mut response = responses::html(refusal::status_of(fault), page);
        if let Fault::TooMany(seconds) = fault {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(*seconds));
        }
        response
    }
}

/// Has somebody sign in and then come to a page. Who has sent a form is told that it did nothing.
fn ask_to_sign_in(address: &str, head: &Head) -> Response {
    let to = super::super::path_segment(address);
    let lost = if head.method == Method::POST { "&lost=1" } else { "" };
    match address {
        "/" if lost.is_empty() => responses::see_other(SIGN_IN),
        _ => responses::see_other(&format!("{SIGN_IN}?to={to}{lost}")),
    }
}

/// The page that somebody without a session has asked for, or the one that a form was on.
fn wanted<P: Visitor>(found: &Found<'_, P>, head: &Head) -> String {
    wanted_of(found.route, &found.params, head)
}

fn wanted_of<P: Visitor>(route: &Route<P>, params: &Params, head: &Head) -> String {
    match &route.handler {
        Handler::Post { page, .. } => filled(page, params),
        _ if head.method == Method::POST => head.path().to_owned(),
        _ => head.address(),
    }
}

/// What is said when a form came from another site.
const FOREIGN: &str = "This form was not sent from a page of this site, so nothing was done. \
    Programs use the API.";

fn check_access<P: Visitor>(visit: &Visit<P>, access: Access) -> Result<(), Fault> {
    match access {
        Access::May(permission) if !visit.may(permission) => Err(Fault::forbidden()),
        _ => Ok(()),
    }
}

/// Runs what a page needs, on behalf of who looks, with the readers that pages have.
pub(super) async fn for_page<P: Visitor, T>(
    visit: &Visit<P>,
    work: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    let work = read_for_page(work);
    match visit.person.person() {
        Some(person) => on_behalf_of(person, work).await,
        None => work.await,
    }
}
