//! Lines that belong to nothing, inside replies: they are taken for no answer and no PDU.

use std::time::Duration;

use super::super::*;
use super::bench::*;

/// Lines that modems and the line itself put anywhere.
const STRAY: &[&str] = &[
    "UNDER-VOLTAGE WARNNING",
    "OVER-VOLTAGE WARNNING",
    "UNDER_VOLTAGE WARNING",
    "^SBC: Undervoltage",
    "RING",
    "+CRING: VOICE",
    "^RSSI: 17",
    "*PSUTTZ: 2026,6,22,10,57,3,\"+8\",0",
    "DST: 1",
    "starting power off the module!",
    "a line that nobody knows",
    "\u{fffd}\u{fffd}x",
    "20",
    "00A1B2C3D4E5F60718",
];

fn handed_on(bench: &mut Bench) -> Vec<RawPdu> {
    bench.handed_on.drain(..).map(|(_, received)| received.pdu).collect()
}

fn pdu() -> RawPdu {
    RawPdu::Octets(hex::decode(PDU).unwrap())
}

#[test]
fn before_the_pdu_of_a_message_that_is_read_once_or_each_time() {
    for stray in STRAY {
        let mut bench = Bench::idle();
        bench.on("AT+CMGR=3", &format!("{stray}|+CMGR: 0,,{PDU_LENGTH}|{stray}|{PDU}|{stray}|OK"));
        bench.lines("+CMTI: \"SM\",3");
        bench.auto(Duration::from_secs(5));
        assert_eq!(handed_on(&mut bench), [pdu()], "{stray}");
        assert_eq!(bench.count("AT+CMGD=3"), 1, "{stray}");
    }
}

#[test]
fn before_the_pdus_of_a_list() {
    for stray in STRAY {
        let mut bench = Bench::idle();
        let entry = |index| format!("+CMGL: {index},1,,{PDU_LENGTH}|{stray}|{PDU}|{stray}|");
        bench.play(&format!(
            "< +CMTI: \"SM\",-1\n wait 1s\n > AT+CMGL=4\n < {}{}OK",
            entry(2),
            entry(7)
        ));
        assert_eq!(handed_on(&mut bench), [pdu(), pdu()], "{stray}");
    }
}

#[test]
fn in_place_of_a_pdu_it_is_read_again_and_nothing_is_deleted() {
    for stray in STRAY {
        let mut bench = Bench::idle();
        bench.on("AT+CMGR=3", &format!("+CMGR: 0,,{PDU_LENGTH}|{stray}|OK"));
        bench.on("AT+CMGL=4", &format!("+CMGL: 3,0,,{PDU_LENGTH}|{stray}|OK"));
        bench.lines("+CMTI: \"SM\",3");
        bench.auto(Duration::from_secs(100));
        assert_eq!(handed_on(&mut bench), [], "{stray}");
        assert_eq!(bench.count("AT+CMGD=3"), 0, "{stray}");
        let told: Vec<String> = bench.snapshot().warnings.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|warning| warning.contains("SM 3")), "{stray}: {told:?}");
        assert!(bench.count("AT+CMGR=3") <= 15, "{stray}: {}", bench.count("AT+CMGR=3"));
        bench.on("AT+CMGR=3", &Bench::message(PDU_LENGTH));
        bench.on("AT+CMGL=4", &format!("+CMGL: 3,0,,{PDU_LENGTH}|{PDU}|OK"));
        bench.auto(Duration::from_secs(60));
        assert!(bench.count("AT+CMGD=3") >= 1, "{stray}");
        bench.on("AT+CMGL=4", "OK");
        bench.auto(Duration::from_secs(60));
        let told = &bench.snapshot().warnings;
        assert!(!told.iter().any(|warning| warning.as_str() == "message_stuck"), "{stray}");
    }
}

#[test]
fn between_a_message_inside_its_urc_and_its_pdu() {
    for stray in STRAY {
        let mut bench = Bench::idle();
        bench.lines(&format!("+CMT: ,{PDU_LENGTH}|{stray}|{PDU}"));
        assert_eq!(handed_on(&mut bench), [pdu()], "{stray}");
    }
    let mut bench = Bench::idle();
    bench.lines(&format!("+CMT: ,{PDU_LENGTH}|0791x32604|RING|RING|RING"));
    assert_eq!(
        handed_on(&mut bench),
        [RawPdu::Text("0791x32604".to_owned())],
        "it comes never again, so it is kept as it is"
    );
}

