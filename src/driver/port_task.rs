//! The task of one port: it opens the port, runs a session on it, and when the session has ended it
//! waits a while and opens the port again.

use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::backoff::Backoff;
use super::claims::Presence;
use super::clock::Clock;
use super::hardware::Hardware;
use super::holders::Holders;
use super::line::Line;
use super::modem_events::ModemEvents;
use super::port::Port;
use super::port_record::PortRecord;
use super::port_records::PortRecords;
use super::recovery::RecoveryEscalation;
use super::reporter::Reporter;
use super::session_runner::{End, SessionRunner};
use super::usb::UsbDevice;
use super::{PortOptions, QueuedRequest, Settings, recovery_actions};
use crate::domain::modem::{ModemReason, ModemSnapshot, ModemState, RecoveryStep, RequestError};
use crate::domain::{ModemId, PortName};
use crate::modem::{Profile, SessionConfig};

/// The time between checks whether an absent port has appeared, in case the change of its folder
/// went unnoticed.
const LOOK_INTERVAL: Duration = Duration::from_secs(60);
/// The pause after a modem was first found to be served on another port. When a port gets another
/// name, the modem may appear there before its old port is known to be gone.
const RENAME_GRACE: Duration = Duration::from_secs(3);

/// The task of one port, with what it needs.
pub(crate) struct PortTask<H> {
    pub target: Port,
    /// The name of the port in reports, logs and requests.
    pub port: PortName,
    pub baud: u32,
    pub options: PortOptions,
    pub hardware: Hardware,
    pub records: PortRecords,
    pub record: PortRecord,
    /// Whether the configuration names this very port, not just a glob that matches it: then it is
    /// certain that the port is a modem's.
    pub named: bool,
    pub settings: Settings,
    pub host: Arc<H>,
    pub holders: Holders,
    /// Notified when something has changed in a folder of ports.
    pub changed: Arc<Notify>,
    pub requests: mpsc::Receiver<QueuedRequest>,
    pub stop: CancellationToken,
}

/// What distinguishes a device node from one that took its place: device, inode, device number, and
/// the time of the last change in seconds and nanoseconds. All zero for an address.
type Node = (u64, u64, u64, i64, i64);

