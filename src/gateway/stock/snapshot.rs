//! What is on sale in a country at one moment, read once for all who ask at about that time.
//!
//! With thousands of SIMs reading it takes tens of milliseconds. So that no customer slows the
//! others down by asking again and again, one reader at a time does it and rests afterwards, and
//! everybody who had asked before it began shares the result, which is therefore never older than
//! the question.

mod counting;

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::Stock;
use super::conditions::Conditions;
use super::offers::{Offer, Skip};
use super::on_sale::OnSale;
use crate::domain::allocation::{ActiveOrder, SharingPolicy, Use, Wanted, count_stock, passes};
use crate::domain::availability::{Purpose, SimUsage};
use crate::domain::sim::Pool;
use crate::domain::{AccountId, Msisdn, Service, ServiceId, SimId, Timestamp};
use crate::gateway::Error;
use crate::gateway::sim_presence::SimPresence;
use crate::store::{ReadTx, SellableSim, StoreError};

/// After each reading, so many times as long as it took must pass before the next one: a fourth of
/// one reader's time is the most that all readings take.
const REST_FACTOR: u32 = 3;
/// A reading that takes less is so cheap that none has to wait for the next one.
const CHEAP: Duration = Duration::from_millis(2);

/// How many SIMs are proposed for an order or a rental.
const PROPOSALS: usize = 16;

/// How many SIMs are remembered whose numbers rest for all but one account.
const MOST_RESTING: usize = 1024;

/// A SIM that an order could be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Proposal {
    pub(super) sim: SimId,
    /// Which orders may run on it already.
    pub(super) sharing: SharingPolicy,
    pub(super) is_parked: bool,
}

/// A SIM on sale, on the air or parked, with what decides for which services it can be given.
struct Candidate {
    sim: SimId,
    number: Msisdn,
    uses: Arc<[Use]>,
    active_orders: Vec<ActiveOrder>,
    /// How soon it could be on the air.
    wait: Duration,
}

/// SIMs on sale, and for how many of them each service could be ordered by an account that skipped
/// and used no number.
struct Candidates {
    sims: Vec<Candidate>,
    /// Made when it is first needed.
    by_number: OnceLock<HashMap<Msisdn, usize>>,
    /// The SIMs to whose numbers an account was sent messages without ordering them for a service
    /// for good, in order: it may still order what it used itself.
    by_user: HashMap<AccountId, Vec<usize>>,
    /// In the order of [`Conditions::services`].
    counts: Vec<usize>,
}

/// Parked SIMs on sale, by the radios that reach them.
type Parked<C> = HashMap<(usize, Range<usize>), C>;

/// The SIMs on sale, as they are found.
struct Found {
    on_air: Vec<Candidate>,
    /// The parked SIMs that have no active orders.
    parked: Parked<Vec<Candidate>>,
    /// The first that a rental could be given: those on the air, and those that are parked.
    rentable: [Vec<SimId>; 2],
    /// The first of those whose numbers rest for all but this account.
    rentable_by: Vec<(AccountId, SimId)>,
}

/// What is on sale in a country.
pub(in super::super) struct Snapshot {
    country: String,
    conditions: Arc<Conditions>,
    on_air: Candidates,
    parked: Parked<Candidates>,
    rentable: Vec<SimId>,
    /// SIMs whose numbers rest for all but one account.
    rentable_by: Vec<(AccountId, SimId)>,
    /// How many numbers there are for each service to somebody who has skipped and used none, once
    /// that has been asked; `None` where it is not sold.
    for_anybody: OnceLock<Vec<Option<usize>>>,
}

/// The snapshots of all countries.
#[derive(Default)]
pub(super) struct Snapshots {
    by_country: Mutex<HashMap<String, Arc<OfCountry>>>,
    /// Whoever has this may read, once it is later than the time in it.
    turn: Arc<tokio::sync::Mutex<Option<Instant>>>,
}

#[derive(Default)]
struct OfCountry {
    /// How many have asked.
    asked: AtomicU64,
    latest: Arc<tokio::sync::Mutex<Latest>>,
}

#[derive(Default)]
struct Latest {
    /// How many had asked when it was begun.
    covers: u64,
    snapshot: Option<Arc<Snapshot>>,
}

