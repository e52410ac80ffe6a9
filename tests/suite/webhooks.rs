//! Webhooks of the real program, which meet receivers of every kind.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use simbridge::domain::Random;
use simbridge::simulator::Scenario;

use crate::endpoints::made;
use crate::support::{PROGRAM, Site, wait_for};

pub const ALLOWED: &str = "[orders]\nmax_open_per_account = 9\n[webhooks]\nallow = \
                       [\"http://127.0.0.0/8\"]\n";

/// A request that a receiver was sent.
#[derive(Debug, Clone)]
pub struct Received {
    head: String,
    body: String,
}

/// What a receiver does about a request.
#[derive(Debug, Clone, Copy)]
pub enum Reaction {
    /// Answers with a status.
    Answer(u16),
    /// Sends the client elsewhere.
    Redirect(SocketAddr),
    /// Says nothing, for as long as the test runs.
    Hang,
    /// Closes the connection.
    Close,
}

/// A server that keeps what it is sent.
pub struct Receiver {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Received {
    fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| *known == name).unwrap().1
    }

    pub fn id(&self) -> i64 {
        self.header("webhook-id").parse().unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    pub fn order(&self) -> Option<i64> {
        self.json()["data"]["id"].as_i64()
    }
}

impl Receiver {
    /// Serves on a thread of its own until the test ends.
    pub fn reacting(
        mut react: impl FnMut(&Received, usize) -> Reaction + Send + 'static,
    ) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, received) = (listener.local_addr().unwrap(), Arc::default());
        let known = Arc::clone(&received);
        std::thread::spawn(move || {
            let mut hanging = Vec::new();
            for stream in listener.incoming().map_while(Result::ok) {
                // A daemon that was killed may have left a connection without a request.
                let Some(request) = read_request(&stream) else { continue };
                let before: &Mutex<Vec<Received>> = &known;
                let count = before.lock().unwrap().len();
                let reaction = react(&request, count);
                answer(stream, reaction, &mut hanging);
                before.lock().unwrap().push(request);
            }
        });
        Receiver { address, received }
    }

    pub fn taking() -> Receiver {
        Receiver::reacting(|_, _| Reaction::Answer(200))
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook?token=of-the-receiver", self.address)
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub fn kinds(&self) -> Vec<String> {
        self.received().iter().map(Received::kind).collect()
    }
}

fn read_request(stream: &TcpStream) -> Option<Received> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while reader.read_line(&mut head).ok()? > 2 {}
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
    let mut body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut body).ok()?;
    Some(Received { head, body: String::from_utf8(body).unwrap() })
}

fn answer(mut stream: TcpStream, reaction: Reaction, hanging: &mut Vec<TcpStream>) {
    let text = match reaction {
        Reaction::Answer(status) => {
            format!("HTTP/1.1 {status} X\r\ncontent-length: 6\r\nconnection: close\r\n\r\nthanks")
        }
        Reaction::Redirect(to) => format!(
            "HTTP/1.1 302 X\r\nlocation: http://{to}/\r\ncontent-length: 0\r\nconnection: \
             close\r\n\r\n"
        ),
        Reaction::Hang => return hanging.push(stream),
        Reaction::Close => return,
    };
    // Whoever was killed meanwhile is answered in vain.
    let _ = stream.write_all(text.as_bytes());
}

pub fn add(site: &Site, account: &str, url: &str) -> (i64, String) {
    let added = site.json(&["webhook", "add", account, url]);
    (added["id"].as_i64().unwrap(), added["secret"].as_str().unwrap().to_owned())
}

fn deliveries(site: &Site, endpoint: i64) -> Vec<Value> {
    let path = format!("/webhooks/{endpoint}/deliveries?limit=1000");
    site.admin(&path).as_array().unwrap().clone()
}

fn order(site: &Site, key: &str) -> (String, String) {
    let (id, number) = made(&site.get(&format!("/api/makeorder?serviceId=1&country=NL&key={key}")));
    (id, format!("+31{}", &number[1..]))
}

fn cancel(site: &Site, key: &str, order: &str) {
    let canceled = site.get(&format!("/api/cancelorder?orderId={order}&key={key}"));
    assert!(canceled.contains("CANCELED"), "{canceled}");
}

/// Whether Python's own HMAC makes the signature of a request with a secret.
fn is_signed(request: &Received, secret: &str) -> bool {
    const VERIFY: &str = "import sys, hmac, hashlib, base64\n\
                          secret, signed_id, at, signatures = sys.argv[1:]\n\
                          key = base64.b64decode(secret.removeprefix('whsec_'))\n\
                          signed = f'{signed_id}.{at}.'.encode() + sys.stdin.buffer.read()\n\
                          made = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())\n\
                          sys.exit(f'v1,{made.decode()}' not in signatures.split(' '))";
    let signatures = request.header("webhook-signature");
    let (id, at) = (request.header("webhook-id"), request.header("webhook-timestamp"));
    let mut python = Command::new("python3")
        .args(["-c", VERIFY, secret, id, at, signatures])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(request.body.as_bytes()).unwrap();
    python.wait().unwrap().success()
}

