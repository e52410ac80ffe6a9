//! How long a message takes through the real daemon when there is no hurry: from the network's handing it to the modem (`+CMTI`) to its
//! deletion, which follows upon the commit; to the customer's long poll; and whether it takes longer because of what its neighbours do.
//!
//! Run it with `cargo bench --bench latency`.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the real clock")]

#[path = "../tests/suite/support.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod support;

use std::sync::mpsc;
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use simbridge::simulator::{Fault, Scenario};
use support::{Site, wait_for};
use tokio::runtime::Runtime;

/// One message per modem every ten seconds, over this many modems, so often.
const MODEMS: usize = 64;
const PACE: Duration = Duration::from_millis(10_000 / MODEMS as u64);
const ROUNDS: usize = 4;

/// Beside well-behaved and beside ill neighbours: measured modems, and messages to each.
const MEASURED: usize = 5;
const MESSAGES: usize = 40;

fn main() {
    println!("{:>44}  {:>9}  {:>9}  {:>9}", "", "p50 ms", "p99 ms", "longest");
    slow_pace();
    for _ in 0..2 {
        beside(false);
        beside(true);
    }
}

fn slow_pace() {
    let limits = format!(
        "[limits]\nkey_per_second = 0\naddress_per_second = 0\n[orders]\nlifetime = \"9s\"\nmax_open_per_account = {MODEMS}\n"
    );
    let site = Site::with(MODEMS, Scenario::default(), &limits);
    let _daemon = site.serve_ready();
    let key = site.customer("ann", "1000");
    let (mut deleted, mut polled) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        site.ok(&["service", "add", &format!("Service {round}"), "--price", "0.50"]);
        for _ in 0..MODEMS {
            let (until_deleted, until_polled) = one_order(&site, &key, round);
            deleted.push(until_deleted);
            polled.push(until_polled);
            sleep(PACE);
        }
    }
    table(&format!("{MODEMS} modems, +CMTI to deletion"), deleted);
    table(&format!("{MODEMS} modems, +CMTI to the long poll"), polled);
}

/// An order, a long poll that waits, an SMS: how long until it was deleted, and until the poll was answered.
fn one_order(site: &Site, key: &str, service: usize) -> (Duration, Duration) {
    let make = |country| site.get(&format!("/api/makeorder?serviceId={service}&country={country}&key={key}"));
    let made = ["NL", "UK", "USA"].into_iter().map(make).find(|made| made.starts_with("ORDER_ID_")).unwrap();
    let (order, number) = made.strip_prefix("ORDER_ID_").and_then(|rest| rest.split_once("_NUMBER_")).unwrap();
    // In the national form, as customers get it.
    let number = number.trim_start_matches(['+', '0']);
    let place = site.network().numbers().iter().position(|known| known.ends_with(number)).unwrap();
    let address = site.admin("/status")["listen"].as_str().unwrap().to_owned();
    let request =
        format!("GET /api/getsms?orderId={order}&key={key}&wait=60 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let (sender, answer) = mpsc::channel();
    spawn(move || {
        let (_, body) = support::http(&address, &request);
        sender.send((Instant::now(), body)).unwrap();
    });
    wait_for("the poll to arrive", || site.admin("/status")["polls"] == 1);
    let sent = Instant::now();
    let until_deleted = one_message(site, &Runtime::new().unwrap(), place);
    let (answered, body) = answer.recv().unwrap();
    assert!(body.starts_with("SUCCESS_"), "{body}");
    (until_deleted, answered - sent)
}

/// From the sending of a message to its deletion from the modem.
fn one_message(site: &Site, runtime: &Runtime, place: usize) -> Duration {
    let network = site.network();
    let deleted = |network: &simbridge::simulator::Network| network.observed(place).unwrap().deleted;
    let (before, number) = (deleted(network), network.numbers()[place].clone());
    let sent = Instant::now();
    site.send("Uber", &number, "Your code is 123456. Never share this code.");
    runtime.block_on(network.until(|network| deleted(network) > before));
    sent.elapsed()
}

/// Three modems beside the measured ones: one that does not answer, one that is gone, one that never stops talking; or three that are well.
fn beside(ill: bool) {
    let site = Site::with(MEASURED + 3, Scenario::default(), "");
    let daemon = site.serve_ready();
    if ill {
        let flood = Fault::Flood { line: "^RSSI: 20".to_owned(), every_ms: 1, for_ms: 600_000 };
        let faults = [Fault::Silence { commands: u32::MAX }, Fault::PortGone { back_after_ms: None }, flood];
        let numbers = site.network().numbers();
        for (place, fault) in (MEASURED..).zip(&faults) {
            site.network().fault(place, fault).unwrap();
            // It is in the middle of something.
            site.send("Uber", &numbers[place], "never read");
        }
    }
    let runtime = Runtime::new().unwrap();
    let mut taken = Vec::new();
    for n in 0..MESSAGES * MEASURED {
        taken.push(one_message(&site, &runtime, n % MEASURED));
        sleep(Duration::from_millis(20));
    }
    let stopped = daemon.terminate();
    assert!(stopped < Duration::from_secs(5), "{stopped:?}");
    let neighbours = if ill { "one wedged, one gone, one flooding" } else { "three well-behaved neighbours" };
    table(&format!("{neighbours}, stop {:.2} s", stopped.as_secs_f64()), taken);
}

fn table(what: &str, mut taken: Vec<Duration>) {
    taken.sort();
    let at = |part: f64| taken[((taken.len() - 1) as f64 * part).round() as usize].as_secs_f64() * 1000.0;
    println!("{what:>44}  {:>9.2}  {:>9.2}  {:>9.2}", at(0.5), at(0.99), at(1.0));
}
