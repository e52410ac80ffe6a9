//! Measures the CPU and wall time of makeorder, getsms and the arrival of an SMS with 10 000 SIMs,
//! 500 services and ten million past orders and messages, compared with a database that is almost
//! empty. One process performs the same operations on both in turns.
//!
//! Run it with `cargo bench --bench size`, or with less history: `cargo bench --bench size --
//! 100000`. It needs six gigabytes in `$TMPDIR` and some minutes, most of them for making the
//! history. With `SIZE_DB=FILE` the history is made once, kept, and copied for each run. With `--
//! --verify` it is checked for faults at the end. The real program is also started on it, and the
//! pages of its console and its portal are asked for.
//!
//! The almost empty database has 2 000 SIMs and 50 services, which its own orders need, and no
//! history.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a benchmark may panic"
)]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the real clock")]

mod fill;
mod pages;
#[path = "../figures/process.rs"]
#[expect(dead_code, reason = "shared with the other benchmarks")]
mod process;
#[path = "../figures/session.rs"]
#[expect(dead_code, reason = "shared with the other benchmarks")]
mod session;
#[path = "../../tests/suite/support.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod support;
#[path = "../figures/table.rs"]
#[expect(dead_code, reason = "shared with the other benchmarks")]
mod table;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fill::Size;
use simbridge::daemon::config::Config;
use simbridge::domain::modem::{ModemSnapshot, ModemState, Registration, SimCard};
use simbridge::domain::{AccountId, Iccid, ModemAtPort, ModemId, OrderId, PortName, ServiceId};
use simbridge::gateway::{Arrival, Clock, Gateway, MakeOrder, Pdu, PriceFilter, Settings};
use simbridge::simulator::Scenario;
use simbridge::sms::{Address, Deliver, Scts};
use simbridge::store::Store;
use tokio::task::JoinSet;

/// The number of operations of each kind in a round, and how many of them run at once: these share
/// an fsync.
const OPERATIONS: usize = 2_000;
const AT_ONCE: usize = 64;
const ROUNDS: usize = 10;
/// The number of customers, each of which has one open order at a time.
const ACCOUNTS: usize = AT_ONCE;

struct Site {
    gateway: Gateway,
    store: Store,
    path: PathBuf,
    services: usize,
    sims: usize,
    done: usize,
    _dir: tempfile::TempDir,
}

fn main() {
    let history = std::env::args().find_map(|arg| arg.parse().ok()).unwrap_or(10_000_000);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    table::machine();
    let full = runtime.block_on(async {
        let mut empty = open(&Size { sims: 2_000, countries: 1, services: 50, history: 0 }).await;
        let mut full = open(&Size { sims: 10_000, countries: 1, services: 500, history }).await;
        let mut sums = [[(Duration::ZERO, Duration::ZERO); 3]; 2];
        // The first round of both only warms up.
        round(&mut empty).await;
        round(&mut full).await;
        for _ in 0..ROUNDS {
            for (which, site) in [&mut empty, &mut full].into_iter().enumerate() {
                for (n, (cpu, wall)) in round(site).await.into_iter().enumerate() {
                    sums[which][n].0 += cpu;
                    sums[which][n].1 += wall;
                }
            }
        }
        report(&sums);
        whole_stock(&full).await;
        price_lists().await;
        if std::env::args().any(|arg| arg == "--verify") {
            let started = Instant::now();
            let faults = full.gateway.reports().find_faults().await.unwrap();
            println!("verify: {:.1} s, faults: {faults:?}", started.elapsed().as_secs_f64());
        }
        full.store.close().await;
        full
    });
    start(&full.path);
}

const PAGES: &str = "[console]\nlisten = \"127.0.0.1:0\"\n[portal]\norigin = \
                     \"http://127.0.0.1:0\"\n";

/// Measures how long the program takes to start with this database, what its pages take, and how
/// long it takes to stop.
fn start(database: &Path) {
    let site = support::Site::with(0, Scenario::default(), PAGES);
    let config = std::fs::read_to_string(site.config()).unwrap();
    let own = site.dir.path().join("simbridge.db");
    std::fs::write(
        site.config(),
        config.replace(own.to_str().unwrap(), database.to_str().unwrap()),
    )
    .unwrap();
    let started = Instant::now();
    let daemon = site.serve();
    let took = started.elapsed().as_secs_f64();
    table::head(&["the program on this database", "s", "goal"]);
    table::row(&["from its start until it serves", &format!("{took:.2}"), "≤ 2 s"]);
    pages::measure(&site);
    table::head(&["", "s", "goal"]);
    table::row(&["stop", &format!("{:.2}", daemon.terminate().as_secs_f64()), ""]);
}

