//! The networks' clocks: when the network accepted a message, by our clock.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use super::news::SharedTimestamp;
use crate::domain::Timestamp;
use crate::domain::network_clock::{self, ClockEstimate, SAMPLE_AGE, SAMPLES};
use crate::gateway::Error;
use crate::store::WriteTx;

/// How many service centres whose stamps contradict each other are remembered for the operator.
const MOST_CONTRADICTED: usize = 64;

/// What the service centres' stamps say. Samples from before our own clock was set are not used.
pub(in crate::gateway) struct NetworkClocks {
    own_clock_set_at: SharedTimestamp,
    /// The centres whose stamps contradict each other, and when that was last seen.
    contradicted: Mutex<BTreeMap<String, Timestamp>>,
}

/// A part, as far as it tells when the network accepted it.
pub(super) struct Stamped<'s> {
    pub(super) smsc: Option<&'s str>,
    pub(super) stamp: Option<Timestamp>,
    pub(super) received_at: Timestamp,
    /// Whether it was delivered immediately.
    pub(super) live: bool,
}

impl NetworkClocks {
    pub(in crate::gateway) fn new() -> NetworkClocks {
        NetworkClocks {
            own_clock_set_at: SharedTimestamp::new(None),
            contradicted: Mutex::default(),
        }
    }

    /// Our clock was set; it is `now`.
    pub(in crate::gateway) fn own_clock_was_set(&self, now: Timestamp) {
        self.own_clock_set_at.set(now);
    }

    /// The service centres whose newest stamps contradict each other.
    pub(in crate::gateway) fn contradicted(&self, now: Timestamp) -> Vec<String> {
        let contradicted = self.contradicted.lock();
        let recent = contradicted.iter().filter(|(_, at)| now.since(**at) < SAMPLE_AGE);
        recent.map(|(smsc, _)| smsc.clone()).collect()
    }

    /// When the network accepted a part, by our clock: its service centre's time stamp, corrected
    /// by what live messages have shown of that service centre's clock.
    pub(super) fn taken_at(
        &self,
        tx: &WriteTx<'_>,
        part: &Stamped<'_>,
    ) -> Result<Timestamp, Error> {
        let Stamped { smsc, stamp, received_at, live } = *part;
        let mut offset_us = 0;
        if let Some(smsc) = smsc {
            let estimate = self.estimate(tx, smsc, received_at)?;
            self.remember(smsc, estimate, received_at);
            offset_us = estimate.offset_us;
        }
        Ok(network_clock::taken_at(stamp, received_at, live, offset_us))
    }

    /// Whether the network accepted a part after `time`, for certain: not if the clock of its
    /// service centre is not known, or ours was set since.
    pub(super) fn was_taken_after(
        &self,
        tx: &WriteTx<'_>,
        part: &Stamped<'_>,
        time: Timestamp,
    ) -> Result<bool, Error> {
        let was_set = self.own_clock_set_at.get().is_some_and(|set_at| time <= set_at);
        let (Some(smsc), Some(stamp), false) = (part.smsc, part.stamp, was_set) else {
            return Ok(false);
        };
        let estimate = self.estimate(tx, smsc, part.received_at)?;
        Ok(network_clock::was_taken_between(stamp, estimate, time, part.received_at))
    }

    /// What the samples say of a service centre's clock now.
    fn estimate(
        &self,
        tx: &WriteTx<'_>,
        smsc: &str,
        now: Timestamp,
    ) -> Result<ClockEstimate, Error> {
        let oldest = now.minus(SAMPLE_AGE);
        let since = self.own_clock_set_at.get().map_or(oldest, |set_at| oldest.max(set_at));
        let count = i64::try_from(SAMPLES).unwrap_or(i64::MAX);
        Ok(network_clock::estimate(&tx.clock_samples(smsc, since, count)?))
    }

    fn remember(&self, smsc: &str, estimate: ClockEstimate, at: Timestamp) {
        let mut contradicted = self.contradicted.lock();
        if !estimate.is_contradicted() {
            contradicted.remove(smsc);
        } else if contradicted.len() < MOST_CONTRADICTED || contradicted.contains_key(smsc) {
            contradicted.insert(smsc.to_owned(), at);
        }
    }
}
