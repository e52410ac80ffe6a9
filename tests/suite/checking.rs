//! `simbridge check`: the faults that it finds in the file and on this machine.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

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
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    let config = site.config().display().to_string();
    for line in [
        ":1: there is no port /dev/no-such-modem now; plug the modem in, or correct the path"
            .to_owned(),
        format!(":3: nothing matches port = \"{dir}/none*\" now"),
        format!(":5: {dir}/no-port is not a serial port"),
        format!(":7: the user nobody may not use {}, which belongs to the group ", port.display()),
        format!(":7: every user may read the PIN in {dir}/open: run `chmod 640"),
        format!(":7: {} is in use by cat (pid {}); stop that program", port.display(), holder.id()),
        format!(":10: the user nobody may not read {dir}/closed: run `chgrp nobody"),
        format!(":13: {dir}/wrong must contain the PIN, 4 to 8 digits"),
        ":13: there is no profile \"nokia\"; there are \"auto\"".to_owned(),
        format!(":18: the user nobody may not write the database {dir}/kept.db"),
        format!(":20: another program listens on {}", taken.local_addr().unwrap()),
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
        String::from_utf8(output.stderr).unwrap()
    };
    let all = said("[\"uhubctl-of-nobody\", \"{bus}\"]");
    let expected = [
        ":2: `lifetime` must be a text in quotes".to_owned(),
        ":3: there is no port /dev/no-such-modem now".to_owned(),
        ":5: `baud` must be from 300 to".to_owned(),
        ":7: not a glob: ".to_owned(),
        ":9: unknown key `lissten` in [http]; did you mean `listen`?".to_owned(),
        format!(
            ":12: another program listens on {address}; stop that program, or set another \
             metrics_listen"
        ),
        ":16: `power_cycle`: there is no {bus}; there are {usb}, {hub}, {hub_port}, {port}"
            .to_owned(),
        ":16: power_cycle: there is no program uhubctl-of-nobody in /usr/local/sbin:".to_owned(),
        ":18: not TOML: ".to_owned(),
    ];
    let lines: Vec<&str> = all.lines().map(|line| line.trim_start_matches("simbridge: ")).collect();
    for line in &expected {
        assert!(
            lines.iter().any(|said| said.starts_with(&format!("{config}{line}"))),
            "{line} is missing in\n{all}"
        );
    }
    // It is not known what `lissten` was to be, so the default of `listen` is not checked either.
    assert!(!all.contains("8080") && lines.iter().all(|line| line.contains(&config)), "{all}");
    assert!(lines.len() <= expected.len() + 1, "TOML's own faults may be two: {all}");
    for (program, words) in [
        ("/no/such/program".to_owned(), "there is no program /no/such/program"),
        (format!("{dir}/no-program"), "may not run"),
    ] {
        let all = said(&format!("[\"{program}\"]"));
        // Root may run every program, so the check is made for another user.
        let all = if words == "may not run" {
            String::from_utf8(site.run(&["check", "--user", "nobody"]).stderr).unwrap()
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
