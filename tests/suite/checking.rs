//! What `check` finds on this machine, all of it at once.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use crate::support::Site;

fn mode(path: &std::path::Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn everything_that_the_machine_does_not_have_or_does_not_allow() {
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
    // It reads what nobody sends: it holds the port until it is ended.
    let held = fs::File::options().read(true).write(true).open(&port).unwrap();
    let mut holder = std::process::Command::new("cat").stdin(held).stdout(std::process::Stdio::null()).spawn().unwrap();
    let dir = folder.display().to_string();
    let text = format!(
        "[[modem]]\nport = \"/dev/no-such-modem\"\n[[modem]]\nport = \"{dir}/none*\"\n[[modem]]\nport = \"{dir}/no-port\"\n\
         [[modem]]\nport = \"{port}\"\npin_file = \"{dir}/open\"\n[[modem]]\nport = \"/dev/null\"\npin_file = \"{dir}/closed\"\n\
         [[modem]]\nport = \"/dev/null\"\npin_file = \"{dir}/wrong\"\nprofile = \"nokia\"\n\
         [database]\npath = \"{dir}/kept.db\"\n[http]\nlisten = \"{}\"\n[admin]\nsocket = \"{dir}/missing/admin.sock\"\n",
        taken.local_addr().unwrap(),
        port = port.display(),
    );
    fs::write(site.config(), text).unwrap();
    let output = site.run(&["check", "--user", "nobody"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    let config = site.config().display().to_string();
    for line in [
        ":1: there is no port /dev/no-such-modem now; plug the modem in, or mend the path".to_owned(),
        format!(":3: nothing matches port = \"{dir}/none*\" now"),
        format!(":5: {dir}/no-port is no serial port"),
        format!(":7: nobody may not use {}; it belongs to the group ", port.display()),
        format!(":7: everybody may read the PIN in {dir}/open: `chmod 640"),
        format!(":7: {} is held by cat (pid {}); end that", port.display(), holder.id()),
        format!(":10: nobody may not read {dir}/closed: `chgrp nobody"),
        format!(":13: {dir}/wrong must have the PIN, 4 to 8 digits"),
        ":13: there is no profile \"nokia\"; there are \"auto\"".to_owned(),
        format!(":18: nobody may not write the database {dir}/kept.db"),
        format!(":20: another program listens on {}", taken.local_addr().unwrap()),
        format!(":22: there is no folder {dir}/missing for the socket"),
    ] {
        assert!(said.contains(&format!("{config}{line}")), "{line} is missing in\n{said}");
    }
    holder.kill().unwrap();
    holder.wait().unwrap();
}

#[test]
fn what_a_running_daemon_of_this_configuration_holds_is_no_fault() {
    let site = Site::with_modems(1);
    let _daemon = site.serve_ready();
    let said = site.ok(&["check"]);
    assert!(said.contains("no faults; a daemon runs with it"), "{said}");
}

#[test]
fn the_configuration_is_shown_with_where_it_is_from() {
    let site = Site::with_modems(0);
    let shown = site.json(&["config"]);
    let of = |key: &str| shown.as_array().unwrap().iter().find(|row| row["key"] == key).cloned().unwrap();
    let port = of("modem[0].port");
    assert_eq!(port["from"], format!("{}:8", site.config().display()));
    assert_eq!(of("orders.lifetime"), serde_json::json!({"key": "orders.lifetime", "value": "10m", "from": "default"}));
    assert_eq!(of("modem[0].baud")["value"], 115_200);
    let template = site.ok(&["config", "--template"]);
    assert!(template.contains("\n#listen = \"127.0.0.1:8080\"\n"), "{template}");
    assert!(site.run(&["check", "--user", "no-such-user"]).status.code() == Some(1));
}
