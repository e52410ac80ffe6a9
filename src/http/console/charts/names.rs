//! The charts of the console, and what the figures of each are about.

use std::fmt;
use std::str::FromStr;

use crate::domain::UnknownWord;
use crate::domain::sample::SampleTopic;

/// A chart of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChartName {
    Messages,
    Orders,
    Success,
    Seconds,
    Stock,
    Pairs,
    Sims,
    Modems,
    Requests,
    Waiting,
    Income,
    Funds,
    Commits,
    Memory,
    Disk,
    Processor,
    Switches,
    Deaf,
    Late,
}

impl ChartName {
    /// All of them, in the order of the page.
    pub(super) const ALL: [ChartName; 19] = [
        ChartName::Messages,
        ChartName::Orders,
        ChartName::Success,
        ChartName::Seconds,
        ChartName::Stock,
        ChartName::Pairs,
        ChartName::Sims,
        ChartName::Modems,
        ChartName::Requests,
        ChartName::Waiting,
        ChartName::Income,
        ChartName::Funds,
        ChartName::Commits,
        ChartName::Memory,
        ChartName::Disk,
        ChartName::Processor,
        ChartName::Switches,
        ChartName::Deaf,
        ChartName::Late,
    ];

    /// The word in addresses and ids.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            ChartName::Messages => "messages",
            ChartName::Orders => "orders",
            ChartName::Success => "success",
            ChartName::Seconds => "seconds",
            ChartName::Stock => "stock",
            ChartName::Pairs => "pairs",
            ChartName::Sims => "sims",
            ChartName::Modems => "modems",
            ChartName::Requests => "requests",
            ChartName::Waiting => "waiting",
            ChartName::Income => "income",
            ChartName::Funds => "funds",
            ChartName::Commits => "commits",
            ChartName::Memory => "memory",
            ChartName::Disk => "disk",
            ChartName::Processor => "processor",
            ChartName::Switches => "switches",
            ChartName::Deaf => "deaf",
            ChartName::Late => "late",
        }
    }

    /// What its figures are about.
    pub(super) fn topic(self) -> SampleTopic {
        match self {
            ChartName::Messages => SampleTopic::Messages,
            ChartName::Orders | ChartName::Success => SampleTopic::Orders,
            ChartName::Seconds => SampleTopic::Codes,
            ChartName::Stock => SampleTopic::Stock,
            ChartName::Pairs => SampleTopic::Pairs,
            ChartName::Sims => SampleTopic::Sims,
            ChartName::Modems => SampleTopic::Modems,
            ChartName::Requests => SampleTopic::Requests,
            ChartName::Waiting => SampleTopic::Polls,
            ChartName::Income => SampleTopic::Income,
            ChartName::Funds => SampleTopic::Funds,
            ChartName::Commits => SampleTopic::Commits,
            ChartName::Memory | ChartName::Disk => SampleTopic::Machine,
            ChartName::Processor => SampleTopic::Processor,
            ChartName::Switches | ChartName::Deaf => SampleTopic::Switches,
            ChartName::Late => SampleTopic::Visits,
        }
    }

    /// Whether a site without SIM banks has nothing to draw here.
    pub(super) fn is_of_banks(self) -> bool {
        matches!(self, ChartName::Switches | ChartName::Deaf | ChartName::Late)
    }
}

impl fmt::Display for ChartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ChartName {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<ChartName, UnknownWord> {
        ChartName::ALL.into_iter().find(|name| name.as_str() == text).ok_or(UnknownWord)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_chart_is_found_by_its_word() {
        for name in ChartName::ALL {
            assert_eq!(name.to_string().parse(), Ok(name));
        }
        assert_eq!("pie".parse::<ChartName>(), Err(UnknownWord));
    }
}
