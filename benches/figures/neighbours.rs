//! Whether messages of a modem take longer when other modems misbehave.

use std::thread::sleep;
use std::time::Duration;

use simbridge::simulator::{Fault, Scenario};
use tokio::runtime::Runtime;

use super::latency::one_message;
use super::support::Site;
use super::table;

/// The number of modems that are measured, and of messages to each.
const MEASURED: usize = 5;
const MESSAGES: usize = 40;

pub fn run() {
    table::head(&[
        "five modems, from `+CMTI` to the deletion",
        "p50 ms",
        "p99 ms",
        "longest",
        "stop, s",
    ]);
    for _ in 0..2 {
        beside(false);
        beside(true);
    }
}

/// Measures with three other modems beside the measured ones. If `ill`, one does not answer, one is
/// gone and one sends without end; otherwise all three work.
fn beside(ill: bool) {
    let site = Site::with(MEASURED + 3, Scenario::default(), "");
    let daemon = site.serve_ready();
    if ill {
        let flood = Fault::Flood { line: "^RSSI: 20".to_owned(), every_ms: 1, for_ms: 600_000 };
        let faults =
            [Fault::Silence { commands: u32::MAX }, Fault::PortGone { back_after_ms: None }, flood];
        let numbers = site.network().numbers();
        for (place, fault) in (MEASURED..).zip(&faults) {
            site.network().fault(place, fault).unwrap();
            // The fault begins while this modem is being used.
            site.send("Uber", &numbers[place], "never read");
        }
    }
    let runtime = Runtime::new().unwrap();
    let mut taken = Vec::new();
    for n in 0..MESSAGES * MEASURED {
        taken.push(one_message(&site, &runtime, n % MEASURED));
        sleep(Duration::from_millis(20));
    }
    let stopped = daemon.terminate();
    assert!(stopped < Duration::from_secs(5), "{stopped:?}");
    let neighbours = if ill {
        "beside one wedged, one gone, one flooding"
    } else {
        "beside three that are well"
    };
    let [p50, p99, longest] = table::percentiles(&mut taken).map(|ms| format!("{ms:.2}"));
    table::row(&[neighbours, &p50, &p99, &longest, &format!("{:.2}", stopped.as_secs_f64())]);
}