fn report(sums: &[[(Duration, Duration); 3]; 2]) {
    table::head(&["µs each", "CPU, empty", "CPU, full", "ratio", "empty", "full", "ratio", "goal"]);
    let each = |sum: Duration| sum.as_secs_f64() * 1e6 / (OPERATIONS * ROUNDS) as f64;
    let row = |name: &str, [(cpu_a, a), (cpu_b, b)]: [(Duration, Duration); 2], goal| {
        let [cpu_a, a, cpu_b, b] = [cpu_a, a, cpu_b, b].map(each);
        let values = [cpu_a, cpu_b, cpu_b / cpu_a, a, b, b / a].map(|value| format!("{value:.2}"));
        let [cpu_a, cpu_b, cpu, a, b, wall] = &values;
        table::row(&[name, cpu_a, cpu_b, cpu, a, b, wall, goal]);
    };
    for (n, name) in ["makeorder", "ingest", "getsms"].into_iter().enumerate() {
        row(name, sums.map(|sums| sums[n]), "");
    }
    let whole = sums.map(|sums| {
        sums.into_iter().fold(<(Duration, Duration)>::default(), |a, b| (a.0 + b.0, a.1 + b.1))
    });
    row("a full order", whole, "CPU ≤ 1.2");
    let [empty, full] = whole.map(|(_, wall)| (OPERATIONS * ROUNDS) as f64 / wall.as_secs_f64());
    println!("\nfull orders a second, each on disk: {empty:.0} and {full:.0}");
}

/// Measures operations that read all SIMs: the catalogue with its stock, and an order for which
/// there is no number.
async fn whole_stock(site: &Site) {
    for what in ["first", "second"] {
        let started = Instant::now();
        let offers = site.gateway.stock().offers(AccountId(1), "NL").await.unwrap().unwrap();
        let counted: usize = offers.iter().map(|(_, _, count)| count).sum();
        let ms = started.elapsed().as_secs_f64() * 1e3;
        println!(
            "services with their stock, {what} time: {ms:.1} ms ({} services, {counted} numbers)",
            offers.len()
        );
    }
    for what in ["first", "second"] {
        let started = Instant::now();
        let none = site
            .gateway
            .orders()
            .make(AccountId(1), Some(ServiceId(site.services as i64)), "NL")
            .await
            .unwrap();
        let ms = started.elapsed().as_secs_f64() * 1e3;
        println!("an order for which no number is left, {what} time: {ms:.1} ms ({none:?})");
    }
}

/// Measures how long all prices of 500 services in 60 countries with their stock take: when nobody
/// has asked for so long that all is read anew, to an account that has just given up a number, so
/// that what was read before is wrong for it, and to one that has not.
async fn price_lists() {
    let size = Size { sims: 10_000, countries: fill::COUNTRIES.len(), services: 500, history: 0 };
    let site = open(&size).await;
    let (account, other) = (AccountId(1), AccountId(2));
    let (mut anew, mut changed, mut shared) = (Vec::new(), Vec::new(), Vec::new());
    let mut rows = 0;
    for _ in 0..20 {
        // What was read is shared for two seconds.
        tokio::time::sleep(Duration::from_millis(2_100)).await;
        anew.push(price_list(&site, other, &mut rows).await);
        let made = site.gateway.orders().make(account, Some(ServiceId(1)), "NL").await.unwrap();
        let MakeOrder::Made { order, .. } = made else { panic!("{made:?}") };
        site.gateway.orders().cancel(account, order).await.unwrap();
        // After each reading the next one waits three times as long as that took.
        tokio::time::sleep(Duration::from_millis(500)).await;
        changed.push(price_list(&site, account, &mut rows).await);
        shared.push(price_list(&site, other, &mut rows).await);
    }
    table::head(&["all prices with the stock", "ms p50", "p90", "goal", "prices"]);
    let own = "after an order of one's own";
    for (what, mut taken) in [("all read anew", anew), (own, changed), ("shared", shared)] {
        taken.sort();
        let at = |n: usize| format!("{:.1}", taken[n].as_secs_f64() * 1e3);
        table::row(&[what, &at(10), &at(18), "≤ 20", &rows.to_string()]);
    }
}

/// How long it takes until an account has all prices; `rows` is set to how many they are.
async fn price_list(site: &Site, account: AccountId, rows: &mut usize) -> Duration {
    let started = Instant::now();
    let stock = site.gateway.stock();
    let list = stock.price_list(Some(account), PriceFilter::default()).await.unwrap();
    *rows = list.iter().map(|country| country.offers.len()).sum();
    started.elapsed()
}

