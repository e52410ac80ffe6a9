//! Whole sequences of operations on a real database, with a clock that the test sets.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::DateTime;

use super::*;
use crate::daemon::config::Config;
use crate::domain::BlockList;
use crate::domain::catalogue::{ChargeOn, ReuseTerms};
use crate::domain::key::KeyMode;
use crate::domain::message::Message;
use crate::domain::modem::{
    FinalResult, ModemDetail, ModemIdentity, ModemRequest, ModemSnapshot, ModemState, ModemStatus,
    Registration, RequestError, SimCard, SimTask,
};
use crate::domain::order::OrderState;
use crate::domain::sim::NumberSource;
use crate::domain::webhook::AddressRules;
use crate::domain::{
    AccountId, Amount, Iccid, Imsi, ModemAtPort, ModemId, OrderId, PortName, RowLimit, ServiceId,
};
use crate::sms::{Address, Deliver, Scts, TextMode};
use crate::store::NewService;

mod account_data;
mod acting;
mod alarms;
mod banks;
mod by_customer;
mod charging;
mod clocks;
mod customers;
mod events;
mod fair_use;
mod faulty;
mod finding;
mod grace;
mod health;
mod histories;
mod keys;
mod kinds;
mod large_stock;
mod late_codes;
mod limits;
mod looking;
mod lost_sims;
mod moves;
mod numbers;
mod operator;
mod outages;
mod own_store;
mod parts;
mod people;
mod pins;
mod races;
mod rental_care;
mod rentals;
mod retention;
mod reuse;
mod revenue;
mod samples;
mod sandbox;
mod several_sims;
mod spending;
mod stock_table;
mod text_mode;
mod trying;
mod used;
mod webhooks;

const START_US: i64 = 1_780_000_000_000_000;
const SECOND_US: i64 = 1_000_000;

pub(crate) struct Fixture {
    pub(crate) gateway: Gateway,
    settings: Settings,
    clock: Arc<AtomicI64>,
    dir: tempfile::TempDir,
}

fn entropy() -> Entropy {
    let next = std::sync::atomic::AtomicU8::new(7);
    Arc::new(move || {
        let first = next.fetch_add(1, Ordering::SeqCst);
        Some(std::array::from_fn(|n| first.wrapping_add(u8::try_from(7 * n).unwrap())))
    })
}

/// The configuration's defaults, but nothing is withheld from customers, numbers that were given up
/// do not rest, nor those that were ordered before they are rented, and the books are kept for
/// good.
fn default_settings() -> Settings {
    Settings {
        block_list: BlockList::default(),
        number_rest: Duration::ZERO,
        rest_after_orders: Duration::ZERO,
        given_up_kept: None,
        audit_kept: None,
        addresses_kept: None,
        require_second_factor: true,
        webhooks: AddressRules { allow: vec!["https://192.0.2.0/24".parse().unwrap()] },
        ..Config::defaults().gateway
    }
}

impl Fixture {
    pub(crate) async fn open() -> Fixture {
        Fixture::with(default_settings()).await
    }

