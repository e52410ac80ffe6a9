//! Families, quirks and the faults of the line.

use super::*;

fn of_family(name: &str) -> Modem {
    modem_of(&format!("[[modem]]\nfamily = \"{name}\""))
}

#[test]
fn each_family_tells_its_iccid_in_its_own_way_and_in_no_other() {
    let table = [
        ("quectel-ec25", "AT+QCCID", "+QCCID: 8931040000000000018|OK"),
        ("simcom-sim800", "AT+CCID", "8931040000000000018f|OK"),
        ("simcom-sim7600", "AT+CICCID", "+ICCID: 8931040000000000018|OK"),
        ("huawei-e173", "AT^ICCID?", "^ICCID: 981340000000000010F8|OK"),
        ("huawei-e3372", "AT^ICCID?", "^ICCID: 8931040000000000018F|OK"),
        ("zte-mf6280", "AT+ZGETICCID", "+ZGETICCID: 8931040000000000018|OK"),
        ("telit-le910", "AT#CCID", "#CCID: 8931040000000000018|OK"),
        ("cinterion-ehs5", "AT^SCID", "^SCID: 8931040000000000018|OK"),
        ("wavecom-q2406", "AT+CCID", "+CCID: \"8931040000000000018\"|OK"),
    ];
    for (family, command, reply) in table {
        let mut modem = of_family(family);
        assert_eq!(say(&mut modem, 0, command), reply, "{family}");
        let knows =
            table.iter().filter(|(_, other, _)| !say(&mut modem, 0, other).ends_with("ERROR"));
        assert!(knows.into_iter().all(|(_, other, _)| *other == command), "{family}");
        modem.remove_sim();
        heard(&mut modem, 0);
        assert_eq!(say(&mut modem, 0, command), "ERROR", "{family} without a card");
    }
}

#[test]
fn attempts_left_in_the_words_of_the_families() {
    let table = [
        ("quectel-ec25", "AT+QPINC=\"SC\"", "+QPINC: \"SC\",2,10|OK"),
        ("huawei-e3372", "AT^CPIN?", "^CPIN: SIM PIN,2,10,2,10,3|OK"),
        ("telit-le910", "AT#PCT", "#PCT: 2|OK"),
        ("cinterion-ehs5", "AT^SPIC", "^SPIC: 2|OK"),
        ("ublox-sara-u2", "AT+UPINCNT", "+UPINCNT: 2,3,10,10|OK"),
    ];
    for (family, command, reply) in table {
        let mut modem = of_family(family);
        modem.suffer(&Fault::SimLocked { pin: "1234".to_owned() }, at(0));
        heard(&mut modem, 0);
        assert_eq!(say(&mut modem, 0, "AT+CPIN=\"0000\""), "ERROR");
        assert_eq!(say(&mut modem, 0, command), reply, "{family}");
    }
}

#[test]
fn a_modem_may_tell_the_attempts_left_by_the_standards_command_alone_or_by_none() {
    let mut modem = of_family("quectel-ec25");
    modem.suffer(&Fault::SimLocked { pin: "1234".to_owned() }, at(0));
    heard(&mut modem, 0);
    modem.suffer(&Fault::Habit { quirk: Quirk::StandardCountOnly }, at(0));
    assert_eq!(say(&mut modem, 0, "AT+QPINC?"), "ERROR");
    let standard = "+CPINR: SIM PIN,3,3|+CPINR: SIM PUK,10,10|OK";
    assert_eq!(say(&mut modem, 0, "AT+CPINR"), standard);
    modem.suffer(&Fault::Habit { quirk: Quirk::NoPinCount }, at(0));
    assert_eq!(say(&mut modem, 0, "AT+CPINR"), "ERROR");
}

#[test]
fn other_codes_than_the_pin_are_wanted_and_what_is_entered_then_is_counted() {
    for (quirk, code) in [
        (Quirk::Pin2Wanted, "SIM PIN2"),
        (Quirk::Puk2Wanted, "SIM PUK2"),
        (Quirk::NetworkLocked, "PH-NET PIN"),
    ] {
        let mut modem = of_family("generic");
        modem.suffer(&Fault::Habit { quirk }, at(0));
        assert_eq!(say(&mut modem, 0, "AT+CPIN?"), format!("+CPIN: {code}|OK"));
        assert_eq!(say(&mut modem, 0, "AT+CPIN=\"1234\""), "ERROR");
        assert_eq!(modem.observed().wrong_pins, 1);
        let is_locked = quirk == Quirk::NetworkLocked;
        assert_eq!(modem.is_registered(), !is_locked, "{code}");
    }
}

