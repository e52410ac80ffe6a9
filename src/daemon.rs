//! Puts the parts together, starts them and stops them.

mod banks;
pub mod check;
pub mod config;
mod gateway_bridge;
mod liveness;
pub mod logging;
mod modem_control;
pub mod monitoring;
mod monotonic_clock;
mod number_discovery;
mod reload;
mod rights;
pub mod rlimits;
pub mod system_sources;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::driver::{self, Driver, PortOptions, PortPattern, Ports};
use crate::gateway::{self, Clock, Entropy, Gateway, ModemControl, Reload, Settings};
use crate::http::{self, Listening, RequestIds, Throttle};
use crate::store::{Store, StoreError};
use config::Config;
use gateway_bridge::GatewayBridge;
pub use liveness::Liveness;
use modem_control::DriverModemControl;
use monitoring::Monitor;
use reload::Reloader;

/// Connections at once where metrics are served.
const METRICS_CONNECTIONS: usize = 64;
/// How long open requests may take when the daemon stops; modems, writer and all must end within
/// five seconds.
const REQUEST_PATIENCE: Duration = Duration::from_secs(2);
/// How often it is looked whether all ports have had their first try.
const FIRST_TRIES_LOOK: Duration = Duration::from_millis(100);
/// How often it is looked whether the clock was set.
const CLOCK_LOOK: Duration = Duration::from_secs(2);
/// A clock that went on by so much more than it should have was set; a busy machine looks a little
/// late, too.
const CLOCK_SET: Duration = Duration::from_secs(2);
/// How long until the sweeper tries again after the database failed it.
const RETRY: Duration = Duration::from_secs(5);

/// Why the daemon did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database's folder.
    #[error("cannot make the folder {folder} for the database: {reason}")]
    Folder {
        /// The folder.
        folder: String,
        /// What the system says.
        reason: String,
    },
    /// What is in the database.
    #[error(transparent)]
    Gateway(#[from] gateway::Error),
    /// The customers' address.
    #[error("cannot listen on {address} for customers: {reason}; set another [http] listen")]
    Http {
        /// The configured address.
        address: SocketAddr,
        /// What the system says.
        reason: String,
    },
    /// The address for metrics.
    #[error("cannot listen on {address} for metrics: {reason}; set another [admin] metrics_listen")]
    Metrics {
        /// The configured address.
        address: SocketAddr,
        /// What the system says.
        reason: String,
    },
    /// A SIM bank.
    #[error("line {line}: {fault}")]
    Bank {
        /// Its line in the configuration.
        line: usize,
        /// What is wrong, and what would be right.
        fault: String,
    },
    /// The admin socket.
    #[error("cannot listen on {socket} for commands: {reason}; set another [admin] socket")]
    Admin {
        /// The configured path.
        socket: String,
        /// What the system says.
        reason: String,
    },
}

impl StartError {
    fn opening(error: gateway::Error, database: &Path) -> StartError {
        match error {
            gateway::Error::Store(error) => StartError::Store(error.of_file(database)),
            other => StartError::Gateway(other),
        }
    }

    /// Whether trying again is of no use before somebody has seen to it.
    pub fn is_lasting(&self) -> bool {
        matches!(
            self,
            StartError::Store(StoreError::Damaged { .. } | StoreError::Newer { .. })
                | StartError::Bank { .. }
        )
    }
}

/// A running daemon.
pub struct Daemon {
    gateway: Gateway,
    store: Store,
    address: SocketAddr,
    stopping: CancellationToken,
    servers: Vec<Listening>,
    driver: Driver,
    reloader: Arc<Reloader>,
    sweeper: JoinHandle<()>,
}