    async fn with(settings: Settings) -> Fixture {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(START_US));
        let gateway = Fixture::gateway(&dir, &clock, settings.clone()).await;
        Fixture { gateway, settings, clock, dir }
    }

    async fn gateway(
        dir: &tempfile::TempDir,
        clock: &Arc<AtomicI64>,
        settings: Settings,
    ) -> Gateway {
        let store = Store::open(&dir.path().join("test.db")).unwrap();
        let ticking = Arc::clone(clock);
        let clock: Clock = Arc::new(move || Timestamp(ticking.load(Ordering::SeqCst)));
        Gateway::open(store, settings, clock, entropy()).await.unwrap()
    }

    /// The daemon goes down and comes up again.
    async fn restart(&mut self) {
        self.gateway.0.env.store.close().await;
        self.gateway = Fixture::gateway(&self.dir, &self.clock, self.settings.clone()).await;
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds * SECOND_US, Ordering::SeqCst);
    }

    /// SIM `n` with its number, ready on a modem.
    pub(crate) async fn plug(&self, n: u16) {
        let iccid = iccid(n);
        let number = Some((format!("+3161200{n:04}"), NumberSource::Cnum));
        let told = Identified {
            modem: modem(n),
            others: Vec::new(),
            iccid: iccid.clone(),
            imsi: Some(Imsi::from_stored("204081234567890")),
            number,
        };
        self.gateway.sims().record_identity(told).await.unwrap();
        self.report(n);
    }

    /// The modem of SIM `n` reports that it works.
    pub(crate) fn report(&self, n: u16) {
        let snapshot = ModemSnapshot {
            identity: Some(ModemIdentity {
                id: modem(n).id,
                imei: None,
                manufacturer: "unknown".to_owned(),
                model: "unknown".to_owned(),
                firmware: None,
            }),
            sim: Some(SimCard { iccid: iccid(n), imsi: None, number: None }),
            registration: Some(Registration::Home),
            ..ModemSnapshot::new(port(n), ModemState::Ready)
        };
        self.gateway.modems().report(snapshot, self.gateway.now());
    }

    /// The modem of SIM `n` has gone.
    fn silence(&self, n: u16) {
        let served = self.gateway.modems().modems();
        let gone = served.into_iter().find(|modem| modem.snapshot.port == port(n));
        if let Some(ModemStatus { snapshot, seen_at, .. }) = gone {
            let state = ModemState::Absent;
            let snapshot = ModemSnapshot { state, sim: None, ..snapshot };
            self.gateway.modems().report(snapshot, seen_at);
        }
    }

    pub(crate) async fn customer(&self, name: &str, cents: i64) -> AccountId {
        let account = self.gateway.accounts().add(name.into()).await.unwrap();
        if cents > 0 {
            self.gateway
                .accounts()
                .top_up(name.into(), Amount(cents), format!("first of {name}"))
                .await
                .unwrap();
        }
        account.id
    }

    pub(crate) async fn service(&self, name: &str, senders: &[&str]) -> ServiceId {
        // Most tests are about other things than what a text says.
        self.service_charging(name, senders, Some(ChargeOn::Sms)).await
    }

    async fn service_charging(
        &self,
        name: &str,
        senders: &[&str],
        charge_on: Option<ChargeOn>,
    ) -> ServiceId {
        let new = NewService {
            name: name.into(),
            price: Amount(50),
            country_prices: BTreeMap::new(),
            priority: 0,
            reuse: ReuseTerms::default(),
            charge_on,
            senders: senders.iter().map(|s| (*s).to_owned()).collect(),
            texts: vec![],
        };
        self.gateway.services().add(new).await.unwrap().id
    }

    async fn make(&self, account: AccountId, service: ServiceId) -> MakeOrder {
        self.gateway.orders().make(account, Some(service), "nl").await.unwrap()
    }

    pub(crate) async fn order(&self, account: AccountId, service: ServiceId) -> OrderId {
        match self.make(account, service).await {
            MakeOrder::Made { order, .. } => order,
            other => panic!("no order but {other:?}"),
        }
    }

    /// PDUs of a text that the network takes in `age_seconds` before now.
    fn pdus(&self, sender: &str, text: &str, age_seconds: i64, reference: u8) -> Vec<Vec<u8>> {
        let at = DateTime::from_timestamp_micros(self.gateway.now().0 - age_seconds * SECOND_US)
            .unwrap();
        let smsc = Address::parse("+31653131313");
        let parts = Deliver::compose(
            Some(&smsc),
            &Address::parse(sender),
            Scts::from_utc(at, 4),
            text,
            reference,
        );
        parts.iter().map(Deliver::encode).collect()
    }

    pub(crate) async fn arrive(&self, n: u16, pdu: &[u8]) -> Ingested {
        let pdu = Pdu::Octets(pdu.to_vec());
        self.gateway
            .inbox()
            .ingest(Arrival { modem: modem(n), iccid: iccid(n), pdu, live: false, doubtful: false })
            .await
            .unwrap()
    }

    pub(crate) async fn sms(&self, n: u16, sender: &str, text: &str) -> Ingested {
        let pdus = self.pdus(sender, text, 0, 1);
        self.arrive(n, &pdus[0]).await
    }

    /// What `verify` finds.
    async fn faults(&self) -> Vec<String> {
        self.gateway.reports().find_faults().await.unwrap()
    }

    async fn messages(&self) -> Vec<Message> {
        self.gateway.inbox().messages(MessageFilter::Newest(RowLimit::ALL)).await.unwrap()
    }

    /// Balance and holds, after checking that they are the ledger's sums.
    pub(crate) async fn funds(&self, account: AccountId) -> (i64, i64) {
        let read = move |rows: &crate::store::ReadTx<'_>| {
            Ok::<_, StoreError>((rows.account(account)?, rows.ledger_sums(account)?))
        };
        let (account, sums) = self.gateway.0.env.store.read(read).await.unwrap();
        let funds = account.unwrap().funds;
        assert_eq!(funds, sums, "the account's funds are not its ledger's sums");
        (funds.balance.0, funds.held.0)
    }

    async fn state(&self, order: OrderId) -> OrderState {
        self.gateway
            .0
            .env
            .store
            .read(move |rows| rows.order(order))
            .await
            .unwrap_or_else(|e: StoreError| panic!("{e}"))
            .unwrap()
            .state
    }
}

