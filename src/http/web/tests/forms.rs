//! Forms: carried out once, shown again with what is wrong, and asking for a proof.

use axum::http::StatusCode;

use super::Stage;
use super::stage::PASSWORD;
use crate::domain::login::{Role, Side};
use crate::gateway::ListRequest;

async fn operator_names(stage: &Stage) -> Vec<String> {
    let people = stage.fixture.gateway.people();
    let all = people.list(Side::Console, ListRequest::default()).await.unwrap();
    all.into_iter().map(|login| login.name.to_string()).collect()
}

#[tokio::test]
async fn a_form_that_is_sent_twice_is_carried_out_once() {
    let stage = Stage::new().await;
    let owner = stage.console(Role::Owner);
    let fields = [("name", "bob"), ("role", "viewer"), ("request", "view-1")];
    let shown = owner.post("/people/add", &fields).await;
    assert_eq!(shown.status, StatusCode::OK);
    assert!(shown.text().contains("/link#"), "{}", shown.text());
    let again = owner.post("/people/add", &fields).await;
    assert!(again.text().contains("This was done before"), "{}", again.text());
    assert!(!again.text().contains("/link#"), "it is shown once");
    assert_eq!(operator_names(&stage).await.iter().filter(|name| *name == "bob").count(), 1);
    let saved = [("theme", "dark"), ("zone", "utc"), ("request", "view-2")];
    let first = owner.post("/me/preferences", &saved).await;
    assert_eq!(first.location.as_deref(), Some("/me"));
    assert_eq!(owner.post("/me/preferences", &saved).await.location.as_deref(), Some("/me"));
    let page = owner.get("/me").await;
    assert!(page.text().contains("<p class=\"done\" role=\"status\">Saved.</p>"));
    assert!(
        page.text().contains("data-theme=\"dark\"") && page.text().contains("data-zone=\"utc\"")
    );
    assert!(!owner.get("/me").await.text().contains("class=\"done\""), "said once");
}

#[tokio::test]
async fn after_a_mistake_the_page_comes_again_with_the_input_and_the_fault() {
    let stage = Stage::new().await;
    let owner = stage.console(Role::Owner);
    let reply = owner.post("/people/add", &[("name", "<ann>"), ("role", "viewer")]).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(reply.text().contains("value=\"&lt;ann&gt;\""), "{}", reply.text());
    assert!(reply.text().contains("class=\"faults\" role=\"alert\""));
    assert!(reply.text().contains("<h1>People</h1>"), "the page that it stands on");
    let unknown = owner.post("/people/add", &[("name", "ann"), ("role", "king")]).await;
    assert!(unknown.text().contains("aria-invalid=\"true\""), "{}", unknown.text());
    assert_eq!(operator_names(&stage).await.len(), 3);
}

#[tokio::test]
async fn the_page_of_a_refused_form_has_an_address_for_a_while() {
    let stage = Stage::new().await;
    let owner = stage.console(Role::Owner);
    let sent = [("name", "<ann>"), ("role", "viewer")];
    let headers = [("sec-fetch-site", "same-origin")];
    let sent = owner.post_with("/people/add", &sent, &headers).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER);
    let address = sent.location.unwrap();
    let (page, _) = address.split_once("?tried=").unwrap();
    assert_eq!(page, "/people");
    for _ in 0..2 {
        let again = owner.get(&address).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "loaded again, nothing is sent");
        assert!(again.text().contains("value=\"&lt;ann&gt;\""), "{}", again.text());
        assert!(!again.text().contains("tried="), "the page's own links are without it");
    }
    stage.fixture.pass(15 * 60);
    assert_eq!(owner.get(&address).await.location.as_deref(), Some("/people"), "forgotten");
    let long = "x".repeat(100_000);
    let sent = [("name", "Lyft"), ("price", "much"), ("texts", long.as_str())];
    let sent = owner.post_with("/services/new", &sent, &headers).await;
    let address = sent.location.expect("a large form is kept, too");
    assert!(owner.get(&address).await.text().contains(&long), "{address}");
}

#[tokio::test]
async fn what_changes_people_asks_for_the_password_again_after_a_while() {
    let stage = Stage::new().await;
    let owner = stage.console(Role::Owner);
    stage.fixture.pass(16 * 60);
    let fields = [("name", "bob"), ("role", "viewer"), ("request", "view-1")];
    let asked = owner.post("/people/add", &fields).await;
    assert!(asked.text().contains("Confirm that it is you"), "{}", asked.text());
    assert!(asked.text().contains("name=\"name\" value=\"bob\""), "the form is kept");
    assert_eq!(operator_names(&stage).await.len(), 3);
    let with = |proof: &'static str| {
        let owner = stage.console(Role::Owner);
        let fields = [fields[0], fields[1], fields[2], ("proof", proof)];
        async move { owner.post("/people/add", &fields).await }
    };
    let wrong = with("something else entirely").await;
    assert!(wrong.text().contains("This is not right."), "{}", wrong.text());
    assert!(!wrong.text().contains("something else entirely"), "{}", wrong.text());
    assert_eq!(operator_names(&stage).await.len(), 3);
    let done = with(PASSWORD).await;
    assert!(done.text().contains("/link#"), "{}", done.text());
    assert_eq!(operator_names(&stage).await.len(), 4);
    let third = [("name", "eve"), ("role", "viewer"), ("request", "view-2")];
    let at_once = owner.post("/people/add", &third).await;
    assert!(at_once.text().contains("/link#"), "the proof holds for a while");
}

#[tokio::test]
async fn a_modem_is_asked_and_refuses_in_its_own_words() {
    let stage = Stage::new().await;
    let operator = stage.console(Role::Operator);
    let at = |command: &'static str| {
        let operator = stage.console(Role::Operator);
        async move { operator.post("/modems/port1/at", &[("command", command)]).await }
    };
    let reply = at("AT+CSQ").await;
    assert!(reply.text().contains("+CSQ: 20,99"), "{}", reply.text());
    let refused = at("AT+EGMR").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("IMEIs are read, never written"), "{}", refused.text());
    let forced = at("AT+CFUN=0").await;
    assert!(forced.text().contains("Tick the box"), "{}", forced.text());
    let audit = stage.fixture.gateway.audit().list(ListRequest::default()).await.unwrap();
    let noted = audit.iter().find(|row| row.subject == "modem port1: AT+CSQ").unwrap();
    assert_eq!(noted.person.as_ref().and_then(|person| person.name()), Some("operator"));
    let missing = operator.post("/modems/nowhere/reset", &[]).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_hands_everything_out_asks_for_the_password_again_too() {
    let stage = Stage::new().await;
    let owner = stage.console(Role::Owner);
    let export = format!("/accounts/{}/export.json", stage.account);
    for path in ["/system/backup.db", &export] {
        stage.fixture.pass(16 * 60);
        for proof in [None, Some("wrong")] {
            let asked = match proof {
                Some(proof) => owner.post(path, &[("proof", proof)]).await,
                None => owner.get(path).await,
            };
            assert_eq!(asked.headers["content-type"], "text/html; charset=utf-8", "{path}");
            assert!(asked.text().contains("Confirm that it is you"), "{path}");
            assert!(asked.text().contains(&format!("action=\"{path}\"")), "{}", asked.text());
        }
        let file = owner.post(path, &[("proof", PASSWORD)]).await;
        assert!(file.headers.contains_key("content-disposition"), "{path}: {}", file.status);
        let again = owner.get(path).await;
        assert!(again.headers.contains_key("content-disposition"), "{path}");
    }
}
