//! PDUs as real networks and modems give them, each breaking the standard in its own way. What
//! matters is that the text comes out as far as it is in there, and that the flaw is named.

use super::{deliver, octets};
use simbridge::sms::{Dcs, Deliver, Pdu, Pid};

/// The text and the flaws of a message with these fields from the originator on.
fn read(fields: &str) -> (String, String) {
    let text = deliver(&format!("00 {fields}")).text();
    (text.text, text.flaws.to_string())
}

fn is(text: &str, flaws: &str) -> (String, String) {
    (text.to_owned(), flaws.to_owned())
}

fn originator(address: &str) -> String {
    deliver(&format!("00 04 {address} 00 00 62602221753080 00")).originator.to_string()
}

#[test]
fn type_of_address_d0() {
    assert_eq!(originator("0E D0 D7327BFC6E9741"), "Welcome ", "14 half octets, 8 letters");
}

#[test]
fn type_of_address_d1() {
    assert_eq!(originator("07 D1 5571590E"), "Uber");
}

#[test]
fn type_of_address_d0_with_a_length_in_whole_octets() {
    assert_eq!(
        originator("0D D0 D4F7BA4C97CB01"),
        originator("0E D0 D4F7BA4C97CB01"),
        "seven letters, not eight"
    );
}

#[test]
fn type_of_address_91_with_an_odd_digit_count() {
    assert_eq!(originator("0B 91 1316325476F8"), "+31612345678");
    assert_eq!(originator("0C 91 1316325476F8"), "+31612345678", "the fill counted as a digit");
    assert_eq!(originator("0B 91 131632547608"), "+31612345678", "filled with zero");
}

#[test]
fn an_empty_originating_address() {
    for kind in ["80", "81", "91", "A1", "D0"] {
        assert_eq!(originator(&format!("00 {kind}")), "");
    }
    assert_eq!(read("04 00 81 00 00 62602221753080 03 E1F118"), is("acc", ""));
}

#[test]
fn udl_0() {
    assert_eq!(read("04 04 81 2143 00 00 62602221753080 00"), is("", ""));
    assert_eq!(read("04 04 81 2143 00 08 62602221753080 00"), is("", ""));
    assert_eq!(
        read("44 04 81 2143 00 00 62602221753080 00"),
        is("", "broken-header"),
        "though it says it has a header"
    );
}

#[test]
fn a_udl_that_is_not_there() {
    assert_eq!(read("04 04 81 2143 00 00 62602221753080"), is("", "wrong-length"));
}

#[test]
fn a_udl_greater_than_the_bytes() {
    assert_eq!(
        read("04 04 81 2143 00 00 62602221753080 A0 E8329BFD4697D9EC37"),
        is("hellohello", "wrong-length")
    );
    assert_eq!(read("04 04 81 2143 00 08 62602221753080 8C 04420435"), is("те", "wrong-length"));
}

#[test]
fn a_udl_smaller_than_the_bytes() {
    assert_eq!(
        read("04 04 81 2143 00 00 62602221753080 05 E8329BFD4697D9EC37"),
        is("hello", "wrong-length")
    );
    assert_eq!(
        read("04 04 81 2143 00 08 62602221753080 02 0442043504410442"),
        is("т", "wrong-length")
    );
}

#[test]
fn a_record_filled_up_to_its_size() {
    let record =
        format!("04 04 81 2143 00 00 62602221753080 0A E8329BFD4697D9EC37 {}", "FF".repeat(100));
    assert_eq!(read(&record), is("hellohello", "wrong-length"));
}

#[test]
fn a_udl_that_counts_octets_of_packed_text() {
    assert_eq!(
        read("04 04 81 2143 00 00 62602221753080 09 E8329BFD4697D9EC37"),
        is("hellohello", "wrong-length")
    );
}

#[test]
fn a_udl_that_counts_characters_of_ucs2() {
    assert_eq!(
        read("04 04 81 2143 00 08 62602221753080 04 0442043504410442"),
        is("тест", "wrong-length")
    );
}

