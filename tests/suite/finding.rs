//! Finding things: filters and pages of the lists, and what tells one row from another.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Stdio};

use serde_json::Value;
use simbridge::simulator::{Fault, Scenario};

use crate::endpoints::made;
use crate::support::{Site, wait_for};

const MODEMS: &str = "
    [[modem]]
    sim.number = \"+31612345678\"
    [[modem]]
    sim.number = \"+447700900123\"";

/// What each row of a list has under a key.
fn column(site: &Site, args: &[&str], key: &str) -> Vec<String> {
    let rows = site.json(args);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    rows.as_array().unwrap().iter().map(|row| text(&row[key])).collect()
}

/// Two customers with orders for two services on two numbers, and a message for the first order.
fn site() -> Site {
    Site::with(2, Scenario::parse(MODEMS).unwrap(), "[orders]\nmax_open_per_account = 9\n")
}

fn fill(site: &Site) {
    let ann = site.customer("ann", "10");
    let bob = site.customer("bob", "10");
    for name in ["Uber", "Lyft"] {
        site.ok(&["service", "add", name, "--price", "0.50", "--sender", &format!("^{name}$")]);
    }
    for (key, service, country) in
        [(&ann, 1, "NL"), (&ann, 2, "UK"), (&bob, 2, "NL"), (&bob, 1, "UK")]
    {
        let path = format!("/api/makeorder?serviceId={service}&country={country}&key={key}");
        made(&site.get(&path));
    }
    site.send("Uber", "+31612345678", "Your code is 1234");
    let came = site.get(&format!("/api/getsms?orderId=1&wait=60&key={ann}"));
    assert!(came.starts_with("SUCCESS_"), "{came}");
    site.send("Nobody", "+447700900123", "hello");
    wait_for("both messages", || site.messages().len() == 2);
    site.ok(&["order", "cancel", "4"]);
}

