//! The pages of the stock.

use super::*;

#[tokio::test]
async fn a_cell_explains_itself_and_each_reason_leads_to_its_sims() {
    let stage = Stage::new().await;
    let viewer = stage.console(Role::Viewer);
    let gateway = stage.fixture.gateway;
    let table = gateway.stock().table(Freshness::Next).await.unwrap();
    let (row, country) = (&table.services[0], &table.countries[0]);
    let list = viewer.get("/stock").await.text().to_owned();
    let cell = format!("/stock/{}/{country}", row.service);
    assert!(list.contains(&format!("href=\"{cell}\"")), "{list}");
    assert!(list.contains("Uber &lt;b&gt;") && !list.contains("Uber <b>"), "{list}");
    assert!(list.contains(&format!("href=\"/stock/rentals/{country}\"")), "{list}");
    let whom = Whom::default();
    let (why, sims) =
        gateway.stock().explain_sims(row.service.to_string(), country, whom).await.unwrap();
    let shown = viewer.get(&cell).await.text().to_owned();
    assert!(shown.contains(&format!("of {} SIMs, for everybody", why.sims)), "{shown}");
    for (reason, count) in why.unavailable.iter().filter(|(_, count)| *count > 0) {
        let word = reason.as_str();
        assert!(shown.contains(&format!("href=\"{cell}?state={word}\"")), "{shown}");
        let of_reason = viewer.get(&format!("{cell}?state={word}")).await.text().to_owned();
        let listed = of_reason.matches("id=\"sim-").count();
        assert_eq!(listed, *count, "{word}");
    }
    let available = viewer.get(&format!("{cell}?state=available")).await.text().to_owned();
    let counted = sims.iter().filter(|sim| sim.unavailable.is_none()).count();
    assert_eq!(available.matches("id=\"sim-").count(), counted);
    assert_eq!(viewer.get(&format!("/stock/rentals/{country}")).await.status.as_u16(), 200);
}

#[tokio::test]
async fn of_a_service_that_is_off_sale_nothing_is_available() {
    let stage = Stage::new().await;
    let viewer = stage.console(Role::Viewer);
    let gateway = stage.fixture.gateway;
    let table = gateway.stock().table(Freshness::Next).await.unwrap();
    let (service, country) = (table.services[0].service, &table.countries[0]);
    let why = async || gateway.stock().explain(service.to_string(), country, None).await.unwrap();
    assert!(why().await.is_sold);
    gateway.services().set_enabled(service.to_string(), false).await.unwrap();
    let off = why().await;
    assert_eq!((off.is_sold, off.is_off_sale, off.available), (false, true, 0));
    let shown = viewer.get(&format!("/stock/{service}/{country}")).await.text().to_owned();
    assert!(shown.contains("The service is off sale"), "{shown}");
    assert!(!shown.contains("It can be given out now."), "{shown}");
}

#[tokio::test]
async fn a_cell_is_explained_for_one_account_and_what_is_not_there_is_not_found() {
    let stage = Stage::new().await;
    let operator = stage.console(Role::Operator);
    let gateway = stage.fixture.gateway;
    let account = gateway.accounts().add("<poor>".to_owned()).await.unwrap();
    let table = gateway.stock().table(Freshness::Next).await.unwrap();
    let cell = format!("/stock/{}/{}", table.services[0].service, table.countries[0]);
    let shown = operator.get(&format!("{cell}?account={}", account.id)).await.text().to_owned();
    assert!(shown.contains("are free, this costs"), "{shown}");
    for address in [
        format!("{cell}?state=nonsense"),
        format!("/stock/Nonsense/{}", table.countries[0]),
        "/stock/rentals/XX".to_owned(),
    ] {
        assert_eq!(operator.get(&address).await.status.as_u16(), 404, "{address}");
    }
    let nobody = operator.get(&format!("{cell}?account=nobody")).await;
    assert_eq!(nobody.status.as_u16(), 422);
    assert!(nobody.text().contains("href=\"#filter-account\""), "{}", nobody.text());
    let none = operator.get("/stock?service=nonsense").await.text().to_owned();
    assert!(none.contains("There is nothing to sell like that."), "{none}");
}
