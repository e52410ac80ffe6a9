//! Files that the operator reads in and takes out, with the real program.

use std::path::Path;

use simbridge::simulator::Scenario;

use crate::support::Site;

/// What a command says on standard error, and what it exits with.
fn complaints(site: &Site, args: &[&str]) -> (String, Option<i32>) {
    let output = site.run(args);
    (String::from_utf8(output.stderr).unwrap(), output.status.code())
}

#[test]
fn a_file_of_sims_is_tried_and_its_repetitions_are_told_with_their_lines() {
    let site = Site::with(1, Scenario::parse("[[modem]]\nsim.knows_number = false").unwrap(), "");
    let _daemon = site.serve_ready();
    let iccid = site.json(&["sim", "list"])[0]["iccid"].as_str().unwrap().to_owned();
    let new = "8931040000000000026";
    let file = site.dir.path().join("numbers.csv");
    let lines = [
        "iccid,number".to_owned(),
        format!("{iccid},+31612340000"),
        format!("{new},+31612340001"),
        format!("{iccid},+31612340002"),
        "8931040000000000034,+31 612340001".to_owned(),
        "8931040000000000042,0031612340001".to_owned(),
    ];
    std::fs::write(&file, lines.join("\n")).unwrap();
    let file = file.display().to_string();
    let expected =
        [":4: this ICCID stands in line 2 already", ":5: this number stands in line 3 already"];
    let import = |more: &[&str]| site.run(&[&["sim", "import", &file, "--create"], more].concat());
    for (more, told) in [(&["--dry-run"][..], "3 numbers would be set"), (&[], "3 numbers set")] {
        let before = site.json(&["sim", "list"]).as_array().unwrap().len();
        let output = import(more);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        for line in expected {
            assert!(said.contains(line), "{said}");
        }
        assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{told}\n"));
        let after = site.json(&["sim", "list"]).as_array().unwrap().len();
        assert_eq!(after, if more.is_empty() { 3 } else { before }, "{more:?}");
    }
    let deeds = site.json(&["audit", "list", "--action", "set the number"]);
    assert_eq!(deeds.as_array().unwrap().len(), 3, "what was only tried is no deed");
    let (said, _) = complaints(&site, &["sim", "import", &file, "--dry-run"]);
    assert!(said.contains(":6: another SIM claims this number, too"), "{said}");
}

#[test]
fn a_backup_is_checked_without_a_daemon() {
    let site = Site::with_modems(0);
    let daemon = site.serve();
    site.customer("ann", "10");
    let file = site.dir.path().join("a backup#1.db");
    let name = file.to_str().unwrap();
    site.ok(&["backup", name]);
    let database = site.dir.path().join("simbridge.db").display().to_string();
    let (said, code) = complaints(&site, &["verify", &database]);
    assert!(code == Some(1) && said.contains("a daemon has it open"), "{said}");
    daemon.kill();
    assert_eq!(site.ok(&["verify", name]), "no faults\n");
    assert!(!Path::new(&format!("{name}-wal")).exists(), "nothing is created beside it");
    let wrong = "PRAGMA ignore_check_constraints = true; UPDATE account SET balance_minor = 7; \
                 INSERT INTO service (name, price_minor) VALUES ('x', -1); PRAGMA journal_mode = \
                 DELETE";
    rusqlite::Connection::open(&file).unwrap().execute_batch(wrong).unwrap();
    let found = site.run(&["verify", name, "--json"]);
    assert_eq!(found.status.code(), Some(1));
    let found: serde_json::Value = serde_json::from_slice(&found.stdout).unwrap();
    crate::json_output::assert_described("verify", &found);
    let faults: Vec<&str> =
        found["faults"].as_array().unwrap().iter().filter_map(|fault| fault.as_str()).collect();
    let [checksum, sums, entry, conditions] = faults[..] else { panic!("{faults:?}") };
    assert!(conditions.contains("CHECK constraint failed in service"), "{conditions}");
    assert!(checksum.starts_with("the file: its SHA-256 is not that in "), "{checksum}");
    assert!(sums.starts_with("account 1: its balance or its holds are not"), "{sums}");
    assert!(entry.starts_with("ledger entry 1: the balance after it is not"), "{entry}");
    for (content, words) in [
        (None, "No such file"),
        (Some(""), "it is no database of simbridge"),
        (
            Some("this is a letter, and no database at all: it is long enough for a header of one"),
            { "file is not a database" },
        ),
    ] {
        let other = site.dir.path().join("other.db");
        let _ = std::fs::remove_file(&other);
        if let Some(content) = content {
            std::fs::write(&other, content).unwrap();
        }
        let (said, code) = complaints(&site, &["verify", other.to_str().unwrap()]);
        assert!(code == Some(1) && said.contains(words), "{said}");
    }
    let old = "PRAGMA user_version = 5";
    rusqlite::Connection::open(&file).unwrap().execute_batch(old).unwrap();
    let (said, _) = complaints(&site, &["verify", name]);
    assert!(said.contains("an older simbridge has made it (schema version 5"), "{said}");
}
