//! The exchange of commands and replies. It sends one command at a time, tells the lines of its
//! reply from unsolicited ones, and resynchronises after a reply that did not arrive in time.

mod direct_lines;
mod in_reply;
mod outcome;
mod resync;
mod text_lines;
mod ussd;

use direct_lines::AwaitedDirect;
use in_reply::Awaited;
pub(super) use outcome::{Event, Outcome};
use resync::{KnownAnswers, PROBES, Question};
use text_lines::{TextLines, is_direct_header};
use ussd::OpenText;

use std::collections::VecDeque;

use super::reply::Reply;
use crate::at::{self, Command, FinalResult, Urc};
use crate::domain::{Imei, Moment};

/// Ends a prompt without sending anything (27.005 3.5.1).
const ESCAPE: u8 = 0x1b;
/// Ends the text that is sent at a prompt (Ctrl-Z).
const END_OF_TEXT: u8 = 0x1a;

/// What is known of the echo of commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Echo {
    #[default]
    Unknown,
    /// It has been switched off; whether it stays off shows with the next command.
    SwitchedOff,
    /// A command has been answered without an echo.
    Off,
    /// Commands are still echoed after `ATE0`, as some models do whatever they are told.
    Stays,
}

#[derive(Debug)]
enum Link {
    /// No command is in flight.
    Free,
    Busy {
        command: Command,
        deadline: Moment,
    },
    /// Waiting for silence: until then, and until `limit` at most. `probe` is the number of the
    /// question that follows, if one does.
    Draining {
        until: Moment,
        limit: Moment,
        probe: Option<u8>,
    },
    /// Waiting for the answer to a question whose answer is known.
    Probing {
        question: Question,
        answered: bool,
        deadline: Moment,
        number: u8,
    },
}

#[derive(Debug)]
pub(super) struct Channel {
    link: Link,
    /// When the last command was sent.
    sent_at: Moment,
    reply: Reply,
    /// A URC that waits for its second line.
    head: Option<AwaitedDirect>,
    /// The `+CMGL` or `+CMGR` line that waits for its PDU.
    awaited: Option<Awaited>,
    /// A message in text mode that is arriving inside its URC.
    direct_text: Option<Box<TextLines>>,
    /// A message in text mode in the reply to the command in flight.
    text: Option<Box<TextLines>>,
    /// What looks like the final result, behind such a message or as a number, and when it is taken
    /// for one.
    final_result: Option<(String, FinalResult, Moment)>,
    /// When the last bytes were received.
    heard_at: Moment,
    /// Events that follow upon the one that a line has caused.
    deferred: VecDeque<Event>,
    /// The command that was last sent, without its line end.
    sent: String,
    /// Whether the command in flight was echoed.
    echoed: bool,
    echo: Echo,
    /// Whether the modem has prompted for a text since the last command or escape.
    prompted: bool,
    output: Vec<u8>,
    /// What this modem is known to answer, by which the resynchronisation recognises it.
    known_answers: KnownAnswers,
    /// The beginnings of lines by which this model says that a store is full.
    full_store_lines: Vec<String>,
    /// The beginnings of lines by which any model says that its supply voltage is out of range.
    voltage_lines: Vec<String>,
    /// A USSD text whose end has not been seen.
    ussd: Option<OpenText>,
}

impl Channel {
    /// `voltage_lines` are the beginnings of the lines by which modems say that their supply
    /// voltage is out of range. Those of all models are known from the start, because such a line
    /// may stand in the very reply that tells the model.
    pub fn new(voltage_lines: Vec<String>) -> Channel {
        Channel {
            link: Link::Free,
            sent_at: Moment::default(),
            reply: Reply::default(),
            head: None,
            awaited: None,
            direct_text: None,
            text: None,
            final_result: None,
            heard_at: Moment::default(),
            deferred: VecDeque::new(),
            sent: String::new(),
            echoed: false,
            echo: Echo::default(),
            prompted: false,
            output: Vec::new(),
            known_answers: KnownAnswers::default(),
            full_store_lines: Vec::new(),
            voltage_lines,
            ussd: None,
        }
    }

