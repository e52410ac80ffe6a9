//! What lists have in common: filters, times and pages.

use clap::Args;

use super::args::{named, whole_number};
use super::times;
use crate::http::path_segment;

/// Which kinds of messages are shown.
#[derive(Args)]
pub(super) struct AllKinds {
    /// Show also what is no text: probes, data for applications, status reports, drafts
    #[arg(long)]
    pub all: bool,
}

/// How much of a list is shown, which is in the order of its ids.
#[derive(Args)]
pub(super) struct Rows {
    /// Show only the newest N (0 = all)
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = whole_number)]
    limit: u32,
    /// Only from this time on: a date, '2026-06-22 14:57', or 7d for the last 7 days
    #[arg(long, visible_alias = "since", value_name = "TIME", value_parser = times::past)]
    from: Option<String>,
    /// Only before this time
    #[arg(long, visible_alias = "until", value_name = "TIME", value_parser = times::past)]
    to: Option<String>,
    /// The page after the row with this id
    #[arg(long, value_name = "ID", conflicts_with = "before", value_parser = whole_number)]
    after: Option<u32>,
    /// The page before the row with this id
    #[arg(long, value_name = "ID", value_parser = whole_number)]
    before: Option<u32>,
}

/// How much of a list is shown whose rows have names.
#[derive(Args)]
pub(super) struct Page {
    /// Show only the last N, or the first N after that of `--after` (0 = all)
    #[arg(long, value_name = "N", value_parser = whole_number)]
    limit: Option<u32>,
    /// The page after the row that the list's first column names so
    #[arg(long, value_name = "ROW", conflicts_with = "before", value_parser = named)]
    after: Option<String>,
    /// The page before that row
    #[arg(long, value_name = "ROW", value_parser = named)]
    before: Option<String>,
}

/// Whose rows of a list are shown.
#[derive(Args)]
pub(super) struct OfAccount {
    /// Only those of this account, by its name or id
    #[arg(long, value_name = "NAME", value_parser = named)]
    account: Option<String>,
}

/// Which service's rows of a list are shown.
#[derive(Args)]
pub(super) struct OfService {
    /// Only those of this service, by its name or id
    #[arg(long, value_name = "NAME", value_parser = named)]
    service: Option<String>,
}

/// Which numbers' rows of a list are shown.
#[derive(Args)]
pub(super) struct OfNumber {
    /// Only those of this number, in any form
    #[arg(long, value_name = "NUMBER", value_parser = named)]
    number: Option<String>,
    /// Only those of this SIM
    #[arg(long, value_parser = named)]
    iccid: Option<String>,
    /// Only those of this country, like NL
    #[arg(long, value_parser = named)]
    country: Option<String>,
}

/// What a list is asked for, as the query of its path.
#[derive(Default)]
pub(super) struct ListQuery(String);

impl ListQuery {
    pub fn with(mut self, name: &str, value: Option<impl ToString>) -> ListQuery {
        if let Some(value) = value {
            let sign = if self.0.is_empty() { '?' } else { '&' };
            self.0 += &format!("{sign}{name}={}", path_segment(&value.to_string()));
        }
        self
    }

    pub fn rows(self, rows: Rows) -> ListQuery {
        let Rows { limit, from, to, after, before } = rows;
        let query = self.with("limit", Some(limit)).with("from", from).with("to", to);
        query.with("after", after).with("before", before)
    }

    pub fn page(self, page: Page) -> ListQuery {
        let Page { limit, after, before } = page;
        self.with("limit", limit).with("after", after).with("before", before)
    }

    pub fn account(self, of: OfAccount) -> ListQuery {
        self.with("account", of.account)
    }

    pub fn service(self, of: OfService) -> ListQuery {
        self.with("service", of.service)
    }

    pub fn number(self, of: OfNumber) -> ListQuery {
        let OfNumber { number, iccid, country } = of;
        self.with("number", number).with("iccid", iccid).with("country", country)
    }

    /// The path of a list with this query.
    pub fn of(self, path: &str) -> String {
        format!("{path}{}", self.0)
    }
}
