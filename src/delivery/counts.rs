//! What has become of attempts since the start, for the metrics.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::domain::histogram::{Distribution, Histogram};
use crate::domain::webhook::DeliveryState;

/// The bounds of the time that attempts take, in milliseconds.
const BOUNDS_MS: &[u64] = &[5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

/// How many attempts to deliver events were made, by what became of them.
pub struct WebhookCounts {
    taken: AtomicU64,
    failed: AtomicU64,
    given_up: AtomicU64,
    ms: Histogram,
}

impl Default for WebhookCounts {
    fn default() -> WebhookCounts {
        WebhookCounts {
            taken: AtomicU64::default(),
            failed: AtomicU64::default(),
            given_up: AtomicU64::default(),
            ms: Histogram::new(BOUNDS_MS),
        }
    }
}

impl WebhookCounts {
    /// An attempt has taken so many milliseconds, and the delivery is in this state after it.
    pub(super) fn add(&self, state: DeliveryState, ms: u64) {
        let count = match state {
            DeliveryState::Taken => &self.taken,
            DeliveryState::Waiting { .. } => &self.failed,
            DeliveryState::GivenUp => &self.given_up,
        };
        count.fetch_add(1, Ordering::Relaxed);
        self.ms.observe(ms);
    }

    /// How many attempts had which result: `taken`, `failed` for those that are made again, and
    /// `given_up`.
    pub fn by_result(&self) -> [(&'static str, u64); 3] {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (taken, failed) = (count(&self.taken), count(&self.failed));
        [("taken", taken), ("failed", failed), ("given_up", count(&self.given_up))]
    }

    /// How long attempts took, in milliseconds.
    pub fn milliseconds(&self) -> Distribution {
        self.ms.distribution()
    }
}
