//! The life of one port.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use super::attend::{Attendance, End};
use super::backoff::Backoff;
use super::hardware::Hardware;
use super::holders::Holders;
use super::host::Host;
use super::{Asked, PortOptions, Settings, port};
use crate::modem::{RequestError, SessionConfig, Snapshot, State};

/// A port that is not there is looked for this often, should the folder's change have escaped notice.
const LOOK: Duration = Duration::from_secs(60);

pub(crate) struct Worker<H> {
    pub path: PathBuf,
    pub baud: u32,
    pub options: PortOptions,
    pub hardware: Hardware,
    pub settings: Settings,
    pub host: Arc<H>,
    pub holders: Holders,
    /// Something changed in a folder of ports.
    pub changed: Arc<Notify>,
    pub requests: mpsc::Receiver<Asked>,
    pub stop: CancellationToken,
}

/// What tells a device node from one that took its place.
type Node = (u64, u64, u64, i64, i64);

impl<H: Host> Worker<H> {
    pub async fn run(mut self) {
        let stop = self.stop.clone();
        let mut backoff = Backoff::new(self.settings.first_pause, self.settings.longest_pause);
        let mut shown = Shown::new(self.path.to_string_lossy().into_owned());
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.live(&mut shown, &mut backoff) => {}
        }
    }

    async fn live(&mut self, shown: &mut Shown, backoff: &mut Backoff) {
        loop {
            let Some(node) = self.node() else {
                shown.port_is(&*self.host, State::Absent, "there is nothing at this path");
                backoff.reset();
                self.pause(LOOK, None).await;
                continue;
            };
            shown.port_is(&*self.host, State::Opening, "");
            let pause = match port::open(&self.path, self.baud, &self.holders).await {
                Ok(stream) => match self.session(stream, shown, backoff).await {
                    End::HungUp(_) if self.node().is_none() => continue,
                    End::HungUp(reason) | End::GivenUp(reason) => self.failed(shown, backoff, reason),
                },
                Err(reason) => {
                    shown.port_is(&*self.host, State::Opening, &reason);
                    backoff.fail()
                }
            };
            self.pause(pause, Some(node)).await;
        }
    }

    async fn session(&mut self, stream: tokio_serial::SerialStream, shown: &mut Shown, backoff: &mut Backoff) -> End {
        let mut stream = Open(Some(stream));
        let host = Arc::clone(&self.host);
        let name = shown.last.port.clone();
        let Some(port) = stream.0.as_mut() else { return End::HungUp(String::new()) };
        let config = SessionConfig {
            profiles: self.hardware.profiles().await,
            profile: self.options.profile.clone(),
            pin: self.options.pin().await,
            ..self.settings.session(&name)
        };
        let report = |snapshot| shown.report(&*host, snapshot);
        let end = Attendance::new(&*host, &self.settings, report).run(port, config, &mut self.requests).await;
        if shown.was_ready {
            backoff.reset();
            shown.was_ready = false;
        }
        end
    }

    fn failed(&self, shown: &mut Shown, backoff: &mut Backoff, reason: String) -> Duration {
        let pause = backoff.fail();
        let state = if backoff.is_quarantined() {
            State::Quarantined { reason: reason.clone() }
        } else {
            State::Recovering { reason: reason.clone() }
        };
        shown.port_is(&*self.host, state, &reason);
        pause
    }

    fn node(&self) -> Option<Node> {
        let node = std::fs::metadata(&self.path).ok()?;
        Some((node.dev(), node.ino(), node.rdev(), node.ctime(), node.ctime_nsec()))
    }

    /// Waits, and answers requests meanwhile; not longer than until the port at the path is another than it was.
    async fn pause(&mut self, length: Duration, before: Option<Node>) {
        let changed = Arc::clone(&self.changed);
        let mut end = std::pin::pin!(tokio::time::sleep(length));
        loop {
            let notified = changed.notified();
            if self.node() != before {
                return;
            }
            tokio::select! {
                () = &mut end => return,
                () = notified => {}
                Some(asked) = self.requests.recv() => {
                    let _ = asked.reply.send(Err(RequestError::Gone));
                }
            }
        }
    }
}

/// A port that is closed without waiting also when the task is dropped.
struct Open(Option<tokio_serial::SerialStream>);

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(stream) = self.0.take() {
            port::close(stream);
        }
    }
}

/// What was last reported.
struct Shown {
    last: Snapshot,
    was_ready: bool,
}

impl Shown {
    fn new(port: String) -> Shown {
        let last = Snapshot {
            port,
            state: State::Absent,
            reason: None,
            identity: None,
            profile: None,
            sim: None,
            signal_dbm: None,
            operator: None,
            registration: None,
        };
        Shown { last, was_ready: false }
    }

    /// The port itself is the news: no session runs.
    fn port_is(&mut self, host: &impl Host, state: State, reason: &str) {
        let snapshot = Snapshot {
            port: self.last.port.clone(),
            state,
            reason: (!reason.is_empty()).then(|| reason.to_owned()),
            identity: self.last.identity.clone(),
            profile: self.last.profile.clone(),
            sim: None,
            signal_dbm: None,
            operator: None,
            registration: None,
        };
        self.report(host, snapshot);
    }

    fn report(&mut self, host: &impl Host, mut snapshot: Snapshot) {
        if snapshot.identity.is_none() {
            snapshot.identity.clone_from(&self.last.identity);
            snapshot.profile.clone_from(&self.last.profile);
        }
        self.was_ready |= snapshot.state == State::Ready;
        if snapshot.state != self.last.state || snapshot.reason != self.last.reason {
            let reason = snapshot.reason.as_deref().unwrap_or("");
            match snapshot.state {
                State::Opening if reason.is_empty() => debug!(state = %snapshot.state, "modem"),
                _ => info!(state = %snapshot.state, reason, "modem"),
            }
        }
        self.last = snapshot.clone();
        host.report(snapshot);
    }
}
