//! How words travel: one JSON object on a line of at most 1 MiB.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::times::Offset;
use super::words::{
    Answered, Hello, Question, QuestionNumber, Refusal, Reply, Report, Request, RequestNumber,
};
use crate::domain::Timestamp;

/// The longest frame in octets, without its line feed. The report of a bank with a thousand slots
/// has 300 KiB.
pub const MAX_FRAME: usize = 1 << 20;

/// A frame that breaks the protocol, so that the connection is of no use. Nothing of what was in
/// the frame is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadFrame {
    /// A line did not end in time.
    #[error("a frame is longer than 1 MiB")]
    TooLong,
    /// A line is not UTF-8.
    #[error("a frame is no text")]
    NotText,
    /// A line is not the JSON of any word.
    #[error("a frame cannot be understood from its column {column} on")]
    NotUnderstood { column: usize },
    /// Something came that the other side may not say before the site is welcome, or after it was
    /// refused.
    #[error("a frame came before its time")]
    TooEarly,
    /// The site said twice who it is.
    #[error("a site says twice who it is")]
    SecondHello,
    /// The site asks more than it may at a time, or asks one question twice.
    #[error("a site asks more questions than it may at a time")]
    TooManyQuestions,
    /// The site speaks of a port by a name that no port has.
    #[error("a site speaks of a port by a name that no port has")]
    NotAPort,
}

/// What a site sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromSite<T = Timestamp> {
    /// Who it is; nothing else goes before.
    Hello(Hello),
    /// A question, which is answered under the same number.
    Question { number: QuestionNumber, question: Question<T> },
    /// A report, which is not answered.
    Report(Report<T>),
    /// The reply to the request of this number.
    Reply { number: RequestNumber, reply: Reply },
    /// A sign of life.
    Beat,
}

/// What the centre sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromCentre<T = Timestamp> {
    /// The site is served from now on.
    Welcome,
    /// The site is not served, for this reason.
    Refused(Refusal),
    /// The answer to the question of this number.
    Answer { number: QuestionNumber, answer: Answered<T> },
    /// A request, which the site replies to under the same number.
    Request { number: RequestNumber, request: Request },
    /// What [`Question::ReadDemands`] answers may have changed.
    DemandsChanged,
    /// A sign of life.
    Beat,
}

impl FromSite {
    /// The frame that is written at `now` by this side's clock, with its line feed; `None` if it
    /// would be longer than a frame may be.
    pub fn to_line(self, now: Timestamp) -> Option<String> {
        let sent = |time| Offset::from_time(time, now);
        write(&match self {
            FromSite::Hello(hello) => FromSite::Hello(hello),
            FromSite::Question { number, question } => {
                FromSite::Question { number, question: question.map_time(sent) }
            }
            FromSite::Report(report) => FromSite::Report(report.map_time(sent)),
            FromSite::Reply { number, reply } => FromSite::Reply { number, reply },
            FromSite::Beat => FromSite::Beat,
        })
    }

    /// Reads a frame that has come at `now` by this side's clock.
    ///
    /// # Errors
    /// It is none.
    pub fn from_line(line: &str, now: Timestamp) -> Result<FromSite, BadFrame> {
        let received = |offset: Offset| offset.to_time(now);
        Ok(match read(line)? {
            FromSite::Hello(hello) => FromSite::Hello(hello),
            FromSite::Question { number, question } => {
                FromSite::Question { number, question: question.map_time(received) }
            }
            FromSite::Report(report) => FromSite::Report(report.map_time(received)),
            FromSite::Reply { number, reply } => FromSite::Reply { number, reply },
            FromSite::Beat => FromSite::Beat,
        })
    }
}

impl FromCentre {
    /// The frame that is written at `now` by this side's clock, with its line feed; `None` if it
    /// would be longer than a frame may be.
    pub fn to_line(self, now: Timestamp) -> Option<String> {
        let sent = |time| Offset::from_time(time, now);
        write(&match self {
            FromCentre::Welcome => FromCentre::Welcome,
            FromCentre::Refused(refusal) => FromCentre::Refused(refusal),
            FromCentre::Answer { number, answer } => {
                let answer = answer.map(|answer| answer.map_time(sent));
                FromCentre::Answer { number, answer }
            }
            FromCentre::Request { number, request } => FromCentre::Request { number, request },
            FromCentre::DemandsChanged => FromCentre::DemandsChanged,
            FromCentre::Beat => FromCentre::Beat,
        })
    }

    /// Reads a frame that has come at `now` by this side's clock.
    ///
    /// # Errors
    /// It is none.
    pub fn from_line(line: &str, now: Timestamp) -> Result<FromCentre, BadFrame> {
        let received = |offset: Offset| offset.to_time(now);
        Ok(match read(line)? {
            FromCentre::Welcome => FromCentre::Welcome,
            FromCentre::Refused(refusal) => FromCentre::Refused(refusal),
            FromCentre::Answer { number, answer } => {
                let answer = answer.map(|answer| answer.map_time(received));
                FromCentre::Answer { number, answer }
            }
            FromCentre::Request { number, request } => FromCentre::Request { number, request },
            FromCentre::DemandsChanged => FromCentre::DemandsChanged,
            FromCentre::Beat => FromCentre::Beat,
        })
    }
}

