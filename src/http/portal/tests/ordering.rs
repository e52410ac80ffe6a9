//! Services and orders.

use axum::http::StatusCode;

use super::{done, refused, shows};
use crate::domain::Amount;
use crate::http::web::tests::Stage;

const ORDER: &str = "/services/NL/1/order";

#[tokio::test]
async fn the_home_shows_what_can_be_ordered_and_how_much_of_it() {
    let stage = Stage::new().await;
    let customer = stage.portal();
    let named = ["Uber &lt;b&gt;", "0.50 USD", "data-label=\"Numbers now\">1<", "Netherlands"];
    let text = shows(&customer, "/", &named).await;
    assert!(!text.contains("API id"));
    shows(&customer, "/?find=uBEr&free=yes", &["Uber &lt;b&gt;"]).await;
    shows(&customer, "/?find=nothing", &["No service is offered under this name"]).await;
    let none = shows(&customer, "/?country=UK", &["data-label=\"Numbers now\">none<"]).await;
    assert!(!none.contains("/services/UK/1/order"), "there is no button where no number is");
    assert_eq!(customer.get("/?country=XX").await.status, StatusCode::NOT_FOUND);
    assert_eq!(customer.get("/services/NL/9").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn ids_are_shown_by_the_accounts_switch_and_favourites_come_first() {
    let stage = Stage::new().await;
    let customer = stage.portal();
    stage.fixture.service("Airbnb", &["^Airbnb$"]).await;
    let order = |text: &str| text.find("Airbnb") < text.find("Uber &lt;b&gt;");
    assert!(order(&shows(&customer, "/", &[]).await), "by name");
    let favourite = "/services/NL/1/favourite";
    assert_eq!(done(&customer, favourite, &[("favourite", "yes")]).await, "/services/NL/1");
    shows(&customer, "/services/NL/1", &["It stands among your favourites now"]).await;
    assert!(!order(&shows(&customer, "/", &["favourite"]).await));
    done(&customer, favourite, &[("favourite", "no")]).await;
    assert!(order(&shows(&customer, "/", &[]).await));
    done(&customer, "/account/api-ids", &[("show", "yes")]).await;
    shows(&customer, "/", &["API id", "<code>1</code>"]).await;
    shows(&customer, "/services/NL/1", &["API id"]).await;
    done(&customer, "/account/api-ids", &[]).await;
    assert!(!shows(&customer, "/", &[]).await.contains("API id"));
    shows(&customer, "/account", &["Show the ids of services"]).await;
    shows(&customer, "/api-guide", &["The id of each service stands beside it"]).await;
    let accounts = stage.fixture.gateway.accounts();
    let key = accounts.add_own_key(stage.account.into(), Default::default()).await.unwrap();
    shows(&customer, "/", &["API id", "<code>1</code>"]).await;
    accounts.revoke_own_key(stage.account.into(), key.key.prefix()).await.unwrap();
    assert!(!shows(&customer, "/", &[]).await.contains("API id"), "no key works");
}

#[tokio::test]
async fn a_country_has_one_name_however_the_address_spells_it() {
    let stage = Stage::new().await;
    let customer = stage.portal();
    for code in ["GB", "UK"] {
        let selected = "<option value=\"GB\" selected>United Kingdom (none now)</option>";
        let address = format!("/?country={code}");
        let page = shows(&customer, &address, &[selected, "href=\"/services/GB/1\""]).await;
        assert!(!page.contains("/UK"), "{page}");
        shows(&customer, &format!("/services/{code}/1"), &["United Kingdom"]).await;
        shows(&customer, &format!("/rentals/new/{code}"), &[selected]).await;
    }
    let orders = shows(&customer, "/orders", &["Netherlands"]).await;
    assert!(!orders.contains(">NL<"), "{orders}");
}

#[tokio::test]
async fn what_was_given_back_stands_at_its_order_and_in_the_ledger_with_the_reason() {
    let stage = Stage::new().await;
    let (customer, orders) = (stage.portal(), stage.fixture.gateway.orders());
    let before = shows(&customer, "/orders/1", &["Completed"]).await;
    assert!(!before.contains("Given back"));
    let reason = "the <code> had expired".to_owned();
    orders.refund(stage.order, Some(Amount(20)), reason).await.unwrap();
    let accounts = stage.fixture.gateway.accounts();
    let (account, more) = (stage.account.to_string(), Amount(100));
    accounts.adjust_balance(account, more, "goodwill".into(), "1".into()).await.unwrap();
    let back = ["Given back", "0.20 USD", "the &lt;code&gt; had expired"];
    shows(&customer, "/orders/1", &back).await;
    let told = ["Given back for", "the &lt;code&gt; had expired", "Correction", "goodwill"];
    shows(&customer, "/account/ledger", &told).await;
    let csv = shows(&customer, "/account/ledger.csv", &[",ref,reason"]).await;
    assert!(csv.contains(",the <code> had expired\r\n"), "{csv}");
}

#[tokio::test]
async fn an_order_is_made_waits_and_shows_its_code() {
    let stage = Stage::new().await;
    let customer = stage.portal();
    let form = [("price", "0.50"), ("request", "view-1")];
    let address = done(&customer, ORDER, &form).await;
    assert_eq!(address, "/orders/2");
    assert_eq!(done(&customer, ORDER, &form).await, address, "it is carried out once");
    let text = shows(
        &customer,
        &address,
        &[
            "Order 2 · Uber &lt;b&gt; · Netherlands · 0.50 USD",
            "Waits",
            "10:00",
            "Skip and take another",
            "Nothing has come yet",
            "(0.50 held)",
        ],
    )
    .await;
    assert!(text.contains("<title>Order 2"), "nothing has come: {text}");
    stage.fixture.pass(5);
    for sim in [1, 2] {
        stage.fixture.sms(sim, "Uber", "code 112233").await;
    }
    let texts = ["<title>● 112233 ", "data-copy=\"112233\"", "Completed", "24.00 USD"];
    let text = shows(&customer, &address, &texts).await;
    assert!(!text.contains("held)"), "the hold was charged");
    refused(&customer, "/orders/2/cancel", &[], "The text of this order has come").await;
    let orders = shows(&customer, "/orders?state=completed", &["112233", "/orders/2"]).await;
    assert!(orders.contains("Again for 0.25 USD"));
}

#[tokio::test]
async fn each_refusal_is_a_sentence_with_a_way_on() {
    let stage = Stage::new().await;
    let customer = stage.portal();
    refused(&customer, ORDER, &[("price", "0.40")], "This costs 0.50 USD now").await;
    let empty = "/services/UK/1/order";
    let page = refused(&customer, empty, &[("price", "0.50")], "No number is free").await;
    assert!(page.contains("<a href=\"/\">All services</a>"), "{page}");
    done(&customer, ORDER, &[("price", "0.50")]).await;
    let second = [("price", "0.50"), ("request", "2")];
    let page = refused(&customer, ORDER, &second, "Order 2 is the oldest").await;
    assert!(page.contains("<a href=\"/orders/2\">Order 2</a>"), "{page}");
    refused(&customer, "/orders/2/swap", &[], "No number is free for this service").await;
    shows(&customer, "/orders/2", &["Waits"]).await;
    assert_eq!(done(&customer, "/orders/2/cancel", &[]).await, "/orders/2");
    shows(&customer, "/orders/2", &["It was canceled.", "It cost nothing.", "24.50 USD"]).await;
    refused(&customer, "/orders/2/cancel", &[("request", "2")], "This order is over").await;
    refused(&customer, "/orders/2/reuse", &[], "This number cannot be had again now").await;
    let accounts = stage.fixture.gateway.accounts();
    let (account, less) = (stage.account.to_string(), Amount(-2430));
    accounts.adjust_balance(account, less, "test".into(), "1".into()).await.unwrap();
    let words = "0.20 USD are free, this costs 0.50 USD.";
    let page = refused(&customer, ORDER, &[("price", "0.50"), ("request", "3")], words).await;
    assert!(page.contains("href=\"/account\""));
}

#[tokio::test]
async fn all_that_wait_are_canceled_at_once() {
    let stage = Stage::new().await;
    let customer = stage.portal();
    let page = shows(&customer, "/orders", &[]).await;
    assert!(!page.contains("Cancel all that wait"), "none waits");
    done(&customer, ORDER, &[("price", "0.50")]).await;
    shows(&customer, "/orders", &["Cancel all that wait"]).await;
    assert_eq!(done(&customer, "/orders/cancel", &[]).await, "/orders");
    shows(&customer, "/orders", &["1 order was canceled."]).await;
    done(&customer, "/orders/cancel", &[("request", "2")]).await;
    shows(&customer, "/orders", &["No order waited any more."]).await;
    shows(&customer, "/orders?state=open", &["None of your orders is in this state."]).await;
}

#[tokio::test]
async fn a_number_is_ordered_again_at_the_price_that_was_seen() {
    let stage = Stage::new().await;
    let customer = stage.portal();
    shows(&customer, "/orders/1", &["Again on this number for 0.25 USD", "846691"]).await;
    let reuse = "/orders/1/reuse";
    refused(&customer, reuse, &[("price", "0.10")], "This costs 0.25 USD now").await;
    let again = done(&customer, reuse, &[("price", "0.25")]).await;
    shows(&customer, &again, &["0.25 USD", "Waits"]).await;
}

#[tokio::test]
async fn ten_orders_a_minute_are_made_by_hand() {
    let stage = Stage::new().await;
    let customer = stage.portal();
    for _ in 0..10 {
        refused(&customer, ORDER, &[("price", "0.40")], "This costs 0.50 USD now").await;
    }
    refused(&customer, ORDER, &[("price", "0.50")], "Ten numbers a minute").await;
    stage.fixture.pass(60);
    done(&customer, ORDER, &[("price", "0.50")]).await;
    let open = stage.fixture.gateway.accounts().own(stage.account).await.unwrap().unwrap().2;
    assert_eq!(open, 1);
}
