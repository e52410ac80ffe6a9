//! Registration, and whether messages are still announced.

use std::time::Duration;

use super::bench::*;

#[test]
fn lte_alone_is_enough_and_so_is_sms_only() {
    for (circuit, lte) in [("+CREG: 1,0|OK", "+CEREG: 1,5|OK"), ("+CREG: 1,6|OK", "+CEREG: 1,0|OK")]
    {
        let mut bench = Bench::new();
        bench.on("AT+CREG?", circuit).on("AT+CEREG?", lte);
        bench.auto(Duration::from_secs(1));
        assert_eq!(bench.session.state(), ModemState::Ready);
    }
}

#[test]
fn without_a_network_the_modem_is_registering_and_stores_are_swept() {
    let mut bench = Bench::new();
    bench.on("AT+CREG?", "+CREG: 1,2|OK");
    bench.auto(Duration::from_secs(30));
    assert_eq!(bench.snapshot().state, ModemState::Registering);
    assert_eq!(bench.snapshot().registration, Some(Registration::Searching));
    assert!(bench.count("AT+CMGL=4") >= 2);
    assert!(bench.count("AT+CREG?") <= 8);
    bench.lines("+CEREG: 1,\"00A1\",\"01B2C3\",7");
    bench.auto(Duration::from_secs(1));
    assert_eq!(bench.snapshot().state, ModemState::Ready);
}

#[test]
fn a_lost_network_is_noticed_at_once() {
    let mut bench = Bench::ready();
    bench.auto(Duration::from_secs(5));
    bench.lines("+CREG: 2");
    assert_eq!(bench.snapshot().state, ModemState::Registering);
    bench.lines("+CREG: 1,\"00A1\",\"01B2\"");
    assert_eq!(bench.snapshot().state, ModemState::Ready);
}

#[test]
fn a_modem_that_stopped_announcing_is_noticed_and_set_again() {
    let mut bench = Bench::ready();
    bench.on("AT+CNMI?", "+CNMI: 2,0,0,0,0|OK");
    bench.log.clear();
    bench.auto(Duration::from_secs(700));
    assert!(bench.count("AT+CNMI=2,1,0,0,0") >= 1);
}

#[test]
fn the_state_is_reported_with_every_keep_alive() {
    let mut bench = Bench::ready();
    bench.auto(Duration::from_secs(5));
    bench.reports.clear();
    bench.auto(Duration::from_secs(600));
    assert!((10..=30).contains(&bench.reports.len()), "{}", bench.reports.len());
}

#[test]
fn messages_listed_while_the_card_was_in_doubt_are_listed_again() {
    let mut bench = Bench::ready();
    bench.auto(Duration::from_secs(5));
    let list = format!("+CMGL: 1,1,,{PDU_LENGTH}|{PDU}|OK");
    bench.play("< +CMTI: \"ME\",-1\n > AT+CMGL=4\n < +CREG: 2");
    bench.lines(&list);
    assert!(bench.handed_on.is_empty());
    bench.on("AT+CMGL=4", &list);
    bench.auto(Duration::from_secs(5));
    assert!(!bench.handed_on.is_empty());
}
