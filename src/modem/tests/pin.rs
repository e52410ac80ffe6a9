//! A SIM card's PIN is entered once, never with only one attempt left, and never again when it was
//! wrong.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::*;
use super::bench::*;

const ENTER: &str = "AT+CPIN=\"1234\"";

/// What the host remembers of the cards whose PIN was tried.
type Tried = BTreeMap<String, bool>;

/// A modem with a locked card that has this many attempts left. The host remembers that the PINs of
/// the `tried` cards were entered.
fn locked(attempts: u8, tried: Tried) -> Bench {
    let config = SessionConfig { pin: Pin::parse("1234"), ..config() };
    let mut bench = Bench::with(config);
    bench.tried = tried;
    bench
        .on("AT+CPIN?", "+CPIN: SIM PIN|OK")
        .on("AT+CPINR", &format!("+CPINR: SIM PIN,{attempts},3|OK"));
    bench
}

#[test]
fn a_right_pin_is_entered_after_attempts_and_iccid_were_read_and_is_known_to_be_right() {
    let mut bench = locked(3, Tried::new());
    bench.on(ENTER, "OK");
    bench.auto(Duration::from_millis(100));
    assert_eq!(&bench.log[bench.log.len() - 4..], ["AT+CPIN?", "AT+CPINR", "AT+CCID", ENTER]);
    bench.on("AT+CPIN?", "+CPIN: READY|OK");
    bench.auto(Duration::from_secs(2));
    assert_eq!(bench.session.state(), ModemState::Ready);
    assert_eq!(bench.tried, [(ICCID.to_owned(), true)].into());
}

#[test]
fn a_wrong_pin_over_a_hundred_restarts_is_one_attempt() {
    let (mut tried, mut entered) = (Tried::new(), 0);
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
    let mut bench = locked(1, Tried::new());
    bench.auto(Duration::from_secs(600));
    assert!(bench.snapshot().reason.as_ref().unwrap().to_string().contains("at most one attempt"));
    assert!(bench.tried.is_empty() && bench.count(ENTER) == 0);
    let mut bench = locked(3, Tried::new());
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
    let mut bench = locked(3, Tried::new());
    bench.on("AT+CCID", "+CME ERROR: 11").on(ENTER, "+CME ERROR: 16");
    bench.auto(Duration::from_secs(60));
    assert_eq!((&bench.tried, bench.count(ENTER)), (&[(IMEI.to_owned(), false)].into(), 1));
}

#[test]
fn a_card_whose_iccid_was_cut_short_is_not_remembered_as_another_one() {
    let mut bench = locked(3, Tried::new());
    bench.on(ENTER, "+CME ERROR: 16");
    bench.answer_until("AT+CCID");
    bench.lines("+CCID: 893144040000000012|OK");
    bench.auto(Duration::from_secs(60));
    assert_eq!((&bench.tried, bench.count(ENTER)), (&[(ICCID.to_owned(), false)].into(), 1));
}

#[test]
fn a_card_that_takes_a_moment_to_accept_its_pin_is_waited_for() {
    let mut bench = locked(3, Tried::new());
    bench.on(ENTER, "OK");
    bench.auto(Duration::from_secs(3));
    bench.on("AT+CPIN?", "+CPIN: READY|OK");
    bench.auto(Duration::from_secs(5));
    assert_eq!((bench.session.state(), bench.count(ENTER)), (ModemState::Ready, 1));
}

#[test]
fn a_host_that_cannot_record_the_attempt_is_asked_again_until_it_can() {
    let mut bench = locked(3, Tried::new());
    bench.records_tries = false;
    bench.on(ENTER, "OK");
    bench.auto(Duration::from_secs(60));
    assert_eq!((bench.session.state(), bench.count(ENTER)), (ModemState::SimCheck, 0));
    assert_eq!(bench.snapshot().reason, Some(ModemReason::PinAttemptNotRecorded));
    bench.records_tries = true;
    bench.auto(Duration::from_millis(5_500));
    assert_eq!(bench.count(ENTER), 1);
    bench.on("AT+CPIN?", "+CPIN: READY|OK");
    bench.auto(Duration::from_secs(5));
    assert_eq!(bench.session.state(), ModemState::Ready);
}

