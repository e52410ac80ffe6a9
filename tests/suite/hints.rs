//! What commands say to people: about input that they cannot use, and about what may not be meant.

use simbridge::simulator::Scenario;

use crate::support::{PROGRAM, Site};

#[test]
fn input_that_cannot_be_used_is_explained() {
    let site = Site::with_modems(1);
    let _daemon = site.serve_ready();
    site.ok(&["account", "add", "ann"]);
    let backup = site.dir.path().join("backup.db").display().to_string();
    site.ok(&["backup", &backup]);
    let simulation = site.dir.path().join("modems").display().to_string();
    let send = |to: &'static str, from: &'static str| {
        ["simulate", "send", "--dir", &simulation, "--to", to, "--from", from, "text"]
            .map(str::to_owned)
            .to_vec()
    };
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let time = "it must be a time with its unit, like 90s, 10m, 4h or 30d";
    for (args, code, said) in [
        (words("account topup ann -5"), 1, "a top-up is more than 0.00"),
        (words("account adjust ann 0 --reason x"), 1, "must not be 0.00 and needs a --reason"),
        (words("account ledger ann --limit abc"), 2, "it must be a whole number from 0 to"),
        (words("order list --limit=-1"), 2, "it must be a whole number"),
        (words("bank moves rack --limit x"), 2, "it must be a whole number"),
        (words("order show abc"), 2, "it must be a whole number from 0 to 4294967295"),
        (words("rental show 1.5"), 2, "it must be a whole number"),
        (words("message show 99999999999"), 2, "it must be a whole number"),
        (words("sim rest 8931040000000000018 forever"), 2, time),
        (words("status --watch --every 5"), 2, time),
        (words("service add X --price 1 --reuse-window soon"), 2, time),
        (words("service set X --reuse-window soon"), 2, time),
        (words(&format!("backup {backup}")), 1, "already exists; choose another name"),
        (send("0612340000", "Uber"), 1, "write it like +31612345678"),
        (
            send("+31612340000", "An over-long sender"),
            2,
            "a sender's name has at most 11 characters",
        ),
    ] {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let output = site.run(&args);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {stderr}");
        assert!(stderr.contains(said) && output.stdout.is_empty(), "{args:?}: {stderr}");
    }
}

#[test]
fn what_may_not_be_meant_is_noted() {
    let site = Site::with_modems(0);
    let _daemon = site.serve();
    let notes = |args: &[&str]| {
        let output = site.run(args);
        assert!(output.status.success(), "{args:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let any = notes(&["service", "add", "Any", "--price", "0"]);
    for words in ["note: Any costs nothing\n", "note: Any has no pattern: each of its orders has a"]
    {
        assert!(any.contains(words), "{any}");
    }
    assert_eq!(notes(&["service", "add", "Uber", "--price", "1", "--sender", "^Uber$"]), "");
    let edited = notes(&["service", "set", "Uber", "--remove-sender", "^Uber$"]);
    assert!(edited.contains("note: Uber has no pattern"), "{edited}");
    // Only what holds numbers back is shown, and all reasons in JSON.
    let explained = site.ok(&["explain", "Uber", "NL"]);
    let shown: Vec<&str> =
        explained.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(shown, ["service", "country", "sold", "sims", "available", "price"]);
    assert_eq!(site.json(&["explain", "Uber", "NL"])["busy"], 0);
    // A key is never shown again, even to whoever types it.
    site.ok(&["account", "add", "ann"]);
    let key = site.json(&["key", "add", "ann"])["key"].as_str().unwrap().to_owned();
    let revoked = site.ok(&["key", "revoke", &key]);
    assert!(revoked.contains(&key[..8]) && !revoked.contains(&key), "{revoked}");
}

#[test]
fn the_guide_explains_every_reason_that_holds_a_number_back() {
    let site = Site::with_modems(0);
    let _daemon = site.serve();
    site.ok(&["service", "add", "Uber", "--price", "1", "--sender", "^Uber$"]);
    let guide = crate::docs::page("docs/operators-guide.md");
    let explained = site.json(&["explain", "Uber", "NL"]);
    for reason in explained.as_object().unwrap().keys().skip(5) {
        assert!(guide.contains(&format!("`{reason}`")), "{reason}");
    }
}

#[test]
fn usage_does_not_ask_for_a_configuration_that_the_environment_names() {
    let site = Site::with(0, Scenario::default(), "");
    let output = site.run(&["explain"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("Usage: simbridge explain <SERVICE> <COUNTRY> [ACCOUNT]"), "{said}");
    let empty = std::process::Command::new(PROGRAM)
        .args(["config"])
        .env("SIMBRIDGE_CONFIG", "")
        .output()
        .unwrap();
    let said = String::from_utf8(empty.stderr).unwrap();
    assert!(said.contains("no configuration: give --config FILE"), "{said}");
}
