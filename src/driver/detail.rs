//! What is known of one port beside its snapshot: what was done about it, and what was last said on it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::recovery::Step;
use crate::modem::{Moment, Snapshot, mask};

/// Lines that are kept of a port's conversation.
const LINES: usize = 200;
/// A line is cut here.
const LENGTH: usize = 160;

/// What the operator sees of one port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// What was last reported.
    pub snapshot: Option<Snapshot>,
    /// The USB device that it belongs to (`1-1.4`).
    pub usb: Option<String>,
    /// How often each step of the recovery ladder was taken since the daemon started: its name, and the count.
    pub recoveries: Vec<(&'static str, u32)>,
    /// The last lines: seconds since the daemon opened ports, `>` (sent) or `<`, the line with numbers and texts masked.
    pub transcript: Vec<String>,
}

#[derive(Debug, Default)]
struct Kept {
    snapshot: Option<Snapshot>,
    usb: Option<String>,
    counts: [u32; Step::ALL.len()],
    lines: VecDeque<String>,
    partial: String,
    masker: mask::Masker,
}

/// Shared by a port's worker and whoever asks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    kept: Arc<Mutex<Kept>>,
    turns: Arc<AtomicU64>,
}

impl Record {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The worker's loop has turned once more: it does not hang.
    pub fn turn(&self) {
        self.turns.fetch_add(1, Ordering::Relaxed);
    }

    /// How often it has turned.
    pub fn turns(&self) -> u64 {
        self.turns.load(Ordering::Relaxed)
    }

    pub fn reported(&self, snapshot: &Snapshot) {
        self.lock().snapshot = Some(snapshot.clone());
    }

    pub fn belongs_to(&self, usb: Option<String>) {
        self.lock().usb = usb;
    }

    /// A step was taken.
    pub fn count(&self, step: Step) {
        let place = Step::ALL.iter().position(|known| *known == step);
        if let Some(count) = place.and_then(|place| {
            self.lock().counts.get_mut(place).map(|count| {
                *count += 1;
                *count
            })
        }) {
            tracing::info!(event = "modem_recovery", step = step.name(), count, "recovering the modem");
        }
    }

    /// Octets that were sent.
    pub fn sent(&self, octets: &[u8], now: Moment) {
        let mut kept = self.lock();
        let text = String::from_utf8_lossy(octets);
        for line in text.split('\r').filter(|line| !line.is_empty()) {
            let line = kept.masker.sent(line);
            kept.keep('>', &line, now);
        }
    }

    /// Octets that came.
    pub fn came(&self, octets: &[u8], now: Moment) {
        let mut kept = self.lock();
        for octet in octets {
            match octet {
                b'\r' | b'\n' => kept.end_line(now),
                _ if kept.partial.len() < LENGTH * 3 => kept.partial.push(char::from(*octet)),
                _ => {}
            }
        }
    }

    pub fn detail(&self) -> Detail {
        let kept = self.lock();
        let counts = Step::ALL.into_iter().zip(kept.counts).map(|(step, count)| (step.name(), count));
        Detail {
            snapshot: kept.snapshot.clone(),
            usb: kept.usb.clone(),
            recoveries: counts.collect(),
            transcript: kept.lines.iter().cloned().collect(),
        }
    }
}

impl Kept {
    fn end_line(&mut self, now: Moment) {
        let line = std::mem::take(&mut self.partial);
        let line = line.trim_matches(|c: char| c.is_whitespace() || c.is_control());
        if !line.is_empty() {
            let line = self.masker.came(line);
            self.keep('<', &line, now);
        }
    }

    fn keep(&mut self, direction: char, line: &str, now: Moment) {
        if self.lines.len() >= LINES {
            self.lines.pop_front();
        }
        let clean: String = line.chars().filter(|c| !c.is_control()).take(LENGTH).collect();
        self.lines.push_back(format!("{:.3} {direction} {clean}", now.elapsed().as_secs_f64()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_without_numbers_and_texts() {
        let record = Record::default();
        let now = Moment::default();
        record.sent(b"ATI\r", now);
        record.came(b"\r\n+CNUM: \"\",\"+3161", now);
        record.came(b"2345678\",145\r\n\r\nOK\r\n", now);
        let lines = record.detail().transcript;
        assert_eq!(lines, ["0.000 > ATI", "0.000 < +CNUM: \"\",\"+…678\",145", "0.000 < OK"]);
        for _ in 0..1000 {
            record.came(b"OK\r\n", now);
        }
        assert_eq!(record.detail().transcript.len(), LINES);
    }
}
