//! The catalogue with its stock: how many numbers an account could order for each service at this
//! moment. Of parked SIMs no more count than radios could have on the air in time.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::Stock;
use crate::domain::allocation::{ActiveOrder, Use, count_stock, widest};
use crate::domain::availability::SimUsage;
use crate::domain::{AccountId, Amount, Msisdn, Service, ServiceId, Timestamp};
use crate::gateway::Error;
use crate::gateway::parked::FreeRadios;
use crate::store::{ReadTx, StoreError};

/// A service that can be ordered, its price in the country, and how many numbers there are for it.
pub type Offer = (Service, Amount, usize);

/// A SIM on sale, on the air or parked, with what decides for which services it can be given.
struct Candidate {
    number: Msisdn,
    uses: Arc<[Use]>,
    active_orders: Vec<ActiveOrder>,
}

/// Parked SIMs on sale, by the radios that reach them.
type Parked = HashMap<(usize, Range<usize>), Vec<Candidate>>;

impl Stock {
    /// Every service that can be ordered, its price in a country and how many numbers this account
    /// could order now. `None` when there is no such country.
    pub async fn offers(
        self: &Arc<Self>,
        account: AccountId,
        country: &str,
    ) -> Result<Option<Vec<Offer>>, Error> {
        let Some(country) =
            self.env.settings().countries.find(country).map(|country| country.code.clone())
        else {
            return Ok(None);
        };
        let stock = Arc::clone(self);
        let offers = self.env.store.read(move |rows| stock.offers_in(rows, account, &country));
        Ok(Some(offers.await?))
    }

    fn offers_in(
        &self,
        rows: &ReadTx<'_>,
        account: AccountId,
        country: &str,
    ) -> Result<Vec<Offer>, StoreError> {
        let now = self.env.now();
        let services: Vec<Service> =
            rows.services()?.into_iter().filter(|service| service.enabled).collect();
        let sharing = services.iter().map(|service| {
            (service.id, widest(service.has_patterns(), self.env.settings().share_sim))
        });
        let sharing: Vec<_> = sharing.collect();
        let pool = self.presence.free_radios(rows, now)?;
        let (on_air, parked) = self.candidates(rows, country, pool.as_ref(), now)?;
        let skips = by_number(rows.skips(account)?);
        let count = |candidates: &[Candidate]| {
            let sims: Vec<SimUsage<'_>> =
                candidates.iter().map(|candidate| candidate.usage(&skips)).collect();
            count_stock(&sharing, &sims, self.used_since(now))
        };
        let on_air = count(&on_air);
        let parked: Vec<_> =
            parked.into_iter().map(|(place, candidates)| (place, count(&candidates))).collect();
        let offer = |service: Service| {
            let price = service.price_in(country);
            let of =
                |counts: &HashMap<ServiceId, usize>| counts.get(&service.id).copied().unwrap_or(0);
            let reached =
                parked.iter().map(|(place, counts)| (place.clone(), of(counts))).collect();
            let in_time = pool.as_ref().map_or(0, |pool| pool.placeable(&reached));
            let count = of(&on_air) + in_time;
            (service, price, count)
        };
        Ok(services.into_iter().map(offer).collect())
    }

    /// The SIMs on the air, and those that are parked and have no active orders.
    fn candidates(
        &self,
        rows: &ReadTx<'_>,
        country: &str,
        pool: Option<&FreeRadios>,
        now: Timestamp,
    ) -> Result<(Vec<Candidate>, Parked), StoreError> {
        let mut active_orders = rows.active_orders(now)?;
        let (mut on_air, mut parked) = (Vec::new(), Parked::new());
        for (sim, iccid, number) in rows.sellable_sims(country, now)? {
            let active_orders = active_orders.remove(&sim).unwrap_or_default();
            if self.presence.can_be_given(sim, iccid.as_str(), now) {
                on_air.push(Candidate { uses: self.uses(rows, &number)?, number, active_orders });
            } else if active_orders.is_empty()
                && let Some(offer) =
                    pool.and_then(|pool| self.presence.parked_offer(pool, sim, iccid.as_str(), now))
            {
                let candidate =
                    Candidate { uses: self.uses(rows, &number)?, number, active_orders };
                parked.entry(offer.place).or_default().push(candidate);
            }
        }
        Ok((on_air, parked))
    }

    fn uses(&self, rows: &ReadTx<'_>, number: &Msisdn) -> Result<Arc<[Use]>, StoreError> {
        match self.cache.uses_of(number) {
            Ok(uses) => Ok(uses),
            Err(generation) => {
                let uses: Arc<[Use]> = rows.uses(number)?.into();
                self.cache.remember_uses(number, &uses, generation);
                Ok(uses)
            }
        }
    }
}

impl Candidate {
    fn usage<'c>(&'c self, skips: &'c HashMap<Msisdn, Vec<ServiceId>>) -> SimUsage<'c> {
        let skips = skips.get(&self.number).map_or(&[][..], Vec::as_slice);
        SimUsage { uses: &self.uses, skips, active_orders: &self.active_orders }
    }
}

fn by_number(skips: Vec<(Msisdn, ServiceId)>) -> HashMap<Msisdn, Vec<ServiceId>> {
    let mut by_number: HashMap<Msisdn, Vec<ServiceId>> = HashMap::new();
    for (number, service) in skips {
        by_number.entry(number).or_default().push(service);
    }
    by_number
}
