//! SIM banks, as their driver and the business speak of them: what is in the slots, what is wanted
//! of the SIMs, and who may leave the air.
//!
//! What a bank reports of itself is kept in memory only. Which SIM has leave to go off the air is
//! too: after a start the daemon believes nothing until a SIM has been read on a radio.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Error;
use super::background::Wakeups;
use super::bank_state::KnownBank;
use super::environment::Environment;
use super::sim_presence::SimPresence;
use crate::domain::bank::{BankReport, SlotDemand, SlotRecord, SwitchRecord, SwitchTrigger};
use crate::domain::{Iccid, RowLimit, Timestamp};
use crate::store::{BankPosition, Hold, StoreError, WriteTx};

/// For how long switches are kept.
const MOVES_KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

/// What the banks' driver asks of the business and tells it.
pub struct Banks {
    env: Arc<Environment>,
    presence: Arc<SimPresence>,
    wakeups: Arc<Wakeups>,
}

impl Banks {
    pub(super) fn new(
        env: Arc<Environment>,
        presence: Arc<SimPresence>,
        wakeups: Arc<Wakeups>,
    ) -> Banks {
        Banks { env, presence, wakeups }
    }

    /// What is kept of a bank's slots, in order.
    pub async fn slots(&self, bank: &str) -> Result<Vec<SlotRecord>, Error> {
        let bank = bank.to_owned();
        Ok(self.env.store.read(move |rows| rows.bank_slots(&bank)).await?)
    }

    /// Keeps what was found in a slot. A card is in one slot at most: what is in the one where it
    /// was before is unknown then.
    pub async fn record_slot(&self, bank: &str, record: SlotRecord) -> Result<(), Error> {
        let bank = bank.to_owned();
        let kept = self.env.store.write(move |tx| {
            tx.save_slot(&bank, &record)?;
            let iccid = record.contents.iccid();
            let sim = iccid.map(|iccid| tx.sim_by_iccid(iccid.as_str())).transpose()?.flatten();
            sim.map_or(Ok(()), |sim| {
                tx.stay_is_in(sim.id, &BankPosition { bank, slot: Some(record.slot) })
            })
        });
        Ok(kept.await?)
    }

    /// Keeps a switch that is over. The card that left is in that modem no more, unless it is what
    /// was read there afterwards.
    pub async fn record_switch(&self, moved: SwitchRecord) -> Result<(), Error> {
        let now = self.env.now();
        let kept = self.env.store.write(move |tx| {
            tx.add_switch(&moved, now.minus(MOVES_KEPT))?;
            let left = moved.left.as_ref().filter(|left| moved.found.as_ref() != Some(left));
            match left.map(|left| tx.sim_by_iccid(left.as_str())).transpose()?.flatten() {
                Some(sim) => tx.end_stay(sim.id, moved.began_at),
                None => Ok(()),
            }
        });
        Ok(kept.await?)
    }

    /// A bank's newest `limit` switches, newest first.
    pub async fn switches(&self, bank: &str, limit: RowLimit) -> Result<Vec<SwitchRecord>, Error> {
        let bank = bank.to_owned();
        Ok(self.env.store.read(move |rows| rows.bank_moves(&bank, limit.rows())).await?)
    }

    /// What is wanted of these SIMs, by ICCID; one that is not known has no need.
    pub async fn demand_for(&self, iccids: Vec<Iccid>) -> Result<Vec<SlotDemand>, Error> {
        let now = self.env.now();
        let read = self.env.store.read(move |rows| {
            let hold =
                |iccid: Iccid| Ok(rows.hold_on(iccid.as_str(), now)?.map(|hold| (iccid, hold)));
            iccids
                .into_iter()
                .map(hold)
                .filter_map(Result::transpose)
                .collect::<Result<Vec<_>, StoreError>>()
        });
        Ok(read.await?.into_iter().map(|(iccid, hold)| self.demand_of(iccid, hold, now)).collect())
    }

