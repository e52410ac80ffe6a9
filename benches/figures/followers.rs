//! Customers who have their events sent and do not take them: what a thousand webhook endpoints
//! that hang and a hundred followers that do not read cost the others. And how long an event takes
//! to a follower and to a webhook's receiver, beside the answer to a long poll.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use simbridge::simulator::Scenario;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use super::client::Client;
use super::latency::one_message;
use super::support::{GIVE_UP, Site, http, wait_for};
use super::{process, table};

const MODEMS: usize = 16;
/// Ten endpoints each, which is what an account may have.
const ACCOUNTS: usize = 100;
const ENDPOINTS: usize = 10;
/// So many events of a kilobyte wait for each of these endpoints: enough for minutes.
const EVENTS: usize = 20;
/// Accounts whose events nobody reads who follows them, ten clients each.
const READERS: usize = 10;
const FOLLOWERS: usize = 10;
/// So many events are more than fit into the buffers of a connection.
const UNREAD: usize = 2_000;
/// Other customers' polls: each of so many asks again after a pause.
const POLLERS: usize = 8;
const POLL_PAUSE: Duration = Duration::from_millis(20);
/// Messages that are measured meanwhile, and the pause between them.
const MESSAGES: usize = 400;
const PAUSE: Duration = Duration::from_millis(20);
/// Orders whose message is followed on all ways, each on a number of its own.
const ORDERS: usize = 100;

const SETTINGS: &str = "[orders]
lifetime = \"1h\"
max_open_per_account = 2
number_rest = \"0s\"
number_cooldown = \"1s\"
[limits]
key_per_second = 0
address_per_second = 0
[webhooks]
allow = [\"http://127.0.0.0/8\"]
";

pub fn run() {
    beside_those_that_take_nothing();
    all_ways();
}

fn site(modems: usize) -> (Site, u32, String, super::support::Daemon) {
    let site = Site::with(modems, Scenario::default(), SETTINGS);
    let daemon = site.serve_ready();
    site.ok(&["service", "add", "Uber", "--price", "0.01", "--sender", "^Uber$"]);
    let address = site.admin("/status")["listen"].as_str().unwrap().to_owned();
    (site, daemon.id(), address, daemon)
}

/// Posts JSON for a customer.
fn post(address: &str, key: &str, path: &str, body: &str) -> String {
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer \
         {key}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    let (head, body) = http(address, &request);
    assert!(head.starts_with("HTTP/1.1 20"), "{path}: {head}\n{body}");
    body
}

fn beside_those_that_take_nothing() {
    let (site, daemon, address, _running) = site(MODEMS);
    let runtime = Runtime::new().unwrap();
    let key = site.customer("poller", "5");
    let made = site.get(&format!("/api/makeorder?serviceId=1&country=NL&key={key}"));
    let (order, place) = order_and_modem(&site, &made);
    let path = format!("/api/getsms?orderId={order}&key={key}");
    let measured = || measure(&site, &runtime, (&address, &path, place), daemon);
    table::head(&[
        "other customers' polls and modems",
        "poll p50 ms",
        "p99 ms",
        "longest",
        "`+CMTI` to the deletion p50 ms",
        "p99 ms",
        "longest",
        "memory MiB",
    ]);
    row("alone", measured());
    let (hanging, count) = hanging_receiver(&runtime);
    (0..ACCOUNTS).for_each(|n| add_endpoints(&site, &address, n, &hanging));
    let readers: Vec<String> =
        (0..READERS).map(|n| site.customer(&format!("reader{n}"), "0")).collect();
    add_events(&site, "hooked", EVENTS);
    add_events(&site, "reader", UNREAD);
    // What was added behind the daemon's back is found with the next event.
    let made = site.get(&format!("/api/makeorder?serviceId=1&country=UK&key={key}"));
    let (order, _) = order_and_modem(&site, &made);
    site.get(&format!("/api/cancelorder?orderId={order}&key={key}"));
    let crowd: Vec<TcpStream> = readers
        .iter()
        .flat_map(|key| std::iter::repeat_n(key, FOLLOWERS))
        .map(|key| follow(&address, key, "?after=0"))
        .collect();
    wait_for("all endpoints to hang", || count.load(Ordering::Relaxed) >= ACCOUNTS * ENDPOINTS);
    row("beside 1 000 endpoints that hang and 100 followers that do not read", measured());
    println!("\nattempts that hung: {}", count.load(Ordering::Relaxed));
    drop(crowd);
}

/// Adds an account with ten endpoints at an address.
fn add_endpoints(site: &Site, address: &str, number: usize, receiver: &str) {
    let key = site.customer(&format!("hooked{number}"), "0");
    let body = format!("{{\"url\":\"http://{receiver}/hook\"}}");
    for _ in 0..ENDPOINTS {
        post(address, &key, "/v2/webhooks", &body);
    }
}

/// Gives each account whose name begins so as many events of a kilobyte.
fn add_events(site: &Site, name: &str, count: usize) {
    let conn = rusqlite::Connection::open(site.dir.path().join("simbridge.db")).unwrap();
    conn.busy_timeout(GIVE_UP).unwrap();
    let sql = format!(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count}) INSERT \
         INTO event (account_id, kind, at, data) SELECT a.id, 'balance.low', unixepoch() * \
         1000000, json_object('n', printf('%01000d', n)) FROM account a, n WHERE a.name GLOB \
         '{name}*'"
    );
    conn.execute_batch(&sql).unwrap();
}

