//! The line to the modem: one command at a time, what belongs to its reply and what came unasked, and how the two sides find each
//! other again after a reply that did not come in time.

use std::time::Duration;

use super::moment::Moment;
use super::reply::Reply;
use crate::at::{self, Command, Expects, FinalResult, Head, ListHeader, Unreadable, Urc};

/// Silence after which what a modem had still to say is taken to have been said.
const QUIET: Duration = Duration::from_millis(250);
/// A modem that never falls silent is not waited for longer.
const DRAIN_LIMIT: Duration = Duration::from_secs(2);
/// How long a question of the resynchronisation may take.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);
/// How many of them are asked before the modem is given up.
const PROBES: u8 = 4;
/// Ends a prompt (27.005 3.5.1).
const ESCAPE: u8 = 0x1b;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// `OK`.
    Done,
    /// All lines that were asked for, but never an `OK` (some models forget it).
    Unfinished,
    /// An error.
    Refused(FinalResult),
    /// `OK` without the value that was asked for: a modem that does not know the command, or another command's `OK`.
    Empty,
    /// Nothing within the command's time.
    Unanswered,
}

impl Outcome {
    pub fn is_ok(self) -> bool {
        matches!(self, Outcome::Done | Outcome::Unfinished)
    }

    pub fn sim_trouble(self) -> Option<at::SimTrouble> {
        match self {
            Outcome::Refused(result) => result.sim_trouble(),
            _ => None,
        }
    }
}

/// What came of a line or of the passing of time.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A URC of one line.
    Urc(Urc),
    /// The network's answer to a USSD code: the line, joined where its text has several.
    Ussd(String),
    /// A URC whose second line is a PDU: this line.
    Direct(Head),
    /// This line is the PDU of a message in the list that is being read.
    Entry(ListHeader),
    /// The list came in text mode.
    TextMode,
    /// The command ended; the reply is in [`Channel::reply`].
    Ended(Command, Outcome),
    /// The echo is back, which was off: the modem has started anew and said nothing of it.
    Echoed,
    /// The modem has stopped answering.
    Lost,
}

/// What the resynchronisation asks for, in turns: so a late answer to one question is never taken for the answer to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    Imei,
    Model,
}

#[derive(Debug)]
enum Link {
    Free,
    Busy { command: Command, deadline: Moment },
    Draining { until: Moment, limit: Moment, probe: Option<u8> },
    Probing { question: Question, answered: bool, deadline: Moment, number: u8 },
}

#[derive(Debug)]
pub(super) struct Channel {
    link: Link,
    /// When the last command was sent.
    sent_at: Moment,
    reply: Reply,
    /// A URC that waits for its second line.
    head: Option<Head>,
    /// A `+CMGL` or `+CMGR` line that waits for its PDU.
    awaited: Option<ListHeader>,
    sent: String,
    /// The command in flight was echoed.
    echoed: bool,
    /// A command has been answered without an echo.
    echo_is_off: bool,
    prompted: bool,
    output: Vec<u8>,
    imei: Option<String>,
    model: Option<String>,
    /// Beginnings of lines by which this model says that a store is full.
    full: Vec<String>,
    /// A `+CUSD` line whose text goes on.
    ussd: Option<String>,
}

impl Channel {
    pub fn new() -> Channel {
        Channel {
            link: Link::Free,
            sent_at: Moment::default(),
            reply: Reply::default(),
            head: None,
            awaited: None,
            sent: String::new(),
            echoed: false,
            echo_is_off: false,
            prompted: false,
            output: Vec::new(),
            imei: None,
            model: None,
            full: Vec::new(),
            ussd: None,
        }
    }

    /// What the modem is known to answer: by this the resynchronisation recognises an answer.
    pub fn knows(&mut self, imei: &str, model: &str) {
        self.imei = Some(imei.to_owned());
        // A model's name that is part of other lines would prove nothing.
        self.model = (model.len() >= 4).then(|| model.to_owned());
    }

    /// Lines that begin so say that a store is full.
    pub fn full_lines(&mut self, beginnings: &[String]) {
        beginnings.clone_into(&mut self.full);
    }

    /// Whether a command can be sent.
    pub fn is_free(&self) -> bool {
        matches!(self.link, Link::Free)
    }

    /// When the command that has ended was sent.
    pub fn sent_at(&self) -> Moment {
        self.sent_at
    }

    /// The reply to the command that has ended.
    pub fn reply(&mut self) -> Reply {
        std::mem::take(&mut self.reply)
    }

