//! What messages are for: each level of protocol identifier, coding scheme and header by itself.

use super::{message, octets, over_the_wire};
use simbridge::sms::{Body, Concat, Dcs, Header, Indication, Language, Pid, Ports, Purpose, join};

/// The headers and the body of a push with this media type.
fn push(media: &[u8]) -> Vec<u8> {
    let headers = [media, &[0xaf, 0x84]].concat();
    [&[0x01, 0x06, u8::try_from(headers.len()).expect("short")], headers.as_slice(), b"\x8c\x82"]
        .concat()
}

fn to_port(port: u16) -> Header {
    let [high, low] = port.to_be_bytes();
    Header::new().with(5, &[high, low, 0x23, 0xf0])
}

fn hello() -> Body {
    Body::Septets(b"hello".to_vec())
}

fn nothing() -> Body {
    Body::Septets(Vec::new())
}

fn data(octets: &[u8]) -> Body {
    Body::Octets(octets.to_vec())
}

fn waiting(indication: Indication) -> Purpose {
    Purpose::MessageWaiting(Some(indication))
}

fn application(destination: u16, source: u16, wide: bool) -> Purpose {
    Purpose::Application(Ports { destination, source, wide })
}

type Case = (&'static str, u8, u8, Option<Header>, Body, Purpose);

fn protocol_identifiers() -> Vec<Case> {
    vec![
        ("plain", 0x00, 0x00, None, hello(), Purpose::Text),
        ("another centre's telematics", 0x39, 0x00, None, hello(), Purpose::Text),
        ("electronic mail", 0x32, 0x00, None, hello(), Purpose::Text),
        ("type 0 with a text", 0x40, 0x00, None, hello(), Purpose::Probe),
        ("type 0, flash", 0x40, 0xf0, None, nothing(), Purpose::Probe),
        ("replace type 1", 0x41, 0x00, None, hello(), Purpose::Text),
        ("replace type 7", 0x47, 0x00, None, hello(), Purpose::Text),
        ("a device trigger without ports", 0x48, 0x00, None, hello(), Purpose::Text),
        ("enhanced messages, obsolete", 0x5e, 0x00, None, hello(), Purpose::Text),
        ("return call", 0x5f, 0x00, None, hello(), Purpose::MessageWaiting(None)),
        ("reserved", 0x60, 0x00, None, hello(), Purpose::Text),
        ("ANSI-136 R-DATA", 0x7c, 0xf2, None, hello(), Purpose::Equipment),
        ("to the mobile equipment", 0x7d, 0xf1, None, hello(), Purpose::Equipment),
        ("de-personalisation", 0x7e, 0x11, None, hello(), Purpose::Equipment),
        ("to the SIM", 0x7f, 0xf6, None, data(b"\x02\x70\x00"), Purpose::Equipment),
        ("to the SIM, other group", 0x7f, 0x16, None, data(b"\x02\x70\x00"), Purpose::Equipment),
        ("to the SIM without a class", 0x7f, 0x04, None, data(b"\x00\x10"), Purpose::Equipment),
        ("to the SIM, but a text", 0x7f, 0x00, None, hello(), Purpose::Text),
        ("the centre's own", 0xc3, 0x00, None, hello(), Purpose::Text),
    ]
}

fn message_waiting() -> Vec<Case> {
    let header = |kind: u8, count: u8| Some(Header::new().with(1, &[kind, count]));
    let enhanced = Some(Header::new().with(0x23, &[0x01, 0x00]));
    vec![
        ("discard", 0, 0xc8, None, hello(), waiting(Indication::Voicemail)),
        ("discard, no longer", 0, 0xc0, None, nothing(), waiting(Indication::Voicemail)),
        ("store", 0, 0xd9, None, hello(), waiting(Indication::Fax)),
        ("store, UCS-2", 0, 0xea, None, Body::ucs2("почта"), waiting(Indication::Email)),
        ("header, store", 0, 0, header(0x80, 3), hello(), waiting(Indication::Voicemail)),
        ("header, discard", 0, 0, header(0x03, 0), nothing(), waiting(Indication::Other)),
        ("enhanced", 0, 0, enhanced, hello(), Purpose::MessageWaiting(None)),
    ]
}

fn ports() -> Vec<Case> {
    let narrow = |port: u8| Some(Header::new().with(4, &[port, 0]));
    let wide = |port| Some(to_port(port));
    let command = Some(Header::new().with(0x70, &[]));
    vec![
        ("8 bit", 0, 0, narrow(240), hello(), application(240, 0, false)),
        ("8 bit, reserved", 0, 0, narrow(226), hello(), Purpose::Text),
        ("8 bit, reserved, data", 0, 4, narrow(226), data(b"x"), application(226, 0, false)),
        ("16 bit", 0, 0, wide(16_000), hello(), application(16_000, 9200, true)),
        ("16 bit, reserved", 0, 0, wide(49_152), hello(), Purpose::Text),
        ("16 bit, reserved, data", 0, 4, wide(49_999), data(b"x"), application(49_999, 9200, true)),
        ("a command packet", 0, 0xf6, command, data(b"\x00\x10"), Purpose::Equipment),
        ("data without a port", 0, 4, None, data(b"\x00\x10"), Purpose::Text),
    ]
}

#[test]
fn every_kind_of_message_is_known_for_what_it_is() {
    for (name, pid, dcs, header, body, purpose) in
        protocol_identifiers().into_iter().chain(message_waiting()).chain(ports())
    {
        let mut sent = message(Dcs(dcs), header, body);
        sent.pid = Pid(pid);
        assert_eq!(over_the_wire(&sent).purpose(), purpose, "{name}");
    }
}

#[test]
fn applications_have_the_names_that_people_use() {
    let long = |sequence| {
        to_port(2948).with_concat(Concat { reference: 7, total: 2, sequence, wide: false })
    };
    let mms = push(&[0xbe]);
    let cases: &[(Header, &[u8], Option<&str>)] = &[
        (to_port(2948), &mms, Some("MMS notification")),
        (long(1), &mms, Some("MMS notification")),
        (long(2), &mms, Some("WAP push")),
        (to_port(2948), &push(b"application/vnd.wap.mms-message\0"), Some("MMS notification")),
        (to_port(2948), &push(&[0x05, 0xb6, 0x91, 0x81, 0x92, 0x30]), Some("client provisioning")),
        (to_port(2948), &push(&[0x1f, 0x02, 0xb6, 0x81]), Some("client provisioning")),
        (to_port(2948), &push(&[0xc4]), Some("device management")),
        (to_port(2948), &push(&[0xae]), Some("service indication")),
        (to_port(2948), &push(&[0xb0]), Some("service loading")),
        (to_port(2948), &push(&[0x81]), Some("WAP push")),
        (to_port(2948), &[0x01, 0x06, 0x81], Some("WAP push")),
        (to_port(2948), &[], Some("WAP push")),
        (to_port(2949), &mms, Some("WAP push")),
        (to_port(5505), &[0x02, 0x4a], Some("ring tone")),
        (to_port(9204), b"BEGIN:VCARD", Some("vCard")),
        (to_port(16_000), b"hello", None),
        (Header::new().with(4, &[226, 0]), b"BEGIN:VCARD", None),
        (Header::new(), b"hello", None),
    ];
    for (header, body, name) in cases {
        let sent = message(Dcs::DATA, Some(header.clone()), data(body));
        let read = over_the_wire(&sent);
        assert_eq!(read.application(), *name, "{header:02x?} {body:02x?}");
    }
}

#[test]
fn text_in_8_bit_data_is_whole_where_a_character_is_split_between_parts() {
    let part = |octets: &[u8]| over_the_wire(&message(Dcs::DATA, None, data(octets)));
    let text = "Größe €";
    for cut in 0..=text.len() {
        let (first, second) = text.as_bytes().split_at(cut);
        assert_eq!(join(&[part(first), part(second)]).text, text, "cut at {cut}");
    }
    let latin = [part(b"d'acc"), part(b"\xe8s: 6620")];
    assert_eq!(join(&latin).text, "d'accès: 6620", "and Latin-1");
}

/// A part with a text in the tables of these languages.
fn shifted(sequence: u8, text: &str, single: Option<Language>, locking: Option<Language>) -> Body {
    let header = languages(sequence, single, locking);
    Body::septets(text, Some(&header)).unwrap_or_else(|| panic!("{text} in its tables"))
}

fn languages(sequence: u8, single: Option<Language>, locking: Option<Language>) -> Header {
    let concat = Concat { reference: 77, total: 2, sequence, wide: false };
    Header::new().with_concat(concat).with_languages(single, locking)
}

#[test]
fn each_part_has_the_tables_that_its_own_header_names() {
    let (turkish, spanish, portuguese) =
        (Some(Language::Turkish), Some(Language::Spanish), Some(Language::Portuguese));
    let cases = [
        ("Şifreniz ğıİ: ", (turkish, turkish), "482913 ışık", (turkish, None)),
        ("Código á: ", (spanish, None), "5521 €", (None, None)),
        ("Código ã: ", (portuguese, portuguese), "5521 ê", (portuguese, portuguese)),
        ("plain ", (None, None), "ığüşöç", (turkish, turkish)),
    ];
    for (first, (single, locking), second, (single_2, locking_2)) in cases {
        let parts = [(1, first, single, locking), (2, second, single_2, locking_2)].map(
            |(sequence, text, single, locking)| {
                let body = shifted(sequence, text, single, locking);
                over_the_wire(&message(Dcs::GSM7, Some(languages(sequence, single, locking)), body))
            },
        );
        let joined = join(&parts);
        assert_eq!((joined.text, joined.flaws.is_empty()), (format!("{first}{second}"), true));
    }
}

#[test]
fn a_voice_mail_notification_by_hand() {
    // 23.038 clause 4, group 1100: discard, active, voice mail; four letters in the 7-bit alphabet.
    let pdu = octets("00 04 07 D1 D6A4F509 00 C8 62602221753080 04 D6F7B80C");
    let read = simbridge::sms::Deliver::decode(&pdu).expect("a deliver");
    assert_eq!(read.originator.to_string(), "VIVO");
    assert_eq!(read.purpose(), waiting(Indication::Voicemail));
    assert_eq!(read.text().text, "Voce");
}