    fn demand_of(&self, iccid: Iccid, hold: Hold, now: Timestamp) -> SlotDemand {
        let away = !self.presence.is_on_air(iccid.as_str(), now);
        let awaited = self.presence.banks.is_awaited_by_tenant(iccid.as_str(), !away);
        let by_tenant = awaited.then_some(SwitchTrigger::Tenant);
        let trigger = hold
            .open_until
            .filter(|_| away)
            .map(|until| SwitchTrigger::Order { until })
            .or(by_tenant);
        SlotDemand {
            held: hold.stays,
            collecting: hold.collects,
            trigger,
            rented: hold.rented,
            iccid,
        }
    }

    /// Asks for a SIM's leave to go off the air; whether it is granted. From then on nobody is
    /// given the SIM as one on the air until [`Banks::end_leave`] is called, also when the caller
    /// did not wait for the answer.
    pub async fn grant_leave(&self, iccid: &str) -> Result<bool, Error> {
        let (presence, now, leaving) =
            (Arc::clone(&self.presence), self.env.clock(), iccid.to_owned());
        let is_new = Arc::new(AtomicBool::new(false));
        let marks = Arc::clone(&is_new);
        let marked = self.env.store.write(move |tx| {
            let may = tx.hold_on(&leaving, now())?.is_none_or(|hold| !hold.stays);
            if may {
                // Set on the writer's thread, so that the next operation sees it already.
                marks.store(presence.banks.start_leaving(leaving), Ordering::SeqCst);
            }
            Ok::<_, Error>(may)
        });
        let may = marked.await;
        // The leave may have been noted before the operation's group was lost.
        if may.is_err() && is_new.load(Ordering::SeqCst) {
            self.end_leave(iccid);
        }
        may
    }

    /// A SIM that had leave to go off the air is on the air again, or has not left it: it can be
    /// given out as before.
    pub fn end_leave(&self, iccid: &str) {
        self.presence.banks.stop_leaving(iccid);
        self.wakeups.sim_became_ready();
    }

    /// Takes what a bank reports of itself, in place of its last report.
    pub fn take_report(&self, report: BankReport) {
        self.presence.banks.take_report(report);
    }

    /// Forgets a bank that is not driven any more.
    pub fn forget(&self, bank: &str) {
        self.presence.banks.forget(bank);
    }

    /// The banks' last reports, by name.
    pub fn reports(&self) -> Vec<BankReport> {
        let banks = self.presence.banks.all().into_iter();
        banks.map(|bank| BankReport::clone(&bank.report)).collect()
    }

    /// Waits until the answer of [`Banks::demand_for`] may have changed, so that a plan should be
    /// made again. One task can wait at a time; a change while nobody waits is told to the next
    /// who does.
    pub async fn wait_for_demand(&self) {
        self.wakeups.wait_for_bank_demand().await;
    }

    /// A tenant looked for messages of a SIM: the SIM may have to be put on the air.
    pub(super) fn tenant_viewed(&self, iccid: &str, now: Timestamp) {
        if !self.presence.is_on_air(iccid, now) && self.presence.banks.tenant_viewed(iccid, now) {
            self.wakeups.bank_demand_changed();
        }
    }

    /// Whether there are any banks.
    pub(super) fn any(&self) -> bool {
        self.presence.banks.any()
    }

    /// The bank, and the slot in it, of a SIM that was read in the modem with this IMEI, as far as
    /// they are known.
    pub(super) fn position_of(
        &self,
        tx: &WriteTx<'_>,
        imei: &str,
        iccid: &str,
    ) -> Result<Option<BankPosition>, StoreError> {
        let banks = self.presence.banks.all();
        if banks.is_empty() {
            return Ok(None);
        }
        let modems = self.presence.modems.modems();
        let port = modems
            .iter()
            .find(|modem| modem.imei.as_deref() == Some(imei))
            .map(|modem| &modem.port);
        let has = |bank: &&KnownBank| {
            port.is_some_and(|port| {
                bank.report.radios.iter().any(|radio| radio.port == port.as_str())
            })
        };
        let Some(bank) = banks.iter().find(has).map(|bank| bank.report.name.clone()) else {
            return Ok(None);
        };
        let slot = tx.slot_of_card(&bank, iccid)?;
        Ok(Some(BankPosition { bank, slot }))
    }
}
