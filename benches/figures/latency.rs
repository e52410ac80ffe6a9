//! How long a message takes on an idle system: from the moment when the network delivers it to the
//! modem (`+CMTI`) to its deletion, which follows the commit, and to the answer to the customer's
//! long poll.

use std::sync::mpsc;
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use simbridge::simulator::{Network, Scenario};
use tokio::runtime::Runtime;

use super::messages::{self, Sqlite};
use super::support::{self, Site, wait_for};
use super::{reader, table};

/// The paced load: each of these modems gets a message every ten seconds, this many times.
const MODEMS: usize = 64;
const PACE: Duration = Duration::from_millis(10_000 / MODEMS as u64);
const ROUNDS: usize = 8;
/// The number of messages that are sent one after the other, and the pause between them.
const ALONE: usize = 300;
const PAUSE: Duration = Duration::from_millis(20);

pub fn run() {
    alone();
    paced();
}

/// Sends each message when the one before is deleted, which shows what the commit adds to reading
/// and deleting.
fn alone() {
    let runtime = Runtime::new().unwrap();
    let ours = {
        let site = messages::site(1);
        let _daemon = site.serve_ready();
        again_and_again(|| one_message(&site, &runtime, 0))
    };
    let least = {
        let site = messages::site(1);
        let mut reader = reader::start(site.rack.as_ref().unwrap().ports());
        let taken = again_and_again(|| one_message(&site, &runtime, 0));
        reader.kill().unwrap();
        reader.wait().unwrap();
        taken
    };
    let sqlite = Sqlite::open();
    let commit = again_and_again(|| {
        let started = Instant::now();
        sqlite.commit(1);
        started.elapsed()
    });
    table::head(&[
        "one message and nothing else, from `+CMTI` to the deletion",
        "p50 ms",
        "p99 ms",
        "longest",
    ]);
    let of_sqlite = "a commit of one row, SQLite alone";
    for (who, taken) in [("simbridge", ours), ("`CMGR`+`CMGD` alone", least), (of_sqlite, commit)] {
        let [p50, p99, longest] = taken.map(|ms| format!("{ms:.2}"));
        table::row(&[who, &p50, &p99, &longest]);
    }
}

/// Measures an operation again and again with pauses in between.
pub fn again_and_again(mut once: impl FnMut() -> Duration) -> [f64; 3] {
    let mut taken: Vec<_> = (0..ALONE)
        .map(|_| {
            sleep(PAUSE);
            once()
        })
        .collect();
    table::percentiles(&mut taken)
}

fn paced() {
    let limits = format!(
        "[limits]\nkey_per_second = 0\naddress_per_second = 0\n[orders]\nlifetime = \
         \"9s\"\nmax_open_per_account = {MODEMS}\n"
    );
    let site = Site::with(MODEMS, Scenario::default(), &limits);
    let _daemon = site.serve_ready();
    let key = site.customer("ann", "1000");
    let runtime = Runtime::new().unwrap();
    let (mut deleted, mut polled, mut later) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        site.ok(&["service", "add", &format!("Service {round}"), "--price", "0.50"]);
        for _ in 0..MODEMS {
            let (until_deleted, until_polled) = one_order(&site, &runtime, &key, round);
            deleted.push(until_deleted);
            polled.push(until_polled);
            later.push(until_polled.saturating_sub(until_deleted));
            sleep(PACE);
        }
    }
    table::head(&[
        "one message per modem every ten seconds, 64 modems",
        "p50 ms",
        "p99 ms",
        "longest",
        "goal",
    ]);
    let [deleted, polled, later] =
        [&mut deleted, &mut polled, &mut later].map(|taken| table::percentiles(taken));
    for (what, taken, goal) in [
        ("from `+CMTI` to the deletion, which follows upon the commit", deleted, "3 and 10 ms"),
        ("from `+CMTI` to the waiting customer's answer", polled, ""),
        ("from the deletion to the answer", later, "1 ms"),
    ] {
        let [p50, p99, longest] = taken.map(|ms| format!("{ms:.2}"));
        table::row(&[what, &p50, &p99, &longest, goal]);
    }
}

/// Makes an order and a long poll that waits for it, and sends the SMS. Returns how long it took
/// until the SMS was deleted, and until the poll was answered.
fn one_order(site: &Site, runtime: &Runtime, key: &str, service: usize) -> (Duration, Duration) {
    let make = |country| {
        site.get(&format!("/api/makeorder?serviceId={service}&country={country}&key={key}"))
    };
    let made = ["NL", "UK", "USA"]
        .into_iter()
        .map(make)
        .find(|made| made.starts_with("ORDER_ID_"))
        .unwrap();
    let (order, number) =
        made.strip_prefix("ORDER_ID_").and_then(|rest| rest.split_once("_NUMBER_")).unwrap();
    // Customers get the number in its national form.
    let number = number.trim_start_matches(['+', '0']);
    let place = site.network().numbers().iter().position(|known| known.ends_with(number)).unwrap();
    let address = site.admin("/status")["listen"].as_str().unwrap().to_owned();
    let request = format!(
        "GET /api/getsms?orderId={order}&key={key}&wait=60 HTTP/1.1\r\nhost: x\r\nconnection: \
         close\r\n\r\n"
    );
    let (sender, answer) = mpsc::channel();
    spawn(move || {
        let (_, body) = support::http(&address, &request);
        sender.send((Instant::now(), body)).unwrap();
    });
    wait_for("the poll to arrive", || site.admin("/status")["polls"] == 1);
    let sent = Instant::now();
    let until_deleted = one_message(site, runtime, place);
    let (answered, body) = answer.recv().unwrap();
    assert!(body.starts_with("SUCCESS_"), "{body}");
    (until_deleted, answered - sent)
}

/// The time from the sending of a message to its deletion from the modem.
pub fn one_message(site: &Site, runtime: &Runtime, place: usize) -> Duration {
    let network = site.network();
    let deleted = |network: &Network| network.observed(place).unwrap().deleted;
    let (before, number) = (deleted(network), network.numbers()[place].clone());
    let sent = Instant::now();
    site.send("Uber", &number, "Your code is 123456. Never share this code.");
    runtime.block_on(network.until(|network| deleted(network) > before));
    sent.elapsed()
}
