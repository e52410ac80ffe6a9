//! Orders as customers' programs for number markets make and use them.

use super::*;
use crate::domain::order::OrderStage;
use crate::domain::sim::Pool;

fn purchase(service: ServiceId) -> Purchase {
    Purchase {
        service,
        country: PurchaseCountry::Code("NL".into()),
        operators: Vec::new(),
        price: PriceCondition::default(),
        avoided_prefixes: Vec::new(),
        reference: None,
        dialect: Dialect::HandlerApi,
    }
}

impl Fixture {
    async fn buy(&self, account: AccountId, purchase: Purchase) -> Bought {
        self.gateway.orders().buy(account.into(), purchase).await.unwrap()
    }

    /// Buys a number for a service, which must succeed; answers the order and the SIM.
    async fn bought(&self, account: AccountId, service: ServiceId) -> (OrderId, u16) {
        match self.buy(account, purchase(service)).await {
            Bought::Order(made) => (made.order.id, sim_of(&made)),
            other => panic!("{other:?}"),
        }
    }

    async fn step(
        &self,
        by: AccountId,
        order: OrderId,
        step: MarketStep,
    ) -> Result<(), StepRefusal> {
        self.gateway.orders().market_step(by, order, step).await.unwrap()
    }

    /// Where an order stands, its code, and whether another one is awaited.
    async fn stands(
        &self,
        account: AccountId,
        order: OrderId,
    ) -> (OrderStage, Option<String>, bool) {
        let orders = self.gateway.orders();
        let shown = orders.market_order(account.into(), order, Viewed::Code).await.unwrap();
        let shown = shown.unwrap();
        let awaits = shown.awaits_another();
        (shown.stage, shown.code.and_then(|code| code.message.code), awaits)
    }
}

/// Which SIM of the fixture's an order has.
fn sim_of(made: &MarketOrder) -> u16 {
    made.order.number.as_str().strip_prefix("+3161200").unwrap().parse().unwrap()
}

fn code(code: &str) -> Option<String> {
    Some(code.to_owned())
}

#[tokio::test]
async fn a_purchase_is_refused_in_the_order_of_its_dialect() {
    let fixture = Fixture::open().await;
    let (ann, uber) = (fixture.customer("ann", 0).await, fixture.service("Uber", &["Uber"]).await);
    let dear = || Purchase {
        price: PriceCondition { at_most: Some(Amount(49)), ..PriceCondition::default() },
        ..purchase(uber)
    };
    assert_eq!(fixture.buy(ann, dear()).await, Bought::NoNumber, "there it is not sold");
    fixture.plug(1).await;
    assert_eq!(fixture.buy(ann, purchase(ServiceId(99))).await, Bought::InvalidService);
    assert_eq!(fixture.buy(ann, dear()).await, Bought::TooExpensive(Amount(50)));
    assert_eq!(fixture.buy(ann, purchase(uber)).await, Bought::NoBalance);
    let elsewhere = Purchase { country: PurchaseCountry::Code("UK".into()), ..dear() };
    assert_eq!(fixture.buy(ann, elsewhere).await, Bought::NoNumber);
    fixture.gateway.accounts().top_up("ann".into(), Amount(5000), "one".into()).await.unwrap();
    let (_, sim) = fixture.bought(ann, uber).await;
    assert_eq!((sim, fixture.funds(ann).await), (1, (5000, 50)));
    for _ in 0..2 {
        // The second time it is known that numbers are scarce.
        assert_eq!(fixture.buy(ann, purchase(uber)).await, Bought::NoNumber);
        assert_eq!(fixture.buy(ann, dear()).await, Bought::TooExpensive(Amount(50)), "first");
    }
    let limit = LimitEdit { max_open: Some("1".into()), orders_per_day: None, spend_per_day: None };
    fixture.gateway.accounts().limit("ann".into(), limit).await.unwrap();
    assert_eq!(fixture.buy(ann, purchase(uber)).await, Bought::Limited, "before the stock");
    assert_eq!(fixture.buy(ann, dear()).await, Bought::TooExpensive(Amount(50)), "before both");
}

