//! The real business, with a real database, behind sessions in simulated time: customers order
//! numbers, and what the sessions receive completes their orders.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::time::Duration;

use simbridge::daemon::config::Config;
use simbridge::domain::modem::{ModemSnapshot, SimCard};
use simbridge::domain::order::OrderState;
use simbridge::domain::{
    AccountId, Amount, BlockList, Iccid, ModemAtPort, Msisdn, OrderId, PortName, ServiceId,
    Timestamp,
};
use simbridge::gateway::{
    Arrival, Clock, Entropy, Gateway, Identified, Ingested, MakeOrder, NewService, Pdu, Settings,
};
use simbridge::modem::{MessageOwner, RawPdu, Received};
use simbridge::store::Store;
use tokio::runtime::Runtime;

const SERVICES: usize = 8;
const PRICE: Amount = Amount(50);
const FUNDS: Amount = Amount(1_000_000);

/// An order, with the number that the customer was given and the sender of its service.
pub struct Ordered {
    pub id: OrderId,
    pub number: Msisdn,
    pub sender: String,
}

/// How the orders ended.
#[derive(Debug, Default)]
pub struct Ends {
    pub completed: usize,
    pub expired: usize,
}

pub struct Business {
    runtime: Runtime,
    gateway: Gateway,
    now: Arc<AtomicI64>,
    customer: AccountId,
    services: Vec<ServiceId>,
    orders: Vec<OrderId>,
    _folder: tempfile::TempDir,
}

fn sender_of(service: usize) -> String {
    format!("Service{service}")
}

/// The text that the network sends for an order. No other order may ever be given it.
pub fn code_for(order: OrderId) -> String {
    format!("Your code is {:06}", order.0)
}

impl Business {
    /// One customer with funds, and services that are told by their senders. Numbers are sold again
    /// for the same service after an hour, so that what comes late could meet the next order.
    pub fn open(now: Timestamp) -> Business {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // In memory: a week has more commits than a disk does in a minute.
        let folder = tempfile::tempdir_in("/dev/shm").unwrap();
        let now = Arc::new(AtomicI64::new(now.0));
        let ticking = Arc::clone(&now);
        let clock: Clock = Arc::new(move || Timestamp(ticking.load(Ordering::Relaxed)));
        let next = AtomicU8::new(1);
        let entropy: Entropy = Arc::new(move || Some([next.fetch_add(1, Ordering::Relaxed); 32]));
        let settings = Settings {
            block_list: BlockList::default(),
            number_cooldown: Some(Duration::from_secs(3_600)),
            max_open_per_account: 1_000,
            ..Config::defaults().gateway
        };
        let store = Store::open(&folder.path().join("week.db")).unwrap();
        let (gateway, customer, services) = runtime.block_on(async {
            let gateway = Gateway::open(store, settings, clock, entropy).await.unwrap();
            let customer = gateway.accounts().add("ann".to_owned()).await.unwrap().id;
            let accounts = gateway.accounts();
            accounts.top_up("ann".to_owned(), FUNDS, "first".to_owned()).await.unwrap();
            let mut services = Vec::new();
            for number in 0..SERVICES {
                services.push(gateway.services().add(service(number)).await.unwrap().id);
            }
            (gateway, customer, services)
        });
        let orders = Vec::new();
        Business { runtime, gateway, now, customer, services, orders, _folder: folder }
    }

    pub fn set_time(&self, now: Timestamp) {
        self.now.store(now.0, Ordering::Relaxed);
    }

    /// Does what has become due, such as to end orders.
    pub fn run_due_work(&self) {
        self.runtime.block_on(self.gateway.due_work().run_due_work()).unwrap();
    }

    pub fn report(&self, snapshot: ModemSnapshot) {
        self.gateway.modems().report(snapshot, self.gateway.now());
    }

    pub fn identified(
        &self,
        modem: &ModemAtPort,
        others: Vec<PortName>,
        sim: &SimCard,
    ) -> MessageOwner {
        let told = Identified {
            modem: modem.clone(),
            others,
            iccid: sim.iccid.clone(),
            imsi: sim.imsi.clone(),
            number: sim.number.clone().map(|own| (own.number, own.source)),
        };
        let doubtful = self.runtime.block_on(self.gateway.sims().record_identity(told)).unwrap();
        MessageOwner::of_store(doubtful)
    }

    pub fn emptied(&self, modem: ModemAtPort, iccid: Iccid) {
        self.runtime.block_on(self.gateway.sims().record_emptied_store(modem, iccid)).unwrap();
    }

    pub fn store(&self, received: &Received) -> Ingested {
        let pdu = match &received.pdu {
            RawPdu::Octets(octets) => Pdu::Octets(octets.clone()),
            RawPdu::Text(line) => Pdu::Text(line.clone()),
            RawPdu::TextMode(message) => Pdu::TextMode(message.clone()),
        };
        let arrival = Arrival {
            modem: received.modem.clone(),
            iccid: received.iccid.clone(),
            pdu,
            live: received.live,
            doubtful: received.doubtful,
        };
        self.runtime.block_on(self.gateway.inbox().ingest(arrival)).unwrap()
    }

    /// Orders a number for one of the services, if one is in stock.
    pub fn order(&mut self, service: usize) -> Option<Ordered> {
        let service = service % SERVICES;
        let orders = self.gateway.orders();
        let made = orders.make(self.customer, self.services.get(service).copied(), "nl");
        let MakeOrder::Made { order: id, .. } = self.runtime.block_on(made).unwrap() else {
            return None;
        };
        let history = self.runtime.block_on(orders.history(id)).unwrap();
        self.orders.push(id);
        Some(Ordered { id, number: history.view.order.number, sender: sender_of(service) })
    }

    /// Checks that every order was completed by its own code and charged once, or not charged, and
    /// that the books are in order. An order may have been given one of the texts of which nothing
    /// tells whose they are.
    pub fn check(&self, untold: &HashSet<String>) -> (Ends, Vec<String>) {
        let (mut ends, mut faults) = (Ends::default(), Vec::new());
        for id in &self.orders {
            let history = self.runtime.block_on(self.gateway.orders().history(*id)).unwrap();
            let texts: Vec<_> =
                history.messages.iter().filter_map(|message| message.text.clone()).collect();
            let is_own = |text: &String| *text == code_for(*id) || untold.contains(text);
            if !texts.iter().all(is_own) {
                faults.push(format!("order {} was given {texts:?}", id.0));
            }
            match history.view.order.state {
                OrderState::Completed { .. } if texts.len() == 1 => ends.completed += 1,
                OrderState::Expired { .. } if texts.is_empty() => ends.expired += 1,
                state => faults.push(format!("order {} is {state:?} with {texts:?}", id.0)),
            }
        }
        let charged = PRICE.0 * i64::try_from(ends.completed).unwrap();
        let balance = self.gateway.accounts().available_balance(self.customer);
        let balance = self.runtime.block_on(balance).unwrap();
        if balance.0 != FUNDS.0 - charged {
            faults.push(format!("the balance is {balance:?} after {} charges", ends.completed));
        }
        faults.extend(self.runtime.block_on(self.gateway.reports().find_faults()).unwrap());
        (ends, faults)
    }
}

fn service(number: usize) -> NewService {
    NewService {
        senders: vec![format!("^{}$", sender_of(number))],
        ..NewService::new(sender_of(number), PRICE)
    }
}
