//! Creates the parts of the daemon, starts them and stops them.

mod background;
mod banks;
mod central;
pub mod check;
pub mod config;
pub mod database;
mod gateway_bridge;
mod link;
mod liveness;
pub mod logging;
mod modem_control;
pub mod monitoring;
pub(crate) mod monotonic_clock;
mod number_discovery;
mod operator_servers;
mod reload;
mod rights;
mod site;
mod standby;
mod start_error;
pub mod system_sources;
pub mod tls;
mod web;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::delivery;
use crate::delivery::notices::Notices;
use crate::driver::bank::BankPorts;
use crate::driver::{self, Driver, PortOptions, PortPattern, Ports};
use crate::gateway::{Clock, Entropy, Gateway, ModemControl, Notifier, Reload};
use crate::http::{self, ClientShares, ConnectionLimits, Listening, RequestIds, Throttle};
use crate::store::{Store, StoreError};
use config::{Config, NotifySection};
use gateway_bridge::GatewayBridge;
pub use liveness::Liveness;
pub use modem_control::scan_ports;
use modem_control::{DriverModemControl, business_settings};
use monitoring::Monitor;
use operator_servers::{serve_commands, serve_metrics};
use reload::Reloader;
pub use site::SiteDaemon;
pub use start_error::StartError;

/// How long open requests may take when the daemon stops. Everything has to end within five
/// seconds.
const REQUEST_TIMEOUT_AT_STOP: Duration = Duration::from_secs(2);
/// How often to check whether all ports have been tried.
const FIRST_TRIES_INTERVAL: Duration = Duration::from_millis(100);

/// The daemon as it runs: its listeners and tasks, and the means to stop them.
pub struct Daemon {
    gateway: Gateway,
    store: Store,
    address: SocketAddr,
    console: Option<SocketAddr>,
    stopping: CancellationToken,
    servers: Vec<Listening>,
    driver: Driver,
    reloader: Arc<Reloader>,
    due_work: JoinHandle<()>,
    webhooks: JoinHandle<()>,
}

/// What every part of the daemon is started with.
struct Core<'c> {
    config: &'c Config,
    gateway: Gateway,
    monitor: Arc<Monitor>,
    throttle: Throttle,
    request_ids: Arc<RequestIds>,
    /// Cancelled when the daemon stops.
    stopping: CancellationToken,
}

impl Daemon {
    /// Starts everything on the current runtime. What became due while the daemon was down is done
    /// before the first customer is served.
    pub async fn start(
        config: &Config,
        store: Store,
        clock: Clock,
        entropy: Entropy,
    ) -> Result<Daemon, StartError> {
        let banks =
            banks::banks(config).map_err(|(line, fault)| StartError::Bank { line, fault })?;
        let gateway = open_gateway(config, store.clone(), clock, entropy).await?;
        let core = Core {
            config,
            monitor: Monitor::new(gateway.clone(), store.clone()),
            throttle: Throttle::new(config.limits),
            request_ids: Arc::new(RequestIds::starting_at(gateway.now())),
            stopping: CancellationToken::new(),
            gateway,
        };
        let (address, customers) = core.serve_customers()?;
        let (driver, modem_control, sites) = core.run_modems(banks);
        core.monitor.set_running(address, driver.handle());
        let sites_served = sites.serve(&config.sites, &core.stopping).map_err(StartError::Sites);
        let reloader = core.reloader(&driver);
        let notices = core.notices();
        let mut servers = vec![customers];
        let operator = OperatorParts {
            modems: Arc::clone(&modem_control),
            reloader: Arc::clone(&reloader),
            notices,
        };
        let serving =
            sites_served.and_then(|sites| core.serve_operator(&operator, sites, &mut servers));
        let console = match serving {
            Ok(console) => console,
            Err(error) => {
                driver.stop().await;
                for server in servers {
                    server.stop(Duration::ZERO).await;
                }
                return Err(error);
            }
        };
        let Core { gateway, monitor, stopping, .. } = core;
        tokio::spawn(Arc::clone(&monitor).watch_alarms(stopping.clone()));
        let webhooks = tokio::spawn(delivery::send_webhooks(
            gateway.clone(),
            Arc::clone(&monitor.webhooks),
            system_sources::webhook_connection_limit(),
            stopping.clone(),
        ));
        tokio::spawn(Arc::clone(&monitor).take_samples(stopping.clone()));
        tokio::spawn(monitor.keep_counting(stopping.clone()));
        tokio::spawn(background::report_faults(gateway.clone(), stopping.clone()));
        tokio::spawn(background::watch_clock(gateway.clone(), stopping.clone()));
        if store.path().is_some() {
            tokio::spawn(background::watch_database_files(gateway.clone(), stopping.clone()));
        } else {
            tokio::spawn(background::show_lead(store.clone(), stopping.clone()));
        }
        tokio::spawn(number_discovery::run(gateway.clone(), modem_control, stopping.clone()));
        let attribution =
            background::attribute_messages(gateway.clone(), store.clone(), stopping.clone());
        tokio::spawn(attribution);
        tokio::spawn(background::watch_outages(gateway.clone(), stopping.clone()));
        tokio::spawn(background::finish_erasures(gateway.clone(), stopping.clone()));
        let due_work = tokio::spawn(background::run_due_work(gateway.clone(), stopping.clone()));
        Ok(Daemon {
            gateway,
            store,
            address,
            console,
            stopping,
            servers,
            driver,
            reloader,
            due_work,
            webhooks,
        })
    }

