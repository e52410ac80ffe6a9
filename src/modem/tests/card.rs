//! SIM events: everything known about messages is forgotten, and no message is credited to a card
//! before the ICCID has been read again ([invariant 12](crate#what-always-holds)).

use std::time::Duration;

use super::bench::*;

fn with_one_waiting() -> Bench {
    let mut bench = Bench::ready();
    bench.auto(Duration::from_secs(5));
    bench.play("< +CMTI: \"ME\",3\n > AT+CMGR=3");
    bench.lines(&Bench::message(PDU_LENGTH));
    bench.play("store ME 3\n quiet");
    bench
}

#[test]
fn a_sim_pulled_between_reading_and_deleting_is_never_written_to() {
    for event in ["+CPIN: NOT READY", "+QUSIM: 1", "#QSS: 0", "^SIMST: 255,0", "+CPIN: READY"] {
        let mut bench = with_one_waiting();
        bench.lines(event);
        assert_eq!(bench.snapshot().sim, None, "{event}");
        bench.play("commit\n auto 30s\n state Ready");
        assert_eq!(bench.count("AT+CMGD=3"), 0, "{event}");
        assert_eq!(bench.identified.len(), 2, "{event}");
    }
}

#[test]
fn an_error_that_says_there_is_no_sim_is_an_event_too() {
    for error in
        ["+CME ERROR: 10", "+CME ERROR: 13", "+CMS ERROR: 310", "+CME ERROR: SIM not inserted"]
    {
        let mut bench = with_one_waiting();
        bench.play("< +CMTI: \"ME\",4\n > AT+CMGR=4");
        bench.lines(error);
        bench.play("state SimCheck\n commit\n quiet");
    }
}

#[test]
fn a_card_exchanged_unseen_is_found_by_the_next_keep_alive() {
    let mut bench = Bench::ready();
    bench.auto(Duration::from_secs(5));
    bench.on("AT+CCID", &format!("+CCID: {OTHER}|OK"));
    bench.auto(Duration::from_secs(61));
    assert_eq!(bench.identified.last().unwrap().iccid, OTHER);
    assert_eq!(bench.session.state(), ModemState::Ready);
}

#[test]
fn a_card_exchanged_unseen_gets_no_message_of_the_next_one() {
    let mut bench = Bench::ready();
    bench.auto(Duration::from_secs(61));
    bench.on("AT+CCID", &format!("+CCID: {OTHER}|OK"));
    bench.on("AT+CMGR=1", &Bench::message(PDU_LENGTH));
    bench.on("AT+CMGL=4", &format!("+CMGL: 1,1,,{PDU_LENGTH}|{PDU}|OK"));
    bench.play("wait 2.1s\n < +CMTI: \"SM\",1");
    bench.auto(Duration::from_secs(10));
    let owners: Vec<&Iccid> = bench.handed_on.iter().map(|(_, received)| &received.iccid).collect();
    assert!(!owners.is_empty() && owners.iter().all(|iccid| **iccid == OTHER), "{owners:?}");
}

#[test]
fn a_network_lost_and_found_has_the_iccid_read_before_anything_else() {
    let mut bench = Bench::ready();
    bench.auto(Duration::from_secs(5));
    bench.log.clear();
    bench.play("< +CREG: 2\n < +CMTI: \"SM\",1\n > AT+CCID");
    bench.lines(&format!("+CCID: {OTHER}|OK"));
    bench.play("state Identifying\n > AT+CCID");
    assert_eq!(bench.snapshot().sim, None);
    assert!(bench.handed_on.is_empty());
}

#[test]
fn a_commit_that_took_long_has_the_iccid_read_before_the_deletion() {
    let mut bench = with_one_waiting();
    bench.play("wait 20s\n commit\n > AT+CNMI?\n < +CNMI: 2,1,0,0,0|OK\n > AT+CCID");
    bench.lines(&format!("+CCID: {ICCID}|OK"));
    bench.play("> AT+CMGD=3");
    let mut bench = with_one_waiting();
    bench.play("wait 20s\n commit\n > AT+CNMI?\n < +CNMI: 2,1,0,0,0|OK\n > AT+CCID");
    bench.lines(&format!("+CCID: {OTHER}|OK"));
    bench.play("auto 5s");
    assert_eq!(bench.count("AT+CMGD=3"), 0);
}