impl Daemon {
    /// Starts everything on the current runtime. What became due while nobody was there is done
    /// before anybody is let in.
    pub async fn start(
        config: &Config,
        clock: Clock,
        entropy: Entropy,
    ) -> Result<Daemon, StartError> {
        let banks =
            banks::banks(config).map_err(|(line, fault)| StartError::Bank { line, fault })?;
        make_folder(&config.database.path)?;
        let store =
            Store::open_with(&config.database.path, config.database.checkpointed_by_others)?;
        let opened = Gateway::open(store.clone(), settings(config), clock, entropy).await;
        let gateway = opened.map_err(|error| StartError::opening(error, &config.database.path))?;
        if let Err(error) = gateway.sweeper().run_overdue_deadlines().await {
            // A full disk keeps nobody out: the sweeper tries again, and customers hear of it.
            tracing::error!(event = "sweep_failed", %error, "what became due in the meantime could not be done yet");
        }
        let stopping = CancellationToken::new();
        let watch = Monitor::new(gateway.clone(), store.clone());
        let throttle = Throttle::new(limits(config));
        let ids = Arc::new(RequestIds::starting_at(gateway.now()));
        let counted = Arc::clone(&watch.requests);
        let customers = http::customer::make_service(
            gateway.clone(),
            throttle.clone(),
            counted,
            Arc::clone(&ids),
            stopping.clone(),
        );
        let most = rlimits::connections(config.http.max_connections);
        let (address, customers) =
            http::listen_tcp(config.http.listen, customers, most).map_err(|error| {
                StartError::Http { address: config.http.listen, reason: error.to_string() }
            })?;
        let mut servers = vec![customers];
        let host = Arc::new(GatewayBridge::new(gateway.clone(), Arc::clone(&watch.modems)));
        let driver = driver::start_with(ports(config), driver_settings(config), Arc::clone(&host));
        let bank_bridge = Arc::new(banks::BankBridge(gateway.clone()));
        let banks = driver::bank::start(banks, &driver.handle(), &bank_bridge, &stopping);
        watch.set_running(address, driver.handle());
        let desk: Arc<dyn ModemControl> = Arc::new(DriverModemControl {
            driver: driver.handle(),
            banks,
            hardware: config.hardware.clone(),
        });
        let reloader = Arc::new(Reloader {
            file: config.file.clone(),
            gateway: gateway.clone(),
            driver: driver.handle(),
            throttle,
            started: config.clone(),
            held: Mutex::new(config.clone()),
        });
        let listening = listen_admin(config, &gateway, &watch, (&desk, &reloader, ids), &stopping);
        match listening {
            Ok(listening) => servers.extend(listening),
            Err(error) => {
                driver.stop().await;
                for server in servers {
                    server.stop(Duration::ZERO).await;
                }
                return Err(error);
            }
        }
        tokio::spawn(watch.keep_counting(stopping.clone()));
        tokio::spawn(report_faults(gateway.clone()));
        tokio::spawn(follow_clock(gateway.clone(), stopping.clone()));
        tokio::spawn(number_discovery::run(gateway.clone(), desk, stopping.clone()));
        let sweeper = tokio::spawn(sweep(gateway.clone(), stopping.clone()));
        Ok(Daemon { gateway, store, address, stopping, servers, driver, reloader, sweeper })
    }

    /// The address that customers are served on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The business, for those in the same process.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// Reads the configuration anew; what came of it is logged.
    pub async fn reload(&self) {
        let _ = self.reloader.reload().await;
    }

    /// Looks at whether the daemon still does its work.
    pub fn liveness(&self) -> Liveness {
        let (store, driver) = (self.store.clone(), self.driver.handle());
        Liveness { store, customers: self.address, driver, turns: HashMap::new() }
    }

    /// Returns when every port that there is has had its first try, however that ended; at the
    /// latest after `patience`. Whether all had it.
    pub fn first_tries(&self, patience: Duration) -> impl Future<Output = bool> + use<> {
        let (driver, gateway) = (self.driver.handle(), self.gateway.clone());
        let tried = async move {
            driver.looked().await;
            while !driver.ports().iter().all(|port| gateway.modems().is_settled(port.as_str())) {
                tokio::time::sleep(FIRST_TRIES_LOOK).await;
            }
        };
        async move { tokio::time::timeout(patience, tried).await.is_ok() }
    }

    /// Stops everything: modems first, so that what they still hand over is committed.
    pub async fn stop(self) {
        self.stopping.cancel();
        let servers = self.servers.into_iter().map(|server| server.stop(REQUEST_PATIENCE));
        let servers: Vec<_> = servers.map(tokio::spawn).collect();
        self.driver.stop().await;
        for server in servers {
            let _ = server.await;
        }
        let _ = self.sweeper.await;
        self.store.close().await;
    }
}

/// The operator's side: the admin socket, and where metrics are served beside it.
fn listen_admin(
    config: &Config,
    gateway: &Gateway,
    watch: &Arc<Monitor>,
    (desk, reloader, ids): (&Arc<dyn ModemControl>, &Arc<Reloader>, Arc<RequestIds>),
    stopping: &CancellationToken,
) -> Result<Vec<Listening>, StartError> {
    let watched = || http::health::router(watch.clone());
    let customers = watch.customers().unwrap_or(config.http.listen);
    let state = http::admin::AdminState {
        gateway: gateway.clone(),
        modems: Arc::clone(desk),
        customers,
        stopping: stopping.clone(),
    };
    let admin = http::admin::router(state)
        .merge(http::admin::reload_router(reloader.clone()))
        .merge(http::health::overview(watch.clone()))
        .merge(watched());
    let metrics = config.metrics_listen.map(|address| {
        http::listen_tcp(address, watched().into_make_service(), METRICS_CONNECTIONS)
            .map_err(|error| StartError::Metrics { address, reason: error.to_string() })
    });
    let metrics = metrics.transpose()?.map(|(_, listening)| listening);
    let admin = http::listen_unix(&config.socket, http::with_request_spans(admin, ids)).map_err(
        |error| StartError::Admin {
            socket: config.socket.display().to_string(),
            reason: error.to_string(),
        },
    )?;
    Ok(metrics.into_iter().chain([admin]).collect())
}

