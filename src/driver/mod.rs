//! Serial ports, and the loop that carries a session's actions out.
//!
//! [`start`] takes paths, globs and addresses (`port.rs`). A supervisor (`supervisor.rs`) finds the
//! ports they name, now and whenever a folder changes (`hotplug.rs`), and runs one task for each
//! (`port_task.rs`). The task opens the port (`line.rs`): a serial one of this machine
//! (`serial.rs`; who holds a busy one: `holders.rs`), or one of another machine (`remote_line.rs`,
//! `rfc2217.rs`). It runs a session over it (`session_runner.rs`), and does that again after a
//! while when the session has ended (`backoff.rs`). Of several ports of one modem one is served
//! (`claims.rs`). What the daemon does for a modem is the trait [`ModemEvents`].
//!
//! No modem can hold up another, or the stop: each has its own task, a write has a deadline, a
//! close never waits for what was not sent, and a panic ends one task, which is restarted.

mod backoff;
pub mod bank;
mod claims;
mod clock;
mod credential;
mod hardware;
mod holders;
mod hotplug;
mod line;
mod log_throttle;
mod modem_events;
mod pending;
mod port;
mod port_record;
mod port_records;
mod port_task;
mod probe;
mod processes;
mod recovery;
mod recovery_actions;
mod remote_line;
mod reporter;
mod rfc2217;
mod serial;
mod session_runner;
mod supervisor;
mod transcript;
mod usb;

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

pub use claims::{Claim, Claims};
pub(crate) use clock::Clock;
pub use credential::{credential, credential_name};
pub use hardware::{read_bank_profiles, read_operators, read_profiles};
pub use modem_events::{HostError, ModemEvents};
pub use port::{Address, Port, Protocol};
pub use probe::{Depth, Probed, probe, scan};
pub use processes::pid_of_program;
pub use recovery::Recovery;
pub use recovery_actions::{POWER_PLACEHOLDERS, SWITCH_PLACEHOLDERS, unknown_placeholder};
pub use session_runner::{End, run_session};

/// Names the ports to serve: one path or address, or all paths that a glob (`*`, `?`, `[…]`)
/// matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortPattern {
    /// The path, glob or address. Nothing has to be there yet: the port is served once it appears.
    pub port: Port,
    /// The speed in bits per second (8N1, without flow control). USB modems, PTYs and lines over
    /// plain TCP ignore it.
    pub baud: u32,
}

/// Ports that are named by one pattern, and how all of them are treated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ports {
    pub pattern: PortPattern,
    pub options: PortOptions,
}

/// How a port's modem is treated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortOptions {
    /// The name of the profile to use; without one, the profile is chosen by the manufacturer and
    /// model that the modem reports.
    pub profile: Option<String>,
    /// The file that holds the PIN of the SIM cards; `credential:NAME` names a credential that
    /// systemd passes to the service.
    pub pin_file: Option<PathBuf>,
    /// Whether the PIN is tried once, too, where a card does not tell how many attempts are left.
    pub pin_without_count: bool,
    /// Whether the ICCID is read from the card's own file where that is possible: a modem may
    /// remember the ICCID of a card that a bank has exchanged since.
    pub iccid_from_card: bool,
    /// Whether an address may be that of another machine: nothing keeps what is said on such a line
    /// secret.
    pub insecure: bool,
}

impl PortOptions {
    /// Reads the PIN from its file. A file that cannot be used is logged, and no PIN is entered.
    async fn pin(&self) -> Option<Pin> {
        let path = self.pin_file.as_ref()?;
        let text = match credential(path) {
            Ok(path) => tokio::fs::read_to_string(path).await.map_err(|error| error.to_string()),
            Err(error) => Err(error),
        };
        let pin = text.as_ref().ok().and_then(|text| Pin::parse(text));
        if pin.is_none() {
            let error = text.err().unwrap_or_else(|| "it must have 4 to 8 digits".to_owned());
            warn!(
                event = "pin_file_unusable",
                pin_file = %path.display(),
                error,
                "the PIN file cannot be used; no PIN is entered"
            );
        }
        pin
    }
}

impl From<PortPattern> for Ports {
    fn from(pattern: PortPattern) -> Ports {
        Ports { pattern, options: PortOptions::default() }
    }
}