fn write(frame: &impl Serialize) -> Option<String> {
    let mut line = serde_json::to_string(frame).ok().filter(|line| line.len() <= MAX_FRAME)?;
    line.push('\n');
    Some(line)
}

fn read<F: DeserializeOwned>(line: &str) -> Result<F, BadFrame> {
    if line.len() > MAX_FRAME {
        return Err(BadFrame::TooLong);
    }
    // The parser's own words may quote the frame.
    serde_json::from_str(line).map_err(|error| BadFrame::NotUnderstood { column: error.column() })
}

/// Cuts what comes over a connection into lines, and never holds more than one frame.
#[derive(Debug, Default)]
pub struct FrameReader {
    /// The beginning of a line whose end has not come yet.
    begun: Vec<u8>,
}

impl FrameReader {
    /// Takes octets from the front of `input` up to the end of a line, and returns the line without
    /// its line feed; `None` when all were taken and the line has not ended yet.
    ///
    /// # Errors
    /// The line is too long or not UTF-8. The connection is of no use then.
    pub fn next_line(&mut self, input: &mut &[u8]) -> Result<Option<String>, BadFrame> {
        let end = input.iter().position(|octet| *octet == b'\n');
        let (piece, rest) = input.split_at(end.unwrap_or(input.len()));
        *input = rest.strip_prefix(b"\n").unwrap_or(rest);
        if self.begun.len().saturating_add(piece.len()) > MAX_FRAME {
            self.begun = Vec::new();
            return Err(BadFrame::TooLong);
        }
        self.begun.extend_from_slice(piece);
        if end.is_none() {
            return Ok(None);
        }
        let line = String::from_utf8(std::mem::take(&mut self.begun));
        line.map(Some).map_err(|_| BadFrame::NotText)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pieces: &[&[u8]]) -> Result<Vec<String>, BadFrame> {
        let mut reader = FrameReader::default();
        let mut lines = Vec::new();
        for piece in pieces {
            let mut input = *piece;
            while let Some(line) = reader.next_line(&mut input)? {
                lines.push(line);
            }
            assert!(input.is_empty() && reader.begun.len() <= MAX_FRAME);
        }
        Ok(lines)
    }

    #[test]
    fn lines_are_the_same_however_they_are_cut() {
        let octets = "\"beat\"\n\n{\"é\":1}\nrest".as_bytes();
        let expected = ["\"beat\"", "", "{\"é\":1}"].map(str::to_owned);
        for size in 1..=octets.len() {
            let pieces: Vec<&[u8]> = octets.chunks(size).collect();
            assert_eq!(lines(&pieces).unwrap(), expected, "pieces of {size}");
        }
    }

    #[test]
    fn a_line_may_have_a_mebibyte_and_not_more() {
        let longest = vec![b'x'; MAX_FRAME];
        assert_eq!(lines(&[&longest, b"\n"]).unwrap()[0].len(), 1_048_576);
        for end in [&b"x"[..], b"x\n", b"\n"] {
            let expected = if end == b"\n" { None } else { Some(BadFrame::TooLong) };
            assert_eq!(lines(&[&longest, end]).err(), expected);
        }
        let pieces = vec![&longest[..4096]; 257];
        assert_eq!(lines(&pieces), Err(BadFrame::TooLong));
        let long = FromSite::Report(Report::<Timestamp>::BankGone("x".repeat(MAX_FRAME)));
        assert_eq!(long.to_line(Timestamp(0)), None);
    }

    #[test]
    fn what_is_no_frame_is_refused_and_nothing_of_it_is_shown() {
        assert_eq!(lines(&[b"\"\xff\"\n"]), Err(BadFrame::NotText));
        let secret = "{\"hello\":{\"protocol\":1,\"version\":\"1\",\"site\":\"s3cret\",\"key\":7}}";
        for line in ["", "{}", "\"s3cret\"", "{\"s3cret\":1}", "\"beat\" s3cret", secret] {
            let site = FromSite::from_line(line, Timestamp(0)).unwrap_err();
            let centre = FromCentre::from_line(line, Timestamp(0)).unwrap_err();
            for error in [site, centre] {
                assert!(matches!(error, BadFrame::NotUnderstood { .. }));
                assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
            }
        }
    }

    #[test]
    fn frames_read_as_they_are_documented() {
        let line = |frame: FromCentre| frame.to_line(Timestamp(0)).unwrap();
        assert_eq!(line(FromCentre::Welcome), "\"welcome\"\n");
        assert_eq!(
            line(FromCentre::Refused(Refusal::OtherProtocol { wanted: 2 })),
            "{\"refused\":{\"other_protocol\":{\"wanted\":2}}}\n"
        );
        let number = QuestionNumber(7);
        let answer = Err("the disk is full".to_owned());
        assert_eq!(
            line(FromCentre::Answer { number, answer }),
            "{\"answer\":{\"number\":7,\"answer\":{\"Err\":\"the disk is full\"}}}\n"
        );
        let question = Question::ReadSlots { bank: "rack1".to_owned() };
        let asked = FromSite::Question { number, question }.to_line(Timestamp(0)).unwrap();
        assert_eq!(
            asked,
            "{\"question\":{\"number\":7,\"question\":{\"read_slots\":{\"bank\":\"rack1\"}}}}\n"
        );
    }
}
