//! What the operator does to a customer's order: canceling, refunds, delivery by hand.

use super::*;
use crate::domain::MessageId;
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::ledger::Posting;
use crate::store::attacks;

/// An operation's outcome in words.
fn words<T>(outcome: Result<T, Error>) -> String {
    outcome.map_or_else(|error| error.to_string(), |_| "done".to_owned())
}

/// A customer with an order for a service whose sender has another name than its pattern says, on
/// SIM 1; and the message that came for it.
async fn unmatched() -> (Fixture, AccountId, OrderId, MessageId) {
    let (fixture, ann, order) = charging::waiting().await;
    let Ingested::Message(message, None) = fixture.sms(1, "Uber BV", "Your code is 0183").await
    else {
        panic!("it fits a pattern")
    };
    (fixture, ann, order, message)
}

impl Fixture {
    /// Adds an entry to an account's ledger, as no part of an operation.
    pub(super) async fn post(&self, account: AccountId, posting: Posting) -> Result<(), Error> {
        let gateway = &self.gateway.0;
        let (env, events) = (Arc::clone(&gateway.env), Arc::clone(&gateway.orders.events));
        let now = env.now();
        let posted = self.gateway.0.env.store.write(move |tx| {
            events.post(tx, account, &posting, env.occasion(now, None)).map(drop)?;
            Ok::<_, Error>(())
        });
        posted.await
    }
}

async fn mend(fixture: &Fixture) {
    let senders = PatternEdit { add: vec!["^Uber BV$".into()], ..PatternEdit::default() };
    let edit = ServiceEdit { senders, ..ServiceEdit::default() };
    fixture.gateway.services().edit("Uber".into(), edit).await.unwrap();
}

async fn deliver(fixture: &Fixture, order: OrderId, message: MessageId) -> String {
    words(fixture.gateway.inbox().deliver(message, order).await)
}

async fn refund(fixture: &Fixture, order: OrderId, cents: Option<i64>) -> String {
    let amount = cents.map(Amount);
    words(fixture.gateway.orders().refund(order, amount, "it was used".into()).await)
}

#[tokio::test]
async fn a_message_is_delivered_once_its_services_pattern_is_mended() {
    let (fixture, ann, order, message) = unmatched().await;
    let refused = deliver(&fixture, order, message).await;
    assert!(refused.contains("does not fit the service of order 1"), "{refused}");
    mend(&fixture).await;
    let poll = fixture.gateway.orders().wait_for_sms(ann, order, Duration::from_secs(60));
    let delivery = async {
        tokio::task::yield_now().await;
        assert_eq!(deliver(&fixture, order, message).await, "done");
    };
    let (sms, ()) = tokio::join!(poll, delivery);
    assert_eq!(sms.unwrap(), Sms::Text("Your code is 0183".into()), "the poll is woken");
    assert!(matches!(fixture.state(order).await, OrderState::Completed { .. }));
    assert_eq!(fixture.funds(ann).await, (450, 0));
    let again = deliver(&fixture, order, message).await;
    assert_eq!(again, "message 1 was given to order 1");
    assert_eq!(fixture.faults().await, Vec::<String>::new());
    let audit = fixture.gateway.audit().rows(RowLimit::ALL).await.unwrap();
    let rows = audit.iter().filter(|row| row.action == AuditAction::Delivered.to_string());
    let subjects: Vec<_> = rows.map(|row| (row.actor, row.subject.as_str())).collect();
    assert_eq!(subjects, [(Actor::Operator, "message 1 to order 1")]);
}

