//! What the modem writes: now, later, and what it holds back.

use std::collections::VecDeque;

/// `AT+CNMI` mode 0 keeps at most so many unasked lines; the oldest go first.
const HELD_LIMIT: usize = 64;

/// Octets on their way to the host.
#[derive(Debug, Default)]
pub struct Output {
    ready: Vec<u8>,
    later: Vec<(u64, Vec<u8>)>,
    held: VecDeque<Vec<u8>>,
    finals_unseen: bool,
}

impl Output {
    /// Writes without delay.
    pub fn write(&mut self, octets: &[u8]) {
        self.ready.extend_from_slice(octets);
    }

    /// Writes when the time is `due_ms`.
    pub fn write_at(&mut self, due_ms: u64, octets: Vec<u8>) {
        self.later.push((due_ms, octets));
    }

    /// Keeps an unasked line until [`Output::release`].
    pub fn hold(&mut self, octets: Vec<u8>) {
        if self.held.len() == HELD_LIMIT {
            self.held.pop_front();
        }
        self.held.push_back(octets);
    }

    /// Writes what was held back, or drops it.
    pub fn release(&mut self, keep: bool) {
        for octets in std::mem::take(&mut self.held) {
            if keep {
                self.write(&octets);
            }
        }
    }

    /// A final result is on its way: until the host can have seen it, it must not send another
    /// command.
    pub fn expect_patience(&mut self) {
        self.finals_unseen = true;
    }

    /// Whether a final result has not reached the host yet.
    pub fn finals_unseen(&self) -> bool {
        self.finals_unseen
    }

    /// The line took everything that [`Output::take`] gave.
    pub fn flushed(&mut self) {
        self.finals_unseen = !self.ready.is_empty() || !self.later.is_empty();
    }

    /// Moves what has become due behind what is ready, and gives all of that.
    pub fn take(&mut self, now_ms: u64) -> Vec<u8> {
        let (due, later) =
            std::mem::take(&mut self.later).into_iter().partition(|(at, _)| *at <= now_ms);
        self.later = later;
        let mut due: Vec<(u64, Vec<u8>)> = due;
        due.sort_by_key(|(at, _)| *at);
        due.into_iter().for_each(|(_, octets)| self.ready.extend(octets));
        std::mem::take(&mut self.ready)
    }

    /// When the next octets become due.
    pub fn next_due_ms(&self) -> Option<u64> {
        self.later.iter().map(|(at, _)| *at).min()
    }

    /// The power goes: everything on its way is lost.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}
