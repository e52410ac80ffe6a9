//! USSD: what the network expects after its text (27.007 7.15), menus, texts with quotation marks
//! and line ends, and the forms in which modems take a code.

use std::time::Duration;

use super::super::*;
use super::bench::*;
use crate::sms::{ussd_packed, ussd_ucs2};

const PLAIN: &str = "AT+CUSD=1,\"*101#\",15";
const CLOSE: &str = "AT+CUSD=2";

fn packed() -> String {
    format!("AT+CUSD=1,\"{}\",15", ussd_packed("*101#").unwrap())
}

fn request(bench: &mut Bench, id: u64, code: &str) {
    bench.session.request(id, ModemRequest::Ussd(code.to_owned()), bench.now);
    bench.act();
}

/// A ready modem that is known to have no USSD session open.
fn ready() -> Bench {
    let mut bench = Bench::ready();
    bench.auto(Duration::from_secs(5));
    bench.lines("+CUSD: 2");
    bench
}

/// A ready modem that has been sent the code `*101#`.
fn asked() -> Bench {
    let mut bench = ready();
    request(&mut bench, 7, "*101#");
    bench.play(&format!("> {PLAIN}"));
    bench
}

fn answer(bench: &mut Bench) -> Vec<String> {
    let Some((7, Ok(lines))) = bench.answers.pop() else {
        panic!("{:?} {:?}", bench.answers, bench.log)
    };
    lines
}

#[test]
fn each_status_is_understood_with_and_without_a_text() {
    let table = [
        ("+CUSD: 0,\"Hi\",15", Ok("Hi"), false),
        ("+CUSD: 0", Err(UssdEnd::NoText), false),
        ("+CUSD: 1,\"1:Balance|2:Number\",15", Ok("1:Balance\n2:Number"), true),
        ("+CUSD: 1", Err(UssdEnd::NoText), true),
        ("+CUSD: 2,\"Unknown code\",15", Ok("Unknown code"), false),
        ("+CUSD: 3", Err(UssdEnd::AnsweredElsewhere), false),
        ("+CUSD: 5", Err(UssdEnd::TimedOut), false),
        ("+CUSD: 6,\"Hi\"", Ok("Hi"), false),
        ("+CUSD: 6", Err(UssdEnd::NoText), false),
    ];
    for (report, told, open) in table {
        for lines in [format!("OK|{report}"), format!("{report}|OK")] {
            let mut bench = asked();
            bench.lines(&lines);
            // After the end of a session a better answer is waited for.
            bench.play("auto 3s");
            match (bench.answers.pop(), told) {
                (Some((7, Ok(said))), Ok(text)) => {
                    assert_eq!(said[0], text, "{lines}");
                    assert_eq!(said.get(1).is_some_and(|note| note.contains("choice")), open);
                }
                (said, told) => {
                    let error = RequestError::NoUssdText(told.unwrap_err());
                    assert_eq!(said, Some((7, Err(error))), "{lines}");
                }
            }
            bench.play("auto 100s");
            assert_eq!(bench.count(CLOSE), usize::from(open), "{lines}");
            assert_eq!(bench.count(PLAIN), 1, "{lines}");
            assert_eq!(bench.count(&packed()), 0, "{lines}");
        }
    }
}

#[test]
fn a_code_that_brought_nothing_is_sent_once_in_the_other_form_which_is_remembered() {
    let refusals = ["OK|+CUSD: 2", "+CUSD: 2|OK", "OK|+CUSD: 4", "ERROR", "+CME ERROR: 50"];
    for refusal in refusals.into_iter().chain(["OK|+CME ERROR: 258"]) {
        let mut bench = asked();
        bench.on(&packed(), "OK|+CUSD: 0,\"Hi\",15");
        bench.lines(refusal);
        bench.play("auto 3s");
        assert_eq!(answer(&mut bench), ["Hi"], "{refusal}");
        assert_eq!(bench.learnt, [UssdForm::Packed], "{refusal}");
        request(&mut bench, 7, "*101#");
        bench.play("auto 3s");
        assert_eq!(answer(&mut bench), ["Hi"], "{refusal}");
        assert_eq!((bench.count(PLAIN), bench.count(&packed())), (1, 2), "{refusal}");
    }
}

#[test]
fn a_code_that_may_have_done_something_is_not_sent_again() {
    let table = [
        ("OK|+CUSD: 5", false),
        ("OK|+CUSD: 2,\"No credit\",15", true),
        ("OK|+CUSD: 3", false),
        ("OK|+CUSD: 0", false),
        ("+CME ERROR: 30", false),
        ("+CME ERROR: 14", false),
        ("OK", false),
    ];
    for (lines, told) in table {
        let mut bench = asked();
        bench.lines(lines);
        bench.play("auto 100s");
        assert_eq!(bench.answers.len(), 1, "{lines}");
        assert_eq!(bench.answers[0].1.is_ok(), told, "{lines}");
        assert_eq!((bench.count(PLAIN), bench.count(&packed())), (1, 0), "{lines}");
        assert!(bench.learnt.is_empty(), "{lines}");
    }
}

