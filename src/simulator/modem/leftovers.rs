//! States in which another program may have left the modem.

use super::charset::Charset;
use super::line::Input;
use super::reply::Prompt;
use super::settings::Settings;
use super::{Modem, Now};
use crate::simulator::faults::Leftover;

/// The line is idle for this long before a modem sleeps that may (`AT+CSCLK=2`).
const IDLE_MS: u64 = 5_000;
/// How long it takes to wake up. Octets that arrive meanwhile are lost.
const WAKE_UP_MS: u64 = 100;
/// The silence before and after `+++` (V.250 and the register S12 of most modems).
const GUARD_MS: u64 = 1_000;

/// When the line was last in use.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sleep {
    active_ms: u64,
    awake_ms: u64,
}

impl Sleep {
    /// Notes that octets pass over the line.
    pub fn note_activity(&mut self, now_ms: u64) {
        self.active_ms = now_ms;
    }
}

/// A call that has the line.
#[derive(Debug, Clone, Copy, Default)]
pub struct DataCall {
    /// When the host last sent anything.
    sent_ms: u64,
    /// When `+++` has stood alone for long enough.
    ends_at_ms: Option<u64>,
}

impl DataCall {
    /// When it gives the line back, if nothing is sent before.
    pub fn ends_at_ms(&self) -> Option<u64> {
        self.ends_at_ms
    }
}

impl Modem {
    /// Puts the modem into a state.
    pub(super) fn leave(&mut self, state: Leftover) {
        match state {
            Leftover::Digits => self.set_and_save(|settings| settings.verbose = false),
            Leftover::Silence => self.set_and_save(|settings| {
                settings.quiet = true;
                settings.verbose = false;
            }),
            Leftover::Ucs2 => self.set_and_save(|settings| settings.charset = Charset::Ucs2),
            Leftover::Sleep => self.set_and_save(|settings| settings.sleeps = true),
            Leftover::OffNetwork => self.deregistered = true,
            Leftover::DataMode => self.data_call = Some(DataCall::default()),
            Leftover::Prompt => {
                self.output.write(b"\r\n> ");
                self.input =
                    Input::Text { prompt: Prompt::SendPdu { length: 20 }, text: Vec::new() };
            }
            Leftover::HalfCommand => self.input = Input::Line(b"AT+CMGS=".to_vec()),
        }
    }

    fn set_and_save(&mut self, set: impl Fn(&mut Settings)) {
        set(&mut self.settings);
        set(&mut self.saved);
    }

    /// Whether octets of the host are lost because they only wake the modem.
    pub(super) fn sleeps_through(&mut self, octets: &[u8], now: Now) -> bool {
        if octets.is_empty() {
            return false;
        }
        let is_asleep =
            self.settings.sleeps && now.ms.saturating_sub(self.sleep.active_ms) > IDLE_MS;
        self.sleep.note_activity(now.ms);
        if is_asleep {
            self.sleep.awake_ms = now.ms + WAKE_UP_MS;
        }
        now.ms < self.sleep.awake_ms
    }

    /// Whether octets of the host are data of a call.
    pub(super) fn takes_as_data(&mut self, octets: &[u8], now: Now) -> bool {
        let Some(call) = &mut self.data_call else { return false };
        if !octets.is_empty() {
            let is_alone = now.ms.saturating_sub(call.sent_ms) >= GUARD_MS;
            call.sent_ms = now.ms;
            call.ends_at_ms = (is_alone && octets == b"+++").then_some(now.ms + GUARD_MS);
        }
        true
    }

    /// Gives the line back to commands if `+++` has stood alone for long enough.
    pub(super) fn leave_data_mode(&mut self, now: Now) {
        let is_over = |call: &mut DataCall| call.ends_at_ms.is_some_and(|at_ms| at_ms <= now.ms);
        if self.data_call.take_if(is_over).is_some() {
            self.conclude(Vec::new(), super::reply::ok(), now);
            self.output.release(self.settings.indications.mode != 0);
        }
    }
}
