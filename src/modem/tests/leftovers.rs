//! What another program has left in the modem: it is found out and put right.

use std::time::Duration;

use super::bench::*;

/// Lets the modem answer the rest of the conversation from its table, and checks that it becomes
/// ready.
fn becomes_ready(bench: &mut Bench, name: &str) {
    bench.auto(Duration::from_secs(5));
    assert_eq!(bench.session.state(), ModemState::Ready, "{name}: {:?}", bench.log);
}

#[test]
fn a_modem_that_answers_in_digits_is_switched_to_words() {
    let table = [
        ("the echo is off", "0\r", &["\r\nOK\r\n"][..]),
        ("the echo is on", "AT\r0\r", &["ATQ0V1E0\r\r\nOK\r\n"]),
        ("the line ends by CR and LF", "\r\n0\r\n", &["\r\nOK\r\n"]),
        ("an error, for half a command was in the line", "4\r", &["\r\nOK\r\n"]),
        ("the answer to the switch still has the old form", "0\r", &["0\r", "\r\nOK\r\n"]),
    ];
    for (name, greeting, answers) in table {
        let mut bench = Bench::new();
        bench.play("> AT");
        bench.raw(greeting.as_bytes());
        bench.play("> ESC ATQ0V1E0");
        bench.raw(answers[0].as_bytes());
        if let Some(second) = answers.get(1) {
            bench.play("> AT");
            bench.raw(second.as_bytes());
        }
        bench.play("> ATE0\n < OK");
        becomes_ready(&mut bench, name);
    }
}

#[test]
fn a_modem_that_cannot_be_switched_to_words_is_given_up_with_that_reason() {
    let mut bench = Bench::new();
    for _ in 0..20 {
        bench.raw(b"0\r");
        bench.wait(Duration::from_millis(1));
    }
    assert_eq!(bench.reopen, Some(ModemReason::AnswersInDigits));
    assert!(bench.log.len() <= 8, "{:?}", bench.log);
}

#[test]
fn a_silent_modem_is_told_to_answer_and_taken_out_of_a_prompt() {
    let mut bench = Bench::new();
    bench.play("> AT\n wait 1.3s\n > ESC ATQ0V1E0\n < OK\n > ATE0\n < OK");
    becomes_ready(&mut bench, "ATQ1");
}

#[test]
fn a_call_that_has_the_line_is_ended() {
    let mut bench = Bench::new();
    bench.play("> AT\n wait 1.3s\n > ESC ATQ0V1E0\n wait 1.3s\n > AT");
    let before = bench.now;
    bench.raw(b"~\xff}#\xc0!}!}!} }4}\"}&} } } } }%}&~");
    bench.play("wait 1.3s\n > +++");
    // A second without a word before it and after it.
    assert!(bench.now - before >= Duration::from_secs(1));
    bench.play("wait 1.1s\n quiet\n < OK\n > ATH\n < OK\n > ESC ATQ0V1E0\n < OK\n > ATE0\n < OK");
    becomes_ready(&mut bench, "data mode");
}

#[test]
fn a_prompt_that_the_first_word_meets_is_left_at_once() {
    let mut bench = Bench::new();
    bench.play("> AT");
    bench.raw(b"\r\n> ");
    bench.play("> ESC \n < OK\n > ATE0\n < OK");
    becomes_ready(&mut bench, "prompt");
}

#[test]
fn a_prompt_that_nobody_asked_for_is_left_with_the_next_command() {
    let mut bench = Bench::ready();
    bench.auto(Duration::from_secs(5));
    bench.raw(b"\r\n> ");
    bench.play("quiet\n < +CMTI: \"ME\",3\n > ESC AT+CCID");
    bench.answer("AT+CCID");
    bench.play("> AT+CMGR=3");
    bench.lines(&Bench::message(PDU_LENGTH));
    bench.play("store ME 3\n commit\n > AT+CMGD=3");
}

