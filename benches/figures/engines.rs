//! Orders and their SMS per second with the database in SQLite's file, and on a PostgreSQL server
//! on the same machine, which `SIMBRIDGE_TEST_POSTGRES` names. Where there is none, this part is
//! left out.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use simbridge::simulator::Scenario;
use tokio::runtime::Runtime;

use super::client::Client;
use super::support::Site;
use super::{server, table};

/// How many customers' programs there are, each with one order at a time.
const CALLERS: usize = 64;
const ORDERS: usize = 3_000;
const ROUNDS: usize = 3;
const SETTINGS: &str = "[limits]\nkey_per_second = 0\naddress_per_second = \
                        0\ngive_up_pause = \"0s\"\n[orders]\nmax_open_per_account = \
                        64\nnumber_format = \"international\"\nnumber_rest = \
                        \"0s\"\nnumber_cooldown = \"0s\"\n";

pub fn run() {
    if !server::is_there() {
        println!("\nSIMBRIDGE_TEST_POSTGRES names no server: the engines are not compared");
        return;
    }
    let (mut file, mut on_server) = (Vec::new(), Vec::new());
    // The two take turns, so that other work of the machine affects both.
    for round in 0..ROUNDS {
        file.push(orders(|_| ()));
        let address = server::create_database(&format!("engines_{round}"));
        on_server.push(orders(|site| server::use_database(&site.config(), &address, "")));
    }
    let per_second = |taken: &[Duration]| {
        let all: Duration = taken.iter().sum();
        (ORDERS * taken.len()) as f64 / all.as_secs_f64()
    };
    let (file, on_server) = (per_second(&file), per_second(&on_server));
    table::head(&["an order, its SMS and its code, 64 callers", "a second", "ratio", "goal"]);
    table::row(&["SQLite", &format!("{file:.0}"), "", ""]);
    let ratio = format!("{:.2}", on_server / file);
    table::row(&["PostgreSQL", &format!("{on_server:.0}"), &ratio, "≥ 0.12"]);
}

/// How long it takes until all orders have their code.
fn orders(prepare: impl FnOnce(&Site)) -> Duration {
    let site = Site::with(CALLERS, Scenario::default(), SETTINGS);
    prepare(&site);
    let _daemon = site.serve_ready();
    site.ok(&["service", "add", "Uber", "--price", "0.01", "--sender", "^Uber$"]);
    let key = site.customer("ann", "1000");
    let address = site.admin("/status")["listen"].as_str().unwrap().to_owned();
    let (runtime, left) = (Runtime::new().unwrap(), AtomicUsize::new(ORDERS));
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| runtime.block_on(call(&site, &address, &key, &left)));
        }
    });
    started.elapsed()
}

/// Makes orders, sends the SMS for each and waits for its code, until none is left to make.
async fn call(site: &Site, address: &str, key: &str, left: &AtomicUsize) {
    let mut client = Client::connect_from("127.0.0.1", address).await.unwrap();
    let take = |left: usize| left.checked_sub(1);
    while left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok() {
        let (order, number) = loop {
            let made = client.get(&format!("/api/makeorder?serviceId=1&key={key}")).await.unwrap();
            let made = made.strip_prefix("ORDER_ID_").and_then(|made| made.split_once("_NUMBER_"));
            if let Some((order, number)) = made {
                break (order.to_owned(), number.to_owned());
            }
        };
        site.send("Uber", &format!("+{number}"), &format!("Your code: {order:0>6}"));
        let poll = format!("/api/getsms?orderId={order}&key={key}&wait=60");
        while !client.get(&poll).await.unwrap().starts_with("SUCCESS") {}
    }
}