#[tokio::test]
async fn an_account_has_twenty_orders_at_a_time_and_one_in_the_api() {
    let fixture = Fixture::open().await;
    for n in 1..=21 {
        fixture.plug(n).await;
    }
    let (ann, uber) =
        (fixture.customer("ann", 5000).await, fixture.service("Uber", &["Uber"]).await);
    let (first, sim) = fixture.bought(ann, uber).await;
    for _ in 1..20 {
        fixture.bought(ann, uber).await;
    }
    assert_eq!(fixture.buy(ann, purchase(uber)).await, Bought::Limited);
    fixture.sms(sim, "Uber", "code 1234").await;
    assert_eq!(fixture.stands(ann, first).await, (OrderStage::Collecting, code("1234"), false));
    fixture.bought(ann, uber).await;
    assert!(matches!(fixture.make(ann, uber).await, MakeOrder::AlreadyOpen(_)));
    assert_eq!(fixture.faults().await, [""; 0]);
}

#[tokio::test]
async fn with_one_reference_one_order_is_made_in_a_day() {
    let mut fixture = Fixture::open().await;
    fixture.plug(1).await;
    fixture.plug(2).await;
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["Uber"]).await);
    let bob = fixture.customer("bob", 500).await;
    let with = |reference: &str| Purchase { reference: Some(reference.into()), ..purchase(uber) };
    let dear = PriceCondition { at_most: Some(Amount(1)), ..PriceCondition::default() };
    let refused = fixture.buy(ann, Purchase { price: dear, ..with("job 1") }).await;
    assert_eq!(refused, Bought::TooExpensive(Amount(50)), "what is refused uses up no reference");
    let Bought::Order(made) = fixture.buy(ann, with("job 1")).await else { panic!() };
    assert_eq!(made.order.client_ref.as_deref(), Some("job 1"));
    assert_eq!(fixture.buy(ann, with("job 1")).await, Bought::ReferenceUsed);
    assert_eq!(fixture.step(ann, made.order.id, MarketStep::Cancel).await, Ok(()));
    fixture.restart().await;
    fixture.report(1);
    fixture.report(2);
    let again = Purchase { price: dear, ..with("job 1") };
    assert_eq!(fixture.buy(ann, again).await, Bought::ReferenceUsed, "before the price");
    assert!(matches!(fixture.buy(bob, with("job 1")).await, Bought::Order(_)));
    fixture.pass(24 * 3600);
    fixture.report(1);
    fixture.report(2);
    assert!(matches!(fixture.buy(ann, with("job 1")).await, Bought::Order(_)));
}

#[tokio::test]
async fn numbers_that_begin_otherwise_and_were_not_canceled_are_given() {
    let fixture = Fixture::open().await;
    for n in 1..=3 {
        fixture.plug(n).await;
    }
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["Uber"]).await);
    let avoiding = |prefixes: &[&str]| Purchase {
        avoided_prefixes: prefixes.iter().map(|prefix| (*prefix).to_owned()).collect(),
        ..purchase(uber)
    };
    let Bought::Order(made) = fixture.buy(ann, avoiding(&["31612000001", "4477"])).await else {
        panic!()
    };
    assert_eq!(sim_of(&made), 2);
    assert_eq!(fixture.buy(ann, avoiding(&["3161"])).await, Bought::NoNumber);
    fixture.step(ann, made.order.id, MarketStep::Cancel).await.unwrap();
    // 1 and 3 were never given out, and then 2 is the last choice although it was the last.
    let mut given = Vec::new();
    for _ in 0..3 {
        given.push(fixture.bought(ann, uber).await.1);
    }
    assert_eq!(given, [1, 3, 2]);
    for _ in 0..2 {
        assert_eq!(fixture.buy(ann, purchase(uber)).await, Bought::NoNumber);
    }
}