#[test]
fn a_card_exchanged_while_its_attempts_are_read_is_asked_again() {
    let mut bench = locked(3, Tried::new());
    bench.on("AT+CPINR", "-").on(ENTER, "OK");
    bench.auto(Duration::from_millis(100));
    bench.on("AT+CPINR", "+CPINR: SIM PIN,1,3|OK");
    bench.lines("+CPIN: NOT READY|+CPINR: SIM PIN,3,3|OK");
    bench.auto(Duration::from_secs(60));
    assert_eq!((bench.count(ENTER), bench.count("AT+CPINR")), (0, 2));
}

#[test]
fn a_blocked_card_is_reported_as_requiring_its_puk() {
    let mut bench = locked(3, Tried::new());
    bench.on(ENTER, "+CME ERROR: 16");
    bench.auto(Duration::from_secs(5));
    bench.on("AT+CPIN?", "+CPIN: SIM PUK|OK");
    bench.auto(Duration::from_secs(120));
    assert!(bench.snapshot().reason.as_ref().unwrap().to_string().contains("PUK"));
    assert_eq!(bench.count(ENTER), 1);
}

/// A modem of this manufacturer and model with a locked card. It answers `ERROR` to every command
/// that the bench does not have, `AT+CPINR` among them.
fn uncounted(manufacturer: &str, model: &str, without_count: bool, tried: Tried) -> Bench {
    let config =
        SessionConfig { pin: Pin::parse("1234"), pin_without_count: without_count, ..config() };
    let mut bench = Bench::with(config);
    bench.tried = tried;
    bench
        .on("AT+CGMI", &format!("{manufacturer}|OK"))
        .on("AT+CGMM", &format!("{model}|OK"))
        .on("AT+CPMS=\"SM\"", "+CPMS: 0,20,0,20|OK")
        .on("AT+CPMS=\"ME\"", "+CPMS: 0,99,0,20|OK")
        .on("AT+CPIN?", "+CPIN: SIM PIN|OK");
    bench
}

/// Lets the session enter the PIN, which the card accepts.
fn accept(bench: &mut Bench) {
    bench.on(ENTER, "OK");
    bench.auto(Duration::from_secs(1));
    bench.on("AT+CPIN?", "+CPIN: READY|OK");
    bench.auto(Duration::from_secs(5));
}

fn refused_before() -> ModemReason {
    ModemReason::PinRefusedBefore(Some(ICCID.parse().unwrap()))
}

fn reason(bench: &Bench) -> &ModemReason {
    bench.snapshot().reason.as_ref().expect("a reason")
}

/// Manufacturers and models of families whose profiles ask in their own ways.
const FAMILIES: [(&str, &str); 8] = [
    ("Quectel", "EC25"),
    ("SIMCOM_Ltd", "SIMCOM_SIM800L"),
    ("huawei", "E173"),
    ("huawei", "ME909s-120"),
    ("Telit", "LE910-EU V2"),
    ("Cinterion", "EHS6"),
    ("u-blox", "SARA-U201"),
    ("WAVECOM MODEM", "MULTIBAND  900E  1800"),
];

#[test]
fn modems_of_every_family_that_know_only_the_standards_question_are_unlocked() {
    for (manufacturer, model) in FAMILIES {
        let mut bench = uncounted(manufacturer, model, false, Tried::new());
        bench.on("AT+CPINR", "+CPINR: SIM PIN,3,3|+CPINR: SIM PUK,10,10|OK");
        accept(&mut bench);
        assert_eq!(
            (bench.session.state(), bench.count(ENTER)),
            (ModemState::Ready, 1),
            "{model}: {:?}",
            bench.log
        );
        let profile = bench.snapshot().profile.as_deref().unwrap();
        assert_ne!(profile, "generic", "{model}");
    }
}

