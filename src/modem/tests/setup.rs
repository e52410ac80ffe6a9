use std::time::Duration;

use super::bench::*;
use crate::domain::modem::ModemReason;

#[test]
fn a_well_behaved_modem_becomes_ready_with_these_commands() {
    let mut bench = Bench::new();
    bench.auto(Duration::from_millis(10));
    let expected = "AT,ATE0,AT+CMEE=1,AT+CSCS?,AT+CGSN,AT+CGMI,AT+CGMM,AT+CGMR,AT+CFUN?,AT+CPIN?,\
                    AT+CCID,AT+CIMI,AT+CNUM,AT+CMGF=0,AT+CSDH=1,AT+CSMS=0,\
                    AT+CPMS=?";
    let log = bench.log.join(",");
    assert!(log.starts_with(expected), "{log}");
    let snapshot = bench.snapshot();
    assert_eq!(snapshot.state, ModemState::Ready);
    assert_eq!(snapshot.reason, None);
    assert_eq!(snapshot.signal_dbm, Some(-73));
    assert_eq!(snapshot.operator.as_deref(), Some("vodafone NL"));
    assert_eq!(snapshot.registration, Some(Registration::Home));
    let identity = snapshot.identity.as_ref().unwrap();
    assert_eq!((identity.id.as_str(), identity.model.as_str()), (IMEI, "EC25"));
    let sim = snapshot.sim.as_ref().unwrap();
    let number = "+31612345678".to_owned();
    let own_number = OwnNumber { number, source: NumberSource::Cnum };
    assert_eq!((sim.iccid.as_str(), &sim.number), (ICCID, &Some(own_number)));
    let states: Vec<String> = bench.reports.iter().map(|report| report.state.to_string()).collect();
    for state in ["Probing", "SimCheck", "Identifying", "Configuring", "Registering", "Ready"] {
        assert!(states.iter().any(|seen| seen == state), "{state} missing in {states:?}");
    }
    let is_explained =
        |report: &&ModemSnapshot| report.state == ModemState::Ready || report.reason.is_some();
    assert!(bench.reports.iter().all(|report| is_explained(&report)), "{:?}", bench.reports);
}

#[test]
fn the_own_number_is_looked_for_in_the_phonebook_when_cnum_has_none() {
    let mut bench = Bench::new();
    bench
        .on("AT+CNUM", "OK")
        .on("AT+CPBS=\"ON\"", "OK")
        .on("AT+CPBR=1", "+CPBR: 1,\"0612345678\",129,\"\"|OK");
    bench.auto(Duration::from_secs(1));
    let sim = bench.identified.last().unwrap();
    let number = "0612345678".to_owned();
    assert_eq!(sim.number, Some(OwnNumber { number, source: NumberSource::Phonebook }));
    let mut bench = Bench::new();
    bench.on("AT+CNUM", "+CNUM: \"\",\"\",129|OK");
    bench.auto(Duration::from_secs(1));
    let sim = bench.identified.last().unwrap();
    assert_eq!(sim.number, None);
}

#[test]
fn stores_are_selected_as_the_modem_supports_them() {
    let table = [
        ("wavecom takes one", "(\"SM\")", vec!["AT+CPMS=\"SM\""]),
        (
            "cinterion",
            "(\"MT\",\"SM\",\"ME\"),(\"MT\",\"SM\",\"ME\"),(\"MT\")",
            vec!["AT+CPMS=\"MT\",\"MT\",\"MT\"", "AT+CPMS=\"SM\",\"SM\",\"MT\""],
        ),
        (
            "only MT",
            "(\"SM\",\"MT\"),(\"SM\",\"MT\"),(\"SM\",\"MT\")",
            vec!["AT+CPMS=\"MT\",\"MT\",\"SM\""],
        ),
        ("only ME", "(\"ME\"),(\"ME\"),(\"ME\")", vec!["AT+CPMS=\"ME\",\"ME\",\"ME\""]),
        (
            "two parameters",
            "(\"SM\",\"ME\"),(\"SM\",\"ME\")",
            vec!["AT+CPMS=\"SM\",\"SM\"", "AT+CPMS=\"ME\",\"ME\""],
        ),
    ];
    for (name, stores, commands) in table {
        let mut bench = Bench::new();
        bench.on("AT+CPMS=?", &format!("+CPMS: {stores}|OK"));
        for command in &commands {
            bench.on(command, "+CPMS: 0,20|OK");
        }
        bench.auto(Duration::from_secs(60));
        assert_eq!(bench.session.state(), ModemState::Ready, "{name}: {:?}", bench.log);
        let expected = if name == "cinterion" { &commands[1..] } else { &commands[..] };
        assert!(expected.iter().all(|command| bench.count(command) > 0), "{name}: {:?}", bench.log);
    }
}

