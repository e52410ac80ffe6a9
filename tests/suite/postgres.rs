//! Daemons of the real program that share a database on a PostgreSQL server.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::process::ExitStatus;

use crate::json_output::assert_described;
use crate::server::{administer, create_database, socket_folder, use_database};
use crate::support::{Daemon, GIVE_UP, Site, wait_for};

/// A site whose daemon uses the database at this address and is called so.
fn site(modems: usize, address: &str, name: &str) -> Site {
    let site = Site::with_modems(modems);
    use_database(&site.config(), address, "commit_limit = \"4s\"\n");
    let text = std::fs::read_to_string(site.config()).unwrap();
    let cluster = format!("[cluster]\nname = \"{name}\"\nlease = \"5s\"\n");
    std::fs::write(site.config(), text + &cluster).unwrap();
    site
}

/// Has the site's daemon serve customers at an address.
fn listen_at(site: &Site, address: &str) {
    let text = std::fs::read_to_string(site.config()).unwrap();
    let (head, rest) = text.split_once("[http]\nlisten = \"127.0.0.1:0\"").unwrap();
    let text = format!("{head}[http]\nlisten = \"{address}\"{rest}");
    std::fs::write(site.config(), text).unwrap();
}

/// Whether the daemon leads. Between standing by and that there is a moment without an answer.
fn leads(site: &Site) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = UnixStream::connect(site.dir.path().join("admin.sock"))?;
        stream.set_read_timeout(Some(GIVE_UP))?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")?;
        std::io::read_to_string(stream)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

/// How a daemon ends that is not told to.
fn wait_for_end(mut daemon: Daemon) -> ExitStatus {
    let mut status = None;
    wait_for("the daemon to end", || {
        status = daemon.child.as_mut().unwrap().try_wait().unwrap();
        status.is_some()
    });
    status.unwrap()
}

