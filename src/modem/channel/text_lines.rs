//! Messages in text mode: a first line with sender and time (`at::text_header`), and then the text,
//! whose lines have no mark. A text may have several lines, and lines that look like final results
//! or URCs.
//!
//! In a reply, a line that looks like a final result is one if silence follows it. A message that
//! arrives inside its URC ends with silence, or with the first line that can be another's.

use super::{Channel, Event, Link, resync};
use crate::at::{self, Command, Expects, FinalResult, TextHeader};
use crate::domain::Moment;
use crate::sms::TextMode;

/// More lines than a text can have: the rest is dropped.
const MAX_LINES: usize = 64;

/// A message in text mode whose text is arriving.
#[derive(Debug)]
pub(super) struct TextLines {
    header: TextHeader,
    lines: Vec<String>,
    /// A line that may be a URC. It is the text if no other comes.
    doubtful: Option<String>,
    /// When the text is taken to be complete; `None` in a reply, which has a final result.
    until: Option<Moment>,
}

impl TextLines {
    fn new(header: TextHeader, until: Option<Moment>) -> TextLines {
        TextLines { header, lines: Vec::new(), doubtful: None, until }
    }

    fn push(&mut self, line: &str) {
        if self.lines.len() < MAX_LINES {
            self.lines.push(line.to_owned());
        }
    }

    fn message(self) -> TextMode {
        let TextLines { header, lines, doubtful, .. } = self;
        let text = match doubtful {
            Some(line) if lines.is_empty() => line,
            _ => lines.join("\n"),
        };
        let TextHeader { sender, time, first, dcs, .. } = header;
        TextMode { sender, time, first, dcs, text }
    }
}

/// A line as the final result of a command that makes no call.
fn final_result(line: &str) -> Option<FinalResult> {
    FinalResult::parse(line).filter(|result| !result.ends_a_call())
}

impl Channel {
    /// Begins to take the text of a message that arrives inside its URC.
    pub(super) fn begin_direct_text(&mut self, header: TextHeader, now: Moment) {
        self.end_direct_text();
        let until = Some(now + resync::QUIET);
        self.direct_text = Some(Box::new(TextLines::new(header, until)));
    }

    /// Takes a line while the text of such a message arrives. Returns whether the line belongs to
    /// it alone.
    pub(super) fn takes_direct_text(&mut self, line: &str, now: Moment) -> bool {
        let ends_with_line = self.expects_untagged();
        let is_busy = !self.is_free();
        let is_urc = self.classify(line).is_some();
        let Some(text) = &mut self.direct_text else { return false };
        if is_busy && final_result(line).is_some() {
            self.end_direct_text();
            return false;
        }
        if is_urc || at::tag(line).is_some() {
            // It is acted upon as well: at worst a slot is read for nothing.
            text.doubtful.get_or_insert_with(|| line.to_owned());
            return false;
        }
        if ends_with_line && !text.lines.is_empty() {
            self.end_direct_text();
            return false;
        }
        text.push(line);
        text.until = Some(now + resync::QUIET);
        let is_hex = line.bytes().all(|byte| byte.is_ascii_hexdigit());
        if ends_with_line || is_hex {
            self.end_direct_text();
        }
        true
    }

    /// Ends the text of a message that arrives inside its URC.
    pub(super) fn end_direct_text(&mut self) {
        if let Some(text) = self.direct_text.take() {
            self.defer(Event::DirectText(text.message()));
        }
    }

    /// When the text of such a message is complete.
    pub fn direct_text_deadline(&self) -> Option<Moment> {
        self.direct_text.as_ref().and_then(|text| text.until)
    }

    /// Whether lines without a tag may belong to the command in flight.
    fn expects_untagged(&self) -> bool {
        match &self.link {
            Link::Busy { command, .. } => !matches!(
                command.expects(),
                Expects::Nothing | Expects::Prefixed(_) | Expects::Required(_)
            ),
            Link::Probing { .. } => true,
            Link::Free | Link::Draining { .. } => false,
        }
    }

    /// Takes the first line of a message in text mode in the reply to the command in flight.
    pub(super) fn begin_text_in_reply(&mut self, header: TextHeader) -> Event {
        self.final_result = None;
        let listed = !matches!(&self.link, Link::Busy { command: Command::Read(_), .. });
        let index = listed.then_some(header.index);
        self.text = Some(Box::new(TextLines::new(header, None)));
        Event::TextHeader(index)
    }

    /// Takes a line behind such a first line. Returns whether it belongs to the reply.
    pub(super) fn takes_text_in_reply(&mut self, line: &str, now: Moment) -> bool {
        let is_urc = self.classify(line).is_some();
        let before = self.final_result.take();
        let Some(text) = &mut self.text else { return false };
        if let Some((line, ..)) = before {
            text.push(&line);
        }
        if let Some(result) = final_result(line) {
            self.final_result = Some((line.to_owned(), result, now + resync::QUIET));
            return true;
        }
        if is_urc {
            text.doubtful.get_or_insert_with(|| line.to_owned());
            return false;
        }
        text.push(line);
        true
    }

    /// Ends the reply with the final result after which there was silence.
    pub(super) fn end_text_in_reply(&mut self, now: Moment) -> Option<Event> {
        let (_, result, _) = self.final_result.take_if(|(.., until)| *until <= now)?;
        self.finish_command(result, now)
    }

    /// Ends the text in a reply, which is complete.
    pub(super) fn settle_text(&mut self) {
        self.final_result = None;
        self.reply.message = self.text.take().map(|text| Box::new(text.message()));
    }
}
