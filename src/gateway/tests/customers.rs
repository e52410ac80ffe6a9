//! What belongs to one customer: its own prices, who asked for it and from where, what it skipped.

use super::limits::key_of;
use super::*;
use crate::domain::audit::Actor;

/// Sets a price of an account's own.
async fn price(
    fixture: &Fixture,
    service: &str,
    country: Option<&str>,
    price: &str,
) -> Result<Vec<PriceView>, String> {
    let edit = PriceEdit {
        service: service.into(),
        country: country.map(str::to_owned),
        price: price.into(),
    };
    let set = fixture.gateway.accounts().set_price("ann".into(), edit).await;
    set.map_err(|error| error.to_string())
}

#[tokio::test]
async fn an_account_pays_its_own_price_and_an_order_keeps_what_it_was_made_at() {
    let fixture = Fixture::with(Settings { max_open_per_account: 9, ..default_settings() }).await;
    for sim in 1..=4 {
        fixture.plug(sim).await;
    }
    let (ann, bob) = (fixture.customer("ann", 500).await, fixture.customer("bob", 500).await);
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    let offered = async |account| {
        let offers = fixture.gateway.stock().offers(account, "nl").await.unwrap().unwrap();
        offers[0].1.0
    };
    assert_eq!((offered(ann).await, offered(bob).await), (50, 50));
    price(&fixture, "Uber", Some("nl"), "0.30").await.unwrap();
    price(&fixture, "*", None, "10%").await.unwrap();
    assert_eq!((offered(ann).await, offered(bob).await), (30, 50));
    let order = fixture.order(ann, uber).await;
    fixture.order(bob, uber).await;
    assert_eq!((fixture.funds(ann).await, fixture.funds(bob).await), ((500, 30), (500, 50)));
    let left = price(&fixture, "Uber", Some("NL"), "default").await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(offered(ann).await, 5);
    fixture.pass(1);
    fixture.sms(1, "Uber", "code 1111").await;
    fixture.sms(2, "Uber", "code 2222").await;
    assert_eq!(fixture.funds(ann).await, (470, 0), "what was held is charged");
    price(&fixture, "*", None, "80%").await.unwrap();
    let reused = fixture.gateway.orders().reuse(ann, order).await.unwrap();
    assert!(matches!(reused, Reuse::Made { .. }), "{reused:?}");
    assert_eq!(fixture.funds(ann).await, (470, 20), "half of its own price");
    for (said, why) in [
        (("*", None, "0.50"), "a price for every service is a share of each one's price, like 90%"),
        (("Uber", None, "-1"), "-1: a price is an amount like 0.60, a share of"),
        (("Uber", Some("XX"), "1"), "no country XX"),
        (("Ubre", None, "1"), "no service Ubre"),
    ] {
        let refused = price(&fixture, said.0, said.1, said.2).await.unwrap_err();
        assert!(refused.contains(why), "{refused}");
    }
    let audit = fixture.gateway.audit().rows(RowLimit::ALL).await.unwrap();
    let subject = "account 1 ann, price of Uber in NL from 0.30 to default";
    assert_eq!(audit.iter().filter(|row| row.subject == subject).count(), 1);
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_service_with_an_own_price_is_removed_with_it() {
    let fixture = Fixture::open().await;
    fixture.customer("ann", 500).await;
    fixture.service("Uber", &["^Uber$"]).await;
    assert_eq!(price(&fixture, "uber", None, "0.30").await.unwrap()[0].service, "Uber");
    fixture.gateway.services().remove("Uber".into()).await.unwrap();
    assert_eq!(fixture.gateway.accounts().prices("ann".into()).await.unwrap(), []);
}

#[tokio::test]
async fn who_asked_and_from_where_is_told_and_the_address_goes_first() {
    let settings =
        Settings { addresses_kept: Some(Duration::from_secs(1_000)), ..default_settings() };
    let fixture = Fixture::with(settings).await;
    fixture.plug(1).await;
    fixture.plug(2).await;
    fixture.customer("ann", 5_000).await;
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    let (prefix, mut by) = key_of(&fixture, "ann", KeyEdit::default()).await;
    by.client = Some("192.0.2.7".parse().unwrap());
    let (orders, rentals) = (fixture.gateway.orders(), fixture.gateway.rentals());
    let made = orders.make(by.clone(), Some(uber), "nl").await.unwrap();
    let MakeOrder::Made { order, .. } = made else { panic!("{made:?}") };
    let rented = rentals.rent(by.clone(), Some("nl"), "1m", true).await.unwrap();
    let Rent::Made(rental) = rented else { panic!("{rented:?}") };
    rentals.set_auto_renew(by.clone(), rental.id, false).await.unwrap();
    let told = async || {
        let order = orders.history(order).await.unwrap();
        let rental = rentals.history(rental.id).await.unwrap();
        let audit = fixture.gateway.audit().rows(RowLimit::ALL).await.unwrap();
        let of_customer = audit.into_iter().filter(|row| row.actor == Actor::Account(by.account));
        let rows: Vec<_> = of_customer.map(|row| (row.key, row.client)).collect();
        let keys = [order.entries[0].key.clone(), rental.entries[0].key.clone()];
        (keys, [order.client, rental.client], rows)
    };
    let (key, client) = (Some(prefix), Some("192.0.2.7".to_owned()));
    let both = (key.clone(), client.clone());
    let kept = ([key.clone(), key.clone()], [client.clone(), client], vec![both.clone(), both]);
    assert_eq!(told().await, kept);
    fixture.pass(1_200);
    let next = fixture.gateway.due_work().run_due_work().await.unwrap();
    assert!(next.is_none_or(|next| next > fixture.gateway.now()), "{next:?}");
    let row = (key.clone(), None);
    assert_eq!(told().await, ([key.clone(), key], [None, None], vec![row.clone(), row]));
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_skip_is_undone_and_its_number_ordered_again() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let ann = fixture.customer("ann", 500).await;
    let (uber, lyft) =
        (fixture.service("Uber", &["^Uber$"]).await, fixture.service("Lyft", &["^Lyft$"]).await);
    let orders = fixture.gateway.orders();
    for service in [uber, lyft] {
        let order = fixture.order(ann, service).await;
        orders.skip(ann, order).await.unwrap();
        assert_eq!(fixture.make(ann, service).await, MakeOrder::NoPhone);
    }
    let skips = orders.skips("ann".into(), ListRequest::default()).await.unwrap();
    let told: Vec<_> = skips.iter().map(|skip| (skip.service, skip.number.as_str())).collect();
    assert_eq!(told, [(uber, "+31612000001"), (lyft, "+31612000001")]);
    let undo = async |number: &str, service: Option<&str>| {
        let service = service.map(str::to_owned);
        let undone = orders.undo_skips("ann".into(), number.into(), service).await;
        undone.map(|undone| undone.len()).map_err(|error| error.to_string())
    };
    assert_eq!(undo("0612000001", Some("uber")).await, Ok(1));
    assert!(matches!(fixture.make(ann, uber).await, MakeOrder::Made { .. }));
    let refused = undo("0612000001", Some("Uber")).await.unwrap_err();
    assert!(refused.contains("`simbridge skip list ann` shows those"), "{refused}");
    assert!(undo("1", None).await.unwrap_err().contains("not a number"));
    assert_eq!(undo("+31612000001", None).await, Ok(1));
    assert_eq!(orders.skips("ann".into(), ListRequest::default()).await.unwrap(), []);
    let audit = fixture.gateway.audit().rows(RowLimit::ALL).await.unwrap();
    let undone: Vec<_> = audit
        .iter()
        .filter(|row| row.action == "undid a skip of")
        .map(|row| &row.subject)
        .collect();
    assert_eq!(
        undone,
        ["account 1 ann, …001 for Uber, order 1", "account 1 ann, …001 for Lyft, order 2"]
    );
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_customers_choose_for_the_portal_is_their_accounts_alone() {
    let fixture = Fixture::open().await;
    let (ann, bob) = (fixture.customer("ann", 0).await, fixture.customer("bob", 0).await);
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    let lyft = fixture.service("Lyft", &["^Lyft$"]).await;
    let accounts = fixture.gateway.accounts();
    accounts.show_api_ids(ann, true).await.unwrap();
    accounts.set_favourite(ann, uber, true).await.unwrap();
    accounts.set_favourite(ann, lyft, true).await.unwrap();
    accounts.set_favourite(ann, uber, true).await.unwrap();
    accounts.set_favourite(ann, ServiceId(99), true).await.unwrap_err();
    let of = async |account| accounts.portal_choices(account).await.unwrap();
    assert_eq!(
        of(ann).await,
        PortalChoices { shows_api_ids: true, favourites: [uber, lyft].into_iter().collect() }
    );
    assert_eq!(of(bob).await, PortalChoices::default());
    fixture.gateway.services().remove("Lyft".into()).await.unwrap();
    accounts.set_favourite(ann, lyft, false).await.unwrap();
    assert_eq!(of(ann).await.favourites, [uber].into_iter().collect());
    accounts.erase("ann".into(), false).await.unwrap();
    assert_eq!(of(ann).await, PortalChoices::default());
}
