//! The types that go into a bank's state machine and come out of it.

use std::ops::Range;
use std::time::Duration;

use super::profile::{BankProfile, Reach};
use crate::domain::bank::{SlotRecord, SwitchRecord};
use crate::domain::modem::{ModemReason, ModemSnapshot, ModemState};
use crate::domain::{Iccid, Moment, PortName};

/// The configuration of a bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankConfig {
    /// The name by which operators and logs refer to the bank.
    pub name: String,
    /// The profile of the bank's model.
    pub profile: BankProfile,
    /// The ports of the radios, in the order in which the bank counts them.
    pub radios: Vec<PortName>,
    /// The number of slots: those of each radio if every radio has slots of its own, otherwise
    /// those of the whole bank.
    pub slots: u32,
    /// The longest time that a rented SIM may be off the air.
    pub rental_visit: Duration,
    /// How long a SIM stays on the air after its last message.
    pub quiet: Duration,
    /// How long a SIM of the stock stays on the air before another takes its turn.
    pub stay: Duration,
    /// A SIM that is off the air may be sold if it can be on the air within this time; zero means
    /// never.
    pub sell_within: Duration,
    /// A rented SIM that has been off the air for longer than this is switched in when its tenant
    /// looks for messages; `None` means never.
    pub visit_on_view: Option<Duration>,
}

impl BankConfig {
    /// The number of slots of the whole bank.
    pub fn total_slots(&self) -> u32 {
        let radios = u32::try_from(self.radios.len()).unwrap_or(u32::MAX);
        match self.profile.reach {
            Reach::Own => self.slots.saturating_mul(radios),
            Reach::Any => self.slots,
        }
    }

    /// The radios that a slot can be put on, by index.
    pub fn radios_of(&self, slot: u32) -> Range<usize> {
        match self.profile.reach {
            Reach::Own => {
                let radio = usize::try_from(slot / self.slots.max(1)).unwrap_or(usize::MAX);
                radio..radio.saturating_add(1)
            }
            Reach::Any => 0..self.radios.len(),
        }
    }

    /// The slots that can be put on a radio.
    pub fn slots_of(&self, radio: usize) -> Range<u32> {
        match self.profile.reach {
            Reach::Own => {
                let first = u32::try_from(radio).unwrap_or(u32::MAX).saturating_mul(self.slots);
                first..first.saturating_add(self.slots)
            }
            Reach::Any => 0..self.slots,
        }
    }

    /// The slot's number in the bank's own commands, from 0: within its radio's slots where every
    /// radio has its own, else within the bank.
    pub fn local_slot(&self, slot: u32) -> u32 {
        match self.profile.reach {
            Reach::Own => slot % self.slots.max(1),
            Reach::Any => slot,
        }
    }

    /// Describes a slot for an operator, counted from 1 as the hardware is labelled.
    pub fn label(&self, slot: u32) -> String {
        let number = self.local_slot(slot) + 1;
        match self.profile.reach {
            Reach::Own => format!("radio {}, slot {number}", self.radios_of(slot).start + 1),
            Reach::Any => format!("slot {number}"),
        }
    }
}

/// What the session on a radio's port reports, as far as it matters to a bank.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionStatus {
    /// The modem is ready: its SIM is registered on a network.
    pub ready: bool,
    /// The SIM that was read in the modem.
    pub iccid: Option<Iccid>,
    /// The modem reports that there is no SIM.
    pub no_sim: bool,
    /// The port or the modem does not work.
    pub out_of_order: bool,
    /// What keeps the session from being ready, in words for an operator.
    pub reason: Option<String>,
}

impl From<&ModemSnapshot> for SessionStatus {
    fn from(snapshot: &ModemSnapshot) -> SessionStatus {
        SessionStatus {
            ready: snapshot.is_ready(),
            iccid: snapshot.iccid().cloned(),
            no_sim: snapshot.state == ModemState::SimCheck
                && snapshot.reason == Some(ModemReason::NoSim),
            out_of_order: snapshot.state.is_out_of_order(),
            reason: {
                let trouble = snapshot.reason.as_ref().filter(|reason| !reason.is_progress());
                trouble.map(ToString::to_string)
            },
        }
    }
}

/// Something that has to be done for a bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BankAction {
    /// Find out for what these SIMs are needed, and answer with
    /// [`Bank::on_demands`](super::Bank::on_demands).
    FetchDemands(Vec<Iccid>),
    /// Ask whether a SIM may leave the air, and answer with
    /// [`Bank::on_release_answer`](super::Bank::on_release_answer). A released SIM is given to no
    /// customer until it is reclaimed.
    RequestRelease {
        /// The radio that the SIM is on.
        radio: usize,
        iccid: Iccid,
    },
    /// Let customers have this SIM again: it is back on the air, or has never left it.
    Reclaim { iccid: Iccid },
    /// Have the radio's session empty its stores and go off the air, and answer with
    /// [`Bank::on_off_air`](super::Bank::on_off_air).
    TakeOffAir {
        radio: usize,
        /// The SIM that was released; `None` if none could be read.
        iccid: Option<Iccid>,
    },
    /// Have the bank put a slot on a radio, and answer with
    /// [`Bank::on_switched`](super::Bank::on_switched).
    Switch {
        radio: usize,
        /// The slot as [`BankConfig::local_slot`] counts it.
        local_slot: u32,
    },
    /// Have the radio's session go on, and answer with
    /// [`Bank::on_session_resumed`](super::Bank::on_session_resumed).
    ResumeSession {
        radio: usize,
        /// Whether the modem has to be restarted to see its new SIM.
        restart: bool,
    },
    /// Store what is known about a slot.
    SaveSlot(SlotRecord<Moment>),
    /// Store the record of a finished switch.
    SaveSwitch(SwitchRecord<Moment>),
    /// Publish the bank's report, because something in it has changed.
    Report,
}