async fn open(size: &Size) -> Site {
    let dir = tempfile::tempdir().unwrap();
    let kept = std::env::var_os("SIZE_DB").map(PathBuf::from).filter(|_| size.history > 0);
    let path = dir.path().join("size.db");
    let started = Instant::now();
    let made = kept.unwrap_or_else(|| path.clone());
    if !made.exists() {
        Store::open(&made).unwrap().close().await;
        fill::fill(&made, size);
    }
    if made != path {
        std::fs::copy(&made, &path).unwrap();
    }
    let bytes = std::fs::metadata(&path).unwrap().len();
    println!(
        "a history of {} was made in {:.0} s, {} MB",
        size.history,
        started.elapsed().as_secs_f64(),
        bytes >> 20
    );
    let started = Instant::now();
    let clock: Clock = Arc::new(|| chrono::Utc::now().into());
    let settings = Settings { max_open_per_account: 1_000_000, ..Config::defaults().gateway };
    let store = Store::open(&path).unwrap();
    let gateway =
        Gateway::open(store.clone(), settings, clock, Arc::new(|| Some([1; 32]))).await.unwrap();
    println!("opened in {:.3} s", started.elapsed().as_secs_f64());
    gateway.due_work().run_due_work().await.unwrap();
    println!("swept after {:.3} s", started.elapsed().as_secs_f64());
    for n in 0..size.sims {
        gateway.modems().report(snapshot(n), gateway.now());
    }
    Site { gateway, store, path, services: size.services, sims: size.sims, done: 0, _dir: dir }
}

fn snapshot(n: usize) -> ModemSnapshot {
    let sim = SimCard { iccid: iccid(n), imsi: None, number: None };
    let port = PortName::from_stored(format!("port{n}"));
    ModemSnapshot {
        sim: Some(sim),
        registration: Some(Registration::Home),
        ..ModemSnapshot::new(port, ModemState::Ready)
    }
}

fn iccid(n: usize) -> Iccid {
    Iccid::from_stored(format!("8931080000000{n:06}"))
}

/// The CPU and wall time of making orders, of receiving their SMS, and of reading them.
async fn round(site: &mut Site) -> [(Duration, Duration); 3] {
    for n in 0..site.sims {
        site.gateway.modems().report(snapshot(n), site.gateway.now());
    }
    let first = site.done;
    site.done += OPERATIONS;
    let (gateway, services) = (site.gateway.clone(), site.services);
    let mut orders = Vec::new();
    let made = measured(&mut orders, (first..first + OPERATIONS).collect(), |n| {
        let gateway = gateway.clone();
        async move {
            let (account, service) =
                (AccountId((n % ACCOUNTS) as i64 + 1), ServiceId((n % (services - 1)) as i64 + 1));
            match gateway.orders().make(account, Some(service), "NL").await.unwrap() {
                MakeOrder::Made { order, number } => (account, service, order, number),
                other => panic!("{other:?}"),
            }
        }
    });
    let made = made.await;
    let arrivals: Vec<_> = orders
        .iter()
        .map(|(_, service, order, number)| arrival(*service, *order, number))
        .collect();
    let (mut ingested, mut said) = (Vec::new(), Vec::new());
    let arrived = measured(&mut ingested, arrivals, |arrival| {
        let gateway = gateway.clone();
        async move { gateway.inbox().ingest(arrival).await.unwrap() }
    });
    let arrived = arrived.await;
    let looked = measured(&mut said, orders, |(account, _, order, _)| {
        let gateway = gateway.clone();
        async move { gateway.orders().read_sms(account, order).await.unwrap() }
    });
    [made, arrived, looked.await]
}

fn arrival(service: ServiceId, order: OrderId, number: &str) -> Arrival {
    let text = format!("code {:06}", order.0);
    let scts = Scts::from_utc(chrono::Utc::now(), 0);
    let pdu = Deliver::compose(None, &Address::parse(&format!("S{service}")), scts, &text, 1)
        .remove(0)
        .encode();
    let sim: usize = number.trim_start_matches("06").parse().unwrap();
    Arrival {
        modem: ModemAtPort {
            id: ModemId::from_stored("1"),
            port: PortName::from_stored("/dev/size"),
        },
        iccid: iccid(sim),
        pdu: Pdu::Octets(pdu),
        live: false,
        doubtful: false,
    }
}

/// Calls `work` on all inputs, [`AT_ONCE`] of them at a time.
async fn measured<I: Send + 'static, T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    outcomes: &mut Vec<T>,
    inputs: Vec<I>,
    work: impl Fn(I) -> F,
) -> (Duration, Duration) {
    let (cpu, started) = (process::cpu(std::process::id()), Instant::now());
    let mut running = JoinSet::new();
    for input in inputs {
        if running.len() == AT_ONCE {
            outcomes.extend(running.join_next().await.map(Result::unwrap));
        }
        running.spawn(work(input));
    }
    outcomes.extend(running.join_all().await);
    (process::cpu(std::process::id()) - cpu, started.elapsed())
}
