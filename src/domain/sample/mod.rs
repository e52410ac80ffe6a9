//! Figures of the site over time. A sample is what was counted in one minute; older ones are
//! condensed into means of ten minutes and of an hour, by the same rule as the points of a chart.

mod derived;
mod range;
mod signal;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

pub use derived::{BEYOND, quantile, share_percent};
pub use range::{ChartRange, Timeline};
pub use signal::SignalTrace;

use super::{Timestamp, UnknownWord};

/// The most figures of one topic in a sample. Of more those stay that say most.
pub const MOST_FIGURES: usize = 120;
/// Between a figure's name and what it is of, such as the service in `completed:Uber`.
pub const OF: char = ':';

/// The figures of one topic, by their names.
pub type Figures = BTreeMap<String, f64>;

/// What figures are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SampleTopic {
    /// Messages that were received (`received`).
    Messages,
    /// Orders by their ends.
    Orders,
    /// The same of the services with the most orders, as `completed:Uber`.
    Services,
    /// Orders that got their code, by the seconds within which it came; `more` for later ones.
    Codes,
    /// Numbers that can be ordered: the fewest of all pairs of a service and a country (`least`),
    /// and how many pairs have none (`without`).
    Stock,
    /// Once an hour, the numbers of the pairs whose stock lasts least, as `Uber/NL`.
    Pairs,
    /// How many SIMs there are in each state.
    Sims,
    /// How many modems there are in each state.
    Modems,
    /// Customers' requests by answer.
    Requests,
    /// Requests that wait for an SMS (`waiting`).
    Polls,
    /// What was charged and given back since the first entry of the ledger, by kind of entry, in
    /// minor units.
    Income,
    /// The sums of all balances and holds, in minor units.
    Funds,
    /// Commits of the database, by the microseconds within which they ended; `more` for others.
    Commits,
    /// Operations that wait for the database's writer (`waiting`).
    Writer,
    /// Octets: the process's memory, the free space of the disk, and the database.
    Machine,
    /// Seconds of processor time (`used`).
    Processor,
    /// Switches of SIM banks, those that failed, and the seconds without reception that they cost.
    Switches,
    /// Rented SIMs in banks that are overdue for a visit (`late`).
    Visits,
}

/// How the figures of several samples become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FigureKind {
    /// A count of what happened in a minute; condensed it is the mean of all minutes. What a sample
    /// does not name has not happened.
    Count,
    /// A state; condensed it is the mean of the minutes that name it.
    Level,
    /// How many of a whole are in one of several states; condensed it is the mean of all minutes,
    /// so that the states add up to the whole. In a state that a sample does not name there are
    /// none.
    Parts,
    /// A sum since the beginning; condensed it is the last one.
    Total,
}

impl FigureKind {
    /// Whether a figure that a sample does not name is 0, rather than not known.
    fn counts(self) -> bool {
        matches!(self, FigureKind::Count | FigureKind::Parts)
    }
}

impl SampleTopic {
    /// All topics that samples are taken of.
    pub const ALL: [SampleTopic; 18] = [
        SampleTopic::Messages,
        SampleTopic::Orders,
        SampleTopic::Services,
        SampleTopic::Codes,
        SampleTopic::Stock,
        SampleTopic::Pairs,
        SampleTopic::Sims,
        SampleTopic::Modems,
        SampleTopic::Requests,
        SampleTopic::Polls,
        SampleTopic::Income,
        SampleTopic::Funds,
        SampleTopic::Commits,
        SampleTopic::Writer,
        SampleTopic::Machine,
        SampleTopic::Processor,
        SampleTopic::Switches,
        SampleTopic::Visits,
    ];

