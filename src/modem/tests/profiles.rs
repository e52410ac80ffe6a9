//! How a profile changes what the session sends. (`bench.rs` has the replies of the modem.)

use std::sync::Arc;
use std::time::Duration;

use super::super::*;
use super::bench::*;
use crate::domain::modem::ModemReason;

const HEAD: &str = "name = \"mine\"\nmanufacturer = [\"Acme\"]\nmodel = [\"M1\"]\n";

/// A made-up modem with this profile.
fn acme(profile: &str) -> Bench {
    let text = format!("{HEAD}{profile}");
    let (profiles, faults) = Catalogue::with_own([("mine.toml", text.as_str())]);
    assert!(faults.is_empty(), "{faults:?}");
    let config = SessionConfig { profiles: Arc::new(profiles), ..config() };
    let mut bench = Bench::with(config);
    bench.on("AT+CGMI", "Acme|OK").on("AT+CGMM", "M1|OK");
    bench
}

#[test]
fn a_made_up_model_is_set_up_and_read_by_its_own_commands() {
    let mut bench = acme(
        "urc_port = \"AT+XPORT=1\"\ninit = [\"AT+XINIT\", \"AT+XMORE\"]\niccid = [\"AT+XSIM?\"]\n",
    );
    bench
        .on("AT+CCID", "ERROR")
        .on("AT+XSIM?", "+XSIM: 8931440400000000123|OK")
        .on("AT+XINIT", "OK");
    bench.auto(Duration::from_secs(1));
    assert_eq!(bench.session.state(), ModemState::Ready, "{:?}", bench.log);
    assert_eq!(bench.snapshot().profile.as_deref(), Some("mine"));
    let log = bench.log.join(",");
    assert!(log.contains("AT+XPORT=1,AT+XINIT,AT+XMORE,AT+CMGF=0"), "{log}");
    assert_eq!((bench.count("AT+XSIM?"), bench.count("AT+CCID")), (1, 0));
}

#[test]
fn choices_of_the_profile_are_tried_first_and_the_usual_ones_after_them() {
    let mut bench = acme(
        "cnmi = [\"3,1,0,0,0\", \"2,1,0,1,1\"]\ncsms = [1, 0]\nstores = { receive = [\"ME\"], \
         read = [\"ME\"] }\n",
    );
    bench
        .on("AT+CSMS=1", "ERROR")
        .on("AT+CNMI=3,1,0,0,0", "ERROR")
        .on("AT+CNMI=2,1,0,1,1", "ERROR");
    bench.on("AT+CPMS=\"ME\",\"ME\",\"ME\"", "+CPMS: 0,99,0,99,0,99|OK");
    bench.auto(Duration::from_secs(1));
    assert_eq!(bench.session.state(), ModemState::Ready);
    let log = bench.log.join(",");
    assert!(log.contains("AT+CSMS=1,AT+CSMS=0,AT+CPMS=?,AT+CPMS=\"ME\",\"ME\",\"ME\""), "{log}");
    assert!(
        log.contains("AT+CNMI=3,1,0,0,0,AT+CNMI=2,1,0,1,1,AT+CNMI=2,1,0,0,0,AT+CNMI?"),
        "{log}"
    );
    assert!(!log.contains("\"SM\""), "{log}");
}

#[test]
fn a_model_whose_list_leaves_messages_out_is_read_index_by_index() {
    let mut bench = acme("quirks = [\"no-list\"]\n");
    bench.on("AT+CMGD=?", "+CMGD: (3),(0-4)|OK").on("AT+CMGR=3", &Bench::message(PDU_LENGTH));
    bench.auto(Duration::from_secs(1));
    assert_eq!(bench.count("AT+CMGL=4"), 0);
    assert!(!bench.handed_on.is_empty());
}

#[test]
fn a_model_without_a_pin_state_is_asked_for_its_card_at_once() {
    let mut bench = acme("quirks = [\"no-pin-state\"]\n");
    bench.on("AT+CPIN?", "ERROR");
    bench.auto(Duration::from_millis(10));
    assert_eq!(bench.session.state(), ModemState::Ready);
}

#[test]
fn a_full_store_in_the_models_own_words_is_swept_at_once() {
    let mut bench = acme("store_full = [\"+XFULL\"]\n");
    bench.auto(Duration::from_secs(5));
    bench.log.clear();
    bench.lines("+XFULL: 1");
    bench.auto(Duration::from_secs(3));
    assert!(
        bench.count("AT+CMGL=4") >= 1 && bench.count("AT+CNMI=2,1,0,0,0") == 1,
        "{:?}",
        bench.log
    );
}

#[test]
fn a_profile_can_be_forced_upon_a_modem() {
    let mut config = config();
    config.profile = Some("UBLOX".to_owned());
    let mut bench = Bench::with(config);
    bench.auto(Duration::from_secs(1));
    assert_eq!(bench.snapshot().profile.as_deref(), Some("ublox"));
    assert_eq!(bench.count("AT+USIMSTAT=4"), 1);
}

