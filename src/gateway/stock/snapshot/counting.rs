//! How many numbers there are for every service at once. Most services have as many for one account
//! as for anybody, so these are counted once for all who ask, and only the others for each.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::Snapshot;
use super::candidates::Candidates;
use crate::domain::{AccountId, Msisdn, Service, ServiceId};
use crate::gateway::stock::offers::Skip;

impl Snapshot {
    /// How many numbers there are for each service that can be ordered to somebody who has skipped
    /// and used none; `None` where it is not sold.
    pub(in crate::gateway::stock) fn counts(
        &self,
    ) -> impl Iterator<Item = (&Arc<Service>, Option<usize>)> {
        let services = self.conditions.services.iter().map(|(service, _)| service);
        services.zip(self.for_anybody().iter().copied())
    }

    /// The same to an account that has skipped these numbers.
    pub(in crate::gateway::stock) fn counts_for(
        &self,
        account: AccountId,
        skips: &[Skip],
    ) -> impl Iterator<Item = (&Arc<Service>, Option<usize>)> {
        let affected = self.services_of_its_own(account, skips);
        let mut skipped: HashMap<ServiceId, Vec<&Msisdn>> = HashMap::new();
        for (number, service) in skips.iter().filter(|(_, service)| affected.contains(service)) {
            skipped.entry(*service).or_default().push(number);
        }
        let counted = self.conditions.services.iter().zip(self.for_anybody()).enumerate();
        counted.map(move |(place, ((service, _), for_anybody))| {
            if for_anybody.is_none() || !affected.contains(&service.id) {
                return (service, *for_anybody);
            }
            let skipped = skipped.remove(&service.id).unwrap_or_default();
            let barred: BTreeSet<&Msisdn> = skipped
                .into_iter()
                .chain(self.conditions.resting(Some(account), service))
                .collect();
            (service, Some(self.count(Some(account), place, &barred)))
        })
    }

    fn for_anybody(&self) -> &[Option<usize>] {
        self.for_anybody.get_or_init(|| {
            let resting = self.conditions.rests.iter().filter(|(number, ..)| self.has(number));
            let resting: Vec<_> = resting.collect();
            let count = |(place, (service, _)): (usize, &(Arc<Service>, _))| {
                service.price_in(&self.country)?;
                let concerned = resting
                    .iter()
                    .filter(|(_, _, rest)| rest.concerns(service.id, service.has_patterns()));
                let barred = concerned.map(|(number, ..)| number);
                let barred = barred.chain(self.conditions.failing(service.id)).collect();
                Some(self.count(None, place, &barred))
            };
            self.conditions.services.iter().enumerate().map(count).collect()
        })
    }

    /// The services for which there may be another number of numbers for this account than for
    /// anybody: it has skipped or used some here, or given some up, which rest for all others.
    fn services_of_its_own(&self, account: AccountId, skips: &[Skip]) -> HashSet<ServiceId> {
        let skipped = skips.iter().filter(|(number, _)| self.has(number));
        let mut services: HashSet<ServiceId> = skipped.map(|(_, service)| *service).collect();
        for sims in self.candidates() {
            let places = sims.by_user.get(&account).into_iter().flatten();
            let uses = places.filter_map(|place| sims.sims.get(*place)).flat_map(|sim| &*sim.uses);
            let own = uses.filter(|used| used.by.account() == Some(account));
            services.extend(own.map(|used| used.service));
        }
        for (number, by, rest) in &self.conditions.rests {
            if *by == account && self.has(number) {
                let all = self.conditions.services.iter().map(|(service, _)| service);
                let concerned = all.filter(|one| rest.concerns(one.id, one.has_patterns()));
                services.extend(concerned.map(|service| service.id));
            }
        }
        services
    }

    fn candidates(&self) -> impl Iterator<Item = &Candidates> {
        std::iter::once(&self.on_air).chain(self.parked.values())
    }

    fn has(&self, number: &Msisdn) -> bool {
        self.candidates().any(|sims| sims.place_of(number).is_some())
    }
}
