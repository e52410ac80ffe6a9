//! Bytes to lines (V.250 5.7.1): `CR LF text CR LF` in theory; in practice any mixture of CR and
//! LF, doubled or single.

use std::borrow::Cow;

/// The longest line that is kept, in bytes. The longest one a modem has reason to send is a PDU of
/// some 400 characters.
pub const MAX_LINE: usize = 4096;

/// Capacity that an idle buffer keeps; what a long line made it grow to is given back.
const IDLE_CAPACITY: usize = 256;

/// An item read from the modem.
#[derive(Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A line without its end, without space around it, never empty. What is not UTF-8 is read as
    /// ISO 8859-1, so that no octet of a string in another character set is lost.
    Line(Cow<'a, str>),
    /// `>` at the start of a line: the modem waits for a text (27.005 3.5.1).
    Prompt,
}

/// Splits bytes into lines as they come. Never holds more than [`MAX_LINE`] bytes.
#[derive(Debug, Default)]
pub struct LineBuffer {
    partial: Vec<u8>,
    handed_out: bool,
    cutting: bool,
    cut: u64,
}

fn is_end(byte: &u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

fn decode_line(bytes: &[u8]) -> Cow<'_, str> {
    let blank = |c: char| c.is_whitespace() || c.is_control();
    match str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text.trim_matches(blank)),
        Err(_) => {
            let text: String = bytes.iter().copied().map(char::from).collect();
            Cow::Owned(text.trim_matches(blank).to_owned())
        }
    }
}

impl LineBuffer {
    /// How many lines were longer than [`MAX_LINE`] and lost their rest.
    pub fn cut(&self) -> u64 {
        self.cut
    }

    /// Forgets a line that has begun.
    pub fn clear(&mut self) {
        *self = LineBuffer { cut: self.cut, ..LineBuffer::default() };
    }

    /// The next item of `input`, which is shortened by what was used up; `None` when it is used up
    /// and no line has ended.
    pub fn next<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Option<Item<'a>> {
        self.release();
        loop {
            if self.partial.is_empty() {
                let start = input.iter().position(|byte| !is_end(byte)).unwrap_or(input.len());
                *input = input.get(start..).unwrap_or_default();
                if let Some(rest) = input.strip_prefix(b">") {
                    *input = rest.strip_prefix(b" ").unwrap_or(rest);
                    return Some(Item::Prompt);
                }
            }
            let Some(length) = input.iter().position(is_end) else {
                self.keep(input);
                *input = &[];
                return None;
            };
            let (line, rest) = input.split_at_checked(length)?;
            *input = rest;
            if self.partial.is_empty() && line.len() <= MAX_LINE {
                let text = decode_line(line);
                if text.is_empty() {
                    continue;
                }
                return Some(Item::Line(text));
            }
            self.keep(line);
            if decode_line(&self.partial).is_empty() {
                self.partial.clear();
                self.cutting = false;
                continue;
            }
            self.handed_out = true;
            return Some(Item::Line(decode_line(&self.partial)));
        }
    }

    /// Drops the line that the last call handed out of the buffer.
    fn release(&mut self) {
        if self.handed_out {
            self.handed_out = false;
            self.cutting = false;
            self.partial.clear();
            self.partial.shrink_to(IDLE_CAPACITY);
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = MAX_LINE.saturating_sub(self.partial.len());
        match bytes.get(..room) {
            Some(head) if bytes.len() > room => {
                self.partial.extend_from_slice(head);
                if !self.cutting {
                    self.cut += 1;
                    self.cutting = true;
                }
            }
            _ => self.partial.extend_from_slice(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn items(chunks: &[&[u8]]) -> Vec<String> {
        let mut buffer = LineBuffer::default();
        let mut found = Vec::new();
        for chunk in chunks {
            let mut rest: &[u8] = chunk;
            while let Some(item) = buffer.next(&mut rest) {
                found.push(match item {
                    Item::Line(text) => text.into_owned(),
                    Item::Prompt => "PROMPT".to_owned(),
                });
            }
        }
        found
    }

    #[test]
    fn every_kind_of_line_end_gives_the_same_lines() {
        let cases: &[&[&[u8]]] = &[
            &[b"\r\nOK\r\n\r\n+CMTI: \"SM\",1\r\n"],
            &[b"OK\n+CMTI: \"SM\",1\n"],
            &[b"OK\r+CMTI: \"SM\",1\r"],
            &[b"\r\n\r\nOK\r\r\n\n+CMTI: \"SM\",1\r\n\r\n"],
            &[b"\r", b"\nO", b"K\r", b"\n+CMT", b"I: \"SM\",", b"1", b"\r"],
            &[b"\0\0OK \r\n\x00\r\n +CMTI: \"SM\",1\r\n"],
        ];
        for case in cases {
            assert_eq!(items(case), ["OK", "+CMTI: \"SM\",1"], "{case:?}");
        }
    }

    #[test]
    fn a_prompt_needs_no_line_end_and_may_have_a_line_after_it() {
        assert_eq!(items(&[b"\r\n> "]), ["PROMPT"]);
        assert_eq!(items(&[b"\r\n> OK\r\n"]), ["PROMPT", "OK"]);
        assert_eq!(items(&[b"a > b\r\n"]), ["a > b"]);
    }

    #[test]
    fn what_is_not_utf8_is_read_as_latin_1() {
        assert_eq!(items(&[b"ab\xff\xfec\r\n"]), ["ab\u{ff}\u{fe}c"]);
        assert_eq!(items(&["Tél\r\n".as_bytes()]), ["Tél"]);
    }

    #[test]
    fn a_line_without_end_is_cut_and_counted_once() {
        let mut buffer = LineBuffer::default();
        for _ in 0..1000 {
            let mut rest: &[u8] = &[b'x'; 10_000];
            assert_eq!(buffer.next(&mut rest), None);
            assert!(buffer.partial.capacity() <= 2 * MAX_LINE);
        }
        let mut rest: &[u8] = b"\r\nOK\r\n";
        assert!(matches!(buffer.next(&mut rest), Some(Item::Line(text)) if text.len() == MAX_LINE));
        assert_eq!(buffer.next(&mut rest), Some(Item::Line("OK".into())));
        assert_eq!(buffer.cut(), 1);
        assert!(buffer.partial.capacity() <= IDLE_CAPACITY);
    }

    proptest! {
        #[test]
        fn cutting_the_bytes_up_differently_gives_the_same_lines(bytes: Vec<u8>, at in 0usize..64) {
            let at = at.min(bytes.len());
            let (head, tail) = bytes.split_at(at);
            // A prompt's one space may be cut off from it; then it is only space before the next
            // line.
            prop_assert_eq!(items(&[&bytes]), items(&[head, tail]));
        }
    }
}
