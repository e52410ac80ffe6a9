//! The portal's pages and forms as customers get them.

mod account;
mod ordering;
mod renting;

use super::super::web::SiteSettings;
use super::super::web::tests::{Client, Stage};
use axum::http::StatusCode;

/// Sends a form that is to be carried out. Answers where the browser is sent.
async fn done(client: &Client, path: &str, fields: &[(&str, &str)]) -> String {
    let reply = client.post(path, fields).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{path}: {}", reply.text());
    reply.location.unwrap()
}

/// Sends a form that is to be refused. Answers the page, which has it all on it.
async fn refused(client: &Client, path: &str, fields: &[(&str, &str)], words: &str) -> String {
    let reply = client.post(path, fields).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {}", reply.text());
    assert!(reply.text().contains(words), "{path}: {words}\n{}", reply.text());
    reply.text().to_owned()
}

/// A page, in which these texts are.
async fn shows(client: &Client, path: &str, texts: &[&str]) -> String {
    let reply = client.get(path).await;
    assert_eq!(reply.status, StatusCode::OK, "{path}: {}", reply.text());
    for text in texts {
        assert!(reply.text().contains(text), "{path}: {text}\n{}", reply.text());
    }
    reply.text().to_owned()
}

#[tokio::test]
async fn what_is_anothers_is_not_found() {
    let stage = Stage::new().await;
    let (fixture, customer) = (&stage.fixture, stage.portal());
    let bob = fixture.customer("bob", 5_000).await;
    let order = fixture.order(bob, crate::domain::ServiceId(1)).await;
    let accounts = fixture.gateway.accounts();
    let key = accounts.add_own_key(bob.into(), Default::default()).await.unwrap().key.prefix();
    let new = crate::gateway::NewEndpoint { url: "https://192.0.2.7/x".into(), types: None };
    let (added, _) = fixture.gateway.webhooks().add_once(bob.into(), new, None).await.unwrap();
    assert!(matches!(added, crate::gateway::Done::Now(_)));
    for (path, forms) in [
        (format!("/orders/{order}"), &["cancel", "swap", "reuse"][..]),
        ("/rentals/7".to_owned(), &["renewal", "revive", "extend/1m"]),
        (format!("/account/keys/{key}"), &["revoke", "terms"]),
        ("/webhooks/1".to_owned(), &["test", "switch", "delete", "rotate", "deliveries/1"]),
    ] {
        assert_eq!(customer.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
        for form in forms {
            let reply = customer.post(&format!("{path}/{form}"), &[("price", "99")]).await;
            assert_eq!(reply.status, StatusCode::NOT_FOUND, "{path}/{form}: {}", reply.text());
        }
    }
    let csv = customer.get("/rentals/7/messages.csv").await;
    assert_eq!(csv.status, StatusCode::NOT_FOUND);
    assert!(accounts.own_keys(bob).await.unwrap()[0].revoked_at.is_none());
}

#[tokio::test]
async fn a_page_that_is_not_there_says_where_to_go() {
    let stage = Stage::new().await;
    let missing = stage.portal().get("/nothing").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert!(missing.text().contains("Go back, or use the menu."), "{}", missing.text());
    let guest = stage.portal_guest().get("/nothing").await;
    assert_eq!(guest.status, StatusCode::NOT_FOUND);
    assert!(guest.text().contains("or <a href=\"/sign-in\">sign in</a>"), "{}", guest.text());
    assert!(!guest.text().contains("menu"), "{}", guest.text());
}

#[tokio::test]
async fn only_what_cannot_be_undone_is_red() {
    let stage = Stage::new().await;
    let customer = stage.portal();
    done(&customer, "/services/NL/1/order", &[("price", "0.50")]).await;
    let new = crate::gateway::NewEndpoint { url: "https://192.0.2.7/x".into(), types: None };
    let (by, webhooks) = (stage.account.into(), stage.fixture.gateway.webhooks());
    webhooks.add_once(by, new, None).await.unwrap();
    for (path, red) in [
        ("/", 0),
        ("/orders", 1),
        ("/orders/2", 0),
        ("/rentals/new", 0),
        ("/account", 0),
        ("/webhooks/1", 1),
        ("/me", 0),
    ] {
        let page = shows(&customer, path, &[]).await;
        let count = page.matches("class=\"confirm\"").count();
        assert_eq!((count, page.matches("class=\"danger\"").count()), (red, red), "{path}");
    }
}

#[tokio::test]
async fn the_guide_has_the_readers_own_address_and_ids() {
    let stage = Stage::new().await;
    let customer = stage.portal();
    let text = shows(
        &customer,
        "/api-guide",
        &[
            "<h1>The API</h1>",
            "<h2>Version 2</h2>",
            "curl 'http://127.0.0.1:8081/api/makeorder?key=…&amp;serviceId=1'",
            "http://127.0.0.1:8081/v2/orders/1/reuse",
            "{\"service\": \"Uber &lt;b&gt;\"",
            "/v2/rentals/$RENTAL/revive",
            "href=\"/api-guide/webhooks\"",
            "href=\"/api-guide/markets\"",
        ],
    )
    .await;
    assert!(!text.contains("sms.example.org/v2/orders"), "{text}");
    let origin = Some("http://127.0.0.1:0".parse().unwrap());
    let any_port = Stage::with(SiteSettings { origin, ..SiteSettings::default() }).await;
    let bound = "curl 'http://127.0.0.1:8081/api/makeorder?key=";
    let text = shows(&any_port.portal(), "/api-guide", &[bound]).await;
    assert!(!text.contains("127.0.0.1:0/"), "{text}");
    let webhooks = shows(&customer, "/api-guide/webhooks", &["webhook-signature"]).await;
    assert!(!webhooks.contains("For operators"));
    shows(&customer, "/api-guide/version-2", &["too_many_open_orders"]).await;
    let own = "curl 'http://127.0.0.1:8081/stubs/handler_api.php?api_key=…&amp;action=getNumber";
    shows(&customer, "/api-guide/markets", &[own]).await;
}
