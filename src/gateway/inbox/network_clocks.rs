//! The networks' clocks: when the network accepted a message, by our clock.

use super::news::SharedTimestamp;
use crate::domain::Timestamp;
use crate::domain::network_clock::{self, SAMPLE_AGE, SAMPLES};
use crate::gateway::Error;
use crate::store::WriteTx;

/// When our own clock was last set. Samples of the networks' clocks from before that are not used.
pub(in crate::gateway) struct NetworkClocks {
    own_clock_set_at: SharedTimestamp,
}

impl NetworkClocks {
    pub(in crate::gateway) fn new() -> NetworkClocks {
        NetworkClocks { own_clock_set_at: SharedTimestamp::new(None) }
    }

    /// Our clock was set; it is `now`.
    pub(in crate::gateway) fn own_clock_was_set(&self, now: Timestamp) {
        self.own_clock_set_at.set(now);
    }

    /// When the network accepted a part, by our clock: its service centre's time stamp, corrected
    /// by what live messages have shown of that service centre's clock.
    pub(super) fn taken_at(
        &self,
        tx: &WriteTx<'_>,
        smsc: Option<&str>,
        stamp: Option<Timestamp>,
        received_at: Timestamp,
    ) -> Result<Timestamp, Error> {
        let samples = match smsc {
            Some(smsc) => {
                let oldest = received_at.minus(SAMPLE_AGE);
                let since = self.own_clock_set_at.get().map_or(oldest, |set_at| oldest.max(set_at));
                tx.clock_samples(smsc, since, i64::try_from(SAMPLES).unwrap_or(i64::MAX))?
            }
            None => Vec::new(),
        };
        Ok(network_clock::taken_at(stamp, received_at, &samples))
    }
}