#[test]
fn what_happens_to_an_order_is_sent_signed_and_in_order() {
    let site = Site::with(2, Scenario::default(), ALLOWED);
    let daemon = site.serve_ready();
    let key = site.customer("ann", "5");
    site.ok(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
    let (receiver, orders_only) = (Receiver::taking(), Receiver::taking());
    let (id, secret) = add(&site, "ann", &receiver.url());
    site.ok(&["webhook", "add", "ann", &orders_only.url(), "--type", "order.completed"]);
    let (order, number) = order(&site, &key);
    site.send("Uber", &number, "Your code is 123456");
    wait_for("three events", || receiver.received().len() == 3);
    assert_eq!(receiver.kinds(), ["order.created", "order.message", "order.completed"]);
    let received = receiver.received();
    let message = received[1].json();
    assert_eq!(message["data"]["id"].to_string(), order);
    assert_eq!(message["data"]["message"]["code"], "123456");
    assert_eq!(message["data"]["number"], number);
    assert!(received[0].head.starts_with("POST /hook?token=of-the-receiver HTTP/1.1\r\n"));
    assert!(received.is_sorted_by_key(Received::id));
    if Command::new("python3").arg("--version").output().is_ok() {
        assert!(received.iter().all(|request| is_signed(request, &secret)));
        assert!(!is_signed(&received[0], "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
    }
    wait_for("the other endpoint", || orders_only.received().len() == 1);
    assert_eq!(orders_only.kinds(), ["order.completed"]);
    let is_taken = |delivery: &Value| delivery["state"] == "taken";
    wait_for("records", || deliveries(&site, id).iter().filter(|it| is_taken(it)).count() == 3);
    for delivery in deliveries(&site, id) {
        assert_eq!((&delivery["state"], &delivery["next_at"]), (&"taken".into(), &Value::Null));
        assert_eq!(delivery["attempts"][0]["status"], 200);
        assert_eq!(delivery["attempts"][0]["answer"], "thanks");
    }
    daemon.terminate();
}

#[test]
fn a_receiver_that_fails_is_sent_the_event_again_and_holds_back_its_order_alone() {
    let site = Site::with(2, Scenario::default(), ALLOWED);
    let daemon = site.serve_ready();
    let key = site.customer("ann", "5");
    site.ok(&["service", "add", "Uber", "--price", "0.50"]);
    // The first order's first event is not taken at its first attempt.
    let fails = |request: &Received, seen: usize| match (request.order(), seen) {
        (Some(1), 0) => Reaction::Close,
        _ => Reaction::Answer(204),
    };
    let receiver = Receiver::reacting(fails);
    let (id, _) = add(&site, "ann", &receiver.url());
    let (first, _) = order(&site, &key);
    cancel(&site, &key, &first);
    let (second, _) = order(&site, &key);
    cancel(&site, &key, &second);
    wait_for("all events", || receiver.received().len() == 5);
    let sent: Vec<(i64, String)> =
        receiver.received().iter().map(|it| (it.order().unwrap(), it.kind())).collect();
    let of = |order: i64| -> Vec<&str> {
        let of_order = sent.iter().filter(|(known, _)| *known == order);
        of_order.map(|(_, kind)| kind.as_str()).collect()
    };
    assert_eq!(of(1), ["order.created", "order.created", "order.canceled"]);
    assert_eq!(of(2), ["order.created", "order.canceled"]);
    assert_eq!(sent.last().unwrap().0, 1, "the second order has not waited: {sent:?}");
    wait_for("records", || {
        let found = deliveries(&site, id);
        found.len() == 4 && found.iter().all(|delivery| delivery["state"] == "taken")
    });
    daemon.terminate();
}

#[test]
fn receivers_that_hang_redirect_or_are_gone_slow_no_other_nor_the_stop() {
    let site = Site::with(1, Scenario::default(), ALLOWED);
    let mut daemon = site.serve_ready();
    site.customer("ann", "5");
    let (taking, other) = (Receiver::taking(), Receiver::taking());
    let elsewhere = other.address;
    let hanging = Receiver::reacting(|_, _| Reaction::Hang);
    let redirecting = Receiver::reacting(move |_, _| Reaction::Redirect(elsewhere));
    let gone = Receiver::reacting(|_, _| Reaction::Answer(410));
    let all = [&hanging, &redirecting, &gone, &taking];
    let ids = all.map(|receiver| add(&site, "ann", &receiver.url()).0);
    for id in ids {
        site.ok(&["webhook", "test", &id.to_string()]);
    }
    wait_for("the test", || taking.received().len() == 1);
    wait_for("the redirect", || deliveries(&site, ids[1])[0]["attempts"][0]["status"] == 302);
    assert_eq!(other.received().len(), 0, "it was followed");
    let listed = || site.json(&["webhook", "list"])[2].clone();
    wait_for("the endpoint that is gone to be off", || listed()["state"] == "off");
    assert_eq!(listed()["off_reason"], "gone");
    let redirected = deliveries(&site, ids[1])[0].clone();
    crate::json_output::assert_described("webhook deliveries", &redirected);
    let refused = site.run(&["webhook", "test", &ids[2].to_string()]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("the endpoint is off (gone)"), "{said}");
    // It still hangs.
    daemon.terminate_now();
    assert!(daemon.said().contains("webhook_off"), "{}", daemon.said());
    assert!(!daemon.said().contains("of-the-receiver"), "{}", daemon.said());
}

#[test]
fn an_account_whose_endpoints_all_hang_delays_nobody_elses_webhooks() {
    let site = Site::with(2, Scenario::default(), ALLOWED);
    // Of 256 descriptors 16 are for connections to endpoints that work, and 4 of these for one
    // account.
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -n 256 && exec \"$0\" serve"]).arg(PROGRAM);
    limited.env("SIMBRIDGE_CONFIG", site.config()).env_remove("RUST_LOG");
    let daemon = site.serve_by(limited);
    site.wait_ready();
    let key = site.customer("ann", "5");
    site.customer("bob", "1");
    site.ok(&["service", "add", "Uber", "--price", "0.50"]);
    let (hanging, taking) = (Receiver::reacting(|_, _| Reaction::Hang), Receiver::taking());
    for _ in 0..10 {
        add(&site, "ann", &hanging.url());
    }
    let (of_bob, _) = add(&site, "bob", &taking.url());
    // Each of the ten endpoints is sent what happens to both orders.
    order(&site, &key);
    order(&site, &key);
    wait_for("ann's connections", || hanging.received().len() >= 4);
    site.ok(&["webhook", "test", &of_bob.to_string()]);
    wait_for("bob's event", || taking.received().len() == 1);
    let sent = hanging.received().len();
    assert!(sent < 16, "bob has waited until some of ann's {sent} connections timed out");
    daemon.terminate();
}

const KILLS: usize = 15;

#[test]
fn each_event_is_sent_at_least_once_and_in_order_however_often_the_daemon_is_killed() {
    let settings = format!("{ALLOWED}[limits]\ngive_up_pause = \"0s\"\n");
    let site = Site::with(4, Scenario::default(), &settings);
    let daemon = site.serve_ready();
    let key = site.customer("ann", "90");
    site.ok(&["service", "add", "Uber", "--price", "0.50"]);
    // One event in nine is not taken at its first attempt.
    let mut refused = BTreeSet::new();
    let receiver = Receiver::reacting(move |request, _| {
        let is_refused = request.id() % 9 == 0 && refused.insert(request.id());
        Reaction::Answer(if is_refused { 503 } else { 200 })
    });
    let (id, _) = add(&site, "ann", &receiver.url());
    daemon.kill();
    let mut random = Random::new(0x5EED_0002);
    for _ in 0..KILLS {
        let daemon = site.serve_ready();
        let life = Instant::now() + Duration::from_millis(50 + random.below(200));
        while Instant::now() < life {
            let (id, _) = order(&site, &key);
            cancel(&site, &key, &id);
        }
        daemon.kill();
    }
    let _daemon = site.serve_ready();
    let path = site.dir.path().join("simbridge.db");
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let conn = rusqlite::Connection::open_with_flags(path, flags).unwrap();
    let mut statement = conn.prepare("SELECT id FROM event").unwrap();
    let events: BTreeSet<i64> =
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(events.len() >= 2 * KILLS, "{}", events.len());
    let taken = || -> BTreeSet<i64> {
        let all = deliveries(&site, id);
        let taken = all.iter().filter(|delivery| delivery["state"] == "taken");
        taken.map(|delivery| delivery["event"].as_i64().unwrap()).collect()
    };
    wait_for("all events to be taken", || taken() == events);
    let mut of_orders: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for request in receiver.received() {
        let of_order = of_orders.entry(request.order().unwrap()).or_default();
        if !of_order.contains(&request.id()) {
            of_order.push(request.id());
        }
    }
    assert!(of_orders.values().all(|events| events.is_sorted()), "{of_orders:?}");
    assert_eq!(of_orders.values().flatten().copied().collect::<BTreeSet<_>>(), events);
    assert_eq!(site.json(&["verify"])["ok"], true);
}

#[test]
fn addresses_that_are_not_public_are_refused_unless_they_are_allowed() {
    let site = Site::with_modems(1);
    let daemon = site.serve_ready();
    site.customer("ann", "0");
    for (url, why) in [
        ("http://127.0.0.1/x", "webhooks are sent by https"),
        ("https://127.0.0.1/x", "public addresses"),
        ("https://localhost/x", "public addresses"),
        ("https://[::ffff:127.0.0.1]/x", "public addresses"),
        ("https://0x7f.1/x", "four decimal numbers"),
        ("https://ann:secret@example.com/x", "no user name and no password"),
        ("example.com", "begins with https://"),
    ] {
        let refused = site.run(&["webhook", "add", "ann", url]);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && said.contains(why), "{url}: {said}");
    }
    let wrong = site.run(&["webhook", "add", "ann", "https://8.8.8.8/x", "--type", "order.mesage"]);
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(said.contains("order.message"), "{said}");
    daemon.terminate();
}
