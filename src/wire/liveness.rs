//! Whether the other side of a connection is still there, and that it hears of this one.

use std::time::Duration;

use crate::domain::Moment;

/// After this long without another frame a side sends a sign of life.
pub const BEAT: Duration = Duration::from_secs(5);
/// After this long without any frame a site takes the centre to be gone.
pub const SILENCE: Duration = Duration::from_secs(15);

/// When something was last heard and said on a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Liveness {
    heard_at: Moment,
    said_at: Moment,
    /// After this long without any frame the other side is taken to be gone.
    silent_after: Duration,
}

impl Liveness {
    pub fn new(now: Moment, silent_after: Duration) -> Liveness {
        Liveness { heard_at: now, said_at: now, silent_after }
    }

    pub fn on_heard(&mut self, now: Moment) {
        self.heard_at = now;
    }

    pub fn on_said(&mut self, now: Moment) {
        self.said_at = now;
    }

    /// When a sign of life has to be sent if nothing else is before.
    pub fn beat_at(&self) -> Moment {
        self.said_at + BEAT
    }

    /// Whether the other side has missed two beats.
    pub fn has_missed_beats(&self, now: Moment) -> bool {
        self.heard_at + 2 * BEAT <= now
    }

    /// When the other side is taken to be gone if nothing is heard before.
    pub fn silent_at(&self) -> Moment {
        self.heard_at + self.silent_after
    }
}
