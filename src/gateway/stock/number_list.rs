//! Which numbers can be ordered for a service.

use std::collections::HashSet;
use std::sync::Arc;

use super::Stock;
use super::reasons::{Asked, CountrySims};
use crate::domain::availability::{self, Purpose, UnavailableReason};
use crate::domain::{Iccid, Msisdn, allocation};
use crate::gateway::Error;
use crate::gateway::listing::ListRequest;
use crate::store::ListFilter;

/// Whether a number can be ordered for a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberState {
    pub number: Msisdn,
    pub iccid: Iccid,
    pub country: String,
    /// Why it cannot; `None` when it can.
    pub unavailable: Option<UnavailableReason>,
}

impl NumberState {
    /// Whether it has a number and a state of a filter.
    fn is_of(&self, filter: &ListFilter) -> bool {
        let word = availability::word(self.unavailable);
        filter.numbers.as_ref().is_none_or(|all| all.contains(&self.number))
            && filter.state.as_ref().is_none_or(|state| state == word)
    }
}

impl Stock {
    /// The numbers that the operator asks for, each with whether it could be ordered for a service
    /// by somebody who has skipped and used none.
    pub async fn numbers_for(
        self: &Arc<Self>,
        request: ListRequest,
    ) -> Result<Vec<NumberState>, Error> {
        let (stock, now) = (Arc::clone(self), self.env.horizon().orders);
        let settings = self.env.settings();
        let read = self.env.store.read_in_background(move |rows| {
            let filter = request.resolve(rows, &settings.countries, &availability::words())?;
            let service = filter.service.map(|id| rows.service(id)).transpose()?.flatten();
            let service = service.ok_or_else(|| {
                Error::refused("numbers are listed for a service, by its name or id")
            })?;
            let patterned = service.has_patterns();
            let purpose = Purpose::Order {
                service: service.id,
                account: None,
                sharing: allocation::widest(patterned, stock.env.settings().share_sim),
                used_since: stock.used_since(now),
                patterned,
            };
            let countries = match filter.country.clone() {
                Some(country) => vec![country],
                None => rows.countries_of_sims()?,
            };
            let mut numbers = Vec::new();
            for country in countries {
                let skipped = HashSet::new();
                let asked = Asked { account: None, purpose, now, skipped };
                let found = CountrySims::read(&stock, rows, &country)?;
                let sims = stock.unavailable_reasons(&asked, &found).into_iter();
                numbers.extend(sims.filter_map(|(sim, unavailable)| {
                    let is_wanted = filter.sim.is_none_or(|wanted| wanted == sim.id);
                    let number = sim.number.as_ref().filter(|_| is_wanted)?.number.clone();
                    let (iccid, country) = (sim.iccid.clone(), country.clone());
                    Some(NumberState { number, iccid, country, unavailable })
                }));
            }
            numbers.retain(|one| one.is_of(&filter));
            Ok::<_, Error>(numbers)
        });
        read.await
    }
}
