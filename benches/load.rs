//! A load test of ten minutes: `simbridge serve` with 64 simulated modems that always have messages
//! to read, 5 000 polls and 50 orders per second. After each tenth of the time it prints counts of
//! messages, latencies and memory, and at the end the result of `verify`.
//!
//! Run it with `cargo bench --bench load`, or for a number of seconds with `-- 60`.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a benchmark may panic"
)]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the real clock")]

#[path = "figures/client.rs"]
mod client;
#[path = "figures/process.rs"]
#[expect(dead_code, reason = "shared with the other benchmarks")]
mod process;
#[path = "../tests/suite/support.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod support;
#[path = "figures/table.rs"]
mod table;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use client::Client;
use simbridge::simulator::{Network, Scenario};
use support::{Daemon, Site};
use tokio::time::{MissedTickBehavior, interval};

const MODEMS: usize = 64;
/// The number of messages in the store of each modem; others wait in the network.
const ON_OFFER: usize = 5;
const WAITING: u64 = 50;
const POLLS_A_SECOND: u64 = 5_000;
const ORDERS_A_SECOND: u64 = 50;
/// The numbers of connections that poll and that order. Each sends its requests at fixed times, or
/// at once when it is late.
const POLLERS: u64 = 50;
const BUYERS: u64 = 25;
const SERVICES: usize = 50;

/// The latencies of one kind of request since they were last read, and the number of unexpected
/// answers.
#[derive(Default)]
struct Seen {
    taken: Mutex<Vec<Duration>>,
    odd: AtomicU64,
}

impl Seen {
    fn record(&self, took: Duration, is_expected: bool) {
        self.taken.lock().unwrap().push(took);
        self.odd.fetch_add(u64::from(!is_expected), Ordering::Relaxed);
    }

    /// Reads the rate per second and the latencies, as cells of a table, and begins anew.
    fn take(&self, seconds: f64) -> [String; 2] {
        let mut taken = std::mem::take(&mut *self.taken.lock().unwrap());
        let a_second = format!("{:.0}", taken.len() as f64 / seconds);
        let [p50, p99, longest] = table::percentiles(&mut taken);
        [a_second, format!("{p50:.1}, {p99:.1}, {longest:.1}")]
    }
}

struct Load {
    address: String,
    /// Each customer's key and newest order.
    customers: Vec<(String, AtomicU64)>,
    over: AtomicBool,
    polls: Seen,
    orders: Seen,
}

