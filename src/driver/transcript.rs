//! The last lines of a port's conversation with its modem. Every port has a transcript, so it is
//! compact. Secrets are not kept at all, and everything else leaves it only masked or with
//! pseudonyms.

use std::borrow::Cow;
use std::collections::VecDeque;

use crate::domain::Moment;
use crate::modem::{Pseudonyms, mask};

/// How many of the last lines are kept.
const LAST_LINES: usize = 200;
/// How many of the first lines are kept as well: they show how the modem was set up.
const FIRST_LINES: usize = 120;
/// Lines are cut to this many bytes when they are kept: the longest PDU fits.
const MAX_KEPT: usize = 400;
/// Lines are cut to this many characters when they are shown.
const MAX_SHOWN: usize = 160;

/// The conversation of one port with its modem, as far as it is kept.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    last: Lines,
    /// How many of the last lines are older than the opening of the port.
    earlier: usize,
    /// The first lines since the opening that are no longer among the last ones.
    opening: Lines,
    /// The part of the current line that has been received so far.
    partial: Vec<u8>,
    masker: mask::Masker,
}

impl Transcript {
    /// Adds bytes that were sent.
    pub fn add_sent(&mut self, octets: &[u8], now: Moment) {
        let text = String::from_utf8_lossy(octets);
        for line in text.split('\r').filter(|line| !line.is_empty()) {
            let kind = self.masker.classify_sent();
            self.keep(kind, &mask::without_secrets(line), now);
        }
    }

    /// Adds bytes that were received.
    pub fn add_received(&mut self, octets: &[u8], now: Moment) {
        let mut runs = octets.split(|octet| matches!(octet, b'\r' | b'\n'));
        self.extend_line(runs.next().unwrap_or_default());
        for run in runs {
            self.end_line(now);
            self.extend_line(run);
        }
    }

    /// The port has been opened: a new conversation begins.
    pub fn begin_conversation(&mut self) {
        self.earlier = self.last.heads.len();
        self.opening = Lines::default();
        self.partial.clear();
        self.masker = mask::Masker::default();
    }

    /// The last lines, masked. Each has the time in seconds, `>` (sent) or `<` (received), and the
    /// text.
    pub fn masked_lines(&self) -> Vec<String> {
        let shown = |(head, text): (&Head, String)| {
            let direction = if head.kind == mask::Kind::Sent { '>' } else { '<' };
            let line: String = mask::masked(head.kind, &text).chars().take(MAX_SHOWN).collect();
            format!("{:.3} {direction} {line}", head.time.elapsed().as_secs_f64())
        };
        self.last.iter().map(shown).collect()
    }

    /// The conversation since the opening of the port, as far as it is kept, with pseudonyms, so
    /// that it can be replayed. Lines that the modem sent before the first command begin with `!`.
    pub fn recording(&self) -> Vec<String> {
        let mut names = Pseudonyms::default();
        let mut has_sent = false;
        let lines = self.opening.iter().chain(self.last.iter().skip(self.earlier));
        let marked =
            lines.filter_map(|(head, text)| names.rewrite_line(head.kind, &text)).map(|line| {
                has_sent |= line.starts_with('>');
                if has_sent { line } else { line.replacen('<', "!", 1) }
            });
        marked.collect()
    }

    /// Adds to the line that is being received.
    fn extend_line(&mut self, run: &[u8]) {
        let room = (MAX_KEPT * 3).saturating_sub(self.partial.len());
        self.partial.extend_from_slice(run.get(..room).unwrap_or(run));
    }

    fn end_line(&mut self, now: Moment) {
        let partial = std::mem::take(&mut self.partial);
        let line = readable(&partial);
        if !line.is_empty() {
            let kind = self.masker.classify_received(&line);
            self.keep(kind, &line, now);
        }
        drop(line);
        // The memory is used again for the next line.
        self.partial = partial;
        self.partial.clear();
    }

    fn keep(&mut self, kind: mask::Kind, line: &str, time: Moment) {
        if self.last.heads.len() >= LAST_LINES {
            let of_this_session = self.earlier == 0;
            self.earlier = self.earlier.saturating_sub(1);
            let has_room = self.opening.heads.len() < FIRST_LINES;
            self.last.move_first((of_this_session && has_room).then_some(&mut self.opening));
        }
        self.last.add(kind, line, time);
    }
}

