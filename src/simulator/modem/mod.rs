//! One simulated modem as a machine: octets, time and messages in; octets and submissions out. No
//! I/O and no clock in here.
//!
//! A command goes down [`chain::CHAIN`]: faults first, then the modem's own dialect, then the
//! families of the standards; the first to answer wins.

mod cached_sim;
mod chain;
mod charset;
pub mod command;
mod dialect;
mod dialogue;
mod events;
mod general;
mod identity;
mod leftovers;
mod line;
pub mod observed;
mod output;
mod phonebook;
mod receiving;
mod registration;
pub mod reply;
mod sending;
mod septets;
mod settings;
mod sim;
pub mod slots;
mod storage;
pub mod store_name;
mod text_mode;
mod ussd;

use chrono::{DateTime, Utc};

use super::card::SimCard;
use super::faults::{Fault, Faults, Mangled};
use super::memory::MessageStore;
use super::quirks::Quirk;
use cached_sim::Belief;
use events::Flood;
use leftovers::{DataCall, Sleep};
use line::{Completed, Input};
use observed::Observed;
use output::Output;
pub use receiving::Offer;
use receiving::Unacknowledged;
use reply::{Failure, SimFault};
pub use sending::{Content, Submission};
use settings::Settings;
#[cfg(test)]
pub use sim::swapped;
use slots::{SlotSwitch, Slots};
use store_name::StoreName;

/// How many octets may wait for a late reply; further ones are lost.
const QUEUED_INPUT_LIMIT: usize = 4096;

/// What a modem is, apart from its SIM.
#[derive(Debug, Clone)]
pub struct ModemConfig {
    /// What `AT+CGMI` answers.
    pub manufacturer: String,
    /// What `AT+CGMM` answers.
    pub model: String,
    /// What `AT+CGMR` answers.
    pub firmware: String,
    /// What `AT+CGSN` answers: 15 digits.
    pub imei: String,
    /// Places of the "ME" store.
    pub me_capacity: usize,
    /// The index of a store's first place.
    pub first_index: usize,
    /// How long a restart takes.
    pub boot_ms: u64,
    /// What the modem says at the end of a restart, each on a line of its own.
    pub boot_noise: Vec<String>,
    /// How long a direct delivery waits for `AT+CNMA`.
    pub acknowledge_ms: u64,
    /// Answers that differ from the standard's: command as written after `AT` to lines, `{imei}`
    /// and the like filled in.
    pub replies: Vec<(String, String)>,
    /// Names of commands, or beginnings of commands with their arguments, that are answered
    /// `ERROR`.
    pub unknown: Vec<String>,
    /// The stores that `AT+CPMS` takes; new messages go into the first one until the host says
    /// otherwise.
    pub stores: Vec<StoreName>,
    /// How many arguments `AT+CPMS` takes.
    pub store_arguments: Vec<usize>,
    /// The values that each argument of `AT+CNMI` takes.
    pub indications: Vec<Vec<usize>>,
    /// Said when a message finds no room; `{store}` is filled in.
    pub store_full: Vec<String>,
    /// Said when a card is put in, after `+CPIN`.
    pub sim_in: Vec<String>,
    /// Said when the card is pulled.
    pub sim_out: Vec<String>,
    /// How long it takes to find the network, after a start, with another card, or when there is
    /// coverage again.
    pub registers_ms: u64,
    /// How long after a start the stores cannot be read.
    pub messages_ready_ms: u64,
    /// Said when they can.
    pub messages_ready: Vec<String>,
    /// Said unasked now and then.
    pub chatter: Vec<String>,
    /// From one such line to the next; 0 is never.
    pub chatter_ms: u64,
    /// The commands that choose one of its card slots.
    pub slot_switches: Vec<SlotSwitch>,
    /// From such a command to the card's being read.
    pub slot_up_ms: u64,
    /// What it does otherwise than the standards.
    pub quirks: Vec<Quirk>,
}

/// The present, as the machine is told it.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// Milliseconds of a clock that never goes back.
    pub ms: u64,
    /// The time of day.
    pub utc: DateTime<Utc>,
}

/// Whether the modem runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Power {
    /// The modem hears nothing until then.
    Booting { until_ms: u64 },
    /// Card and radio are on (`AT+CFUN=1`).
    Full,
    /// `AT+CFUN=0` or `4`: talks to the host, not to the network.
    RadioOff { functionality: usize },
}

