//! The page of a modem.

use super::*;
use crate::domain::modem::{ModemSnapshot, ModemState};

#[tokio::test]
async fn a_modem_is_asked_only_what_it_can_answer_and_tells_which_sim_it_had() {
    let stage = Stage::new().await;
    let (operator, modems) = (stage.console(Role::Operator), stage.fixture.gateway.modems());
    let known = modems.modems().into_iter().find(|modem| modem.snapshot.port == *"port1").unwrap();
    let (known, iccid) = (known.snapshot.clone(), known.snapshot.iccid().unwrap().clone());
    let page = async |state, sim, signal_dbm| {
        let snapshot = ModemSnapshot { state, sim, signal_dbm, ..known.clone() };
        modems.report(snapshot, stage.fixture.gateway.now());
        operator.get("/modems/port1").await.text().to_owned()
    };
    let offered = |page: &str| {
        let is_there = |name: &&str| page.contains(&format!("action=\"/modems/port1/{name}\""));
        ["at", "ussd", "number", "reset"].into_iter().filter(is_there).collect::<Vec<_>>()
    };
    let ready = page(ModemState::Ready, known.sim.clone(), Some(-65)).await;
    assert_eq!(offered(&ready), ["at", "ussd", "number", "reset"]);
    assert!(ready.contains(">-65</span></span> dBm"), "{ready}");
    let empty = page(ModemState::SimCheck, None, None).await;
    assert_eq!(offered(&empty), ["at", "reset"]);
    let had = format!("none; it had <a class=\"digits\" href=\"/sims/{iccid}\">");
    assert!(empty.contains(&had), "{empty}");
    let silent = page(ModemState::Quarantined, None, None).await;
    assert_eq!(offered(&silent), ["reset"]);
    assert!(silent.contains("It does not answer now"), "{silent}");
    let sim = operator.get(&format!("/sims/{iccid}")).await;
    assert!(sim.text().contains("nowhere; last in "), "{}", sim.text());
    assert!(!sim.text().contains("still there"), "{}", sim.text());
}
