//! Text in 8-bit data. What such octets mean is the users' own business (23.038 4), and some
//! service centres send plain texts in them.

/// Of all characters of a text in Latin-1, one in this many may be beyond ASCII: octets that mean
/// something else are rarely letters for the most part.
const LATIN_1_SHARE: usize = 3;

/// The text that the octets are, in UTF-8 or else in Latin-1; `None` when they are none.
pub(super) fn text(octets: &[u8]) -> Option<String> {
    let text = match std::str::from_utf8(octets) {
        Ok(text) => text.to_owned(),
        Err(_) => latin_1(octets)?,
    };
    let is_plain = !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
    is_plain.then_some(text)
}

fn latin_1(octets: &[u8]) -> Option<String> {
    let beyond = octets.iter().filter(|octet| !octet.is_ascii()).count();
    let has_letters = octets.iter().any(u8::is_ascii_alphanumeric);
    let is_likely = has_letters && beyond * LATIN_1_SHARE <= octets.len();
    is_likely.then(|| octets.iter().map(|octet| char::from(*octet)).collect())
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn texts_are_read_and_other_octets_are_not() {
        let cases: &[(&[u8], Option<&str>)] = &[
            (b"Your code is 8841", Some("Your code is 8841")),
            ("Größe: 7719 €".as_bytes(), Some("Größe: 7719 €")),
            (b"code d'acc\xe8s: 6620", Some("code d'accès: 6620")),
            (b"a\r\n\tb", Some("a\r\n\tb")),
            (b"", Some("")),
            (b"\x06\x2f\x1f\x2d", None),
            (b"code\x00", None),
            (b"\xa5\x5a", None),
            (b"\xe9\xe8\xea\xeb", None),
            (b"caf\xe9 \x92", None),
            (b"\xe8\x32\x9b", None),
        ];
        for (octets, expected) in cases {
            assert_eq!(text(octets).as_deref(), *expected, "{octets:02x?}");
        }
    }
}
