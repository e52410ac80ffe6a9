//! Every word, as it travels and in the names of either side.

use std::collections::BTreeSet;
use std::fmt::Debug;

use super::super::{FromCentre, FromSite, MAX_FRAME, Question, Report, Request};
use super::samples::{self, NOW, from_centre, from_site, port};
use crate::domain::{SiteName, Timestamp};

/// The source of every type with several variants that travels, with its name.
const ENUMS: &[(&str, &[&str])] = &[
    (include_str!("../words.rs"), &["Refusal", "Question", "Answer", "Report", "Request", "Reply"]),
    (include_str!("../frame.rs"), &["FromSite", "FromCentre"]),
    (
        include_str!("../../domain/modem/mod.rs"),
        &["PinPermission", "ModemState", "RecoveryStep", "MessageStore"],
    ),
    (include_str!("../../domain/modem/reason.rs"), &["ModemReason", "DeviceLock"]),
    (include_str!("../../domain/modem/registration.rs"), &["Registration"]),
    (
        include_str!("../../domain/modem/request.rs"),
        &["ModemRequest", "SimTask", "RequestError", "UssdEnd", "FinalResult"],
    ),
    (include_str!("../../domain/modem/warning.rs"), &["ModemWarning", "MessageTrouble"]),
    (
        include_str!("../../domain/bank.rs"),
        &["SlotContents", "SwitchTrigger", "SwitchReason", "SwitchOutcome", "RadioState"],
    ),
    (include_str!("../../domain/sim.rs"), &["NumberSource"]),
    (include_str!("../../modem/api.rs"), &["RawPdu", "MessageOwner"]),
    (include_str!("../../sms/text_mode.rs"), &["TextEntry"]),
];

/// The names of an enum's variants.
fn variants<'s>(source: &'s str, name: &str) -> Vec<&'s str> {
    let begin = source.find(&format!("pub enum {name}")).unwrap();
    let body = source[begin..].split("\n}\n").next().unwrap();
    let names = body.lines().skip(1).filter_map(|line| {
        let line = line.strip_prefix("    ")?;
        let end = line.find(|c: char| !c.is_ascii_alphanumeric())?;
        (end > 0 && line.starts_with(|c: char| c.is_ascii_uppercase())).then(|| &line[..end])
    });
    names.collect()
}

fn words_of(values: &[impl Debug]) -> BTreeSet<String> {
    let text = format!("{values:?}");
    text.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_owned).collect()
}

#[test]
fn everything_that_can_be_said_is_among_the_samples() {
    let mut said = words_of(&from_site());
    said.extend(words_of(&from_centre()));
    let mut count = 0;
    for (source, names) in ENUMS {
        for name in *names {
            let variants = variants(source, name);
            assert!(variants.len() > 1, "{name}");
            count += variants.len();
            for variant in variants {
                assert!(said.contains(variant), "no sample has {name}::{variant}");
            }
        }
    }
    assert!(count > 200, "{count} variants");
}

#[test]
fn everything_that_is_said_is_understood_as_it_was_meant() {
    for frame in from_site() {
        let line = frame.clone().to_line(NOW).unwrap();
        assert_eq!(FromSite::from_line(line.trim_end(), NOW).as_ref(), Ok(&frame), "{line}");
        assert_eq!(line.matches('\n').count(), 1, "{line}");
    }
    for frame in from_centre() {
        let line = frame.clone().to_line(NOW).unwrap();
        assert_eq!(FromCentre::from_line(line.trim_end(), NOW).as_ref(), Ok(&frame), "{line}");
        assert_eq!(line.matches('\n').count(), 1, "{line}");
    }
}

#[test]
fn no_time_is_in_any_frame() {
    // What both clocks show these days begins like this, in seconds or parts of them.
    let year = "1782";
    let lines = from_site().into_iter().map(|frame| frame.to_line(NOW).unwrap());
    let lines = lines.chain(from_centre().into_iter().map(|frame| frame.to_line(NOW).unwrap()));
    for line in lines {
        assert!(!line.contains(year), "{line}");
    }
    let elsewhere = Timestamp(NOW.0 - 7_000_000_000);
    let report = Report::Bank(samples::bank(1));
    let line = FromSite::Report(report).to_line(NOW).unwrap();
    let read = FromSite::from_line(&line, elsewhere).unwrap();
    let moved = samples::bank(1).map_time(|time| Timestamp(time.0 - 7_000_000_000));
    assert_eq!(read, FromSite::Report(Report::Bank(moved)));
}

