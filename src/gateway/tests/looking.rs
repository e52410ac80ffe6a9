//! Lists and single things as pages look at them: a step at a time, and without a trace until
//! somebody is shown them.

use super::*;
use crate::domain::message::MessageState;
use crate::domain::{MessageId, RentalId};

fn in_state(word: &str) -> ListRequest {
    ListRequest { state: Some(word.to_owned()), ..ListRequest::default() }
}

#[tokio::test]
async fn messages_are_found_by_what_has_become_of_them() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let account = fixture.customer("ann", 1000).await;
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    let order = fixture.order(account, uber).await;
    fixture.sms(1, "Uber", "Your Uber code is 846691").await;
    fixture.sms(1, "Lyft", "hello").await;
    fixture.arrive(1, &[0xff, 0xff]).await;
    let long = fixture.pdus("Lyft", &"a long text ".repeat(20), 0, 7);
    fixture.arrive(1, &long[0]).await;
    let inbox = fixture.gateway.inbox();
    let ids = async |request: ListRequest| {
        let (step, _) = inbox.list_step(request, false).await.unwrap();
        step.rows.into_iter().map(|message| message.id.0).collect::<Vec<_>>()
    };
    assert_eq!(ids(ListRequest::default()).await, [1, 2, 3]);
    assert_eq!(ids(in_state("unclaimed")).await, [2]);
    assert_eq!(ids(in_state("Undecodable")).await, [3]);
    assert_eq!(ids(in_state("withheld")).await, [0; 0]);
    let of_order = ListRequest { order: Some(order.0), ..ListRequest::default() };
    assert_eq!(ids(of_order.clone()).await, [1]);
    let (_, whose) = inbox.list_step(of_order, false).await.unwrap();
    assert_eq!(whose, "order 1");
    let refused = inbox.list_step(in_state("lost"), false).await.unwrap_err().to_string();
    let states = MessageState::ALL.map(MessageState::as_str).join(", ");
    assert_eq!(refused, format!("no state lost; there are {states}"));
    let (found, whose) = inbox.look_for(in_state("unclaimed"), false, "HELLO").await.unwrap();
    assert_eq!((found.messages.len(), whose.as_str()), (1, "all SIMs, found by a word"));
}

#[tokio::test]
async fn what_is_looked_at_is_not_in_the_audit_by_itself() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let account = fixture.customer("ann", 1000).await;
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    let order = fixture.order(account, uber).await;
    fixture.sms(1, "Lyft", "hello").await;
    let audit = async || fixture.gateway.audit().rows(RowLimit::ALL).await.unwrap();
    let before = audit().await;
    let gateway = &fixture.gateway;
    let looked = gateway.orders().details(order).await.unwrap().unwrap();
    gateway.inbox().details(looked.unmatched[0].id).await.unwrap().unwrap();
    gateway.orders().list_step(ListRequest::default()).await.unwrap();
    gateway.inbox().list_step(ListRequest::default(), true).await.unwrap();
    assert_eq!(audit().await, before);
    assert_eq!(gateway.orders().history(order).await.unwrap(), looked);
    assert_eq!(audit().await.len(), before.len() + 1, "who asks for all of it has seen it");
    for missing in [
        gateway.orders().details(OrderId(9)).await.unwrap().is_none(),
        gateway.inbox().details(MessageId(9)).await.unwrap().is_none(),
        gateway.rentals().details(RentalId(9), None, 1).await.unwrap().is_none(),
    ] {
        assert!(missing);
    }
}

#[tokio::test]
async fn accounts_are_found_by_a_part_of_their_names_page_by_page() {
    let fixture = Fixture::open().await;
    for name in ["ann", "bob", "Annabel"] {
        fixture.customer(name, 100).await;
    }
    let accounts = fixture.gateway.accounts();
    accounts.set_suspended("bob".to_owned(), true).await.unwrap();
    let found = async |state: Option<&str>, name: Option<&str>, before, limit| {
        let (state, name) = (state.map(str::to_owned), name.map(str::to_owned));
        let page = AccountPage { state, name, before, limit };
        let found = accounts.page(page).await.unwrap();
        found.into_iter().map(|account| account.name).collect::<Vec<_>>()
    };
    assert_eq!(found(None, None, None, 9).await, ["Annabel", "bob", "ann"]);
    assert_eq!(found(None, None, None, 1).await, ["Annabel"]);
    assert_eq!(found(None, None, Some(AccountId(3)), 9).await, ["bob", "ann"]);
    assert_eq!(found(None, Some("NN"), None, 9).await, ["Annabel", "ann"]);
    assert_eq!(found(Some("suspended"), None, None, 9).await, ["bob"]);
    assert_eq!(found(Some("active"), Some("b"), None, 9).await, ["Annabel"]);
    assert!(
        accounts
            .page(AccountPage { state: Some("x".into()), ..AccountPage::default() })
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_check_of_the_database_goes_on_by_itself_and_can_be_stopped() {
    let fixture = Fixture::open().await;
    let verification = fixture.gateway.verification();
    assert_eq!(verification.report(), None);
    assert!(verification.begin());
    assert!(!verification.begin(), "one goes on");
    verification.stop();
    let at = fixture.gateway.now();
    assert_eq!(verification.report().unwrap().state, VerificationState::Stopped { at });
    fixture.pass(1);
    assert!(verification.begin(), "another one");
    while verification.report().unwrap().state == VerificationState::Running {
        tokio::task::yield_now().await;
    }
    let report = verification.report().unwrap();
    let at = fixture.gateway.now();
    assert_eq!(report.state, VerificationState::Finished { at });
    assert_eq!((report.done, report.faults.len()), (CHECKS, 0), "only its own checks count");
    assert_eq!(report.began_at, at);
}