#[tokio::test]
async fn another_code_is_awaited_until_it_comes_and_costs_nothing() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, uber) = (
        fixture.customer("ann", 500).await,
        fixture.service_charging("Uber", &["Uber"], None).await,
    );
    let eve = fixture.customer("eve", 500).await;
    let (order, _) = fixture.bought(ann, uber).await;
    let ask = || fixture.step(ann, order, MarketStep::AskAgain);
    assert_eq!(ask().await, Ok(()), "it waits, and nothing changes");
    assert_eq!(fixture.stands(ann, order).await, (OrderStage::Waiting, None, false));
    fixture.sms(1, "Uber", "Welcome!").await;
    assert_eq!(fixture.stands(ann, order).await, (OrderStage::Waiting, None, false), "no code");
    fixture.sms(1, "Uber", "code 1234").await;
    assert_eq!(fixture.stands(ann, order).await, (OrderStage::Collecting, code("1234"), false));
    for _ in 0..2 {
        assert_eq!(ask().await, Ok(()));
        assert_eq!(fixture.stands(ann, order).await, (OrderStage::Collecting, code("1234"), true));
    }
    fixture.sms(1, "Uber", "Thank you!").await;
    assert_eq!(fixture.stands(ann, order).await, (OrderStage::Collecting, code("1234"), true));
    fixture.sms(1, "Uber", "code 5678").await;
    assert_eq!(fixture.stands(ann, order).await, (OrderStage::Collecting, code("5678"), false));
    assert_eq!(ask().await, Ok(()));
    assert_eq!(fixture.step(eve, order, MarketStep::AskAgain).await, Err(StepRefusal::Unknown));
    fixture.pass(20 * 60);
    assert_eq!(fixture.stands(ann, order).await, (OrderStage::Finished, code("5678"), false));
    assert_eq!(ask().await, Err(StepRefusal::Stands(OrderStage::Finished)));
    assert_eq!(fixture.funds(ann).await, (450, 0), "charged once");
}

#[tokio::test]
async fn what_is_finished_frees_its_sim_and_is_given_nothing_more() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, plain) = (fixture.customer("ann", 500).await, fixture.service("Plain", &[]).await);
    let (bob, other) = (fixture.customer("bob", 500).await, fixture.service("Other", &[]).await);
    let (order, _) = fixture.bought(ann, plain).await;
    let finish = || fixture.step(ann, order, MarketStep::Finish);
    assert_eq!(finish().await, Err(StepRefusal::Stands(OrderStage::Waiting)));
    fixture.sms(1, "Any", "code 1234").await;
    assert_eq!(fixture.buy(bob, purchase(other)).await, Bought::NoNumber, "it collects");
    assert_eq!(finish().await, Ok(()));
    assert_eq!(finish().await, Err(StepRefusal::Stands(OrderStage::Finished)));
    assert_eq!(fixture.stands(ann, order).await, (OrderStage::Finished, code("1234"), false));
    let late = fixture.sms(1, "Any", "code 5678").await;
    assert!(matches!(late, Ingested::Message(_, None)), "{late:?}");
    assert_eq!(fixture.stands(ann, order).await, (OrderStage::Finished, code("1234"), false));
    let (next, _) = fixture.bought(bob, other).await;
    fixture.sms(1, "Any", "code 9999").await;
    assert_eq!(fixture.stands(bob, next).await, (OrderStage::Collecting, code("9999"), false));
    let canceled = fixture.step(ann, order, MarketStep::Cancel).await;
    assert_eq!(canceled, Err(StepRefusal::Stands(OrderStage::Finished)));
    assert_eq!((fixture.funds(ann).await, fixture.faults().await), ((450, 0), vec![]));
}

