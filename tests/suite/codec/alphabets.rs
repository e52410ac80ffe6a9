//! Every code point of every 7-bit alphabet, against the tables of 23.038 in
//! `tests/data/codec/alphabets.txt`.

use super::{message, over_the_wire};
use simbridge::sms::{Body, Dcs, Flaw, Header, Language};
use std::collections::BTreeMap;

const ESCAPE: u8 = 0x1b;

/// The characters of each table by code, under the language's identifier and `locking` or `single`.
fn tables() -> BTreeMap<(u8, String), [Option<char>; 128]> {
    let mut tables = BTreeMap::new();
    let data = include_str!("../../data/codec/alphabets.txt");
    for block in data.split("\n\n").skip(1) {
        let mut lines = block.lines();
        let head: Vec<&str> = lines.next().expect("a head").split(' ').collect();
        let mut table = [None; 128];
        for (low, line) in lines.enumerate() {
            for (high, cell) in line.split_whitespace().enumerate() {
                let point = u32::from_str_radix(cell, 16).ok();
                table[high * 16 + low] =
                    point.map(|point| char::from_u32(point).expect("a character"));
            }
        }
        tables.insert((head[0].parse().expect("an identifier"), head[2].to_owned()), table);
    }
    tables
}

fn text_of(septets: &[u8], header: &Header) -> (String, bool) {
    let sent = message(Dcs::GSM7, Some(header.clone()), Body::Septets(septets.to_vec()));
    let text = over_the_wire(&sent).text();
    (text.text, text.flaws.has(Flaw::UnknownCharacter))
}

#[test]
fn all_tables_are_there() {
    let names: Vec<_> = tables().into_keys().map(|(id, kind)| format!("{id} {kind}")).collect();
    assert_eq!(
        names.len(),
        14 + 13,
        "a single shift table each, a locking one for all but Spanish"
    );
}

#[test]
fn every_code_of_every_locking_table() {
    for ((id, kind), table) in tables() {
        if kind != "locking" {
            continue;
        }
        let header = Header::new().with_languages(None, Language::from_id(id));
        for code in (0..128u8).filter(|code| *code != ESCAPE) {
            let c = table[usize::from(code)];
            let expected = (c.unwrap_or('\u{fffd}').to_string(), c.is_none());
            assert_eq!(text_of(&[code], &header), expected, "language {id}, code {code:02x}");
            if let Some(c) = c {
                let septets = Body::septets(&c.to_string(), Some(&header));
                assert_eq!(septets, Some(Body::Septets(vec![code])), "language {id}, {c:?}");
            }
        }
    }
}

#[test]
fn every_code_of_every_single_shift_table() {
    let tables = tables();
    let default = tables[&(0, "locking".to_owned())];
    for ((id, kind), table) in &tables {
        if kind != "single" {
            continue;
        }
        let header = Header::new().with_languages(Language::from_id(*id), None);
        for code in 0..128u8 {
            let c = table[usize::from(code)];
            let shown = match code {
                ESCAPE => ' ',
                _ => c.or(default[usize::from(code)]).expect("the default table is full"),
            };
            assert_eq!(
                text_of(&[ESCAPE, code], &header),
                (shown.to_string(), c.is_none()),
                "{id}, code {code:02x}"
            );
            let Some(Body::Septets(septets)) =
                c.and_then(|c| Body::septets(&c.to_string(), Some(&header)))
            else {
                assert_eq!(c, None, "{id}, code {code:02x} cannot be written");
                continue;
            };
            assert_eq!(
                text_of(&septets, &header),
                (shown.to_string(), false),
                "{id}, written {septets:x?}"
            );
        }
    }
}

#[test]
fn both_shifts_at_once_and_each_alone() {
    let urdu = Header::new().with_languages(Some(Language::Urdu), Some(Language::Urdu));
    assert_eq!(text_of(&[0x00, ESCAPE, 0x1c], &urdu), ("\u{627}\u{6f0}".into(), false));
    let single = Header::new().with_languages(Some(Language::Urdu), None);
    assert_eq!(text_of(&[0x00, ESCAPE, 0x1c], &single), ("@\u{6f0}".into(), false));
    let locking = Header::new().with_languages(None, Some(Language::Urdu));
    assert_eq!(text_of(&[0x00, ESCAPE, 0x65], &locking), ("\u{627}€".into(), false));
    assert_eq!(
        text_of(&[ESCAPE, 0x00], &locking),
        ("\u{627}".into(), true),
        "shown from the locking table"
    );
}

#[test]
fn a_language_that_nobody_knows_is_read_in_the_default_alphabet() {
    for (element, id) in [(0x24, 0), (0x24, 14), (0x25, 2), (0x25, 0xff)] {
        let header = Header::new().with(element, &[id]);
        let text =
            over_the_wire(&message(Dcs::GSM7, Some(header), Body::Septets(b"hello".to_vec())))
                .text();
        assert_eq!(
            (text.text.as_str(), text.flaws.to_string().as_str()),
            ("hello", "unknown-language")
        );
    }
}

#[test]
fn ucs2_is_read_as_utf_16() {
    let cases: &[(&str, &[u8], &str, &str)] = &[
        ("a pair", &[0xd8, 0x3d, 0xde, 0x00], "😀", ""),
        ("the last character of all", &[0xdb, 0xff, 0xdf, 0xff], "\u{10ffff}", ""),
        ("half a pair at the end", &[0, 0x61, 0xd8, 0x3d], "a\u{fffd}", "broken-surrogate"),
        ("half a pair, then a letter", &[0xd8, 0x3d, 0, 0x61], "\u{fffd}a", "broken-surrogate"),
        (
            "two first halves",
            &[0xd8, 0x3d, 0xd8, 0x3d, 0xde, 0x00],
            "\u{fffd}😀",
            "broken-surrogate",
        ),
        ("a second half alone", &[0xde, 0x00, 0, 0x61], "\u{fffd}a", "broken-surrogate"),
        ("nothing", &[], "", ""),
        ("a zero", &[0, 0], "\0", ""),
        ("an odd octet", &[0, 0x61, 0], "a", "odd-octet"),
    ];
    for (name, octets, text, flaws) in cases {
        let read = over_the_wire(&message(Dcs::UCS2, None, Body::Octets(octets.to_vec()))).text();
        assert_eq!(
            (read.text.as_str(), read.flaws.to_string().as_str()),
            (*text, *flaws),
            "{name}"
        );
    }
}
