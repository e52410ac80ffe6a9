//! Finds the PDU of a message that arrives inside its URC (`+CMT`) among the lines that follow.

use super::{Channel, Event, Link};
use crate::at::{self, Expects, FinalResult, Head, PduFit};

/// How many lines may stand between a `+CMT` and its PDU.
const MAX_LINES: u8 = 4;

/// A URC whose second line has not arrived yet.
#[derive(Debug)]
pub(super) struct AwaitedDirect {
    head: Head,
    /// How many lines have followed.
    lines: u8,
    /// One of them that belongs to nothing else: perhaps the PDU, damaged on the line.
    damaged: Option<String>,
    /// Whether that one has at least the form of a PDU.
    has_form: bool,
}

impl AwaitedDirect {
    pub fn new(head: Head) -> AwaitedDirect {
        AwaitedDirect { head, lines: 0, damaged: None, has_form: false }
    }
}

impl Channel {
    /// Takes a line after the first line of a message that arrives inside its URC. Returns the
    /// message when the line is its PDU. When that does not arrive any more, the message follows
    /// upon the event of this line.
    ///
    /// The message cannot be read again, so that in the end even a line without the right length is
    /// taken.
    pub(super) fn on_line_after_head(&mut self, line: &str) -> Option<Event> {
        let is_other = at::tag(line).is_some()
            || FinalResult::parse(line).is_some()
            || self.classify(line).is_some()
            || self.expects_value();
        let awaited = self.head.as_mut()?;
        let fit = at::pdu_fit(line, awaited.head.length);
        let is_first = awaited.lines == 0;
        if fit == PduFit::Whole && (is_first || awaited.head.length.is_some()) {
            let AwaitedDirect { head, .. } = self.head.take()?;
            return Some(Event::Direct(head, line.to_owned()));
        }
        awaited.lines += 1;
        let is_likelier = fit == PduFit::Form && !awaited.has_form;
        if !is_other && (awaited.damaged.is_none() || is_likelier) {
            awaited.damaged = Some(line.to_owned());
            awaited.has_form = fit == PduFit::Form;
        }
        if awaited.lines < MAX_LINES {
            return None;
        }
        let AwaitedDirect { head, damaged, .. } = self.head.take()?;
        damaged.into_iter().for_each(|line| self.defer(Event::Direct(head, line)));
        None
    }

    /// Whether the command in flight is answered by a line without a tag.
    fn expects_value(&self) -> bool {
        match &self.link {
            Link::Busy { command, .. } => {
                matches!(command.expects(), Expects::Value(_) | Expects::Anything)
            }
            Link::Probing { .. } => true,
            Link::Free | Link::Draining { .. } => false,
        }
    }
}
