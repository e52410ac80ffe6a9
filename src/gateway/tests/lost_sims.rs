//! Orders whose SIM is lost.

use super::*;
use crate::domain::OrderOutcome;
use crate::domain::modem::ModemReason;
use crate::store::attacks;

impl Fixture {
    /// The card of SIM `n` is taken out of its modem, which says so.
    fn take_out(&self, n: u16) {
        let reason = Some(ModemReason::NoSim);
        let snapshot = ModemSnapshot::new(port(n), ModemState::SimCheck);
        self.gateway.modems().report(ModemSnapshot { reason, ..snapshot }, self.gateway.now());
    }

    async fn run_due_work(&self) -> Option<Timestamp> {
        self.gateway.due_work().run_due_work().await.unwrap()
    }

    async fn end_of(&self, order: OrderId) -> (OrderState, Option<OrderOutcome>) {
        let read = self.gateway.0.env.store.read(move |rows| rows.order(order)).await;
        let order = read.unwrap_or_else(|e: StoreError| panic!("{e}")).unwrap();
        (order.state, order.outcome)
    }
}

#[tokio::test]
async fn an_order_ends_when_its_card_is_taken_out_and_put_into_no_other_modem() {
    let number_rest = Duration::from_secs(600);
    let fixture = Fixture::with(Settings { number_rest, ..default_settings() }).await;
    fixture.plug(1).await;
    let (ann, bob) = (fixture.customer("ann", 500).await, fixture.customer("bob", 500).await);
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    let order = fixture.order(ann, uber).await;
    let orders = Arc::clone(fixture.gateway.orders());
    let poll = orders.wait_for_sms(ann, order, Duration::from_secs(3600));
    let lose = async {
        while fixture.gateway.orders().poll_count() == 0 {
            tokio::task::yield_now().await;
        }
        fixture.pass(5);
        fixture.take_out(1);
        let soon = fixture.gateway.now().plus(Duration::from_secs(10));
        assert_eq!(fixture.run_due_work().await, Some(soon));
        assert_eq!(fixture.state(order).await, OrderState::Open);
        fixture.pass(10);
        fixture.run_due_work().await;
    };
    let (answer, ()) = tokio::join!(poll, lose);
    assert_eq!(answer.unwrap(), Sms::Over, "the long poll wakes");
    let at = fixture.gateway.now();
    let lost = (OrderState::Expired { at }, Some(OrderOutcome::SimLost));
    assert_eq!(fixture.end_of(order).await, lost);
    assert_eq!(fixture.funds(ann).await, (500, 0), "its hold went back");
    assert_eq!(fixture.gateway.orders().cancel(ann, order).await.unwrap(), Cancel::Over);

    // The card is put back, and the code comes after all: nobody gets it.
    fixture.pass(5);
    fixture.report(1);
    let late = fixture.sms(1, "Uber", "code 1234").await;
    assert!(matches!(late, Ingested::Message(_, None)), "{late:?}");
    assert_eq!(fixture.make(bob, uber).await, MakeOrder::NoPhone, "the number rests");
    fixture.order(ann, uber).await;
    assert_eq!(fixture.faults().await, [""; 0]);
}

#[tokio::test]
async fn a_modem_that_is_gone_is_waited_for_a_minute() {
    let fixture = Fixture::open().await;
    for n in [1, 2] {
        fixture.plug(n).await;
    }
    let (ann, bob) = (fixture.customer("ann", 500).await, fixture.customer("bob", 500).await);
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    let (first, second) = (fixture.order(ann, uber).await, fixture.order(bob, uber).await);
    let gone_at = fixture.gateway.now();
    fixture.silence(1);
    fixture.silence(2);
    fixture.pass(59);
    assert_eq!(fixture.run_due_work().await, Some(gone_at.plus(Duration::from_secs(60))));
    fixture.report(2);
    fixture.pass(1);
    fixture.run_due_work().await;
    let outcome = fixture.end_of(first).await.1;
    assert_eq!(outcome, Some(OrderOutcome::SimLost));
    assert_eq!(fixture.end_of(second).await, (OrderState::Open, None), "its modem came back");
    assert_eq!((fixture.funds(ann).await, fixture.funds(bob).await), ((500, 0), (500, 50)));
    assert_eq!(fixture.faults().await, [""; 0]);
}

#[tokio::test]
async fn only_open_orders_end_with_their_sim() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let mut orders = Vec::new();
    let texts = [None, Some("welcome"), Some("code 1234")];
    for (name, text) in ["Uber", "Lyft", "Bolt"].into_iter().zip(texts) {
        let account = fixture.customer(name, 500).await;
        let service = fixture.service_charging(name, &[&format!("^{name}$")], None).await;
        let order = fixture.order(account, service).await;
        fixture.pass(1);
        if let Some(text) = text {
            fixture.sms(1, name, text).await;
        }
        orders.push((account, order));
    }
    let completed = fixture.end_of(orders[2].1).await;
    assert_eq!(completed.1, Some(OrderOutcome::Code));
    fixture.take_out(1);
    fixture.pass(10);
    fixture.run_due_work().await;
    let lost = (OrderState::Expired { at: fixture.gateway.now() }, Some(OrderOutcome::SimLost));
    let ends = [lost, lost, completed];
    for ((account, order), end) in orders.into_iter().zip(ends) {
        assert_eq!(fixture.end_of(order).await, end);
        let charged = if end == completed { 50 } else { 0 };
        assert_eq!(fixture.funds(account).await, (500 - charged, 0));
        let shown = fixture.gateway.orders().read_sms(account, order).await.unwrap();
        assert_eq!(shown == Sms::Over, end != completed, "{shown:?}");
    }
    assert_eq!(fixture.faults().await, [""; 0]);
    fixture.carry_out(attacks::WRONG_OUTCOME).unwrap();
    let found = fixture.faults().await;
    assert!(found.len() == 1 && found[0].starts_with("order 3: its outcome"), "{found:?}");
}

