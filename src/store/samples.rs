//! Samples of the site's figures.

use rusqlite::params;

use super::engine::Row;
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::Timestamp;
use crate::domain::sample::{Figures, Sample, SampleSpan, SampleTopic};

/// The length of a span as the table has it, in seconds.
fn seconds(span: SampleSpan) -> i64 {
    i64::try_from(span.length().as_secs()).unwrap_or(i64::MAX)
}

fn sample(row: &Row<'_>) -> rusqlite::Result<Sample> {
    // Figures that cannot be read are none: nothing but a chart depends on them.
    let figures = serde_json::from_str::<Figures>(row.get_ref(2)?.as_str()?);
    Ok(Sample {
        at: Timestamp(row.get(0)?),
        minutes: row.get(1)?,
        figures: figures.unwrap_or_default(),
    })
}

impl ReadTx<'_> {
    /// The samples of a topic whose spans began at `from` or later, but before `to`; oldest first.
    pub fn samples(
        &self,
        topic: SampleTopic,
        span: SampleSpan,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Sample>, StoreError> {
        let sql = "SELECT at, minutes, figures FROM sample WHERE topic = $1 AND span = $2 AND at \
                   >= $3 AND at < $4 ORDER BY at";
        self.all(sql, params![topic.as_str(), seconds(span), from.0, to.0], sample)
    }

    /// When the newest sample of a topic and length began.
    pub fn newest_sample_at(
        &self,
        topic: SampleTopic,
        span: SampleSpan,
    ) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT max(at) FROM sample WHERE topic = $1 AND span = $2";
        let newest = self
            .first(sql, params![topic.as_str(), seconds(span)], |row| row.get::<Option<i64>>(0));
        Ok(newest?.flatten().map(Timestamp))
    }
}

impl WriteTx<'_> {
    /// Saves a sample, in place of one of the same topic, length and time.
    pub fn save_sample(
        &self,
        topic: SampleTopic,
        span: SampleSpan,
        sample: &Sample,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO sample (topic, span, at, minutes, figures) VALUES ($1, $2, $3, $4, \
                   $5) ON CONFLICT (topic, span, at) DO UPDATE SET minutes = excluded.minutes, \
                   figures = excluded.figures";
        let Sample { at, minutes, figures } = sample;
        let figures = serde_json::to_string(figures)
            .map_err(|error| StoreError::Other(format!("cannot write a sample: {error}")))?;
        let values = params![topic.as_str(), seconds(span), at.0, minutes, figures];
        self.change(sql, values)
    }

    /// Removes the samples of a topic and length whose spans began before a time.
    pub fn purge_samples(
        &self,
        topic: SampleTopic,
        span: SampleSpan,
        before: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "DELETE FROM sample WHERE topic = $1 AND span = $2 AND at < $3";
        self.change(sql, params![topic.as_str(), seconds(span), before.0])
    }
}
