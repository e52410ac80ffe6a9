//! Writes Prometheus' text format, version 0.0.4.

use std::fmt::{Display, Write};

use crate::domain::histogram::Distribution;

/// The type of a metric family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
    Summary,
}

/// A page of metrics.
#[derive(Debug, Default)]
pub(super) struct Page(pub(super) String);

/// A metric family whose samples are being written.
pub(super) struct Family<'p> {
    page: &'p mut String,
    name: &'static str,
}

type Labels<'l> = &'l [(&'static str, &'l str)];

impl Page {
    pub fn family(&mut self, name: &'static str, kind: Kind, help: &str) -> Family<'_> {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
            Kind::Summary => "summary",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        Family { page: &mut self.0, name }
    }

    /// Writes a family that has one sample, without labels.
    pub fn single(&mut self, name: &'static str, kind: Kind, help: &str, value: impl Display) {
        self.family(name, kind, help).put(&[], value);
    }
}

impl Family<'_> {
    pub fn put(&mut self, labels: Labels<'_>, value: impl Display) {
        self.line("", labels, None, value);
    }

    /// Writes the sum and the number of all observations, without their distribution.
    pub fn put_sum(&mut self, labels: Labels<'_>, sum: impl Display, count: u64) {
        self.line("_sum", labels, None, sum);
        self.line("_count", labels, None, count);
    }

    /// Writes a distribution. `units` of it are one unit of the metric: 1e6 for microseconds in a
    /// metric in seconds.
    pub fn put_distribution(
        &mut self,
        labels: Labels<'_>,
        distribution: &Distribution,
        units: f64,
    ) {
        for (bound, count) in &distribution.at_most {
            let bound = (*bound as f64 / units).to_string();
            self.line("_bucket", labels, Some(&bound), count);
        }
        self.line("_bucket", labels, Some("+Inf"), distribution.count);
        self.put_sum(labels, distribution.sum as f64 / units, distribution.count);
    }

    fn line(&mut self, suffix: &str, labels: Labels<'_>, bound: Option<&str>, value: impl Display) {
        let mut before = '{';
        let _ = write!(self.page, "{}{suffix}", self.name);
        for (label, text) in labels.iter().copied().chain(bound.map(|bound| ("le", bound))) {
            let _ = write!(self.page, "{before}{label}=\"{}\"", escaped(text));
            before = ',';
        }
        let end = if before == '{' { "" } else { "}" };
        let _ = writeln!(self.page, "{end} {value}");
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::histogram::Histogram;

    #[test]
    fn families_labels_and_distributions() {
        let mut page = Page::default();
        page.single("a", Kind::Gauge, "One.", 1.5);
        page.family("b_total", Kind::Counter, "Two.").put(&[("x", "say \"hi\"\\\n"), ("y", "")], 2);
        let histogram = Histogram::new(&[1_000, 2_000_000]);
        histogram.observe(1_500);
        page.family("c_seconds", Kind::Histogram, "Three.").put_distribution(
            &[("x", "1")],
            &histogram.distribution(),
            1e6,
        );
        let expected = "# HELP a One.\n# TYPE a gauge\na 1.5\n# HELP b_total Two.\n# TYPE b_total \
             counter\nb_total{x=\"say \\\"hi\\\"\\\\\\n\",y=\"\"} 2\n# HELP c_seconds Three.\n# \
             TYPE c_seconds histogram\nc_seconds_bucket{x=\"1\",le=\"0.001\"} \
             0\nc_seconds_bucket{x=\"1\",le=\"2\"} 1\nc_seconds_bucket{x=\"1\",le=\"+Inf\"} \
             1\nc_seconds_sum{x=\"1\"} 0.0015\nc_seconds_count{x=\"1\"} 1\n";
        assert_eq!(page.0, expected);
    }
}