#[test]
fn each_model_is_asked_in_its_own_form_first_and_in_plain_then() {
    for (quirk, first) in
        [("ussd-packed", ussd_packed("*101#").unwrap()), ("ussd-ucs2", ussd_ucs2("*101#"))]
    {
        let own = format!(
            "name = \"A\"\nmanufacturer = [\"Bench\"]\nmodel = [\"*\"]\nquirks = [\"{quirk}\"]\n"
        );
        let (profiles, _) = Catalogue::with_own([("a.toml", own.as_str())]);
        let mut bench = Bench::with(SessionConfig { profiles: profiles.into(), ..config() });
        bench.on(&format!("AT+CUSD=1,\"{first}\",15"), "OK|+CUSD: 2");
        bench.on(PLAIN, "OK|+CUSD: 0,\"Hi\"");
        bench.play("auto 5s");
        request(&mut bench, 7, "*101#");
        bench.play("auto 5s");
        assert_eq!(answer(&mut bench), ["Hi"], "{quirk}");
        assert_eq!(bench.learnt, [UssdForm::Plain], "{quirk}");
    }
    // What another modem of this model has taken comes first.
    let ussd_forms = [("Bench EC25".to_owned(), UssdForm::Packed)].into();
    let mut bench = Bench::with(SessionConfig { ussd_forms, ..config() });
    bench.on(&packed(), "OK|+CUSD: 0,\"Hi\"");
    bench.play("auto 5s");
    request(&mut bench, 7, "*101#");
    bench.play("auto 5s");
    assert_eq!((answer(&mut bench), bench.learnt.len()), (vec!["Hi".to_owned()], 0));
}

#[test]
fn when_both_forms_bring_nothing_that_is_told_once() {
    let mut bench = asked();
    bench.on(&packed(), "ERROR");
    bench.lines("OK|+CUSD: 2");
    bench.play("auto 5s");
    assert_eq!(bench.answers, [(7, Err(RequestError::Refused(FinalResult::Error)))]);
    let mut bench = asked();
    bench.on(&packed(), "OK|+CUSD: 4");
    bench.lines("ERROR");
    bench.play("auto 5s");
    let unsupported = RequestError::NoUssdText(UssdEnd::Unsupported);
    assert_eq!(bench.answers, [(7, Err(unsupported))]);
    assert_eq!((bench.count(PLAIN), bench.count(&packed())), (1, 1));
}

#[test]
fn a_session_that_was_left_open_is_closed_before_the_first_code_and_no_more() {
    for closed in ["OK", "ERROR", "OK|+CUSD: 2"] {
        let mut bench = Bench::ready();
        bench.play("auto 5s");
        assert_eq!(bench.count(CLOSE), 0, "not unless a code is to be sent");
        request(&mut bench, 7, "*101#");
        bench.play(&format!("> {CLOSE}\n < {closed}\n quiet\n wait 1.1s\n > {PLAIN}"));
        bench.lines("OK|+CUSD: 0,\"Hi\",15");
        assert_eq!(answer(&mut bench), ["Hi"], "{closed}");
        request(&mut bench, 7, "1");
        bench.play("> AT+CUSD=1,\"1\",15");
    }
    // Digits alone do not answer a menu that nobody has seen.
    let mut bench = Bench::ready();
    bench.play("auto 5s");
    request(&mut bench, 7, "1");
    bench.play(&format!("> {CLOSE}"));
}

#[test]
fn a_menu_that_the_network_ends_by_itself_is_not_closed() {
    let mut bench = in_menu();
    bench.lines("+CUSD: 2");
    request(&mut bench, 7, "*133#");
    bench.play("> AT+CUSD=1,\"*133#\",15");
    bench.play("auto 100s");
    assert_eq!(bench.count(CLOSE), 1, "the code that was not answered, not the menu");
}

/// A modem on which a menu is open.
fn in_menu() -> Bench {
    let mut bench = asked();
    bench.lines("OK|+CUSD: 1,\"1:Balance 2:Number\",15");
    assert_eq!(answer(&mut bench)[0], "1:Balance 2:Number");
    bench
}

