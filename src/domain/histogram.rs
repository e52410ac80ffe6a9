//! How often something was how large: what distributions are counted with.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of what was observed, by upper bounds. Counting costs two additions and waits for nobody.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    /// One for each bound, and one for what is beyond the last.
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// A histogram at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// Upper bounds, ascending, each with how many were at most that.
    pub at_most: Vec<(u64, u64)>,
    /// How many there were.
    pub count: u64,
    /// Their sum.
    pub sum: u64,
}

impl Histogram {
    /// With these upper bounds, ascending; in what unit, the caller knows.
    pub fn new(bounds: &'static [u64]) -> Histogram {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Histogram { bounds, counts, sum: AtomicU64::new(0) }
    }

    /// Counts one.
    pub fn observe(&self, value: u64) {
        let place = self.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.counts.get(place) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// How it stands now.
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
