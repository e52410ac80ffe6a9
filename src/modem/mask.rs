//! Masks a conversation so that it can be shown and kept: of numbers the last three digits remain,
//! and texts and PINs are removed.

use std::borrow::Cow;

use crate::at;

/// This many digits in a row, or more, may be a number that identifies somebody.
const MIN_DIGITS: usize = 6;
/// Commands whose parameters are secret.
const SECRET: [&str; 4] = ["+CPIN=", "+CLCK=", "+CPWD=", "+CUSD="];
/// Lines whose quoted parts are texts or names.
const TEXTS: [&str; 3] = ["+CPBR:", "+CLIP:", "+CUSATP:"];
/// Lines that are followed by the text or PDU of a message.
const HEADS: [&str; 6] = ["+CMGL:", "+CMGR:", "+CMT:", "+CDS:", "+CBM:", "+CLASS0:"];

/// What a line of a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It was sent to the modem.
    Sent,
    /// It was received from the modem.
    Received,
    /// It was received and is the text or PDU of a message.
    Body,
}

/// Classifies the lines of a conversation, which depends on the lines before.
#[derive(Clone, Copy, Debug, Default)]
pub struct Masker {
    /// Whether the next line received may belong to the body of a message.
    body: bool,
    /// Whether the next line received may go on with a USSD text.
    ussd: bool,
}

impl Masker {
    /// Classifies a line that was sent.
    pub fn classify_sent(&mut self) -> Kind {
        *self = Masker::default();
        Kind::Sent
    }

    /// Classifies a line that was received.
    pub fn classify_received(&mut self, line: &str) -> Kind {
        let tagged = line.starts_with(['+', '^', '*', '#', '%', '$']);
        let ends = matches!(line, "OK" | "ERROR");
        if self.ussd && !at::is_report(line) {
            self.ussd = !at::is_ussd_complete(&format!("+CUSD: 0,\"{line}"));
            return Kind::Body;
        }
        if self.body && !tagged && !ends {
            // A text may have more than one line.
            return Kind::Body;
        }
        let begins_with = |head: &&str| {
            line.get(..head.len()).is_some_and(|start| start.eq_ignore_ascii_case(head))
        };
        self.body = tagged && HEADS.iter().any(begins_with);
        self.ussd = !at::is_ussd_complete(line);
        Kind::Received
    }
}

/// Removes from a sent line what must not even be kept in memory: a PIN, a USSD code, the text of a
/// message.
pub fn without_secrets(line: &str) -> Cow<'_, str> {
    if let Some(text) = line.strip_suffix('\u{1a}') {
        return Cow::Owned(format!("<{} characters>", text.chars().count()));
    }
    let after = |secret: &&str| {
        let mut places = line.as_bytes().windows(secret.len());
        places
            .position(|place| place.eq_ignore_ascii_case(secret.as_bytes()))
            .map(|start| start + secret.len())
    };
    match SECRET.iter().find_map(after) {
        Some(end) => Cow::Owned(format!("{}***", line.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(line),
    }
}

/// Masks a line so that it can be shown.
pub fn masked(kind: Kind, line: &str) -> String {
    let upper = line.to_ascii_uppercase();
    let quotes = || TEXTS.iter().chain(&HEADS).any(|head| upper.starts_with(head));
    match kind {
        Kind::Sent => mask_numbers(&without_secrets(line)),
        Kind::Body => format!("<{} characters>", line.chars().count()),
        Kind::Received if at::parse_ussd(line).is_some() => mask_numbers(&mask_text(line)),
        Kind::Received if quotes() => mask_numbers(&mask_quoted(line)),
        Kind::Received => mask_numbers(line),
    }
}

/// Replaces the text of a `+CUSD` line, which may have quotation marks of its own, by an ellipsis.
fn mask_text(line: &str) -> String {
    let text = at::parse_ussd(line).and_then(|report| report.text);
    match text.zip(line.split_once(',')) {
        Some((text, (head, behind))) => format!("{head},{}", behind.replacen(text, "…", 1)),
        None => line.to_owned(),
    }
}

/// Replaces what is in quotes by an ellipsis.
fn mask_quoted(line: &str) -> String {
    let parts = line.split('"').enumerate();
    let part = |(index, part): (usize, &str)| {
        if index % 2 == 1 && !part.is_empty() { "…".to_owned() } else { part.to_owned() }
    };
    parts.map(part).collect::<Vec<_>>().join("\"")
}

/// Shortens each run of hexadecimal digits that may be a number to its last three.
fn mask_numbers(line: &str) -> String {
    let mut masked = String::with_capacity(line.len());
    let mut run = String::new();
    for c in line.chars() {
        if c.is_ascii_hexdigit() {
            run.push(c);
        } else {
            masked.push_str(&shortened(&run));
            run.clear();
            masked.push(c);
        }
    }
    masked + &shortened(&run)
}

fn shortened(run: &str) -> String {
    let digits = run.bytes().filter(u8::is_ascii_digit).count();
    match run.get(run.len().saturating_sub(3)..) {
        Some(last) if digits >= MIN_DIGITS => format!("…{last}"),
        _ => run.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_numbers_and_texts_are_masked() {
        let sent = |line| masked(Kind::Sent, line);
        assert_eq!(sent("AT+CPIN=\"1234\""), "AT+CPIN=***");
        assert_eq!(sent("AT+CUSD=1,\"*101#\",15"), "AT+CUSD=***");
        assert_eq!(sent("AT+CMGR=3"), "AT+CMGR=3");
        assert_eq!(
            sent("0001000B911316320400F0\u{1a}"),
            "<22 characters>",
            "a message that is sent"
        );
        let mut masker = Masker::default();
        let received = [
            ("+CMGR: 1,\"Jan\",24", "+CMGR: 1,\"…\",24"),
            ("07911326040000F0040B911346610089F6", "<34 characters>"),
            ("your code is 4711", "<17 characters>"),
            ("OK", "OK"),
            ("861234567890123", "…123"),
            ("+CUSD: 0,\"Your number is 0612345678\",15", "+CUSD: 0,\"…\",15"),
            ("+CUSD: 0,\"hear \"this song\" now\",15", "+CUSD: 0,\"…\",15"),
            ("+CUSD: 2", "+CUSD: 2"),
            ("+CUSD: 1,\"1: balance", "+CUSD: 1,\"…"),
            ("2: \"more\"", "<9 characters>"),
            ("3: less\",15", "<11 characters>"),
            ("+CCID: 8931440400000000123F", "+CCID: …23F"),
            ("+CSQ: 20,99", "+CSQ: 20,99"),
            ("EC25EFAR06A06M4G", "EC25EFAR06A06M4G"),
            ("+CMTI: \"SM\",3", "+CMTI: \"SM\",3"),
        ];
        for (line, expected) in received {
            let kind = masker.classify_received(line);
            assert_eq!(masked(kind, line), expected);
        }
    }
}
