//! Which modem it is: by its IMEI, and otherwise by what else it tells or by its port.

use std::time::Duration;

use super::super::*;
use super::bench::*;
use crate::domain::ModemId;

const REFUSED: &str = "+CME ERROR: 23";

/// A modem that answers these commands otherwise than the table does.
fn answering(answers: &[(&str, &str)]) -> Bench {
    let mut bench = Bench::new();
    for (command, reply) in answers {
        bench.on(command, reply);
    }
    bench
}

/// What identifies the modem, and the IMEI that is shown.
fn identity(bench: &Bench) -> (String, Option<String>) {
    let identity = bench.snapshot().identity.as_ref().expect("an identity");
    (identity.id.to_string(), identity.imei.as_ref().map(ToString::to_string))
}

#[test]
fn a_modem_is_identified_by_the_best_that_it_tells() {
    let none = |told: &'static str| [("AT+CGSN", told), ("AT+CGSN=1", told), ("AT+GSN", told)];
    let with = |ati: &'static str, told: &'static str| {
        let mut answers = none(told).to_vec();
        answers.push(("ATI", ati));
        answers
    };
    type Row =
        (&'static str, Vec<(&'static str, &'static str)>, &'static str, Option<&'static str>);
    let table: Vec<Row> = vec![
        ("14 digits", vec![("AT+CGSN", "86123456789012|OK")], "86123456789012", None),
        ("IMEISV", vec![("AT+CGSN", "8612345678901203|OK")], "8612345678901203", None),
        ("in quotes", vec![("AT+CGSN", "\"861234567890123\"|OK")], IMEI, Some(IMEI)),
        ("tagged", vec![("AT+CGSN", "+CGSN: \"861234567890123\"|OK")], IMEI, Some(IMEI)),
        ("labelled", vec![("AT+CGSN", "IMEI: 861234567890123|OK")], IMEI, Some(IMEI)),
        ("in groups", vec![("AT+CGSN", "86-123456-789012-3|OK")], IMEI, Some(IMEI)),
        ("after noise", vec![("AT+CGSN", "RDY|861234567890123|OK")], IMEI, Some(IMEI)),
        (
            "refused, but told by type",
            vec![("AT+CGSN", "ERROR"), ("AT+CGSN=1", "+CGSN: \"861234567890123\"|OK")],
            IMEI,
            Some(IMEI),
        ),
        (
            "a serial number first",
            vec![("AT+CGSN", "2623CKLQ0009707|OK"), ("AT+CGSN=1", "+CGSN: \"861234567890123\"|OK")],
            IMEI,
            Some(IMEI),
        ),
        (
            "a serial number alone",
            vec![("AT+CGSN", "2623CKLQ0009707|OK")],
            "serial:2623CKLQ0009707",
            None,
        ),
        (
            "told by V.250's command",
            vec![("AT+CGSN", "ERROR"), ("AT+GSN", "861234567890123|OK")],
            IMEI,
            Some(IMEI),
        ),
        (
            "a serial number by V.250's command",
            vec![("AT+CGSN", REFUSED), ("AT+GSN", "MPG4711X|OK")],
            "serial:MPG4711X",
            None,
        ),
        ("told in ATI", with("Bench|EC25|IMEI: 861234567890123|OK", REFUSED), IMEI, Some(IMEI)),
        (
            "FSN in ATI",
            with("Model: EC25|FSN: LF4711000815|OK", REFUSED),
            "serial:LF4711000815",
            None,
        ),
        ("nothing in ATI", with("Bench|EC25|Revision: A1|IMEI: |OK", REFUSED), "port:port", None),
        ("refused", none(REFUSED).to_vec(), "port:port", None),
        ("in words", none("+CME ERROR: memory failure").to_vec(), "port:port", None),
        ("empty", none("OK").to_vec(), "port:port", None),
        ("an empty value", none("+CGSN: \"\"|OK").to_vec(), "port:port", None),
        ("silence", none("-").to_vec(), "port:port", None),
        ("zeros", none("000000000000000|OK").to_vec(), "port:port", Some("000000000000000")),
        (
            "zeros and a serial number",
            vec![("AT+CGSN", "000000000000000|OK"), ("AT+GSN", "SN4711|OK")],
            "serial:SN4711",
            Some("000000000000000"),
        ),
        (
            "a placeholder",
            none("004999010640000|OK").to_vec(),
            "port:port",
            Some("004999010640000"),
        ),
    ];
    for (name, answers, id, imei) in table {
        let mut bench = answering(&answers);
        bench.auto(Duration::from_secs(90));
        assert_eq!(bench.session.state(), ModemState::Ready, "{name}: {:?}", bench.log);
        let imei = imei.or((id.len() < 17 && id != IMEI && !id.contains(':')).then_some(id));
        assert_eq!(identity(&bench), (id.to_owned(), imei.map(str::to_owned)), "{name}");
        assert_eq!(bench.modems.last().unwrap().id.as_str(), id, "{name}");
        assert_eq!(bench.reopen, None, "{name}: it is not given up");
    }
}

#[test]
fn a_modem_that_tells_its_imei_only_after_some_seconds_is_asked_again() {
    let mut bench = answering(&[("AT+CGSN", "+CME ERROR: 3")]);
    bench.auto(Duration::from_secs(3));
    bench.on("AT+CGSN", "861234567890123|OK");
    bench.auto(Duration::from_secs(5));
    assert_eq!(identity(&bench).0, IMEI);
    assert_eq!(bench.count("AT+CGSN=1"), 0);
}

#[test]
fn a_modem_that_tells_nothing_at_all_yet_is_given_some_time() {
    let refused = ["AT+CGSN", "AT+CGSN=1", "AT+GSN", "ATI", "AT+CGMI", "AT+CGMM", "AT+CGMR"];
    let mut bench = answering(&refused.map(|command| (command, "ERROR")));
    bench.auto(Duration::from_secs(8));
    for command in refused {
        bench.on(command, "861234567890123|OK");
    }
    bench.on("AT+CGMM", "EC25|OK");
    bench.auto(Duration::from_secs(10));
    assert_eq!(identity(&bench).0, IMEI);
    assert_eq!(bench.snapshot().identity.as_ref().unwrap().model, "EC25");
    // One that never tells anything is served all the same.
    let mut bench = answering(&refused.map(|command| (command, "ERROR")));
    bench.auto(Duration::from_secs(60));
    assert_eq!(bench.session.state(), ModemState::Ready);
    assert_eq!(identity(&bench).0, "port:port");
}

#[test]
fn the_usb_devices_serial_number_comes_before_the_port() {
    let id = ModemId::of_usb("1e0e", "9001", "0123456789ABCDEF").unwrap();
    let mut bench = Bench::with(SessionConfig { fallback_id: id.clone(), ..config() });
    for command in ["AT+CGSN", "AT+GSN"] {
        bench.on(command, REFUSED);
    }
    bench.auto(Duration::from_secs(20));
    assert_eq!(identity(&bench), (id.to_string(), None));
}

#[test]
fn a_modem_that_loses_its_imei_in_a_restart_stays_the_same() {
    let mut bench = Bench::ready();
    bench.on("AT+CGSN", REFUSED);
    bench.lines("RDY");
    bench.auto(Duration::from_secs(30));
    assert_eq!(bench.session.state(), ModemState::Ready, "{:?}", bench.log);
    assert_eq!(identity(&bench).0, IMEI);
    // Another model is another modem.
    bench.on("AT+CGMM", "M95|OK");
    bench.lines("RDY");
    bench.auto(Duration::from_secs(30));
    assert_eq!(identity(&bench).0, "port:port");
}

#[test]
fn while_it_is_uncertain_which_modem_it_is_its_card_is_read_again_and_nothing_else() {
    let mut bench = Bench::new();
    let other = PortName::from_stored("other");
    bench.owner = Err(NotRecorded::ModemUncertain(other.clone()));
    bench.on("AT+CMGL=4", &format!("+CMGL: 1,1,,{PDU_LENGTH}|{PDU}|OK"));
    bench.auto(Duration::from_secs(5));
    let asked = bench.identified.len();
    assert!((4..7).contains(&asked), "{asked}");
    assert_eq!((bench.count("AT+CCID"), bench.count("AT+CIMI")), (asked, 1));
    assert_eq!(bench.snapshot().reason, Some(ModemReason::MayBeServedOnOtherPort(other)));
    assert!(bench.handed_on.is_empty());
    // Meanwhile another card was put in: that one counts, with all that it has.
    bench.on("AT+CCID", &format!("+CCID: {OTHER}|OK"));
    bench.auto(Duration::from_secs(2));
    assert_eq!(
        (bench.count("AT+CIMI"), bench.identified.last().unwrap().iccid.as_str()),
        (2, OTHER)
    );
    bench.owner = Ok(MessageOwner::default());
    bench.auto(Duration::from_secs(3));
    assert_eq!(bench.session.state(), ModemState::Ready);
    assert_eq!(bench.snapshot().reason, None);
    assert!(!bench.handed_on.is_empty());
}

#[test]
fn a_card_that_another_port_shows_too_is_read_again_at_once() {
    let mut bench = Bench::ready();
    bench.auto(Duration::from_secs(5));
    let read = bench.count("AT+CCID");
    assert!(!bench.session.take_card_confirmed());
    bench.session.doubt_card(bench.now);
    bench.act();
    bench.auto(Duration::from_millis(10));
    assert_eq!(bench.count("AT+CCID"), read + 1);
    assert!(bench.session.take_card_confirmed() && !bench.session.take_card_confirmed());
}

/// The question that a session asks after this command has had no answer, and the next one.
fn questions(bench: &mut Bench, command: &str) -> (String, String) {
    bench.on(command, "-");
    let mut asked = Vec::new();
    bench.sent.clear();
    bench.log.clear();
    for known in ["AT+CGSN", "AT+CGMM", "AT+CMEE?", "AT+CMGF?"] {
        bench.on(known, "-");
    }
    bench.auto(Duration::from_secs(130));
    for sent in bench.log.iter().skip_while(|sent| *sent != command).skip(1) {
        asked.push(sent.trim_start_matches("ESC ").to_owned());
    }
    (asked[0].clone(), asked[1].clone())
}

#[test]
fn a_modem_without_an_imei_is_resynchronised_by_what_it_does_tell() {
    let ready = |answers: &[(&str, &str)]| {
        let mut bench = answering(answers);
        bench.auto(Duration::from_secs(90));
        assert_eq!(bench.session.state(), ModemState::Ready, "{:?}", bench.log);
        bench
    };
    let (no_imei, no_model) = (("AT+CGSN", REFUSED), ("AT+CGMM", "ERROR"));
    let table = [
        (vec![], "AT+CGSN", "AT+CGMM"),
        (vec![no_imei], "AT+CGMM", "AT+CMEE?"),
        (vec![no_model], "AT+CGSN", "AT+CMEE?"),
        (vec![("AT+CGMM", "M1|OK")], "AT+CGSN", "AT+CMEE?"),
        (vec![no_imei, no_model], "AT+CMEE?", "AT+CMGF?"),
    ];
    for (answers, first, second) in table {
        let mut bench = ready(&answers);
        let asked = questions(&mut bench, "AT+CCID");
        assert_eq!(asked, (first.to_owned(), second.to_owned()), "{answers:?}");
    }
}

#[test]
fn a_modem_without_an_imei_finds_back_after_a_late_reply() {
    let mut bench = answering(&[("AT+CGSN", REFUSED)]);
    bench.auto(Duration::from_secs(11));
    bench.play("< +CMTI: \"ME\",3\n > AT+CMGR=3\n < +CMTI: \"ME\",4\n wait 25.3s\n > AT+CGMM");
    bench.lines(&Bench::message(PDU_LENGTH));
    bench.play("quiet\n < OK|ERROR\n quiet\n < EC25\n quiet\n < OK");
    bench.play("> AT+CCID\n < +CCID: 8931440400000000123|OK\n > AT+CMGR=4");
    assert!(bench.handed_on.is_empty());
}
