//! Where each SIM is at this moment: on the air in a working modem, parked in a bank, or neither.
//!
//! What the search of the stock asks of each row takes the ICCID as a bare text, which is the
//! database's own: an [`Iccid`] would be allocated for every row. The maps that are asked have
//! [`Iccid`]s as keys all the same.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::background::FailedDeadlines;
use super::bank_state::BankState;
use super::departures::LOST_AFTER;
use super::two_places::SimsInTwoPlaces;
use super::{ModemRegistry, Reported};
use crate::domain::bank::SlotReport;
use crate::domain::{Iccid, ModemId, SimId, SiteName, Timestamp};
use crate::store::{BankPosition, SellableSim};

/// For this long after a SIM came on the air its messages may be those that waited at the network:
/// they say nothing about the network's clock.
const BURST: Duration = Duration::from_secs(120);
/// How soon modems are looked at again that are still in their first try.
const SOON: Duration = Duration::from_secs(10);
/// How many lost SIMs are seen to in one transaction.
const LOST_PER_BATCH: usize = 200;

/// Answers from what the modems and the banks last reported, and from what is known to be faulty.
pub(super) struct SimPresence {
    pub(super) modems: Arc<ModemRegistry>,
    pub(super) banks: Arc<BankState>,
    failed: Arc<FailedDeadlines>,
    pub(super) in_two_places: SimsInTwoPlaces,
    started_at: Mutex<Timestamp>,
    /// SIMs with open orders that are waited for, until it is known which of them have come up
    /// nowhere.
    awaited: Mutex<Vec<AwaitedSims>>,
}

/// SIMs of one site that are in no modem, and may still come up in one.
struct AwaitedSims {
    /// The site that they were last at; `None` for the centre itself.
    site: Option<SiteName>,
    /// Since when they could have come up; `None` as long as their site is not connected.
    since: Option<Timestamp>,
    sims: Vec<Iccid>,
}

/// Whether a SIM is on the air.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct SimAir {
    pub(super) is_on_air: bool,
    /// When it was last known to be on the air, if it was since the start.
    pub(super) last_seen_at: Option<Timestamp>,
    /// When it comes on the air again that is parked in a bank, as is planned.
    pub(super) next_visit_at: Option<Timestamp>,
}

impl SimPresence {
    pub(super) fn new(
        modems: Arc<ModemRegistry>,
        banks: Arc<BankState>,
        failed: Arc<FailedDeadlines>,
        now: Timestamp,
    ) -> SimPresence {
        let (started_at, awaited) = (Mutex::new(now), Mutex::default());
        let in_two_places = SimsInTwoPlaces::default();
        SimPresence { modems, banks, failed, in_two_places, started_at, awaited }
    }

    /// Since when a SIM is not where it can receive what is sent to it; `None` when it is. One of a
    /// bank is in time as long as it is visited as often as it should be.
    pub(super) fn off_air_since(&self, iccid: &Iccid, now: Timestamp) -> Option<Timestamp> {
        let since = self.modems.off_air_since(iccid, *self.started_at.lock(), now)?;
        let Some(bank) = self.banks.bank_of(iccid.as_str()) else { return Some(since) };
        if !bank.report.is_fresh(now) {
            return Some(bank.report.at.max(since));
        }
        bank.slot_of(iccid.as_str())?.late_since
    }

    /// Whether a SIM is on the air now, when it was last, and when it is again.
    pub(super) fn air_of(&self, iccid: &Iccid, now: Timestamp) -> SimAir {
        let is_on_air = self.is_on_air(iccid.as_str(), now);
        let bank = self.banks.bank_of(iccid.as_str());
        let slot = bank.as_ref().and_then(|bank| bank.slot_of(iccid.as_str()));
        let visited_at = slot.and_then(|slot| slot.visited_at);
        let last_seen_at = self.modems.last_seen_at(iccid, now).max(visited_at);
        let planned = |slot: &SlotReport| {
            let radios = bank.iter().flat_map(|bank| &bank.report.radios);
            let next = radios.filter_map(|radio| radio.next.as_ref());
            let of_slot = next.filter(|next| next.slot == slot.slot).map(|next| next.not_before);
            of_slot.chain(slot.visit_due).min()
        };
        let next_visit_at = slot.filter(|_| !is_on_air).and_then(planned).map(|at| at.max(now));
        SimAir { is_on_air, last_seen_at, next_visit_at }
    }

    /// When the daemon began to watch the SIMs.
    pub(super) fn started_at(&self) -> Timestamp {
        *self.started_at.lock()
    }

