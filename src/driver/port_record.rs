//! What is known about one port: its modem's last report, the recovery steps that were taken, and
//! the last lines of the conversation.

use parking_lot::{Mutex, MutexGuard};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

use super::transcript::Transcript;
use crate::domain::Moment;
use crate::domain::modem::{ModemDetail, ModemSnapshot, RecoveryStep};
use crate::modem::UssdForm;

#[derive(Debug, Default)]
struct Contents {
    snapshot: Option<ModemSnapshot>,
    /// The USB device that the port belongs to (`1-1.4`).
    usb: Option<String>,
    recoveries: [u32; RecoveryStep::ALL.len()],
    dropped: u64,
    transcript: Transcript,
    /// The number of messages that were read.
    messages: u64,
    /// The model of the modem and the form in which it takes USSD codes, once learnt.
    ussd_form: Option<(String, UssdForm)>,
    /// Notified of each report and of each message that is read.
    listener: Option<Arc<Notify>>,
}

impl Contents {
    fn notify_listener(&self) {
        if let Some(listener) = &self.listener {
            listener.notify_one();
        }
    }
}

/// The record of one port, shared by its task and those who ask about the port.
#[derive(Clone, Debug, Default)]
pub(crate) struct PortRecord {
    contents: Arc<Mutex<Contents>>,
    loop_turns: Arc<AtomicU64>,
    /// Notified when the session is to read its card again.
    card_doubted: Arc<Notify>,
}

impl PortRecord {
    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock()
    }

    /// Counts one more turn of the task's loop, so that a watchdog can see that it does not hang.
    pub fn count_loop_turn(&self) {
        self.loop_turns.fetch_add(1, Ordering::Relaxed);
    }

    /// The number of turns that the task's loop has made.
    pub fn loop_turns(&self) -> u64 {
        self.loop_turns.load(Ordering::Relaxed)
    }

    /// Has the session read its card again.
    pub fn doubt_card(&self) {
        self.card_doubted.notify_one();
    }

    /// Returns when the session is to read its card again.
    pub async fn card_doubted(&self) {
        self.card_doubted.notified().await;
    }

    pub fn set_snapshot(&self, snapshot: &ModemSnapshot) {
        let mut contents = self.lock();
        contents.snapshot = Some(snapshot.clone());
        contents.notify_listener();
    }

    pub fn snapshot(&self) -> Option<ModemSnapshot> {
        self.lock().snapshot.clone()
    }

    pub fn set_ussd_form(&self, model: String, form: UssdForm) {
        self.lock().ussd_form = Some((model, form));
    }

    /// The model of the modem and the form in which it takes USSD codes, if that was learnt.
    pub fn ussd_form(&self) -> Option<(String, UssdForm)> {
        self.lock().ussd_form.clone()
    }

    pub fn count_message(&self) {
        let mut contents = self.lock();
        contents.messages += 1;
        contents.notify_listener();
    }

    /// The last report, and how many messages were read.
    pub fn latest(&self) -> (Option<ModemSnapshot>, u64) {
        let contents = self.lock();
        (contents.snapshot.clone(), contents.messages)
    }

    /// Notifies `listener` of each report and of each message that is read from now on.
    pub fn notify(&self, listener: Arc<Notify>) {
        self.lock().listener = Some(listener);
    }

    pub fn set_usb(&self, usb: Option<String>) {
        self.lock().usb = usb;
    }

    /// Whether this port belongs to the USB device and has a working modem.
    pub fn is_ready_on(&self, usb: &str) -> bool {
        let contents = self.lock();
        contents.usb.as_deref() == Some(usb)
            && contents.snapshot.as_ref().is_some_and(ModemSnapshot::is_ready)
    }

    pub fn count_recovery(&self, step: RecoveryStep) {
        let position = RecoveryStep::ALL.iter().position(|known| *known == step);
        let count = position.and_then(|position| {
            let mut contents = self.lock();
            let count = contents.recoveries.get_mut(position)?;
            *count += 1;
            Some(*count)
        });
        if let Some(count) = count {
            tracing::info!(
                event = "modem_recovery",
                step = step.as_str(),
                count,
                "taking a recovery step for the modem"
            );
        }
    }

    /// Counts messages that arrived inside their URC and were dropped.
    pub fn count_dropped(&self, count: usize) {
        self.lock().dropped += u64::try_from(count).unwrap_or(u64::MAX);
        tracing::warn!(
            event = "dropped",
            count,
            "dropped messages that arrived inside their URC, because their SIM card is unknown or \
             too many wait"
        );
    }

    /// Adds bytes that were sent to the transcript.
    pub fn add_sent(&self, bytes: &[u8], now: Moment) {
        self.lock().transcript.add_sent(bytes, now);
    }

    /// Adds bytes that were received to the transcript.
    pub fn add_received(&self, bytes: &[u8], now: Moment) {
        self.lock().transcript.add_received(bytes, now);
    }

    /// Begins a new conversation, because the port has been opened.
    pub fn begin_conversation(&self) {
        self.lock().transcript.begin_conversation();
    }

    /// The conversation since the port was opened, as far as it is kept, with pseudonyms in place
    /// of numbers and texts: the lines of a recording.
    pub fn recording(&self) -> Vec<String> {
        self.lock().transcript.recording()
    }

    pub fn detail(&self) -> ModemDetail {
        let contents = self.lock();
        ModemDetail {
            usb: contents.usb.clone(),
            recoveries: RecoveryStep::ALL.into_iter().zip(contents.recoveries).collect(),
            dropped: contents.dropped,
            transcript: contents.transcript.masked_lines(),
        }
    }
}
