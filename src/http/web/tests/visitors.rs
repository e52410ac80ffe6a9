//! Signing in, and what comes with it.

use axum::http::StatusCode;

use super::super::SiteSettings;
use super::Stage;
use super::stage::{Client, PASSWORD, Reply};
use crate::domain::login::{Role, SecretToken, Side};
use crate::domain::totp::Step;
use crate::gateway::ListRequest;

/// The cookie that an answer sets under a name, as a browser sends it back.
fn cookie(reply: &Reply, name: &str) -> Option<String> {
    let cookies = reply.cookies();
    let found = cookies.iter().find(|cookie| cookie.starts_with(&format!("{name}=")))?;
    found.split(';').next().map(str::to_owned)
}

async fn sign_in(guest: &Client, name: &str, password: &str, to: &str) -> Reply {
    guest.post("/sign-in", &[("name", name), ("password", password), ("to", to)]).await
}

#[tokio::test]
async fn one_lands_where_one_wanted_to_if_that_is_a_page_of_ours() {
    let stage = Stage::new().await;
    let guest = stage.console_guest();
    let asked = guest.get("/modems?state=Ready").await;
    assert_eq!(asked.location.as_deref(), Some("/sign-in?to=%2Fmodems%3Fstate%3DReady"));
    let sent = guest.post("/sims/1/remove", &[]).await;
    assert_eq!(sent.location.as_deref(), Some("/sign-in?to=%2Fsims%2F1&lost=1"), "the form's page");
    let page = guest.get("/sign-in?to=%2Fsims%2F1&lost=1").await;
    assert!(page.text().contains("nothing was changed"), "{}", page.text());
    let page = guest.get("/sign-in?to=%2Fmodems%3Fstate%3DReady").await;
    assert!(page.text().contains("name=\"to\" value=\"/modems?state=Ready\""), "{}", page.text());
    for (to, landed) in [
        ("/modems?state=Ready", "/modems?state=Ready"),
        ("", "/"),
        ("/nothing", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/\n/evil.example", "/"),
    ] {
        let reply = sign_in(&stage.console_guest(), "viewer", PASSWORD, to).await;
        assert_eq!(reply.status, StatusCode::SEE_OTHER, "{to}");
        assert_eq!(reply.location.as_deref(), Some(landed), "{to}");
    }
}

#[tokio::test]
async fn an_unknown_name_and_a_wrong_password_read_alike() {
    let stage = Stage::new().await;
    let wrong = sign_in(&stage.console_guest(), "viewer", "not this one at all", "").await;
    let unknown = sign_in(&stage.console_guest(), "viewes", "not this one at all", "").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("The name or the password is wrong."));
    assert!(wrong.text().contains("<p>You are not signed in.</p>"), "{}", wrong.text());
    assert!(!wrong.text().contains("Nothing was changed."));
    assert_eq!(wrong.headers["cache-control"], "private, no-cache", "one can go back to it");
    let plain = |reply: &Reply| reply.text().replace("viewes", "viewer");
    assert_eq!(plain(&wrong), plain(&unknown));
    assert!(wrong.cookies().is_empty());
}

