//! The lines of one reply, in one piece of memory that is reused for the next reply.

use crate::at;
use crate::domain::Iccid;
use crate::sms::TextMode;

/// The limit of lines, which no reply reaches except lists, and those are not collected.
const MAX_LINES: usize = 64;
/// The limit of octets, which no reply reaches except lists, and those are not collected.
const MAX_OCTETS: usize = 8 * 1024;
/// The capacity in bytes that is kept between replies.
const IDLE_CAPACITY: usize = 512;

/// The information lines of a reply, without its final result.
#[derive(Debug, Default)]
pub(super) struct Reply {
    text: String,
    ends: Vec<usize>,
    /// The message that the reply to `AT+CMGR` had in text mode.
    pub message: Option<Box<TextMode>>,
}

impl Reply {
    /// Adds a line. Lines beyond the limits are dropped.
    pub fn push(&mut self, line: &str) {
        if self.ends.len() < MAX_LINES && self.text.len() + line.len() <= MAX_OCTETS {
            self.text.push_str(line);
            self.ends.push(self.text.len());
        }
    }

    pub fn clear(&mut self) {
        self.text.clear();
        self.text.shrink_to(IDLE_CAPACITY);
        self.ends.clear();
        self.ends.shrink_to(8);
        self.message = None;
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub fn lines(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(self.ends.iter().copied()).filter_map(|(start, end)| self.text.get(start..end))
    }

    /// Returns the first value that `read` finds on a line.
    pub fn find<'a, T>(&'a self, read: impl Fn(&'a str) -> Option<T>) -> Option<T> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(self.ends.iter().copied())
            .filter_map(|(start, end)| self.text.get(start..end))
            .find_map(read)
    }
}

/// Reads the ICCID on a line of a reply; `at::parse_iccid` checks it.
pub(super) fn parse_iccid(line: &str) -> Option<Iccid> {
    at::parse_iccid(line).map(Iccid::from_stored)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_and_too_many_are_dropped() {
        let mut reply = Reply::default();
        reply.push("first");
        reply.push("");
        reply.push("third");
        assert_eq!(reply.lines().collect::<Vec<_>>(), ["first", "", "third"]);
        for _ in 0..1000 {
            reply.push(&"x".repeat(1000));
        }
        assert!(reply.text.len() <= MAX_OCTETS && reply.len() <= MAX_LINES);
        reply.clear();
        assert!(reply.is_empty() && reply.text.capacity() <= IDLE_CAPACITY);
    }
}
