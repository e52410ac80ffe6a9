//! The mobile network: its modems and banks, the steps in which they run, and their states.
//!
//! The order of locks is: a bank, a modem, the network's state. No code locks two banks or two
//! modems at once.

pub(super) mod banks;
mod cards;
mod faults;
mod messages;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use parking_lot::{Mutex, MutexGuard};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::Instant;

use super::card::SimCard;
use super::error::SimulatorError;
use super::modem::Now;
use super::modem::observed::Observed;
use super::modem_slot::{self, ModemSlot};
use super::scenario::Scenario;
use super::smsc::ServiceCentre;
use banks::BankUnit;
pub(super) use faults::plain_name;
pub use messages::SendReceipt;

/// The source of the time of day.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// A handle of a network with its modems.
#[derive(Clone)]
pub struct Network(Arc<Inner>);

struct Inner {
    clock: Clock,
    ticks: Ticks,
    modem_slots: Vec<ModemSlot>,
    banks: Vec<BankUnit>,
    state: Mutex<State>,
    /// Notified when something has happened that is visible from outside.
    changed: watch::Sender<()>,
}

/// The source of milliseconds.
pub(super) enum Ticks {
    /// The real time since the network was made.
    Since(Instant),
    /// Simulated time, which [`StepHarness`](super::StepHarness) sets.
    Simulated(Arc<AtomicU64>),
}

impl Ticks {
    fn ms(&self) -> u64 {
        match self {
            Ticks::Since(started) => {
                u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
            }
            Ticks::Simulated(ms) => ms.load(Ordering::Relaxed),
        }
    }
}

/// What the network knows apart from its modems.
struct State {
    centre: ServiceCentre,
    /// Cards that are in no modem and no bank.
    drawer: Vec<SimCard>,
}

/// The state of a modem, as the control socket reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModemStats {
    /// The place of the modem, counted from 0.
    pub modem: usize,
    /// The number of the card in it.
    pub number: Option<String>,
    /// The ICCID of the card in it.
    pub iccid: Option<String>,
    /// The slot that is in use, counted from 0, in a module that has several.
    pub slot: usize,
    /// Whether the network can reach the modem.
    pub registered: bool,
    /// The number of messages in its stores.
    pub stored: usize,
    /// The number of messages that wait in the network for its number.
    pub waiting: usize,
    /// What the modem has observed of its host.
    pub observed: Observed,
}