/// A simulated modem with its settings, stores and card.
#[derive(Debug)]
pub struct Modem {
    config: ModemConfig,
    sim: Option<SimCard>,
    belief: Belief,
    slots: Slots,
    own: MessageStore,
    settings: Settings,
    saved: Settings,
    power: Power,
    coverage: bool,
    denied: bool,
    deregistered: bool,
    attached_afresh: bool,
    searching_until_ms: u64,
    reported: usize,
    input: Input,
    /// Octets that the host has sent after a command whose reply is still to come. A modem carries
    /// out one command line after the other, so that no reply overtakes an earlier one.
    queued_input: Vec<u8>,
    output: Output,
    last_line: String,
    phonebook: String,
    faults: Faults,
    reply_delay_ms: u64,
    mangled: Mangled,
    /// A line that a fault puts into the reply to the current command.
    stray: Option<String>,
    floods: Vec<Flood>,
    busy_until_ms: Option<u64>,
    counts_right_ms: u64,
    full_told: bool,
    deaf: bool,
    after_reply: Option<String>,
    /// Whether the network waits for an answer to a USSD menu.
    ussd_open: bool,
    sleep: Sleep,
    data_call: Option<DataCall>,
    submissions: Vec<Submission>,
    unacknowledged: Option<Unacknowledged>,
    reference: u8,
    observed: Observed,
}

impl Modem {
    /// A modem that has been on for a while, with the card in use and those of its other slots.
    pub fn new(config: ModemConfig, sim: Option<SimCard>, other_sims: Vec<SimCard>) -> Self {
        let own = MessageStore::new(config.me_capacity, config.first_index);
        let settings = Settings::of(&config);
        let floods = Flood::chatter(&config);
        let mut modem = Self {
            config,
            sim,
            belief: Belief::Right,
            slots: Slots::with(other_sims),
            own,
            saved: settings.clone(),
            settings,
            power: Power::Full,
            coverage: true,
            denied: false,
            deregistered: false,
            attached_afresh: false,
            searching_until_ms: 0,
            reported: 0,
            input: Input::default(),
            queued_input: Vec::new(),
            output: Output::default(),
            last_line: String::new(),
            phonebook: "SM".to_owned(),
            faults: Faults::default(),
            reply_delay_ms: 0,
            mangled: Mangled::Not,
            stray: None,
            floods,
            busy_until_ms: None,
            counts_right_ms: 0,
            full_told: false,
            deaf: false,
            after_reply: None,
            ussd_open: false,
            sleep: Sleep::default(),
            data_call: None,
            submissions: Vec::new(),
            unacknowledged: None,
            reference: 0,
            observed: Observed::default(),
        };
        modem.reported = modem.registration();
        modem
    }

    /// Takes octets from the host.
    pub fn receive(&mut self, octets: &[u8], now: Now) {
        self.tick(now);
        if self.sleeps_through(octets, now) || self.takes_as_data(octets, now) {
            return;
        }
        for octet in octets {
            self.count_impatience(*octet);
            self.accept_octet(*octet, now);
        }
    }

    /// Counts a command that the host begins before it can have seen the last final result.
    fn count_impatience(&mut self, octet: u8) {
        let is_fresh = match self.queued_input.last() {
            Some(last) => *last == self.settings.line_end,
            None => self.input.is_fresh(),
        };
        let is_running = !matches!(self.power, Power::Booting { .. });
        if is_running && is_fresh && octet.is_ascii_graphic() && self.output.finals_unseen() {
            self.observed.impatient += 1;
        }
    }

    /// Takes an octet now, or keeps it until a late reply has been sent.
    fn accept_octet(&mut self, octet: u8, now: Now) {
        if matches!(self.power, Power::Booting { .. }) {
            return;
        }
        if !self.output.is_late() {
            self.receive_octet(octet, now);
        } else if self.queued_input.len() < QUEUED_INPUT_LIMIT {
            self.queued_input.push(octet);
        }
    }

    fn receive_octet(&mut self, octet: u8, now: Now) {
        if self.echoes() && !matches!(octet, 0x1A | 0x1B) {
            self.output.write(&[octet]);
        }
        match self.input.push(octet, self.settings.line_end) {
            Completed::Nothing => return,
            Completed::Line(line) => {
                if self.echoes() && self.has(Quirk::EchoTwice) {
                    self.output.write(format!("{line}\r").as_bytes());
                }
                self.execute(&line, now);
            }
            Completed::Text(prompt, text) => {
                let outcome = self.submit(prompt, &text, now);
                if self.has(Quirk::PromptBeforeResult) {
                    self.output.write(b"\r\n> ");
                }
                self.conclude(Vec::new(), outcome, now);
                self.output.release(self.settings.indications.mode != 0);
            }
            Completed::GivenUp => self.conclude(Vec::new(), reply::ok(), now),
        }
        self.settle();
    }

    /// Does what is due by now.
    pub fn tick(&mut self, now: Now) {
        if let Power::Booting { until_ms } = self.power
            && until_ms <= now.ms
        {
            self.booted(until_ms);
        }
        self.output.write_due(now.ms);
        if !self.output.is_late() {
            for octet in std::mem::take(&mut self.queued_input) {
                self.accept_octet(octet, now);
            }
        }
        self.leave_data_mode(now);
        self.pass_time(now);
        self.expire_acknowledgement(now);
        self.settle();
    }

