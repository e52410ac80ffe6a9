//! The SIMs on sale with what decides for which services they can be given, and how many of them
//! there are for each.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::domain::allocation::{ActiveOrder, SharingPolicy, Use, Wanted, count_stock};
use crate::domain::availability::{Purpose, SimUsage};
use crate::domain::{AccountId, Msisdn, Service, SimId, Timestamp};

/// A SIM on sale, on the air or parked, with what decides for which services it can be given.
pub(super) struct Candidate {
    pub(super) sim: SimId,
    pub(super) number: Msisdn,
    pub(super) uses: Arc<[Use]>,
    pub(super) active_orders: Vec<ActiveOrder>,
    /// How soon it could be on the air.
    pub(super) wait: Duration,
}

/// SIMs on sale, and for how many of them each service could be ordered by an account that skipped
/// and used no number.
pub(super) struct Candidates {
    pub(super) sims: Vec<Candidate>,
    /// Made when it is first needed.
    pub(super) by_number: OnceLock<HashMap<Msisdn, usize>>,
    /// The SIMs to whose numbers an account was sent messages without ordering them for a service
    /// for good, in order: it may still order what it used itself.
    pub(super) by_user: HashMap<AccountId, Vec<usize>>,
    /// In the order of [`Conditions::services`].
    pub(super) counts: Vec<usize>,
}

/// Parked SIMs on sale, by the radios that reach them.
pub(super) type Parked<C> = HashMap<(usize, Range<usize>), C>;

impl Candidates {
    pub(super) fn count(
        sims: Vec<Candidate>,
        services: &[(Arc<Service>, SharingPolicy)],
        used_since: Timestamp,
    ) -> Candidates {
        let wanted = services.iter().map(|(service, sharing)| Wanted {
            service: service.id,
            sharing: *sharing,
            patterned: service.has_patterns(),
        });
        let wanted: Vec<Wanted> = wanted.collect();
        let usages: Vec<SimUsage<'_>> = sims.iter().map(Candidate::usage).collect();
        let counts = count_stock(&wanted, &usages, used_since);
        let mut by_user: HashMap<AccountId, Vec<usize>> = HashMap::new();
        for (place, sim) in sims.iter().enumerate() {
            for account in sim.uses.iter().filter_map(|used| used.by.account()) {
                let places = by_user.entry(account).or_default();
                if places.last() != Some(&place) {
                    places.push(place);
                }
            }
        }
        Candidates { by_number: OnceLock::new(), by_user, counts, sims }
    }

    pub(super) fn place_of(&self, number: &Msisdn) -> Option<usize> {
        let places = self.by_number.get_or_init(|| {
            let sims = self.sims.iter().enumerate();
            sims.map(|(place, sim)| (sim.number.clone(), place)).collect()
        });
        places.get(number).copied()
    }

    /// How many of them an account's order for the service at a place may be given if it may not
    /// have these.
    pub(super) fn count_for(
        &self,
        account: Option<AccountId>,
        place: usize,
        order: Purpose,
        barred: &BTreeSet<&Msisdn>,
    ) -> usize {
        let of_anybody = order.of_anybody();
        let count = self.counts.get(place).copied().unwrap_or(0);
        let at = |place: usize| self.sims.get(place);
        let barred_places = barred.iter().filter_map(|number| self.place_of(number));
        let taken = barred_places.filter_map(at).filter(|sim| sim.usage().allows(of_anybody));
        let own = account.and_then(|account| self.by_user.get(&account));
        let own = own.into_iter().flatten().copied().filter_map(at).filter(|sim| {
            let usage = sim.usage();
            !barred.contains(&sim.number) && usage.allows(order) && !usage.allows(of_anybody)
        });
        count - taken.count() + own.count()
    }

    /// The SIMs that an order may be given whose account has skipped these.
    pub(super) fn fitting(
        &self,
        order: Purpose,
        skipped: &BTreeSet<&Msisdn>,
    ) -> impl Iterator<Item = &Candidate> {
        self.sims
            .iter()
            .filter(move |sim| !skipped.contains(&sim.number) && sim.usage().allows(order))
    }
}

impl Candidate {
    pub(super) fn usage(&self) -> SimUsage<'_> {
        SimUsage { uses: &self.uses, active_orders: &self.active_orders, ..SimUsage::default() }
    }
}