/// A modem that announces messages with the messages themselves, and waits for them to be
/// acknowledged.
fn direct(more: &str) -> Bench {
    let mut bench = acme(&format!("cnmi = [\"2,2,0,0,0\"]\ncsms = [1, 0]\n{more}"));
    bench
        .on("AT+CSMS=1", "+CSMS: 1,1,1|OK")
        .on("AT+CNMI=2,2,0,0,0", "OK")
        .on("AT+CNMI?", "+CNMI: 2,2,0,0,0|OK");
    bench.on("AT+CNMA", "OK");
    bench.auto(Duration::from_secs(5));
    assert_eq!(bench.session.state(), ModemState::Ready, "{:?}", bench.log);
    bench.log.clear();
    bench.lines(&format!("+CMT: ,{PDU_LENGTH}|{PDU}"));
    bench
}

#[test]
fn a_direct_message_is_acknowledged_when_it_is_on_disk_and_not_before() {
    let mut bench = direct("");
    bench.play("store  -1\n wait 2s\n quiet\n commit\n > AT+CNMA");
    bench.lines("OK");
}

#[test]
fn a_status_report_is_not_acknowledged_novatel() {
    let mut bench = direct("");
    bench.play("store  -1\n commit\n > AT+CNMA");
    bench.lines("OK");
    for head in ["+CDS: 25", "+CDS: ,25"] {
        bench.lines(&format!("{head}|0006BC0B911346610089F6"));
        bench.play("wait 2s\n quiet");
    }
}

#[test]
fn in_direct_mode_what_is_announced_is_read_all_the_same() {
    // Messages of class 2 and message-waiting indications still arrive in the store.
    let mut bench = direct("");
    bench.play("store  -1\n commit\n > AT+CNMA");
    bench.lines("OK");
    bench.lines("+CMTI: \"SM\",3");
    bench.on("AT+CMGR=3", &Bench::message(PDU_LENGTH));
    bench.play("auto 2s\n store SM 3");
    assert_eq!(bench.count("AT+CMGD=3"), 1);
}

#[test]
fn direct_delivery_is_not_chosen_where_the_acknowledgement_cannot_be_withheld() {
    let table = [
        ("CSMS=1 is refused", "csms = [1, 0]\n", "ERROR"),
        ("no CSMS=1", "", "+CSMS: 1,1,1|OK"),
        (
            "it acknowledges in spite of CSMS=1",
            "csms = [1]\nquirks = [\"no-acknowledge\"]\n",
            "+CSMS: 1,1,1|OK",
        ),
    ];
    for (name, profile, service) in table {
        let mut bench = acme(&format!("cnmi = [\"2,2,0,0,0\", \"2,3,0,0,0\"]\n{profile}"));
        bench.on("AT+CSMS=1", service).on("AT+CNMI=2,2,0,0,0", "OK").on("AT+CNMI=2,3,0,0,0", "OK");
        bench.auto(Duration::from_secs(5));
        assert_eq!(bench.session.state(), ModemState::Ready, "{name}: {:?}", bench.log);
        assert_eq!(
            (bench.count("AT+CNMI=2,2,0,0,0"), bench.count("AT+CNMI=2,1,0,0,0")),
            (0, 1),
            "{name}"
        );
    }
}

#[test]
fn a_modem_that_stays_in_direct_mode_and_acknowledges_by_itself_is_set_to_announce_nothing() {
    let mut bench = acme("");
    bench.on("AT+CNMI?", "+CNMI: 2,2,0,0,0|OK").on("AT+CNMI=2,0,0,0,0", "OK");
    bench.auto(Duration::from_secs(5));
    assert_eq!(
        bench.log.iter().rfind(|sent| sent.starts_with("AT+CNMI=")).unwrap(),
        "AT+CNMI=2,0,0,0,0"
    );
    assert_eq!(bench.session.state(), ModemState::Ready);
    assert_eq!(bench.snapshot().reason, Some(ModemReason::NoIndications));
}

#[test]
fn after_a_slow_commit_a_modem_that_fell_silent_is_set_again() {
    let mut bench = direct("");
    bench.on("AT+CNMI?", "+CNMI: 2,0,0,0,0|OK");
    bench.play("store  -1\n wait 20s\n commit\n > AT+CNMI?");
    bench.lines("+CNMI: 2,0,0,0,0|OK");
    bench.play("> AT+CNMI=2,2,0,0,0");
    assert_eq!(bench.count("AT+CNMA"), 0, "too late for it");
}

#[test]
fn a_prompt_after_an_acknowledgement_is_left_again_sim800c() {
    let mut bench = direct("");
    bench.play("store  -1\n commit\n > AT+CNMA\n raw >");
    assert_eq!(bench.log.last().unwrap(), "ESC ");
}

#[test]
fn a_model_that_is_silent_after_its_store_was_full_is_restarted_once_it_is_empty() {
    let mut bench = acme(
        "quirks = [\"deaf-after-full\"]\nstore_full = [\"+XFULL\"]\nsoft_reset = \"AT+XRESET\"\n",
    );
    bench.on("AT+XRESET", "OK");
    bench.auto(Duration::from_secs(5));
    assert_eq!((bench.count("AT+XRESET"), bench.reopen.is_some()), (0, false));
    bench.lines("+XFULL");
    bench.auto(Duration::from_secs(5));
    assert_eq!(bench.count("AT+XRESET"), 1);
    assert!(bench.reopen.unwrap().to_string().contains("was full"));
}