#[tokio::test]
async fn an_order_is_canceled_once_it_is_old_enough_and_lasts_as_long_as_its_dialect_says() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    fixture.plug(2).await;
    let mut settings = default_settings();
    settings.market.min_cancel_age = Duration::from_secs(120);
    fixture.gateway.apply_settings(settings);
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["Uber"]).await);
    let (order, _) = fixture.bought(ann, uber).await;
    let cancel = || fixture.step(ann, order, MarketStep::Cancel);
    assert_eq!(cancel().await, Err(StepRefusal::TooEarly));
    let v1 = fixture.gateway.orders().cancel(ann, fixture.bought(ann, uber).await.0).await;
    assert_eq!(v1.unwrap(), Cancel::Canceled, "the rule holds in the dialects alone");
    fixture.pass(119);
    assert_eq!(cancel().await, Err(StepRefusal::TooEarly));
    fixture.pass(1);
    assert_eq!(cancel().await, Ok(()));
    assert_eq!(cancel().await, Err(StepRefusal::Stands(OrderStage::Canceled)));
    assert_eq!(fixture.funds(ann).await, (500, 0));
    let five = Purchase { dialect: Dialect::FiveSim, ..purchase(uber) };
    for (purchase, seconds) in [(purchase(uber), 20 * 60), (five, 15 * 60)] {
        let Bought::Order(made) = fixture.buy(ann, purchase).await else { panic!() };
        let order = made.order;
        assert_eq!(order.expires_at, order.created_at.plus(Duration::from_secs(seconds)));
        fixture.pass(i64::try_from(seconds).unwrap());
        fixture.report(1);
        fixture.report(2);
        let expired = fixture.step(ann, order.id, MarketStep::Cancel).await;
        assert_eq!(expired, Err(StepRefusal::Stands(OrderStage::Expired)));
    }
}

#[tokio::test]
async fn a_number_is_bought_where_it_is_cheapest() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["Uber"]).await);
    let anywhere = || Purchase { country: PurchaseCountry::Cheapest, ..purchase(uber) };
    let Bought::Order(made) = fixture.buy(ann, anywhere()).await else { panic!() };
    assert_eq!(made.order.country, "NL");
    assert_eq!(fixture.buy(ann, anywhere()).await, Bought::NoNumber);
    let dear = PriceCondition { at_most: Some(Amount(1)), ..PriceCondition::default() };
    let refused = fixture.buy(ann, Purchase { price: dear, ..anywhere() }).await;
    assert_eq!(refused, Bought::TooExpensive(Amount(50)), "before the stock");
}

#[tokio::test]
async fn the_price_list_has_what_each_account_could_order() {
    let number_rest = Duration::from_secs(600);
    let fixture = Fixture::with(Settings { number_rest, ..default_settings() }).await;
    for n in 1..=4 {
        fixture.plug(n).await;
    }
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["Uber"]).await);
    let (bob, plain) = (fixture.customer("bob", 500).await, fixture.service("Plain", &[]).await);
    let counts = async |account: Option<AccountId>| {
        let list = fixture.gateway.stock().price_list(account, PriceFilter::default()).await;
        let mut list = list.unwrap();
        assert_eq!(list.len(), 1, "there are SIMs of one country");
        let of_country = list.remove(0);
        assert_eq!(of_country.country, "NL");
        let offers = of_country.offers.iter();
        offers.map(|offer| (offer.service.id, offer.price.0, offer.count)).collect::<Vec<_>>()
    };
    assert_eq!(counts(Some(ann)).await, [(uber, 50, 4), (plain, 50, 4)]);
    let (order, _) = fixture.bought(ann, uber).await;
    assert_eq!(counts(Some(ann)).await, [(uber, 50, 3), (plain, 50, 3)]);
    fixture.step(ann, order, MarketStep::Skip).await.unwrap();
    assert_eq!(counts(Some(ann)).await, [(uber, 50, 3), (plain, 50, 4)], "she has skipped one");
    // For others it rests, as what she waited for may come late.
    fixture.bought(bob, plain).await;
    assert_eq!(counts(Some(bob)).await, [(uber, 50, 2), (plain, 50, 3)]);
    assert_eq!(counts(None).await, [(uber, 50, 4), (plain, 50, 4)], "as ann was told first");
    fixture.pass(2);
    (1..=4).for_each(|n| fixture.report(n));
    assert_eq!(counts(None).await, [(uber, 50, 2), (plain, 50, 3)]);
    for account in [ann, bob] {
        let offers = fixture.gateway.stock().offers(account, "NL").await.unwrap().unwrap();
        let offers: Vec<_> =
            offers.into_iter().map(|(one, price, n)| (one.id, price.0, n)).collect();
        assert_eq!(counts(Some(account)).await, offers);
    }
}