    /// Sets what this modem answers when it is asked for its IMEI and model.
    pub fn set_identity(&mut self, imei: Option<&Imei>, model: &str) {
        self.known_answers = KnownAnswers::new(imei, model);
    }

    /// Sets the beginnings of the lines by which this model says that a store is full.
    pub fn set_full_store_lines(&mut self, beginnings: &[String]) {
        beginnings.clone_into(&mut self.full_store_lines);
    }

    fn defer(&mut self, event: Event) {
        self.deferred.push_back(event);
    }

    /// Takes the event that follows upon the last one.
    pub fn next_event(&mut self) -> Option<Event> {
        self.deferred.pop_front()
    }

    /// Whether a command can be sent now.
    pub fn is_free(&self) -> bool {
        matches!(self.link, Link::Free) && self.ussd.is_none()
    }

    /// When the command that has finished was sent.
    pub fn sent_at(&self) -> Moment {
        self.sent_at
    }

    /// When the last command was sent or the last line received.
    pub fn last_active_at(&self) -> Moment {
        self.sent_at.max(self.heard_at)
    }

    /// Takes the reply to the command that has finished.
    pub fn reply(&mut self) -> Reply {
        std::mem::take(&mut self.reply)
    }

    /// Takes back a reply, so that its memory is reused for the next one.
    pub fn reuse(&mut self, mut reply: Reply) {
        reply.clear();
        self.reply = reply;
    }

    /// Takes the bytes that are to be sent.
    pub fn take_output(&mut self) -> Option<Vec<u8>> {
        (!self.output.is_empty()).then(|| std::mem::take(&mut self.output))
    }

    pub fn deadline(&self) -> Option<Moment> {
        let text = self.ussd.as_ref().map(|text| text.until);
        [self.link_deadline(), text].into_iter().flatten().min()
    }

    fn link_deadline(&self) -> Option<Moment> {
        match &self.link {
            Link::Free => None,
            Link::Busy { deadline, .. } => {
                let result = self.final_result.as_ref().map(|(.., until)| *until);
                Some(result.map_or(*deadline, |until| until.min(*deadline)))
            }
            Link::Probing { deadline, .. } => Some(*deadline),
            Link::Draining { until, .. } => Some(*until),
        }
    }

    /// Sends a command. The channel must be free.
    pub fn send(&mut self, command: Command, now: Moment) {
        self.reply.clear();
        self.awaited = None;
        (self.text, self.final_result) = (None, None);
        self.sent = command.line();
        self.sent_at = now;
        // A prompt that nothing here has led to is another program's; a modem that says nothing at
        // all may wait at one. What a program may have left of a command is not ended by a line end
        // of its own, which would have it carried out.
        if std::mem::take(&mut self.prompted) || command == Command::AnswerInWords {
            self.output.push(ESCAPE);
        }
        self.write_sent();
        if command == Command::LeaveDataMode {
            self.output.pop();
        }
        self.link = Link::Busy { deadline: now + command.timeout(), command };
    }

    fn write_sent(&mut self) {
        self.echoed = false;
        self.output.extend_from_slice(self.sent.as_bytes());
        self.output.push(b'\r');
    }

    /// Notes what a command that has finished shows of the echo. A model that goes on echoing after
    /// `ATE0` must not be taken for one that has restarted whenever an echo was not recognised.
    fn note_echo(&mut self, command: &Command, ok: bool) {
        self.echo = match self.echo {
            _ if *command == Command::EchoOff => Echo::SwitchedOff,
            Echo::SwitchedOff if self.echoed => Echo::Stays,
            Echo::Stays => Echo::Stays,
            _ if ok && !self.echoed => Echo::Off,
            echo => echo,
        };
    }