impl Network {
    /// Makes a network with the scenario's modems. Nothing runs yet: see [`Rack`](super::Rack) and
    /// [`in_memory`](super::in_memory).
    ///
    /// # Errors
    /// A fault of the scenario names a card that does not exist or octets that are malformed, or a
    /// bank has radios or slots that do not exist.
    #[expect(
        clippy::disallowed_methods,
        reason = "the simulator's machines count milliseconds from here on"
    )]
    pub fn new(scenario: &Scenario, clock: Clock) -> Result<Self, SimulatorError> {
        Self::ticking(scenario, clock, Ticks::Since(Instant::now()))
    }

    pub(super) fn ticking(
        scenario: &Scenario,
        clock: Clock,
        ticks: Ticks,
    ) -> Result<Self, SimulatorError> {
        let state = Mutex::new(State {
            centre: ServiceCentre::new(scenario.retry_ms()),
            drawer: scenario.drawer(),
        });
        let mut cards: Vec<_> =
            scenario.modems().iter().map(|plan| modem_slot::card(plan, clock())).collect();
        let mut free = vec![true; cards.len()];
        let banks = scenario.banks().iter().enumerate().map(|(number, plan)| {
            let bank = plan.build(number, &mut cards, &mut free, clock())?;
            Ok(BankUnit::new(bank))
        });
        let banks = banks.collect::<Result<Vec<_>, SimulatorError>>()?;
        let modem_slots = scenario
            .modems()
            .iter()
            .zip(cards)
            .map(|(plan, card)| ModemSlot::new(plan, card, clock()))
            .collect();
        let network = Network(Arc::new(Inner {
            clock,
            ticks,
            modem_slots,
            banks,
            state,
            changed: watch::Sender::new(()),
        }));
        network.subscribe_all();
        for (place, plan) in scenario.modems().iter().enumerate() {
            plan.faults().iter().try_for_each(|fault| network.fault(place, fault))?;
        }
        Ok(network)
    }

    fn subscribe_all(&self) {
        for modem_slot in &self.0.modem_slots {
            let modem = modem_slot.modem();
            let mut state = self.state();
            modem.cards().for_each(|card| state.centre.subscribe(card));
        }
        for unit in &self.0.banks {
            let bank = unit.bank();
            let mut state = self.state();
            bank.wiring.parked().for_each(|card| state.centre.subscribe(card));
        }
        let mut state = self.state();
        let cards = state.drawer.clone();
        cards.iter().for_each(|card| state.centre.subscribe(card));
    }

    /// The number of modems.
    pub fn modems(&self) -> usize {
        self.0.modem_slots.len()
    }

    /// What a modem has observed of its host; `None` when there is no such modem.
    pub fn observed(&self, modem: usize) -> Option<Observed> {
        Some(self.0.modem_slots.get(modem)?.modem().observed())
    }

    /// The state of all modems.
    pub fn stats(&self) -> Vec<ModemStats> {
        let stats = self.0.modem_slots.iter().enumerate().map(|(place, modem_slot)| {
            let modem = modem_slot.modem();
            let mut stats = ModemStats {
                modem: place,
                number: modem.sim().map(|card| card.number.clone()),
                iccid: modem.sim().map(|card| card.iccid.clone()),
                slot: modem.slots().in_use(),
                registered: modem.is_registered(),
                stored: modem.stored(),
                waiting: 0,
                observed: modem.observed(),
            };
            drop(modem);
            stats.waiting = stats.number.as_deref().map_or(0, |number| self.waiting(number));
            stats
        });
        stats.collect()
    }

    /// Waits until a condition holds. It is checked whenever a modem has done something, and when a
    /// port has appeared, vanished or been released.
    pub async fn until(&self, so: impl Fn(&Network) -> bool) {
        let mut changes = self.0.changed.subscribe();
        while !so(self) {
            // The sender lives as long as this network.
            let _ = changes.changed().await;
        }
    }

    /// Notifies those who wait that something visible from outside has happened.
    pub(super) fn announce(&self) {
        if self.0.changed.receiver_count() > 0 {
            self.0.changed.send_replace(());
        }
    }

    /// Runs a modem for one step: it reads what the host wrote, gets messages from the network, and
    /// writes. Returns in how many milliseconds it needs another step, if nothing happens before.
    pub(super) fn step(&self, place: usize, round: &mut Round<'_>) -> Option<u64> {
        let modem_slot = self.0.modem_slots.get(place)?;
        let now = self.now();
        let mut modem = modem_slot.modem();
        if round.flushed {
            modem.flushed();
        }
        modem.receive(round.input, now);
        let submissions = modem.take_submissions();
        let alive = modem.take_fresh_attach() || !submissions.is_empty();
        for submission in submissions {
            let from = modem.sim().map(|card| card.number.clone()).unwrap_or_default();
            self.submit(&from, submission);
        }
        let found_ms = self.deliver(place, &mut modem, alive, now);
        round.output.extend(modem.take_output(now));
        let due_ms = modem.next_due_ms();
        drop(modem);
        self.announce();
        due_ms.into_iter().chain(found_ms).min().map(|due_ms| due_ms.saturating_sub(now.ms))
    }

    fn wake(&self, place: Option<usize>) {
        if let Some(modem_slot) = place.and_then(|place| self.0.modem_slots.get(place)) {
            modem_slot.wake.notify_one();
        }
    }

    pub(super) fn bank_unit(&self, bank: usize) -> Option<&BankUnit> {
        self.0.banks.get(bank)
    }

    pub(super) fn modem_slot(&self, place: usize) -> Option<&ModemSlot> {
        self.0.modem_slots.get(place)
    }

    /// Switches the power of a modem off and on again.
    pub(super) fn power_cycle(&self, place: usize) {
        if let Some(modem_slot) = self.0.modem_slots.get(place) {
            modem_slot.modem().power_cycle(self.now());
        }
    }

    fn now(&self) -> Now {
        Now { ms: self.0.ticks.ms(), utc: (self.0.clock)() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock()
    }
}

/// The input and output of one [`Network::step`].
pub(super) struct Round<'a> {
    /// The octets that the host wrote.
    pub(super) input: &'a [u8],
    /// Whether the host has received everything that was written before.
    pub(super) flushed: bool,
    /// Takes the octets that the modem writes.
    pub(super) output: &'a mut Vec<u8>,
}
