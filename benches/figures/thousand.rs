//! A thousand modems of `simbridge simulate`, served by one `simbridge serve`. Measures how long it
//! takes until all are ready, how much memory and CPU time an idle modem costs, how long it takes
//! until each has received a message, and how long the stop takes.

use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use simbridge::simulator::{Fault, Scenario, control};

use super::support::{Daemon, Site};
use super::{process, table};

const MODEMS: u32 = 1_000;
const MINUTES: u32 = 2;

pub fn run() {
    let empty = {
        let site = Site::with(0, Scenario::default(), "");
        let daemon = site.serve();
        sleep(Duration::from_secs(1));
        process::private_kib(daemon.id())
    };
    let site = Site::with(0, Scenario::default(), "");
    let _simulator = simulate(&site, MODEMS);
    let started = Instant::now();
    let daemon = site.serve();
    let pid = daemon.id();
    until("all modems to be Ready", || site.admin("/status")["modems"]["ready"] == MODEMS);
    table::head(&["a thousand modems on one daemon", "", "goal"]);
    let row =
        |what, value: f64, unit, goal| table::row(&[what, &format!("{value:.2} {unit}"), goal]);
    row("all Ready after", started.elapsed().as_secs_f64(), "s", "");
    let modems = f64::from(MODEMS);
    row("CPU until then, a modem", process::cpu(pid).as_secs_f64() * 1000.0 / modems, "ms", "");
    // By now the work that follows upon the start is done.
    sleep(Duration::from_secs(10));
    // One of the modems does not announce its message.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = site.dir.path().join("modems");
    runtime.block_on(async {
        control::fault(&folder, 0, &Fault::DropUrcs { count: 1 }).await.unwrap();
        let number = control::stats(&folder).await.unwrap().swap_remove(0).number.unwrap();
        control::send(&folder, "Uber", &number, "Your code is 123456").await.unwrap();
    });
    let before = process::cpu(pid);
    sleep(Duration::from_secs(60) * MINUTES);
    let found = site.messages().len();
    let idle = (process::cpu(pid) - before).as_secs_f64() * 1000.0;
    row("CPU of an idle modem, a minute", idle / modems / f64::from(MINUTES), "ms", "≤ 0.5 ms");
    row("messages found although their URC was lost", found as f64, "", "1");
    let used = process::private_kib(pid);
    row("memory of the daemon", used as f64 / 1024.0, "MiB", "");
    row("memory, a modem", (used - empty) as f64 / modems, "KiB", "≤ 64 KiB");
    row("one message to each, all on disk after", messages(&site, MODEMS).as_secs_f64(), "s", "");
    row("stopped after", daemon.terminate().as_secs_f64(), "s", "");
}

/// Starts the simulator as a process of its own, with its ports where the site's configuration
/// expects them.
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
            control::send(&folder, "Uber", &modem.number.unwrap(), "Your code is 123456")
                .await
                .unwrap();
        }
    });
    // The message from before counts too.
    until("all messages", || site.messages().len() > usize::try_from(modems).unwrap());
    started.elapsed()
}

/// Waits longer than the tests do, because a thousand modems may take longer.
fn until(what: &str, mut so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !so() {
        assert!(started.elapsed() < Duration::from_secs(300), "waited in vain for {what}");
        sleep(Duration::from_millis(50));
    }
}
