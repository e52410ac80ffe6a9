//! Serial ports, and the loop that carries a session's actions out.
//!
//! [`start`] takes paths and globs. A supervisor (`supervisor.rs`) finds the ports they name, now
//! and whenever a folder changes (`hotplug.rs`), and runs one task for each (`worker.rs`). The task
//! opens the port (`port.rs`; who holds a busy one: `holders.rs`), runs a session over it
//! (`session_runner.rs`), and does that again after a while when the session has ended
//! (`backoff.rs`). What the daemon does for a modem is the trait [`ModemEvents`].
//!
//! No modem can hold up another, or the stop: each has its own task, a write has a deadline, a
//! close never waits for what was not sent, and a panic ends one task, which is restarted.

mod backoff;
pub mod bank;
mod clock;
mod credential;
mod hardware;
mod holders;
mod hotplug;
mod log_throttle;
mod modem_events;
mod pending;
mod port;
mod port_record;
mod port_records;
mod probe;
mod processes;
mod recovery;
mod recovery_actions;
mod session_runner;
mod supervisor;
mod transcript;
mod usb;
mod worker;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::domain::PortName;
use crate::domain::modem::{ModemDetail, ModemRequest, ModemSnapshot, RequestError};
use crate::modem::{Pin, SessionConfig};

use port_records::PortRecords;

pub use credential::{credential, credential_name};
pub use hardware::{read_bank_profiles, read_operators, read_profiles};
pub use modem_events::{HostError, ModemEvents};
pub use probe::{Depth, Probed, probe, scan};
pub use processes::pid_of_program;
pub use recovery::Recovery;
pub use recovery_actions::{POWER_PLACES, SWITCH_PLACES, unknown_place};
pub use session_runner::{End, attend};

/// Which ports: a path, or a glob (`*`, `?`, `[…]`) over paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortPattern {
    /// The path or glob. A path that names nothing yet is waited for.
    pub path: PathBuf,
    /// Bits per second, 8N1 without flow control. USB modems and PTYs ignore it.
    pub baud: u32,
}

/// Ports, and what is the same for all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ports {
    /// Which.
    pub pattern: PortPattern,
    /// How their modems are treated.
    pub options: PortOptions,
}

/// How a port's modem is treated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortOptions {
    /// The profile to take by its name; without it, the one that fits what the modem says of
    /// itself.
    pub profile: Option<String>,
    /// A file with the PIN of the SIM cards in it; `credential:NAME` is a credential of the
    /// service.
    pub pin_file: Option<PathBuf>,
    /// The ICCID is read from the card's own file where that can be: what a modem remembers may be
    /// of a card that a bank has exchanged.
    pub iccid_from_card: bool,
}

impl PortOptions {
    /// The PIN of the file; a file that cannot be used is told.
    async fn pin(&self) -> Option<Pin> {
        let path = self.pin_file.as_ref()?;
        let text = match credential(path) {
            Ok(path) => tokio::fs::read_to_string(path).await.map_err(|error| error.to_string()),
            Err(error) => Err(error),
        };
        let pin = text.as_ref().ok().and_then(|text| Pin::parse(text));
        if pin.is_none() {
            let error = text.err().unwrap_or_else(|| "it must have 4 to 8 digits".to_owned());
            warn!(event = "pin_file_unusable", pin_file = %path.display(), error, "no PIN is entered");
        }
        pin
    }
}

impl From<PortPattern> for Ports {
    fn from(pattern: PortPattern) -> Ports {
        Ports { pattern, options: PortOptions::default() }
    }
}

/// How often, and how patiently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// From one keep-alive and sweep of a modem to the next.
    pub keep_alive: Duration,
    /// How long a modem has to have been registered until its messages count as live.
    pub settled_after: Duration,
    /// How long a modem may refuse to read what it is sent.
    pub write_timeout: Duration,
    /// The pause before a port is opened again, the first time. It doubles with each failure.
    pub first_pause: Duration,
    /// The longest such pause.
    pub longest_pause: Duration,
    /// The operator's own folder of hardware files; looked into whenever a port is opened.
    pub hardware: Option<PathBuf>,
    /// What is done about modems that fail.
    pub recovery: Recovery,
}

impl Settings {
    /// The intervals and time-outs that suit real modems.
    pub fn new(hardware: Option<PathBuf>, recovery: Recovery) -> Settings {
        Settings {
            keep_alive: Duration::from_secs(60),
            settled_after: Duration::from_secs(120),
            write_timeout: Duration::from_secs(5),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
            hardware,
            recovery,
        }
    }