#[test]
fn before_what_a_modem_says_of_itself_and_of_its_card() {
    for stray in STRAY {
        let mut bench = Bench::new();
        for (command, reply) in [
            ("AT+CGSN", "861234567890123|OK".to_owned()),
            ("AT+CCID", format!("+CCID: {ICCID}|OK")),
            ("AT+CIMI", "204041234567890|OK".to_owned()),
            ("AT+CNUM", "+CNUM: \"\",\"+31612345678\",145|OK".to_owned()),
            ("AT+CPMS=?", "+CPMS: (\"SM\",\"ME\"),(\"SM\",\"ME\"),(\"SM\",\"ME\")|OK".to_owned()),
            ("AT+CPMS=\"SM\",\"SM\",\"SM\"", "+CPMS: 0,20,0,20,0,20|OK".to_owned()),
            ("AT+CSQ", "+CSQ: 20,99|OK".to_owned()),
        ] {
            bench.on(command, &format!("{stray}|{reply}"));
        }
        bench.auto(Duration::from_secs(10));
        let snapshot = bench.snapshot();
        assert_eq!(snapshot.state, ModemState::Ready, "{stray}: {:?}", bench.log);
        let sim = snapshot.sim.clone().unwrap();
        assert_eq!(snapshot.imei().map(|imei| imei.as_str()), Some(IMEI), "{stray}");
        assert_eq!(sim.iccid, ICCID, "{stray}");
        assert_eq!(sim.imsi.map(|imsi| imsi.to_string()).as_deref(), Some("204041234567890"));
        assert_eq!(sim.number.map(|own| own.number).as_deref(), Some("+31612345678"), "{stray}");
        let fill = snapshot.stores.iter().find(|fill| fill.store == MessageStore::Sim).unwrap();
        assert_eq!((fill.used, fill.total), (0, 20), "{stray}");
        assert_eq!(snapshot.signal_dbm, Some(-73), "{stray}");
    }
}

#[test]
fn before_the_names_of_maker_and_model_it_is_told_from_them_by_a_second_question() {
    for stray in STRAY {
        for command in ["AT+CGMI", "AT+CGMM", "AT+CGMR"] {
            let mut bench = Bench::new();
            let mut asked = 0;
            for _ in 0..60 {
                let Some(sent) = bench.sent.pop_front() else { break };
                let reply = match sent.as_str() {
                    "AT+CGSN" => IMEI,
                    "AT+CGMI" => "Bench",
                    "AT+CGMM" => "EC25",
                    "AT+CGMR" => "EC25EFAR06A06M4G",
                    "AT+CFUN?" => "+CFUN: 1",
                    "AT+CPIN?" => break,
                    _ => "",
                };
                asked += u8::from(sent == command);
                let stray = if sent == command && asked == 1 { stray } else { "" };
                bench.lines(&format!("{stray}|{reply}|OK"));
            }
            let identity = bench.snapshot().identity.clone().unwrap();
            assert_eq!(
                (identity.manufacturer.as_str(), identity.model.as_str()),
                ("Bench", "EC25")
            );
            assert_eq!(identity.firmware.as_deref(), Some("EC25EFAR06A06M4G"), "{stray}");
        }
    }
}

#[test]
fn the_voltage_is_told_in_the_words_of_the_modem_until_an_hour_has_passed() {
    for line in ["UNDER-VOLTAGE WARNNING", "OVER-VOLTAGE POWER DOWN", "^SBC: Overvoltage"] {
        let mut bench = Bench::idle();
        bench.lines(line);
        bench.auto(Duration::from_secs(1));
        let told = &bench.snapshot().warnings;
        assert_eq!(told.as_slice(), [ModemWarning::Voltage(line.to_owned())]);
        bench.auto(Duration::from_secs(3_500));
        assert_eq!(bench.snapshot().warnings.len(), 1);
        bench.auto(Duration::from_secs(300));
        assert_eq!(bench.snapshot().warnings.len(), 0);
    }
}

#[test]
fn a_header_that_says_a_wrong_length_does_not_hide_a_whole_pdu_for_good() {
    let mut bench = Bench::idle();
    bench.on("AT+CMGR=3", &Bench::message(PDU_LENGTH + 8));
    bench.lines("+CMTI: \"SM\",3");
    bench.auto(Duration::from_secs(3));
    assert_eq!(handed_on(&mut bench), [pdu()], "the length with the service centre's address");
    assert_eq!((bench.count("AT+CMGR=3"), bench.count("AT+CMGD=3")), (3, 1));
}
