//! Assembles octets from the host into command lines and texts.

use super::reply::Prompt;

/// Longer lines are cut here and answered `ERROR`; a text may be twice as long as the longest PDU.
const LINE_LIMIT: usize = 1024;
const TEXT_LIMIT: usize = 4096;

/// What the host is sending at present.
#[derive(Debug)]
pub enum Input {
    /// A command line that is not complete.
    Line(Vec<u8>),
    /// The text after the prompt `> `.
    Text {
        /// What the text is for.
        prompt: Prompt,
        /// The part of it that has arrived.
        text: Vec<u8>,
    },
}

/// What an octet completed.
#[derive(Debug, PartialEq, Eq)]
pub enum Completed {
    /// The line has not ended yet.
    Nothing,
    /// A command line, without its end.
    Line(String),
    /// A text, ended by Ctrl-Z.
    Text(Prompt, Vec<u8>),
    /// A text, given up by Escape.
    GivenUp,
}

impl Default for Input {
    fn default() -> Self {
        Input::Line(Vec::new())
    }
}

impl Input {
    /// Whether nothing of a command line has arrived yet.
    pub fn is_fresh(&self) -> bool {
        matches!(self, Input::Line(line) if line.is_empty())
    }

    /// Whether the host is being asked for a text.
    pub fn is_text(&self) -> bool {
        matches!(self, Input::Text { .. })
    }

    /// Takes one octet from the host.
    pub fn push(&mut self, octet: u8, line_end: u8) -> Completed {
        match self {
            Input::Line(line) => Self::push_line(line, octet, line_end),
            Input::Text { text, .. } => match octet {
                0x1A => match std::mem::take(self) {
                    Input::Text { prompt, text } => Completed::Text(prompt, text),
                    Input::Line(_) => Completed::Nothing,
                },
                0x1B => {
                    *self = Input::default();
                    Completed::GivenUp
                }
                0x08 => {
                    text.pop();
                    Completed::Nothing
                }
                _ => {
                    if text.len() < TEXT_LIMIT {
                        text.push(octet);
                    }
                    Completed::Nothing
                }
            },
        }
    }

    fn push_line(line: &mut Vec<u8>, octet: u8, line_end: u8) -> Completed {
        if octet == line_end {
            let whole = String::from_utf8_lossy(line).into_owned();
            line.clear();
            return Completed::Line(whole);
        }
        match octet {
            // Line feeds between lines, and escapes that hosts send in case a prompt is open.
            b'\n' | 0x1A | 0x1B | 0x00 => {}
            0x08 => {
                line.pop();
            }
            _ if line.len() < LINE_LIMIT => line.push(octet),
            _ => {}
        }
        Completed::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(input: &mut Input, octets: &[u8]) -> Vec<Completed> {
        octets.iter().map(|o| input.push(*o, b'\r')).filter(|c| *c != Completed::Nothing).collect()
    }

    #[test]
    fn lines_end_with_carriage_return_and_line_feeds_are_ignored() {
        let mut input = Input::default();
        let lines = feed(&mut input, b"AT\r\nATI\r\n\x1b\x1aAX\x08T\r");
        assert_eq!(lines, ["AT", "ATI", "AT"].map(|l| Completed::Line(l.to_owned())));
    }

    #[test]
    fn a_text_ends_with_control_z_or_is_given_up() {
        let prompt = Prompt::SendPdu { length: 3 };
        let mut input = Input::Text { prompt: prompt.clone(), text: Vec::new() };
        assert_eq!(
            feed(&mut input, b"00\r11\x1a"),
            [Completed::Text(prompt.clone(), b"00\r11".to_vec())]
        );
        assert!(input.is_fresh());
        input = Input::Text { prompt, text: Vec::new() };
        assert_eq!(
            feed(&mut input, b"00\x1bAT\r"),
            [Completed::GivenUp, Completed::Line("AT".to_owned())]
        );
    }

    #[test]
    fn a_line_without_end_does_not_grow() {
        let mut input = Input::default();
        feed(&mut input, &[b'x'; 100_000]);
        assert!(matches!(&input, Input::Line(line) if line.len() == LINE_LIMIT));
    }
}