#[tokio::test]
async fn after_a_start_sims_have_a_minute_and_their_modems_first_try_to_come_up() {
    let mut fixture = Fixture::open().await;
    let mut orders = Vec::new();
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    for n in 1..=2 {
        fixture.plug(n).await;
        let account = fixture.customer(&format!("customer {n}"), 500).await;
        orders.push(fixture.order(account, uber).await);
    }
    fixture.restart().await;
    let started_at = fixture.gateway.now();
    fixture.report(1);
    fixture.pass(30);
    let trying = ModemSnapshot::new(port(2), ModemState::Probing);
    fixture.gateway.modems().report(trying, fixture.gateway.now());
    assert_eq!(fixture.run_due_work().await, Some(started_at.plus(Duration::from_secs(60))));
    fixture.pass(30);
    fixture.run_due_work().await;
    assert_eq!(fixture.state(orders[1]).await, OrderState::Open, "its modem is being tried");
    fixture.pass(30);
    fixture.run_due_work().await;
    assert_eq!(fixture.end_of(orders[0]).await, (OrderState::Open, None), "it is there");
    assert_eq!(fixture.end_of(orders[1]).await.1, Some(OrderOutcome::SimLost));
    assert_eq!(fixture.faults().await, [""; 0]);
}

#[tokio::test]
async fn a_sim_that_is_parked_in_its_bank_is_not_lost() {
    let mut fixture = Fixture::open().await;
    let mut bank = fixture.bank(1, 2).await;
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    let ann = fixture.customer("ann", 500).await;
    fixture.switch_in(&mut bank, 1, 0).await;
    assert!(fixture.switch_out(&mut bank, 1, 0).await);
    let order = fixture.order(ann, uber).await;
    for _ in 0..2 {
        fixture.pass(61);
        fixture.run_due_work().await;
        assert_eq!(fixture.state(order).await, OrderState::Open);
        fixture.restart().await;
        fixture.pass(-31);
        bank.report_to(&fixture);
        fixture.run_due_work().await;
    }
    // It does not come on the air in the time in which it was sold.
    fixture.pass(61);
    fixture.run_due_work().await;
    assert_eq!(fixture.end_of(order).await.1, Some(OrderOutcome::SimLost));
    assert_eq!((fixture.funds(ann).await, fixture.faults().await), ((500, 0), vec![]));
}

#[tokio::test]
async fn what_was_given_up_is_judged_by_the_time_that_it_was_waited_for() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let ann = fixture.customer("ann", 500).await;
    let uber = fixture.service_charging("Uber", &["^Uber$"], None).await;
    let orders = fixture.gateway.orders();
    for (seconds, skip, expected) in [
        (59, false, OrderOutcome::QuitEarly),
        (60, false, OrderOutcome::QuitLate),
        (60, true, OrderOutcome::QuitLate),
    ] {
        let service = if skip { fixture.service("Lyft", &["^Lyft$"]).await } else { uber };
        let order = fixture.order(ann, service).await;
        fixture.pass(seconds);
        let done =
            if skip { orders.skip(ann, order).await } else { orders.cancel(ann, order).await };
        assert_eq!(done.unwrap(), Cancel::Canceled);
        assert_eq!(fixture.end_of(order).await.1, Some(expected), "{seconds}");
        fixture.report(1);
    }
    let order = fixture.order(ann, uber).await;
    orders.cancel_for_operator(order).await.unwrap();
    assert_eq!(fixture.end_of(order).await.1, Some(OrderOutcome::QuitEarly));

    // A text without a code is charged at the end, and a code may follow one for which it was
    // charged.
    let order = fixture.order(ann, uber).await;
    fixture.sms(1, "Uber", "welcome").await;
    fixture.pass(600);
    fixture.report(1);
    fixture.run_due_work().await;
    assert_eq!(fixture.end_of(order).await.1, Some(OrderOutcome::SmsWithoutCode));
    let bolt = fixture.service("Bolt", &["^Bolt$"]).await;
    let order = fixture.order(ann, bolt).await;
    fixture.sms(1, "Bolt", "click here").await;
    assert_eq!(fixture.end_of(order).await.1, Some(OrderOutcome::SmsWithoutCode));
    fixture.pass(1);
    fixture.sms(1, "Bolt", "code 1234").await;
    assert_eq!(fixture.end_of(order).await.1, Some(OrderOutcome::Code));
    let silent = fixture.order(ann, fixture.service("Any", &[]).await).await;
    fixture.pass(600);
    fixture.run_due_work().await;
    assert_eq!(fixture.end_of(silent).await.1, Some(OrderOutcome::Silent));
    assert_eq!(fixture.faults().await, [""; 0]);
}