#[test]
fn every_list_is_filtered_and_paged() {
    let site = site();
    let _daemon = site.serve_ready();
    fill(&site);
    let orders = |args: &[&str]| column(&site, &[&["order", "list"], args].concat(), "id");
    for (args, expected) in [
        (&["--account", "ann"][..], &["1", "2"][..]),
        (&["--service", "Lyft"], &["2", "3"]),
        (&["--service", "1", "--account", "bob"], &["4"]),
        (&["--number", "+31612345678"], &["1", "3"]),
        (&["--number", "0612345678"], &["1", "3"]),
        (&["--country", "uk"], &["2", "4"]),
        (&["--state", "open"], &["2", "3"]),
        (&["--state", "completed"], &["1"]),
        (&["--from", "1h"], &["1", "2", "3", "4"]),
        (&["--since", "2026-01-01", "--until", "2026-01-02"], &[]),
        (&["--to", "1h"], &[]),
        (&["--limit", "2"], &["3", "4"]),
        (&["--limit", "2", "--before", "3"], &["1", "2"]),
        (&["--limit", "2", "--after", "1"], &["2", "3"]),
        (&["--after", "4"], &[]),
    ] {
        assert_eq!(orders(args), expected, "{args:?}");
    }
    let iccid = column(&site, &["sim", "list", "--country", "NL"], "iccid").remove(0);
    assert_eq!(orders(&["--iccid", &iccid]), ["1", "3"]);
    let messages = |args: &[&str]| column(&site, &[&["message", "list"], args].concat(), "sender");
    for (args, expected) in [
        (&["--account", "ann"][..], &["Uber"][..]),
        (&["--account", "bob"], &[]),
        (&["--service", "Uber"], &["Uber"]),
        (&["--number", "+447700900123"], &["Nobody"]),
        (&["--iccid", &iccid], &["Uber"]),
        (&["--from", "1d"], &["Uber", "Nobody"]),
        (&["--after", "1", "--limit", "5"], &["Nobody"]),
        (&["--search", "CODE is"], &["Uber"]),
        (&["--search", "o", "--limit", "1"], &["Nobody"]),
        (&["--search", "o", "--before", "2"], &["Uber"]),
        (&["--search", "hello", "--account", "ann"], &[]),
    ] {
        assert_eq!(messages(args), expected, "{args:?}");
    }
    let keys = |args: &[&str]| column(&site, &[&["key", "list"], args].concat(), "account");
    assert_eq!(keys(&["--account", "bob"]), ["bob"]);
    assert_eq!(keys(&["--state", "active", "--from", "1h"]), ["ann", "bob"]);
    assert_eq!(keys(&["--state", "revoked"]), [""; 0]);
    assert_eq!(keys(&["--to", "1h"]), [""; 0]);
    let sims = |args: &[&str]| column(&site, &[&["sim", "list"], args].concat(), "number");
    assert_eq!(sims(&["--number", "0612345678"]), ["+31612345678"]);
    assert_eq!(sims(&["--iccid", &iccid, "--state", "available"]), ["+31612345678"]);
    assert_eq!(sims(&["--state", "rented"]), [""; 0]);
    let pages = |list: &[&str], key: &str| {
        let all = column(&site, list, key);
        let page = |args: &[&str]| column(&site, &[list, args].concat(), key);
        assert_eq!(page(&["--limit", "1"]), all[1..], "{list:?}");
        assert_eq!(page(&["--limit", "9", "--before", &all[1]]), all[..1], "{list:?}");
        assert_eq!(page(&["--limit", "1", "--after", &all[0]]), all[1..], "{list:?}");
        assert_eq!(page(&["--after", &all[1]]), [""; 0], "{list:?}");
    };
    pages(&["sim", "list"], "iccid");
    pages(&["modem", "list"], "port");
    pages(&["account", "list"], "id");
    pages(&["service", "list"], "id");
    pages(&["key", "list"], "prefix");
    pages(&["number", "list", "--service", "Uber"], "number");
    let modems = |args: &[&str]| column(&site, &[&["modem", "list"], args].concat(), "number");
    assert_eq!(modems(&["--number", "0612345678", "--state", "ready"]), ["+31612345678"]);
    assert_eq!(modems(&["--country", "UK"]), ["+447700900123"]);
    assert_eq!(modems(&["--iccid", &iccid, "--state", "Quarantined"]), [""; 0]);
    site.ok(&["account", "suspend", "bob"]);
    site.ok(&["service", "disable", "Lyft"]);
    site.ok(&["service", "set", "Uber", "--country", "UK=off"]);
    let names = |args: &[&str]| column(&site, args, "name");
    assert_eq!(names(&["account", "list", "--state", "suspended"]), ["bob"]);
    assert_eq!(names(&["account", "list", "--state", "active"]), ["ann"]);
    assert_eq!(names(&["service", "list", "--state", "enabled"]), ["Uber"]);
    assert_eq!(names(&["service", "list", "--country", "UK"]), ["Lyft"]);
    let free = |args: &[&str]| {
        column(&site, &[&["number", "list", "--service", "Lyft"], args].concat(), "number")
    };
    assert_eq!(free(&["--number", "0612345678"]), ["+31612345678"]);
    assert_eq!(free(&["--iccid", &iccid, "--country", "NL"]), ["+31612345678"]);
    assert_eq!(free(&["--state", "used"]), [""; 0]);
    let health = |args: &[&str]| column(&site, &[&["health"], args].concat(), "service");
    assert_eq!(health(&["--number", "0612345678"]), ["Uber"]);
    assert_eq!(health(&["--number", "0612345678", "--sim", "+447700900123"]), [""; 0]);
    assert_eq!(health(&["--limit", "1"]).len(), 1);
    let rows = |name: &str| column(&site, &["audit", "list", "--account", name], "subject");
    assert!(rows("ann").iter().all(|subject| !subject.contains("bob")), "{:?}", rows("ann"));
    assert!(rows("ann").len() > 2);
    assert_eq!(
        site.json(&["rental", "list", "--account", "ann", "--state", "active"]),
        Value::Array(vec![])
    );
}