impl Stock {
    /// What is on sale in a country, as it is now or was since this was called.
    pub(in super::super) async fn snapshot(
        self: &Arc<Self>,
        country: &str,
    ) -> Result<Arc<Snapshot>, Error> {
        let of_country = self.snapshots.of(country);
        let number = of_country.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut latest = Arc::clone(&of_country.latest).lock_owned().await;
        if latest.covers >= number
            && let Some(snapshot) = &latest.snapshot
        {
            return Ok(Arc::clone(snapshot));
        }
        let mut turn = self.snapshots.wait_for_turn().await;
        let covers = of_country.asked.load(Ordering::SeqCst);
        let (stock, country) = (Arc::clone(self), country.to_owned());
        // The turn and the place for the result go with the reading, which is carried out also when
        // nobody waits for it any more.
        let read = self.env.store.read(move |rows| {
            let began = stopwatch();
            let conditions = Arc::new(Conditions::read(&stock, rows)?);
            let sims = rows.sellable_sims(&country, conditions.now)?;
            let snapshot = Arc::new(Snapshot::read(&stock, rows, (country, sims), &conditions)?);
            *latest = Latest { covers, snapshot: Some(Arc::clone(&snapshot)) };
            *turn = next_turn(began);
            Ok::<_, Error>(snapshot)
        });
        read.await
    }

    /// What is on sale in every country, in the same turn as the snapshots of single ones.
    pub(super) async fn read_on_sale_in_turn(self: &Arc<Self>) -> Result<OnSale, Error> {
        let mut turn = self.snapshots.wait_for_turn().await;
        let began = stopwatch();
        let on_sale = self.read_on_sale().await?;
        *turn = next_turn(began);
        Ok(on_sale)
    }
}

/// When the next reading may begin after one that began then.
fn next_turn(began: Instant) -> Option<Instant> {
    let took = began.elapsed();
    (took >= CHEAP).then(|| stopwatch() + REST_FACTOR * took)
}

#[expect(clippy::disallowed_methods, reason = "only the length of a pause depends on it")]
fn stopwatch() -> Instant {
    Instant::now()
}

impl Snapshots {
    /// Waits until the stock may be read.
    async fn wait_for_turn(&self) -> tokio::sync::OwnedMutexGuard<Option<Instant>> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        if let Some(wait) = turn.and_then(|at| at.checked_duration_since(stopwatch())) {
            tokio::time::sleep(wait).await;
        }
        turn
    }

    fn of(&self, country: &str) -> Arc<OfCountry> {
        let mut by_country = self.by_country.lock();
        if let Some(known) = by_country.get(country) {
            return Arc::clone(known);
        }
        Arc::clone(by_country.entry(country.to_owned()).or_default())
    }
}

impl Snapshot {
    /// What is on sale in a country that has these sellable SIMs.
    pub(super) fn read(
        stock: &Stock,
        rows: &ReadTx<'_>,
        (country, sims): (String, Vec<SellableSim>),
        conditions: &Arc<Conditions>,
    ) -> Result<Snapshot, StoreError> {
        let mut found = Found {
            on_air: Vec::new(),
            parked: HashMap::new(),
            rentable: [Vec::new(), Vec::new()],
            rentable_by: Vec::new(),
        };
        found.read(stock, rows, sims, conditions)?;
        let count = |sims| Candidates::count(sims, &conditions.services, conditions.used_since);
        Ok(Snapshot {
            country,
            conditions: Arc::clone(conditions),
            on_air: count(found.on_air),
            parked: found.parked.into_iter().map(|(place, sims)| (place, count(sims))).collect(),
            rentable: found.rentable.concat(),
            rentable_by: found.rentable_by,
            for_anybody: OnceLock::new(),
        })
    }

    /// The country's code.
    pub(super) fn country(&self) -> &str {
        &self.country
    }

    /// Whether there is a number for any service to an account that skipped these.
    pub(super) fn has_numbers(&self, account: AccountId, skips: &[Skip]) -> bool {
        let is_empty = self.on_air.sims.is_empty() && self.parked.is_empty();
        !is_empty && self.counts_for(account, skips).any(|(_, count)| count > Some(0))
    }