    /// Gives the reply's memory back for the next.
    pub fn reuse(&mut self, mut reply: Reply) {
        reply.clear();
        self.reply = reply;
    }

    /// The bytes to be sent, once.
    pub fn take_output(&mut self) -> Option<Vec<u8>> {
        (!self.output.is_empty()).then(|| std::mem::take(&mut self.output))
    }

    pub fn deadline(&self) -> Option<Moment> {
        match &self.link {
            Link::Free => None,
            Link::Busy { deadline, .. } | Link::Probing { deadline, .. } => Some(*deadline),
            Link::Draining { until, .. } => Some(*until),
        }
    }

    /// Sends a command. Only when free.
    pub fn send(&mut self, command: Command, now: Moment) {
        self.reply.clear();
        self.awaited = None;
        self.ussd = None;
        self.prompted = false;
        self.sent = command.line();
        self.sent_at = now;
        self.write_sent();
        self.link = Link::Busy { deadline: now + command.timeout(), command };
    }

    fn write_sent(&mut self) {
        self.echoed = false;
        self.output.extend_from_slice(self.sent.as_bytes());
        self.output.push(b'\r');
    }

    /// Bytes have come, whatever they are.
    pub fn heard(&mut self, now: Moment) {
        if let Link::Draining { until, limit, .. } = &mut self.link {
            *until = (now + QUIET).min(*limit);
        }
    }

    /// The modem has started anew: what was asked will not be answered.
    pub fn abandon(&mut self, now: Moment) {
        self.drain(now, None);
    }