/// The driver's intervals and time-outs, and what it does about modems that fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The time from one keep-alive of a modem, with its sweep of all stores, to the next.
    pub keep_alive: Duration,
    /// How long a modem must have been registered before its messages count as live.
    pub settled_after: Duration,
    /// How long a write may take; a modem that has not read it by then is given up.
    pub write_timeout: Duration,
    /// The pause before a port is opened again after a first failure. It doubles with each further
    /// one.
    pub first_pause: Duration,
    /// The limit of that pause.
    pub longest_pause: Duration,
    /// The operator's own folder of hardware files. It is read whenever a port is opened.
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
        let beat = Port::of_name(&port).address().map(|_| remote_line::BEAT);
        SessionConfig { keep_alive, settled_after, beat, ..SessionConfig::new(port) }
    }
}

/// A request on its way to a port's task.
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

/// How long the workers have to end when the driver stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(4);

/// Describes the other program that has a port open, if there is one.
pub async fn holder(port: &Path) -> Option<String> {
    let device = std::fs::canonicalize(port).ok()?;
    holders::Holders::default().rival(&device).await.map(|holder| holder.to_string())
}

/// Starts a driver for the ports that these patterns name.
pub fn start<H: ModemEvents, P: Into<Ports>>(
    patterns: Vec<P>,
    settings: Settings,
    host: Arc<H>,
) -> Driver {
    let (ports, wanted) = watch::channel(patterns.into_iter().map(Into::into).collect());
    let stop = CancellationToken::new();
    let (requests, queue) = mpsc::channel(16);
    let records = PortRecords::new();
    let (scanned, has_scanned) = watch::channel(false);
    let supervisor =
        supervisor::Supervisor::new(wanted, settings, host, stop.clone(), records.clone(), scanned);
    let handle = Handle { requests, records, ports: Arc::new(ports), has_scanned };
    Driver { stop, handle, supervisor: tokio::spawn(supervisor.run(queue)) }
}

impl Driver {
    /// Ends all sessions and closes all ports. That takes five seconds at most, whatever the modems
    /// do.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if tokio::time::timeout(STOP_TIMEOUT, &mut self.supervisor).await.is_err() {
            self.supervisor.abort();
        }
    }

    /// Sends a request to the modem on this port, which carries it out between its other work.
    /// `port` is the name that its snapshots have.
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

    /// A handle by which other tasks use the running driver.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

/// Gives access to a running driver.
#[derive(Clone, Debug)]
pub struct Handle {
    requests: mpsc::Sender<(PortName, QueuedRequest)>,
    records: PortRecords,
    ports: Arc<watch::Sender<Vec<Ports>>>,
    has_scanned: watch::Receiver<bool>,
}

impl Handle {
    /// The details of a port; `None` when it is not served.
    pub fn detail(&self, port: &str) -> Option<ModemDetail> {
        self.records.detail(port)
    }

    /// A port's last report; `None` when it is not served, or has not reported anything yet.
    pub fn snapshot(&self, port: &str) -> Option<ModemSnapshot> {
        self.records.snapshot(port)
    }

    /// A port's conversation with its numbers and texts replaced by pseudonyms, in the format of
    /// recordings; `None` when the port is not served.
    pub fn recording(&self, port: &str) -> Option<Vec<String>> {
        self.records.recording(port)
    }

    /// Replaces the ports to serve. Sessions on ports whose settings stay the same go on; all
    /// others are ended, and sessions on new ports begin.
    pub fn serve(&self, ports: Vec<Ports>) {
        self.ports.send_replace(ports);
    }

    /// Returns once the ports have been searched for the first time, so that [`Handle::ports`]
    /// knows those that exist.
    pub async fn wait_for_first_scan(&self) {
        // This fails only when the driver has stopped; then there is nothing to wait for.
        let _ = self.has_scanned.clone().wait_for(|scanned| *scanned).await;
    }

    /// Whether the ports have been searched since the start: those that exist are served by then.
    pub fn has_scanned(&self) -> bool {
        *self.has_scanned.borrow()
    }

    /// The number of turns that the loop of each port's task has made. It grows at least once in
    /// about a minute; otherwise the task hangs.
    pub fn loop_turns(&self) -> Vec<(PortName, u64)> {
        self.records.loop_turns()
    }

    /// The ports that are served.
    pub fn ports(&self) -> Vec<PortName> {
        self.records.ports()
    }

    /// Sends a request to the modem on this port, as [`Driver::request`] does.
    ///
    /// # Errors
    /// The request is refused, the modem does not answer in time, or there is none.
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
