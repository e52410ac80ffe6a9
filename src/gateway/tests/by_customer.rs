//! What customers ask of orders and rentals and are answered with the resource itself.

use super::*;
use crate::domain::order::ReportReason;
use crate::domain::{MobileOperator, OrderOutcome, RentalId};
use crate::gateway::resources::{OrderReason, OrderResource, OrderStatus, RentalStatus};

fn by(account: AccountId) -> Requester {
    account.into()
}

fn once(key: &str, fingerprint: u8) -> Option<Once> {
    Some(Once::new(key, KeyMode::Live, [fingerprint; 32]))
}

fn request(service: ServiceId) -> OrderRequest {
    OrderRequest { service: Some(service), country: "nl".to_owned(), ..OrderRequest::default() }
}

type OrderDone = Done<OrderResource, OrderRefusal>;

impl Fixture {
    async fn make_once(
        &self,
        account: AccountId,
        request: OrderRequest,
        once: Option<Once>,
    ) -> OrderDone {
        self.gateway.orders().make_once(by(account), request, once).await.unwrap()
    }

    async fn swap(&self, account: AccountId, order: OrderId) -> OrderDone {
        self.gateway.orders().swap_once(by(account), order, None).await.unwrap()
    }

    async fn give_up(&self, account: AccountId, order: OrderId, how: GiveUp) -> OrderDone {
        let orders = self.gateway.orders();
        orders.give_up_once(by(account), order, how, None).await.unwrap()
    }

    async fn stored(&self, order: OrderId) -> crate::domain::Order {
        let read = self.gateway.0.env.store.read(move |rows| rows.order(order)).await;
        read.unwrap_or_else(|e: StoreError| panic!("{e}")).unwrap()
    }
}

fn made(done: OrderDone) -> OrderResource {
    match done {
        Done::Now(order) => order,
        other => panic!("no order but {other:?}"),
    }
}

#[tokio::test]
async fn a_request_is_carried_out_once_also_after_a_crash_and_for_a_day() {
    let mut fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, bob) = (fixture.customer("ann", 500).await, fixture.customer("bob", 500).await);
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    let first = made(fixture.make_once(ann, request(uber), once("a", 1)).await);
    let answer = serde_json::to_string(&first).unwrap();
    let again = fixture.make_once(ann, request(uber), once("a", 1)).await;
    assert_eq!(again, Done::Before(answer.clone()));
    let other = fixture.make_once(ann, request(uber), once("a", 2)).await;
    assert_eq!(other, Done::KeyReused);
    let of_bob = fixture.make_once(bob, request(uber), once("a", 1)).await;
    assert_eq!(of_bob, Done::Refused(OrderRefusal::NoStock), "another account's key is another");
    fixture.restart().await;
    assert_eq!(
        fixture.make_once(ann, request(uber), once("a", 1)).await,
        Done::Before(answer.clone()),
        "although no SIM is there"
    );
    fixture.pass(24 * 3600 - 1);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    assert_eq!(fixture.make_once(ann, request(uber), once("a", 1)).await, Done::Before(answer));
    fixture.pass(1);
    let later = fixture.make_once(ann, request(uber), once("a", 1)).await;
    assert_eq!(later, Done::Refused(OrderRefusal::NoStock), "it is another request");
    fixture.gateway.due_work().run_due_work().await.unwrap();
    let kept = fixture.gateway.0.env.store.read(|rows| rows.next_kept_answer()).await;
    assert_eq!(kept.unwrap_or_else(|e: StoreError| panic!("{e}")), None, "it is purged");
    assert_eq!(fixture.funds(ann).await, (500, 0));
    assert_eq!(fixture.faults().await, [""; 0]);
}

#[tokio::test]
async fn answers_are_kept_no_longer_than_texts() {
    let text_kept = Duration::from_secs(600);
    let fixture = Fixture::with(Settings { text_kept, ..default_settings() }).await;
    fixture.plug(1).await;
    let (ann, uber) = (fixture.customer("ann", 500).await, fixture.service("Uber", &[]).await);
    made(fixture.make_once(ann, request(uber), once("a", 1)).await);
    fixture.pass(601);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    let kept = fixture.gateway.0.env.store.read(|rows| rows.next_kept_answer()).await;
    assert_eq!(kept.unwrap_or_else(|e: StoreError| panic!("{e}")), None);
}

