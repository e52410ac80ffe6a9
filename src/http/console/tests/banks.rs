//! The pages of SIM banks.

use std::time::Duration;

use super::*;
use crate::domain::bank::{
    BankReport, PlannedSwitch, RadioReport, RadioState, SlotContents, SlotReport, SwitchReason,
};

const FIRST: &str = "8931080000000000001";

fn report(at: Timestamp) -> BankReport {
    let iccid = || Iccid::from_stored(FIRST);
    let radio = |port: &str, state, iccid, next| RadioReport {
        port: PortName::from_stored(port),
        state,
        since: at,
        reason: Some("<i>stuck</i>".to_owned()),
        slot: None,
        iccid,
        next,
        free_in: None,
        switches: 7,
        lies: 1,
        failures: 2,
        downtime: Duration::from_secs(90),
    };
    let next = PlannedSwitch { slot: 1, reason: SwitchReason::RentalDue, not_before: at };
    let slot = |slot, contents, on_radio| SlotReport {
        slot,
        label: format!("radio 1, slot {slot}"),
        radios: 0..2,
        contents,
        on_radio,
        visited_at: None,
        visit_due: None,
        late_since: (slot == 1).then_some(at),
        trouble: (slot == 2).then(|| "it does not answer".to_owned()),
    };
    BankReport {
        name: "rack".to_owned(),
        profile: "swit".to_owned(),
        at,
        radios: vec![
            radio("/dev/one", RadioState::OnAir, Some(iccid()), Some(next)),
            radio("/dev/two", RadioState::OutOfOrder, None, None),
        ],
        slots: vec![
            slot(0, SlotContents::Sim(iccid()), Some(0)),
            slot(1, SlotContents::Empty, None),
            slot(2, SlotContents::Unknown, None),
        ],
        switch_time: Duration::from_secs(30),
        sell_within: Duration::ZERO,
        visit_on_view: None,
        trouble: Some("<b>no power</b>".to_owned()),
    }
}

#[tokio::test]
async fn a_bank_shows_its_radios_its_slots_and_what_comes_next() {
    let stage = Stage::new().await;
    let viewer = stage.console(Role::Viewer);
    let empty = viewer.get("/banks").await.text().to_owned();
    assert!(empty.contains("There are no SIM banks.") && empty.contains("[[bank]]"), "{empty}");
    assert_eq!(viewer.get("/banks/rack").await.status.as_u16(), 404);
    stage.fixture.gateway.banks().take_report(report(stage.fixture.gateway.now()));
    let list = viewer.get("/banks").await.text().to_owned();
    assert!(list.contains("href=\"/banks/rack\"") && list.contains("1 of 2"), "{list}");
    let bank = viewer.get("/banks/rack").await.text().to_owned();
    for expected in [
        "on air",
        "out of order",
        "radio 1, slot 1, rental due",
        "a visit takes 2 min at least, so a radio visits 30 an hour at most",
        "&lt;b&gt;no power&lt;/b&gt;",
        "&lt;i&gt;stuck&lt;/i&gt;",
        "it does not answer",
        "Late",
        "No switch was made yet.",
    ] {
        assert!(bank.contains(expected), "{expected}: {bank}");
    }
    assert!(!bank.contains("/banks/rack/switch"), "a viewer changes nothing");
    let moves = viewer.get("/banks/rack/moves").await;
    assert_eq!(moves.status.as_u16(), 200);
}

#[tokio::test]
async fn a_switch_by_hand_names_a_slot_and_a_radio() {
    let stage = Stage::new().await;
    stage.fixture.gateway.banks().take_report(report(stage.fixture.gateway.now()));
    let operator = stage.console(Role::Operator);
    let form = operator.get("/banks/rack").await.text().to_owned();
    assert!(form.contains("action=\"/banks/rack/switch\""), "{form}");
    let send = async |slot: &str, radio: &str| {
        operator.post("/banks/rack/switch", &[("slot", slot), ("radio", radio)]).await
    };
    let unclear = send("", "").await;
    assert!(unclear.status == 422 && unclear.text().contains("Choose a slot."));
    let unknown = send("9", "1").await;
    assert!(
        unknown.status == 422 && unknown.text().contains("has no slot 9"),
        "{}",
        unknown.text()
    );
    let viewer = stage.console(Role::Viewer);
    let refused = viewer.post("/banks/rack/switch", &[("slot", "1"), ("radio", "1")]).await;
    assert_eq!(refused.status.as_u16(), 403);
}

#[tokio::test]
async fn a_bank_of_a_site_has_its_pages_and_its_switch_too() {
    let stage = Stage::new().await;
    let own = report(stage.fixture.gateway.now());
    stage.fixture.gateway.banks().take_report(BankReport { name: "ams/rack".into(), ..own });
    let operator = stage.console(Role::Operator);
    assert!(operator.get("/banks").await.text().contains("href=\"/banks/ams%2Frack\""));
    let bank = operator.get("/banks/ams%2Frack").await.text().to_owned();
    assert!(bank.contains("action=\"/banks/ams%2Frack/switch\""), "{bank}");
    assert_eq!(operator.get("/banks/ams%2Frack/moves").await.status.as_u16(), 200);
    let unknown = operator.post("/banks/ams%2Frack/switch", &[("slot", "9"), ("radio", "1")]).await;
    assert!(unknown.text().contains("has no slot 9"), "{}", unknown.text());
}