    /// When [`Modem::tick`] or [`Modem::take_output`] has something to do again, in milliseconds of
    /// [`Now::ms`].
    pub fn next_due_ms(&self) -> Option<u64> {
        let boot = match self.power {
            Power::Booting { until_ms } => Some(until_ms),
            _ => None,
        };
        let acknowledgement = self.unacknowledged.as_ref().map(|waiting| waiting.until_ms);
        let found = Some(self.searching_until_ms).filter(|until_ms| *until_ms > 0);
        let flood = self.floods.iter().map(|flood| flood.next_ms).min();
        let slot = self.slots.up_ms;
        let data_call = self.data_call.as_ref().and_then(DataCall::ends_at_ms);
        let dues = [
            boot,
            acknowledgement,
            found,
            flood,
            slot,
            data_call,
            self.busy_until_ms,
            self.output.next_due_ms(),
        ];
        dues.into_iter().flatten().min()
    }

    /// What is to be written to the host now.
    pub fn take_output(&mut self, now: Now) -> Vec<u8> {
        let octets = self.output.take(now.ms);
        if !octets.is_empty() {
            self.sleep.note_activity(now.ms);
        }
        octets
    }

    /// The host has everything that [`Modem::take_output`] gave.
    pub fn flushed(&mut self) {
        self.output.flushed();
    }

    /// Messages that the host has sent since the last call.
    pub fn take_submissions(&mut self) -> Vec<Submission> {
        std::mem::take(&mut self.submissions)
    }

    /// What the modem has seen of its host.
    pub fn observed(&self) -> Observed {
        self.observed
    }

    /// The card in the modem.
    pub fn sim(&self) -> Option<&SimCard> {
        self.sim.as_ref()
    }

    /// All its cards: the one in use, and those of its other slots.
    pub fn cards(&self) -> impl Iterator<Item = &SimCard> {
        self.sim.iter().chain(self.slots.parked().map(|(_, card)| card))
    }

    /// The cards in all of its slots.
    pub fn cards_mut(&mut self) -> impl Iterator<Item = &mut SimCard> {
        self.sim.iter_mut().chain(self.slots.parked_mut())
    }

    /// Messages in all stores: the card's and the modem's own.
    pub fn stored(&self) -> usize {
        self.own.used() + self.sim.as_ref().map_or(0, |sim| sim.messages.used())
    }

    /// The modem's own store, for messages that are there from the start.
    pub fn own_store_mut(&mut self) -> &mut MessageStore {
        &mut self.own
    }

    /// The faults that are on.
    pub fn faults_mut(&mut self) -> &mut Faults {
        &mut self.faults
    }

    /// Starts anew, as after `AT+CFUN=1,1`: settings go back, what was on its way is lost, the card
    /// asks its PIN again.
    pub fn reboot(&mut self, now: Now) {
        self.power = Power::Booting { until_ms: now.ms + self.config.boot_ms };
        self.settings = self.saved.clone();
        self.input = Input::default();
        self.queued_input = Vec::new();
        self.output.drop_late();
        self.unacknowledged = None;
        self.reported = 0;
        self.deaf = false;
        self.busy_until_ms = None;
        self.ussd_open = false;
        self.deregistered = false;
        self.data_call = None;
        if let Some(card) = &mut self.sim {
            card.lock = card.lock.clone().power_cycled();
        }
    }

    /// The power went and is there again: as a reboot, and nothing of what was on its way arrives.
    pub fn power_cycle(&mut self, now: Now) {
        self.output.clear();
        self.saved = Settings::of(&self.config);
        self.reboot(now);
    }

    /// The card, when it can be used.
    fn usable_sim(&mut self) -> Result<&mut SimCard, SimFault> {
        let nothing_there =
            if self.shown_sim().is_some() { SimFault::Failure } else { SimFault::NotInserted };
        let card = self.sim.as_mut().ok_or(nothing_there)?;
        match &card.lock {
            super::card::Lock::Pin { .. } => Err(SimFault::PinRequired),
            super::card::Lock::Puk { .. } => Err(SimFault::PukRequired),
            super::card::Lock::Dead => Err(SimFault::Failure),
            _ if self.power == (Power::RadioOff { functionality: 0 }) => Err(SimFault::Failure),
            _ => Ok(card),
        }
    }

    /// Whether commands are echoed.
    fn echoes(&self) -> bool {
        self.settings.echo || self.has(Quirk::EchoStays)
    }

    /// Whether the modem has this quirk, from its family or from a fault.
    fn has(&self, quirk: Quirk) -> bool {
        self.config.quirks.contains(&quirk) || self.faults.has(quirk)
    }

    /// Sends the reports that a change of registration calls for.
    fn settle(&mut self) {
        let registration = self.registration();
        if registration != self.reported {
            self.reported = registration;
            self.attached_afresh |= self.is_registered();
            self.report_registration();
        }
    }
}

/// `Err(ERROR)` for an argument that is out of its range.
fn in_range(value: Option<usize>, highest: usize) -> Result<usize, Failure> {
    value.filter(|v| *v <= highest).ok_or(Failure::Error)
}

#[cfg(test)]
mod tests;