#[tokio::test]
async fn an_order_costs_no_more_than_its_customer_wants_to_pay() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, uber) = (fixture.customer("ann", 500).await, fixture.service("Uber", &[]).await);
    let most = |cents| OrderRequest { max_price: Some(Amount(cents)), ..request(uber) };
    let refused = fixture.make_once(ann, most(49), None).await;
    assert_eq!(refused, Done::Refused(OrderRefusal::TooExpensive(Amount(50))));
    let edit = PriceEdit { service: "*".into(), country: None, price: "90%".into() };
    fixture.gateway.accounts().set_price("ann".into(), edit).await.unwrap();
    assert_eq!(made(fixture.make_once(ann, most(49), None).await).price, "0.45");
}

#[tokio::test]
async fn a_number_of_a_mobile_operator_is_found_behind_others() {
    let fixture = Fixture::with(Settings { max_open_per_account: 9, ..default_settings() }).await;
    for n in 1..=3 {
        fixture.plug(n).await;
    }
    let imsi = Some(Imsi::from_stored("204041234567890"));
    let told = Identified {
        modem: modem(3),
        others: Vec::new(),
        iccid: iccid(3),
        imsi,
        number: Some(("+31612000003".to_owned(), NumberSource::Cnum)),
    };
    fixture.gateway.sims().record_identity(told).await.unwrap();
    let (ann, uber) = (fixture.customer("ann", 500).await, fixture.service("Uber", &[]).await);
    let of = |operator: &str| {
        let operator = fixture.settings.home_networks.operator(operator).unwrap();
        OrderRequest { operator: Some(operator), ..request(uber) }
    };
    assert_eq!(
        fixture.settings.home_networks.operator("204-04"),
        Ok(MobileOperator::Network("20404".into()))
    );
    assert_eq!(made(fixture.make_once(ann, of("204-04"), None).await).number, "+31612000003");
    let none = fixture.make_once(ann, of("204-04"), None).await;
    assert_eq!(none, Done::Refused(OrderRefusal::NoStock));
    assert_eq!(made(fixture.make_once(ann, of("204-08"), None).await).number, "+31612000001");
}

#[tokio::test]
async fn a_swap_is_a_skip_and_an_order_or_nothing() {
    let fixture = Fixture::open().await;
    for n in 1..=2 {
        fixture.plug(n).await;
    }
    let (ann, bob) = (fixture.customer("ann", 50).await, fixture.customer("bob", 50).await);
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    let named = OrderRequest { client_ref: Some("job 7".into()), ..request(uber) };
    let first = OrderId(made(fixture.make_once(ann, named, None).await).id);
    assert_eq!(fixture.swap(bob, first).await, Done::Refused(OrderRefusal::Unknown));
    let second = made(fixture.swap(ann, first).await);
    assert_eq!((second.replaces, second.client_ref.as_deref()), (Some(first.0), Some("job 7")));
    assert!(matches!(fixture.state(first).await, OrderState::Skipped { .. }));
    assert_eq!(fixture.funds(ann).await, (50, 50), "one price is held");
    let none = fixture.swap(ann, OrderId(second.id)).await;
    assert_eq!(none, Done::Refused(OrderRefusal::NoStock));
    assert_eq!(fixture.state(OrderId(second.id)).await, OrderState::Open, "it stays as it is");
    assert_eq!(fixture.funds(ann).await, (50, 50));
    assert_eq!(fixture.swap(ann, first).await, Done::Refused(OrderRefusal::Over));
    fixture.pass(5);
    fixture.sms(2, "Uber", "code 1234").await;
    fixture.sms(1, "Uber", "code 1234").await;
    let completed = fixture.swap(ann, OrderId(second.id)).await;
    assert_eq!(completed, Done::Refused(OrderRefusal::Completed));
    assert_eq!(fixture.faults().await, [""; 0]);
}