#[tokio::test]
async fn numbers_that_cannot_be_ordered_are_in_no_price_list() {
    let number_rest = Duration::from_secs(600);
    let fixture = Fixture::with(Settings { number_rest, ..default_settings() }).await;
    for n in 1..=3 {
        fixture.plug(n).await;
    }
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["Uber"]).await);
    let bob = fixture.customer("bob", 100_000).await;
    let stock = fixture.gateway.stock();
    let count = async |when: &str| {
        fixture.pass(2);
        for n in 1..=3 {
            fixture.report(n);
        }
        let list = stock.price_list(Some(ann), PriceFilter::default()).await.unwrap();
        let counts = list.iter().flat_map(|sold| &sold.offers).map(|offer| offer.count);
        let counts: Vec<usize> = counts.collect();
        let offers = stock.offers(ann, "NL").await.unwrap().unwrap();
        let of_country: Vec<usize> = offers.iter().map(|(.., count)| *count).collect();
        assert_eq!(counts, of_country, "{when}");
        counts
    };
    assert_eq!(count("at first").await, [3]);
    let sims = fixture.gateway.sims();
    sims.set_rest(iccid(1), Duration::from_secs(60)).await.unwrap();
    assert_eq!(count("one rests").await, [2]);
    sims.set_rest(iccid(1), Duration::ZERO).await.unwrap();
    sims.set_retired(iccid(1), true).await.unwrap();
    assert_eq!(count("one is retired").await, [2]);
    sims.set_retired(iccid(1), false).await.unwrap();
    sims.set_pool(iccid(1), Pool::Rentals).await.unwrap();
    assert_eq!(count("one is kept for rentals").await, [2]);
    let rented = fixture.gateway.rentals().rent(bob, Some("NL"), "1m", false).await.unwrap();
    assert!(matches!(rented, Rent::Made(_)), "{rented:?}");
    assert_eq!(count("one is rented").await, [2]);
    sims.set_pool(iccid(1), Pool::Both).await.unwrap();
    let given_up = fixture.order(bob, uber).await;
    fixture.gateway.orders().cancel(bob, given_up).await.unwrap();
    assert_eq!(count("another one was given up").await, [1]);
    sims.set_number(iccid(3), "+31612000002".into(), false).await.unwrap();
    fixture.pass(600);
    assert_eq!(count("two have the same number").await, [1]);
    fixture.plug(4).await;
    sims.set_number(iccid(4), "+31612000001".into(), false).await.unwrap();
    assert_eq!(count("the number of another card is rented").await, [1]);
}

#[tokio::test]
async fn the_price_list_counts_each_number_by_its_own_uses_and_its_own_modem() {
    let fixture = Fixture::open().await;
    let ann = fixture.customer("ann", 500).await;
    let (uber, _) =
        (fixture.service("Uber", &["Uber"]).await, fixture.service("Shop", &["Shop"]).await);
    let counts = async || {
        fixture.pass(2);
        let list = fixture.gateway.stock().price_list(Some(ann), PriceFilter::default()).await;
        let list = list.unwrap();
        let offers = list.iter().flat_map(|sold| &sold.offers);
        offers.map(|offer| offer.count).collect::<Vec<_>>()
    };
    for n in 1..=4 {
        fixture.plug(n).await;
    }
    assert_eq!(counts().await, [4, 4]);
    fixture.silence(1);
    fixture.silence(2);
    fixture.order(ann, uber).await;
    fixture.sms(3, "Uber", "code 1234").await;
    assert_eq!(counts().await, [1, 2], "3 is used for Uber; 4 is free");
    fixture.report(2);
    fixture.silence(4);
    assert_eq!(counts().await, [1, 2], "2 is free, and 3 is used for Uber");
    fixture.silence(3);
    assert_eq!(counts().await, [1, 1], "2 is free");
    fixture.report(3);
    fixture.silence(2);
    assert_eq!(counts().await, [0, 1], "3 is used for Uber");
    assert_eq!(fixture.make(ann, uber).await, MakeOrder::NoPhone);
}
