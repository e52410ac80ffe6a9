use std::time::Duration;

use super::super::*;
use super::bench::*;

fn leave(bench: &mut Bench) {
    bench.session.request(
        7,
        ModemRequest::Leave { iccid: Some(Iccid::from_stored(ICCID)) },
        bench.now,
    );
    bench.act();
}

fn answer(bench: &Bench, id: u64) -> Option<&Result<Vec<String>, RequestError>> {
    bench.answers.iter().find(|(known, _)| *known == id).map(|(_, reply)| reply)
}

/// A modem with one message in the card's store, which no longer lists it once it was deleted.
fn with_message() -> Bench {
    let mut bench = Bench::ready();
    bench.on("AT+CMGL=4", &format!("+CMGL: 3,1,,{PDU_LENGTH}|{PDU}|OK"));
    bench
}

#[test]
fn a_card_leaves_when_all_messages_in_the_stores_are_on_disk_and_deleted() {
    let mut bench = with_message();
    leave(&mut bench);
    bench.on("AT+CFUN=4", "OK").on("AT+CFUN=0", "OK");
    // The host has not committed yet, so the card stays.
    while let Some(command) = bench.sent.pop_front() {
        let reply = match command.as_str() {
            "AT+CMGL=4" => format!("+CMGL: 3,1,,{PDU_LENGTH}|{PDU}|OK"),
            _ => "+CPMS: 1,20,1,20,1,20|OK".to_owned(),
        };
        bench.lines(&reply);
        if !bench.uncommitted.is_empty() {
            break;
        }
    }
    bench.wait(Duration::from_millis(100));
    assert_eq!(bench.count("AT+CFUN=4"), 0);
    bench.on("AT+CMGL=4", "OK");
    bench.auto(Duration::from_secs(10));
    let at = |command: &str| {
        bench.log.iter().position(|sent| sent == command).unwrap_or_else(|| panic!("{command}"))
    };
    assert!(at("AT+CMGD=3") < at("AT+CFUN=4") && at("AT+CFUN=4") < at("AT+CFUN=0"));
    let looked = bench.log[at("AT+CFUN=4")..at("AT+CFUN=0")]
        .iter()
        .filter(|sent| *sent == "AT+CMGL=4")
        .count();
    assert_eq!(looked, 2, "both stores are looked at once more with the radio off");
    assert_eq!(answer(&bench, 7), Some(&Ok(Vec::new())));
    assert_eq!(
        (bench.session.state(), bench.snapshot().sim.as_ref()),
        (ModemState::Switching, None)
    );
}

#[test]
fn a_card_whose_messages_cannot_be_stored_stays_on_the_air() {
    let mut bench = with_message();
    bench.on("AT+CFUN=4", "OK").on("AT+CFUN=1", "OK");
    leave(&mut bench);
    for _ in 0..200 {
        if let Some(command) = bench.sent.pop_front() {
            let reply = match command.as_str() {
                "AT+CMGL=4" => format!("+CMGL: 3,1,,{PDU_LENGTH}|{PDU}|OK"),
                "AT+CCID" => format!("+CCID: {ICCID}|OK"),
                "AT+CREG?" => "+CREG: 1,1|OK".to_owned(),
                "AT+CSQ" => "+CSQ: 20,99|OK".to_owned(),
                _ => "+CPMS: 1,20,1,20,1,20|OK".to_owned(),
            };
            bench.lines(&reply);
        } else if let Some(token) = bench.uncommitted.pop_front() {
            bench.session.on_stored(token, false, bench.now);
            bench.act();
        } else {
            bench.wait(Duration::from_secs(1));
        }
    }
    assert_eq!(answer(&bench, 7), Some(&Err(RequestError::NotEmptied)));
    assert_eq!(bench.count("AT+CFUN=0") + bench.count("AT+CMGD=3"), 0);
    assert_eq!(bench.session.state(), ModemState::Ready);
}

