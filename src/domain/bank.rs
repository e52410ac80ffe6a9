//! SIM banks, which have more SIMs than radios: what is known of a bank's slots, what is wanted of
//! the SIMs in them, and what a bank reports about itself.
//!
//! Which SIM is in which slot is found out by reading ICCIDs, and is stored only as a hint for the
//! next switch. Whom a message belongs to is decided by the ICCID that was read on the radio, never
//! by this.
//!
//! Types that the bank's state machine and the rest of the daemon share are generic over the kind
//! of time in them: the state machine counts in [`Moment`](super::Moment)s, which never go back;
//! everything else has wall-clock [`Timestamp`]s.

use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Iccid, PortName, Timestamp};

/// What is in a slot, as far as that has been found out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotContents {
    /// The slot has not been on a radio yet.
    #[default]
    Unknown,
    /// There was no SIM when the slot was last on a radio.
    Empty,
    /// This SIM was read when the slot was last on a radio.
    Sim(Iccid),
}

impl SlotContents {
    /// The word in the database and in JSON.
    pub fn as_str(&self) -> &'static str {
        match self {
            SlotContents::Unknown => "unknown",
            SlotContents::Empty => "empty",
            SlotContents::Sim(_) => "sim",
        }
    }

    /// The SIM in the slot, if one is known to be there.
    pub fn iccid(&self) -> Option<&Iccid> {
        match self {
            SlotContents::Sim(iccid) => Some(iccid),
            SlotContents::Unknown | SlotContents::Empty => None,
        }
    }
}

/// What is stored about a slot from one start of the daemon to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotRecord<T = Timestamp> {
    /// The slot's number in the bank, from 0.
    pub slot: u32,
    /// What was last found in it.
    pub contents: SlotContents,
    /// When its SIM was last on the air, so that messages for it could arrive.
    pub visited_at: Option<T>,
}

impl<T> SlotRecord<T> {
    /// The same record in another kind of time.
    pub fn map_time<U>(self, convert: impl Fn(T) -> U) -> SlotRecord<U> {
        let SlotRecord { slot, contents, visited_at } = self;
        SlotRecord { slot, contents, visited_at: visited_at.map(convert) }
    }
}

/// What is wanted of a SIM that is in a bank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotDemand<T = Timestamp> {
    pub iccid: Iccid,
    /// Whether it must stay on the air, because an order is open on it or a long message lacks
    /// parts.
    pub held: bool,
    /// Whether an order that has had its first message is still collecting on it. Such a SIM makes
    /// room only for one that somebody is waiting for.
    pub collecting: bool,
    /// Why it should come on the air at once, if it should.
    pub trigger: Option<SwitchTrigger<T>>,
    /// Whether it is rented, so that it is visited as often as the bank's configuration says.
    pub rented: bool,
}

impl<T> SlotDemand<T> {
    /// The same demand in another kind of time.
    pub fn map_time<U>(self, convert: impl Fn(T) -> U) -> SlotDemand<U> {
        let SlotDemand { iccid, held, collecting, trigger, rented } = self;
        let trigger = trigger.map(|trigger| match trigger {
            SwitchTrigger::Order { until } => SwitchTrigger::Order { until: convert(until) },
            SwitchTrigger::Tenant => SwitchTrigger::Tenant,
        });
        SlotDemand { iccid, held, collecting, trigger, rented }
    }
}

/// Why a SIM should come on the air at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwitchTrigger<T = Timestamp> {
    /// An order was made for it while it was parked.
    Order {
        /// When the order ends if the SIM does not come on the air.
        until: T,
    },
    /// Its tenant has looked for messages, and it had long been off the air.
    Tenant,
}

/// Why a radio takes a certain slot next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwitchReason {
    /// The operator asked for it.
    ByHand,
    /// An order waits for the SIM.
    Order,
    /// The SIM's tenant has looked for messages.
    Tenant,
    /// The SIM is rented, and its visit is due.
    RentalDue,
    /// Nobody has looked into the slot yet.
    Unknown,
    /// Of the SIMs in stock it has been off the air for the longest time.
    LongestUnvisited,
}

impl SwitchReason {
    /// The words that an operator sees.
    pub fn as_str(self) -> &'static str {
        match self {
            SwitchReason::ByHand => "by hand",
            SwitchReason::Order => "order",
            SwitchReason::Tenant => "tenant",
            SwitchReason::RentalDue => "rental due",
            SwitchReason::Unknown => "unknown",
            SwitchReason::LongestUnvisited => "longest unvisited",
        }
    }

    /// Whether somebody is waiting for the switch.
    pub fn is_urgent(self) -> bool {
        match self {
            SwitchReason::ByHand | SwitchReason::Order | SwitchReason::Tenant => true,
            SwitchReason::RentalDue | SwitchReason::Unknown | SwitchReason::LongestUnvisited => {
                false
            }
        }
    }
}

