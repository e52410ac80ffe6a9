//! Monitoring of the daemon. Events are counted where they happen; what is costly to count is
//! counted now and then (`counts_cache.rs`). The figures are served as metrics (`metrics/`), as
//! liveness and readiness (`health.rs`) and as alarms (`alarms.rs`), without waiting for anything.

mod alarms;
mod counts_cache;
mod health;
mod metrics;
mod modems;
mod process;
mod samples;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::delivery::WebhookCounts;
use crate::domain::Timestamp;
use crate::domain::alarm::{Alarm, StandingAlarm};
use crate::domain::modem::{ModemCounts, ModemStatus};
use crate::driver;
use crate::gateway::Gateway;
use crate::http::RequestCounts;
use crate::http::admin::view_alarm;
use crate::http::health::{
    DatabaseReport, DiskReport, Faults, Health, LeadReport, Overview, Probes, ProcessReport,
    StockReport, SystemReport,
};
use crate::store::Store;
use crate::store::postgres::Term;
use alarms::AlarmInputs;
use counts_cache::{CountsCache, StockOf};
pub(super) use metrics::{SiteFigures, render_site, render_standby};
pub(super) use modems::ModemCounters;
use process::{Disk, Process};

/// How often to look which alarms there are.
const ALARM_INTERVAL: Duration = Duration::from_secs(5);

/// For how long a change of the leader is an alarm.
const LEADER_CHANGE_FOR: Duration = Duration::from_secs(3600);

/// The version that runs.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the daemon knows about its own state.
pub(super) struct Monitor {
    gateway: Gateway,
    store: Store,
    started: Timestamp,
    pub(super) modems: Arc<ModemCounters>,
    pub(super) requests: Arc<RequestCounts>,
    pub(super) webhooks: Arc<WebhookCounts>,
    counts: CountsCache,
    /// The address that customers are served on. Set once it is bound.
    customers: OnceLock<SocketAddr>,
    /// Set once the driver runs.
    driver: OnceLock<driver::Handle>,
}

impl Monitor {
    pub fn new(gateway: Gateway, store: Store) -> Arc<Monitor> {
        Arc::new(Monitor {
            started: gateway.now(),
            gateway,
            store,
            modems: Arc::default(),
            requests: Arc::default(),
            webhooks: Arc::default(),
            counts: CountsCache::default(),
            customers: OnceLock::new(),
            driver: OnceLock::new(),
        })
    }

    /// Tells where customers are served and which driver serves the modems, once both are known.
    pub fn set_running(&self, customers: SocketAddr, driver: driver::Handle) {
        // A second call, which there is not, would change nothing.
        let _ = (self.customers.set(customers), self.driver.set(driver));
    }

    /// The address that customers are served on.
    pub fn customers(&self) -> Option<SocketAddr> {
        self.customers.get().copied()
    }

    /// Keeps the costly figures up to date until the daemon stops.
    pub async fn keep_counting(self: Arc<Self>, stopping: CancellationToken) {
        let counting = self.counts.keep_counting(&self.gateway, &self.store);
        stopping.run_until_cancelled(counting).await;
    }

    /// All modems, without their spare ports.
    fn modem_statuses(&self) -> Vec<ModemStatus> {
        let mut modems = self.gateway.modems().modems();
        modems.retain(|modem| !modem.snapshot.is_spare_port());
        modems
    }

    /// Observes the alarms until the daemon stops.
    pub async fn watch_alarms(self: Arc<Self>, stopping: CancellationToken) {
        let mut was_saved = true;
        while stopping.run_until_cancelled(tokio::time::sleep(ALARM_INTERVAL)).await.is_some() {
            let observed = self.gateway.alarms().observe(self.alarms()).await;
            if let Err(error) = &observed
                && was_saved
            {
                tracing::error!(
                    event = "alarms_unsaved",
                    %error,
                    "the alarms cannot be saved; they are kept in memory meanwhile"
                );
            }
            was_saved = observed.is_ok();
        }
    }

    /// This daemon's term, if another daemon led before and that is not long ago.
    fn taken_over(&self) -> Option<&Term> {
        let is_news = self.gateway.now().since(self.started) < LEADER_CHANGE_FOR;
        self.store.term().filter(|term| is_news && term.taken_over_from().is_some())
    }

    /// The size of the database; on a server, when it was last looked at.
    fn database_bytes(&self) -> Option<u64> {
        match self.store.path() {
            Some(path) => Some(std::fs::metadata(path).map_or(0, |file| file.len())),
            None => self.counts.last().server_bytes,
        }
    }

    /// The size of the write-ahead log, where it is a file.
    fn log_bytes(&self) -> Option<u64> {
        self.store.path().map(|_| self.store.log_bytes())
    }

