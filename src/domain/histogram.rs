//! Histograms that can be counted into from any thread.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts observed values by upper bounds. An observation costs two atomic additions.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    /// One count for each bound, and one for values beyond the last.
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// The counts of a histogram at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// The upper bounds, ascending, each with how many values were at most that.
    pub at_most: Vec<(u64, u64)>,
    /// How many values were observed.
    pub count: u64,
    /// The sum of the observed values.
    pub sum: u64,
}

impl Histogram {
    /// A histogram with these upper bounds, ascending, in a unit of the caller's choice.
    pub fn new(bounds: &'static [u64]) -> Histogram {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Histogram { bounds, counts, sum: AtomicU64::new(0) }
    }

    /// Adds a value to the counts.
    pub fn observe(&self, value: u64) {
        let place = self.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.counts.get(place) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// The counts at this moment.
    pub fn distribution(&self) -> Distribution {
        let mut count = 0;
        let mut so_far = self.counts.iter().map(|of_bound| {
            count += of_bound.load(Ordering::Relaxed);
            count
        });
        let at_most = self.bounds.iter().copied().zip(so_far.by_ref()).collect();
        let _ = so_far.last();
        Distribution { at_most, count, sum: self.sum.load(Ordering::Relaxed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_counts_all_up_to_it() {
        let histogram = Histogram::new(&[1, 10, 100]);
        [0, 1, 2, 10, 11, 1000].into_iter().for_each(|value| histogram.observe(value));
        let expected =
            Distribution { at_most: vec![(1, 2), (10, 4), (100, 5)], count: 6, sum: 1024 };
        assert_eq!(histogram.distribution(), expected);
    }
}
