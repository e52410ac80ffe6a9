//! Why there is no number for a service.

use std::collections::HashSet;
use std::sync::Arc;

use super::Stock;
use crate::domain::availability::{
    Purpose, Reachability, SimCandidate, SimUsage, UnavailableReason,
};
use crate::domain::sim::Sim;
use crate::domain::{Msisdn, Timestamp, allocation};
use crate::gateway::Error;
use crate::gateway::accounts::find_account;
use crate::gateway::services::find_service;
use crate::store::{ReadTx, StockQuery, StoreError};

/// The reasons that are counted: all but that the country is not known, as it is a country's SIMs
/// that are looked at.
const REASONS: [UnavailableReason; 12] = [
    UnavailableReason::NoNumber,
    UnavailableReason::Contested,
    UnavailableReason::Retired,
    UnavailableReason::Rented,
    UnavailableReason::Resting,
    UnavailableReason::Used,
    UnavailableReason::UsedByTenant,
    UnavailableReason::Skipped,
    UnavailableReason::RestsBetweenCustomers,
    UnavailableReason::Offline,
    UnavailableReason::Busy,
    UnavailableReason::Parked,
];

/// How many SIMs of a country an account could be given for a service, and why not the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The service's name.
    pub service: String,
    /// The country's code.
    pub country: String,
    /// How many SIMs there are in the country.
    pub sims: usize,
    /// Whether the service is sold there at all.
    pub is_sold: bool,
    /// How many could be given out now.
    pub available: usize,
    /// How many could not, by the first reason.
    pub unavailable: Vec<(UnavailableReason, usize)>,
    /// Until when the account is given no number at all, because it gave up too many orders.
    pub paused_until: Option<Timestamp>,
}

impl Stock {
    /// Counts why each SIM of a country is or is not available for a service, to an account or to
    /// anybody.
    pub async fn explain(
        self: &Arc<Self>,
        service: String,
        country: &str,
        account: Option<String>,
    ) -> Result<Explanation, Error> {
        let countries = &self.env.settings().countries;
        let unknown =
            || Error::refused(format!("no country {country}; there are {}", countries.codes()));
        let country = countries.find(country).ok_or_else(unknown)?.code.clone();
        let (stock, now) = (Arc::clone(self), self.env.horizon().orders);
        let read = self.env.store.read(move |rows| {
            let service = find_service(rows, &service)?;
            let account = account.map(|account| find_account(rows, &account)).transpose()?;
            let pauses = stock.env.settings().pauses;
            let paused_until = account.as_ref().and_then(|found| found.fair_use.pause(now, pauses));
            let account = account.map(|found| found.id);
            let share_sim = stock.env.settings().share_sim;
            let query = StockQuery {
                country: &country,
                service: service.id,
                account,
                sharing: allocation::widest(service.has_patterns(), share_sim),
                now,
                used_since: stock.used_since(now),
                rest_since: stock.rest_since(now),
                patterned: service.has_patterns(),
            };
            let mut found = stock.unavailable_reasons(rows, query)?;
            // So many of those that only are not on the air can be in time: no more than radios are
            // free.
            let in_time = stock.presence.parked_count(rows, query)?;
            let waiting =
                found.iter_mut().filter(|found| **found == Some(UnavailableReason::Parked));
            waiting.take(in_time).for_each(|found| *found = None);
            let count = |wanted| found.iter().filter(|found| **found == wanted).count();
            let is_sold = service.price_in(&country).is_some();
            Ok(Explanation {
                service: service.name,
                sims: found.len(),
                is_sold,
                available: if is_sold { count(None) } else { 0 },
                unavailable: REASONS.map(|reason| (reason, count(Some(reason)))).to_vec(),
                paused_until,
                country,
            })
        });
        read.await
    }

    /// Why each SIM of the query's country is not available, or `None` for one that is.
    fn unavailable_reasons(
        &self,
        rows: &ReadTx<'_>,
        query: StockQuery<'_>,
    ) -> Result<Vec<Option<UnavailableReason>>, StoreError> {
        let StockQuery {
            service, account, sharing, used_since, rest_since, patterned, now, ..
        } = query;
        let skipped: HashSet<Msisdn> = match query.account {
            None => HashSet::new(),
            Some(account) => rows
                .skips(account)?
                .into_iter()
                .filter_map(|(number, skipped)| (skipped == service).then_some(number))
                .collect(),
        };
        let active_orders = rows.active_orders(now)?;
        let reason = |sim: Sim| {
            let number = sim.number.as_ref().map(|known| &known.number);
            let uses = number.map(|number| rows.uses_for(number, service, None)).transpose()?;
            let uses = uses.unwrap_or_default();
            let skip = number.filter(|number| skipped.contains(*number)).map(|_| service);
            let rests = number.map(|number| rows.rests_of(number, account, rest_since));
            let rests = rests.transpose()?.unwrap_or_default();
            let usage = SimUsage {
                rests: &rests,
                uses: &uses,
                skips: skip.as_slice(),
                active_orders: active_orders.get(&sim.id).map_or(&[], Vec::as_slice),
            };
            let reachability = match () {
                () if self.presence.is_on_air(sim.iccid.as_str(), now) => Reachability::OnAir,
                () if self.presence.is_parked(&sim.iccid, now) => Reachability::Parked,
                () => Reachability::Offline,
            };
            let purpose = Purpose::Order { service, account, sharing, used_since, patterned };
            Ok(SimCandidate { sim: &sim, usage, reachability }.unavailable_for(purpose, now))
        };
        rows.sims_of_country(query.country)?.into_iter().map(reason).collect()
    }
}