    fn session(&self, port: PortName) -> SessionConfig {
        let (keep_alive, settled_after) = (self.keep_alive, self.settled_after);
        SessionConfig { keep_alive, settled_after, ..SessionConfig::new(port) }
    }
}

/// A request on its way to a worker.
#[derive(Debug)]
pub(crate) struct QueuedRequest {
    request: ModemRequest,
    reply: oneshot::Sender<Result<Vec<String>, RequestError>>,
}

/// The running driver. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Driver {
    stop: CancellationToken,
    handle: Handle,
    supervisor: JoinHandle<()>,
}

/// How long workers may take to end.
const STOP_TIMEOUT: Duration = Duration::from_secs(4);

/// The other program that has a port open, in words.
pub async fn holder(port: &Path) -> Option<String> {
    let device = std::fs::canonicalize(port).ok()?;
    holders::Holders::default().rival(&device).await.map(|holder| holder.to_string())
}

/// As [`start`], with other settings.
pub fn start_with<H: ModemEvents, P: Into<Ports>>(
    patterns: Vec<P>,
    settings: Settings,
    host: Arc<H>,
) -> Driver {
    let (ports, wanted) = watch::channel(patterns.into_iter().map(Into::into).collect());
    let stop = CancellationToken::new();
    let (requests, queue) = mpsc::channel(16);
    let records = PortRecords::default();
    let (looked, has_looked) = watch::channel(false);
    let supervisor =
        supervisor::Supervisor::new(wanted, settings, host, stop.clone(), records.clone(), looked);
    let handle = Handle { requests, records, ports: Arc::new(ports), has_looked };
    Driver { stop, handle, supervisor: tokio::spawn(supervisor.run(queue)) }
}

impl Driver {
    /// Ends all sessions and closes all ports; at most five seconds, whatever modems do.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if tokio::time::timeout(STOP_TIMEOUT, &mut self.supervisor).await.is_err() {
            self.supervisor.abort();
        }
    }

    /// Asks the modem on this port something, between its other work. `port` is as in its
    /// snapshots.
    ///
    /// # Errors
    /// The request is refused, the modem does not answer in time, or there is none.
    pub async fn request(
        &self,
        port: &str,
        request: ModemRequest,
    ) -> Result<Vec<String>, RequestError> {
        self.handle.request(port, request).await
    }

    /// For those who ask while the driver runs.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

/// Asks a running driver.
#[derive(Clone, Debug)]
pub struct Handle {
    requests: mpsc::Sender<(PortName, QueuedRequest)>,
    records: PortRecords,
    ports: Arc<watch::Sender<Vec<Ports>>>,
    has_looked: watch::Receiver<bool>,
}

impl Handle {
    /// What is known of a port; `None` when it is not served.
    pub fn detail(&self, port: &str) -> Option<ModemDetail> {
        self.records.detail(port)
    }

    /// A port's last report; `None` when it is not served, or has not reported anything yet.
    pub fn snapshot(&self, port: &str) -> Option<ModemSnapshot> {
        self.records.snapshot(port)
    }

    /// A port's conversation under pseudonyms, as a recording has it; `None` when it is not served.
    pub fn recording(&self, port: &str) -> Option<Vec<String>> {
        self.records.recording(port)
    }

    /// Serves these ports from now on. Sessions on ports that are meant as before go on; the others
    /// are ended, or begun.
    pub fn serve(&self, ports: Vec<Ports>) {
        self.ports.send_replace(ports);
    }

    /// Returns once the ports that there are have been looked for, so that [`Handle::ports`] knows
    /// them.
    pub async fn looked(&self) {
        // Fails when the driver has stopped: then nothing more is found.
        let _ = self.has_looked.clone().wait_for(|looked| *looked).await;
    }

    /// Whether the ports have been looked for since the start: those that are there are served.
    pub fn has_looked(&self) -> bool {
        *self.has_looked.borrow()
    }

    /// How often each port's loop has turned: at least once a minute or so, or its task hangs.
    pub fn loop_turns(&self) -> Vec<(PortName, u64)> {
        self.records.loop_turns()
    }

    /// The ports that are served.
    pub fn ports(&self) -> Vec<PortName> {
        self.records.ports()
    }

    /// As [`Driver::request`].
    ///
    /// # Errors
    /// As there.
    pub async fn request(
        &self,
        port: &str,
        request: ModemRequest,
    ) -> Result<Vec<String>, RequestError> {
        let (reply, answer) = oneshot::channel();
        let queued = (PortName::from_stored(port), QueuedRequest { request, reply });
        self.requests.send(queued).await.map_err(|_| RequestError::Gone)?;
        answer.await.unwrap_or(Err(RequestError::Gone))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
