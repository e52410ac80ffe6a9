//! The life of one port.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::backoff::Backoff;
use super::clock::Clock;
use super::detail::Record;
use super::hardware::Hardware;
use super::holders::Holders;
use super::log_throttle::LogThrottle;
use super::modem_events::ModemEvents;
use super::records::Records;
use super::recovery::{RecoveryEscalation, Step};
use super::session_runner::{End, SessionRunner};
use super::usb::UsbDevice;
use super::{Asked, PortOptions, Settings, port, recovery_actions};
use crate::modem::{Profile, RequestError, SessionConfig, Snapshot, State};

/// How the reason of a port begins whose modem is served on another of its ports.
pub const OTHER_PORT: &str = "another port of the modem on ";
/// A port that is not there is looked for this often, should the folder's change have escaped
/// notice.
const LOOK: Duration = Duration::from_secs(60);

/// A modem whose port got another name may be there before its old port is known to be gone.
const MOVED: Duration = Duration::from_secs(3);

pub(crate) struct Worker<H> {
    pub path: PathBuf,
    pub baud: u32,
    pub options: PortOptions,
    pub hardware: Hardware,
    pub records: Records,
    pub record: Record,
    /// The configuration names this very port, so it is meant to be a modem's.
    pub named: bool,
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

impl<H: ModemEvents> Worker<H> {
    pub async fn run(mut self) {
        let stop = self.stop.clone();
        let mut backoff = Backoff::new(self.settings.first_pause, self.settings.longest_pause);
        let clock = Clock::start();
        let mut shown =
            Shown::new(self.path.to_string_lossy().into_owned(), self.record.clone(), clock);
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.serve_until_closed(&mut shown, &mut backoff) => {}
        }
        self.records.release(&shown.last.port);
    }

    async fn serve_until_closed(&mut self, shown: &mut Shown, backoff: &mut Backoff) {
        let clock = Clock::start();
        let mut ladder = RecoveryEscalation::new(&self.settings.recovery, clock.now());
        loop {
            let Some(node) = self.node() else {
                shown.port_is(&*self.host, State::Absent, "there is nothing at this path");
                backoff.reset();
                self.pause(LOOK, None).await;
                continue;
            };
            shown.port_is(&*self.host, State::Opening, "");
            let pause = match port::open(&self.path, self.baud, &self.holders).await {
                Ok(stream) => {
                    let end = self.session(stream, shown, backoff).await;
                    self.records.release(&shown.last.port);
                    if shown.works() {
                        ladder.recovered();
                    }
                    match end {
                        End::HungUp(_) if self.node().is_none() => continue,
                        End::HungUp(reason) | End::GivenUp(reason) => {
                            let usb = self.usb();
                            let profile = self.profile(shown).await;
                            let step = ladder.fail(
                                |step| self.can(step, shown, &profile, usb.as_ref()),
                                clock.now(),
                            );
                            let pause = self.failed(shown, backoff, &reason, step);
                            self.take(step, shown, &profile, usb.as_ref()).await;
                            pause
                        }
                        End::Double(other) => {
                            let first = shown.doubles(&*self.host, &other);
                            if first { MOVED } else { LOOK }
                        }
                    }
                }
                Err(reason) => {
                    shown.port_is(&*self.host, State::Opening, &reason);
                    backoff.fail()
                }
            };
            self.pause(pause, Some(node)).await;
        }
    }

    async fn session(
        &mut self,
        stream: tokio_serial::SerialStream,
        shown: &mut Shown,
        backoff: &mut Backoff,
    ) -> End {
        let mut stream = Open(Some(stream));
        let host = Arc::clone(&self.host);
        let name = shown.last.port.clone();
        let Some(port) = stream.0.as_mut() else { return End::HungUp(String::new()) };
        let config = SessionConfig {
            profiles: self.hardware.profiles().await,
            profile: self.options.profile.clone(),
            pin: self.options.pin().await,
            iccid_from_card: self.options.iccid_from_card,
            ..self.settings.session(&name)
        };
        let usb = self.usb().map(|usb| usb.name);
        self.record.belongs_to(usb.clone());
        self.record.opened();
        let records = self.records.clone();
        let report = |snapshot: Snapshot| {
            // From here on the modem is known to be the one that is here now.
            let identity = snapshot.identity.as_ref().filter(|_| snapshot.state == State::SimCheck);
            let claimed = identity.map_or(Ok(()), |identity| {
                records.claim(&identity.imei, &snapshot.port, usb.as_deref())
            });
            match claimed {
                Ok(()) => shown.report(&*host, snapshot),
                Err(other) => return Some(End::Double(other)),
            }
            None
        };
        let end = SessionRunner::new(&*host, &self.settings, &self.record, report)
            .run(port, config, &mut self.requests)
            .await;
        if shown.was_ready {
            backoff.reset();
        }
        end
    }

    fn usb(&self) -> Option<UsbDevice> {
        UsbDevice::of(&std::fs::canonicalize(&self.path).ok()?)
    }

    async fn profile(&self, shown: &Shown) -> Arc<Profile> {
        let profiles = self.hardware.profiles().await;
        let forced = self.options.profile.as_deref().and_then(|name| profiles.named(name));
        let (manufacturer, model) = match &shown.last.identity {
            Some(identity) => (identity.manufacturer.as_str(), identity.model.as_str()),
            None => ("unknown", "unknown"),
        };
        forced.unwrap_or_else(|| profiles.choose(manufacturer, model))
    }

