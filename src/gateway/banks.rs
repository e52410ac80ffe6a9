//! SIM banks, as their driver and the business speak of them: what is in the slots, what is wanted
//! of the SIMs, and who may leave the air.
//!
//! What a bank says of itself is kept in memory only. Which SIM has leave to go off the air is too:
//! after a start the daemon believes nothing until a SIM has been read on a radio.

use parking_lot::{Mutex, MutexGuard};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use super::{Error, Gateway};
use crate::domain::Timestamp;
use crate::domain::bank::{
    BankReport, SlotContents, SlotDemand, SlotRecord, SlotReport, SwitchRecord, SwitchTrigger,
};
use crate::store::{BankPosition, Hold, StoreError, WriteTx};

/// For how long switches are kept.
const MOVES_KEPT: Duration = Duration::from_secs(90 * 24 * 3600);
/// For so long after a SIM came on the air its messages may be those that waited at the network:
/// they tell nothing of its clock.
const BURST: Duration = Duration::from_secs(120);

/// What is known of the banks now.
#[derive(Debug, Default)]
pub(super) struct Banks {
    state: Mutex<State>,
    news: Notify,
}

#[derive(Debug, Default)]
struct State {
    banks: BTreeMap<String, Known>,
    /// SIMs that have leave to go off the air, by ICCID: nobody is given them as SIMs on the air.
    leaving: HashSet<String>,
    /// SIMs whose tenant looked for messages, and when.
    called: HashMap<String, Timestamp>,
}

/// A bank's last report, and its slots by the card that is in them.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) report: Arc<BankReport>,
    by_iccid: Arc<HashMap<String, usize>>,
}

impl Known {
    pub(super) fn slot_of(&self, iccid: &str) -> Option<&SlotReport> {
        self.report.slots.get(*self.by_iccid.get(iccid)?)
    }
}

impl Banks {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Every bank, by name.
    pub(super) fn all(&self) -> Vec<Known> {
        self.lock().banks.values().cloned().collect()
    }

    /// Whether there are any.
    pub(super) fn any(&self) -> bool {
        !self.lock().banks.is_empty()
    }

    /// The bank that a card is in, as far as it is known.
    pub(super) fn bank_of(&self, iccid: &str) -> Option<Known> {
        self.lock().banks.values().find(|bank| bank.by_iccid.contains_key(iccid)).cloned()
    }

    pub(super) fn is_leaving(&self, iccid: &str) -> bool {
        let state = self.lock();
        !state.leaving.is_empty() && state.leaving.contains(iccid)
    }

    /// The clock went ahead: what the banks said is no older for that.
    pub(super) fn clock_was_set(&self, ahead: Duration) {
        for bank in self.lock().banks.values_mut() {
            let report = Arc::make_mut(&mut bank.report);
            report.at = report.at.plus(ahead);
        }
    }

    /// A tenant looked for messages of a SIM. It is called if it was off the air for longer than
    /// its bank's configuration lets it be.
    fn viewed(&self, iccid: &str, now: Timestamp) -> bool {
        let mut state = self.lock();
        let long_gone = state.banks.values().any(|bank| {
            let patience = bank.report.visit_on_view;
            let parked = bank.slot_of(iccid).filter(|slot| slot.parked().is_some());
            patience.zip(parked).is_some_and(|(patience, slot)| {
                slot.visited_at.is_none_or(|at| now.since(at) > patience)
            })
        });
        let is_new = long_gone && !state.called.contains_key(iccid);
        if is_new {
            state.called.insert(iccid.to_owned(), now);
        }
        is_new
    }
}

impl Gateway {
    /// What is kept of a bank's slots, in order.
    pub async fn bank_slots(&self, bank: &str) -> Result<Vec<SlotRecord>, Error> {
        let bank = bank.to_owned();
        Ok(self.store.read(move |rows| rows.bank_slots(&bank)).await?)
    }

    /// Keeps what was found in a slot. A card is in one slot at most: what is in the one where it
    /// was before is unknown then.
    pub async fn bank_found(&self, bank: &str, record: SlotRecord) -> Result<(), Error> {
        let bank = bank.to_owned();
        let kept = self.store.write(move |tx| {
            tx.save_slot(&bank, &record)?;
            let sim = match &record.holds {
                SlotContents::Sim(iccid) => tx.sim_by_iccid(iccid)?,
                SlotContents::Unknown | SlotContents::Empty => None,
            };
            sim.map_or(Ok(()), |sim| {
                tx.stay_is_in(sim.id, &BankPosition { bank, slot: Some(record.slot) })
            })
        });
        Ok(kept.await?)
    }

