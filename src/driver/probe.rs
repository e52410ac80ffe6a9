//! Probes a port once: finds out which modem is there, and takes no message from it.

use parking_lot::{Mutex, MutexGuard};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

use super::hardware::read_profiles;
use super::holders::Holders;
use super::line::Line;
use super::modem_events::{HostError, ModemEvents};
use super::port::Port;
use super::port_record::PortRecord;
use super::session_runner::{End, SessionRunner};
use super::{PortPattern, Ports, Recovery, Settings};
use crate::domain::modem::{ModemReason, ModemSnapshot, ModemState, SimCard};
use crate::domain::{Iccid, ModemAtPort, PortName};
use crate::modem::{MessageOwner, MessageSlot, Received, SessionConfig};

/// The result of probing a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    pub port: Port,
    /// The modem's last report; `None` when the port could not be opened.
    pub snapshot: Option<ModemSnapshot>,
    /// The number of messages in the modem's stores, as far as they were read.
    pub stored: usize,
    /// Why the probe ended before everything was known, if it did.
    pub failure: Option<ModemReason>,
}

/// How much a probe is to find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Which modem it is.
    Identity,
    /// Which modem it is, whether it works, and what is in its stores.
    Everything,
}

/// How long the stores are read after everything else is known about the modem.
const STORE_READING_TIME: Duration = Duration::from_secs(3);
/// How long a probe for the identity may take.
const IDENTITY_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a probe for everything may take.
const FULL_TIMEOUT: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Findings {
    snapshot: Option<ModemSnapshot>,
    stored: BTreeSet<Option<MessageSlot>>,
}

/// A host that stores nothing, so that messages stay in the modem, and that permits no PIN.
#[derive(Default)]
struct ProbeHost {
    findings: Mutex<Findings>,
    /// Notified of each report.
    reported: Notify,
}

impl ProbeHost {
    fn findings(&self) -> MutexGuard<'_, Findings> {
        self.findings.lock()
    }

    fn knows_enough(&self, depth: Depth) -> bool {
        let findings = self.findings();
        let Some(snapshot) = &findings.snapshot else { return false };
        match depth {
            Depth::Identity => snapshot.identity.is_some(),
            Depth::Everything => {
                // A modem that says what it waits for may wait for ever.
                let waits = matches!(
                    snapshot.state,
                    ModemState::SimCheck | ModemState::Identifying | ModemState::Registering
                );
                let is_explained =
                    || snapshot.reason.as_ref().is_some_and(|reason| !reason.is_progress());
                snapshot.is_ready() || (waits && is_explained())
            }
        }
    }

    /// Returns once everything is known that this depth asks for.
    async fn wait_until_known(&self, depth: Depth) {
        loop {
            let reported = self.reported.notified();
            if self.knows_enough(depth) {
                break;
            }
            reported.await;
        }
        if depth == Depth::Everything {
            tokio::time::sleep(STORE_READING_TIME).await;
        }
    }
}

impl ModemEvents for ProbeHost {
    fn report(&self, snapshot: ModemSnapshot) {
        self.findings().snapshot = Some(snapshot);
        self.reported.notify_waiters();
    }

    async fn record_identity(
        &self,
        _modem: &ModemAtPort,
        _others: &[PortName],
        _sim: &SimCard,
    ) -> Result<MessageOwner, HostError> {
        Ok(MessageOwner::default())
    }

    async fn record_emptied_store(
        &self,
        _modem: &ModemAtPort,
        _iccid: &Iccid,
    ) -> Result<(), HostError> {
        Ok(())
    }

    async fn store(&self, received: Received) -> Result<(), HostError> {
        self.findings().stored.insert(received.slot);
        // There is never an answer, so that nothing is deleted and the session reads on.
        std::future::pending().await
    }
}

/// Probes one port until everything is known that `depth` asks for, or the time for that is over.
/// An address may be that of another machine only if the pattern's options say so.
pub async fn probe(ports: &Ports, hardware: Option<&Path>, depth: Depth) -> Probed {
    let PortPattern { port, baud } = &ports.pattern;
    let not_opened =
        |failure| Probed { port: port.clone(), snapshot: None, stored: 0, failure: Some(failure) };
    let insecure = ports.options.insecure;
    let mut line = match Line::open(port, *baud, insecure, &Holders::default()).await {
        Ok(line) => line,
        Err(reason) => return not_opened(reason),
    };
    let profiles = hardware.map(|folder| Arc::new(read_profiles(folder).0)).unwrap_or_default();
    let settings = Settings::new(None, Recovery::none());
    let config = SessionConfig { profiles, ..settings.session(port.name()) };
    let host = ProbeHost::default();
    let (_sender, mut requests) = mpsc::channel(1);
    let report = |snapshot| {
        host.report(snapshot);
        None
    };
    let record = PortRecord::default();
    let mut runner = SessionRunner::new(&host, &settings, &record, report);
    let limit = match depth {
        Depth::Identity => IDENTITY_TIMEOUT,
        Depth::Everything => FULL_TIMEOUT,
    };
    let failure = tokio::select! {
        end = runner.run(&mut line, config, &mut requests) => match end {
            End::HungUp(reason) | End::GivenUp(reason) => Some(reason),
            End::ServedOn(port) => Some(ModemReason::ServedOnOtherPort(port)),
        },
        () = host.wait_until_known(depth) => None,
        () = tokio::time::sleep(limit) => Some(ModemReason::ProbeTimedOut),
    };
    drop(runner);
    drop(line);
    let findings = host.findings();
    Probed {
        port: port.clone(),
        snapshot: findings.snapshot.clone(),
        stored: findings.stored.len(),
        failure,
    }
}

/// Probes every serial port of this machine at once, except those that are served; `served` has
/// their devices.
pub async fn scan(served: &[Port], hardware: Option<PathBuf>) -> Vec<Probed> {
    let mut probes = JoinSet::new();
    for port in candidates(served) {
        let hardware = hardware.clone();
        let ports = Ports::from(PortPattern { port, baud: 115_200 });
        probes.spawn(async move { probe(&ports, hardware.as_deref(), Depth::Identity).await });
    }
    let mut found: Vec<Probed> = probes.join_all().await;
    found.sort_by(|a, b| a.port.cmp(&b.port));
    found
}

/// The ports to probe, one path for each device although several links may lead to it: a stable
/// name where the device has one.
fn candidates(served: &[Port]) -> Vec<Port> {
    let patterns = ["/dev/serial/by-path/*", "/dev/serial/by-id/*", "/dev/ttyUSB*", "/dev/ttyACM*"];
    let mut devices: Vec<Port> = served.to_vec();
    let mut ports = Vec::new();
    for path in patterns.iter().filter_map(|pattern| glob::glob(pattern).ok()).flatten().flatten() {
        let port = Port::Path(path);
        let Some(device) = port.device() else { continue };
        if !devices.contains(&device) {
            devices.push(device);
            ports.push(port);
        }
    }
    ports
}
