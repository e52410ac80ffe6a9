//! Ports that are absent, held by another program, named twice, or that misbehave.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use simbridge::daemon::config::Config;
use simbridge::domain::modem::{ModemState, RecoveryStep};
use simbridge::driver::{self, PortPattern, Settings};

use super::modem_events::Recorder;

/// A pseudo-terminal whose other end the test has.
struct Line {
    master: fs::File,
    slave: PathBuf,
    _kept_open: fs::File,
}

fn line() -> Line {
    use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let slave = PathBuf::from(ptsname(&master, Vec::new()).unwrap().to_str().unwrap());
    let kept_open = fs::OpenOptions::new().read(true).write(true).open(&slave).unwrap();
    let mut attributes = tcgetattr(&kept_open).unwrap();
    attributes.make_raw();
    tcsetattr(&kept_open, OptionalActions::Now, &attributes).unwrap();
    Line { master: fs::File::from(master), slave, _kept_open: kept_open }
}

fn settings() -> Settings {
    Settings {
        first_pause: Duration::from_millis(50),
        longest_pause: Duration::from_millis(500),
        write_timeout: Duration::from_millis(300),
        ..Config::defaults().driver_settings()
    }
}

fn pattern(path: impl AsRef<Path>) -> PortPattern {
    PortPattern { port: path.as_ref().to_owned().into(), baud: 115_200 }
}

async fn until_reason(host: &Recorder, port: &Path, words: &str) {
    let port = port.to_str().unwrap();
    let says = |kept: &super::modem_events::Kept| {
        kept.reports
            .get(port)
            .and_then(|report| report.reason.as_ref())
            .is_some_and(|reason| reason.to_string().contains(words))
    };
    host.until(&format!("{port}: {words}"), says).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_that_does_not_exist_is_absent_and_noticed_when_it_appears() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("later");
    let host = Recorder::new();
    let driver = driver::start(vec![pattern(&path)], settings(), Arc::clone(&host));
    until_reason(&host, &path, "nothing at this path").await;
    let line = line();
    symlink(&line.slave, &path).unwrap();
    host.until_state(path.to_str().unwrap(), "Probing").await;
    fs::remove_file(&path).unwrap();
    driver.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_that_another_program_has_open_is_left_alone_and_the_program_named() {
    let line = line();
    // A program that takes no lock: it only reads.
    let mut reader = Command::new("cat")
        .stdin(fs::File::open(&line.slave).unwrap())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let host = Recorder::new();
    let driver = driver::start(vec![pattern(&line.slave)], settings(), Arc::clone(&host));
    until_reason(&host, &line.slave, &format!("held by cat (pid {})", reader.id())).await;
    reader.kill().unwrap();
    reader.wait().unwrap();
    host.until_state(line.slave.to_str().unwrap(), "Probing").await;
    driver.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_that_is_locked_and_a_file_that_is_no_port_say_so() {
    let line = line();
    let lock = fs::OpenOptions::new().read(true).write(true).open(&line.slave).unwrap();
    lock.try_lock().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let host = Recorder::new();
    let driver =
        driver::start(vec![pattern(&line.slave), pattern(&file)], settings(), Arc::clone(&host));
    until_reason(&host, &line.slave, "held by another program").await;
    until_reason(&host, &file, "cannot be opened").await;
    drop(lock);
    host.until_state(line.slave.to_str().unwrap(), "Probing").await;
    driver.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_names_of_one_device_make_one_task() {
    let line = line();
    let folder = tempfile::tempdir().unwrap();
    for name in ["a0", "b0"] {
        symlink(&line.slave, folder.path().join(name)).unwrap();
    }
    let host = Recorder::new();
    let patterns = vec![pattern(folder.path().join("a*")), pattern(folder.path().join("*0"))];
    let driver = driver::start(patterns, settings(), Arc::clone(&host));
    host.until_state(folder.path().join("a0").to_str().unwrap(), "Probing").await;
    host.with(|kept| assert_eq!(kept.reports.len(), 1));
    driver.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_modem_that_stops_reading_is_given_up_and_holds_nobody_up() {
    let line = line();
    // Fill the line towards the modem, so that the very first command cannot be written.
    let filler =
        fs::OpenOptions::new().write(true).custom_flags_nonblock().open(&line.slave).unwrap();
    fill(filler);
    let host = Recorder::new();
    let driver = driver::start(vec![pattern(&line.slave)], settings(), Arc::clone(&host));
    until_reason(&host, &line.slave, "does not read").await;
    tokio::time::timeout(Duration::from_secs(5), driver.stop()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_ends_one_session_and_no_more() {
    let line = line();
    let host = Recorder::new();
    *host.panic_at.lock().unwrap() = Some(ModemState::Probing);
    let driver = driver::start(vec![pattern(&line.slave)], settings(), Arc::clone(&host));
    host.until_state(line.slave.to_str().unwrap(), "Probing").await;
    assert!(host.panic_at.lock().unwrap().is_none());
    driver.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_port_is_greeted_and_its_speech_is_heard() {
    let mut line = line();
    let host = Recorder::new();
    let driver = driver::start(vec![pattern(&line.slave)], settings(), Arc::clone(&host));
    let heard = tokio::task::spawn_blocking(move || {
        let mut heard = [0; 3];
        line.master.read_exact(&mut heard).unwrap();
        heard
    });
    assert_eq!(&heard.await.unwrap(), b"AT\r");
    driver.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_modem_that_stays_deaf_is_recovered_by_ever_stronger_means() {
    let line = line();
    let filler =
        fs::OpenOptions::new().write(true).custom_flags_nonblock().open(&line.slave).unwrap();
    fill(filler);
    let folder = tempfile::tempdir().unwrap();
    let cycled = folder.path().join("cycled");
    let recovery = driver::Recovery {
        power_cycle: vec![
            "cp".to_owned(),
            "/dev/null".to_owned(),
            cycled.to_str().unwrap().to_owned(),
        ],
        ..Config::defaults().recovery
    };
    let host = Recorder::new();
    let driver = driver::start(
        vec![pattern(&line.slave)],
        Settings { recovery, ..settings() },
        Arc::clone(&host),
    );
    until_reason(&host, &line.slave, "reopen").await;
    until_reason(&host, &line.slave, "soft reset").await;
    until_reason(&host, &line.slave, "power cycle").await;
    host.until_state(line.slave.to_str().unwrap(), "Opening").await;
    assert!(cycled.exists());
    let detail = driver.handle().detail(line.slave.to_str().unwrap()).unwrap();
    let count = |wanted| detail.recoveries.iter().find(|(step, _)| *step == wanted).unwrap().1;
    assert!(
        count(RecoveryStep::Reopen) >= 1
            && count(RecoveryStep::SoftReset) >= 1
            && count(RecoveryStep::UsbRebind) == 0,
        "{:?}",
        detail.recoveries
    );
    driver.stop().await;
}

trait Nonblocking {
    fn custom_flags_nonblock(&mut self) -> &mut Self;
}

impl Nonblocking for fs::OpenOptions {
    fn custom_flags_nonblock(&mut self) -> &mut Self {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
        self.custom_flags(i32::try_from(flags.bits()).unwrap())
    }
}

/// Writes until the line takes nothing more, not even after the kernel has moved what it can.
fn fill(mut file: fs::File) {
    use std::io::Write;
    let mut refused = 0;
    while refused < 10_000 {
        match file.write_all(b"x") {
            Ok(()) => refused = 0,
            Err(_) => {
                refused += 1;
                std::thread::yield_now();
            }
        }
    }
}
