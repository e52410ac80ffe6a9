//! Which recovery step comes next for a modem that has failed: each step is stronger than the one
//! before, and the strong ones are limited in rate.

use std::time::Duration;

use crate::domain::modem::RecoveryStep;
use crate::domain::{Moment, TokenBucket, TokenRate};

/// How many strong steps may be taken in quick succession.
const BURST: u32 = 4;

/// Which recovery steps may be taken, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// How many resets each modem may get per hour; with 0 there are none, and ports are only
    /// opened again.
    pub resets_per_hour: u32,
    /// Whether a USB device may be unbound from its kernel driver and bound again. This needs write
    /// permission below `/sys/bus/usb`.
    pub usb_rebind: bool,
    /// The operator's command that cuts the modem's power for a while, run without a shell. `{usb}`
    /// is the device's path (`1-1.4`), `{hub}` and `{hub_port}` its hub and the port there (`1-1`,
    /// `4`), `{port}` the port as configured.
    pub power_cycle: Vec<String>,
}

impl Recovery {
    /// No resets: for a modem that has failed, only the port is opened again.
    pub fn none() -> Recovery {
        Recovery { resets_per_hour: 0, usb_rebind: false, power_cycle: Vec::new() }
    }
}

/// How far the recovery of one modem has escalated.
#[derive(Debug)]
pub(crate) struct RecoveryEscalation {
    failures: usize,
    /// The strong steps that may be taken now, and the rate at which more are allowed; `None` when
    /// none ever is.
    strong: Option<(TokenBucket, TokenRate)>,
}

impl RecoveryEscalation {
    pub fn new(recovery: &Recovery, now: Moment) -> RecoveryEscalation {
        let per_hour = recovery.resets_per_hour;
        let interval = Duration::from_secs(3600).checked_div(per_hour);
        let strong = interval.map(|interval| {
            let rate = TokenRate::with_burst(BURST, interval);
            (TokenBucket::lacking(BURST.saturating_sub(per_hour), rate, now), rate)
        });
        RecoveryEscalation { failures: 0, strong }
    }

    /// Forgets past failures, because the modem works again: the next step is the weakest.
    pub fn on_recovered(&mut self) {
        self.failures = 0;
    }

    /// Counts a failure and returns the step to take. `is_possible` says which strong steps are
    /// possible for this modem; the weakest follows upon the last of them.
    pub fn fail(
        &mut self,
        is_possible: impl Fn(RecoveryStep) -> bool,
        now: Moment,
    ) -> RecoveryStep {
        let steps: Vec<RecoveryStep> = RecoveryStep::ALL
            .into_iter()
            .filter(|step| *step == RecoveryStep::Reopen || is_possible(*step))
            .collect();
        let step =
            steps.get(self.failures % steps.len().max(1)).copied().unwrap_or(RecoveryStep::Reopen);
        self.failures += 1;
        if step == RecoveryStep::Reopen {
            return step;
        }
        if self.strong.as_mut().is_some_and(|(bucket, rate)| bucket.take(*rate, now).is_ok()) {
            return step;
        }
        // There is no token for a strong step now; the same step is due when there is one again.
        self.failures -= 1;
        RecoveryStep::Reopen
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use RecoveryStep::{HardReset, PowerCycle, Reopen, SoftReset, UsbRebind};

    fn with_resets(resets_per_hour: u32) -> Recovery {
        Recovery { resets_per_hour, ..Recovery::none() }
    }

    fn at(minutes: u64) -> Moment {
        Moment::since_origin(Duration::from_secs(minutes * 60))
    }

    #[test]
    fn each_failure_is_answered_more_strongly_and_then_from_the_beginning() {
        let mut escalation = RecoveryEscalation::new(&with_resets(60), at(0));
        let steps: Vec<RecoveryStep> =
            (0..6).map(|minute| escalation.fail(|_| true, at(minute))).collect();
        assert_eq!(steps, [Reopen, SoftReset, HardReset, UsbRebind, PowerCycle, Reopen]);
        escalation.on_recovered();
        assert_eq!(escalation.fail(|_| true, at(7)), Reopen);
        assert_eq!(
            escalation.fail(|step| step == PowerCycle, at(8)),
            PowerCycle,
            "what cannot be done is left out"
        );
    }

    #[test]
    fn strong_steps_are_limited_in_rate_and_never_lost() {
        let mut escalation = RecoveryEscalation::new(&with_resets(6), at(0));
        let steps: Vec<RecoveryStep> = (0..10).map(|_| escalation.fail(|_| true, at(0))).collect();
        assert_eq!(
            steps,
            [
                Reopen, SoftReset, HardReset, UsbRebind, PowerCycle, Reopen, Reopen, Reopen,
                Reopen, Reopen
            ]
        );
        assert_eq!(escalation.fail(|_| true, at(9)), Reopen);
        assert_eq!(escalation.fail(|_| true, at(10)), SoftReset, "six an hour");
        assert_eq!(escalation.fail(|_| true, at(11)), Reopen);
        let strong = (0..24 * 60)
            .filter(|minute| escalation.fail(|_| true, at(12 + minute)) != Reopen)
            .count();
        assert!((140..=146).contains(&strong), "{strong} in a day");
    }

    #[test]
    fn without_resets_the_port_is_only_opened_again() {
        let mut escalation = RecoveryEscalation::new(&with_resets(0), at(0));
        assert!((0..100).all(|minute| escalation.fail(|_| true, at(minute)) == Reopen));
    }
}