#[tokio::test]
async fn who_has_the_right_password_of_a_suspended_account_is_told_that_it_is() {
    let stage = Stage::new().await;
    let people = stage.fixture.gateway.people();
    let logins = people.list(Side::Portal, ListRequest::default()).await.unwrap();
    let name = logins[0].name.to_string();
    let accounts = stage.fixture.gateway.accounts();
    accounts.set_suspended("uber@portal".to_owned(), true).await.unwrap();
    let right = sign_in(&stage.portal_guest(), &name, PASSWORD, "").await;
    assert_eq!(right.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(right.text().contains("Your account is suspended"), "{}", right.text());
    assert!(right.text().contains("Ask whom you have your account from."));
    let wrong = sign_in(&stage.portal_guest(), &name, "not this one at all", "").await;
    assert!(wrong.text().contains("The name or the password is wrong."), "{}", wrong.text());
    accounts.set_suspended("uber@portal".to_owned(), false).await.unwrap();
    let back = sign_in(&stage.portal_guest(), &name, PASSWORD, "").await;
    assert_eq!(back.location.as_deref(), Some("/"));
}

#[tokio::test]
async fn cookies_are_secure_where_the_origin_is() {
    let origin = Some("https://sms.example.org".parse().unwrap());
    let stage = Stage::with(SiteSettings { origin, ..SiteSettings::default() }).await;
    let reply = sign_in(&stage.console_guest(), "viewer", PASSWORD, "").await;
    let cookies = reply.cookies();
    let session = cookies.iter().find(|it| it.starts_with("__Host-sb_console=")).unwrap();
    for flag in ["; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"] {
        assert!(session.contains(flag), "{session}");
    }
    assert!(!session.contains("Domain"));
}

#[tokio::test]
async fn signing_out_ends_the_session_and_the_next_click_asks_to_sign_in() {
    let stage = Stage::new().await;
    let reply = sign_in(&stage.console_guest(), "viewer", PASSWORD, "").await;
    let session = cookie(&reply, "sb_console");
    let browser = || stage.console_guest().with_cookie(session.clone());
    assert_eq!(browser().get("/").await.status, StatusCode::OK);
    let out = browser().post("/sign-out", &[]).await;
    assert_eq!(out.location.as_deref(), Some("/sign-in"));
    assert!(out.cookies().iter().any(|it| it.contains("Max-Age=0")));
    assert_eq!(browser().get("/").await.location.as_deref(), Some("/sign-in"));
    assert_eq!(browser().get("/live?of=/&once").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn without_an_operator_the_console_shows_the_command_and_no_form() {
    let stage = Stage::new().await;
    let people = stage.fixture.gateway.people();
    let all = people.list(Side::Console, ListRequest::default()).await.unwrap();
    assert_eq!(all.len(), 3);
    let with = stage.console_guest().get("/sign-in").await;
    assert!(with.text().contains("<form"));
    let empty = crate::gateway::tests::Fixture::open().await;
    assert!(!empty.gateway.people().has_operators().await.unwrap());
}

#[tokio::test]
async fn a_link_opens_once() {
    let stage = Stage::new().await;
    let people = stage.fixture.gateway.people();
    let link = people.add_operator("ann".to_owned(), Some(Role::Operator)).await.unwrap();
    let token = link.token.reveal();
    let guest = stage.console_guest();
    let asked = guest.post("/link", &[("token", &format!("http://x/link#{token}"))]).await;
    assert_eq!(asked.status, StatusCode::OK);
    assert!(asked.text().contains("You sign in as <strong>ann</strong>"), "{}", asked.text());
    let set = |password: &'static str| {
        let token = token.clone();
        let guest = stage.console_guest();
        async move { guest.post("/link", &[("token", &*token), ("password", password)]).await }
    };
    let short = set("short").await;
    assert!(short.text().contains("at least 12 characters"), "{}", short.text());
    let done = set(PASSWORD).await;
    assert_eq!(done.location.as_deref(), Some("/"));
    assert!(cookie(&done, "sb_console").is_some());
    let again = set(PASSWORD).await;
    assert!(again.text().contains("was used before or is too old"), "{}", again.text());
}

#[tokio::test]
async fn an_operator_must_add_a_second_factor_from_the_second_sign_in_on() {
    let stage = Stage::new().await;
    let first = stage.console(Role::Operator);
    assert_eq!(first.get("/").await.status, StatusCode::OK);
    let reply = sign_in(&stage.console_guest(), "operator", PASSWORD, "/modems").await;
    let second = stage.console_guest().with_cookie(cookie(&reply, "sb_console"));
    let sent = second.get("/modems?state=Ready").await;
    let way = "/me/second-factor?to=%2Fmodems%3Fstate%3DReady";
    assert_eq!(sent.location.as_deref(), Some(way));
    let asked = second.get(way).await;
    assert!(asked.text().contains("Your role needs a second factor"), "{}", asked.text());
    let to = ("to", "/modems?state=Ready");
    let hidden = "name=\"to\" value=\"/modems?state=Ready\"";
    assert!(asked.text().contains(hidden), "{}", asked.text());
    let begun = second.post("/me/second-factor/begin", &[("request", "1"), to]).await;
    assert_eq!(begun.location.as_deref(), Some(way));
    let offered = second.get(way).await;
    assert!(offered.text().contains("<svg class=\"qr\""), "{}", offered.text());
    let wrong = second.post("/me/second-factor/confirm", &[("code", "000000x"), to]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("This is not the code."), "{}", wrong.text());
    assert!(wrong.text().contains(hidden), "{}", wrong.text());
    for foreign in ["//evil.example", "/nothing"] {
        let form = [("to", foreign), ("request", foreign)];
        let begun = second.post("/me/second-factor/begin", &form).await;
        assert_eq!(begun.location.as_deref(), Some("/me/second-factor"), "{foreign}");
    }
    let people = stage.fixture.gateway.people();
    let token = cookie(&reply, "sb_console").unwrap();
    let token = SecretToken::from_text(token.split('=').nth(1).unwrap()).unwrap();
    let session = people.session(Side::Console, token.digest()).await.unwrap().unwrap();
    let secret = people.offered_second_factor(&session).await.unwrap().unwrap();
    let code = secret.code(Step::at(stage.fixture.gateway.now())).unwrap();
    let confirmed = second.post("/me/second-factor/confirm", &[("code", &*code), to]).await;
    let way_on = "href=\"/modems?state=Ready\">I have kept them";
    assert!(confirmed.text().contains(way_on), "{}", confirmed.text());
    assert_eq!(second.get("/modems?state=Ready").await.status, StatusCode::OK);
}