#[test]
fn skips_what_was_done_to_a_sim_and_what_it_earned_are_found() {
    let site = site();
    let _daemon = site.serve_ready();
    let key = site.customer("ann", "10");
    for name in ["Uber", "Lyft"] {
        site.ok(&["service", "add", name, "--price", "0.50", "--sender", &format!("^{name}$")]);
    }
    for (order, service, country) in [(1, 1, "NL"), (2, 2, "NL"), (3, 2, "UK")] {
        made(&site.get(&format!("/api/makeorder?serviceId={service}&country={country}&key={key}")));
        site.get(&format!("/api/skipnumber?orderId={order}&key={key}"));
    }
    let skips = |args: &[&str]| column(&site, &[&["skip", "list", "ann"], args].concat(), "order");
    for (args, expected) in [
        (&[][..], &["1", "2", "3"][..]),
        (&["--service", "Lyft"], &["2", "3"]),
        (&["--number", "0612345678"], &["1", "2"]),
        (&["--from", "1h", "--limit", "1"], &["3"]),
        (&["--to", "1h"], &[]),
        (&["--after", "1", "--limit", "1"], &["2"]),
        (&["--before", "2"], &["1"]),
    ] {
        assert_eq!(skips(args), expected, "{args:?}");
    }
    let (dutch, british) = ("+31612345678", "+447700900123");
    let iccid =
        |number: &str| column(&site, &["sim", "list", "--number", number], "iccid").remove(0);
    let (first, second) = (iccid(dutch), iccid(british));
    site.ok(&["sim", "rest", &first, "1h"]);
    site.ok(&["order", "show", "3"]);
    let done = |iccid: &str| column(&site, &["audit", "list", "--iccid", iccid], "subject");
    assert!(done(&first).iter().all(|subject| subject.contains(&first)), "{:?}", done(&first));
    assert_eq!((done(&first).len(), done(&second)), (1, vec!["order 3".to_owned()]));

    site.ok(&["sim", "rest", &first, "0s"]);
    made(&site.get(&format!("/api/makeorder?serviceId=1&country=UK&key={key}")));
    site.send("Uber", british, "Your code is 1234");
    let came = site.get(&format!("/api/getsms?orderId=4&wait=60&key={key}"));
    assert!(came.starts_with("SUCCESS_"), "{came}");
    let earned = |args: &[&str]| {
        let report = site.json(&[&["report", "revenue"], args].concat());
        report["total"][0]["amount"].as_str().unwrap_or("nothing").to_owned()
    };
    for (args, expected) in [
        (&["--account", "ann"][..], "0.50"),
        (&["--service", "Uber", "--country", "UK"], "0.50"),
        (&["--service", "Lyft"], "nothing"),
        (&["--number", dutch], "nothing"),
        (&["--iccid", &second, "--by", "day", "--from", "1h"], "0.50"),
        (&["--to", "1h"], "nothing"),
    ] {
        assert_eq!(earned(args), expected, "{args:?}");
    }
}

#[test]
fn a_list_that_grows_is_read_a_page_at_a_time() {
    let mut fixture = crate::endpoints::Fixture::open(0, "");
    fixture.meanwhile(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 12000) INSERT \
         INTO audit (at, actor, deed, subject) SELECT (strftime('%s', 'now') - 86400) * 1000000 + \
         n, 'daemon', 'ended', 'rental ' || n FROM n",
    );
    let site = &fixture.site;
    let ids = |args: &[&str]| {
        let ids = column(site, &[&["audit", "list"], args].concat(), "id");
        ids.iter().map(|id| id.parse().unwrap()).collect::<Vec<usize>>()
    };
    let all = ids(&["--limit", "0"]);
    assert!(all.len() >= 12_000 && all.is_sorted_by(|a, b| a < b), "{}", all.len());
    assert_eq!(ids(&["--limit", "0", "--to", "1h"]), all[..12_000]);
    assert_eq!(ids(&["--limit", "0", "--before", "11003"]), all[..11_002]);
    assert_eq!(ids(&["--limit", "0", "--after", "3"]), all[3..]);
    assert_eq!(ids(&["--limit", "6000", "--before", "11003"]), all[5_002..11_002]);
    assert_eq!(ids(&["--limit", "6000", "--after", "3"]), all[3..6_003]);
    assert_eq!(ids(&[]), all[all.len() - 1000..]);
    for path in ["/audit?limit=0", "/orders?limit=5001", "/messages?limit=0"] {
        let (head, body) = site.admin_raw(path);
        assert!(head.starts_with("HTTP/1.1 400") && body.contains("from 1 to 5000 rows"), "{body}");
    }
    assert_eq!(site.admin("/audit").as_array().unwrap().len(), 1000);
}

