//! The real clock and the real randomness: the one place where they are read.

use parking_lot::Mutex;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::monotonic_clock::Steady;
use crate::domain::Timestamp;
use crate::gateway::{Clock, Entropy};

/// Tells what the system's clock says, right or wrong.
pub type WallClock = Box<dyn Fn() -> Timestamp + Send + Sync>;

/// The system's wall clock, but for its being set back.
pub fn clock() -> Clock {
    steady(Box::new(|| utc_now().into()))
}

/// A wall clock that never goes back: what is made now is never older than what was made before.
pub fn steady(wall: WallClock) -> Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the edge: how long it really was since the last look"
    )]
    let start = std::time::Instant::now();
    let steady = Mutex::new(Steady::new(wall()));
    Arc::new(move || {
        let mut steady = steady.lock();
        steady.now(wall(), start.elapsed())
    })
}

/// The system's wall clock, as the simulated network reads it.
#[expect(clippy::disallowed_methods, reason = "the edge: everything else is given this clock")]
pub fn utc_now() -> DateTime<Utc> {
    Utc::now()
}

/// The system's randomness.
pub fn entropy() -> Entropy {
    Arc::new(random)
}

/// 32 random bytes, or `None` when the system has none.
#[expect(clippy::disallowed_methods, reason = "the edge: everything else is given this randomness")]
pub fn random() -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).ok().map(|()| bytes)
}
