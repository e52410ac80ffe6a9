//! Sales of SIMs that are parked in a bank, when a radio could have them on the air soon enough.
//!
//! Which radios are taken is not remembered here: an order on a parked SIM is marked as waiting in
//! the database until its SIM is on the air or the order is over. So the next operation of the same
//! group knows of it, a report from before the sale frees no radio, and a restart forgets none.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::time::Duration;

use super::bank_state::KnownBank;
use super::sim_presence::SimPresence;
use crate::domain::allocation::SharingPolicy;
use crate::domain::parked::{max_simultaneous, soonest_radio};
use crate::domain::{Iccid, Msisdn, SimId, Timestamp};
use crate::store::{ReadTx, SearchResult, SearchScope, StockQuery, StoreError};

/// How the SIM of an order comes to be on the air.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SimReadiness {
    /// It is on the air already.
    On,
    /// A bank has to switch it in.
    Parked {
        /// How long that may take; after that the order ends.
        on_air_within: Duration,
    },
}

/// A SIM that an order is given.
pub(super) struct SelectedSim {
    pub(super) sim: SimId,
    pub(super) number: Msisdn,
    pub(super) readiness: SimReadiness,
}

/// What has come of looking for a SIM for an order.
pub(super) enum Allocation {
    /// It is given this one.
    Found(SelectedSim),
    /// No SIM can be given.
    SoldOut,
    /// There may be one further on in the stock: a snapshot of it can tell.
    TooFar,
}

/// The radios of all banks that could have a parked SIM on the air in time.
pub(super) struct FreeRadios(Vec<BankCapacity>);

struct BankCapacity {
    known: KnownBank,
    /// The radios that can take a SIM, and how long each takes to have it on the air.
    free: BTreeMap<usize, Duration>,
}

/// The number of parked SIMs by bank and by the radios that can take them.
pub(super) type ParkedCounts = HashMap<(usize, Range<usize>), usize>;

/// Where a parked SIM is, and how soon it could be on the air.
pub(super) struct ParkedOffer {
    /// Its bank, and the radios that can take it.
    pub(super) place: (usize, Range<usize>),
    /// How soon it could be on the air.
    pub(super) wait: Duration,
    on_air_within: Duration,
}

impl FreeRadios {
    /// The offer for a parked SIM, if a radio could have it on the air in time.
    pub(super) fn offer(&self, iccid: &str) -> Option<ParkedOffer> {
        self.0.iter().enumerate().find_map(|(place, bank)| {
            let slot = bank
                .known
                .slot_of(iccid)
                .filter(|slot| slot.parked().is_some_and(|parked| parked == iccid))?;
            let (_, wait) = soonest_radio(&bank.free, slot)?;
            let on_air_within = bank.known.report.sell_within;
            Some(ParkedOffer { place: (place, slot.radios.clone()), wait, on_air_within })
        })
    }

    /// How many of the counted SIMs could be on the air at the same time: no more than there are
    /// free radios.
    pub(super) fn placeable(&self, counts: &ParkedCounts) -> usize {
        let in_bank = |(place, bank): (usize, &BankCapacity)| {
            let here = counts.iter().filter(|((bank, _), _)| *bank == place);
            let here: Vec<_> = here.map(|((_, radios), count)| (radios.clone(), *count)).collect();
            max_simultaneous(bank.free.keys().copied(), &here)
        };
        self.0.iter().enumerate().map(in_bank).sum()
    }

    fn soonest(&self) -> Option<Duration> {
        self.0.iter().flat_map(|bank| bank.free.values().copied()).min()
    }
}

