//! Texts put into messages and read back.

use chrono::{DateTime, Utc};
use simbridge::sms::{Address, Deliver, Scts, join, tpdu};

fn scts() -> Scts {
    Scts::from_utc("2026-06-22T12:57:03Z".parse::<DateTime<Utc>>().expect("a time"), 8)
}

fn sent(text: &str) -> Vec<Deliver> {
    let smsc = Address::parse("+31624000000");
    let parts = Deliver::compose(Some(&smsc), &Address::parse("Uber"), scts(), text, 7);
    parts.iter().map(|part| Deliver::decode(&part.encode()).expect("our own")).collect()
}

#[test]
fn a_text_arrives_as_it_was_sent_in_so_many_parts() {
    let cases: &[(&str, String, usize)] = &[
        ("empty", String::new(), 1),
        ("plain", "Your code is 1234".into(), 1),
        ("extension", "{[~]}\\|^€".into(), 1),
        ("160 septets", "a".repeat(160), 1),
        ("161 septets", "a".repeat(161), 2),
        ("an escape at the seam", format!("{}€{}", "a".repeat(152), "b".repeat(20)), 2),
        ("70 units", "я".repeat(70), 1),
        ("71 units", "я".repeat(71), 2),
        ("a surrogate pair at the seam", format!("{}😀{}", "я".repeat(66), "ж".repeat(20)), 2),
        ("the longest", "a".repeat(255 * 153), 255),
    ];
    for (name, text, parts) in cases {
        let read = sent(text);
        assert_eq!(read.len(), *parts, "{name}");
        assert_eq!(join(&read).text, *text, "{name}");
        assert!(!join(&read).lossy(), "{name}");
        for (index, part) in read.iter().enumerate() {
            let place =
                part.concat().map(|c| (c.reference, c.sequence as usize, c.total as usize, c.wide));
            assert_eq!(place, (*parts > 1).then_some((7, index + 1, *parts, false)), "{name}");
            assert!(tpdu(&part.encode()).expect("a TPDU").len() <= 164, "{name}");
        }
    }
}

#[test]
fn addresses_as_people_write_them() {
    let cases = [
        ("+31612345678", "+31612345678"),
        ("0612345678", "0612345678"),
        ("1234", "1234"),
        ("*100#", "*100#"),
        ("Uber", "Uber"),
        ("Twitter", "Twitter"),
        ("WhatsApp", "WhatsApp"),
        ("12345678901", "12345678901"),
        ("Zwölfbuchst", "Zwölfbuchst"),
        ("More than eleven", "More than e"),
        ("ten sept €", "ten sept €"),
        ("10 septets€", "10 septets"),
        ("", ""),
        ("+", "+"),
    ];
    for (written, shown) in cases {
        let originator = Address::parse(written);
        let part = Deliver::compose(None, &originator, scts(), "x", 0).remove(0);
        let read = Deliver::decode(&part.encode()).expect("our own");
        assert_eq!(read.originator.to_string(), shown);
        assert_eq!(read.originator, originator);
    }
}

#[test]
fn a_time_and_its_zone() {
    let at: DateTime<Utc> = "2026-06-22T12:57:03Z".parse().expect("a time");
    for (zone, shown) in [
        (8, "14:57:03+02:00"),
        (0, "12:57:03+00:00"),
        (-20, "07:57:03-05:00"),
        (23, "18:42:03+05:45"),
    ] {
        let scts = Scts::from_utc(at, zone);
        assert_eq!(scts.to_string(), format!("2026-06-22T{shown}"));
        assert_eq!(scts.to_utc(), Some(at));
        assert_eq!(scts.zone_quarter_hours(), Some(zone));
    }
}

#[test]
fn the_tpdu_is_what_stands_behind_the_service_centre() {
    assert_eq!(tpdu(&[0, 1, 2]), Some(&[1, 2][..]));
    assert_eq!(tpdu(&[2, 0x91, 0x13, 4]), Some(&[4][..]));
    assert_eq!(tpdu(&[2, 0x91]), None);
    assert_eq!(tpdu(&[]), None);
}
