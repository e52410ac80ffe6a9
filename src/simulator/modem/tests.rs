//! Dialogues with one modem: what the host writes, and the lines that come back, `|` between them.

mod habits;
mod slots;

use std::sync::Arc;

use chrono::{TimeZone, Utc};

use super::*;
use crate::simulator::faults::Fault;
use crate::simulator::memory::Pdu;
use crate::simulator::scenario::Scenario;
use crate::simulator::smsc::compose;
use crate::simulator::special::SpecialMessage;
use crate::sms::{Address, Scts, Submit};

const NUMBER: &str = "+31612340000";

fn at(ms: u64) -> Now {
    Now { ms, utc: Utc.with_ymd_and_hms(2026, 6, 22, 12, 57, 3).unwrap() }
}

/// The only modem of a scenario, echo off.
fn modem_of(scenario: &str) -> Modem {
    let scenario = Scenario::parse(scenario).unwrap();
    let [plan] = scenario.modems() else { panic!("one modem") };
    let mut modem = Modem::new(plan.config(), plan.card(), plan.other_cards(at(0).utc));
    assert_eq!(say(&mut modem, 0, "ATE0"), "ATE0|OK");
    modem
}

fn modem() -> Modem {
    modem_of("[[modem]]")
}

/// Writes a line and reads what comes back at once.
fn say(modem: &mut Modem, ms: u64, line: &str) -> String {
    modem.receive(format!("{line}\r").as_bytes(), at(ms));
    heard(modem, ms)
}

fn heard(modem: &mut Modem, ms: u64) -> String {
    modem.tick(at(ms));
    let octets = modem.take_output(at(ms));
    modem.flushed();
    let text = String::from_utf8(octets).unwrap();
    text.split(['\r', '\n']).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("|")
}

fn dialogue(modem: &mut Modem, script: &[(&str, &str)]) {
    for (host, reply) in script {
        assert_eq!(say(modem, 0, host), *reply, "after {host}");
    }
}

fn message(from: &str, text: &str) -> Pdu {
    let [pdu] = compose(None, from, NUMBER, text, at(0).utc, 0).try_into().unwrap();
    pdu
}

/// "hi" from 1234 with a data coding scheme of one's choice.
fn coded(dcs: u8) -> Pdu {
    Arc::from(
        [
            0x00, 0x04, 0x04, 0x81, 0x21, 0x43, 0x00, dcs, 0x62, 0x60, 0x22, 0x21, 0x75, 0x30,
            0x80, 0x02, 0xE8, 0x34,
        ]
        .as_slice(),
    )
}

#[test]
fn octets_on_the_line_with_echo_and_without_words() {
    let mut modem = Modem::new(Scenario::of_modems(1).modems()[0].config(), None, Vec::new());
    let cases: &[(&str, &str)] = &[
        ("AT\r", "AT\r\r\nOK\r\n"),
        ("ate0\r", "ate0\r\r\nOK\r\n"),
        ("AT+GMI\r\n", "\r\nsimbridge\r\n\r\nOK\r\n"),
        ("AT+NONSENSE\r", "\r\nERROR\r\n"),
        ("\r\n\r\n", ""),
        ("hello\r", ""),
        ("\x1b\x1a??AT\r", "\r\nOK\r\n"),
        ("ATV0\r", "0\r"),
        ("AT+GMI\r", "simbridge\r\n0\r"),
        ("AT+NONSENSE\r", "4\r"),
        ("ATV1Q1\r", ""),
        ("AT+GMI\r", "\r\nsimbridge\r\n"),
        ("ATQ0\r", "\r\nOK\r\n"),
        ("A/\r", "\r\nOK\r\n"),
        ("ATZ\r", "\r\nOK\r\n"),
        ("AT\r", "AT\r\r\nOK\r\n"),
    ];
    for (host, line) in cases {
        modem.receive(host.as_bytes(), at(0));
        assert_eq!(String::from_utf8(modem.take_output(at(0))).unwrap(), *line, "after {host:?}");
        modem.flushed();
    }
}

