//! Looks at a port once: finds out who is there, and takes nothing from it.

use parking_lot::{Mutex, MutexGuard};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

use super::hardware::read_profiles;
use super::holders::Holders;
use super::modem_events::{HostError, ModemEvents};
use super::port_record::PortRecord;
use super::session_runner::{End, SessionRunner};
use super::{Recovery, Settings, port};
use crate::domain::modem::{ModemReason, ModemSnapshot, ModemState, SimCard};
use crate::domain::{Iccid, Imei, PortName};
use crate::modem::{MessageOwner, MessageSlot, Received, SessionConfig};

/// What was found on a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    /// The port.
    pub port: PathBuf,
    /// The modem's last report; `None` when the port could not be opened.
    pub snapshot: Option<ModemSnapshot>,
    /// Messages that lie in its stores, as far as they were read.
    pub stored: usize,
    /// Why no more was found out.
    pub failure: Option<ModemReason>,
}

/// How much is to be found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Until it is known who is there.
    Identity,
    /// Until it works, and its stores have been read.
    Everything,
}

/// How long the stores are still read when enough is known of the modem.
const LINGER: Duration = Duration::from_secs(3);
/// How long a look may take: for the identity, and for everything.
const LIMITS: (Duration, Duration) = (Duration::from_secs(15), Duration::from_secs(60));

#[derive(Default)]
struct Seen {
    snapshot: Option<ModemSnapshot>,
    stored: BTreeSet<Option<MessageSlot>>,
}

/// A host that stores nothing: messages stay where they are, and no PIN is entered.
#[derive(Default)]
struct Onlooker {
    seen: Mutex<Seen>,
    news: Notify,
}

impl Onlooker {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock()
    }

    fn knows_enough(&self, depth: Depth) -> bool {
        let seen = self.seen();
        let Some(snapshot) = &seen.snapshot else { return false };
        match depth {
            Depth::Identity => snapshot.identity.is_some(),
            Depth::Everything => {
                let waits = matches!(
                    snapshot.state,
                    ModemState::SimCheck | ModemState::Identifying | ModemState::Registering
                );
                snapshot.is_ready() || (waits && snapshot.reason.is_some())
            }
        }
    }

    async fn enough(&self, depth: Depth) {
        loop {
            let news = self.news.notified();
            if self.knows_enough(depth) {
                break;
            }
            news.await;
        }
        if depth == Depth::Everything {
            tokio::time::sleep(LINGER).await;
        }
    }
}

impl ModemEvents for Onlooker {
    fn report(&self, snapshot: ModemSnapshot) {
        self.seen().snapshot = Some(snapshot);
        self.news.notify_waiters();
    }

    async fn identified(&self, _imei: &Imei, _sim: &SimCard) -> Result<MessageOwner, HostError> {
        Ok(MessageOwner::default())
    }

    async fn emptied(&self, _imei: &Imei, _iccid: &Iccid) -> Result<(), HostError> {
        Ok(())
    }

    async fn store(&self, received: Received) -> Result<(), HostError> {
        self.seen().stored.insert(received.slot);
        // No answer, so that nothing is deleted and the reading goes on.
        std::future::pending().await
    }
}

/// Looks at one port.
pub async fn probe(path: &Path, baud: u32, hardware: Option<&Path>, depth: Depth) -> Probed {
    let nothing = |failure| Probed {
        port: path.to_owned(),
        snapshot: None,
        stored: 0,
        failure: Some(failure),
    };
    let mut stream = match port::open(path, baud, &Holders::default()).await {
        Ok(stream) => stream,
        Err(reason) => return nothing(reason),
    };
    let profiles = hardware.map(|folder| Arc::new(read_profiles(folder).0)).unwrap_or_default();
    let settings = Settings::new(None, Recovery::none());
    let config = SessionConfig {
        profiles,
        ..settings.session(PortName::from_stored(path.to_string_lossy()))
    };
    let host = Onlooker::default();
    let (_sender, mut requests) = mpsc::channel(1);
    let report = |snapshot| {
        host.report(snapshot);
        None
    };
    let record = PortRecord::default();
    let mut runner = SessionRunner::new(&host, &settings, &record, report);
    let limit = if depth == Depth::Identity { LIMITS.0 } else { LIMITS.1 };
    let failure = tokio::select! {
        end = runner.run(&mut stream, config, &mut requests) => match end {
            End::HungUp(reason) | End::GivenUp(reason) => Some(reason),
            End::ServedOn(port) => Some(ModemReason::ServedOnOtherPort(port)),
        },
        () = host.enough(depth) => None,
        () = tokio::time::sleep(limit) => Some(ModemReason::ProbeTimedOut),
    };
    drop(runner);
    port::close(stream);
    let seen = host.seen();
    Probed {
        port: path.to_owned(),
        snapshot: seen.snapshot.clone(),
        stored: seen.stored.len(),
        failure,
    }
}

/// Looks at every serial port of the machine but those that `served` names (real paths), all at
/// once.
pub async fn scan(served: &[PathBuf], hardware: Option<PathBuf>) -> Vec<Probed> {
    let mut looking = JoinSet::new();
    for path in candidates(served) {
        let hardware = hardware.clone();
        looking.spawn(
            async move { probe(&path, 115_200, hardware.as_deref(), Depth::Identity).await },
        );
    }
    let mut found: Vec<Probed> = looking.join_all().await;
    found.sort_by(|a, b| a.port.cmp(&b.port));
    found
}

/// By their stable names where they have some; one name for each device (two links may lead to
/// one).
fn candidates(served: &[PathBuf]) -> Vec<PathBuf> {
    let patterns = ["/dev/serial/by-path/*", "/dev/serial/by-id/*", "/dev/ttyUSB*", "/dev/ttyACM*"];
    let mut devices: Vec<PathBuf> = served.to_vec();
    let mut paths = Vec::new();
    for path in patterns.iter().filter_map(|pattern| glob::glob(pattern).ok()).flatten().flatten() {
        let Ok(device) = std::fs::canonicalize(&path) else { continue };
        if !devices.contains(&device) {
            devices.push(device);
            paths.push(path);
        }
    }
    paths
}