#[test]
fn a_bank_with_a_thousand_slots_is_one_frame() {
    let line = FromSite::Report(Report::Bank(samples::bank(1_000))).to_line(NOW).unwrap();
    assert!(line.len() > 200_000 && line.len() < MAX_FRAME / 2, "{} octets", line.len());
}

#[test]
fn a_message_travels_in_hexadecimal() {
    let received = samples::received(1, crate::modem::RawPdu::Octets(vec![0, 0x91, 0xff]));
    let json = serde_json::to_value(received).unwrap();
    assert_eq!(json["pdu"], serde_json::json!({ "octets": "0091ff" }));
    let states = crate::domain::modem::ModemState::ALL;
    for state in states {
        assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
    }
}

/// Every port, bank and modem of the samples has one of these in its name.
const LOCAL_NAMES: [(&str, &str); 2] = [("/dev/tty", "ams:"), ("rack1", "ams/")];

/// Checks that each local name in a text comes after its site's. A modem that is identified by its
/// port has the site's name before the whole identity.
fn assert_all_named(text: &str) {
    let text = text.replace("ams/port:/dev/tty", "");
    for (name, site) in LOCAL_NAMES {
        for (at, _) in text.match_indices(name) {
            assert!(text[..at].ends_with(site), "{name} without its site: {text}");
        }
    }
}

#[test]
fn at_the_centre_everything_has_its_sites_name() {
    let ams: SiteName = "ams".parse().unwrap();
    let mut named = 0;
    let questions: Vec<Question> = samples::questions();
    for question in questions {
        let text = format!("{:?}", question.clone().at(&ams));
        assert_all_named(&text);
        named += text.matches("ams").count();
        let port = question.port().map(|port| ams.port(port));
        assert_eq!(question.at(&ams).port(), port.as_ref());
    }
    for report in samples::reports() {
        let text = format!("{:?}", report.clone().at(&ams));
        assert_all_named(&text);
        named += text.matches("ams").count();
        let port = report.port().map(|port| ams.port(port));
        assert_eq!(report.at(&ams).port(), port.as_ref());
    }
    assert!(named > 100, "{named} names");
}

#[test]
fn what_comes_back_to_a_site_has_no_names() {
    for answer in samples::answers() {
        let text = format!("{answer:?}");
        assert!(LOCAL_NAMES.iter().all(|(name, _)| !text.contains(name)), "{text}");
    }
}

#[test]
fn a_request_goes_to_the_site_whose_name_it_has_and_loses_it() {
    let ams: SiteName = "ams".parse().unwrap();
    for request in samples::requests() {
        let central = match request.clone() {
            Request::Detail { port } => Request::Detail { port: ams.port(&port) },
            Request::Recording { port } => Request::Recording { port: ams.port(&port) },
            Request::Modem { port, request } => Request::Modem { port: ams.port(&port), request },
            Request::Switch { bank, slot, .. } => {
                Request::Switch { bank: ams.bank(&bank), radio: "ams:/dev/tty1".to_owned(), slot }
            }
        };
        assert_eq!(central.for_site(), Some((ams.clone(), request.clone())));
        assert_eq!(request.for_site(), None);
    }
    let by_number =
        |bank: &str| Request::Switch { bank: bank.to_owned(), radio: "2".to_owned(), slot: 4 };
    assert_eq!(by_number("ams/rack1").for_site(), Some((ams, by_number("rack1"))));
    let foreign = Request::Switch {
        bank: "ams/rack1".to_owned(),
        radio: "fra:/dev/tty1".to_owned(),
        slot: 4,
    };
    let (_, request) = foreign.for_site().unwrap();
    assert!(matches!(request, Request::Switch { radio, .. } if radio == "fra:/dev/tty1"));
}

#[test]
fn only_the_permission_of_a_pin_and_a_release_must_not_be_asked_twice() {
    for question in samples::questions() {
        let once = matches!(question, Question::PermitPin { .. } | Question::Release { .. });
        assert_eq!(question.may_be_asked_twice(), !once, "{question:?}");
    }
    assert_eq!(samples::questions()[0].port(), Some(&port(1)));
}

#[test]
fn refusals_say_what_an_operator_can_do() {
    let words = samples::refusals().map(|refusal| refusal.to_string());
    assert_eq!(
        words,
        [
            "this daemon does not lead: another one has the ledger",
            "the central daemon knows no site with this name and key",
            "the central daemon speaks version 2 of the protocol: install the same simbridge",
            "a site of this name is connected already",
            "the site's key was revoked",
        ]
    );
}