#[test]
fn identity_of_modem_and_card() {
    dialogue(
        &mut modem(),
        &[
            ("AT+CGMI", "simbridge|OK"),
            ("AT+CGMM", "SIMULATED|OK"),
            ("AT+CGSN", "350000000000014|OK"),
            ("AT+CGSN=1", "+CGSN: \"350000000000014\"|OK"),
            ("AT+CIMI", "204040000000001|OK"),
            ("AT+CCID", "+CCID: 8931040000000000018|OK"),
            ("AT+CRSM=176,12258,0,0,10", "+CRSM: 144,0,\"981340000000000010F8\"|OK"),
            ("AT+CNUM", "+CNUM: \"\",\"+31612340000\",145|OK"),
            ("AT+CPBS=\"ON\";+CPBR=1", "+CPBR: 1,\"+31612340000\",145,\"Own number\"|OK"),
            ("AT+CUSD=1,\"*101#\",15", "OK|+CUSD: 0,\"Uw mobiele nummer is 0612340000.\",15"),
            (
                "AT+CSCS=\"UCS2\";+CNUM",
                "+CNUM: \"\",\"002B00330031003600310032003300340030003000300030\",145|OK",
            ),
        ],
    );
}

#[test]
fn errors_at_each_level() {
    dialogue(
        &mut modem_of("[[modem]]\nno_sim = true"),
        &[
            ("AT+CIMI", "ERROR"),
            ("AT+CMEE=1", "OK"),
            ("AT+CIMI", "+CME ERROR: 10"),
            ("AT+CMEE=2", "OK"),
            ("AT+CIMI", "+CME ERROR: SIM not inserted"),
            ("AT+CPMS?", "+CMS ERROR: 310"),
            ("AT+CMEE=3", "ERROR"),
            ("AT+CMEE?;+CIMI;+CGMI", "+CMEE: 2|+CME ERROR: SIM not inserted"),
        ],
    );
}

#[test]
fn registration_and_operator() {
    let mut modem = modem();
    dialogue(
        &mut modem,
        &[
            ("AT+CREG?", "+CREG: 0,1|OK"),
            ("AT+CREG=2;+CREG?", "+CREG: 2,1,\"00C3\",\"0001A2B3\",7|OK"),
            ("AT+COPS?", "+COPS: 0,0,\"Simbridge NL\",7|OK"),
            ("AT+COPS=3,2;+COPS?", "+COPS: 0,2,\"20404\",7|OK"),
            ("AT+CEREG=1;+CSQ", "+CSQ: 24,99|OK"),
        ],
    );
    modem.suffer(&Fault::CoverageLost, at(0));
    assert_eq!(heard(&mut modem, 0), "+CREG: 2|+CEREG: 2");
    modem.suffer(&Fault::CoverageBack, at(0));
    assert_eq!(heard(&mut modem, 0), "+CREG: 1,\"00C3\",\"0001A2B3\",7|+CEREG: 1");
    dialogue(
        &mut modem,
        &[("AT+CFUN=0", "OK|+CREG: 0|+CEREG: 0"), ("AT+CFUN?;+CPIN?", "+CFUN: 0|+CPIN: READY|OK")],
    );
}

