//! Polls of `getsms` per second, compared with a bare axum handler that answers `WAITING`. Both get
//! the same load in turns, each server in a process of its own. Also measures what a thousand long
//! polls cost while nothing happens.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::support::{Site, wait_for};
use super::{process, table};

const CONNECTIONS: usize = 32;
const LOAD_FOR: Duration = Duration::from_secs(4);
const ROUNDS: usize = 5;
const LONG_POLLS: usize = 1_000;
/// How long nothing happens: less than the longest wait of a long poll.
const NOTHING_FOR: Duration = Duration::from_secs(45);
/// The argument that makes this program the bare server.
pub const BARE: &str = "--bare-server";

/// One server under load.
#[derive(Default)]
pub struct Served {
    polls: u64,
    took: Duration,
    cpu: Duration,
}

impl Served {
    pub fn per_second(&self) -> f64 {
        self.polls as f64 / self.took.as_secs_f64()
    }

    pub fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.polls as f64
    }
}

pub fn run() {
    // The rate limits are off, because no customer polls like this.
    let limits =
        "[limits]\nkey_per_second = 0\naddress_per_second = 0\n[orders]\nlifetime = \"1h\"\n";
    let site = Site::with(1, simbridge::simulator::Scenario::default(), limits);
    let daemon = site.serve_ready();
    site.ok(&["service", "add", "Uber", "--price", "0.50"]);
    let key = site.customer("ann", "5");
    assert!(site.get(&format!("/api/makeorder?serviceId=1&key={key}")).starts_with("ORDER_ID_1_"));
    let address = site.json(&["status"])["listen"].as_str().unwrap().to_owned();
    let path = format!("/api/getsms?orderId=1&key={key}");
    beside_bare(daemon.id(), &address, &path);
    long_polls(&site, daemon.id(), &address, &path);
}

fn beside_bare(daemon: u32, address: &str, path: &str) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg(BARE)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut bare_address = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut bare_address).unwrap();
    let (mut ours, mut bare) = (Served::default(), Served::default());
    // The servers take turns, so that other work of the machine affects both. The first turns only
    // warm up.
    for round in 0..=ROUNDS {
        if round == 1 {
            (ours, bare) = (Served::default(), Served::default());
        }
        load(&mut ours, daemon, address, path);
        load(&mut bare, child.id(), bare_address.trim(), path);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    table::head(&[
        "`getsms` while the order waits, 32 connections",
        "simbridge",
        "bare axum",
        "ratio",
        "goal",
    ]);
    let (a, b) = (ours.per_second(), bare.per_second());
    table::row(&[
        "polls/s",
        &format!("{a:.0}"),
        &format!("{b:.0}"),
        &format!("{:.2}", a / b),
        "≥ 0.80",
    ]);
    let (a, b) = (ours.cpu_us(), bare.cpu_us());
    table::row(&[
        "CPU µs a poll, the server's",
        &format!("{a:.1}"),
        &format!("{b:.1}"),
        &format!("{:.2}", a / b),
        "",
    ]);
}

/// The simplest server that answers: axum's own, with one route and a fixed body.
pub fn bare_server() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        let router =
            axum::Router::new().route("/api/getsms", axum::routing::get(async || "WAITING"));
        axum::serve(listener, router).await.unwrap();
    });
}

/// Loads a server with polls from [`CONNECTIONS`] customers for [`LOAD_FOR`].
pub fn load(served: &mut Served, server: u32, address: &str, path: &str) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let answered = Arc::new(AtomicU64::new(0));
    let (cpu, started) = (process::cpu(server), Instant::now());
    runtime.block_on(async {
        let tasks: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                tokio::spawn(poll(
                    address.to_owned(),
                    path.to_owned(),
                    Arc::clone(&answered),
                    started,
                ))
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    served.took += started.elapsed();
    served.cpu += process::cpu(server) - cpu;
    served.polls += answered.load(Ordering::Relaxed);
}

/// One customer who polls on one connection, again as soon as each answer has arrived.
async fn poll(address: String, path: String, answered: Arc<AtomicU64>, started: Instant) {
    let mut stream = TcpStream::connect(&address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
    let mut answer = vec![0; 4096];
    while started.elapsed() < LOAD_FOR {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut length = 0;
        while !answer[..length].ends_with(b"\r\n\r\nWAITING") {
            let read = stream.read(&mut answer[length..]).await.unwrap();
            assert!(read > 0, "the server hung up");
            length += read;
        }
        answered.fetch_add(1, Ordering::Relaxed);
    }
}

/// The daemon's CPU time while nothing happens, without any long poll and with a thousand.
fn long_polls(site: &Site, daemon: u32, address: &str, path: &str) {
    let idle = |for_so_long: Duration| {
        let before = process::cpu_of_threads(daemon);
        std::thread::sleep(for_so_long);
        process::cpu_of_threads(daemon).saturating_sub(before).as_secs_f64() * 1000.0 * 60.0
            / for_so_long.as_secs_f64()
    };
    let alone = idle(NOTHING_FOR);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let request = format!("GET {path}&wait=60 HTTP/1.1\r\nhost: x\r\n\r\n");
    let streams = runtime.block_on(async {
        let mut streams = Vec::new();
        for _ in 0..LONG_POLLS {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            streams.push(stream);
        }
        streams
    });
    wait_for("the polls to arrive", || site.admin("/status")["polls"] == LONG_POLLS);
    let waiting = idle(NOTHING_FOR);
    drop(streams);
    table::head(&[
        "CPU ms a minute while nothing happens, one modem",
        "1 000 long polls",
        "none",
        "difference",
        "goal",
    ]);
    let difference = format!("{:.1}", waiting - alone);
    table::row(&[
        "",
        &format!("{waiting:.1}"),
        &format!("{alone:.1}"),
        &difference,
        "none to be measured",
    ]);
}