/// The same query for parked SIMs, which are sold only while no order runs on them.
fn parked(query: StockQuery<'_>) -> StockQuery<'_> {
    StockQuery { sharing: SharingPolicy::Exclusive, ..query }
}

impl SimPresence {
    /// The banks that could put a SIM on the air now; `None` if no radio is free.
    pub(super) fn free_radios(
        &self,
        rows: &ReadTx<'_>,
        now: Timestamp,
    ) -> Result<Option<FreeRadios>, StoreError> {
        if !self.banks.any() {
            return Ok(None);
        }
        let waiting = rows.orders_waiting_for_sim(now)?;
        let mut banks = Vec::new();
        for bank in self.banks.all() {
            let slots = waiting.iter().filter_map(|order| bank.slot_of(order.iccid.as_str()));
            let awaited: Vec<u32> = slots.map(|slot| slot.slot).collect();
            let held = self.unavailable_sims(rows, &bank, now)?;
            let free = bank.report.free_radios(now, &awaited, &held);
            if !free.is_empty() {
                banks.push(BankCapacity { known: bank, free });
            }
        }
        Ok((!banks.is_empty()).then_some(FreeRadios(banks)))
    }

    /// The SIMs on a bank's radios that must stay there, or that make room for another already.
    fn unavailable_sims(
        &self,
        rows: &ReadTx<'_>,
        bank: &KnownBank,
        now: Timestamp,
    ) -> Result<HashSet<Iccid>, StoreError> {
        let mut unavailable = HashSet::new();
        let radios = bank.report.radios.iter().filter(|radio| radio.free_in.is_some());
        for iccid in radios.filter_map(|radio| radio.iccid.as_ref()) {
            if self.banks.is_released(iccid.as_str())
                || rows.sim_claims(iccid, now)?.is_some_and(|claims| claims.held)
            {
                unavailable.insert(iccid.clone());
            }
        }
        Ok(unavailable)
    }

    /// The parked SIM that is wanted and could be on the air first; of several, the one that was
    /// given out longest ago.
    pub(super) fn allocate_parked(
        &self,
        rows: &ReadTx<'_>,
        query: StockQuery<'_>,
        scope: SearchScope,
        is_wanted: impl Fn(SimId) -> bool,
    ) -> Result<Allocation, StoreError> {
        let Some(pool) = self.free_radios(rows, query.now)? else {
            return Ok(Allocation::SoldOut);
        };
        let soonest = pool.soonest();
        let mut best: Option<(SimId, ParkedOffer)> = None;
        let searched = rows.search_for_order(parked(query), scope, |sim, iccid| {
            let offer = self.parked_offer(&pool, sim, iccid, query.now);
            let Some(offer) = offer.filter(|_| is_wanted(sim)) else { return false };
            if best.as_ref().is_none_or(|(_, best)| offer.wait < best.wait) {
                let is_soonest = Some(offer.wait) == soonest;
                best = Some((sim, offer));
                return is_soonest;
            }
            false
        })?;
        if searched == SearchResult::TooFar {
            return Ok(Allocation::TooFar);
        }
        let Some((sim, ParkedOffer { on_air_within, .. })) = best else {
            return Ok(Allocation::SoldOut);
        };
        let number = rows.sim(sim)?.and_then(|sim| sim.number).map(|known| known.number);
        let readiness = SimReadiness::Parked { on_air_within };
        Ok(number.map_or(Allocation::SoldOut, |number| {
            Allocation::Found(SelectedSim { sim, number, readiness })
        }))
    }

    /// The offer for a SIM that the database has on sale, if it is parked and could be on the air
    /// in time.
    pub(super) fn parked_offer(
        &self,
        pool: &FreeRadios,
        sim: SimId,
        iccid: &str,
        now: Timestamp,
    ) -> Option<ParkedOffer> {
        let offer = pool.offer(iccid);
        offer.filter(|_| !self.is_on_air(iccid, now) && !self.is_held_back(sim, now))
    }

    /// How many parked SIMs could be given out at this moment.
    pub(super) fn parked_count(
        &self,
        rows: &ReadTx<'_>,
        query: StockQuery<'_>,
    ) -> Result<usize, StoreError> {
        let Some(pool) = self.free_radios(rows, query.now)? else { return Ok(0) };
        let mut counts = ParkedCounts::new();
        rows.find_for_order(parked(query), |sim, iccid| {
            if let Some(offer) = self.parked_offer(&pool, sim, iccid, query.now) {
                *counts.entry(offer.place).or_default() += 1;
            }
            false
        })?;
        Ok(pool.placeable(&counts))
    }

    /// How a certain SIM can come to be on the air for an order, if it can in time.
    pub(super) fn readiness_of(
        &self,
        rows: &ReadTx<'_>,
        iccid: &Iccid,
        now: Timestamp,
    ) -> Result<Option<SimReadiness>, StoreError> {
        if self.is_on_air(iccid.as_str(), now) {
            return Ok(Some(SimReadiness::On));
        }
        // A SIM that something holds cannot be parked, whatever its bank reported last.
        if rows.sim_claims(iccid, now)?.is_none_or(|claims| claims.held) {
            return Ok(None);
        }
        let offer = self.free_radios(rows, now)?.and_then(|pool| pool.offer(iccid.as_str()));
        Ok(offer.map(|ParkedOffer { on_air_within, .. }| SimReadiness::Parked { on_air_within }))
    }
}