/// How a switch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SwitchOutcome {
    /// The expected SIM, or one from a slot that nobody had looked into, was read on the radio and
    /// registered.
    Done,
    /// The SIM was read and the modem works, but no network accepted it in time.
    NoNetwork,
    /// Another SIM was read than the expected one, often the one from before: the bank claimed a
    /// switch that it had not made.
    Lied,
    /// There is no SIM in the slot.
    Empty,
    /// The bank, or afterwards the radio, did not answer.
    Failed,
}

impl SwitchOutcome {
    /// All outcomes, in the order of this enum.
    pub const ALL: [SwitchOutcome; 5] = [
        SwitchOutcome::Done,
        SwitchOutcome::NoNetwork,
        SwitchOutcome::Lied,
        SwitchOutcome::Empty,
        SwitchOutcome::Failed,
    ];

    /// The word in the database and for people.
    pub fn as_str(self) -> &'static str {
        match self {
            SwitchOutcome::Done => "done",
            SwitchOutcome::NoNetwork => "no-network",
            SwitchOutcome::Lied => "lied",
            SwitchOutcome::Empty => "empty",
            SwitchOutcome::Failed => "failed",
        }
    }
}

/// The error for a word that stands for no [`SwitchOutcome`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the outcome of a switch")]
pub struct UnknownOutcome;

impl FromStr for SwitchOutcome {
    type Err = UnknownOutcome;

    fn from_str(word: &str) -> Result<SwitchOutcome, UnknownOutcome> {
        SwitchOutcome::ALL.into_iter().find(|known| known.as_str() == word).ok_or(UnknownOutcome)
    }
}

/// A finished switch of one radio.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchRecord<T = Timestamp> {
    pub bank: String,
    /// The port of the radio's modem.
    pub port: PortName,
    /// The slot whose SIM was to come on the radio.
    pub slot: u32,
    /// The SIM that left the radio, if one was on it.
    pub left: Option<Iccid>,
    /// When the radio went off the air.
    pub began_at: T,
    /// When the radio was on the air again, or was given up.
    pub ended_at: T,
    /// The SIM that was read afterwards.
    pub found: Option<Iccid>,
    pub outcome: SwitchOutcome,
}

impl<T> SwitchRecord<T> {
    /// The same record in another kind of time.
    pub fn map_time<U>(self, convert: impl Fn(T) -> U) -> SwitchRecord<U> {
        SwitchRecord {
            bank: self.bank,
            port: self.port,
            slot: self.slot,
            left: self.left,
            began_at: convert(self.began_at),
            ended_at: convert(self.ended_at),
            found: self.found,
            outcome: self.outcome,
        }
    }
}

/// What a bank reports about itself, on every change. None of it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankReport<T = Timestamp> {
    pub name: String,
    /// The name of its hardware profile.
    pub profile: String,
    /// When the report was made.
    pub at: T,
    /// Its radios, in the order of the configuration.
    pub radios: Vec<RadioReport<T>>,
    /// Its slots, in order.
    pub slots: Vec<SlotReport<T>>,
    /// How long a switch takes until the SIM is on the air: measured where switches have been
    /// made, else what the profile expects.
    pub switch_time: Duration,
    /// A parked SIM may be sold if it can be on the air within this time; zero: never.
    pub sell_within: Duration,
    /// A rented SIM that has been off the air for longer than this is switched in when its tenant
    /// looks for messages; `None`: never.
    pub visit_on_view: Option<Duration>,
    /// What is wrong with the bank, in words for an operator.
    pub trouble: Option<String>,
}

/// A SIM stays on the air for at least this many times the duration of a switch, unless somebody
/// waits for another: else the radio would be off the air most of the time.
pub const MIN_STAY_IN_SWITCH_TIMES: u32 = 3;

impl<T> BankReport<T> {
    /// The same report in another kind of time.
    pub fn map_time<U>(self, convert: impl Fn(T) -> U + Copy) -> BankReport<U> {
        BankReport {
            name: self.name,
            profile: self.profile,
            at: convert(self.at),
            radios: self.radios.into_iter().map(|radio| radio.map_time(convert)).collect(),
            slots: self.slots.into_iter().map(|slot| slot.map_time(convert)).collect(),
            switch_time: self.switch_time,
            sell_within: self.sell_within,
            visit_on_view: self.visit_on_view,
            trouble: self.trouble,
        }
    }

