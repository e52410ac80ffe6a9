//! The daemon under observation: what happens is counted where it happens, what is dear to count is
//! counted now and again (`counted.rs`), and whoever asks gets it without waiting for anything: as
//! metrics (`metrics.rs`), as an answer whether the daemon lives and is ready (`health.rs`), as
//! alarms (`alarms.rs`).

mod alarms;
mod banks;
mod counted;
mod health;
mod metrics;
mod modems;
mod page;
mod process;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::domain::Timestamp;
use crate::domain::modem::ModemStatus;
use crate::driver;
use crate::gateway::Gateway;
use crate::http::Requests;
use crate::http::health::{Faults, Overseer};
use crate::store::Store;
pub use alarms::ALARMS;
use alarms::Facts;
pub(super) use modems::Modems;
use process::Disk;

/// Who watches.
pub(super) struct Monitor {
    gateway: Gateway,
    store: Store,
    started: Timestamp,
    pub(super) modems: Arc<Modems>,
    pub(super) requests: Arc<Requests>,
    counted: counted::CountsCache,
    /// Where customers are served, and who serves the modems: known once they are.
    customers: OnceLock<SocketAddr>,
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
            counted: counted::CountsCache::default(),
            customers: OnceLock::new(),
            driver: OnceLock::new(),
        })
    }

    /// From now on customers are served there, and modems by this driver.
    pub fn began(&self, customers: SocketAddr, driver: driver::Handle) {
        // Said once.
        let _ = (self.customers.set(customers), self.driver.set(driver));
    }

    /// Where customers are served.
    pub fn customers(&self) -> Option<SocketAddr> {
        self.customers.get().copied()
    }

    /// Counts what is counted now and again, until the daemon stops.
    pub async fn follow(self: Arc<Self>, stopping: CancellationToken) {
        stopping.run_until_cancelled(self.counted.follow(&self.gateway, &self.store)).await;
    }

    /// The modems of which something is expected.
    fn modem_statuses(&self) -> Vec<ModemStatus> {
        let mut modems = self.gateway.board().modems();
        modems.retain(|modem| !modems::is_spare(modem));
        modems
    }

    fn alarms(&self) -> Vec<Value> {
        let (modems, ports, counted) =
            (self.modem_statuses(), self.modems.all(), self.counted.last());
        let success = counted.services.iter().map(|service| {
            let (completed, of) = self.gateway.tally().ends(service.id).recent;
            (service.name.clone(), completed, of)
        });
        let facts = Facts {
            now: self.gateway.now(),
            started: self.started,
            modems: &modems,
            ports: &ports,
            banks: &self.gateway.banks().reports(),
            success: success.collect(),
            counted: &counted,
            disk: Disk::of(self.store.path()),
            waiting: self.store.waiting(),
            failing: self.store.stats().is_failing(),
        };
        facts
            .alarms()
            .into_iter()
            .map(|alarm| json!({ "alarm": alarm.name, "text": alarm.text }))
            .collect()
    }
}

impl Overseer for Monitor {
    fn metrics(&self) -> String {
        metrics::page(self)
    }

    fn alive(&self) -> Faults<'_> {
        Box::pin(self.dead())
    }

    fn ready(&self) -> Faults<'_> {
        Box::pin(self.unready())
    }

    fn overview(&self) -> Value {
        let (counted, last_message_at) = (self.counted.last(), self.gateway.last_message_at());
        let stock = counted.stock_by_name().flat_map(|(service, stock)| {
            stock.iter().map(move |(country, count)| json!({ "service": service, "country": country, "count": count }))
        });
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "started_at": self.started.to_string(),
            "uptime_seconds": self.gateway.now().since(self.started).as_secs(),
            "last_message_at": last_message_at.map(|at| at.to_string()),
            "last_message_seconds": last_message_at.map(|at| self.gateway.now().since(at).as_secs()),
            "stock": stock.collect::<Vec<_>>(),
            "alarms": self.alarms(),
        })
    }
}
