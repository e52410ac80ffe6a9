//! Messages in text mode: a first line with sender and time (`at::parse_text_header`), and then the
//! text, whose lines have no mark. A text may have several lines, and lines that look like final
//! results or URCs.
//!
//! In a reply, a line that looks like a final result is one if silence follows it. A message that
//! arrives inside its URC ends with silence, or with the first line that can be another's.

use super::{Channel, Event, Link, resync};
use crate::at::{self, Command, Expects, FinalResult, ReportFields, TextHeader, TextParameters};
use crate::domain::Moment;
use crate::sms::{TextEntry, TextFields, TextMode};

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

    /// Whether the line is the whole text, whatever it looks like: it has the length that the
    /// message says.
    fn is_whole(&self, line: &str) -> bool {
        let is_first = self.lines.is_empty() && !line.is_empty();
        is_first && self.header.length == Some(line.chars().count())
    }

    /// Whether all of the text is there that the message says. A modem may count line ends and
    /// octets in its own way, so that a text may be complete without this.
    fn is_complete(&self) -> bool {
        let lengths = self.lines.iter().map(|line| line.chars().count());
        let length = lengths.sum::<usize>() + self.lines.len().saturating_sub(1);
        self.header.is_alone() || self.header.length.is_some_and(|all| (1..=length).contains(&all))
    }

    fn push(&mut self, line: &str) {
        if self.lines.len() < MAX_LINES {
            self.lines.push(line.to_owned());
        }
    }

    fn message(self) -> TextMode {
        let TextLines { header, lines, doubtful, .. } = self;
        let text = match doubtful {
            Some(line) if lines.is_empty() && !header.is_alone() => line,
            _ => lines.join("\n"),
        };
        TextMode { text, ..described(header) }
    }
}

/// The message with this first line, as yet without its text.
fn described(header: TextHeader) -> TextMode {
    let TextHeader { is_outgoing, address, time, parameters, length, report, .. } = header;
    let fields = parameters.map(|shown| {
        let TextParameters { address_type, first, pid, dcs, centre } = shown;
        TextFields { address_type, first, pid, dcs, centre }
    });
    let entry = match report {
        Some(ReportFields { first, number, address_type, discharge, status }) => {
            TextEntry::Report { first, number, address_type, discharge, status }
        }
        None if is_outgoing => TextEntry::Outgoing,
        None => TextEntry::Received,
    };
    TextMode { entry, address, time, fields, length, text: String::new() }
}

/// Whether a line begins a message that arrives inside its URC in text mode.
pub(super) fn is_direct_header(line: &str) -> bool {
    matches!(at::tag(line), Some("+CMT" | "+CDS")) && at::parse_text_header(line).is_some()
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
        let is_alone = header.is_alone();
        self.direct_text = Some(Box::new(TextLines::new(header, until)));
        if is_alone {
            self.end_direct_text();
        }
    }

    /// Takes a line while the text of such a message arrives. Returns whether the line belongs to
    /// it alone.
    pub(super) fn take_direct_text(&mut self, line: &str, now: Moment) -> bool {
        let ends_with_line = self.expects_untagged();
        let is_busy = !self.is_free();
        let is_urc = self.classify(line).is_some();
        let is_next = is_direct_header(line);
        let Some(text) = &mut self.direct_text else { return false };
        if is_next {
            self.end_direct_text();
            return false;
        }
        let is_whole = text.is_whole(line);
        if !is_whole && is_busy && final_result(line).is_some() {
            self.end_direct_text();
            return false;
        }
        if !is_whole && (is_urc || at::tag(line).is_some()) {
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
        if is_whole || ends_with_line || is_hex {
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

    /// Takes a line behind such a first line. What looks like a final result is one if the text is
    /// complete, or if nothing but unsolicited lines follows for a while.
    pub(super) fn on_line_behind_text_header(&mut self, line: &str, now: Moment) -> Option<Event> {
        let is_urc = self.classify(line).is_some();
        let text = self.text.as_mut()?;
        if text.is_whole(line) {
            self.final_result = None;
            text.push(line);
            return None;
        }
        if let Some(result) = final_result(line) {
            let before = self.final_result.take();
            before.iter().for_each(|(line, ..)| text.push(line));
            if text.is_complete() {
                return self.finish_command(result, now);
            }
            self.final_result = Some((line.to_owned(), result, now + resync::QUIET));
            return None;
        }
        if is_urc || text.header.report.is_some() {
            text.doubtful.get_or_insert_with(|| line.to_owned());
            return self.on_unsolicited(line);
        }
        let before = self.final_result.take();
        before.iter().for_each(|(line, ..)| text.push(line));
        text.push(line);
        None
    }

    /// Ends the reply with the final result after which there was silence.
    pub(super) fn end_reply_after_silence(&mut self, now: Moment) -> Option<Event> {
        let (line, result, _) = self.final_result.take_if(|(.., until)| *until <= now)?;
        if self.text.is_none() {
            self.reply.push(&line);
            return self.finish_in_digits();
        }
        self.finish_command(result, now)
    }

    /// Ends the text in a reply, which is complete.
    pub(super) fn settle_text(&mut self) {
        self.final_result = None;
        self.reply.message = self.text.take().map(|text| Box::new(text.message()));
    }
}
