//! The catalogue with its stock: how many numbers an account could order for each service.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Error, Gateway};
use crate::domain::allocation::{Neighbour, OnSale, Use, count_stock, widest};
use crate::domain::{AccountId, Amount, Service, ServiceId, SimId, Timestamp};
use crate::store::{Rows, StoreError};

/// A service that can be ordered, its price in the country, and how many numbers there are for it.
pub type Offer = (Service, Amount, usize);

/// A SIM on sale and on the air with all that matters of it.
struct Candidate {
    number: String,
    uses: Arc<[Use]>,
    neighbours: Vec<Neighbour>,
}

impl Gateway {
    /// Every service that can be ordered, its price in a country and how many numbers this account could order now. `None`
    /// when there is no such country.
    pub async fn offers(&self, account: AccountId, country: &str) -> Result<Option<Vec<Offer>>, Error> {
        let Some(country) = self.settings().countries.find(country).map(|country| country.code.clone()) else {
            return Ok(None);
        };
        let gateway = self.clone();
        let offers = self.store.read(move |rows| gateway.offers_in(rows, account, &country));
        Ok(Some(offers.await?))
    }

    fn offers_in(&self, rows: &Rows<'_>, account: AccountId, country: &str) -> Result<Vec<Offer>, StoreError> {
        let now = self.now();
        let services: Vec<Service> = rows.services()?.into_iter().filter(|service| service.enabled).collect();
        let company =
            services.iter().map(|service| (service.id, widest(service.has_patterns(), self.settings().share_sim)));
        let candidates = self.candidates(rows, country, now)?;
        let skips = by_number(rows.skips(account)?);
        let sims: Vec<OnSale<'_>> = candidates
            .iter()
            .map(|candidate| OnSale {
                uses: &candidate.uses,
                skips: skips.get(&candidate.number).map_or(&[], Vec::as_slice),
                neighbours: &candidate.neighbours,
            })
            .collect();
        let counts = count_stock(&company.collect::<Vec<_>>(), &sims, self.used_since(now));
        let offer = |service: Service| {
            let (price, count) = (service.price_in(country), counts.get(&service.id).copied().unwrap_or(0));
            (service, price, count)
        };
        Ok(services.into_iter().map(offer).collect())
    }

    fn candidates(&self, rows: &Rows<'_>, country: &str, now: Timestamp) -> Result<Vec<Candidate>, StoreError> {
        let on_sale = rows.sims_on_sale(country, now)?;
        let mut neighbours = rows.neighbours(now)?;
        let on_air = on_sale.into_iter().filter(|(sim, iccid, _)| self.can_be_given(*sim, iccid, now));
        let candidate = |(sim, _, number): (SimId, String, String)| {
            let uses = self.uses(rows, &number)?;
            Ok(Candidate { number, uses, neighbours: neighbours.remove(&sim).unwrap_or_default() })
        };
        on_air.map(candidate).collect()
    }

    fn uses(&self, rows: &Rows<'_>, number: &str) -> Result<Arc<[Use]>, StoreError> {
        match self.hot.uses(number) {
            Ok(uses) => Ok(uses),
            Err(generation) => {
                let uses: Arc<[Use]> = rows.uses(number)?.into();
                self.hot.remember_uses(number, &uses, generation);
                Ok(uses)
            }
        }
    }
}

fn by_number(skips: Vec<(String, ServiceId)>) -> HashMap<String, Vec<ServiceId>> {
    let mut by_number: HashMap<String, Vec<ServiceId>> = HashMap::new();
    for (number, service) in skips {
        by_number.entry(number).or_default().push(service);
    }
    by_number
}
