//! Pages that are kept current.

use axum::body::{Body, HttpBody};
use axum::http::header::{COOKIE, HOST};
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;

use super::Stage;
use super::stage::{PASSWORD, request, somebody};
use crate::domain::login::{Role, Side};
use crate::gateway::SignInOutcome;

/// What a page says of itself for its stream.
fn data(text: &str, name: &str) -> String {
    let begin = format!("data-{name}=\"");
    let at = text.find(&begin).unwrap() + begin.len();
    text[at..].split('"').next().unwrap().replace("&amp;", "&")
}

#[tokio::test]
async fn a_page_that_is_current_gets_no_parts_and_another_those_that_differ() {
    let stage = Stage::new().await;
    let owner = stage.console(Role::Owner);
    let page = owner.get("/modems").await;
    let (live, view) = (data(page.text(), "live"), data(page.text(), "view"));
    assert_eq!(live, "/live?of=%2Fmodems");
    let state = data(page.text(), "state");
    let once = format!("{live}&view={view}&once&have=");
    let parts = |reply: &super::stage::Reply| {
        let batch: Value = serde_json::from_str(reply.text()).unwrap();
        batch["parts"].as_array().unwrap().len()
    };
    let same = owner.get(&format!("{once}{state}")).await;
    assert_eq!((same.status, parts(&same)), (StatusCode::OK, 0), "{}", same.text());
    let other = owner.get(&format!("{once}0000")).await;
    assert_eq!(parts(&other), 2, "the head and the list");
    let batch: Value = serde_json::from_str(other.text()).unwrap();
    assert_eq!(batch["state"], state);
    assert_eq!(batch["title"], "Modems – simbridge");
}

#[tokio::test]
async fn only_live_pages_of_this_site_are_followed_and_only_by_who_may_see_them() {
    let stage = Stage::new().await;
    let viewer = stage.console(Role::Viewer);
    for (of, status) in [
        ("/modems", StatusCode::OK),
        ("/people", StatusCode::GONE),
        ("/me", StatusCode::GONE),
        ("/nothing", StatusCode::GONE),
        ("/modems/nowhere", StatusCode::GONE),
        ("//evil.example", StatusCode::BAD_REQUEST),
        ("", StatusCode::BAD_REQUEST),
    ] {
        let reply = viewer.get(&format!("/live?once&of={of}")).await;
        assert_eq!(reply.status, status, "{of}");
    }
    let guest = stage.console_guest().get("/live?once&of=/modems").await;
    assert_eq!(guest.status, StatusCode::UNAUTHORIZED);
}

/// The next event of a stream: its name and its data.
async fn next(body: &mut Body) -> Option<(String, String)> {
    let frame = body.frame().await?.unwrap().into_data().unwrap();
    let text = String::from_utf8(frame.to_vec()).unwrap();
    let line = |name: &str| {
        let found = text.lines().find_map(|line| line.strip_prefix(name));
        found.unwrap_or_default().to_owned()
    };
    Some((line("event: "), line("data: ")))
}

/// The next event with this name.
async fn wait_for(body: &mut Body, name: &str) -> String {
    loop {
        let (event, data) = next(body).await.unwrap();
        if event == name {
            return data;
        }
    }
}

async fn customer_session(stage: &Stage) -> String {
    let people = stage.fixture.gateway.people();
    let name = "uber@portal";
    let outcome = people.sign_in(Side::Portal, name, PASSWORD.to_owned(), somebody()).await;
    match outcome.unwrap() {
        SignInOutcome::SignedIn { token } => format!("sb_portal={}", token.reveal()),
        other => panic!("{other:?}"),
    }
}

async fn follow(stage: &Stage, cookie: &str) -> Body {
    let mut asked: Request<Body> = request(Method::GET, "/live?of=%2F&have=x", Body::empty(), &[]);
    asked.headers_mut().insert(COOKIE, cookie.parse().unwrap());
    asked.headers_mut().insert(HOST, "127.0.0.1:8080".parse().unwrap());
    let response = stage.portal.answer(asked, "127.0.0.1".parse().unwrap()).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    response.into_body()
}

#[tokio::test]
async fn a_customers_balance_follows_its_ledger_and_the_stream_ends_with_the_session() {
    let stage = Stage::new().await;
    let cookie = customer_session(&stage).await;
    let mut stream = follow(&stage, &cookie).await;
    wait_for(&mut stream, "parts").await;
    let accounts = stage.fixture.gateway.accounts();
    let amount = crate::domain::Amount(100);
    accounts.top_up("uber@portal".to_owned(), amount, "more".to_owned()).await.unwrap();
    let batch = wait_for(&mut stream, "parts").await;
    assert!(batch.contains("head-state") && batch.contains("25.50 USD"), "{batch}");
    accounts.set_suspended("uber@portal".to_owned(), true).await.unwrap();
    wait_for(&mut stream, "end").await;
    assert!(next(&mut stream).await.is_none());
}

#[tokio::test]
async fn the_stock_in_the_portal_follows_the_sims() {
    let stage = Stage::new().await;
    let cookie = customer_session(&stage).await;
    let mut stream = follow(&stage, &cookie).await;
    let before = wait_for(&mut stream, "parts").await;
    assert!(before.contains("services-list"), "{before}");
    stage.fixture.plug(3).await;
    let after = wait_for(&mut stream, "parts").await;
    assert!(after.contains("services-list"), "{after}");
}

#[tokio::test]
async fn an_operators_change_of_one_login_is_no_news_to_the_others() {
    let stage = Stage::new().await;
    let cookie = customer_session(&stage).await;
    let mut stream = follow(&stage, &cookie).await;
    wait_for(&mut stream, "parts").await;
    let people = stage.fixture.gateway.people();
    people.set_disabled("viewer".to_owned(), Side::Console, true).await.unwrap();
    let viewer = stage.console(Role::Viewer).get("/").await;
    assert_eq!(viewer.status, StatusCode::SEE_OTHER, "the viewer's session has ended");
    let owner = stage.console(Role::Owner).get("/").await;
    assert_eq!(owner.status, StatusCode::OK);
    people.set_disabled("uber@portal".to_owned(), Side::Portal, true).await.unwrap();
    wait_for(&mut stream, "end").await;
}

#[tokio::test]
async fn the_fifth_tab_takes_the_place_of_the_first_and_all_end_when_the_daemon_stops() {
    let stage = Stage::new().await;
    let cookie = customer_session(&stage).await;
    let mut streams = Vec::new();
    for _ in 0..5 {
        let mut stream = follow(&stage, &cookie).await;
        wait_for(&mut stream, "parts").await;
        streams.push(stream);
    }
    let mut first = streams.remove(0);
    wait_for(&mut first, "yield").await;
    assert!(next(&mut first).await.is_none());
    stage.stopping.cancel();
    for mut stream in streams {
        while next(&mut stream).await.is_some() {}
        assert!(stream.is_end_stream() || next(&mut stream).await.is_none());
    }
}
