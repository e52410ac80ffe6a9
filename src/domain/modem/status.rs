//! Modems as they last reported themselves, and when.

use std::time::Duration;

use super::ModemSnapshot;
use crate::domain::{SiteName, Timestamp};

/// After this long without a report from its modem a SIM is not given out ([invariant
/// 17](crate#what-always-holds)): three keep-alives.
pub const STALE_AFTER: Duration = Duration::from_secs(200);

/// How long a modem's first try to get ready is waited for at most.
const FIRST_TRY: Duration = Duration::from_secs(60);

/// One modem as it last reported itself, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModemStatus {
    /// The modem's last report.
    pub snapshot: ModemSnapshot,
    /// Whether the first try to get it working is over, with or without success.
    pub settled: bool,
    /// When it first reported anything.
    pub first_seen_at: Timestamp,
    /// Since when it is in this state.
    pub since: Timestamp,
    /// When it last reported anything.
    pub seen_at: Timestamp,
}

impl ModemStatus {
    /// The status that a port's first report gives it.
    pub fn first(snapshot: ModemSnapshot, now: Timestamp) -> ModemStatus {
        let settled = snapshot.is_settled();
        ModemStatus { settled, snapshot, first_seen_at: now, since: now, seen_at: now }
    }

    /// Whether it may still become ready for the first time, so that it is worth waiting for. A
    /// modem that takes long is waited for no longer: it may search for a network for days.
    pub fn is_in_first_try(&self, now: Timestamp) -> bool {
        !self.settled && now.since(self.first_seen_at) < FIRST_TRY
    }

    /// Whether it is at this site, or with `None`, at the centre itself.
    pub fn is_at(&self, site: Option<&SiteName>) -> bool {
        self.snapshot.port.site().as_ref() == site
    }

    /// Whether the number of the SIM in it may be given out at `now`.
    pub fn usable(&self, now: Timestamp) -> bool {
        self.snapshot.is_ready() && now.since(self.seen_at) < STALE_AFTER
    }
}

/// How many modems there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModemCounts {
    /// All that are there.
    pub total: usize,
    /// Those whose SIM's number may be given out.
    pub ready: usize,
}

#[cfg(test)]
mod tests {
    use super::super::{ModemReason, ModemState};
    use super::*;
    use crate::domain::PortName;

    #[test]
    fn a_first_try_is_waited_for_a_minute_at_most() {
        let now = Timestamp(1_782_133_023_000_000);
        let searching = ModemSnapshot {
            reason: Some(ModemReason::Searching),
            ..ModemSnapshot::new(PortName::from_stored("a"), ModemState::Registering)
        };
        let status = ModemStatus::first(searching, now);
        assert!(!status.settled && status.is_in_first_try(now.plus(Duration::from_secs(59))));
        assert!(!status.is_in_first_try(now.plus(Duration::from_secs(60))));
        let settled = ModemStatus { settled: true, ..status };
        assert!(!settled.is_in_first_try(now));
    }
}
