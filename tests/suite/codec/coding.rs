//! Data coding schemes, addresses and time stamps: every value of the first, the odd ones of the
//! others.

use super::{deliver, message, over_the_wire};
use chrono::DateTime;
use simbridge::sms::{Address, Alphabet, Body, Class, Dcs, Deliver, Indication, Scts, Waiting};

/// What 23.038 4 says of each value, written as the standard writes it: bits, with `x` for either.
fn described(dcs: u8) -> (Alphabet, Option<Class>, bool, bool, bool) {
    let bit = |n: u8| dcs >> n & 1 == 1;
    let classes = [Class::Flash, Class::Equipment, Class::Sim, Class::Terminal];
    let class = classes[usize::from(dcs & 3)];
    match dcs >> 4 {
        // 0xxx: general coding and automatic deletion.
        0..=7 => {
            let (alphabet, reserved) = match (bit(3), bit(2)) {
                (false, false) => (Alphabet::Gsm7, false),
                (false, true) => (Alphabet::Data, false),
                (true, false) => (Alphabet::Ucs2, false),
                (true, true) => (Alphabet::Gsm7, true),
            };
            (alphabet, bit(4).then_some(class), bit(5), bit(6), reserved)
        }
        // 1000 to 1011: reserved coding groups.
        8..=11 => (Alphabet::Gsm7, None, false, false, true),
        // 1100, 1101: message waiting, default alphabet; 1110: UCS-2. Bit 2 is 0.
        12 | 13 => (Alphabet::Gsm7, None, false, false, bit(2)),
        14 => (Alphabet::Ucs2, None, false, false, bit(2)),
        // 1111: data coding and class. Bit 3 is 0.
        _ => (
            if bit(2) { Alphabet::Data } else { Alphabet::Gsm7 },
            Some(class),
            false,
            false,
            bit(3),
        ),
    }
}

#[test]
fn every_data_coding_scheme() {
    for value in 0..=255 {
        let dcs = Dcs(value);
        let read = (
            dcs.alphabet(),
            dcs.class(),
            dcs.is_compressed(),
            dcs.is_deleted_after_reading(),
            dcs.is_reserved(),
        );
        assert_eq!(read, described(value), "{value:02x}");
        let is_waiting = matches!(value >> 4, 12..=14);
        assert_eq!(dcs.waiting().is_some(), is_waiting, "{value:02x}");
    }
}

#[test]
fn message_waiting_groups() {
    let cases = [
        (0xc0, Waiting { discard: true, active: false, indication: Indication::Voicemail }),
        (0xc8, Waiting { discard: true, active: true, indication: Indication::Voicemail }),
        (0xd9, Waiting { discard: false, active: true, indication: Indication::Fax }),
        (0xd2, Waiting { discard: false, active: false, indication: Indication::Email }),
        (0xeb, Waiting { discard: false, active: true, indication: Indication::Other }),
    ];
    for (dcs, waiting) in cases {
        assert_eq!(Dcs(dcs).waiting(), Some(waiting), "{dcs:02x}");
    }
}

#[test]
fn every_coding_scheme_yields_its_text_or_says_why_not() {
    for value in 0..=255u8 {
        let dcs = Dcs(value);
        let (body, shown) = match (dcs.is_compressed(), dcs.alphabet()) {
            (true, _) | (_, Alphabet::Data) => (Body::Octets(vec![0xe8, 0x32, 0x9b]), ""),
            (_, Alphabet::Gsm7) => (Body::Septets(b"code 4711".to_vec()), "code 4711"),
            (_, Alphabet::Ucs2) => (Body::ucs2("код 4711"), "код 4711"),
        };
        let read = over_the_wire(&message(dcs, None, body.clone()));
        assert_eq!(read.user_data.body, body, "{value:02x}");
        assert_eq!(read.text().text, shown, "{value:02x}");
        let names = [
            (dcs.is_reserved(), "reserved-coding"),
            (dcs.is_compressed(), "compressed"),
            (!dcs.is_compressed() && dcs.alphabet() == Alphabet::Data, "data"),
        ];
        let flaws: Vec<&str> =
            names.into_iter().filter_map(|(there, name)| there.then_some(name)).collect();
        assert_eq!(read.text().flaws.to_string(), flaws.join(","), "{value:02x}");
    }
}

/// A message from this address, as length, type and value.
fn from(address: &str) -> Deliver {
    deliver(&format!("00 04 {address} 00 00 62602221753080 00"))
}

#[test]
fn addresses_of_every_type_of_number() {
    let cases = [
        ("unknown", "0A 81 6021436587", "0612345678"),
        ("international", "0B 91 1316325476F8", "+31612345678"),
        ("national", "09 A1 16325476F8", "612345678"),
        ("network specific", "04 B1 2143", "1234"),
        ("subscriber", "04 C1 2143", "1234"),
        ("alphanumeric", "07 D0 5571590E", "Uber"),
        ("abbreviated", "04 E1 2143", "1234"),
        ("reserved", "04 F1 2143", "1234"),
        ("no extension bit", "0B 11 1316325476F8", "+31612345678"),
        ("star, hash and letters", "07 81 1A0BDCFE", "*1#0abc"),
        ("empty", "00 81", ""),
        ("empty international", "00 91", ""),
        ("empty name", "00 D0", ""),
        ("twenty digits", "14 81 21436587092143658709", "12345678901234567890"),
        (
            "longer than the standard allows",
            "16 81 2143658709214365870921",
            "1234567890123456789012",
        ),
        ("a name of one letter", "02 D0 41", "A"),
    ];
    for (name, address, shown) in cases {
        assert_eq!(from(address).originator.to_string(), shown, "{name}");
    }
}

#[test]
fn names_of_every_length_come_back() {
    for length in 0..=140 {
        let name: String = ('A'..='Z').cycle().take(length).collect();
        let mut sent = message(Dcs::GSM7, None, Body::Septets(Vec::new()));
        sent.originator = Address { kind: 0xd0, value: name.clone() };
        assert_eq!(over_the_wire(&sent).originator.value, name);
    }
}

#[test]
fn time_stamps() {
    let cases: &[(&str, &str, Option<&str>)] = &[
        ("half past five in Kathmandu", "62602271030032", Some("2026-06-22T11:45:00Z")),
        ("last century", "07101000000000", Some("1970-01-01T00:00:00Z")),
        ("1999", "99211332959500", Some("1999-12-31T23:59:59Z")),
        ("2069", "96211332959500", Some("2069-12-31T23:59:59Z")),
        (
            "Newfoundland, three and a half hours west",
            "62602221003049",
            Some("2026-06-22T15:30:03Z"),
        ),
        ("all zero", "00000000000000", None),
        ("month 13", "62312200000000", None),
        ("30 February", "62200300000000", None),
        ("hour 24", "62602242000000", None),
        ("digits that are none", "FFFFFFFFFFFFFF", None),
        ("a zone that is none", "626022000000FF", None),
    ];
    for (name, hex, utc) in cases {
        let octets: [u8; 7] = hex::decode(hex).expect("hex").try_into().expect("seven");
        let scts = Scts(octets);
        let utc = utc.map(|utc| DateTime::parse_from_rfc3339(utc).expect("a time").to_utc());
        assert_eq!(scts.to_utc(), utc, "{name}");
        if utc.is_none() {
            assert_eq!(scts.to_string(), *hex, "{name}");
        }
    }
}
