//! The network and its modems together, a round at a time, without PTYs.

use std::sync::Arc;

use chrono::{TimeZone, Utc};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::network::Round;
use super::*;

const FIRST: &str = "+31612340000";
const SECOND: &str = "+31612340001";

fn try_network(scenario: &str) -> Result<Network, SimulatorError> {
    let clock: Clock = Arc::new(|| Utc.with_ymd_and_hms(2026, 6, 22, 12, 57, 3).unwrap());
    Network::new(&Scenario::parse(scenario)?, clock)
}

fn network(scenario: &str) -> Network {
    let network = try_network(scenario).unwrap();
    (0..network.modems()).for_each(|modem| drop(round(&network, modem, "")));
    network
}

/// What a host writes to a modem, and what it reads.
fn round(network: &Network, modem: usize, host: &str) -> String {
    let mut output = Vec::new();
    network.step(modem, &mut Round { input: host.as_bytes(), flushed: true, output: &mut output });
    String::from_utf8(output).unwrap()
}

#[test]
fn numbers_are_known_and_others_are_refused_without_repeating_them() {
    let network = network("[[modem]]\n[[modem]]\n[[modem]]");
    assert_eq!(network.numbers(), [FIRST, SECOND, "+447700900002"]);
    let refused = network.send("1", "+31699999123", "x").unwrap_err().to_string();
    assert_eq!(
        refused,
        "no simulated SIM has the number that ends in 123; write it like +31612345678"
    );
}

#[test]
fn what_finds_no_room_waits_at_the_network() {
    let network = network("[[modem]]\nsim.capacity = 2");
    for _ in 0..3 {
        network.send("Bank", FIRST, "hello").unwrap();
    }
    assert_eq!(
        (network.waiting(FIRST), network.stored(FIRST)),
        (3, 0),
        "the modem has not heard of it yet"
    );
    round(&network, 0, "");
    assert_eq!((network.waiting(FIRST), network.stored(FIRST)), (1, 2));
    round(&network, 0, "AT+CMGR=1;+CMGD=1\r");
    assert_eq!(
        (network.waiting(FIRST), network.stored(FIRST)),
        (0, 2),
        "the room that was made is taken"
    );
    assert_eq!(network.observed(0).map(|seen| (seen.delivered, seen.deleted)), Some((3, 1)));
}

#[test]
fn a_long_text_takes_as_many_parts_as_it_needs() {
    let network = network("[[modem]]");
    let long = "0123456789".repeat(40);
    assert_eq!(network.send("Bank", FIRST, &long).unwrap(), SendReceipt { parts: 3 });
    round(&network, 0, "");
    assert_eq!(network.stored(FIRST), 3);
}

#[test]
fn a_message_waits_for_a_card_in_the_drawer_and_finds_it_in_another_modem() {
    let network = network("[[modem]]\n[[modem]]");
    let iccid = network.stats()[0].iccid.clone().unwrap();
    network.fault(0, &Fault::SimOut).unwrap();
    network.send("Bank", FIRST, "hello").unwrap();
    round(&network, 0, "");
    assert_eq!(network.waiting(FIRST), 1);
    network.fault(1, &Fault::SimIn { iccid: iccid.clone() }).unwrap();
    round(&network, 1, "");
    assert_eq!((network.waiting(FIRST), network.stored(FIRST)), (0, 1));
    assert_eq!(network.numbers(), [FIRST], "the card that was in the way lies in the drawer");
    assert_eq!(network.stats()[1].iccid, Some(iccid.clone()));
    network.fault(0, &Fault::SimIn { iccid }).unwrap();
    assert_eq!(network.stored(FIRST), 1, "what is on the card goes with it");
    let unknown = network.fault(0, &Fault::SimIn { iccid: "1".to_owned() });
    assert!(matches!(unknown, Err(SimulatorError::UnknownCard { .. })));
}

#[test]
fn the_modems_own_store_outlives_the_card() {
    let network = network("[[modem]]\n[[modem]]\n[[drawer]]\niccid = \"8931040000000009999\"");
    round(&network, 0, "AT+CPMS=\"ME\",\"ME\",\"ME\"\r");
    network.send("Bank", FIRST, "hello").unwrap();
    round(&network, 0, "");
    network.fault(0, &Fault::SimIn { iccid: "8931040000000009999".to_owned() }).unwrap();
    assert_eq!(network.stored(FIRST), 0);
    assert_eq!(network.stats()[0].stored, 1, "now seen beside the other card");
}

#[test]
fn a_modem_without_coverage_gets_its_messages_when_the_network_is_back() {
    let network = network("[[modem]]");
    network.fault(0, &Fault::CoverageLost).unwrap();
    network.send("Bank", FIRST, "hello").unwrap();
    round(&network, 0, "");
    assert_eq!((network.waiting(FIRST), network.stats()[0].registered), (1, false));
    network.fault(0, &Fault::CoverageBack).unwrap();
    round(&network, 0, "");
    assert_eq!((network.waiting(FIRST), network.stored(FIRST)), (0, 1));
}

