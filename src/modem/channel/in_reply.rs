//! Decides which lines belong to the reply to the command in flight, and which are unsolicited
//! lines between them.

use std::time::Duration;

use super::{Channel, Event, Link, Outcome};
use crate::at::{self, Command, Expects, FinalResult, ListHeader, PduFit, Unreadable, Urc};
use crate::domain::Moment;

impl Channel {
    /// Whether everything but the final result has arrived.
    pub(super) fn is_reply_complete(&self, command: &Command) -> bool {
        match command.expects() {
            Expects::Value(_) | Expects::Required(_) => !self.reply.is_empty(),
            Expects::Message => self.reply.len() == 2,
            Expects::Nothing | Expects::Prefixed(_) | Expects::Messages | Expects::Anything => {
                false
            }
        }
    }

    pub(super) fn on_line_in_reply(&mut self, line: &str, now: Moment) -> Option<Event> {
        let Link::Busy { command, .. } = &self.link else { return None };
        let expects = command.expects();
        let is_about_messages = matches!(expects, Expects::Message | Expects::Messages);
        let is_next = expects == Expects::Messages || self.text.is_none();
        if let Some(header) = at::parse_text_header(line).filter(|_| is_about_messages && is_next) {
            let before = self.settle_awaited(expects);
            let event = self.begin_text_in_reply(header);
            self.defer(event);
            return before.or_else(|| self.next_event());
        }
        if self.text.is_some() && at::parse_list_header(line).is_none() {
            return self.on_line_behind_text_header(line, now);
        }
        if self.is_result_in_digits(line, command) {
            return self.finish_in_digits();
        }
        if self.final_result.is_some() && !self.may_be_unsolicited(line) {
            let before = self.final_result.take();
            before.iter().for_each(|(line, ..)| self.reply.push(line));
        }
        if self.may_be_result_in_digits(line, expects) {
            let until = now + DIGITS_QUIET;
            self.final_result = Some((line.to_owned(), FinalResult::Ok, until));
            return None;
        }
        // Only an operator's own command can make a call, and only these can end one.
        let calls = matches!(command, Command::Raw(_) | Command::LeaveDataMode | Command::HangUp);
        if let Some(result) =
            FinalResult::parse(line).filter(|result| calls || !result.ends_a_call())
        {
            return self.finish_command(result, now);
        }
        let found = self.classify(line);
        if self.awaited.is_some() && found.is_none() && at::tag(line).is_none() {
            return self.on_awaited_line(expects, line);
        }
        if is_about_messages
            && let Some(header) =
                at::parse_list_header(line).or_else(|| at::parse_read_header(line))
        {
            return self.on_message_header(expects, line, header);
        }
        if self.is_part(expects, line, found) {
            self.reply.push(line);
            return None;
        }
        self.on_unsolicited(line)
    }

    /// Takes a line without a tag while the PDU of a message is awaited. Something else may stand
    /// before the PDU, such as a warning that the modem gives whenever it reads the card, so the
    /// PDU is recognised by its form and length.
    fn on_awaited_line(&mut self, expects: Expects, line: &str) -> Option<Event> {
        let awaited = self.awaited.as_mut()?;
        if awaited.take_line(line) != PduFit::Whole {
            return None;
        }
        self.settle_awaited(expects)
    }

    /// Stops waiting for a PDU, with the line that is most likely to be it, if there is any.
    pub(super) fn settle_awaited(&mut self, expects: Expects) -> Option<Event> {
        let Awaited { header, candidate } = self.awaited.take()?;
        if expects == Expects::Messages {
            return Some(Event::Entry(header, candidate.unwrap_or_default()));
        }
        if let Some(line) = candidate {
            self.reply.push(&line);
        }
        None
    }

    fn on_message_header(
        &mut self,
        expects: Expects,
        line: &str,
        header: Result<ListHeader, Unreadable>,
    ) -> Option<Event> {
        let before = self.settle_awaited(expects);
        match header {
            Ok(header) => {
                self.reply.clear();
                self.reply.push(line);
                self.awaited = Some(Awaited::new(header));
                before
            }
            Err(_) => before,
        }
    }

    /// Whether a line belongs to the reply. A line that may be a reply or a URC (`+CPIN: READY`) is
    /// taken for the reply if it was asked for; `+CREG` lines can be distinguished by their form.
    fn is_part(&self, expects: Expects, line: &str, found: Option<Urc>) -> bool {
        let tag = at::tag(line);
        let begins = |prefix: &str| at::payload(line, prefix).is_some();
        match expects {
            Expects::Nothing | Expects::Message | Expects::Messages => false,
            Expects::Prefixed(prefixes) => prefixes.iter().any(|prefix| begins(prefix)),
            Expects::Required(prefix) => {
                begins(prefix) && !matches!(found, Some(Urc::Registration(..)))
            }
            Expects::Value(word) => match tag {
                Some(tag) => tag.ends_with(word) || self.has_asked_for(tag),
                None => found.is_none(),
            },
            Expects::Anything => found.is_none() || tag.is_some_and(|tag| self.has_asked_for(tag)),
        }
    }