fn iccid(n: u16) -> Iccid {
    Iccid::from_stored(format!("893108000000000{n:04}"))
}

fn port(n: u16) -> PortName {
    PortName::from_stored(format!("port{n}"))
}

fn modem(n: u16) -> ModemAtPort {
    ModemAtPort { id: ModemId::from_stored(format!("35693803564{n:04}")), port: port(n) }
}

#[tokio::test]
async fn an_order_gets_its_code_and_is_charged_once() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, uber) =
        (fixture.customer("ann", 120).await, fixture.service("Uber", &["^Uber$"]).await);
    let made = fixture.make(ann, uber).await;
    let MakeOrder::Made { order, number } = made else { panic!("{made:?}") };
    assert_eq!(number, "0612000001");
    assert_eq!(fixture.funds(ann).await, (120, 50));
    assert_eq!(fixture.gateway.orders().read_sms(ann, order).await.unwrap(), Sms::Waiting);
    fixture.pass(5);
    let Ingested::Message(_, given) = fixture.sms(1, "Uber", "Your code\r\nis 0183").await else {
        panic!()
    };
    assert_eq!(given, Some(order));
    assert_eq!(
        fixture.gateway.orders().read_sms(ann, order).await.unwrap(),
        Sms::Text("Your code is 0183".into())
    );
    assert_eq!(fixture.funds(ann).await, (70, 0));
    fixture.pass(5);
    fixture.sms(1, "Uber", "Again: 0184").await;
    assert_eq!(
        fixture.gateway.orders().read_sms(ann, order).await.unwrap(),
        Sms::Text("Again: 0184".into()),
        "the newest"
    );
    assert_eq!(fixture.funds(ann).await, (70, 0), "charged once");
    let message = fixture.messages().await.remove(0);
    assert_eq!(
        (message.code.as_deref(), message.text.as_deref()),
        (Some("0183"), Some("Your code\r\nis 0183"))
    );
    assert_eq!(fixture.gateway.orders().cancel(ann, order).await.unwrap(), Cancel::Completed);
}

#[tokio::test]
async fn refusals_come_in_the_stated_order() {
    let fixture = Fixture::open().await;
    let (ann, uber) = (fixture.customer("ann", 0).await, fixture.service("Uber", &[]).await);
    let make =
        |service, country: &'static str| fixture.gateway.orders().make(ann, service, country);
    assert_eq!(make(None, "XX").await.unwrap(), MakeOrder::InvalidService);
    assert_eq!(make(Some(ServiceId(99)), "NL").await.unwrap(), MakeOrder::InvalidService);
    assert_eq!(make(Some(uber), "XX").await.unwrap(), MakeOrder::InvalidCountry);
    assert_eq!(make(Some(uber), "NL").await.unwrap(), MakeOrder::NoPhone, "before the balance");
    fixture.plug(1).await;
    assert_eq!(make(Some(uber), "NL").await.unwrap(), MakeOrder::NoBalance);
    assert_eq!(make(Some(uber), "UK").await.unwrap(), MakeOrder::NoPhone);
    fixture.gateway.accounts().top_up("ann".into(), Amount(60), "one".into()).await.unwrap();
    let order = fixture.order(ann, uber).await;
    assert_eq!(
        make(Some(uber), "NL").await.unwrap(),
        MakeOrder::AlreadyOpen(order),
        "before the stock"
    );
}

#[tokio::test]
async fn a_number_is_never_sold_twice_for_a_service_but_may_be_after_a_cancel() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, bob) = (fixture.customer("ann", 500).await, fixture.customer("bob", 500).await);
    let (uber, lyft) =
        (fixture.service("Uber", &["Uber"]).await, fixture.service("Lyft", &["Lyft"]).await);
    let first = fixture.order(ann, uber).await;
    assert_eq!(
        fixture.make(bob, uber).await,
        MakeOrder::NoPhone,
        "one open order per SIM and service"
    );
    assert_eq!(fixture.gateway.orders().cancel(ann, first).await.unwrap(), Cancel::Canceled);
    let second = fixture.order(bob, uber).await;
    fixture.sms(1, "Uber", "code 1234").await;
    assert!(matches!(fixture.state(second).await, OrderState::Completed { .. }));
    for account in [ann, bob] {
        assert_eq!(fixture.make(account, uber).await, MakeOrder::NoPhone, "used");
        let free = fixture.order(account, lyft).await;
        assert_eq!(fixture.gateway.orders().cancel(account, free).await.unwrap(), Cancel::Canceled);
    }
}