    /// `>`: the modem wants a text. Nothing that is sent here has one, so the prompt is left again; at once when an operator's own
    /// command led there, else with the resynchronisation (an escape might break off what is still being done).
    pub fn prompt(&mut self) {
        let own = matches!(&self.link, Link::Busy { command: Command::Raw(_) | Command::Acknowledge, .. });
        if own && !self.prompted {
            self.output.push(ESCAPE);
        }
        self.prompted = true;
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Moment) -> Option<Event> {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return None;
        }
        match std::mem::replace(&mut self.link, Link::Free) {
            Link::Free => None,
            Link::Busy { command, .. } => {
                let outcome = if self.has_what_was_asked(&command) { Outcome::Unfinished } else { Outcome::Unanswered };
                self.drain(now, (command != Command::Attention).then_some(0));
                Some(Event::Ended(command, outcome))
            }
            Link::Draining { probe: None, .. } => None,
            Link::Draining { probe: Some(number), .. } => {
                self.probe(number, now);
                None
            }
            Link::Probing { number, .. } if number + 1 < PROBES => {
                self.drain(now, Some(number + 1));
                None
            }
            Link::Probing { .. } => Some(Event::Lost),
        }
    }

    fn has_what_was_asked(&self, command: &Command) -> bool {
        match command.expects() {
            Expects::Value(_) | Expects::Required(_) => !self.reply.is_empty(),
            Expects::Message => self.reply.len() == 2,
            Expects::Nothing | Expects::Prefixed(_) | Expects::Messages | Expects::Anything => false,
        }
    }

    fn drain(&mut self, now: Moment, probe: Option<u8>) {
        self.awaited = None;
        self.link = Link::Draining { until: now + QUIET, limit: now + DRAIN_LIMIT, probe };
    }

    fn probe(&mut self, number: u8, now: Moment) {
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
        self.link = Link::Probing { question, answered: false, deadline: now + PROBE_TIMEOUT, number };
    }

    /// A whole line.
    pub fn line(&mut self, line: &str, now: Moment) -> Option<Event> {
        if self.ussd.is_some() || at::payload(line, "+CUSD:").is_some() {
            return self.ussd_line(line);
        }
        if let Some(head) = self.head.take()
            && at::tag(line).is_none()
            && FinalResult::parse(line).is_none()
        {
            return Some(Event::Direct(head));
        }
        if self.is_echo(line) {
            self.echoed = true;
            return std::mem::take(&mut self.echo_is_off).then_some(Event::Echoed);
        }
        match &self.link {
            Link::Busy { .. } => self.line_in_reply(line, now),
            Link::Probing { .. } => self.line_in_probe(line, now),
            Link::Free | Link::Draining { .. } => self.unasked(line),
        }
    }

    /// A text in quotes may have several lines.
    fn ussd_line(&mut self, line: &str) -> Option<Event> {
        const LONGEST: usize = 2000;
        let whole = match self.ussd.take() {
            Some(begun) => format!("{begun} {line}"),
            None => line.to_owned(),
        };
        if whole.matches('"').count() % 2 == 1 && whole.len() < LONGEST {
            self.ussd = Some(whole);
            return None;
        }
        Some(Event::Ussd(whole))
    }

    /// A line that ends with the command that was sent, so that noise before an echo does no harm. `AT` alone is an ending of
    /// too many things.
    fn is_echo(&self, line: &str) -> bool {
        line == self.sent || (self.sent.len() > 2 && line.ends_with(&self.sent))
    }

    fn unasked(&mut self, line: &str) -> Option<Event> {
        match at::urc(line) {
            Some(Urc::Heading(head)) => {
                self.head = Some(head);
                None
            }
            // What is known already (room again, say) is not overruled.
            None | Some(Urc::Noise) if self.full.iter().any(|beginning| line.starts_with(beginning)) => {
                Some(Event::Urc(Urc::StoreFull))
            }
            other => other.map(Event::Urc),
        }
    }

    fn line_in_probe(&mut self, line: &str, now: Moment) -> Option<Event> {
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

    fn line_in_reply(&mut self, line: &str, now: Moment) -> Option<Event> {
        let Link::Busy { command, .. } = &self.link else { return None };
        let expects = command.expects();
        let calls = matches!(command, Command::Raw(_));
        if let Some(result) = FinalResult::parse(line).filter(|result| calls || !result.ends_a_call()) {
            return self.end(result, now);
        }
        let found = at::urc(line);
        if let Some(header) = self.awaited
            && found.is_none()
            && at::tag(line).is_none()
        {
            self.awaited = None;
            if expects == Expects::Messages {
                return Some(Event::Entry(header));
            }
            self.reply.push(line);
            return None;
        }
        if matches!(expects, Expects::Message | Expects::Messages)
            && let Some(header) = at::list_header(line).or_else(|| at::read_header(line))
        {
            return self.header(line, header);
        }
        if self.is_part(expects, line, found) {
            self.reply.push(line);
            return None;
        }
        self.unasked(line)
    }

    fn header(&mut self, line: &str, header: Result<ListHeader, Unreadable>) -> Option<Event> {
        self.awaited = None;
        match header {
            Ok(header) => {
                self.reply.clear();
                self.reply.push(line);
                self.awaited = Some(header);
                None
            }
            Err(Unreadable::TextMode) => Some(Event::TextMode),
            Err(Unreadable::Garbled) => None,
        }
    }

    /// Whether a line belongs to the reply. What looks like a reply and a URC at once (`+CPIN: READY`) is what was asked for;
    /// `+CREG` lines can be told apart by their form.
    fn is_part(&self, expects: Expects, line: &str, found: Option<Urc>) -> bool {
        let tag = at::tag(line);
        let begins = |prefix: &str| at::payload(line, prefix).is_some();
        match expects {
            Expects::Nothing | Expects::Message | Expects::Messages => false,
            Expects::Prefixed(prefixes) => prefixes.iter().any(|prefix| begins(prefix)),
            Expects::Required(prefix) => begins(prefix) && !matches!(found, Some(Urc::Registration(..))),
            Expects::Value(word) => match tag {
                Some(tag) => tag.ends_with(word) || self.asked_for(tag),
                None => found.is_none(),
            },
            Expects::Anything => found.is_none() || tag.is_some_and(|tag| self.asked_for(tag)),
        }
    }

    /// Whether the command that was sent is the one of this tag: `+CPIN` is not asked for by `AT+CPINR`.
    fn asked_for(&self, tag: &str) -> bool {
        let sent = self.sent.to_ascii_uppercase();
        let whole = |(at, _): (usize, &str)| {
            sent.get(at + tag.len()..).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
        };
        sent.match_indices(tag).any(whole)
    }

    fn end(&mut self, result: FinalResult, now: Moment) -> Option<Event> {
        let Link::Busy { command, .. } = std::mem::replace(&mut self.link, Link::Free) else { return None };
        self.awaited = None;
        self.echo_is_off |= result.is_ok() && !self.echoed;
        let needs_line = matches!(command.expects(), Expects::Value(_) | Expects::Required(_));
        let outcome = if !result.is_ok() {
            Outcome::Refused(result)
        } else if needs_line && self.reply.is_empty() {
            self.drain(now, Some(0));
            Outcome::Empty
        } else {
            Outcome::Done
        };
        Some(Event::Ended(command, outcome))
    }
}