#[test]
fn udhl_equal_to_udl() {
    // The header's length octet says 5, and five octets are all there is: not enough for the
    // header.
    assert_eq!(
        read("44 04 81 2143 00 04 62602221753080 05 0500030702"),
        is("", "broken-header,data")
    );
    // Exactly a header and no text is no fault.
    assert_eq!(read("44 04 81 2143 00 08 62602221753080 06 050003070201"), is("", ""));
}

#[test]
fn udhl_greater_than_udl() {
    let (text, flaws) = read("44 04 81 2143 00 00 62602221753080 0A E8329BFD4697D9EC37");
    assert_eq!(
        (text.as_str(), flaws.as_str()),
        ("hellohello", "broken-header"),
        "no header at all: it is the text"
    );
}

#[test]
fn reserved_dcs_values() {
    for dcs in ["0C", "1F", "80", "9A", "B3", "C4", "D7", "F8"] {
        let fields = format!("04 04 81 2143 00 {dcs} 62602221753080 0A E8329BFD4697D9EC37");
        assert_eq!(read(&fields), is("hellohello", "reserved-coding"), "{dcs}");
    }
    assert_eq!(read("04 04 81 2143 00 E4 62602221753080 02 0442"), is("т", "reserved-coding"));
}

#[test]
fn pid_39() {
    let message = deliver("00 04 04 81 2143 39 00 62602221753080 0A E8329BFD4697D9EC37");
    assert_eq!((message.pid, message.text().text.as_str()), (Pid(0x39), "hellohello"));
}

#[test]
fn a_ucs2_text_with_an_odd_byte_count() {
    assert_eq!(read("04 04 81 2143 00 08 62602221753080 05 0442043504"), is("те", "odd-octet"));
}

#[test]
fn a_silent_sms_and_one_that_replaces_are_still_messages() {
    let silent = deliver("00 04 04 81 2143 40 00 62602221753080 00");
    assert!(silent.pid.is_type_0());
    let replacing = deliver("00 04 04 81 2143 47 00 62602221753080 00");
    assert_eq!(replacing.pid.replaces(), Some(7));
    assert_eq!(deliver("00 04 04 81 2143 48 00 62602221753080 00").pid.replaces(), None);
}

#[test]
fn the_reserved_message_type_is_a_deliver() {
    let message =
        Deliver::decode(&octets("00 07 04 81 2143 00 00 62602221753080 0A E8329BFD4697D9EC37"));
    assert_eq!(message.map(|m| m.text().text), Ok("hellohello".to_owned()));
    assert!(matches!(
        Pdu::decode(&octets("00 07 04 81 2143 00 00 62602221753080 00")),
        Ok(Pdu::Deliver(_))
    ));
}

#[test]
fn another_message_type_is_named() {
    let error = Deliver::decode(&octets("02 91 13 06 17")).expect_err("a status report");
    assert_eq!(
        error.to_string(),
        "deliver.first at octet 3: message type status-report where deliver was expected"
    );
}

#[test]
fn an_impossible_time_stamp_is_kept() {
    let message = deliver("00 04 04 81 2143 00 00 00000000000000 0A E8329BFD4697D9EC37");
    assert_eq!(message.scts.to_utc(), None);
    assert_eq!(message.text().text, "hellohello");
    assert_eq!(hex::encode(message.encode()), "0004048121430000000000000000000ae8329bfd4697d9ec37");
}

#[test]
fn text_sent_as_8_bit_data() {
    assert_eq!(
        read("04 04 81 2143 00 04 62602221753080 09 636F64652034373131"),
        is("code 4711", "data")
    );
    assert_eq!(read("04 04 81 2143 00 F5 62602221753080 04 C3A92031"), is("é 1", "data"));
    assert_eq!(
        read("04 04 81 2143 00 04 62602221753080 04 63006F64"),
        is("", "data"),
        "a zero octet is no text"
    );
    let with_ports = "44 04 81 2143 00 04 62602221753080 0B 0605040B8423F0 636F6465";
    assert_eq!(read(with_ports), is("", "data"), "it is for an application");
}

#[test]
fn compressed_text_is_kept_as_octets() {
    let message = deliver("00 04 04 81 2143 00 20 62602221753080 03 010203");
    assert_eq!(message.dcs, Dcs(0x20));
    assert_eq!(message.text().flaws.to_string(), "compressed");
    assert!(hex::encode(message.encode()).ends_with("03010203"));
}