#[test]
fn a_pin_is_asked_and_wrong_ones_are_counted() {
    let mut modem = modem_of("[[modem]]\nsim.pin = \"1234\"");
    dialogue(
        &mut modem,
        &[
            ("AT+CMEE=1;+CPIN?", "+CPIN: SIM PIN|OK"),
            ("AT+CREG?", "+CREG: 0,0|OK"),
            ("AT+CIMI", "+CME ERROR: 11"),
            ("AT+CCID", "+CCID: 8931040000000000018|OK"),
            ("AT+CPIN=\"0000\"", "+CME ERROR: 16"),
            ("AT+CPINR", "+CPINR: SIM PIN,2,3|+CPINR: SIM PUK,10,10|OK"),
            ("AT+CLCK=\"SC\",2", "+CLCK: 1|OK"),
            ("AT+CPIN=1234", "OK"),
            ("AT+CREG?", "+CREG: 0,1|OK"),
            ("AT+CPIN=1234", "+CME ERROR: 3"),
        ],
    );
    assert_eq!(modem.observed().wrong_pins, 1);
    modem.reboot(at(0));
    assert_eq!(heard(&mut modem, 300), "RDY|SMS Ready");
    assert_eq!(say(&mut modem, 300, "AT+CPIN?"), "AT+CPIN?|+CPIN: SIM PIN|OK");
}

#[test]
fn three_wrong_pins_ask_for_the_puk() {
    dialogue(
        &mut modem_of("[[modem]]\nsim.pin = \"1234\""),
        &[
            ("AT+CMEE=1;+CPIN=0000", "+CME ERROR: 16"),
            ("AT+CPIN=0000", "+CME ERROR: 16"),
            ("AT+CPIN=0000", "+CME ERROR: 12"),
            ("AT+CPIN?", "+CPIN: SIM PUK|OK"),
            ("AT+CPIN=1234", "+CME ERROR: 12"),
            ("AT+CPIN=\"12345678\",\"4321\"", "OK"),
            ("AT+CPIN?", "+CPIN: READY|OK"),
        ],
    );
}

#[test]
fn stored_mode_tells_reads_and_deletes_in_pdu_mode() {
    let mut modem = modem();
    assert_eq!(say(&mut modem, 0, "AT+CMGF=0;+CNMI=2,1,0,0,0"), "OK");
    let pdu = message("Uber", "hello");
    assert_eq!(modem.offer(&pdu, at(0)), Offer::Taken);
    assert_eq!(heard(&mut modem, 0), "+CMTI: \"SM\",1");
    let shown = hex::encode_upper(&pdu);
    let length = pdu.len() - 1;
    dialogue(
        &mut modem,
        &[
            ("AT+CPMS?", "+CPMS: \"SM\",1,20,\"SM\",1,20,\"SM\",1,20|OK"),
            ("AT+CMGL=0", &format!("+CMGL: 1,0,,{length}|{shown}|OK")),
            ("AT+CMGL=0", "OK"),
            ("AT+CMGL=4", &format!("+CMGL: 1,1,,{length}|{shown}|OK")),
            ("AT+CMGR=1", &format!("+CMGR: 1,,{length}|{shown}|OK")),
            ("AT+CMGR=2", "+CMS ERROR: 321"),
            ("AT+CMGD=?", "+CMGD: (1),(0-4)|OK"),
            ("AT+CMGD=1", "OK"),
            ("AT+CMGD=1", "OK"),
            ("AT+CMGD=21", "+CMS ERROR: 321"),
            ("AT+CMGR=1", "+CMS ERROR: 321"),
            ("AT+CMGW=20", "+CMS ERROR: 303"),
        ],
    );
    let observed = modem.observed();
    assert_eq!((observed.delivered, observed.read, observed.deleted), (1, 1, 1));
    assert!(observed.well_mannered());
}

