//! The interface between the banks' driver and the business: what is in the slots, what the
//! business wants of the SIMs (its demands), and which SIMs may leave the air.
//!
//! The banks' reports and the released SIMs are kept in memory only: after a start nothing is
//! assumed until a SIM has been read on a radio.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use super::audit::Audit;
use super::background::Wakeups;
use super::bank_state::KnownBank;
use super::environment::Environment;
use super::listing::ListRequest;
use super::sim_presence::SimPresence;
use super::topics::{Topic, Topics};
use super::{Error, ModemControl};
use crate::domain::audit::AuditAction;
use crate::domain::bank::{
    BankReport, RadioReport, SlotDemand, SlotRecord, SwitchRecord, SwitchTrigger,
};
use crate::domain::{Iccid, PortName, Timestamp};
use crate::store::{BankPosition, ListFilter, SimClaims, StoreError, WriteTx};

/// How long the records of switches are kept.
const SWITCHES_KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

/// What came of a switch that the operator asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchedByHand {
    /// The port of the radio.
    pub radio: PortName,
    /// What the bank answered, in a line for the operator.
    pub reply: String,
}

/// The business as the banks' driver sees it.
pub struct Banks {
    env: Arc<Environment>,
    presence: Arc<SimPresence>,
    wakeups: Arc<Wakeups>,
    topics: Arc<Topics>,
    audit: Arc<Audit>,
}

impl Banks {
    pub(super) fn new(
        env: Arc<Environment>,
        presence: Arc<SimPresence>,
        wakeups: Arc<Wakeups>,
        topics: Arc<Topics>,
        audit: Arc<Audit>,
    ) -> Banks {
        Banks { env, presence, wakeups, topics, audit }
    }

    /// What is stored of a bank's slots, in order.
    pub async fn slots(&self, bank: &str) -> Result<Vec<SlotRecord>, Error> {
        let bank = bank.to_owned();
        Ok(self.env.store.read(move |rows| rows.bank_slots(&bank)).await?)
    }

    /// Stores what was found in a slot. A SIM is in one slot only: of the one where it was before,
    /// nothing is known any more.
    pub async fn record_slot(&self, bank: &str, record: SlotRecord) -> Result<(), Error> {
        let bank = bank.to_owned();
        let stored = self.env.store.write(move |tx| {
            tx.save_slot(&bank, &record)?;
            let iccid = record.contents.iccid();
            let sim = iccid.map(|iccid| tx.sim_by_iccid(iccid)).transpose()?.flatten();
            sim.map_or(Ok(()), |sim| {
                tx.set_bank_position(sim.id, &BankPosition { bank, slot: Some(record.slot) })
            })
        });
        Ok(stored.await?)
    }

    /// Stores a finished switch. The SIM that left is no longer in that modem, unless it was
    /// read there again afterwards.
    pub async fn record_switch(&self, record: SwitchRecord) -> Result<(), Error> {
        let now = self.env.now();
        let stored = self.env.store.write(move |tx| {
            tx.add_switch(&record, now.minus(SWITCHES_KEPT))?;
            let left = record.left.as_ref().filter(|left| record.found.as_ref() != Some(left));
            match left.map(|left| tx.sim_by_iccid(left)).transpose()?.flatten() {
                Some(sim) => tx.end_location(sim.id, record.began_at),
                None => Ok(()),
            }
        });
        Ok(stored.await?)
    }

    /// The switches of a bank that the operator asks for, oldest first, each with its id.
    pub async fn switches(
        &self,
        bank: &str,
        request: ListRequest,
    ) -> Result<Vec<(i64, SwitchRecord)>, Error> {
        let (bank, settings) = (Some(bank.to_owned()), self.env.settings());
        let read = self.env.store.read(move |rows| {
            let filter = request.resolve(rows, &settings.countries, &[])?;
            Ok::<_, Error>(rows.bank_switches(&ListFilter { bank, ..filter })?)
        });
        read.await
    }

    /// What is wanted of these SIMs. SIMs that are not known are left out.
    pub async fn demand_for(&self, iccids: Vec<Iccid>) -> Result<Vec<SlotDemand>, Error> {
        let now = self.env.now();
        let read = self.env.store.read(move |rows| {
            let with_claims =
                |iccid: Iccid| Ok(rows.sim_claims(&iccid, now)?.map(|claims| (iccid, claims)));
            iccids
                .into_iter()
                .map(with_claims)
                .filter_map(Result::transpose)
                .collect::<Result<Vec<_>, StoreError>>()
        });
        let known = read.await?.into_iter();
        Ok(known.map(|(iccid, claims)| self.demand_of(iccid, claims, now)).collect())
    }

    fn demand_of(&self, iccid: Iccid, claims: SimClaims, now: Timestamp) -> SlotDemand {
        let on_air = self.presence.is_on_air(iccid.as_str(), now);
        let awaited = self.presence.banks.is_awaited_by_tenant(&iccid, on_air);
        let by_tenant = awaited.then_some(SwitchTrigger::Tenant);
        let trigger = claims
            .open_until
            .filter(|_| !on_air)
            .map(|until| SwitchTrigger::Order { until })
            .or(by_tenant);
        SlotDemand {
            held: claims.held,
            collecting: claims.collecting,
            trigger,
            rented: claims.rented,
            iccid,
        }
    }