    /// The disk of the database's file.
    fn disk(&self) -> Option<Disk> {
        self.store.path().and_then(Disk::of_file)
    }

    /// Why the database cannot be written, as far as that is known without writing.
    fn database_fault(&self) -> Option<String> {
        let failing = || self.store.stats().is_failing();
        let is_full = || self.disk().is_some_and(Disk::is_low);
        let unwritten = || match is_full() {
            true => "the disk is full: the last transaction could not be written".to_owned(),
            false => "the last transaction could not be written".to_owned(),
        };
        self.store
            .check_place()
            .map_or_else(|error| Some(error.to_string()), |()| failing().then(unwritten))
    }

    fn alarms(&self) -> Vec<Alarm> {
        let (modems, ports, counts) =
            (self.modem_statuses(), self.modems.all(), self.counts.last());
        let success = counts.services.iter().map(|service| {
            let (completed, of) = self.gateway.order_stats().ends(service.id).recent;
            (service.name.clone(), completed, of)
        });
        let inputs = AlarmInputs {
            now: self.gateway.now(),
            started: self.started,
            modems: &modems,
            ports: &ports,
            banks: &self.gateway.banks().reports(),
            sites: &self.gateway.sites().statuses(),
            taken_over: self.taken_over(),
            in_two_places: self.gateway.sims().in_two_places(),
            clock: self.gateway.clock_trust(),
            contradicted: self.gateway.contradicted_network_clocks(),
            success: success.collect(),
            off_air: self.gateway.sims().off_air(&counts.stats.rented),
            counts: &counts,
            disk: self.disk(),
            waiting: self.store.waiting(),
            database_fault: self.database_fault(),
        };
        inputs.alarms()
    }
}

/// A figure with one decimal.
fn rounded(figure: f64) -> f64 {
    (figure * 10.0).round() / 10.0
}

impl Probes for Monitor {
    fn metrics(&self) -> String {
        metrics::render(self)
    }

    fn liveness_faults(&self) -> Faults<'_> {
        Box::pin(self.find_dead_parts())
    }

    fn readiness_faults(&self) -> Faults<'_> {
        Box::pin(self.find_unready_parts())
    }

    fn modem_counts(&self) -> ModemCounts {
        self.gateway.modems().counts(self.gateway.now())
    }
}

impl Health for Monitor {
    fn overview(&self) -> Overview {
        let now = self.gateway.now();
        let last_message_at = self.gateway.inbox().last_message_at();
        let standing = self.gateway.alarms().standing();
        let alarms = self.alarms().into_iter().map(|alarm| {
            // One that has just come about has not been observed yet.
            let known = standing.iter().find(|known| known.alarm.is_about(&alarm));
            let raised_at = known.map_or(now, |known| known.raised_at);
            let acknowledged = known.and_then(|known| known.acknowledged.clone());
            view_alarm(&StandingAlarm { alarm, raised_at, acknowledged }, None)
        });
        Overview {
            version: VERSION,
            started_at: self.started,
            system: self.system(),
            uptime_seconds: now.since(self.started).as_secs(),
            last_message_at,
            last_message_seconds: last_message_at.map(|at| now.since(at).as_secs()),
            stock: self.stock(),
            alarms: alarms.collect(),
        }
    }

    fn stock(&self) -> Vec<StockReport> {
        let counts = self.counts.last();
        let stock = counts.runways().map(|StockOf { service, country, runway }| StockReport {
            service: service.to_owned(),
            country: country.to_owned(),
            count: runway.free,
            used_per_day: rounded(runway.used_per_day),
            days_left: runway.days_left().map(rounded),
            sims_needed: runway.sims_needed(),
        });
        stock.collect()
    }

    fn started_at(&self) -> Timestamp {
        self.started
    }

    fn system(&self) -> SystemReport {
        let disk = self.disk();
        let Process { cpu_seconds, memory_bytes, open_files, max_files, threads } = Process::now();
        SystemReport {
            database: DatabaseReport {
                file: self.store.name(),
                lead: self.store.term().map(|term| LeadReport {
                    name: term.holder.clone(),
                    epoch: term.epoch,
                    previous: term.previous.clone(),
                }),
                bytes: self.database_bytes(),
                log_bytes: self.log_bytes(),
                waiting: self.store.waiting(),
                fault: self.database_fault(),
            },
            disk: disk.map(|disk| DiskReport {
                free_bytes: disk.free_bytes,
                size_bytes: disk.size_bytes,
                is_low: disk.is_low(),
            }),
            process: ProcessReport { cpu_seconds, memory_bytes, open_files, max_files, threads },
        }
    }
}
