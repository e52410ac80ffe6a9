//! What the network says to a USSD code: `+CUSD: <m>[,<str>[,<dcs>]]` (27.007 7.15).

use super::fields::{parse_int, payload};

/// What the network expects of the host after this text (`<m>`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UssdStatus {
    /// 0: nothing more is expected; the session is over.
    Final,
    /// 1: the network waits for an answer, as to a menu. The session stays open until it is
    /// answered, closed by `AT+CUSD=2`, or given up by the network.
    Menu,
    /// 2: the network has ended the session.
    Ended,
    /// 3: another program on this modem has answered.
    AnsweredElsewhere,
    /// 4: the network does not support this.
    Unsupported,
    /// 5: the network did not answer in time.
    TimedOut,
    /// Any other number, or none.
    Unknown,
}

impl From<Option<i32>> for UssdStatus {
    fn from(m: Option<i32>) -> UssdStatus {
        match m {
            Some(0) => UssdStatus::Final,
            Some(1) => UssdStatus::Menu,
            Some(2) => UssdStatus::Ended,
            Some(3) => UssdStatus::AnsweredElsewhere,
            Some(4) => UssdStatus::Unsupported,
            Some(5) => UssdStatus::TimedOut,
            _ => UssdStatus::Unknown,
        }
    }
}

/// The fields of a `+CUSD` line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UssdReport<'a> {
    pub status: UssdStatus,
    /// The text as the modem gives it, without its quotation marks; never empty.
    pub text: Option<&'a str>,
    /// The coding scheme of a cell broadcast (23.038 5).
    pub dcs: Option<u8>,
}

/// Reads a `+CUSD` line, which may have several lines of text.
pub fn parse_ussd(line: &str) -> Option<UssdReport<'_>> {
    let (m, rest) = split_status(line)?;
    let (text, dcs) = split_text(rest);
    Some(UssdReport {
        status: parse_int(m).into(),
        text: Some(text.trim()).filter(|text| !text.is_empty()),
        dcs: dcs.and_then(parse_int).and_then(|dcs| u8::try_from(dcs).ok()),
    })
}

/// Whether the text of a `+CUSD` line is certainly all there. Texts may have quotation marks of
/// their own, and line ends.
pub fn is_ussd_complete(line: &str) -> bool {
    let Some((_, rest)) = split_status(line) else { return true };
    let Some(body) = rest.strip_prefix('"') else { return true };
    match closing_quote(body) {
        // Without a coding scheme behind it, a mark at the end may be one of the text.
        Some((_, None)) => rest.matches('"').count().is_multiple_of(2),
        Some((_, Some(_))) => true,
        None => false,
    }
}

fn split_status(line: &str) -> Option<(&str, &str)> {
    let fields = payload(line, "+CUSD:")?;
    let (m, rest) = fields.split_once(',').unwrap_or((fields, ""));
    Some((m, rest.trim()))
}

/// The text and the coding scheme. A text whose last quotation mark is missing was cut off.
fn split_text(rest: &str) -> (&str, Option<&str>) {
    match rest.strip_prefix('"') {
        Some(body) => match closing_quote(body) {
            Some((end, dcs)) => (body.get(..end).unwrap_or_default(), dcs),
            None => (body, None),
        },
        // Some modems leave the marks out.
        None => match rest.rsplit_once(',') {
            Some((text, dcs)) if is_number(dcs) => (text, Some(dcs)),
            _ => (rest, None),
        },
    }
}

/// Where the text ends, and the coding scheme behind it. It is the last quotation mark, because a
/// text may have some of its own.
fn closing_quote(body: &str) -> Option<(usize, Option<&str>)> {
    let end = body.rfind('"')?;
    let behind = body.get(end + 1..)?.trim();
    match behind.strip_prefix(',').map(str::trim) {
        None if behind.is_empty() => Some((end, None)),
        Some(dcs) if dcs.is_empty() || is_number(dcs) => Some((end, Some(dcs))),
        _ => None,
    }
}

fn is_number(field: &str) -> bool {
    let field = field.trim();
    (1..=3).contains(&field.len()) && field.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_status_with_and_without_a_text() {
        let table = [
            ("+CUSD: 0,\"Hi\",15", UssdStatus::Final, Some("Hi"), Some(15)),
            ("+CUSD:1,\"1:Balance\",72", UssdStatus::Menu, Some("1:Balance"), Some(72)),
            ("+CUSD: 2", UssdStatus::Ended, None, None),
            ("+CUSD: 2,\"\",15", UssdStatus::Ended, None, Some(15)),
            ("+CUSD: 3", UssdStatus::AnsweredElsewhere, None, None),
            ("+cusd: 4", UssdStatus::Unsupported, None, None),
            ("+CUSD: 5", UssdStatus::TimedOut, None, None),
            ("+CUSD: 6,\"x\"", UssdStatus::Unknown, Some("x"), None),
            ("+CUSD:", UssdStatus::Unknown, None, None),
            ("+CUSD: 0,\"a, b\",", UssdStatus::Final, Some("a, b"), None),
            ("+CUSD: 0,no marks,15", UssdStatus::Final, Some("no marks"), Some(15)),
            ("+CUSD: 0,\"Hi\", 15", UssdStatus::Final, Some("Hi"), Some(15)),
            ("+CUSD: 0,\"Hi\",900", UssdStatus::Final, Some("Hi"), None),
        ];
        for (line, status, text, dcs) in table {
            assert_eq!(parse_ussd(line), Some(UssdReport { status, text, dcs }), "{line}");
            assert!(is_ussd_complete(line), "{line}");
        }
        assert_eq!(parse_ussd("+CUSDX: 0"), None);
    }

    #[test]
    fn quotation_marks_and_line_ends_inside_the_text() {
        let table = [
            ("+CUSD: 0,\"a 32\" screen\",15", "a 32\" screen", true),
            ("+CUSD: 0,\"\"Shape\" of\"", "\"Shape\" of", true),
            ("+CUSD: 0,\"one\ntwo\",15", "one\ntwo", true),
            ("+CUSD: 1,\"say \"yes\",\"no\"\",15", "say \"yes\",\"no\"", true),
            ("+CUSD: 0,\"one", "one", false),
            ("+CUSD: 0,\"a 32\" screen", "a 32\" screen", false),
            ("+CUSD: 0,\"a screen of 32\"", "a screen of 32", true),
            ("+CUSD: 0,\"say \"yes\"", "say \"yes", false),
        ];
        for (line, text, complete) in table {
            assert_eq!(parse_ussd(line).and_then(|report| report.text), Some(text), "{line}");
            assert_eq!(is_ussd_complete(line), complete, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_survived_and_comes_back(text in "[a-z\"\n,0-9]{1,30}", line: String) {
            let whole = format!("+CUSD: 0,\"{text}\",15");
            prop_assert_eq!(
                parse_ussd(&whole).and_then(|report| report.text).unwrap_or_default(),
                text.trim()
            );
            parse_ussd(&format!("+CUSD: {line}"));
            is_ussd_complete(&format!("+CUSD:{line}"));
        }
    }
}