#[tokio::test]
async fn an_order_whose_sim_was_lost_is_swapped_and_stays_what_it_is() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, uber) = (fixture.customer("ann", 50).await, fixture.service("Uber", &[]).await);
    let order = fixture.order(ann, uber).await;
    fixture.silence(1);
    fixture.pass(60);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    let lost = fixture.stored(order).await;
    assert_eq!(lost.outcome, Some(OrderOutcome::SimLost));
    fixture.plug(2).await;
    let swapped = made(fixture.swap(ann, order).await);
    assert_eq!((swapped.number.as_str(), swapped.replaces), ("+31612000002", Some(order.0)));
    assert_eq!(fixture.stored(order).await, lost);
    assert_eq!(fixture.faults().await, [""; 0]);
}

#[tokio::test]
async fn a_report_ends_the_order_for_nothing_and_counts_against_the_number() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let ann = fixture.customer("ann", 50).await;
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    let order = fixture.order(ann, uber).await;
    let reported = made(fixture.give_up(ann, order, GiveUp::Report(ReportReason::Banned)).await);
    assert_eq!(reported.reason, Some(OrderReason::Reported));
    let stored = fixture.stored(order).await;
    assert_eq!(stored.outcome, Some(OrderOutcome::Reported));
    assert_eq!(stored.report, Some(ReportReason::Banned));
    assert_eq!(fixture.funds(ann).await, (50, 0));
    let pairs = fixture.gateway.health().pairs(ListRequest::default()).await.unwrap();
    assert_eq!(pairs[0].health.failures, 1);
    assert_eq!(fixture.make(ann, uber).await, MakeOrder::NoPhone, "it is given to her no more");
    assert_eq!(fixture.faults().await, [""; 0]);
}

#[tokio::test]
async fn whoever_waits_for_a_change_is_shown_it() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let ann = fixture.customer("ann", 50).await;
    let uber = fixture.service_charging("Uber", &["^Uber$"], Some(ChargeOn::Code)).await;
    let order = fixture.order(ann, uber).await;
    let orders = fixture.gateway.orders();
    let hour = Duration::from_secs(3600);
    let woken = async {
        while orders.poll_count() == 0 {
            tokio::task::yield_now().await;
        }
        fixture.pass(1);
        fixture.sms(1, "Uber", "welcome").await;
    };
    let (shown, ()) = tokio::join!(orders.wait_for_change(by(ann), order, hour), woken);
    let shown = shown.unwrap().unwrap();
    assert_eq!((shown.state, shown.messages.len()), (OrderStatus::Open, 1));
    fixture.gateway.0.env.store.write(|_| Ok::<_, StoreError>(())).await.unwrap();
    let nothing = orders.wait_for_change(by(ann), order, Duration::ZERO).await.unwrap();
    assert_eq!(nothing.unwrap(), shown, "its patience is over");
    assert_eq!(orders.wait_for_change(by(ann), OrderId(99), hour).await.unwrap(), None);
}

#[tokio::test]
async fn a_tenant_revives_a_rental_with_what_came_since() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, bob) = (fixture.customer("ann", 3_000).await, fixture.customer("bob", 50).await);
    let rented = fixture.gateway.rentals().rent(ann, Some("nl"), "1m", false).await.unwrap();
    let Rent::Made(rental) = rented else { panic!("{rented:?}") };
    let revive = async |account, once| {
        fixture.gateway.inbox().revive_once(by(account), RentalId(1), once).await.unwrap()
    };
    assert_eq!(revive(ann, None).await, Done::Refused(RentalRefusal::Active));
    fixture.clock.store(rental.expires_at.0, Ordering::SeqCst);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    fixture.sms(1, "Friend", "since").await;
    assert_eq!(revive(bob, None).await, Done::Refused(RentalRefusal::Unknown));
    assert_eq!(revive(ann, None).await, Done::Refused(RentalRefusal::NoBalance));
    fixture.gateway.accounts().top_up("ann".into(), Amount(1_000), "more".into()).await.unwrap();
    let limit = LimitEdit { spend_per_day: Some("1.00".into()), ..LimitEdit::default() };
    fixture.gateway.accounts().limit("ann".into(), limit).await.unwrap();
    assert_eq!(revive(ann, None).await, Done::Refused(RentalRefusal::Limited));
    let limit = LimitEdit { spend_per_day: Some("none".into()), ..LimitEdit::default() };
    fixture.gateway.accounts().limit("ann".into(), limit).await.unwrap();
    let Done::Now(revived) = revive(ann, once("a", 1)).await else { panic!() };
    assert_eq!(revived.state, RentalStatus::Active);
    assert!(matches!(revive(ann, once("a", 1)).await, Done::Before(_)));
    assert_eq!(fixture.funds(ann).await, (4_000 - 2 * 1620, 0));
    let wanted = MessagesWanted { since: None, text: None, before: None, count: 9 };
    let messages = fixture.gateway.rentals().messages(by(ann), RentalId(1), wanted).await;
    let texts: Vec<_> = messages.unwrap().unwrap().0.into_iter().map(|it| it.text).collect();
    assert_eq!(texts, [Some("since".to_owned())]);
    fixture.clock.store(revived_end(&fixture).await.0, Ordering::SeqCst);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    fixture.pass(15 * 24 * 3600);
    assert_eq!(revive(ann, None).await, Done::Refused(RentalRefusal::GraceOver));
    assert_eq!(fixture.faults().await, [""; 0]);
}