#[test]
fn off_the_air_nothing_is_read_and_after_the_return_the_iccid_decides() {
    let mut bench = Bench::ready();
    bench.on("AT+CFUN=4", "OK").on("AT+CFUN=0", "OK").on("AT+CFUN=1,1", "OK");
    leave(&mut bench);
    bench.auto(Duration::from_secs(5));
    assert_eq!(answer(&bench, 7), Some(&Ok(Vec::new())));
    let before = bench.log.len();
    // Lines that a modem may send during a switch.
    bench.lines("+CPIN: NOT INSERTED|+CPIN: READY|RDY|+CMTI: \"SM\",3|+CREG: 1");
    bench.lines(&format!("+CMT: ,{PDU_LENGTH}|{PDU}"));
    bench.auto(Duration::from_secs(120));
    assert_eq!(bench.log.len(), before, "{:?}", &bench.log[before..]);
    assert_eq!((bench.dropped, bench.handed_on.len()), (1, 0));
    bench.on("AT+CCID", &format!("+CCID: {OTHER}|OK"));
    bench.session.request(8, ModemRequest::Return { restart: true }, bench.now);
    bench.act();
    bench.on("AT", "-").on("ATQ0V1E0", "-");
    bench.auto(Duration::from_secs(40));
    assert_eq!(
        bench.session.state(),
        ModemState::Probing,
        "a modem that starts for so long is waited for"
    );
    bench.on("AT", "OK");
    bench.auto(Duration::from_secs(10));
    assert_eq!(
        bench.session.state(),
        ModemState::Ready,
        "{:?} {:?}",
        bench.reopen,
        bench.log.last()
    );
    assert_eq!(bench.snapshot().sim.as_ref().unwrap().iccid, OTHER);
}

#[test]
fn a_slot_is_selected_only_off_the_air() {
    let mut bench = Bench::new();
    bench.on("AT+CGMI", "Quectel|OK").on("AT+QCCID", &format!("+QCCID: {ICCID}|OK"));
    bench.on("AT+CFUN=4", "OK").on("AT+CFUN=0", "OK").on("AT+QDSIM=1", "OK");
    bench.auto(Duration::from_secs(1));
    bench.session.request(1, ModemRequest::Slot(1), bench.now);
    bench.act();
    assert_eq!(answer(&bench, 1), Some(&Err(RequestError::OnAir)));
    leave(&mut bench);
    bench.auto(Duration::from_secs(5));
    bench.session.request(2, ModemRequest::Slot(1), bench.now);
    bench.act();
    bench.auto(Duration::from_secs(1));
    assert_eq!(answer(&bench, 2), Some(&Ok(vec!["OK".to_owned()])));
    bench.session.request(3, ModemRequest::Return { restart: false }, bench.now);
    bench.act();
    bench.on("AT+CFUN=1", "OK");
    bench.auto(Duration::from_secs(5));
    assert_eq!(bench.session.state(), ModemState::Ready, "{:?}", bench.log);
    assert!(bench.log.iter().any(|sent| sent == "AT+QDSIM=1") && bench.count("AT+CFUN=1") == 1);
}

#[test]
fn a_radio_that_is_not_given_back_comes_back_and_one_found_off_is_switched_on() {
    let mut bench = Bench::ready();
    bench.on("AT+CFUN=4", "OK").on("AT+CFUN=0", "OK").on("AT+CFUN=1,1", "OK");
    leave(&mut bench);
    bench.auto(Duration::from_secs(590));
    assert_eq!(bench.session.state(), ModemState::Switching);
    bench.auto(Duration::from_secs(60));
    assert_eq!(bench.session.state(), ModemState::Ready);
    let mut bench = Bench::new();
    bench.on("AT+CFUN?", "+CFUN: 4|OK").on("AT+CFUN=1", "OK");
    bench.auto(Duration::from_secs(5));
    assert_eq!((bench.session.state(), bench.count("AT+CFUN=1")), (ModemState::Ready, 1));
}

#[test]
fn a_card_unreadable_with_the_radio_off_has_left_and_one_removed_before_has_not() {
    let mut bench = Bench::ready();
    bench.on("AT+CFUN=4", "OK").on("AT+CFUN=0", "OK");
    leave(&mut bench);
    while bench.count("AT+CFUN=4") == 0 {
        let command = bench.sent.pop_front().expect("a command");
        bench.lines(if command == "AT+CMGL=4" { "OK" } else { "+CPMS: 0,20,0,20,0,20|OK" });
    }
    bench.on("AT+CMGL=4", "+CMS ERROR: 310").on("AT+CCID", "+CME ERROR: 10");
    bench
        .on("AT+CPMS=\"SM\",\"SM\",\"SM\"", "+CMS ERROR: 310")
        .on("AT+CPMS=\"ME\",\"ME\",\"SM\"", "+CMS ERROR: 310");
    bench.auto(Duration::from_secs(20));
    assert_eq!(
        (answer(&bench, 7), bench.session.state()),
        (Some(&Ok(Vec::new())), ModemState::Switching)
    );
    let mut bench = Bench::ready();
    leave(&mut bench);
    bench.lines("+CPIN: NOT INSERTED");
    assert_eq!(answer(&bench, 7), Some(&Err(RequestError::OtherCard)));
    assert_eq!(bench.session.state(), ModemState::SimCheck);
}

