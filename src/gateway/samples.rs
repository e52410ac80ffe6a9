//! The site's figures over time. A sample a minute is stored; what is older is condensed, so that
//! the number of rows does not grow beyond what two days of minutes, two weeks of ten minutes and
//! 400 days of hours have. The modems' signal is kept in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::Error;
use super::environment::Environment;
use super::sim_presence::SimPresence;
use crate::domain::sample::{
    ChartRange, Figures, Sample, SampleSpan, SampleTopic, SignalTrace, Timeline, beginning,
    bounded, condense,
};
use crate::domain::{PortName, Timestamp};
use crate::store::{ReadTx, StoreError, WriteTx};

/// The figures of the site over time.
pub struct Samples {
    env: Arc<Environment>,
    presence: Arc<SimPresence>,
    signals: Mutex<BTreeMap<PortName, SignalTrace>>,
}

impl Samples {
    pub(super) fn new(env: Arc<Environment>, presence: Arc<SimPresence>) -> Samples {
        Samples { env, presence, signals: Mutex::default() }
    }

    /// Stores what was counted in the minute that began at a time, and condenses what is complete.
    pub async fn record(
        &self,
        at: Timestamp,
        counted: BTreeMap<SampleTopic, Figures>,
    ) -> Result<(), Error> {
        let certain = self.env.certain_now();
        let write = move |tx: &WriteTx<'_>| {
            let end = at.plus(SampleSpan::Minute.length());
            for (topic, figures) in counted {
                let figures = bounded(topic.kind(), figures);
                let of_minute = Sample { at, minutes: 1, figures };
                tx.save_sample(topic, SampleSpan::Minute, &of_minute)?;
                condense_complete(tx, topic, end)?;
                if beginning(end, SampleSpan::Hour.length()) == end {
                    purge(tx, topic, certain)?;
                }
            }
            Ok::<_, Error>(())
        };
        self.env.store.write(write).await
    }

    /// Notes the signal of each modem now. Ports that are not served any more are forgotten.
    pub fn note_signals(&self) {
        let (now, modems) = (self.env.now(), self.presence.modems.modems());
        let mut signals = self.signals.lock();
        signals.retain(|port, _| modems.iter().any(|modem| modem.snapshot.port == *port));
        for modem in modems {
            let trace = signals.entry(modem.snapshot.port.clone()).or_default();
            trace.note(now, modem.snapshot.signal_dbm);
        }
    }

    /// The signal of the modem at a port in the last 24 hours, as far back as the daemon runs.
    pub fn signal(&self, port: &str) -> Option<SignalTrace> {
        self.signals.lock().get(port).cloned()
    }

    /// The figures of a topic for a chart.
    pub async fn timeline(&self, topic: SampleTopic, range: ChartRange) -> Result<Timeline, Error> {
        let now = self.env.now();
        let read = move |rows: &ReadTx<'_>| read_samples(rows, topic, range, now);
        let samples = self.env.store.read(read).await?;
        Ok(Timeline::new(topic, range, now, &samples))
    }
}

/// The samples of which a chart is made: the coarsest that are kept for so long, and finer ones
/// from where those end.
fn read_samples(
    rows: &ReadTx<'_>,
    topic: SampleTopic,
    range: ChartRange,
    now: Timestamp,
) -> Result<Vec<Sample>, StoreError> {
    let (mut from, to) = range.around(now);
    let mut samples: Vec<Sample> = Vec::new();
    for span in range.spans() {
        samples.extend(rows.samples(topic, *span, from, to)?);
        let newest = rows.newest_sample_at(topic, *span)?;
        from = newest.map_or(from, |at| at.plus(span.length()).max(from));
    }
    Ok(samples)
}

/// Stores the means of those spans that are complete and have none yet.
fn condense_complete(
    tx: &WriteTx<'_>,
    topic: SampleTopic,
    end: Timestamp,
) -> Result<(), StoreError> {
    for (finer, coarser) in SampleSpan::ALL.into_iter().zip(SampleSpan::ALL.into_iter().skip(1)) {
        if beginning(end, finer.length()) != end {
            return Ok(());
        }
        let newest = tx.newest_sample_at(topic, coarser)?;
        let from = newest.map_or(Timestamp(0), |at| at.plus(coarser.length()));
        let to = beginning(end, coarser.length());
        if from >= to {
            continue;
        }
        let complete = tx.samples(topic, finer, from, to)?;
        for sample in condense(topic.kind(), &complete, coarser.length()) {
            tx.save_sample(topic, coarser, &sample)?;
        }
    }
    Ok(())
}

/// Removes the samples whose time is over for certain.
fn purge(tx: &WriteTx<'_>, topic: SampleTopic, now: Timestamp) -> Result<(), StoreError> {
    SampleSpan::ALL
        .into_iter()
        .try_for_each(|span| tx.purge_samples(topic, span, now.minus(span.kept_for())))
}
