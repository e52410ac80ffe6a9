//! One command in flight, deadlines that do not move, and the resynchronisation.

use std::time::Duration;

use super::super::SessionConfig;
use super::bench::*;

fn reading() -> Bench {
    let mut bench = Bench::ready();
    bench.auto(Duration::from_secs(5));
    bench.play("< +CMTI: \"ME\",3\n > AT+CMGR=3");
    bench
}

#[test]
fn a_late_ok_is_not_taken_for_the_reply_to_another_command() {
    let mut bench = reading();
    bench.play("< +CMTI: \"ME\",4\n wait 25.3s\n > AT+CGSN");
    // The late reply: it is neither the reply to the question nor a message, and does not set the
    // next command free.
    bench.lines(&Bench::message(PDU_LENGTH));
    bench.play("quiet\n < OK|ERROR\n quiet\n < 861234567890123\n quiet\n < OK");
    bench.play("> AT+CCID\n < +CCID: 8931440400000000123|OK\n > AT+CMGR=4");
    assert!(bench.handed_on.is_empty());
}

#[test]
fn a_stray_final_result_does_not_shift_messages_to_the_next_slots() {
    for stray in ["OK", "ERROR", "+CMS ERROR: 500", "+CCID: 8931440400000000123|OK"] {
        let mut bench = reading();
        // Slot 3 is answered late. Taken for slot 4, its message would empty slot 4 unread.
        bench.play(&format!("< +CMTI: \"ME\",4\n < {stray}\n wait 0.3s\n > AT+CCID"));
        bench.lines(&Bench::message(PDU_LENGTH));
        bench.play("quiet\n < +CCID: 8931440400000000123|OK\n wait 0.9s\n quiet\n wait 0.2s");
        bench.play("> AT+CCID\n < +CCID: 8931440400000000123|OK\n > AT+CMGR=4");
        bench.lines(&Bench::message(PDU_LENGTH));
        // Slot 3 is left to the next sweep.
        bench.on("AT+CMGL=4", &format!("+CMGL: 3,0,,{PDU_LENGTH}|{PDU}|OK"));
        bench.play("store ME 4\n auto 3s\n store ME 3");
        for index in [3, 4] {
            let deleted = bench.count(&format!("AT+CMGD={index}"));
            assert!(deleted > 0, "{stray}, {index}: {:?}", bench.log);
        }
    }
}

#[test]
fn a_late_answer_to_the_question_itself_is_not_taken_for_the_answer_to_the_next() {
    let mut bench = reading();
    bench.play("< +CMTI: \"ME\",4\n wait 25.3s\n > AT+CGSN\n wait 2.3s\n > AT+CGMM");
    bench.play("< 861234567890123|OK\n quiet\n < EC25|OK\n quiet\n wait 0.3s");
    bench.play("> AT+CCID\n < +CCID: 8931440400000000123|OK\n > AT+CMGR=4");
}

#[test]
fn a_modem_that_no_longer_answers_is_given_up() {
    let mut bench = reading();
    bench.wait(Duration::from_secs(60));
    assert!(bench.reopen.as_ref().unwrap().to_string().contains("stopped answering"));
    let log = bench.log.len();
    bench.lines("OK");
    bench.wait(Duration::from_secs(600));
    assert_eq!((bench.log.len(), bench.session.next_deadline()), (log, None));
}

#[test]
fn a_flood_of_urcs_does_not_move_the_deadline() {
    let mut bench = reading();
    let deadline = bench.session.next_deadline();
    let start = bench.now;
    for _ in 0..250 {
        bench.lines("^RSSI: 20|^HCSQ: \"LTE\",40|+CREG: 1|+ZPAS: \"LTE\"");
        assert_eq!(bench.session.next_deadline(), deadline);
        bench.wait(Duration::from_millis(99));
    }
    bench.lines("^RSSI: 20");
    bench.wait(Duration::from_millis(300));
    assert_eq!(bench.now - start, Duration::from_millis(250 * 99 + 300));
    // The command has ended; draining does not go on for ever either.
    for _ in 0..21 {
        bench.lines("^RSSI: 20");
        bench.wait(Duration::from_millis(100));
    }
    bench.play("> AT+CGSN");
}

#[test]
fn a_port_without_an_answer_is_given_up_after_ten_greetings() {
    let mut bench = Bench::new();
    bench.wait(Duration::from_secs(20));
    assert_eq!((bench.count("AT"), bench.log.len()), (5, 10), "{:?}", bench.log);
    assert!(bench.reopen.as_ref().unwrap().to_string().contains("no answer to AT"));
}