impl Load {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

fn main() {
    let seconds = std::env::args().find_map(|arg| arg.parse().ok()).unwrap_or(600);
    table::machine();
    let limits = "[limits]\nkey_per_second = 0\naddress_per_second = 0\n[orders]\nlifetime = \
                  \"5s\"\nnumber_cooldown = \"1s\"\nmax_open_per_account = 1000\n";
    let modem = format!("[[modem]]\n[modem.sim]\ncapacity = {ON_OFFER}\n");
    let site = Site::with(MODEMS, Scenario::parse(&modem.repeat(MODEMS)).unwrap(), limits);
    let mut command = site.command(&["serve"]);
    // The same setting as in the systemd unit.
    command.env("MALLOC_ARENA_MAX", "2");
    let daemon = site.serve_by(command);
    site.wait_ready();
    (1..=SERVICES).for_each(|n| {
        let sender = format!("^Service{n}$");
        site.ok(&[
            "service",
            "add",
            &format!("Service{n}"),
            "--price",
            "0.01",
            "--sender",
            &sender,
        ]);
    });
    let customer = |n| (site.customer(&format!("customer{n}"), "100000"), AtomicU64::new(0));
    let customers = (0..BUYERS).map(customer).collect();
    let address = site.admin("/status")["listen"].as_str().unwrap().to_owned();
    let load = Arc::new(Load {
        address,
        customers,
        over: AtomicBool::default(),
        polls: Seen::default(),
        orders: Seen::default(),
    });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let tasks = runtime.block_on(async { start(&load, site.network()) });
    watch(&site, &daemon, &load, Duration::from_secs(seconds));
    load.over.store(true, Ordering::Relaxed);
    runtime.block_on(async {
        for task in tasks {
            task.await.unwrap();
        }
    });
    println!("\nverify: {}", String::from_utf8_lossy(&site.run(&["verify"]).stdout));
    println!("stopped after {:.2} s", daemon.terminate().as_secs_f64());
}

/// Prints a row for each tenth of the run.
fn watch(site: &Site, daemon: &Daemon, load: &Load, whole: Duration) {
    table::head(&[
        "after",
        "messages/s",
        "CPU, cores",
        "memory, MiB",
        "polls/s",
        "p50, p99, longest, ms",
        "orders/s",
        "p50, p99, longest, ms",
        "odd answers",
    ]);
    let (mut messages, mut cpu) = (stored(site), process::cpu(daemon.id()));
    for n in 1..=10 {
        let began = Instant::now();
        std::thread::sleep(whole / 10);
        let seconds = began.elapsed().as_secs_f64();
        let (later, cpu_later) = (stored(site), process::cpu(daemon.id()));
        let [polls, polls_took] = load.polls.take(seconds);
        let [orders, orders_took] = load.orders.take(seconds);
        let odd = load.polls.odd.load(Ordering::Relaxed) + load.orders.odd.load(Ordering::Relaxed);
        table::row(&[
            &format!("{} s", (whole * n / 10).as_secs()),
            &format!("{:.0}", (later - messages) / seconds),
            &format!("{:.2}", (cpu_later - cpu).as_secs_f64() / seconds),
            &format!("{:.1}", process::private_kib(daemon.id()) as f64 / 1024.0),
            &polls,
            &polls_took,
            &orders,
            &orders_took,
            &odd.to_string(),
        ]);
        (messages, cpu) = (later, cpu_later);
    }
}

fn stored(site: &Site) -> f64 {
    let page = site.page("/metrics");
    let values = page.lines().filter(|line| line.starts_with("simbridge_modem_messages_total"));
    values.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
}

fn start(load: &Arc<Load>, network: &Network) -> Vec<tokio::task::JoinHandle<()>> {
    let pollers = (0..POLLERS).map(|n| tokio::spawn(poll(Arc::clone(load), n)));
    let buyers = (0..BUYERS).map(|n| tokio::spawn(buy(Arc::clone(load), n)));
    let supplier = tokio::spawn(supply(Arc::clone(load), network.clone()));
    pollers.chain(buyers).chain([supplier]).collect()
}

/// Sends messages, so that each modem always has some to read.
async fn supply(load: Arc<Load>, network: Network) {
    let numbers = network.numbers();
    let mut sent = vec![0; MODEMS];
    let mut often = interval(Duration::from_millis(20));
    while !load.is_over() {
        often.tick().await;
        for (modem, sent) in sent.iter_mut().enumerate() {
            let deleted = network.observed(modem).unwrap().deleted;
            while *sent < deleted + WAITING {
                let sender = format!("Service{}", *sent % SERVICES as u64 + 1);
                network
                    .send(&sender, &numbers[modem], &format!("Your code is {sent:06}."))
                    .unwrap();
                *sent += 1;
            }
        }
    }
}

/// A customer who polls for the newest order, again and again.
async fn poll(load: Arc<Load>, n: u64) {
    let (key, newest) = &load.customers[(n % BUYERS) as usize];
    let mut client = Client::connect_from("127.0.0.1", &load.address).await.unwrap();
    let mut pace = pace(POLLS_A_SECOND, POLLERS);
    while !load.is_over() {
        pace.tick().await;
        let path = format!("/api/getsms?orderId={}&key={key}", newest.load(Ordering::Relaxed));
        let words = ["WAITING", "SUCCESS_", "ORDER_EXPIRED"];
        let asked = Instant::now();
        let answer = client.get(&path).await.unwrap();
        let is_expected = words.iter().any(|word| answer.starts_with(word));
        load.polls.record(asked.elapsed(), is_expected);
    }
}

/// A customer who makes orders, for changing services and countries.
async fn buy(load: Arc<Load>, n: u64) {
    let (key, newest) = &load.customers[n as usize];
    let mut client = Client::connect_from("127.0.0.1", &load.address).await.unwrap();
    let mut pace = pace(ORDERS_A_SECOND, BUYERS);
    let mut service = n as usize;
    while !load.is_over() {
        pace.tick().await;
        service += 1;
        let country = ["NL", "UK", "USA"][service % 3];
        let path = format!(
            "/api/makeorder?serviceId={}&country={country}&key={key}",
            service % SERVICES + 1
        );
        let asked = Instant::now();
        let answer = client.get(&path).await.unwrap();
        load.orders.record(asked.elapsed(), answer.starts_with("ORDER_ID_"));
        if let Some(order) =
            answer.strip_prefix("ORDER_ID_").and_then(|rest| rest.split('_').next())
        {
            newest.store(order.parse().unwrap(), Ordering::Relaxed);
        }
    }
}

/// The timing of one client, among several that together make this many requests per second.
fn pace(a_second: u64, who: u64) -> tokio::time::Interval {
    let mut pace = interval(Duration::from_micros(1_000_000 * who / a_second));
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    pace
}
