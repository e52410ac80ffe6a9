//! The inbox, a message, and the audit.

use axum::http::StatusCode;

use super::deeds_of;
use crate::domain::BlockList;
use crate::domain::block_list::BlockRule;
use crate::domain::login::Role;
use crate::gateway::Settings;
use crate::http::web::tests::Stage;

#[tokio::test]
async fn the_inbox_is_filtered_and_searched_and_each_look_is_in_the_audit() {
    let stage = Stage::new().await;
    stage.fixture.sms(1, "Lyft", "nobody waits for this").await;
    stage.fixture.arrive(1, &[0xff, 0xff]).await;
    let operator = stage.console(Role::Operator);
    let ids = async |query: &str| {
        let fields: Vec<(String, String)> =
            form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let page = operator.search("/messages", &fields).await;
        assert_eq!(page.status, StatusCode::OK, "{query}");
        let has = |id: &i64| page.text().contains(&format!("id=\"messages-{id}\""));
        (1..=4).filter(has).collect::<Vec<i64>>()
    };
    assert_eq!(ids("").await, [1, 2, 3, 4]);
    assert_eq!(ids("state=unclaimed").await, [2, 3]);
    assert_eq!(ids("state=undecodable").await, [4]);
    assert_eq!(ids(&format!("order={}", stage.order)).await, [1]);
    assert_eq!(ids("text=WAITS").await, [3]);
    assert_eq!(ids("text=nothing+like+it").await, [0; 0]);
    assert_eq!(ids("state=unknown").await, [0; 0]);
    let page = operator.get("/messages?state=undecodable").await;
    assert!(page.text().contains(">undecodable</span>"), "{}", page.text());
    let deeds = deeds_of(&stage, "operator").await;
    let saw = |what: &str| deeds.contains(&format!("saw the messages {what}"));
    assert!(saw("all SIMs") && saw("order 1") && saw("all SIMs, found by a word"), "{deeds:?}");
}

#[tokio::test]
async fn a_message_is_opened_and_that_is_in_the_audit_with_the_person() {
    let stage = Stage::new().await;
    let operator = stage.console(Role::Operator);
    let page = operator.get("/messages/1").await;
    for piece in ["Your &lt;script&gt;code&lt;/script&gt; is 846691", ">order 1</a>", "(PDU)"] {
        assert!(page.text().contains(piece), "{piece}\n{}", page.text());
    }
    assert!(deeds_of(&stage, "operator").await.contains(&"saw the messages message 1".to_owned()));
    let viewed = stage.console(Role::Viewer).get("/messages/1").await;
    assert!(viewed.text().contains("hidden") && !viewed.text().contains("(PDU)"));
    let missing = operator.get("/messages/99").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn whoever_sees_no_texts_cannot_search_in_them() {
    let stage = Stage::new().await;
    let viewer = stage.console(Role::Viewer);
    let page = viewer.search("/messages", &[("text", "no-such-word")]).await;
    assert!(page.text().contains("id=\"messages-1\""), "the search is left out");
    assert!(!page.text().contains("name=\"text\""), "{}", page.text());
}

#[tokio::test]
async fn the_audit_is_filtered_by_person_deed_and_day_and_is_a_file_too() {
    let stage = Stage::new().await;
    let operator = stage.console(Role::Operator);
    operator.get("/messages/1").await;
    let page = operator.get("/audit?user=operator&action=saw").await;
    assert!(page.text().contains("operator operator"), "{}", page.text());
    assert!(page.text().contains("message 1") && !page.text().contains("topped up"));
    let other = operator.get("/audit?user=nobody").await;
    assert!(other.text().contains("Nothing in the audit fits"), "{}", other.text());
    let wrong = operator.get("/audit?day=yesterday").await;
    assert!(wrong.text().contains("written like 2026-05-03"), "{}", wrong.text());
    let csv = operator.get("/audit.csv?user=operator&action=saw").await;
    let lines: Vec<&str> = csv.text().lines().collect();
    assert_eq!(lines[0], "id,time,actor,account,person,did,what,key,from");
    assert_eq!(lines.len(), 2, "{}", csv.text());
    assert!(lines[1].ends_with(",operator,,operator,saw the messages,message 1,,"), "{}", lines[1]);
}

#[tokio::test]
async fn the_block_list_shows_each_rule_with_its_patterns() {
    let stage = Stage::new().await;
    let rule = |name: &str, senders: &[&str], texts: &[&str]| BlockRule {
        name: name.to_owned(),
        senders: senders.iter().map(ToString::to_string).collect(),
        texts: texts.iter().map(ToString::to_string).collect(),
    };
    let viewer = stage.console(Role::Viewer);
    let empty = viewer.get("/block-list").await;
    assert!(empty.text().contains("Nothing is withheld"), "{}", empty.text());
    let rules = [rule("banks", &["^ING$", "^<b>$"], &[r"\biban\b"]), rule("own", &["^Doc$"], &[])];
    let block_list = BlockList::new(&rules).unwrap();
    let settings = stage.fixture.gateway.settings();
    stage.fixture.gateway.apply_settings(Settings { block_list, ..(*settings).clone() });
    stage.fixture.sms(1, "ING", "your iban has changed").await;
    let page = viewer.get("/block-list").await;
    for piece in ["2 patterns", "^ING$", "^&lt;b&gt;$", r"\biban\b", "^Doc$", "state=withheld"] {
        assert!(page.text().contains(piece), "{piece}\n{}", page.text());
    }
    let message = stage.console(Role::Operator).get("/messages/3").await;
    assert!(message.text().contains("href=\"/block-list\""), "{}", message.text());
}