/// A receiver that takes connections and answers none. It counts them.
fn hanging_receiver(runtime: &Runtime) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            // Until the daemon gives up.
            tokio::spawn(async move { tokio::io::copy(&mut stream, &mut tokio::io::sink()).await });
        }
    });
    (address, count)
}

/// Begins to follow an account's events.
fn follow(address: &str, key: &str, query: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    let request =
        format!("GET /v2/events{query} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

/// What the polls and the messages have taken, and the daemon's memory.
struct Measured {
    polls: Vec<Duration>,
    messages: Vec<Duration>,
    kib: u64,
}

fn measure(
    site: &Site,
    runtime: &Runtime,
    (address, path, place): (&str, &str, usize),
    daemon: u32,
) -> Measured {
    let is_over = Arc::new(AtomicBool::new(false));
    let pollers: Vec<JoinHandle<Vec<Duration>>> = (0..POLLERS)
        .map(|_| runtime.spawn(poll(address.to_owned(), path.to_owned(), Arc::clone(&is_over))))
        .collect();
    let messages = (0..MESSAGES).map(|n| {
        sleep(PAUSE);
        // The pollers wait for one that does not come.
        one_message(site, runtime, (place + 1 + n % (MODEMS - 1)) % MODEMS)
    });
    let messages = messages.collect();
    is_over.store(true, Ordering::Relaxed);
    let polls = pollers.into_iter().flat_map(|poller| runtime.block_on(poller).unwrap()).collect();
    Measured { polls, messages, kib: process::private_kib(daemon) }
}

async fn poll(address: String, path: String, is_over: Arc<AtomicBool>) -> Vec<Duration> {
    let mut client = Client::connect_from("127.0.0.1", &address).await.unwrap();
    let mut taken = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let asked = Instant::now();
        assert_eq!(client.get(&path).await.unwrap(), "WAITING");
        taken.push(asked.elapsed());
        tokio::time::sleep(POLL_PAUSE).await;
    }
    taken
}

fn row(what: &str, mut measured: Measured) {
    let polls = table::percentiles(&mut measured.polls).map(|ms| format!("{ms:.2}"));
    let messages = table::percentiles(&mut measured.messages).map(|ms| format!("{ms:.2}"));
    let memory = format!("{:.0}", measured.kib as f64 / 1024.0);
    let figures = polls.iter().chain(&messages).map(String::as_str);
    let cells: Vec<&str> = std::iter::once(what).chain(figures).chain([memory.as_str()]).collect();
    table::row(&cells);
}

/// One order after the other: its message is polled for, followed, and sent by a webhook.
fn all_ways() {
    let (site, _, address, _running) = site(ORDERS);
    let runtime = Runtime::new().unwrap();
    let key = site.customer("ann", "50");
    let (webhook, receiver) = timing_receiver();
    post(&address, &key, "/v2/webhooks", &format!("{{\"url\":\"http://{receiver}/hook\"}}"));
    let (sender, followed) = channel();
    let stream = follow(&address, &key, "?types=order.message");
    spawn(move || time_events(stream, &sender));
    let mut taken: [Vec<Duration>; 4] = Default::default();
    for _ in 0..ORDERS {
        sleep(PAUSE);
        let times = one_order(&site, &runtime, (&address, &key), (&followed, &webhook));
        taken.iter_mut().zip(times).for_each(|(all, one)| all.push(one));
    }
    table::head(&["one message at a time, from `+CMTI`", "p50 ms", "p99 ms", "longest"]);
    let ways = [
        "to the deletion, which follows upon the commit",
        "to the long poll's answer",
        "to the follower",
        "to the webhook's receiver",
    ];
    for (way, mut taken) in ways.into_iter().zip(taken) {
        let [p50, p99, longest] = table::percentiles(&mut taken).map(|ms| format!("{ms:.2}"));
        table::row(&[way, &p50, &p99, &longest]);
    }
}

/// The id of an order that was made, and which modem has its number.
fn order_and_modem(site: &Site, made: &str) -> (String, usize) {
    let parts = made.strip_prefix("ORDER_ID_").and_then(|rest| rest.split_once("_NUMBER_"));
    let (order, number) = parts.unwrap_or_else(|| panic!("no order: {made}"));
    // Customers get the number in its national form.
    let number = number.trim_start_matches(['+', '0']);
    let place = site.network().numbers().iter().position(|known| known.ends_with(number));
    (order.to_owned(), place.unwrap())
}

/// How long the message of an order takes: to its deletion, and to the customer on all three ways.
fn one_order(
    site: &Site,
    runtime: &Runtime,
    (address, key): (&str, &str),
    (followed, webhook): (&Receiver<Instant>, &Receiver<Instant>),
) -> [Duration; 4] {
    let make =
        |country| site.get(&format!("/api/makeorder?serviceId=1&country={country}&key={key}"));
    let made = ["NL", "UK", "USA"].into_iter().map(make).find(|made| made.starts_with("ORDER_ID_"));
    let (order, place) = order_and_modem(site, &made.unwrap());
    let request = format!(
        "GET /api/getsms?orderId={order}&key={key}&wait=60 HTTP/1.1\r\nhost: x\r\nconnection: \
         close\r\n\r\n"
    );
    let (sender, polled) = channel();
    let address = address.to_owned();
    spawn(move || {
        let (_, body) = http(&address, &request);
        sender.send((Instant::now(), body)).unwrap();
    });
    wait_for("the poll to arrive", || site.admin("/status")["polls"] == 1);
    let sent = Instant::now();
    let until_deleted = one_message(site, runtime, place);
    let (polled, body) = polled.recv().unwrap();
    assert!(body.starts_with("SUCCESS_"), "{body}");
    let since = |at: Instant| at - sent;
    [
        until_deleted,
        since(polled),
        since(followed.recv_timeout(GIVE_UP).unwrap()),
        since(webhook.recv_timeout(GIVE_UP).unwrap()),
    ]
}

/// Tells when each event arrives.
fn time_events(stream: TcpStream, told: &Sender<Instant>) {
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        if line == "event: order.message" && told.send(Instant::now()).is_err() {
            return;
        }
    }
}

/// A receiver that takes everything, and tells when each message arrives.
fn timing_receiver() -> (Receiver<Instant>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, told) = channel();
    spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(&stream);
            let mut length = 0;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(value) = line.strip_prefix("content-length: ") {
                    length = value.trim().parse().unwrap();
                }
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let arrived = Instant::now();
            (&stream).write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").unwrap();
            let is_message = body.starts_with(b"{\"type\":\"order.message\"");
            if is_message && sender.send(arrived).is_err() {
                return;
            }
        }
    });
    (told, address)
}
