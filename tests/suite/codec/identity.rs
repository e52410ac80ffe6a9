//! Which TPDUs are the same message: every field of 23.040 clauses 9.2.2.1 and 9.2.2.3.

use super::{message, octets};
use simbridge::sms::{Body, Concat, Dcs, Header, Pdu};

fn identity(pdu: &[u8]) -> Vec<u8> {
    Pdu::decode(pdu).expect("a message").identity(pdu)
}

fn of(hex: &str) -> Vec<u8> {
    identity(&octets(hex))
}

/// The centre's address, and the TPDU behind it.
const CENTRE: &str = "07911326040000F0";
const DELIVER: &str = "04 0B911346610089F6 00 00 20806291731408 0C C8F71D14969741F977FD07";
const REPORT: &str = "06 2B 0B911346610089F6 20806291731408 20806291931408 00";

#[test]
fn what_belongs_to_the_delivery_makes_no_other_message() {
    let whole = of(&format!("{CENTRE} {DELIVER}"));
    let behind = DELIVER.trim_start_matches("04 ");
    for (name, pdu) in [
        ("more messages wait", format!("{CENTRE} 00 {behind}")),
        ("loop prevention", format!("{CENTRE} 0C {behind}")),
        ("the unused bit 4", format!("{CENTRE} 14 {behind}")),
        ("status report", format!("{CENTRE} 24 {behind}")),
        ("reply path", format!("{CENTRE} 84 {behind}")),
        ("all of them", format!("{CENTRE} A8 {behind}")),
        ("another centre", format!("07911326040000F1 {DELIVER}")),
        ("no centre", format!("00 {DELIVER}")),
        ("a record filled up", format!("{CENTRE} {DELIVER} FFFFFFFFFFFF")),
        ("a record filled up with zeros", format!("{CENTRE} {DELIVER} 000000")),
        ("spare bits", format!("{CENTRE} {}F7", DELIVER.trim_end_matches("07"))),
    ] {
        assert_eq!(of(&pdu), whole, "{name}");
    }
}

#[test]
fn what_belongs_to_the_message_makes_another_one() {
    let whole = of(&format!("{CENTRE} {DELIVER}"));
    for (name, from, to) in [
        ("a header", "04 0B91", "44 0B91"),
        ("the sender", "1346610089F6", "1346610089F7"),
        ("the type of the sender's address", "0B91", "0B81"),
        ("the protocol", "F6 00 00", "F6 41 00"),
        ("the coding scheme", "F6 00 00", "F6 00 F1"),
        ("a second", "20806291731408", "20806291732408"),
        ("the zone", "20806291731408", "20806291731480"),
        ("the text", "C8F71D", "C9F71D"),
        ("the length of the text", "0C C8", "0A C8"),
    ] {
        let other = DELIVER.replacen(from, to, 1);
        assert_ne!(other, DELIVER, "{name}");
        assert_ne!(of(&format!("{CENTRE} {other}")), whole, "{name}");
    }
}

#[test]
fn parts_differ_by_their_header_and_not_by_its_fill_bits() {
    let part = |sequence| {
        let concat = Concat { reference: 7, total: 2, sequence, wide: false };
        let header = Header::new().with_concat(concat);
        message(Dcs::GSM7, Some(header), Body::Septets(b"text".to_vec())).encode()
    };
    assert_ne!(identity(&part(1)), identity(&part(2)));
    let plain = part(1);
    // Six octets of header are 48 bits, and a septet begins at bit 49.
    let fill = plain.len() - "text".len();
    let mut filled = plain.clone();
    filled[fill] ^= 0x01;
    assert_ne!(filled, plain);
    assert_eq!(identity(&filled), identity(&plain));
    let mut again = plain.clone();
    again[1] ^= 0xac;
    assert_eq!(identity(&again), identity(&plain));
}

#[test]
fn reports_are_told_apart_by_what_they_report() {
    let whole = of(&format!("{CENTRE} {REPORT}"));
    let behind = REPORT.trim_start_matches("06 ");
    for (name, first, same) in [
        ("more messages wait", "02", true),
        ("loop prevention", "0E", true),
        ("on a command", "26", false),
    ] {
        assert_eq!(of(&format!("{CENTRE} {first} {behind}")) == whole, same, "{name}");
    }
    for (name, from, to) in [
        ("the number of the message", "2B 0B", "2C 0B"),
        ("the recipient", "89F6", "89F7"),
        ("when it was delivered", "20806291931408", "20806291932408"),
        ("the status", "08 00", "08 30"),
    ] {
        let other = REPORT.replacen(from, to, 1);
        assert_ne!(other, REPORT, "{name}");
        assert_ne!(of(&format!("{CENTRE} {other}")), whole, "{name}");
    }
    assert_eq!(of(&format!("00 {REPORT} FFFF")), whole);
}

#[test]
fn a_draft_is_known_by_all_of_its_octets() {
    let draft = "01 00 0B911326547698F7 00 00 05 C8329BFD06";
    assert_eq!(of(&format!("00 {draft}")), of(&format!("{CENTRE} {draft}")));
    assert_ne!(of(&format!("00 {draft}")), of(&format!("00 {}", draft.replace("01 00", "01 01"))));
}
