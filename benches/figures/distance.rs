//! What the way between a site and its central daemon costs: one message, and messages per second
//! with 64 modems, at a site whose packets take 15 ms in each direction, and with the modems at the
//! central daemon itself.

use std::time::{Duration, Instant};

use simbridge::simulator::Fault;
use tokio::runtime::Runtime;

use super::centre::{Centre, make_site};
use super::latency::{again_and_again, one_message};
use super::messages::closed_loop;
use super::proxy::Proxy;
use super::support::{Daemon, Site, wait_for};
use super::{messages, table};

const ONE_WAY: Duration = Duration::from_millis(15);
const THERE_AND_BACK_MS: f64 = 30.0;
const MODEMS: usize = 64;
const MESSAGES: usize = 12_800;
const ROUNDS: usize = 3;

pub fn run() {
    one_alone();
    all_busy();
}

/// A site that is far away, and its central daemon.
struct Far {
    site: Site,
    site_daemon: Daemon,
    _centre_daemon: Daemon,
    _centre: Centre,
    _proxy: Proxy,
}

impl Far {
    fn new(site: Site, modems: usize) -> Far {
        let centre = Centre::new("");
        let centre_daemon = centre.serve();
        let proxy = Proxy::with_delay(ONE_WAY);
        proxy.lead_to(centre.address());
        let key = centre.add_site("ams");
        make_site(&site, "ams", &key, proxy.address, &centre.fingerprint);
        centre.hide(site.network().numbers());
        let site_daemon = site.serve();
        let all = u64::try_from(modems).unwrap();
        wait_for("the site's modems", || centre.ready() == all);
        Far { site, site_daemon, _centre_daemon: centre_daemon, _centre: centre, _proxy: proxy }
    }
}

fn one_alone() {
    let runtime = Runtime::new().unwrap();
    let here = {
        let site = messages::site(1);
        let _daemon = site.serve_ready();
        again_and_again(|| one_message(&site, &runtime, 0))
    };
    let far = Far::new(messages::site(1), 1);
    let there = again_and_again(|| one_message(&far.site, &runtime, 0));
    table::head(&[
        "one message and nothing else, from `+CMTI` to the deletion",
        "p50 ms",
        "p99 ms",
        "longest",
        "p50 to local and 30 ms",
        "goal",
    ]);
    let ratio = format!("{:.2}", there[0] / (here[0] + THERE_AND_BACK_MS));
    let rows = [("local", here, "", ""), ("30 ms there and back", there, &ratio, "≤ 1.2")];
    for (place, taken, ratio, goal) in rows {
        let [p50, p99, longest] = taken.map(|ms| format!("{ms:.2}"));
        table::row(&[place, &p50, &p99, &longest, ratio, goal]);
    }
}

fn all_busy() {
    table::head(&[
        "messages a second, 64 modems with five messages each at all times",
        "local",
        "30 ms there and back",
        "ratio",
        "goal",
    ]);
    // Real modems take some ten milliseconds for a command.
    for (what, delay_ms, count, goal) in [
        ("modems that answer at once", 0, MESSAGES, ""),
        ("modems that take 20 ms for a command", 20, MESSAGES / 4, "≥ 0.8"),
    ] {
        let slow = Fault::Slow { delay_ms, commands: u32::MAX };
        let (mut here, mut there) = (Duration::ZERO, Duration::ZERO);
        // The two take turns, so that other work of the machine affects both.
        for _ in 0..ROUNDS {
            let site = messages::site(MODEMS);
            let daemon = site.serve_ready();
            here += taken(&site, &daemon, &slow, count);
            drop((daemon, site));
            let far = Far::new(messages::site(MODEMS), MODEMS);
            there += taken(&far.site, &far.site_daemon, &slow, count);
        }
        let [here, there] = [here, there].map(|took| (count * ROUNDS) as f64 / took.as_secs_f64());
        let cells = [format!("{here:.0}"), format!("{there:.0}"), format!("{:.2}", there / here)];
        table::row(&[what, &cells[0], &cells[1], &cells[2], goal]);
    }
}

fn taken(site: &Site, daemon: &Daemon, slow: &Fault, count: usize) -> Duration {
    (0..MODEMS).for_each(|place| site.network().fault(place, slow).unwrap());
    let started = Instant::now();
    closed_loop(site, daemon.id(), MODEMS, count);
    started.elapsed()
}
