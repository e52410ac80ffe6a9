//! Reports the state of one port to the host and the log.

use std::sync::Arc;

use tracing::{debug, info, warn};

use super::clock::Clock;
use super::log_throttle::LogThrottle;
use super::modem_events::ModemEvents;
use super::port_record::PortRecord;
use crate::domain::PortName;
use crate::domain::modem::{ModemReason, ModemSnapshot, ModemState, ModemWarning};

/// Reports the state of one port to the host and the log.
pub(super) struct Reporter<H> {
    record: PortRecord,
    host: Arc<H>,
    /// The snapshot that was last reported.
    last: ModemSnapshot,
    was_ready: bool,
    /// The other port on which the modem was served when this one was last looked at.
    spare_of: Option<PortName>,
    clock: Clock,
    throttle: LogThrottle,
}

impl<H: ModemEvents> Reporter<H> {
    pub fn new(port: PortName, record: PortRecord, host: Arc<H>, clock: Clock) -> Reporter<H> {
        Reporter {
            record,
            host,
            last: ModemSnapshot::new(port, ModemState::Absent),
            was_ready: false,
            spare_of: None,
            clock,
            throttle: LogThrottle::new(clock.now()),
        }
    }

    /// What the modem at the port last reported.
    pub fn last(&self) -> &ModemSnapshot {
        &self.last
    }

    /// Whether the modem has been ready since [`Reporter::take_was_ready`].
    pub fn was_ready(&self) -> bool {
        self.was_ready
    }

    /// Whether the modem has been ready since this was last called.
    pub fn take_was_ready(&mut self) -> bool {
        std::mem::take(&mut self.was_ready)
    }

    /// Reports that the modem of this port is served on another of its ports. Returns whether that
    /// had not been reported before.
    pub fn report_spare_port(&mut self, other: &PortName) -> bool {
        self.last.identity = None;
        self.last.profile = None;
        self.report_port(ModemState::Absent, Some(ModemReason::ServedOnOtherPort(other.clone())));
        self.spare_of.replace(other.clone()).as_ref() != Some(other)
    }

    /// Reports the state of the port itself while no session runs.
    pub fn report_port(&mut self, state: ModemState, reason: Option<ModemReason>) {
        let snapshot = ModemSnapshot::new(self.last.port.clone(), state);
        self.report(ModemSnapshot { reason, ..snapshot });
    }

    /// Reports a snapshot. One without an identity keeps the last one, so that a modem that fails
    /// is still shown by its IMEI.
    pub fn report(&mut self, mut snapshot: ModemSnapshot) {
        if snapshot.identity.is_none() {
            snapshot.identity.clone_from(&self.last.identity);
            snapshot.profile.clone_from(&self.last.profile);
        }
        self.keep_voltage(&mut snapshot);
        self.log_warnings(&snapshot);
        if snapshot.is_ready() {
            self.was_ready = true;
            self.spare_of = None;
        }
        if snapshot.state != self.last.state || snapshot.reason != self.last.reason {
            self.log(&snapshot);
        }
        self.record.set_snapshot(&snapshot);
        self.last = snapshot.clone();
        self.host.report(snapshot);
    }

    /// Keeps what the modem said of its supply voltage until it is ready again without it: a modem
    /// that switches itself off for it is silent afterwards.
    fn keep_voltage(&self, snapshot: &mut ModemSnapshot) {
        let is_voltage = |warning: &&ModemWarning| matches!(warning, ModemWarning::Voltage(_));
        let told = self.last.warnings.iter().find(is_voltage);
        if let Some(warning) = told
            && !snapshot.is_ready()
            && !snapshot.warnings.iter().any(|warning| is_voltage(&warning))
        {
            Arc::make_mut(&mut snapshot.warnings).push(warning.clone());
        }
    }

    /// Logs the warnings that the last report did not have.
    fn log_warnings(&mut self, snapshot: &ModemSnapshot) {
        for warning in snapshot.warnings.iter().filter(|new| !self.last.warnings.contains(new)) {
            if self.throttle.allow(self.clock.now()).is_some() {
                let kind = warning.as_str();
                warn!(event = "modem_warning", kind, %warning, "the modem needs attention");
            }
        }
    }

    /// Logs a change of state. A modem that flaps does not fill the log: the next line says how
    /// many were left out.
    fn log(&mut self, snapshot: &ModemSnapshot) {
        let (state, reason) = (snapshot.state, snapshot.reason.as_ref().map(ToString::to_string));
        let reason = reason.as_deref();
        let is_same_state = state == self.last.state;
        let is_progress = snapshot.reason.as_ref().is_some_and(ModemReason::is_progress);
        if is_progress && (is_same_state || state == ModemState::Opening) {
            return debug!(event = "modem_state", %state, "the modem's state changed");
        }
        let Some(left_out) = self.throttle.allow(self.clock.now()) else {
            return debug!(event = "modem_state", %state, reason, "the modem's state changed");
        };
        let left_out = (left_out > 0).then_some(left_out);
        match state {
            ModemState::Ready => {
                info!(event = "modem_ready", %state, reason, left_out, "the modem is ready");
            }
            ModemState::Absent => {
                info!(event = "modem_absent", %state, reason, left_out, "the modem is absent");
            }
            ModemState::Recovering | ModemState::Quarantined => {
                warn!(event = "modem_failed", %state, reason, left_out, "the modem failed");
            }
            _ => {
                info!(
                    event = "modem_state", %state, reason, left_out, "the modem's state changed"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Iccid;
    use crate::domain::ModemAtPort;
    use crate::domain::modem::SimCard;
    use crate::driver::HostError;
    use crate::modem::{MessageOwner, Received};

    struct Nobody;

    impl ModemEvents for Nobody {
        fn report(&self, _snapshot: ModemSnapshot) {}

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

        async fn store(&self, _received: Received) -> Result<(), HostError> {
            Ok(())
        }
    }

    #[test]
    fn a_port_that_is_passed_over_again_and_again_is_looked_at_soon_only_the_first_time() {
        let [here, first, second] = ["a", "b", "c"].map(PortName::from_stored);
        let mut reporter =
            Reporter::new(here.clone(), PortRecord::default(), Arc::new(Nobody), Clock::start());
        // Each look opens the port and probes the modem before it is passed over.
        let mut look = |other: &PortName, is_ready: bool| {
            reporter.report_port(ModemState::Opening, None);
            reporter.report(ModemSnapshot::new(here.clone(), ModemState::Probing));
            if is_ready {
                reporter.report(ModemSnapshot::new(here.clone(), ModemState::Ready));
            }
            reporter.report_spare_port(other)
        };
        assert!(look(&first, false));
        assert!(!look(&first, false) && !look(&first, false));
        assert!(look(&second, false), "another port serves the modem now");
        assert!(!look(&second, false));
        assert!(look(&second, true), "it was served here meanwhile");
    }
}
