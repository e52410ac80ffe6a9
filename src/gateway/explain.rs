//! Why: why there is no number for a service, and whose a message would be.

use super::accounts::find;
use super::{Error, Gateway};
use crate::domain::allocation::{self, UnavailableReason};
use crate::domain::{AccountId, Service, code};
use crate::store::{ReadTx, StockQuery};

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
    /// How many could not, by the first thing that stands in the way.
    pub obstacles: Vec<(UnavailableReason, usize)>,
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
            // Nobody has id 0: nobody skipped anything.
            let account = account
                .map(|account| find(rows, &account))
                .transpose()?
                .map_or(AccountId(0), |found| found.id);
            let company =
                allocation::widest(service.has_patterns(), gateway.env.settings().share_sim);
            let used_since = gateway.used_since(now);
            let query = StockQuery {
                country: &country,
                service: service.id,
                account,
                company,
                now,
                used_since,
            };
            let mut prospects = rows.prospects(query)?;
            for (iccid, prospect) in &mut prospects {
                prospect.online = gateway.presence.is_on_air(iccid, now);
                prospect.parked = !prospect.online && gateway.presence.is_parked(iccid, now);
            }
            let mut found: Vec<Option<UnavailableReason>> =
                prospects.iter().map(|(_, prospect)| prospect.obstacle()).collect();
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
                obstacles: UnavailableReason::ALL
                    .map(|obstacle| (obstacle, count(Some(obstacle))))
                    .to_vec(),
                country,
            })
        });
        read.await
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
