//! What is kept of a customer is handed out and erased, on the real program.

use std::os::unix::fs::PermissionsExt;

use crate::support::{Site, wait_for};

#[test]
fn what_is_kept_of_a_customer_is_handed_out_whole_and_into_a_new_file() {
    let site = Site::with_modems(2);
    let _daemon = site.serve_ready();
    site.ok(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
    let (ann, bob) = (site.customer("ann", "10"), site.customer("bob", "10"));
    let order = |key: &str| site.get(&format!("/api/makeorder?key={key}&serviceId=1"));
    assert!(order(&ann).starts_with("ORDER_ID_1_"));
    assert!(order(&bob).starts_with("ORDER_ID_2_"));
    let orders = site.json(&["order", "list"]);
    for order in orders.as_array().unwrap() {
        let text = format!("code 18181{}", order["id"]);
        site.send("Uber", order["number"].as_str().unwrap(), &text);
    }
    wait_for("both codes", || site.messages().len() == 2);
    let file = site.dir.path().join("ann.json");
    let path = file.to_str().unwrap();
    let saved = site.json(&["account", "export", "ann", "--output", path]);
    let written = std::fs::read_to_string(&file).unwrap();
    assert_eq!(saved["bytes"], written.len());
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let kept: serde_json::Value = serde_json::from_str(&written).unwrap();
    assert_eq!(kept["account"]["name"], "ann");
    assert_eq!(kept["orders"].as_array().unwrap().len(), 1);
    assert_eq!(kept["orders"][0]["client"], "127.0.0.1");
    assert_eq!(kept["orders"][0]["messages"][0]["text"], "code 181811");
    assert_eq!(kept["ledger"].as_array().unwrap().len(), 3);
    assert!(!written.contains("bob") && !written.contains("181812"), "{written}");
    assert_eq!(site.json(&["account", "export", "bob"])["account"]["name"], "bob");
    let refused = site.run(&["account", "export", "ann", "--output", path]);
    let words = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(1) && words.contains("already exists"), "{words}");
    let refused = site.run(&["account", "export", "an"]);
    let words = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(1) && words.contains("did you mean ann"), "{words}");
    let audit = site.json(&["audit", "list", "--account", "ann"]);
    let last = audit.as_array().unwrap().last().unwrap();
    assert_eq!((&last["deed"], &last["subject"]), (&"exported".into(), &"account 1 ann".into()));
}

#[test]
fn an_erased_customer_is_a_number_in_the_books() {
    let site = Site::with_modems(1);
    let daemon = site.serve_ready();
    site.ok(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
    let key = site.customer("Zacharias", "10");
    site.ok(&["key", "set", &key[..8], "--label", "of Zacharias"]);
    assert!(site.get(&format!("/api/makeorder?key={key}&serviceId=1")).starts_with("ORDER_ID_1_"));
    let refusal = || {
        let refused = site.run(&["account", "erase", "Zacharias"]);
        assert_eq!(refused.status.code(), Some(1));
        String::from_utf8(refused.stderr).unwrap()
    };
    let words = refusal();
    assert!(words.contains("order 1 of account 1 Zacharias is open"), "{words}");
    assert_eq!(site.get(&format!("/api/cancelorder?key={key}&orderId=1")), "ORDER_CANCELED");
    let words = refusal();
    assert!(words.contains("account 1 Zacharias has 10.00 USD"), "{words}");
    let reason = "paid back to Zacharias";
    site.ok(&["account", "adjust", "Zacharias", "-10.00", "--reason", reason]);
    let before = site.json(&["account", "ledger", "1"]);
    let copy = site.dir.path().join("simbridge.db.schema-3.backup");
    std::fs::write(&copy, "Zacharias").unwrap();
    let erased = site.run(&["account", "erase", "Zacharias"]);
    let words = String::from_utf8(erased.stderr).unwrap();
    assert!(erased.status.success() && words.contains("schema-3.backup"), "{words}");
    let refused = site.run(&["account", "erase", "1", "--copies"]);
    assert_eq!(refused.status.code(), Some(1), "it is done");
    site.ok(&["account", "add", "Zacharias"]);
    let erased = site.json(&["account", "erase", "Zacharias", "--copies"]);
    assert_eq!((&erased["copies"], &erased["overwritten"]), (&serde_json::json!([]), &true.into()));
    assert!(!copy.exists());
    let shown = site.json(&["account", "show", "1"]);
    assert_eq!(
        (&shown["name"], &shown["suspended"], &shown["balance"]),
        (&"erased-1".into(), &true.into(), &"0.00".into())
    );
    let after = site.json(&["account", "ledger", "1"]);
    let amounts = |rows: &serde_json::Value| -> Vec<(String, String)> {
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| (row["balance"].to_string(), row["held"].to_string())).collect()
    };
    assert_eq!(amounts(&after), amounts(&before));
    assert_eq!(site.get(&format!("/api/getbalance?key={key}")), "UNAUTHORIZED");
    for args in
        [&["account", "resume", "1"][..], &["account", "topup", "1", "5"], &["key", "add", "1"]]
    {
        let refused = String::from_utf8(site.run(args).stderr).unwrap();
        assert!(refused.contains("account 1 was erased at"), "{args:?}: {refused}");
    }
    assert_eq!(site.json(&["verify"])["ok"], true);
    assert!(site.ok(&["audit", "list"]).contains("account 1"));
    for ending in ["", "-wal"] {
        let file = site.dir.path().join(format!("simbridge.db{ending}"));
        let octets = std::fs::read(file).unwrap_or_default();
        let is_there = octets.windows(9).any(|part| part == b"Zacharias" || part == b"127.0.0.1");
        assert!(!is_there, "the file {ending} has the name or the address");
    }
    daemon.terminate();
}
