//! What a bank is told, and what it wants done.

use std::ops::Range;
use std::time::Duration;

use super::profile::{BankProfile, Reach};
use crate::domain::Moment;
use crate::modem::NO_CARD;
use crate::modem::{Snapshot, State};

/// A bank as it is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankConfig {
    /// Its name.
    pub name: String,
    /// Its model.
    pub profile: BankProfile,
    /// Its radios' ports, in the order in which the bank counts them.
    pub radios: Vec<String>,
    /// Slots: of each radio where they are its own, else of the whole bank.
    pub slots: u32,
    /// A rented SIM is on the air at least this often.
    pub rental_visit: Duration,
    /// So long a SIM stays after its last message.
    pub quiet: Duration,
    /// So long a SIM of the stock stays before another has its turn.
    pub stay: Duration,
}

impl BankConfig {
    /// How many slots there are altogether.
    pub fn total(&self) -> u32 {
        let radios = u32::try_from(self.radios.len()).unwrap_or(u32::MAX);
        match self.profile.reach {
            Reach::Own => self.slots.saturating_mul(radios),
            Reach::Any => self.slots,
        }
    }

    /// The radios that a slot can be put on.
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

    /// The slot's number as the bank's command has it, from 0.
    pub fn row(&self, slot: u32) -> u32 {
        match self.profile.reach {
            Reach::Own => slot % self.slots.max(1),
            Reach::Any => slot,
        }
    }

    /// The slot in words, counted from 1.
    pub fn label(&self, slot: u32) -> String {
        let row = self.row(slot) + 1;
        match self.profile.reach {
            Reach::Own => format!("radio {}, slot {row}", self.radios_of(slot).start + 1),
            Reach::Any => format!("slot {row}"),
        }
    }
}

/// What is in a slot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SlotContents {
    /// Nobody has looked.
    #[default]
    Unknown,
    /// No card.
    Empty,
    /// This card, by its ICCID.
    Sim(String),
}

/// What was kept of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Which, from 0.
    pub slot: u32,
    /// What was found in it.
    pub holds: SlotContents,
    /// How long ago it was on the air.
    pub visited: Option<Duration>,
}

/// What is wanted of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotDemand {
    /// Its ICCID.
    pub iccid: String,
    /// It must stay on the air while it is.
    pub stays: bool,
    /// It goes only for a card that somebody waits for.
    pub collects: bool,
    /// It is to come on the air at once.
    pub called: Option<SwitchTrigger>,
    /// It has a tenant.
    pub rented: bool,
}

/// Why a card is to come on the air at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SwitchTrigger {
    /// An order waits for it, for so long.
    Order(Duration),
    /// Its tenant has looked.
    Tenant,
}

/// What a radio's session says, as far as a bank cares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The network has it.
    pub works: bool,
    /// The card that was read on it.
    pub iccid: Option<String>,
    /// It says that there is no card.
    pub no_card: bool,
    /// Its port or its modem is out of order.
    pub lost: bool,
    /// Its reason, in words.
    pub reason: Option<String>,
}

impl Seen {
    /// Out of what the driver shows of a port.
    pub fn of(snapshot: &Snapshot) -> Seen {
        let reason = snapshot.reason.clone();
        Seen {
            works: snapshot.state == State::Ready,
            iccid: snapshot.sim.as_ref().map(|sim| sim.iccid.clone()),
            no_card: snapshot.state == State::SimCheck && reason.as_deref() == Some(NO_CARD),
            lost: matches!(
                snapshot.state,
                State::Absent | State::Recovering { .. } | State::Quarantined { .. }
            ),
            reason,
        }
    }
}

/// What a bank wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BankAction {
    /// Tell what is wanted of these cards: `Bank::needs`.
    AskNeeds(Vec<String>),
    /// May this card leave the air? `Bank::may_leave`. From a yes on nobody is given it.
    MayLeave {
        /// The radio that it is on.
        radio: usize,
        /// The card.
        iccid: String,
    },
    /// The card can be given again.
    Stays {
        /// The card.
        iccid: String,
    },
    /// Have the radio's session leave: `Bank::left`.
    Leave {
        /// Which.
        radio: usize,
        /// The card that was let go; `None`: none could be read.
        iccid: Option<String>,
    },
    /// Have the bank put a row's card on a radio: `Bank::switched`.
    Switch {
        /// Which radio.
        radio: usize,
        /// Which row, from 0.
        row: u32,
    },
    /// Have the radio's session come back: `Bank::returned`.
    Return {
        /// Which.
        radio: usize,
        /// By starting the modem anew.
        restart: bool,
    },
    /// Keep what is known of a slot.
    Keep(Kept),
    /// Keep how a switch went.
    SwitchRecord(SwitchRecord),
    /// Something that the report shows is another.
    Report,
}

/// How a switch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoveEnd {
    /// The card is on the air.
    Done,
    /// It was read, but no network took it.
    NoNetwork,
    /// Another card was read.
    Lied,
    /// No card is in the slot.
    Empty,
    /// The bank or the radio did not answer.
    Failed,
}

/// A switch that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwitchRecord {
    /// The radio.
    pub radio: usize,
    /// The slot that was wanted.
    pub slot: u32,
    /// The card that left.
    pub left: Option<String>,
    /// Since when the radio was deaf.
    pub began_at: Moment,
    /// Until when.
    pub ended_at: Moment,
    /// The card that was read in the end.
    pub found: Option<String>,
    /// How it ended.
    pub end: MoveEnd,
}
