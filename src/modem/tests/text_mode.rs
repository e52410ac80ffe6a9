//! Messages in text mode: before PDU mode is set, after another program has changed it, and from a
//! modem that knows nothing else.

use std::time::Duration;

use super::super::*;
use super::bench::*;
use crate::sms::{Pdu, TextFields, TextMode};

const TIME: &str = "26/06/22,12:57:03+08";

/// Sender and text of the messages that were handed on in text mode.
fn texts(bench: &mut Bench) -> Vec<(String, String)> {
    let messages = bench.handed_on.drain(..).filter_map(|(_, received)| match received.pdu {
        RawPdu::TextMode(message) => Some((message.sender(), message.text())),
        _ => None,
    });
    messages.collect()
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(sender, text)| ((*sender).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn a_message_that_arrives_before_pdu_mode_is_set_is_kept_for_the_card_that_is_in() {
    let arrival = format!("+CMT: \"+31612345678\",,\"{TIME}\"|Your code is 1234");
    for command in
        ["AT", "ATE0", "AT+CGSN", "AT+CGMM", "AT+CPIN?", "AT+CCID", "AT+CNUM", "AT+CMGF=0"]
    {
        let mut bench = Bench::new();
        let reply = match command {
            "AT+CGSN" => format!("{IMEI}|OK"),
            "AT+CGMM" => "EC25|OK".to_owned(),
            "AT+CPIN?" => "+CPIN: READY|OK".to_owned(),
            "AT+CCID" => format!("+CCID: {ICCID}|OK"),
            "AT+CNUM" => "+CNUM: \"\",\"+31612345678\",145|OK".to_owned(),
            _ => "OK".to_owned(),
        };
        bench.on(command, &format!("{arrival}|{reply}"));
        bench.auto(Duration::from_secs(20));
        let (_, received) = bench.handed_on.front().unwrap_or_else(|| panic!("{command}"));
        assert_eq!((received.iccid.as_str(), received.slot, received.live), (ICCID, None, false));
        let found = texts(&mut bench);
        assert_eq!(found.first(), owned(&[("+31612345678", "Your code is 1234")]).first());
        assert_eq!(bench.snapshot().identity.as_ref().unwrap().model, "EC25", "{command}");
        assert_eq!(bench.session.state(), ModemState::Ready, "{command}");
    }
}

/// The first line of a message with all fields, whose text has this length.
fn with_length(length: usize) -> String {
    format!("+CMT: \"Uber\",,\"{TIME}\",208,4,0,0,\"+31653131313\",145,{length}")
}

#[test]
fn texts_that_arrive_inside_their_urc_in_every_form() {
    let head = format!("+CMT: \"Uber\",,\"{TIME}\"");
    let more = format!("+CMT: \"Uber\",,\"{TIME}\",208,4,0,0,\"+31653131313\",145,17");
    let table = [
        (format!("{head}|Your code is 1234"), "Your code is 1234"),
        (format!("{more}|Your code is 1234"), "Your code is 1234"),
        (format!("{head}|first line|second line"), "first line\nsecond line"),
        (format!("{head}|OK"), "OK"),
        (format!("{head}|ERROR"), "ERROR"),
        (format!("{head}|RING"), "RING"),
        (format!("{head}|+CMTI: \"SM\",3"), "+CMTI: \"SM\",3"),
        (format!("{head}|^RSSI: 17|Your code is 1234"), "Your code is 1234"),
        (format!("{head}|12345678"), "12345678"),
        (format!("{head}|00480065006C006C006F"), "Hello"),
        (format!("+CMT: \"0055006200650072\",,\"{TIME}\"|0031003200330034"), "1234"),
        (format!("+CMT: \"Uber\",\"{TIME}\"|no second field"), "no second field"),
        (format!("+CMT: \"Uber\",,\"{TIME}\",208,4,0,8,\"\",129,10|00480065"), "He"),
        (format!("{}|OK", with_length(2)), "OK"),
        (format!("{}|+CMTI: \"SM\",3", with_length(14)), "+CMTI: \"SM\",3"),
        (format!("{}|^RSSI: 17|Your code is 1234", with_length(17)), "Your code is 1234"),
        (format!("{}|first line|second line", with_length(22)), "first line\nsecond line"),
    ];
    for (lines, text) in table {
        let mut bench = Bench::idle();
        bench.lines(&lines);
        bench.auto(Duration::from_secs(1));
        assert_eq!(texts(&mut bench), owned(&[("Uber", text)]), "{lines}");
        bench.auto(Duration::from_secs(5));
        assert!(bench.count("AT+CMGF=0") >= 1, "{lines}");
    }
    let mut bench = Bench::idle();
    bench.lines(&format!("{head}|one|+CMT: \"Lyft\",,\"{TIME}\"|two"));
    bench.wait(Duration::from_secs(1));
    assert_eq!(texts(&mut bench), owned(&[("Uber", "one"), ("Lyft", "two")]));
    let mut bench = Bench::idle();
    bench.lines(&format!("{head}|+CMT: \"Lyft\",,\"{TIME}\"|two"));
    bench.wait(Duration::from_secs(1));
    assert_eq!(texts(&mut bench), owned(&[("Uber", ""), ("Lyft", "two")]));
}

#[test]
fn a_text_between_the_lines_of_a_reply_is_told_from_them() {
    let mut bench = Bench::idle();
    bench.play("wait 60s");
    assert_eq!(bench.sent.pop_front().as_deref(), Some("AT+CCID"));
    bench.lines(&format!("+CMT: \"Uber\",,\"{TIME}\"|code 1|+CCID: {ICCID}|OK"));
    assert_eq!(bench.sent.front().map(String::as_str), Some("AT+CMGF=0"));
    bench.auto(Duration::from_secs(2));
    assert_eq!(texts(&mut bench), owned(&[("Uber", "code 1")]));
}

#[test]
fn an_empty_text_takes_no_line_that_follows() {
    for follows in ["Your code is 1234", "OK", "^RSSI: 17", "+CMTI: \"SM\",3"] {
        let mut bench = Bench::idle();
        bench.lines(&format!("{}|{follows}", with_length(0)));
        bench.auto(Duration::from_secs(1));
        assert_eq!(texts(&mut bench), owned(&[("Uber", "")]), "{follows}");
    }
    // A late answer to a command, and the one that is awaited.
    let mut bench = Bench::idle();
    bench.play("wait 60s");
    assert_eq!(bench.sent.pop_front().as_deref(), Some("AT+CCID"));
    bench.lines(&format!("{}|+CCID: {ICCID}|OK", with_length(0)));
    bench.auto(Duration::from_secs(2));
    assert_eq!(texts(&mut bench), owned(&[("Uber", "")]));
    assert_eq!(bench.session.state(), ModemState::Ready);
}

#[test]
fn a_text_between_the_lines_of_a_reply_has_the_length_that_it_says() {
    for (length, text) in [(2, "OK"), (5, "ERROR"), (10, "+CSQ: 9,99")] {
        let mut bench = Bench::idle();
        bench.play("wait 60s");
        assert_eq!(bench.sent.pop_front().as_deref(), Some("AT+CCID"));
        bench.lines(&format!("{}|{text}|+CCID: {ICCID}|OK", with_length(length)));
        assert_eq!(bench.sent.front().map(String::as_str), Some("AT+CMGF=0"));
        bench.auto(Duration::from_secs(2));
        assert_eq!(texts(&mut bench), owned(&[("Uber", text)]));
    }
}

#[test]
fn a_status_report_is_handed_on_and_takes_no_line_that_follows() {
    const REPORT: &str = "00060B0B911346610089F6622062217530806220622175308000";
    let table = [
        format!("+CDS: 6,43,\"+31612345678\",145,\"{TIME}\",\"{TIME}\",0"),
        format!("+CDS: 25|{REPORT}"),
        format!("+CDS: ,25|{REPORT}"),
    ];
    for report in table {
        let mut bench = Bench::idle();
        bench.lines(&report);
        bench.lines(&format!("+CMT: ,{PDU_LENGTH}|{PDU}"));
        assert_eq!(bench.handed_on.len(), 2, "{report}");
        let (_, received) = bench.handed_on.pop_front().unwrap();
        let pdu = match received.pdu {
            RawPdu::Octets(octets) => Pdu::decode(&octets).ok(),
            RawPdu::TextMode(message) => message.pdu(),
            RawPdu::Text(_) => None,
        };
        assert!(matches!(pdu, Some(Pdu::StatusReport(_))), "{report}: {pdu:?}");
    }
}

/// What a modem in text mode answers.
fn in_text_mode(bench: &mut Bench, slots: &[(i32, &str)]) {
    let entry = |(index, text): &(i32, &str)| {
        format!("+CMGL: {index},\"REC UNREAD\",\"Uber\",,\"{TIME}\"|{text}|")
    };
    let list: String = slots.iter().map(entry).collect();
    bench.on("AT+CMGL=4", "+CMS ERROR: 305").on("AT+CMGL=\"ALL\"", &format!("{list}OK"));
    bench.on("AT+CMGD=?", "+CMGD: (1-5),(0-4)").on("AT+CSDH=1", "OK");
    for index in 1..=5 {
        let held = slots.iter().find(|(slot, _)| *slot == index);
        let reply = held.map_or("+CMS ERROR: 321".to_owned(), |(_, text)| {
            format!("+CMGR: \"REC UNREAD\",\"Uber\",,\"{TIME}\"|{text}|OK")
        });
        bench.on(&format!("AT+CMGR={index}"), &reply);
    }
}

#[test]
fn a_modem_that_keeps_to_text_mode_is_told_a_few_times_and_its_messages_are_read_as_text() {
    for refuses in [false, true] {
        let mut bench = Bench::new();
        in_text_mode(&mut bench, &[(2, "Your code is 1234"), (4, "two|lines")]);
        bench.on("AT+CMGF=0", if refuses { "ERROR" } else { "OK" });
        bench.auto(Duration::from_secs(120));
        assert_eq!(bench.session.state(), ModemState::Ready, "{:?}", bench.log);
        assert_eq!(bench.snapshot().reason, Some(ModemReason::TextMode));
        let mut found = texts(&mut bench);
        found.sort();
        found.dedup();
        assert_eq!(found, owned(&[("Uber", "Your code is 1234"), ("Uber", "two\nlines")]));
        assert!(bench.count("AT+CMGD=2") >= 1 && bench.count("AT+CMGD=4") >= 1);
        assert!(bench.count("AT+CMGF=0") <= 6, "{}", bench.count("AT+CMGF=0"));
        // After a pause it is told once more, and obeys.
        in_text_mode(&mut bench, &[]);
        bench.auto(Duration::from_secs(60));
        bench.on("AT+CMGF=0", "OK").on("AT+CMGL=\"ALL\"", "+CMS ERROR: 305");
        bench.on("AT+CMGL=4", &format!("+CMGL: 5,1,,{PDU_LENGTH}|{PDU}|OK"));
        bench.auto(Duration::from_secs(660));
        assert_eq!(bench.snapshot().reason, None, "{refuses}");
        assert!(
            bench
                .handed_on
                .iter()
                .any(|(_, received)| { received.pdu == RawPdu::Octets(hex::decode(PDU).unwrap()) })
        );
    }
}

#[test]
fn a_text_is_deleted_only_when_it_was_read_twice_in_the_same_way() {
    let mut bench = Bench::new();
    in_text_mode(&mut bench, &[]);
    bench.on("AT+CMGF=0", "ERROR");
    bench.auto(Duration::from_secs(60));
    bench.handed_on.clear();
    let read = |text: &str| format!("+CMGR: \"REC READ\",\"Uber\",,\"{TIME}\"|{text}|OK");
    bench.play("< +CMTI: \"SM\",3");
    let mut replies =
        ["code 1", "a stray line|code 1", "code 1", "code 1|and more", "code 1", "code 1"]
            .into_iter()
            .map(read);
    let mut reads = 0;
    for _ in 0..100 {
        match bench.sent.pop_front().as_deref() {
            Some("AT+CMGR=3") => {
                bench.lines(&replies.next().expect("no more readings than that"));
                reads += 1;
            }
            Some("AT+CCID") => bench.lines(&format!("+CCID: {ICCID}|OK")),
            Some("AT+CMGD=3") => break,
            Some(_) => bench.lines("OK"),
            None if !bench.uncommitted.is_empty() => drop(bench.play("commit")),
            None => bench.wait(Duration::from_millis(500)),
        }
    }
    assert_eq!(reads, 6);
    assert_eq!(texts(&mut bench), owned(&[("Uber", "code 1")]));
}

#[test]
fn texts_that_look_like_final_results_and_heads_are_read_whole() {
    let table = [
        ("OK", "OK"),
        ("OK|OK|thanks", "OK\nOK\nthanks"),
        ("ERROR", "ERROR"),
        ("+CMS ERROR: 500", "+CMS ERROR: 500"),
        ("BUSY", "BUSY"),
        (
            "+CMGR: \"REC READ\",\"me\",,\"26/01/01,00:00:00+00\"|x",
            "+CMGR: \"REC READ\",\"me\",,\"26/01/01,00:00:00+00\"\nx",
        ),
        ("12345678", "12345678"),
    ];
    for (lines, text) in table {
        let mut bench = Bench::new();
        in_text_mode(&mut bench, &[]);
        bench.on("AT+CMGF=0", "ERROR");
        bench.auto(Duration::from_secs(60));
        bench.handed_on.clear();
        in_text_mode(&mut bench, &[(3, lines)]);
        bench.lines("+CMTI: \"SM\",3");
        bench.auto(Duration::from_secs(10));
        let found = texts(&mut bench);
        assert_eq!(found.first(), owned(&[("Uber", text)]).first(), "{lines}");
        assert!(bench.count("AT+CMGD=3") >= 1, "{lines}");
        assert_eq!(bench.session.state(), ModemState::Ready, "{lines}");
    }
}

#[test]
fn a_text_without_its_end_is_neither_stored_nor_deleted() {
    let mut bench = Bench::new();
    in_text_mode(&mut bench, &[]);
    bench.on("AT+CMGF=0", "ERROR");
    bench.auto(Duration::from_secs(60));
    bench.handed_on.clear();
    bench.on("AT+CMGR=3", &format!("+CMGR: \"REC READ\",\"Uber\",,\"{TIME}\"|half a te"));
    bench.lines("+CMTI: \"SM\",3");
    bench.auto(Duration::from_secs(70));
    assert_eq!(texts(&mut bench), []);
    assert_eq!(bench.count("AT+CMGD=3"), 0);
}

#[test]
fn what_lies_in_a_store_is_read_for_what_it_is() {
    let later = "26/06/22,12:57:09+08";
    let fields = |length: usize| format!("208,4,0,0,\"+31653131313\",145,{length}");
    let received = |length| format!("+CMGR: \"REC READ\",\"Uber\",,\"{TIME}\",{}", fields(length));
    let outgoing = "+CMGR: \"STO UNSENT\",\"Uber\",,208,17,0,0,,\"\",129,5".to_owned();
    let report = format!("+CMGR: \"REC READ\",6,43,\"+31612345678\",145,\"{TIME}\",\"{later}\",0");
    let table = [
        (received(0), "", "Uber", ""),
        (received(2), "|OK", "Uber", "OK"),
        (received(5), "|OK|OK", "Uber", "OK\nOK"),
        (received(17), "|Your code is 1234|OK", "Uber", "Your code is 1234"),
        (outgoing, "|Hello", "Uber", "Hello"),
        (report, "", "+31612345678", ""),
    ];
    for (head, lines, sender, text) in table {
        let mut bench = Bench::new();
        in_text_mode(&mut bench, &[]);
        bench.on("AT+CMGF=0", "ERROR");
        bench.auto(Duration::from_secs(60));
        bench.handed_on.clear();
        bench.on("AT+CMGR=3", &format!("{head}{lines}|OK|+CREG: 1|*PSUTTZ: 2026"));
        bench.lines("+CMTI: \"SM\",3");
        bench.auto(Duration::from_secs(1));
        assert_eq!(texts(&mut bench).first(), owned(&[(sender, text)]).first(), "{head}");
        assert!(bench.count("AT+CMGD=3") >= 1, "{head}");
        assert!(bench.count("AT+CMGR=3") <= 3, "{head}");
    }
}

#[test]
fn a_late_answer_about_a_message_takes_no_line_that_follows() {
    for late in [
        format!("+CMGR: \"REC READ\",\"Uber\",,\"{TIME}\""),
        "+CMGR: \"REC UNREAD\",\"Uber\",,\"".to_owned(),
        format!("+CMGL: 3,\"REC READ\",\"Uber\",,\"{TIME}\""),
    ] {
        let mut bench = Bench::idle();
        bench.play("wait 60s");
        assert_eq!(bench.sent.pop_front().as_deref(), Some("AT+CCID"));
        bench.lines(&format!("{late}|+CCID: {ICCID}|OK"));
        bench.auto(Duration::from_secs(2));
        assert_eq!(texts(&mut bench), [], "{late}");
        assert_eq!(bench.session.state(), ModemState::Ready);
        bench.lines(&late);
        bench.lines(IMEI);
        bench.auto(Duration::from_secs(2));
        assert_eq!(texts(&mut bench), [], "{late}");
    }
}

#[test]
fn a_list_that_is_refused_as_in_text_mode_has_pdu_mode_set_again() {
    let mut bench = Bench::idle();
    bench.on("AT+CMGL=4", "+CMS ERROR: 305").on("AT+CMGD=?", "+CMGD: (),(0-4)");
    bench.auto(Duration::from_secs(60));
    assert!(bench.count("AT+CMGF=0") >= 1, "{:?}", bench.log);
    bench.on("AT+CMGL=4", "OK");
    bench.auto(Duration::from_secs(700));
    let told = bench.count("AT+CMGF=0");
    bench.auto(Duration::from_secs(700));
    assert_eq!((bench.count("AT+CMGF=0"), bench.snapshot().reason.clone()), (told, None));
}

#[test]
fn a_text_that_is_not_there_is_read_again_and_not_deleted() {
    let mut bench = Bench::new();
    in_text_mode(&mut bench, &[]);
    bench.on("AT+CMGF=0", "ERROR");
    bench.auto(Duration::from_secs(60));
    bench.handed_on.clear();
    let head = format!("+CMGR: \"REC READ\",\"Uber\",,\"{TIME}\",208,4,0,0,\"\",129,6");
    bench.on("AT+CMGR=3", &format!("{head}|OK"));
    bench.lines("+CMTI: \"SM\",3");
    bench.auto(Duration::from_secs(5));
    assert_eq!((texts(&mut bench).len(), bench.count("AT+CMGD=3")), (0, 0));
    bench.on("AT+CMGR=3", &format!("{head}|code 1|OK"));
    bench.auto(Duration::from_secs(70));
    assert_eq!(texts(&mut bench), owned(&[("Uber", "code 1")]));
    assert!(bench.count("AT+CMGD=3") >= 1);
}

#[test]
fn a_modem_that_shows_less_of_a_text_is_told_once_more_to_show_all() {
    let head = format!("+CMGR: \"REC READ\",\"Uber\",,\"{TIME}\"");
    for takes_it in [true, false] {
        let mut bench = Bench::new();
        in_text_mode(&mut bench, &[]);
        bench.on("AT+CMGF=0", "ERROR");
        bench.auto(Duration::from_secs(60));
        bench.handed_on.clear();
        bench.log.clear();
        bench.on("AT+CMGR=3", &format!("{head}|00FE109C8100|OK"));
        bench.lines("+CMTI: \"SM\",3");
        while bench.count("AT+CSDH=1") == 0 {
            match bench.sent.pop_front() {
                Some(command) => bench.answer(&command),
                None => bench.wait(Duration::from_millis(300)),
            }
        }
        if takes_it {
            let fields = "208,4,0,4,\"+31653131313\",145,6";
            bench.on("AT+CMGR=3", &format!("{head},{fields}|00FE109C8100|OK"));
        } else {
            bench.on("AT+CSDH=1", "ERROR");
        }
        bench.auto(Duration::from_secs(5));
        let text = if takes_it { "" } else { "00FE109C8100" };
        assert_eq!(texts(&mut bench), owned(&[("Uber", text)]));
        assert_eq!(bench.count("AT+CSDH=1"), 1, "{:?}", bench.log);
        assert_eq!(bench.count("AT+CMGD=3"), 1);
    }
}

#[test]
fn the_fields_that_tell_how_a_text_is_written_go_with_it() {
    let mut bench = Bench::idle();
    bench.lines(&format!("+CMT: \"Uber\",,\"{TIME}\",208,68,0,8,\"\",129,10|050003A70201"));
    let (_, received) = bench.handed_on.pop_front().unwrap();
    let expected = TextMode {
        address: "Uber".to_owned(),
        time: TIME.to_owned(),
        fields: Some(TextFields {
            address_type: Some(208),
            first: 68,
            pid: 0,
            dcs: 8,
            centre: String::new(),
        }),
        length: Some(10),
        text: "050003A70201".to_owned(),
        ..TextMode::default()
    };
    assert_eq!(received.pdu, RawPdu::TextMode(expected));
}
