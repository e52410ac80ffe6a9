//! What an operator does every day, each by at most three commands and without another program to
//! read their output. What is shown is read as people read it: as a table.

use chrono::Utc;
use simbridge::simulator::{Fault, Scenario};
use simbridge::sms::{Address, Body, Concat, Dcs, Deliver, Header, Pid, Scts, UserData, tpdu};

use crate::support::{Site, wait_for};

/// A task, which has three commands.
struct Task<'s> {
    site: &'s Site,
    left: usize,
}

impl Task<'_> {
    fn run(&mut self, args: &[&str]) -> String {
        assert!(self.left > 0, "a fourth command: {args:?}");
        self.left -= 1;
        self.site.ok(args)
    }
}

fn task(site: &Site) -> Task<'_> {
    Task { site, left: 3 }
}

/// A site with Dutch modems, Uber for 0.50, and a customer with 10.00, whose key it returns.
fn open(modems: usize) -> (Site, crate::support::Daemon, String) {
    let scenario = "[[modem]]\n[modem.sim]\nnumber = \"+3161234000N\"\n";
    let scenario: String = (0..modems).map(|n| scenario.replace('N', &n.to_string())).collect();
    let site = Site::with(modems, Scenario::parse(&scenario).unwrap(), "");
    let daemon = site.serve_ready();
    site.ok(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
    let key = site.customer("ann", "10");
    (site, daemon, key)
}

/// Orders Uber; returns the number in international form.
fn order(site: &Site, key: &str) -> String {
    let made = site.get(&format!("/api/makeorder?serviceId=1&country=NL&key={key}"));
    let number = made.rsplit('_').next().unwrap();
    format!("+31{}", number.strip_prefix('0').unwrap_or_else(|| panic!("{made}")))
}

fn complete_order(site: &Site, key: &str, order_id: u64) -> String {
    let number = order(site, key);
    site.send("Uber", &number, "Your code is 123456");
    let answer = site.get(&format!("/api/getsms?orderId={order_id}&wait=60&key={key}"));
    assert_eq!(answer, "SUCCESS_Your code is 123456");
    number
}

#[test]
fn a_lost_sim_is_named_by_the_modem_that_lost_it() {
    let (site, _daemon, _) = open(2);
    let sims = site.json(&["sim", "list", "--number", "+31612340001"]);
    site.network().fault(1, &Fault::SimOut).unwrap();
    wait_for("the loss", || site.ok(&["status"]).contains("SimCheck"));
    let mut task = task(&site);
    assert!(task.run(&["status"]).contains("modem001"));
    let shown = task.run(&["modem", "show", "modem001"]);
    assert!(shown.contains(sims[0]["iccid"].as_str().unwrap()), "{shown}");
    assert!(shown.contains("+31612340001"), "{shown}");
}

#[test]
fn a_code_that_did_not_come_is_found_and_given_once_the_pattern_is_mended() {
    let (site, _daemon, key) = open(1);
    let number = order(&site, &key);
    site.send("Uber BV", &number, "Your code is 123456");
    wait_for("the message", || site.messages().len() == 1);
    let mut why = task(&site);
    let listed = why.run(&["order", "list", "--account", "ann"]);
    assert!(listed.contains(&number), "{listed}");
    let shown = why.run(&["order", "show", "1"]);
    assert!(shown.contains("Uber BV"), "{shown}");
    let tried = why.run(&["service", "test", "Uber BV", "Your code is 123456"]);
    assert!(tried.contains("service   -"), "{tried}");
    let mut mended = task(&site);
    mended.run(&["service", "set", "Uber", "--add-sender", "^Uber BV$"]);
    mended.run(&["order", "deliver", "1", "1"]);
    let answer = site.get(&format!("/api/getsms?orderId=1&key={key}"));
    assert_eq!(answer, "SUCCESS_Your code is 123456");
}

/// The first of two parts of a long message from Uber.
pub fn first_half() -> Vec<u8> {
    let concat = Concat { reference: 7, total: 2, sequence: 1, wide: false };
    let deliver = Deliver {
        smsc: None,
        more_to_send: false,
        loop_prevention: false,
        status_report: false,
        reply_path: false,
        originator: Address::parse("Uber"),
        pid: Pid(0),
        dcs: Dcs(8),
        scts: Scts::from_utc(Utc::now(), 0),
        user_data: UserData::new(
            Some(Header::new().with_concat(concat)),
            Body::ucs2("The code is in the second half, "),
        ),
    };
    tpdu(&deliver.encode()).unwrap().to_vec()
}

#[test]
fn half_of_a_long_message_is_seen_while_its_rest_is_awaited() {
    let (site, _daemon, key) = open(1);
    let number = order(&site, &key);
    site.network().send_pdu(&number, &first_half()).unwrap();
    let awaited = || site.json(&["order", "show", "1"])["awaited"].clone();
    wait_for("the first half", || awaited().as_array().is_some_and(|all| all.len() == 1));
    let mut task = task(&site);
    let shown = task.run(&["order", "show", "1"]);
    let rows: Vec<&str> =
        shown.lines().skip_while(|line| !line.contains("rest is awaited")).collect();
    assert!(rows[1].starts_with("SENDER") && rows[2].starts_with("Uber    1        2"), "{shown}");
    assert!(!shown.contains("second half"), "what is not complete is not shown: {shown}");
    assert!(task.run(&["sim", "show", &number]).contains("rest is awaited"));
    assert_eq!(site.get(&format!("/api/getsms?orderId=1&key={key}")), "WAITING");
}

#[test]
fn a_number_that_two_sims_claim_is_settled() {
    let sim = "[[modem]]\n[modem.sim]\nnumber = \"+31612345678\"\niccid = \"ICCID\"\n";
    let iccids = ["8931040000000000018", "8931040000000000026"];
    let scenario: String = iccids.iter().map(|iccid| sim.replace("ICCID", iccid)).collect();
    let site = Site::with(2, Scenario::parse(&scenario).unwrap(), "");
    let _daemon = site.serve_ready();
    wait_for("the alarm", || site.ok(&["status"]).contains("NumbersContested"));
    let mut task = task(&site);
    let status = task.run(&["status"]);
    assert!(iccids.iter().all(|iccid| status.contains(iccid)), "{status}");
    task.run(&["sim", "set-number", iccids[0], "+31612345678"]);
    let listed = task.run(&["sim", "list", "--state", "available"]);
    assert!(listed.contains(iccids[0]) && !listed.contains(iccids[1]), "{listed}");
}

#[test]
fn money_is_given_back_and_what_was_earned_is_told() {
    let (site, _daemon, key) = open(3);
    complete_order(&site, &key, 1);
    let other = site.customer("bob", "5");
    complete_order(&site, &other, 2);
    let mut refund = task(&site);
    refund.run(&["order", "refund", "2", "--amount", "0.20", "--reason", "half a code"]);
    assert_eq!(site.get(&format!("/api/getbalance?key={other}")), "4.70");
    let tenant = site.customer("carol", "20");
    let rented = site.http(&format!(
        "POST /api/rental/new?country=NL&package=1m&key={tenant} HTTP/1.1\r\nhost: \
         x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    ));
    assert!(rented.1.contains("contract_id"), "{}", rented.1);

    let lines = |text: String| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let report = |args: &[&str]| {
        let mut earned = task(&site);
        lines(earned.run(&[&["report", "revenue", "--from", "1d", "--csv"], args].concat()))
    };
    let head = |group: &str| format!("{group},orders,terms,refunds,amount,currency");
    assert_eq!(report(&[]), [&head("service"), "rentals,0,1,0,16.20,USD", "Uber,2,0,1,0.80,USD"]);
    assert_eq!(
        report(&["--by", "account"])[1..],
        ["carol,0,1,0,16.20,USD", "ann,1,0,0,0.50,USD", "bob,1,0,1,0.30,USD"]
    );
    assert_eq!(report(&["--by", "country"])[1..], ["NL,2,1,1,17.00,USD"]);
    let sims: Vec<String> = report(&["--by", "sim"])[1..].to_vec();
    let amount = |row: &String| row.split(',').nth(4).unwrap().parse::<f64>().unwrap();
    assert_eq!(sims.iter().map(amount).map(|a| (a * 100.0).round() as i64).sum::<i64>(), 1700);
    let days: Vec<String> = report(&["--by", "day", "--utc"])[1..].to_vec();
    assert!(!days.is_empty() && days.iter().all(|row| row.starts_with("20")), "{days:?}");
    assert_eq!(days.iter().map(amount).map(|a| (a * 100.0).round() as i64).sum::<i64>(), 1700);
    let before = ["report", "revenue", "--csv", "--from", "2019-01-01", "--to", "2020-01-01"];
    assert_eq!(lines(task(&site).run(&before)), [head("service")]);
    let shown = task(&site).run(&["report", "revenue"]);
    let total: Vec<&str> = shown.lines().last().unwrap().split_whitespace().collect();
    assert_eq!(total, ["total", "2", "1", "1", "17.00", "USD"]);
    let json = site.json(&["report", "revenue"]);
    assert_eq!(json["rows"][1]["service"], "Uber");
    assert_eq!(json["total"][0]["amount"], "17.00");
}

#[test]
fn prices_sims_and_keys_are_changed() {
    let (site, _daemon, key) = open(2);
    let mut price = task(&site);
    price.run(&["service", "set", "Uber", "--country", "UK=0.80"]);
    assert!(price.run(&["service", "list"]).contains("0.80"));

    let mut stop = task(&site);
    stop.run(&["sim", "rest", "0612340001", "7d"]);
    let listed = stop.run(&["sim", "list", "--state", "resting"]);
    assert!(listed.contains("+31612340001") && !listed.contains("+31612340000"), "{listed}");

    complete_order(&site, &key, 1);
    let mut silent = task(&site);
    let listed = silent.run(&["sim", "list", "--wide"]);
    let column = listed.lines().next().unwrap().find("LAST_SMS").unwrap();
    let heard = |number: &str| {
        let line = listed.lines().find(|line| line.contains(number)).unwrap();
        !line[column..].starts_with("- ")
    };
    assert!(heard("+31612340000") && !heard("+31612340001"), "{listed}");

    let mut rotate = task(&site);
    rotate.run(&["key", "add", "ann", "--label", "new"]);
    let keys = rotate.run(&["key", "list"]);
    assert!(keys.contains("LAST_USED_AT") && keys.contains(&key[..8]), "{keys}");
    rotate.run(&["key", "revoke", &key[..8]]);
    assert_eq!(site.get(&format!("/api/getbalance?key={key}")), "UNAUTHORIZED");

    let key = site.json(&["key", "add", "ann"])["key"].as_str().unwrap().to_owned();
    let mut bind = task(&site);
    bind.run(&["key", "set", &key[..8], "--allow", "192.0.2.0/24"]);
    assert_eq!(site.get(&format!("/api/getbalance?key={key}")), "UNAUTHORIZED");
}

#[test]
fn numbers_are_set_from_a_file_and_the_database_is_copied() {
    let scenario = "[[modem]]\n[modem.sim]\nknows_number = false\n".repeat(3);
    let scenario = Scenario::parse(&scenario).unwrap();
    let site = Site::with(3, scenario, "[numbers]\nussd = false\n");
    let _daemon = site.serve_ready();
    let sims = site.json(&["sim", "list"]);
    let lines: Vec<String> = sims
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
        .map(|(n, sim)| format!("{},+3162000000{n}\n", sim["iccid"].as_str().unwrap()))
        .collect();
    let file = site.dir.path().join("numbers.csv");
    std::fs::write(&file, lines.concat()).unwrap();
    let mut import = task(&site);
    assert_eq!(import.run(&["sim", "import", file.to_str().unwrap()]), "3 numbers set\n");
    assert!(import.run(&["sim", "list"]).contains("+31620000002"));

    let copy = site.dir.path().join("copy.db");
    let mut backup = task(&site);
    backup.run(&["backup", copy.to_str().unwrap()]);
    let conn = rusqlite::Connection::open(&copy).unwrap();
    let sql = "SELECT count(*) FROM sim WHERE number LIKE '+3162000000%'";
    assert_eq!(conn.query_row(sql, [], |row| row.get::<_, i64>(0)), Ok(3));
}
