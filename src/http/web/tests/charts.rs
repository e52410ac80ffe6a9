//! The pages of alarms and charts, the finder, and a customer's spending.

use axum::http::StatusCode;

use super::*;
use crate::domain::alarm::{Alarm, AlarmName};
use crate::domain::login::Role;
use crate::domain::sample::{Figures, SampleSpan, SampleTopic, beginning};

#[tokio::test]
async fn an_alarm_is_explained_acknowledged_with_a_word_and_found_in_the_history() {
    let stage = Stage::new().await;
    let alarms = stage.fixture.gateway.alarms();
    let stock_out = |subject: &str| Alarm {
        name: AlarmName::StockOut,
        subject: subject.to_owned(),
        text: "<i>no number is left</i>".to_owned(),
        in_shell: Some("`simbridge explain Uber NL` says why".to_owned()),
        members: Vec::new(),
    };
    alarms.observe(vec![stock_out("NL"), stock_out("UK")]).await.unwrap();
    let operator = stage.console(Role::Operator);
    let page = operator.get("/alarms").await;
    let ways = ["href=\"/stock?out=yes\"", "href=\"/sims?country=NL\""];
    for part in [&["&lt;i&gt;no number is left", "add more"][..], &ways].concat() {
        assert!(page.text().contains(part), "{part}: {}", page.text());
    }
    assert!(!page.text().contains("simbridge explain"), "pages lead to pages: {}", page.text());
    let acknowledge = [("alarm", "StockOut NL"), ("note", "ten SIMs on Friday")];
    let done = operator.post("/alarms/acknowledge", &acknowledge).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text());
    let known = operator.get("/alarms").await;
    assert!(known.text().contains("ten SIMs on Friday"), "{}", known.text());
    assert!(known.text().contains("<small> by operator, "), "{}", known.text());
    let empty = [("alarm", "StockOut UK"), ("note", "")];
    let refused = operator.post("/alarms/acknowledge", &empty).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let viewer = stage.console(Role::Viewer);
    assert!(!viewer.get("/alarms").await.text().contains("<form id=\"form-alarms"));
    alarms.observe(vec![stock_out("UK")]).await.unwrap();
    let page = operator.get("/alarms").await;
    let (_, history) = page.text().split_once("The last 90 days").unwrap();
    assert!(history.contains("ten SIMs on Friday") && history.contains(" by operator, "));
}

#[tokio::test]
async fn charts_have_the_figures_that_were_sampled_and_a_file_of_them() {
    let stage = Stage::new().await;
    let minute = SampleSpan::Minute.length();
    let at = beginning(stage.fixture.gateway.now(), minute).minus(minute);
    let figures = Figures::from([("received".to_owned(), 7.0)]);
    let counted = [(SampleTopic::Messages, figures)].into();
    stage.fixture.gateway.samples().record(at, counted).await.unwrap();
    let viewer = stage.console(Role::Viewer);
    let all = viewer.get("/charts").await;
    assert!(all.text().contains("7 messages came in the last 24 hours."), "{}", all.text());
    assert!(all.text().len() < 60_000);
    let one = viewer.get("/charts/messages?range=1h").await;
    assert!(one.text().contains("7 messages came in the last hour."), "{}", one.text());
    assert!(
        one.text().contains("<td class=\"number\" data-label=\"received\">420</td>"),
        "an hour: {}",
        one.text()
    );
    let file = viewer.get("/charts/messages/figures.csv?range=1h").await;
    assert!(file.text().contains(",420\r\n"), "{}", file.text());
    for address in ["/charts/pie", "/charts?range=2d", "/charts/messages?range=x"] {
        assert_eq!(viewer.get(address).await.status, StatusCode::NOT_FOUND, "{address}");
    }
}

#[tokio::test]
async fn the_finder_leads_to_what_a_word_is() {
    let stage = Stage::new().await;
    let owner = stage.console(Role::Owner);
    let found = owner.search("/find", &[("q", "+31612000001")]).await;
    assert!(found.text().contains("SIM 893108"), "{}", found.text());
    assert!(found.text().contains("value=\"+31612000001\""), "the box keeps the word");
    let nothing = owner.search("/find", &[("q", "nothing-like-it")]).await;
    assert!(nothing.text().contains("Nothing is called so."));
    let too_long = owner.search("/find", &[("q", &"1".repeat(65))]).await;
    assert_eq!(too_long.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(too_long.text().contains("Write from 1 to 64 characters"), "{}", too_long.text());
    assert_eq!(owner.get("/find").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_customer_sees_what_was_spent_day_by_day() {
    let stage = Stage::new().await;
    let portal = stage.portal();
    let page = portal.get("/account/spending").await;
    assert!(page.text().contains("in the last 30 days."), "{}", page.text());
    let file = portal.get("/account/spending.csv").await;
    assert_eq!(file.text().lines().count(), 31);
}