#[test]
fn text_mode_shows_texts_in_the_character_set() {
    let mut modem = modem();
    assert_eq!(say(&mut modem, 0, "AT+CMGF=1;+CSCS=\"IRA\""), "OK");
    for pdu in [message("Uber", "code 12"), message("+31611111111", "é😀")] {
        assert_eq!(modem.offer(&pdu, at(0)), Offer::Taken);
    }
    dialogue(
        &mut modem,
        &[
            ("AT+CMGR=1", "+CMGR: \"REC UNREAD\",\"Uber\",,\"26/06/22,13:57:03+04\"|code 12|OK"),
            (
                "AT+CMGL=\"REC READ\"",
                "+CMGL: 1,\"REC READ\",\"Uber\",,\"26/06/22,13:57:03+04\"|code 12|OK",
            ),
            (
                "AT+CSDH=1;+CMGL",
                "+CMGL: 2,\"REC \
                 UNREAD\",\"+31611111111\",,\"26/06/22,13:57:03+04\",145,6|00E9D83DDE00|OK",
            ),
            (
                "AT+CSDH=0;+CSCS=\"UCS2\";+CMGR=1",
                "+CMGR: \"REC \
                 READ\",\"0055006200650072\",,\"26/06/22,13:57:03+04\"\
                 |0063006F00640065002000310032|OK",
            ),
            (
                "AT+CSCS=\"HEX\";+CMGR=1",
                "+CMGR: \"REC READ\",\"55626572\",,\"26/06/22,13:57:03+04\"|636F6465203132|OK",
            ),
            ("AT+CMGL=4", "+CMS ERROR: 305"),
            (
                "AT+CMGL=\"ALL\";+CMGD=1,4",
                "+CMGL: 1,\"REC \
                 READ\",\"55626572\",,\"26/06/22,13:57:03+04\"|636F6465203132|+CMGL: 2,\"REC \
                 READ\",\"2B3331363131313131313131\",,\"26/06/22,13:57:03+04\"|00E9D83DDE00|OK",
            ),
            ("AT+CMGL=\"ALL\"", "OK"),
        ],
    );
}

#[test]
fn text_mode_shows_reports_and_drafts_and_data_as_what_they_are() {
    let mut modem = modem();
    let number = Address::parse("+31612349999");
    let sent = Scts::from_utc(at(0).utc, 4);
    let pdu = |kind: SpecialMessage| kind.pdu(None, "+31612349999", "", sent);
    let draft = Submit::compose(&number, "later", 0).remove(0).encode();
    for pdu in [pdu(SpecialMessage::StatusReport), pdu(SpecialMessage::Binary), draft.into()] {
        assert_eq!(modem.offer(&pdu, at(0)), Offer::Taken);
    }
    let time = "26/06/22,13:57:03+04";
    let report = format!("6,7,\"+31612349999\",145,\"{time}\",\"{time}\",0");
    dialogue(
        &mut modem,
        &[
            ("AT+CMGF=1;+CSDH=1;+CMGR=1", &format!("+CMGR: \"REC UNREAD\",{report}|OK")),
            (
                "AT+CMGR=2",
                &format!(
                    "+CMGR: \"REC UNREAD\",\"+31612349999\",,\"{time}\",145,4,0,4,\"\",129,6|\
                     00FE109C8100|OK"
                ),
            ),
            ("AT+CMGR=3", "+CMGR: \"STO UNSENT\",\"+31612349999\",,145,1,0,0,,\"\",129,5|later|OK"),
            ("AT+CMGL=\"STO UNSENT\"", "+CMGL: 3,\"STO UNSENT\",\"+31612349999\",,145,5|later|OK"),
            ("AT+CNMI=2,2,0,1", "OK"),
        ],
    );
    let again = pdu(SpecialMessage::StatusReport);
    assert_eq!(modem.offer(&again, at(0)), Offer::Taken);
    assert_eq!(heard(&mut modem, 0), format!("+CDS: {report}"));
    assert_eq!(say(&mut modem, 0, "AT+CMGF=0"), "OK");
    assert_eq!(modem.offer(&again, at(0)), Offer::Taken);
    let shown = hex::encode_upper(&again);
    assert_eq!(heard(&mut modem, 0), format!("+CDS: {}|{shown}", again.len() - 1));
}