    /// Releases a SIM, so that it may leave the air, unless something holds it; returns whether it
    /// is released. From then on no customer is given the SIM as one on the air until
    /// [`Banks::reclaim`] is called, even if the caller did not wait for the answer.
    pub async fn release(&self, iccid: &Iccid) -> Result<bool, Error> {
        let (presence, clock, sim) = (Arc::clone(&self.presence), self.env.clock(), iccid.clone());
        let is_new = Arc::new(AtomicBool::new(false));
        let is_new_in_tx = Arc::clone(&is_new);
        let released = self.env.store.write(move |tx| {
            let may_leave = tx.sim_claims(&sim, clock.now())?.is_none_or(|claims| !claims.held);
            if may_leave {
                // Set on the writer's thread, so that the next operation sees it already.
                let site = presence.modems.site_of_sim(&sim);
                is_new_in_tx.store(presence.banks.release(sim, site), Ordering::SeqCst);
            }
            Ok::<_, Error>(may_leave)
        });
        let released = released.await;
        // The release may have been recorded in memory before the operation's group failed.
        if released.is_err() && is_new.load(Ordering::SeqCst) {
            self.reclaim(iccid);
        }
        released
    }

    /// A released SIM is on the air again, or has not left it: it can be given to customers.
    pub fn reclaim(&self, iccid: &Iccid) {
        self.presence.banks.reclaim(iccid);
        self.wakeups.sim_became_ready();
    }

    /// Takes a bank's report, in place of its last one.
    pub fn take_report(&self, report: BankReport) {
        if self.presence.banks.take_report(report) {
            self.topics.raise(Topic::Banks);
        }
    }

    /// Forgets a bank that is no longer driven.
    pub fn forget(&self, bank: &str) {
        self.presence.banks.forget(bank);
        self.topics.raise(Topic::Banks);
    }

    /// The banks' last reports, by name.
    pub fn reports(&self) -> Vec<BankReport> {
        let banks = self.presence.banks.all().into_iter();
        banks.map(|bank| BankReport::clone(&bank.report)).collect()
    }

    /// The last report of a bank.
    pub fn find(&self, name: &str) -> Result<BankReport, Error> {
        let found = self.reports().into_iter().find(|bank| bank.name == name);
        found.ok_or_else(|| {
            Error::refused(format!("no bank is called {name}"))
                .in_shell("`simbridge bank list` shows them")
        })
    }

    /// Has a bank put a slot on a radio now. The radio is named by its port, the last part of its
    /// port's path, or its place from 1.
    pub async fn switch_by_hand(
        &self,
        modems: &dyn ModemControl,
        bank: &str,
        radio: &str,
        slot: u32,
    ) -> Result<SwitchedByHand, Error> {
        let report = self.find(bank)?;
        let radio = find_radio(&report, radio)?.port.clone();
        if !report.slots.iter().any(|known| known.slot == slot) {
            return Err(Error::refused(format!("bank {bank} has no slot {slot}"))
                .in_shell(format!("`simbridge bank show {bank}` shows its slots")));
        }
        let subject = format!("bank {bank}, slot {slot}");
        self.audit.note_operation(AuditAction::SwitchedByHand, subject).await;
        let reply = modems.switch(bank, radio.as_str(), slot).await.map_err(Error::Refused)?;
        Ok(SwitchedByHand { radio, reply })
    }

    /// Marked whenever the answer of [`Banks::demand_for`] may have changed, so that a plan should
    /// be made again.
    pub fn demand_changes(&self) -> watch::Receiver<()> {
        self.wakeups.bank_demand_changes()
    }

    /// A tenant looked for messages of a SIM: the SIM may have to be put on the air.
    pub(super) fn tenant_viewed(&self, iccid: &Iccid, now: Timestamp) {
        if !self.presence.is_on_air(iccid.as_str(), now)
            && self.presence.banks.tenant_viewed(iccid, now)
        {
            self.wakeups.bank_demand_changed();
        }
    }

    /// Whether there are any banks.
    pub(super) fn any(&self) -> bool {
        self.presence.banks.any()
    }

    /// The bank, and the slot in it, of a SIM that was read in the modem at this port, as far as
    /// they are known.
    pub(super) fn position_of(
        &self,
        tx: &WriteTx<'_>,
        port: &PortName,
        iccid: &Iccid,
    ) -> Result<Option<BankPosition>, StoreError> {
        let banks = self.presence.banks.all();
        if banks.is_empty() {
            return Ok(None);
        }
        let has =
            |bank: &&KnownBank| bank.report.radios.iter().any(|radio| radio.port == port.as_str());
        let Some(bank) = banks.iter().find(has).map(|bank| bank.report.name.clone()) else {
            return Ok(None);
        };
        let slot = tx.slot_of_sim(&bank, iccid)?;
        Ok(Some(BankPosition { bank, slot }))
    }
}

/// Finds a radio by its port, the last part of its port's path, or its place from 1.
fn find_radio<'b>(bank: &'b BankReport, radio: &str) -> Result<&'b RadioReport, Error> {
    let by_place =
        radio.parse::<usize>().ok().and_then(|number| bank.radios.get(number.checked_sub(1)?));
    let by_name = |known: &&RadioReport| {
        known.port == radio || known.port.as_str().rsplit('/').next() == Some(radio)
    };
    bank.radios.iter().find(by_name).or(by_place).ok_or_else(|| {
        Error::refused(format!(
            "bank {} has no radio {radio}: give its port, or its place from 1 to {}",
            bank.name,
            bank.radios.len()
        ))
    })
}
