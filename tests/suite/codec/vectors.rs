//! SMS-DELIVERs that others have published, each field by itself.

use super::{deliver, octets};
use simbridge::sms::{Dcs, Deliver, Pid, join};

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
        source: "\"SMS and the PDU format\", dreamfabric.com",
        pdu: "07917283010010F5 04 0BC87238880900F1 00 00 99309251619580 0A E8329BFD4697D9EC37",
        smsc: "+27381000015",
        originator: "27838890001",
        pid: 0,
        dcs: 0,
        scts: "1999-03-29T15:16:59+02:00",
        text: "hellohello",
    },
    Vector {
        source: "python-messaging, 7 bit; the zone is minus zero",
        pdu: "07911326040000F0 04 0B911346610089F6 00 00 20806291731408 0C C8F71D14969741F977FD07",
        smsc: "+31624000000",
        originator: "+31641600986",
        pid: 0,
        dcs: 0,
        scts: "2002-08-26T19:37:41+00:00",
        text: "How are you?",
    },
    Vector {
        source: "ModemManager, pdu1: extension table, five hours west",
        pdu: "07912104442961F4 04 0B916171957291F8 00 00 11208211050 50A 6A
              C8B2BC7C9A83C220F6DB7D2ECB41EDF27C1E3E97411BDE06754FD3D1A0F9BB5D0695F1F4B29B5C2683
              C6E8B03C3CA697E5F3
              4D6AE303D1D1F2F7DD0D4ABB59A0797D8C0685E7A00028EC26832A960B28EC2683BE6050780EBA97D9
              6C17",
        smsc: "+12404492164",
        originator: "+16175927198",
        pid: 0,
        dcs: 0,
        scts: "2011-02-28T11:50:50-05:00",
        text: "Here's a longer message [{with some extended characters}] thrown in, such as £ and \
               ΩΠΨ and §¿ as well.",
    },
    Vector {
        source: "ModemManager, pdu2: a name of eleven letters, UCS-2",
        pdu: "07919730071111F1 04 14D04937BD2C7797E9D3E614 00 08 11309291024061 08
              0442043504410442",
        smsc: "+79037011111",
        originator: "InternetSMS",
        pid: 0,
        dcs: 8,
        scts: "2011-03-29T19:20:04+04:00",
        text: "тест",
    },
    Vector {
        source: "ModemManager, pdu3_nzpid: a protocol identifier that means nothing",
        pdu: "07912143658709F1 04 0B918100551512F2 FF 00 11101021436500 0A E8329BFD4697D9EC37",
        smsc: "+12345678901",
        originator: "+18005551212",
        pid: 0xff,
        dcs: 0,
        scts: "2011-01-01T12:34:56+00:00",
        text: "hellohello",
    },
    Vector {
        source: "ModemManager, dcsf1: SFR, class 1, a sender type 0x85",
        pdu: "0791330609109 3F0 04 04858100 00 F1 11604231805180 A0
              49B7F90D9A1AA5A01668F8769BD3E4B29B9E2EB359A03FC85D06A9C3ED707A0EA2CBC3EE79BB4CA7CB
              CBA05643617DA7C769
              90FD4D979741EE77DD5E0ED741ED371D442E83E0E1F9BC0CD281E677D9B84C06C1DF7539E85C9097E5
              20FB9B2E2F83C6EF
              369C5E064D8D52D0BC2E07DDEF77D7DC2C7799E5A0771D040FCB41F402BB0047BFDD6550B80ECAD966",
        smsc: "+33609001390",
        originator: "1800",
        pid: 0,
        dcs: 0xf1,
        scts: "2011-06-24T13:08:15+02:00",
        text: "Info SFR - Confidentiel, à ne jamais transmettre -\r\n\
               Voici votre nouveau mot de passe : sw2ced pour gérer votre compte SFR \
               sur www.sfr.fr ou par téléphone au 963",
    },
    Vector {
        source: "ModemManager, udhi: KPN's welcome, 16-bit concatenation",
        pdu: "07911356131313F6 40 04850120 39 00 11609232239180 A0 06080400100201
              D7327BFD6EB340E2321BF46E83EA7790F59D1E97DBE1341B442F83C465763D3DA797E56537C81D0ECB
              41AB59CC1693C16031D9
              6C064241E5656838AF03A96230982A269BCD462917C8FA4E8FCBED709A0D7ABBE9F6B0FB5C7683D273
              50984D4FABC9A0B33C4C
              4FCF5D20EBFB2D079DCB62793DBD06D9C36E50FB2D4E97D9A0B49B5E96BBCB",
        smsc: "+31653131316",
        originator: "1002",
        pid: 0x39,
        dcs: 0,
        scts: "2011-06-29T23:32:19+02:00",
        text: "Welkom, bel om uw Voicemail te beluisteren naar +31612001233 (PrePay: *100*1233#). \
               Voicemail ontvangen is altijd gratis. Voor gebruik van mobiel interne",
    },
];

#[test]
fn every_field_of_published_delivers() {
    for v in VECTORS {
        let read = deliver(v.pdu);
        assert_eq!(
            read.smsc.as_ref().map(ToString::to_string).as_deref(),
            Some(v.smsc),
            "{}",
            v.source
        );
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
fn a_published_long_message() {
    let parts = [
        "07912160130320F5440B916171056429F5000021405291650569A00500034C0201A9E8F41C949E83C2207B
         599E07B1DFEE33885E9ED341
         E4F23C7D7697C920FA1B54C697E5E3F4BC0C6AD7D9F434081E96D341E3303C2C4EB3D3F4BC0B94A483E6E8
         779D4D06CDD1EF3BA80E07
         85E7A0B7BB0C6A97E7F3F0B9CC02B9DF7450780EA2DFDF2C50780EA2A3CBA0BA9B5C96B3F369F71954768F
         DFE4B4FB0C9297E1F2F2BC
         ECA6CF41",
        "07912160130320F6440B916171056429F5000021405291651569320500034C0202E9E8301D44479741F0B0
         9C3E0785E56590BCCC0ED3CB
         6410FD0D7ABBCBA0B0FB4D4797E52E10",
    ]
    .map(deliver);
    let places = parts
        .each_ref()
        .map(|part| part.concat().map(|c| (c.reference, c.sequence, c.total, c.wide)));
    assert_eq!(places, [Some((0x4c, 1, 2, false)), Some((0x4c, 2, 2, false))]);
    assert_eq!(
        join(&parts).text,
        "This is a very long test designed to exercise multi part capability. It should show up \
         as one message, not as two, as the underlying encoding represents that the parts are \
         related to one another. ",
        "ModemManager, multipart"
    );
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
