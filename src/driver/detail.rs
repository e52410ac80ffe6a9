//! What is known of one port beside its snapshot: what was done about it, and what was last said on it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::recovery::Step;
use crate::modem::{Moment, Pseudonyms, Snapshot, mask};

/// Lines that are kept of a port's conversation.
const LINES: usize = 200;
/// Lines that are kept of its beginning: how the modem was set up.
const OPENING: usize = 120;
/// A line is cut here when it is kept: the longest PDU fits.
const LENGTH: usize = 400;
/// And here when it is shown.
const SHOWN: usize = 160;

/// What the operator sees of one port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// What was last reported.
    pub snapshot: Option<Snapshot>,
    /// The USB device that it belongs to (`1-1.4`).
    pub usb: Option<String>,
    /// How often each step of the recovery ladder was taken since the daemon started: its name, and the count.
    pub recoveries: Vec<(&'static str, u32)>,
    /// Messages that came with their URC and could be given to nobody, since the daemon started.
    pub dropped: u64,
    /// The last lines: seconds since the daemon opened ports, `>` (sent) or `<`, the line with numbers and texts masked.
    pub transcript: Vec<String>,
}

#[derive(Debug, Default)]
struct Kept {
    snapshot: Option<Snapshot>,
    usb: Option<String>,
    counts: [u32; Step::ALL.len()],
    dropped: u64,
    lines: VecDeque<Line>,
    /// The first ones of this session.
    opening: Vec<Line>,
    count: u64,
    partial: String,
    masker: mask::Masker,
    /// Messages that were read.
    messages: u64,
    /// Who wants to hear of what is reported and read.
    heard: Option<Arc<Notify>>,
}

/// A line as it was said, but for secrets; it leaves the record only masked or under pseudonyms.
#[derive(Clone, Debug)]
struct Line {
    number: u64,
    at: Moment,
    kind: mask::Kind,
    text: String,
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
        let mut kept = self.lock();
        kept.snapshot = Some(snapshot.clone());
        kept.tell();
    }

    /// A message was read.
    pub fn message(&self) {
        let mut kept = self.lock();
        kept.messages += 1;
        kept.tell();
    }

    /// What was last reported, and how many messages were read.
    pub fn seen(&self) -> (Option<Snapshot>, u64) {
        let kept = self.lock();
        (kept.snapshot.clone(), kept.messages)
    }

    /// Has somebody told of what is reported and read from now on.
    pub fn tell(&self, heard: Arc<Notify>) {
        self.lock().heard = Some(heard);
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

    /// Messages were lost.
    pub fn dropped(&self, count: usize) {
        self.lock().dropped += u64::try_from(count).unwrap_or(u64::MAX);
        tracing::warn!(event = "dropped", count, "messages that came with their URC could be given to nobody");
    }

    /// Octets that were sent.
    pub fn sent(&self, octets: &[u8], now: Moment) {
        let mut kept = self.lock();
        let text = String::from_utf8_lossy(octets);
        for line in text.split('\r').filter(|line| !line.is_empty()) {
            let kind = kept.masker.sent();
            kept.keep(kind, &mask::without_secrets(line), now);
        }
    }

    /// The port has been opened: a new conversation begins.
    pub fn opened(&self) {
        let mut kept = self.lock();
        kept.opening = Vec::new();
        kept.partial = String::new();
        kept.masker = mask::Masker::default();
    }

    /// The conversation from the opening of the port, as far as it is kept, under pseudonyms: to be replayed.
    pub fn recording(&self) -> Vec<String> {
        let kept = self.lock();
        let last = kept.opening.last().map_or(0, |line| line.number);
        let first = kept.opening.first().map_or(0, |line| line.number);
        let later = kept.lines.iter().filter(|line| line.number > last && line.number > first);
        let mut names = Pseudonyms::default();
        let mut begun = false;
        let lines = kept.opening.iter().chain(later).filter_map(|line| names.line(line.kind, &line.text));
        let marked = lines.map(|line| {
            begun |= line.starts_with('>');
            // What was said before anything was asked.
            if begun { line } else { line.replacen('<', "!", 1) }
        });
        marked.collect()
    }

    /// Octets that came.
    pub fn came(&self, octets: &[u8], now: Moment) {
        let mut kept = self.lock();
        let mut runs = octets.split(|octet| matches!(octet, b'\r' | b'\n'));
        kept.more(runs.next().unwrap_or_default());
        for run in runs {
            kept.end_line(now);
            kept.more(run);
        }
    }

    pub fn detail(&self) -> Detail {
        let kept = self.lock();
        let counts = Step::ALL.into_iter().zip(kept.counts).map(|(step, count)| (step.name(), count));
        Detail {
            snapshot: kept.snapshot.clone(),
            usb: kept.usb.clone(),
            recoveries: counts.collect(),
            dropped: kept.dropped,
            transcript: kept.lines.iter().map(Line::shown).collect(),
        }
    }
}

impl Kept {
    fn tell(&self) {
        if let Some(heard) = &self.heard {
            heard.notify_one();
        }
    }

    /// Some more of a line.
    fn more(&mut self, run: &[u8]) {
        let room = (LENGTH * 3).saturating_sub(self.partial.len());
        let run = run.get(..room).unwrap_or(run);
        match std::str::from_utf8(run) {
            Ok(text) if text.is_ascii() => self.partial.push_str(text),
            _ => self.partial.extend(run.iter().copied().map(char::from)),
        }
    }

    fn end_line(&mut self, now: Moment) {
        let mut partial = std::mem::take(&mut self.partial);
        let line = partial.trim_matches(|c: char| c.is_whitespace() || c.is_control());
        if !line.is_empty() {
            let kind = self.masker.came(line);
            self.keep(kind, line, now);
        }
        // Its room is for the next line.
        partial.clear();
        self.partial = partial;
    }

    fn keep(&mut self, kind: mask::Kind, line: &str, now: Moment) {
        self.count += 1;
        let plain = line.len() <= LENGTH && line.bytes().all(|octet| matches!(octet, b' '..=b'~'));
        let text =
            if plain { line.to_owned() } else { line.chars().filter(|c| !c.is_control()).take(LENGTH).collect() };
        let line = Line { number: self.count, at: now, kind, text };
        if self.opening.len() < OPENING {
            self.opening.push(line.clone());
        }
        if self.lines.len() >= LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }
}

impl Line {
    fn shown(&self) -> String {
        let direction = if self.kind == mask::Kind::Sent { '>' } else { '<' };
        let line: String = mask::masked(self.kind, &self.text).chars().take(SHOWN).collect();
        format!("{:.3} {direction} {line}", self.at.elapsed().as_secs_f64())
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
        record.sent(b"at+cpin=\"4711\"\r", now);
        assert!(!format!("{record:?}").contains("4711"), "a PIN is not even kept");
        for _ in 0..1000 {
            record.came(b"OK\r\n", now);
        }
        assert_eq!(record.detail().transcript.len(), LINES);
        let recording = record.recording();
        assert_eq!(recording.get(..3).unwrap(), ["> ATI", "< +CNUM: \"\",\"+31610000001\",145", "< OK"]);
        assert_eq!(recording.len(), OPENING + LINES, "the beginning and the end");
        record.opened();
        record.came(b"RDY\r\n", now);
        record.sent(b"ATE0\r", now);
        assert_eq!(record.recording(), ["! RDY", "> ATE0"]);
    }
}
