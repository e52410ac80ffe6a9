//! Webhooks: what is to be sent when, what becomes of it, and what customers may do.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::*;
use crate::domain::webhook::{Attempt, Delivery, DeliveryState, EndpointState, OffReason};
use crate::domain::{EndpointId, EventId};
use crate::gateway::webhooks::{EndpointChanges, Webhooks};

const DAY_S: i64 = 24 * 3600;
/// Longer than any pause between attempts.
const LONG_S: i64 = 30 * 3600;

fn to(url: &str) -> NewEndpoint {
    NewEndpoint { url: url.to_owned(), types: None }
}

fn ids(events: &[Undelivered]) -> Vec<i64> {
    events.iter().map(|event| event.event.0).collect()
}

fn tried(event: i64, status: u16, behind: &[i64]) -> Tried {
    let attempt = Attempt { at_us: 0, ms: 1, status: Some(status), error: None, answer: None };
    let behind = behind.iter().map(|event| EventId(*event)).collect();
    Tried { event: EventId(event), attempt, behind }
}

/// A fixture whose customer `ann` has an endpoint.
struct Hooked {
    fixture: Fixture,
    ann: AccountId,
    uber: ServiceId,
    id: EndpointId,
}

impl Hooked {
    async fn open() -> Hooked {
        let fixture = Fixture::open().await;
        fixture.plug(1).await;
        let (ann, uber) = (fixture.customer("ann", 900).await, fixture.service("Uber", &[]).await);
        let id = fixture.endpoint(ann).await;
        Hooked { fixture, ann, uber, id }
    }

    fn webhooks(&self) -> &Webhooks {
        self.fixture.gateway.webhooks()
    }

    /// An order that is made and canceled: two events.
    async fn order(&self) {
        let order = self.fixture.order(self.ann, self.uber).await;
        self.fixture.gateway.orders().cancel(self.ann, order).await.unwrap();
    }

    /// What is to be sent now, for a sender that has just begun.
    async fn work(&self) -> Work {
        let (_, position) = self.webhooks().position(self.id).await.unwrap().unwrap();
        let work = self.webhooks().work(self.id, Some(position), BTreeSet::new(), 99);
        work.await.unwrap().unwrap()
    }

    /// An attempt was answered with this status; all events before it are done.
    async fn tried(&self, event: i64, status: u16) -> Recorded {
        self.tried_before(event, status, &[]).await
    }

    async fn tried_before(&self, event: i64, status: u16, behind: &[i64]) -> Recorded {
        let tried = tried(event, status, behind);
        let recorded = self.webhooks().record(self.id, tried, EventId(event - 1)).await;
        recorded.unwrap().unwrap()
    }

    async fn deliveries(&self) -> Vec<Delivery> {
        let found = self.webhooks().deliveries(AskedBy::Operator, self.id, None, 99).await;
        let mut found = found.unwrap().unwrap();
        found.sort_by_key(|delivery| delivery.event);
        found
    }

    async fn endpoint_state(&self) -> EndpointState {
        let found = self.webhooks().find(AskedBy::Operator, self.id).await.unwrap();
        found.unwrap().state
    }

    async fn switch_on(&self) {
        let edit = EndpointEdit { is_on: Some(true), ..EndpointEdit::default() };
        self.webhooks().edit(AskedBy::Operator, self.id, edit).await.unwrap().unwrap();
    }
}

impl Fixture {
    pub(super) async fn endpoint(&self, account: AccountId) -> EndpointId {
        let new = to("https://192.0.2.7/hook");
        let added = self.gateway.webhooks().add(AskedBy::Operator, account, new).await;
        added.unwrap().unwrap_or_else(|refusal| panic!("{refusal}")).id
    }
}

