//! The centre's end of the links: lets sites in, carries out what they ask, and passes operators'
//! requests on to them. What is at a site has a name of its own here ([`crate::domain::site`]), and
//! is otherwise treated like what is at the centre.

mod boot;
mod connection;
mod modem_control;
mod questions;

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::banks::BankBridge;
use super::config::SitesSection;
use super::gateway_bridge::GatewayBridge;
use super::link::send_at_once;
use super::tls;
use crate::domain::{Iccid, SiteName};
use crate::gateway::Gateway;
use crate::wire::{BootId, Reply, Request};
use boot::Boot;
use connection::Connection;
pub(super) use modem_control::RoutedModemControl;

/// How long a site may take to agree on TLS.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How many connections there may be that were not let in yet, of sites and of whoever else finds
/// the address.
const MOST_STRANGERS: usize = 512;
/// The pause after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The sites' connections, and what carries out what they ask.
pub(super) struct Sites {
    gateway: Gateway,
    modems: Arc<GatewayBridge>,
    banks: Arc<BankBridge>,
    silent_after: Duration,
    by_name: Mutex<HashMap<SiteName, Site>>,
    /// Who was not let in last, and why.
    last_refusal: Mutex<Option<(IpAddr, String)>>,
}

/// Why there is no reply to a request.
enum NoReply {
    /// The site was not asked.
    NotConnected,
    /// The site may have carried the request out.
    Lost,
}

/// What is known of a site while this daemon runs.
#[derive(Default)]
struct Site {
    connection: Option<Arc<Connection>>,
    boot: Option<Arc<Boot>>,
}

/// Listens for sites on the address of `[sites]`, if there is one, and reads the certificate.
///
/// # Errors
/// The address or the certificate cannot be used; says why and what would be right.
pub(super) fn listen(
    config: &SitesSection,
) -> Result<Option<(std::net::TcpListener, TlsAcceptor)>, String> {
    let Some(address) = config.listen else { return Ok(None) };
    let acceptor = tls::acceptor(&config.certificate, &config.key_file)
        .map_err(|error| format!("{error}; `simbridge site certificate` makes one"))?;
    let listener = std::net::TcpListener::bind(address).map_err(|error| {
        format!("cannot listen on {address} for sites: {error}; set another listen")
    })?;
    Ok(Some((listener, acceptor)))
}

impl Sites {
    pub(super) fn new(
        gateway: Gateway,
        modems: Arc<GatewayBridge>,
        banks: Arc<BankBridge>,
        silent_after: Duration,
    ) -> Arc<Sites> {
        Arc::new(Sites {
            gateway,
            modems,
            banks,
            silent_after,
            by_name: Mutex::default(),
            last_refusal: Mutex::default(),
        })
    }