fn make_folder(database: &Path) -> Result<(), StartError> {
    let Some(folder) = database.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    std::fs::create_dir_all(folder).map_err(|error| StartError::Folder {
        folder: folder.display().to_string(),
        reason: error.to_string(),
    })
}

fn settings(config: &Config) -> Settings {
    Settings {
        order_lifetime: config.orders.lifetime,
        max_open_per_account: config.orders.max_open_per_account,
        share_sim: config.orders.share_sim,
        currency: config.currency.clone(),
        countries: config.countries.clone(),
        international_numbers: config.orders.international_numbers,
        reuse_window: config.orders.reuse_window,
        reuse_price_percent: config.orders.reuse_price_percent,
        number_cooldown: config.orders.number_cooldown,
        packages: config.packages.clone(),
        rental_rest: config.rental_rest,
        block_list: config.block_list.clone(),
        text_kept: config.retention.text,
        raw_kept: config.retention.raw,
        ask_ussd: config.numbers.ussd,
        ask_loopback: config.numbers.loopback,
    }
}

fn ports(config: &Config) -> Vec<Ports> {
    // Before the others: a bank's radio may also be named by a glob.
    let radios = banks::banks(config).unwrap_or_default().into_iter().flat_map(|bank| bank.ports());
    let ports = config.modems.iter().map(|modem| Ports {
        pattern: PortPattern { path: modem.port.clone().into(), baud: modem.baud },
        options: PortOptions {
            profile: modem.profile.clone(),
            pin_file: modem.pin_file.clone(),
            ..PortOptions::default()
        },
    });
    radios.chain(ports).collect()
}

fn driver_settings(config: &Config) -> driver::Settings {
    driver::Settings {
        hardware: Some(config.hardware.clone()),
        recovery: config.recovery.clone(),
        ..driver::Settings::default()
    }
}

fn limits(config: &Config) -> http::Limits {
    http::Limits {
        key_per_second: config.limits.key_per_second,
        address_per_second: config.limits.address_per_second,
        failed_keys_per_minute: config.limits.failed_keys_per_minute,
    }
}

/// Tells what is wrong in the database. Nobody waits for it: a large one takes its time.
async fn report_faults(gateway: Gateway) {
    match gateway.reports().find_faults().await {
        Ok(faults) => faults.iter().for_each(|fault| {
            tracing::error!(event = "fault", fault, "the database holds what cannot be")
        }),
        Err(error) => {
            tracing::error!(event = "verify_failed", %error, "the database could not be checked")
        }
    }
}

/// Tells the business when the clock was set forward, or the machine has slept.
async fn follow_clock(gateway: Gateway, stopping: CancellationToken) {
    #[expect(clippy::disallowed_methods, reason = "the edge: how long it really was")]
    let start = tokio::time::Instant::now();
    let (mut told, mut at) = (gateway.now(), start.elapsed());
    while stopping.run_until_cancelled(tokio::time::sleep(CLOCK_LOOK)).await.is_some() {
        let (now, later) = (gateway.now(), start.elapsed());
        let ahead = now.since(told).saturating_sub(later.saturating_sub(at));
        if ahead > CLOCK_SET {
            tracing::warn!(
                event = "clock_set_forward",
                seconds = ahead.as_secs(),
                "the clock was set forward"
            );
            gateway.clock_was_set(ahead);
        }
        (told, at) = (now, later);
    }
}

/// Does what is due when it is due, until the daemon stops.
async fn sweep(gateway: Gateway, stopping: CancellationToken) {
    loop {
        let pause = match gateway.sweeper().run_due_work().await {
            Ok(None) => Duration::MAX,
            Ok(Some(next)) => next.since(gateway.now()),
            Err(error) => {
                tracing::error!(event = "sweep_failed", %error, "what is due could not be done; trying again");
                RETRY
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = gateway.sweeper().wait_for_changed_deadlines() => {}
            () = stopping.cancelled() => return,
        }
    }
}
