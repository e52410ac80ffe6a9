//! `simbridge check`: the faults that it finds in the file and on this machine.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::support::Site;

fn mode(path: &std::path::Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn everything_that_the_machine_lacks_or_forbids_is_reported_at_once() {
    let site = Site::with_modems(1);
    let folder = site.dir.path();
    mode(folder, 0o755);
    for (pin, rights) in [("open", 0o604), ("closed", 0o600), ("wrong", 0o644)] {
        fs::write(folder.join(pin), if pin == "wrong" { "soon" } else { "1234" }).unwrap();
        mode(&folder.join(pin), rights);
    }
    fs::write(folder.join("no-port"), "").unwrap();
    fs::write(folder.join("kept.db"), "").unwrap();
    mode(&folder.join("kept.db"), 0o600);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = site.rack.as_ref().unwrap().ports()[0].clone();
    // `cat` waits for input that never comes, so it keeps the port open until it is killed.
    let held = fs::File::options().read(true).write(true).open(&port).unwrap();
    let mut holder = std::process::Command::new("cat")
        .stdin(held)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let dir = folder.display().to_string();
    let text = format!(
        "[[modem]]\nport = \"/dev/no-such-modem\"\n[[modem]]\nport = \
         \"{dir}/none*\"\n[[modem]]\nport = \"{dir}/no-port\"\n[[modem]]\nport = \
         \"{port}\"\npin_file = \"{dir}/open\"\n[[modem]]\nport = \"/dev/null\"\npin_file = \
         \"{dir}/closed\"\n[[modem]]\nport = \"/dev/null\"\npin_file = \"{dir}/wrong\"\nprofile = \
         \"nokia\"\n[database]\npath = \"{dir}/kept.db\"\n[http]\nlisten = \
         \"{}\"\n[admin]\nsocket = \"{dir}/missing/admin.sock\"\n",
        taken.local_addr().unwrap(),
        port = port.display(),
    );
    fs::write(site.config(), text).unwrap();
    let output = site.run(&["check", "--user", "nobody"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(1), 0));
    let config = site.config().display().to_string();
    for line in [
        ":1: there is no port /dev/no-such-modem now; plug the modem in or correct the path"
            .to_owned(),
        format!(":3: nothing matches port = \"{dir}/none*\" now"),
        format!(":5: {dir}/no-port is not a serial port"),
        ":10: /dev/null is not a serial port".to_owned(),
        ":13: /dev/null is named on line 10, too; name each port once, by one path".to_owned(),
        format!(":7: user `nobody` cannot use {}, which belongs to the group ", port.display()),
        format!(":7: every user can read the PIN in {dir}/open: run `chmod 640"),
        format!(":7: {} is in use by cat (pid {}); stop that program", port.display(), holder.id()),
        format!(":10: user `nobody` cannot read {dir}/closed: run `chgrp nobody"),
        format!(":13: {dir}/wrong must contain the PIN, 4 to 8 digits"),
        ":13: there is no profile \"nokia\"; there are \"auto\"".to_owned(),
        format!(":18: user `nobody` cannot write the database {dir}/kept.db"),
        format!(
            ":20: {} is in use by another program; stop it or change [http] listen",
            taken.local_addr().unwrap()
        ),
        format!(":22: there is no folder {dir}/missing for the socket"),
    ] {
        assert!(said.contains(&format!("{config}{line}")), "{line} is missing in\n{said}");
    }
    holder.kill().unwrap();
    holder.wait().unwrap();
}

#[test]
fn faults_of_the_file_and_of_the_machine_are_reported_together() {
    let site = Site::with_modems(0);
    let dir = site.dir.path().display().to_string();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    fs::write(site.dir.path().join("no-program"), "").unwrap();
    let text = |power_cycle: &str| {
        format!(
            "[orders]\nlifetime = 10\n[[modem]]\nport = \"/dev/no-such-modem\"\nbaud = \
             1\n[[modem]]\nport = \"[\"\n[http]\nlissten = \"127.0.0.1:1\"\n[admin]\nsocket = \
             \"{dir}/admin.sock\"\nmetrics_listen = \"{address}\"\n[database]\npath = \
             \"{dir}/x.db\"\n[recovery]\npower_cycle = {power_cycle}\n[log]\nlevel =\n"
        )
    };
    let config = site.config().display().to_string();
    let said = |power_cycle: &str| {
        fs::write(site.config(), text(power_cycle)).unwrap();
        let output = site.run(&["check"]);
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stdout).unwrap()
    };
    let all = said("[\"uhubctl-of-nobody\", \"{bus}\"]");
    let expected = [
        ":2: `lifetime` must be a text in quotes".to_owned(),
        ":3: there is no port /dev/no-such-modem now".to_owned(),
        ":5: `baud` must be from 300 to".to_owned(),
        ":7: not a glob: ".to_owned(),
        ":9: unknown key `lissten` in [http]; did you mean `listen`?".to_owned(),
        format!(
            ":12: {address} is in use by another program; stop it or change [admin] \
             metrics_listen"
        ),
        ":16: `power_cycle`: there is no {bus}; there are {usb}, {hub}, {hub_port}, {port}"
            .to_owned(),
        ":16: power_cycle: there is no program uhubctl-of-nobody in /usr/local/sbin:".to_owned(),
        ":18: not TOML: ".to_owned(),
    ];
    let lines: Vec<&str> = all.lines().collect();
    for line in &expected {
        assert!(
            lines.iter().any(|said| said.starts_with(&format!("{config}{line}"))),
            "{line} is missing in\n{all}"
        );
    }
    // It is not known what `lissten` was to be, so the default of `listen` is not checked either.
    assert!(!all.contains("8080") && lines.iter().all(|line| line.contains(&config)), "{all}");
    assert!(lines.len() <= expected.len() + 2, "TOML's own faults may be two: {all}");
    for (program, words) in [
        ("/no/such/program".to_owned(), "there is no program /no/such/program"),
        (format!("{dir}/no-program"), "cannot run"),
    ] {
        let all = said(&format!("[\"{program}\"]"));
        // Root may run every program, so the check is made for another user.
        let all = if words == "cannot run" {
            String::from_utf8(site.run(&["check", "--user", "nobody"]).stdout).unwrap()
        } else {
            all
        };
        assert!(all.contains(":16: power_cycle: ") && all.contains(words), "{all}");
    }
    assert!(!said("[\"sh\", \"-c\", \"{\\\"on\\\": 1} {usb}\"]").contains("power_cycle"));
    assert!(!said("[\"/bin/sh\"]").contains("power_cycle"));
}