#[tokio::test]
async fn later_events_of_an_order_wait_for_one_that_fails_and_those_of_others_do_not() {
    let mut hooked = Hooked::open().await;
    hooked.order().await;
    hooked.order().await;
    let fresh = hooked.work().await.fresh;
    assert_eq!(ids(&fresh), [1, 2, 3, 4]);
    assert!(fresh.iter().all(|event| !event.is_held));
    let (failed, now) = (hooked.tried(1, 500).await, hooked.fixture.gateway.now());
    let pause = failed.state.next_at().unwrap().since(now);
    assert!((Duration::from_secs(5)..=Duration::from_secs(6)).contains(&pause), "{pause:?}");
    // The sender is killed here: it begins anew with what is on disk.
    hooked.fixture.restart().await;
    let work = hooked.work().await;
    let held: Vec<bool> = work.fresh.iter().map(|event| event.is_held).collect();
    assert_eq!((ids(&work.fresh), held), (vec![2, 3, 4], vec![true, false, false]));
    assert!(work.due.is_empty() && work.is_failing);
    assert_eq!(work.next_at, failed.state.next_at());
    hooked.webhooks().hold(hooked.id, vec![EventId(2)], EventId(2)).await.unwrap();
    hooked.tried(3, 200).await;
    hooked.tried(4, 200).await;
    hooked.fixture.pass(10);
    assert_eq!(ids(&hooked.work().await.due), [1], "2 waits for 1");
    assert_eq!(hooked.tried(1, 200).await.state, DeliveryState::Taken);
    assert_eq!(ids(&hooked.work().await.due), [2]);
    hooked.tried(2, 204).await;
    let work = hooked.work().await;
    assert!(work.due.is_empty() && work.fresh.is_empty() && work.next_at.is_none());
    assert!(hooked.deliveries().await.iter().all(|it| it.state == DeliveryState::Taken));
    assert_eq!(hooked.fixture.faults().await, [""; 0]);
}

#[tokio::test]
async fn after_ten_attempts_an_event_is_given_up_and_the_next_one_goes_on() {
    let hooked = Hooked::open().await;
    hooked.order().await;
    hooked.tried_before(1, 500, &[2]).await;
    for _ in 0..8 {
        hooked.fixture.pass(LONG_S / 10);
        hooked.tried(1, 503).await;
        assert!(ids(&hooked.work().await.fresh).is_empty());
    }
    hooked.fixture.pass(LONG_S);
    assert_eq!(ids(&hooked.work().await.due), [1]);
    assert_eq!(hooked.tried(1, 500).await.state, DeliveryState::GivenUp);
    assert_eq!(ids(&hooked.work().await.due), [2]);
    let first = hooked.deliveries().await.remove(0);
    assert_eq!((first.progress.tries, first.progress.attempts.len()), (10, 10));
}

#[tokio::test]
async fn what_is_behind_a_purged_event_goes_on() {
    let hooked = Hooked::open().await;
    hooked.order().await;
    hooked.tried_before(1, 500, &[2]).await;
    assert_eq!(hooked.deliveries().await.len(), 2);
    let store = &hooked.fixture.gateway.0.env.store;
    store.write(|tx| tx.purge_events(Timestamp(i64::MAX), 1)).await.unwrap();
    hooked.fixture.pass(10);
    assert_eq!(ids(&hooked.work().await.due), [2]);
    assert_eq!(hooked.deliveries().await.len(), 1);
    assert_eq!(hooked.fixture.faults().await, [""; 0]);
}

#[tokio::test]
async fn an_endpoint_is_switched_off_by_410_and_by_five_days_of_failure() {
    let hooked = Hooked::open().await;
    hooked.order().await;
    assert_eq!(hooked.tried(1, 410).await.off, Some(OffReason::Gone));
    assert_eq!(hooked.endpoint_state().await, EndpointState::Off(OffReason::Gone));
    let webhooks = hooked.webhooks();
    assert_eq!(webhooks.position(hooked.id).await.unwrap(), None);
    assert_eq!(webhooks.active().await.unwrap(), []);
    let refused = webhooks.test(AskedBy::Operator, hooked.id).await.unwrap();
    assert_eq!(refused, Err(EndpointRefusal::Off(OffReason::Gone)));
    hooked.switch_on().await;
    assert_eq!(ids(&hooked.work().await.fresh), [2], "what happened before goes on");
    assert_eq!(hooked.tried(2, 500).await.off, None);
    hooked.fixture.pass(4 * DAY_S);
    assert_eq!(hooked.tried(2, 500).await.off, None);
    assert_eq!(hooked.tried(2, 200).await.off, None);
    hooked.fixture.report(1);
    hooked.order().await;
    hooked.tried(3, 500).await;
    hooked.fixture.pass(5 * DAY_S);
    assert_eq!(hooked.tried(3, 500).await.off, Some(OffReason::Failing));
    let rows = hooked.fixture.gateway.audit().rows(RowLimit::ALL).await.unwrap();
    let by_daemon: Vec<String> = rows
        .into_iter()
        .filter(|row| row.action.starts_with("switched off"))
        .map(|row| format!("{} {} {}", row.actor, row.action, row.subject))
        .collect();
    let subject = format!("account {} ann: webhook endpoint {}", hooked.ann, hooked.id);
    assert_eq!(
        by_daemon,
        [
            format!("daemon switched off, reason gone, {subject}"),
            format!("daemon switched off, reason failing, {subject}")
        ]
    );
}

