//! Status reports, submits and deliver reports.

use super::octets;
use simbridge::sms::{
    Address, Cause, DeliverReport, Outcome, Parameters, Pdu, Scts, Status, StatusReport, Submit,
    Validity, tpdu,
};

#[test]
fn a_status_report_from_movistar() {
    let octets = octets("07914356060013F1 06 5A 098136397339F7 21901170046380 21901170046380 30");
    let report = StatusReport::decode(&octets).expect("ModemManager, not_stored");
    assert_eq!(report.smsc.as_ref().map(ToString::to_string).as_deref(), Some("+34656000311"));
    assert_eq!(report.number, 0x5a);
    assert_eq!(report.recipient.to_string(), "639337937");
    assert_eq!(report.scts.to_string(), "2012-09-11T07:40:36+02:00");
    assert_eq!(report.discharge, report.scts);
    assert_eq!((report.status, report.status.outcome()), (Status(0x30), Outcome::Trying));
    assert_eq!((report.more_to_send, report.of_command), (false, false));
    assert_eq!(report.encode(), octets);
    assert_eq!(Pdu::decode(&octets), Ok(Pdu::StatusReport(report)));
}

#[test]
fn a_status_report_with_all_its_optional_fields() {
    let octets =
        octets("00 46 07 04812143 62602221753080 62602221853080 00 07 00 08 08 050003070201 0442");
    let report = StatusReport::decode(&octets).expect("a report");
    assert_eq!(report.parameters.pid.map(|p| p.0), Some(0));
    assert_eq!(report.parameters.dcs.map(|d| d.0), Some(8));
    assert_eq!(report.parameters.text().text, "т");
    assert_eq!(report.encode(), octets);
}

#[test]
fn a_status_report_with_indicators_of_a_later_standard() {
    let read = StatusReport::decode(&octets(
        "00 06 07 04812143 62602221753080 62602221853080 00 84 80 00 03 E1F118",
    ));
    assert_eq!(read.map(|report| report.parameters.text().text), Ok("acc".to_owned()));
}

#[test]
fn a_status_report_that_ends_too_early() {
    let error = StatusReport::decode(&octets("00 06 07 04812143 62602221753080 62602221853080"))
        .expect_err("no status");
    assert_eq!(error.to_string(), "status-report.status at octet 21: 1 more octets needed, 0 left");
}

#[test]
fn a_status_report_is_read_though_its_optional_fields_are_none() {
    let whole = octets("00 06 07 04812143 62602221753080 62602221853080 00");
    let read = StatusReport::decode(&whole).expect("a report");
    for (name, behind) in [("cut", "02"), ("a record filled up", "FFFFFFFFFF")] {
        let longer = [whole.as_slice(), &octets(behind)].concat();
        assert_eq!(StatusReport::decode(&longer), Ok(read.clone()), "{name}");
    }
}

#[test]
fn what_a_status_comes_to() {
    let cases = [
        (0x00, Outcome::Done),
        (0x02, Outcome::Done),
        (0x03, Outcome::GivenUp),
        (0x10, Outcome::Done),
        (0x20, Outcome::Trying),
        (0x25, Outcome::Trying),
        (0x26, Outcome::GivenUp),
        (0x40, Outcome::Failed),
        (0x4a, Outcome::GivenUp),
        (0x5f, Outcome::Failed),
        (0x60, Outcome::GivenUp),
        (0x80, Outcome::GivenUp),
        (0xff, Outcome::GivenUp),
    ];
    for (status, outcome) in cases {
        assert_eq!(Status(status).outcome(), outcome, "{status:02x}");
    }
}

#[test]
fn a_submit_in_a_store() {
    let octets = octets(
        "00 21 00 098136397339F7 00 08 22 \
         4F60597D4F60597D4F60597D4F60597D4F60597D4F60597D4F60597D4F60597D4F60",
    );
    let submit = Submit::decode(&octets).expect("ModemManager, stored_by_us");
    assert_eq!(submit.destination.to_string(), "639337937");
    assert_eq!(submit.text().text, "你好你好你好你好你好你好你好你好你");
    assert_eq!((submit.validity, submit.status_report), (Validity::Unsaid, true));
    assert_eq!(submit.encode(), octets);
    assert_eq!(Pdu::decode(&octets), Ok(Pdu::Submit(submit)));
}

#[test]
fn submits_with_every_validity() {
    let cases = [
        ("00 11 00 0B916407281553F8 00 00 AA 0A E8329BFD4697D9EC37", Validity::Relative(0xaa)),
        ("00 01 00 0B916407281553F8 00 00 0A E8329BFD4697D9EC37", Validity::Unsaid),
        (
            "00 19 00 0B916407281553F8 00 00 62602221753080 0A E8329BFD4697D9EC37",
            Validity::Until(Scts([0x62, 0x60, 0x22, 0x21, 0x75, 0x30, 0x80])),
        ),
        (
            "00 09 00 0B916407281553F8 00 00 01AA0000000000 0A E8329BFD4697D9EC37",
            Validity::Enhanced([1, 0xaa, 0, 0, 0, 0, 0]),
        ),
    ];
    for (hex, validity) in cases {
        let submit = Submit::decode(&octets(hex)).expect("a submit");
        assert_eq!(submit.validity, validity);
        assert_eq!(
            (submit.destination.to_string().as_str(), submit.text().text.as_str()),
            ("+46708251358", "hellohello")
        );
        assert_eq!(submit.encode(), octets(hex));
    }
}

#[test]
fn relative_validity_in_minutes() {
    let day = 24 * 60;
    for (octet, minutes) in [
        (0, 5),
        (143, 720),
        (144, 750),
        (167, day),
        (168, 2 * day),
        (196, 30 * day),
        (197, 35 * day),
        (255, 441 * day),
    ] {
        assert_eq!(Validity::Relative(octet).minutes(), Some(minutes), "{octet}");
    }
    assert_eq!(Validity::Unsaid.minutes(), None);
}

#[test]
fn a_submit_to_find_a_number_by_loopback() {
    let parts = Submit::compose(&Address::parse("+31612345678"), "who am I", 1);
    let pdu = parts[0].encode();
    assert_eq!(
        hex::encode(&pdu),
        "0001000b911316325476f800000877f41b146e8392",
        "python-gsmmodem writes the same"
    );
    assert_eq!(tpdu(&pdu).map(<[u8]>::len), Some(pdu.len() - 1), "the length that AT+CMGS is told");
    let long = Submit::compose(&Address::parse("1234"), &"ж".repeat(100), 9);
    assert_eq!(long.len(), 2);
    let text: String = long.iter().map(|part| part.text().text).collect();
    assert_eq!(text, "ж".repeat(100));
}

#[test]
fn deliver_reports() {
    for hex in ["00 00", "00 07 00 08 02 0442", "00 03 00 00", "40 04 08 050003070201 C2"] {
        let report = DeliverReport::decode_ack(&octets(hex)).expect("an ack");
        assert_eq!(report.encode(), octets(hex));
    }
    assert_eq!(DeliverReport::ack().encode(), [0, 0], "for AT+CNMA=1");
    let full = DeliverReport::decode_error(&octets("00 D3 00")).expect("an error");
    assert_eq!(full, DeliverReport::Error(Cause::MEMORY_FULL, Parameters::default()));
    assert_eq!(full.encode(), octets("00 D3 00"));
    let error = DeliverReport::decode_error(&octets("00")).expect_err("no cause");
    assert_eq!(error.to_string(), "deliver-report.cause at octet 1: 1 more octets needed, 0 left");
    assert!(DeliverReport::decode_ack(&octets("01 00")).is_err());
}
