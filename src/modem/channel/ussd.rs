//! Puts the lines of a USSD text together. A text may have line ends and quotation marks of its
//! own, and networks cut texts anywhere, so that the mark that ends it may never come. Then it ends
//! after a short time. Lines between that are certainly others keep their meaning.

use std::time::Duration;

use super::{Channel, Event, Link};
use crate::at::{self, FinalResult, Urc};
use crate::domain::Moment;

/// How long the rest of a text may take, from its first line on. No command is sent meanwhile. A
/// modem writes all lines of a text at once.
const REST: Duration = Duration::from_secs(1);
/// The length in bytes at which a text ends. The longest one has 182 characters (23.038 5), of up
/// to four hexadecimal digits each.
const MAX_LENGTH: usize = 2000;

/// A USSD text whose end has not been seen.
#[derive(Debug)]
pub(super) struct OpenText {
    lines: String,
    /// When it is taken as it is.
    pub until: Moment,
}

impl Channel {
    /// Whether a line begins a USSD text or goes on with one.
    pub(super) fn is_ussd_line(&self, line: &str) -> bool {
        at::payload(line, "+CUSD:").is_some()
            || (self.ussd.is_some() && !self.is_another_line(line))
    }

    /// Takes such a line.
    pub(super) fn on_ussd_line(&mut self, line: &str, now: Moment) -> Option<Event> {
        let begins = at::payload(line, "+CUSD:").is_some();
        match &mut self.ussd {
            Some(text) if !begins => {
                text.lines.push('\n');
                text.lines.push_str(line);
            }
            text => {
                let until = if text.is_some() { now } else { now + REST };
                let before = text.replace(OpenText { lines: line.to_owned(), until });
                if let Some(before) = before {
                    // Only now it is known that it has ended.
                    return Some(Event::Ussd(before.lines));
                }
            }
        }
        let ended = self
            .ussd
            .take_if(|text| at::is_ussd_complete(&text.lines) || text.lines.len() >= MAX_LENGTH);
        ended.map(|text| Event::Ussd(text.lines))
    }

    /// Ends a text whose rest has not come in time.
    pub(super) fn end_ussd_text(&mut self, now: Moment) -> Option<Event> {
        self.ussd.take_if(|text| text.until <= now).map(|text| Event::Ussd(text.lines))
    }

    /// Whether a line is certainly no line of a text: a report with a tag in capitals, a result of
    /// the command in flight, its echo, or the PDU that is awaited.
    fn is_another_line(&self, line: &str) -> bool {
        let in_flight = matches!(self.link, Link::Busy { .. } | Link::Probing { .. });
        let result = FinalResult::parse(line);
        let is_result = match result {
            Some(FinalResult::Cme(_) | FinalResult::Cms(_)) => true,
            Some(_) => in_flight,
            None => false,
        };
        let awaits_pdu = self.awaited.is_some() || self.head.is_some();
        let is_pdu = awaits_pdu && line.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_urc = !matches!(at::parse_urc(line), None | Some(Urc::Noise));
        at::is_report(line) || is_result || is_urc || is_pdu || self.is_echo(line)
    }
}