/// When a bank reports a switch before it has happened, a message that was read may be another
/// card's.
#[test]
fn messages_of_a_bank_are_handed_on_when_the_card_is_the_same_before_and_after() {
    let card = |digits: &str| {
        let mut digits: Vec<char> = digits.chars().collect();
        digits.resize(20, 'F');
        let swapped: String = digits.chunks(2).flat_map(|pair| pair.iter().rev()).collect();
        format!("+CRSM: 144,0,\"{swapped}\"|OK")
    };
    let file = "AT+CRSM=176,12258,0,0,10";
    for (after, handed_on) in [(ICCID, 1), (OTHER, 0)] {
        let mut bench = Bench::with(SessionConfig { iccid_from_card: true, ..config() });
        bench.on(file, &card(ICCID));
        bench.auto(Duration::from_millis(10));
        assert_eq!(bench.session.state(), ModemState::Ready, "{:?}", bench.log);
        bench.lines("+CMTI: \"SM\",3");
        bench.play("> AT+CPMS=\"SM\",\"SM\",\"SM\"\n< +CPMS: 1,20,1,20,1,20|OK");
        bench.play(&format!("> AT+CMGR=3\n< {}\n> {file}", Bench::message(PDU_LENGTH)));
        assert!(bench.handed_on.is_empty(), "before the card was read again");
        bench.lines(&card(after));
        assert_eq!(bench.handed_on.len(), handed_on);
        assert_eq!(bench.count("AT+CMGD=3"), 0);
    }
}

#[test]
fn a_modem_that_restarts_while_its_card_leaves_still_answers_the_request() {
    for said in ["RDY", "+CPIN: NOT READY"] {
        let mut bench = Bench::ready();
        bench.on("AT+CFUN=4", "-").on("AT+CFUN=0", "OK");
        leave(&mut bench);
        bench.auto(Duration::from_millis(400));
        assert_eq!(bench.count("AT+CFUN=4"), 1);
        bench.lines(said);
        assert_eq!(bench.count("AT+CFUN=0"), 0, "before the first one has ended");
        bench.lines("OK");
        bench.auto(Duration::from_secs(200));
        let gone = said == "RDY";
        let expected = if gone { Err(RequestError::Gone) } else { Ok(Vec::new()) };
        assert_eq!(answer(&bench, 7), Some(&expected), "{said}");
        let (state, off) = if gone { (ModemState::Ready, 0) } else { (ModemState::Switching, 1) };
        assert_eq!((bench.session.state(), bench.count("AT+CFUN=0")), (state, off), "{said}");
    }
}

#[test]
fn a_message_that_cannot_be_deleted_does_not_keep_the_card_from_leaving() {
    let mut bench = with_message();
    bench.on("AT+CMGD=3", "ERROR").on("AT+CFUN=4", "OK").on("AT+CFUN=0", "OK");
    leave(&mut bench);
    bench.auto(Duration::from_secs(50));
    assert_eq!(
        (answer(&bench, 7), bench.session.state()),
        (Some(&Ok(Vec::new())), ModemState::Switching)
    );
    assert!(!bench.handed_on.is_empty());
}

#[test]
fn a_card_leaves_only_when_it_was_released_and_no_pin_is_being_entered() {
    let mut bench = Bench::ready();
    for iccid in [None, Some(Iccid::from_stored(OTHER))] {
        bench.session.request(9, ModemRequest::Leave { iccid }, bench.now);
        bench.act();
        assert_eq!(bench.answers.pop(), Some((9, Err(RequestError::OtherCard))));
    }
    let pin = Pin::parse("1234");
    let mut bench = Bench::with(SessionConfig { pin, ..config() });
    bench
        .on("AT+CPIN?", "+CPIN: SIM PIN|OK")
        .on("AT+CPIN=\"1234\"", "OK")
        .on("AT+CPINR", "+CPINR: SIM PIN,3,3|OK");
    bench.auto(Duration::from_millis(100));
    bench.session.request(9, ModemRequest::Leave { iccid: None }, bench.now);
    bench.act();
    assert_eq!(bench.answers.pop(), Some((9, Err(RequestError::Starting))), "{:?}", bench.log);
    bench.on("AT+CPIN?", "+CPIN: READY|OK");
    bench.auto(Duration::from_secs(5));
    assert_eq!(bench.session.state(), ModemState::Ready);
    assert_eq!(bench.tried, [(ICCID.to_owned(), true)].into());
}
