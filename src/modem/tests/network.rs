//! Registration, and whether messages are still announced.

use std::time::Duration;

use super::super::*;
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

#[test]
fn five_g_alone_is_enough_and_is_asked_for_only_where_there_may_be_one() {
    for reply in ["+C5GREG: 0,1|OK", "+C5GREG: 1,5,\"1A2B3C\",\"00012345601\",11,1,\"01\"|OK"] {
        let mut bench = Bench::new();
        bench.on("AT+CREG?", "+CREG: 1,0|OK").on("AT+C5GREG=1", "OK").on("AT+C5GREG?", reply);
        bench.auto(Duration::from_secs(1));
        assert_eq!(bench.session.state(), ModemState::Ready, "{reply}");
        bench.lines("+C5GREG: 2");
        assert_eq!(bench.session.state(), ModemState::Registering);
        bench.lines("+C5GREG: 1,\"1A2B3C\",\"00012345601\",11");
        assert_eq!(bench.session.state(), ModemState::Ready);
    }
    let mut bench = Bench::new();
    bench.on("AT+CEREG=1", "ERROR");
    bench.auto(Duration::from_secs(1));
    assert_eq!((bench.session.state(), bench.count("AT+C5GREG=1")), (ModemState::Ready, 0));
}

#[test]
fn a_location_without_quotes_is_no_status() {
    for urc in [
        "+CREG: 1, E006B, ABE0016",
        "+CREG: 1,0A,3799B",
        "+CREG: 1,12,3799B",
        "+CREG: 5,12,3799B,2",
    ] {
        let mut bench = Bench::new();
        bench.on("AT+CREG?", "+CREG: 2,2|OK");
        bench.auto(Duration::from_secs(3));
        assert_eq!(bench.session.state(), ModemState::Registering, "{urc}");
        bench.lines(urc);
        assert_eq!(bench.session.state(), ModemState::Ready, "{urc}");
    }
    let mut bench = Bench::new();
    bench.on("AT+CREG?", "+CREG: 2,1,0A,3799B|OK");
    bench.auto(Duration::from_secs(1));
    assert_eq!(bench.session.state(), ModemState::Ready);
}

#[test]
fn whoever_has_no_network_is_told_why() {
    let cause = |words: &str| ModemReason::RegistrationDenied { cause: Some(words.to_owned()) };
    let table = [
        (("+CREG: 1,2", "+CEREG: 1,0"), "+COPS: 0", "ERROR", ModemReason::Searching),
        (("+CREG: 1,0", "+CEREG: 1,0"), "+COPS: 0", "ERROR", ModemReason::NotSearching),
        (("+CREG: 1,4", "+CEREG: 1,4"), "+COPS: 0", "ERROR", ModemReason::NoRegistrationTold),
        (("+CREG: 1,0", "+CEREG: 1,8"), "+COPS: 0", "ERROR", ModemReason::EmergencyOnly),
        (
            ("+CREG: 1,2", "+CEREG: 1,3"),
            "+COPS: 0",
            "ERROR",
            ModemReason::RegistrationDenied { cause: None },
        ),
        (
            ("+CREG: 1,3", "+CEREG: 1,0"),
            "+COPS: 0",
            "+CEER: \"EMM reject\",11,\"PLMN not allowed\"|OK",
            cause("EMM reject 11 PLMN not allowed"),
        ),
        (
            ("+CREG: 1,3", "+CEREG: 3,3,,,,0,15"),
            "+COPS: 0",
            "+CEER: No cause information available|OK",
            ModemReason::RegistrationDenied { cause: None },
        ),
        (("+CREG: 1,0", "+CEREG: 1,0"), "+COPS: 2", "ERROR", ModemReason::Deregistered),
    ];
    for ((circuit, lte), operator, report, reason) in table {
        let mut bench = Bench::new();
        bench
            .on("AT+CREG?", &format!("{circuit}|OK"))
            .on("AT+CGREG?", "+CGREG: 1,0|OK")
            .on("AT+CEREG?", &format!("{lte}|OK"))
            .on("AT+COPS?", &format!("{operator}|OK"))
            .on("AT+CEER", report);
        bench.auto(Duration::from_secs(120));
        let snapshot = bench.snapshot();
        assert_eq!(snapshot.state, ModemState::Registering);
        assert_eq!(snapshot.reason, Some(reason.clone()), "{circuit} {lte}");
        assert!(bench.count("AT+CEER") <= 1 && bench.count("AT+CREG?") <= 20, "{reason}");
        bench.on("AT+CREG?", "+CREG: 1,1|OK");
        bench.auto(Duration::from_secs(25));
        assert_eq!(bench.snapshot().state, ModemState::Ready, "{reason}");
        assert_eq!(bench.snapshot().reason, None, "{reason}");
    }
}

/// A modem that another program has taken off the network.
fn off_network(bench: &mut Bench) -> &mut Bench {
    bench.on("AT+CREG?", "+CREG: 1,0|OK").on("AT+COPS?", "+COPS: 2|OK").on("AT+COPS=0", "OK")
}

#[test]
fn a_modem_that_was_taken_off_the_network_is_put_back_but_not_again_and_again() {
    let mut bench = Bench::new();
    off_network(&mut bench).auto(Duration::from_secs(20));
    assert_eq!(bench.count("AT+COPS=0"), 1, "{:?}", bench.log);
    assert_eq!(bench.snapshot().reason, Some(ModemReason::NotSearching));
    bench.auto(Duration::from_secs(3500));
    assert_eq!(bench.count("AT+COPS=0"), 1);
    assert_eq!(bench.snapshot().reason, Some(ModemReason::Deregistered), "by something else");
    bench.auto(Duration::from_secs(600));
    assert_eq!(bench.count("AT+COPS=0"), 2);
}

#[test]
fn a_network_that_the_operator_chooses_is_left_alone() {
    let own =
        "name = \"mine\"\nmanufacturer = [\"Bench\"]\nmodel = [\"*\"]\ninit = [\"AT+COPS=2\"]\n";
    let (profiles, faults) = Catalogue::with_own([("mine.toml", own)]);
    assert!(faults.is_empty(), "{faults:?}");
    let mut bench = Bench::with(SessionConfig { profiles: profiles.into(), ..config() });
    off_network(&mut bench).auto(Duration::from_secs(600));
    assert_eq!(bench.count("AT+COPS=0"), 0);
    // The same by hand, and what only looks like it.
    for (command, times) in [("AT+COPS=2", 0), ("at+cops=1,2,\"20408\"", 0), ("AT+COPS=?", 1)] {
        let mut bench = Bench::ready();
        bench.session.request(7, ModemRequest::At(command.to_owned()), bench.now);
        bench.on(command, "OK");
        off_network(&mut bench).lines("+CREG: 0");
        bench.auto(Duration::from_secs(600));
        assert_eq!(bench.count("AT+COPS=0"), times, "{command}");
    }
}

#[test]
fn a_flood_of_registrations_does_not_have_the_card_read_all_the_time() {
    let mut bench = Bench::ready();
    bench.auto(Duration::from_secs(5));
    bench.log.clear();
    for _ in 0..250 {
        bench.lines("+CREG: 1");
        bench.auto(Duration::from_millis(40));
    }
    assert!((30..=45).contains(&bench.count("AT+CCID")), "{}", bench.count("AT+CCID"));
}
