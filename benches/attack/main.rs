//! A soak under attack: honest customers order and poll, first alone and then while outsiders,
//! other customers, strangers' messages and broken modems do their worst at once, for an hour.
//!
//! Run it with `cargo bench --bench attack`, or for other times, draws and single attacks (by the
//! names in `attackers.rs`) with `-- MINUTES SEED NAME…`.
//! Everything is on this machine, and each attacker's rate is bounded. At the end it checks that
//! each honest message is there exactly once and came to its customer only, that `verify` finds
//! nothing, that memory stayed below what the systemd unit allows, and that 99 of 100 polls took at
//! most five times as long as before the attack.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a benchmark may panic"
)]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the real clock")]

mod attackers;
#[path = "../figures/client.rs"]
mod client;
mod customers;
#[path = "../size/fill.rs"]
mod fill;
mod modems;
#[path = "../figures/process.rs"]
#[expect(dead_code, reason = "shared with the other benchmarks")]
mod process;
mod strangers;
#[path = "../../tests/suite/support.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod support;
#[path = "../figures/table.rs"]
mod table;

use std::collections::HashMap;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use attackers::Attackers;
use customers::Customers;
use fill::Size;
use simbridge::simulator::Scenario;
use support::{Daemon, Site};

/// Ten of the simulated modems have Dutch SIMs, which the honest customers order; four have British
/// ones, and these are broken; two have American ones.
const MODEMS: usize = 16;
/// What else the database has.
const SIZE: Size = Size { sims: 10_000, countries: 1, services: 500, history: 0 };
/// The accounts that [`fill::fill`] makes.
const ACCOUNTS: usize = 1;
/// `MemoryMax` of the systemd unit.
const MEMORY_MAX_MIB: f64 = 1024.0;
/// How much longer 99 of 100 polls may take under attack.
const SLOWER: f64 = 5.0;

/// What ends all tasks.
#[derive(Clone, Default)]
struct Over(Arc<AtomicBool>);

