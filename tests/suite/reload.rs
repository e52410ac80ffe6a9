//! Reloading the configuration while the daemon runs.

use std::fs;

use crate::support::{Site, http, wait_for};

fn change(site: &Site, from: &str, to: &str) {
    let text = fs::read_to_string(site.config()).unwrap();
    assert!(text.contains(from), "{from} is not in\n{text}");
    // The file is replaced as editors do it, so that a daemon which reads it meanwhile gets either
    // the old or the new text.
    let new = site.dir.path().join("new.toml");
    fs::write(&new, text.replace(from, to)).unwrap();
    fs::rename(&new, site.config()).unwrap();
}

#[test]
fn changes_are_applied_or_reported_as_needing_a_restart() {
    let site = Site::with_modems(2);
    let daemon = site.serve_ready();
    let key = site.customer("ann", "10");
    site.ok(&["service", "add", "Any", "--price", "0.50"]);
    assert_eq!(site.ok(&["reload"]), "nothing has changed\n");
    let since = site.admin("/modems")[0]["since"].clone();
    change(
        &site,
        "modem*\"",
        "modem000\"\n[orders]\nmax_open_per_account = 2\nnumber_format = \"international\"",
    );
    change(&site, "listen = \"127.0.0.1:0\"", "listen = \"127.0.0.1:1\"");
    let done = site.json(&["reload"]);
    let folder = site.dir.path().join("modems");
    let expected = serde_json::json!({
        "applied": [
            format!("modem {}/modem* removed", folder.display()),
            format!("modem {}/modem000 added", folder.display()),
            "orders.max_open_per_account = 2",
            "orders.number_format = \"international\"",
        ],
        "needs_restart": ["http.listen = \"127.0.0.1:1\""],
    });
    assert_eq!(done, expected);
    wait_for("the other modem to be gone", || site.admin("/status")["modems"]["total"] == 1);
    let modem = site.admin("/modems")[0].clone();
    assert_eq!(
        (&modem["state"], &modem["since"]),
        (&"Ready".into(), &since),
        "the modem's session continued"
    );
    let order = site.get(&format!("/api/makeorder?key={key}&serviceId=1"));
    assert!(order.contains("_316"), "the number is in the new format: {order}");
    assert_eq!(site.ok(&["reload"]), "needs a restart: http.listen = \"127.0.0.1:1\"\n");
    daemon.kill();
}

#[test]
fn a_faulty_file_changes_nothing_and_says_why() {
    let site = Site::with_modems(0);
    let _daemon = site.serve();
    let key = site.customer("ann", "10");
    let address = site.admin("/status")["listen"].as_str().unwrap().to_owned();
    // The command needs a valid file, to find the daemon's socket.
    let original = site.dir.path().join("original.toml");
    fs::copy(site.config(), &original).unwrap();
    change(
        &site,
        "[[modem]]",
        "[limits]\nkey_per_second = 0\nfailed_keys_per_minute = \"none\"\n[[modem]]\nbaud = 1\n",
    );
    let refused = site.run(&["reload", "--config", original.to_str().unwrap()]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1));
    for words in ["`failed_keys_per_minute` must be from 0", "`baud` must be from 300"] {
        assert!(said.contains(words), "{words} is missing in\n{said}");
    }
    fs::write(site.config(), "\n").unwrap();
    let empty = site.run(&["reload", "--config", original.to_str().unwrap()]);
    let said = String::from_utf8(empty.stderr).unwrap();
    assert!(said.contains("is empty; nothing was changed"), "{said}");
    let request =
        format!("GET /api/getbalance?key={key} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    assert_eq!(http(&address, &request).1, "10.00");
}

#[test]
fn sighup_reloads_and_does_not_stop_the_daemon() {
    let site = Site::with_modems(1);
    let daemon = site.serve_ready();
    let port = site.rack.as_ref().unwrap().ports()[0].display().to_string();
    change(&site, "modem*\"", "modem000\"\n[[modem]]\nport = \"/dev/no-such-modem\"");
    daemon.hang_up();
    wait_for("the new port to be shown", || site.admin("/status")["modems"]["total"] == 2);
    change(&site, "[[modem]]\nport = \"/dev/no-such-modem\"", "");
    daemon.hang_up();
    wait_for("the new port to be gone", || site.admin("/status")["modems"]["total"] == 1);
    assert_eq!(site.admin("/modems")[0]["port"], port.as_str());
    daemon.terminate();
}

#[test]
fn what_check_refuses_is_not_reloaded() {
    let site = Site::with_modems(2);
    let daemon = site.serve_ready();
    let good = fs::read_to_string(site.config()).unwrap();
    let since = site.admin("/modems")[0]["since"].clone();
    let modem = site.dir.path().join("modems/modem000").display().to_string();
    for wrong in [
        "pin_file = \"/no/such/pin\"\n".to_owned(),
        "pin_file = \"credential:not-passed\"\n".to_owned(),
        "profile = \"nokia\"\n".to_owned(),
        format!("[[modem]]\nport = \"{modem}\"\n"),
        "[[modem]]\nport = \"/dev/null\"\n".to_owned(),
        "[recovery]\npower_cycle = [\"/no/such/program\"]\n".to_owned(),
    ] {
        fs::write(site.config(), format!("{good}{wrong}[orders]\nlifetime = \"7m\"\n")).unwrap();
        let report = site.run(&["check"]);
        assert_eq!(report.status.code(), Some(1), "{wrong}");
        let report = String::from_utf8(report.stdout).unwrap();
        let refused = site.run(&["reload"]);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(1), "{wrong}");
        let fault = report.lines().next().unwrap();
        assert!(said.contains(fault), "{fault} is missing in\n{said}");
    }
    fs::write(site.config(), good).unwrap();
    assert_eq!(site.ok(&["reload"]), "nothing has changed\n");
    assert_eq!(site.admin("/modems")[0]["since"], since, "no modem was started again");
    daemon.terminate();
}

#[test]
fn only_the_modems_whose_settings_have_changed_are_started_again() {
    let site = Site::with_modems(2);
    let port = |modem: usize| {
        format!("port = \"{}\"", site.dir.path().join(format!("modems/modem00{modem}")).display())
    };
    let all = format!("port = \"{}\"", site.dir.path().join("modems/modem*").display());
    change(&site, &all, &format!("{}\n[[modem]]\n{}", port(0), port(1)));
    let daemon = site.serve_ready();
    let since = |modem: usize| site.admin("/modems")[modem]["since"].clone();
    let before = (since(0), since(1));
    change(&site, &port(1), &format!("{}\npin_without_count = true", port(1)));
    let applied = site.ok(&["reload"]);
    assert_eq!(applied, format!("applied: modem {} changed\n", &port(1)[8..port(1).len() - 1]));
    wait_for("the changed modem to begin again", || since(1) != before.1);
    site.wait_ready();
    assert_eq!(since(0), before.0, "the other one went on");
    daemon.terminate();
}
