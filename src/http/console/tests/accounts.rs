//! Accounts, their money, keys, people and webhooks.

use axum::http::StatusCode;

use super::deeds_of;
use crate::domain::login::Role;
use crate::http::web::tests::Stage;

fn address(stage: &Stage) -> String {
    format!("/accounts/{}", stage.account)
}

#[tokio::test]
async fn credit_is_added_once_however_often_the_button_is_used() {
    let stage = Stage::new().await;
    let (operator, topups) = (stage.console(Role::Operator), format!("{}/topups", address(&stage)));
    let before = stage.fixture.funds(stage.account).await.0;
    let fields = [("amount", "5.00"), ("request", "view-1")];
    for _ in 0..2 {
        let done = operator.post(&topups, &fields).await;
        assert_eq!(done.location, Some(address(&stage)), "{}", done.text());
    }
    assert_eq!(stage.fixture.funds(stage.account).await.0, before + 500);
    let text = operator.get(&address(&stage)).await.text().to_owned();
    assert!(text.contains("5.00 USD was added"), "{text}");
    for (fields, fault) in [
        ([("amount", "x"), ("request", "2")], "aria-invalid=\"true\""),
        ([("amount", "-1"), ("request", "3")], "A top-up is more than"),
        ([("amount", "-99999999"), ("request", "6")], "A top-up is more than"),
        ([("amount", "100000.00"), ("request", "4")], "100000.00 is a large amount"),
    ] {
        let wrong = operator.post(&topups, &fields).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
        assert!(wrong.text().contains(fault), "{fault}\n{}", wrong.text());
        let asks = wrong.text().contains("Confirm that it is meant");
        assert_eq!(asks, fault.contains("large"), "{fault}: {}", wrong.text());
    }
    assert_eq!(stage.fixture.funds(stage.account).await.0, before + 500);
    let meant = [("amount", "100000.00"), ("meant", "yes"), ("request", "5")];
    operator.post(&topups, &meant).await;
    assert_eq!(stage.fixture.funds(stage.account).await.0, before + 10_000_500);
}

#[tokio::test]
async fn a_top_up_shows_the_reference_of_its_payment_and_never_the_key_of_its_form() {
    let stage = Stage::new().await;
    let operator = stage.console(Role::Operator);
    let topups = format!("{}/topups", address(&stage));
    let key = regex::Regex::new("[0-9a-f]{64}").unwrap();
    let first = stage.fixture.funds(stage.account).await.0;
    operator.post(&topups, &[("amount", "5.00"), ("request", "1")]).await;
    for (request, line) in [("2", "5.00 USD was added; the"), ("3", "was added before with this")] {
        let fields = [("amount", "5.00"), ("reference", "invoice 7"), ("request", request)];
        operator.post(&topups, &fields).await;
        let page = operator.get(&address(&stage)).await;
        assert!(page.text().contains(line), "{line}: {}", page.text());
    }
    assert_eq!(stage.fixture.funds(stage.account).await.0, first + 1000);
    let adjust = [("amount", "-1.00"), ("reason", "a slip")];
    operator.post(&format!("{}/adjustments", address(&stage)), &adjust).await;
    for page in ["", "/ledger", "/ledger.csv"] {
        let shown = operator.get(&format!("{}{page}", address(&stage))).await;
        assert!(shown.text().contains("invoice 7"), "{page}: {}", shown.text());
        assert!(!key.is_match(shown.text()), "{page}: {}", shown.text());
    }
    let ledger = stage.portal().get("/account/ledger").await;
    assert!(ledger.status == StatusCode::OK && !key.is_match(ledger.text()), "{}", ledger.text());
    let audit = operator.get("/audit").await;
    assert!(!key.is_match(audit.text()), "{}", audit.text());
}

