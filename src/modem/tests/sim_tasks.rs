//! Tasks in the name of one card.

use std::time::Duration;

use super::super::*;
use super::bench::*;

/// SMS-SUBMIT "hi" to +31612340000, without a service centre's address.
const SUBMIT: &str = "0001000B911316320400F0000002E834";

fn ask(bench: &mut Bench, id: u64, iccid: &str, task: SimTask) {
    bench.session.request(
        id,
        ModemRequest::ForSim { iccid: Iccid::from_stored(iccid), task },
        bench.now,
    );
    bench.act();
}

fn message() -> SimTask {
    SimTask::Send(hex::decode(SUBMIT).unwrap())
}

/// A ready modem that gets this task so late that the ICCID has to be read again first.
fn asked(task: SimTask) -> Bench {
    let mut bench = Bench::ready();
    bench.play("auto 20s");
    ask(&mut bench, 7, ICCID, task);
    bench.play("> AT+CCID");
    bench.lines(&format!("+CCID: {ICCID}|OK"));
    bench
}

fn read_again(bench: &mut Bench, iccid: &str) {
    assert_eq!(bench.answers, [], "not before the card is certain");
    bench.play("> AT+CCID");
    bench.lines(&format!("+CCID: {iccid}|OK"));
}

#[test]
fn a_message_is_sent_at_the_prompt_whatever_the_prompt_looks_like() {
    for prompt in [&b"\r\n> "[..], b">", b"\r\n>\r\n", b"\r\n> \r\n> "] {
        let mut bench = asked(message());
        bench.play("> AT+CMGS=15\n quiet");
        bench.raw(prompt);
        bench.play(&format!("> {SUBMIT} END\n quiet\n wait 90s\n quiet"));
        bench.lines("+CMGS: 5||OK");
        read_again(&mut bench, ICCID);
        assert_eq!(bench.answers, [(7, Ok(Vec::new()))], "{prompt:?}");
    }
}

#[test]
fn a_prompt_before_the_final_result_is_not_answered_again() {
    let mut bench = asked(message());
    bench.play("> AT+CMGS=15");
    bench.raw(b"\r\n> ");
    bench.play(&format!("> {SUBMIT} END"));
    bench.raw(b"\r\n+CMGS: 5\r\n\r\n> OK\r\n");
    read_again(&mut bench, ICCID);
    assert_eq!(bench.answers, [(7, Ok(Vec::new()))]);
}

#[test]
fn a_message_that_fails_is_never_sent_a_second_time() {
    let mut bench = asked(message());
    bench.play("> AT+CMGS=15");
    bench.raw(b"\r\n> ");
    bench.play(&format!("> {SUBMIT} END"));
    bench.lines("+CMS ERROR: 38");
    assert_eq!(bench.answers, [(7, Err(RequestError::Refused(FinalResult::Cms(Some(38)))))]);
    let mut bench = asked(message());
    bench.on(&format!("{SUBMIT} END"), "-");
    bench.play("> AT+CMGS=15");
    bench.raw(b"\r\n> ");
    bench.play("auto 200s");
    assert_eq!(bench.answers, [(7, Err(RequestError::TimedOut))]);
    assert_eq!(
        (bench.count("AT+CMGS=15"), bench.session.state()),
        (1, ModemState::Ready),
        "{:?}",
        bench.log
    );
}

#[test]
fn a_lost_prompt_is_escaped_before_the_next_command() {
    let mut bench = asked(message());
    bench.play("> AT+CMGS=15\n wait 11s\n > ESC AT+CGSN");
    assert_eq!(bench.answers, [(7, Err(RequestError::TimedOut))]);
}

#[test]
fn nothing_is_done_for_a_card_that_is_not_in() {
    let mut bench = Bench::ready();
    bench.play("auto 20s");
    ask(&mut bench, 7, OTHER, message());
    bench.play("> AT+CCID");
    bench.lines(&format!("+CCID: {ICCID}|OK"));
    assert_eq!(bench.answers, [(7, Err(RequestError::OtherCard))]);
    assert_eq!(bench.count("AT+CMGS=15"), 0);
    // The card was exchanged without a URC just before.
    let mut bench = Bench::ready();
    bench.play("auto 20s");
    ask(&mut bench, 8, ICCID, message());
    bench.play("> AT+CCID");
    bench.on("AT+CCID", &format!("+CCID: {OTHER}|OK"));
    bench.lines(&format!("+CCID: {OTHER}|OK"));
    bench.play("auto 5s");
    assert_eq!(bench.answers, [(8, Err(RequestError::OtherCard))]);
    assert_eq!(bench.count("AT+CMGS=15"), 0);
}

