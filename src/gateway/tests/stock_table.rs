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

#[tokio::test]
async fn pages_share_for_a_second_what_is_read_of_a_country() {
    let fixture = Fixture::open().await;
    for n in 1..=2 {
        fixture.plug(n).await;
    }
    fixture.service("Uber", &["^Uber$"]).await;
    let stock = fixture.gateway.stock();
    let explain = async |service: &str| {
        let (service, whom) = (service.to_owned(), Whom::default());
        let explained = stock.explain_shared(service, "NL", whom, Freshness::Recent).await;
        let (why, sims) = explained.unwrap();
        (why.available, sims.iter().filter(|sim| sim.unavailable.is_none()).count())
    };
    assert_eq!(explain("Uber").await, (2, 2));
    fixture.gateway.sims().set_rest(iccid(1), Duration::from_secs(3600)).await.unwrap();
    assert_eq!(explain(RENTALS).await, (2, 2), "as it was a moment ago");
    // Where a SIM is, is not shared.
    fixture.silence(2);
    assert_eq!(explain("Uber").await, (1, 1));
    fixture.pass(1);
    assert_eq!(explain("Uber").await, (0, 0));
    let exact = stock.explain("Uber".to_owned(), "NL", None).await.unwrap();
    assert_eq!(exact.available, 0);
}

#[tokio::test]
async fn a_showcase_has_what_the_api_offers_as_it_was_some_seconds_ago() {
    let fixture = Fixture::open().await;
    for n in 1..=3 {
        fixture.plug(n).await;
    }
    let (ann, bob) = (fixture.customer("ann", 500).await, fixture.customer("bob", 500).await);
    let plain = fixture.service("Plain", &[]).await;
    fixture.service("Uber", &["^Uber$"]).await;
    let skipped = fixture.order(bob, plain).await;
    fixture.gateway.orders().skip(bob, skipped).await.unwrap();
    let stock = fixture.gateway.stock();
    let counts = |offers: Vec<Offer>| {
        offers.into_iter().map(|(service, _, count)| (service.name, count)).collect::<Vec<_>>()
    };
    let seen = async |account| {
        let showcase = stock.showcase(account, Freshness::Recent).await.unwrap();
        assert_eq!(showcase.countries.iter().filter(|(_, has_numbers)| *has_numbers).count(), 1);
        assert!(showcase.countries.contains(&("NL".to_owned(), true)));
        assert!(stock.offers_in(&showcase, "XX").await.unwrap().is_none());
        counts(stock.offers_in(&showcase, "nl").await.unwrap().unwrap())
    };
    for account in [ann, bob] {
        let offered = counts(stock.offers(account, "NL").await.unwrap().unwrap());
        assert_eq!(seen(account).await, offered);
    }
    fixture.order(ann, plain).await;
    let before = [("Plain".to_owned(), 2), ("Uber".to_owned(), 3)];
    assert_eq!(seen(bob).await, before, "of a moment ago");
    fixture.pass(3);
    let after = [("Plain".to_owned(), 1), ("Uber".to_owned(), 2)];
    assert_eq!(seen(bob).await, after);
    assert_eq!(counts(stock.offers(bob, "NL").await.unwrap().unwrap()), after);
}
