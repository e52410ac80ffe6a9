//! What was earned.

use axum::http::StatusCode;

use super::*;

#[tokio::test]
async fn revenue_is_added_up_by_what_is_asked_for_and_can_be_downloaded() {
    let stage = Stage::new().await;
    let (viewer, gateway) = (stage.console(Role::Viewer), &stage.fixture.gateway);
    let order = gateway.orders().details(stage.order).await.unwrap().unwrap().view.order;
    let earned = gateway.currency().text(order.price);
    let day = gateway.now().to_string();
    let (month, day) = (&day[..7], &day[..10]);
    for (query, group) in [
        ("", "Uber &lt;b&gt;"),
        ("?by=country", "/sims?country=NL"),
        ("?by=account", "uber@portal"),
        ("?by=sim", "href=\"/sims/"),
        ("?by=day", day),
        (&format!("?by=month&from={month}-01"), month),
    ] {
        let page = viewer.get(&format!("/revenue{query}")).await;
        assert_eq!(page.status, StatusCode::OK, "{query}");
        assert!(page.text().contains(group), "{query}: {}", page.text());
        let cell = format!("data-label=\"Earned, USD\">{earned}</td>");
        assert!(page.text().contains(&cell), "{query}: {}", page.text());
        let file = viewer.get(&format!("/revenue.csv{query}")).await;
        assert!(file.text().contains(&format!(",1,0,0,{earned},USD\r\n")), "{}", file.text());
    }
    let other = viewer.get("/revenue?from=2001-01-01&to=2001-01-31").await;
    assert!(other.text().contains("Nothing was charged in this time."), "{}", other.text());
    let wrong = viewer.get("/revenue?from=2001-02-01&to=2001-01-31").await;
    assert!(wrong.text().contains("The last day is before the first."), "{}", wrong.text());
}
