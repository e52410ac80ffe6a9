//! Figures that are costly to compute (SIMs, money, stock): they are counted now and then,
//! and the last count is served.

use parking_lot::RwLock;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::domain::ids::LAST_PUBLIC_ID;
use crate::domain::runway::Runway;
use crate::domain::{Service, ServiceId, Timestamp};
use crate::gateway::{Error, Gateway, LedgerSums, SiteStats, UsedPerDay};
use crate::store::Store;

/// The pause between counts while modems are still being found.
const STARTUP_PAUSE: Duration = Duration::from_secs(1);
/// How many counts follow such a short pause.
const STARTUP_COUNTS: u32 = 20;
/// The pause between later counts.
const PAUSE: Duration = Duration::from_secs(10);
/// While nothing is written, only one in this many pauses ends with a count: counting a thousand
/// idle SIMs every time would cost a third of what all their modems cost.
const IDLE_PAUSES: u32 = 6;
/// How often it is counted how fast numbers are used up: the orders of a week are read for it.
const USE_COUNTED_EVERY: Duration = Duration::from_secs(15 * 60);
/// After each query the task sleeps for this many times the query's duration, so that counting
/// takes at most a fiftieth of one processor, however much there is to count.
const REST_FACTOR: u32 = 50;

/// What was counted of the site when it was last looked at.
#[derive(Debug, Clone, Default)]
pub(super) struct SiteCounts {
    pub at: Option<Timestamp>,
    pub stats: SiteStats,
    pub ledger: LedgerSums,
    pub services: Vec<Service>,
    /// How many numbers are left for each service, by country.
    pub stock: BTreeMap<ServiceId, Vec<(String, usize)>>,
    /// When the count of `stock` began.
    pub stock_at: Option<Timestamp>,
    /// How fast numbers are used up, and when that was counted.
    pub used: UsedPerDay,
    pub used_at: Option<Timestamp>,
    /// The size of the database, if it is on a server.
    pub server_bytes: Option<u64>,
}

/// The stock of one service in one country.
pub(super) struct StockOf<'c> {
    pub service: &'c str,
    pub country: &'c str,
    pub runway: Runway,
}

impl SiteCounts {
    /// The share of their ids that orders and rentals have used.
    pub fn ids_used(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let last = [("orders", self.stats.last_order_id), ("rentals", self.stats.last_rental_id)];
        last.into_iter().map(|(what, last)| (what, last as f64 / LAST_PUBLIC_ID as f64))
    }

    /// The stock of each service that can be ordered in each country, and how long it lasts.
    pub fn runways(&self) -> impl Iterator<Item = StockOf<'_>> {
        let enabled = self.services.iter().filter(|service| service.enabled);
        enabled.flat_map(|service| {
            let stock = self.stock.get(&service.id).map(Vec::as_slice).unwrap_or_default();
            stock.iter().map(|(country, free)| {
                let used = self.used.get(&(service.id, country.clone())).copied();
                let runway = Runway { free: *free, used_per_day: used.unwrap_or_default() };
                StockOf { service: &service.name, country, runway }
            })
        })
    }

    /// Services that can be ordered, with their stock by country.
    pub fn stock_by_name(&self) -> impl Iterator<Item = (&str, &[(String, usize)])> {
        let stock = |service: &'_ Service| self.stock.get(&service.id).map(Vec::as_slice);
        self.services
            .iter()
            .filter(|service| service.enabled)
            .filter_map(move |service| Some((service.name.as_str(), stock(service)?)))
    }
}

/// Holds the last count.
#[derive(Debug, Default)]
pub(super) struct CountsCache(RwLock<Arc<SiteCounts>>);

impl CountsCache {
    pub fn last(&self) -> Arc<SiteCounts> {
        Arc::clone(&self.0.read())
    }

    fn publish(&self, counts: &SiteCounts) {
        *self.0.write() = Arc::new(counts.clone());
    }

    /// Counts again and again; never returns.
    pub async fn keep_counting(&self, gateway: &Gateway, store: &Store) {
        let commits = || store.stats().operations.distribution().count;
        let mut counts = SiteCounts::default();
        for round in 0_u32.. {
            let before = commits();
            if let Err(error) = self.count(gateway, store, &mut counts).await {
                tracing::warn!(
                    event = "census_failed", %error,
                    "could not count SIMs, stock and money for the metrics"
                );
            }
            for paused in 1_u32.. {
                let is_startup = round < STARTUP_COUNTS;
                tokio::time::sleep(if is_startup { STARTUP_PAUSE } else { PAUSE }).await;
                if is_startup || is_due(paused, commits() != before) {
                    break;
                }
            }
        }
    }

    async fn count(
        &self,
        gateway: &Gateway,
        store: &Store,
        counts: &mut SiteCounts,
    ) -> Result<(), Error> {
        counts.server_bytes = store.server_bytes().await?;
        counts.stats = with_rest(gateway.reports().site_stats()).await?;
        counts.ledger = with_rest(gateway.reports().add_up_ledger(counts.ledger.clone())).await?;
        counts.services = gateway.services().list().await?;
        counts.at = Some(gateway.now());
        self.publish(counts);
        let mut countries: Vec<String> =
            counts.stats.sims.keys().filter_map(|(country, _)| country.clone()).collect();
        countries.dedup();
        let began = gateway.now();
        let mut stock = BTreeMap::new();
        for service in counts.services.iter().filter(|service| service.enabled) {
            // Where it is not sold, none can be missing.
            let sold = countries.iter().filter(|country| service.price_in(country).is_some());
            let sold = sold.cloned().collect();
            stock.insert(service.id, with_rest(gateway.stock().count(service, sold)).await?);
        }
        (counts.stock, counts.stock_at) = (stock, Some(began));
        let is_old = |at: Timestamp| at > began || began.since(at) >= USE_COUNTED_EVERY;
        if counts.used_at.is_none_or(is_old) {
            counts.used = with_rest(gateway.reports().numbers_used_per_day()).await?;
            counts.used_at = Some(began);
        }
        self.publish(counts);
        Ok(())
    }
}

/// Whether to count again after this many pauses.
fn is_due(pauses: u32, is_changed: bool) -> bool {
    is_changed || pauses >= IDLE_PAUSES
}

/// Does the work, then sleeps in proportion to the time that it took.
async fn with_rest<T>(work: impl Future<Output = T>) -> T {
    let began = stopwatch();
    let done = work.await;
    tokio::time::sleep(began.elapsed() * REST_FACTOR).await;
    done
}

#[expect(clippy::disallowed_methods, reason = "only the length of a pause depends on it")]
fn stopwatch() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_site_is_counted_rarely() {
        assert_eq!(
            [
                is_due(1, true),
                is_due(1, false),
                is_due(IDLE_PAUSES - 1, false),
                is_due(IDLE_PAUSES, false)
            ],
            [true, false, false, true]
        );
    }
}
