//! Real faults of the machine: a full disk, files that cannot be written, a disk that hangs, a
//! damaged database, a clock that jumps, no more file descriptors. The daemon reports each clearly,
//! the modems keep their messages, and everything works again by itself afterwards.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use simbridge::daemon::config::Config;
use simbridge::daemon::{Daemon as Library, database, system_sources};
use simbridge::domain::Timestamp;
use simbridge::simulator::Scenario;

use crate::support::{Daemon, GIVE_UP, Site, http, wait_for};

/// The answer of the customers' API when the daemon itself fails.
const FAULT: &str = "ERROR";

/// Adds a service and an account. Returns the account's key and a modem's number.
fn shop(site: &Site) -> (String, String) {
    let key = site.customer("ann", "10");
    site.ok(&["service", "add", "Any", "--price", "0.50"]);
    (key, site.network().numbers().remove(0))
}

/// Checks that a message which arrives while nothing can be written stays in its modem, that
/// customers get an error meanwhile, and that both work again afterwards.
fn survives(site: &Site, break_it: impl FnOnce(), mend_it: impl FnOnce()) {
    let (key, number) = shop(site);
    break_it();
    wait_for("customers to get an error", || {
        site.get(&format!("/api/makeorder?key={key}&serviceId=1")) == FAULT
    });
    site.send("Uber", &number, "while nothing can be written");
    // A message that is refused a second time was still in the modem.
    let refused = || {
        (site.page("/metrics").lines())
            .filter(|line| line.starts_with("simbridge_modem_refused_total"))
            .any(|line| !line.ends_with(" 0") && !line.ends_with(" 1"))
    };
    wait_for("the message to be refused repeatedly", refused);
    assert_eq!(site.network().stored(&number), 1, "it stays in the modem");
    assert_eq!(site.admin("/status")["modems"]["ready"], 1, "the modem still works");
    mend_it();
    let messages = || site.admin("/messages?limit=5000").as_array().map_or(0, Vec::len);
    wait_for("the message", || messages() == 1);
    wait_for("it to be gone from the modem", || site.network().stored(&number) == 0);
    wait_for("an order", || {
        site.get(&format!("/api/makeorder?key={key}&serviceId=1")).starts_with("ORDER_ID_")
    });
    assert_eq!(site.network().observed(0).unwrap().deleted_unread, 0);
}

/// Limits the size of the process's files, so that writing beyond it fails, on any machine and for
/// any user who runs the test.
fn limit_files(daemon: &Daemon, most: Option<u64>) {
    let pid = Pid::from_raw(daemon.id().cast_signed()).unwrap();
    prlimit(Some(pid), Resource::Fsize, Rlimit { current: most, maximum: None }).unwrap();
}

#[test]
fn no_message_is_lost_when_files_cannot_grow() {
    let site = Site::with_modems(1);
    let daemon = site.serve_ready();
    survives(&site, || limit_files(&daemon, Some(0)), || limit_files(&daemon, None));
}

/// Starts a daemon whose database is on a file system of 64 MB in a mount namespace of its own (the
/// write-ahead log alone may take 32 MB). `None` where the system does not allow this.
fn on_a_small_disk(site: &Site, folder: &Path) -> Option<Daemon> {
    let script = "mount -t tmpfs -o size=64m tmpfs \"$0\" && exec \"$@\"";
    let unshare = |what: &[&std::ffi::OsStr]| {
        let mut command = Command::new("unshare");
        command
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
            .arg(folder)
            .args(what);
        command.env("SIMBRIDGE_CONFIG", site.config()).env_remove("RUST_LOG").stderr(Stdio::null());
        command
    };
    let possible = unshare(&["true".as_ref()]).status().is_ok_and(|status| status.success());
    possible.then(|| {
        let serve = site.command(&["serve"]);
        site.serve_by(unshare(&[serve.get_program(), "serve".as_ref()]))
    })
}

#[test]
fn a_full_disk_loses_nothing() {
    let site = Site::with_modems(1);
    let folder = site.dir.path().join("small");
    fs::create_dir(&folder).unwrap();
    let text =
        fs::read_to_string(site.config()).unwrap().replace("/simbridge.db", "/small/simbridge.db");
    fs::write(site.config(), text).unwrap();
    let Some(daemon) = on_a_small_disk(&site, &folder) else {
        // Where no file system can be mounted, a limit on the size of files has to do.
        let daemon = site.serve_ready();
        return survives(&site, || limit_files(&daemon, Some(0)), || limit_files(&daemon, None));
    };
    site.wait_ready();
    let filler = format!("/proc/{}/root{}/filler", daemon.id(), folder.display());
    let fill = || {
        let mut file = fs::File::create(&filler).unwrap();
        let full =
            std::iter::repeat_with(|| file.write_all(&[0; 65536])).find_map(Result::err).unwrap();
        assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
        // The operator sees it at a glance.
        wait_for("the alarm", || {
            let status = site.ok(&["status"]);
            status.contains("DiskLow") && status.contains("MB are left on the database's disk")
        });
    };
    survives(&site, fill, || fs::remove_file(&filler).unwrap());
}