#[test]
fn a_busy_card_refuses_some_commands_and_the_modem_none() {
    let mut modem = of_family("generic");
    say(&mut modem, 0, "AT+CMEE=1");
    modem.suffer(&Fault::Busy { code: 515, times: 2 }, at(0));
    for (command, reply) in
        [("AT", "OK"), ("AT+CPIN?", "+CME ERROR: 515"), ("AT+CIMI", "+CME ERROR: 515")]
    {
        assert_eq!(say(&mut modem, 0, command), reply);
    }
    assert_eq!(say(&mut modem, 0, "AT+CPIN?"), "+CPIN: READY|OK");
}

#[test]
fn a_menu_stays_open_until_it_is_answered_or_closed() {
    let mut modem = of_family("generic");
    let menu = "OK|+CUSD: 1,\"1: \"Balance\"|2: Number\",15";
    assert_eq!(say(&mut modem, 0, "AT+CUSD=1,\"*100#\",15"), menu);
    let told = say(&mut modem, 0, "AT+CUSD=1,\"*101#\",15");
    assert!(told.starts_with("OK|+CUSD: 1,\"No such choice."), "{told}");
    assert_eq!(say(&mut modem, 0, "AT+CUSD=1,\"1\",15"), "OK|+CUSD: 0,\"Balance: 9.50\",15");
    assert_eq!(say(&mut modem, 0, "AT+CUSD=1,\"*100#\",15"), menu);
    assert_eq!(say(&mut modem, 0, "AT+CUSD=2"), "OK");
    let told = say(&mut modem, 0, "AT+CUSD=1,\"*101#\",15");
    assert!(told.starts_with("OK|+CUSD: 0,\"Uw mobiele nummer"), "{told}");
    // What is no code, as septets are to a modem that takes plain ones, brings nothing.
    assert_eq!(say(&mut modem, 0, "AT+CUSD=1,\"AA180C3602\",15"), "OK|+CUSD: 2");
}

#[test]
fn what_a_model_advertises_it_need_not_take() {
    let mut zte = of_family("zte-mf6280");
    assert_eq!(say(&mut zte, 0, "AT+CNMI=?"), "+CNMI: (0,1,2),(0,1,2,3),(0,2),(0,1,2),(0,1)|OK");
    assert_eq!(say(&mut zte, 0, "AT+CNMI=2,1,0,0,0"), "ERROR");
    assert_eq!(say(&mut zte, 0, "AT+CNMI=1,1,0,0,0"), "OK");
    let mut wavecom = of_family("wavecom-q2406");
    assert_eq!(say(&mut wavecom, 0, "AT+CPMS=\"SM\",\"SM\",\"SM\""), "+CMS ERROR: 305");
    assert_eq!(say(&mut wavecom, 0, "AT+CPMS=\"SM\",\"SM\""), "+CPMS: 0,50,0,50,0,50|OK");
}

#[test]
fn a_restarted_telit_reads_its_store_only_after_qss_3_and_finds_the_network_after_that() {
    let mut modem = of_family("telit-le910");
    modem.reboot(at(0));
    assert_eq!(heard(&mut modem, 8_000), "#QSS: 1|#QSS: 2");
    assert_eq!(say(&mut modem, 8_001, "ATE0;+CMGL=4"), "ATE0;+CMGL=4|+CMS ERROR: 314");
    assert_eq!(modem.offer(&message("1", "x"), at(8_001)), Offer::NotNow);
    assert_eq!(heard(&mut modem, 14_000), "#QSS: 3");
    assert_eq!(say(&mut modem, 14_001, "AT+CMGL=4"), "OK");
    assert_eq!(modem.offer(&message("1", "x"), at(14_001)), Offer::Taken);
}

