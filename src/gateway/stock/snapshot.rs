//! What is on sale in a country at one moment, read once for all who ask at about that time.
//!
//! With thousands of SIMs reading it takes tens of milliseconds. So that no customer slows the
//! others down by asking again and again, one reader at a time does it and rests afterwards, and
//! everybody who had asked before it began shares the result, which is therefore never older than
//! the question.

mod candidates;
mod counting;
mod found;

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::Stock;
use super::conditions::Conditions;
use super::offers::{Offer, Skip};
use super::on_sale::OnSale;
use crate::domain::allocation::{SharingPolicy, passes};
use crate::domain::availability::Purpose;
use crate::domain::{AccountId, Msisdn, Service, ServiceId, SimId};
use crate::gateway::Error;
use crate::store::{ReadTx, SellableSim, StoreError};
use candidates::{Candidate, Candidates, Parked};
use found::Found;

/// After each reading, so many times as long as it took must pass before the next one: a fourth of
/// one reader's time is the most that all readings take.
const REST_FACTOR: u32 = 3;
/// A reading that takes less is so cheap that none has to wait for the next one.
const CHEAP: Duration = Duration::from_millis(2);

/// How many SIMs are proposed for an order or a rental.
const PROPOSALS: usize = 16;

/// A SIM that an order could be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Proposal {
    pub(super) sim: SimId,
    /// Which orders may run on it already.
    pub(super) sharing: SharingPolicy,
    pub(super) is_parked: bool,
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
        let found = Found::read(stock, rows, sims, conditions)?;
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
