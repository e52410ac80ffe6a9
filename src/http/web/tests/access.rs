//! Who may use which route, which requests are answered at all, and with which headers.

use axum::body::Body;
use axum::http::{Method, StatusCode};

use super::super::route::Handler;
use super::super::{Access, SiteSettings, Visitor};
use super::Stage;
use super::stage::{Client, request};
use crate::domain::login::Role;
use crate::http::web::Site;

/// A path of a route with something for each parameter.
fn filled(pattern: &str) -> String {
    let segment = |segment: &str| match segment.starts_with('{') {
        true => "1".to_owned(),
        false => segment.to_owned(),
    };
    pattern.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// Each route of a side: its path, whether it is a form, and who may.
fn routes<P: Visitor>(site: &Site<P>) -> Vec<(String, bool, Access)> {
    let route = |route: &super::super::Route<P>| {
        let is_post = matches!(route.handler, Handler::Post { .. });
        (filled(route.path), is_post, route.access)
    };
    site.routes.all().iter().map(route).collect()
}

async fn ask(client: &Client, path: &str, is_post: bool) -> StatusCode {
    let reply = if is_post { client.post(path, &[]).await } else { client.get(path).await };
    reply.status
}

#[tokio::test]
async fn every_route_of_the_console_is_for_the_roles_that_its_table_names() {
    let stage = Stage::new().await;
    let routes = routes(&stage.console);
    assert!(routes.len() > 20, "{routes:?}");
    for (path, is_post, access) in routes {
        let guest = stage.console_guest();
        let reply = if is_post { guest.post(&path, &[]).await } else { guest.get(&path).await };
        if access == Access::Anyone {
            assert_ne!(reply.status, StatusCode::FORBIDDEN, "{path}");
            continue;
        }
        let location = reply.location.unwrap_or_default();
        assert!(location.starts_with("/sign-in"), "a stranger at {path}: {location}");
        // The password of the session was given right now, so no proof is asked for. Whoever may
        // not is refused before the form is looked at.
        for role in Role::ALL {
            let may = match access {
                Access::May(permission) => role.may(permission),
                Access::Anyone | Access::SignedIn => true,
            };
            if may && is_post {
                continue;
            }
            let status = ask(&stage.console(role), &path, is_post).await;
            let is_refused = status == StatusCode::FORBIDDEN;
            assert_eq!(is_refused, !may, "{} at {path}: {status}", role.as_str());
            assert!(!status.is_server_error(), "{} at {path}: {status}", role.as_str());
        }
    }
}

#[tokio::test]
async fn every_route_of_the_portal_is_for_customers() {
    let stage = Stage::new().await;
    for (path, is_post, access) in routes(&stage.portal) {
        assert!(matches!(access, Access::Anyone | Access::SignedIn), "{path} is no operator's");
        if access == Access::Anyone {
            continue;
        }
        let guest = stage.portal_guest();
        let reply = if is_post { guest.post(&path, &[]).await } else { guest.get(&path).await };
        assert!(reply.location.unwrap_or_default().starts_with("/sign-in"), "{path}");
        if !is_post {
            let status = ask(&stage.portal(), &path, false).await;
            assert!(!status.is_server_error(), "{path}: {status}");
        }
    }
}

#[tokio::test]
async fn a_form_that_comes_from_elsewhere_changes_nothing() {
    let stage = Stage::new().await;
    let owner = stage.console(Role::Owner);
    let site = |site: &'static str| vec![("sec-fetch-site", site)];
    let origin = |origin: &'static str| vec![("origin", origin)];
    for (headers, status) in [
        (site("same-origin"), StatusCode::SEE_OTHER),
        (site("cross-site"), StatusCode::FORBIDDEN),
        (site("same-site"), StatusCode::FORBIDDEN),
        (origin("http://127.0.0.1:8081"), StatusCode::SEE_OTHER),
        (origin("http://evil.example"), StatusCode::FORBIDDEN),
        (origin("null"), StatusCode::FORBIDDEN),
        (Vec::new(), StatusCode::FORBIDDEN),
    ] {
        let fields = [("theme", "dark"), ("zone", "utc")];
        let reply = owner.post_with("/me/preferences", &fields, &headers).await;
        assert_eq!(reply.status, status, "{headers:?}");
    }
    let from_elsewhere = owner.post_with("/sign-out", &[], &site("cross-site")).await;
    assert_eq!(from_elsewhere.status, StatusCode::FORBIDDEN);
    assert_eq!(owner.get("/").await.status, StatusCode::OK, "nobody was signed out");
}

#[tokio::test]
async fn every_answer_is_protected() {
    let stage = Stage::new().await;
    let owner = stage.console(Role::Owner);
    for path in ["/", "/sign-in", "/nothing", "/live?of=/&once", "/modems/1/recording.txt"] {
        let reply = owner.get(path).await;
        let header = |name: &str| reply.headers.get(name).map(|value| value.to_str().unwrap());
        let policy = header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{path}: {policy}");
        assert!(policy.contains("require-trusted-types-for 'script'"));
        assert_eq!(header("x-content-type-options"), Some("nosniff"));
        assert_eq!(header("referrer-policy"), Some("same-origin"));
        assert_eq!(header("cross-origin-opener-policy"), Some("same-origin"));
        assert_eq!(header("x-robots-tag"), Some("noindex"));
        assert!(header("x-request-id").is_some());
        assert_eq!(header("strict-transport-security"), None, "there is no TLS");
    }
    let origin = Some("https://sms.example.org".parse().unwrap());
    let stage = Stage::with(SiteSettings { origin, ..SiteSettings::default() }).await;
    let reply = stage.console_guest().get("/sign-in").await;
    assert!(reply.headers.contains_key("strict-transport-security"));
}

#[tokio::test]
async fn other_hosts_and_other_methods_are_not_answered() {
    let stage = Stage::new().await;
    let owner = stage.console(Role::Owner);
    let at = |host: &'static str| request(Method::GET, "/", Body::empty(), &[("host", host)]);
    assert_eq!(owner.send(at("localhost:9999")).await.status, StatusCode::OK);
    let elsewhere = owner.send(at("evil.example")).await;
    assert_eq!(elsewhere.status, StatusCode::MISDIRECTED_REQUEST);
    let forwarded = request(Method::GET, "/", Body::empty(), &[("x-forwarded-for", "192.0.2.7")]);
    let reply = owner.send(forwarded).await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    assert!(reply.text().contains("ssh -L 8081:127.0.0.1:8081"), "{}", reply.text());
    let put = request(Method::PUT, "/", Body::empty(), &[]);
    assert_eq!(owner.send(put).await.status, StatusCode::METHOD_NOT_ALLOWED);
    let head = request(Method::HEAD, "/", Body::empty(), &[]);
    assert_eq!(owner.send(head).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_session_asks_for_so_many_pages_a_minute() {
    let stage = Stage::new().await;
    let viewer = stage.console(Role::Viewer);
    for _ in 0..600 {
        assert_eq!(viewer.get("/people").await.status, StatusCode::FORBIDDEN);
    }
    let refused = viewer.get("/people").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(stage.console(Role::Owner).get("/").await.status, StatusCode::OK);
    stage.fixture.pass(60);
    assert_eq!(viewer.get("/people").await.status, StatusCode::FORBIDDEN);
}
