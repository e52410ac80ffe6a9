//! SIMs that claim one number, and what lies in the modems' own stores for them.

use super::*;

#[tokio::test]
async fn two_sims_that_claim_one_number_are_both_held_back() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    fixture.plug(2).await;
    fixture.gateway.sims().set_number(iccid(1), "0612000001".into(), false).await.unwrap();
    fixture.gateway.sims().set_number(iccid(2), "0612000001".into(), false).await.unwrap();
    let states: Vec<_> =
        fixture.gateway.sims().list().await.unwrap().iter().map(SimView::state).collect();
    assert_eq!(states, ["contested", "contested"]);
    let (ann, uber) = (fixture.customer("ann", 500).await, fixture.service("Uber", &[]).await);
    assert_eq!(fixture.make(ann, uber).await, MakeOrder::NoPhone);
    fixture.gateway.sims().set_number(iccid(2), "+31612000002".into(), false).await.unwrap();
    fixture.order(ann, uber).await;
}

#[tokio::test]
async fn after_a_change_of_sims_a_modems_own_store_is_doubtful_until_it_was_empty() {
    let fixture = Fixture::open().await;
    let sims = fixture.gateway.sims();
    let record = |n| {
        let sims = Arc::clone(sims);
        async move { sims.record_identity(read_in(modem(1), n, &[])).await.unwrap() }
    };
    assert!(!record(1).await && !record(1).await, "whatever it held when it was first seen");
    assert!(record(2).await && record(2).await, "until it is empty");
    assert!(record(1).await, "the other SIM was in meanwhile");
    sims.record_emptied_store(modem(1), iccid(1)).await.unwrap();
    assert!(!record(1).await);
}

#[tokio::test]
async fn modems_with_one_imei_each_keep_what_they_held_for_their_own_sims() {
    let fixture = Fixture::open().await;
    let sims = fixture.gateway.sims();
    let at = |place: u16| ModemAtPort { port: port(place), ..modem(1) };
    let record = |place: u16, n: u16, others: &[u16]| {
        let sims = Arc::clone(fixture.gateway.sims());
        let read = read_in(at(place), n, others);
        async move { sims.record_identity(read).await.unwrap() }
    };
    // The first is taken for the only one. Its SIM is exchanged before its own store is empty.
    assert!(!record(1, 1, &[]).await);
    assert!(record(1, 2, &[]).await);
    // Two more show other cards at the same time.
    assert!(!record(2, 3, &[1]).await, "nothing of the first modem's SIMs");
    assert!(!record(3, 4, &[1, 2]).await);
    assert_eq!(sims.shared_modem_ids().await.unwrap(), [modem(1).id]);
    // What is known of the first goes on, in whatever order they are found after a restart.
    assert!(!record(3, 4, &[]).await);
    assert!(record(1, 2, &[3]).await);
    sims.record_emptied_store(at(1), iccid(2)).await.unwrap();
    assert!(!record(1, 2, &[]).await);
    // SIMs change places: each modem's own store may have messages of the SIM before.
    assert!(record(2, 4, &[]).await);
    assert!(record(3, 3, &[]).await);
    // A module that is added has nothing of theirs.
    assert!(!record(4, 5, &[]).await);
    let period = sims.locations(&iccid(5), 1).await.unwrap().remove(0);
    assert_eq!(period.modem, at(4).shared_id());
}