    /// Every service, its price, and how many numbers there are for it to an account that skipped
    /// these.
    pub(super) fn offers(&self, account: AccountId, skips: &[Skip]) -> Vec<Offer> {
        let offer = |(service, count): (&Arc<Service>, Option<usize>)| {
            let price = service.price_in(&self.country).unwrap_or(service.price);
            (Service::clone(service), price, count.unwrap_or(0))
        };
        self.counts_for(account, skips).map(offer).collect()
    }

    /// SIMs that are wanted for an order of an account that skipped these numbers for the service,
    /// best first; `None` when there are none on sale. Nothing is proposed for a service that
    /// cannot be ordered.
    pub(super) fn propose(
        &self,
        account: AccountId,
        service: ServiceId,
        skipped: &[Msisdn],
        is_wanted: impl Fn(SimId) -> bool,
    ) -> Option<Vec<Proposal>> {
        let mut services = self.conditions.services.iter().enumerate();
        let known = services.find(|(_, (known, _))| known.id == service);
        let Some((place, (known, widest))) = known else { return Some(Vec::new()) };
        let account = Some(account);
        let barred: BTreeSet<&Msisdn> =
            skipped.iter().chain(self.conditions.resting(account, known)).collect();
        if self.count(account, place, &barred) == 0 {
            return None;
        }
        let on_air =
            passes(known.has_patterns(), self.conditions.share_sim).iter().flat_map(|sharing| {
                let fitting = self.on_air.fitting(self.order(account, known, *sharing), &barred);
                fitting.map(move |sim| Proposal {
                    sim: sim.sim,
                    sharing: *sharing,
                    is_parked: false,
                })
            });
        let order = self.order(account, known, *widest);
        let parked = self.parked.values().flat_map(|sims| sims.fitting(order, &barred));
        let mut parked: Vec<&Candidate> = parked.collect();
        parked.sort_by_key(|sim| sim.wait);
        let parked = parked.into_iter().map(|sim| Proposal {
            sim: sim.sim,
            sharing: *widest,
            is_parked: true,
        });
        let wanted = on_air.chain(parked).filter(|proposal| is_wanted(proposal.sim));
        Some(wanted.take(PROPOSALS).collect())
    }

    /// SIMs for a rental of an account, best first.
    pub(super) fn rentable(&self, account: AccountId) -> Vec<SimId> {
        let own = self.rentable_by.iter().filter(|(by, _)| *by == account).map(|(_, sim)| *sim);
        self.rentable.iter().copied().chain(own).collect()
    }

    fn order(
        &self,
        account: Option<AccountId>,
        service: &Service,
        sharing: SharingPolicy,
    ) -> Purpose {
        let (used_since, patterned) = (self.conditions.used_since, service.has_patterns());
        Purpose::Order { service: service.id, account, sharing, used_since, patterned }
    }

    /// How many numbers there are for the service at a place, without those that the account may
    /// not have.
    fn count(&self, account: Option<AccountId>, place: usize, barred: &BTreeSet<&Msisdn>) -> usize {
        let known = self.conditions.services.get(place);
        let sold = known.filter(|(service, _)| service.price_in(&self.country).is_some());
        let Some((service, sharing)) = sold else { return 0 };
        let order = self.order(account, service, *sharing);
        let count = |sims: &Candidates| sims.count_for(account, place, order, barred);
        let in_time = self.conditions.pool.as_ref().map_or(0, |pool| {
            let reached = self.parked.iter().map(|(radios, sims)| (radios.clone(), count(sims)));
            pool.placeable(&reached.collect())
        });
        count(&self.on_air) + in_time
    }
}