/// Turns received bytes into text that can be kept. Bytes that are not plain ASCII are taken as
/// Latin-1.
fn readable(octets: &[u8]) -> Cow<'_, str> {
    let is_blank = |octet: &u8| *octet <= b' ' || *octet == 0x7F;
    let start = octets.iter().position(|octet| !is_blank(octet)).unwrap_or(octets.len());
    let end = octets.iter().rposition(|octet| !is_blank(octet)).map_or(start, |last| last + 1);
    let line = octets.get(start..end).unwrap_or_default();
    let plain = line.len() <= MAX_KEPT && line.iter().all(|octet| matches!(octet, b' '..=b'~'));
    match std::str::from_utf8(line) {
        Ok(text) if plain => Cow::Borrowed(text),
        _ => Cow::Owned(
            line.iter()
                .map(|octet| char::from(*octet))
                .filter(|c| !c.is_control())
                .take(MAX_KEPT)
                .collect(),
        ),
    }
}

/// Lines with their texts in one piece of memory, one after the other.
#[derive(Debug, Default)]
struct Lines {
    heads: VecDeque<Head>,
    texts: VecDeque<u8>,
}

#[derive(Debug)]
struct Head {
    time: Moment,
    kind: mask::Kind,
    /// The length of the text in octets.
    length: usize,
}

impl Lines {
    fn add(&mut self, kind: mask::Kind, text: &str, time: Moment) {
        self.heads.push_back(Head { time, kind, length: text.len() });
        self.texts.extend(text.as_bytes());
    }

    /// Removes the first line, and appends it to `others` if that is given.
    fn move_first(&mut self, others: Option<&mut Lines>) {
        let Some(head) = self.heads.pop_front() else { return };
        let text = self.texts.drain(..head.length);
        if let Some(others) = others {
            others.texts.extend(text);
            others.heads.push_back(head);
        }
    }

    fn iter(&self) -> impl Iterator<Item = (&Head, String)> {
        let mut texts = self.texts.iter().copied();
        self.heads.iter().map(move |head| {
            let text: Vec<u8> = texts.by_ref().take(head.length).collect();
            (head, String::from_utf8_lossy(&text).into_owned())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_without_numbers_and_texts() {
        let mut transcript = Transcript::default();
        let now = Moment::default();
        transcript.add_sent(b"ATI\r", now);
        transcript.add_received(b"\r\n+CNUM: \"\",\"+3161", now);
        transcript.add_received(b"2345678\",145\r\n\r\nOK\r\n", now);
        assert_eq!(
            transcript.masked_lines(),
            ["0.000 > ATI", "0.000 < +CNUM: \"\",\"+…678\",145", "0.000 < OK"]
        );
        transcript.add_sent(b"at+cpin=\"4711\"\r", now);
        let kept: Vec<String> = transcript.last.iter().map(|(_, text)| text).collect();
        assert_eq!(kept.last().unwrap(), "at+cpin=***", "a PIN is not even kept");
        for _ in 0..1000 {
            transcript.add_received(b"OK\r\n", now);
        }
        assert_eq!(transcript.masked_lines().len(), LAST_LINES);
        let recording = transcript.recording();
        assert_eq!(
            recording.get(..3).unwrap(),
            ["> ATI", "< +CNUM: \"\",\"+31610000001\",145", "< OK"]
        );
        assert_eq!(recording.len(), FIRST_LINES + LAST_LINES, "the beginning and the end");
        transcript.begin_conversation();
        transcript.add_received(b"RDY\r\n", now);
        transcript.add_sent(b"ATE0\r", now);
        assert_eq!(transcript.recording(), ["! RDY", "> ATE0"]);
        let shown = transcript.masked_lines();
        assert_eq!(
            shown.get(LAST_LINES - 3..).unwrap(),
            ["0.000 < OK", "0.000 < RDY", "0.000 > ATE0"]
        );
    }

    #[test]
    fn noise_is_kept_as_it_can_be_read() {
        let mut transcript = Transcript::default();
        transcript.add_received(b"\x00\xff +CSQ:\x07 1\xe9 \x00\r\n\x00\r\n", Moment::default());
        transcript.add_received(&[b'x'; 10 * MAX_KEPT], Moment::default());
        transcript.add_received(b"\n", Moment::default());
        let kept: Vec<String> = transcript.last.iter().map(|(_, text)| text).collect();
        assert_eq!(kept, ["\u{ff} +CSQ: 1\u{e9}", &"x".repeat(MAX_KEPT)]);
    }
}