    /// The word in commands, addresses and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            SampleTopic::Messages => "messages",
            SampleTopic::Orders => "orders",
            SampleTopic::Services => "services",
            SampleTopic::Codes => "codes",
            SampleTopic::Stock => "stock",
            SampleTopic::Pairs => "pairs",
            SampleTopic::Sims => "sims",
            SampleTopic::Modems => "modems",
            SampleTopic::Requests => "requests",
            SampleTopic::Polls => "polls",
            SampleTopic::Income => "income",
            SampleTopic::Funds => "funds",
            SampleTopic::Commits => "commits",
            SampleTopic::Writer => "writer",
            SampleTopic::Machine => "machine",
            SampleTopic::Processor => "processor",
            SampleTopic::Switches => "switches",
            SampleTopic::Visits => "visits",
        }
    }

    /// What its figures are.
    pub fn kind(self) -> FigureKind {
        match self {
            SampleTopic::Messages
            | SampleTopic::Orders
            | SampleTopic::Services
            | SampleTopic::Codes
            | SampleTopic::Requests
            | SampleTopic::Commits
            | SampleTopic::Processor
            | SampleTopic::Switches => FigureKind::Count,
            SampleTopic::Stock
            | SampleTopic::Pairs
            | SampleTopic::Polls
            | SampleTopic::Funds
            | SampleTopic::Writer
            | SampleTopic::Machine
            | SampleTopic::Visits => FigureKind::Level,
            SampleTopic::Sims | SampleTopic::Modems => FigureKind::Parts,
            SampleTopic::Income => FigureKind::Total,
        }
    }
}

impl fmt::Display for SampleTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SampleTopic {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<SampleTopic, UnknownWord> {
        SampleTopic::ALL.into_iter().find(|topic| topic.as_str() == text).ok_or(UnknownWord)
    }
}

/// Over how long a stored sample goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SampleSpan {
    Minute,
    TenMinutes,
    Hour,
}

impl SampleSpan {
    /// All of them, the finest first.
    pub const ALL: [SampleSpan; 3] = [SampleSpan::Minute, SampleSpan::TenMinutes, SampleSpan::Hour];

    /// How long it is.
    pub fn length(self) -> Duration {
        Duration::from_secs(match self {
            SampleSpan::Minute => 60,
            SampleSpan::TenMinutes => 600,
            SampleSpan::Hour => 3600,
        })
    }

    /// For how long samples of this length are kept.
    pub fn kept_for(self) -> Duration {
        const DAY: u64 = 24 * 3600;
        Duration::from_secs(match self {
            SampleSpan::Minute => 2 * DAY,
            SampleSpan::TenMinutes => 14 * DAY,
            SampleSpan::Hour => 400 * DAY,
        })
    }
}

/// The figures of one topic in one span.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// When the span began.
    pub at: Timestamp,
    /// In how many minutes of it the daemon ran.
    pub minutes: u32,
    pub figures: Figures,
}

impl Sample {
    /// A figure. One that is not named is 0 if it counts something.
    pub fn figure(&self, kind: FigureKind, name: &str) -> Option<f64> {
        let missing = kind.counts().then_some(0.0);
        self.figures.get(name).copied().or(missing)
    }
}

/// When the span began that a time is in. Spans begin at multiples of their length since 1970.
pub fn beginning(at: Timestamp, length: Duration) -> Timestamp {
    let length = i64::try_from(length.as_micros()).unwrap_or(i64::MAX).max(1);
    Timestamp(at.0.saturating_sub(at.0.rem_euclid(length)))
}

/// One sample for each span of a length in which there are any. The samples are in their order.
pub fn condense(kind: FigureKind, samples: &[Sample], length: Duration) -> Vec<Sample> {
    let is_of_one = |a: &Sample, b: &Sample| beginning(a.at, length) == beginning(b.at, length);
    samples.chunk_by(is_of_one).filter_map(|of_span| merge(kind, of_span, length)).collect()
}

/// The samples of one span as one.
fn merge(kind: FigureKind, of_span: &[Sample], length: Duration) -> Option<Sample> {
    let at = beginning(of_span.first()?.at, length);
    let minutes = of_span.iter().map(|sample| sample.minutes).sum::<u32>();
    if let [one] = of_span {
        return Some(Sample { at, minutes, figures: one.figures.clone() });
    }
    let mut sums: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for sample in of_span {
        let weight = f64::from(sample.minutes);
        for (name, figure) in &sample.figures {
            let (sum, weights) = sums.entry(name).or_default();
            match kind {
                FigureKind::Total => (*sum, *weights) = (*figure, 1.0),
                FigureKind::Count | FigureKind::Level | FigureKind::Parts => {
                    *sum += figure * weight;
                    *weights += weight;
                }
            }
        }
    }
    let all = f64::from(minutes).max(1.0);
    let mean = |(name, (sum, weights)): (&str, (f64, f64))| {
        let of = if kind.counts() { all } else { weights.max(1.0) };
        (name.to_owned(), rounded(sum / of))
    };
    let figures = bounded(kind, sums.into_iter().map(mean).collect());
    Some(Sample { at, minutes, figures })
}

