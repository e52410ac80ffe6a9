//! Money over all protocols: the same after each step, under races, and after the daemon was
//! killed.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use simbridge::domain::Random;
use simbridge::simulator::Scenario;

use super::{Customer, add_service, address};
use crate::kill::check_events;
use crate::support::{Site, wait_for};

const SEED: u64 = 0x5EED_0077;

/// A text of money as hundredths.
fn cents(text: &str) -> i64 {
    let (whole, rest) = text.split_once('.').unwrap_or_else(|| panic!("no amount: {text}"));
    assert_eq!(rest.len(), 2, "{text}");
    whole.parse::<i64>().unwrap() * 100 + rest.parse::<i64>().unwrap()
}

/// A number of JSON as hundredths.
#[expect(clippy::cast_possible_truncation, reason = "it is rounded and small")]
fn hundredths(number: &serde_json::Value) -> i64 {
    (number.as_f64().unwrap_or_else(|| panic!("no number: {number}")) * 100.0).round() as i64
}

/// What a customer can spend, and what is held, which all protocols and the books tell alike.
fn funds(site: &Site, customer: &Customer) -> (i64, i64) {
    let v1 = customer.v1("GET", "getbalance").unwrap().body;
    let market = customer.action("getBalance").unwrap().body;
    let market = market.strip_prefix("ACCESS_BALANCE:").unwrap_or_else(|| panic!("{market}"));
    let me = customer.v2("GET", "me", "").unwrap().json();
    let profile = customer.fivesim("user/profile").unwrap().json();
    let available = cents(&v1);
    assert_eq!(cents(market), available, "handler_api");
    assert_eq!(cents(me["available"].as_str().unwrap()), available, "version 2");
    assert_eq!(hundredths(&profile["balance"]), available, "5sim");
    let held = hundredths(&profile["frozen_balance"]);
    assert_eq!(cents(me["balance"].as_str().unwrap()) - available, held, "the holds");
    let entries = site.json(&["account", "ledger", &customer.name, "--limit", "0"]);
    let sum = |member: &str| -> i64 {
        let amounts = entries.as_array().unwrap().iter().map(|entry| &entry[member]);
        amounts.map(|amount| signed(amount.as_str().unwrap())).sum()
    };
    assert_eq!((sum("balance") - sum("held"), sum("held")), (available, held), "the ledger");
    (available, held)
}

/// An amount that may be negative, as hundredths.
fn signed(text: &str) -> i64 {
    text.strip_prefix('-').map_or_else(|| cents(text), |rest| -cents(rest))
}