async fn revived_end(fixture: &Fixture) -> Timestamp {
    let read = fixture.gateway.0.env.store.read(|rows| rows.rental(RentalId(1))).await;
    read.unwrap_or_else(|e: StoreError| panic!("{e}")).unwrap().expires_at
}

#[tokio::test]
async fn the_ledger_of_a_time_has_the_funds_of_that_time() {
    let fixture = Fixture::open().await;
    let ann = fixture.customer("ann", 100).await;
    let accounts = fixture.gateway.accounts();
    for (seconds, reference) in [(10, "a"), (20, "b"), (30, "c")] {
        fixture.clock.store(START_US + seconds * SECOND_US, Ordering::SeqCst);
        accounts.top_up("ann".into(), Amount(100), reference.into()).await.unwrap();
    }
    let at = |seconds: i64| Some(Timestamp(START_US + seconds * SECOND_US));
    let rows = accounts.own_ledger(ann, (at(10), at(30)), None, 9).await.unwrap();
    let balances: Vec<_> = rows.iter().map(|row| row.after.balance.0).collect();
    assert_eq!(balances, [300, 200], "the newest first");
    let references: Vec<_> = rows.iter().map(|row| row.entry.reference.as_deref()).collect();
    assert_eq!(references, [Some("b"), Some("a")]);
    let older = accounts.own_ledger(ann, (None, None), Some(rows[1].entry.id), 9).await.unwrap();
    assert_eq!(older.len(), 1);
    assert_eq!(older[0].after.balance, Amount(100));
}

#[tokio::test]
async fn what_stood_after_old_entries_is_known_though_it_was_not_kept_then() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, uber) = (fixture.customer("ann", 100).await, fixture.service("Uber", &[]).await);
    let order = fixture.order(ann, uber).await;
    let top_up = async |fixture: &Fixture, reference: &str| {
        let accounts = fixture.gateway.accounts();
        accounts.top_up("ann".into(), Amount(100), reference.into()).await.unwrap();
    };
    top_up(&fixture, "a").await;
    top_up(&fixture, "b").await;
    let pages = async |fixture: &Fixture| {
        let (mut all, mut before) = (Vec::new(), None);
        loop {
            let accounts = fixture.gateway.accounts();
            let page = accounts.own_ledger(ann, (None, None), before, 1).await.unwrap();
            let Some(row) = page.into_iter().next() else { return all };
            before = Some(row.entry.id);
            all.push((row.after.balance.0, row.after.held.0));
        }
    };
    let as_kept = pages(&fixture).await;
    assert_eq!(as_kept, [(300, 50), (200, 50), (100, 50), (100, 0)]);
    // As if the first three were from before it was kept; then as if all were.
    for last in [3, i64::MAX] {
        fixture.carry_out(&crate::store::attacks::forget_funds_up_to(last)).unwrap();
        assert_eq!(pages(&fixture).await, as_kept);
        assert_eq!(fixture.faults().await, [""; 0]);
    }
    fixture.gateway.orders().cancel(ann, order).await.unwrap();
    assert_eq!(pages(&fixture).await[..2], [(300, 0), (300, 50)]);
}