#[test]
fn greetings_answered_late_and_all_at_once_do_no_harm() {
    let mut bench = Bench::new();
    bench.wait(Duration::from_secs(4));
    bench.lines("OK|OK|OK|OK");
    bench.sent.clear();
    bench.wait(Duration::from_millis(1));
    // The last greeting was answered; the rest of the table follows.
    bench.auto(Duration::from_secs(20));
    assert_eq!(bench.session.state(), ModemState::Ready, "{:?}", bench.log);
    assert_eq!(bench.snapshot().identity.as_ref().unwrap().manufacturer, "Bench");
}

#[test]
fn an_ok_without_the_value_that_was_asked_for_belongs_to_another_command() {
    let mut bench = Bench::new();
    bench.play(
        "> AT\n < OK\n > ATE0\n < OK|OK\n > AT+CMEE=1\n < OK\n > AT+CSCS?\n < OK\n > AT+CGSN\n < \
         OK\n quiet\n wait 0.3s\n > AT+CMEE?",
    );
    bench.play("< 861234567890123|OK\n quiet\n < +CMEE: 1|OK\n > AT+CGSN");
}

#[test]
fn echo_noise_and_all_line_ends_are_understood() {
    for (before, end, after) in [
        ("", "\n", ""),
        ("\r\n", "\r\n", ""),
        ("\r", "\r", "\r\n\r\n"),
        ("\n\n", "\n\r", "\0"),
        ("\u{0}x", "\r\r\n", ""),
    ] {
        let mut bench = Bench::new();
        for _ in 0..200 {
            let Some(command) = bench.sent.pop_front() else { break };
            let echo = format!("{before}{command}\r{before}{command}\r");
            let reply = match command.as_str() {
                "AT+CGSN" => "861234567890123|OK",
                "AT+CGMI" => "SIMCOM INCORPORATED|OK",
                "AT+CGMM" => "SIMCOM_SIM800C|OK",
                "AT+CPIN?" => "+CPIN:READY|OK",
                "AT+CCID" => "8931440400000000123f|OK",
                "AT+CPMS=?" => "+CPMS: (\"SM\"),(\"SM\"),(\"SM\")|OK",
                "AT+CREG?" => "+CREG: 1,1|OK",
                "AT+CSQ" => "+CSQ: 20,0|OK",
                "AT+COPS?" => "+COPS: 0|OK",
                _ => "OK",
            };
            let lines: String = reply.split('|').map(|line| format!("{line}{end}")).collect();
            bench.raw(format!("{echo}{after}{end}{lines}").as_bytes());
        }
        bench.auto(Duration::from_secs(3));
        let identity = bench.snapshot().identity.clone().unwrap();
        assert_eq!(
            (identity.manufacturer.as_str(), identity.model.as_str()),
            ("SIMCOM INCORPORATED", "SIMCOM_SIM800C")
        );
        assert_eq!(bench.snapshot().sim.as_ref().unwrap().iccid, ICCID);
    }
}

#[test]
fn a_reply_without_its_ok_is_used_after_the_time_is_over() {
    let mut bench = Bench::new();
    bench.on("AT+CPIN?", "+CPIN: READY");
    bench.auto(Duration::from_secs(60));
    assert_eq!(bench.session.state(), ModemState::Ready);
}

#[test]
fn commands_that_stay_unanswered_again_and_again_end_the_session() {
    let mut bench = Bench::new();
    bench.on("AT+CMGF=0", "-");
    bench.auto(Duration::from_secs(600));
    assert!(
        bench.reopen.as_ref().unwrap().to_string().contains("without an answer"),
        "{:?}",
        bench.reopen
    );
}

#[test]
fn an_unexpected_prompt_is_left_with_the_resynchronisation_sim800c() {
    let mut bench = reading();
    bench.raw(b"\r\n> ");
    bench.play("quiet\n wait 25.3s\n > ESC AT+CGSN");
}

#[test]
fn an_operators_command_is_answered_with_its_lines() {
    let mut bench = reading();
    bench.session.request(7, ModemRequest::At("AT+CSQ".to_owned()), bench.now);
    bench.act();
    bench.play("quiet\n < +CMS ERROR: 321\n > AT+CSQ\n < +CSQ: 20,99|+CMTI: \"ME\",4|OK");
    assert_eq!(bench.answers, [(7, Ok(vec!["+CSQ: 20,99".to_owned(), "OK".to_owned()]))]);
    // Whatever it did: the card is looked at before anything else.
    bench.play("> AT+CCID");
}

