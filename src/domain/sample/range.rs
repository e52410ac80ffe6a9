//! The time that a chart shows, and in which steps.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::{FigureKind, Sample, SampleSpan, SampleTopic, beginning, condense};
use crate::domain::{Timestamp, UnknownWord};

/// How much time a chart shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChartRange {
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl ChartRange {
    /// All of them, the shortest first.
    pub const ALL: [ChartRange; 5] =
        [ChartRange::Hour, ChartRange::Day, ChartRange::Week, ChartRange::Month, ChartRange::Year];

    /// The word in commands and addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            ChartRange::Hour => "1h",
            ChartRange::Day => "24h",
            ChartRange::Week => "7d",
            ChartRange::Month => "30d",
            ChartRange::Year => "1y",
        }
    }

    /// The time from one point to the next. No range has more than 300 of them.
    pub fn step(self) -> Duration {
        const HOUR: u64 = 3600;
        Duration::from_secs(match self {
            ChartRange::Hour => 60,
            ChartRange::Day => 600,
            ChartRange::Week => HOUR,
            ChartRange::Month => 3 * HOUR,
            ChartRange::Year => 36 * HOUR,
        })
    }

    /// How many points it has.
    pub fn points(self) -> u32 {
        match self {
            ChartRange::Hour => 60,
            ChartRange::Day => 144,
            ChartRange::Week => 168,
            ChartRange::Month => 240,
            ChartRange::Year => 244,
        }
    }

    /// The spans whose samples it is made of: those that are kept for so long, and finer ones for
    /// what has not been condensed yet.
    pub fn spans(self) -> &'static [SampleSpan] {
        const HOUR: &[SampleSpan] = &[SampleSpan::Hour, SampleSpan::TenMinutes, SampleSpan::Minute];
        match self {
            ChartRange::Hour => &[SampleSpan::Minute],
            ChartRange::Day => &[SampleSpan::TenMinutes, SampleSpan::Minute],
            ChartRange::Week | ChartRange::Month | ChartRange::Year => HOUR,
        }
    }

    /// When the first step begins that is shown at a time, and when the last one ends.
    pub fn around(self, now: Timestamp) -> (Timestamp, Timestamp) {
        let to = beginning(now, self.step()).plus(self.step());
        (to.minus(self.step() * self.points()), to)
    }
}

impl fmt::Display for ChartRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ChartRange {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<ChartRange, UnknownWord> {
        ChartRange::ALL.into_iter().find(|range| range.as_str() == text).ok_or(UnknownWord)
    }
}

/// The figures of one topic in the time that a chart shows. A step without a sample is one in which
/// the daemon did not run.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    pub topic: SampleTopic,
    pub range: ChartRange,
    /// When the first step begins.
    pub from: Timestamp,
    /// When the last step ends.
    pub to: Timestamp,
    /// A sample for each step in which the daemon ran, oldest first.
    pub samples: Vec<Sample>,
}

impl Timeline {
    /// Makes the points of a chart of stored samples, which are in their order.
    pub fn new(
        topic: SampleTopic,
        range: ChartRange,
        now: Timestamp,
        samples: &[Sample],
    ) -> Timeline {
        let (from, to) = range.around(now);
        let samples = condense(topic.kind(), samples, range.step());
        Timeline { topic, range, from, to, samples }
    }

    /// The names of all figures, in their order.
    pub fn names(&self) -> Vec<String> {
        let names = self.samples.iter().flat_map(|sample| sample.figures.keys());
        let mut names: Vec<String> = names.cloned().collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// A figure in each step, as `read` makes it of a sample; `None` where the daemon did not run
    /// or nothing is known.
    pub fn line(&self, read: impl Fn(&Sample) -> Option<f64>) -> Vec<Option<f64>> {
        let mut samples = self.samples.iter().peekable();
        let step = |index: u32| self.from.plus(self.range.step() * index);
        (0..self.range.points())
            .map(|index| {
                while samples.next_if(|sample| sample.at < step(index)).is_some() {}
                samples.next_if(|sample| sample.at == step(index)).and_then(&read)
            })
            .collect()
    }

    /// A figure by its name in each step.
    pub fn figure(&self, name: &str) -> Vec<Option<f64>> {
        self.line(|sample| sample.figure(self.topic.kind(), name))
    }

    /// By how much a total has grown from one step that has it to the next.
    pub fn growth(&self, name: &str) -> Vec<Option<f64>> {
        let mut before = None;
        let grown = |total: Option<f64>| {
            let known = before;
            before = total.or(before);
            Some(total? - known?)
        };
        self.line(|sample| sample.figure(FigureKind::Total, name)).into_iter().map(grown).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(at: Timestamp, figure: f64) -> Sample {
        Sample { at, minutes: 1, figures: [("a".to_owned(), figure)].into() }
    }

    #[test]
    fn no_range_has_more_than_300_points_and_each_is_as_long_as_its_name_says() {
        for (range, hours) in ChartRange::ALL.into_iter().zip([1, 24, 168, 720, 8760]) {
            assert!(range.points() <= 300);
            let length = range.step() * range.points();
            let named = Duration::from_secs(hours * 3600);
            assert!(length >= named && length < named + range.step(), "{range}");
            let (from, to) = range.around(Timestamp(1_782_133_023_000_000));
            assert_eq!(to.since(from), length);
            let finest = range.spans().first().unwrap();
            assert!(finest.length() <= range.step() && finest.kept_for() >= length, "{range}");
            assert_eq!(range.to_string().parse(), Ok(range));
        }
    }

    #[test]
    fn a_step_in_which_the_daemon_did_not_run_is_a_gap() {
        let now = Timestamp(0).plus(Duration::from_secs(100 * 60 + 30));
        let (from, to) = ChartRange::Hour.around(now);
        assert_eq!(to, Timestamp(101 * 60_000_000));
        let at = |minute: u32| from.plus(Duration::from_secs(60) * minute);
        let samples = [sample(at(1), 5.0), sample(at(2), 0.0), sample(at(59), 7.0)];
        let timeline = Timeline::new(SampleTopic::Messages, ChartRange::Hour, now, &samples);
        let line = timeline.figure("a");
        assert_eq!(line.len(), 60);
        assert_eq!(line[..4], [None, Some(5.0), Some(0.0), None]);
        assert_eq!(line[59], Some(7.0));
        assert_eq!(timeline.figure("b")[1], Some(0.0), "what did not happen");
        assert_eq!(timeline.names(), ["a"]);
    }

    #[test]
    fn a_total_grows_over_gaps() {
        let now = Timestamp(0).plus(Duration::from_secs(100 * 60));
        let (from, _) = ChartRange::Hour.around(now);
        let at = |minute: u32| from.plus(Duration::from_secs(60) * minute);
        let samples = [sample(at(0), 10.0), sample(at(1), 12.0), sample(at(3), 11.0)];
        let timeline = Timeline::new(SampleTopic::Income, ChartRange::Hour, now, &samples);
        assert_eq!(timeline.growth("a")[..5], [None, Some(2.0), None, Some(-1.0), None]);
    }
}
