//! Which lines belong to the reply of the command in flight, and which came unasked between them.

use super::{Channel, Event, Link, Outcome};
use crate::at::{self, Command, Expects, FinalResult, ListHeader, Unreadable, Urc};
use crate::domain::Moment;

impl Channel {
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
        let calls = matches!(command, Command::Raw(_));
        if let Some(result) =
            FinalResult::parse(line).filter(|result| calls || !result.ends_a_call())
        {
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

    /// Whether a line belongs to the reply. What looks like a reply and a URC at once (`+CPIN:
    /// READY`) is what was asked for; `+CREG` lines can be told apart by their form.
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

    /// Whether the command that was sent is the one of this tag: `+CPIN` is not asked for by
    /// `AT+CPINR`.
    fn asked_for(&self, tag: &str) -> bool {
        let sent = self.sent.to_ascii_uppercase();
        let whole = |(at, _): (usize, &str)| {
            sent.get(at + tag.len()..)
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
        };
        sent.match_indices(tag).any(whole)
    }

    fn end(&mut self, result: FinalResult, now: Moment) -> Option<Event> {
        let Link::Busy { command, .. } = std::mem::replace(&mut self.link, Link::Free) else {
            return None;
        };
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
        Some(Event::CommandFinished(command, outcome))
    }
}
