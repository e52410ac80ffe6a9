//! The commands by which an operator manages orders, rentals, money, SIMs, the catalogue and the
//! database.

use simbridge::simulator::Scenario;

use crate::support::{Site, wait_for};

#[test]
fn the_ledger_tells_every_entry() {
    let site = Site::with_modems(1);
    let _daemon = site.serve_ready();
    let key = site.customer("ann", "10");
    assert_eq!(
        site.json(&["account", "adjust", "ann", "-1.50", "--reason", "a refund undone"])["balance"],
        "8.50"
    );
    site.ok(&["service", "add", "Any", "--price", "0.50"]);
    site.get(&format!("/api/makeorder?key={key}&serviceId=1"));
    site.get(&format!("/api/cancelorder?key={key}&orderId=1"));
    let ledger = site.json(&["account", "ledger", "ann"]);
    let lines: Vec<_> = ledger
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["kind"].clone(), e["balance"].clone()))
        .collect();
    let expected =
        [("topup", "10.00"), ("adjustment", "-1.50"), ("hold", "0.00"), ("release", "0.00")];
    assert_eq!(lines, expected.map(|(kind, balance)| (kind.into(), balance.into())));
    assert_eq!(ledger[1]["note"], "a refund undone");
    let shown = site.ok(&["order", "show", "1"]);
    assert!(shown.contains("canceled") && shown.contains("release"), "{shown}");
    let deeds = site.ok(&["audit", "list"]);
    assert!(deeds.contains("adjusted the balance") && !deeds.contains("refund"), "{deeds}");
    let refused = site.run(&["account", "adjust", "ann", "0", "--reason", "x"]);
    assert_eq!(refused.status.code(), Some(1));
}

