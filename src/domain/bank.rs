//! SIM banks: more SIMs than radios. What is kept of them, what is wanted of their SIMs, and what
//! they say of themselves.
//!
//! Which SIM is in which slot is found out by reading ICCIDs, and kept only as a hint for the next
//! switch: to whom a message belongs the ICCID says that was read on the radio, never this.

use std::time::Duration;

use super::Timestamp;

/// What is in a slot, as far as somebody has looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotContents {
    /// Nobody has looked yet.
    Unknown,
    /// There was no card when it was last on a radio.
    Empty,
    /// This card, by its ICCID.
    Sim(String),
}

/// What is kept of a slot from one start to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotRecord {
    /// Its number in the bank, from 0.
    pub slot: u32,
    /// What was found in it.
    pub holds: SlotContents,
    /// When it was last on the air, so that its messages could come.
    pub visited_at: Option<Timestamp>,
}

/// What is wanted of a SIM that is in a bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotDemand {
    /// Its ICCID.
    pub iccid: String,
    /// It must stay on the air while it is: an order is open on it, or the rest of a long message
    /// is awaited.
    pub stays: bool,
    /// An order that has had its first message still collects on it: it goes only for a SIM that
    /// somebody waits for.
    pub collects: bool,
    /// It is to come on the air at once, and by when that is of use.
    pub called: Option<SwitchTrigger>,
    /// It has a tenant, and is visited as often as the bank's configuration says.
    pub rented: bool,
}

/// Why a SIM is to come on the air at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SwitchTrigger {
    /// An order was made for it while it was parked; in vain after this.
    Order {
        /// The order's end if the SIM does not come.
        until: Timestamp,
    },
    /// Its tenant has looked for messages and it was long off the air.
    Tenant,
}

/// How a switch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoveOutcome {
    /// The wanted card, or one from a slot that nobody had looked into, was read on the radio and
    /// registered.
    Done,
    /// Read and working as far as the modem goes, but no network took it in time.
    NoNetwork,
    /// Another card was read than was to come (often the one from before): the bank lied.
    Lied,
    /// There is no card in the slot.
    Empty,
    /// The bank, or the radio afterwards, did not answer.
    Failed,
}

impl MoveOutcome {
    /// All of them.
    pub const ALL: [MoveOutcome; 5] = [
        MoveOutcome::Done,
        MoveOutcome::NoNetwork,
        MoveOutcome::Lied,
        MoveOutcome::Empty,
        MoveOutcome::Failed,
    ];

    /// The word in the database and for people.
    pub fn as_str(self) -> &'static str {
        match self {
            MoveOutcome::Done => "done",
            MoveOutcome::NoNetwork => "no-network",
            MoveOutcome::Lied => "lied",
            MoveOutcome::Empty => "empty",
            MoveOutcome::Failed => "failed",
        }
    }
}

/// One switch of one radio, over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchRecord {
    /// The bank's name.
    pub bank: String,
    /// The radio's port.
    pub radio: String,
    /// The slot that was to come on it.
    pub slot: u32,
    /// The card that left the radio, when one was on it.
    pub left: Option<String>,
    /// When it was let go: from then on the radio was deaf.
    pub began_at: Timestamp,
    /// When the radio was on the air again, or given up.
    pub ended_at: Timestamp,
    /// The card that was read afterwards.
    pub found: Option<String>,
    /// How it ended.
    pub outcome: MoveOutcome,
}

/// What a bank says of itself. Sent on every change; nothing of it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankReport {
    /// Its name.
    pub name: String,
    /// Its profile.
    pub profile: String,
    /// When this was so.
    pub at: Timestamp,
    /// Its radios, in the configuration's order.
    pub radios: Vec<RadioReport>,
    /// Its slots, in order.
    pub slots: Vec<SlotReport>,
    /// How long a switch takes, until the card is on the air: as measured, else as the profile
    /// says.
    pub switch: Duration,
    /// A SIM that is parked may be sold when it can be on the air within this; zero: never.
    pub sell_within: Duration,
    /// A tenant who looks at a SIM that was off the air for longer has it called; `None`: never.
    pub visit_on_view: Option<Duration>,
    /// What is wrong with the bank, in words for an operator.
    pub trouble: Option<String>,
}

/// A radio of a bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RadioReport {
    /// Its port.
    pub port: String,
    /// What is going on: `on air`, `draining`, `switching`, `starting`, `registering`, `out of
    /// order`.
    pub doing: &'static str,
    /// Since when.
    pub since: Timestamp,
    /// Why, in words for an operator.
    pub reason: Option<String>,
    /// The slot that is on it, as the ICCID that was read says.
    pub slot: Option<u32>,
    /// The card that was read on it.
    pub iccid: Option<String>,
    /// What comes next, and not before when.
    pub next: Option<NextMove>,
    /// In how long at the earliest it could begin to take another SIM, if nothing holds the one on
    /// it; `None`: not to be said, or spoken for.
    pub free_in: Option<Duration>,
    /// Switches since the start.
    pub moves: u32,
    /// Those after which another card was read than was to come.
    pub lies: u32,
    /// Those that failed otherwise.
    pub failures: u32,
    /// How long it was deaf because of switches since the start.
    pub deaf: Duration,
}

/// What a radio takes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextMove {
    /// The slot.
    pub slot: u32,
    /// Why this one: `order`, `tenant`, `rental due`, `unknown`, `longest unvisited`, `by hand`.
    pub why: &'static str,
    /// Not before.
    pub at: Timestamp,
}

/// A slot of a bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotReport {
    /// Its number, from 0.
    pub slot: u32,
    /// As the hardware counts it, like `radio 2, slot 7`.
    pub label: String,
    /// The radios (by place in [`BankReport::radios`]) that it can be put on.
    pub radios: std::ops::Range<usize>,
    /// What was found in it.
    pub holds: SlotContents,
    /// The radio that it is on now.
    pub on: Option<usize>,
    /// When it was last on the air.
    pub visited_at: Option<Timestamp>,
    /// A rented SIM that has not been visited in its interval: when it should have been.
    pub late_since: Option<Timestamp>,
    /// Why it cannot be put on, in words for an operator.
    pub trouble: Option<String>,
}