#[test]
fn money_is_the_same_over_all_protocols_after_each_step() {
    let settings = "[orders]\nnumber_rest = \"0s\"\n[rentals.packages]\n1m = \"15.00 USD\"\n";
    let site = Site::with(4, Scenario::default(), settings);
    let _daemon = site.serve_ready();
    add_service(&site);
    let ann = Customer::new(&site, "ann", "40");
    let number_in = |answer: &str| format!("+{}", answer.rsplit(':').next().unwrap());
    assert_eq!(funds(&site, &ann), (4000, 0));
    let bought = ann.action("getNumber&service=wa&country=48").unwrap().body;
    assert_eq!(funds(&site, &ann), (3950, 50), "{bought}");
    // What was bought in one way is canceled in another.
    let canceled = ann.fivesim("user/cancel/1").unwrap();
    assert_eq!(canceled.json()["status"], "CANCELED", "{canceled:?}");
    assert_eq!(funds(&site, &ann), (4000, 0));
    let order = ann.fivesim("user/buy/activation/netherlands/any/whatsapp").unwrap().json();
    assert_eq!(funds(&site, &ann), (3950, 50), "{order}");
    site.send("WhatsApp", order["phone"].as_str().unwrap(), "Your code: 123456");
    let told = || ann.action("getStatus&id=2").unwrap().body;
    wait_for("the code", || told() == "STATUS_OK:123456");
    assert_eq!(funds(&site, &ann), (3950, 0));
    assert_eq!(ann.action("setStatus&id=2&status=8").unwrap().body, "BAD_STATUS");
    assert_eq!(ann.v1("GET", "cancelorder?orderId=2").unwrap().body, "ORDER_ALREADY_COMPLETED");
    assert_eq!(ann.action("setStatus&id=2&status=6").unwrap().body, "ACCESS_ACTIVATION");
    assert_eq!(ann.fivesim("user/check/2").unwrap().json()["status"], "FINISHED");
    let bought = ann.v2("POST", "orders", r#"{"service": "WhatsApp"}"#).unwrap();
    assert_eq!(funds(&site, &ann), (3900, 50), "{bought:?}");
    assert_eq!(ann.action("setStatus&id=3&status=8").unwrap().body, "ACCESS_CANCEL");
    assert_eq!(funds(&site, &ann), (3950, 0));
    let rented = ann.action("getRentNumber&service=full&rent_time=720&country=48").unwrap();
    assert_eq!(funds(&site, &ann), (2450, 0), "{rented:?}");
    assert_eq!(ann.v2("GET", "rentals/1", "").unwrap().json()["auto_renew"], false);
    let canceled = ann.action("setRentStatus&id=1&status=2").unwrap();
    assert_eq!(canceled.json()["status"], "success", "{canceled:?}");
    let hosting = ann.fivesim("user/check/1000000001").unwrap().json();
    assert_eq!(hosting["status"], "CANCELED");
    assert_eq!(funds(&site, &ann), (3950, 0));
    let hosting = ann.fivesim("user/buy/hosting/netherlands/any/1month").unwrap().json();
    assert_eq!(hosting["id"], 1_000_000_002_i64, "{hosting}");
    assert_eq!(funds(&site, &ann), (2450, 0));
    assert_eq!(ann.action("setRentStatus&id=2&status=1").unwrap().json()["status"], "success");
    assert_eq!(funds(&site, &ann), (2450, 0));
    assert_eq!(ann.v2("GET", "rentals/2", "").unwrap().json()["state"], "ended");
    let poor = ann.action("getNumber&service=wa&country=48").unwrap().body;
    assert!(number_in(&poor).starts_with("+31"), "{poor}");
    assert_eq!(funds(&site, &ann), (2400, 50));
    let said = site.json(&["verify"]);
    assert_eq!(said["ok"], true, "{said}");
}

const MODEMS: usize = 8;
const ROUNDS: u64 = 10;

/// Several customers buy, cancel, finish, reuse, rent and give back over all protocols at once
/// while SMS arrive, and the daemon is killed again and again.
#[test]
fn money_is_right_over_all_protocols_however_often_the_daemon_is_killed() {
    let settings = "[orders]\nlifetime = \"2s\"\nmax_open_per_account = 3\nnumber_rest = \"0s\"\n\
                    number_cooldown = \"1s\"\n[market]\nlifetime = \"2s\"\nfivesim_lifetime = \
                    \"2s\"\n[rentals]\nrest = \"0s\"\ngrace = \"0s\"\nrest_after_orders = \
                    \"0s\"\n[rentals.packages]\n1m = \"5.00 USD\"\n";
    let site = Site::with(MODEMS, Scenario::default(), settings);
    let numbers = site.network().numbers();
    let daemon = site.serve_ready();
    add_service(&site);
    let mut customers: Vec<Customer> =
        (0..4).map(|n| Customer::new(&site, &format!("customer{n}"), "100")).collect();
    daemon.kill();
    let sent = AtomicUsize::new(0);
    for round in 0..ROUNDS {
        let daemon = site.serve_ready();
        customers.iter_mut().for_each(|customer| customer.address = address(&site));
        std::thread::scope(|scope| {
            for (n, customer) in (0_u64..).zip(&customers) {
                let (sent, site, numbers) = (&sent, &site, &numbers);
                let random = Random::new(SEED + round * 4 + n);
                scope.spawn(move || deal(customer, random, site, numbers, sent));
            }
            daemon.kill_after(Duration::from_millis(200 + 41 * round));
        });
    }
    let _daemon = site.serve_ready();
    customers.iter_mut().for_each(|customer| customer.address = address(&site));
    site.wait_for_orders_to_end();
    let taken =
        |number: &String| site.network().stored(number) == 0 && site.network().waiting(number) == 0;
    wait_for("all stores to be empty", || numbers.iter().all(taken));
    for customer in &customers {
        assert_eq!(funds(&site, customer).1, 0, "no order is open");
        check_events(&site.json(&["account", "export", &customer.name]));
    }
    let said = site.json(&["verify"]);
    assert_eq!(said["ok"], true, "{said}");
    assert_eq!(site.messages().len(), sent.into_inner(), "each SMS once");
    let orders = site.admin("/orders?limit=5000");
    let states: HashSet<&str> =
        orders.as_array().unwrap().iter().filter_map(|order| order["state"].as_str()).collect();
    assert!(
        states.contains("completed") && states.contains("canceled"),
        "nothing was put to the test: {states:?}"
    );
}

/// The ids of what an answer tells of: an order's, or those of a rental.
fn ids_in(answer: &str) -> Vec<String> {
    let begins =
        ["ACCESS_NUMBER:", "ORDER_ID_", "\"id\":", "\"activationId\":", "\"contract_id\":"];
    let digits = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>();
    let found = begins.iter().flat_map(|begin| answer.split(begin).skip(1).map(digits));
    found.filter(|id| !id.is_empty() && id.len() < 10).take(2).collect()
}

/// One customer who makes random requests until the daemon is gone.
fn deal(
    customer: &Customer,
    mut random: Random,
    site: &Site,
    numbers: &[String],
    sent: &AtomicUsize,
) {
    let mut ids = vec!["1".to_owned()];
    loop {
        let id = ids[random.index(ids.len())].clone();
        let asked = match random.below(16) {
            0 => customer.action("getNumber&service=wa&country=48"),
            1 => customer.action(&format!("getNumberV2&service=wa&orderId=o{}", random.below(30))),
            2 => customer.fivesim("user/buy/activation/any/any/whatsapp"),
            3 => customer.v1("GET", "makeorder?serviceId=1"),
            4 => customer.v2("POST", "orders", r#"{"service": 1}"#),
            5 => {
                let status = [1, 3, 6, 8][random.index(4)];
                customer.action(&format!("setStatus&id={id}&status={status}"))
            }
            6 => {
                let act = ["check", "finish", "cancel", "ban"][random.index(4)];
                customer.fivesim(&format!("user/{act}/{id}"))
            }
            7 => customer.v1("GET", &format!("cancelorder?orderId={id}")),
            8 => customer.v2("POST", &format!("orders/{id}/skip"), "{}"),
            9 => customer.action(&format!("getExtraActivation&activationId={id}")),
            10 if random.below(3) == 0 => {
                customer.action("getRentNumber&service=full&rent_time=720")
            }
            11 => {
                let status = 1 + random.below(2);
                let rental = 1 + random.below(12);
                customer.action(&format!("setRentStatus&id={rental}&status={status}"))
            }
            12 if random.below(3) == 0 => {
                customer.action(&format!("continueRentNumber&id={id}&rent_time=720"))
            }
            _ => {
                let n = sent.fetch_add(1, Ordering::SeqCst);
                let number = &numbers[random.index(numbers.len())];
                site.send("WhatsApp", number, &format!("code {n:06}"));
                continue;
            }
        };
        let Some(answer) = asked else { return };
        assert!(answer.status != 500, "{answer:?}");
        ids.extend(ids_in(&answer.body));
    }
}
