//! Masks a conversation so that it may be shown and kept: numbers keep their last three digits; texts
//! and PINs are removed.

use std::borrow::Cow;

/// So many digits in a row may be a number.
const DIGITS: usize = 6;
/// Commands whose parameters are secret.
const SECRET: [&str; 4] = ["+CPIN=", "+CLCK=", "+CPWD=", "+CUSD="];
/// Lines whose quoted parts are texts or names.
const TEXTS: [&str; 4] = ["+CUSD:", "+CPBR:", "+CLIP:", "+CUSATP:"];
/// Lines that are followed by a message.
const HEADS: [&str; 6] = ["+CMGL:", "+CMGR:", "+CMT:", "+CDS:", "+CBM:", "+CLASS0:"];

/// What a line of a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It was sent.
    Sent,
    /// It was received.
    Received,
    /// It was received, and is the text or PDU of a message.
    Body,
}

/// Tells what each line of a conversation is: that depends on the line before it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Masker {
    body: bool,
}

impl Masker {
    /// Takes a line that was sent.
    pub fn sent(&mut self) -> Kind {
        self.body = false;
        Kind::Sent
    }

    /// Takes a line that was received.
    pub fn received(&mut self, line: &str) -> Kind {
        let tagged = line.starts_with(['+', '^', '*', '#', '%', '$']);
        let ends = matches!(line, "OK" | "ERROR");
        if self.body && !tagged && !ends {
            // A text may have more than one line.
            return Kind::Body;
        }
        let begins_with = |head: &&str| {
            line.get(..head.len()).is_some_and(|start| start.eq_ignore_ascii_case(head))
        };
        self.body = tagged && HEADS.iter().any(begins_with);
        Kind::Received
    }
}

/// A sent line without what must not even be kept in memory: a PIN, a USSD code, a message's text.
pub fn without_secrets(line: &str) -> Cow<'_, str> {
    if let Some(text) = line.strip_suffix('\u{1a}') {
        return Cow::Owned(format!("<{} characters>", text.chars().count()));
    }
    let after = |secret: &&str| {
        let mut places = line.as_bytes().windows(secret.len());
        places
            .position(|place| place.eq_ignore_ascii_case(secret.as_bytes()))
            .map(|at| at + secret.len())
    };
    match SECRET.iter().find_map(after) {
        Some(end) => Cow::Owned(format!("{}***", line.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(line),
    }
}

/// The line as it may be shown.
pub fn masked(kind: Kind, line: &str) -> String {
    let upper = line.to_ascii_uppercase();
    let quotes = || TEXTS.iter().chain(&HEADS).any(|head| upper.starts_with(head));
    match kind {
        Kind::Sent => numbers(&without_secrets(line)),
        Kind::Body => format!("<{} characters>", line.chars().count()),
        Kind::Received if quotes() => numbers(&quoted(line)),
        Kind::Received => numbers(line),
    }
}

/// Without what stands in quotes.
fn quoted(line: &str) -> String {
    let parts = line.split('"').enumerate();
    let part = |(at, part): (usize, &str)| {
        if at % 2 == 1 && !part.is_empty() { "…".to_owned() } else { part.to_owned() }
    };
    parts.map(part).collect::<Vec<_>>().join("\"")
}

/// Each run of digits (or hexadecimal digits) that may be a number, to its last three.
fn numbers(line: &str) -> String {
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
        Some(last) if digits >= DIGITS => format!("…{last}"),
        _ => run.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_must_not_be_kept() {
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
            ("+CCID: 8931440400000000123F", "+CCID: …23F"),
            ("+CSQ: 20,99", "+CSQ: 20,99"),
            ("EC25EFAR06A06M4G", "EC25EFAR06A06M4G"),
            ("+CMTI: \"SM\",3", "+CMTI: \"SM\",3"),
        ];
        for (line, expected) in received {
            let kind = masker.received(line);
            assert_eq!(masked(kind, line), expected);
        }
    }
}