#[test]
fn each_vendors_question_is_asked_whatever_the_model_and_two_attempts_are_enough() {
    let table = [
        ("AT+CPINR", "+CPINR: \"SIM PIN\",{n}"),
        ("AT+QPINC?", "+QPINC: \"SC\",{n},10|+QPINC: \"P2\",1,10"),
        ("AT^CPIN?", "^CPIN: SIM PIN,,10,{n},10,1"),
        ("AT+SPIC", "+SPIC: {n},10,1,10"),
        ("AT#PCT", "#PCT: {n}"),
        ("AT^SPIC", "^SPIC: {n}"),
        ("AT+CPINC", "+CPINC: {n},1,10,10"),
        ("AT+UPINCNT", "+UPINCNT: {n},1,10,10"),
        ("AT+QTRPIN", "+QTRPIN: {n},1,10,10"),
        ("AT+ZPINPUK=?", "+ZPINPUK: {n},10"),
        ("AT*EPIN?", "*EPIN: {n},10,1,10"),
        ("AT+XPINCNT", "+XPINCNT: {n},1,10,10"),
        ("AT%PINNUM?", "%PINNUM: {n},10,1,10"),
        ("AT+TPIN?", "+TPIN: {n},10,1,10"),
        ("AT+PNNM?", "+PNNM: {n},10"),
        ("AT_OERCN?", "_OERCN: {n},10"),
    ];
    for (command, reply) in table {
        for (attempts, entered) in [("3", 1), ("2", 1), ("1", 0), ("0", 0)] {
            let mut bench = uncounted("Acme", "Modem 1", false, Tried::new());
            bench.on(command, &format!("{}|OK", reply.replace("{n}", attempts)));
            accept(&mut bench);
            bench.auto(Duration::from_secs(100));
            assert_eq!(bench.count(ENTER), entered, "{command} {attempts}: {:?}", bench.log);
        }
        // Replies that tell no number.
        let nonsense = ["OK", "ERROR", "+CME ERROR: 4", "+CME ERROR: 100", "{x}", "255"];
        for told in nonsense {
            let told = match told {
                "{x}" => format!("{}|OK", reply.replace("{n}", "x")),
                "255" => format!("{}|OK", reply.replace("{n}", "255")),
                plain => plain.to_owned(),
            };
            let mut bench = uncounted("Acme", "Modem 1", false, Tried::new());
            bench.on(command, &told).on(ENTER, "OK");
            bench.auto(Duration::from_secs(100));
            assert_eq!(bench.count(ENTER), 0, "{command} {told}");
            assert_eq!(*reason(&bench), ModemReason::PinAttemptsUnknown, "{command} {told}");
        }
    }
}

#[test]
fn the_first_command_that_tells_is_believed_and_no_more_are_asked() {
    let mut bench = uncounted("Quectel", "EC25", false, Tried::new());
    bench.on("AT+QPINC?", "+QPINC: \"SC\",1,10|OK").on("AT+CPINR", "+CPINR: SIM PIN,3,3|OK");
    bench.on(ENTER, "OK");
    bench.auto(Duration::from_secs(100));
    assert_eq!((bench.count(ENTER), bench.count("AT+CPINR")), (0, 0));
    assert_eq!(*reason(&bench), ModemReason::PinLastAttempt);
}

#[test]
fn without_a_count_the_pin_is_tried_once_where_the_configuration_permits_it() {
    let mut bench = uncounted("Quectel", "EC25", true, Tried::new());
    accept(&mut bench);
    assert_eq!((bench.session.state(), bench.count(ENTER)), (ModemState::Ready, 1));
    let mut bench = uncounted("Quectel", "EC25", true, Tried::new());
    bench.on(ENTER, "+CME ERROR: 16");
    bench.auto(Duration::from_secs(600));
    bench.lines("+CPIN: SIM PIN|+QUSIM: 1");
    bench.auto(Duration::from_secs(600));
    let tried = bench.tried.clone();
    assert_eq!((bench.count(ENTER), &tried), (1, &[(ICCID.to_owned(), false)].into()));
    // Nor after a restart of anything, not even when the modem begins to tell three attempts.
    let mut bench = uncounted("Quectel", "EC25", true, tried);
    bench.on("AT+CPINR", "+CPINR: SIM PIN,3,3|OK").on(ENTER, "OK");
    bench.auto(Duration::from_secs(600));
    assert_eq!(bench.count(ENTER), 0);
    assert_eq!(*reason(&bench), refused_before());
}