#[test]
fn a_ledger_has_the_balance_after_each_entry_wherever_its_page_is() {
    let site = site();
    let _daemon = site.serve_ready();
    fill(&site);
    let after = |args: &[&str]| {
        let args = [&["account", "ledger", "ann"], args].concat();
        let (balance, held) =
            (column(&site, &args, "balance_after"), column(&site, &args, "held_after"));
        balance.into_iter().zip(held).map(|(b, h)| format!("{b} {h}")).collect::<Vec<_>>()
    };
    let all = ["10.00 0.00", "10.00 0.50", "10.00 1.00", "9.50 0.50"];
    assert_eq!(after(&[]), all);
    assert_eq!(after(&["--limit", "1"]), all[3..]);
    let second = column(&site, &["account", "ledger", "ann"], "id").remove(1);
    assert_eq!(after(&["--after", &second]), all[2..]);
    assert_eq!(after(&["--before", &second]), all[..1]);
}

#[test]
fn a_filter_that_cannot_be_is_refused() {
    let site = Site::with_modems(0);
    let _daemon = site.serve();
    site.ok(&["account", "add", "ann"]);
    for (args, code, words) in [
        (&["order", "list", "--account", "bob"][..], 1, "no account bob"),
        (&["order", "list", "--service", "Uber"], 1, "no service Uber"),
        (&["order", "list", "--number", "x"], 1, "x: not a number; write it like +31612345678"),
        (&["order", "list", "--iccid", "12"], 1, "an ICCID is 18 to 22 digits"),
        (&["order", "list", "--iccid", "8931080000000000001"], 1, "no SIM 8931080000000000001"),
        (&["order", "list", "--country", "XX"], 1, "no country XX; there are NL, GB, US"),
        (&["order", "list", "--state", "gone"], 2, "completed"),
        (&["order", "list", "--from", "yesterday"], 2, "write it like 2026-06-22"),
        (&["order", "list", "--after", "1", "--before", "3"], 2, "cannot be used with"),
        (&["order", "list", "--limit", "x"], 2, "--limit"),
        (&["sim", "list", "--state", "gone"], 1, "no state gone; there are available, retired"),
        (&["sim", "list", "--service", "x"], 2, "--service"),
        (&["sim", "list", "--after", "12"], 1, "this list has no row 12"),
        (&["sim", "list", "--after", "1", "--before", "2"], 2, "cannot be used with"),
        (&["modem", "list", "--state", "gone"], 1, "no state gone; there are Absent, Opening"),
        (&["account", "list", "--state", "gone"], 2, "suspended"),
        (&["service", "list", "--country", "XX"], 1, "no country XX; there are NL, GB, US"),
        (&["bank", "list", "--after", "rack"], 1, "this list has no row rack"),
        (&["audit", "list", "--service", "Uber"], 2, "--service"),
        (&["audit", "list", "--number", "x"], 1, "x: not a number"),
        (&["audit", "list", "--account", "bob"], 1, "no account bob"),
        (&["key", "list", "--account", ""], 2, "it is empty"),
        (
            &["message", "list", "--outcome", "code"],
            2,
            "message list has no --outcome; it has --account",
        ),
        (&["sim", "list", "--service=x"], 2, "sim list has no --service; it has --number, --iccid"),
        (&["health", "--to", "1h"], 2, "health has no --to; it has --service, --sim, --number"),
        (&["key", "list", "--state", "gone"], 2, "suspended"),
        (&["number", "list", "--service", "x"], 1, "no service x"),
        (&["skip", "list", "ann", "--number", "x"], 1, "x: not a number"),
        (&["skip", "list", "ann", "--after", "3"], 1, "this list has no row 3"),
        (&["report", "revenue", "--account", "bob"], 1, "no account bob"),
    ] {
        let output = site.run(args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        assert!(said.contains(words) && output.stdout.is_empty(), "{args:?}: {said}");
    }
    let (head, body) = site.admin_raw("/audit?service=1");
    assert!(head.starts_with("HTTP/1.1 400"), "{head}");
    assert_eq!(
        body,
        concat!(
            r#"{"error":"this list has no filter service; it has account, number, iccid, user, "#,
            r#"action, from, to"}"#
        )
    );
    for (path, words) in [
        ("/pairs?after=1", "this list has no filter after; it has service, number, iccid"),
        ("/numbers?service=1&outcome=code", "this list has no filter outcome; it has service"),
        ("/orders?free=true", "this list has no filter free; it has account"),
        ("/numbers", "numbers are listed for a service"),
    ] {
        let (head, body) = site.admin_raw(path);
        assert!(head.starts_with("HTTP/1.1 400") && body.contains(words), "{path}: {body}");
    }
}

#[test]
fn a_silent_sim_and_one_that_was_taken_out_are_found() {
    let site = site();
    let daemon = site.serve_ready();
    site.send("Nobody", "+31612345678", "hello");
    wait_for("the message", || site.messages().len() == 1);
    let shown = |number: &str| site.json(&["sim", "list", "--number", number])[0].clone();
    let (heard, silent) = (shown("+31612345678"), shown("+447700900123"));
    assert!(heard["last_sms_at"].is_string() && heard["since"].is_string(), "{heard}");
    assert!(silent["last_sms_at"].is_null() && silent["since"].is_string(), "{silent}");
    // As after a power failure.
    daemon.kill();
    let _daemon = site.serve_ready();
    assert_eq!(shown("+31612345678")["last_sms_at"], heard["last_sms_at"]);
    let before = site.json(&["modem", "show", "modem000"]);
    assert_eq!(before["last_sim"], Value::Null);
    let iccid = before["iccid"].as_str().unwrap();
    let stays = || site.admin(&format!("/sims/{iccid}"))["custody"].clone();
    assert!(stays()[0]["until"].is_null(), "it is still there");
    let pulled = chrono::Utc::now();
    site.network().fault(0, &Fault::SimOut).unwrap();
    wait_for("the SIM to be gone", || site.admin("/modem?name=modem000")["iccid"].is_null());
    let last_sim = || site.json(&["modem", "show", "modem000"])["last_sim"].clone();
    let last = last_sim();
    assert_eq!((&last["iccid"], &last["number"]), (&before["iccid"], &"+31612345678".into()));
    let at = |value: &Value| value.as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>();
    assert!(at(&last["seen_at"]).unwrap() >= pulled, "{last}: it was there until {pulled}");
    assert_eq!(site.json(&["modem", "list"])[0]["last_sim"]["iccid"], iccid);
    let described = site.json(&["modem", "show", "modem000"]);
    crate::json_output::assert_described("modem show", &described);
    assert!(site.ok(&["modem", "list"]).contains("LAST_SIM"));
    assert!(site.ok(&["status"]).contains("(it had +31612345678)"));
    wait_for("the end of its stay", || stays()[0]["until"].is_string());
    assert!(at(&stays()[0]["until"]).unwrap() >= pulled);
    assert_eq!(last_sim()["iccid"], iccid, "that is still told");
    assert!(shown("+31612345678")["since"].is_null(), "it is in no modem");
}

/// Starts a command that goes on until it is stopped; the command and what it prints.
fn lasting(site: &Site, args: &[&str]) -> (Child, BufReader<ChildStdout>) {
    let mut command = site.command(args);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, output)
}

