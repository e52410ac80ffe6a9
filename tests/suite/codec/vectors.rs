//! SMS-DELIVERs that others have published, each field by itself.

use super::{deliver, octets};
use simbridge::sms::{Dcs, Deliver, Pid};

struct Vector {
    source: &'static str,
    pdu: &'static str,
    smsc: &'static str,
    originator: &'static str,
    pid: u8,
    dcs: u8,
    scts: &'static str,
    text: &'static str,
}

const VECTORS: &[Vector] = &[
    Vector {
        source: "dreamfabric.com, \"SMS and the PDU format\"",
        pdu: "07917283010010F5 04 0BC87238880900F1 00 00 99309251619580 0A E8329BFD4697D9EC37",
        smsc: "+27381000015",
        originator: "27838890001",
        pid: 0,
        dcs: 0,
        scts: "1999-03-29T15:16:59+02:00",
        text: "hellohello",
    },
    Vector {
        source: "python-messaging, test_sms.py",
        pdu: "07911326040000F0 04 0B911346610089F6 00 00 20806291731408 0C C8F71D14969741F977FD07",
        smsc: "+31624000000",
        originator: "+31641600986",
        pid: 0,
        dcs: 0,
        scts: "2002-08-26T19:37:41+00:00",
        text: "How are you?",
    },
];

#[test]
fn every_field_of_published_delivers() {
    for v in VECTORS {
        let read = deliver(v.pdu);
        assert_eq!(read.smsc.as_ref().map(ToString::to_string).as_deref(), Some(v.smsc), "{}", v.source);
        assert_eq!(read.originator.to_string(), v.originator, "{}", v.source);
        assert_eq!(read.pid, Pid(v.pid), "{}", v.source);
        assert_eq!(read.dcs, Dcs(v.dcs), "{}", v.source);
        assert_eq!(read.scts.to_string(), v.scts, "{}", v.source);
        assert_eq!(read.text().text, v.text, "{}", v.source);
        assert!(!read.text().lossy(), "{}", v.source);
        assert_eq!(hex::encode(read.encode()), hex::encode(octets(v.pdu)), "{}", v.source);
    }
}

#[test]
fn what_ends_too_early_names_the_field_and_the_octet() {
    let whole = octets(VECTORS[0].pdu);
    let cases: &[(usize, &str)] = &[
        (0, "deliver.smsc.length at octet 0: 1 more octets needed, 0 left"),
        (4, "deliver.smsc.value at octet 1: 7 more octets needed, 3 left"),
        (8, "deliver.first at octet 8: 1 more octets needed, 0 left"),
        (9, "deliver.originator.length at octet 9: 1 more octets needed, 0 left"),
        (10, "deliver.originator.type at octet 10: 1 more octets needed, 0 left"),
        (12, "deliver.originator.value at octet 11: 6 more octets needed, 1 left"),
        (17, "deliver.pid at octet 17: 1 more octets needed, 0 left"),
        (18, "deliver.dcs at octet 18: 1 more octets needed, 0 left"),
        (25, "deliver.scts at octet 19: 7 more octets needed, 6 left"),
    ];
    for (length, message) in cases {
        let error = Deliver::decode(&whole[..*length]).expect_err("too short");
        assert_eq!(error.to_string(), *message);
    }
}