#[test]
fn a_card_that_has_accepted_its_pin_is_entered_it_again_without_a_count_until_it_refuses_it() {
    let mut bench = locked(3, Tried::new());
    accept(&mut bench);
    let tried = bench.tried.clone();
    let mut bench = uncounted("Acme", "Modem 1", false, tried);
    accept(&mut bench);
    assert_eq!((bench.session.state(), bench.count(ENTER)), (ModemState::Ready, 1));
    // The modem restarts.
    bench.on("AT+CPIN?", "+CPIN: SIM PIN|OK");
    bench.lines("RDY");
    accept(&mut bench);
    assert_eq!((bench.session.state(), bench.count(ENTER)), (ModemState::Ready, 2));
    // Somebody has changed the PIN of the card.
    bench.on("AT+CPIN?", "+CPIN: SIM PIN|OK").on(ENTER, "+CME ERROR: 16");
    for _ in 0..3 {
        bench.lines("RDY");
        bench.auto(Duration::from_secs(100));
    }
    assert_eq!(bench.count(ENTER), 3);
    assert_eq!(*reason(&bench), refused_before());
    let mut bench = locked(3, bench.tried.clone());
    bench.on(ENTER, "OK");
    bench.auto(Duration::from_secs(100));
    assert_eq!(bench.count(ENTER), 0, "with a count neither");
}

#[test]
fn a_card_that_cannot_be_told_from_another_is_not_taken_for_one_that_accepted_its_pin() {
    let mut bench = locked(3, Tried::new());
    bench.on("AT+CCID", "+CME ERROR: 11");
    bench.on(ENTER, "OK");
    bench.auto(Duration::from_millis(100));
    bench.on("AT+CCID", &format!("+CCID: {ICCID}|OK")).on("AT+CPIN?", "+CPIN: READY|OK");
    bench.auto(Duration::from_secs(5));
    assert_eq!((bench.session.state(), bench.tried.len()), (ModemState::Ready, 0));
    let mut bench = uncounted("Acme", "Modem 1", false, bench.tried.clone());
    bench.on("AT+CCID", "+CME ERROR: 11").on(ENTER, "OK");
    bench.auto(Duration::from_secs(100));
    assert_eq!(bench.count(ENTER), 0);
}

#[test]
fn a_modem_that_leaves_unknown_questions_without_an_answer_is_not_asked_all_of_them() {
    let mut bench = uncounted("Acme", "Modem 1", true, Tried::new());
    for question in ["AT+CPINR", "AT+QPINC?", "AT^CPIN?", "AT+SPIC", "AT#PCT", "AT^SPIC"] {
        bench.on(question, "-");
    }
    bench.on(ENTER, "OK");
    bench.auto(Duration::from_secs(100));
    assert_eq!((bench.count("AT^CPIN?"), bench.count(ENTER)), (0, 1), "{:?}", bench.log);
    assert_eq!(bench.reopen, None);
}

#[test]
fn a_card_that_is_busy_is_asked_again_before_its_pin_is_entered() {
    for busy in ["+CME ERROR: 14", "+CME ERROR: 515", "+CME ERROR: SIM busy"] {
        let mut bench = locked(3, Tried::new());
        bench.on("AT+CPINR", busy).on("AT+CPIN?", busy);
        bench.auto(Duration::from_secs(9));
        assert_eq!(*reason(&bench), ModemReason::SimStarting, "{busy}");
        bench.on("AT+CPIN?", "+CPIN: SIM PIN|OK");
        bench.auto(Duration::from_secs(3));
        assert_eq!((bench.count(ENTER), bench.count("AT+QPINC?")), (0, 0), "{busy}");
        bench.on("AT+CPINR", "+CPINR: SIM PIN,3,3|OK");
        accept(&mut bench);
        assert_eq!((bench.session.state(), bench.count(ENTER)), (ModemState::Ready, 1), "{busy}");
        assert_eq!(bench.reopen, None, "{busy}");
        assert!(!bench.log.iter().any(|sent| sent.starts_with("AT+CFUN=")), "{busy}");
    }
}

