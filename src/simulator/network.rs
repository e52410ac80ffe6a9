//! The mobile network: who has which number, what waits for whom, and which modem holds which card.
//!
//! Lock order: a bank, then a bay's modem, then the network's state. Nothing locks two banks or two
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
use super::modem_slot::{self, Bay, Port};
use super::scenario::Scenario;
use super::smsc::ServiceCentre;
use banks::BankBay;

/// Where the time of day comes from.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// A network with its modems; a handle that can be cloned.
#[derive(Clone)]
pub struct Network(Arc<Inner>);

struct Inner {
    clock: Clock,
    ticks: Ticks,
    bays: Vec<Bay>,
    banks: Vec<BankBay>,
    state: Mutex<State>,
    /// Something was done that can be seen from outside.
    changed: watch::Sender<()>,
}

/// Where milliseconds come from.
pub(super) enum Ticks {
    /// They pass.
    Since(Instant),
    /// They are told: see [`Workbench`](super::Workbench).
    Told(Arc<AtomicU64>),
}

impl Ticks {
    fn ms(&self) -> u64 {
        match self {
            Ticks::Since(started) => {
                u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
            }
            Ticks::Told(ms) => ms.load(Ordering::Relaxed),
        }
    }
}

/// What the network knows apart from its modems.
struct State {
    centre: ServiceCentre,
    /// Cards that are in no modem and no bank.
    drawer: Vec<SimCard>,
}

/// What became of a message that was sent to a simulated number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendReceipt {
    /// How many parts it took.
    pub parts: usize,
}

/// A modem as the control side shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModemStats {
    /// Its place, from 0.
    pub modem: usize,
    /// The number of the card in it.
    pub number: Option<String>,
    /// The ICCID of the card in it.
    pub iccid: Option<String>,
    /// Its slot, from 0, in a module that has several.
    pub slot: usize,
    /// Whether the network can reach it.
    pub registered: bool,
    /// Messages in its stores.
    pub stored: usize,
    /// Messages that wait for its number at the network.
    pub waiting: usize,
    /// What it has seen of its host.
    pub observed: Observed,
}

