//! The operator's commands: the JSON that scripts rely on, exit codes, and texts for people.

use serde_json::Value;

use crate::support::{Site, wait_for};

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

fn has_keys(object: &Value, names: &str) {
    for name in names.split(' ') {
        assert!(object.get(name).is_some(), "{name} is missing in {object}");
    }
}

#[test]
fn the_json_that_scripts_rely_on() {
    let site = Site::with_modems(1);
    let _daemon = site.serve_ready();
    let account = site.json(&["account", "add", "ann"]);
    let account_keys = "id name balance held currency suspended paused_until max_open \
                        orders_per_day orders_today spend_per_day spent_today own_limits erased_at";
    assert_eq!(keys(&account).join(" "), account_keys);
    assert_eq!(site.json(&["account", "topup", "1", "12.5"])["balance"], "12.50");
    assert_eq!(site.json(&["account", "show", "ann"])["currency"], "USD");
    let service = site.json(&["service", "add", "Uber", "--price", "0.5", "--sender", "^Uber$"]);
    has_keys(&service, "id name price enabled");
    assert_eq!((&service["price"], &service["enabled"]), (&"0.50".into(), &true.into()));
    let key = site.json(&["key", "add", "ann"]);
    has_keys(&key, "account prefix key");
    let modem = site.json(&["modem", "list"])[0].clone();
    has_keys(&modem, "port imei manufacturer model state since iccid number signal operator");
    assert_eq!(modem["state"], "Ready");
    let sim = site.json(&["sim", "list"])[0].clone();
    has_keys(&sim, "iccid imsi number country state modem");
    assert_eq!(
        (&sim["state"], &sim["country"], &sim["modem"]),
        (&"available".into(), &"NL".into(), &modem["port"])
    );
    assert_eq!(modem["number"], sim["number"]);
    site.get(&format!("/api/makeorder?serviceId=1&key={}", key["key"].as_str().unwrap()));
    let order = site.json(&["order", "list"])[0].clone();
    has_keys(&order, "account service number country state price created_at expires_at");
    assert_eq!((&order["account"], &order["service"]), (&"ann".into(), &"Uber".into()));
    assert_eq!(order["created_at"].as_str().unwrap().len(), "2026-06-22T12:57:03.000000Z".len());
    let status = site.json(&["status"]);
    has_keys(&status, "ready modems sims orders rentals");
    assert_eq!((&status["ready"], &status["orders"]["open"]), (&true.into(), &1.into()));
    site.send("Uber", sim["number"].as_str().unwrap(), "code 1234");
    wait_for("the message", || !site.messages().is_empty());
    let message = site.messages().remove(0);
    has_keys(
        &message,
        "id iccid number sender text code sent_at received_at complete order rental",
    );
    assert_eq!((&message["order"], &message["rental"]), (&order["id"], &Value::Null));
}

#[test]
fn the_key_is_alone_on_the_last_line() {
    let site = Site::with_modems(0);
    let _daemon = site.serve();
    site.ok(&["account", "add", "ann"]);
    let said = site.ok(&["key", "add", "ann"]);
    let key = said.lines().last().unwrap();
    assert_eq!(
        (key.len(), site.get(&format!("/api/getbalance?key={key}"))),
        (64, "0.00".to_owned())
    );
    assert!(!site.ok(&["key", "list"]).contains(key));
    assert_eq!(site.json(&["key", "list"])[0]["prefix"], key[..8]);
}

#[test]
fn tables_for_people() {
    let site = Site::with_modems(0);
    let _daemon = site.serve();
    assert_eq!(site.ok(&["account", "list"]), "no accounts\n");
    site.ok(&["account", "add", "ann"]);
    let expected =
        "ID  NAME  BALANCE  HELD  CURRENCY  SUSPENDED\n1   ann   0.00     0.00  USD       no\n";
    assert_eq!(site.ok(&["account", "list"]), expected);
}