#[test]
fn a_menu_is_closed_before_another_code_is_sent() {
    // Some models refuse to close what they do not count as open, some tell the end once more.
    for closed in ["OK", "ERROR", "OK|+CUSD: 2", "+CUSD: 2|OK"] {
        let mut bench = in_menu();
        request(&mut bench, 8, "*133#");
        bench.play(&format!("> {CLOSE}\n < {closed}\n quiet\n wait 1.1s"));
        bench.play("> AT+CUSD=1,\"*133#\",15\n < OK|+CUSD: 0,\"Your number\",15");
        assert_eq!(bench.answers, [(8, Ok(vec!["Your number".to_owned()]))], "{closed}");
        bench.play("auto 100s");
        assert_eq!(bench.count(CLOSE), 1, "{closed}");
    }
}

#[test]
fn a_choice_is_sent_into_the_menu_and_leads_on() {
    let mut bench = in_menu();
    request(&mut bench, 7, "2");
    bench.play("> AT+CUSD=1,\"2\",15\n < OK|+CUSD: 1,\"1:Yours 2:Others\",15");
    assert_eq!(answer(&mut bench)[0], "1:Yours 2:Others");
    request(&mut bench, 7, "1");
    bench.play("> AT+CUSD=1,\"1\",15\n < OK|+CUSD: 0,\"0612345678\",15");
    assert_eq!(answer(&mut bench), ["0612345678"]);
    bench.play("auto 100s");
    assert_eq!(bench.count(CLOSE), 0, "the network has ended it");
    // A choice that is refused leaves the menu open, until it is closed.
    let mut bench = in_menu();
    request(&mut bench, 7, "9");
    bench.play("> AT+CUSD=1,\"9\",15\n < ERROR");
    bench.play(&format!("> {CLOSE}\n < OK"));
    assert_eq!(bench.answers, [(7, Err(RequestError::Refused(FinalResult::Error)))]);
}

#[test]
fn a_menu_that_nobody_answers_is_closed() {
    let mut bench = in_menu();
    bench.play("auto 55s");
    assert_eq!(bench.count(CLOSE), 0);
    bench.play("auto 10s");
    assert_eq!(bench.count(CLOSE), 1);
    // What the network asks unasked, nobody answers; what came too late neither.
    let mut bench = ready();
    bench.lines("+CUSD: 1,\"Buy more? 1:Yes\",15");
    bench.play(&format!("> {CLOSE}\n < OK\n quiet"));
    bench.lines("+CUSD: 0,\"Special offer\",15");
    bench.play("quiet");
    let mut bench = asked();
    bench.lines("OK");
    bench.play("auto 65s");
    assert_eq!(bench.answers, [(7, Err(RequestError::TimedOut))]);
    assert_eq!(bench.count(CLOSE), 1, "what the network may still say is not for another code");
    assert_eq!(bench.session.state(), ModemState::Ready);
}

#[test]
fn a_network_that_asks_again_and_again_is_answered_once_a_second() {
    let mut bench = ready();
    bench.on(CLOSE, "OK|+CUSD: 1,\"Buy more? 1:Yes\",15");
    bench.play("< +CUSD: 1,\"Buy more? 1:Yes\",15\n auto 10s");
    assert!((9..=11).contains(&bench.count(CLOSE)), "{}", bench.count(CLOSE));
}

#[test]
fn a_menu_that_an_attempt_to_learn_the_number_opens_is_closed_at_once() {
    let mut bench = ready();
    let task = SimTask::Ussd("*101#".to_owned());
    let request = ModemRequest::ForSim { iccid: Iccid::from_stored(ICCID), task };
    bench.session.request(7, request, bench.now);
    bench.act();
    bench.on(PLAIN, "OK|+CUSD: 1,\"0612345678|1:More\",15").on(CLOSE, "OK");
    bench.play("auto 3s");
    assert_eq!(answer(&mut bench), ["0612345678\n1:More"], "no word about a choice");
    assert_eq!(bench.count(CLOSE), 1);
}

#[test]
fn one_code_waits_for_the_answer_to_the_one_before() {
    let mut bench = asked();
    request(&mut bench, 8, "*133#");
    bench.play("< OK\n quiet\n < +CUSD: 0,\"first\",15\n > AT+CUSD=1,\"*133#\",15");
    bench.lines("OK|+CUSD: 0,\"second\",15");
    let texts = |text: &str| Ok(vec![text.to_owned()]);
    assert_eq!(bench.answers, [(7, texts("first")), (8, texts("second"))]);
}

#[test]
fn an_end_that_comes_before_its_text_is_not_the_answer() {
    for lines in
        ["+CUSD: 2,\"Release\",15|+CUSD: 0,\"9.50\",15|OK", "OK|+CUSD: 2|+CUSD: 0,\"9.50\""]
    {
        let mut bench = asked();
        bench.lines(lines);
        assert_eq!(answer(&mut bench), ["9.50"], "{lines}");
    }
    // And one that comes behind its text takes nothing away.
    let mut bench = asked();
    bench.lines("+CUSD: 0,\"9.50\",15|+CUSD: 2|OK");
    assert_eq!(answer(&mut bench), ["9.50"]);
}