#[test]
fn stores_are_chosen_with_one_two_or_three_arguments() {
    let mut modem = modem();
    dialogue(
        &mut modem,
        &[
            ("AT+CPMS=?", "+CPMS: (\"SM\",\"ME\"),(\"SM\",\"ME\"),(\"SM\",\"ME\")|OK"),
            ("AT+CPMS=\"ME\"", "+CPMS: 0,100,0,20,0,20|OK"),
            ("AT+CPMS=\"SM\",\"ME\"", "+CPMS: 0,20,0,100,0,20|OK"),
            ("AT+CPMS=\"SM\",\"SM\",\"ME\"", "+CPMS: 0,20,0,20,0,100|OK"),
            ("AT+CPMS=\"MT\"", "+CMS ERROR: 305"),
            ("AT+CNMI=2,1", "OK"),
        ],
    );
    assert_eq!(modem.offer(&message("1", "x"), at(0)), Offer::Taken);
    assert_eq!(heard(&mut modem, 0), "+CMTI: \"ME\",1");
    assert_eq!(
        modem.remove_sim().map(|card| card.messages.used()),
        Some(0),
        "it is in the modem, not on the card"
    );
    assert_eq!(modem.stored(), 1);
}

#[test]
fn a_full_store_refuses_until_there_is_room() {
    let mut modem = modem_of("[[modem]]\nsim.capacity = 2");
    let pdu = message("1", "x");
    assert_eq!(
        [0; 3].map(|ms| modem.offer(&pdu, at(ms))),
        [Offer::Taken, Offer::Taken, Offer::Full]
    );
    assert_eq!(say(&mut modem, 0, "AT+CMGD=2"), "OK");
    assert_eq!(modem.offer(&pdu, at(0)), Offer::Taken);
    assert_eq!(modem.observed().deleted_unread, 1, "and the host had not read it");
}

#[test]
fn indications_are_set_and_read_back() {
    let mut modem = modem();
    dialogue(
        &mut modem,
        &[
            ("AT+CNMI=?", "+CNMI: (0,1,2),(0,1,2,3),(0,2),(0,1,2),(0,1)|OK"),
            ("AT+CNMI?", "+CNMI: 0,0,0,0,0|OK"),
            ("AT+CNMI=2,4", "ERROR"),
            ("AT+CNMI=0,1", "OK"),
        ],
    );
    assert_eq!(modem.offer(&message("1", "x"), at(0)), Offer::Taken);
    assert_eq!(heard(&mut modem, 0), "", "mode 0 holds it back");
    assert_eq!(say(&mut modem, 0, "AT+CNMI=2"), "+CMTI: \"SM\",1|OK");
    assert_eq!(say(&mut modem, 0, "AT+CNMI?"), "+CNMI: 2,1,0,0,0|OK");
}

#[test]
fn direct_mode_waits_for_the_acknowledgement_and_goes_deaf_without() {
    let mut modem = modem();
    let pdu = message("1", "x");
    let shown = format!("+CMT: ,{}|{}", pdu.len() - 1, hex::encode_upper(&pdu));
    assert_eq!(say(&mut modem, 0, "AT+CSMS=1;+CNMI=2,2"), "+CSMS: 1,1,1|OK");
    assert_eq!(modem.offer(&pdu, at(0)), Offer::Pending);
    assert_eq!(heard(&mut modem, 0), shown);
    assert_eq!(modem.offer(&pdu, at(0)), Offer::NotNow, "one at a time");
    dialogue(&mut modem, &[("AT+CNMA", "OK"), ("AT+CNMA", "+CMS ERROR: 340")]);
    assert!(modem.take_acknowledged() && !modem.take_acknowledged());

    assert_eq!(modem.offer(&pdu, at(0)), Offer::Pending);
    assert_eq!(modem.next_due_ms(), Some(17_000));
    assert_eq!(heard(&mut modem, 17_000), shown);
    assert!(!modem.take_acknowledged());
    assert_eq!(say(&mut modem, 17_000, "AT+CNMI?"), "+CNMI: 2,0,0,0,0|OK");
    assert_eq!(modem.offer(&pdu, at(17_000)), Offer::Taken, "stored without a word");
    assert_eq!(heard(&mut modem, 17_000), "");
}

