//! A SIM card's PIN is entered once, never with only one attempt left, and never again when it was
//! wrong.

use std::time::Duration;

use super::super::*;
use super::bench::*;

const ENTER: &str = "AT+CPIN=\"1234\"";

/// A modem with a locked card that has this many attempts left. The host remembers that the PINs of
/// the `tried` cards were entered.
fn locked(attempts: u8, tried: Vec<String>) -> Bench {
    let config = SessionConfig { pin: Pin::parse("1234"), ..config() };
    let mut bench = Bench::with(config);
    bench.tried = tried;
    bench
        .on("AT+CPIN?", "+CPIN: SIM PIN|OK")
        .on("AT+CPINR", &format!("+CPINR: SIM PIN,{attempts},3|OK"));
    bench
}

#[test]
fn a_right_pin_is_entered_after_attempts_and_iccid_were_read_and_the_attempt_is_forgotten() {
    let mut bench = locked(3, Vec::new());
    bench.on(ENTER, "OK");
    bench.auto(Duration::from_millis(100));
    assert_eq!(&bench.log[bench.log.len() - 4..], ["AT+CPIN?", "AT+CPINR", "AT+CCID", ENTER]);
    bench.on("AT+CPIN?", "+CPIN: READY|OK");
    bench.auto(Duration::from_secs(2));
    assert_eq!((bench.session.state(), bench.tried.len()), (ModemState::Ready, 0));
}

#[test]
fn a_wrong_pin_over_a_hundred_restarts_is_one_attempt() {
    let (mut tried, mut entered) = (Vec::new(), 0);
    for restart in 0..100 {
        let mut bench = locked(if restart == 0 { 3 } else { 2 }, tried);
        bench.on(ENTER, "+CME ERROR: 16");
        bench.auto(Duration::from_secs(600));
        bench.lines("+CPIN: SIM PIN|+QUSIM: 1");
        bench.auto(Duration::from_secs(600));
        assert!(
            bench.snapshot().reason.as_ref().unwrap().to_string().contains("not tried again"),
            "{:?}",
            bench.snapshot().reason
        );
        entered += bench.count(ENTER);
        tried = bench.tried.clone();
    }
    assert_eq!(entered, 1);
}

#[test]
fn the_last_attempt_and_an_unknown_number_of_attempts_are_not_touched() {
    let mut bench = locked(1, Vec::new());
    bench.auto(Duration::from_secs(600));
    assert!(bench.snapshot().reason.as_ref().unwrap().to_string().contains("one attempt left"));
    assert!(bench.tried.is_empty() && bench.count(ENTER) == 0);
    let mut bench = locked(3, Vec::new());
    bench.on("AT+CPINR", "ERROR");
    bench.auto(Duration::from_secs(600));
    assert!(bench.snapshot().reason.as_ref().unwrap().to_string().contains("does not tell"));
    assert_eq!(bench.count(ENTER), 0);
    bench.on("AT^CPIN?", "^CPIN: SIM PIN,,10,2,10,3|OK").on(ENTER, "OK");
    bench.lines("+CPIN: NOT READY");
    bench.auto(Duration::from_secs(5));
    assert_eq!(bench.count(ENTER), 1, "Huawei's way to ask is known too");
}

#[test]
fn a_card_without_a_readable_iccid_is_remembered_by_its_modem() {
    let mut bench = locked(3, Vec::new());
    bench.on("AT+CCID", "+CME ERROR: 11").on(ENTER, "+CME ERROR: 16");
    bench.auto(Duration::from_secs(60));
    assert_eq!((bench.tried.as_slice(), bench.count(ENTER)), (&[IMEI.to_owned()][..], 1));
}

#[test]
fn a_card_that_takes_a_moment_to_accept_its_pin_is_waited_for() {
    let mut bench = locked(3, Vec::new());
    bench.on(ENTER, "OK");
    bench.auto(Duration::from_secs(3));
    bench.on("AT+CPIN?", "+CPIN: READY|OK");
    bench.auto(Duration::from_secs(5));
    assert_eq!(
        (bench.session.state(), bench.tried.len(), bench.count(ENTER)),
        (ModemState::Ready, 0, 1)
    );
}

#[test]
fn a_card_exchanged_while_its_attempts_are_read_is_asked_again() {
    let mut bench = locked(3, Vec::new());
    bench.on("AT+CPINR", "-").on(ENTER, "OK");
    bench.auto(Duration::from_millis(100));
    bench.on("AT+CPINR", "+CPINR: SIM PIN,1,3|OK");
    bench.lines("+CPIN: NOT READY|+CPINR: SIM PIN,3,3|OK");
    bench.auto(Duration::from_secs(60));
    assert_eq!((bench.count(ENTER), bench.count("AT+CPINR")), (0, 2));
}

#[test]
fn a_blocked_card_is_reported_as_requiring_its_puk() {
    let mut bench = locked(3, Vec::new());
    bench.on(ENTER, "+CME ERROR: 16");
    bench.auto(Duration::from_secs(5));
    bench.on("AT+CPIN?", "+CPIN: SIM PUK|OK");
    bench.auto(Duration::from_secs(120));
    assert!(bench.snapshot().reason.as_ref().unwrap().to_string().contains("PUK"));
    assert_eq!(bench.count(ENTER), 1);
}