impl Network {
    /// A network with the scenario's modems. Nothing runs yet: see [`Rack`](super::Rack) and
    /// [`in_memory`](super::in_memory).
    ///
    /// # Errors
    /// A fault of the scenario names a card that is not there, or octets that are none; a bank's
    /// radios or slots are not there.
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
            Ok(BankBay::new(bank))
        });
        let banks = banks.collect::<Result<Vec<_>, SimulatorError>>()?;
        let bays = scenario
            .modems()
            .iter()
            .zip(cards)
            .map(|(plan, card)| Bay::new(plan, card, clock()))
            .collect();
        let network = Network(Arc::new(Inner {
            clock,
            ticks,
            bays,
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
        for bay in &self.0.bays {
            let modem = bay.modem();
            let mut state = self.state();
            modem.cards().for_each(|card| state.centre.subscribe(card));
        }
        for bay in &self.0.banks {
            let bank = bay.bank();
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
        self.0.bays.iter().filter_map(|bay| Some(bay.modem().sim()?.number.clone())).collect()
    }

    /// How many modems there are.
    pub fn modems(&self) -> usize {
        self.0.bays.len()
    }

    /// Sends a text to a simulated number, in as many parts as it takes. It waits at the network
    /// until the card is registered and its store has room.
    ///
    /// # Errors
    /// [`SimulatorError::UnknownNumber`].
    pub fn send(&self, from: &str, to: &str, text: &str) -> Result<SendReceipt, SimulatorError> {
        let (parts, bay) = self.state().centre.accept_text(from, to, text, self.now())?;
        self.wake(bay);
        Ok(SendReceipt { parts })
    }

    /// Sends a TPDU as it is to a simulated number, however odd.
    ///
    /// # Errors
    /// [`SimulatorError::UnknownNumber`].
    pub fn send_pdu(&self, to: &str, tpdu: &[u8]) -> Result<SendReceipt, SimulatorError> {
        let bay = self.state().centre.accept_tpdu(to, tpdu, self.now())?;
        self.wake(bay);
        Ok(SendReceipt { parts: 1 })
    }

    /// Messages in the stores of the modem that holds this number's card, its own store included;
    /// of a card that is in use nowhere, on the card.
    pub fn stored(&self, number: &str) -> usize {
        let holder = self
            .0
            .bays
            .iter()
            .map(Bay::modem)
            .find(|m| m.sim().is_some_and(|card| card.number == number));
        if let Some(modem) = holder {
            return modem.stored();
        }
        let of_number = |card: &&SimCard| card.number == number;
        let on_card = |card: &SimCard| card.messages.used();
        let unused =
            self.0.bays.iter().find_map(|bay| bay.modem().cards().find(of_number).map(on_card));
        let parked = self
            .0
            .banks
            .iter()
            .find_map(|bay| bay.bank().wiring.parked().find(of_number).map(on_card));
        unused
            .or(parked)
            .or_else(|| self.state().drawer.iter().find(of_number).map(on_card))
            .unwrap_or_default()
    }

    /// Messages that wait for this number at the network.
    pub fn waiting(&self, number: &str) -> usize {
        self.state().centre.waiting(number)
    }

    /// What a modem has seen of its host; `None` when there is no such modem.
    pub fn observed(&self, modem: usize) -> Option<Observed> {
        Some(self.0.bays.get(modem)?.modem().observed())
    }

    /// All modems at a glance.
    pub fn stats(&self) -> Vec<ModemStats> {
        let stats = self.0.bays.iter().enumerate().map(|(place, bay)| {
            let modem = bay.modem();
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

    /// Waits until it is so: looks after each thing that a modem did, and when a port has come,
    /// gone or been given back.
    pub async fn until(&self, so: impl Fn(&Network) -> bool) {
        let mut changes = self.0.changed.subscribe();
        while !so(self) {
            // The sender lives as long as this network.
            let _ = changes.changed().await;
        }
    }

    /// Something was done that can be seen from outside.
    pub(super) fn announce(&self) {
        if self.0.changed.receiver_count() > 0 {
            self.0.changed.send_replace(());
        }
    }

    /// Makes something go wrong with a modem, or well again.
    ///
    /// # Errors
    /// [`SimulatorError::UnknownModem`], [`SimulatorError::UnknownCard`],
    /// [`SimulatorError::NotHexadecimal`], [`SimulatorError::NotAName`].
    pub fn fault(&self, modem: usize, fault: &Fault) -> Result<(), SimulatorError> {
        let last = self.modems().saturating_sub(1);
        let bay = self.0.bays.get(modem).ok_or(SimulatorError::UnknownModem { modem, last })?;
        let now = self.now();
        match fault {
            Fault::Garbage { octets } => {
                let octets = hex::decode(octets).map_err(|_| SimulatorError::NotHexadecimal)?;
                bay.modem().babble(&octets);
            }
            Fault::PortGone { back_after_ms } => {
                bay.port.send_replace(Port::Gone { back_after_ms: *back_after_ms });
            }
            Fault::PortMoved { back_after_ms, name } => {
                bay.rename(plain_name(name)?);
                bay.port.send_replace(Port::Gone { back_after_ms: Some(*back_after_ms) });
            }
            Fault::PortBack => {
                bay.port.send_replace(Port::Present);
            }
            Fault::SimOut => {
                let card = bay.modem().remove_sim();
                self.state().drawer.extend(card);
            }
            Fault::SimIn { iccid } => self.insert(bay, iccid)?,
            _ => bay.modem().suffer(fault, now),
        }
        bay.wake.notify_one();
        Ok(())
    }

    /// Makes the network refuse a card, or take it again, wherever it is.
    ///
    /// # Errors
    /// [`SimulatorError::UnknownCard`].
    pub fn card_fault(&self, iccid: &str, fault: CardFault) -> Result<(), SimulatorError> {
        let is_it = |card: &&mut SimCard| card.iccid == iccid;
        let deny = |card: &mut SimCard| card.denied = fault == CardFault::Denied;
        let in_modem = self.0.bays.iter().find_map(|bay| {
            bay.modem().cards_mut().find(is_it).map(deny)?;
            bay.wake.notify_one();
            Some(())
        });
        let parked = || {
            self.0.banks.iter().find_map(|bay| bay.bank().wiring.parked_mut().find(is_it).map(deny))
        };
        let apart = || self.state().drawer.iter_mut().find(is_it).map(deny);
        let unknown = || SimulatorError::UnknownCard { iccid: iccid.to_owned() };
        in_modem.or_else(parked).or_else(apart).ok_or_else(unknown)
    }

    fn insert(&self, bay: &Bay, iccid: &str) -> Result<(), SimulatorError> {
        let card = self
            .take_card(iccid)
            .ok_or_else(|| SimulatorError::UnknownCard { iccid: iccid.to_owned() })?;
        let before = bay.modem().insert_sim(card, self.now());
        self.state().drawer.extend(before);
        Ok(())
    }

    /// A card out of the drawer, its slot in a bank, or the modem that holds it.
    fn take_card(&self, iccid: &str) -> Option<SimCard> {
        let mut state = self.state();
        if let Some(place) = state.drawer.iter().position(|card| card.iccid == iccid) {
            return Some(state.drawer.remove(place));
        }
        drop(state);
        if let Some(card) = self.0.banks.iter().find_map(|bay| bay.bank().wiring.take(iccid)) {
            return Some(card);
        }
        self.0.bays.iter().find_map(|bay| {
            let mut modem = bay.modem();
            let holds = modem.sim().is_some_and(|card| card.iccid == iccid);
            let card = holds.then(|| modem.remove_sim()).flatten();
            bay.wake.notify_one();
            card
        })
    }

    /// One round of a modem's life: what the host wrote, what the network has for it, what it
    /// writes. Says in how many milliseconds it wants another round, if nothing happens before.
    pub(super) fn step(&self, place: usize, round: &mut Round<'_>) -> Option<u64> {
        let bay = self.0.bays.get(place)?;
        let now = self.now();
        let mut modem = bay.modem();
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

    /// Hands a registered modem what waits for its card; when the network will find it, if it does
    /// not yet.
    fn deliver(&self, place: usize, modem: &mut Modem, alive: bool, now: Now) -> Option<u64> {
        if !modem.is_registered() {
            return None;
        }
        self.state().centre.deliver(place, modem, alive, now)
    }

    /// A message that a modem's host sent. To a number outside of the simulation it goes into the
    /// void, as on a real network, which also takes it first and then finds nobody.
    fn submit(&self, from: &str, submission: Submission) {
        let to = Country::of_number(from).international(&submission.to);
        let now = self.now();
        let accepted = match submission.content {
            Content::Text(text) => {
                self.state().centre.accept_text(from, &to, &text, now).map(|(_, bay)| bay)
            }
            Content::Draft(message) => self.state().centre.accept_submit(from, &to, *message, now),
        };
        if let Ok(bay) = accepted {
            self.wake(bay);
        }
    }

    fn wake(&self, bay: Option<usize>) {
        if let Some(bay) = bay.and_then(|bay| self.0.bays.get(bay)) {
            bay.wake.notify_one();
        }
    }

    pub(super) fn bank_bay(&self, bank: usize) -> Option<&BankBay> {
        self.0.banks.get(bank)
    }

    pub(super) fn bay(&self, place: usize) -> Option<&Bay> {
        self.0.bays.get(place)
    }

    /// The modem has lost its power and has it again.
    pub(super) fn power_cycle(&self, place: usize) {
        if let Some(bay) = self.0.bays.get(place) {
            bay.modem().power_cycle(self.now());
        }
    }

    fn now(&self) -> Now {
        Now { ms: self.0.ticks.ms(), utc: (self.0.clock)() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock()
    }
}

/// A link's name stays in its folder.
pub(super) fn plain_name(name: &str) -> Result<&str, SimulatorError> {
    let plain = !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if plain { Ok(name) } else { Err(SimulatorError::NotAName) }
}

/// What goes in and out of one [`Network::step`].
pub(super) struct Round<'a> {
    /// What the host wrote.
    pub(super) input: &'a [u8],
    /// Whether the host has had everything that was written before.
    pub(super) flushed: bool,
    /// What is to be written is appended here.
    pub(super) output: &'a mut Vec<u8>,
}