#[test]
fn a_card_that_is_busy_with_its_pin_may_have_accepted_it() {
    let mut bench = locked(3, Tried::new());
    bench.on(ENTER, "+CME ERROR: 14");
    bench.auto(Duration::from_secs(3));
    bench.on("AT+CPIN?", "+CPIN: READY|OK");
    bench.auto(Duration::from_secs(5));
    assert_eq!((bench.session.state(), bench.count(ENTER)), (ModemState::Ready, 1));
}

#[test]
fn a_card_that_wants_its_second_pin_is_usable_and_nothing_is_entered() {
    for code in ["SIM PIN2", "SIM PUK2"] {
        let mut bench = locked(3, Tried::new());
        bench.on("AT+CPIN?", &format!("+CPIN: {code}|OK"));
        bench.auto(Duration::from_secs(100));
        bench.lines(&format!("+CPIN: {code}"));
        bench.auto(Duration::from_secs(100));
        assert_eq!((bench.session.state(), bench.count(ENTER)), (ModemState::Ready, 0), "{code}");
        assert!(bench.tried.is_empty(), "{code}");
    }
    // Nor do errors that speak of it mean that the card is lost.
    let mut bench = locked(3, Tried::new());
    bench.on("AT+CPIN?", "+CPIN: READY|OK").on("AT+CNUM", "+CME ERROR: 17");
    bench.auto(Duration::from_secs(100));
    assert_eq!((bench.session.state(), bench.count("AT+CNUM")), (ModemState::Ready, 1));
}

#[test]
fn for_a_lock_of_the_modem_nothing_is_entered_and_its_kind_is_told() {
    use DeviceLock::{Card, Company, FirstCard, Network, NetworkSubset, Other, ServiceProvider};
    let table = [
        ("+CPIN: PH-SIM PIN|OK", Card),
        ("+CPIN: PH-FSIM PIN|OK", FirstCard),
        ("+CPIN: PH-FSIM PUK|OK", FirstCard),
        ("+CPIN: PH-NET PIN|OK", Network),
        ("+CPIN: PH-NET PUK|OK", Network),
        ("+CPIN: PH-NETSUB PIN|OK", NetworkSubset),
        ("+CPIN: PH-SP PIN|OK", ServiceProvider),
        ("+CPIN: PH-CORP PIN|OK", Company),
        ("+CPIN: PH-XYZ PIN|OK", Other),
        ("+CME ERROR: 5", Card),
        ("+CME ERROR: 40", Network),
        ("+CME ERROR: 47", Company),
        ("+CMS ERROR: 312", Card),
    ];
    for (reply, lock) in table {
        let mut bench = locked(3, Tried::new());
        bench.on("AT+CPIN?", reply).on(ENTER, "OK");
        bench.auto(Duration::from_secs(300));
        bench.lines(reply.split('|').next().unwrap());
        bench.auto(Duration::from_secs(300));
        assert_eq!(*reason(&bench), ModemReason::ModemLocked(lock), "{reply}");
        assert_eq!(bench.session.state(), ModemState::SimCheck, "{reply}");
        assert_eq!((bench.count(ENTER), bench.count("AT+CPINR")), (0, 0), "{reply}");
        assert!(bench.count("AT+CPIN?") < 60, "{reply}");
    }
}

#[test]
fn a_puk_is_never_guessed_and_a_card_that_is_blocked_for_good_is_told() {
    let table =
        [("+CPIN: SIM PUK|OK", ModemReason::PukWanted), ("+CME ERROR: 12", ModemReason::PukWanted)];
    for (reply, expected) in
        table.into_iter().chain([("+CPIN: BLOCKED|OK", ModemReason::SimBlocked)])
    {
        let mut bench = uncounted("Quectel", "EC25", true, Tried::new());
        bench.on("AT+CPIN?", reply);
        bench.auto(Duration::from_secs(300));
        assert_eq!(*reason(&bench), expected, "{reply}");
        assert!(!bench.log.iter().any(|sent| sent.starts_with("AT+CPIN=")), "{reply}");
    }
}