#[test]
fn a_restart_ends_the_wait_for_a_text_and_forgets_a_menu() {
    let mut bench = asked();
    bench.lines("OK|RDY");
    assert_eq!(bench.answers, [(7, Err(RequestError::Gone))]);
    let mut bench = in_menu();
    bench.lines("RDY");
    bench.play("auto 100s");
    assert_eq!(bench.count(CLOSE), 0);
}

#[test]
fn a_text_may_have_quotation_marks_line_ends_and_other_lines_beside_it() {
    let table = [
        ("+CUSD: 0,\"a 32\" screen, 5 euro\",15", "a 32\" screen, 5 euro"),
        ("+CUSD: 0,\"hear \"this\" now\",15", "hear \"this\" now"),
        ("+CUSD: 0,\"one|+CMTI: \"ME\",3|two\",15", "one\ntwo"),
        ("+CMTI: \"ME\",3|+CUSD: 0,\"one|two\",15", "one\ntwo"),
        ("+CUSD: 0,\"one\",15|+CMTI: \"ME\",3", "one"),
        ("+CUSD: 0,\"send|OK|to 100\",15", "send\nOK\nto 100"),
        ("+CUSD: 0,\"*1: back|#2: on|*100# again\",15", "*1: back\n#2: on\n*100# again"),
        ("+CUSD: 0,\"say \"yes\"|or no\",15", "say \"yes\"\nor no"),
    ];
    for (lines, text) in table {
        let mut bench = asked();
        bench.lines("OK");
        bench.lines(lines);
        assert_eq!(answer(&mut bench), [text], "{lines}");
        if lines.contains("CMTI") {
            bench.play("> AT+CMGR=3");
        } else {
            bench.play("quiet\n < +CMTI: \"ME\",3\n > AT+CMGR=3");
        }
    }
}

#[test]
fn a_text_that_was_cut_swallows_no_line_and_ends_after_a_second() {
    for text in ["a 32\" screen", "a screen of 32\" or 43\"", "first|second"] {
        let mut bench = asked();
        bench.lines(&format!("OK|+CUSD: 0,\"{text}|+CMTI: \"ME\",3"));
        bench.play("quiet\n wait 1.1s\n > AT+CMGR=3");
        let first = text.split('|').next().unwrap().trim_end_matches('"');
        assert!(answer(&mut bench)[0].starts_with(first), "{text}");
        bench.lines(&Bench::message(PDU_LENGTH));
        bench.play("store ME 3");
    }
    // However many of them come.
    let mut bench = asked();
    bench.lines("OK");
    for _ in 0..30 {
        bench.lines("+CUSD: 0,\"cut");
        bench.play("wait 0.1s");
    }
    bench.play("< +CMTI: \"ME\",3\n wait 1.1s\n > AT+CMGR=3");
}

#[test]
fn a_text_that_was_cut_inside_a_reply_takes_neither_its_pdu_nor_its_result() {
    let mut bench = Bench::ready();
    bench.play("auto 5s\n < +CMTI: \"ME\",3\n > AT+CMGR=3");
    bench.lines(&format!("+CMGR: 0,,{PDU_LENGTH}|+CUSD: 0,\"cut|off|{PDU}|OK"));
    bench.play("store ME 3");
    let mut bench = Bench::ready();
    bench.play("auto 5s");
    bench.session.request(9, ModemRequest::At("AT+CSQ".to_owned()), bench.now);
    bench.act();
    bench.play("> AT+CSQ\n < +CUSD: 0,\"cut|+CSQ: 20,99|OK");
    assert_eq!(bench.answers, [(9, Ok(vec!["+CSQ: 20,99".to_owned(), "OK".to_owned()]))]);
}

#[test]
fn texts_of_every_coding_are_told_readably() {
    let table = [
        // 7 bit in a language, in any language, with the language before it.
        ("Hi\",0", "Hi"),
        ("Hi\",15", "Hi"),
        ("Hi\",35", "Hi"),
        ("en|Hi\",16", "Hi"),
        // General coding and message handling.
        ("Hi\",68", "Hi"),
        ("0048006900\",72", "Hi"),
        ("00480065006C006C006F\",25", "Hello"),
        ("00480065006C006C006F\",240", "Hello"),
        // A modem leaves marks and plain text inside the hexadecimal digits.
        ("00480065006100720020\"this\"0020006E006F0077", "Hear \"this\" now"),
    ];
    for (coded, text) in table {
        let mut bench = asked();
        let end = if coded.contains("\",") { "" } else { "\"" };
        bench.lines(&format!("OK|+CUSD: 0,\"{coded}{end}"));
        bench.play("wait 1.1s");
        assert_eq!(answer(&mut bench), [text], "{coded}");
    }
}