#[test]
fn stores_that_the_modem_does_not_report_are_tried_t77w968() {
    let mut bench = Bench::new();
    bench.on("AT+CPMS=?", "ERROR");
    bench.auto(Duration::from_secs(60));
    assert_eq!(bench.session.state(), ModemState::Ready);
    assert!(bench.count("AT+CPMS=\"SM\",\"SM\",\"SM\"") > 0);
}

#[test]
fn a_store_that_becomes_readable_late_is_waited_for() {
    let mut bench = Bench::new();
    bench.on("AT+CPMS=\"SM\",\"SM\",\"SM\"", "+CMS ERROR: 314");
    bench.auto(Duration::from_secs(10));
    assert_eq!(bench.session.state(), ModemState::Configuring);
    assert!(bench.snapshot().reason.as_ref().unwrap().to_string().contains("not ready"));
    bench.on("AT+CPMS=\"SM\",\"SM\",\"SM\"", "+CPMS: 0,20,0,20,0,20|OK");
    bench.auto(Duration::from_secs(5));
    assert_eq!(bench.session.state(), ModemState::Ready);
    assert_eq!(bench.snapshot().reason, None);
}

#[test]
fn indications_are_tried_until_one_is_set_and_read_back() {
    // Accepted, but not set (MSM chips); then refused; then right.
    let mut bench = Bench::new();
    bench
        .on("AT+CNMI=2,1,0,0,0", "ERROR")
        .on("AT+CNMI=2,1,0,0,1", "ERROR")
        .on("AT+CNMI=1,1,0,0,0", "OK");
    bench.auto(Duration::from_secs(1));
    assert_eq!(bench.session.state(), ModemState::Ready);
    assert_eq!(bench.count("AT+CNMI=1,1,0,0,0"), 1);

    let mut bench = Bench::new();
    bench.on("AT+CNMI=?", "+CNMI: (0-3),(0,1),(0,2,3),(0,2),(1)|OK").on("AT+CNMI=2,1,0,0,1", "OK");
    bench.auto(Duration::from_secs(1));
    assert_eq!(bench.count("AT+CNMI=2,1,0,0,0"), 0, "bfr can only be 1: Cinterion");
    assert_eq!(bench.session.state(), ModemState::Ready);
}

#[test]
fn a_modem_that_takes_no_indication_works_by_sweeps_and_says_so() {
    let mut bench = Bench::new();
    bench.on("AT+CNMI?", "+CNMI: 0,0,0,0,0|OK");
    bench.auto(Duration::from_secs(1));
    assert_eq!(bench.session.state(), ModemState::Ready);
    assert_eq!(bench.snapshot().reason, Some(ModemReason::NoIndications));
}

#[test]
fn a_card_that_is_still_starting_is_asked_again() {
    let mut bench = Bench::new();
    bench.on("AT+CIMI", "+CME ERROR: 14");
    bench.auto(Duration::from_secs(3));
    assert_eq!(bench.session.state(), ModemState::Identifying);
    bench.on("AT+CIMI", "204041234567890|OK");
    bench.auto(Duration::from_secs(3));
    assert_eq!(bench.session.state(), ModemState::Ready);
}

#[test]
fn a_modem_that_tells_nothing_of_itself_but_its_imei() {
    let mut bench = Bench::new();
    bench.on("AT+CGMI", "ERROR").on("AT+CGMM", "ERROR").on("AT+CGMR", "ERROR");
    bench.auto(Duration::from_secs(1));
    let identity = bench.snapshot().identity.clone().unwrap();
    assert_eq!(
        (identity.manufacturer.as_str(), identity.model.as_str(), identity.firmware),
        ("unknown", "unknown", None)
    );
}

#[test]
fn boot_noise_is_not_taken_for_a_value_sim800_telit() {
    let mut bench = Bench::new();
    bench
        .on("AT+CGMI", "Call Ready|Telit|OK")
        .on("AT+CGMM", "+PBREADY|DST: 1|LE910|OK")
        .on("AT+CGMR", "*PSUTTZ: 1,2|RING|20.00|OK");
    bench.auto(Duration::from_secs(1));
    let identity = bench.snapshot().identity.clone().unwrap();
    assert_eq!((identity.manufacturer.as_str(), identity.model.as_str()), ("Telit", "LE910"));
    assert_eq!(identity.firmware.as_deref(), Some("20.00"));
}