/// The command, run by another user if the test is run by root, for whom the modes of files do not
/// count.
fn without_root(site: &Site, args: &[&str]) -> Command {
    let original = site.command(args);
    if !rustix::process::geteuid().is_root() {
        return original;
    }
    // Other users may have no access to the folder that the program is in.
    let program = site.dir.path().join("simbridge");
    fs::copy(original.get_program(), &program).unwrap();
    let mut command = Command::new(program);
    command
        .args(args)
        .env("SIMBRIDGE_CONFIG", site.config())
        .env_remove("RUST_LOG")
        .uid(65534)
        .gid(65534);
    command
}

#[test]
fn a_database_that_may_only_be_read_is_reported_and_left_as_it_is() {
    let site = Site::with_modems(0);
    site.serve().kill();
    let database = site.dir.path().join("simbridge.db");
    let before = fs::read(&database).unwrap();
    let mode =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    for ending in ["", "-wal", "-shm", ".lock"] {
        let path = format!("{}{ending}", database.display());
        if Path::new(&path).exists() {
            mode(Path::new(&path), if ending.is_empty() { 0o444 } else { 0o666 });
        }
    }
    for (folder, words) in [(0o777, "may only read it"), (0o555, "may only read it")] {
        mode(site.dir.path(), 0o777);
        let mut serve = without_root(&site, &["serve"]);
        mode(site.dir.path(), folder);
        let output = serve.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.contains(&format!("cannot open the database {}", database.display())),
            "{said}"
        );
        assert!(said.contains(words), "{said}");
    }
    mode(site.dir.path(), 0o755);
    assert!(fs::read(&database).unwrap() == before);
}

#[test]
fn whatever_the_umask_other_users_may_open_nothing() {
    let site = Site::with_modems(0);
    let serve = site.command(&["serve"]);
    let mut command = Command::new("sh");
    command.args(["-c", "umask 000; exec \"$@\"", "sh"]).arg(serve.get_program()).arg("serve");
    command.env("SIMBRIDGE_CONFIG", site.config());
    let _daemon = site.serve_by(command);
    let files = ["simbridge.db", "simbridge.db-wal", "simbridge.db-shm", "simbridge.db.lock"];
    for (file, mode) in files.map(|file| (file, 0o600)).into_iter().chain([("admin.sock", 0o660)]) {
        let metadata = fs::metadata(site.dir.path().join(file)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, mode, "{file}");
    }
}

