//! A site: drives its modems and SIM banks for a central daemon, which has the ledger. It keeps
//! nothing on a disk: what the centre has not taken stays in its modem.

mod host;
mod link;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::config::{Config, SiteSection};
use super::liveness::Liveness;
use super::modem_control::DriverModemControl;
use super::operator_servers::{serve_commands, serve_metrics};
use super::reload::Reloader;
use super::{FIRST_TRIES_INTERVAL, REQUEST_TIMEOUT_AT_STOP, StartError, banks, ports, tls};
use crate::driver::{self, Driver, credential};
use crate::gateway::{self, BoxFuture, Entropy, ModemControl, Reload};
use crate::http::{self, Listening, RequestIds};
use crate::wire::{BootId, Identity, Reply, Request, SiteKey};
use host::SiteHost;
use link::{Link, Requests};

/// A site's daemon as it runs.
pub struct SiteDaemon {
    driver: Driver,
    servers: Vec<Listening>,
    stopping: CancellationToken,
    host: Arc<SiteHost>,
    reloader: Arc<Reloader>,
}

impl SiteDaemon {
    /// Starts everything on the current runtime.
    pub async fn start(
        config: &Config,
        site: &SiteSection,
        clock: gateway::Clock,
        entropy: Entropy,
    ) -> Result<SiteDaemon, StartError> {
        let banks =
            banks::banks(config).map_err(|(line, fault)| StartError::Bank { line, fault })?;
        let identity = identity(site, &entropy).map_err(StartError::Site)?;
        let connector = tls::pinned_connector(&site.fingerprints).map_err(StartError::Site)?;
        let stopping = CancellationToken::new();
        let started = clock.now();
        let link = Arc::new(Link::new(identity, site.key_file.clone(), clock));
        let host = Arc::new(SiteHost::new(site.name.clone(), Arc::clone(&link), started));
        let driver = driver::start(ports(config), config.driver_settings(), Arc::clone(&host));
        let banks = driver::bank::start(banks, &driver.handle(), &host, &stopping);
        let (handle, hardware) = (driver.handle(), config.hardware.clone());
        let control = Arc::new(DriverModemControl { driver: handle, banks, hardware });
        host.set_control(Arc::clone(&control));
        let carrying_out = Arc::new(CarryingOut(control));
        let (central, stop) = (site.central.clone(), stopping.clone());
        tokio::spawn(link.run(connector, central, carrying_out, stop));
        let reloader = Arc::new(Reloader {
            file: config.file.clone(),
            business: None,
            driver: driver.handle(),
            started_with: config.clone(),
            in_effect: Mutex::new(config.clone()),
        });
        let servers = match serve_operator(config, &host, &reloader) {
            Ok(servers) => servers,
            Err(error) => {
                stopping.cancel();
                driver.stop().await;
                return Err(error);
            }
        };
        Ok(SiteDaemon { driver, servers, stopping, host, reloader })
    }

    /// Reloads the configuration and logs the result.
    pub async fn reload(&self) {
        let _ = self.reloader.reload().await;
    }

    /// Checks whether the daemon still works.
    pub fn liveness(&self) -> Liveness {
        Liveness::of_site(self.driver.handle())
    }

    /// Waits until every existing port has been tried once, with whatever result, but no longer
    /// than `timeout`. Returns whether all were.
    pub fn wait_for_first_tries(&self, timeout: Duration) -> impl Future<Output = bool> + use<> {
        let (driver, host) = (self.driver.handle(), Arc::clone(&self.host));
        let tried = async move {
            driver.wait_for_first_scan().await;
            let is_tried = |port: &crate::domain::PortName| {
                host.modems.has_finished_first_attempt(port.as_str())
            };
            while !driver.ports().iter().all(is_tried) {
                tokio::time::sleep(FIRST_TRIES_INTERVAL).await;
            }
        };
        async move { tokio::time::timeout(timeout, tried).await.is_ok() }
    }

    /// Stops everything: modems before the link, so that their last messages reach the centre.
    pub async fn stop(self) {
        self.driver.stop().await;
        self.stopping.cancel();
        for server in self.servers {
            server.stop(REQUEST_TIMEOUT_AT_STOP).await;
        }
    }
}

/// Who the site is, with the key from its file.
fn identity(site: &SiteSection, entropy: &Entropy) -> Result<Identity, String> {
    let key = read_key(&site.key_file)?;
    let random = entropy().ok_or("the system has no random numbers")?;
    let boot = random.first_chunk().copied().map(BootId::from_entropy);
    let version = env!("CARGO_PKG_VERSION").to_owned();
    Ok(Identity { site: site.name.clone(), key, boot: boot.ok_or("too few octets")?, version })
}

/// The key in a file.
///
/// # Errors
/// The file cannot be read, or has no key; says what would be right.
pub(super) fn read_key(file: &Path) -> Result<SiteKey, String> {
    let path = credential(file)?;
    let text = std::fs::read_to_string(&path)
        .map_err(|error| format!("cannot read the site's key {}: {error}", path.display()))?;
    text.parse().map_err(|error| {
        format!("{}: {error}, as `simbridge site add` shows it once", path.display())
    })
}

fn serve_operator(
    config: &Config,
    host: &Arc<SiteHost>,
    reloader: &Arc<Reloader>,
) -> Result<Vec<Listening>, StartError> {
    let mut servers = Vec::new();
    let health = http::health::router(Arc::clone(host) as Arc<_>);
    servers.extend(serve_metrics(config, health.clone())?);
    let admin = health
        .merge(http::admin::reload_router(Arc::clone(reloader) as Arc<_>))
        .merge(http::admin::site_router(Arc::clone(host) as Arc<_>));
    let request_ids = Arc::new(RequestIds::starting_at(host.link.now()));
    servers.push(serve_commands(config, admin, request_ids)?);
    Ok(servers)
}

/// Carries out what the centre asks with the site's driver and banks.
struct CarryingOut(Arc<DriverModemControl>);

impl Requests for CarryingOut {
    fn carry_out(&self, request: Request) -> BoxFuture<'static, Reply> {
        let control = Arc::clone(&self.0);
        Box::pin(async move {
            match request {
                Request::Detail { port } => Reply::Detail(control.detail(port.as_str()).await),
                Request::Recording { port } => {
                    Reply::Recording(control.recording(port.as_str()).await)
                }
                Request::Modem { port, request } => {
                    Reply::Modem(control.request(port, request).await)
                }
                Request::Switch { bank, radio, slot } => {
                    Reply::Switched(control.switch(&bank, &radio, slot).await)
                }
            }
        })
    }
}
