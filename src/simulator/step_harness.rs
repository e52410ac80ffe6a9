//! A network in simulated time whose modems are run step by step, so that tests of a thousand
//! minutes take a few seconds. Nothing here waits, and the same calls always have the same result.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

use super::error::SimulatorError;
use super::modem_slot::Port;
use super::network::{Network, Round, Ticks};
use super::scenario::Scenario;

/// A network whose time and steps the caller controls.
pub struct StepHarness {
    network: Network,
    ms: Arc<AtomicU64>,
}

/// The result of one step of a modem or bank.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exchange {
    /// The octets that the modem wrote.
    pub written: Vec<u8>,
    /// In how many milliseconds it needs another step, if nothing happens before.
    pub again_in_ms: Option<u64>,
}

impl StepHarness {
    /// Makes the network of a scenario. `began` is the time of day at the beginning.
    ///
    /// # Errors
    /// The same as those of [`Network::new`].
    pub fn new(scenario: &Scenario, began: DateTime<Utc>) -> Result<Self, SimulatorError> {
        let ms = Arc::new(AtomicU64::new(0));
        let hand = Arc::clone(&ms);
        let passed = move || {
            TimeDelta::milliseconds(i64::try_from(hand.load(Ordering::Relaxed)).unwrap_or(i64::MAX))
        };
        let clock = Arc::new(move || began.checked_add_signed(passed()).unwrap_or(began));
        let network = Network::ticking(scenario, clock, Ticks::Simulated(Arc::clone(&ms)))?;
        Ok(Self { network, ms })
    }

    /// The network, for sending messages, causing faults and inspecting it.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Sets the time, in milliseconds since the beginning.
    pub fn set_ms(&self, ms: u64) {
        self.ms.store(ms, Ordering::Relaxed);
    }

    /// Whether something has happened to the modem that needs a step. Returns it once for each
    /// time.
    pub fn is_awake(&self, modem: usize) -> bool {
        self.network
            .modem_slot(modem)
            .is_some_and(|modem_slot| pin!(modem_slot.wake.notified()).enable())
    }

    /// Runs one step of a modem with the octets that its host has written.
    pub fn exchange(&self, modem: usize, input: &[u8]) -> Exchange {
        let mut written = Vec::new();
        let mut round = Round { input, flushed: true, output: &mut written };
        let again_in_ms = self.network.step(modem, &mut round);
        Exchange { written, again_in_ms }
    }

    /// Runs one step of a bank with the octets that its host has written.
    pub fn bank_exchange(&self, bank: usize, input: &[u8]) -> Exchange {
        let mut written = Vec::new();
        let mut round = Round { input, flushed: true, output: &mut written };
        let again_in_ms = self.network.bank_step(bank, &mut round);
        Exchange { written, again_in_ms }
    }

    /// Like [`StepHarness::is_awake`], for a bank.
    pub fn bank_is_awake(&self, bank: usize) -> bool {
        self.network.bank_unit(bank).is_some_and(|unit| pin!(unit.wake.notified()).enable())
    }

    /// Whether the port is there; if not, in how many milliseconds it was to come back by itself,
    /// counted from its going.
    pub fn port_is_gone(&self, modem: usize) -> Option<Option<u64>> {
        match *self.network.modem_slot(modem)?.port.borrow() {
            Port::Present => None,
            Port::Gone { back_after_ms } => Some(back_after_ms),
        }
    }

    /// The modem loses its power and has it again; its port is there.
    pub fn plug_in(&self, modem: usize) {
        if let Some(modem_slot) = self.network.modem_slot(modem) {
            modem_slot.port.send_replace(Port::Present);
        }
        self.network.power_cycle(modem);
    }
}