    /// The address that customers are served on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address that operators' pages are served on.
    pub fn console(&self) -> Option<SocketAddr> {
        self.console
    }

    /// The gateway, for callers in the same process.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// Reloads the configuration and logs the result.
    pub async fn reload(&self) {
        let _ = self.reloader.reload().await;
    }

    /// Checks whether the daemon still works.
    pub fn liveness(&self) -> Liveness {
        Liveness::new(self.store.clone(), self.address, self.driver.handle())
    }

    /// Waits until every existing port has been tried once, with whatever result, but no longer
    /// than `timeout`. Returns whether all were.
    pub fn wait_for_first_tries(&self, timeout: Duration) -> impl Future<Output = bool> + use<> {
        let (driver, gateway) = (self.driver.handle(), self.gateway.clone());
        let tried = async move {
            driver.wait_for_first_scan().await;
            while !driver
                .ports()
                .iter()
                .all(|port| gateway.modems().has_finished_first_attempt(port.as_str()))
            {
                tokio::time::sleep(FIRST_TRIES_INTERVAL).await;
            }
        };
        async move { tokio::time::timeout(timeout, tried).await.is_ok() }
    }

    /// Waits until the database on its server is lost, and says why. With a file this never ends.
    pub fn database_loss(&self) -> impl Future<Output = StoreError> + use<> {
        let store = self.store.clone();
        async move { store.lost().await }
    }

    /// Stops without the database, which is lost: what modems and customers would still bring
    /// cannot be saved. Open requests are answered that they have failed.
    pub async fn stop_without_database(self) {
        self.stopping.cancel();
        let servers = stop_servers(self.servers);
        // Most modems are left in order within this time; the others are found by the next start.
        let _ = tokio::time::timeout(REQUEST_TIMEOUT_AT_STOP, self.driver.stop()).await;
        servers.await;
    }

    /// Stops everything: modems before the database, so that their last messages are committed.
    pub async fn stop(self) {
        self.stopping.cancel();
        let servers = stop_servers(self.servers);
        self.driver.stop().await;
        servers.await;
        let _ = (self.due_work.await, self.webhooks.await);
        // If the database cannot be written, others have told.
        let _ = self.gateway.accounts().save_key_events().await;
        self.store.close().await;
    }
}

/// Has all servers stop, and waits for them.
fn stop_servers(servers: Vec<Listening>) -> impl Future<Output = ()> {
    let stops = servers.into_iter().map(|server| server.stop(REQUEST_TIMEOUT_AT_STOP));
    let stops: Vec<_> = stops.map(tokio::spawn).collect();
    async {
        for stop in stops {
            let _ = stop.await;
        }
    }
}

/// What operators reach besides the business.
struct OperatorParts {
    modems: Arc<dyn ModemControl>,
    reloader: Arc<Reloader>,
    notices: Arc<dyn Notifier>,
}