#[tokio::test]
async fn an_adjustment_without_a_reason_is_refused_and_one_below_zero_has_to_be_meant() {
    let stage = Stage::new().await;
    let operator = stage.console(Role::Operator);
    let adjust = format!("{}/adjustments", address(&stage));
    let before = stage.fixture.funds(stage.account).await.0;
    let wrong = operator.post(&adjust, &[("amount", "-1.00"), ("reason", "")]).await;
    assert!(wrong.text().contains("An adjustment has a reason"), "{}", wrong.text());
    let below = [("amount", "-999.00"), ("reason", "x")];
    let wrong = operator.post(&adjust, &below).await;
    assert!(wrong.text().contains("Confirm that it is meant: the balance of"), "{}", wrong.text());
    assert_eq!(stage.fixture.funds(stage.account).await.0, before);
    operator.post(&adjust, &[("amount", "-1.00"), ("reason", "=cmd")]).await;
    assert_eq!(stage.fixture.funds(stage.account).await.0, before - 100);
    let csv = operator.get(&format!("{}/ledger.csv", address(&stage))).await;
    assert!(csv.text().starts_with("id,time,entry,amount"), "{}", csv.text());
    assert!(csv.text().contains("adjustment,-1.00,0.00,USD") && csv.text().contains("'=cmd"));
    let ledger = operator.get(&format!("{}/ledger", address(&stage))).await;
    assert!(ledger.text().contains("=cmd") && ledger.text().contains("order 1"));
}

#[tokio::test]
async fn a_suspended_account_is_shut_at_once() {
    let stage = Stage::new().await;
    let operator = stage.console(Role::Operator);
    assert_eq!(stage.portal().get("/me").await.status, StatusCode::OK);
    let suspension = format!("{}/suspension", address(&stage));
    operator.post(&suspension, &[("to", "suspended")]).await;
    assert_ne!(stage.portal().get("/me").await.status, StatusCode::OK);
    let list = operator.get("/accounts?state=suspended").await;
    assert!(list.text().contains(">uber@portal</a>"), "{}", list.text());
    operator.post(&suspension, &[("to", "active"), ("request", "2")]).await;
    assert!(operator.get("/accounts?state=suspended").await.text().contains("No account fits"));
}

