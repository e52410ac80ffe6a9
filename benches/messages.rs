//! Messages a second and CPU per message over 1, 8 and 64 simulated modems, each with five messages on offer: the real daemon on
//! PTYs, from the modem's store to the deletion after the commit. Beside it: what SQLite alone commits, one row at a time and a
//! hundred.
//!
//! Run it with `cargo bench --bench messages`; numbers of modems may follow: `-- 64`.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the real clock")]

mod process;
#[path = "../tests/suite/support.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod support;

use std::time::{Duration, Instant};

use simbridge::simulator::{Observed, Scenario};
use support::{Site, wait_for};

const MESSAGES: usize = 12_800;
const ON_OFFER: usize = 5;

fn main() {
    println!("{:>28}  {:>12}  {:>20}  {:>18}", "", "messages/s", "CPU s per 1000", "commands a message");
    let mut numbers: Vec<usize> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    if numbers.is_empty() {
        numbers = vec![1, 8, 64];
    }
    for modems in numbers {
        let (took, cpu, commands) = daemon(modems);
        let per_second = MESSAGES as f64 / took.as_secs_f64();
        let cpu = cpu.as_secs_f64() * 1000.0 / MESSAGES as f64;
        let commands = commands as f64 / MESSAGES as f64;
        let who = format!("simbridge, {modems} modems");
        println!("{who:>28}  {per_second:>12.0}  {cpu:>20.3}  {commands:>18.2}");
    }
    for rows in [1, 100] {
        let (commits, took) = sqlite_alone(rows);
        let per_second = (commits * rows) as f64 / took.as_secs_f64();
        println!("{:>28}  {per_second:>12.0}  {:>20}", format!("SQLite alone, {rows} a commit"), "");
    }
}

/// How long the daemon takes for all messages, its CPU time, and how many commands it gives.
fn daemon(modems: usize) -> (Duration, Duration, u64) {
    let modem = format!("[[modem]]\n[modem.sim]\ncapacity = {ON_OFFER}\n");
    let site = Site::with(modems, Scenario::parse(&modem.repeat(modems)).unwrap(), "");
    let daemon = site.serve_ready();
    let numbers = site.network().numbers();
    let seen = |what: fn(Observed) -> u64| {
        (0..modems).filter_map(|modem| site.network().observed(modem)).map(what).sum::<u64>()
    };
    let commands_before = seen(|observed| observed.commands);
    let cpu_before = process::cpu(daemon.id());
    let started = Instant::now();
    for n in 0..MESSAGES {
        site.send("Uber", &numbers[n % modems], &format!("Your code is {n:06}. Never share this code."));
    }
    let all = u64::try_from(MESSAGES).unwrap();
    wait_for("all messages to be deleted", || seen(|observed| observed.deleted) == all);
    let cpu = process::cpu(daemon.id()) - cpu_before;
    (started.elapsed(), cpu, seen(|observed| observed.commands) - commands_before)
}

/// So many rows a commit, synchronous=FULL, for two seconds.
fn sqlite_alone(rows: usize) -> (usize, Duration) {
    let dir = tempfile::tempdir().unwrap();
    let conn = rusqlite::Connection::open(dir.path().join("bare.db")).unwrap();
    conn.pragma_update(None, "journal_mode", "WAL").unwrap();
    conn.pragma_update(None, "synchronous", "FULL").unwrap();
    conn.execute_batch("CREATE TABLE message (id INTEGER PRIMARY KEY, text TEXT NOT NULL)").unwrap();
    let started = Instant::now();
    let mut commits = 0;
    while started.elapsed() < Duration::from_secs(2) {
        conn.execute_batch("BEGIN IMMEDIATE").unwrap();
        for _ in 0..rows {
            let mut insert = conn.prepare_cached("INSERT INTO message (text) VALUES ($1)").unwrap();
            insert.execute(["Your code is 123456. Never share this code."]).unwrap();
        }
        conn.execute_batch("COMMIT").unwrap();
        commits += 1;
    }
    (commits, started.elapsed())
}
