//! `simbridge status`, once and continuously.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::Stdio;

use rustix::fs::{Mode, OFlags};
use rustix::termios::Winsize;
use serde_json::Value;

use crate::support::{Daemon, Site};

#[test]
fn the_site_on_one_screen_and_as_json() {
    let site = Site::with_modems(2);
    let _daemon = site.serve_ready();
    let shown = site.ok(&["status"]);
    for words in [
        "modems     2 of 2",
        "modem000  Ready",
        "Simbridge NL",
        "+31612340000",
        "last SMS  none yet",
        "▂",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(!shown.contains('\x1b'), "no colours where there is no terminal");
    let said = site.json(&["status"]);
    for path in [
        "/modems/total",
        "/modems/ready",
        "/sims/total",
        "/sims/available",
        "/orders/open",
        "/rentals/active",
    ] {
        assert!(said.pointer(path).is_some_and(Value::is_u64), "{path}: {said}");
    }
    assert_eq!(
        (&said["ready"], &said["alarms"]),
        (&true.into(), &Value::Array(Vec::new())),
        "{said}"
    );
}

#[test]
fn without_a_terminal_watch_prints_one_line_each_time() {
    let site = Site::with_modems(1);
    let _daemon = site.serve_ready();
    for (json, words) in [(false, "modems 1/1"), (true, "\"modems\":{\"total\":1,\"ready\":1}")] {
        let args = if json {
            &["status", "--watch", "--every", "20ms", "--json"][..]
        } else {
            &["status", "--watch", "--every", "20ms"]
        };
        let mut child = site.command(args).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines =
            std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
        for _ in 0..2 {
            let line = lines.next().unwrap().unwrap();
            assert!(line.contains(words), "{line}");
        }
        drop(lines);
        assert!(child.wait().unwrap().success(), "it exits when the reader has gone");
    }
}

/// A pseudo-terminal with this many columns: our end and the program's.
fn terminal(columns: u16) -> (std::fs::File, OwnedFd) {
    let ours = rustix::pty::openpt(
        rustix::pty::OpenptFlags::RDWR
            | rustix::pty::OpenptFlags::NOCTTY
            | rustix::pty::OpenptFlags::CLOEXEC,
    )
    .unwrap();
    rustix::pty::grantpt(&ours).unwrap();
    rustix::pty::unlockpt(&ours).unwrap();
    let name = rustix::pty::ptsname(&ours, Vec::new()).unwrap();
    let theirs =
        rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())
            .unwrap();
    rustix::termios::tcsetwinsize(
        &theirs,
        Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 },
    )
    .unwrap();
    (ours.into(), theirs)
}

/// The text without its escape sequences.
fn plain(text: &str) -> String {
    let mut parts = text.split('\x1b');
    let first = parts.next().unwrap().to_owned();
    first
        + &parts
            .map(|part| {
                part.trim_start_matches('[')
                    .split_once(|c: char| c.is_ascii_alphabetic())
                    .unwrap_or_default()
                    .1
            })
            .collect::<String>()
}

#[test]
fn verify_shows_its_progress_on_a_terminal_only() {
    let site = Site::with_modems(0);
    let _daemon = site.serve();
    let (mut ours, theirs) = terminal(80);
    let mut child = site
        .command(&["verify"])
        .stdout(Stdio::piped())
        .stderr(Stdio::from(theirs))
        .spawn()
        .unwrap();
    let mut said = String::new();
    // A pseudo-terminal ends with an error (EIO) or with nothing to read.
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = ours.read(&mut buffer) {
        said += &String::from_utf8_lossy(&buffer[..length]);
    }
    assert!(child.wait().unwrap().success());
    let checks = simbridge::store::CHECKS;
    assert!(said.contains(&format!("\r\x1b[K1 of {checks} checks")), "{said:?}");
    assert!(
        said.contains(&format!("\r\x1b[K{checks} of {checks} checks"))
            && said.ends_with("\r\x1b[K"),
        "{said:?}"
    );
    let elsewhere = site.run(&["verify"]);
    assert_eq!((elsewhere.stdout, elsewhere.stderr), (b"no faults\n".to_vec(), Vec::new()));
}