#[test]
#[ignore = "needs a server: .ci/postgres-tests"]
fn a_daemon_that_stands_by_takes_over_from_one_that_is_killed() {
    let address = create_database("takeover");
    let (first, second) = (site(2, &address, "api-1"), site(0, &address, "api-2"));
    let leader = first.serve_ready();
    first.ok(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
    let key = first.customer("ann", "10");
    let standby = second.serve();
    // It is to serve the same modems, and reads its configuration again when it leads.
    let [modems, own] =
        [&first, &second].map(|site| site.dir.path().join("modems").display().to_string());
    let text = std::fs::read_to_string(second.config()).unwrap();
    std::fs::write(second.config(), text.replace(&own, &modems)).unwrap();
    let (head, body) = second.admin_raw("/readyz");
    assert!(head.starts_with("HTTP/1.1 503"), "{head}");
    assert!(body.contains("standby; another daemon (api-1) leads"), "{body}");
    assert!(second.page("/metrics").contains("\nsimbridge_leads 0\n"));
    let refused = second.run(&["account", "list"]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(said.contains("another daemon (api-1) leads; commands are for the daemon"), "{said}");

    first.get(&format!("/api/makeorder?key={key}&serviceId=1"));
    let number = first.json(&["order", "show", "1"])["number"].as_str().unwrap().to_owned();
    first.send("Uber", &number, "Your code: 123456");
    wait_for("the code", || {
        first.get(&format!("/api/getsms?key={key}&orderId=1")).contains("123456")
    });
    leader.kill();
    first.send("Uber", &number, "Your code: 654321");
    wait_for("the other daemon to lead", || leads(&second));
    assert!(second.page("/metrics").contains("\nsimbridge_lead_changed 1\n"));
    // What came meanwhile waited in the modem.
    let code = || second.get(&format!("/api/getsms?key={key}&orderId=1"));
    wait_for("the code that came meanwhile", || code().contains("654321"));
    assert_eq!(second.messages().len(), 2);
    let status = second.json(&["status"]);
    assert_described("status", &status);
    let lead = &status["system"]["database"]["lead"];
    assert_eq!((&lead["name"], &lead["previous"]), (&"api-2".into(), &"api-1".into()));
    wait_for("the alarm", || {
        let alarms = second.admin("/alarms");
        alarms.as_array().unwrap().iter().any(|alarm| alarm["alarm"] == "LeaderChanged")
    });
    assert_eq!(second.json(&["verify"])["ok"], true);
    standby.terminate();
}

#[test]
#[ignore = "needs a server: .ci/postgres-tests"]
fn a_daemon_that_hangs_loses_the_lead_and_ends_when_it_goes_on() {
    use rustix::process::{Pid, Signal, kill_process};
    let address = create_database("hangs");
    let (first, second) = (site(0, &address, "api-1"), site(0, &address, "api-2"));
    let leader = first.serve();
    first.customer("ann", "10");
    let standby = second.serve();
    let pid = Pid::from_raw(leader.id().cast_signed()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    wait_for("the other daemon to lead", || leads(&second));
    assert_eq!(second.json(&["account", "show", "ann"])["balance"], "10.00");
    kill_process(pid, Signal::CONT).unwrap();
    assert_eq!(wait_for_end(leader).code(), Some(1));
    // It is started anew, and stands by.
    let former = first.serve();
    assert!(first.admin_raw("/readyz").1.contains("another daemon (api-2) leads"));
    // One that stands by ends as one that leads does.
    former.terminate();
    standby.terminate();
}

#[test]
#[ignore = "needs a server: .ci/postgres-tests"]
fn a_daemon_whose_session_is_ended_ends_and_leads_again() {
    let address = create_database("ended");
    let site = site(0, &address, "api-1");
    let daemon = site.serve();
    let key = site.customer("ann", "10");
    administer(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database \
         = (SELECT oid FROM pg_database WHERE datname = current_database())",
        Some(&address),
    );
    assert_eq!(wait_for_end(daemon).code(), Some(1));
    let again = site.serve();
    wait_for("it to lead", || leads(&site));
    assert_eq!(site.get(&format!("/api/getbalance?key={key}")), "10.00");
    assert!(site.page("/metrics").contains("\nsimbridge_lead_changed 0\n"));
    again.terminate();
}

#[test]
#[ignore = "needs a server: .ci/postgres-tests"]
fn a_daemon_that_could_not_serve_customers_does_not_take_the_lead() {
    let address = create_database("in_use");
    let site = site(0, &address, "api-1");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    listen_at(&site, &listen);
    let output = site.run(&["serve"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(&format!("cannot listen on {listen} for customers")), "{said}");
    // It has not even made the tables.
    administer("CREATE TABLE leader (epoch bigint)", Some(&address));
}

#[test]
#[ignore = "needs a server: .ci/postgres-tests"]
fn a_daemon_whose_database_is_missing_leads_once_it_is_made() {
    let address = create_database("missing");
    let name = address.split(['/', '?']).nth(3).unwrap();
    administer(&format!("ALTER DATABASE {name} RENAME TO {name}_aside"), None);
    let site = site(0, &address, "api-1");
    let daemon = site.serve();
    let (_, body) = site.admin_raw("/readyz");
    let told: serde_json::Value = serde_json::from_str(&body).unwrap();
    let folder = socket_folder();
    let reason = format!(
        "standby; the database server cannot be used: {}: database \"{name}\" does not exist",
        folder.display()
    );
    assert_eq!(told["faults"], serde_json::json!([reason]));
    administer(&format!("ALTER DATABASE {name}_aside RENAME TO {name}"), None);
    wait_for("it to lead", || leads(&site));
    site.customer("ann", "10");
    daemon.terminate();
}

#[test]
#[ignore = "needs a server: .ci/postgres-tests"]
fn a_daemon_that_stands_by_does_not_take_the_lead_while_its_address_is_in_use() {
    let address = create_database("in_use_later");
    let (first, second) = (site(0, &address, "api-1"), site(0, &address, "api-2"));
    let leader = first.serve();
    // No connection of another test begins at this address.
    let free = std::net::TcpListener::bind("127.0.77.1:0").unwrap();
    let listen = free.local_addr().unwrap();
    listen_at(&second, &listen.to_string());
    drop(free);
    let standby = second.serve();
    let mut taken = None;
    wait_for("the address", || {
        // The daemon tries each second whether it could have it.
        taken = std::net::TcpListener::bind(listen).ok();
        taken.is_some()
    });
    let reason = format!("standby; cannot listen on {listen} for customers");
    wait_for("it to notice", || second.admin_raw("/readyz").1.contains(&reason));
    leader.terminate();
    let again = first.serve();
    wait_for("the other one to lead again", || leads(&first));
    assert!(second.admin_raw("/readyz").1.contains(&reason));
    drop(taken);
    again.terminate();
    wait_for("it to lead", || leads(&second));
    standby.terminate();
}
