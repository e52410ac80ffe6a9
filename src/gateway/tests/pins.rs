//! Whether a PIN may be entered, over restarts.

use super::*;
use crate::domain::modem::PinPermission::{self, Granted, NeverAccepted, RefusedBefore};

const CARD: &str = "8931040000000000018";

impl Fixture {
    async fn may_enter_pin(&self, card: Option<&str>, only_if_accepted: bool) -> PinPermission {
        let card = card.map(Iccid::from_stored);
        let sims = self.gateway.sims();
        sims.may_enter_pin(&modem(1), card.as_ref(), only_if_accepted).await.unwrap()
    }

    async fn accept_pin(&self, card: Option<&str>) {
        let card = card.map(Iccid::from_stored);
        let sims = self.gateway.sims();
        sims.record_accepted_pin(&modem(1), card.as_ref()).await.unwrap();
    }
}

#[tokio::test]
async fn a_pin_that_was_accepted_may_be_entered_again_and_one_that_was_not_never() {
    let mut fixture = Fixture::open().await;
    let card = Some(CARD);
    assert_eq!(fixture.may_enter_pin(card, true).await, NeverAccepted);
    assert_eq!(fixture.may_enter_pin(card, true).await, NeverAccepted, "no attempt was recorded");
    assert_eq!(fixture.may_enter_pin(card, false).await, Granted);
    fixture.accept_pin(card).await;
    for only_if_accepted in [true, false, true] {
        fixture.restart().await;
        assert_eq!(fixture.may_enter_pin(card, only_if_accepted).await, Granted);
        fixture.accept_pin(card).await;
    }
    // Now the card refuses it.
    assert_eq!(fixture.may_enter_pin(card, true).await, Granted);
    for only_if_accepted in [true, false, true] {
        fixture.restart().await;
        assert_eq!(fixture.may_enter_pin(card, only_if_accepted).await, RefusedBefore);
    }
    assert_eq!(fixture.may_enter_pin(Some("8931040000000000026"), true).await, NeverAccepted);
}

#[tokio::test]
async fn a_try_that_was_not_made_is_forgotten_and_no_other_is() {
    let fixture = Fixture::open().await;
    let (sims, card) = (fixture.gateway.sims(), Iccid::from_stored(CARD));
    let modem = modem(1);
    let ask = async || {
        let asked = sims.record_pin_try(&modem, Some(&card), false).await.unwrap();
        fixture.pass(1);
        asked
    };
    let (Granted, Some(lost)) = ask().await else { panic!("refused") };
    assert_eq!(ask().await, (RefusedBefore, None));
    sims.undo_pin_try(lost.clone()).await.unwrap();
    assert_eq!(fixture.may_enter_pin(Some(CARD), true).await, NeverAccepted);
    let (Granted, Some(made)) = ask().await else { panic!("refused") };
    sims.undo_pin_try(lost.clone()).await.unwrap();
    assert_eq!(ask().await, (RefusedBefore, None), "this one was made");
    // Nor is it undone after the operator has allowed another one, which was made.
    assert!(sims.allow_pin_again(card.clone()).await.unwrap());
    assert!(!sims.allow_pin_again(card.clone()).await.unwrap());
    assert_eq!(ask().await.0, Granted);
    sims.undo_pin_try(made).await.unwrap();
    assert_eq!(ask().await.0, RefusedBefore);
    // A card that has accepted its PIN stays one that has.
    fixture.accept_pin(Some(CARD)).await;
    let (Granted, Some(lost)) = ask().await else { panic!("refused") };
    sims.undo_pin_try(lost).await.unwrap();
    assert_eq!(fixture.may_enter_pin(Some(CARD), true).await, Granted);
}

#[tokio::test]
async fn of_a_card_without_an_iccid_it_is_not_known_that_it_accepted_its_pin() {
    let fixture = Fixture::open().await;
    assert_eq!(fixture.may_enter_pin(None, false).await, Granted);
    assert_eq!(fixture.may_enter_pin(None, false).await, RefusedBefore);
    fixture.accept_pin(None).await;
    assert_eq!(fixture.may_enter_pin(None, true).await, NeverAccepted);
    assert_eq!(fixture.may_enter_pin(None, false).await, Granted);
}

#[tokio::test]
async fn a_pin_is_tried_once_in_each_of_the_modems_with_one_imei() {
    let fixture = Fixture::open().await;
    let sims = fixture.gateway.sims();
    let at = |id: u16, place: u16| ModemAtPort { port: port(place), ..modem(id) };
    let may_enter = |modem: ModemAtPort| {
        let sims = Arc::clone(fixture.gateway.sims());
        async move { sims.may_enter_pin(&modem, None, false).await.unwrap() }
    };
    sims.record_identity(read_in(at(1, 1), 1, &[])).await.unwrap();
    sims.record_identity(read_in(at(1, 2), 2, &[1])).await.unwrap();
    for place in [1, 2] {
        assert_eq!(may_enter(at(1, place)).await, Granted);
        assert_eq!(may_enter(at(1, place)).await, RefusedBefore);
    }
    sims.record_accepted_pin(&at(1, 1), None).await.unwrap();
    assert_eq!(may_enter(at(1, 1)).await, Granted);
    // A try from before that was known may have been made in any of them.
    assert_eq!(may_enter(at(8, 3)).await, Granted);
    sims.record_identity(read_in(at(8, 3), 3, &[])).await.unwrap();
    sims.record_identity(read_in(at(8, 4), 4, &[3])).await.unwrap();
    for place in [3, 4, 5] {
        assert_eq!(may_enter(at(8, place)).await, RefusedBefore, "{place}");
    }
}
