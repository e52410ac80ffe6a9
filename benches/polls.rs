//! `getsms` polls a second beside a bare axum handler that answers `WAITING`: the same machine, the same run, the same load, each
//! server in a process of its own.
//!
//! Run it with `cargo bench --bench polls`.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the real clock")]

#[path = "../tests/suite/support.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod support;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use support::Site;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CONNECTIONS: usize = 32;
const LOAD_FOR: Duration = Duration::from_secs(5);
const ROUNDS: usize = 3;
/// Makes this program the bare server.
const BARE: &str = "--bare-server";

fn main() {
    if std::env::args().any(|arg| arg == BARE) {
        return bare_server();
    }
    // Nobody polls like this: the limits are off.
    let limits = "[limits]\nkey_per_second = 0\naddress_per_second = 0\n";
    let site = Site::with(1, simbridge::simulator::Scenario::default(), limits);
    let _daemon = site.serve_ready();
    site.ok(&["service", "add", "Uber", "--price", "0.50"]);
    let key = site.customer("ann", "5");
    assert!(site.get(&format!("/api/makeorder?serviceId=1&key={key}")).starts_with("ORDER_ID_1_"));
    let ours = site.json(&["status"])["listen"].as_str().unwrap().to_owned();
    let path = format!("/api/getsms?orderId=1&key={key}");
    let mut bare = Command::new(std::env::current_exe().unwrap()).arg(BARE).stdout(Stdio::piped()).spawn().unwrap();
    let mut address = String::new();
    BufReader::new(bare.stdout.take().unwrap()).read_line(&mut address).unwrap();
    let (mut sum_ours, mut sum_bare) = (0.0, 0.0);
    // In turns, so that what else the machine does falls on both.
    for _ in 0..ROUNDS {
        sum_ours += polls_per_second(&ours, &path);
        sum_bare += polls_per_second(address.trim(), "/api/getsms?orderId=1");
    }
    bare.kill().unwrap();
    bare.wait().unwrap();
    let (ours, bare) = (sum_ours / ROUNDS as f64, sum_bare / ROUNDS as f64);
    println!("simbridge getsms  {ours:>9.0} polls/s");
    println!("bare axum         {bare:>9.0} polls/s");
    println!("ratio             {:>9.2}", ours / bare);
}

fn bare_server() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        println!("{}", listener.local_addr().unwrap());
        let router = axum::Router::new().route("/api/getsms", axum::routing::get(async || "WAITING"));
        let server = axum_server::from_tcp(listener).unwrap().http1_only();
        server.serve(router.into_make_service()).await.unwrap();
    });
}

fn polls_per_second(address: &str, path: &str) -> f64 {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let answered = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..CONNECTIONS)
            .map(|_| tokio::spawn(poll(address.to_owned(), path.to_owned(), Arc::clone(&answered), started)))
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    answered.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64()
}

/// One customer who polls as fast as the answers come, on one connection.
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
