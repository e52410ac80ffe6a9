//! What is computed of several figures of a sample.

use super::{Figures, Sample};

/// The name of the figure that counts what is beyond the last bound.
pub const BEYOND: &str = "more";

/// The value that this share of all observations does not exceed, from counts by upper bounds: each
/// figure is named by a bound, and counts what is beyond the one before. Within two bounds the
/// observations are taken to be evenly spread; beyond the last one the last bound is answered.
/// `None` where nothing was observed.
pub fn quantile(sample: &Sample, share: f64) -> Option<f64> {
    let counts = by_bound(&sample.figures);
    let beyond = sample.figures.get(BEYOND).copied().unwrap_or(0.0);
    let all = counts.iter().map(|(_, count)| count).sum::<f64>() + beyond;
    if all <= 0.0 {
        return None;
    }
    let (mut below, mut lower, wanted) = (0.0, 0.0, all * share);
    for (bound, count) in counts {
        if below + count >= wanted && count > 0.0 {
            return Some(lower + (bound - lower) * ((wanted - below) / count).clamp(0.0, 1.0));
        }
        (below, lower) = (below + count, bound);
    }
    Some(lower)
}

/// The counts with their bounds, ascending.
fn by_bound(figures: &Figures) -> Vec<(f64, f64)> {
    let bound = |name: &String| name.parse::<f64>().ok();
    let counts = figures.iter().filter_map(|(name, count)| Some((bound(name)?, *count)));
    let mut counts: Vec<(f64, f64)> = counts.collect();
    counts.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    counts
}

/// How many in a hundred of these counts together are of the first one; `None` where there are
/// none.
pub fn share_percent(of: f64, others: f64) -> Option<f64> {
    let all = of + others;
    (all > 0.0).then(|| of / all * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    fn sample(figures: &[(&str, f64)]) -> Sample {
        let figures = figures.iter().map(|(name, figure)| ((*name).to_owned(), *figure)).collect();
        Sample { at: Timestamp(0), minutes: 1, figures }
    }

    #[test]
    fn quantiles_are_found_between_the_bounds() {
        let one = sample(&[("10", 4.0), ("5", 4.0), ("20", 1.0), ("more", 1.0)]);
        for (share, expected) in [(0.2, 2.5), (0.4, 5.0), (0.5, 6.25), (0.9, 20.0), (1.0, 20.0)] {
            let found = quantile(&one, share).unwrap();
            assert!((found - expected).abs() < 1e-9, "{share}: {found}");
        }
        assert_eq!(quantile(&sample(&[("more", 2.0), ("5", 0.0)]), 0.5), Some(5.0));
        assert_eq!(quantile(&sample(&[("5", 0.0)]), 0.5), None);
        assert_eq!(quantile(&sample(&[]), 0.5), None);
    }

    #[test]
    fn a_share_of_nothing_is_none() {
        assert_eq!(share_percent(3.0, 1.0), Some(75.0));
        assert_eq!(share_percent(0.0, 0.0), None);
    }
}