#[tokio::test]
async fn a_sim_without_an_order_comes_first_then_the_one_given_out_longest_ago() {
    let fixture = Fixture::open().await;
    for n in [1, 2, 3] {
        fixture.plug(n).await;
    }
    let mut numbers = Vec::new();
    let services = [fixture.service("a", &["a"]).await, fixture.service("b", &["b"]).await];
    for name in ["u", "v", "w", "x"] {
        let account = fixture.customer(name, 500).await;
        fixture.pass(1);
        let MakeOrder::Made { number, .. } =
            fixture.make(account, services[usize::from(name == "x")]).await
        else {
            panic!()
        };
        numbers.push(number);
    }
    assert_eq!(numbers, ["0612000001", "0612000002", "0612000003", "0612000001"]);
}

#[tokio::test]
async fn a_service_without_patterns_has_its_sim_to_itself() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (any, uber) =
        (fixture.service("any", &[]).await, fixture.service("Uber", &["^Uber$"]).await);
    let (ann, bob) = (fixture.customer("ann", 500).await, fixture.customer("bob", 500).await);
    let order = fixture.order(ann, any).await;
    assert_eq!(fixture.make(bob, uber).await, MakeOrder::NoPhone);
    fixture.sms(1, "Uber", "claimed by another service").await;
    assert_eq!(fixture.gateway.orders().read_sms(ann, order).await.unwrap(), Sms::Waiting);
    fixture.pass(1);
    fixture.sms(1, "Somebody", "hello").await;
    assert_eq!(
        fixture.gateway.orders().read_sms(ann, order).await.unwrap(),
        Sms::Text("hello".into())
    );
}

#[tokio::test]
async fn an_sms_from_before_the_order_is_nobodys() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["Uber"]).await);
    let order = fixture.order(ann, uber).await;
    fixture.pass(30);
    let late = fixture.pdus("Uber", "for somebody else: 9999", 3600, 1);
    let Ingested::Message(_, given) = fixture.arrive(1, &late[0]).await else { panic!() };
    assert_eq!(given, None);
    assert_eq!(fixture.gateway.orders().read_sms(ann, order).await.unwrap(), Sms::Waiting);
    fixture.sms(1, "Uber", "code 1234").await;
    assert_eq!(
        fixture.gateway.orders().read_sms(ann, order).await.unwrap(),
        Sms::Text("code 1234".into())
    );
}

#[tokio::test]
async fn a_network_whose_clock_is_an_hour_slow_is_understood_after_some_live_messages() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["Uber"]).await);
    for n in 0..4 {
        fixture.pass(60);
        let pdu = Pdu::Octets(fixture.pdus("Bank", &format!("message {n}"), 3600, 1).remove(0));
        let arrival =
            Arrival { modem: modem(1), iccid: iccid(1), pdu, live: true, doubtful: false };
        fixture.gateway.inbox().ingest(arrival).await.unwrap();
    }
    fixture.plug(1).await;
    let order = fixture.order(ann, uber).await;
    fixture.pass(5);
    let older = fixture.pdus("Uber", "from before the order", 3600 + 60, 1);
    fixture.arrive(1, &older[0]).await;
    assert_eq!(fixture.gateway.orders().read_sms(ann, order).await.unwrap(), Sms::Waiting);
    let pdus = fixture.pdus("Uber", "code 1234", 3600, 1);
    fixture.arrive(1, &pdus[0]).await;
    assert_eq!(
        fixture.gateway.orders().read_sms(ann, order).await.unwrap(),
        Sms::Text("code 1234".into())
    );
}

#[tokio::test]
async fn what_a_wrong_clock_of_ours_has_learnt_is_forgotten_when_it_is_put_right() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["Uber"]).await);
    for n in 0..4 {
        fixture.pass(60);
        // Ours is an hour slow.
        let pdu = Pdu::Octets(fixture.pdus("Bank", &format!("message {n}"), -3600, 1).remove(0));
        let arrival =
            Arrival { modem: modem(1), iccid: iccid(1), pdu, live: true, doubtful: false };
        fixture.gateway.inbox().ingest(arrival).await.unwrap();
    }
    fixture.report(1);
    fixture.pass(3600);
    fixture.gateway.clock_was_set(Duration::from_secs(3600));
    fixture.pass(5);
    // The modem's last word is five seconds old, not an hour.
    let order = fixture.order(ann, uber).await;
    fixture.pass(5);
    fixture.sms(1, "Uber", "code 1234").await;
    assert_eq!(
        fixture.gateway.orders().read_sms(ann, order).await.unwrap(),
        Sms::Text("code 1234".into())
    );
}

