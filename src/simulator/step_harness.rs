//! A network whose time is told and whose modems are stepped by hand: for tests of a thousand
//! minutes in a few seconds. Nothing in here waits, and the same calls have the same outcome each
//! time.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

use super::error::SimulatorError;
use super::modem_slot::Port;
use super::network::{Network, Round, Ticks};
use super::scenario::Scenario;

/// The network on the bench.
pub struct Workbench {
    network: Network,
    ms: Arc<AtomicU64>,
}

/// What came of one look at a modem.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exchange {
    /// What the modem wrote.
    pub written: Vec<u8>,
    /// In how many milliseconds it wants to be looked at again, if nothing happens before.
    pub again_in_ms: Option<u64>,
}

impl Workbench {
    /// The scenario's modems; the time of day at the beginning.
    ///
    /// # Errors
    /// As [`Network::new`].
    pub fn new(scenario: &Scenario, began: DateTime<Utc>) -> Result<Self, SimulatorError> {
        let ms = Arc::new(AtomicU64::new(0));
        let hand = Arc::clone(&ms);
        let passed = move || {
            TimeDelta::milliseconds(i64::try_from(hand.load(Ordering::Relaxed)).unwrap_or(i64::MAX))
        };
        let clock = Arc::new(move || began.checked_add_signed(passed()).unwrap_or(began));
        let network = Network::ticking(scenario, clock, Ticks::Told(Arc::clone(&ms)))?;
        Ok(Self { network, ms })
    }

    /// The network: to send through, to break, to look at.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Milliseconds since the beginning are now so many.
    pub fn set_ms(&self, ms: u64) {
        self.ms.store(ms, Ordering::Relaxed);
    }

    /// Whether something has happened to the modem that its host has not been shown; asks once for
    /// each time.
    pub fn is_awake(&self, modem: usize) -> bool {
        self.network.bay(modem).is_some_and(|bay| pin!(bay.wake.notified()).enable())
    }

    /// One look at a modem: what its host has written goes in, what it writes comes out.
    pub fn exchange(&self, modem: usize, input: &[u8]) -> Exchange {
        let mut written = Vec::new();
        let mut round = Round { input, flushed: true, output: &mut written };
        let again_in_ms = self.network.step(modem, &mut round);
        Exchange { written, again_in_ms }
    }

    /// One look at a bank: what its host has written goes in, what it writes comes out.
    pub fn bank_exchange(&self, bank: usize, input: &[u8]) -> Exchange {
        let mut written = Vec::new();
        let mut round = Round { input, flushed: true, output: &mut written };
        let again_in_ms = self.network.bank_step(bank, &mut round);
        Exchange { written, again_in_ms }
    }

    /// As [`Workbench::is_awake`], of a bank.
    pub fn bank_is_awake(&self, bank: usize) -> bool {
        self.network.bank_bay(bank).is_some_and(|bay| pin!(bay.wake.notified()).enable())
    }

    /// Whether the port is there; if not, in how many milliseconds it was to come back by itself,
    /// counted from its going.
    pub fn port_is_gone(&self, modem: usize) -> Option<Option<u64>> {
        match *self.network.bay(modem)?.port.borrow() {
            Port::Present => None,
            Port::Gone { back_after_ms } => Some(back_after_ms),
        }
    }

    /// The modem loses its power and has it again; its port is there.
    pub fn plug_in(&self, modem: usize) {
        if let Some(bay) = self.network.bay(modem) {
            bay.port.send_replace(Port::Present);
        }
        self.network.power_cycle(modem);
    }
}
