//! Decides which lines belong to the reply to the command in flight, and which are unsolicited
//! lines between them.

use super::{Channel, Event, Link, Outcome};
use crate::at::{self, Command, Expects, FinalResult, ListHeader, Unreadable, Urc};
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

    pub(super) fn line_in_reply(&mut self, line: &str, now: Moment) -> Option<Event> {
        let Link::Busy { command, .. } = &self.link else { return None };
        let expects = command.expects();
        if self.is_result_in_digits(line, command) {
            return self.finish_in_digits();
        }
        // Only an operator's own command can make a call, and only these can end one.
        let calls = matches!(command, Command::Raw(_) | Command::LeaveDataMode | Command::HangUp);
        if let Some(result) =
            FinalResult::parse(line).filter(|result| calls || !result.ends_a_call())
        {
            return self.finish_command(result, now);
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
            return self.on_message_header(line, header);
        }
        if self.is_part(expects, line, found) {
            self.reply.push(line);
            return None;
        }
        self.on_unsolicited(line)
    }

    fn on_message_header(
        &mut self,
        line: &str,
        header: Result<ListHeader, Unreadable>,
    ) -> Option<Event> {
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
                Some(tag) => tag.ends_with(word) || self.asked_for(tag),
                None => found.is_none(),
            },
            Expects::Anything => found.is_none() || tag.is_some_and(|tag| self.asked_for(tag)),
        }
    }

    /// Whether the command that was sent asks for lines with this tag. `AT+CPINR` does not ask for
    /// `+CPIN`.
    fn asked_for(&self, tag: &str) -> bool {
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

    fn finish_in_digits(&mut self) -> Option<Event> {
        let Link::Busy { command, .. } = std::mem::replace(&mut self.link, Link::Free) else {
            return None;
        };
        self.awaited = None;
        Some(Event::CommandFinished(command, Outcome::InDigits))
    }

    fn finish_command(&mut self, result: FinalResult, now: Moment) -> Option<Event> {
        let Link::Busy { command, .. } = std::mem::replace(&mut self.link, Link::Free) else {
            return None;
        };
        self.awaited = None;
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
        Some(Event::CommandFinished(command, outcome))
    }
}

/// Whether a line is `OK` or `ERROR` as a number.
pub(super) fn is_digit_result(line: &str) -> bool {
    matches!(line, "0" | "4")
}
