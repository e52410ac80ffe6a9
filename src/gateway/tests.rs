//! Whole sequences of operations on a real database, with a clock that the test sets.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

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
    AccountId, Amount, Currency, EventId, Iccid, Imsi, ModemAtPort, ModemId, OrderId, PortName,
    RowLimit, ServiceId, Timestamp,
};
use crate::sms::{Address, Deliver, Scts, TextMode};
use crate::store::{NewService, Store, StoreError};

mod account_data;
mod acting;
mod alarms;
mod banks;
mod by_customer;
mod charging;
mod clocks;
mod customers;
mod ended_rentals;
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
mod market;
mod moves;
mod numbers;
mod operator;
mod orders;
mod outages;
mod overload;
mod own_store;
mod parts;
mod people;
mod pins;
mod races;
mod receiving;
mod rental_care;
mod rentals;
mod retention;
mod reuse;
mod revenue;
mod samples;
mod sandbox;
mod service_names;
mod several_sims;
mod sims;
mod sites;
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

    /// Carries out statements beside the daemon, as somebody with the database's own tool could.
    fn carry_out(&self, sql: &str) -> Result<(), StoreError> {
        crate::store::attacks::carry_out(&self.dir.path().join("test.db"), sql)
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
    pub(crate) fn silence(&self, n: u16) {
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
            charge_on,
            senders: senders.iter().map(|s| (*s).to_owned()).collect(),
            ..NewService::new(name, Amount(50))
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

/// SIM `n` as it is read in a modem, while other modems at these ports tell the same.
fn read_in(modem: ModemAtPort, n: u16, others: &[u16]) -> Identified {
    let others = others.iter().map(|other| port(*other)).collect();
    Identified { modem, others, iccid: iccid(n), imsi: None, number: None }
}
