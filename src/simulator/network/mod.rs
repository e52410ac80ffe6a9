//! The mobile network: the subscribers and their numbers, the messages that wait for them, and the
//! cards in the modems.
//!
//! The order of locks is: a bank, a modem, the network's state. No code locks two banks or two
//! modems at once.

pub(super) mod banks;

use parking_lot::{Mutex, MutexGuard};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::Instant;

use super::card::SimCard;
use super::digits::Country;
use super::error::SimulatorError;
use super::faults::{CardFault, Fault};
use super::modem::observed::Observed;
use super::modem::{Content, Modem, Now, Submission};
use super::modem_slot::{self, ModemSlot, Port};
use super::scenario::Scenario;
use super::smsc::ServiceCentre;
use super::special::SpecialMessage;
use banks::BankUnit;

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

/// The receipt for a message that was sent to a simulated number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendReceipt {
    /// The number of parts into which the text was split.
    pub parts: usize,
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

    /// The numbers of the cards in the modems, in E.164 with `+`, in the modems' order; a modem
    /// without a card is left out.
    pub fn numbers(&self) -> Vec<String> {
        self.0
            .modem_slots
            .iter()
            .filter_map(|modem_slot| Some(modem_slot.modem().sim()?.number.clone()))
            .collect()
    }

    /// The number of modems.
    pub fn modems(&self) -> usize {
        self.0.modem_slots.len()
    }

    /// Sends a text to a simulated number, in as many parts as it takes. It waits at the network
    /// until the card is registered and its store has room.
    ///
    /// # Errors
    /// [`SimulatorError::UnknownNumber`].
    pub fn send(&self, from: &str, to: &str, text: &str) -> Result<SendReceipt, SimulatorError> {
        let (parts, place) = self.state().centre.accept_text(from, to, text, self.now())?;
        self.wake(place);
        Ok(SendReceipt { parts })
    }

    /// Sends a message that is no text to a simulated number. Some kinds carry `text` as well.
    ///
    /// # Errors
    /// [`SimulatorError::UnknownNumber`].
    pub fn send_special(
        &self,
        kind: SpecialMessage,
        from: &str,
        to: &str,
        text: &str,
    ) -> Result<SendReceipt, SimulatorError> {
        let place = self.state().centre.accept_special(kind, from, to, text, self.now())?;
        self.wake(place);
        Ok(SendReceipt { parts: 1 })
    }

    /// Sends a TPDU as it is to a simulated number, however odd.
    ///
    /// # Errors
    /// [`SimulatorError::UnknownNumber`].
    pub fn send_pdu(&self, to: &str, tpdu: &[u8]) -> Result<SendReceipt, SimulatorError> {
        let place = self.state().centre.accept_tpdu(to, tpdu, self.now())?;
        self.wake(place);
        Ok(SendReceipt { parts: 1 })
    }

    /// The number of messages in the stores of the modem that holds this number's card, including
    /// the modem's own store. For a card that is not in use, the number of messages on the card.
    pub fn stored(&self, number: &str) -> usize {
        let holder = self
            .0
            .modem_slots
            .iter()
            .map(ModemSlot::modem)
            .find(|m| m.sim().is_some_and(|card| card.number == number));
        if let Some(modem) = holder {
            return modem.stored();
        }
        let of_number = |card: &&SimCard| card.number == number;
        let on_card = |card: &SimCard| card.messages.used();
        let unused = self
            .0
            .modem_slots
            .iter()
            .find_map(|modem_slot| modem_slot.modem().cards().find(of_number).map(on_card));
        let parked =
            self.0.banks.iter().find_map(|modem_slot| {
                modem_slot.bank().wiring.parked().find(of_number).map(on_card)
            });
        unused
            .or(parked)
            .or_else(|| self.state().drawer.iter().find(of_number).map(on_card))
            .unwrap_or_default()
    }

    /// The number of messages that wait in the network for this number.
    pub fn waiting(&self, number: &str) -> usize {
        self.state().centre.waiting(number)
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

    /// Starts or ends a fault of a modem.
    ///
    /// # Errors
    /// [`SimulatorError::UnknownModem`], [`SimulatorError::UnknownCard`],
    /// [`SimulatorError::NotHexadecimal`], [`SimulatorError::NotAName`].
    pub fn fault(&self, modem: usize, fault: &Fault) -> Result<(), SimulatorError> {
        let last = self.modems().saturating_sub(1);
        let modem_slot =
            self.0.modem_slots.get(modem).ok_or(SimulatorError::UnknownModem { modem, last })?;
        let now = self.now();
        match fault {
            Fault::Garbage { octets } => {
                let octets = hex::decode(octets).map_err(|_| SimulatorError::NotHexadecimal)?;
                modem_slot.modem().babble(&octets);
            }
            Fault::PortGone { back_after_ms } => {
                modem_slot.port.send_replace(Port::Gone { back_after_ms: *back_after_ms });
            }
            Fault::PortMoved { back_after_ms, name } => {
                modem_slot.rename(plain_name(name)?);
                modem_slot.port.send_replace(Port::Gone { back_after_ms: Some(*back_after_ms) });
            }
            Fault::PortBack => {
                modem_slot.port.send_replace(Port::Present);
            }
            Fault::SimOut => {
                let card = modem_slot.modem().remove_sim();
                self.state().drawer.extend(card);
            }
            Fault::SimIn { iccid } => self.insert(modem_slot, iccid)?,
            _ => modem_slot.modem().suffer(fault, now),
        }
        modem_slot.wake.notify_one();
        Ok(())
    }

    /// Makes the network refuse a card, or accept it again, wherever the card is.
    ///
    /// # Errors
    /// [`SimulatorError::UnknownCard`].
    pub fn card_fault(&self, iccid: &str, fault: CardFault) -> Result<(), SimulatorError> {
        let is_it = |card: &&mut SimCard| card.iccid == iccid;
        let deny = |card: &mut SimCard| card.denied = fault == CardFault::Denied;
        let in_modem = self.0.modem_slots.iter().find_map(|modem_slot| {
            modem_slot.modem().cards_mut().find(is_it).map(deny)?;
            modem_slot.wake.notify_one();
            Some(())
        });
        let parked = || {
            self.0
                .banks
                .iter()
                .find_map(|unit| unit.bank().wiring.parked_mut().find(is_it).map(deny))
        };
        let apart = || self.state().drawer.iter_mut().find(is_it).map(deny);
        let unknown = || SimulatorError::UnknownCard { iccid: iccid.to_owned() };
        in_modem.or_else(parked).or_else(apart).ok_or_else(unknown)
    }

    fn insert(&self, modem_slot: &ModemSlot, iccid: &str) -> Result<(), SimulatorError> {
        let card = self
            .take_card(iccid)
            .ok_or_else(|| SimulatorError::UnknownCard { iccid: iccid.to_owned() })?;
        let before = modem_slot.modem().insert_sim(card, self.now());
        self.state().drawer.extend(before);
        Ok(())
    }

    /// Takes a card out of the drawer, out of its slot in a bank, or out of the modem that holds
    /// it.
    fn take_card(&self, iccid: &str) -> Option<SimCard> {
        let mut state = self.state();
        if let Some(place) = state.drawer.iter().position(|card| card.iccid == iccid) {
            return Some(state.drawer.remove(place));
        }
        drop(state);
        if let Some(card) = self.0.banks.iter().find_map(|unit| unit.bank().wiring.take(iccid)) {
            return Some(card);
        }
        self.0.modem_slots.iter().find_map(|modem_slot| {
            let mut modem = modem_slot.modem();
            let holds = modem.sim().is_some_and(|card| card.iccid == iccid);
            let card = holds.then(|| modem.remove_sim()).flatten();
            modem_slot.wake.notify_one();
            card
        })
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

    /// Delivers to a registered modem the messages that wait for its card. Returns when the network
    /// will find the modem, if it does not find it yet.
    fn deliver(&self, place: usize, modem: &mut Modem, alive: bool, now: Now) -> Option<u64> {
        if !modem.is_registered() {
            return None;
        }
        self.state().centre.deliver(place, modem, alive, now)
    }

    /// Takes a message that a modem's host sent. One to a number outside of the simulation is lost,
    /// as on a real network, which accepts it before it finds that nobody has the number.
    fn submit(&self, from: &str, submission: Submission) {
        let to = Country::of_number(from).international(&submission.to);
        let now = self.now();
        let accepted = match submission.content {
            Content::Text(text) => {
                self.state().centre.accept_text(from, &to, &text, now).map(|(_, place)| place)
            }
            Content::Draft(message) => self.state().centre.accept_submit(from, &to, *message, now),
        };
        if let Ok(place) = accepted {
            self.wake(place);
        }
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

/// Checks that the name of a link has no folder in it.
pub(super) fn plain_name(name: &str) -> Result<&str, SimulatorError> {
    let plain = !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if plain { Ok(name) } else { Err(SimulatorError::NotAName) }
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