    /// Keeps a switch that is over. The card that left is in that modem no more, unless it is what
    /// was read there afterwards.
    pub async fn bank_moved(&self, moved: SwitchRecord) -> Result<(), Error> {
        let now = self.now();
        let kept = self.store.write(move |tx| {
            tx.add_move(&moved, now.minus(MOVES_KEPT))?;
            let left = moved.left.as_ref().filter(|left| moved.found.as_ref() != Some(left));
            match left.map(|left| tx.sim_by_iccid(left)).transpose()?.flatten() {
                Some(sim) => tx.end_stay(sim.id, moved.began_at),
                None => Ok(()),
            }
        });
        Ok(kept.await?)
    }

    /// A bank's newest `limit` switches (0: all), newest first.
    pub async fn bank_moves(&self, bank: &str, limit: u32) -> Result<Vec<SwitchRecord>, Error> {
        let (bank, limit) = (bank.to_owned(), if limit == 0 { i64::MAX } else { i64::from(limit) });
        Ok(self.store.read(move |rows| rows.bank_moves(&bank, limit)).await?)
    }

    /// What is wanted of these SIMs, by ICCID; one that is not known has no need.
    pub async fn bank_needs(&self, iccids: Vec<String>) -> Result<Vec<SlotDemand>, Error> {
        let now = self.now();
        let read = self.store.read(move |rows| {
            let hold = |iccid: String| Ok(rows.hold_on(&iccid, now)?.map(|hold| (iccid, hold)));
            iccids
                .into_iter()
                .map(hold)
                .filter_map(Result::transpose)
                .collect::<Result<Vec<_>, StoreError>>()
        });
        Ok(read.await?.into_iter().map(|(iccid, hold)| self.need(iccid, hold, now)).collect())
    }

    fn need(&self, iccid: String, hold: Hold, now: Timestamp) -> SlotDemand {
        let away = !self.is_on_air(&iccid, now);
        let mut state = self.banks.lock();
        if !away {
            state.called.remove(&iccid);
        }
        let by_tenant = state.called.contains_key(&iccid).then_some(SwitchTrigger::Tenant);
        let called = hold
            .open_until
            .filter(|_| away)
            .map(|until| SwitchTrigger::Order { until })
            .or(by_tenant);
        SlotDemand {
            stays: hold.stays,
            collects: hold.collects,
            called,
            rented: hold.rented,
            iccid,
        }
    }

    /// Whether a SIM may leave the air. From then on nobody is given it as a SIM on the air, until
    /// [`Gateway::returned`] is called: also by who has not waited for the answer.
    pub async fn may_leave(&self, iccid: &str) -> Result<bool, Error> {
        let (gateway, leaving) = (self.clone(), iccid.to_owned());
        let is_new = Arc::new(AtomicBool::new(false));
        let marks = Arc::clone(&is_new);
        let marked = self.store.write(move |tx| {
            let may = tx.hold_on(&leaving, gateway.now())?.is_none_or(|hold| !hold.stays);
            if may {
                // The next operation sees it, like all else in this order.
                marks.store(gateway.banks.lock().leaving.insert(leaving), Ordering::SeqCst);
            }
            Ok::<_, Error>(may)
        });
        let may = marked.await;
        // It may have got so far before its group was lost.
        if may.is_err() && is_new.load(Ordering::SeqCst) {
            self.returned(iccid);
        }
        may
    }

    /// A SIM that had leave to go off the air is on it again, or has not left: it can be given out
    /// as before.
    pub fn returned(&self, iccid: &str) {
        self.banks.lock().leaving.remove(iccid);
        self.sim_is_ready();
    }