#[test]
fn a_huawei_says_that_it_is_full_and_is_deaf_until_emptied_and_set_again() {
    let mut modem = of_family("huawei-e173");
    say(&mut modem, 0, "AT+CNMI=2,1,0,0,0;+CMGF=0");
    for _ in 0..40 {
        assert_eq!(modem.offer(&message("1", "x"), at(0)), Offer::Taken);
    }
    heard(&mut modem, 0);
    assert_eq!(modem.offer(&message("1", "x"), at(0)), Offer::Full);
    assert_eq!(modem.offer(&message("1", "x"), at(0)), Offer::Full);
    assert_eq!(heard(&mut modem, 0), "^SMMEMFULL: \"SM\"", "once");
    say(&mut modem, 0, "AT+CMGD=0,4");
    assert_eq!(modem.offer(&message("1", "x"), at(0)), Offer::Taken);
    assert_eq!(heard(&mut modem, 0), "", "deaf");
    say(&mut modem, 0, "AT+CMGD=0,4;+CNMI=2,1,0,0,0");
    assert_eq!(modem.offer(&message("1", "x"), at(600)), Offer::Taken);
    assert_eq!(
        say(&mut modem, 600, "AT+CPMS?"),
        "+CMTI: \"SM\",0|+CPMS: \"SM\",0,40,\"SM\",0,40,\"SM\",0,40|OK"
    );
    assert!(
        say(&mut modem, 1_100, "AT+CPMS?").contains("\"SM\",1,40"),
        "half a second later it is right"
    );
}

#[test]
fn habits_of_the_line() {
    let table: [(Quirk, &str, &[u8]); 4] = [
        (Quirk::NoSpace, "AT+CPIN?\r", b"\r\n+CPIN:READY\r\n\r\nOK\r\n"),
        (Quirk::LineFeedOnly, "AT+CPIN?\r", b"\n+CPIN: READY\n\nOK\n"),
        (Quirk::DoubledLineEnds, "AT\r", b"\r\n\r\nOK\r\n\r\n"),
        (Quirk::ChatterInReplies, "AT+CPIN?\r", b"\r\n+CPIN: READY\r\n\r\n^RSSI: 17\r\n\r\nOK\r\n"),
    ];
    for (quirk, host, octets) in table {
        let mut modem = modem();
        modem.suffer(&Fault::Habit { quirk }, at(0));
        modem.receive(host.as_bytes(), at(0));
        assert_eq!(
            modem.take_output(at(0)).escape_ascii().to_string(),
            octets.escape_ascii().to_string(),
            "{quirk:?}"
        );
    }
}

#[test]
fn what_a_stick_says_unasked_goes_to_another_port_until_it_is_called_here() {
    let mut modem = modem();
    modem.suffer(&Fault::Habit { quirk: Quirk::UrcsElsewhere }, at(0));
    assert_eq!(say(&mut modem, 0, "AT+CNMI=2,1"), "OK");
    assert_eq!(modem.offer(&message("1", "x"), at(0)), Offer::Taken);
    assert_eq!(heard(&mut modem, 0), "");
    assert_eq!(say(&mut modem, 0, "AT+QURCCFG=\"urcport\",\"usbat\""), "OK");
    assert_eq!(modem.offer(&message("1", "y"), at(0)), Offer::Taken);
    assert!(heard(&mut modem, 0).starts_with("+CMTI:"));
}

#[test]
fn replies_break_off_and_floods_end() {
    let mut modem = modem();
    modem.suffer(&Fault::NoFinal { command: "+CSQ".to_owned(), times: 1 }, at(0));
    modem.suffer(&Fault::Cut { command: "+CGMM".to_owned(), times: 1, octets: 5 }, at(0));
    dialogue(
        &mut modem,
        &[
            ("AT+CSQ", "+CSQ: 24,99"),
            ("AT+CSQ", "+CSQ: 24,99|OK"),
            ("AT+CGMM", "SIM"),
            ("AT+CGMM", "SIMULATED|OK"),
        ],
    );
    modem.suffer(
        &Fault::Flood { line: "^RSSI:17".to_owned(), every_ms: 100, for_ms: 250 },
        at(1_000),
    );
    assert_eq!(heard(&mut modem, 1_100), "^RSSI:17|^RSSI:17");
    assert_eq!(heard(&mut modem, 9_000), "^RSSI:17");
    assert_eq!(modem.next_due_ms(), None);
}

#[test]
fn a_message_comes_twice_when_the_network_did_not_hear_that_it_had_come() {
    let mut modem = modem();
    modem.suffer(&Fault::Duplicate { messages: 1 }, at(0));
    say(&mut modem, 0, "AT+CNMI=2,1");
    assert_eq!(modem.offer(&message("1", "x"), at(0)), Offer::Taken);
    assert_eq!(modem.offer(&message("1", "y"), at(0)), Offer::Taken);
    assert_eq!(heard(&mut modem, 0), "+CMTI: \"SM\",1|+CMTI: \"SM\",2|+CMTI: \"SM\",3");
}
