//! The audit of the real program: who did what, to whom, and with which values.

use nix::unistd::{User, geteuid};
use serde_json::Value;

use crate::support::{Site, wait_for};

/// The actions of the audit so far with their subjects.
fn deeds(site: &Site) -> Vec<(String, String)> {
    let rows = site.json(&["audit", "list"]);
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    rows.as_array().unwrap().iter().map(|row| (text(row, "deed"), text(row, "subject"))).collect()
}

#[test]
fn the_audit_has_persons_names_amounts_and_values() {
    let site = Site::with_modems(1);
    let daemon = site.serve_ready();
    let iccid = site.json(&["sim", "list"])[0]["iccid"].as_str().unwrap().to_owned();
    let before = site.json(&["sim", "list"])[0]["number"].as_str().unwrap().to_owned();
    for command in [
        &["account", "add", "ann"][..],
        &["account", "topup", "ann", "10"],
        &["account", "adjust", "ann", "-1.50", "--reason", "private"],
        &["account", "suspend", "1"],
        &["service", "add", "Uber", "--price", "0.50"],
        &["service", "set", "uber", "--price", "0.60"],
        &["service", "disable", "uber"],
        &["sim", "set-number", &iccid, "+31612345678"],
        &["sim", "rest", &iccid, "0s"],
        &["sim", "retire", &iccid],
        &["sim", "retire", &iccid, "--undo"],
    ] {
        site.ok(command);
    }
    let key = site.json(&["key", "add", "ann", "--allow", "192.0.2.0/24"]);
    let prefix = key["prefix"].as_str().unwrap();
    site.ok(&["key", "revoke", prefix]);
    let text = std::fs::read_to_string(site.config()).unwrap();
    std::fs::write(site.config(), text + "[orders]\nlifetime = \"7m\"\n").unwrap();
    site.ok(&["reload"]);
    let shortened = |number: &str| format!("…{}", &number[number.len() - 3..]);
    let expected = [
        ("added", "account 1 ann".to_owned()),
        ("topped up", "account 1 ann: 10.00 USD, balance 10.00".to_owned()),
        ("adjusted the balance", "account 1 ann: -1.50 USD, balance 8.50".to_owned()),
        ("suspended", "account 1 ann".to_owned()),
        ("added", "service 1 Uber, price 0.50".to_owned()),
        ("changed", "service 1 Uber: price 0.50 -> 0.60".to_owned()),
        ("disabled", "service 1 Uber".to_owned()),
        ("set the number of", format!("SIM {iccid}: …678, was {}", shortened(&before))),
        ("set the rest of", format!("SIM {iccid}: ended")),
        ("retired", format!("SIM {iccid}")),
        ("undid the retirement of", format!("SIM {iccid}")),
        ("added a key", format!("account 1 ann: key {prefix} for 192.0.2.0/24")),
        ("revoked a key", format!("key {prefix} of account ann")),
        ("reloaded", "the configuration: orders.lifetime = \"7m\"".to_owned()),
    ];
    let expected = expected.map(|(deed, subject)| (deed.to_owned(), subject));
    assert_eq!(deeds(&site), expected);
    let me = (geteuid().as_raw(), User::from_uid(geteuid()).unwrap().map(|user| user.name));
    let rows = site.json(&["audit", "list"]);
    for row in rows.as_array().unwrap() {
        assert_eq!(row["actor"], "operator");
        assert_eq!((&row["uid"], &row["user"]), (&me.0.into(), &me.1.clone().into()), "{row}");
    }
    let person = me.1.unwrap_or_else(|| format!("uid {}", me.0));
    let shown = site.ok(&["audit", "list", "--limit", "1"]);
    assert!(shown.contains("ACTION") && shown.contains(&format!("operator {person}")), "{shown}");
    daemon.terminate();
}

/// The deeds that a list of the audit has, with their subjects.
fn listed(site: &Site, filters: &[&str]) -> Vec<String> {
    let rows = site.json(&[&["audit", "list"], filters].concat());
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| format!("{} {}", text(row, "deed"), text(row, "subject"))).collect()
}

