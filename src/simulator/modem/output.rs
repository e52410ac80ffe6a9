//! What the modem writes: now, later, and what it holds back.

use std::collections::VecDeque;

/// `AT+CNMI` mode 0 keeps at most so many unasked lines; the oldest go first.
const HELD_LIMIT: usize = 64;

/// Octets on their way to the host.
#[derive(Debug, Default)]
pub struct Output {
    ready: Vec<u8>,
    /// A reply that is sent late, and when.
    late: Option<(u64, Vec<u8>)>,
    held: VecDeque<Vec<u8>>,
    finals_unseen: bool,
}

impl Output {
    /// Writes without delay.
    pub fn write(&mut self, octets: &[u8]) {
        self.ready.extend_from_slice(octets);
    }

    /// Writes the reply to a command when the time is `due_ms`. No other command is carried out
    /// before that.
    pub fn write_at(&mut self, due_ms: u64, octets: Vec<u8>) {
        self.late = Some((due_ms, octets));
    }

    /// Whether the reply to a command is still to come.
    pub fn is_late(&self) -> bool {
        self.late.is_some()
    }

    /// Writes the late reply if it is due.
    pub fn write_due(&mut self, now_ms: u64) {
        if let Some((_, octets)) = self.late.take_if(|(due_ms, _)| *due_ms <= now_ms) {
            self.write(&octets);
        }
    }

    /// Drops the late reply, because the modem has restarted.
    pub fn drop_late(&mut self) {
        self.late = None;
    }

    /// Keeps an unsolicited line until [`Output::release`].
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

    /// Notes that a final result is on its way: the host must not send another command before it
    /// can have seen the result.
    pub fn expect_patience(&mut self) {
        self.finals_unseen = true;
    }

    /// Whether a final result has not reached the host yet.
    pub fn finals_unseen(&self) -> bool {
        self.finals_unseen
    }

    /// Notes that the line has taken everything that [`Output::take`] returned.
    pub fn flushed(&mut self) {
        self.finals_unseen = !self.ready.is_empty() || self.is_late();
    }

    /// Gives what is ready, with the late reply if it is due.
    pub fn take(&mut self, now_ms: u64) -> Vec<u8> {
        self.write_due(now_ms);
        std::mem::take(&mut self.ready)
    }

    /// When the late reply is due.
    pub fn next_due_ms(&self) -> Option<u64> {
        self.late.as_ref().map(|(due_ms, _)| *due_ms)
    }

    /// The power goes: everything on its way is lost.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}
