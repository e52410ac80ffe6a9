//! Why: why there is no number for a service, and whose a message would be.

use std::collections::HashSet;

use super::accounts::find;
use super::{Error, Gateway};
use crate::domain::availability::{
    Purpose, Reachability, SimCandidate, SimUsage, UnavailableReason,
};
use crate::domain::sim::Sim;
use crate::domain::{Service, allocation, code};
use crate::store::{ReadTx, StockQuery, StoreError};

/// The reasons that are counted: all but that the country is not known, as it is a country's SIMs
/// that are looked at.
const REASONS: [UnavailableReason; 10] = [
    UnavailableReason::NoNumber,
    UnavailableReason::Contested,
    UnavailableReason::Retired,
    UnavailableReason::Rented,
    UnavailableReason::Resting,
    UnavailableReason::Used,
    UnavailableReason::Skipped,
    UnavailableReason::Offline,
    UnavailableReason::Busy,
    UnavailableReason::Parked,
];

/// How a service's stock in a country stands for an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The service's name.
    pub service: String,
    /// The country's code.
    pub country: String,
    /// How many SIMs there are in the country.
    pub sims: usize,
    /// How many could be given out now.
    pub available: usize,
    /// How many could not, by the first reason.
    pub unavailable: Vec<(UnavailableReason, usize)>,
}

/// Whose a message would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// The code that would be found.
    pub code: Option<String>,
    /// The block list's rule that would withhold it.
    pub withheld: Option<String>,
    /// The services that claim it, best first, with their patterns that fit.
    pub claims: Vec<TrialClaim>,
}

/// A service that claims a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialClaim {
    /// Its name.
    pub service: String,
    /// Its sender pattern that fits.
    pub sender: Option<String>,
    /// Its text pattern that fits.
    pub text: Option<String>,
}

impl Gateway {
    /// Counts why each SIM of a country is or is not available for a service, to an account or to
    /// anybody.
    pub async fn explain(
        &self,
        service: String,
        country: &str,
        account: Option<String>,
    ) -> Result<Explanation, Error> {
        let countries = &self.env.settings().countries;
        let unknown =
            || Error::refused(format!("no country {country}; there are {}", countries.codes()));
        let country = countries.find(country).ok_or_else(unknown)?.code.clone();
        let (gateway, now) = (self.clone(), self.env.now());
        let read = self.env.store.read(move |rows| {
            let service = find_service(rows, &service)?;
            let account = account.map(|account| find(rows, &account)).transpose()?;
            let account = account.map(|found| found.id);
            let share_sim = gateway.env.settings().share_sim;
            let query = StockQuery {
                country: &country,
                service: service.id,
                account,
                sharing: allocation::widest(service.has_patterns(), share_sim),
                now,
                used_since: gateway.used_since(now),
            };
            let mut found = gateway.unavailable_reasons(rows, query)?;
            // So many of those that only are not on the air can be in time: no more than radios are
            // free.
            let in_time = gateway.presence.parked_count(rows, query)?;
            let waiting =
                found.iter_mut().filter(|found| **found == Some(UnavailableReason::Parked));
            waiting.take(in_time).for_each(|found| *found = None);
            let count = |wanted| found.iter().filter(|found| **found == wanted).count();
            Ok(Explanation {
                service: service.name,
                sims: found.len(),
                available: count(None),
                unavailable: REASONS.map(|reason| (reason, count(Some(reason)))).to_vec(),
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
        let StockQuery { service, sharing, used_since, now, .. } = query;
        let skipped: HashSet<String> = match query.account {
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
            let used = number.map(|number| rows.last_use(number, service, None)).transpose()?;
            let used = used.flatten();
            let skip = number.filter(|number| skipped.contains(*number)).map(|_| service);
            let usage = SimUsage {
                uses: used.as_slice(),
                skips: skip.as_slice(),
                active_orders: active_orders.get(&sim.id).map_or(&[], Vec::as_slice),
            };
            let reachability = match () {
                () if self.presence.is_on_air(&sim.iccid, now) => Reachability::OnAir,
                () if self.presence.is_parked(&sim.iccid, now) => Reachability::Parked,
                () => Reachability::Offline,
            };
            let purpose = Purpose::Order { service, sharing, used_since };
            Ok(SimCandidate { sim: &sim, usage, reachability }.unavailable_for(purpose, now))
        };
        rows.sims_of_country(query.country)?.into_iter().map(reason).collect()
    }

    /// Which services would claim a message, which code would be found in it, and whether it would
    /// be withheld.
    pub async fn try_message(&self, sender: &str, text: &str) -> Result<Trial, Error> {
        let services = self.services().await?;
        let claims = self.catalogue().claims(sender, text);
        let claims = claims.into_iter().filter_map(|claim| {
            let service = services.iter().find(|service| service.id == claim.service)?;
            let pattern = |patterns: &[String], at: Option<usize>| {
                at.and_then(|at| patterns.get(at).cloned())
            };
            Some(TrialClaim {
                service: service.name.clone(),
                sender: pattern(&service.senders, claim.sender),
                text: pattern(&service.texts, claim.text),
            })
        });
        Ok(Trial {
            code: code::find(text),
            withheld: self.env.settings().block_list.rule(sender, text).map(str::to_owned),
            claims: claims.collect(),
        })
    }
}

/// The service that an operator means by a name or an id.
pub(super) fn find_service(rows: &ReadTx<'_>, reference: &str) -> Result<Service, Error> {
    let by_id = reference.parse().ok().map(|id| rows.service(id)).transpose()?.flatten();
    let found = match by_id {
        Some(found) => Some(found),
        None => rows.service_named(reference)?,
    };
    found.ok_or_else(|| {
        Error::refused(format!("no service {reference}; `simbridge service list` shows them"))
    })
}
