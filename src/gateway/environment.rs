//! What every subject of the business works with: the database, the time, random numbers and the
//! operator's settings.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;

use super::{Error, Settings};
use crate::domain::Timestamp;
use crate::domain::clock_trust::{ClockTrust, LONGEST_PLAUSIBLE_OUTAGE};
use crate::store::{Horizon, Occasion, Store};

/// A day without a change of clocks, in microseconds.
const DAY_US: i64 = 24 * 3600 * 1_000_000;

/// Tells the time. The real clock is read in `daemon`; tests move theirs by hand.
pub trait TimeSource: Send + Sync {
    /// The time as the source has it.
    fn now(&self) -> Timestamp;

    /// How far the time can be relied on. A clock that is moved by hand always can.
    fn trust(&self) -> ClockTrust {
        ClockTrust::Settled
    }

    /// When the operator's day began that a time is in. Without a zone, that is a day of UTC.
    fn day_of(&self, at: Timestamp) -> Timestamp {
        Timestamp(at.0.saturating_sub(at.0.rem_euclid(DAY_US)))
    }
}

impl<F: Fn() -> Timestamp + Send + Sync> TimeSource for F {
    fn now(&self) -> Timestamp {
        self()
    }
}

/// The clock that everything shares.
pub type Clock = Arc<dyn TimeSource>;
/// Gives 32 random bytes, or `None` when the system has none.
pub type Entropy = Arc<dyn Fn() -> Option<[u8; 32]> + Send + Sync>;

/// The one environment that all subjects share.
pub(super) struct Environment {
    pub(super) store: Store,
    clock: Clock,
    entropy: Entropy,
    settings: RwLock<Arc<Settings>>,
    /// Times of the rows that were written last before the start.
    written: Vec<Timestamp>,
}

impl Environment {
    pub(super) fn new(
        store: Store,
        settings: Settings,
        clock: Clock,
        entropy: Entropy,
        written: Vec<Timestamp>,
    ) -> Environment {
        Environment { store, clock, entropy, settings: RwLock::new(Arc::new(settings)), written }
    }

    /// The time by the injected clock.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How far the time can be relied on.
    pub(super) fn clock_trust(&self) -> ClockTrust {
        self.clock.trust()
    }

    /// The time until which something that cannot be undone (a charge for a term, the end of a
    /// rental, a purge) may be done for being due.
    pub(super) fn certain_now(&self) -> Timestamp {
        self.certain(self.now())
    }

    /// The same for another time that the clock has shown.
    pub(super) fn certain(&self, at: Timestamp) -> Timestamp {
        self.clock.trust().certain_time(at, &self.written)
    }

    /// Until when deadlines count as passed.
    pub(super) fn horizon(&self) -> Horizon {
        let now = self.now();
        let certain = self.certain(now);
        let is_plausible = now.since(certain) <= LONGEST_PLAUSIBLE_OUTAGE;
        Horizon { orders: if is_plausible { now } else { certain }, rentals: certain }
    }

    /// When the operator's day began that a time is in.
    pub(super) fn day_of(&self, at: Timestamp) -> Timestamp {
        self.clock.day_of(at)
    }

    /// When the operator's day begins after the one that a time is in. A day has from 23 to 25
    /// hours.
    pub(super) fn day_after(&self, at: Timestamp) -> Timestamp {
        self.clock.day_of(self.clock.day_of(at).plus(Duration::from_secs(26 * 3600)))
    }

    /// The occasion of an entry in the ledger that is made at a time, asked for with a key or not.
    pub(super) fn occasion<'k>(&self, at: Timestamp, key: Option<&'k str>) -> Occasion<'k> {
        Occasion { at, today: self.day_of(at), key }
    }

    /// The clock itself, for an operation that takes the time only when its turn has come.
    pub(super) fn clock(&self) -> Clock {
        Arc::clone(&self.clock)
    }

    /// Random bytes for keys and tokens.
    pub(super) fn random_bytes(&self) -> Result<[u8; 32], Error> {
        (self.entropy)().ok_or(Error::NoEntropy)
    }

    /// The operator's settings as they are now.
    pub(super) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.read())
    }

    pub(super) fn replace_settings(&self, settings: Settings) {
        *self.settings.write() = Arc::new(settings);
    }
}
