//! The daemon as a program.

use std::time::Duration;

use axum::http::StatusCode;

use crate::domain::login::Role;
use crate::gateway::{SiteLink, VerificationState};
use crate::http::web::tests::Stage;

#[tokio::test]
async fn the_database_is_checked_while_one_looks_elsewhere() {
    let stage = Stage::new().await;
    let operator = stage.console(Role::Operator);
    let begun = operator.post("/system/verify", &[]).await;
    assert_eq!(begun.location.as_deref(), Some("/system"), "{}", begun.text());
    let verification = stage.fixture.gateway.verification();
    while verification.report().is_some_and(|it| it.state == VerificationState::Running) {
        tokio::task::yield_now().await;
    }
    let page = operator.get("/system").await;
    assert!(page.text().contains("no faults"), "{}", page.text());
    let viewer = stage.console(Role::Viewer);
    assert!(!viewer.get("/system").await.text().contains("Check it"));
    assert_eq!(viewer.post("/system/verify", &[]).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn only_an_owner_gets_a_backup_and_the_configuration() {
    let stage = Stage::new().await;
    let operator = stage.console(Role::Operator);
    for address in ["/system/backup.db", "/system/configuration"] {
        assert_eq!(operator.get(address).await.status, StatusCode::FORBIDDEN, "{address}");
        assert!(!operator.get("/system").await.text().contains(address));
    }
    let owner = stage.console(Role::Owner);
    let copy = owner.get("/system/backup.db").await;
    assert_eq!(copy.status, StatusCode::OK);
    assert!(copy.text().starts_with("SQLite format 3"));
    let page = owner.get("/system/configuration").await;
    assert!(page.text().contains("orders.lifetime"), "{}", page.text());
    assert!(page.text().contains("/etc/simbridge.toml:4"), "{}", page.text());
    assert!(!owner.get("/system/configuration?key=http").await.text().contains("orders.lifetime"));
}

#[tokio::test]
async fn a_faulty_file_names_every_line_and_a_good_one_says_what_applies_and_what_waits() {
    let stage = Stage::new().await;
    let owner = stage.console(Role::Owner);
    let checked = owner.post("/system/configuration/check", &[]).await;
    for piece in ["/etc/simbridge.toml", ":7", "unknown key &lt;x&gt;", "is not used"] {
        assert!(checked.text().contains(piece), "{piece}\n{}", checked.text());
    }
    let read = owner.post("/system/configuration/reload", &[]).await;
    for piece in ["orders.lifetime = &quot;5m&quot;", "Waits for a restart", "http.listen"] {
        assert!(read.text().contains(piece), "{piece}\n{}", read.text());
    }
    stage.machine.reload_fails();
    let refused = owner.post("/system/configuration/reload", &[("request", "2")]).await;
    assert!(refused.text().contains(">a.toml:3: wrong<"), "{}", refused.text());
    assert!(refused.text().contains(">a.toml:9: wrong<"));
}

#[tokio::test]
async fn sites_have_a_table_when_there_are_any() {
    let stage = Stage::new().await;
    let viewer = stage.console(Role::Viewer);
    assert!(!viewer.get("/system").await.text().contains("Time to an answer"));
    let (sites, ams) = (stage.fixture.gateway.sites(), "ams".parse().unwrap());
    sites.add("ams".parse().unwrap()).await.unwrap();
    let address = "192.0.2.7:40000".parse().unwrap();
    sites.connected(&ams, SiteLink { version: "1.2.3".to_owned(), address }).unwrap();
    sites.note_question(&ams, Duration::from_millis(31));
    let page = viewer.get("/system").await.text().to_owned();
    for expected in [">ams<", ">connected<", "1.2.3", "0 of 0", "31 ms"] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    sites.disconnected(&ams);
    assert!(viewer.get("/system").await.text().contains(">down<"));
}
