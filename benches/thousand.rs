//! A thousand modems on one daemon: `simbridge simulate` on the one side, `simbridge serve` on the other. How long until all are Ready,
//! what a modem that nothing happens to costs in memory and in CPU, how long until all have had a message, and how long the stop takes.
//!
//! Run it with `cargo bench --bench thousand`; another number of modems, and of idle minutes, may follow: `-- 200 5`.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the real clock")]

mod process;
#[path = "../tests/suite/support.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod support;

use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use simbridge::simulator::{Scenario, control};
use support::{Daemon, Site};

fn main() {
    let mut numbers = std::env::args().filter_map(|arg| arg.parse::<u32>().ok());
    let (modems, minutes) = (numbers.next().unwrap_or(1000), numbers.next().unwrap_or(2));
    let empty = {
        let site = Site::with(0, Scenario::default(), "");
        let daemon = site.serve();
        sleep(Duration::from_secs(1));
        private_kib(daemon.id())
    };
    let site = Site::with(0, Scenario::default(), "");
    let _simulator = simulate(&site, modems);
    let started = Instant::now();
    let daemon = site.serve();
    let pid = daemon.id();
    until("all modems to be Ready", || site.admin("/status")["modems"]["ready"] == modems);
    row("all Ready after", started.elapsed().as_secs_f64(), "s");
    row("CPU until then, a modem", process::cpu(pid).as_secs_f64() * 1000.0 / f64::from(modems), "ms");
    // What follows upon the start is over.
    sleep(Duration::from_secs(10));
    let before = process::cpu(pid);
    sleep(Duration::from_secs(60) * minutes);
    let idle = (process::cpu(pid) - before).as_secs_f64() * 1000.0;
    row("idle CPU, a modem and minute", idle / f64::from(modems) / f64::from(minutes), "ms");
    let used = private_kib(pid);
    row("memory of the daemon", used as f64 / 1024.0, "MiB");
    row("memory, a modem", (used - empty) as f64 / f64::from(modems), "KiB");
    row("one message to each, all on disk after", messages(&site, modems).as_secs_f64(), "s");
    row("stopped after", daemon.terminate().as_secs_f64(), "s");
}

fn row(what: &str, value: f64, unit: &str) {
    println!("{what:>40}  {value:>10.2} {unit}");
}

/// The simulator as a process of its own, in the folder where the site's configuration looks for ports.
fn simulate(site: &Site, modems: u32) -> Daemon {
    let folder = site.dir.path().join("modems");
    let number = modems.to_string();
    let args = ["simulate", "--modems", &number, "--dir", folder.to_str().unwrap()];
    let child = site.command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let simulator = Daemon::of(child);
    until("the ports", || folder.join(format!("modem{:03}", modems - 1)).exists());
    simulator
}

fn messages(site: &Site, modems: u32) -> Duration {
    let folder = site.dir.path().join("modems");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let started = Instant::now();
    runtime.block_on(async {
        for modem in control::stats(&folder).await.unwrap() {
            control::send(&folder, "Uber", &modem.number.unwrap(), "Your code is 123456").await.unwrap();
        }
    });
    until("all messages", || site.messages().len() == usize::try_from(modems).unwrap());
    started.elapsed()
}

/// A thousand modems may take longer than the tests are willing to wait.
fn until(what: &str, mut so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !so() {
        assert!(started.elapsed() < Duration::from_secs(300), "waited in vain for {what}");
        sleep(Duration::from_millis(50));
    }
}

/// Memory that is its own and in use, in KiB, from `/proc/PID/smaps_rollup`.
fn private_kib(pid: u32) -> u64 {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    let dirty = maps.lines().find_map(|line| line.strip_prefix("Private_Dirty:")).unwrap();
    dirty.trim().trim_end_matches(" kB").parse().unwrap()
}