#[tokio::test]
async fn the_same_tpdu_read_twice_is_one_message() {
    let fixture = Fixture::open().await;
    let pdu = fixture.pdus("Uber", "once", 0, 1).remove(0);
    assert!(matches!(fixture.arrive(1, &pdu).await, Ingested::Message(..)));
    assert_eq!(fixture.arrive(1, &pdu).await, Ingested::Duplicate);
    assert!(
        matches!(fixture.arrive(2, &pdu).await, Ingested::Message(..)),
        "another SIM's is another message"
    );
    fixture.pass(1);
    assert!(
        matches!(fixture.sms(1, "Uber", "once").await, Ingested::Message(..)),
        "another time stamp is another message"
    );
    assert_eq!(fixture.messages().await.len(), 3);
}

/// A message that a modem shows in text mode, which the network took in at this time.
fn text_mode(sender: &str, text: &str, at: Timestamp) -> Pdu {
    let at = DateTime::from_timestamp_micros(at.0).unwrap();
    Pdu::TextMode(TextMode {
        address: sender.to_owned(),
        time: at.format("%y/%m/%d,%H:%M:%S+00").to_string(),
        text: text.to_owned(),
        ..TextMode::default()
    })
}

#[tokio::test]
async fn a_message_in_text_mode_completes_an_order_and_is_one_however_it_is_read() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let ann = fixture.customer("ann", 100).await;
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    let order = fixture.order(ann, uber).await;
    let pdu = fixture.pdus("Uber", "code 1234", 0, 1).remove(0);
    let hex =
        |text: &str| text.encode_utf16().map(|unit| format!("{unit:04X}")).collect::<String>();
    let now = fixture.gateway.now();
    let arrive = |pdu| async {
        let arrival =
            Arrival { modem: modem(1), iccid: iccid(1), pdu, live: false, doubtful: false };
        fixture.gateway.inbox().ingest(arrival).await.unwrap()
    };
    let first = arrive(text_mode("Uber", "code 1234", now)).await;
    assert!(matches!(first, Ingested::Message(_, Some(found)) if found == order));
    for again in
        [text_mode("Uber", "code 1234", now), text_mode(&hex("Uber"), &hex("code 1234"), now)]
    {
        assert_eq!(arrive(again).await, Ingested::Duplicate);
    }
    assert_eq!(fixture.arrive(1, &pdu).await, Ingested::Duplicate, "its PDU");
    fixture.pass(5);
    let pdu = fixture.pdus("Uber", "code 5678", 0, 1).remove(0);
    assert!(matches!(fixture.arrive(1, &pdu).await, Ingested::Message(..)));
    let text = text_mode("Uber", "code 5678", fixture.gateway.now());
    assert_eq!(arrive(text).await, Ingested::Duplicate, "its PDU came first");
    let other = text_mode("Uber", "code 5678", now);
    assert!(matches!(arrive(other).await, Ingested::Message(..)), "another time");
    let flagged: Vec<(Option<String>, bool)> = fixture
        .messages()
        .await
        .into_iter()
        .map(|message| (message.text, message.detail.is_some()))
        .collect();
    let expected = [("code 1234", true), ("code 5678", false), ("code 5678", true)];
    assert_eq!(flagged, expected.map(|(text, flag)| (Some(text.to_owned()), flag)));
}

#[tokio::test]
async fn what_cannot_be_decoded_is_kept_and_shown() {
    let fixture = Fixture::open().await;
    let shown = Pdu::Text("+CMT gone wrong".into());
    for pdu in [Pdu::Octets(vec![0x07, 0x91]), Pdu::Octets(vec![]), shown] {
        let arrival =
            Arrival { modem: modem(1), iccid: iccid(1), pdu, live: false, doubtful: false };
        assert!(matches!(
            fixture.gateway.inbox().ingest(arrival).await.unwrap(),
            Ingested::Undecodable(_)
        ));
    }
    assert!(
        fixture
            .messages()
            .await
            .iter()
            .all(|message| message.text.is_none() && message.order.is_none())
    );
}

#[tokio::test]
async fn when_a_message_came_last_is_known_at_once_and_after_a_restart() {
    let mut fixture = Fixture::open().await;
    fixture.plug(1).await;
    assert_eq!(fixture.gateway.inbox().last_message_at(), None);
    fixture.sms(1, "Uber", "hello").await;
    fixture.pass(60);
    assert_eq!(fixture.gateway.inbox().last_message_at(), Some(Timestamp(START_US)));
    fixture.arrive(1, b"no PDU").await;
    fixture.restart().await;
    assert_eq!(
        fixture.gateway.inbox().last_message_at(),
        Some(Timestamp(START_US + 60 * SECOND_US))
    );
}