    /// When a SIM that has worked since the start stopped to.
    pub(super) fn left_at(&self, iccid: &Iccid) -> Option<Timestamp> {
        self.modems.left_at(iccid)
    }

    /// Waits for SIMs to come up that had open orders at the start, each given with the modem that
    /// it was last in. For those of a site the time to come up begins when it connects.
    pub(super) fn await_sims(&self, sims: Vec<(Iccid, Option<ModemId>)>) {
        for (iccid, modem) in sims {
            let site = modem.as_ref().and_then(|modem| SiteName::of_modem_id(modem.as_str()));
            self.await_at(site.map(|(site, _)| site), vec![iccid]);
        }
    }

    fn await_at(&self, site: Option<SiteName>, mut sims: Vec<Iccid>) {
        let since = site.is_none().then(|| *self.started_at.lock());
        let mut awaited = self.awaited.lock();
        match awaited.iter_mut().find(|known| known.site == site) {
            Some(known) => {
                known.since = since;
                known.sims.append(&mut sims);
            }
            None if sims.is_empty() => {}
            None => awaited.push(AwaitedSims { site, since, sims }),
        }
    }

    /// A site says nothing any more. Its SIMs are where they were, as far as is known, and those
    /// that have just left their modems there are waited for until it is back. Its banks are not
    /// known any more.
    pub(super) fn site_fell_silent(&self, site: &SiteName, now: Timestamp) -> Reported {
        let reported = self.modems.site_fell_silent(site, now);
        let away = self.modems.departures(|departures| departures.remove_site(site));
        self.await_at(Some(site.clone()), away);
        self.banks.forget_site(site);
        reported
    }

    /// A site is connected: from now on its SIMs can come up.
    pub(super) fn site_connected(&self, site: &SiteName, now: Timestamp) {
        let mut awaited = self.awaited.lock();
        let of_site = awaited.iter_mut().filter(|known| known.site.as_ref() == Some(site));
        of_site.for_each(|known| known.since = Some(now));
    }

    /// The daemon of a site has started anew. Its SIMs are waited for as those of the centre itself
    /// are after a start, and none is released any more.
    pub(super) fn site_restarted(&self, site: &SiteName, now: Timestamp) {
        let sims = self.modems.site_restarted(site);
        self.await_at(Some(site.clone()), sims);
        self.site_connected(site, now);
        self.banks.reclaim_site(site);
    }

    /// Until when those SIMs are waited for: by then the modems that are there have had their first
    /// try.
    fn waited_until(&self, awaited: &AwaitedSims, now: Timestamp) -> Option<Timestamp> {
        let until = awaited.since?.plus(LOST_AFTER);
        let is_early = until <= now && self.modems.is_any_in_first_try(awaited.site.as_ref(), now);
        Some(if is_early { now.plus(SOON) } else { until })
    }

    /// Takes those of the awaited SIMs to be lost that are nowhere when their time is over.
    fn end_waiting(&self, now: Timestamp) {
        let is_over =
            |known: &mut AwaitedSims| self.waited_until(known, now).is_some_and(|at| at <= now);
        let over: Vec<AwaitedSims> = self.awaited.lock().extract_if(.., is_over).collect();
        for AwaitedSims { since, mut sims, .. } in over {
            sims.retain(|iccid| self.modems.is_in_none(iccid));
            let since = since.unwrap_or(now);
            self.modems.departures(|departures| departures.add_missing(sims, since));
        }
    }

    /// Some of the SIMs that are lost, each with when it left its modem. One of a bank that is in
    /// none of its radios is parked, and not lost.
    pub(super) fn lost_sims(&self, now: Timestamp) -> Vec<(Iccid, Timestamp)> {
        self.end_waiting(now);
        let lost = self.modems.departures(|departures| departures.lost(now, LOST_PER_BATCH));
        let in_bank =
            |(iccid, _): &(Iccid, Timestamp)| self.banks.bank_of(iccid.as_str()).is_some();
        let (parked, lost) = lost.into_iter().partition::<Vec<_>, _>(in_bank);
        self.forget_lost(&parked);
        lost
    }

    /// What the loss of these SIMs brings about has been done.
    pub(super) fn forget_lost(&self, sims: &[(Iccid, Timestamp)]) {
        self.modems.departures(|departures| {
            sims.iter().for_each(|(iccid, since)| departures.forget(iccid, *since));
        });
    }