#[test]
fn without_csms_1_the_modem_acknowledges_by_itself() {
    let mut modem = modem();
    assert_eq!(say(&mut modem, 0, "AT+CNMI=2,2"), "OK");
    assert_eq!(modem.offer(&message("1", "x"), at(0)), Offer::Taken);
    assert!(heard(&mut modem, 0).starts_with("+CMT: ,"));
    assert_eq!(say(&mut modem, 0, "AT+CNMA"), "+CMS ERROR: 340");
    assert_eq!(modem.stored(), 0);
}

#[test]
fn message_classes_take_their_own_way() {
    let (flash, on_card, terminal) = (coded(0x10), coded(0x12), coded(0x13));
    for (mt, pdu, begins) in [
        (1, &flash, "+CMT:"),
        (1, &on_card, "+CMTI:"),
        (1, &terminal, "+CMTI:"),
        (2, &flash, "+CMT:"),
        (2, &on_card, "+CMTI:"),
        (2, &terminal, "+CMT:"),
        (3, &terminal, "+CMT:"),
        (3, &on_card, "+CMTI:"),
    ] {
        let mut modem = modem();
        assert_eq!(say(&mut modem, 0, &format!("AT+CNMI=2,{mt}")), "OK");
        assert_eq!(modem.offer(pdu, at(0)), Offer::Taken);
        assert!(heard(&mut modem, 0).starts_with(begins), "mt {mt}: {begins}");
    }
}

#[test]
fn sending_asks_for_the_text_and_can_be_given_up() {
    let mut modem = modem();
    assert_eq!(say(&mut modem, 0, "AT+CMGS=15"), "> ");
    modem.receive(b"0001000B911316320400F0000002E834\x1a", at(0));
    assert_eq!(heard(&mut modem, 0), "+CMGS: 1|OK");
    let [sent] = modem.take_submissions().try_into().unwrap();
    assert_eq!(sent.to, "+31612340000");

    assert_eq!(say(&mut modem, 0, "AT+CMGF=1;+CMGS=\"0612340001\""), "> ");
    assert_eq!(modem.offer(&message("1", "x"), at(0)), Offer::Taken);
    modem.receive(b"hello\x1a", at(0));
    assert_eq!(heard(&mut modem, 0), "+CMGS: 2|OK");
    let [sent] = modem.take_submissions().try_into().unwrap();
    assert_eq!(
        sent,
        Submission { to: "0612340001".to_owned(), content: Content::Text("hello".to_owned()) }
    );

    assert_eq!(say(&mut modem, 0, "AT+CMGS=\"1\""), "> ");
    modem.receive(b"hello\x1b", at(0));
    assert_eq!(heard(&mut modem, 0), "OK");
    assert_eq!(modem.take_submissions(), []);
    assert_eq!(say(&mut modem, 0, "AT+CMGF=0;+CMGS=3"), "+CMS ERROR: 304");
}

#[test]
fn a_restart_forgets_settings_and_says_so_late() {
    let mut modem = modem();
    assert_eq!(say(&mut modem, 0, "AT+CNMI=2,1;+CFUN=1,1"), "OK");
    assert_eq!(say(&mut modem, 100, "AT"), "", "deaf while it starts");
    assert_eq!(modem.next_due_ms(), Some(300));
    assert_eq!(heard(&mut modem, 300), "RDY|SMS Ready");
    assert_eq!(say(&mut modem, 300, "AT+CNMI?"), "AT+CNMI?|+CNMI: 0,0,0,0,0|OK");
}

#[test]
fn a_card_is_pulled_and_another_put_in() {
    let mut modem = modem();
    let mut card = modem.remove_sim().unwrap();
    assert_eq!(heard(&mut modem, 0), "+CPIN: NOT INSERTED");
    assert_eq!(modem.offer(&message("1", "x"), at(0)), Offer::NotNow);
    card.iccid = "8931040000000000026".to_owned();
    assert!(modem.insert_sim(card, at(0)).is_none());
    dialogue(&mut modem, &[("AT+CCID", "+CPIN: READY|+CCID: 8931040000000000026|OK")]);
}

