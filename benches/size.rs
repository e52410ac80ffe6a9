//! What makeorder, getsms and the arrival of an SMS cost with 10 000 SIMs, 500 services and ten million past orders and messages,
//! beside a database that is almost empty. The same process, the same operations, in turns; CPU and wall time of each.
//!
//! Run it with `cargo bench --bench size`; `cargo bench --bench size -- 100000` for less history. It takes some gigabytes of
//! `$TMPDIR` and some minutes.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the real clock")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use simbridge::domain::modem::ModemStatus;
use simbridge::domain::{AccountId, OrderId, ServiceId, Timestamp};
use simbridge::gateway::{Arrival, Clock, Gateway, MakeOrder, Pdu, Settings};
use simbridge::sms::{Address, Deliver, Scts};
use simbridge::store::Store;
use tokio::task::JoinSet;

/// Operations of each kind in a round, and how many of them at once: a group shares its fsync.
const OPERATIONS: usize = 2_000;
const AT_ONCE: usize = 64;
const ROUNDS: usize = 3;
/// Customers; each has one order open at a time.
const ACCOUNTS: usize = AT_ONCE;

struct Size {
    sims: usize,
    services: usize,
    history: usize,
}

struct Site {
    gateway: Gateway,
    services: usize,
    sims: usize,
    done: usize,
    _dir: tempfile::TempDir,
}

fn main() {
    let history = std::env::args().find_map(|arg| arg.parse().ok()).unwrap_or(10_000_000);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut empty = open(&Size { sims: 2_000, services: 50, history: 0 }).await;
        let started = Instant::now();
        let mut full = open(&Size { sims: 10_000, services: 500, history }).await;
        println!("a history of {history} was made in {:.0} s", started.elapsed().as_secs_f64());
        let mut sums = [[Duration::ZERO; 3]; 2];
        let mut walls = [[Duration::ZERO; 3]; 2];
        for _ in 0..ROUNDS {
            for (which, site) in [&mut empty, &mut full].into_iter().enumerate() {
                for (n, (cpu, wall)) in round(site).await.into_iter().enumerate() {
                    sums[which][n] += cpu;
                    walls[which][n] += wall;
                }
            }
        }
        println!("{:>12}  {:>14}  {:>14}  {:>6}  {:>6}", "us each", "empty", "full", "CPU x", "wall x");
        for (n, name) in ["makeorder", "ingest", "getsms"].iter().enumerate() {
            let each = |sum: Duration| sum.as_secs_f64() * 1e6 / (OPERATIONS * ROUNDS) as f64;
            let (a, b) = (each(sums[0][n]), each(sums[1][n]));
            let wall = walls[1][n].as_secs_f64() / walls[0][n].as_secs_f64();
            println!("{name:>12}  {a:>14.1}  {b:>14.1}  {:>6.2}  {wall:>6.2}", b / a);
        }
    });
}

async fn open(size: &Size) -> Site {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("size.db");
    Store::open(&path).unwrap().close().await;
    fill(&path, size);
    let clock: Clock = Arc::new(|| chrono::Utc::now().into());
    let settings = Settings { max_open_per_account: 1_000_000, ..Settings::default() };
    let gateway =
        Gateway::open(Store::open(&path).unwrap(), settings, clock, Arc::new(|| Some([1; 32]))).await.unwrap();
    for n in 0..size.sims {
        gateway.board().report(status(n, gateway.now()));
    }
    Site { gateway, services: size.services, sims: size.sims, done: 0, _dir: dir }
}

fn status(n: usize, now: Timestamp) -> ModemStatus {
    ModemStatus {
        port: format!("port{n}"),
        state: "Ready".into(),
        reason: None,
        ready: true,
        settled: true,
        imei: None,
        manufacturer: None,
        model: None,
        iccid: Some(iccid(n)),
        signal_dbm: None,
        operator: None,
        registered: true,
        stores: Vec::new(),
        since: now,
        seen_at: now,
    }
}

fn iccid(n: usize) -> String {
    format!("8931080000000{n:06}")
}