#[test]
fn refusals_go_to_stderr_with_exit_1_and_usage_with_2() {
    let site = Site::with_modems(0);
    let no_daemon = site.run(&["status"]);
    assert_eq!(no_daemon.status.code(), Some(1));
    let said = String::from_utf8(no_daemon.stderr).unwrap();
    assert!(said.contains("no daemon answers on") && said.contains("simbridge serve"), "{said}");
    let _daemon = site.serve();
    site.ok(&["account", "add", "ann"]);
    for (args, code, words) in [
        (&["account", "add", "ann"][..], 1, "there is an account ann already"),
        (&["account", "add", "12"], 1, "at least one of them a letter"),
        (&["account", "show", "bob"], 1, "no account bob"),
        (&["account", "topup", "ann", "1,50"], 1, "1,50: not an amount: write it like 12.50"),
        (&["key", "revoke", "abc"], 1, "no working key begins with abc"),
        (&["key", "set", "abc", "--label", "x"], 1, "no working key begins with abc"),
        (&["key", "set", "abc"], 2, "--allow <NETWORK>"),
        (&["key", "set", "abc", "--expires", "yesterday"], 2, "write it like 2026-06-22"),
        (&["key", "set", "abc", "--expires", "2001-01-01"], 1, "no working key"),
        (&["key", "add", "ann", "--expires", "2001-01-01"], 1, "expires later than now"),
        (&["key", "add", "ann", "--allow", "here"], 1, "here: not an address or a network"),
        (&["key", "add", "ann", "--allow", "any", "--allow", "::1"], 1, "any: not an address"),
        (&["key", "add", "ann", "--label", "a\u{1b}b"], 1, "cannot be seen"),
        (&["service", "add", "x", "--price", "1", "--sender", "("], 1, "pattern of service x"),
        (
            &["service", "add", "x", "--price", "1", "--country", "XX=1"],
            1,
            "no country XX; there are NL, GB, US, and all others by their ISO 3166 codes, like DE",
        ),
        (&["sim", "set-number", "12", "+31612345678"], 1, "an ICCID is 18 to 22 digits"),
        (
            &["sim", "set-number", "8931080000000000001", "12", "--create"],
            1,
            "write it like +31612345678",
        ),
        (&["accounts"], 2, "Usage"),
        (&["service", "add", "x"], 2, "--price"),
        (&["service", "add", "x", "--price", "1", "--country", "UK"], 2, "write it like GB=0.80"),
    ] {
        let output = site.run(args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        assert!(said.contains(words) && output.stdout.is_empty(), "{args:?}: {said}");
    }
}

#[test]
fn a_second_daemon_on_the_same_database_is_refused() {
    let site = Site::with_modems(0);
    let _daemon = site.serve();
    let second = site.run(&["serve"]);
    let said = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(said.contains("another simbridge (pid ") && said.contains("stop it first"), "{said}");
}

/// What bash is offered for the last word of a command line.
fn offered(site: &Site, line: &[&str]) -> Vec<String> {
    let words = [&["--", "simbridge"], line].concat();
    let mut command = site.command(&words);
    command.env("COMPLETE", "bash").env("_CLAP_IFS", "\n").env("_CLAP_COMPLETE_SPACE", "true");
    command
        .env("_CLAP_COMPLETE_INDEX", line.len().to_string())
        .env("_CLAP_COMPLETE_COMP_TYPE", "9");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn a_shell_is_offered_commands_and_the_names_that_the_daemon_has() {
    let site = Site::with_modems(1);
    let without_daemon = offered(&site, &["account", "show", ""]);
    assert!(without_daemon.iter().all(|word| word.starts_with("--")), "{without_daemon:?}");
    let _daemon = site.serve_ready();
    for name in ["ann", "anna", "bob"] {
        site.ok(&["account", "add", name]);
    }
    site.ok(&["service", "add", "Uber", "--price", "0.50"]);
    let prefix = site.json(&["key", "add", "ann"])["prefix"].clone();
    let iccid = site.admin("/sims")[0]["iccid"].clone();
    for (line, expected) in [
        (&["account", "show", "an"][..], &["ann", "anna"][..]),
        (&["order", "list", "--account", "b"], &["bob"]),
        (&["service", "disable", ""], &["Uber"]),
        (&["key", "revoke", ""], &[prefix.as_str().unwrap()]),
        (&["sim", "show", "8"], &[iccid.as_str().unwrap()]),
        (&["modem", "reset", ""], &["modem000"]),
        (&["account", "sus"], &["suspend"]),
    ] {
        let found = offered(&site, line);
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        assert!(expected.iter().all(|name| found.contains(name)), "{line:?}: {found:?}");
    }
    assert!(!offered(&site, &["account", "show", "an"]).contains(&"bob".to_owned()));
}

#[test]
fn a_site_is_given_a_key_that_is_shown_once_and_can_be_revoked() {
    let site = Site::with_modems(1);
    let _daemon = site.serve_ready();
    let added = site.run(&["site", "add", "ams"]);
    let (printed, noted) = (text(&added.stdout), text(&added.stderr));
    let key = printed.lines().last().unwrap().to_owned();
    assert!(key.len() == 64 && key.bytes().all(|b| b.is_ascii_hexdigit()), "{printed}");
    assert!(noted.contains("[site] key_file") && !noted.contains(&key), "{noted}");
    let listed = site.ok(&["site", "list"]);
    let rows: Vec<Vec<&str>> =
        listed.lines().map(|line| line.split_whitespace().take(7).collect()).collect();
    assert_eq!(rows[0], ["NAME", "STATE", "SINCE", "VERSION", "PORTS", "READY", "QUESTION_MS"]);
    assert_eq!(rows[1], ["ams", "never_connected", "-", "-", "0", "0", "-"]);
    assert!(!listed.contains(&key) && !site.admin("/sites").to_string().contains(&key));
    for (args, why) in [
        (&["site", "add", "ams"][..], "there is a site ams already"),
        (&["site", "add", "AMS/1"], "a site's name has 1 to 32 small letters"),
        (&["site", "revoke", "fra"], "no site is called fra"),
        (&["site", "remove", "ams"], "revoke its key first"),
        (&["bank", "show", "ams/rack"], "site ams is not connected"),
    ] {
        let refused = site.run(args);
        assert_eq!(refused.status.code(), Some(1), "{args:?}");
        assert!(text(&refused.stderr).contains(why), "{}", text(&refused.stderr));
    }
    assert_eq!(site.json(&["site", "revoke", "ams"])["state"], "revoked");
    assert_eq!(site.json(&["site", "remove", "ams"])["removed"], "ams");
    assert_eq!(site.json(&["site", "list"]).as_array().unwrap().len(), 0);
    let again = site.json(&["site", "add", "ams"]);
    assert!(again["state"] == "never_connected" && again["key"] != key.as_str(), "{again}");
}

fn text(output: &[u8]) -> String {
    String::from_utf8(output.to_vec()).unwrap()
}