#[test]
fn half_a_command_in_the_line_is_spoilt_and_not_carried_out() {
    let mut bench = Bench::new();
    bench.play("> AT\n < ERROR\n quiet\n wait 0.3s\n > ESC ATQ0V1E0\n < OK\n > ATE0\n < OK");
    assert!(bench.log.iter().all(|sent| !sent.is_empty()), "no line end of its own");
    becomes_ready(&mut bench, "half a command");
}

#[test]
fn a_modem_that_refuses_every_word_is_not_asked_without_a_pause() {
    let mut bench = Bench::new();
    bench.on("AT", "ERROR").on("ATQ0V1E0", "ERROR").on("+++", "ERROR").on("ATH", "ERROR");
    bench.auto(Duration::from_secs(1));
    assert!(bench.log.len() <= 5, "{:?}", bench.log);
    bench.auto(Duration::from_secs(60));
    assert_eq!(bench.reopen, Some(ModemReason::Silent));
}

#[test]
fn digits_in_the_middle_of_a_session_mean_that_the_settings_are_lost() {
    let value = format!("\r\n+CCID: {ICCID}\r\n0\r");
    let message = format!("+CMGR: 0,,{PDU_LENGTH}\r\n{PDU}\r\n0\r");
    for (command, reply) in
        [("AT+CCID", value.as_str()), ("AT+CMGR=3", &message), ("AT+CMGR=3", "4\r")]
    {
        let mut bench = Bench::ready();
        bench.auto(Duration::from_secs(5));
        if command == "AT+CCID" {
            bench.wait(Duration::from_secs(60));
        } else {
            bench.lines("+CMTI: \"ME\",3");
        }
        bench.play(&format!("> {command}"));
        bench.raw(reply.as_bytes());
        assert!(bench.handed_on.is_empty(), "nothing is taken without its OK");
        assert_eq!(bench.session.state(), ModemState::Probing, "{reply:?}");
        assert_eq!(bench.snapshot().reason, Some(ModemReason::SettingsLost));
        bench.play("wait 1s\n > AT");
        bench.raw(b"0\r");
        bench.play("> ESC ATQ0V1E0\n < OK\n > ATE0\n < OK");
        becomes_ready(&mut bench, reply);
    }
}

#[test]
fn digits_that_an_operator_has_switched_on_are_switched_off_again() {
    let table = [
        ("ATV0", "0\r", vec!["0"]),
        ("ATZ", "0\r", vec!["0"]),
        ("ATI", "Bench EC25\r\n4\r", vec!["Bench EC25", "4"]),
        ("ATI", "4\r\nBench EC25\r\n0\r", vec!["4", "Bench EC25", "0"]),
        ("ATV0", "0\r\r\n^RSSI: 17\r\n", vec!["^RSSI: 17", "0"]),
    ];
    for (command, reply, lines) in table {
        let mut bench = Bench::ready();
        bench.auto(Duration::from_secs(5));
        bench.session.request(7, ModemRequest::At(command.to_owned()), bench.now);
        bench.act();
        bench.play(&format!("> {command}"));
        bench.raw(reply.as_bytes());
        bench.play("wait 3s\n > AT");
        let lines: Vec<String> = lines.into_iter().map(str::to_owned).collect();
        assert_eq!(bench.answers, [(7, Ok(lines))], "{command}");
        assert_eq!(bench.snapshot().reason, Some(ModemReason::SettingsLost));
        bench.raw(b"0\r");
        bench.play("> ESC ATQ0V1E0\n < OK\n > ATE0\n < OK");
        becomes_ready(&mut bench, reply);
    }
}

#[test]
fn a_digit_among_the_lines_of_a_reply_is_one_of_them() {
    let mut bench = Bench::ready();
    bench.auto(Duration::from_secs(5));
    bench.session.request(7, ModemRequest::At("AT*STATE?".to_owned()), bench.now);
    bench.act();
    bench.play("> AT*STATE?\n < 0\n wait 1s\n < 4|OK");
    let lines = ["0", "4", "OK"].map(str::to_owned).to_vec();
    assert_eq!(bench.answers, [(7, Ok(lines))]);
}

