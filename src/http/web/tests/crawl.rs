//! Every page that can be reached by links, for each kind of visitor: no link fails, no id comes
//! twice, and nothing is in a page that its policy forbids.

use std::collections::{BTreeSet, HashMap};

use axum::http::StatusCode;
use regex::Regex;

use super::Stage;
use super::stage::{Client, Reply};
use crate::domain::login::Role;

/// The most pages that are looked at.
const MOST: usize = 500;

fn all<'t>(pattern: &str, text: &'t str) -> Vec<&'t str> {
    let pattern = Regex::new(pattern).unwrap();
    pattern.captures_iter(text).map(|found| found.get(1).unwrap().as_str()).collect()
}

/// What is wrong with a page.
fn faults(path: &str, reply: &Reply) -> Vec<String> {
    let text = reply.text();
    let mut faults = Vec::new();
    let forbidden = [r"(<[a-z]+\s[^>]*\bstyle=)", r"(<[a-z]+\s[^>]*\bon[a-z]+=)", r"(<style)"];
    for pattern in forbidden {
        faults.extend(all(pattern, text).into_iter().map(|found| format!("{path}: {found}")));
    }
    let scripts = all(r"(<script[^>]*>)", text).into_iter();
    faults.extend(
        scripts
            .filter(|script| !script.contains("src=\"/assets/"))
            .map(|script| format!("{path}: {script}")),
    );
    let mut ids = HashMap::<&str, usize>::new();
    all(r#"\sid="([^"]*)""#, text).into_iter().for_each(|id| *ids.entry(id).or_default() += 1);
    let twice = ids.into_iter().filter(|(_, count)| *count > 1);
    faults.extend(twice.map(|(id, count)| format!("{path}: the id {id} is there {count} times")));
    if text.matches("<h1").count() != 1 {
        faults.push(format!("{path}: there is not one h1"));
    }
    faults
}

/// The addresses that a page links to, on this site.
fn links(text: &str) -> Vec<String> {
    let links = all(r##"\shref="(/[^"#]*)"##, text).into_iter();
    links.map(|link| link.replace("&amp;", "&")).collect()
}

/// Looks at all pages from the first one on. Answers their paths and what is wrong with them.
async fn crawl(client: &Client) -> (BTreeSet<String>, Vec<String>) {
    let mut waiting = vec!["/".to_owned(), "/me".to_owned(), "/me/second-factor".to_owned()];
    let (mut seen, mut wrong) = (BTreeSet::new(), Vec::new());
    while let Some(address) = waiting.pop() {
        if seen.len() >= MOST || !seen.insert(address.clone()) {
            continue;
        }
        let reply = client.get(&address).await;
        if reply.status != StatusCode::OK {
            wrong.push(format!("{address}: {}", reply.status));
            continue;
        }
        let kind = reply.headers.get("content-type").unwrap().to_str().unwrap();
        if kind.starts_with("text/html") {
            wrong.extend(faults(&address, &reply));
            waiting.extend(links(reply.text()));
        }
    }
    (seen, wrong)
}

#[tokio::test]
async fn no_link_fails_and_no_page_has_what_its_policy_forbids() {
    let stage = Stage::new().await;
    for role in Role::ALL {
        let (seen, wrong) = crawl(&stage.console(role)).await;
        assert!(wrong.is_empty(), "{}:\n{}", role.as_str(), wrong.join("\n"));
        assert!(seen.len() >= 8, "{}: {seen:?}", role.as_str());
    }
    let (seen, wrong) = crawl(&stage.portal()).await;
    assert!(wrong.is_empty(), "customer:\n{}", wrong.join("\n"));
    assert!(seen.len() >= 4, "{seen:?}");
}

#[tokio::test]
async fn a_viewer_sees_no_text_and_no_whole_number() {
    let stage = Stage::new().await;
    let (seen, _) = crawl(&stage.console(Role::Viewer)).await;
    let viewer = stage.console(Role::Viewer);
    for address in seen {
        let text = viewer.get(&address).await.text().to_owned();
        for secret in ["846691", "31612000001", "0612000001", "31612000002", "0612000002"] {
            assert!(!text.contains(secret), "{address} shows {secret}");
        }
    }
}

#[tokio::test]
async fn pages_without_a_session_keep_the_policy_too() {
    let stage = Stage::new().await;
    for path in ["/sign-in", "/link", "/sign-in?to=/modems"] {
        let reply = stage.console_guest().get(path).await;
        assert_eq!(reply.status, StatusCode::OK, "{path}");
        assert_eq!(faults(path, &reply), [""; 0]);
    }
    let missing = stage.console_guest().get("/nothing").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert_eq!(faults("/nothing", &missing), [""; 0]);
}