/// SIMs, services, rich customers, and a history: one order in eight was completed, for numbers and services all over the stock,
/// the others expired; a message for each order.
fn fill(path: &std::path::Path, size: &Size) {
    let conn = rusqlite::Connection::open(path).unwrap();
    conn.pragma_update(None, "synchronous", "OFF").unwrap();
    let Size { sims, services, history } = *size;
    let count =
        |n: usize| format!("WITH RECURSIVE c (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n + 1 < {n})");
    let (some_sims, some_services, some_accounts) = (count(sims), count(services), count(ACCOUNTS));
    let some_history = count(history);
    // A completed order's service is tied to its SIM's, so that each number is used for about a fifth of the services.
    let used = services.div_ceil(5);
    conn.execute_batch(&format!(
        "BEGIN;
         INSERT INTO sim (iccid, number, number_source, number_at, country, created_at)
           {some_sims} SELECT printf('8931080000000%06d', n), printf('+316%08d', n), 'cnum', 0, 'NL', 0 FROM c;
         INSERT INTO service (name, price_minor) {some_services} SELECT 'service ' || n, 1 FROM c;
         INSERT INTO service_pattern (service_id, kind, pattern)
           {some_services} SELECT n + 1, 'sender', '^S' || (n + 1) || '$' FROM c;
         INSERT INTO account (name, balance_minor, created_at) {some_accounts} SELECT 'account ' || n, 1000000, 0 FROM c;
         COMMIT;"
    ))
    .unwrap();
    if history > 0 {
        conn.execute_batch(&format!(
            "BEGIN;
             INSERT INTO orders (account_id, service_id, sim_id, number, country, price_minor, state, patterned, created_at,
               expires_at, ended_at)
               {some_history} SELECT n % {ACCOUNTS} + 1,
                 CASE n % 8 WHEN 0 THEN (n / 8 % {used} * 5 + n / 8 / {used}) % {services} ELSE n / 7 % {services} END + 1,
                 n / 8 / {used} % {sims} + 1, printf('+316%08d', n / 8 / {used} % {sims}), 'NL', 1,
                 CASE n % 8 WHEN 0 THEN 'completed' ELSE 'expired' END, 1, n * 1000, n * 1000 + 1, n * 1000 + 1 FROM c;
             INSERT INTO message (sim_id, sender, received_at, complete, order_id, settled_at, raw)
               SELECT sim_id, 'S', created_at, 1, CASE state WHEN 'completed' THEN id END, created_at, 0 FROM orders;
             COMMIT;
             PRAGMA wal_checkpoint(TRUNCATE);"
        ))
        .unwrap();
    }
}

/// CPU and wall time of making orders, of their SMS, of looking at them.
async fn round(site: &mut Site) -> [(Duration, Duration); 3] {
    for n in 0..site.sims {
        site.gateway.board().report(status(n, site.gateway.now()));
    }
    let first = site.done;
    site.done += OPERATIONS;
    let (gateway, services) = (site.gateway.clone(), site.services);
    let mut orders = Vec::new();
    let made = measured(&mut orders, (first..first + OPERATIONS).collect(), |n| {
        let gateway = gateway.clone();
        async move {
            let (account, service) = (AccountId((n % ACCOUNTS) as i64 + 1), ServiceId((n % services) as i64 + 1));
            match gateway.make_order(account, Some(service), "NL").await.unwrap() {
                MakeOrder::Made { order, number } => (account, service, order, number),
                other => panic!("{other:?}"),
            }
        }
    });
    let made = made.await;
    let arrivals: Vec<_> = orders.iter().map(|(_, service, order, number)| arrival(*service, *order, number)).collect();
    let (mut ingested, mut said) = (Vec::new(), Vec::new());
    let arrived = measured(&mut ingested, arrivals, |arrival| {
        let gateway = gateway.clone();
        async move { gateway.ingest(arrival).await.unwrap() }
    });
    let arrived = arrived.await;
    let looked = measured(&mut said, orders, |(account, _, order, _)| {
        let gateway = gateway.clone();
        async move { gateway.sms(account, order).await.unwrap() }
    });
    [made, arrived, looked.await]
}

fn arrival(service: ServiceId, order: OrderId, number: &str) -> Arrival {
    let text = format!("code {:06}", order.0);
    let scts = Scts::from_utc(chrono::Utc::now(), 0);
    let pdu = Deliver::compose(None, &Address::parse(&format!("S{service}")), scts, &text, 1).remove(0).encode();
    let sim: usize = number.trim_start_matches("06").parse().unwrap();
    Arrival { imei: "1".into(), iccid: iccid(sim), pdu: Pdu::Octets(pdu), live: false }
}

/// Does `work` on all inputs, [`AT_ONCE`] at a time.
async fn measured<I: Send + 'static, T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    outcomes: &mut Vec<T>,
    inputs: Vec<I>,
    work: impl Fn(I) -> F,
) -> (Duration, Duration) {
    let (cpu, started) = (cpu_time(), Instant::now());
    let mut running = JoinSet::new();
    for input in inputs {
        if running.len() == AT_ONCE {
            outcomes.extend(running.join_next().await.map(Result::unwrap));
        }
        running.spawn(work(input));
    }
    outcomes.extend(running.join_all().await);
    (cpu_time() - cpu, started.elapsed())
}

/// User and system time of this process, from `/proc/self/stat` (proc(5): fields 14 and 15, in ticks of 10 ms).
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit_once(") ").unwrap().1;
    let ticks: u64 = after_name.split(' ').skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}