#[tokio::test]
async fn a_test_goes_to_its_endpoint_alone_and_any_event_can_be_sent_again() {
    let hooked = Hooked::open().await;
    let other = hooked.fixture.endpoint(hooked.ann).await;
    let (webhooks, by) = (hooked.webhooks(), || AskedBy::Operator);
    let test = webhooks.test(by(), other).await.unwrap().unwrap();
    let again = webhooks.test(by(), other).await.unwrap().unwrap();
    assert_eq!(test, again, "one waits already");
    assert!(hooked.work().await.fresh.is_empty());
    let due = webhooks.work(other, None, BTreeSet::new(), 9).await.unwrap().unwrap().due;
    assert_eq!(ids(&due), [test.event.0]);
    let letter = webhooks.letter(other, test.event).await.unwrap();
    let Sendable::Now(letter) = letter else { panic!("{letter:?}") };
    assert_eq!(letter.event.data, format!("{{\"endpoint\":{other}}}"));
    hooked.order().await;
    hooked.tried(2, 200).await;
    hooked.tried_before(3, 500, &[]).await;
    let (second, third) = (EventId(2), EventId(3));
    // What was taken is sent once more, though a later one of its order waits.
    webhooks.redeliver(by(), hooked.id, second).await.unwrap().unwrap();
    assert_eq!(ids(&hooked.work().await.due), [2]);
    assert_eq!(hooked.tried(2, 500).await.state, DeliveryState::GivenUp, "once");
    // What waits is sent at once.
    webhooks.redeliver(by(), hooked.id, third).await.unwrap().unwrap();
    assert_eq!(ids(&hooked.work().await.due), [3]);
    let none = webhooks.redeliver(by(), other, EventId(99)).await.unwrap();
    assert_eq!(none, Err(EndpointRefusal::NoDelivery(EventId(99))));
}

#[tokio::test]
async fn what_waits_is_tried_at_once_when_an_endpoint_is_switched_on_or_has_another_address() {
    let hooked = Hooked::open().await;
    hooked.order().await;
    let edit = async |edit: EndpointEdit| {
        hooked.webhooks().edit(AskedBy::Operator, hooked.id, edit).await.unwrap().unwrap();
    };
    let url = |url: &str| EndpointEdit { url: Some(url.to_owned()), ..EndpointEdit::default() };
    let due = async || ids(&hooked.work().await.due);
    hooked.tried_before(1, 500, &[2]).await;
    assert_eq!(due().await, [0; 0]);
    let types = Some(vec!["order.*".to_owned()]);
    edit(EndpointEdit { types, ..EndpointEdit::default() }).await;
    assert_eq!(due().await, [0; 0], "it is as far away as before");
    edit(url("https://192.0.2.8/hook")).await;
    assert_eq!(due().await, [1], "2 waits for 1");
    hooked.tried(1, 500).await;
    assert_eq!(due().await, [0; 0]);
    edit(EndpointEdit { is_on: Some(false), ..EndpointEdit::default() }).await;
    hooked.switch_on().await;
    assert_eq!(due().await, [1]);
}

