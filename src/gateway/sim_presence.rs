//! Where each SIM is at this moment: on the air in a working modem, parked in a bank, or neither.
//!
//! What the search of the stock asks of each row takes the ICCID as a bare text, which is the
//! database's own: an [`Iccid`] would be allocated for every row. The maps that are asked have
//! [`Iccid`]s as keys all the same.

use std::sync::Arc;
use std::time::Duration;

use super::ModemRegistry;
use super::background::FailedDeadlines;
use super::bank_state::BankState;
use crate::domain::{Iccid, SimId, Timestamp};

/// For this long after a SIM came on the air its messages may be those that waited at the network:
/// they say nothing about the network's clock.
const BURST: Duration = Duration::from_secs(120);

/// Answers from what the modems and the banks last reported, and from what is known to be faulty.
pub(super) struct SimPresence {
    pub(super) modems: Arc<ModemRegistry>,
    pub(super) banks: Arc<BankState>,
    failed: Arc<FailedDeadlines>,
}

impl SimPresence {
    pub(super) fn new(
        modems: Arc<ModemRegistry>,
        banks: Arc<BankState>,
        failed: Arc<FailedDeadlines>,
    ) -> SimPresence {
        SimPresence { modems, banks, failed }
    }

    /// Whether a SIM is in a working modem and has not been released to its bank.
    pub(super) fn is_on_air(&self, iccid: &str, now: Timestamp) -> bool {
        self.modems.is_working(iccid, now) && !self.banks.is_released(iccid)
    }

    /// Whether a SIM that the database has on sale can be given out: it is on the air, and no
    /// faulty row concerns it.
    pub(super) fn can_be_given(&self, sim: SimId, iccid: &str, now: Timestamp) -> bool {
        self.is_on_air(iccid, now) && !self.is_faulty(sim)
    }

    /// Whether a faulty row of the database concerns this SIM; such a SIM is given to nobody.
    pub(super) fn is_faulty(&self, sim: SimId) -> bool {
        self.failed.involves_sim(sim)
    }

    /// Whether what comes for a SIM now may have waited at the network while the SIM was parked.
    pub(super) fn may_have_waited(&self, iccid: &Iccid, now: Timestamp) -> bool {
        let in_bank = || self.banks.bank_of(iccid.as_str()).is_some();
        self.modems.on_air_for(iccid, now).is_none_or(|time| time < BURST) && in_bank()
    }

    /// Whether a SIM is parked in a bank that reports itself, in a slot without trouble.
    pub(super) fn is_parked(&self, iccid: &Iccid, now: Timestamp) -> bool {
        let iccid = iccid.as_str();
        let bank = self.banks.bank_of(iccid).filter(|bank| bank.report.is_fresh(now));
        bank.is_some_and(|bank| bank.slot_of(iccid).is_some_and(|slot| slot.parked().is_some()))
    }

    /// Whether a SIM that the database has on sale can be rented out although it is parked.
    pub(super) fn can_be_rented_parked(&self, sim: SimId, iccid: &str, now: Timestamp) -> bool {
        self.is_parked_and_visited(iccid, now) && !self.is_faulty(sim)
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
