//! User data headers: what is known, what is skipped, what is broken.

use super::{message, over_the_wire};
use simbridge::sms::{Body, Concat, Dcs, Flaw, Header, Indicated, Indication, Ports};

fn header(octets: &[u8]) -> Header {
    Header(octets.to_vec())
}

#[test]
fn concatenation() {
    let narrow =
        |reference, total, sequence| Some(Concat { reference, total, sequence, wide: false });
    let wide = |reference, total, sequence| Some(Concat { reference, total, sequence, wide: true });
    let cases: &[(&str, &[u8], Option<Concat>)] = &[
        ("8 bit", &[0, 3, 7, 2, 1], narrow(7, 2, 1)),
        ("16 bit", &[8, 4, 1, 7, 2, 2], wide(0x107, 2, 2)),
        ("behind others", &[0x24, 1, 1, 0x7f, 0, 0, 3, 7, 2, 1], narrow(7, 2, 1)),
        ("the last counts", &[0, 3, 7, 2, 1, 8, 4, 1, 7, 3, 2], wide(0x107, 3, 2)),
        ("one of one", &[0, 3, 7, 1, 1], narrow(7, 1, 1)),
        ("255 of 255", &[0, 3, 7, 255, 255], narrow(7, 255, 255)),
        ("part 0", &[0, 3, 7, 2, 0], None),
        ("part 3 of 2", &[0, 3, 7, 2, 3], None),
        ("of none", &[0, 3, 7, 0, 0], None),
        (
            "an impossible one does not hide a good one",
            &[0, 3, 7, 2, 1, 8, 4, 1, 7, 2, 0],
            narrow(7, 2, 1),
        ),
        ("of a wrong length", &[0, 2, 7, 2], None),
        ("running past the end", &[0, 3, 7, 2], None),
        ("a lone identifier behind it", &[0, 3, 7, 2, 1, 0x24], None),
        ("nothing", &[], None),
    ];
    for (name, octets, concat) in cases {
        let sent = message(Dcs::GSM7, Some(header(octets)), Body::Septets(b"text".to_vec()));
        let read = over_the_wire(&sent);
        assert_eq!(read.concat(), *concat, "{name}");
        assert_eq!(read.text().text, "text", "{name}: a bad header hides no text");
        assert_eq!(
            read.user_data.flaws.has(Flaw::BrokenHeader),
            !header(octets).is_whole(),
            "{name}"
        );
    }
}

#[test]
fn ports_and_indications() {
    let ports = |destination, source, wide| Some(Ports { destination, source, wide });
    assert_eq!(header(&[5, 4, 0x0b, 0x84, 0x23, 0xf0]).ports(), ports(2948, 9200, true), "push");
    assert_eq!(header(&[4, 2, 240, 241]).ports(), ports(240, 241, false));
    assert_eq!(header(&[5, 2, 1, 2]).ports(), None);
    let indicated: Vec<Indicated> = header(&[1, 2, 0x80, 3, 1, 2, 0x01, 0]).indicated().collect();
    let voicemail = Indicated { store: true, indication: Indication::Voicemail, count: 3 };
    assert_eq!(
        indicated,
        [voicemail, Indicated { store: false, indication: Indication::Fax, count: 0 }]
    );
}

#[test]
fn a_wap_push_is_kept_as_data() {
    let push = Header::new().with(5, &[0x0b, 0x84, 0x23, 0xf0]);
    let body = Body::Octets(hex::decode("2f0603beaf8d").expect("hex"));
    let read = over_the_wire(&message(Dcs::DATA, Some(push), body.clone()));
    assert_eq!(read.user_data.body, body);
    assert_eq!(read.text().flaws.to_string(), "data");
    assert_eq!(read.user_data.header.and_then(|h| h.ports()).map(|p| p.destination), Some(2948));
}

#[test]
fn a_port_header_does_not_cost_the_first_letter() {
    for length in 0..12 {
        let with_ports =
            Header::new().with(0x70, &vec![0; length]).with(5, &[0x0b, 0x84, 0x23, 0xf0]);
        let read =
            over_the_wire(&message(Dcs::GSM7, Some(with_ports), Body::Septets(b"Hello".to_vec())));
        assert_eq!(read.text().text, "Hello", "behind {length} octets more");
    }
}