#[tokio::test]
async fn a_text_without_a_code_is_delivered_and_charges_nothing() {
    let (fixture, ann, order, _) = unmatched().await;
    fixture.pass(5);
    let Ingested::Message(hello, None) = fixture.sms(1, "Uber BV", "Welcome!").await else {
        panic!()
    };
    mend(&fixture).await;
    assert_eq!(deliver(&fixture, order, hello).await, "done");
    assert_eq!(fixture.state(order).await, OrderState::Open);
    assert_eq!(fixture.funds(ann).await, (500, 50));
    let shown = fixture.gateway.orders().read_sms(ann, order).await.unwrap();
    assert_eq!(shown, Sms::Text("Welcome!".into()));
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

/// Each refusal leaves everything as it was.
#[tokio::test]
async fn nobody_is_delivered_what_is_anothers() {
    let (fixture, ann, first, message) = unmatched().await;
    mend(&fixture).await;
    let bob = fixture.customer("bob", 500).await;
    let uber = ServiceId(1);
    fixture.gateway.orders().cancel(ann, first).await.unwrap();
    assert_eq!(
        deliver(&fixture, first, message).await,
        "order 1 ended without a charge; its customer is shown nothing more"
    );
    fixture.pass(5);
    let second = fixture.order(bob, uber).await;
    let late = "order 2 was not running when the network accepted message 1";
    assert_eq!(deliver(&fixture, second, message).await, late, "it came for ann's order");
    // It waited at the network since ann's time.
    let waited = fixture.pdus("Stranger", "Your code is 0184", 8, 2);
    let Ingested::Message(waited, None) = fixture.arrive(1, &waited[0]).await else { panic!() };
    let refused = deliver(&fixture, second, waited).await;
    assert_eq!(refused, "order 2 was not running when the network accepted message 2");
    let lyft = fixture.service("Lyft", &["^Lyft$"]).await;
    let other = fixture.order(ann, lyft).await;
    fixture.pass(1);
    let Ingested::Message(bobs, Some(given)) = fixture.sms(1, "Uber", "code 0185").await else {
        panic!()
    };
    assert_eq!(given, second);
    assert_eq!(deliver(&fixture, other, bobs).await, "message 3 was given to order 2");
    fixture.plug(2).await;
    let Ingested::Message(elsewhere, None) = fixture.sms(2, "Lyft", "code 0186").await else {
        panic!()
    };
    let refused = deliver(&fixture, other, elsewhere).await;
    assert_eq!(refused, "message 4 did not come to the number of order 3");
    assert!(deliver(&fixture, other, MessageId(99)).await.contains("no message 99"));
    assert!(deliver(&fixture, OrderId(99), message).await.contains("no order 99"));
    assert_eq!(fixture.state(other).await, OrderState::Open);
    assert_eq!((fixture.funds(ann).await, fixture.funds(bob).await), ((500, 50), (450, 0)));
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_fits_an_order_beside_it_is_for_that_one() {
    let (fixture, _, order, _) = unmatched().await;
    let bob = fixture.customer("bob", 500).await;
    let lyft = fixture.service("Lyft", &["^Lyft$"]).await;
    let others = fixture.order(bob, lyft).await;
    fixture.pass(1);
    let Ingested::Message(both, None) = fixture.sms(1, "Ride", "code 0187").await else { panic!() };
    for name in ["Uber", "Lyft"] {
        let senders = PatternEdit { add: vec!["^Ride$".into()], ..PatternEdit::default() };
        let priority = Some(i64::from(name == "Lyft"));
        let edit = ServiceEdit { senders, priority, ..ServiceEdit::default() };
        fixture.gateway.services().edit(name.into(), edit).await.unwrap();
    }
    assert_eq!(deliver(&fixture, order, both).await, "message 2 is for order 2");
    assert_eq!(deliver(&fixture, others, both).await, "done");
}

#[tokio::test]
async fn a_tenants_and_a_withheld_message_are_delivered_to_nobody() {
    let rule = crate::domain::block_list::BlockRule {
        name: "banks".into(),
        senders: vec!["^ING$".into()],
        texts: vec![],
    };
    let block_list = BlockList::new(&[rule]).unwrap();
    let fixture = Fixture::with(Settings { block_list, ..default_settings() }).await;
    fixture.plug(1).await;
    let (ann, any) = (fixture.customer("ann", 50_000).await, fixture.service("Any", &[]).await);
    let order = fixture.order(ann, any).await;
    fixture.pass(1);
    fixture.sms(1, "ING", "code 1234").await;
    let refused = deliver(&fixture, order, MessageId(1)).await;
    assert!(refused.starts_with("message 1 is withheld by the rule banks"), "{refused}");
    fixture.gateway.orders().cancel(ann, order).await.unwrap();
    fixture.gateway.rentals().rent(ann, Some("NL"), "1m", false).await.unwrap();
    fixture.pass(1);
    fixture.sms(1, "Uber", "code 1234").await;
    assert_eq!(deliver(&fixture, order, MessageId(2)).await, "message 2 belongs to rental 1");
}

#[tokio::test]
async fn what_may_have_come_for_another_sim_is_delivered_to_nobody() {
    let (fixture, _, order, _) = unmatched().await;
    mend(&fixture).await;
    let pdu = Pdu::Octets(fixture.pdus("Uber BV", "Your code is 0188", 0, 7).remove(0));
    let (modem, iccid) = (modem(1), iccid(1));
    let arrival = Arrival { modem, iccid, pdu, live: false, doubtful: true };
    let stored = fixture.gateway.inbox().ingest(arrival).await.unwrap();
    let Ingested::Message(message, None) = stored else { panic!("{stored:?}") };
    let refused = deliver(&fixture, order, message).await;
    assert_eq!(refused, "message 2 may have come for another SIM");
}

#[tokio::test]
async fn an_order_is_refunded_once_and_never_more_than_it_was_charged() {
    let (fixture, ann, order, message) = unmatched().await;
    assert!(refund(&fixture, order, None).await.contains("`simbridge order cancel 1`"));
    mend(&fixture).await;
    deliver(&fixture, order, message).await;
    for cents in [51, 0, -1] {
        let refused = refund(&fixture, order, Some(cents)).await;
        assert!(
            refused.starts_with("order 1 was charged 0.50; a refund is that or less"),
            "{refused}"
        );
    }
    // Whatever asks for it, the ledger does not take more.
    let note = "it was used".to_owned();
    let too_much = Posting::Refund { amount: Amount(51), order, note };
    let posted = fixture.post(ann, too_much).await.unwrap_err().to_string();
    assert_eq!(posted, "account 1: would be given back more than it was charged");
    let blank = fixture.gateway.orders().refund(order, None, " ".into()).await;
    assert!(words(blank).contains("has a reason"));
    assert_eq!(fixture.funds(ann).await, (450, 0));
    let (one, other) =
        tokio::join!(refund(&fixture, order, None), refund(&fixture, order, Some(20)));
    let refused = [&one, &other].into_iter().filter(|said| said.contains("was refunded before"));
    assert_eq!(refused.count(), 1, "{one}, {other}");
    assert_eq!(fixture.funds(ann).await, (if one == "done" { 500 } else { 470 }, 0));
    assert_eq!(fixture.faults().await, Vec::<String>::new());
    let ledger =
        fixture.gateway.accounts().ledger("ann".into(), RowLimit::ALL.into()).await.unwrap();
    let last = &ledger.last().unwrap().entry;
    assert_eq!((last.order, last.note.as_deref()), (Some(order), Some("it was used")));
    // What a damaged database may have is found.
    fixture.carry_out(attacks::REFUND_OF_TOO_MUCH).unwrap();
    let found = fixture.faults().await;
    assert!(found.len() == 1 && found[0].starts_with("order 1: it was refunded"), "{found:?}");
}

#[tokio::test]
async fn what_the_operator_cancels_does_not_count_against_the_account() {
    let settings = Settings {
        pauses: crate::domain::fair_use::Pauses {
            min_cancel_age: Duration::from_secs(30),
            after_giving_up: Duration::ZERO,
        },
        ..default_settings()
    };
    let fixture = Fixture::with(settings).await;
    fixture.plug(1).await;
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["Uber"]).await);
    let order = fixture.order(ann, uber).await;
    let orders = fixture.gateway.orders();
    let canceled = orders.cancel_for_operator(order).await.unwrap();
    assert_eq!((canceled.account.as_str(), canceled.order.state.as_str()), ("ann", "canceled"));
    assert_eq!(fixture.funds(ann).await, (500, 0));
    assert_eq!(orders.read_sms(ann, order).await.unwrap(), Sms::Over);
    let again = words(orders.cancel_for_operator(order).await);
    assert_eq!(again, "order 1 is over and cost nothing");
    assert_eq!(refund(&fixture, order, None).await, "order 1 cost nothing");
    let second = fixture.order(ann, uber).await;
    fixture.sms(1, "Uber", "code 1234").await;
    let refused = words(orders.cancel_for_operator(second).await);
    assert!(refused.contains("`simbridge order refund 2 --reason …`"), "{refused}");
    assert_eq!(fixture.faults().await, Vec::<String>::new());
}