#[tokio::test]
async fn a_key_is_shown_once_and_revoked_for_good() {
    let stage = Stage::new().await;
    let operator = stage.console(Role::Operator);
    let keys = format!("{}/keys", address(&stage));
    let wrong = operator.post(&keys, &[("networks", "10.0.0.0/99")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", wrong.text());
    let wrong = operator.post(&keys, &[("expires", "soon")]).await;
    assert!(wrong.text().contains("2027-01-31"), "{}", wrong.text());
    let terms = [
        ("label", "<b>shop</b>"),
        ("networks", "192.0.2.0/24\n2001:db8::/32"),
        ("scope-read", "yes"),
    ];
    let shown = operator.post(&keys, &terms).await;
    assert!(shown.text().contains("Authorization: Bearer "), "{}", shown.text());
    let known = stage.fixture.gateway.accounts().own_keys(stage.account).await.unwrap();
    let prefix = &known[0].prefix;
    let page = operator.get(&format!("{keys}/{prefix}")).await;
    for piece in ["&lt;b&gt;shop&lt;/b&gt;", "192.0.2.0/24 2001:db8::/32", "<dd>read</dd>"] {
        assert!(page.text().contains(piece), "{piece}\n{}", page.text());
    }
    operator.post(&format!("{keys}/{prefix}/edit"), &[("spend", "2.00")]).await;
    let page = operator.get(&format!("{keys}/{prefix}")).await;
    assert!(page.text().contains("<dd>all</dd>"), "{}", page.text());
    operator.post(&format!("{keys}/{prefix}/revoke"), &[]).await;
    let page = operator.get(&format!("{keys}/{prefix}")).await;
    assert!(page.text().contains("revoked") && !page.text().contains("Revoke the key"));
    assert_eq!(operator.get(&format!("{keys}/nothing")).await.status, StatusCode::NOT_FOUND);
    assert!(
        deeds_of(&stage, "operator").await.iter().any(|deed| deed.starts_with("revoked a key"))
    );
}

#[tokio::test]
async fn people_are_invited_switched_off_and_removed() {
    let stage = Stage::new().await;
    let operator = stage.console(Role::Operator);
    let people = format!("{}/people", address(&stage));
    let shown = operator.post(&people, &[("name", "eve")]).await;
    assert!(shown.text().contains("/link#"), "{}", shown.text());
    operator.post(&format!("{people}/eve/switch"), &[("to", "disabled")]).await;
    let page = operator.get(&address(&stage)).await;
    assert!(page.text().contains("id=\"logins-eve\"") && page.text().contains("disabled"));
    let other = stage.fixture.customer("other", 100).await;
    let of_other = operator.post(&format!("/accounts/{other}/people/eve/remove"), &[]).await;
    assert_eq!(of_other.status, StatusCode::NOT_FOUND, "she is not that account's");
    operator.post(&format!("{people}/eve/remove"), &[]).await;
    assert!(!operator.get(&address(&stage)).await.text().contains("id=\"logins-eve\""));
}

#[tokio::test]
async fn the_sessions_of_an_accounts_people_are_listed_by_name() {
    let stage = Stage::new().await;
    let page = stage.console(Role::Viewer).get(&address(&stage)).await;
    let sessions = page.text().split("Sessions of these people").nth(1).unwrap();
    let sessions = sessions.split("</table>").next().unwrap();
    assert!(sessions.contains("uber@portal") && sessions.contains("a test"), "{sessions}");
    let other = stage.fixture.customer("other", 100).await;
    let page = stage.console(Role::Owner).get(&format!("/accounts/{other}")).await;
    assert!(!page.text().contains("Sessions of these people"), "{}", page.text());
}

#[tokio::test]
async fn an_endpoint_is_added_tested_and_is_only_its_accounts() {
    let stage = Stage::new().await;
    let operator = stage.console(Role::Operator);
    let webhooks = format!("{}/webhooks", address(&stage));
    let wrong = operator.post(&webhooks, &[("url", "http://10.0.0.1/")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", wrong.text());
    let new = [("url", "https://192.0.2.1/secret-path"), ("types", "order.*")];
    let shown = operator.post(&webhooks, &new).await;
    assert!(shown.text().contains("shown only now"), "{}", shown.text());
    let endpoint = format!("{webhooks}/1");
    let page = operator.get(&endpoint).await;
    assert!(page.text().contains("https://192.0.2.1") && !page.text().contains("secret-path"));
    let tested = operator.post(&format!("{endpoint}/test"), &[]).await;
    assert_eq!(tested.location.as_deref(), Some(endpoint.as_str()), "{}", tested.text());
    let page = operator.get(&endpoint).await;
    assert!(page.text().contains("webhook.test"), "{}", page.text());
    let other = stage.fixture.customer("other", 100).await;
    let of_other = operator.get(&format!("/accounts/{other}/webhooks/1")).await;
    assert_eq!(of_other.status, StatusCode::NOT_FOUND);
    operator.post(&format!("{endpoint}/remove"), &[]).await;
    assert_eq!(operator.get(&endpoint).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_account_is_added_and_given_terms_of_its_own() {
    let stage = Stage::new().await;
    let operator = stage.console(Role::Operator);
    let wrong = operator.post("/accounts/add", &[("name", "123")]).await;
    assert!(wrong.text().contains("at least one of them a letter"), "{}", wrong.text());
    let added = operator.post("/accounts/add", &[("name", "new one")]).await;
    let page = added.location.unwrap();
    assert!(operator.get(&page).await.text().contains("It pays what everybody pays."));
    let price = [("service", "Uber <b>"), ("country", "NL"), ("price", "90%")];
    operator.post(&format!("{page}/prices"), &price).await;
    let limits = [("max_open", "3"), ("orders_per_day", "none"), ("spend_per_day", "default")];
    operator.post(&format!("{page}/limits"), &limits).await;
    let text = operator.get(&page).await.text().to_owned();
    assert!(text.contains("90%") && text.contains("Uber &lt;b&gt;"), "{text}");
    let wrong = operator.post(&format!("{page}/limits"), &[("max_open", "0")]).await;
    assert!(wrong.text().contains("would let nothing be ordered"), "{}", wrong.text());
    let viewer = stage.console(Role::Viewer);
    assert_eq!(viewer.post(&format!("{page}/limits"), &limits).await.status, StatusCode::FORBIDDEN);
    assert_eq!(viewer.get(&format!("{page}/export.json")).await.status, StatusCode::FORBIDDEN);
    let export = operator.get(&format!("{}/export.json", address(&stage))).await;
    assert!(export.text().starts_with("{\"account\":"), "{}", export.text());
}
