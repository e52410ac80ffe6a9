//! What is counted anew now and again, so that looking at it costs nothing: SIMs, money, stock.

use parking_lot::RwLock;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::domain::{Service, Timestamp};
use crate::gateway::{Error, Gateway, LedgerSums, SiteStats};
use crate::store::Store;

/// From one count to the next, at least: short while modems are still found, then long.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));
/// While nothing is written only each so-manieth long pause ends with a count: that of a thousand
/// SIMs that nothing happens to would be a third of what all their modems cost.
const QUIET: u32 = 6;
/// So many short ones.
const EARLY: u32 = 20;
/// After each query, so many times as long as it took is rested: counting takes at most a fiftieth
/// of one processor, however much there is to count.
const REST: u32 = 50;

/// The last count.
#[derive(Debug, Clone, Default)]
pub(super) struct Counted {
    pub at: Option<Timestamp>,
    pub census: SiteStats,
    pub ledger: LedgerSums,
    /// All services, as they were.
    pub services: Vec<Service>,
    /// How many numbers are left by service and country, and when the oldest of these was counted.
    pub stock: BTreeMap<crate::domain::ServiceId, Vec<(String, usize)>>,
    pub stock_at: Option<Timestamp>,
}

impl Counted {
    /// Services that can be ordered, with their stock by country.
    pub fn stock_by_name(&self) -> impl Iterator<Item = (&str, &[(String, usize)])> {
        let of = |service: &'_ Service| self.stock.get(&service.id).map(Vec::as_slice);
        self.services
            .iter()
            .filter(|service| service.enabled)
            .filter_map(move |service| Some((service.name.as_str(), of(service)?)))
    }
}

/// Where the last count is.
#[derive(Debug, Default)]
pub(super) struct CountsCache(RwLock<Arc<Counted>>);

impl CountsCache {
    pub fn last(&self) -> Arc<Counted> {
        Arc::clone(&self.0.read())
    }

    fn show(&self, counted: &Counted) {
        *self.0.write() = Arc::new(counted.clone());
    }

    /// Counts again and again.
    pub async fn follow(&self, gateway: &Gateway, store: &Store) {
        let commits = || store.stats().operations.distribution().count;
        let mut counted = Counted::default();
        for round in 0_u32.. {
            let before = commits();
            if let Err(error) = self.count(gateway, &mut counted).await {
                tracing::warn!(event = "census_failed", %error, "SIMs, stock and money could not be counted");
            }
            for paused in 1_u32.. {
                tokio::time::sleep(if round < EARLY { PAUSES.0 } else { PAUSES.1 }).await;
                if round < EARLY || is_due(paused, commits() != before) {
                    break;
                }
            }
        }
    }

    async fn count(&self, gateway: &Gateway, counted: &mut Counted) -> Result<(), Error> {
        counted.census = rested(gateway.census()).await?;
        counted.ledger = rested(gateway.add_up(counted.ledger.clone())).await?;
        counted.services = gateway.services().await?;
        counted.at = Some(gateway.now());
        self.show(counted);
        let known = |((country, _), _): (&(Option<String>, &str), &usize)| country.clone();
        let mut countries: Vec<String> = counted.census.sims.iter().filter_map(known).collect();
        countries.dedup();
        let began = gateway.now();
        let mut stock = BTreeMap::new();
        for service in counted.services.iter().filter(|service| service.enabled) {
            stock.insert(service.id, rested(gateway.stock(service, countries.clone())).await?);
        }
        (counted.stock, counted.stock_at) = (stock, Some(began));
        self.show(counted);
        Ok(())
    }
}

/// Whether it is time to count again, after so many long pauses, when something was written since
/// or not.
fn is_due(paused: u32, written: bool) -> bool {
    written || paused >= QUIET
}

/// Works, then rests in proportion.
async fn rested<T>(work: impl Future<Output = T>) -> T {
    let began = stopwatch();
    let done = work.await;
    tokio::time::sleep(began.elapsed() * REST).await;
    done
}

#[expect(clippy::disallowed_methods, reason = "only the length of a rest hangs on it")]
fn stopwatch() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_still_is_counted_rarely() {
        assert_eq!(
            [is_due(1, true), is_due(1, false), is_due(QUIET - 1, false), is_due(QUIET, false)],
            [true, false, false, true]
        );
    }
}