#[test]
fn a_faulty_file_stops_no_command_unless_it_hides_the_socket() {
    let site = Site::with_modems(1);
    let _daemon = site.serve_ready();
    let good = fs::read_to_string(site.config()).unwrap();
    for fault in ["[orders]\nlifetime = 10\n", "[htpp]\n", "[orders\n"] {
        fs::write(site.config(), format!("{good}{fault}")).unwrap();
        assert_eq!(site.run(&["check"]).status.code(), Some(1), "{fault}");
        assert_eq!(site.json(&["status"])["modems"]["ready"], 1, "{fault}");
        let reload = site.run(&["reload"]);
        assert_eq!(reload.status.code(), Some(1), "the daemon itself refuses the file");
    }
    for hidden in [
        good.replace("socket =", "sockett ="),
        good.replace("[admin]", "[amdin]"),
        good.replace("socket = ", "socket = 1 # "),
    ] {
        fs::write(site.config(), &hidden).unwrap();
        let output = site.run(&["status"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            output.status.code() == Some(1)
                && said.contains(&format!("{}:", site.config().display())),
            "{said}"
        );
        assert!(!said.contains("/run/simbridge"), "the default socket is not used instead: {said}");
    }
}

#[test]
fn what_a_running_daemon_of_this_configuration_uses_is_no_fault() {
    let site = Site::with_modems(1);
    let _daemon = site.serve_ready();
    let said = site.ok(&["check"]);
    assert!(said.contains("no faults; a daemon runs with it"), "{said}");
}

#[test]
fn the_configuration_is_shown_with_the_origin_of_each_value() {
    let site = Site::with_modems(0);
    let shown = site.json(&["config"]);
    let of = |key: &str| {
        shown.as_array().unwrap().iter().find(|row| row["key"] == key).cloned().unwrap()
    };
    let port = of("modem[0].port");
    assert_eq!(port["from"], format!("{}:8", site.config().display()));
    assert_eq!(
        of("orders.lifetime"),
        serde_json::json!({"key": "orders.lifetime", "value": "10m", "from": "default"})
    );
    assert_eq!(of("modem[0].baud")["value"], 115_200);
    let template = site.ok(&["config", "--template"]);
    assert!(template.contains("\n#listen = \"127.0.0.1:8080\"\n"), "{template}");
    assert!(site.run(&["check", "--user", "no-such-user"]).status.code() == Some(1));
}

/// Checks a configuration of these modems, with the database and the socket in the site's folder;
/// returns the exit code and the faults.
fn faults_of(site: &Site, modems: &str) -> (Option<i32>, Vec<Value>) {
    let dir = site.dir.path().display();
    let text = format!(
        "[database]\npath = \"{dir}/x.db\"\n[http]\nlisten = \"127.0.0.1:0\"\n[admin]\nsocket = \
         \"{dir}/admin.sock\"\n{modems}"
    );
    fs::write(site.config(), text).unwrap();
    report(site, &["check", "--json"])
}

fn report(site: &Site, args: &[&str]) -> (Option<i32>, Vec<Value>) {
    let output = site.run(args);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "the report is the output");
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let members: Vec<&str> = said.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["file", "ok", "running", "faults", "warnings", "rentals"]);
    let faults = said["faults"].as_array().unwrap().clone();
    assert_eq!(said["ok"], faults.is_empty());
    for fault in &faults {
        let members: Vec<&str> = fault.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["file", "line", "fault"]);
    }
    (output.status.code(), faults)
}