/// As exact as anybody reads it, and short where it is stored.
fn rounded(figure: f64) -> f64 {
    (figure * 1e4).round() / 1e4
}

/// No more than [`MOST_FIGURES`]: the greatest counts and sums, or the lowest levels, since it is a
/// stock that is low which matters.
pub fn bounded(kind: FigureKind, figures: Figures) -> Figures {
    if figures.len() <= MOST_FIGURES {
        return figures;
    }
    let mut all: Vec<(String, f64)> = figures.into_iter().collect();
    all.sort_by(|(_, figure), (_, other)| match kind {
        FigureKind::Level => figure.total_cmp(other),
        FigureKind::Count | FigureKind::Parts | FigureKind::Total => other.total_cmp(figure),
    });
    all.truncate(MOST_FIGURES);
    all.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_US: i64 = 60_000_000;

    fn sample(minute: i64, minutes: u32, figures: &[(&str, f64)]) -> Sample {
        let figures = figures.iter().map(|(name, figure)| ((*name).to_owned(), *figure)).collect();
        Sample { at: Timestamp(minute * MINUTE_US), minutes, figures }
    }

    #[test]
    fn counts_are_means_of_all_minutes_levels_of_those_that_have_them_and_totals_the_last() {
        let of_minutes = [
            sample(9, 1, &[("a", 100.0)]),
            sample(10, 1, &[("a", 6.0), ("b", 3.0)]),
            sample(12, 1, &[("a", 3.0)]),
            sample(19, 1, &[]),
        ];
        let condensed = |kind| condense(kind, &of_minutes, SampleSpan::TenMinutes.length());
        let first = sample(0, 1, &[("a", 100.0)]);
        let second = |a, b| sample(10, 3, &[("a", a), ("b", b)]);
        assert_eq!(condensed(FigureKind::Count), [first.clone(), second(3.0, 1.0)]);
        assert_eq!(condensed(FigureKind::Level), [first.clone(), second(4.5, 3.0)]);
        assert_eq!(condensed(FigureKind::Parts), condensed(FigureKind::Count));
        assert_eq!(condensed(FigureKind::Total), [first, second(3.0, 3.0)]);
    }

    #[test]
    fn condensing_in_two_steps_gives_what_one_gives() {
        let of_minutes: Vec<Sample> = (0..180)
            .filter(|minute| minute % 7 != 3 && !(30..55).contains(minute))
            .map(|minute| sample(minute, 1, &[("a", (minute * minute % 11) as f64)]))
            .collect();
        let kinds = [FigureKind::Count, FigureKind::Level, FigureKind::Parts, FigureKind::Total];
        for kind in kinds {
            let tens = condense(kind, &of_minutes, SampleSpan::TenMinutes.length());
            let twice = condense(kind, &tens, SampleSpan::Hour.length());
            let once = condense(kind, &of_minutes, SampleSpan::Hour.length());
            assert_eq!((once.len(), twice.len()), (3, 3));
            for (once, twice) in once.iter().zip(&twice) {
                assert_eq!((once.at, once.minutes), (twice.at, twice.minutes));
                let (once, twice) = (once.figures["a"], twice.figures["a"]);
                assert!((once - twice).abs() < 1e-3, "{kind:?}: {once} {twice}");
            }
        }
    }

    #[test]
    fn of_too_many_figures_those_stay_that_say_most() {
        let figures: Figures = (0..500).map(|n| (format!("x:{n}"), f64::from(n))).collect();
        let kept = |kind| bounded(kind, figures.clone());
        let (counts, levels) = (kept(FigureKind::Count), kept(FigureKind::Level));
        assert_eq!((counts.len(), levels.len()), (MOST_FIGURES, MOST_FIGURES));
        assert!(counts.contains_key("x:499") && !counts.contains_key("x:379"));
        assert!(levels.contains_key("x:0") && !levels.contains_key("x:120"));
    }

    #[test]
    fn each_topic_is_read_as_it_is_written() {
        for topic in SampleTopic::ALL {
            assert_eq!(topic.to_string().parse(), Ok(topic));
        }
        assert_eq!("Messages".parse::<SampleTopic>(), Err(UnknownWord));
    }
}
