//! The real clock and the real randomness: the one place where they are read.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::gateway::{Clock, Entropy};

/// The system's wall clock.
pub fn clock() -> Clock {
    Arc::new(|| utc_now().into())
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