#[test]
fn one_card_sends_to_another_in_text_and_in_pdu_mode() {
    let network = network("[[modem]]\n[[modem]]");
    round(&network, 0, "ATE0;+CMGF=1;+CMGS=\"0612340001\"\r");
    assert_eq!(round(&network, 0, "hello\x1a"), "\r\n+CMGS: 1\r\n\r\nOK\r\n");
    round(&network, 0, "AT+CMGF=0;+CMGS=15\r");
    round(&network, 0, "0001000B911316320400F1000002E834\x1a");
    assert_eq!(network.waiting(SECOND), 2);
    let shown = round(&network, 1, "ATE0;+CMGF=1;+CMGL=\"ALL\"\r");
    assert_eq!(network.stored(SECOND), 2, "taken at the end of the round");
    assert!(!shown.contains("hello"));
    let shown = round(&network, 1, "AT+CMGL=\"ALL\"\r");
    let lines: Vec<&str> = shown.split("\r\n").filter(|line| !line.is_empty()).collect();
    assert_eq!(
        lines,
        [
            "+CMGL: 1,\"REC UNREAD\",\"+31612340000\",,\"26/06/22,13:57:03+04\"",
            "hello",
            "+CMGL: 2,\"REC UNREAD\",\"+31612340000\",,\"26/06/22,13:57:03+04\"",
            "hi",
            "OK"
        ]
    );
}

#[test]
fn a_tpdu_goes_through_as_it_is_however_odd() {
    let network = network("[[modem]]");
    network.send_pdu(FIRST, &[0xFF, 0xFF]).unwrap();
    round(&network, 0, "ATE0\r");
    assert_eq!(
        round(&network, 0, "AT+CMGF=0;+CMGR=1\r"),
        "\r\n+CMGR: 0,,2\r\n00FFFF\r\n\r\nOK\r\n"
    );
    assert_eq!(
        round(&network, 0, "AT+CMGF=1;+CMGR=1\r"),
        "\r\n+CMGR: \"REC READ\",\"\",,\"\"\r\n00FFFF\r\n\r\nOK\r\n"
    );
}

#[test]
fn messages_can_be_there_from_the_start() {
    let scenario = "[[modem]]\nstored = [{ from = \"1\", text = \"a\" }]\nsim.stored = [{ from = \
                    \"2\", text = \"b\" }]";
    assert_eq!(network(scenario).stored(FIRST), 2);
}

#[test]
fn faults_can_be_on_from_the_start() {
    let network = network(
        "[[modem]]\nfaults = [{ kind = \"sim-out\" }, { kind = \"silence\", commands = 1 }]",
    );
    assert_eq!(network.stats()[0].iccid, None);
    round(&network, 0, "ATE0\r");
    assert_eq!(round(&network, 0, "ATE0\r"), "ATE0\r\r\nOK\r\n", "the first one was not answered");
    let wrong = try_network("[[modem]]\nfaults = [{ kind = \"garbage\", octets = \"x\" }]");
    assert!(matches!(wrong, Err(SimulatorError::NotHexadecimal)));
}

#[test]
fn a_direct_delivery_that_is_not_acknowledged_stays_at_the_network() {
    let network = network("[[modem]]\nacknowledge_ms = 1000000");
    round(&network, 0, "AT+CSMS=1;+CNMI=2,2\r");
    network.send("Bank", FIRST, "one").unwrap();
    network.send("Bank", FIRST, "two").unwrap();
    assert!(round(&network, 0, "").contains("+CMT:"));
    assert_eq!(network.waiting(FIRST), 2);
    round(&network, 0, "AT+CNMA\r");
    assert_eq!(network.waiting(FIRST), 1, "and the next one is on the line");
}

#[tokio::test]
async fn a_host_in_memory_comes_and_goes_and_the_messages_stay() {
    let network = network("[[modem]]");
    let mut host = in_memory(&network, 0);
    host.write_all(b"AT+CNMI=2,1\r").await.unwrap();
    until(&mut host, "OK\r\n").await;
    network.send("Bank", FIRST, "hello").unwrap();
    until(&mut host, "+CMTI: \"SM\",1\r\n").await;
    drop(host);
    let mut host = in_memory(&network, 0);
    host.write_all(b"AT+CMGR=1\r").await.unwrap();
    until(&mut host, "OK\r\n").await;
    assert_eq!(network.stored(FIRST), 1);
}

async fn until(host: &mut tokio::io::DuplexStream, end: &str) {
    let mut heard = Vec::new();
    while !heard.ends_with(end.as_bytes()) {
        heard.push(host.read_u8().await.unwrap());
    }
}
