//! What an order is charged for: a name is no proof, a code is some.

use super::*;

async fn sms_of(fixture: &Fixture, account: AccountId, order: OrderId) -> Sms {
    fixture.gateway.orders().read_sms(account, order).await.unwrap()
}

fn text(text: &str) -> Sms {
    Sms::Text(text.to_owned())
}

/// A customer with an open order for a service that charges on codes, on SIM 1.
pub(super) async fn waiting() -> (Fixture, AccountId, OrderId) {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let ann = fixture.customer("ann", 500).await;
    let uber = fixture.service_charging("Uber", &["^Uber$"], None).await;
    let order = fixture.order(ann, uber).await;
    fixture.pass(5);
    (fixture, ann, order)
}

#[tokio::test]
async fn a_text_without_a_code_is_shown_and_ends_charges_and_hides_nothing() {
    let (fixture, ann, order) = waiting().await;
    let given = fixture.sms(1, "Uber", "hello from a stranger").await;
    assert!(matches!(given, Ingested::Message(_, Some(to)) if to == order), "{given:?}");
    assert_eq!(sms_of(&fixture, ann, order).await, text("hello from a stranger"));
    assert_eq!(
        (fixture.state(order).await, fixture.funds(ann).await),
        (OrderState::Open, (500, 50))
    );
    fixture.pass(5);
    fixture.sms(1, "Uber", "Your code is 0183").await;
    assert_eq!(sms_of(&fixture, ann, order).await, text("Your code is 0183"));
    assert!(matches!(fixture.state(order).await, OrderState::Completed { .. }));
    assert_eq!(fixture.funds(ann).await, (450, 0));
    fixture.pass(5);
    fixture.sms(1, "Uber", "Welcome to Uber!").await;
    assert_eq!(sms_of(&fixture, ann, order).await, text("Your code is 0183"), "it hides nothing");
    fixture.pass(5);
    fixture.sms(1, "Uber", "Your new code is 0184").await;
    assert_eq!(sms_of(&fixture, ann, order).await, text("Your new code is 0184"));
    assert_eq!(fixture.funds(ann).await, (450, 0), "charged once");
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_order_with_a_text_may_be_given_up_for_nothing_and_is_charged_at_its_end() {
    for gives_up in [true, false] {
        let (fixture, ann, order) = waiting().await;
        fixture.sms(1, "Uber", "Welcome to Uber!").await;
        if gives_up {
            let canceled = fixture.gateway.orders().cancel(ann, order).await.unwrap();
            assert_eq!(canceled, Cancel::Canceled);
        }
        fixture.pass(600);
        fixture.gateway.due_work().run_due_work().await.unwrap();
        let (state, funds) = (fixture.state(order).await, fixture.funds(ann).await);
        if gives_up {
            assert!(matches!(state, OrderState::Canceled { .. }));
            assert_eq!((funds, sms_of(&fixture, ann, order).await), ((500, 0), Sms::Over));
        } else {
            assert!(matches!(state, OrderState::Completed { .. }));
            assert_eq!(funds, (450, 0));
            assert_eq!(sms_of(&fixture, ann, order).await, text("Welcome to Uber!"));
        }
        assert_eq!(fixture.faults().await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn the_rest_of_a_long_message_may_have_the_code() {
    let (fixture, ann, order) = waiting().await;
    let long = format!("{} Your code is 0183", "Welcome to Uber! ".repeat(10));
    let pdus = fixture.pdus("Uber", &long, 0, 9);
    fixture.arrive(1, &pdus[0]).await;
    fixture.pass(200);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    assert_eq!(fixture.state(order).await, OrderState::Open);
    assert!(matches!(sms_of(&fixture, ann, order).await, Sms::Text(_)));
    fixture.arrive(1, &pdus[1]).await;
    assert!(matches!(fixture.state(order).await, OrderState::Completed { .. }));
    assert_eq!(
        (sms_of(&fixture, ann, order).await, fixture.funds(ann).await),
        (text(&long), (450, 0))
    );
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_long_message_is_not_awaited_for_long_once_its_code_is_there() {
    let (fixture, ann, order) = waiting().await;
    let long = format!("Your code is 0183. {}Bye", "Welcome to Uber! ".repeat(10));
    let pdus = fixture.pdus("Uber", &long, 0, 9);
    fixture.arrive(1, &pdus[0]).await;
    let due = fixture.gateway.due_work().run_due_work().await.unwrap().unwrap();
    assert_eq!(due.since(fixture.gateway.now()), Duration::from_secs(20));
    assert_eq!(sms_of(&fixture, ann, order).await, Sms::Waiting, "the rest may be on its way");
    fixture.pass(20);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    assert!(matches!(fixture.state(order).await, OrderState::Completed { .. }));
    let Sms::Text(shown) = sms_of(&fixture, ann, order).await else { panic!() };
    assert!(shown.starts_with("Your code is 0183."), "{shown}");
    fixture.arrive(1, &pdus[1]).await;
    assert_eq!(
        (sms_of(&fixture, ann, order).await, fixture.funds(ann).await),
        (text(&long), (450, 0))
    );
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_is_withheld_is_not_charged() {
    let (mut fixture, ann, order) = waiting().await;
    let rule = crate::domain::block_list::BlockRule {
        name: "banks".into(),
        senders: vec![],
        texts: vec!["iban".into()],
    };
    let block_list = BlockList::new(&[rule]).unwrap();
    fixture.settings = Settings { block_list, ..default_settings() };
    fixture.gateway.apply_settings(fixture.settings.clone());
    fixture.sms(1, "Uber", "your IBAN and the code 1234").await;
    fixture.pass(600);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    assert!(matches!(fixture.state(order).await, OrderState::Expired { .. }));
    assert_eq!(fixture.funds(ann).await, (500, 0));
}

#[tokio::test]
async fn a_service_that_sends_links_charges_on_any_text_as_one_without_patterns_does() {
    for (senders, charge_on) in [(&["^Uber$"][..], Some(ChargeOn::Sms)), (&[], None)] {
        let fixture = Fixture::open().await;
        fixture.plug(1).await;
        let ann = fixture.customer("ann", 500).await;
        let service = fixture.service_charging("Links", senders, charge_on).await;
        let order = fixture.order(ann, service).await;
        fixture.pass(5);
        fixture.sms(1, "Uber", "Go to example.com/verify").await;
        assert!(matches!(fixture.state(order).await, OrderState::Completed { .. }));
        assert_eq!(fixture.funds(ann).await, (450, 0));
    }
}