#[test]
fn the_audit_is_filtered_by_account_number_person_and_action() {
    let site = Site::with_modems(3);
    let daemon = site.serve_ready();
    let (ann, _bob) = (site.customer("ann", "100"), site.customer("bob", "100"));
    site.ok(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
    let post = |path: &str| {
        let head = "host: x\r\nconnection: close\r\ncontent-length: 0";
        site.http(&format!("POST /api/{path}&key={ann} HTTP/1.1\r\n{head}\r\n\r\n")).1
    };
    let (order, number) = crate::endpoints::made(&post("makeorder?serviceId=1"));
    assert_eq!(order, "1");
    let number = format!("+31{}", &number[1..]);
    site.send("Uber", &number, "Your code is 123456");
    assert!(post("getsms?orderId=1&wait=60").starts_with("SUCCESS_"));
    wait_for("the view in the audit", || listed(&site, &["--action", "saw"]).len() == 1);
    assert!(post("rental/new?country=NL&package=1m").contains("contract_id"));
    site.ok(&["order", "refund", "1", "--reason", "late"]);
    site.ok(&["message", "show", "1"]);
    let iccid = site.json(&["order", "show", "1"])["iccid"].as_str().unwrap().to_owned();
    site.ok(&["sim", "rest", &iccid, "1h"]);
    site.ok(&["number", "show", &number]);
    site.ok(&["number", "mark", &number, "Uber"]);
    site.ok(&["health", "rest", &number, "Uber", "--for", "1h"]);
    site.ok(&["message", "list", "--number", &number]);
    site.ok(&["message", "list", "--iccid", &iccid, "--account", "ann"]);
    site.ok(&["message", "list"]);
    site.ok(&["key", "revoke", &ann[..8]]);
    let short = format!("…{}", &number[number.len() - 3..]);
    let of_sim = format!("number {short} of SIM {iccid}");
    let rest = listed(&site, &["--action", "set the rest", "--number", &number]);
    let of_number = [
        "saw message 1".to_owned(),
        "refunded order 1, 0.50 USD".to_owned(),
        "saw the messages message 1".to_owned(),
        "saw the messages order 1".to_owned(),
        rest[0].clone(),
        format!("saw who had {of_sim}"),
        format!("marked as used {of_sim} for Uber"),
        rest[1].clone(),
        format!("saw the messages {of_sim}"),
        format!("saw the messages account 1 ann, SIM {iccid}"),
    ];
    assert_eq!(listed(&site, &["--number", &number]), of_number);
    assert!(rest[1].starts_with(&format!("set the rest of {of_sim} for Uber: until ")), "{rest:?}");
    let of_ann = listed(&site, &["--account", "ann"]);
    let expected = [
        "added account 1 ann",
        "topped up account 1 ann: 100.00 USD, balance 100.00",
        "added a key account 1 ann",
        "saw message 1",
        "rented rental 1",
        "refunded order 1",
        "saw the messages message 1",
        "saw the messages order 1",
        "saw the messages account 1 ann",
        "revoked a key key ",
    ];
    assert_eq!(of_ann.len(), expected.len(), "{of_ann:?}");
    for (row, begins) in of_ann.iter().zip(expected) {
        assert!(row.starts_with(begins), "{row}: not {begins}");
    }
    assert_eq!(listed(&site, &["--account", "bob"]).len(), 3, "nothing of the other's");
    assert_eq!(
        listed(&site, &["--action", "saw the", "--limit", "1"]),
        ["saw the messages all SIMs"]
    );
    let me = geteuid().as_raw().to_string();
    let by_me = listed(&site, &["--user", &me]);
    assert!(by_me.len() > 10 && !by_me.contains(&"saw message 1".to_owned()), "{by_me:?}");
    assert_eq!(listed(&site, &["--user", "nobody-of-here"]), [""; 0]);
    let rows = site.json(&["audit", "list", "--action", "rented"]);
    assert_eq!((&rows[0]["actor"], &rows[0]["account"]), (&"account 1".into(), &"ann".into()));
    let shown = site.ok(&["audit", "list", "--action", "rented"]);
    assert!(shown.contains("account ann"), "{shown}");
    daemon.terminate();
}

#[test]
fn a_backup_that_cannot_be_written_is_not_in_the_audit_and_one_in_a_folder_is_named() {
    let site = Site::with_modems(0);
    let _daemon = site.serve();
    let missing = site.dir.path().join("no/such/folder.db").display().to_string();
    let output = site.run(&["backup", &missing]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(listed(&site, &[]), [""; 0]);
    let folder = site.dir.path().join("backups");
    std::fs::create_dir(&folder).unwrap();
    let made = site.json(&["backup", &folder.display().to_string()]);
    let file = made["file"].as_str().unwrap();
    let name = file.strip_prefix(&format!("{}/simbridge-", folder.display())).unwrap();
    assert!(name.ends_with("Z.db") && std::fs::exists(file).unwrap(), "{file}");
    let row = format!("took a copy of the database, to write it to {file}");
    assert_eq!(listed(&site, &[]), [row]);
}

#[test]
fn what_nobody_asked_for_over_the_socket_is_no_persons() {
    let site = Site::with_modems(1);
    let daemon = site.serve_ready();
    let text = std::fs::read_to_string(site.config()).unwrap();
    std::fs::write(site.config(), text + "[orders]\nlifetime = \"7m\"\n").unwrap();
    daemon.hang_up();
    wait_for("the reload in the audit", || {
        site.admin("/audit?limit=5000").as_array().is_some_and(|rows| !rows.is_empty())
    });
    let row = site.admin("/audit?limit=5000")[0].clone();
    assert_eq!((&row["deed"], &row["uid"]), (&"reloaded".into(), &Value::Null), "{row}");
}

#[test]
fn names_that_are_hard_to_tell_apart_are_refused_and_mistyped_ones_are_guessed() {
    let site = Site::with_modems(0);
    let _daemon = site.serve();
    site.ok(&["account", "add", "ann"]);
    site.ok(&["service", "add", "Uber", "--price", "0.50"]);
    let long = "x".repeat(65);
    for (args, words) in [
        (&["account", "add", "Ann"][..], "there is an account ann already"),
        (&["account", "add", &long], "an account name has at most 64 characters"),
        (&["account", "add", "17"], "at least one of them a letter"),
        (&["account", "show", "Ann"], "no account Ann; did you mean ann? `simbridge account"),
        (&["account", "show", "zzz"], "no account zzz; `simbridge account list` shows all"),
        (&["service", "add", "uber", "--price", "1"], "there is a service Uber already"),
        (&["service", "add", "17", "--price", "1"], "at least one of them a letter"),
        (&["service", "add", &long, "--price", "1"], "a service name has at most 64 characters"),
        (&["service", "disable", "ubr"], "no service ubr; did you mean Uber? `simbridge service"),
        (&["explain", "Ubre", "NL"], "did you mean Uber?"),
    ] {
        let output = site.run(args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
        assert!(said.contains(words) && output.stdout.is_empty(), "{args:?}: {said}");
    }
}