#[test]
fn what_a_daemon_could_not_use_is_a_fault_of_the_configuration() {
    let site = Site::with_modems(2);
    let modems = site.dir.path().join("modems").display().to_string();
    std::os::unix::fs::symlink(format!("{modems}/modem000"), format!("{modems}/link")).unwrap();
    let port = |port: &str| format!("[[modem]]\nport = \"{port}\"\n");
    let two = |first: &str, second: &str| port(first) + &port(second);
    let (first, second) = (format!("{modems}/modem000"), format!("{modems}/modem001"));
    let (link, all) = (format!("{modems}/link"), format!("{modems}/modem*"));
    for (text, line, words) in [
        (String::new(), None, "no [[modem]] names a port".to_owned()),
        (two(&first, &first), Some(9), format!("{first} is named on line 7, too; name each")),
        (two(&first, &link), Some(9), format!("{link} is {first} of line 7; name each")),
        (two(&all, &second), Some(9), format!("{second} is named on line 7, too; name each")),
        (two(&all, &all), Some(9), format!("{first} is named on line 7, too, and 1 more; name")),
        (
            port(&format!("{modems}/*0*")) + &port(&format!("{modems}/l*")),
            Some(9),
            "is ".to_owned(),
        ),
        (port("/dev/null"), Some(7), "/dev/null is not a serial port".to_owned()),
        (port("ttyUSB-none"), Some(7), "port = \"ttyUSB-none\" must be a whole path".to_owned()),
        (port(&first) + "pin_file = \"pin\"\n", Some(9), "pin_file = \"pin\" must be".to_owned()),
        (port(&first) + "pin_file = \"~/pin\"\n", Some(9), "`pin_file` must be a whole".to_owned()),
    ] {
        let (code, faults) = faults_of(&site, &text);
        let found = faults.iter().any(|fault| {
            fault["line"] == line.map_or(Value::Null, Value::from)
                && fault["fault"].as_str().unwrap().contains(&words)
        });
        assert!(found && code == Some(1), "{text}: {words} is missing in {faults:#?}");
    }
    // What is named by itself may be matched by a later glob, too, and a glob may match two links.
    let links = format!("{modems}/[lm]*[0-9k]");
    for fine in [two(&second, &all), port(&links), two(&first, &links), two(&link, &all)] {
        assert_eq!(faults_of(&site, &fine), (Some(0), Vec::new()), "{fine}");
    }
    for (path, words) in [("~/sb.db", "must be a whole path: `~`"), ("sb.db", "begins with /")] {
        for section in ["[database]\npath", "[admin]\nsocket", "[hardware]\nfolder"] {
            fs::write(site.config(), format!("{section} = \"{path}\"\n{}", port(&first))).unwrap();
            let (code, faults) = report(&site, &["check", "--json"]);
            let fault = faults.iter().find(|fault| fault["line"] == 2).unwrap();
            assert!(fault["fault"].as_str().unwrap().contains(words) && code == Some(1), "{fault}");
        }
    }
    assert!(!std::path::Path::new("~").exists());
}

#[test]
fn a_configuration_that_the_service_cannot_read_is_a_fault() {
    let site = Site::with_modems(1);
    mode(site.dir.path(), 0o755);
    mode(&site.config(), 0o600);
    let (code, faults) = report(&site, &["check", "--user", "nobody", "--json"]);
    let words = "user `nobody` cannot read this file, which belongs to the group ";
    let fault = faults.iter().find(|fault| fault["fault"].as_str().unwrap().starts_with(words));
    assert!(code == Some(1) && fault.is_some_and(|fault| fault["line"].is_null()), "{faults:?}");
    fs::write(site.config(), b"[http]\n# caf\xe9\n").unwrap();
    let (code, faults) = report(&site, &["check", "--json"]);
    assert_eq!((code, &faults[0]["line"]), (Some(1), &2.into()), "{faults:?}");
    assert!(faults[0]["fault"].as_str().unwrap().starts_with("not UTF-8"), "{faults:?}");
    fs::remove_file(site.config()).unwrap();
    let (code, faults) = report(&site, &["check", "--json"]);
    assert_eq!((code, faults.len()), (Some(1), 1));
}

#[test]
fn a_broken_header_is_the_only_fault_of_its_section() {
    let site = Site::with_modems(1);
    let modem = site.dir.path().join("modems/modem000").display().to_string();
    let (_, faults) =
        faults_of(&site, &format!("[[modem]]\nport = \"{modem}\"\n[orders\nlifetime = \"10m\"\n"));
    let texts: Vec<&str> = faults.iter().map(|fault| fault["fault"].as_str().unwrap()).collect();
    assert!(texts.iter().all(|text| text.starts_with("not TOML")), "{texts:?}");
}