#[tokio::test]
async fn a_long_message_in_any_order_across_a_restart() {
    let mut fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["Uber"]).await);
    let order = fixture.order(ann, uber).await;
    fixture.pass(5);
    let text = format!("{}code 778811", "long ".repeat(70));
    let pdus = fixture.pdus("Uber", &text, 0, 9);
    assert_eq!(pdus.len(), 3);
    assert_eq!(fixture.arrive(1, &pdus[2]).await, Ingested::Part);
    assert_eq!(fixture.arrive(1, &pdus[0]).await, Ingested::Part);
    assert_eq!(fixture.arrive(1, &pdus[0]).await, Ingested::Duplicate);
    fixture.restart().await;
    assert_eq!(fixture.gateway.orders().read_sms(ann, order).await.unwrap(), Sms::Waiting);
    let ingested = fixture.arrive(1, &pdus[1]).await;
    assert!(matches!(ingested, Ingested::Message(_, Some(given)) if given == order));
    assert_eq!(fixture.gateway.orders().read_sms(ann, order).await.unwrap(), Sms::Text(text));
}

#[tokio::test]
async fn a_long_message_whose_rest_is_late_is_shown_and_then_mended() {
    let fixture = Fixture::open().await;
    let text = "0123456789".repeat(40);
    let pdus = fixture.pdus("Uber", &text, 0, 9);
    assert_eq!(fixture.arrive(1, &pdus[0]).await, Ingested::Part);
    assert_eq!(fixture.arrive(1, &pdus[2]).await, Ingested::Part);
    let due = fixture.gateway.due_work().run_due_work().await.unwrap().unwrap();
    assert!(fixture.messages().await.is_empty());
    fixture.pass(due.since(fixture.gateway.now()).as_secs().try_into().unwrap());
    assert_eq!(
        fixture.gateway.due_work().run_due_work().await.unwrap().map(drop),
        Some(()),
        "only retention is left"
    );
    let shown = fixture.messages().await.remove(0);
    assert!(!shown.complete && shown.text.unwrap().contains('…'));
    fixture.pass(86_400);
    assert!(
        matches!(fixture.arrive(1, &pdus[1]).await, Ingested::Message(id, None) if id == shown.id)
    );
    let mended = fixture.messages().await.remove(0);
    assert!(mended.complete && mended.text.as_deref() == Some(text.as_str()));
}

#[tokio::test]
async fn a_reference_used_again_is_another_message() {
    let fixture = Fixture::open().await;
    let (old, new) = ("old ".repeat(50), "new ".repeat(50));
    let first = fixture.pdus("Uber", &old, 2 * 3600, 9);
    fixture.arrive(1, &first[0]).await;
    let second = fixture.pdus("Uber", &new, 0, 9);
    assert_eq!(fixture.arrive(1, &second[1]).await, Ingested::Part, "not the rest of the old one");
    fixture.arrive(1, &second[0]).await;
    fixture.arrive(1, &first[1]).await;
    let texts: Vec<_> =
        fixture.messages().await.into_iter().filter_map(|message| message.text).collect();
    assert_eq!(texts, [new, old]);
}

#[tokio::test]
async fn an_order_past_its_lifetime_is_over_and_its_hold_goes_back() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, uber) = (fixture.customer("ann", 60).await, fixture.service("Uber", &[]).await);
    let order = fixture.order(ann, uber).await;
    let due = fixture.gateway.due_work().run_due_work().await.unwrap().unwrap();
    assert_eq!(due.since(fixture.gateway.now()), Duration::from_secs(600));
    fixture.pass(600);
    assert_eq!(
        fixture.gateway.orders().read_sms(ann, order).await.unwrap(),
        Sms::Over,
        "also before anybody has written it down"
    );
    assert_eq!(fixture.gateway.orders().cancel(ann, order).await.unwrap(), Cancel::Over);
    let pdu = fixture.pdus("Uber", "too late", 5, 1).remove(0);
    assert!(matches!(fixture.arrive(1, &pdu).await, Ingested::Message(_, None)));
    fixture.gateway.due_work().run_due_work().await.unwrap();
    assert!(matches!(fixture.state(order).await, OrderState::Expired { .. }));
    assert_eq!(fixture.funds(ann).await, (60, 0));
}

#[tokio::test]
async fn a_new_order_may_take_the_sim_of_one_that_nobody_has_written_off_yet() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, bob) = (fixture.customer("ann", 60).await, fixture.customer("bob", 60).await);
    let uber = fixture.service("Uber", &[]).await;
    fixture.order(ann, uber).await;
    fixture.pass(601);
    fixture.plug(1).await;
    fixture.order(bob, uber).await;
    assert_eq!((fixture.funds(ann).await, fixture.funds(bob).await), ((60, 0), (60, 50)));
}