#[test]
fn following_survives_a_restart_of_the_daemon() {
    let site = Site::with_modems(1);
    let daemon = site.serve_ready();
    let number = site.network().numbers().remove(0);
    let (mut tail, lines) = lasting(&site, &["message", "tail"]);
    let (mut watch, statuses) = lasting(&site, &["status", "--watch", "--every", "50ms"]);
    let (mut lines, mut statuses) = (lines.lines(), statuses.lines());
    let head = lines.next().unwrap().unwrap();
    assert!(head.starts_with("ID") && head.ends_with("NOTE  TEXT"), "{head}");
    statuses.next().unwrap().unwrap();
    daemon.kill();
    let _daemon = site.serve_ready();
    site.send("Friend", &number, "after the restart");
    let line = lines.next().unwrap().unwrap();
    assert!(line.contains("Friend") && line.ends_with("after the restart"), "{line}");
    // Those from before the restart may wait in the pipe.
    assert!(statuses.any(|line| !line.unwrap().contains("last SMS none yet")));
    for child in [&mut tail, &mut watch] {
        assert!(child.try_wait().unwrap().is_none(), "it goes on");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn a_command_that_nobody_reads_any_more_ends() {
    let site = Site::with_modems(0);
    let _daemon = site.serve();
    for args in [&["message", "tail"][..], &["status", "--watch", "--every", "1h"]] {
        let (mut child, mut output) = lasting(&site, args);
        assert!(output.read_line(&mut String::new()).unwrap() > 0, "{args:?}");
        drop(output);
        wait_for("the command to end", || child.try_wait().unwrap().is_some());
        assert!(child.wait().unwrap().success(), "{args:?}");
    }
}

#[test]
fn times_are_local_with_their_zone_and_withheld_messages_are_marked() {
    let site = Site::with_modems(1);
    let _daemon = site.serve_ready();
    let number = site.network().numbers().remove(0);
    site.send("Rabobank", &number, "1234");
    wait_for("the message", || site.messages().len() == 1);
    let shown = |more: &[&str]| {
        let mut command = site.command(&[&["message", "list"], more].concat());
        let output = command.env("TZ", "XXX-05:30").output().unwrap();
        String::from_utf8(output.stdout).unwrap().lines().last().unwrap().to_owned()
    };
    let (local, utc) = (shown(&[]), shown(&["--utc"]));
    let time = |line: &str| line.split("  ").nth(1).unwrap().to_owned();
    assert!(time(&local).ends_with("+05:30") && time(&utc).ends_with('Z'), "{local}\n{utc}");
    assert!(local.contains("  withheld: banks  "), "{local}");
    let json = site.json(&["message", "list"])[0]["received_at"].clone();
    assert!(json.as_str().is_some_and(|at| at.ends_with('Z')), "{json}");
}

#[test]
fn a_service_is_not_sold_where_it_is_off() {
    let site = site();
    let _daemon = site.serve_ready();
    let key = site.customer("ann", "10");
    site.ok(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
    let ask = |path: &str| site.get(&format!("/api/{path}&key={key}"));
    let offered = |country: &str| ask(&format!("services?country={country}"));
    let one = r#"{"services":[{"id":1,"name":"Uber","price":"0.50","count":1}]}"#;
    let none = one.replace(r#""count":1"#, r#""count":0"#);
    assert_eq!((offered("NL").as_str(), offered("UK").as_str()), (one, one));
    let changed = site.ok(&["service", "set", "Uber", "--country", "UK=off"]);
    assert!(changed.contains("changed: price in GB default -> off"), "{changed}");
    assert_eq!((offered("NL").as_str(), offered("UK").as_str()), (one, none.as_str()));
    assert_eq!(ask("makeorder?serviceId=1&country=UK"), "NO_PHONE_AVAILABLE");
    let explained = site.json(&["explain", "Uber", "UK"]);
    assert_eq!((&explained["sold"], &explained["available"]), (&false.into(), &0.into()));
    assert_eq!(site.json(&["service", "list"])[0]["countries"]["UK"], "off");

    let file = site.dir.path().join("catalogue.toml");
    let name = file.to_str().unwrap();
    site.ok(&["service", "export", "--output", name]);
    assert!(std::fs::read_to_string(&file).unwrap().contains(r#"UK = "off""#));
    let kept = site.ok(&["service", "import", name, "--replace", "--dry-run"]);
    assert!(!kept.contains("Uber"), "nothing differs: {kept}");
    site.ok(&["service", "set", "Uber", "--country", "UK=0.80"]);
    assert_eq!(offered("UK"), one.replace("0.50", "0.80"));
    let imported = site.ok(&["service", "import", name, "--prices"]);
    assert!(imported.contains("price in GB 0.80 -> off"), "{imported}");
    let refused = site.run(&["service", "set", "Uber", "--country", "UK=none"]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(1) && said.contains("none: not an amount"), "{said}");
    site.ok(&["service", "set", "Uber", "--country", "UK=default"]);
    assert_eq!(made(&ask("makeorder?serviceId=1&country=UK")).0, "1");
}