impl Core<'_> {
    /// Listens for customers; returns the address, which may have a port that the system chose.
    fn serve_customers(&self) -> Result<(SocketAddr, Listening), StartError> {
        let service = http::make_service(
            self.gateway.clone(),
            (self.throttle.clone(), self.config.http.trusted_proxies.clone()),
            Arc::clone(&self.monitor.requests),
            Arc::clone(&self.request_ids),
            self.stopping.clone(),
            self.portal(),
        );
        let config = &self.config.http;
        let address = config.listen;
        let (throttle, proxies) = (self.throttle.clone(), config.trusted_proxies.clone());
        let limits = ConnectionLimits {
            max_connections: system_sources::connection_limit(config.max_connections),
            by_client: Some(ClientShares::new(throttle, proxies)),
            write_timeout: config.write_timeout,
        };
        http::listen_tcp(address, move |client| service.handler(client), limits)
            .map_err(|error| StartError::http(address, &error))
    }

    /// Starts the driver and the SIM banks, and what sites connect to.
    fn run_modems(
        &self,
        banks: Vec<BankPorts>,
    ) -> (Driver, Arc<dyn ModemControl>, Arc<central::Sites>) {
        let (config, gateway) = (self.config, &self.gateway);
        let host = Arc::new(GatewayBridge::new(gateway.clone(), Arc::clone(&self.monitor.modems)));
        let driver = driver::start(ports(config), config.driver_settings(), Arc::clone(&host));
        let bank_bridge = Arc::new(banks::BankBridge::new(gateway.clone()));
        let banks = driver::bank::start(banks, &driver.handle(), &bank_bridge, &self.stopping);
        let silent_after = config.sites.silent_after;
        let sites = central::Sites::new(gateway.clone(), host, bank_bridge, silent_after);
        let (handle, hardware) = (driver.handle(), config.hardware.clone());
        let local = DriverModemControl { driver: handle, banks, hardware };
        let control = central::RoutedModemControl { local, sites: Arc::clone(&sites) };
        (driver, Arc::new(control), sites)
    }

    /// The channels for notices, which begin to tell alarms.
    fn notices(&self) -> Arc<dyn Notifier> {
        let channels = self.config.notify.iter().map(NotifySection::usable);
        let site = system_sources::host_name();
        let notices = Notices::new(channels.collect(), site, self.gateway.clone());
        notices.run(&self.stopping);
        notices
    }

    fn reloader(&self, driver: &Driver) -> Arc<Reloader> {
        Arc::new(Reloader {
            file: self.config.file.clone(),
            business: Some((self.gateway.clone(), self.throttle.clone())),
            driver: driver.handle(),
            started_with: self.config.clone(),
            in_effect: Mutex::new(self.config.clone()),
        })
    }

    /// Listens on the admin socket and, where these are configured, on the addresses for metrics
    /// and for operators' pages. Returns the latter. Adds each server that has begun to `servers`.
    fn serve_operator(
        &self,
        parts: &OperatorParts,
        sites: Option<SocketAddr>,
        servers: &mut Vec<Listening>,
    ) -> Result<Option<SocketAddr>, StartError> {
        let monitor = &self.monitor;
        let console = self.serve_console(parts)?;
        let console = console.map(|(address, server)| {
            servers.push(server);
            address
        });
        let health = http::health::router(monitor.clone());
        servers.extend(serve_metrics(self.config, health.clone())?);
        let state = http::admin::AdminState {
            gateway: self.gateway.clone(),
            modems: Arc::clone(&parts.modems),
            customers: monitor.customers().unwrap_or(self.config.http.listen),
            stopping: self.stopping.clone(),
            web: self.web_addresses(console),
            console,
            sites,
        };
        let admin = http::admin::router(state)
            .merge(http::admin::reload_router(parts.reloader.clone()))
            .merge(http::admin::notices_router(Arc::clone(&parts.notices)))
            .merge(http::health::overview(monitor.clone()))
            .merge(health);
        let connections = system_sources::admin_connection_limit();
        let admin = http::admin::limit_long_requests(admin, connections);
        let admin = http::with_persons(admin);
        servers.push(serve_commands(self.config, admin, Arc::clone(&self.request_ids))?);
        Ok(console)
    }
}

/// Reads the database and does what became due while the daemon was down.
async fn open_gateway(
    config: &Config,
    store: Store,
    clock: Clock,
    entropy: Entropy,
) -> Result<Gateway, StartError> {
    let opened = Gateway::open(store.clone(), business_settings(config), clock, entropy).await;
    let gateway = opened.map_err(|error| StartError::from_opening(error, store.path()))?;
    if let Err(error) = gateway.due_work().run_overdue_deadlines().await {
        // With a full disk the daemon starts all the same: it is tried again, and customers
        // get an error.
        tracing::error!(
            event = "sweep_failed",
            %error,
            "what became due while the daemon was down could not be done yet"
        );
    }
    Ok(gateway)
}

/// The ports of all modems and of all radios of banks.
fn ports(config: &Config) -> Vec<Ports> {
    // The ports of banks come first, because a glob of a modem section may include them.
    let radios = banks::banks(config).unwrap_or_default().into_iter().flat_map(|bank| bank.ports());
    let ports = config.modems.iter().map(|modem| Ports {
        pattern: PortPattern { port: modem.port.clone(), baud: modem.baud },
        options: PortOptions {
            profile: modem.profile.clone(),
            pin_file: modem.pin_file.clone(),
            pin_without_count: modem.pin_without_count,
            insecure: modem.insecure,
            ..PortOptions::default()
        },
    });
    radios.chain(ports).collect()
}
