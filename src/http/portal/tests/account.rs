//! The account: ledger, keys and webhooks.

use axum::http::StatusCode;

use super::{done, refused, shows};
use crate::domain::key::ApiKey;
use crate::http::web::tests::Stage;

#[tokio::test]
async fn the_ledger_adds_up_to_the_balance_on_the_page_and_in_the_file() {
    let stage = Stage::new().await;
    let customer = stage.portal();
    let texts = ["24.50 USD", "Charged for", "order 1", "/account/ledger", "No keys yet"];
    shows(&customer, "/account", &texts).await;
    shows(&customer, "/account/ledger", &["Credit", "Held for", "25.00 USD"]).await;
    let csv = shows(&customer, "/account/ledger.csv", &[]).await;
    let amounts = csv.lines().skip(1).map(|line| line.split(',').nth(3).unwrap());
    let cents = amounts.map(|amount| (amount.parse::<f64>().unwrap() * 100.0).round());
    assert_eq!(cents.sum::<f64>(), 2450.0, "{csv}");
    let before = shows(&customer, "/account/ledger?to=2020-01-01", &["No entries."]).await;
    assert!(before.contains("/account/ledger.csv?to=2020-01-01"), "{before}");
    let none = shows(&customer, "/account/ledger.csv?to=2020-01-01", &[]).await;
    assert_eq!(none.lines().count(), 1);
    let wrong = customer.get("/account/ledger?from=yesterday").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("A day is written like 2027-01-31."));
}

#[tokio::test]
async fn a_key_is_shown_once_limited_and_revoked() {
    let stage = Stage::new().await;
    let customer = stage.portal();
    let fields = [("networks", "192.0.2.0/33"), ("expires", "soon")];
    let page = refused(&customer, "/account/keys", &fields, "Write the day like").await;
    assert!(page.contains("192.0.2.0/33"), "what was typed is kept");
    let form = [("label", "shop"), ("use", "orders rentals"), ("networks", "192.0.2.7")];
    let made = customer.post("/account/keys", &form).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text());
    let command = "curl -H 'Authorization: Bearer ";
    let key = made.text().split(command).nth(1).unwrap().split('\'').next().unwrap();
    assert!(key.len() == 64 && made.text().contains("' http://127.0.0.1:8081/v2/me"));
    let accounts = stage.fixture.gateway.accounts();
    let opens = async |key: &str| {
        let digest = ApiKey::from_request(key.to_owned()).digest();
        accounts.holder_of_key(digest).await.unwrap().map(|holder| holder.allowed)
    };
    assert_eq!(opens(key).await, Some(Some("192.0.2.7/32".to_owned())));
    let prefix = &key[..8];
    let page = shows(&customer, "/account", &[prefix, "shop", "Orders and rentals"]).await;
    assert!(!page.contains(key), "it is shown once");
    let address = format!("/account/keys/{prefix}");
    shows(&customer, &address, &["192.0.2.7/32", "Works", "never"]).await;
    let form = [("label", ""), ("networks", "198.51.100.0/24\r\n2001:db8::/32")];
    done(&customer, &format!("{address}/terms"), &form).await;
    let networks = "198.51.100.0/24 2001:db8::/32";
    assert_eq!(opens(key).await, Some(Some(networks.to_owned())));
    shows(&customer, &address, &["The key was changed.", networks, "Orders and rentals"]).await;
    done(&customer, &format!("{address}/revoke"), &[]).await;
    assert_eq!(opens(key).await, None, "it opens nothing at once");
    let page = shows(&customer, &address, &["Revoked"]).await;
    assert!(!page.contains("Revoke this key"));
}

#[tokio::test]
async fn a_webhook_is_added_tested_switched_and_deleted() {
    let stage = Stage::new().await;
    let customer = stage.portal();
    let page = shows(&customer, "/webhooks", &["No webhooks yet", "at least one: *"]).await;
    assert!(page.contains("order.created, ") && page.matches(" required").count() == 2, "{page}");
    let wrong = [("url", "http://192.0.2.7/x"), ("types", "*")];
    let page = refused(&customer, "/webhooks", &wrong, "https://").await;
    assert!(page.contains("aria-invalid=\"true\""), "the fault stands at its field");
    let wrong = [("url", "https://192.0.2.7/x"), ("types", "order.mesage")];
    refused(&customer, "/webhooks", &wrong, "There is no event order.mesage").await;
    let form = [("url", "https://192.0.2.7/x"), ("types", "order.*, balance.low")];
    let added = customer.post("/webhooks", &form).await;
    assert!(added.text().contains("whsec_"), "{}", added.text());
    let texts = ["https://192.0.2.7/x", "order.*, balance.low", "Send a test", "Nothing was sent"];
    let page = shows(&customer, "/webhooks/1", &texts).await;
    assert!(!page.contains("whsec_"), "the secret is shown once");
    done(&customer, "/webhooks/1/test", &[]).await;
    let page = shows(&customer, "/webhooks/1", &["webhook.test", "Send again"]).await;
    let again = page.split("action=\"").find(|text| text.starts_with("/webhooks/1/deliveries/"));
    done(&customer, again.unwrap().split('"').next().unwrap(), &[]).await;
    let rotated = customer.post("/webhooks/1/rotate", &[]).await;
    assert!(rotated.text().contains("whsec_"), "{}", rotated.text());
    done(&customer, "/webhooks/1/switch", &[("on", "no")]).await;
    shows(&customer, "/webhooks/1", &["It was switched off here or by the API."]).await;
    let again = [("request", "2")];
    refused(&customer, "/webhooks/1/test", &again, "The endpoint is off (customer)").await;
    done(&customer, "/webhooks/1/delete", &[]).await;
    assert_eq!(customer.get("/webhooks/1").await.status, StatusCode::NOT_FOUND);
}
