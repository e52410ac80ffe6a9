//! What every subject of the business works with: the database, the time, random numbers and the
//! operator's settings.

use std::sync::Arc;

use parking_lot::RwLock;

use super::{Error, Settings};
use crate::domain::Timestamp;
use crate::store::Store;

/// Tells the time. The real clock is read in `daemon`; tests move theirs by hand.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
/// Gives 32 random bytes, or `None` when the system has none.
pub type Entropy = Arc<dyn Fn() -> Option<[u8; 32]> + Send + Sync>;

/// The one environment that all subjects share.
pub(super) struct Environment {
    pub(super) store: Store,
    clock: Clock,
    entropy: Entropy,
    settings: RwLock<Arc<Settings>>,
}

impl Environment {
    pub(super) fn new(
        store: Store,
        settings: Settings,
        clock: Clock,
        entropy: Entropy,
    ) -> Environment {
        Environment { store, clock, entropy, settings: RwLock::new(Arc::new(settings)) }
    }

    /// The time by the injected clock.
    pub(super) fn now(&self) -> Timestamp {
        (self.clock)()
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