#[test]
fn strings_are_read_whatever_character_set_is_in_force() {
    let ucs2 =
        |text: &str| text.encode_utf16().map(|unit| format!("{unit:04X}")).collect::<String>();
    let hex = |text: &str| text.bytes().map(|octet| format!("{octet:02X}")).collect::<String>();
    let plain = |text: &str| text.to_owned();
    type Encoder<'a> = &'a dyn Fn(&str) -> String;
    // The set in force, those that the modem takes in its place, and how its strings are then.
    let table: [(&str, &[&str], Encoder<'_>, &[&str]); 6] = [
        ("GSM", &[], &plain, &[]),
        ("8859-1", &[], &plain, &[]),
        ("UCS2", &["IRA", "GSM"], &plain, &["IRA"]),
        ("UCS2", &["GSM"], &plain, &["IRA", "GSM"]),
        ("UCS2", &[], &ucs2, &["IRA", "GSM"]),
        ("HEX", &[], &hex, &["IRA", "GSM"]),
    ];
    for (in_force, taken, encode, tried) in table {
        let mut bench = Bench::new();
        bench.on("AT+CSCS?", &format!("+CSCS: \"{in_force}\"|OK"));
        for set in taken {
            bench.on(&format!("AT+CSCS=\"{set}\""), "OK");
        }
        let (number, name) = (encode("+31612345678"), encode("KPN"));
        bench
            .on("AT+CNUM", &format!("+CNUM: \"{}\",\"{number}\",145|OK", encode("Me")))
            .on("AT+COPS?", &format!("+COPS: 0,0,\"{name}\",7|OK"));
        becomes_ready(&mut bench, in_force);
        let sets = bench.log.iter().filter_map(|sent| sent.strip_prefix("AT+CSCS=\""));
        let sets: Vec<&str> = sets.map(|set| set.trim_end_matches('"')).collect();
        assert_eq!(sets, tried, "{in_force}");
        let known = bench.snapshot().sim.as_ref().and_then(|sim| sim.number.clone());
        assert_eq!(known.map(|known| known.number).as_deref(), Some("+31612345678"), "{in_force}");
        assert_eq!(bench.snapshot().operator.as_deref(), Some("KPN"), "{in_force}");
    }
}

#[test]
fn a_number_in_the_phonebook_is_read_by_the_set_in_force() {
    let mut bench = Bench::new();
    bench
        .on("AT+CSCS?", "+CSCS: \"UCS2\"|OK")
        .on("AT+CNUM", "OK")
        .on("AT+CPBS=\"ON\"", "OK")
        .on("AT+CPBR=1", "+CPBR: 1,\"00300036003100320033003400350036\",129,\"\"|OK");
    becomes_ready(&mut bench, "UCS2");
    let known = bench.snapshot().sim.as_ref().and_then(|sim| sim.number.clone());
    assert_eq!(known.map(|known| known.number).as_deref(), Some("06123456"));
}

#[test]
fn a_ussd_code_is_sent_in_the_set_that_the_modem_keeps() {
    let mut bench = Bench::new();
    bench.on("AT+CSCS?", "+CSCS: \"UCS2\"|OK");
    becomes_ready(&mut bench, "UCS2");
    bench.session.request(7, ModemRequest::Ussd("*1#".to_owned()), bench.now);
    bench.act();
    bench.play("> AT+CUSD=2\n < OK\n wait 1.1s");
    bench.play("> AT+CUSD=1,\"002A00310023\",15\n < OK|+CUSD: 0,\"00480069002E\",15");
    assert_eq!(bench.answers, [(7, Ok(vec!["Hi.".to_owned()]))]);
}

#[test]
fn a_character_set_that_an_operator_has_selected_is_noticed() {
    let mut bench = Bench::ready();
    bench.on("AT+CSCS=\"UCS2\"", "OK").on("AT+CSCS=\"IRA\"", "OK");
    bench.on("AT+CSCS?", "+CSCS: \"UCS2\"|OK");
    bench.session.request(7, ModemRequest::At("AT+CSCS=\"UCS2\"".to_owned()), bench.now);
    bench.act();
    bench.auto(Duration::from_secs(5));
    assert_eq!((bench.count("AT+CSCS?"), bench.count("AT+CSCS=\"IRA\"")), (2, 1));
}

/// Answers a session's commands from the table of a bench, each after this many echoes.
fn echoing(bench: &mut Bench, echoes: impl Fn(&str) -> usize, length: Duration) {
    let end = bench.now + length;
    while bench.now < end {
        while let Some(command) = bench.sent.pop_front() {
            let echo = format!("{command}\r").repeat(echoes(&command));
            bench.raw(echo.as_bytes());
            bench.answer(&command);
        }
        bench.wait(Duration::from_millis(100));
    }
}

#[test]
fn an_echo_that_stays_or_comes_twice_does_not_make_the_session_begin_again() {
    let always = |_: &str| 1;
    let twice = |_: &str| 2;
    let once_lost = |command: &str| usize::from(command != "AT+CSQ");
    type Echoes<'a> = &'a dyn Fn(&str) -> usize;
    let cases: [(&str, Echoes<'_>); 3] =
        [("stays", &always), ("comes twice", &twice), ("is lost now and then", &once_lost)];
    for (name, echoes) in cases {
        let mut bench = Bench::new();
        echoing(&mut bench, echoes, Duration::from_secs(300));
        assert_eq!(bench.session.state(), ModemState::Ready, "{name}: {:?}", bench.log);
        assert_eq!((bench.count("AT"), bench.count("AT+CMGF=0")), (1, 1), "{name}");
    }
}

#[test]
fn a_modem_that_is_off_or_saves_power_is_switched_on() {
    for (functionality, switched) in [(0, 1), (4, 1), (5, 1), (7, 1), (1, 0)] {
        let mut bench = Bench::new();
        bench.on("AT+CFUN?", &format!("+CFUN: {functionality}|OK")).on("AT+CFUN=1", "OK");
        becomes_ready(&mut bench, "AT+CFUN");
        assert_eq!(bench.count("AT+CFUN=1"), switched, "{functionality}");
    }
}

#[test]
fn a_modem_that_says_please_wait_is_asked_again_and_not_reset() {
    for busy in ["+CME ERROR: 515", "+CME ERROR: 14", "+CMS ERROR: 314"] {
        let mut bench = Bench::new();
        bench.on("AT+CPMS=\"SM\",\"SM\",\"SM\"", busy).on("AT+CPMS=\"ME\",\"ME\",\"ME\"", busy);
        bench.auto(Duration::from_secs(100));
        assert_eq!(bench.session.state(), ModemState::Configuring, "{busy}");
        assert_eq!(bench.snapshot().reason, Some(ModemReason::StoreNotReady));
        assert!(bench.count("AT+CPMS=\"SM\",\"SM\",\"SM\"") <= 50, "{busy}");
        bench.on("AT+CPMS=\"SM\",\"SM\",\"SM\"", "+CPMS: 0,20,0,20,0,20|OK");
        becomes_ready(&mut bench, busy);
        assert!(bench.log.iter().all(|sent| !sent.starts_with("AT+CFUN=")), "{busy}");
    }
}

#[test]
fn a_modem_that_sleeps_is_asked_again_while_it_is_awake() {
    let mut bench = Bench::ready();
    bench.wait(Duration::from_secs(60));
    // The command woke the modem and is lost, and so may be the question that follows later.
    bench.play("> AT+CCID\n wait 25.3s\n > AT+CGSN\n wait 2.3s\n > AT+CGMM");
}
