//! The honest customers: each orders a number, polls until the code is there, and begins anew.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use simbridge::simulator::Network;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::client::Client;
use super::support::Site;
use super::{Over, table};

const CUSTOMERS: usize = 10;
const OWN_ADDRESS: &str = "127.0.0.2";
/// The time between the polls of a customer.
const POLL_INTERVAL: Duration = Duration::from_millis(40);
/// The number of polls after which the sender is said to have sent the code.
const POLLS_BEFORE_THE_CODE: u32 = 25;

#[derive(Default)]
struct Seen {
    now: Mutex<Vec<Duration>>,
    attacked: Mutex<Vec<Duration>>,
    sent: Mutex<Vec<String>>,
    strange: Mutex<Vec<String>>,
    received: AtomicU64,
}

pub struct Customers {
    address: String,
    /// Each customer's key; the place is also the id of the service that the customer orders.
    keys: Vec<String>,
    seen: Arc<Seen>,
}

impl Customers {
    pub fn add(site: &Site, address: &str) -> Customers {
        let keys = (0..CUSTOMERS).map(|n| site.customer(&format!("honest{n}"), "100000")).collect();
        Customers { address: address.to_owned(), keys, seen: Arc::default() }
    }

    pub fn start(&self, network: &Network, over: &Over) -> Vec<JoinHandle<()>> {
        let start = |(n, key): (usize, &String)| {
            let customer = Customer {
                key: key.clone(),
                service: n + 1,
                address: self.address.clone(),
                network: network.clone(),
                seen: Arc::clone(&self.seen),
            };
            tokio::spawn(customer.run(over.clone()))
        };
        self.keys.iter().enumerate().map(start).collect()
    }

    /// Waits until no honest number has messages that are not read.
    pub async fn settle(&self, network: &Network) {
        let numbers: Vec<String> =
            network.numbers().into_iter().filter(|number| number.starts_with("+31")).collect();
        network
            .until(|network| {
                numbers.iter().all(|number| network.stored(number) + network.waiting(number) == 0)
            })
            .await;
    }

    /// The number of polls since they were last taken, and their median, 99th percentile and
    /// maximum in milliseconds.
    pub fn take_polls(&self, under_attack: bool) -> (usize, [f64; 3]) {
        let mut polls = std::mem::take(&mut *self.seen.now.lock().unwrap());
        if under_attack {
            self.seen.attacked.lock().unwrap().extend(&polls);
        }
        (polls.len(), table::percentiles(&mut polls))
    }

    pub fn percentile_99(&self) -> f64 {
        table::percentiles(&mut self.seen.attacked.lock().unwrap())[1]
    }

    pub fn received(&self) -> u64 {
        self.seen.received.load(Ordering::Relaxed)
    }

    pub fn sent(&self) -> Vec<String> {
        self.seen.sent.lock().unwrap().clone()
    }

    /// Answers that no honest customer should have got.
    pub fn strange(&self) -> Vec<String> {
        self.seen.strange.lock().unwrap().clone()
    }
}

struct Customer {
    key: String,
    service: usize,
    address: String,
    network: Network,
    seen: Arc<Seen>,
}

impl Customer {
    async fn run(self, over: Over) {
        let mut client = Client::connect_from(OWN_ADDRESS, &self.address).await.unwrap();
        let mut turn = 0_u32;
        while !over.is() {
            let path =
                format!("/api/makeorder?serviceId={}&country=NL&key={}", self.service, self.key);
            let made = client.get(&path).await.unwrap();
            let Some((order, number)) = order_of(&made) else {
                // No number is free for a moment.
                if made != "NO_PHONE_AVAILABLE" {
                    self.note(format!("makeorder: {made}"));
                }
                sleep(POLL_INTERVAL).await;
                continue;
            };
            turn += 1;
            let text = format!("Honest {} has the code {turn:06}.", self.service);
            self.poll(&mut client, order, &number, &text).await;
        }
    }

    async fn poll(&self, client: &mut Client, order: u64, number: &str, text: &str) {
        let path = format!("/api/getsms?orderId={order}&key={}", self.key);
        for poll in 0.. {
            if poll == POLLS_BEFORE_THE_CODE {
                self.network.send(&format!("S{}", self.service), number, text).unwrap();
                self.seen.sent.lock().unwrap().push(text.to_owned());
            }
            sleep(POLL_INTERVAL).await;
            let asked = Instant::now();
            let answer = client.get(&path).await.unwrap();
            self.seen.now.lock().unwrap().push(asked.elapsed());
            let shown = answer.strip_prefix("SUCCESS_");
            if shown == Some(text) {
                self.seen.received.fetch_add(1, Ordering::Relaxed);
                return;
            }
            // What strangers send under the service's name is shown, but ends nothing.
            if answer != "WAITING" && !shown.is_some_and(|shown| shown.contains("code here")) {
                self.note(format!("getsms: {answer} instead of {text}"));
                return;
            }
        }
    }

    fn note(&self, strange: String) {
        self.seen.strange.lock().unwrap().push(strange);
    }
}

/// The id and the number, in international form, of an order in the Netherlands that was made.
fn order_of(answer: &str) -> Option<(u64, String)> {
    let (id, number) = answer.strip_prefix("ORDER_ID_")?.split_once("_NUMBER_")?;
    Some((id.parse().ok()?, format!("+31{}", number.strip_prefix('0')?)))
}