#[test]
fn what_another_card_may_have_done_does_not_count() {
    let ussd = || SimTask::Ussd("*101#".to_owned());
    let close = "> AT+CUSD=2\n < OK\n wait 1.1s";
    let mut bench = asked(ussd());
    bench.play(close);
    bench.play("> AT+CUSD=1,\"*101#\",15");
    bench.lines("OK|+CUSD: 0,\"Your number is 0612345678.\",15");
    read_again(&mut bench, ICCID);
    assert_eq!(bench.answers, [(7, Ok(vec!["Your number is 0612345678.".to_owned()]))]);
    let mut bench = asked(ussd());
    bench.play(close);
    bench.play("> AT+CUSD=1,\"*101#\",15");
    bench.lines("OK|+CUSD: 0,\"Your number is 0612345678.\",15");
    read_again(&mut bench, OTHER);
    assert_eq!(bench.answers, [(7, Err(RequestError::OtherCard))]);
    let mut bench = asked(ussd());
    bench.play(close);
    bench.play("> AT+CUSD=1,\"*101#\",15");
    bench.lines("+CUSD: 0,\"Your number is 0612345678.\",15|OK|+CPIN: NOT INSERTED");
    assert_eq!(bench.answers, [(7, Err(RequestError::OtherCard))]);
}

/// The text "Nr 0612345678." in packed septets.
const PACKED: &str = "4E3908668BC966B49AED867301";

#[test]
fn ussd_is_encoded_and_decoded_as_the_model_wants_it() {
    let own =
        "name = \"Acme\"\nmanufacturer = [\"Bench\"]\nmodel = [\"*\"]\nquirks = [\"{quirk}\"]\n";
    let table = [
        ("no-list", "*100#", "Your number is 0612345678."),
        // 23.038 6.1.2.3.1: five septets in five octets.
        ("ussd-packed", "AA180C3602", PACKED),
        (
            "ussd-ucs2",
            "002A0031003000300023",
            "0048006900200030003600310032003300340035003600370038",
        ),
    ];
    for (quirk, sent, told) in table {
        let own = own.replace("{quirk}", quirk);
        let (profiles, faults) = Catalogue::with_own([("acme.toml", own.as_str())]);
        assert!(faults.is_empty(), "{faults:?}");
        let mut bench = Bench::with(SessionConfig { profiles: profiles.into(), ..config() });
        bench.on("AT+CMGD=?", "+CMGD: (),(0-4)|OK");
        bench.on(&format!("AT+CUSD=1,\"{sent}\",15"), &format!("OK|+CUSD: 0,\"{told}\",15"));
        bench.auto(Duration::from_secs(10));
        ask(&mut bench, 7, ICCID, SimTask::Ussd("*100#".to_owned()));
        bench.auto(Duration::from_secs(5));
        let Some((7, Ok(text))) = bench.answers.pop() else {
            panic!("{quirk}: {:?} {:?}", bench.answers, bench.log)
        };
        assert!(text[0].contains("06123456"), "{quirk}: {text:?}");
    }
}

#[test]
fn the_own_number_is_written_and_read_back() {
    let number = "+31612345678";
    let write = format!("AT+CPBW=1,\"{number}\",145");
    let table = [
        ("OK", "+CPBR: 1,\"+31612345678\",145,\"\"|OK", Ok(vec![number.to_owned()])),
        ("OK", "+CPBR: 1,\"+31600000000\",145,\"\"|OK", Err(RequestError::NotKept)),
        ("+CME ERROR: 3", "OK", Err(RequestError::Refused(FinalResult::Cme(Some(3))))),
    ];
    for (written, read, reply) in table {
        let mut bench = Bench::ready();
        bench.on("AT+CPBS=\"ON\"", "OK").on(&write, written).on("AT+CPBR=1", read);
        ask(&mut bench, 7, ICCID, SimTask::WriteNumber(number.to_owned()));
        bench.play("auto 5s");
        assert_eq!(bench.answers, [(7, reply)]);
        assert_eq!(bench.count(&write), 1);
    }
}

#[test]
fn a_task_waits_until_the_modem_serves_and_is_given_up_after_a_while() {
    let mut bench = Bench::new();
    bench.on("AT+CPIN?", "+CPIN: SIM PIN|OK");
    ask(&mut bench, 7, ICCID, message());
    bench.session.request(8, ModemRequest::At("AT+CSQ".to_owned()), bench.now);
    bench.play("auto 70s");
    let answered: Vec<u64> = bench.answers.iter().map(|(id, _)| *id).collect();
    assert_eq!(answered, [8, 7], "an operator's command does not wait behind it");
    assert_eq!(bench.answers[1].1, Err(RequestError::TimedOut));
}

#[test]
fn malformed_messages_codes_and_numbers_are_refused() {
    let mut bench = Bench::ready();
    let table = [
        (SimTask::Send(vec![0]), RequestError::NotACommand),
        (SimTask::Send(vec![0; 300]), RequestError::NotACommand),
        (SimTask::Ussd("hello".to_owned()), RequestError::NotACode),
        (SimTask::WriteNumber("\",\"".to_owned()), RequestError::NotACommand),
    ];
    for (task, error) in table {
        ask(&mut bench, 7, ICCID, task);
        assert_eq!(bench.answers.pop(), Some((7, Err(error))));
    }
}