    /// When the next SIM may be lost.
    pub(super) fn next_loss(&self, now: Timestamp) -> Option<Timestamp> {
        let next = self.modems.departures(|departures| departures.next_loss());
        let awaited = self.awaited.lock();
        let waited = awaited.iter().filter_map(|known| self.waited_until(known, now));
        next.into_iter().chain(waited).min()
    }

    /// The clock was set ahead: nothing has lasted longer for that.
    pub(super) fn clock_was_set(&self, ahead: Duration) {
        self.modems.clock_was_set(ahead);
        self.banks.clock_was_set(ahead);
        self.in_two_places.clock_was_set(ahead);
        let mut started_at = self.started_at.lock();
        *started_at = started_at.plus(ahead);
        for since in self.awaited.lock().iter_mut().filter_map(|known| known.since.as_mut()) {
            *since = since.plus(ahead);
        }
    }

    /// Whether a SIM is in a working modem and has not been released to its bank.
    pub(super) fn is_on_air(&self, iccid: &str, now: Timestamp) -> bool {
        self.modems.is_working(iccid, now) && !self.banks.is_released(iccid)
    }

    /// Whether a SIM that the database has on sale can be given out: it is on the air, and nothing
    /// holds it back.
    pub(super) fn can_be_given(&self, sim: SimId, iccid: &str, now: Timestamp) -> bool {
        self.modems.is_working(iccid, now) && !self.is_released_or_held_back(sim, iccid, now)
    }

    /// The same of each of several SIMs, in their order.
    pub(super) fn which_can_be_given(&self, sims: &[SellableSim], now: Timestamp) -> Vec<bool> {
        let working = self.modems.are_working(sims.iter().map(|sold| sold.iccid.as_str()), now);
        let can_be_given = |(sold, is_working): (&SellableSim, bool)| {
            is_working && !self.is_released_or_held_back(sold.sim, sold.iccid.as_str(), now)
        };
        sims.iter().zip(working).map(can_be_given).collect()
    }

    /// Whether a SIM is given to nobody although it may be in a working modem.
    fn is_released_or_held_back(&self, sim: SimId, iccid: &str, now: Timestamp) -> bool {
        self.banks.is_released(iccid) || self.is_held_back(sim, now)
    }

    /// Whether this SIM is given to nobody, because a faulty row of the database concerns it, or
    /// because it is read in two places.
    pub(super) fn is_held_back(&self, sim: SimId, now: Timestamp) -> bool {
        self.failed.involves_sim(sim) || self.in_two_places.contains(sim, now)
    }

    /// Whether what comes for a SIM now may have waited at the network while the SIM was parked.
    pub(super) fn may_have_waited(&self, iccid: &Iccid, now: Timestamp) -> bool {
        let in_bank = || self.banks.bank_of(iccid.as_str()).is_some();
        self.modems.on_air_for(iccid, now).is_none_or(|time| time < BURST) && in_bank()
    }

    /// The bank, and its slot, in which a SIM was last found, as its bank reports.
    pub(super) fn position_of(&self, iccid: &Iccid) -> Option<BankPosition> {
        let bank = self.banks.bank_of(iccid.as_str())?;
        let slot = bank.slot_of(iccid.as_str()).map(|slot| slot.slot);
        Some(BankPosition { bank: bank.report.name.clone(), slot })
    }

    /// Whether a SIM is parked in a bank that reports itself, in a slot without trouble.
    pub(super) fn is_parked(&self, iccid: &Iccid, now: Timestamp) -> bool {
        let iccid = iccid.as_str();
        let bank = self.banks.bank_of(iccid).filter(|bank| bank.report.is_fresh(now));
        bank.is_some_and(|bank| bank.slot_of(iccid).is_some_and(|slot| slot.parked().is_some()))
    }

    /// Whether a SIM that the database has on sale can be rented out although it is parked.
    pub(super) fn can_be_rented_parked(&self, sim: SimId, iccid: &str, now: Timestamp) -> bool {
        self.is_parked_and_visited(iccid, now) && !self.is_held_back(sim, now)
    }

    /// Whether a SIM is parked where a bank that works visits it, so that it can be rented out.
    pub(super) fn is_parked_and_visited(&self, iccid: &str, now: Timestamp) -> bool {
        let Some(bank) = self.banks.bank_of(iccid) else { return false };
        let slot = bank
            .slot_of(iccid)
            .filter(|slot| slot.parked().is_some() && bank.report.can_serve(slot));
        bank.report.is_fresh(now) && bank.report.trouble.is_none() && slot.is_some()
    }
}
