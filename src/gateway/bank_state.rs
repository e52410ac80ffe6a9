//! What is known of the SIM banks at this moment. It is kept in memory only: after a start the
//! daemon believes nothing of a bank until the bank has reported itself.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};

use super::topics::looks_the_same;
use crate::domain::bank::{BankReport, RadioState, SlotReport};
use crate::domain::{Iccid, SiteName, Timestamp};

/// The banks' last reports, the released SIMs, and the SIMs that tenants wait for.
#[derive(Debug, Default)]
pub(super) struct BankState(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    banks: BTreeMap<String, KnownBank>,
    /// SIMs that may leave the air, each with the site that it was at (`None` is the centre
    /// itself): no customer is given them as SIMs on the air.
    released: HashMap<Iccid, Option<SiteName>>,
    /// SIMs whose tenant looked for messages, and when.
    viewed_by_tenant: HashMap<Iccid, Timestamp>,
}

/// A bank's last report, and the index of each slot by the SIM that is in it.
#[derive(Debug, Clone)]
pub(super) struct KnownBank {
    pub(super) report: Arc<BankReport>,
    by_iccid: Arc<HashMap<Iccid, usize>>,
}

impl KnownBank {
    pub(super) fn slot_of(&self, iccid: &str) -> Option<&SlotReport> {
        self.report.slots.get(*self.by_iccid.get(iccid)?)
    }
}

impl BankState {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }

    /// Every bank, by name.
    pub(super) fn all(&self) -> Vec<KnownBank> {
        self.lock().banks.values().cloned().collect()
    }

    /// Whether there are any banks.
    pub(super) fn any(&self) -> bool {
        !self.lock().banks.is_empty()
    }

    /// The bank that a SIM is in, if it is known.
    pub(super) fn bank_of(&self, iccid: &str) -> Option<KnownBank> {
        self.lock().banks.values().find(|bank| bank.by_iccid.contains_key(iccid)).cloned()
    }

    /// Takes what a bank reports of itself, in place of its last report. Returns whether its page
    /// looks different now.
    pub(super) fn take_report(&self, report: BankReport) -> bool {
        let sim =
            |(index, slot): (usize, &SlotReport)| Some((slot.contents.iccid()?.clone(), index));
        let by_iccid: HashMap<Iccid, usize> =
            report.slots.iter().enumerate().filter_map(sim).collect();
        let on_air = |iccid: &Iccid| {
            report.radios.iter().any(|radio| {
                radio.state == RadioState::OnAir
                    && radio.iccid.as_ref().is_some_and(|known| known == iccid)
            })
        };
        let visited_at = |iccid: &Iccid| report.slots.get(*by_iccid.get(iccid)?)?.visited_at;
        let mut state = self.lock();
        state.viewed_by_tenant.retain(|iccid, at| {
            !on_air(iccid) && visited_at(iccid).is_none_or(|visited| visited < *at)
        });
        let (name, by_iccid) = (report.name.clone(), Arc::new(by_iccid));
        let report = Arc::new(report);
        let before = state.banks.insert(name, KnownBank { report: report.clone(), by_iccid });
        before.is_none_or(|before| !looks_the_same(&before.report, &report))
    }

    /// Forgets a bank that is no longer driven.
    pub(super) fn forget(&self, bank: &str) {
        self.lock().banks.remove(bank);
    }

    /// Forgets the banks of a site.
    pub(super) fn forget_site(&self, site: &SiteName) {
        let is_elsewhere =
            |bank: &str| SiteName::of_bank(bank).is_none_or(|(known, _)| known != *site);
        self.lock().banks.retain(|bank, _| is_elsewhere(bank));
    }

    /// Allows a SIM, which is at this site or with `None` at the centre itself, to leave the air;
    /// returns whether it was not allowed before.
    pub(super) fn release(&self, iccid: Iccid, site: Option<SiteName>) -> bool {
        self.lock().released.insert(iccid, site).is_none()
    }

    /// The daemon of a site knows nothing more of the SIMs that it may take off the air.
    pub(super) fn reclaim_site(&self, site: &SiteName) {
        self.lock().released.retain(|_, of_sim| of_sim.as_ref() != Some(site));
    }

    /// A released SIM is on the air again, or has not left it.
    pub(super) fn reclaim(&self, iccid: &Iccid) {
        self.lock().released.remove(iccid);
    }

    pub(super) fn is_released(&self, iccid: &str) -> bool {
        let state = self.lock();
        !state.released.is_empty() && state.released.contains_key(iccid)
    }

    /// Keeps the age of the reports when the clock was set forward by `ahead`.
    pub(super) fn clock_was_set(&self, ahead: Duration) {
        for bank in self.lock().banks.values_mut() {
            let report = Arc::make_mut(&mut bank.report);
            report.at = report.at.plus(ahead);
        }
    }

    /// Remembers that a tenant looked for messages of a SIM, if the SIM was off the air for longer
    /// than its bank's configuration allows. Whether that is new.
    pub(super) fn tenant_viewed(&self, iccid: &Iccid, now: Timestamp) -> bool {
        let mut state = self.lock();
        let away_too_long = state.banks.values().any(|bank| {
            let patience = bank.report.visit_on_view;
            let parked = bank.slot_of(iccid.as_str()).filter(|slot| slot.parked().is_some());
            patience.zip(parked).is_some_and(|(patience, slot)| {
                slot.visited_at.is_none_or(|at| now.since(at) > patience)
            })
        });
        let is_new = away_too_long && !state.viewed_by_tenant.contains_key(iccid);
        if is_new {
            state.viewed_by_tenant.insert(iccid.clone(), now);
        }
        is_new
    }

    /// Whether a tenant waits for a SIM. One that is on the air is waited for no more.
    pub(super) fn is_awaited_by_tenant(&self, iccid: &Iccid, on_air: bool) -> bool {
        let mut state = self.lock();
        if on_air {
            state.viewed_by_tenant.remove(iccid);
        }
        state.viewed_by_tenant.contains_key(iccid)
    }
}