#[test]
fn a_payment_is_added_once_and_a_slip_is_asked_about() {
    let site = Site::with_modems(0);
    let _daemon = site.serve();
    site.ok(&["account", "add", "ann"]);
    site.ok(&["account", "add", "bob"]);
    for _ in 0..2 {
        let shown = site.json(&["account", "topup", "ann", "10", "--ref", "invoice 7"]);
        assert_eq!(shown["balance"], "10.00");
    }
    for (args, words) in [
        (
            &["account", "topup", "bob", "10", "--ref", "invoice 7"][..],
            "the request with this id added 10.00 to account 1 ann",
        ),
        (&["account", "topup", "ann", "9", "--ref", "invoice 7"], "added 10.00 to account 1 ann"),
        (&["account", "topup", "ann", "100000"], "100000.00 is a large amount; if that is meant"),
        (
            &["account", "adjust", "ann", "-1000", "--reason", "x"],
            "the balance of account 1 ann would be -990.00; if that is meant, add --yes",
        ),
        (&["account", "adjust", "ann", "100000", "--reason", "x"], "a large amount"),
    ] {
        let output = site.run(args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
        assert!(said.contains(words), "{args:?}: {said}");
    }
    assert_eq!(site.json(&["account", "show", "ann"])["balance"], "10.00");
    let below = ["account", "adjust", "ann", "-1000", "--reason", "x", "--yes"];
    assert_eq!(site.json(&below)["balance"], "-990.00");
    let up = site.json(&["account", "adjust", "ann", "1", "--reason", "towards zero"]);
    assert_eq!(up["balance"], "-989.00");
    let large = site.json(&["account", "topup", "ann", "100000", "--yes"]);
    assert_eq!(large["balance"], "99011.00");
}

#[test]
fn following_the_messages_stands_in_the_audit_once() {
    let site = Site::with_modems(1);
    let _daemon = site.serve_ready();
    let number = site.network().numbers().remove(0);
    site.send("Ann", &number, "one");
    site.send("Ann", &number, "two");
    let count = |path: &str| site.admin(path).as_array().unwrap().len();
    wait_for("both", || count("/messages?after=1") == 1);
    for (after, shown) in [(0, 2), (0, 2), (1, 1), (2, 0)] {
        assert_eq!(count(&format!("/messages?after={after}")), shown);
    }
    let audit = site.json(&["audit", "list"]);
    let rows = audit.as_array().unwrap().iter().filter(|row| row["deed"] == "saw the messages");
    let subjects: Vec<&str> = rows.filter_map(|row| row["subject"].as_str()).collect();
    let expected = ["all SIMs, from message 2 on", "all SIMs, from message 1 on"];
    assert_eq!(subjects, expected, "{audit}");
}

#[test]
fn a_terminal_interprets_nothing_of_what_strangers_send() {
    let site = Site::with_modems(1);
    let _daemon = site.serve_ready();
    let number = site.network().numbers().remove(0);
    site.ok(&["service", "add", "Any", "--price", "0.50"]);
    let key = site.customer("ann", "1");
    site.get(&format!("/api/makeorder?serviceId=1&key={key}"));
    site.send("Ann", &number, "a\u{202e}b\u{2028}\nc\u{9b}2J");
    let sms = site.get(&format!("/api/getsms?orderId=1&wait=60&key={key}"));
    assert_eq!(sms, "SUCCESS_a\u{202e}b c 2J", "one line for whoever reads lines");
    for command in [&["message", "list"][..], &["order", "show", "1"], &["message", "show", "1"]] {
        let shown = site.ok(command);
        assert!(shown.contains("a\u{fffd}b  c\u{fffd}2J"), "{command:?}: {shown}");
    }
    let json = site.ok(&["message", "list", "--json"]);
    assert!(json.contains(r"a\u202eb\u2028\nc\u009b2J"), "{json}");
}

#[test]
fn why_there_is_no_number() {
    let modem = "[[modem]]\n[modem.sim]\nnumber = \"+3161200000";
    let scenario: String = (1..=3).map(|n| format!("{modem}{n}\"\n")).collect();
    let site = Site::with(3, Scenario::parse(&scenario).unwrap(), "");
    let _daemon = site.serve_ready();
    site.ok(&["service", "add", "Uber", "--price", "0.50"]);
    let key = site.customer("ann", "10");
    let iccids: Vec<String> = site
        .json(&["sim", "list"])
        .as_array()
        .unwrap()
        .iter()
        .map(|sim| sim["iccid"].as_str().unwrap().to_owned())
        .collect();
    let free = site.json(&["explain", "Uber", "NL"]);
    assert_eq!(free["available"], 3, "{free}");
    assert_eq!(site.json(&["sim", "rest", &iccids[0], "1h"])["state"], "resting");
    assert_eq!(site.json(&["sim", "retire", &iccids[1]])["state"], "retired");
    site.get(&format!("/api/makeorder?key={key}&serviceId=1"));
    let said = site.json(&["explain", "1", "nl", "ann"]);
    for (word, count) in
        [("sims", 3), ("available", 0), ("resting", 1), ("retired", 1), ("busy", 1), ("used", 0)]
    {
        assert_eq!(said[word], count, "{word}: {said}");
    }
    site.get(&format!("/api/skipnumber?key={key}&orderId=1"));
    assert_eq!(site.json(&["explain", "Uber", "NL", "ann"])["skipped"], 1);
    let others = site.json(&["explain", "Uber", "NL"]);
    let rests = (&others["available"], &others["rests_between_customers"]);
    assert_eq!(rests, (&0.into(), &1.into()), "others did not skip it, but wait: {others}");
    assert_eq!(site.json(&["sim", "rest", &iccids[0], "0s"])["state"], "available");
    assert_eq!(site.json(&["sim", "retire", &iccids[1], "--undo"])["state"], "available");
    assert_eq!(site.json(&["sim", "show", &iccids[1]])["retired_at"], serde_json::Value::Null);
    let refused = String::from_utf8(site.run(&["explain", "Nope", "NL"]).stderr).unwrap();
    assert!(refused.contains("no service Nope"), "{refused}");
}

#[test]
fn a_catalogue_is_imported_and_tried() {
    let site = Site::with_modems(0);
    let _daemon = site.serve();
    let catalogue = concat!(env!("CARGO_MANIFEST_DIR"), "/hardware/services.toml");
    let first = site.json(&["service", "import", catalogue]);
    assert!(first["added"].as_u64().unwrap() >= 30 && first["updated"] == 0, "{first}");
    let again = site.json(&["service", "import", catalogue]);
    assert_eq!((&again["added"], &again["updated"]), (&0.into(), &0.into()), "all is there");
    let text = "Your Tinder code is 417097 Don’t share @tinder.com #417097";
    let trial = site.json(&["service", "test", "SinchVerify", text]);
    assert_eq!(
        (&trial["service"], &trial["code"]),
        (&"Tinder".into(), &"417097".into()),
        "{trial}"
    );
    assert_eq!(trial["rule"]["text"], "(?i)\\btinder\\b");
    assert_eq!(site.json(&["service", "test", "Rabobank", "1234"])["withheld"], "banks");
    let broken = site.dir.path().join("broken.toml");
    std::fs::write(&broken, "[[service]]\nname = \"x\"\nprice = \"1.00\"\ntext = [\"(\"]\n")
        .unwrap();
    let refused =
        String::from_utf8(site.run(&["service", "import", broken.to_str().unwrap()]).stderr)
            .unwrap();
    assert!(refused.contains("pattern of service x"), "{refused}");
}

/// Runs a command that must be refused; returns what it says.
fn refused(site: &Site, args: &[&str]) -> String {
    let output = site.run(args);
    assert!(!output.status.success(), "{args:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_sim_is_named_by_its_number_and_a_mistyped_iccid_makes_none() {
    let site = Site::with_modems(2);
    let _daemon = site.serve_ready();
    let sims = site.json(&["sim", "list"]);
    let (iccid, number) = (&sims[0]["iccid"], sims[0]["number"].as_str().unwrap());
    let national = format!("0{}", number.strip_prefix("+31").unwrap());
    for name in [number, &national, iccid.as_str().unwrap()] {
        assert_eq!(&site.json(&["sim", "show", name])["iccid"], iccid, "{name}");
    }
    assert_eq!(site.json(&["sim", "retire", number])["state"], "retired");
    assert_eq!(site.json(&["sim", "retire", number, "--undo"])["state"], "available");
    for (args, says) in [
        (&["set-number", "8931040000000000013", "+31612345670"][..], "does not check the others"),
        (
            &["set-number", "8931040000000000013", "+31612345670", "--create"],
            "does not check the others",
        ),
        (&["set-number", "893104000000000001", "+31612345670"], "--create adds one"),
        (&["set-number", "+31612345670", "+31612345671"], "no SIM +31612345670"),
        (&["remove", number], "has been in a modem, so it stays"),
    ] {
        let said = refused(&site, &[&["sim"], args].concat());
        assert!(said.contains(says), "{args:?}: {said}");
    }
    let list = site.dir.path().join("sims.csv");
    std::fs::write(&list, "8931040000000000109,+31612345670\n").unwrap();
    let import = ["sim", "import", list.to_str().unwrap()];
    let said = refused(&site, &import);
    assert!(said.contains("sims.csv:1: ") && said.contains("1 line could not be used"), "{said}");
    assert_eq!(site.json(&["sim", "list"]), sims);
    assert_eq!(site.ok(&[&import[..], &["--create"]].concat()), "1 number set\n");
    assert_eq!(site.json(&["sim", "show", "+31612345670"])["state"], "offline");
    let cleared = site.json(&["sim", "clear-number", "0612345670"]);
    assert_eq!(
        (&cleared["number"], &cleared["state"]),
        (&serde_json::Value::Null, &"no-number".into())
    );
    let removed = site.json(&["sim", "remove", "8931040000000000109"]);
    assert_eq!(removed, serde_json::json!({ "removed": "8931040000000000109" }));
    assert_eq!(site.json(&["sim", "list"]), sims);
    assert_eq!(site.ok(&["verify"]), "no faults\n");
}

#[test]
fn a_service_is_edited_where_told_and_nowhere_else() {
    let site = Site::with_modems(0);
    let _daemon = site.serve();
    site.ok(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
    let set = [
        "--price=0.95",
        "--country=UK=0.80",
        "--add-sender=^Uber BV$",
        "--text=code",
        "--priority=-1",
        "--reuse-window=1h",
        "--reuse-price-percent=25",
        "--charge-on=sms",
        "--code=UBR",
        "--fivesim=ubertaxi",
    ];
    let edited = site.json(&[&["service", "set", "uber"], &set[..]].concat());
    let expected = serde_json::json!({
        "id": 1, "name": "Uber", "code": "ubr", "fivesim": "ubertaxi", "price": "0.95",
        "countries": { "UK": "0.80" }, "enabled": true, "priority": -1, "reuse_window": "1h",
        "reuse_price_percent": 25, "charge_on": "sms",
        "senders": ["^Uber$", "^Uber BV$"], "texts": ["code"],
        "changes": [
            "price 0.50 -> 0.95", "price in GB default -> 0.80", "priority 0 -> -1",
            "reuse window default -> 1h", "reuse price in percent default -> 25",
            "charge on default -> sms", "code ub -> ubr", "5sim name uber -> ubertaxi",
            "sender added: ^Uber BV$", "text added: code",
        ],
    });
    assert_eq!(edited, expected);
    let back = [
        "--country=GB=default",
        "--reuse-window=default",
        "--reuse-price-percent=default",
        "--remove-sender=^Uber BV$",
        "--remove-text=code",
        "--code=none",
    ];
    let said = site.ok(&[&["service", "set", "1"], &back[..]].concat());
    let changed: Vec<&str> = said.lines().filter(|line| line.starts_with("changed: ")).collect();
    assert_eq!(
        changed,
        [
            "changed: price in GB 0.80 -> default",
            "changed: reuse window 1h -> default",
            "changed: reuse price in percent 25 -> default",
            "changed: code ubr -> none",
            "changed: sender removed: ^Uber BV$",
            "changed: text removed: code",
        ]
    );
    let again = site.ok(&["service", "set", "Uber", "--price", "0.95"]);
    assert!(again.ends_with("nothing has changed\n"), "{again}");
    for (args, says) in [
        (&["set", "Uber"][..], "required"),
        (&["set", "Lyft", "--price", "1"], "no service Lyft"),
        (&["set", "Uber", "--price", "-1"], "a price is 0.00 or more"),
        (&["set", "Uber", "--price", "dear"], "dear"),
        (&["set", "Uber", "--country", "XX=1"], "no country XX"),
        (&["set", "Uber", "--country", "UK"], "write it like GB=0.80"),
        (&["set", "Uber", "--sender", "("], "pattern of service Uber"),
        (&["set", "Uber", "--remove-text", "x"], "it has no pattern x"),
        (&["set", "Uber", "--reuse-window", "soon"], "--reuse-window"),
        (&["set", "Uber", "--reuse-price-percent", "1001"], "1000 percent"),
        (&["set", "Uber", "--code", "uber2"], "2 to 4 letters"),
        (&["add", "17", "--price", "1"], "at least one of them a letter"),
        (&["add", &"x".repeat(65), "--price", "1"], "at most 64 characters"),
        (&["add", "UBER", "--price", "1"], "there is a service Uber already"),
    ] {
        let said = refused(&site, &[&["service"], args].concat());
        assert!(said.contains(says), "{args:?}: {said}");
    }
    let audit = site.ok(&["audit", "list"]);
    assert!(audit.contains("changed  service 1 Uber: price 0.50 -> 0.95, price in GB"), "{audit}");
}

#[test]
fn a_service_that_was_never_ordered_is_removed_and_its_id_not_given_again() {
    let site = Site::with_modems(1);
    let _daemon = site.serve_ready();
    let key = site.customer("ann", "10");
    site.ok(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
    site.ok(&["service", "add", "Ubre", "--price", "0.50", "--sender", "^Uber$"]);
    let removed = site.json(&["service", "remove", "Ubre"]);
    assert_eq!(removed, serde_json::json!({ "removed": "Ubre", "id": 2 }));
    assert_eq!(site.json(&["service", "add", "Lyft", "--price", "0.50"])["id"], 3);
    assert_eq!(site.get(&format!("/api/makeorder?key={key}&serviceId=2")), "INVALID_SERVICE");
    assert!(site.get(&format!("/api/makeorder?key={key}&serviceId=1")).starts_with("ORDER_ID_1"));
    let said = refused(&site, &["service", "remove", "uber"]);
    assert!(said.contains("Uber has been ordered") && said.contains("service disable"), "{said}");
    // What the remaining services would take.
    let said = site.ok(&["service", "test", "Doctor", "Your test results are ready"]);
    assert!(said.ends_with("a service without patterns would get it: Lyft\n"), "{said}");
    site.ok(&["service", "disable", "Lyft"]);
    let said = site.ok(&["service", "test", "Doctor", "Your test results are ready"]);
    assert!(!said.contains("without patterns"), "{said}");
    assert_eq!(site.ok(&["verify"]), "no faults\n");
}

#[test]
fn an_import_keeps_what_its_file_leaves_out_and_an_export_is_imported_again() {
    let site = Site::with_modems(0);
    let _daemon = site.serve();
    let uber = ["--price", "0.90", "--country", "UK=0.80", "--sender", "^Uber$", "--text", "code"];
    site.ok(&[&["service", "add", "Uber"], &uber[..]].concat());
    let before = site.json(&["service", "list"]);
    let path = |name: &str| site.dir.path().join(name).to_str().unwrap().to_owned();
    let (file, exported) = (path("services.toml"), path("exported.toml"));
    let import = |content: &str, args: &[&str]| {
        std::fs::write(&file, content).unwrap();
        site.ok(&[&["service", "import", &file], args].concat())
    };
    let bare = "[[service]]\nname = \"Uber\"\nprice = \"0.95\"\n";
    assert_eq!(import(bare, &[]), "added    0\nupdated  0\n");
    assert_eq!(site.json(&["service", "list"]), before);
    site.ok(&["service", "export", "--output", &exported]);
    assert!(refused(&site, &["service", "export", "--output", &exported]).contains("new file"));
    let lyft = "[[service]]\nname = \"Lyft\"\nprice = \"1\"\n";
    let more = format!("{bare}sender = [\"^Uber BV$\"]\n{lyft}");
    let told = "Uber: price 0.90 -> 0.95, sender added: ^Uber BV$\nLyft: added\n\
                added    1\nupdated  1\n";
    assert_eq!(import(&more, &["--prices", "--dry-run"]), told);
    assert_eq!(site.json(&["service", "list"]), before, "a dry run changes nothing");
    assert_eq!(import(&more, &["--prices"]), told);
    let replaced = import(bare, &["--replace"]);
    assert_eq!(
        replaced,
        "Uber: price in GB 0.80 -> default, code ub -> none, 5sim name uber -> none, sender \
         removed: ^Uber$, sender removed: ^Uber BV$, text removed: code\nadded    0\nupdated  1\n"
    );
    site.ok(&["service", "remove", "Lyft"]);
    site.ok(&["service", "import", &exported, "--replace"]);
    assert_eq!(site.json(&["service", "list"]), before);
    assert_eq!(site.ok(&["service", "export"]), std::fs::read_to_string(&exported).unwrap());
    let twice = format!("{bare}{}", bare.replace("Uber", "UBER"));
    std::fs::write(&file, twice).unwrap();
    assert!(refused(&site, &["service", "import", &file]).contains("UBER is there twice"));
}

#[test]
fn a_backup_is_a_database_and_verify_finds_what_is_wrong_in_one() {
    let site = Site::with_modems(0);
    let daemon = site.serve();
    site.customer("ann", "10");
    let file = site.dir.path().join("copy.db");
    site.ok(&["backup", file.to_str().unwrap()]);
    let again = String::from_utf8(site.run(&["backup", file.to_str().unwrap()]).stderr).unwrap();
    assert!(again.contains("already exists"), "{again}");
    let mut sum = std::process::Command::new("sha256sum");
    let checked =
        sum.args(["--check", "copy.db.sha256"]).current_dir(site.dir.path()).output().unwrap();
    assert!(checked.status.success(), "{checked:?}");
    let left: Vec<_> =
        std::fs::read_dir(site.dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("unfinished")), "{left:?}");
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with(".copy")), "{left:?}");
    let copy = rusqlite::Connection::open(&file).unwrap();
    let balance: i64 =
        copy.query_row("SELECT balance_minor FROM account", [], |row| row.get(0)).unwrap();
    assert_eq!(balance, 1000);
    assert_eq!(site.ok(&["verify"]), "no faults\n");
    daemon.kill();
    let path = site.dir.path().join("simbridge.db");
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch("UPDATE account SET balance_minor = 7")
        .unwrap();
    let _daemon = site.serve();
    let found = site.run(&["verify", "--json"]);
    assert_eq!(found.status.code(), Some(1));
    let found: serde_json::Value = serde_json::from_slice(&found.stdout).unwrap();
    assert_eq!(found["ok"], false);
    assert_eq!(
        found["faults"][0],
        "account 1: its balance or its holds are not the sums of its ledger entries"
    );
}

#[test]
fn a_service_is_taken_out_and_has_a_reuse_of_its_own() {
    let site = Site::with_modems(1);
    let _daemon = site.serve_ready();
    let key = site.customer("ann", "10");
    let added = site.json(&[
        "service",
        "add",
        "Uber",
        "--price",
        "0.50",
        "--sender",
        "^Uber$",
        "--reuse-window",
        "90m",
        "--reuse-price-percent",
        "20",
    ]);
    assert_eq!(
        (&added["reuse_window"], &added["reuse_price_percent"]),
        (&"1h 30m".into(), &20.into()),
        "{added}"
    );
    assert_eq!(site.json(&["service", "disable", "Uber"])["enabled"], false);
    assert_eq!(site.get(&format!("/api/makeorder?key={key}&serviceId=1")), "INVALID_SERVICE");
    assert_eq!(site.get(&format!("/api/services?key={key}")), r#"{"services":[]}"#);
    assert_eq!(site.json(&["service", "enable", "1"])["enabled"], true);
    let made = site.get(&format!("/api/makeorder?key={key}&serviceId=1"));
    let number = made.rsplit('_').next().unwrap().to_owned();
    site.send("Uber", &format!("+31{}", &number[1..]), "code 1234");
    assert_eq!(site.get(&format!("/api/getsms?key={key}&orderId=1&wait=60")), "SUCCESS_code 1234");
    assert!(site.get(&format!("/api/reuse?key={key}&orderId=1")).starts_with("ORDER_ID_2_"));
    assert_eq!(site.get(&format!("/api/getbalance?key={key}")), "9.40", "0.50 and a fifth of it");
    let refused = String::from_utf8(site.run(&["service", "disable", "Nope"]).stderr).unwrap();
    assert!(refused.contains("no service Nope"), "{refused}");
}

#[test]
fn an_empty_name_is_no_name() {
    let site = Site::with_modems(0);
    for command in [
        &["account", "show", ""][..],
        &["account", "add", " "],
        &["account", "topup", "", "1"],
        &["key", "revoke", ""],
        &["sim", "show", ""],
        &["service", "disable", ""],
        &["explain", "", "NL"],
    ] {
        let output = site.run(command);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{command:?}: {said}");
        assert!(said.contains("it is empty"), "{command:?}: {said}");
    }
}

#[test]
fn a_restored_backup_is_the_site_as_it_was() {
    let site = Site::with_modems(1);
    let daemon = site.serve_ready();
    let key = site.customer("ann", "10");
    let number = site.network().numbers().remove(0);
    site.send("Uber", &number, "before the backup");
    wait_for("the message", || site.messages().len() == 1);
    let backup = site.dir.path().join("kept.db");
    site.ok(&["backup", backup.to_str().unwrap()]);
    site.customer("bob", "10");
    daemon.kill();
    // As the operator's guide says.
    let database = site.dir.path().join("simbridge.db");
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{ending}", database.display()));
    }
    std::fs::copy(&backup, &database).unwrap();
    let _daemon = site.serve_ready();
    assert_eq!(site.json(&["account", "list"]).as_array().unwrap().len(), 1);
    assert_eq!(site.get(&format!("/api/getbalance?key={key}")), "10.00");
    assert_eq!(site.messages()[0]["text"], "before the backup");
    assert_eq!(site.ok(&["verify"]), "no faults\n");
}