#[tokio::test]
async fn a_long_poll_is_woken_by_the_sms_by_a_cancel_and_by_its_patience() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, uber) = (fixture.customer("ann", 500).await, fixture.service("Uber", &[]).await);
    let patience = Duration::from_secs(50);
    let order = fixture.order(ann, uber).await;
    let (said, _) = tokio::join!(
        fixture.gateway.orders().wait_for_sms(ann, order, patience),
        fixture.sms(1, "Uber", "code 1")
    );
    assert_eq!(said.unwrap(), Sms::Text("code 1".into()));
    fixture.plug(2).await;
    let order = fixture.order(ann, uber).await;
    let (said, _) = tokio::join!(
        fixture.gateway.orders().wait_for_sms(ann, order, patience),
        fixture.gateway.orders().cancel(ann, order)
    );
    assert_eq!(said.unwrap(), Sms::Over);
    let order = fixture.order(ann, uber).await;
    assert_eq!(
        fixture.gateway.orders().wait_for_sms(ann, order, Duration::ZERO).await.unwrap(),
        Sms::Waiting
    );
}

#[tokio::test]
async fn nobody_sees_anothers_order() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, bob) = (fixture.customer("ann", 500).await, fixture.customer("bob", 0).await);
    let uber = fixture.service("Uber", &[]).await;
    let order = fixture.order(ann, uber).await;
    assert_eq!(fixture.gateway.orders().read_sms(bob, order).await.unwrap(), Sms::Over);
    assert_eq!(fixture.gateway.orders().cancel(bob, order).await.unwrap(), Cancel::Over);
    fixture.sms(1, "Uber", "secret").await;
    assert_eq!(fixture.gateway.orders().read_sms(bob, order).await.unwrap(), Sms::Over);
}

#[tokio::test]
async fn an_sms_and_a_cancel_that_race_have_one_winner() {
    for round in 0..50 {
        let fixture = Fixture::open().await;
        fixture.plug(1).await;
        let (ann, uber) = (fixture.customer("ann", 50).await, fixture.service("Uber", &[]).await);
        let order = fixture.order(ann, uber).await;
        let (sms, cancel) = match round % 2 {
            0 => tokio::join!(
                fixture.sms(1, "Uber", "code"),
                fixture.gateway.orders().cancel(ann, order)
            ),
            _ => {
                let (cancel, sms) = tokio::join!(
                    fixture.gateway.orders().cancel(ann, order),
                    fixture.sms(1, "Uber", "code")
                );
                (sms, cancel)
            }
        };
        let given = matches!(sms, Ingested::Message(_, Some(_)));
        let expected =
            if given { (Cancel::Completed, (0, 0)) } else { (Cancel::Canceled, (50, 0)) };
        assert_eq!((cancel.unwrap(), fixture.funds(ann).await), expected);
    }
}

#[tokio::test]
async fn a_top_up_sent_again_is_applied_once() {
    let fixture = Fixture::open().await;
    let ann = fixture.customer("ann", 100).await;
    fixture
        .gateway
        .accounts()
        .top_up("ann".into(), Amount(100), "first of ann".into())
        .await
        .unwrap();
    assert_eq!(fixture.funds(ann).await, (100, 0));
    let refused =
        fixture.gateway.accounts().top_up("ann".into(), Amount(0), "x".into()).await.unwrap_err();
    assert_eq!(refused.to_string(), "a top-up is more than 0.00");
    let audit = fixture.gateway.audit().rows(RowLimit::ALL).await.unwrap();
    assert_eq!(audit.iter().filter(|row| row.action == "topped up").count(), 1);
}

#[tokio::test]
async fn two_sims_that_claim_one_number_are_both_held_back() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    fixture.plug(2).await;
    fixture.gateway.sims().set_number(iccid(1), "0612000001".into(), false).await.unwrap();
    fixture.gateway.sims().set_number(iccid(2), "0612000001".into(), false).await.unwrap();
    let states: Vec<_> =
        fixture.gateway.sims().list().await.unwrap().iter().map(SimView::state).collect();
    assert_eq!(states, ["contested", "contested"]);
    let (ann, uber) = (fixture.customer("ann", 500).await, fixture.service("Uber", &[]).await);
    assert_eq!(fixture.make(ann, uber).await, MakeOrder::NoPhone);
    fixture.gateway.sims().set_number(iccid(2), "+31612000002".into(), false).await.unwrap();
    fixture.order(ann, uber).await;
}

