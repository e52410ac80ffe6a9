//! The code in a message. It is searched for once, when the message arrives, and stored beside the
//! text. It is always a string, so that `0183` stays `0183`.

use std::sync::LazyLock;

use regex::Regex;

/// Words that announce a code, in the languages of the countries whose numbers are sold most.
const LABELS: &str = "code|codes|passcode|pin|pincode|otp|tan|password|wachtwoord|\
                      verificatiecode|bevestigingscode|beveiligingscode|kode|codigo|código|codice|\
                      verification|verify|login|token|код|пароль|验证码|コード";

/// The forms in which a code is written, the most certain first. Each captures the code.
static SHAPES: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let labels = LABELS;
    let digits = r"(?:\d{3}[- ]\d{3}|\d{2}[- ]\d{2}[- ]\d{2}|\d{4,8})";
    [
        // The origin-bound form, whose last line is "@domain #code".
        r"@[\w.-]+\.[a-z]{2,}\s+#([A-Za-z0-9-]{3,12})(?:\s+%\S+)?\s*$".to_owned(),
        // "code: 123456", "code is 123-456", "code 1234", with at most a few words between.
        format!(r"(?i)\b(?:{labels})\b[^\d\n]{{0,24}}?[\s:=#'\x22(]({digits})\b"),
        // "123456 is your code", "G-123456 is your code".
        format!(r"(?i)\b(?:[a-z]{{1,2}}-)?({digits})\b[^\d\n]{{1,40}}?\b(?:{labels})\b"),
        // "code: AB12CD": capitals and digits, with at least one digit among the first seven
        // characters.
        format!(r"\b(?i:{labels})\b(?i:\s+is)?\s*[:=]?\s*([A-Z0-9]{{0,6}}\d[A-Z0-9]{{3,8}})\b"),
        // Two groups of three digits.
        r"(?:^|[^\d+-])(\d{3}-\d{3})(?:[^\d-]|$)".to_owned(),
    ]
    .iter()
    .filter_map(|shape| Regex::new(shape).ok())
    .collect()
});

/// How many of these forms say that something is a code.
const ANNOUNCED: usize = 4;

/// Digits that stand alone: no letter, digit, plus sign or decimal separator is next to them.
static LONE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?:^|[^\w+.,/:-])(\d{4,8})(?:[.,!?;:]*(?:\s|$)|[)\]»\x22'])").ok()
});

/// Groups of digits with spaces or hyphens between them that stand alone in the same way.
static GROUPED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?:^|[^\w+.,/:-])(\d+(?:[ -]\d+)+)(?:[.,!?;:]*(?:\s|$)|[)\]»\x22'])").ok()
});

/// Compiles the expressions that [`find`] uses. This takes ten milliseconds, which the first
/// message should not have to wait for.
pub fn prepare() {
    LazyLock::force(&SHAPES);
    LazyLock::force(&LONE);
    LazyLock::force(&GROUPED);
}

/// The code in `text`, if there is one. `123-456` is returned as `123456`.
pub fn find(text: &str) -> Option<String> {
    let text = without_app_hash(text);
    let found = SHAPES.iter().find_map(|shape| shape.captures(text)?.get(1));
    match found {
        Some(code) => Some(code.as_str().replace(['-', ' '], "")),
        None => lone_run(text).or_else(|| lone_groups(text)),
    }
}

/// Whether a text says of something in it that it is the code. What is missing of such a text can
/// hardly have another.
pub fn is_announced(text: &str) -> bool {
    let text = without_app_hash(text);
    SHAPES.iter().take(ANNOUNCED).any(|shape| shape.is_match(text))
}

/// The only group of three and three digits, or of two, two and two. A group of any other form is
/// a date, a telephone number or an amount.
fn lone_groups(text: &str) -> Option<String> {
    let is_code = |run: &&str| {
        let lengths: Vec<usize> = run.split([' ', '-']).map(str::len).collect();
        matches!(lengths[..], [3, 3] | [2, 2, 2])
    };
    let runs = GROUPED.as_ref()?.captures_iter(text).filter_map(|run| Some(run.get(1)?.as_str()));
    let mut codes = runs.filter(is_code).map(|run| run.replace(['-', ' '], ""));
    let first = codes.next()?;
    codes.all(|other| other == first).then_some(first)
}

/// The only run of 4 to 8 digits. When there are two different ones, neither is returned, because
/// it would be a guess.
fn lone_run(text: &str) -> Option<String> {
    let mut runs = LONE.as_ref()?.captures_iter(text).filter_map(|run| Some(run.get(1)?.as_str()));
    let first = runs.next()?;
    runs.all(|other| other == first).then(|| first.to_owned())
}

/// The text without an Android app hash, which is a last line of 11 base64 characters.
fn without_app_hash(text: &str) -> &str {
    let trimmed = text.trim_end();
    let Some((before, last)) = trimmed.rsplit_once(['\n', '\r', ' ']) else {
        return trimmed;
    };
    let is_hash = last.len() == 11
        && last.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/');
    let mixed = last.bytes().any(|b| b.is_ascii_uppercase())
        && last.bytes().any(|b| b.is_ascii_lowercase());
    let own_line = trimmed.as_bytes().get(before.len()) != Some(&b' ');
    if is_hash && (own_line || mixed) { before.trim_end() } else { trimmed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_is_a_regex() {
        assert_eq!(SHAPES.len(), 5);
        assert!(LONE.is_some());
    }

    #[test]
    fn codes_of_real_messages() {
        for (text, code) in [
            ("Your Uber code is 0183. Never share this code.", Some("0183")),
            ("Your Tinder code is 417097 Don’t share @tinder.com #417097", Some("417097")),
            ("123456 is your Example code.\n\n@example.com #654321", Some("654321")),
            ("G-482913 is your Google verification code.", Some("482913")),
            ("Your WhatsApp code: 123-456\n\nDon't share this code", Some("123456")),
            ("<#> Your ExampleApp code is: 3214\nFA+9qCX9VSu", Some("3214")),
            ("<#> Confirm with 98765 \n12345678901", Some("98765")),
            ("Telegram code 41234", Some("41234")),
            ("Je verificatiecode is 558210", Some("558210")),
            ("Code: AB12CD", Some("AB12CD")),
            ("Use 778 102 as your login code", Some("778102")),
            ("12-34-56 for your account", Some("123456")),
            ("Use 12 34 56.", Some("123456")),
            ("Your Revolut passcode is 12-34-56", Some("123456")),
            ("778 102", Some("778102")),
            ("Call +31 612 345 678 or 612 345 678", None),
            ("06 12 34 56 78", None),
            ("Hello 4455", Some("4455")),
            ("Enter 4455 and again 4455", Some("4455")),
            ("Call +31612345678 before 12:30", None),
            ("Balance 1,234.50 on 2026-11-02", None),
            ("4455 or 6677?", None),
            ("No digits here", None),
            ("", None),
        ] {
            assert_eq!(find(text).as_deref(), code, "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_code_is_not_announced() {
        for (text, announced) in [
            ("Welcome! Your code is 0183, never", true),
            ("G-482913 is your Google verification code. It", true),
            ("@example.com #654321", true),
            ("Hello 4455", false),
            ("778-102", false),
            ("Your code is in the second half, ", false),
        ] {
            assert_eq!(is_announced(text), announced, "{text}");
        }
    }

    #[test]
    fn an_app_hash_is_never_part_of_it() {
        assert_eq!(find("Hi\nAB12345678x"), None);
    }
}
