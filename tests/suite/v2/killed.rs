//! The daemon is killed again and again while customers order and rent, SMS arrive, webhooks are
//! sent and events are followed. Whatever the first version of the API shows then was told.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};
use simbridge::domain::Random;
use simbridge::simulator::Scenario;

use super::events::Stream;
use crate::banks::post;
use crate::kill::{check_events, order_made};
use crate::support::{Site, wait_for};
use crate::webhooks::{Reaction, Receiver, add};

/// How often the daemon is killed, unless this variable of the environment says how often.
const KILLS: u64 = 15;
const KILLS_VARIABLE: &str = "SIMBRIDGE_KILLS";
const MODEMS: usize = 6;
const SERVICES: [&str; 2] = ["Uber", "Lyft"];

/// Numbers are sold again at once, so that there are some to the end.
const SETTINGS: &str = "[orders]
lifetime = \"2s\"
max_open_per_account = 3
number_rest = \"0s\"
number_cooldown = \"0s\"
[rentals]
rest_after_orders = \"0s\"
[limits]
give_up_pause = \"0s\"
key_per_second = 0
address_per_second = 0
[webhooks]
allow = [\"http://127.0.0.0/8\"]
";

/// What an account was told: the events by their ids.
type Told = BTreeMap<i64, Value>;

/// A program that follows an account's events over all restarts.
struct Follower {
    told: Arc<Mutex<Told>>,
    thread: JoinHandle<()>,
}

/// Where the daemon listens, and whether it is over.
#[derive(Default)]
struct Daemon {
    address: Mutex<String>,
    is_over: AtomicBool,
}

impl Follower {
    fn new(daemon: &Arc<Daemon>, key: &str) -> Follower {
        let told = Arc::<Mutex<Told>>::default();
        let (daemon, key, kept) = (Arc::clone(daemon), key.to_owned(), Arc::clone(&told));
        let thread = std::thread::spawn(move || {
            let mut last = None;
            while !daemon.is_over.load(Ordering::SeqCst) {
                let address = daemon.address.lock().unwrap().clone();
                let query = if last.is_none() { "?after=0" } else { "" };
                match Stream::try_open(&address, &key, query, last) {
                    Some(stream) => read_all(stream, &mut last, &kept),
                    None => std::thread::park_timeout(Duration::from_millis(2)),
                }
            }
        });
        Follower { told, thread }
    }
}

/// Reads a stream to its end. None of its events was told before.
fn read_all(mut stream: Stream, last: &mut Option<i64>, told: &Mutex<Told>) {
    while let Some(block) = stream.block() {
        if let (Some(id), Some(body)) = (block.id, block.data)
            && body["type"] != "position"
        {
            assert!(*last < Some(id), "{id} was told before: {last:?}");
            told.lock().unwrap().insert(id, body);
        }
        *last = block.id.or(*last);
    }
}

/// A customer, who is sent webhooks and follows events.
struct Customer {
    name: &'static str,
    rents: bool,
    key: String,
    receiver: Receiver,
    follower: Follower,
}

impl Customer {
    fn new(site: &Site, daemon: &Arc<Daemon>, name: &'static str, rents: bool) -> Customer {
        // Who rents has money for two numbers, so that others are left for orders.
        let key = site.customer(name, if rents { "40" } else { "900" });
        // One event in fifty is not taken at its first attempt.
        let mut refused = Vec::new();
        let receiver = Receiver::reacting(move |request, _| {
            let is_refused = request.id() % 50 == 0 && !refused.contains(&request.id());
            refused.extend(is_refused.then_some(request.id()));
            Reaction::Answer(if is_refused { 503 } else { 200 })
        });
        add(site, name, &receiver.url());
        Customer { name, rents, receiver, follower: Follower::new(daemon, &key), key }
    }

    /// What came by webhooks, each event once.
    fn received(&self) -> Told {
        self.receiver.received().iter().map(|request| (request.id(), request.json())).collect()
    }

    fn followed(&self) -> Told {
        self.follower.told.lock().unwrap().clone()
    }
}

/// Asks for numbers and gives them up, rents as long as there is money for it, and has SMS sent,
/// until the daemon is gone.
fn deal(address: &str, customer: &Customer, mut random: Random, site: &Site) {
    let (key, numbers) = (&customer.key, site.network().numbers());
    let mut orders: Vec<String> = Vec::new();
    loop {
        let order = orders.get(random.index(orders.len())).cloned().unwrap_or_default();
        let path = match random.below(8) {
            0..3 => format!("makeorder?serviceId={}", 1 + random.below(2)),
            // A number that was skipped is not given again: soon there would be none.
            3..5 => format!("cancelorder?orderId={order}"),
            5 if customer.rents => "rental/new?country=NL".to_owned(),
            _ => {
                let (number, service) = (&numbers[random.index(numbers.len())], random.index(2));
                let text = format!("{} code {:05}", SERVICES[service], random.below(100_000));
                site.network().send(SERVICES[service], number, &text).unwrap();
                continue;
            }
        };
        let Some(made) = order_made(address, key, &path) else { return };
        orders.extend(made);
    }
}

/// What the first version shows of an account was told: of each message that it shows of an order
/// or a rental there is an event with its text.
fn check_first_version(site: &Site, customer: &Customer, export: &Value, told: &Told) -> usize {
    let is_told = |kind: &str, id: &Value, text: &str| {
        told.values().any(|event| {
            let data = &event["data"];
            event["type"] == kind && data["id"] == *id && data["message"]["text"] == text
        })
    };
    let (key, mut shown) = (&customer.key, 0);
    for order in export["orders"].as_array().unwrap() {
        let id = &order["id"];
        let answer = site.get(&format!("/api/getsms?orderId={id}&key={key}"));
        if let Some(text) = answer.strip_prefix("SUCCESS_") {
            assert!(is_told("order.message", id, text), "order {id}: {text}");
            shown += 1;
        }
    }
    for rental in export["rentals"].as_array().unwrap() {
        let id = &rental["id"];
        let view = post(site, &format!("/api/rental/view?contract_id={id}&key={key}"));
        let view: Value = serde_json::from_str(&view).unwrap();
        for sms in view["received_sms"].as_array().unwrap() {
            let text = sms["body"].as_str().unwrap();
            assert!(is_told("rental.message", id, text), "rental {id}: {text}");
            shown += 1;
        }
    }
    shown
}

/// All that is kept of a customer was told, by webhooks and to who follows, each event once.
/// Answers how many events there were, and how many messages the first version shows.
fn check_told(site: &Site, customer: &Customer) -> (usize, usize) {
    let export = site.json(&["account", "export", customer.name]);
    let events = export["events"].as_array().unwrap();
    let ids: Vec<i64> = events.iter().map(|event| event["id"].as_i64().unwrap()).collect();
    let mut shown = 0;
    for (how, told) in [
        ("webhooks", &(|| customer.received()) as &dyn Fn() -> Told),
        ("events", &|| customer.followed()),
    ] {
        let has_all = || {
            let told = told();
            ids.iter().all(|id| told.contains_key(id))
        };
        wait_for(&format!("all {} {how} of {}", ids.len(), customer.name), has_all);
        let told = told();
        assert_eq!(told.keys().copied().collect::<Vec<_>>(), ids, "{how}: what never happened");
        let as_kept = |(id, body): (&i64, &Value)| {
            let mut event = body.clone();
            event["id"] = json!(id);
            event
        };
        let mut as_told = export.clone();
        as_told["events"] = told.iter().map(as_kept).collect();
        check_events(&as_told);
        shown = check_first_version(site, customer, &export, &told);
    }
    (ids.len(), shown)
}

#[test]
fn whatever_the_first_version_shows_was_told_however_often_the_daemon_is_killed() {
    let kills = std::env::var(KILLS_VARIABLE).ok().map(|text| text.parse().unwrap());
    let kills: u64 = kills.unwrap_or(KILLS);
    let site = Site::with(MODEMS, Scenario::default(), SETTINGS);
    let running = site.serve_ready();
    let daemon = Arc::<Daemon>::default();
    let listen = || site.admin("/status")["listen"].as_str().unwrap().to_owned();
    *daemon.address.lock().unwrap() = listen();
    for name in SERVICES {
        site.ok(&["service", "add", name, "--price", "0.50", "--sender", &format!("^{name}$")]);
    }
    let customers = [("ann", false), ("bob", false), ("tess", true)]
        .map(|(name, rents)| Customer::new(&site, &daemon, name, rents));
    running.kill();
    let mut random = Random::new(0x5EED_0003);
    for _ in 0..kills {
        let running = site.serve_ready();
        let address = listen();
        daemon.address.lock().unwrap().clone_from(&address);
        std::thread::scope(|scope| {
            for customer in &customers {
                let (address, site, seed) = (&address, &site, random.below(u64::MAX));
                scope.spawn(move || deal(address, customer, Random::new(seed), site));
            }
            running.kill_after(Duration::from_millis(50 + random.below(300)));
        });
    }
    let running = site.serve_ready();
    daemon.address.lock().unwrap().clone_from(&listen());
    site.wait_for_orders_to_end();
    let network = site.network();
    let is_taken = |number: &String| network.stored(number) == 0 && network.waiting(number) == 0;
    wait_for("all stores to be empty", || network.numbers().iter().all(is_taken));
    for customer in &customers {
        let (events, shown) = check_told(&site, customer);
        println!("{kills} kills: {} was told of {events} events, {shown} texts", customer.name);
        assert!(events as u64 >= kills, "nothing was put to the test");
    }
    assert_eq!(site.json(&["verify"])["ok"], true);
    daemon.is_over.store(true, Ordering::SeqCst);
    running.terminate();
    for Customer { follower, .. } in customers {
        follower.thread.join().unwrap();
    }
}
