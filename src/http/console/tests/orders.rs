//! Orders and rentals.

use axum::http::StatusCode;

use super::deeds_of;
use crate::domain::Amount;
use crate::domain::login::Role;
use crate::gateway::{PatternEdit, Rent, ServiceEdit, Unrevivable};
use crate::http::web::tests::Stage;

#[tokio::test]
async fn an_order_shows_what_came_and_what_came_and_fitted_nothing() {
    let stage = Stage::new().await;
    stage.fixture.sms(1, "Lyft", "<i>no</i> service\u{202e} fits").await;
    let page = stage.console(Role::Operator).get(&format!("/orders/{}", stage.order)).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    for piece in [
        "Your &lt;script&gt;code&lt;/script&gt; is 846691",
        "<code>846691</code>",
        "&lt;i&gt;no&lt;/i&gt; service\u{fffd} fits",
        "?message=3#tried\">Try the patterns</a>",
        ">uber@portal</a>",
        ">Uber &lt;b&gt;</a>",
        "Give it back",
    ] {
        assert!(page.text().contains(piece), "{piece}\n{}", page.text());
    }
    let seen = format!("saw the messages order {}", stage.order);
    assert!(deeds_of(&stage, "operator").await.contains(&seen));
}

#[tokio::test]
async fn a_viewer_sees_no_text_no_code_and_no_whole_number_and_leaves_no_look_behind() {
    let stage = Stage::new().await;
    stage.fixture.sms(1, "+31612349876", "hello").await;
    let (viewer, address) = (stage.console(Role::Viewer), format!("/orders/{}", stage.order));
    let order = stage.fixture.gateway.orders().details(stage.order).await.unwrap().unwrap();
    let number = order.view.order.number.to_string();
    for address in [address.as_str(), "/orders", "/messages", "/messages/1", "/rentals"] {
        let page = viewer.get(address).await;
        assert_eq!(page.status, StatusCode::OK, "{address}");
        for hidden in ["846691", "hello", "31612349876", number.as_str(), "Try the patterns"] {
            assert!(!page.text().contains(hidden), "{address} has {hidden}\n{}", page.text());
        }
    }
    let page = viewer.get(&address).await;
    assert!(page.text().contains(&order.view.order.number.shortened()), "{}", page.text());
    assert!(!page.text().contains("Cancel the order") && !page.text().contains("Give it back"));
    assert!(deeds_of(&stage, "viewer").await.iter().all(|deed| !deed.contains("messages")));
    let refused = viewer.post(&format!("{address}/refund"), &[("reason", "x")]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_refund_needs_its_reason_and_is_given_once() {
    let stage = Stage::new().await;
    let (operator, address) = (stage.console(Role::Operator), format!("/orders/{}", stage.order));
    let refund = format!("{address}/refund");
    let before = stage.fixture.funds(stage.account).await;
    let wrong = operator.post(&refund, &[("amount", "<1>"), ("reason", " ")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    for piece in ["value=\"&lt;1&gt;\"", "A refund has a reason", "Nothing was changed."] {
        assert!(wrong.text().contains(piece), "{piece}\n{}", wrong.text());
    }
    assert_eq!(stage.fixture.funds(stage.account).await, before);
    let done = operator.post(&refund, &[("amount", "0.10"), ("reason", "no code")]).await;
    assert_eq!(done.location.as_deref(), Some(address.as_str()));
    assert_eq!(stage.fixture.funds(stage.account).await, (before.0 + 10, before.1));
    let page = operator.get(&address).await;
    assert!(page.text().contains("0.10 USD was given back."), "{}", page.text());
    assert!(page.text().contains("no code") && !page.text().contains("Give it back"));
    let again = operator.post(&refund, &[("reason", "twice")]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.text().contains("was refunded before"), "{}", again.text());
}

#[tokio::test]
async fn an_open_order_is_canceled_and_lists_are_filtered_in_their_addresses() {
    let stage = Stage::new().await;
    let operator = stage.console(Role::Operator);
    let lyft = stage.fixture.service("Lyft", &["^Lyft$"]).await;
    let open = stage.fixture.order(stage.account, lyft).await;
    let list =
        async |query: &str| operator.get(&format!("/orders?{query}")).await.text().to_owned();
    let (first, second) =
        (format!("id=\"orders-{}\"", stage.order), format!("id=\"orders-{open}\""));
    let has = |text: &str| (text.contains(&first), text.contains(&second));
    assert_eq!(has(&list("").await), (true, true));
    assert_eq!(has(&list("state=open").await), (false, true));
    assert_eq!(has(&list("state=completed&account=uber@portal").await), (true, false));
    assert_eq!(has(&list("service=Lyft").await), (false, true));
    assert_eq!(has(&list("day=2020-01-01").await), (false, false));
    let nobody = list("account=nobody").await;
    assert!(
        nobody.contains("No account nobody") && nobody.contains("Change the filter"),
        "{nobody}"
    );
    let done = operator.post(&format!("/orders/{open}/cancel"), &[]).await;
    assert_eq!(done.location, Some(format!("/orders/{open}")), "{}", done.text());
    assert!(list("state=canceled").await.contains(&second));
    let missing = operator.get("/orders/999").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert!(missing.text().contains("There is no order 999."), "{}", missing.text());
}

#[tokio::test]
async fn a_message_is_only_offered_to_an_order_that_would_be_given_it() {
    let stage = Stage::new().await;
    let operator = stage.console(Role::Operator);
    let lyft = stage.fixture.service("Lyft", &["^Lyft$"]).await;
    stage.fixture.pass(1);
    let order = stage.fixture.order(stage.account, lyft).await;
    let (address, give) = (format!("/orders/{order}"), "Give it to this order");
    let page = operator.get(&address).await;
    assert!(page.text().contains("Nothing else came to its SIM in its time."), "{}", page.text());
    stage.fixture.pass(1);
    for n in [1, 2] {
        stage.fixture.sms(n, "Ride", "code 0187").await;
    }
    let page = operator.get(&address).await;
    assert!(page.text().contains("It does not fit the patterns of Lyft."), "{}", page.text());
    assert!(page.text().contains("Try the patterns</a>") && !page.text().contains(give));
    let senders = PatternEdit { add: vec!["^Ride$".into()], ..PatternEdit::default() };
    let edit = ServiceEdit { senders, ..ServiceEdit::default() };
    stage.fixture.gateway.services().edit("Lyft".into(), edit).await.unwrap();
    let page = operator.get(&address).await;
    assert!(page.text().contains(give), "{}", page.text());
    stage.fixture.pass(1);
    stage.fixture.gateway.orders().cancel_for_operator(order).await.unwrap();
    let page = operator.get(&address).await;
    assert!(page.text().contains("The order ended without a charge"), "{}", page.text());
    assert!(!page.text().contains(give));
}

#[tokio::test]
async fn a_rental_gets_days_and_is_ended_with_what_is_given_back() {
    let stage = Stage::new().await;
    let rentals = stage.fixture.gateway.rentals();
    let made = rentals.rent(stage.account, Some("NL"), "1m", true).await.unwrap();
    let Rent::Made(rental) = made else { panic!("{made:?}") };
    let (operator, address) = (stage.console(Role::Operator), format!("/rentals/{}", rental.id));
    let moving = format!("action=\"{address}/move\"");
    let page = operator.get(&address).await;
    assert!(page.text().contains(&moving), "{}", page.text());
    assert!(
        page.text().contains("by 1 month") && page.text().contains("No message has come to it.")
    );
    let wrong = operator.post(&format!("{address}/days"), &[("days", "x"), ("reason", "")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    for piece in ["Days are a whole number", "Say why, for the books."] {
        assert!(wrong.text().contains(piece), "{piece}\n{}", wrong.text());
    }
    [1, 2].into_iter().for_each(|n| stage.fixture.silence(n));
    stage.fixture.pass(2);
    let page = operator.get(&address).await;
    assert!(!page.text().contains(&moving), "there is no SIM that it can be moved to");
    let given = operator.post(&format!("{address}/days"), &[("days", "7"), ("reason", "x")]).await;
    assert_eq!(given.location.as_deref(), Some(address.as_str()), "{}", given.text());
    let before = stage.fixture.funds(stage.account).await.0;
    let end = [("refund", "amount"), ("amount", "1.00"), ("reason", "broken")];
    operator.post(&format!("{address}/end"), &end).await;
    assert_eq!(Amount(stage.fixture.funds(stage.account).await.0), Amount(before + 100));
    let page = operator.get(&address).await;
    assert!(page.text().contains("an operator has ended it, for good"), "{}", page.text());
    assert!(!page.text().contains("Revive the rental"), "what would be refused is not offered");
    let moved = operator.post(&format!("{address}/move"), &[("to", "nowhere")]).await;
    assert_eq!(moved.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_rental_leads_to_what_was_withheld_and_can_be_revived_after_its_end() {
    let stage = Stage::new().await;
    let rentals = stage.fixture.gateway.rentals();
    let made = rentals.rent(stage.account, Some("NL"), "1m", false).await.unwrap();
    let Rent::Made(rental) = made else { panic!("{made:?}") };
    let (operator, address) = (stage.console(Role::Operator), format!("/rentals/{}", rental.id));
    let page = operator.get(&address).await;
    assert!(page.text().contains("Nothing was withheld from it."), "{}", page.text());
    let iccid = rentals.details(rental.id, None, 1).await.unwrap().unwrap().iccid.unwrap();
    let withheld = format!("href=\"/messages?iccid={iccid}&amp;state=withheld\"");
    assert!(page.text().contains(&withheld), "{}", page.text());
    stage.fixture.pass(31 * 24 * 3600 + 60);
    stage.fixture.gateway.due_work().run_due_work().await.unwrap();
    let ended = rentals.details(rental.id, None, 1).await.unwrap().unwrap().view.rental;
    assert_eq!(rentals.unrevivable(&ended).await.unwrap(), None);
    stage.fixture.pass(40 * 24 * 3600);
    let why = rentals.unrevivable(&ended).await.unwrap();
    assert!(matches!(why, Some(Unrevivable::GraceOver { .. })), "{why:?}");
}