#[tokio::test]
async fn after_a_change_of_sims_a_modems_own_store_is_doubtful_until_it_was_empty() {
    let fixture = Fixture::open().await;
    let sims = fixture.gateway.sims();
    let record = |n| {
        let sims = Arc::clone(sims);
        async move { sims.record_identity(read_in(modem(1), n, &[])).await.unwrap() }
    };
    assert!(!record(1).await && !record(1).await, "whatever it held when it was first seen");
    assert!(record(2).await && record(2).await, "until it is empty");
    assert!(record(1).await, "the other SIM was in meanwhile");
    sims.record_emptied_store(modem(1), iccid(1)).await.unwrap();
    assert!(!record(1).await);
}

/// SIM `n` as it is read in a modem, while other modems at these ports tell the same.
fn read_in(modem: ModemAtPort, n: u16, others: &[u16]) -> Identified {
    let others = others.iter().map(|other| port(*other)).collect();
    Identified { modem, others, iccid: iccid(n), imsi: None, number: None }
}

#[tokio::test]
async fn modems_with_one_imei_each_keep_what_they_held_for_their_own_sims() {
    let fixture = Fixture::open().await;
    let sims = fixture.gateway.sims();
    let at = |place: u16| ModemAtPort { port: port(place), ..modem(1) };
    let record = |place: u16, n: u16, others: &[u16]| {
        let sims = Arc::clone(fixture.gateway.sims());
        let read = read_in(at(place), n, others);
        async move { sims.record_identity(read).await.unwrap() }
    };
    // The first is taken for the only one. Its SIM is exchanged before its own store is empty.
    assert!(!record(1, 1, &[]).await);
    assert!(record(1, 2, &[]).await);
    // Two more show other cards at the same time.
    assert!(!record(2, 3, &[1]).await, "nothing of the first modem's SIMs");
    assert!(!record(3, 4, &[1, 2]).await);
    assert_eq!(sims.shared_modem_ids().await.unwrap(), [modem(1).id]);
    // What is known of the first goes on, in whatever order they are found after a restart.
    assert!(!record(3, 4, &[]).await);
    assert!(record(1, 2, &[3]).await);
    sims.record_emptied_store(at(1), iccid(2)).await.unwrap();
    assert!(!record(1, 2, &[]).await);
    // SIMs change places: each modem's own store may have messages of the SIM before.
    assert!(record(2, 4, &[]).await);
    assert!(record(3, 3, &[]).await);
    // A module that is added has nothing of theirs.
    assert!(!record(4, 5, &[]).await);
    let period = sims.locations(&iccid(5), 1).await.unwrap().remove(0);
    assert_eq!(period.modem, at(4).shared_id());
}

#[tokio::test]
async fn the_database_itself_refuses_what_must_never_be() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let (ann, uber) = (fixture.customer("ann", 5000).await, fixture.service("Uber", &[]).await);
    fixture.order(ann, uber).await;
    fixture.plug(2).await;
    assert!(matches!(
        fixture.gateway.rentals().rent(ann, Some("NL"), "1m", true).await.unwrap(),
        Rent::Made(_)
    ));
    fixture.gateway.0.env.store.close().await;
    let conn = rusqlite::Connection::open(fixture.dir.path().join("test.db")).unwrap();
    for (sql, why) in [
        (crate::store::attacks::SECOND_OPEN_ORDER, "a second open order of a SIM and service"),
        (crate::store::attacks::LEDGER_CHANGED, "a changed ledger entry"),
        (crate::store::attacks::LEDGER_SHORTENED, "a deleted ledger entry"),
        (crate::store::attacks::SAME_CAUSE, "an entry with a cause that was applied"),
        (crate::store::attacks::NEGATIVE_HOLD, "a negative hold"),
        (crate::store::attacks::ORDER_ON_RENTED_SIM, "an open order on a rented SIM"),
        (crate::store::attacks::ORDER_MOVED_TO_RENTED_SIM, "an open order moved to a rented SIM"),
        (crate::store::attacks::RENTAL_ON_BUSY_SIM, "a rental of a SIM with an open order"),
        (crate::store::attacks::SECOND_TENANT, "a second tenant of a SIM"),
        (crate::store::attacks::TWO_OWNERS, "a message of an order and a rental"),
        (crate::store::attacks::CUSTOMER_OF_A_PROBE, "a probe that is a customer's"),
        (crate::store::attacks::AUDIT_CHANGED, "a changed row of the audit"),
        (crate::store::attacks::AUDIT_SHORTENED, "a deleted row of the audit"),
    ] {
        let refused = conn.execute_batch(sql).unwrap_err();
        assert_eq!(
            refused.sqlite_error_code(),
            Some(rusqlite::ErrorCode::ConstraintViolation),
            "{why}"
        );
    }
}