impl Found {
    fn read(
        &mut self,
        stock: &Stock,
        rows: &ReadTx<'_>,
        sims: Vec<SellableSim>,
        conditions: &Conditions,
    ) -> Result<(), StoreError> {
        let (presence, now) = (&stock.presence, conditions.now);
        let mut resting: HashMap<&Msisdn, Option<AccountId>> = HashMap::new();
        for (number, account, _) in &conditions.rests {
            let by = resting.entry(number).or_insert(Some(*account));
            *by = by.filter(|known| known == account);
        }
        let uses = stock.uses_of_all(rows, &sims)?;
        let on_air = presence.which_can_be_given(&sims, now);
        for ((sold, uses), is_on_air) in sims.into_iter().zip(uses).zip(on_air) {
            let SellableSim { sim, iccid, number, .. } = sold;
            let active_orders = conditions.active_orders.get(&sim).cloned().unwrap_or_default();
            let usage =
                SimUsage { uses: &uses, active_orders: &active_orders, ..SimUsage::default() };
            let is_let = sold.pool != Pool::Orders && !sold.on_probation;
            if is_let
                && active_orders.is_empty()
                && !usage.was_ordered_since(conditions.ordered_since)
            {
                match resting.get(&number) {
                    None => self.add_rentable(presence, sim, iccid.as_str(), is_on_air, now),
                    Some(Some(by)) if self.rentable_by.len() < MOST_RESTING => {
                        self.rentable_by.push((*by, sim));
                    }
                    Some(_) => {}
                }
            }
            let is_tried = sold.on_probation && usage.has_open_order();
            if sold.pool == Pool::Rentals || is_tried {
                continue;
            }
            let candidate =
                |wait, active_orders| Candidate { sim, number, uses, active_orders, wait };
            if is_on_air {
                self.on_air.push(candidate(Duration::ZERO, active_orders));
            } else if active_orders.is_empty()
                && let Some(pool) = &conditions.pool
                && let Some(offer) = presence.parked_offer(pool, sim, iccid.as_str(), now)
            {
                let candidate = candidate(offer.wait, active_orders);
                self.parked.entry(offer.place).or_default().push(candidate);
            }
        }
        Ok(())
    }

    fn add_rentable(
        &mut self,
        presence: &SimPresence,
        sim: SimId,
        iccid: &str,
        is_on_air: bool,
        now: Timestamp,
    ) {
        let [on_air, parked] = &mut self.rentable;
        let sims = if is_on_air { on_air } else { parked };
        if sims.len() < PROPOSALS && (is_on_air || presence.can_be_rented_parked(sim, iccid, now)) {
            sims.push(sim);
        }
    }
}

impl Stock {
    /// What the number of each of several SIMs was used for, in their order.
    fn uses_of_all(
        &self,
        rows: &ReadTx<'_>,
        sims: &[SellableSim],
    ) -> Result<Vec<Arc<[Use]>>, StoreError> {
        let known = self.cache.known_uses(sims.iter().map(|sold| &sold.number));
        let each = sims.iter().zip(known);
        each.map(|(sold, uses)| uses.map_or_else(|| self.uses(rows, &sold.number), Ok)).collect()
    }

    pub(super) fn uses(
        &self,
        rows: &ReadTx<'_>,
        number: &Msisdn,
    ) -> Result<Arc<[Use]>, StoreError> {
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

impl Candidates {
    fn count(
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

    fn place_of(&self, number: &Msisdn) -> Option<usize> {
        let places = self.by_number.get_or_init(|| {
            let sims = self.sims.iter().enumerate();
            sims.map(|(place, sim)| (sim.number.clone(), place)).collect()
        });
        places.get(number).copied()
    }

    /// How many of them an account's order for the service at a place may be given if it may not
    /// have these.
    fn count_for(
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
    fn fitting(
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
    fn usage(&self) -> SimUsage<'_> {
        SimUsage { uses: &self.uses, active_orders: &self.active_orders, ..SimUsage::default() }
    }
}

#[cfg(test)]
impl Stock {
    /// Keeps the stock from being read until the guard is dropped.
    pub(in super::super) async fn hold_readings(
        &self,
    ) -> tokio::sync::OwnedMutexGuard<Option<Instant>> {
        Arc::clone(&self.snapshots.turn).lock_owned().await
    }

    /// Waits until this many have asked for a country's stock.
    pub(in super::super) async fn wait_until_asked(&self, country: &str, times: u64) {
        while self.snapshots.of(country).asked.load(Ordering::SeqCst) < times {
            tokio::task::yield_now().await;
        }
    }
}