    /// Whether the command that was sent asks for lines with this tag. `AT+CPINR` does not ask for
    /// `+CPIN`.
    fn has_asked_for(&self, tag: &str) -> bool {
        let sent = self.sent.to_ascii_uppercase();
        let whole = |(start, _): (usize, &str)| {
            sent.get(start + tag.len()..)
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
        };
        sent.match_indices(tag).any(whole)
    }

    /// Whether a line is a final result as a number, as after `ATV0`: 0 is `OK`, 4 is `ERROR`
    /// (V.250 clause 6.2.6). It is one only where nothing else can stand on a line of one digit.
    fn is_result_in_digits(&self, line: &str, command: &Command) -> bool {
        let can_be_result = match command.expects() {
            Expects::Nothing | Expects::Prefixed(_) | Expects::Required(_) => true,
            Expects::Value(_) => !self.reply.is_empty(),
            Expects::Message => self.awaited.is_none(),
            Expects::Messages | Expects::Anything => false,
        };
        can_be_result && is_digit_result(line)
    }

    /// Whether a line may be a final result as a number, in a reply that may have such a line of
    /// its own. It is one if silence follows.
    fn may_be_result_in_digits(&self, line: &str, expects: Expects) -> bool {
        let can_have_any = match expects {
            Expects::Anything => true,
            Expects::Messages => self.awaited.is_none(),
            _ => false,
        };
        // OK, NO CARRIER, ERROR, NO DIALTONE, BUSY and NO ANSWER (V.250 table 1).
        can_have_any && matches!(line, "0" | "3" | "4" | "6" | "7" | "8")
    }

    /// Whether a line may be one that the modem would have sent without any command.
    fn may_be_unsolicited(&self, line: &str) -> bool {
        self.classify(line).is_some() || at::tag(line).is_some_and(|tag| !self.has_asked_for(tag))
    }

    pub(super) fn finish_in_digits(&mut self) -> Option<Event> {
        let Link::Busy { command, .. } = std::mem::replace(&mut self.link, Link::Free) else {
            return None;
        };
        self.awaited = None;
        (self.text, self.final_result) = (None, None);
        Some(Event::CommandFinished(command, Outcome::InDigits))
    }

    pub(super) fn finish_command(&mut self, result: FinalResult, now: Moment) -> Option<Event> {
        let Link::Busy { command, .. } = std::mem::replace(&mut self.link, Link::Free) else {
            return None;
        };
        let last = self.settle_awaited(command.expects());
        self.settle_text();
        self.prompted = false;
        self.note_echo(&command, result.is_ok());
        let needs_line = matches!(command.expects(), Expects::Value(_) | Expects::Required(_));
        let outcome = if !result.is_ok() {
            Outcome::Refused(result)
        } else if needs_line && self.reply.is_empty() {
            self.drain(now, Some(0));
            Outcome::Empty
        } else {
            Outcome::Done
        };
        self.defer(Event::CommandFinished(command, outcome));
        last.or_else(|| self.next_event())
    }

    /// What a line means by itself, in the words of the standards and of the models.
    pub(super) fn classify(&self, line: &str) -> Option<Urc> {
        let begins = |beginnings: &[String]| {
            beginnings.iter().any(|beginning| line.starts_with(beginning.as_str()))
        };
        match at::parse_urc(line) {
            None | Some(Urc::Noise) if begins(&self.voltage_lines) => Some(Urc::Voltage),
            // A line that is known to mean something else, such as that there is room again, keeps
            // that meaning.
            None | Some(Urc::Noise) if begins(&self.full_store_lines) => Some(Urc::StoreFull),
            other => other,
        }
    }
}

/// How long there is silence behind a final result as a number, in a reply that may have such a
/// line of its own.
const DIGITS_QUIET: Duration = Duration::from_secs(2);

/// The header of a message whose PDU has not arrived yet.
#[derive(Debug)]
pub(super) struct Awaited {
    header: ListHeader,
    /// The longest line so far that has the form of a PDU.
    candidate: Option<String>,
}

impl Awaited {
    fn new(header: ListHeader) -> Awaited {
        Awaited { header, candidate: None }
    }

    /// Takes a line as a candidate if it has the form of a PDU and is longer than earlier ones.
    fn take_line(&mut self, line: &str) -> PduFit {
        let fit = self.header.fit(line);
        let known = self.candidate.as_ref().map_or(0, String::len);
        if fit == PduFit::Whole || (fit == PduFit::Form && line.len() > known) {
            self.candidate = Some(line.to_owned());
        }
        fit
    }
}

/// Whether a line is `OK` or `ERROR` as a number.
pub(super) fn is_digit_result(line: &str) -> bool {
    matches!(line, "0" | "4")
}