impl<H: ModemEvents> PortTask<H> {
    pub async fn run(mut self) {
        let stop = self.stop.clone();
        let mut backoff = Backoff::new(self.settings.first_pause, self.settings.longest_pause);
        let mut reporter = Reporter::new(
            self.port.clone(),
            self.record.clone(),
            Arc::clone(&self.host),
            Clock::start(),
        );
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.serve(&mut reporter, &mut backoff) => {}
        }
        self.records.release(&self.port);
    }

    async fn serve(&mut self, reporter: &mut Reporter<H>, backoff: &mut Backoff) {
        let clock = Clock::start();
        let mut escalation = RecoveryEscalation::new(&self.settings.recovery, clock.now());
        loop {
            let Some(node) = self.node() else {
                reporter.report_port(ModemState::Absent, Some(ModemReason::NothingAtPath));
                backoff.reset();
                self.pause(LOOK_INTERVAL, None).await;
                continue;
            };
            reporter.report_port(ModemState::Opening, Some(ModemReason::BeingOpened));
            let pause = match self.open().await {
                Ok(line) => {
                    let end = self.run_session(line, reporter, backoff, clock).await;
                    let presence = match &end {
                        End::ServedOn(other) => self.records.presence(other),
                        _ => Presence::Gone,
                    };
                    self.records.release(&self.port);
                    if reporter.take_was_ready() {
                        escalation.on_recovered();
                    }
                    match end {
                        End::HungUp(_) if self.node().is_none() => continue,
                        End::HungUp(
                            reason @ (ModemReason::LineInUse(_) | ModemReason::LineRefused(_)),
                        ) => {
                            reporter.report_port(ModemState::Opening, Some(reason));
                            backoff.fail()
                        }
                        End::GivenUp(reason @ ModemReason::PinAllowedAgain) => {
                            reporter.report_port(ModemState::Opening, Some(reason));
                            Duration::ZERO
                        }
                        End::HungUp(reason) | End::GivenUp(reason) => {
                            self.recover(reason, reporter, backoff, &mut escalation, clock).await
                        }
                        End::ServedOn(other) => {
                            let first = reporter.report_spare_port(&other);
                            let pause = if first { RENAME_GRACE } else { LOOK_INTERVAL };
                            self.pause_while_other_serves(&other, presence, pause, node).await;
                            continue;
                        }
                    }
                }
                Err(reason) => {
                    reporter.report_port(ModemState::Opening, Some(reason));
                    backoff.fail()
                }
            };
            self.pause(pause, Some(node)).await;
        }
    }

    async fn open(&self) -> Result<Line, ModemReason> {
        Line::open(&self.target, self.baud, self.options.insecure, &self.holders).await
    }

    async fn run_session(
        &mut self,
        mut line: Line,
        reporter: &mut Reporter<H>,
        backoff: &mut Backoff,
        clock: Clock,
    ) -> End {
        let began = clock.now();
        let host = Arc::clone(&self.host);
        let usb = UsbDevice::of(&self.target);
        let fallback_id = usb.as_ref().and_then(|usb| usb.modem.clone());
        let config = SessionConfig {
            fallback_id: fallback_id.unwrap_or_else(|| ModemId::of_port(&self.port)),
            profiles: self.hardware.profiles().await,
            profile: self.options.profile.clone(),
            pin: self.options.pin().await,
            pin_without_count: self.options.pin_without_count,
            iccid_from_card: self.options.iccid_from_card,
            ussd_forms: self.records.ussd_forms(),
            ..self.settings.session(self.port.clone())
        };
        let usb = usb.map(|usb| usb.name);
        self.record.set_usb(usb.clone());
        self.record.begin_conversation();
        let records = self.records.clone();
        let report = |snapshot: ModemSnapshot| {
            records.note_sighting(&snapshot, usb.as_deref());
            // Without a card nothing tells whether this is another port of a modem.
            let lacks_card = snapshot.state == ModemState::SimCheck && waits_for_card(&snapshot);
            if let Some(other) = records.may_be_spare(&snapshot.port).filter(|_| lacks_card) {
                return Some(End::ServedOn(other));
            }
            reporter.report(snapshot);
            None
        };
        let end = SessionRunner::new(&*host, &self.settings, &self.record, report)
            .with_claims(&self.records)
            .run(&mut line, config, &mut self.requests)
            .await;
        line.close().await;
        // A server may close a line whenever another client comes (ser2net: kickolduser). Two that
        // come again at once would take it from each other for ever.
        let has_lasted = clock.now() - began >= self.settings.longest_pause;
        if reporter.was_ready() && (has_lasted || self.target.path().is_some()) {
            backoff.reset();
        }
        end
    }

    async fn profile(&self, modem: &ModemSnapshot) -> Arc<Profile> {
        let profiles = self.hardware.profiles().await;
        let forced = self.options.profile.as_deref().and_then(|name| profiles.named(name));
        let (manufacturer, model) = match &modem.identity {
            Some(identity) => (identity.manufacturer.as_str(), identity.model.as_str()),
            None => ("unknown", "unknown"),
        };
        forced.unwrap_or_else(|| profiles.choose(manufacturer, model))
    }

    /// Reports that the session has failed, takes the recovery step that is due, and returns the
    /// pause before the port is opened again.
    async fn recover(
        &self,
        cause: ModemReason,
        reporter: &mut Reporter<H>,
        backoff: &mut Backoff,
        escalation: &mut RecoveryEscalation,
        clock: Clock,
    ) -> Duration {
        let usb = UsbDevice::of(&self.target);
        let profile = self.profile(reporter.last()).await;
        // A glob also matches the other ports of a stick, on which no modem ever answers: they must
        // not get it reset.
        let is_modem = self.named || reporter.last().identity.is_some();
        let is_possible = |step| is_modem && self.is_possible(step, &profile, usb.as_ref());
        // No reset helps where the line to a modem of another machine has failed.
        let step = match self.target {
            Port::Remote(_) if cause.is_of_line() => RecoveryStep::Reopen,
            _ => escalation.fail(is_possible, clock.now()),
        };
        let pause = backoff.fail();
        let state =
            if backoff.is_quarantined() { ModemState::Quarantined } else { ModemState::Recovering };
        reporter.report_port(state, Some(ModemReason::Failed { cause: Box::new(cause), step }));
        self.take_step(step, &profile, usb.as_ref()).await;
        pause
    }

    /// Whether a recovery step is possible for this port. A USB device is not reset while its modem
    /// works on another of its ports.
    fn is_possible(&self, step: RecoveryStep, profile: &Profile, usb: Option<&UsbDevice>) -> bool {
        let recovery = &self.settings.recovery;
        let works = usb.is_some_and(|usb| self.records.another_port_works(&self.port, &usb.name));
        let possible = match step {
            RecoveryStep::Reopen | RecoveryStep::SoftReset => true,
            RecoveryStep::HardReset => profile.hard_reset().is_some(),
            RecoveryStep::UsbRebind => recovery.usb_rebind && usb.is_some(),
            RecoveryStep::PowerCycle => {
                recovery_actions::fill_in(&recovery.power_cycle, &self.port, usb).is_some()
            }
        };
        !works && possible
    }

    async fn take_step(&self, step: RecoveryStep, profile: &Profile, usb: Option<&UsbDevice>) {
        self.record.count_recovery(step);
        self.host.on_recovery_step(&self.port, step);
        let taken = match (step, usb) {
            (RecoveryStep::Reopen, _) | (RecoveryStep::UsbRebind, None) => Ok(()),
            (RecoveryStep::SoftReset, _) => self.send(profile.soft_reset()).await,
            (RecoveryStep::HardReset, _) => {
                self.send(profile.hard_reset().unwrap_or(profile.soft_reset())).await
            }
            (RecoveryStep::UsbRebind, Some(usb)) => {
                usb.rebind().await.map_err(|error| error.to_string())
            }
            (RecoveryStep::PowerCycle, usb) => {
                let command = &self.settings.recovery.power_cycle;
                match recovery_actions::fill_in(command, &self.port, usb) {
                    Some(command) => recovery_actions::run(&command).await,
                    None => Ok(()),
                }
            }
        };
        if let Err(error) = taken {
            warn!(
                event = "modem_recovery_failed",
                port = %self.port,
                step = step.as_str(),
                error,
                "a recovery step could not be taken"
            );
        }
    }

    /// Opens the port and sends one command.
    async fn send(&self, command: &str) -> Result<(), String> {
        let mut line = self.open().await.map_err(|reason| reason.to_string())?;
        let sent = recovery_actions::send(&mut line, command).await;
        line.close().await;
        sent
    }

    /// The device node at the path now. An address is always there.
    fn node(&self) -> Option<Node> {
        let Some(path) = self.target.path() else { return Some(Node::default()) };
        let node = std::fs::metadata(path).ok()?;
        Some((node.dev(), node.ino(), node.rdev(), node.ctime(), node.ctime_nsec()))
    }

    /// Waits as [`PortTask::pause`] does, but only as long as the modem on another port has at
    /// least this presence.
    async fn pause_while_other_serves(
        &mut self,
        other: &PortName,
        presence: Presence,
        length: Duration,
        node: Node,
    ) {
        let records = self.records.clone();
        let mut pause = std::pin::pin!(self.pause(length, Some(node)));
        loop {
            let changed = records.claims_changed();
            if records.presence(other) < presence {
                return;
            }
            tokio::select! {
                () = &mut pause => return,
                () = changed => {}
            }
        }
    }

    /// Waits until the time is over, or the device node at the path is no longer `before`.
    /// Meanwhile requests are refused, because there is no session.
    async fn pause(&mut self, length: Duration, before: Option<Node>) {
        let changed = Arc::clone(&self.changed);
        let mut end = std::pin::pin!(tokio::time::sleep(length));
        loop {
            self.record.count_loop_turn();
            let notified = changed.notified();
            if self.node() != before {
                return;
            }
            tokio::select! {
                () = &mut end => return,
                () = notified => {}
                Some(request) = self.requests.recv() => {
                    let _ = request.reply.send(Err(RequestError::Gone));
                }
            }
        }
    }
}

/// Whether a modem has no card that it could use, and is not about to have one.
fn waits_for_card(snapshot: &ModemSnapshot) -> bool {
    use ModemReason::{SimBeingReadAgain, SimNotReady, SimStarting, SimStateUnreadable};
    let is_soon_over = |reason: &ModemReason| {
        matches!(reason, SimBeingReadAgain | SimNotReady | SimStarting | SimStateUnreadable)
    };
    snapshot.reason.as_ref().is_some_and(|reason| !reason.is_progress() && !is_soon_over(reason))
}
