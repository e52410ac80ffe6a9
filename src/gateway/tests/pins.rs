//! Whether a PIN may be entered, over restarts.

use super::*;
use crate::domain::modem::PinPermission::{self, Granted, NeverAccepted, RefusedBefore};

const CARD: &str = "8931040000000000018";
const MODEM: &str = "867962041234560";

impl Fixture {
    async fn may_enter_pin(&self, card: Option<&str>, only_if_accepted: bool) -> PinPermission {
        let card = card.map(Iccid::from_stored);
        let sims = self.gateway.sims();
        sims.may_enter_pin(&Imei::from_stored(MODEM), card.as_ref(), only_if_accepted)
            .await
            .unwrap()
    }

    async fn accept_pin(&self, card: Option<&str>) {
        let card = card.map(Iccid::from_stored);
        let sims = self.gateway.sims();
        sims.record_accepted_pin(&Imei::from_stored(MODEM), card.as_ref()).await.unwrap();
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
async fn of_a_card_without_an_iccid_it_is_not_known_that_it_accepted_its_pin() {
    let fixture = Fixture::open().await;
    assert_eq!(fixture.may_enter_pin(None, false).await, Granted);
    assert_eq!(fixture.may_enter_pin(None, false).await, RefusedBefore);
    fixture.accept_pin(None).await;
    assert_eq!(fixture.may_enter_pin(None, true).await, NeverAccepted);
    assert_eq!(fixture.may_enter_pin(None, false).await, Granted);
}