    /// Takes what a bank says of itself, in place of what it said before.
    pub fn bank_reported(&self, report: BankReport) {
        let card = |(place, slot): (usize, &SlotReport)| match &slot.holds {
            SlotContents::Sim(iccid) => Some((iccid.clone(), place)),
            SlotContents::Unknown | SlotContents::Empty => None,
        };
        let by_iccid: HashMap<String, usize> =
            report.slots.iter().enumerate().filter_map(card).collect();
        let mut state = self.banks.lock();
        let on_air = |iccid: &str| {
            report
                .radios
                .iter()
                .any(|radio| radio.iccid.as_deref() == Some(iccid) && radio.doing == "on air")
        };
        let visited_at = |iccid: &str| report.slots.get(*by_iccid.get(iccid)?)?.visited_at;
        state.called.retain(|iccid, at| {
            !on_air(iccid) && visited_at(iccid).is_none_or(|visited| visited < *at)
        });
        let (name, by_iccid) = (report.name.clone(), Arc::new(by_iccid));
        state.banks.insert(name, Known { report: Arc::new(report), by_iccid });
    }

    /// A bank is not driven any more.
    pub fn bank_gone(&self, bank: &str) {
        self.banks.lock().banks.remove(bank);
    }

    /// What the banks last said, by name.
    pub fn banks(&self) -> Vec<BankReport> {
        self.banks.all().into_iter().map(|bank| BankReport::clone(&bank.report)).collect()
    }

    /// Waits until something that [`Gateway::bank_needs`] tells may have changed so that a plan
    /// should look again. One can wait at a time; what happens while nobody waits is told to
    /// the next who does.
    pub async fn bank_news(&self) {
        self.banks.news.notified().await;
    }

    /// Once the operation is on disk the banks' plans are looked at anew.
    pub(super) fn bank_news_after(&self, tx: &WriteTx<'_>) {
        let banks = Arc::clone(&self.banks);
        tx.after_commit(move || banks.news.notify_one());
    }

    /// A tenant looked for messages of a SIM: it may have to be called.
    pub(super) fn tenant_looked(&self, iccid: &str, now: Timestamp) {
        if !self.is_on_air(iccid, now) && self.banks.viewed(iccid, now) {
            self.banks.news.notify_one();
        }
    }

    /// Whether a SIM is on a working modem and has no leave to go.
    pub(super) fn is_on_air(&self, iccid: &str, now: Timestamp) -> bool {
        self.board.port_of(iccid, now).is_some() && !self.banks.is_leaving(iccid)
    }

    /// Whether what comes for a SIM now may be what waited at the network while it was parked.
    pub(super) fn may_have_waited(&self, iccid: &str, now: Timestamp) -> bool {
        let in_bank = || self.banks.bank_of(iccid).is_some();
        self.board.on_air_for(iccid, now).is_none_or(|time| time < BURST) && in_bank()
    }

    /// Begins the lifetimes of orders that were made for a parked SIM which is on the air now;
    /// answers of how many.
    pub(super) fn begin_some(&self, tx: &WriteTx<'_>) -> Result<usize, StoreError> {
        let now = self.now();
        let awaiting = tx.awaiting(now)?;
        let begun = awaiting.into_iter().filter(|waiting| self.is_on_air(&waiting.iccid, now));
        let expires_at = now.plus(self.settings().order_lifetime);
        let mut count = 0;
        for waiting in begun {
            count += 1;
            tx.begin_order(waiting.order, expires_at)?;
            let hot = Arc::clone(&self.hot);
            tx.after_commit(move || hot.opened(waiting.order, waiting.account, expires_at));
        }
        if count > 0 {
            self.bank_news_after(tx);
        }
        Ok(count)
    }

    /// The bank, and the slot in it, of a SIM that was read in the modem with this IMEI, as far as
    /// they are known.
    pub(super) fn place_of(
        &self,
        tx: &WriteTx<'_>,
        imei: &str,
        iccid: &str,
    ) -> Result<Option<BankPosition>, StoreError> {
        let banks = self.banks.all();
        if banks.is_empty() {
            return Ok(None);
        }
        let modems = self.board.modems();
        let port = modems
            .iter()
            .find(|modem| modem.imei.as_deref() == Some(imei))
            .map(|modem| &modem.port);
        let has = |bank: &&Known| {
            port.is_some_and(|port| bank.report.radios.iter().any(|radio| radio.port == *port))
        };
        let Some(bank) = banks.iter().find(has).map(|bank| bank.report.name.clone()) else {
            return Ok(None);
        };
        let slot = tx.slot_of_card(&bank, iccid)?;
        Ok(Some(BankPosition { bank, slot }))
    }
}