#[test]
fn on_a_terminal_watch_redraws_within_its_width_until_ctrl_c() {
    let site = Site::with_modems(1);
    let _daemon = site.serve_ready();
    let (mut ours, theirs) = terminal(60);
    let args = ["status", "--watch", "--every", "20ms"];
    let child =
        site.command(&args).env_remove("NO_COLOR").stdout(Stdio::from(theirs)).spawn().unwrap();
    // Killed with the test, however that ends.
    let mut live = Daemon::of(child);
    let mut said = String::new();
    let mut buffer = [0; 4096];
    while said.matches("\x1b[H").count() < 3 {
        let length = ours.read(&mut buffer).unwrap();
        said += &String::from_utf8_lossy(&buffer[..length]);
    }
    assert!(said.contains("\x1b[32mReady\x1b[0m"), "{said:?}");
    for line in plain(&said).lines().map(str::trim_end) {
        assert!(line.chars().count() <= 60, "{line}");
    }
    rustix::process::kill_process(
        rustix::process::Pid::from_child(live.child.as_ref().unwrap()),
        rustix::process::Signal::INT,
    )
    .unwrap();
    // Nobody else reads the terminal: without this, the program might be blocked on it.
    std::thread::spawn(move || while ours.read(&mut buffer).is_ok_and(|length| length > 0) {});
    let ended = live.child.as_mut().unwrap().wait().unwrap();
    assert!(ended.success(), "{ended}");
}

#[test]
fn ctrl_c_leaves_watch_while_the_daemon_does_not_answer() {
    let site = Site::with_modems(0);
    let daemon = site.serve();
    let mut command = site.command(&["status", "--watch", "--every", "0s"]);
    let mut live = Daemon::of(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut output = live.child.as_mut().unwrap().stdout.take().unwrap();
    let mut first = [0; 64];
    assert!(output.read(&mut first).unwrap() > 0);
    let signal = |process: &Daemon, signal| {
        let id = rustix::process::Pid::from_child(process.child.as_ref().unwrap());
        rustix::process::kill_process(id, signal).unwrap();
    };
    signal(&daemon, rustix::process::Signal::STOP);
    // What it has printed until now is followed by nothing: it waits for the answer.
    std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
    signal(&live, rustix::process::Signal::INT);
    let ended = live.child.as_mut().unwrap().wait().unwrap();
    signal(&daemon, rustix::process::Signal::CONT);
    assert!(ended.success(), "{ended}");
}

#[test]
fn q_leaves_watch_and_the_terminal_is_as_it_was() {
    let site = Site::with_modems(1);
    let _daemon = site.serve_ready();
    let (mut ours, theirs) = terminal(60);
    let before = rustix::termios::tcgetattr(&theirs).unwrap();
    let (input, output) = (theirs.try_clone().unwrap(), theirs.try_clone().unwrap());
    let mut command = site.command(&["status", "--watch", "--every", "20ms"]);
    let child = command.stdin(Stdio::from(input)).stdout(Stdio::from(output)).spawn().unwrap();
    // Killed with the test, however that ends.
    let mut live = Daemon::of(child);
    let mut keys = ours.try_clone().unwrap();
    let (mut said, mut buffer) = (String::new(), [0; 4096]);
    let mut watch_until = |redraws: usize| {
        while said.matches("\x1b[H").count() < redraws {
            let length = ours.read(&mut buffer).unwrap();
            said += &String::from_utf8_lossy(&buffer[..length]);
        }
    };
    watch_until(2);
    keys.write_all(b"x").unwrap();
    watch_until(5);
    keys.write_all(b"q").unwrap();
    std::thread::spawn(move || while ours.read(&mut buffer).is_ok_and(|length| length > 0) {});
    assert!(live.child.as_mut().unwrap().wait().unwrap().success());
    let after = rustix::termios::tcgetattr(&theirs).unwrap();
    assert_eq!(after.local_modes, before.local_modes);
}
