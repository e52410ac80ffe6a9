//! The SIM's own number, out of what `CNUM` and USSD replies say.

use super::ussd::{read_ucs2, ussd_text};

/// How many digits a number has that somebody can be reached at. Longer ones are of SIM cards and
/// handsets.
const DIGITS: std::ops::RangeInclusive<usize> = 6..=15;
/// How many it has when it stands in a sentence, where shorter ones are amounts and service
/// numbers.
const DIGITS_IN_TEXT: std::ops::RangeInclusive<usize> = 9..=13;

/// The number out of a reply's number field: digits, with a `+` when they begin with a country
/// code. `kind` is the type-of-address octet that stands beside it, where one does: 145 means
/// international, with or without a `+`.
#[must_use]
pub fn own_number(field: &str, kind: Option<u8>) -> Option<String> {
    let field = field.trim().trim_matches('"');
    // In UCS-2 even six digits are more than any number in plain has.
    let unhexed = hex::decode(field)
        .ok()
        .filter(|octets| octets.len() > *DIGITS.end() / 2 && octets.len() % 2 == 0);
    let text = match unhexed {
        Some(octets) => read_ucs2(&octets).text,
        None => field.to_owned(),
    };
    let international = text.trim_start().starts_with('+') || kind == Some(0x91);
    let is_separator = |c: char| matches!(c, '+' | ' ' | '-' | '(' | ')' | '.' | '/' | '\u{a0}');
    if text.chars().any(|c| !c.is_ascii_digit() && !is_separator(c)) {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    DIGITS
        .contains(&digits.len())
        .then(|| if international { format!("+{digits}") } else { digits })
}

/// The number in a USSD reply, as [`own_number`] gives one: an international one if there is one,
/// else the first that is long enough and no code to be dialled.
#[must_use]
pub fn number_in_ussd(payload: &str, dcs: Option<u8>) -> Option<String> {
    let text = ussd_text(payload, dcs).text;
    let whole = numbers(&text, |_| false);
    let spaced = numbers(&text, |c| matches!(c, ' ' | '-' | '.' | '(' | ')' | '\u{a0}'));
    let international = |number: &&String| number.starts_with('+');
    let both = || whole.iter().chain(&spaced);
    both().find(international).or_else(|| both().next()).cloned()
}

/// The runs of digits that may be numbers, single separators within them left out.
fn numbers(text: &str, is_separator: fn(char) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut before = None;
    while let Some(start) = rest.find(|c: char| c == '+' || c.is_ascii_digit()) {
        before = rest.get(..start).and_then(|head| head.chars().next_back()).or(before);
        let run = rest.get(start..).unwrap_or_default();
        let (number, length) = number(run, is_separator);
        let behind = run.get(length..).unwrap_or_default();
        let is_code = matches!(before, Some('*' | '#')) || behind.starts_with(['*', '#']);
        if DIGITS_IN_TEXT.contains(&number.trim_start_matches('+').len()) && !is_code {
            found.push(number);
        }
        before = run.get(..length).and_then(|head| head.chars().next_back());
        rest = behind;
    }
    found
}

/// A `+` or a digit at the beginning and all digits behind it, with how many octets that is.
fn number(run: &str, is_separator: fn(char) -> bool) -> (String, usize) {
    let mut number = String::new();
    let mut length = 0;
    let mut separated = false;
    for (at, c) in run.char_indices() {
        match c {
            '+' if at == 0 => number.push(c),
            '0'..='9' => number.push(c),
            _ if is_separator(c) && !separated => {
                separated = true;
                continue;
            }
            _ => break,
        }
        separated = false;
        length = at + c.len_utf8();
    }
    (number, length)
}
