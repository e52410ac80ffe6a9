//! The resynchronisation after a reply that did not arrive in time: it waits for silence, and then
//! sends a command whose answer is known.

use std::time::Duration;

use super::in_reply::is_digit_result;
use super::{Channel, ESCAPE, Event, Link};
use crate::at::{self, Command, FinalResult};
use crate::domain::{Imei, Moment};

/// After this much silence the modem is taken to have sent all that was left of earlier replies.
pub(super) const QUIET: Duration = Duration::from_millis(250);
/// The longest time that is spent waiting for silence.
const DRAIN_LIMIT: Duration = Duration::from_secs(2);
/// How long the modem may take to answer the known command.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);
/// The same for the first time. A modem that sleeps has lost it, and is awake only for some
/// seconds.
const FIRST_PROBE_TIMEOUT: Duration = Duration::from_secs(2);
/// How many times the modem is asked before it is given up.
pub(super) const PROBES: u8 = 4;

/// What the modem is asked for. The questions alternate, so that a late answer to one is never
/// taken for the answer to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Its IMEI; before it is known which that is, any.
    Imei,
    /// Its model.
    Model,
    /// How it reports errors. Nothing else asks for that, so a line that begins so is the answer.
    ErrorFormat,
    /// The format of messages, likewise.
    MessageFormat,
}

impl Question {
    fn command(self) -> Command {
        match self {
            Question::Imei => Command::Imei,
            Question::Model => Command::Model,
            Question::ErrorFormat => Command::ErrorFormat,
            Question::MessageFormat => Command::MessageFormat,
        }
    }
}

/// What the modem is known to answer.
#[derive(Debug, Default)]
pub(super) struct KnownAnswers {
    /// Whether it is known which modem this is.
    is_identified: bool,
    imei: Option<Imei>,
    model: Option<String>,
}

impl KnownAnswers {
    pub(super) fn new(imei: Option<&Imei>, model: &str) -> KnownAnswers {
        // A short name may be part of other lines, so it would prove nothing. One that is not known
        // has the word for that in its place.
        let model = (model.len() >= 4 && model != "unknown").then(|| model.to_owned());
        KnownAnswers { is_identified: true, imei: imei.cloned(), model }
    }

    /// The question with this number. A modem that tells neither its IMEI nor its model, or is not
    /// known yet, is asked for what every modem tells.
    fn question(&self, number: u8) -> Question {
        let known = [
            self.imei.as_ref().map(|_| Question::Imei),
            self.model.as_ref().map(|_| Question::Model),
            Some(Question::ErrorFormat),
            Some(if self.is_identified { Question::MessageFormat } else { Question::Imei }),
        ];
        let mut questions = known.into_iter().flatten();
        questions.nth(usize::from(number % 2)).unwrap_or(Question::ErrorFormat)
    }

    /// Whether a line answers a question.
    fn is_answer(&self, question: Question, line: &str) -> bool {
        match question {
            Question::Imei if self.is_identified => at::parse_imei(line) == self.imei,
            Question::Imei => at::parse_imei(line).is_some(),
            Question::Model => self.model.as_deref() == Some(at::value(line)),
            Question::ErrorFormat => at::payload(line, "+CMEE:").is_some(),
            Question::MessageFormat => at::payload(line, "+CMGF:").is_some(),
        }
    }
}

impl Channel {
    /// Notes that bytes were received, whatever they are: the modem is not silent yet.
    pub fn on_bytes(&mut self, now: Moment) {
        if let Link::Draining { until, limit, .. } = &mut self.link {
            *until = (now + QUIET).min(*limit);
        }
    }

    /// Gives up the command in flight, because the modem has restarted and will not answer it.
    pub fn abandon(&mut self, now: Moment) {
        self.ussd = None;
        self.drain(now, None);
    }

    /// Waits for silence, and then sends the question with the number `probe`, if there is one.
    pub(super) fn drain(&mut self, now: Moment, probe: Option<u8>) {
        self.awaited = None;
        (self.text, self.final_result) = (None, None);
        self.link = Link::Draining { until: now + QUIET, limit: now + DRAIN_LIMIT, probe };
    }

    /// Sends a question whose answer is known.
    pub(super) fn probe(&mut self, number: u8, now: Moment) {
        let question = self.known_answers.question(number);
        // The modem may wait for the text at a prompt.
        if self.prompted || number > 1 {
            self.output.push(ESCAPE);
            self.prompted = false;
        }
        self.sent = question.command().line();
        self.write_sent();
        let timeout = if number == 0 { FIRST_PROBE_TIMEOUT } else { PROBE_TIMEOUT };
        self.link = Link::Probing { question, answered: false, deadline: now + timeout, number };
    }

    pub(super) fn on_line_in_probe(&mut self, line: &str, now: Moment) -> Option<Event> {
        let Link::Probing { question, answered, number, .. } = &mut self.link else { return None };
        if *answered && is_digit_result(line) {
            self.link = Link::Free;
            return Some(Event::InDigits);
        }
        if *answered && FinalResult::parse(line) == Some(FinalResult::Ok) {
            // When the question was repeated, the answer to an earlier one may still arrive.
            let repeated = *number > 0;
            self.link = Link::Free;
            if repeated {
                self.drain(now, None);
            }
            return None;
        }
        *answered = self.known_answers.is_answer(*question, line);
        if *answered { None } else { self.on_unsolicited(line) }
    }
}
