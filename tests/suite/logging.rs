//! What is logged, and that logging never blocks the daemon.

use std::collections::BTreeSet;
use std::io::Read;
use std::process::Stdio;

use simbridge::daemon::logging::EVENTS;

use crate::layering::files;
use crate::support::privacy::Secret;
use crate::support::{Daemon, Site, wait_for};

/// The arguments of each call of one of tracing's macros in a source text, without comments.
fn log_statements(text: &str) -> Vec<String> {
    let code: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| format!("{line}\n"))
        .collect();
    let mut found = Vec::new();
    for name in ["trace!(", "debug!(", "info!(", "warn!(", "error!("] {
        for (at, _) in code.match_indices(name) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let rest = &code[at + name.len()..];
            let mut depth = 1;
            let end = rest.find(|c| {
                depth += i32::from(c == '(') - i32::from(c == ')');
                depth == 0
            });
            found.push(rest[..end.unwrap()].to_owned());
        }
    }
    found
}

#[test]
fn every_log_line_has_an_event_of_the_list_and_every_event_is_used() {
    let mut faults = Vec::new();
    let mut used = BTreeSet::new();
    for (_, path, text) in files() {
        for statement in log_statements(&text) {
            let name = statement
                .split_once("event = \"")
                .and_then(|(_, rest)| rest.split_once('"'))
                .map(|(name, _)| name);
            match name {
                Some(name) if EVENTS.iter().any(|(known, _)| *known == name) => {
                    used.insert(name.to_owned());
                }
                _ => faults.push(format!("{}: no event of the list: {statement}", path.display())),
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let unused: Vec<_> = EVENTS.iter().filter(|(name, _)| !used.contains(*name)).collect();
    assert!(unused.is_empty(), "no log line has these events: {unused:?}");
}

#[test]
fn each_request_has_a_span_with_an_id_that_is_unique_even_across_restarts() {
    let site = Site::with_modems(0);
    let mut ids = Vec::new();
    for start in 0..2 {
        let mut daemon = site.serve();
        if start == 0 {
            site.customer("ann 0612345678", "5");
        }
        for _ in 0..3 {
            let (head, _) =
                site.http("GET /api/getbalance HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
            let id = head
                .lines()
                .find_map(|line| line.strip_prefix("x-request-id: "))
                .unwrap()
                .to_owned();
            ids.push(id);
        }
        daemon.terminate_now();
        let said = daemon.said();
        let spans = said.lines().filter(|line| line.contains("event=\"admin_answered\""));
        let spans: Vec<&str> = spans
            .map(|line| line.split_once("admin{").unwrap().1.split_once('}').unwrap().0)
            .collect();
        ids.extend(spans.iter().map(|span| {
            span.split_once("id=").unwrap().1.split(' ').next().unwrap().replace('"', "")
        }));
        let kept = if start == 0 { "/accounts/{account" } else { "/status" };
        assert!(
            spans.iter().any(|span| span.contains("method=\"POST\"")) == (start == 0),
            "{spans:?}"
        );
        assert!(said.contains(&format!("path=\"{kept}")), "{said}");
        assert!(!said.contains("0612345678"), "an account's name may be a number: {said}");
    }
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert!(all > 12 && ids.len() == all, "{ids:?}");
}

#[test]
fn log_statements_are_found() {
    let text = "warn!(event = \"a\", x = f(1), \"b\");\n// \
                info!(\"no\")\ntracing::info!(\"c\");\nmy_info!(1)";
    assert_eq!(log_statements(text), ["\"c\"", "event = \"a\", x = f(1), \"b\""]);
}

/// A pipe that is already full: writing to it blocks until somebody reads from it.
fn full_pipe() -> (std::fs::File, std::fs::File) {
    use rustix::fs::{OFlags, fcntl_setfl};
    let (reader, writer) = std::io::pipe().unwrap();
    let (reader, writer) = (std::os::fd::OwnedFd::from(reader), std::os::fd::OwnedFd::from(writer));
    fcntl_setfl(&writer, OFlags::NONBLOCK).unwrap();
    while rustix::io::write(&writer, &[b'x'; 4096]).is_ok() {}
    fcntl_setfl(&writer, OFlags::empty()).unwrap();
    (reader.into(), writer.into())
}

#[test]
fn a_log_that_nobody_reads_does_not_block_the_daemon() {
    let site = Site::with_modems(1);
    let (mut reader, writer) = full_pipe();
    let child = site
        .command(&["serve"])
        .env("RUST_LOG", "debug")
        .stderr(Stdio::from(writer))
        .spawn()
        .unwrap();
    let daemon = Daemon::of(child);
    let socket = site.dir.path().join("admin.sock");
    wait_for("the admin socket", || std::os::unix::net::UnixStream::connect(&socket).is_ok());
    wait_for("the modem to be Ready", || site.admin("/status")["modems"]["ready"] == 1);
    let number = site.network().numbers()[0].clone();
    site.send("Uber", &number, "Your Uber code is 123456");
    wait_for("the message", || site.messages().len() == 1);
    daemon.terminate();
    let mut said = String::new();
    reader.read_to_string(&mut said).unwrap();
    assert!(!said.contains("started"), "the pipe was not full: {said}");
}

#[test]
fn json_lines_have_their_event_and_their_spans() {
    let site =
        Site::with(1, simbridge::simulator::Scenario::default(), "[log]\nformat = \"json\"\n");
    let mut daemon = site.serve_ready();
    daemon.terminate_now();
    let lines: Vec<serde_json::Value> = daemon
        .said()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
        .collect();
    let ready = lines.iter().find(|line| line["fields"]["event"] == "modem_ready").unwrap();
    assert!(ready["span"]["port"].as_str().unwrap().ends_with("modem000"), "{ready}");
    assert!(lines.iter().all(|line| line["fields"]["event"].is_string()), "{lines:#?}");
}

#[test]
fn rust_log_overrides_the_level_and_a_wrong_one_is_refused() {
    let site =
        Site::with(0, simbridge::simulator::Scenario::default(), "[log]\nlevel = \"error\"\n");
    let wrong = site.command(&["serve"]).env("RUST_LOG", "simbridge=loud").output().unwrap();
    let said = String::from_utf8(wrong.stderr).unwrap();
    assert!(!wrong.status.success() && said.starts_with("simbridge: RUST_LOG: "), "{said}");
    // The daemons of this suite are started with a RUST_LOG that logs more than errors.
    let mut daemon = site.serve();
    daemon.terminate_now();
    assert!(daemon.said().contains("event=\"stopped\""));
}

/// When a test ends, its daemon's output is searched for secrets. Here the daemon's own port is
/// declared a secret, so the search must fail.
#[test]
fn a_daemon_that_logs_a_secret_fails_its_test() {
    let site = Site::with_modems(1);
    let daemon = site.serve_ready();
    site.secrets.add(Secret::Text("modems/modem000".into()));
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(daemon)));
    let said = *ended.unwrap_err().downcast::<String>().unwrap();
    assert!(
        said.starts_with("secrets in the daemon's output: [\"Text(\\\"modems/modem000\\\")\"]"),
        "{said}"
    );
}

/// Messages, numbers and keys of a site are its secrets without a test having to declare them.
#[test]
fn a_sites_secrets_are_known_without_being_declared() {
    let site = Site::with_modems(1);
    let _daemon = site.serve();
    let key = site.customer("ann", "0");
    site.send("Uber", &site.network().numbers()[0], "Your Uber code is 123456");
    let number = site.network().numbers()[0].clone();
    for output in
        [format!("key={key}"), format!("to {number}"), "Your Uber code is 123456".to_owned()]
    {
        assert!(!site.secrets.found_in(&output, site.dir.path()).is_empty(), "{output}");
    }
}
