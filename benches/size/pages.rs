//! How long the pages of the console and of the portal take on a large database, and how large
//! they are.

use std::time::{Duration, Instant};

use super::support::Site;
use super::{session, table};

/// How often each page is asked for.
const TIMES: usize = 20;

/// The pages of the console, and the most milliseconds that each may take nine times in ten. The
/// last ones search.
const CONSOLE: &[(&str, u32)] = &[
    ("/", 20),
    ("/modems", 20),
    ("/sims", 20),
    ("/sims?state=offline", 20),
    ("/sims/8931080000000000001", 20),
    ("/stock", 20),
    ("/stock/1/NL", 20),
    ("/services", 20),
    ("/services/1", 20),
    ("/orders", 20),
    ("/orders?state=completed", 20),
    ("/orders?state=expired", 20),
    ("/rentals", 20),
    ("/messages", 20),
    ("/messages/1000", 20),
    ("/accounts", 20),
    ("/accounts/1", 20),
    ("/accounts/1/ledger", 20),
    ("/alarms", 20),
    ("/charts", 20),
    ("/audit", 20),
    ("/system", 20),
    ("/people", 20),
    ("/orders?account=account+1&state=canceled", 60),
    ("/messages?state=undecodable", 60),
];

const PORTAL: &[(&str, u32)] = &[
    ("/", 20),
    ("/orders", 20),
    ("/rentals", 20),
    ("/account", 20),
    ("/account/ledger", 20),
    ("/account/keys", 20),
    ("/account/spending", 20),
    ("/api-guide", 20),
    ("/webhooks", 20),
];

/// The pages of the program that runs at `site`, as an owner and as a customer see them.
pub fn measure(site: &Site) {
    let status = site.admin("/status");
    let address = |member: &str| status[member].as_str().unwrap().to_owned();
    let link = |args: &[&str]| site.json(args)["link"].as_str().unwrap().to_owned();
    let owner = link(&["operator", "add", "ann", "--role", "owner"]);
    let customer = link(&["account", "invite", "account 0", "bob"]);
    table::head(&["page", "ms p50", "p90", "goal", "kB of HTML"]);
    let sides = [
        ("console", address("console"), owner, CONSOLE),
        ("portal", address("listen"), customer, PORTAL),
    ];
    for (side, address, link, pages) in sides {
        let cookie = session::sign_in(&address, &link);
        for (path, goal) in pages {
            let (mut taken, mut size) = (Vec::new(), 0);
            for _ in 0..TIMES {
                let started = Instant::now();
                let (head, body) = session::ask(&address, "GET", path, &cookie, "");
                taken.push(started.elapsed());
                assert!(head.starts_with("HTTP/1.1 200"), "{side} {path}: {head}");
                size = body.len();
            }
            taken.sort();
            let at = |n: usize| taken.get(n).map_or(0.0, Duration::as_secs_f64) * 1e3;
            let [median, most] = [at(TIMES / 2), at(TIMES * 9 / 10)];
            table::row(&[
                &format!("{side} `{path}`"),
                &format!("{median:.1}"),
                &format!("{most:.1}"),
                &format!("≤ {goal}"),
                &format!("{:.1}", size as f64 / 1e3),
            ]);
        }
    }
}
