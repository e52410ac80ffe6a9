//! Parts put together: whatever was cut in two at a seam is whole again.

use super::{message, over_the_wire};
use simbridge::sms::{Body, Dcs, Deliver, Header, Language, join};

fn septets(parts: &[&[u8]]) -> Vec<Deliver> {
    let message =
        |part: &&[u8]| over_the_wire(&message(Dcs::GSM7, None, Body::Septets(part.to_vec())));
    parts.iter().map(message).collect()
}

fn octets(parts: &[&[u8]]) -> Vec<Deliver> {
    let message =
        |part: &&[u8]| over_the_wire(&message(Dcs::UCS2, None, Body::Octets(part.to_vec())));
    parts.iter().map(message).collect()
}

fn joined(parts: &[Deliver]) -> (String, String) {
    let text = join(parts);
    (text.text, text.flaws.to_string())
}

fn is(text: &str, flaws: &str) -> (String, String) {
    (text.to_owned(), flaws.to_owned())
}

#[test]
fn a_gsm_escape_split_between_parts() {
    assert_eq!(joined(&septets(&[b"10 \x1b", b"e cash"])), is("10 € cash", ""));
    assert_eq!(
        joined(&septets(&[b"10 \x1b"])),
        is("10 ", "unknown-character"),
        "and one part alone says so"
    );
    assert_eq!(
        joined(&septets(&[b"a\x1b", b"", b"(b"])),
        is("a{b", ""),
        "even around an empty part"
    );
}

#[test]
fn surrogate_pairs_split_between_parts() {
    assert_eq!(joined(&octets(&[&[0, 0x61, 0xd8, 0x3d], &[0xde, 0x00, 0, 0x62]])), is("a😀b", ""));
    assert_eq!(joined(&octets(&[&[0xd8, 0x3d], &[0, 0x62]])), is("\u{fffd}b", "broken-surrogate"));
}

#[test]
fn a_ucs2_character_split_between_parts() {
    assert_eq!(joined(&octets(&[&[0x04, 0x42, 0x04], &[0x35, 0x04, 0x41]])), is("тес", ""));
    assert_eq!(
        joined(&octets(&[&[0xd8, 0x3d, 0xde], &[0x00]])),
        is("😀", ""),
        "in the middle of a pair"
    );
}

#[test]
fn an_odd_octet_too_many_does_not_shift_the_next_part() {
    assert_eq!(joined(&octets(&[&[0x04, 0x42, 0x00], &[0x04, 0x35]])), is("те", "odd-octet"));
}

#[test]
fn parts_in_different_alphabets() {
    let mut parts = septets(&[b"code \x1b"]);
    parts.extend(octets(&[&[0x04, 0x42]]));
    parts.extend(septets(&[b" 12"]));
    assert_eq!(joined(&parts), is("code т 12", "unknown-character"));
}

#[test]
fn parts_in_different_national_tables() {
    let part = |language, code| {
        let header = Header::new().with_languages(None, language);
        over_the_wire(&message(Dcs::GSM7, Some(header), Body::Septets(vec![code])))
    };
    let parts =
        [part(Some(Language::Turkish), 0x07), part(None, 0x07), part(Some(Language::Hindi), 0x07)];
    assert_eq!(joined(&parts), is("ıìउ", ""));
}

#[test]
fn no_part_at_all_says_nothing() {
    assert_eq!(joined(&[]), is("", ""));
}
