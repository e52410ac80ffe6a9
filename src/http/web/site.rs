//! A side with everything that its requests share.

use std::net::{IpAddr, SocketAddr};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::USER_AGENT;
use axum::http::{HeaderMap, HeaderName, Method, Request, Uri};
use tokio_util::sync::CancellationToken;

use super::super::client_address::TrustedProxies;
use super::super::ids::RequestIds;
use super::super::limits::Buckets;
use super::super::params::peer_of;
use super::super::serve::RequestHandler;
use super::cookies::Cookies;
use super::once::{CarriedOut, Lines};
use super::query::Query;
use super::route::RouteTable;
use super::searches::Searches;
use super::streams::Streams;
use super::tried::Tried;
use super::{PublicOrigin, Visitor, me, second_factor, sign_in};
use crate::domain::SessionId;
use crate::gateway::{self, Gateway};

/// How many pages a session may ask for in a minute, and so many an address that has none.
const PAGES_PER_MINUTE: u32 = 600;
const MINUTE: Duration = Duration::from_secs(60);

/// How people reach a side.
#[derive(Debug, Clone, Default)]
pub struct SiteSettings {
    /// Where browsers find it; `None` if only on this machine.
    pub origin: Option<PublicOrigin>,
    /// The proxies that are believed.
    pub proxies: TrustedProxies,
    /// The header in which one of them says who has signed in there.
    pub proxy_user: Option<HeaderName>,
}

/// A side. A clone is another handle on the same one.
pub struct Site<P: Visitor>(Arc<Shared<P>>);

/// What the requests for a side's pages share.
pub struct Shared<P: Visitor> {
    pub(super) gateway: Gateway,
    pub(super) tools: P::Tools,
    pub(super) settings: SiteSettings,
    pub(super) cookies: Cookies,
    pub(super) request_ids: Arc<RequestIds>,
    pub(super) stopping: CancellationToken,
    pub(super) routes: RouteTable<P>,
    pub(super) by_session: Buckets<SessionId>,
    pub(super) by_address: Buckets<IpAddr>,
    pub(super) streams: Streams,
    pub(super) carried_out: CarriedOut,
    pub(super) lines: Lines,
    pub(super) searches: Searches,
    pub(super) tried: Tried,
}

impl<P: Visitor> Clone for Site<P> {
    fn clone(&self) -> Site<P> {
        Site(Arc::clone(&self.0))
    }
}

impl<P: Visitor> Deref for Site<P> {
    type Target = Shared<P>;

    fn deref(&self) -> &Shared<P> {
        &self.0
    }
}

impl<P: Visitor> Site<P> {
    /// A side of a gateway. `stopping` is cancelled when the daemon stops.
    pub fn new(
        gateway: Gateway,
        tools: P::Tools,
        settings: SiteSettings,
        request_ids: Arc<RequestIds>,
        stopping: CancellationToken,
    ) -> Site<P> {
        let cookies = Cookies::of(P::SIDE, settings.origin.as_ref());
        let own = [sign_in::routes(), me::routes(), second_factor::routes()];
        let routes = own.into_iter().flatten().chain(P::routes()).collect();
        Site(Arc::new(Shared {
            gateway,
            tools,
            settings,
            cookies,
            request_ids,
            stopping,
            routes: RouteTable::new(routes),
            by_session: Buckets::new(PAGES_PER_MINUTE, MINUTE),
            by_address: Buckets::new(PAGES_PER_MINUTE, MINUTE),
            streams: Streams::default(),
            carried_out: CarriedOut::default(),
            lines: Lines::default(),
            searches: Searches::default(),
            tried: Tried::default(),
        }))
    }

    /// The handler of a connection from this address.
    pub fn handler(&self, peer: SocketAddr) -> RequestHandler {
        let (site, peer) = (self.clone(), peer_of(peer));
        Box::new(move |request| {
            let site = site.clone();
            Box::pin(async move { Ok(site.answer(request.map(Body::new), peer).await) })
        })
    }
}

/// What a request says besides its body.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) id: String,
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) query: Query,
    pub(super) headers: HeaderMap,
    /// The client's address, also behind a proxy.
    pub(super) client: IpAddr,
    /// Whether the connection comes from a proxy that is believed.
    pub(super) is_from_proxy: bool,
}

impl Head {
    pub(super) fn of(
        request: &Request<Body>,
        id: &str,
        proxies: &TrustedProxies,
        peer: IpAddr,
    ) -> Head {
        Head {
            id: id.to_owned(),
            method: request.method().clone(),
            uri: request.uri().clone(),
            query: Query::parse(request.uri().query().unwrap_or_default()),
            headers: request.headers().clone(),
            client: proxies.client_of(peer, request.headers()),
            is_from_proxy: proxies.contains(peer),
        }
    }

    pub(super) fn path(&self) -> &str {
        self.uri.path()
    }

    /// The address of the page that is asked for.
    pub(super) fn address(&self) -> String {
        self.query.behind(self.path())
    }

    /// Who asks, as far as that is seen from outside.
    pub(super) fn visitor(&self) -> gateway::Visitor {
        let browser = self.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
        gateway::Visitor { address: self.client, browser: browser.unwrap_or_default().to_owned() }
    }
}
