//! Serial ports and the loop that carries a session's actions out.
//!
//! [`start`] takes paths and globs. A supervisor (`supervisor.rs`) finds the ports they name, now and whenever a folder changes
//! (`watch.rs`), and runs one task for each (`worker.rs`): it opens the port (`port.rs`; who holds a busy one: `holders.rs`), runs a session over it
//! (`attend.rs`), and does it again after a while when that ends (`backoff.rs`). What the daemon has to do for a modem is the [`Host`].
//!
//! No modem can hold up another, or the stop: each has its own task, a write has a deadline, a close never waits for what was not sent,
//! and a panic ends one task, which is started anew.

mod attend;
mod backoff;
mod clock;
mod holders;
mod host;
mod pending;
mod port;
mod supervisor;
mod watch;
mod worker;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::modem::{Request, RequestError};

pub use attend::{End, attend};
pub use host::{Host, HostError};

/// Which ports: a path, or a glob (`*`, `?`, `[…]`) over paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortPattern {
    /// The path or glob. A path that names nothing yet is waited for.
    pub path: PathBuf,
    /// Bits per second, 8N1 without flow control. USB modems and PTYs ignore it.
    pub baud: u32,
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
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            keep_alive: Duration::from_secs(60),
            settled_after: Duration::from_secs(120),
            write_timeout: Duration::from_secs(5),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
        }
    }
}

/// A request on its way to a worker.
#[derive(Debug)]
pub(crate) struct Asked {
    request: Request,
    reply: oneshot::Sender<Result<Vec<String>, RequestError>>,
}

/// The running driver. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Driver {
    stop: CancellationToken,
    requests: mpsc::Sender<(String, Asked)>,
    supervisor: JoinHandle<()>,
}

/// How long workers may take to end.
const STOP_TIMEOUT: Duration = Duration::from_secs(4);

/// Serves all ports that the patterns name with the default settings. Spawns on the current tokio runtime, which needs its timer and I/O.
pub fn start<H: Host>(patterns: Vec<PortPattern>, host: Arc<H>) -> Driver {
    start_with(patterns, Settings::default(), host)
}

/// As [`start`], with other settings.
pub fn start_with<H: Host>(patterns: Vec<PortPattern>, settings: Settings, host: Arc<H>) -> Driver {
    let stop = CancellationToken::new();
    let (requests, asked) = mpsc::channel(16);
    let supervisor = supervisor::Supervisor::new(patterns, settings, host, stop.clone());
    Driver { stop, requests, supervisor: tokio::spawn(supervisor.run(asked)) }
}

impl Driver {
    /// Ends all sessions and closes all ports; at most five seconds, whatever modems do.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if tokio::time::timeout(STOP_TIMEOUT, &mut self.supervisor).await.is_err() {
            self.supervisor.abort();
        }
    }

    /// Asks the modem on this port something, between its other work. `port` is as in its snapshots.
    ///
    /// # Errors
    /// The request is refused, the modem does not answer in time, or there is none.
    pub async fn request(&self, port: &str, request: Request) -> Result<Vec<String>, RequestError> {
        let (reply, answer) = oneshot::channel();
        let asked = (port.to_owned(), Asked { request, reply });
        self.requests.send(asked).await.map_err(|_| RequestError::Gone)?;
        answer.await.unwrap_or(Err(RequestError::Gone))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
