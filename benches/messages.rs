//! Messages a second and CPU per message over 1, 8 and 64 simulated modems, each with five messages on offer: the real daemon on
//! PTYs, from the modem's store to the deletion after the commit. Beside it: what SQLite alone commits, one row at a time and a
//! hundred.
//!
//! Run it with `cargo bench --bench messages`.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the real clock")]

#[path = "../tests/suite/privacy.rs"]
#[allow(dead_code, reason = "shared with the tests, which use all of it")]
mod privacy;
#[path = "../tests/suite/support.rs"]
#[allow(dead_code, reason = "shared with the tests, which use all of it")]
mod support;

use std::time::{Duration, Instant};

use simbridge::simulator::Scenario;
use support::{Site, wait_for};

const MESSAGES: usize = 12_800;
const ON_OFFER: usize = 5;

fn main() {
    println!("{:>28}  {:>12}  {:>20}", "", "messages/s", "CPU s per 1000");
    for modems in [1, 8, 64] {
        let (took, cpu) = daemon(modems);
        let per_second = MESSAGES as f64 / took.as_secs_f64();
        let cpu = cpu.as_secs_f64() * 1000.0 / MESSAGES as f64;
        println!("{:>28}  {per_second:>12.0}  {cpu:>20.3}", format!("simbridge, {modems} modems"));
    }
    for rows in [1, 100] {
        let (commits, took) = sqlite_alone(rows);
        let per_second = (commits * rows) as f64 / took.as_secs_f64();
        println!("{:>28}  {per_second:>12.0}  {:>20}", format!("SQLite alone, {rows} a commit"), "");
    }
}

/// How long the daemon takes for all messages, and its CPU time.
fn daemon(modems: usize) -> (Duration, Duration) {
    let modem = format!("[[modem]]\n[modem.sim]\ncapacity = {ON_OFFER}\n");
    let site = Site::with(modems, Scenario::parse(&modem.repeat(modems)).unwrap(), "");
    let daemon = site.serve_ready();
    let numbers = site.network().numbers();
    let cpu_before = cpu_of(daemon.child.as_ref().unwrap().id());
    let started = Instant::now();
    for n in 0..MESSAGES {
        site.send("Uber", &numbers[n % modems], &format!("Your code is {n:06}. Never share this code."));
    }
    let all = u64::try_from(MESSAGES).unwrap();
    let deleted =
        || (0..modems).filter_map(|modem| site.network().observed(modem)).map(|seen| seen.deleted).sum::<u64>();
    wait_for("all messages to be deleted", || deleted() == all);
    (started.elapsed(), cpu_of(daemon.child.as_ref().unwrap().id()) - cpu_before)
}

/// User and system time of a process, from `/proc/PID/stat` (proc(5): fields 14 and 15, in ticks of 10 ms).
fn cpu_of(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let after_name = stat.rsplit_once(") ").unwrap().1;
    let ticks: u64 = after_name.split(' ').skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
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