    /// Whether a step is possible here. What was never a modem (a glob also names the other ports
    /// of a stick) is left alone, and so is a stick on another port of which a modem works.
    fn can(&self, step: Step, shown: &Shown, profile: &Profile, usb: Option<&UsbDevice>) -> bool {
        let recovery = &self.settings.recovery;
        let is_modem = shown.last.identity.is_some() || self.named;
        let works =
            usb.is_some_and(|usb| self.records.neighbour_works(&shown.last.port, &usb.name));
        let possible = match step {
            Step::Reopen | Step::SoftReset => true,
            Step::HardReset => profile.hard_reset().is_some(),
            Step::UsbRebind => recovery.usb_rebind && usb.is_some(),
            Step::PowerCycle => {
                recovery_actions::filled(&recovery.power_cycle, &self.path, usb).is_some()
            }
        };
        is_modem && !works && possible
    }

    async fn take(&self, step: Step, shown: &Shown, profile: &Profile, usb: Option<&UsbDevice>) {
        self.record.count(step);
        self.host.recovering(&shown.last.port, step);
        let taken = match (step, usb) {
            (Step::Reopen, _) => Ok(()),
            (Step::SoftReset, _) => self.send(profile.soft_reset()).await,
            (Step::HardReset, _) => {
                self.send(profile.hard_reset().unwrap_or(profile.soft_reset())).await
            }
            (Step::UsbRebind, Some(usb)) => usb.rebind().await.map_err(|error| error.to_string()),
            (Step::UsbRebind, None) => Ok(()),
            (Step::PowerCycle, usb) => {
                match recovery_actions::filled(&self.settings.recovery.power_cycle, &self.path, usb)
                {
                    Some(command) => recovery_actions::run(&command).await,
                    None => Ok(()),
                }
            }
        };
        if let Err(error) = taken {
            warn!(event = "modem_recovery_failed", port = %shown.last.port, step = step.name(), error, "the step failed");
        }
    }

    /// Opens the port for one command.
    async fn send(&self, command: &str) -> Result<(), String> {
        let stream = port::open(&self.path, self.baud, &self.holders).await?;
        let mut stream = Open(Some(stream));
        match stream.0.as_mut() {
            Some(port) => recovery_actions::send(port, command).await,
            None => Ok(()),
        }
    }

    fn failed(
        &self,
        shown: &mut Shown,
        backoff: &mut Backoff,
        reason: &str,
        step: Step,
    ) -> Duration {
        let pause = backoff.fail();
        let reason = format!("{reason}; {}", step.name());
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

    /// Waits, and answers requests meanwhile; not longer than until the port at the path is another
    /// than it was.
    async fn pause(&mut self, length: Duration, before: Option<Node>) {
        let changed = Arc::clone(&self.changed);
        let mut end = std::pin::pin!(tokio::time::sleep(length));
        loop {
            self.record.turn();
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
    record: Record,
    last: Snapshot,
    was_ready: bool,
    clock: Clock,
    quiet: LogThrottle,
}

impl Shown {
    fn new(port: String, record: Record, clock: Clock) -> Shown {
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
            stores: Arc::default(),
        };
        Shown { record, last, was_ready: false, clock, quiet: LogThrottle::new(clock.now()) }
    }

    /// Whether the modem has been Ready since this was last asked.
    fn works(&mut self) -> bool {
        std::mem::take(&mut self.was_ready)
    }

    /// The modem here is served on another port of it. Whether that is news.
    fn doubles(&mut self, host: &impl ModemEvents, other: &str) -> bool {
        let before = self.last.reason.take();
        self.last.identity = None;
        self.last.profile = None;
        self.port_is(host, State::Absent, &format!("{OTHER_PORT}{other}, which serves it"));
        before != self.last.reason
    }

    /// The port itself is the news: no session runs.
    fn port_is(&mut self, host: &impl ModemEvents, state: State, reason: &str) {
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
            stores: Arc::default(),
        };
        self.report(host, snapshot);
    }

    /// A modem that flaps does not fill the log: what it says too often is counted, and told with
    /// the next line.
    fn log(&mut self, snapshot: &Snapshot) {
        let (state, reason) = (&snapshot.state, snapshot.reason.as_deref());
        if *state == State::Opening && reason.is_none() {
            return debug!(event = "modem_state", %state, "modem");
        }
        let Some(left_out) = self.quiet.tell(self.clock.now()) else {
            return debug!(event = "modem_state", %state, reason, "modem");
        };
        let left_out = (left_out > 0).then_some(left_out);
        match state {
            State::Ready => info!(event = "modem_ready", %state, reason, left_out, "modem"),
            State::Absent => info!(event = "modem_absent", %state, reason, left_out, "modem"),
            State::Recovering { .. } | State::Quarantined { .. } => {
                warn!(event = "modem_failed", %state, reason, left_out, "modem");
            }
            _ => info!(event = "modem_state", %state, reason, left_out, "modem"),
        }
    }

    fn report(&mut self, host: &impl ModemEvents, mut snapshot: Snapshot) {
        if snapshot.identity.is_none() {
            snapshot.identity.clone_from(&self.last.identity);
            snapshot.profile.clone_from(&self.last.profile);
        }
        self.was_ready |= snapshot.state == State::Ready;
        if snapshot.state != self.last.state || snapshot.reason != self.last.reason {
            self.log(&snapshot);
        }
        self.record.reported(&snapshot);
        self.last = snapshot.clone();
        host.report(snapshot);
    }
}