#[test]
fn a_modem_that_restarts_is_set_up_again_and_deletes_nothing_from_before() {
    let mut bench = with_one_waiting();
    bench.lines("RDY");
    bench.play("state Probing\n commit\n auto 10s\n state Ready");
    assert_eq!(bench.count("AT+CMGD=3"), 0);
    assert!(bench.count("ATE0") == 2 && bench.count("AT+CMGF=0") == 2);
}

#[test]
fn the_session_waits_for_a_usable_card_and_says_why() {
    let table = [
        ("+CPIN: SIM PIN|OK", "PIN"),
        ("+CPIN: SIM PUK|OK", "PUK"),
        ("+CME ERROR: 10", "no SIM card"),
        ("+CME ERROR: 14", "still starting"),
        ("+CPIN: NOT INSERTED|OK", "no SIM card"),
        ("+CME ERROR: SIM PIN required", "PIN"),
        ("+CPIN: PH-NET PIN|OK", "locked"),
    ];
    for (reply, reason) in table {
        let mut bench = Bench::new();
        bench.on("AT+CPIN?", reply);
        bench.auto(Duration::from_secs(300));
        assert_eq!(bench.snapshot().state, ModemState::SimCheck);
        assert!(
            bench.snapshot().reason.as_ref().unwrap().to_string().contains(reason),
            "{reply}: {:?}",
            bench.snapshot().reason
        );
        assert!(!bench.log.iter().any(|sent| sent.starts_with("AT+CPIN=")), "no PIN is entered");
        assert!(bench.count("AT+CPIN?") < 60);
        bench.on("AT+CPIN?", "+CPIN: READY|OK");
        bench.lines("+CPIN: READY");
        bench.auto(Duration::from_secs(2));
        assert_eq!(bench.session.state(), ModemState::Ready, "{reply}");
    }
}

#[test]
fn a_flood_of_sim_events_is_checked_twice_a_second_at_most() {
    let mut bench = Bench::new();
    bench.on("AT+CPIN?", "+CME ERROR: 10");
    bench.auto(Duration::from_secs(1));
    bench.log.clear();
    for _ in 0..1000 {
        bench.lines("+QUSIM: 1");
        bench.auto(Duration::from_millis(10));
    }
    assert!(bench.count("AT+CPIN?") <= 21, "{}", bench.count("AT+CPIN?"));
}

#[test]
fn an_optional_command_that_always_blames_the_sim_causes_no_endless_loop() {
    let mut bench = Bench::new();
    bench.on("AT+CNUM", "+CME ERROR: 13");
    bench.auto(Duration::from_secs(30));
    assert_eq!(bench.session.state(), ModemState::Ready);
    assert!(bench.count("AT+CNUM") <= 4);
}

#[test]
fn a_direct_message_after_a_sim_event_waits_for_the_iccid() {
    let mut bench = Bench::ready();
    bench.auto(Duration::from_secs(5));
    bench.on("AT+CCID", &format!("+CCID: {OTHER}|OK"));
    bench.lines(&format!("+QUSIM: 1|+CMT: ,{PDU_LENGTH}|{PDU}"));
    assert!(bench.handed_on.is_empty());
    bench.play("auto 5s");
    bench.play(&format!("store  -1 {OTHER}"));
}

#[test]
fn a_direct_message_while_the_card_is_in_doubt_waits_for_the_iccid() {
    let mut bench = Bench::ready();
    bench.auto(Duration::from_secs(5));
    bench.log.clear();
    bench.play("< +CREG: 2\n > AT+CCID");
    bench.lines(&format!("+CMT: ,{PDU_LENGTH}|{PDU}"));
    assert!(bench.handed_on.is_empty());
    bench.lines(&format!("+CCID: {ICCID}|OK"));
    bench.play(&format!("store  -1 {ICCID}"));
}

#[test]
fn after_a_lost_sim_event_a_repeated_registration_has_the_iccid_read_before_any_message() {
    let mut bench = Bench::ready();
    bench.auto(Duration::from_secs(5));
    bench.log.clear();
    bench.on("AT+CCID", &format!("+CCID: {OTHER}|OK"));
    bench.on("AT+CMGL=4", &format!("+CMGL: 0,0,,{PDU_LENGTH}|{PDU}|OK"));
    bench.lines("+CREG: 1|+CMTI: \"SM\",0");
    bench.auto(Duration::from_secs(20));
    assert_eq!(bench.log.first().map(String::as_str), Some("AT+CCID"), "{:?}", bench.log);
    assert!(bench.handed_on.iter().all(|(_, received)| received.iccid == OTHER));
    assert!(!bench.handed_on.is_empty());
}

