//! The stock as the operator sees it: the table agrees with what explains its cells, and that with
//! the SIMs.

use super::*;
use crate::domain::availability::UnavailableReason;
use crate::domain::sim::Pool;

#[tokio::test]
async fn a_cells_reasons_and_what_is_available_add_up_to_its_sims() {
    let fixture = Fixture::open().await;
    for n in 1..=8 {
        fixture.plug(n).await;
    }
    let (ann, bob) = (fixture.customer("ann", 500).await, fixture.customer("bob", 500).await);
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    let plain = fixture.service("Plain", &[]).await;
    let sims = fixture.gateway.sims();
    fixture.order(ann, uber).await;
    fixture.sms(1, "Uber", "code 1234").await;
    let skipped = fixture.order(bob, uber).await;
    fixture.gateway.orders().skip(bob, skipped).await.unwrap();
    fixture.order(ann, plain).await;
    sims.set_rest(iccid(6), Duration::from_secs(3600)).await.unwrap();
    sims.set_pool(iccid(7), Pool::Rentals).await.unwrap();
    fixture.silence(8);
    let table = fixture.gateway.stock().table(Freshness::Next).await.unwrap();
    assert_eq!(table.countries, ["NL"]);
    for (service, place) in [("Uber", 0), ("Plain", 1)] {
        let explained = fixture.gateway.stock().explain_sims(service.into(), "NL", Whom::default());
        let (why, sims) = explained.await.unwrap();
        let of = |wanted| sims.iter().filter(|sim| sim.unavailable == wanted).count();
        assert_eq!((why.sims, sims.len()), (8, 8), "{service}");
        assert_eq!(why.available, of(None), "{service}");
        for (reason, count) in &why.unavailable {
            assert_eq!(*count, of(Some(*reason)), "{service} {reason:?}");
        }
        let unavailable: usize = why.unavailable.iter().map(|(_, count)| count).sum();
        assert_eq!(why.available + unavailable, why.sims, "{service}");
        let row = &table.services[place];
        assert_eq!((row.name.as_str(), row.counts[0]), (service, Some(why.available)));
        assert_eq!(row.least(), Some(why.available));
    }
    let stock = fixture.gateway.stock();
    let of_bob = Whom { account: Some("bob".into()), key: None };
    let (why, _) = stock.explain_sims("Uber".into(), "NL", of_bob).await.unwrap();
    assert!(why.unavailable.contains(&(UnavailableReason::Skipped, 1)), "{why:?}");
    let (rentals, _) = stock.explain_sims(RENTALS.to_owned(), "NL", Whom::default()).await.unwrap();
    assert_eq!(table.rentals, [rentals.available]);
}

#[tokio::test]
async fn a_service_that_is_not_sold_in_a_country_has_no_count_there() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    fixture.service("Uber", &["^Uber$"]).await;
    let off = [("NL".to_owned(), Some(crate::domain::catalogue::CountryPrice::Off))].into();
    let edit = ServiceEdit { country_prices: off, ..ServiceEdit::default() };
    fixture.gateway.services().edit("Uber".into(), edit).await.unwrap();
    let table = fixture.gateway.stock().table(Freshness::Recent).await.unwrap();
    assert_eq!(
        (table.services[0].counts.as_slice(), table.services[0].least()),
        (&[None][..], None)
    );
    fixture.gateway.services().set_enabled("Uber".into(), false).await.unwrap();
    fixture.pass(5);
    let table = fixture.gateway.stock().table(Freshness::Recent).await.unwrap();
    assert!(table.services.is_empty(), "what cannot be ordered has no stock");
}