    /// How long a visit takes a radio at least: the switch, and the stay.
    pub fn shortest_visit(&self) -> Duration {
        self.switch_time.saturating_mul(MIN_STAY_IN_SWITCH_TIMES + 1)
    }

    /// How often a radio can visit a SIM in `time`, at most.
    pub fn visits_in(&self, time: Duration) -> u64 {
        let visit = self.shortest_visit().as_secs().max(1);
        time.as_secs() / visit
    }
}

/// What a radio of a bank is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RadioState {
    /// A SIM is on it and registered with a network.
    OnAir,
    /// A switch has begun, and the messages in its stores are being read out.
    Draining,
    /// The bank is putting another slot on it.
    Switching,
    /// The modem starts, and its SIM is being read.
    Starting,
    /// Its SIM was read, and no network has it yet.
    Registering,
    /// The modem says that there is no SIM.
    NoSim,
    /// Its port or its modem does not work.
    OutOfOrder,
}

impl RadioState {
    /// The words that an operator sees.
    pub fn as_str(self) -> &'static str {
        match self {
            RadioState::OnAir => "on air",
            RadioState::Draining => "draining",
            RadioState::Switching => "switching",
            RadioState::Starting => "starting",
            RadioState::Registering => "registering",
            RadioState::NoSim => "no card",
            RadioState::OutOfOrder => "out of order",
        }
    }
}

/// A radio of a bank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RadioReport<T = Timestamp> {
    /// The port of its modem.
    pub port: PortName,
    /// What it is doing.
    pub state: RadioState,
    /// Since when it has been in this state.
    pub since: T,
    /// Why it is in this state, in words for an operator.
    pub reason: Option<String>,
    /// The slot whose SIM is on it, according to the ICCID that was read.
    pub slot: Option<u32>,
    /// The SIM that was read on it.
    pub iccid: Option<Iccid>,
    /// The switch that comes next.
    pub next: Option<PlannedSwitch<T>>,
    /// The shortest time until it could begin to take another SIM, if nothing holds the one that is
    /// on it. `None` when this is not known, or when another SIM is already about to come.
    pub free_in: Option<Duration>,
    /// Switches since the daemon started.
    pub switches: u32,
    /// How many of the switches ended with another SIM than the expected one.
    pub lies: u32,
    /// How many of the switches failed in another way.
    pub failures: u32,
    /// How long it was off the air because of switches since the daemon started.
    pub downtime: Duration,
}

impl<T> RadioReport<T> {
    /// The same radio in another kind of time.
    fn map_time<U>(self, convert: impl Fn(T) -> U) -> RadioReport<U> {
        let next = self.next.map(|PlannedSwitch { slot, reason, not_before }| PlannedSwitch {
            slot,
            reason,
            not_before: convert(not_before),
        });
        RadioReport {
            port: self.port,
            state: self.state,
            since: convert(self.since),
            reason: self.reason,
            slot: self.slot,
            iccid: self.iccid,
            next,
            free_in: self.free_in,
            switches: self.switches,
            lies: self.lies,
            failures: self.failures,
            downtime: self.downtime,
        }
    }
}

/// The switch that a radio makes next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedSwitch<T = Timestamp> {
    /// The slot that it takes.
    pub slot: u32,
    /// Why it takes this one.
    pub reason: SwitchReason,
    /// The earliest time at which it begins.
    pub not_before: T,
}

/// A slot of a bank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotReport<T = Timestamp> {
    /// Its number in the bank, from 0.
    pub slot: u32,
    /// The name that matches the hardware's own numbering, such as `radio 2, slot 7`.
    pub label: String,
    /// The radios that it can be put on, by their index in [`BankReport::radios`].
    pub radios: std::ops::Range<usize>,
    /// What was last found in it.
    pub contents: SlotContents,
    /// The radio that it is on now.
    pub on_radio: Option<usize>,
    /// When its SIM was last on the air.
    pub visited_at: Option<T>,
    /// When the next visit of its rented SIM is due, or was.
    pub visit_due: Option<T>,
    /// Since when a visit of its rented SIM has been overdue.
    pub late_since: Option<T>,
    /// Why it cannot be put on a radio, in words for an operator.
    pub trouble: Option<String>,
}

impl<T> SlotReport<T> {
    /// The same slot in another kind of time.
    fn map_time<U>(self, convert: impl Fn(T) -> U) -> SlotReport<U> {
        SlotReport {
            slot: self.slot,
            label: self.label,
            radios: self.radios,
            contents: self.contents,
            on_radio: self.on_radio,
            visited_at: self.visited_at.map(&convert),
            visit_due: self.visit_due.map(&convert),
            late_since: self.late_since.map(&convert),
            trouble: self.trouble,
        }
    }
}