#[test]
fn messages_for_a_removed_card_are_not_credited_to_the_next_one() {
    let mut bench = Bench::ready();
    bench.auto(Duration::from_secs(5));
    bench.on("AT+CCID", &format!("+CCID: {OTHER}|OK"));
    bench.lines(&format!("+QUSIM: 1|+CMT: ,{PDU_LENGTH}|{PDU}|+CPIN: NOT INSERTED|+CPIN: READY"));
    bench.play("auto 20s");
    assert_eq!((bench.session.state(), bench.handed_on.len()), (ModemState::Ready, 0));
}

#[test]
fn direct_messages_without_an_owner_or_without_room_are_counted() {
    let mut bench = Bench::ready();
    bench.lines("+CPIN: NOT READY");
    for _ in 0..1030 {
        bench.lines(&format!("+CMT: ,{PDU_LENGTH}|{PDU}"));
    }
    assert_eq!((bench.dropped, bench.handed_on.len()), (6, 0), "1024 are kept");
    bench.lines("+CPIN: NOT INSERTED");
    assert_eq!(bench.dropped, 1030);
}

#[test]
fn the_iccid_is_found_by_whatever_command_works() {
    let table = [
        ("AT+QCCID", "+QCCID: 8931440400000000123F|OK"),
        ("AT+CICCID", "+ICCID: 8931440400000000123|OK"),
        ("AT^ICCID?", "^ICCID: 98134404000000001032|OK"),
        ("AT!ICCID?", "!ICCID: 8931440400000000123|OK"),
        ("AT+CRSM=176,12258,0,0,10", "+CRSM: 144,0,\"981344040000000010F2\"|OK"),
    ];
    for (command, reply) in table {
        let mut bench = Bench::new();
        bench.on("AT+CCID", "ERROR").on(command, reply);
        bench.auto(Duration::from_secs(1));
        assert_eq!(bench.session.state(), ModemState::Ready, "{command}");
    }
    let mut bench = Bench::new();
    bench.on("AT+CCID", "ERROR");
    bench.auto(Duration::from_secs(10));
    assert_eq!(bench.snapshot().state, ModemState::SimCheck);
    assert!(bench.snapshot().reason.as_ref().unwrap().to_string().contains("ICCID"));
}

#[test]
fn an_iccid_that_does_not_check_is_believed_when_it_was_read_twice() {
    const CUT: &str = "893144040000000012";
    const LONG: &str = "89314404000000001234";
    for (readings, card) in [
        (&[ICCID][..], ICCID),
        (&[CUT, ICCID], ICCID),
        (&[LONG, LONG], LONG),
        (&[LONG, CUT, LONG], LONG),
        (&["8931440400000000124", "893144040000000013", CUT, LONG], ICCID),
    ] {
        let mut bench = Bench::new();
        for reading in readings {
            bench.answer_until("AT+CCID");
            bench.lines(&format!("+CCID: {reading}|OK"));
        }
        bench.on("AT+QCCID", &format!("+QCCID: {ICCID}|OK"));
        bench.auto(Duration::from_secs(1));
        let known: Vec<&str> = bench.identified.iter().map(|card| card.iccid.as_str()).collect();
        assert_eq!(known, [card], "{readings:?}");
        assert_eq!(bench.count("AT+CCID"), readings.len());
    }
}

#[test]
fn a_modem_that_answers_ok_to_every_command_it_does_not_know_still_gets_to_crsm() {
    let mut bench = Bench::new();
    for command in
        ["AT+CCID", "AT+QCCID", "AT+ICCID", "AT+CICCID", "AT^ICCID?", "AT#CCID", "AT!ICCID?"]
    {
        bench.on(command, "OK");
    }
    bench.on("AT+CRSM=176,12258,0,0,10", "+CRSM: 144,0,\"981344040000000010F2\"|OK");
    bench.auto(Duration::from_secs(10));
    assert_eq!(bench.session.state(), ModemState::Ready, "{:?}", bench.reopen);
}
