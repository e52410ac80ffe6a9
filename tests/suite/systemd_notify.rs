//! What the daemon tells systemd, the service manager.

use std::os::unix::net::UnixDatagram;
use std::process::Stdio;
use std::time::{Duration, Instant};

use simbridge::simulator::Fault;

use crate::support::{Daemon, GIVE_UP, Site, wait_for};

/// Starts the daemon as systemd does. Also returns the socket on which systemd would listen.
fn serve(site: &Site, watchdog: Option<Duration>) -> (Daemon, UnixDatagram) {
    let path = site.dir.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(GIVE_UP)).unwrap();
    let mut command = site.command(&["serve"]);
    command.env("NOTIFY_SOCKET", &path).stderr(Stdio::null());
    if let Some(watchdog) = watchdog {
        command.env("WATCHDOG_USEC", watchdog.as_micros().to_string());
    }
    (Daemon::of(command.spawn().unwrap()), socket)
}

fn next_notification(socket: &UnixDatagram) -> String {
    let mut said = [0; 4096];
    let length = socket.recv(&mut said).unwrap();
    String::from_utf8_lossy(&said[..length]).trim().to_owned()
}

#[test]
fn systemd_is_told_ready_when_every_port_has_had_its_first_try_and_not_before() {
    let site = Site::with(3, Default::default(), "[[modem]]\nport = \"/dev/no-such-modem\"\n");
    site.network().fault(1, &Fault::Silence { commands: 1 }).unwrap();
    let (daemon, socket) = serve(&site, None);
    assert_eq!(next_notification(&socket), "READY=1");
    let modems = site.admin("/modems");
    let states: Vec<_> = modems
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["state"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(states, ["Absent", "Ready", "Ready", "Ready"]);
    daemon.terminate();
    assert_eq!(next_notification(&socket), "STOPPING=1");
}

#[test]
fn the_watchdog_is_notified_while_the_writer_answers_and_only_then() {
    const PERIOD: Duration = Duration::from_millis(300);
    let site = Site::with_modems(0);
    let (_daemon, socket) = serve(&site, Some(PERIOD));
    let mut notified = 0;
    while notified < 3 {
        notified += usize::from(next_notification(&socket) == "WATCHDOG=1");
    }
    let path = site.dir.path().join("simbridge.db");
    let holder = rusqlite::Connection::open(path).unwrap();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    // Notifications from before the lock may still be queued. After those there is none for longer
    // than the watchdog's period.
    socket.set_read_timeout(Some(PERIOD * 2)).unwrap();
    let mut said = [0; 64];
    let waiting = Instant::now();
    while socket.recv(&mut said).is_ok() {
        assert!(
            waiting.elapsed() < GIVE_UP,
            "the watchdog is notified although the writer is stuck"
        );
    }
    holder.execute_batch("ROLLBACK").unwrap();
    wait_for("the watchdog to be notified again", || socket.recv(&mut said).is_ok());
}
