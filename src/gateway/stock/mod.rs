//! The stock of numbers: which SIM an order is given, how many there are for a service, and why
//! there are no more.

mod explanation;
mod offers;

use std::sync::Arc;

use super::Error;
use super::environment::Environment;
use super::parked::{SelectedSim, SimReadiness};
use super::request_cache::RequestCache;
use super::sim_presence::SimPresence;
use crate::domain::{AccountId, Service, Timestamp, allocation};
use crate::store::{ReadTx, StockQuery, StoreError};

pub use explanation::Explanation;
pub use offers::Offer;

/// The SIMs that can be given out, by the rules of allocation.
pub struct Stock {
    env: Arc<Environment>,
    presence: Arc<SimPresence>,
    cache: Arc<RequestCache>,
}

impl Stock {
    pub(super) fn new(
        env: Arc<Environment>,
        presence: Arc<SimPresence>,
        cache: Arc<RequestCache>,
    ) -> Stock {
        Stock { env, presence, cache }
    }

    /// Where the SIMs are that the stock is made of.
    pub(super) fn presence(&self) -> &SimPresence {
        &self.presence
    }

    /// How many numbers of each of these countries could be given out for a service now, to an
    /// account that skipped none, by the same rule by which they are given out.
    pub async fn count(
        self: &Arc<Self>,
        service: &Service,
        countries: Vec<String>,
    ) -> Result<Vec<(String, usize)>, Error> {
        let now = self.env.now();
        let used_since = self.used_since(now);
        let (stock, id) = (Arc::clone(self), service.id);
        let sharing = allocation::widest(service.has_patterns(), self.env.settings().share_sim);
        let counted = self.env.store.read(move |rows| {
            let count = |country: String| {
                let query = StockQuery {
                    country: &country,
                    service: id,
                    account: None,
                    sharing,
                    now,
                    used_since,
                };
                let mut count = 0;
                rows.find_for_order(query, |sim, iccid| {
                    count += usize::from(stock.presence.can_be_given(sim, iccid, now));
                    false
                })?;
                count += stock.presence.parked_count(rows, query)?;
                Ok((country, count))
            };
            countries.into_iter().map(count).collect::<Result<Vec<_>, StoreError>>()
        });
        Ok(counted.await?)
    }

    /// The SIM that an order for a service would be given now.
    pub(super) fn allocate(
        &self,
        rows: &ReadTx<'_>,
        account: AccountId,
        service: &Service,
        country: &str,
        now: Timestamp,
    ) -> Result<Option<SelectedSim>, StoreError> {
        let used_since = self.used_since(now);
        let passes = allocation::passes(service.has_patterns(), self.env.settings().share_sim);
        let query = |sharing| StockQuery {
            country,
            service: service.id,
            account: Some(account),
            sharing,
            now,
            used_since,
        };
        for sharing in passes {
            let found = rows.find_for_order(query(*sharing), |sim, iccid| {
                self.presence.can_be_given(sim, iccid, now)
            })?;
            if let Some((sim, number)) = found {
                return Ok(Some(SelectedSim { sim, number, readiness: SimReadiness::On }));
            }
        }
        let sharing = allocation::widest(service.has_patterns(), self.env.settings().share_sim);
        self.presence.allocate_parked(rows, query(sharing))
    }

    /// A number that was used for a service after this time is not sold for it again
    /// ([invariant 8](crate#what-always-holds)).
    pub(super) fn used_since(&self, now: Timestamp) -> Timestamp {
        self.env
            .settings()
            .number_cooldown
            .map_or(Timestamp(i64::MIN), |cooldown| now.minus(cooldown))
    }
}