#[test]
fn forbidden_commands_and_too_many_commands_of_operators_are_refused() {
    let mut bench = reading();
    let refused = [(1, "hello"), (2, "AT\rAT"), (3, "AT+EGMR=1,7,\"1\""), (4, "AT+CMGD=1,4")];
    for (id, text) in refused {
        bench.session.request(id, ModemRequest::At(text.to_owned()), bench.now);
    }
    for id in 10..30 {
        bench.session.request(id, ModemRequest::At("AT".to_owned()), bench.now);
    }
    bench.act();
    assert_eq!(bench.answers[0], (1, Err(RequestError::NotACommand)));
    assert_eq!(bench.answers[2], (3, Err(RequestError::WritesImei)));
    assert_eq!(bench.answers[3], (4, Err(RequestError::HandlesMessages)));
    assert_eq!(
        bench.answers.iter().filter(|(_, reply)| *reply == Err(RequestError::TooMany)).count(),
        12
    );
}

#[test]
fn an_operators_command_that_leads_to_a_prompt_is_escaped() {
    let mut bench = reading();
    bench.session.request(7, ModemRequest::At("AT+XSEND=10".to_owned()), bench.now);
    bench.act();
    bench.play("< +CMS ERROR: 321\n > AT+XSEND=10");
    bench.raw(b"\r\n> ");
    bench.play("> ESC \n < +CMS ERROR: 304");
    assert_eq!(bench.answers, [(7, Ok(vec!["+CMS ERROR: 304".to_owned()]))]);
}

#[test]
fn a_ussd_code_is_answered_by_the_networks_text_whenever_it_arrives() {
    let table = [
        ("OK|+CUSD: 0,\"Your number is 0612345678.\",15", "Your number is 0612345678."),
        ("+CUSD: 0,\"Your number is 0612345678.\",15|OK", "Your number is 0612345678."),
        ("OK|+CUSD: 0,\"two|lines\",15", "two\nlines"),
        ("OK|+CUSD: 0,\"00480069002E\",72", "Hi."),
    ];
    for (lines, text) in table {
        let mut bench = Bench::ready();
        bench.session.request(7, ModemRequest::Ussd("*101#".to_owned()), bench.now);
        bench.act();
        bench.play("> AT+CUSD=2\n < OK\n wait 1.1s\n > AT+CUSD=1,\"*101#\",15");
        bench.lines(lines);
        assert_eq!(bench.answers, [(7, Ok(vec![text.to_owned()]))], "{lines}");
    }
    let mut bench = Bench::ready();
    bench.session.request(8, ModemRequest::Ussd("ATD".to_owned()), bench.now);
    bench.on("AT+CUSD=1,\"*1#\",15", "OK");
    bench.session.request(9, ModemRequest::Ussd("*1#".to_owned()), bench.now);
    bench.act();
    bench.auto(Duration::from_secs(100));
    assert_eq!(bench.answers, [(8, Err(RequestError::NotACode)), (9, Err(RequestError::TimedOut))]);
    assert_eq!(bench.session.state(), ModemState::Ready);
}

#[test]
fn the_operator_restarts_a_modem_by_its_profiles_command() {
    let mut bench = Bench::ready();
    bench.session.request(7, ModemRequest::Reset { hard: true }, bench.now);
    bench.act();
    bench.play("> AT+CFUN=1,1\n < OK");
    assert_eq!(bench.answers, [(7, Ok(vec!["OK".to_owned()]))]);
    assert!(bench.reopen.unwrap().to_string().contains("operator"));
}

#[test]
fn an_echo_that_comes_back_means_a_restart() {
    let mut bench = Bench::ready();
    bench.wait(Duration::from_secs(60));
    let command = bench.sent.pop_front().unwrap();
    bench.raw(format!("{command}\r\r\n+CCID: 8931440400000000123\r\n\r\nOK\r\n").as_bytes());
    assert_eq!(bench.session.state(), ModemState::Probing);
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.sent.pop_front().as_deref(), Some("AT"));
}

#[test]
fn on_a_line_that_can_die_unnoticed_the_modem_is_asked_whenever_it_has_been_silent() {
    let asked_without_a_beat = {
        let mut bench = Bench::idle();
        bench.auto(Duration::from_secs(600));
        bench.count("AT+CMEE?")
    };
    assert_eq!(asked_without_a_beat, 0);
    let beat = Duration::from_secs(10);
    for (command, reply, state) in [
        ("AT", "OK", "Ready"),
        ("AT+CPIN?", "+CME ERROR: 10", "SimCheck"),
        ("AT+CREG?", "+CREG: 1,2|OK", "Registering"),
    ] {
        let mut bench = Bench::with(SessionConfig { beat: Some(beat), ..config() });
        bench.on(command, reply);
        bench.auto(Duration::from_secs(100));
        let (mut spoken, end) = (bench.log.len(), bench.now + Duration::from_secs(300));
        while bench.now < end {
            bench.auto(beat + Duration::from_millis(1));
            assert!(bench.log.len() > spoken, "{state}: silent at {:?}", bench.now);
            spoken = bench.log.len();
        }
        bench.play(&format!("state {state}"));
        assert_eq!(bench.reopen, None);
    }
}
