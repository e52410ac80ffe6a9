//! What commands tell the operator, so that nothing has to be asked twice.

use serde_json::{Value, json};
use simbridge::simulator::Scenario;

use crate::support::{Site, wait_for};

/// What a refused command says.
fn refusal(site: &Site, args: &[&str]) -> String {
    let output = site.run(args);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
    said
}

fn post(site: &Site, path: &str, key: &str) -> String {
    let head = "host: x\r\nconnection: close\r\ncontent-length: 0";
    site.http(&format!("POST /api/{path}key={key} HTTP/1.1\r\n{head}\r\n\r\n")).1
}

/// A site with modems that have these numbers, a service, and an order of ann's.
fn site_with_order(
    numbers: &[&str],
    configuration: &str,
) -> (Site, crate::support::Daemon, String) {
    let modem = |number: &&str| match *number {
        "" => "[[modem]]\nsim.knows_number = false\n".to_owned(),
        number => format!("[[modem]]\nsim.number = \"{number}\"\n"),
    };
    let modems: String = numbers.iter().map(modem).collect();
    let site = Site::with(numbers.len(), Scenario::parse(&modems).unwrap(), configuration);
    let daemon = site.serve_ready();
    let key = site.customer("ann", "100");
    site.ok(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
    let made = post(&site, "makeorder?serviceId=1&country=NL&", &key);
    assert!(made.starts_with("ORDER_ID_1_"), "{made}");
    (site, daemon, key)
}

#[test]
fn a_key_has_a_state_and_what_was_refused_with_it_is_kept_without_a_write_each() {
    let limits = "[limits]\nfailed_keys_per_minute = 0\n";
    let site = Site::with(0, Scenario::default(), limits);
    let _daemon = site.serve();
    let key = site.customer("ann", "1");
    let shown = site.ok(&["key", "add", "ann", "--label", "shop"]);
    let second = shown.lines().last().unwrap().to_owned();
    assert!(shown.contains(&format!("other commands call {}", &second[..8])), "{shown}");
    let row = |key: &str| {
        let listed = site.json(&["key", "list"]);
        let rows = listed.as_array().unwrap().iter();
        let row = rows.into_iter().find(|row| row["prefix"] == key[..8]).unwrap();
        (row["state"].clone(), row["refused_for"].clone(), row["last_refused_at"].is_string())
    };
    assert_eq!(row(&key), (json!("active"), Value::Null, false));
    assert_eq!(site.get("/api/getbalance?key=made-up"), "UNAUTHORIZED");
    assert_eq!(row(&key), (json!("active"), Value::Null, false), "that was another one");
    let refused = |path: &str, key: &str| {
        let commits = || {
            let page = site.page("/metrics");
            let lines = page.lines();
            let count = "simbridge_store_commit_seconds_count ";
            let count = lines.filter_map(|line| line.strip_prefix(count)).next();
            count.unwrap().parse::<f64>().unwrap()
        };
        let before = commits();
        for _ in 0..20 {
            assert_eq!(post(&site, path, key), "UNAUTHORIZED");
        }
        let written = commits() - before;
        assert!(written < 10.0, "{written} commits");
    };
    site.ok(&["key", "set", &key[..8], "--scope", "read"]);
    refused("makeorder?serviceId=1&", &key);
    assert_eq!(row(&key), (json!("active"), json!("scope"), true));
    site.ok(&["key", "set", &key[..8], "--allow", "192.0.2.0/24"]);
    refused("getbalance?", &key);
    assert_eq!(row(&key), (json!("active"), json!("address"), true));
    site.ok(&["account", "suspend", "ann"]);
    refused("getbalance?", &second);
    assert_eq!(row(&second), (json!("suspended"), json!("suspended"), true));
    site.ok(&["account", "resume", "ann"]);
    let revoked = site.json(&["key", "revoke", &second[..8]]);
    let expected = json!({ "revoked": &second[..8], "account": "ann", "label": "shop" });
    assert_eq!(revoked, expected);
    refused("getbalance?", &second);
    assert_eq!(row(&second), (json!("revoked"), json!("revoked"), true));
    assert!(site.ok(&["key", "list"]).lines().next().unwrap().contains("STATE"));
}

#[test]
fn a_report_names_its_rows_and_times_that_end_before_they_begin_are_refused() {
    let (site, _daemon, key) = site_with_order(&["+31612340000", "+31612340001"], "");
    let number = site.json(&["order", "show", "1"])["number"].as_str().unwrap().to_owned();
    site.send("Uber", &number, "Your code is 123456");
    assert!(post(&site, "getsms?orderId=1&wait=60&", &key).starts_with("SUCCESS_"));
    assert!(post(&site, "rental/new?country=NL&package=1m&", &key).contains("contract_id"));
    site.ok(&["order", "refund", "1", "--amount", "0.20", "--reason", "late"]);
    let shown = site.ok(&["report", "revenue"]);
    assert!(shown.lines().any(|line| line.starts_with("rentals ")), "{shown}");
    let csv = site.ok(&["report", "revenue", "--csv"]);
    assert!(csv.lines().any(|line| line.starts_with("rentals,0,1,")), "{csv}");
    assert_eq!(site.json(&["report", "revenue"])["rows"][0]["service"], Value::Null);
    let months = site.json(&["report", "revenue", "--by", "month"]);
    let month = chrono::Utc::now().format("%Y-%m").to_string();
    assert_eq!((&months["rows"][0]["month"], &months["rows"][1]), (&json!(month), &Value::Null));
    assert_eq!(site.json(&["order", "list"])[0]["refunded"], "0.20");
    assert!(site.ok(&["order", "list"]).contains("REFUNDED"));
    let ledger = site.ok(&["account", "ledger", "ann"]);
    assert!(ledger.lines().next().unwrap().contains("KEY") && ledger.contains(&key[..8]));
    let reversed = ["--since", "2026-06-22 14:57:03", "--until", "2026-06-01"];
    for list in [
        &["report", "revenue"][..],
        &["order", "list"],
        &["rental", "list"],
        &["message", "list"],
        &["audit", "list"],
        &["account", "ledger", "ann"],
    ] {
        let said = refusal(&site, &[list, &reversed].concat());
        assert!(said.contains("is later than --to"), "{list:?}: {said}");
    }
    let mut abroad = site.command(&[&["order", "list"], &reversed[..]].concat());
    let said = abroad.env("TZ", "Europe/Amsterdam").output().unwrap().stderr;
    let said = String::from_utf8(said).unwrap();
    assert!(said.contains("--from 2026-06-22 14:57:03+02 is later"), "{said}");
}

#[test]
fn what_is_repeated_or_rented_or_misspelt_is_told() {
    let (site, _daemon, key) = site_with_order(&["+31612340000", "+31612340001", ""], "");
    let shown = site.ok(&["account", "topup", "ann", "5", "--ref", "invoice 8"]);
    assert!(!shown.contains("before"), "{shown}");
    for repeated in [false, true] {
        let added = site.json(&["account", "topup", "ann", "5", "--ref", "invoice 7"]);
        assert_eq!((&added["balance"], &added["repeated"]), (&json!("110.00"), &json!(repeated)));
    }
    let again = site.ok(&["account", "topup", "ann", "5", "--ref", "invoice 7"]);
    assert!(again.starts_with("this payment was added before: nothing is added now\n"), "{again}");
    let said = refusal(&site, &["service", "add", "Lyft ", "--price", "1"]);
    assert!(said.contains("does not begin or end with a space"), "{said}");
    assert!(post(&site, "rental/new?country=NL&package=1m&", &key).contains("contract_id"));
    let rented = site.json(&["rental", "show", "1"])["number"].as_str().unwrap().to_owned();
    let output = site.run(&["sim", "retire", &rented]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.contains("its tenant keeps it"), "{said}");
    assert!(site.run(&["sim", "retire", &rented, "--undo"]).stderr.is_empty());
    for word in ["no-number", "no_number", "No number", "NO_NUMBER"] {
        let listed = site.json(&["sim", "list", "--state", word]);
        assert_eq!(listed.as_array().unwrap().len(), 1, "{word}");
    }
    let shown = site.ok(&["sim", "list", "--state", "no-number"]);
    assert!(shown.contains("  no_number  "), "{shown}");
    for (args, rows) in [
        (&["modem", "list", "--state", "READY"][..], 3),
        (&["modem", "list", "--state", "sim_check"], 0),
        (&["modem", "list", "--state", "sim-check"], 0),
        (&["order", "list", "--state", "Open"], 1),
        (&["account", "list", "--state", "ACTIVE"], 1),
        (&["service", "list", "--state", "Enabled"], 1),
        (&["order", "list", "--outcome", "Silent"], 0),
    ] {
        assert_eq!(site.json(args).as_array().unwrap().len(), rows, "{args:?}");
    }
}

#[test]
fn a_withheld_message_names_its_rule_and_what_can_be_done() {
    let own = "[block_list]\nsenders = [\"^Acme$\"]\ntexts = [\"secret word\"]\n";
    let (site, _daemon, _key) = site_with_order(&["+31612340000"], own);
    let number = site.json(&["order", "show", "1"])["number"].as_str().unwrap().to_owned();
    let before = chrono::Utc::now();
    site.send("Acme", &number, "Your code is 123456");
    site.send("Uber", &number, "The secret word is 123456");
    wait_for("the messages", || site.messages().len() == 2);
    let rules: Vec<Value> = site.messages().iter().map(|one| one["withheld"].clone()).collect();
    assert_eq!(rules, ["own sender ^Acme$", "own text secret word"]);
    let said = refusal(&site, &["order", "deliver", "1", "1"]);
    for words in ["by the rule own sender ^Acme$", "change [block_list], reload", "message show 1"]
    {
        assert!(said.contains(words), "{said}");
    }
    site.send("Nobody", &number, "hello");
    wait_for("the other message", || site.messages().len() == 3);
    let book = |at: &[&str]| {
        let book = site.json(&[&["number", "show", &number], at].concat());
        crate::json_output::assert_described("number show", &book);
        let ids = |member: &str| {
            let all = book[member].as_array().unwrap().iter();
            all.map(|one| one["id"].clone()).collect::<Vec<_>>()
        };
        (ids("holders"), ids("unclaimed"), ids("withheld"))
    };
    let all = (vec![json!(1)], vec![json!(3)], vec![json!(1), json!(2)]);
    assert_eq!(book(&[]), all);
    let day = before.format("%Y-%m-%d").to_string();
    let second = chrono::Utc::now().format("%Y-%m-%d %H:%M:%S").to_string();
    assert_eq!(book(&["--at", &day]).0, all.0);
    assert_eq!(book(&["--at", &second]), all);
    assert_eq!(book(&["--at", &format!("{second}Z")]), all, "as tables show it");
    assert_eq!(book(&["--at", "2h"]), (vec![], vec![], vec![]));
    let shown = site.ok(&["number", "show", &number]);
    assert!(shown.contains("withheld by the block list") && shown.contains("own sender ^Acme$"));
}

#[test]
fn silent_sims_are_listed_and_health_names_the_sim_of_the_orders() {
    let (site, _daemon, key) = site_with_order(&["+31612340000", "+31612340001"], "");
    let first = site.json(&["order", "show", "1"]);
    assert_eq!(post(&site, "cancelorder?orderId=1&", &key), "ORDER_CANCELED");
    assert!(post(&site, "makeorder?serviceId=1&country=NL&", &key).starts_with("ORDER_ID_2_"));
    let second = site.json(&["order", "show", "2"]);
    assert_ne!(first["iccid"], second["iccid"]);
    assert_eq!(post(&site, "cancelorder?orderId=2&", &key), "ORDER_CANCELED");
    let silent = |since: &str| {
        let listed = site.json(&["sim", "list", "--silent", since]);
        let sims = listed.as_array().unwrap().iter();
        sims.map(|sim| sim["number"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(silent("7d"), [Value::Null; 0], "they have not been there for so long");
    let number = first["number"].as_str().unwrap();
    site.send("Nobody", number, "hello");
    wait_for("the message", || site.messages().len() == 1);
    assert_eq!(silent("0s").len(), 2, "also the one that was heard before");
    let heard = site.messages()[0]["received_at"].as_str().unwrap().to_owned();
    assert_eq!(silent(&heard), [second["number"].clone()]);
    let of_sim = |sim: &Value| site.json(&["health", "--sim", sim.as_str().unwrap()]);
    assert_eq!(of_sim(&second["number"]), of_sim(&second["iccid"]));
    assert_eq!(of_sim(&second["iccid"])[0]["number"], second["number"]);
    // The older SIM claims the number of the other one.
    let (of_first, of_second) = (first["iccid"].as_str().unwrap(), second["number"].as_str());
    site.ok(&["sim", "set-number", of_first, of_second.unwrap()]);
    let pairs = site.json(&["health", "--service", "Uber"]);
    let pairs = pairs.as_array().unwrap();
    let of = |number: &Value| pairs.iter().find(|pair| pair["number"] == *number).unwrap();
    assert_eq!(of(&second["number"])["iccid"], second["iccid"]);
    assert_eq!(of(&first["number"])["iccid"], first["iccid"]);
}

#[test]
fn a_number_that_another_sim_has_by_the_operators_word_is_told() {
    let site = Site::with_modems(2);
    let _daemon = site.serve_ready();
    let sims = site.admin("/sims");
    let iccid = |sim: usize| sims[sim]["iccid"].as_str().unwrap().to_owned();
    let set = |sim| site.run(&["sim", "set-number", &iccid(sim), "+31612349999"]);
    assert_eq!(set(0).stderr, b"");
    let second = set(1);
    let note = String::from_utf8(second.stderr).unwrap();
    assert!(second.status.success() && note.contains("another SIM has this number"), "{note}");
}