#[tokio::test]
async fn what_waits_for_its_first_attempt_is_listed_and_pages_go_by_events() {
    let hooked = Hooked::open().await;
    hooked.order().await;
    hooked.order().await;
    hooked.tried(1, 200).await;
    let failed = tried(3, 500, &[4]);
    hooked.webhooks().record(hooked.id, failed, EventId(1)).await.unwrap().unwrap();
    let listed = async |before: Option<i64>, limit| {
        let by = AskedBy::Customer(hooked.ann.into());
        let before = before.map(EventId);
        let found = hooked.webhooks().deliveries(by, hooked.id, before, limit).await.unwrap();
        let found = found.unwrap().into_iter();
        found
            .map(|it| (it.event.0, it.state.as_str(), it.progress.attempts.len()))
            .collect::<Vec<_>>()
    };
    let (first, second) = ([(4, "waiting", 0), (3, "waiting", 1)], [(2, "waiting", 0)]);
    assert_eq!(listed(None, 2).await, first);
    assert_eq!(listed(Some(3), 1).await, second);
    assert_eq!(listed(Some(2), 9).await, [(1, "taken", 1)]);
    // It goes before long anyway.
    let sent = hooked.webhooks().redeliver(AskedBy::Operator, hooked.id, EventId(2)).await;
    assert_eq!(sent.unwrap().unwrap().state, DeliveryState::Waiting { next_at: None });
    assert_eq!(ids(&hooked.work().await.fresh), [2]);
    let types = Some(vec!["order.created".to_owned()]);
    let edit = EndpointEdit { types, ..EndpointEdit::default() };
    hooked.webhooks().edit(AskedBy::Operator, hooked.id, edit).await.unwrap().unwrap();
    assert_eq!(listed(Some(3), 9).await, [(1, "taken", 1)], "it is not sent any more");
    let none = hooked.webhooks().redeliver(AskedBy::Operator, hooked.id, EventId(2)).await;
    assert_eq!(none.unwrap(), Err(EndpointRefusal::NoDelivery(EventId(2))));
}

