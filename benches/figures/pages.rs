//! What it costs other customers that pages are open: polls and orders while ten tabs of the
//! console and a hundred of the portal are kept current, in turns with nobody looking.

use std::io::Read;
use std::net::TcpStream;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use simbridge::simulator::Scenario;

use super::polls::{Served, load};
use super::support::{GIVE_UP, Site};
use super::{session, table};

const MODEMS: usize = 16;
const ROUNDS: usize = 5;
/// How many orders are made and given up in a round.
const ORDERS: usize = 300;
/// A session has at most four streams.
const TABS: usize = 4;
const CUSTOMERS: usize = 25;
/// The pages that operators look at, of which each is kept current.
const CONSOLE: [&str; 10] = [
    "/",
    "/orders",
    "/messages",
    "/modems",
    "/sims",
    "/stock",
    "/accounts",
    "/alarms",
    "/rentals",
    "/audit",
];
const PORTAL: [&str; TABS] = ["/", "/orders", "/account", "/rentals"];

const SETTINGS: &str = "[console]
listen = \"127.0.0.1:0\"
[portal]
origin = \"http://127.0.0.1:0\"
[limits]
give_up_pause = \"0s\"
key_per_second = 0
address_per_second = 0
[orders]
lifetime = \"1h\"
number_rest = \"0s\"
";

pub fn run() {
    let site = Site::with(MODEMS, Scenario::default(), SETTINGS);
    let daemon = site.serve_ready();
    site.ok(&["service", "add", "Uber", "--price", "0.01"]);
    let key = site.customer("ann", "50");
    let made = site.get(&format!("/api/makeorder?serviceId=1&country=NL&key={key}"));
    assert!(made.starts_with("ORDER_ID_1_"), "{made}");
    let buyer = site.customer("bob", "50");
    let status = site.admin("/status");
    let address = |member: &str| status[member].as_str().unwrap().to_owned();
    let (portal, console) = (address("listen"), address("console"));
    let tabs = tabs(&site, &portal, &console);
    let path = format!("/api/getsms?orderId=1&key={key}");
    let mut sums: [(Served, Vec<Duration>); 2] = Default::default();
    // The first turns only warm up.
    for round in 0..=ROUNDS {
        if round == 1 {
            sums = Default::default();
        }
        for (is_open, (polls, orders)) in [false, true].into_iter().zip(&mut sums) {
            let open = if is_open { open(&tabs) } else { Vec::new() };
            load(polls, daemon.id(), &portal, &path);
            orders.extend((0..ORDERS).map(|_| order(&site, &buyer)));
            open.into_iter().for_each(|(stream, reader)| {
                stream.shutdown(std::net::Shutdown::Both).unwrap();
                assert!(reader.join().unwrap() > 0, "a stream that said nothing");
            });
        }
    }
    table::head(&["", "polls/s", "CPU µs a poll", "an order and its end, p50 ms", "p99 ms"]);
    for (what, (polls, mut orders)) in
        ["nobody looks", "10 tabs of the console and 100 of the portal"].into_iter().zip(sums)
    {
        let [p50, p99, _] = table::percentiles(&mut orders).map(|ms| format!("{ms:.2}"));
        let (polls, cpu) = (format!("{:.0}", polls.per_second()), format!("{:.1}", polls.cpu_us()));
        table::row(&[what, &polls, &cpu, &p50, &p99]);
    }
}

/// A tab: the address of its side, its page, and its session's cookie.
type Tab = (String, &'static str, String);

/// Signs operators and customers in.
fn tabs(site: &Site, portal: &str, console: &str) -> Vec<Tab> {
    let link = |args: &[&str]| site.json(args)["link"].as_str().unwrap().to_owned();
    let mut tabs = Vec::new();
    for (n, pages) in CONSOLE.chunks(TABS).enumerate() {
        let link = link(&["operator", "add", &format!("operator{n}"), "--role", "owner"]);
        let cookie = session::sign_in(console, &link);
        tabs.extend(pages.iter().map(|page| (console.to_owned(), *page, cookie.clone())));
    }
    for n in 0..CUSTOMERS {
        let name = format!("customer{n}");
        site.ok(&["account", "add", &name]);
        let cookie = session::sign_in(portal, &link(&["account", "invite", &name, &name]));
        tabs.extend(PORTAL.iter().map(|page| (portal.to_owned(), *page, cookie.clone())));
    }
    tabs
}

/// Opens all tabs, each with a reader, which returns how many bytes it was sent.
fn open(tabs: &[Tab]) -> Vec<(TcpStream, JoinHandle<usize>)> {
    let open = tabs.iter().map(|(address, page, cookie)| {
        let stream = session::follow(address, page, cookie);
        stream.set_read_timeout(Some(GIVE_UP)).unwrap();
        let mut reading = stream.try_clone().unwrap();
        let mut first = [0; 15];
        reading.read_exact(&mut first).unwrap();
        assert_eq!(&first, b"HTTP/1.1 200 OK", "{page}");
        let reader = std::thread::spawn(move || {
            let (mut buffer, mut sum) = ([0; 1 << 16], 0);
            while let Ok(count @ 1..) = reading.read(&mut buffer) {
                sum += count;
            }
            sum
        });
        (stream, reader)
    });
    open.collect()
}

/// Makes an order and gives it up.
fn order(site: &Site, key: &str) -> Duration {
    let asked = Instant::now();
    let made = site.get(&format!("/api/makeorder?serviceId=1&country=NL&key={key}"));
    let id = made.strip_prefix("ORDER_ID_").and_then(|rest| rest.split_once('_'));
    let (id, _) = id.unwrap_or_else(|| panic!("no order: {made}"));
    site.get(&format!("/api/cancelorder?orderId={id}&key={key}"));
    asked.elapsed()
}