#[test]
fn faults_come_before_the_standards() {
    let mut modem = modem();
    modem.faults_mut().add(&Fault::Silence { commands: 1 });
    modem.faults_mut().add(&Fault::Refuse { command: "+csq".to_owned(), times: 1 });
    dialogue(
        &mut modem,
        &[("AT", ""), ("AT", "OK"), ("AT+CSQ", "ERROR"), ("AT+CSQ", "+CSQ: 24,99|OK")],
    );

    modem.faults_mut().add(&Fault::Slow { delay_ms: 500, commands: 1 });
    assert_eq!(say(&mut modem, 0, "AT+CGMM"), "");
    assert_eq!(say(&mut modem, 100, "AT+CGMI"), "", "no reply overtakes an earlier one");
    assert_eq!(heard(&mut modem, 500), "SIMULATED|OK|simbridge|OK");

    modem.faults_mut().add(&Fault::DropUrcs { count: 1 });
    assert_eq!(say(&mut modem, 500, "AT+CNMI=2,1"), "OK");
    assert_eq!(modem.offer(&message("1", "x"), at(500)), Offer::Taken);
    assert_eq!(modem.offer(&message("1", "x"), at(500)), Offer::Taken);
    assert_eq!(heard(&mut modem, 500), "+CMTI: \"SM\",2");
}

#[test]
fn a_dialect_answers_instead_of_the_standard() {
    let scenario = r#"
        [[modem]]
        [modem.replies]
        "+CCID" = "+CCID: \"{iccid}F\""
        "+CNUM" = "ERROR"
        "^ICCID?" = "+CME ERROR: 14"
        "+CSMS?" = "+CSMS: 1,1,1,1\nOK"
    "#;
    dialogue(
        &mut modem_of(scenario),
        &[
            ("AT+CMEE=1;+CCID", "+CCID: \"8931040000000000018F\"|OK"),
            ("at+cnum", "ERROR"),
            ("AT^ICCID?", "+CME ERROR: 14"),
            ("AT+CSMS?", "+CSMS: 1,1,1,1|OK"),
        ],
    );
}

#[test]
fn a_second_command_before_the_first_ones_result_is_bad_manners() {
    let mut modem = modem();
    modem.receive(b"AT\rAT\r", at(0));
    heard(&mut modem, 0);
    assert_eq!(modem.observed().impatient, 1);
    say(&mut modem, 0, "AT");
    assert_eq!(modem.observed().impatient, 1, "having read the result, the host may go on");
    modem.faults_mut().add(&Fault::Slow { delay_ms: 500, commands: 1 });
    say(&mut modem, 0, "AT");
    say(&mut modem, 100, "AT");
    assert_eq!(modem.observed().impatient, 2);
}

#[test]
fn any_octets_leave_the_modem_in_order() {
    let mut modem = modem();
    let octets: Vec<u8> =
        (0..200_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    modem.receive(&octets, at(0));
    modem.take_output(at(0));
    modem.receive(b"\x1a\r", at(0));
    modem.reboot(at(0));
    modem.tick(at(300));
    modem.take_output(at(300));
    assert_eq!(say(&mut modem, 300, "AT+CGMM"), "AT+CGMM|SIMULATED|OK");
}

#[test]
fn every_command_that_is_listed_is_known() {
    let listed = say(&mut modem(), 0, "AT+CLAC");
    let mut commands: Vec<&str> = listed.split('|').collect();
    assert_eq!(commands.pop(), Some("OK"));
    for command in commands {
        let answers = ["", "?", "=?", "=0", "=1"].map(|ask| {
            let mut modem = modem();
            say(&mut modem, 0, &format!("{command}{ask}"))
        });
        assert!(answers.iter().any(|answer| !answer.ends_with("ERROR")), "{command}: {answers:?}");
    }
}
