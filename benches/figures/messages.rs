//! Messages per second, and CPU time per message, with 1, 8 and 64 modems in a closed loop in which
//! each modem always has five messages to read. A message is measured from the modem's store to the
//! deletion after the commit. The baselines are the simplest program that empties the same modems
//! (`reader`), and the commits of SQLite alone.

use std::time::{Duration, Instant};

use simbridge::simulator::{Observed, Scenario};

use super::support::{Site, wait_for};
use super::{process, reader, table};

const MESSAGES: usize = 25_600;
const ON_OFFER: usize = 5;
const ROUNDS: usize = 3;

/// How many messages were received, and what that took.
#[derive(Default)]
pub struct Taken {
    took: Duration,
    cpu: Duration,
    commands: u64,
    wakeups: u64,
    commits: u64,
    operations: u64,
}

pub fn run() {
    table::head(&[
        "from the modem's store to its deletion",
        "messages/s",
        "CPU s per 1000",
        "commands a message",
        "wake-ups a message",
        "operations a commit",
        "`CMGR`+`CMGD` alone, messages/s",
        "CPU s per 1000",
        "ratio of messages/s",
        "goal",
    ]);
    for (modems, goal) in [(1, ""), (8, ""), (64, "≥ 3 000/s, ≤ 0.12 s, ≥ 5 a commit")] {
        let (mut ours, mut least) = (Taken::default(), Taken::default());
        // The two take turns, so that other work of the machine affects both.
        for _ in 0..ROUNDS {
            ours.add(&daemon(modems));
            least.add(&reader_alone(modems));
        }
        let all = (MESSAGES * ROUNDS) as f64;
        let per_second = |taken: &Taken| all / taken.took.as_secs_f64();
        let cpu = |taken: &Taken| format!("{:.3}", taken.cpu.as_secs_f64() * 1000.0 / all);
        table::row(&[
            &format!("{modems} modems"),
            &format!("{:.0}", per_second(&ours)),
            &cpu(&ours),
            &format!("{:.2}", ours.commands as f64 / all),
            &format!("{:.2}", ours.wakeups as f64 / all),
            &format!("{:.1}", ours.operations as f64 / ours.commits as f64),
            &format!("{:.0}", per_second(&least)),
            &cpu(&least),
            &format!("{:.2}", per_second(&ours) / per_second(&least)),
            goal,
        ]);
    }
    table::head(&["SQLite alone, `synchronous=FULL`", "rows/s"]);
    for rows in [1, 100] {
        let (commits, took) = sqlite_alone(rows);
        let per_second = (commits * rows) as f64 / took.as_secs_f64();
        table::row(&[&format!("{rows} a commit"), &format!("{per_second:.0}")]);
    }
}

impl Taken {
    fn add(&mut self, other: &Taken) {
        self.took += other.took;
        self.cpu += other.cpu;
        self.commands += other.commands;
        self.wakeups += other.wakeups;
        self.commits += other.commits;
        self.operations += other.operations;
    }
}

pub fn site(modems: usize) -> Site {
    let modem = format!("[[modem]]\n[modem.sim]\ncapacity = {ON_OFFER}\n");
    Site::with(modems, Scenario::parse(&modem.repeat(modems)).unwrap(), "")
}

fn daemon(modems: usize) -> Taken {
    let site = site(modems);
    let daemon = site.serve_ready();
    let before = commits(&site);
    let mut taken = closed_loop(&site, daemon.id(), modems, MESSAGES);
    let after = commits(&site);
    (taken.commits, taken.operations) = (after.0 - before.0, after.1 - before.1);
    taken
}

fn reader_alone(modems: usize) -> Taken {
    let site = site(modems);
    let mut reader = reader::start(site.rack.as_ref().unwrap().ports());
    let taken = closed_loop(&site, reader.id(), modems, MESSAGES);
    reader.kill().unwrap();
    reader.wait().unwrap();
    taken
}

/// Sends all messages and waits until all are deleted.
pub fn closed_loop(site: &Site, pid: u32, modems: usize, messages: usize) -> Taken {
    let numbers = site.network().numbers();
    let seen = |what: fn(Observed) -> u64| {
        (0..modems).filter_map(|modem| site.network().observed(modem)).map(what).sum::<u64>()
    };
    let commands = seen(|observed| observed.commands);
    let all = seen(|observed| observed.deleted) + u64::try_from(messages).unwrap();
    let (cpu, wakeups) = (process::cpu(pid), process::wakeups(pid));
    let started = Instant::now();
    for n in 0..messages {
        site.send(
            "Uber",
            &numbers[n % modems],
            &format!("Your code is {n:06}. Never share this code."),
        );
    }
    wait_for("all messages to be deleted", || seen(|observed| observed.deleted) == all);
    Taken {
        took: started.elapsed(),
        cpu: process::cpu(pid) - cpu,
        // The CPU time of threads that have ended meanwhile is not known.
        wakeups: process::wakeups(pid).saturating_sub(wakeups),
        commands: seen(|observed| observed.commands) - commands,
        ..Taken::default()
    }
}

/// The numbers of commits and of operations of the database writer so far.
fn commits(site: &Site) -> (u64, u64) {
    let metrics = site.page("/metrics");
    let value = |name: &str| {
        let line = metrics
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_else(|| panic!("no {name}"));
        line.trim().parse::<f64>().unwrap() as u64
    };
    (
        value("simbridge_store_commit_operations_count"),
        value("simbridge_store_commit_operations_sum"),
    )
}

/// Commits this many rows at a time for two seconds.
fn sqlite_alone(rows: usize) -> (usize, Duration) {
    let sqlite = Sqlite::open();
    let started = Instant::now();
    let mut commits = 0;
    while started.elapsed() < Duration::from_secs(2) {
        sqlite.commit(rows);
        commits += 1;
    }
    (commits, started.elapsed())
}

/// A database with the daemon's settings and almost nothing in it.
pub struct Sqlite {
    conn: rusqlite::Connection,
    _dir: tempfile::TempDir,
}

impl Sqlite {
    pub fn open() -> Sqlite {
        let dir = tempfile::tempdir().unwrap();
        let conn = rusqlite::Connection::open(dir.path().join("bare.db")).unwrap();
        conn.pragma_update(None, "journal_mode", "WAL").unwrap();
        conn.pragma_update(None, "synchronous", "FULL").unwrap();
        conn.execute_batch("CREATE TABLE message (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
            .unwrap();
        Sqlite { conn, _dir: dir }
    }

    pub fn commit(&self, rows: usize) {
        self.conn.execute_batch("BEGIN IMMEDIATE").unwrap();
        for _ in 0..rows {
            let mut insert =
                self.conn.prepare_cached("INSERT INTO message (text) VALUES ($1)").unwrap();
            insert.execute(["Your code is 123456. Never share this code."]).unwrap();
        }
        self.conn.execute_batch("COMMIT").unwrap();
    }
}