#[test]
fn a_disk_that_hangs_delays_writes_and_nothing_else() {
    let site = Site::with_modems(1);
    let _daemon = site.serve_ready();
    let (key, number) = shop(&site);
    let holder = rusqlite::Connection::open(site.dir.path().join("simbridge.db")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    site.send("Uber", &number, "while the disk hangs");
    std::thread::scope(|scope| {
        let order = scope.spawn(|| site.get(&format!("/api/makeorder?key={key}&serviceId=1")));
        wait_for("the message to be read", || site.network().observed(0).unwrap().read == 1);
        assert_eq!(site.get(&format!("/api/getbalance?key={key}")), "10.00");
        assert_eq!(site.admin("/status")["modems"]["ready"], 1);
        assert_eq!((site.network().stored(&number), order.is_finished()), (1, false));
        holder.execute_batch("ROLLBACK").unwrap();
        assert!(order.join().unwrap().starts_with("ORDER_ID_"));
    });
    wait_for("the message", || site.messages().len() == 1);
    wait_for("it to be gone from the modem", || site.network().stored(&number) == 0);
}

#[test]
fn a_damaged_database_is_reported_and_not_touched() {
    for (damage, at, length) in
        [("the header", 0, 64), ("the schema", 100, 3900), ("the first pages", 0, 40_000)]
    {
        let site = Site::with_modems(0);
        let daemon = site.serve();
        site.customer("ann", "10");
        daemon.terminate();
        let database = site.dir.path().join("simbridge.db");
        // Everything is moved into the file that is to be damaged: a reader that was active at the
        // stop may have kept some of it in the write-ahead log.
        rusqlite::Connection::open(&database)
            .unwrap()
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .unwrap();
        let mut bytes = fs::read(&database).unwrap();
        bytes[at..at + length].fill(0xA5);
        fs::write(&database, &bytes).unwrap();
        let output = site.run(&["serve"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(78), "{damage}: {said}");
        let words = format!("the database {} is damaged", database.display());
        assert!(said.contains(&words) && said.contains("restore a backup"), "{damage}: {said}");
        assert!(fs::read(&database).unwrap() == bytes, "{damage}: the file was written to");
    }
}

/// A clock for the daemon that is some hours ahead of that of the simulated modems, or behind it.
fn skewed(hours: &Arc<AtomicI64>) -> system_sources::WallClock {
    let hours = Arc::clone(hours);
    Box::new(move || {
        let now: Timestamp = chrono::Utc::now().into();
        Timestamp(now.0 + hours.load(Ordering::SeqCst) * 3_600_000_000)
    })
}

#[test]
fn a_clock_that_is_set_back_or_forward_takes_no_code_from_anybody() {
    let site = Site::with(1, Default::default(), "[orders]\nmax_open_per_account = 5\n");
    let hours = Arc::new(AtomicI64::new(0));
    let config = Config::load(&site.config()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let clock = system_sources::monotonic(skewed(&hours));
    let daemon = runtime.block_on(async {
        let store = database::open(&config, clock.now(), || ()).await.unwrap();
        Library::start(&config, store, clock, system_sources::entropy()).await.unwrap()
    });
    site.wait_ready();
    let (key, number) = shop(&site);
    let order = || {
        let answer = site.get(&format!("/api/makeorder?key={key}&serviceId=1"));
        answer
            .strip_prefix("ORDER_ID_")
            .unwrap_or_else(|| panic!("{answer}"))
            .split('_')
            .next()
            .unwrap()
            .to_owned()
    };
    let answer = |id: &str| site.get(&format!("/api/getsms?key={key}&orderId={id}"));
    let code = |id: &str, code: &str| {
        site.send("Uber", &number, &format!("Your code is {code}"));
        wait_for("the code", || answer(id).contains(code));
    };
    // The clock is set back while an order is open. The order still gets its code, and so do later
    // ones.
    let before = order();
    hours.store(-1, Ordering::SeqCst);
    code(&before, "1111");
    // The SIM's number is used up for that service, so another service is added.
    site.ok(&["service", "add", "Other", "--price", "0.50", "--sender", "^Lyft$"]);
    let other = site.get(&format!("/api/makeorder?key={key}&serviceId=2"));
    let other = other.strip_prefix("ORDER_ID_").unwrap().split('_').next().unwrap().to_owned();
    // The clock is set forward beyond the order's end. It expires, and its hold is given back.
    hours.store(2, Ordering::SeqCst);
    wait_for("the order to be over", || answer(&other) == "ORDER_EXPIRED");
    wait_for("its hold to be given back", || site.admin("/accounts/ann")["held"] == "0.00");
    wait_for("the modem's report to count as recent again", || {
        site.admin("/status")["sims"]["available"] == 1
    });
    runtime.block_on(daemon.stop());
}

/// The CPU time that a process has used so far, in clock ticks.
fn ticks(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn many_connections_take_no_descriptors_from_modems_and_database() {
    let site = Site::with_modems(1);
    let serve = site.command(&["serve"]);
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "ulimit -Sn 60 && ulimit -Hn 100 && exec \"$0\" serve"])
        .arg(serve.get_program());
    limited.env("SIMBRIDGE_CONFIG", site.config()).env_remove("RUST_LOG");
    let mut daemon = site.serve_by(limited);
    site.wait_ready();
    let limits = fs::read_to_string(format!("/proc/{}/limits", daemon.id())).unwrap();
    let files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    assert_eq!(
        files.split_whitespace().nth(3),
        Some("100"),
        "the soft limit must be raised to the hard one: {files}"
    );
    let (key, number) = shop(&site);
    let address = site.admin("/status")["listen"].as_str().unwrap().to_owned();
    let crowd: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(&address).unwrap()).collect();
    let request =
        format!("GET /api/getbalance?key={key} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    // `None` when the connection is closed without an answer, as some are in such a crowd.
    let ask = || {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(GIVE_UP)).unwrap();
        let mut answer = String::new();
        let sent = stream.write_all(request.as_bytes());
        sent.and_then(|()| stream.read_to_string(&mut answer)).ok().filter(|&length| length > 0)?;
        Some(answer)
    };
    let mut refusal = None;
    wait_for("a refusal", || {
        refusal = ask();
        refusal.is_some()
    });
    let refusal = refusal.unwrap();
    assert!(refusal.starts_with("HTTP/1.1 503") && refusal.contains("retry-after: 1"), "{refusal}");
    assert!(refusal.ends_with("\r\n\r\nTOO_MANY_CONNECTIONS"), "{refusal}");
    site.send("Uber", &number, "in the crowd");
    wait_for("the message", || site.messages().len() == 1);
    site.ok(&["backup", site.dir.path().join("in-the-crowd.db").to_str().unwrap()]);
    let before = ticks(daemon.id());
    std::thread::park_timeout(Duration::from_millis(600));
    assert!(ticks(daemon.id()) - before < 30, "the daemon uses CPU time although it waits");
    drop(crowd);
    wait_for("the connections to be gone", || ask().is_some_and(|it| it.ends_with("10.00")));
    daemon.terminate_now();
    assert!(!daemon.said().contains("accept_failed"), "the descriptors ran out");
}

#[test]
fn customers_are_refused_early_when_too_many_operations_wait_for_the_disk() {
    /// How many requests of each account take the place of others while the queue is not full.
    const AGAIN: usize = 20;
    let site = Site::with(
        1,
        Scenario::default(),
        "[limits]\nkey_per_second = 0\naddress_per_second = 0\n",
    );
    let _daemon = site.serve_ready();
    let (key, number) = shop(&site);
    let address = site.admin("/status")["listen"].as_str().unwrap().to_owned();
    let request_with = |key: &str, what: &str| {
        format!("GET /api/{what}key={key} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    };
    let order_with = |key: &str| request_with(key, "makeorder?serviceId=1&");
    let (request, order) = (|what: &str| request_with(&key, what), order_with(&key));
    let others = ["bob", "cem", "dan", "eve", "fay", "gus"]
        .map(|name| order_with(&site.customer(name, "10")));
    let holder = rusqlite::Connection::open(site.dir.path().join("simbridge.db")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let ask_often = |order: &str, times: usize| -> Vec<TcpStream> {
        let ask = |_| {
            let mut stream = TcpStream::connect(&address).unwrap();
            stream.write_all(order.as_bytes()).unwrap();
            stream
        };
        (0..times).map(ask).collect()
    };
    // One account alone cannot fill the queue.
    let mut crowd = ask_often(&order, 160);
    wait_for("one account to be refused", || {
        let mut answer = String::new();
        let mut stream = ask_often(&order, 1).remove(0);
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        stream.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 429")
    });
    others.iter().for_each(|order| crowd.extend(ask_often(order, 120)));
    let mut refused = (String::new(), String::new());
    wait_for("a request to be refused", || {
        // On a busy machine the first have failed by now, since the database was locked too long.
        crowd.drain(..AGAIN * others.len());
        others.iter().for_each(|order| crowd.extend(ask_often(order, AGAIN)));
        // The requests that were queued first are still waiting for their answers.
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.write_all(order.as_bytes()).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let mut answer = String::new();
        let told = stream.read_to_string(&mut answer).is_ok();
        refused = answer
            .split_once("\r\n\r\n")
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap_or_default();
        told && refused.1 == FAULT
    });
    assert!(refused.0.contains("retry-after: 1"), "{}", refused.0);
    assert_eq!(refused.1, FAULT);
    let page = site.page("/metrics");
    let waiting =
        page.lines().find_map(|line| line.strip_prefix("simbridge_store_waiting ")).unwrap();
    // Besides the 512 that are allowed, there may be requests that were checked while there was
    // still room, and the daemon's own operations.
    assert!(
        (1..=520).contains(&waiting.parse::<usize>().unwrap()),
        "more operations wait than are allowed: {waiting}"
    );
    assert_eq!(
        http(&address, &request("getbalance?")).1,
        "10.00",
        "a request that only reads is answered"
    );
    site.send("Uber", &number, "in the crowd");
    wait_for("the message to be read", || site.network().observed(0).unwrap().read == 1);
    holder.execute_batch("ROLLBACK").unwrap();
    wait_for("the message", || site.messages().len() == 1);
    drop(crowd);
    // Whoever of them came first has had the number.
    wait_for("an answer", || {
        let answer = http(&address, &order).1;
        answer.starts_with("ORDER_") || answer == "NO_PHONE_AVAILABLE"
    });
}