    /// Reacts to a prompt for a text (`>`). If a message is being sent, the modem gets its text,
    /// once. No other command has a text, so the prompt is left by an escape: at once when an
    /// operator's own command led there, or when the conversation begins; otherwise before the next
    /// command or with the resynchronisation, because an escape might abort what the modem is still
    /// doing.
    pub fn on_prompt(&mut self, now: Moment) {
        if let Link::Busy { command: Command::Send { pdu, .. }, deadline } = &mut self.link {
            if !self.prompted {
                self.output.extend_from_slice(pdu.as_bytes());
                self.output.push(END_OF_TEXT);
                *deadline = now + Command::SENDING;
            }
            self.prompted = true;
            return;
        }
        let own = matches!(
            &self.link,
            Link::Busy { command: Command::Raw(_) | Command::Acknowledge | Command::Attention, .. }
        );
        if own && !self.prompted {
            self.output.push(ESCAPE);
        }
        self.prompted = true;
    }

    /// Does what is due at this time.
    pub fn tick(&mut self, now: Moment) -> Option<Event> {
        if let Some(event) = self.end_ussd_text(now) {
            return Some(event);
        }
        if self.direct_text_deadline().is_some_and(|until| until <= now) {
            self.end_direct_text();
        }
        if let Some(event) = self.end_reply_after_silence(now) {
            return Some(event);
        }
        if self.link_deadline().is_none_or(|deadline| now < deadline) {
            return None;
        }
        match std::mem::replace(&mut self.link, Link::Free) {
            Link::Free => None,
            Link::Busy { command, .. } => {
                // If the prompt was lost on the line, the modem would take the next command for the
                // text of the message, so an escape has to come first.
                self.prompted |= matches!(command, Command::Send { .. });
                let last = self.settle_awaited(command.expects());
                let outcome = if self.is_reply_complete(&command) {
                    Outcome::Unfinished
                } else {
                    Outcome::Unanswered
                };
                self.drain(now, (!command.is_greeting()).then_some(0));
                self.defer(Event::CommandFinished(command, outcome));
                last.or_else(|| self.next_event())
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
        self.heard_at = now;
        if self.is_ussd_line(line) {
            return self.on_ussd_line(line, now);
        }
        if let Some(event) = self.on_line_after_head(line) {
            return Some(event);
        }
        if self.take_direct_text(line, now) {
            return None;
        }
        if self.is_echo(line) {
            self.echoed = true;
            let was_off = self.echo == Echo::Off;
            if was_off {
                self.echo = Echo::Unknown;
            }
            return was_off.then_some(Event::Echoed);
        }
        match &self.link {
            Link::Busy { .. } => self.on_line_in_reply(line, now),
            Link::Probing { .. } => self.on_line_in_probe(line, now),
            Link::Free => match FinalResult::parse(line) {
                Some(result @ FinalResult::Cme(_)) => Some(Event::LateError(result)),
                _ => self.on_unsolicited(line),
            },
            Link::Draining { .. } => self.on_unsolicited(line),
        }
    }

    /// Whether a line is the echo of the command. It need only end with the command, so that noise
    /// before the echo does no harm; except for `AT`, with which too many other lines end.
    fn is_echo(&self, line: &str) -> bool {
        line == self.sent || (self.sent.len() > 2 && line.ends_with(&self.sent))
    }

    /// Handles a line that belongs to no reply.
    fn on_unsolicited(&mut self, line: &str) -> Option<Event> {
        // A late answer to `AT+CMGR` or `AT+CMGL` is none of them, and takes no line that follows.
        if let Some(header) = at::parse_text_header(line).filter(|_| is_direct_header(line)) {
            self.begin_direct_text(header, self.heard_at);
            return None;
        }
        match self.classify(line) {
            Some(Urc::Heading(head)) => {
                self.head = Some(AwaitedDirect::new(head));
                None
            }
            other => other.map(Event::Urc),
        }
    }
}
