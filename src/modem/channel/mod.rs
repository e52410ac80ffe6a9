//! The exchange of commands and replies: one command at a time, which lines belong to its reply and
//! which came unasked, and the resynchronisation after a reply that did not come in time.

mod in_reply;
mod outcome;
mod resync;

pub(super) use outcome::{Event, Outcome};
use resync::{PROBES, Question};

use super::reply::Reply;
use crate::at::{self, Command, FinalResult, Head, ListHeader, Urc};
use crate::domain::Moment;

/// Ends a prompt without sending anything (27.005 3.5.1).
const ESCAPE: u8 = 0x1b;
/// Ends the text behind a prompt.
const END: u8 = 0x1a;

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

    /// What the modem is known to answer: by this the resynchronisation recognises its answer.
    pub fn set_identity(&mut self, imei: &str, model: &str) {
        self.imei = Some(imei.to_owned());
        // A model's name that is part of other lines would prove nothing.
        self.model = (model.len() >= 4).then(|| model.to_owned());
    }

    /// Sets the beginnings of the lines by which this model says that a store is full.
    pub fn set_full_store_lines(&mut self, beginnings: &[String]) {
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

    /// The modem prompts for a text (`>`). It gets that of the message that is being sent, once. No
    /// other command has a text, so the prompt is left again: at once when an operator's own
    /// command led there, else with the resynchronisation (an escape might abort what is still being
    /// done).
    pub fn on_prompt(&mut self, now: Moment) {
        if let Link::Busy { command: Command::Send { pdu, .. }, deadline } = &mut self.link {
            if !self.prompted {
                self.output.extend_from_slice(pdu.as_bytes());
                self.output.push(END);
                *deadline = now + Command::SENDING;
            }
            self.prompted = true;
            return;
        }
        let own = matches!(
            &self.link,
            Link::Busy { command: Command::Raw(_) | Command::Acknowledge, .. }
        );
        if own && !self.prompted {
            self.output.push(ESCAPE);
        }
        self.prompted = true;
    }

    /// Does what is due at this time.
    pub fn tick(&mut self, now: Moment) -> Option<Event> {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return None;
        }
        match std::mem::replace(&mut self.link, Link::Free) {
            Link::Free => None,
            Link::Busy { command, .. } => {
                // A modem whose prompt was lost on the line would take the next command for the
                // message's text.
                self.prompted |= matches!(command, Command::Send { .. });
                let outcome = if self.is_reply_complete(&command) {
                    Outcome::Unfinished
                } else {
                    Outcome::Unanswered
                };
                self.drain(now, (command != Command::Attention).then_some(0));
                Some(Event::CommandFinished(command, outcome))
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

    /// Takes a complete line.
    pub fn on_line(&mut self, line: &str, now: Moment) -> Option<Event> {
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

    /// A line that ends with the command that was sent, so that noise before an echo does no harm.
    /// `AT` alone is an ending of too many things.
    fn is_echo(&self, line: &str) -> bool {
        line == self.sent || (self.sent.len() > 2 && line.ends_with(&self.sent))
    }

    fn unasked(&mut self, line: &str) -> Option<Event> {
        match at::urc(line) {
            Some(Urc::Heading(head)) => {
                self.head = Some(head);
                None
            }
            // A line that is known to mean something else (room again, say) keeps that meaning.
            None | Some(Urc::Noise)
                if self.full.iter().any(|beginning| line.starts_with(beginning)) =>
            {
                Some(Event::Urc(Urc::StoreFull))
            }
            other => other.map(Event::Urc),
        }
    }
}
