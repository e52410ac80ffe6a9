//! What is known of one port beside its snapshot: what was done about it, and what was last said on
//! it.

use parking_lot::{Mutex, MutexGuard};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

use super::recovery::Step;
use super::transcript::Transcript;
use crate::domain::Moment;
use crate::modem::Snapshot;

/// What the operator sees of one port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// What was last reported.
    pub snapshot: Option<Snapshot>,
    /// The USB device that it belongs to (`1-1.4`).
    pub usb: Option<String>,
    /// How often each step of the recovery ladder was taken since the daemon started: its name,
    /// and the count.
    pub recoveries: Vec<(&'static str, u32)>,
    /// Messages that came with their URC and could be given to nobody, since the daemon started.
    pub dropped: u64,
    /// The last lines: seconds since the daemon opened ports, `>` (sent) or `<`, the line with
    /// numbers and texts masked.
    pub transcript: Vec<String>,
}

#[derive(Debug, Default)]
struct Kept {
    snapshot: Option<Snapshot>,
    usb: Option<String>,
    counts: [u32; Step::ALL.len()],
    dropped: u64,
    transcript: Transcript,
    /// Messages that were read.
    messages: u64,
    /// Who wants to hear of what is reported and read.
    heard: Option<Arc<Notify>>,
}

/// Shared by a port's worker and whoever asks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    kept: Arc<Mutex<Kept>>,
    turns: Arc<AtomicU64>,
}

impl Record {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock()
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
            tracing::info!(
                event = "modem_recovery",
                step = step.name(),
                count,
                "recovering the modem"
            );
        }
    }

    /// Messages were lost.
    pub fn dropped(&self, count: usize) {
        self.lock().dropped += u64::try_from(count).unwrap_or(u64::MAX);
        tracing::warn!(
            event = "dropped",
            count,
            "messages that came with their URC could be given to nobody"
        );
    }

    /// Octets that were sent.
    pub fn sent(&self, octets: &[u8], now: Moment) {
        self.lock().transcript.sent(octets, now);
    }

    /// Octets that came.
    pub fn came(&self, octets: &[u8], now: Moment) {
        self.lock().transcript.came(octets, now);
    }

    /// The port has been opened: a new conversation begins.
    pub fn opened(&self) {
        self.lock().transcript.opened();
    }

    /// The conversation from the opening of the port, as far as it is kept, under pseudonyms: to be
    /// replayed.
    pub fn recording(&self) -> Vec<String> {
        self.lock().transcript.recording()
    }

    pub fn detail(&self) -> Detail {
        let kept = self.lock();
        let counts =
            Step::ALL.into_iter().zip(kept.counts).map(|(step, count)| (step.name(), count));
        Detail {
            snapshot: kept.snapshot.clone(),
            usb: kept.usb.clone(),
            recoveries: counts.collect(),
            dropped: kept.dropped,
            transcript: kept.transcript.shown(),
        }
    }
}

impl Kept {
    fn tell(&self) {
        if let Some(heard) = &self.heard {
            heard.notify_one();
        }
    }
}