impl Over {
    fn is(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

fn main() {
    let args = || std::env::args().skip(1).filter(|arg| !arg.starts_with('-'));
    let mut numbers = args().filter_map(|arg| arg.parse::<u64>().ok());
    let (minutes, seed) = (numbers.next().unwrap_or(60), numbers.next().unwrap_or(1));
    let names: Vec<String> = args().filter(|arg| arg.parse::<u64>().is_err()).collect();
    table::machine();
    println!("{minutes} minutes, seed {seed}");
    // With a trusted proxy, the shares of addresses hold for this machine's addresses too.
    let limits = "[http]\ntrusted_proxies = [\"127.0.0.99/32\"]\n[orders]\nnumber_cooldown = \
                  \"1s\"\n[rentals]\nrest = \"1h\"\n";
    let site = Site::with(MODEMS, Scenario::default(), limits);
    site.serve().terminate();
    let database = site.dir.path().join("simbridge.db");
    fill::fill(&database, &SIZE);
    // The SIMs that are not here are British ones, so that a British order looks at them all.
    let british = "UPDATE sim SET country = 'UK', number = printf('+447%09d', id)";
    rusqlite::Connection::open(&database).unwrap().execute_batch(british).unwrap();
    let mut command = site.command(&["serve"]);
    // The same setting as in the systemd unit.
    command.env("MALLOC_ARENA_MAX", "2");
    let daemon = site.serve_by(command);
    site.wait_ready();
    let address = site.admin("/status")["listen"].as_str().unwrap().to_owned();
    let customers = Customers::add(&site, &address);
    let attackers = Attackers::add(&site, &address, daemon.id(), seed);

    let runtime = tokio::runtime::Runtime::new().unwrap();
    // Attackers are other machines. Here they have the CPU time that nobody else needs.
    let behind = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .on_thread_start(run_when_idle)
        .build()
        .unwrap();
    let over = Over::default();
    let mut tasks = runtime.block_on(async { customers.start(site.network(), &over) });
    table::head(&["after", "polls", "p50, p99, longest, ms", "messages", "memory, MiB", "peak"]);
    let steps = minutes.max(10);
    let quiet = watch(&daemon, &customers, "quiet", Duration::from_secs(30.max(minutes * 3)));
    tasks.extend(behind.block_on(async { attackers.start(&site, &over, &names) }));
    let mut slowest: f64 = 0.0;
    for step in 1..=steps {
        let length = Duration::from_secs(minutes * 60) / u32::try_from(steps).unwrap();
        let label = format!("{} s", length.as_secs() * step);
        slowest = slowest.max(watch(&daemon, &customers, &label, length));
    }
    over.0.store(true, Ordering::Relaxed);
    runtime.block_on(async {
        for task in tasks {
            task.await.unwrap();
        }
    });
    attackers.report();
    runtime.block_on(customers.settle(site.network()));
    let whole = customers.percentile_99();
    println!(
        "99 of 100 polls within {quiet:.1} ms before, {whole:.1} under attack, {slowest:.1} in \
              the worst minute"
    );
    judge(&site, daemon, &customers, quiet, whole);
}

/// Lets this thread run only while nothing else wants to (`SCHED_IDLE`). A low priority would not
/// do: what runs with one is left to run for some milliseconds before another's turn comes.
fn run_when_idle() {
    let thread = std::fs::read_link("/proc/thread-self").unwrap();
    let thread = thread.file_name().unwrap();
    let mut command = Command::new("chrt");
    let set = command.args(["--idle", "--pid", "0"]).arg(thread).status().unwrap();
    assert!(set.success(), "{set}");
}

/// Prints a row for a while; returns the time within which 99 of 100 polls were answered, in ms.
fn watch(daemon: &Daemon, customers: &Customers, label: &str, length: Duration) -> f64 {
    std::thread::sleep(length);
    let (polls, [p50, p99, longest]) = customers.take_polls(label != "quiet");
    table::row(&[
        label,
        &polls.to_string(),
        &format!("{p50:.1}, {p99:.1}, {longest:.1}"),
        &customers.received().to_string(),
        &format!("{:.1}", process::private_kib(daemon.id()) as f64 / 1024.0),
        &format!("{:.1}", peak_mib(daemon.id())),
    ]);
    p99
}

/// The most memory that a process had so far, files that it has mapped included.
fn peak_mib(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

/// Checks what must be so whatever was done.
fn judge(site: &Site, daemon: Daemon, customers: &Customers, quiet: f64, attacked: f64) {
    let peak = peak_mib(daemon.id());
    let verified = site.run(&["verify"]);
    println!("stopped after {:.2} s", daemon.terminate().as_secs_f64());
    let conn = rusqlite::Connection::open(site.dir.path().join("simbridge.db")).unwrap();
    let mut statement =
        conn.prepare("SELECT text, count(*) FROM message WHERE text LIKE 'Honest%' GROUP BY text");
    let rows = statement.as_mut().unwrap().query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    let stored: HashMap<String, i64> = rows.unwrap().collect::<Result<_, _>>().unwrap();
    let sent = customers.sent();
    let lost = sent.iter().filter(|text| !stored.contains_key(*text)).count();
    let doubled = stored.values().filter(|count| **count > 1).count();
    println!("{} honest messages: {lost} lost, {doubled} doubled", sent.len());
    println!("{} answers that were not their customer's", customers.strange().len());
    customers.strange().iter().take(10).for_each(|answer| println!("  {answer}"));
    let said = [verified.stdout.as_slice(), &verified.stderr].concat();
    println!("verify: {}", String::from_utf8_lossy(&said));
    assert!(lost == 0 && doubled == 0 && customers.strange().is_empty());
    assert!(verified.status.success());
    assert!(peak < MEMORY_MAX_MIB, "{peak} MiB");
    assert!(attacked <= SLOWER * quiet, "{attacked} ms, {quiet} before");
}
