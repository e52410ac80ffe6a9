//! The resynchronisation after a reply that did not come in time: silence, then a command whose
//! answer is known.

use std::time::Duration;

use super::{Channel, ESCAPE, Event, Link};
use crate::at::{self, Command, FinalResult};
use crate::domain::Moment;

/// After this much silence the modem is taken to have sent all that was left of earlier replies.
const QUIET: Duration = Duration::from_millis(250);
/// How long silence is waited for at most.
const DRAIN_LIMIT: Duration = Duration::from_secs(2);
/// How long the modem may take to answer the known command.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);
/// How many times it is asked before the modem is given up.
pub(super) const PROBES: u8 = 4;

/// What the modem is asked for, in turns, so that a late answer to one question is never taken for
/// the answer to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    Imei,
    Model,
}

impl Channel {
    /// Bytes were received, whatever they are: the modem is not silent yet.
    pub fn on_bytes(&mut self, now: Moment) {
        if let Link::Draining { until, limit, .. } = &mut self.link {
            *until = (now + QUIET).min(*limit);
        }
    }

    /// The modem has restarted: the command in flight will not be answered.
    pub fn abandon(&mut self, now: Moment) {
        self.drain(now, None);
    }

    pub(super) fn drain(&mut self, now: Moment, probe: Option<u8>) {
        self.awaited = None;
        self.link = Link::Draining { until: now + QUIET, limit: now + DRAIN_LIMIT, probe };
    }

    pub(super) fn probe(&mut self, number: u8, now: Moment) {
        let (question, command) = match (&self.model, number % 2) {
            (Some(_), 1) => (Question::Model, Command::Model),
            _ => (Question::Imei, Command::Imei),
        };
        if self.prompted || number > 1 {
            self.output.push(ESCAPE);
            self.prompted = false;
        }
        self.sent = command.line();
        self.write_sent();
        self.link =
            Link::Probing { question, answered: false, deadline: now + PROBE_TIMEOUT, number };
    }

    pub(super) fn line_in_probe(&mut self, line: &str, now: Moment) -> Option<Event> {
        let Link::Probing { question, answered, number, .. } = &mut self.link else { return None };
        if *answered && FinalResult::parse(line) == Some(FinalResult::Ok) {
            // After a repeated question the answer to an earlier one may still be on its way.
            let repeated = *number > 0;
            self.link = Link::Free;
            if repeated {
                self.drain(now, None);
            }
            return None;
        }
        let value = at::value(line);
        *answered = match question {
            Question::Imei => match &self.imei {
                Some(imei) => at::imei(line) == Some(imei),
                None => at::imei(line).is_some(),
            },
            Question::Model => self.model.as_deref() == Some(value),
        };
        if *answered { None } else { self.unasked(line) }
    }
}