#[tokio::test]
async fn an_endpoint_is_sent_what_it_has_asked_for() {
    let hooked = Hooked::open().await;
    hooked.order().await;
    let types = Some(vec!["order.canceled".to_owned(), "rental.*".to_owned()]);
    let edit = EndpointEdit { types, ..EndpointEdit::default() };
    hooked.webhooks().edit(AskedBy::Operator, hooked.id, edit).await.unwrap().unwrap();
    let work = hooked.work().await;
    assert_eq!((ids(&work.fresh), work.read_to), (vec![2], EventId(2)));
    for types in [vec![], vec!["orders".to_owned()], vec!["*".to_owned(); 51]] {
        let edit = EndpointEdit { types: Some(types), ..EndpointEdit::default() };
        let refused = hooked.webhooks().edit(AskedBy::Operator, hooked.id, edit).await.unwrap();
        assert!(matches!(refused, Err(EndpointRefusal::Types(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn customers_have_ten_endpoints_and_see_their_own_alone() {
    let hooked = Hooked::open().await;
    let bob = AskedBy::Customer(hooked.fixture.customer("bob", 0).await.into());
    let webhooks = hooked.webhooks();
    let gone = Err(EndpointRefusal::NoEndpoint(hooked.id));
    let found = webhooks.find(bob.clone(), hooked.id).await.unwrap();
    assert_eq!(found.map(drop), gone);
    assert_eq!(webhooks.test(bob.clone(), hooked.id).await.unwrap().map(drop), gone);
    assert_eq!(webhooks.rotate(bob.clone(), hooked.id).await.unwrap().map(drop), gone);
    assert_eq!(webhooks.delete(bob.clone(), hooked.id).await.unwrap(), gone);
    let edit = EndpointEdit::default();
    assert_eq!(webhooks.edit(bob.clone(), hooked.id, edit).await.unwrap().map(drop), gone);
    let listed = webhooks.deliveries(bob.clone(), hooked.id, None, 9).await.unwrap();
    assert_eq!(listed.map(drop), gone);
    let sent = webhooks.redeliver(bob, hooked.id, EventId(1)).await.unwrap();
    assert_eq!(sent.map(drop), gone);
    for _ in 1..10 {
        hooked.fixture.endpoint(hooked.ann).await;
    }
    let url = to("https://192.0.2.7/hook");
    let eleventh = webhooks.add(AskedBy::Operator, hooked.ann, url.clone()).await.unwrap();
    assert_eq!(eleventh.map(drop), Err(EndpointRefusal::TooMany));
    assert_eq!(webhooks.of(&hooked.ann.into()).await.unwrap().len(), 10);
    let ann = AskedBy::Customer(hooked.ann.into());
    webhooks.delete(ann.clone(), hooked.id).await.unwrap().unwrap();
    assert_eq!(webhooks.find(ann.clone(), hooked.id).await.unwrap().map(drop), gone);
    let eleventh = webhooks.add(ann, hooked.ann, url).await.unwrap().unwrap();
    assert_eq!(eleventh.id, EndpointId(11), "no id is used again");
}

#[tokio::test]
async fn what_is_left_of_a_deleted_endpoint_is_removed_and_an_erased_account_has_none() {
    let hooked = Hooked::open().await;
    hooked.order().await;
    hooked.tried_before(1, 500, &[2]).await;
    let webhooks = hooked.webhooks();
    webhooks.delete(AskedBy::Operator, hooked.id).await.unwrap().unwrap();
    assert_eq!(webhooks.record(hooked.id, tried(2, 200, &[]), EventId(2)).await.unwrap(), None);
    webhooks.purge_deleted().await.unwrap();
    let store = &hooked.fixture.gateway.0.env.store;
    let left = || store.write(|tx| tx.purge_deleted_endpoints(1));
    assert_eq!(left().await.unwrap(), 0);
    let zoe = hooked.fixture.customer("zoe", 0).await;
    hooked.fixture.endpoint(zoe).await;
    let accounts = hooked.fixture.gateway.accounts();
    accounts.set_suspended("zoe".to_owned(), true).await.unwrap();
    assert_eq!(webhooks.active().await.unwrap(), [], "nothing is sent to a suspended account");
    accounts.set_suspended("zoe".to_owned(), false).await.unwrap();
    assert_eq!(webhooks.active().await.unwrap().len(), 1);
    accounts.erase("zoe".to_owned(), false).await.unwrap();
    assert_eq!(left().await.unwrap(), 0);
    assert_eq!(hooked.fixture.faults().await, [""; 0]);
}

#[tokio::test]
async fn a_new_secret_is_in_the_answer_and_the_one_before_signs_for_a_day() {
    let hooked = Hooked::open().await;
    let (webhooks, by) = (hooked.webhooks(), || AskedBy::Operator);
    let before = webhooks.find(by(), hooked.id).await.unwrap().unwrap().secrets;
    let changed = webhooks.rotate(by(), hooked.id).await.unwrap().unwrap().secrets;
    assert_ne!(changed.current, before.current);
    assert_eq!(webhooks.find(by(), hooked.id).await.unwrap().unwrap().secrets, changed);
    let until = hooked.fixture.gateway.now().plus(Duration::from_secs(24 * 3600));
    assert_eq!(changed.former, Some((before.current, until)));
}

/// Every name has these addresses.
struct Everywhere(Vec<IpAddr>);

impl NameResolver for Everywhere {
    fn resolve(&self, _: String) -> BoxFuture<'_, Vec<IpAddr>> {
        Box::pin(std::future::ready(self.0.clone()))
    }
}

#[tokio::test]
async fn only_addresses_that_may_be_sent_to_are_taken() {
    let settings = Settings { webhooks: Default::default(), ..default_settings() };
    let fixture = Fixture::with(settings).await;
    let ann = fixture.customer("ann", 0).await;
    let check = async |url: &str, addresses: &[&str]| {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        let (env, changes) = (fixture.gateway.0.env.clone(), Arc::<EndpointChanges>::default());
        let webhooks = Webhooks::new(env, changes, Arc::new(Everywhere(addresses)));
        let added = webhooks.add(AskedBy::Operator, ann, to(url)).await.unwrap();
        added.map(|endpoint| endpoint.url.as_str().to_owned())
    };
    for (url, addresses) in [
        ("https://hooks.example/x", &["8.8.8.8", "2606:4700::1111"][..]),
        ("https://nowhere.example/x", &[]),
        ("https://8.8.8.8:8443/x", &[]),
    ] {
        assert_eq!(check(url, addresses).await, Ok(url.to_owned()));
    }
    for (url, addresses) in [
        ("http://hooks.example/x", &["8.8.8.8"][..]),
        ("https://hooks.example/x", &["127.0.0.1"]),
        ("https://hooks.example/x", &["8.8.8.8", "10.0.0.1"]),
        ("https://hooks.example/x", &["::ffff:169.254.169.254"]),
        ("https://127.0.0.1/x", &[]),
        ("https://[::1]/x", &[]),
        ("https://[::ffff:7f00:1]/x", &[]),
        ("https://[64:ff9b::7f00:1]/x", &[]),
        ("https://[2002:7f00:1::]/x", &[]),
        ("https://[fe80::1]/x", &[]),
        ("https://169.254.169.254/latest", &[]),
        ("https://0.0.0.0/x", &[]),
    ] {
        let refused = check(url, addresses).await;
        assert!(matches!(refused, Err(EndpointRefusal::UnsafeAddress(_))), "{url}: {refused:?}");
    }
    for url in ["https://0x7f.1/x", "https://2130706433", "https://ann@hooks.example", "hooks"] {
        assert!(matches!(check(url, &[]).await, Err(EndpointRefusal::Url(_))), "{url}");
    }
}