    /// Serves sites on the address of `[sites]`, if there is one, until `stop`. Returns the
    /// address, which may have a port that the system chose.
    ///
    /// # Errors
    /// The address or the certificate cannot be used; says why and what would be right.
    pub(super) fn serve(
        self: &Arc<Self>,
        config: &SitesSection,
        stop: &CancellationToken,
    ) -> Result<Option<SocketAddr>, String> {
        let Some((listener, acceptor)) = listen(config)? else { return Ok(None) };
        let begun = listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener));
        let listener = begun.map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        tracing::info!(event = "sites_served", %address, "serving sites");
        let (sites, stop) = (Arc::clone(self), stop.clone());
        tokio::spawn(async move {
            stop.clone().run_until_cancelled(sites.accept(listener, acceptor, stop)).await
        });
        Ok(Some(address))
    }

    async fn accept(
        self: Arc<Self>,
        listener: TcpListener,
        acceptor: TlsAcceptor,
        stop: CancellationToken,
    ) {
        let places = Arc::new(Semaphore::new(MOST_STRANGERS));
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let (stream, address) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::debug!(event = "accept_failed", %error, "a site was not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let (sites, acceptor, stop) = (Arc::clone(&self), acceptor.clone(), stop.clone());
            let span = tracing::info_span!("site", %address, name = tracing::field::Empty);
            let serving = async move {
                let serving = sites.serve_one(stream, address, acceptor, place);
                stop.run_until_cancelled(Box::pin(serving)).await;
            };
            tokio::spawn(serving.instrument(span));
        }
    }

    async fn serve_one(
        self: Arc<Self>,
        stream: TcpStream,
        address: SocketAddr,
        acceptor: TlsAcceptor,
        place: OwnedSemaphorePermit,
    ) {
        send_at_once(&stream);
        let stream = match tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                return tracing::debug!(event = "site_refused", %error, "no agreement on TLS");
            }
            Err(_) => {
                return tracing::debug!(event = "site_refused", "no agreement on TLS in time");
            }
        };
        let forgetting = Forgetting(Connection::new(Arc::clone(&self), address, place));
        let connection = &forgetting.0;
        let ended = connection.run(stream).await;
        if connection.site().is_some() {
            let reason = ended.to_string();
            tracing::warn!(event = "site_disconnected", reason, "a site is not connected any more");
        } else {
            let refusal = connection.refusal();
            let reason = refusal.map_or_else(|| ended.to_string(), |refusal| refusal.to_string());
            self.log_refusal(address, reason);
        }
    }

    /// Forgets the connection of a site that has ended.
    fn forget(&self, name: &SiteName) {
        if let Some(site) = self.by_name.lock().get_mut(name) {
            site.connection = None;
        }
        self.gateway.sites().disconnected(name);
    }

    /// Logs why somebody was not let in, once for all attempts in a row: a site tries again every
    /// few seconds.
    fn log_refusal(&self, address: SocketAddr, reason: String) {
        let refusal = Some((address.ip(), reason));
        let mut last = self.last_refusal.lock();
        if *last != refusal {
            let reason = refusal.as_ref().map(|(_, reason)| reason);
            tracing::warn!(event = "site_refused", reason, "a site was not let in");
            *last = refusal;
        }
    }

    /// The connection that a site has.
    fn connection_of(&self, name: &SiteName) -> Option<Arc<Connection>> {
        self.by_name.lock().get(name)?.connection.clone()
    }

    /// Waits until everything that a site has asked so far is carried out: what it says next about
    /// its SIMs is newer than that.
    async fn finish_questions_of(&self, name: &SiteName) {
        let boot = self.by_name.lock().get(name).and_then(|site| site.boot.clone());
        if let Some(boot) = boot {
            boot.carrying_out.wait().await;
        }
    }

    /// Notes the connection of a site, and which run of its process this is. SIMs that were
    /// released to it and that it does not hold any more are reclaimed.
    fn begin(
        &self,
        name: &SiteName,
        connection: &Arc<Connection>,
        id: BootId,
        released: &[Iccid],
    ) -> Arc<Boot> {
        let (boot, before) = {
            let mut by_name = self.by_name.lock();
            let site = by_name.entry(name.clone()).or_default();
            site.connection = Some(Arc::clone(connection));
            let before = site.boot.clone();
            let same = before.clone().filter(|boot| boot.id == id);
            let boot = same.unwrap_or_else(|| Arc::new(Boot::new(name.clone(), id)));
            site.boot = Some(Arc::clone(&boot));
            (boot, before)
        };
        if before.as_ref().is_none_or(|before| before.id != id) {
            self.gateway.sites().restarted(name);
        }
        let held: HashSet<Iccid> = released.iter().cloned().collect();
        let known = before.map(|before| before.released.lock().clone()).unwrap_or_default();
        known.difference(&held).for_each(|iccid| self.gateway.banks().reclaim(iccid));
        *boot.released.lock() = known.intersection(&held).cloned().collect();
        boot
    }

    /// Asks a site to do something.
    async fn request(&self, name: &SiteName, request: Request) -> Result<Reply, NoReply> {
        let connection = self.connection_of(name).ok_or(NoReply::NotConnected)?;
        connection.request(request).await.ok_or(NoReply::Lost)
    }
}

/// Has a connection forgotten when this is dropped, also by a panic: the site could not connect any
/// more otherwise.
struct Forgetting(Arc<Connection>);

impl Drop for Forgetting {
    fn drop(&mut self) {
        self.0.end();
    }
}
