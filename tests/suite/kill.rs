//! The daemon is killed (SIGKILL) at random moments while SMS arrive; each SMS must be in the
//! database exactly once.

use std::collections::{HashMap, HashSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use simbridge::domain::calendar::add_months;
use simbridge::domain::{Random, Timestamp};
use simbridge::simulator::Scenario;

use crate::banks::post;
use crate::endpoints::made;
use crate::support::{Site, wait_for};

const SEED: u64 = 0x5EED_0001;
const MODEMS: usize = 8;
const MESSAGES: usize = 500;
const KILLS: usize = 40;

#[test]
fn every_sms_exactly_once_however_often_the_daemon_is_killed() {
    let site = Site::with_modems(MODEMS);
    let numbers = site.network().numbers();
    let mut random = Random::new(SEED);
    let mut sent: HashMap<String, String> = HashMap::new();
    for round in 0..KILLS {
        // Some arrive before the daemon starts, the others while it runs.
        let share = MESSAGES * (round + 1) / KILLS - sent.len();
        let before = random.index(share + 1);
        send(&site, &numbers, &mut sent, before);
        let daemon = site.serve();
        send(&site, &numbers, &mut sent, share - before);
        daemon.kill_after(Duration::from_millis(random.below(400)));
    }
    assert_eq!(sent.len(), MESSAGES);
    let daemon = site.serve();
    let taken = || {
        numbers
            .iter()
            .all(|number| site.network().stored(number) == 0 && site.network().waiting(number) == 0)
    };
    wait_for("all stores to be empty", taken);
    let mut found: HashMap<String, String> = HashMap::new();
    for message in site.messages() {
        let (text, number) =
            (message["text"].as_str().unwrap(), message["number"].as_str().unwrap());
        assert_eq!(message["complete"], true, "{text}");
        assert!(found.insert(text.to_owned(), number.to_owned()).is_none(), "twice: {text}");
    }
    assert_eq!(found, sent);
    for modem in 0..MODEMS {
        assert_eq!(site.network().observed(modem).unwrap().deleted_unread, 0);
    }
    daemon.terminate();
}

/// Sends this many more messages, all different; one in eight is a long one.
fn send(site: &Site, numbers: &[String], sent: &mut HashMap<String, String>, count: usize) {
    for _ in 0..count {
        let n = sent.len();
        let number = &numbers[n % numbers.len()];
        let text = if n.is_multiple_of(8) {
            format!("{n} {}", "long ".repeat(50))
        } else {
            format!("message {n}")
        };
        site.send("Sender", number, &text);
        sent.insert(text, number.clone());
    }
}

const DEALS: usize = 12;

/// Several customers order, cancel, skip, reuse, rent and extend at once while SMS arrive, and the
/// daemon is killed again and again. All that came of it is told.
#[test]
fn money_and_numbers_are_right_however_often_the_daemon_is_killed() {
    let site = Site::with(
        MODEMS,
        Scenario::default(),
        "[orders]\nlifetime = \"2s\"\nmax_open_per_account = 3\n",
    );
    let numbers = site.network().numbers();
    let daemon = site.serve_ready();
    let keys: Vec<String> = (0..4).map(|n| site.customer(&format!("customer{n}"), "400")).collect();
    for name in ["Uber", "Lyft", "Bolt"] {
        site.ok(&["service", "add", name, "--price", "0.50", "--sender", &format!("^{name}$")]);
    }
    daemon.kill();
    let sent = AtomicUsize::new(0);
    for round in 0..DEALS {
        let daemon = site.serve_ready();
        let address = site.admin("/status")["listen"].as_str().unwrap().to_owned();
        std::thread::scope(|scope| {
            for (n, key) in keys.iter().enumerate() {
                let (address, sent, site, numbers) = (&address, &sent, &site, &numbers);
                let seed = SEED + (round * keys.len() + n) as u64;
                scope.spawn(move || deal(address, key, Random::new(seed), site, numbers, sent));
            }
            // Long enough for each customer to get something done, and different each time.
            daemon.kill_after(Duration::from_millis(150 + 37 * round as u64));
        });
    }
    let _daemon = site.serve_ready();
    site.wait_for_orders_to_end();
    let taken = || {
        numbers
            .iter()
            .all(|number| site.network().stored(number) == 0 && site.network().waiting(number) == 0)
    };
    wait_for("all stores to be empty", taken);
    let said = site.json(&["verify"]);
    assert_eq!(said["ok"], true, "{said}");
    for customer in 0..keys.len() {
        check_events(&site.json(&["account", "export", &format!("customer{customer}")]));
    }
    let mut texts: Vec<String> = site
        .messages()
        .iter()
        .map(|message| message["text"].as_str().unwrap().to_owned())
        .collect();
    let all = texts.len();
    texts.sort();
    texts.dedup();
    assert_eq!((texts.len(), all), (all, sent.into_inner()), "each SMS once");
    let orders = site.admin("/orders?limit=5000");
    let states: HashSet<&str> =
        orders.as_array().unwrap().iter().filter_map(|order| order["state"].as_str()).collect();
    assert!(
        states.contains("completed") && states.contains("canceled"),
        "nothing was put to the test: {states:?}"
    );
}

/// Whatever happened to an account's orders, rentals and messages, it was told once, in order.
pub fn check_events(export: &Value) {
    let list = |name: &str| export[name].as_array().unwrap();
    let told = |begins: &str, id: &Value| -> Vec<&str> {
        let events = list("events").iter().filter(|event| event["data"]["id"] == *id);
        let kinds = events.filter_map(|event| event["type"].as_str());
        kinds.filter(|kind| kind.starts_with(begins)).collect()
    };
    let of_message = |kind: &str, id: &Value| {
        let events = list("events").iter().filter(|event| event["type"] == kind);
        events.filter(|event| event["data"]["message"]["id"] == *id).count()
    };
    for order in list("orders") {
        let told = told("order.", &order["id"]);
        let mut expected = vec!["order.created"];
        expected.extend(match order["state"].as_str().unwrap() {
            "completed" => Some("order.completed"),
            "canceled" => Some("order.canceled"),
            "skipped" => Some("order.skipped"),
            "expired" => Some("order.expired"),
            _ => None,
        });
        let course = told.iter().copied().filter(|kind| *kind != "order.message");
        assert_eq!(course.collect::<Vec<_>>(), expected, "{order}");
        for message in order["messages"].as_array().unwrap() {
            assert_eq!(of_message("order.message", &message["id"]), 1, "{message}");
        }
    }
    for rental in list("rentals") {
        let told = told("rental.", &rental["id"]);
        assert_eq!(told.first(), Some(&"rental.started"), "{rental}");
        for message in rental["messages"].as_array().unwrap() {
            assert_eq!(of_message("rental.message", &message["id"]), 1, "{message}");
        }
    }
    let ids: Vec<_> = list("events").iter().filter_map(|event| event["id"].as_i64()).collect();
    assert!(ids.is_sorted(), "{ids:?}");
}

/// One customer who makes random requests until the daemon is gone.
fn deal(
    address: &str,
    key: &str,
    mut random: Random,
    site: &Site,
    numbers: &[String],
    sent: &AtomicUsize,
) {
    let mut orders: Vec<String> = Vec::new();
    loop {
        let any = orders.get(random.index(orders.len()));
        let order = any.cloned().unwrap_or_default();
        let path = match random.below(8) {
            0..3 => format!("makeorder?serviceId={}", 1 + random.below(3)),
            3 => format!("cancelorder?orderId={order}"),
            4 => format!("skipnumber?orderId={order}"),
            5 => format!("reuse?orderId={order}"),
            6 if random.below(6) == 0 => "rental/new?country=NL".to_owned(),
            6 if random.below(6) == 0 => {
                format!("rental/extend?contract_id={}", 1 + random.below(3))
            }
            _ => {
                let number = &numbers[random.index(numbers.len())];
                let name = ["Uber", "Lyft", "Bolt"][random.index(3)];
                let n = sent.fetch_add(1, Ordering::SeqCst);
                site.send(name, number, &format!("{name} code {n:05}"));
                continue;
            }
        };
        let Some(made) = order_made(address, key, &path) else { return };
        orders.extend(made);
    }
}

/// Makes a request of the first version of the API, and returns the id of the order that it has
/// made, if it has; nothing when the daemon has gone.
pub fn order_made(address: &str, key: &str, path: &str) -> Option<Option<String>> {
    let method = if path.starts_with("rental") { "POST" } else { "GET" };
    let request = format!(
        "{method} /api/{path}&key={key} HTTP/1.1\r\nhost: x\r\nconnection: \
         close\r\ncontent-length: 0\r\n\r\n"
    );
    let answer = ask(address, &request)?;
    let made = answer.rsplit("\r\n").next().and_then(|body| body.strip_prefix("ORDER_ID_"));
    Some(made.and_then(|rest| rest.split_once('_')).map(|(id, _)| id.to_owned()))
}

/// The answer, unless the daemon has gone.
fn ask(address: &str, request: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.contains("\r\n\r\n").then_some(answer)
}

/// Rentals whose SIMs were off the air, and one that has ended, as if the daemon had seen it all.
fn plant(site: &Site) {
    let conn = rusqlite::Connection::open(site.dir.path().join("simbridge.db")).unwrap();
    let now = chrono::Utc::now().timestamp_micros();
    let day = 86_400_000_000;
    for (rental, days) in [(1, 20), (2, 20), (3, 32)] {
        let start = Timestamp(now - days * day);
        let end = add_months(start, 1).unwrap();
        let sql = "UPDATE rental SET started_at = ?, expires_at = ?, due_at = ? WHERE id = ?";
        conn.execute(sql, (start.0, end.0, end.0, rental)).unwrap();
        let sql = "UPDATE sim SET last_given_at = ? WHERE id = (SELECT sim_id FROM rental WHERE \
                   id = ?)";
        conn.execute(sql, (start.0, rental)).unwrap();
    }
    for rental in [1, 2] {
        let sql =
            "INSERT INTO outage (rental_id, began_at, counted_us, seen_at) VALUES (?, ?, ?, ?)";
        conn.execute(sql, (rental, now - 2 * day, 2 * day, now)).unwrap();
    }
    conn.execute("UPDATE rental SET auto_renew = 0 WHERE id = 3", ()).unwrap();
}

/// Several operators do the same at once, and the daemon is killed meanwhile, again and again.
#[test]
fn what_operators_do_is_done_and_paid_once_however_often_the_daemon_is_killed() {
    let modem = |n| format!("[[modem]]\nsim.number = \"+3161234000{n}\"\n");
    let modems: String = (0..MODEMS).map(modem).collect();
    let site = Site::with(MODEMS, Scenario::parse(&modems).unwrap(), "");
    let mut daemon = site.serve_ready();
    let key = site.customer("ann", "200");
    site.ok(&["service", "add", "Acme", "--price", "0.70", "--sender", "^Acme$"]);
    let order = |id: &str| {
        let made = made(&site.get(&format!("/api/makeorder?serviceId=1&key={key}")));
        assert_eq!(made.0, id);
        format!("+31{}", &made.1[1..])
    };
    site.send("Acme", &order("1"), "code 1001");
    let came = site.get(&format!("/api/getsms?orderId=1&key={key}&wait=60"));
    assert!(came.starts_with("SUCCESS_"), "{came}");
    for _ in 0..3 {
        let rented = post(&site, &format!("/api/rental/new?key={key}&country=NL"));
        assert!(rented.contains("contract_id"), "{rented}");
    }
    daemon.kill();
    plant(&site);
    daemon = site.serve_ready();
    order("2");
    let spare = site.json(&["sim", "list", "--state", "available"]);
    let ordered = ["1", "2"].map(|id| site.json(&["order", "show", id])["iccid"].clone());
    let is_spare = |sim: &&Value| !ordered.contains(&sim["iccid"]);
    let spare = spare.as_array().unwrap().iter().find(is_spare).unwrap();
    let spare = spare["iccid"].as_str().unwrap();
    let actions = [
        &["rental", "move", "1", "--to", spare][..],
        &["rental", "days", "1", "+1", "--reason", "a race"],
        &["rental", "end", "2", "--reason", "a race"],
        &["rental", "revive", "3"],
        &["order", "refund", "1", "--reason", "a race"],
        &["order", "cancel", "2"],
    ];
    for round in 0..8_u64 {
        let twice: Vec<_> = actions.iter().chain(&actions).map(|args| args.to_vec()).collect();
        site.kill_amid(daemon, &twice, Duration::from_millis(20 + 13 * round));
        daemon = site.serve_ready();
    }
    // Those that came to nothing so far.
    let said = actions.map(|args| String::from_utf8(site.run(args).stderr).unwrap());
    let entries = |what: &str, id: &str| {
        let shown = site.json(&[what, "show", id]);
        let kinds = shown["ledger"].as_array().unwrap().iter().map(|entry| entry["kind"].clone());
        (kinds.collect::<Vec<_>>(), shown)
    };
    let (kinds, first) = entries("rental", "1");
    assert_eq!(kinds, ["rental", "refund"], "what it was off the air: {first} {said:?}");
    assert_eq!(first["moves"].as_array().unwrap().len(), 1, "{first}");
    assert_eq!(first["outages"][0]["credit"], first["ledger"][1]["balance"], "{first}");
    let (kinds, second) = entries("rental", "2");
    assert_eq!(kinds, ["rental", "refund", "refund"], "that, and its rest: {second}");
    assert_eq!(second["outages"][0]["credit"], second["ledger"][1]["balance"], "{second}");
    assert_eq!(
        (&second["state"], &second["ledger"][2]["note"]),
        (&"ended".into(), &"a race".into())
    );
    let (kinds, third) = entries("rental", "3");
    assert_eq!(
        (kinds, &third["state"]),
        (vec!["rental".into(), "extension".into()], &"active".into())
    );
    assert_eq!(entries("order", "1").0, ["hold", "capture", "refund"]);
    assert_eq!(entries("order", "2").0, ["hold", "release"]);
    let said = site.json(&["verify"]);
    assert_eq!(said["ok"], true, "{said}");
}
