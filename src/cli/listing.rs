//! What lists have in common: filters, times and pages.

use anyhow::bail;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Command};
use serde_json::{Value, json};

use super::args::{named, whole_number};
use super::print::{self, Progress};
use super::times;
use crate::http::admin::MOST_ROWS;
use crate::http::{AdminClient, path_segment};

/// Which kinds of messages are shown.
#[derive(Args)]
pub(super) struct AllKinds {
    /// Show also what is no text: probes, data for applications, status reports, drafts
    #[arg(long)]
    pub all: bool,
}

/// The long options that choose rows of lists, each in some of them.
const CHOICES: [&str; 19] = [
    "account", "service", "number", "iccid", "sim", "order", "country", "state", "outcome",
    "silent", "digits", "user", "action", "from", "since", "to", "after", "before", "limit",
];

/// Of which time rows of a list are shown.
#[derive(Args)]
pub(super) struct Times {
    /// Only from this time on: a date, '2026-06-22 14:57', or 7d for the last 7 days
    #[arg(long, visible_alias = "since", value_name = "TIME", value_parser = times::past)]
    from: Option<String>,
    /// Only before this time
    #[arg(long, visible_alias = "until", value_name = "TIME", value_parser = times::past)]
    to: Option<String>,
}

/// How much of a list is shown, which is in the order of its ids.
#[derive(Args)]
pub(super) struct Rows {
    /// Show only the newest N (0 = all)
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = whole_number)]
    limit: u32,
    #[command(flatten)]
    times: Times,
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

/// Whose orders, for which service and on which numbers, and what came of them, is shown.
#[derive(Args)]
pub(super) struct OfOrders {
    #[command(flatten)]
    account: OfAccount,
    #[command(flatten)]
    service: OfService,
    #[command(flatten)]
    numbers: OfNumber,
}

/// What a list is asked for, as the query of its path.
#[derive(Default, Clone)]
pub(super) struct ListQuery(String);

impl ListQuery {
    pub fn with(mut self, name: &str, value: Option<impl ToString>) -> ListQuery {
        if let Some(value) = value {
            let sign = if self.0.is_empty() { '?' } else { '&' };
            self.0 += &format!("{sign}{name}={}", path_segment(&value.to_string()));
        }
        self
    }

    pub fn times(self, times: Times) -> ListQuery {
        let Times { from, to } = times;
        self.with("from", from).with("to", to)
    }

    /// The rows of the list at a path. It may have grown without end, so it is read a page at a
    /// time, however many rows are wanted.
    pub async fn read(self, client: &AdminClient, path: &str, rows: Rows) -> anyhow::Result<Value> {
        let Rows { limit, times, after, before } = rows;
        let query = self.times(times);
        // All that there are are read from the first on.
        let is_upwards = after.is_some() || (limit == 0 && before.is_none());
        let (place, mut edge) = match is_upwards {
            true => ("after", Some(i64::from(after.unwrap_or(0)))),
            false => ("before", before.map(i64::from)),
        };
        let mut left = if limit == 0 { usize::MAX } else { usize::try_from(limit)? };
        let most = usize::try_from(MOST_ROWS)?;
        let mut pages = Vec::new();
        loop {
            let size = left.min(most);
            let query = query.clone().with("limit", Some(size)).with(place, edge);
            let answer = client.get(&query.of(path)).await?;
            let Value::Array(page) = answer else { bail!("the daemon's answer is no list") };
            let last = if is_upwards { page.last() } else { page.first() };
            edge = last.and_then(|row| row.get("id")?.as_i64());
            left = left.saturating_sub(page.len());
            let is_end = page.len() < size || left == 0 || edge.is_none();
            pages.push(page);
            if is_end {
                break;
            }
        }
        if !is_upwards {
            pages.reverse();
        }
        Ok(Value::Array(pages.concat()))
    }

    /// The rows of the list whose texts have a word, oldest first. They are searched for a step at
    /// a time, which a terminal shows, until so many are found as are wanted.
    pub async fn search(
        self,
        client: &AdminClient,
        path: &str,
        rows: Rows,
        word: &str,
    ) -> anyhow::Result<Value> {
        let Rows { limit, times, before, .. } = rows;
        let query = self.times(times);
        let mut edge = before.map(i64::from);
        let mut left = if limit == 0 { usize::MAX } else { usize::try_from(limit)? };
        let most = usize::try_from(MOST_ROWS)?;
        let (mut found, progress) = (Vec::new(), Progress::begin());
        loop {
            let step = query.clone().with("limit", Some(left.min(most))).with("before", edge);
            let answer = client.post(&step.of(path), json!({ "word": word })).await?;
            let Some(Value::Array(new)) = answer.get("messages").cloned() else {
                bail!("the daemon's answer is no list")
            };
            left = left.saturating_sub(new.len());
            found.extend(new);
            let until = answer.get("until");
            edge = until.and_then(|until| until.get("id")?.as_i64());
            if left == 0 || edge.is_none() {
                break;
            }
            let back_to = print::cell(until.and_then(|until| until.get("received_at")));
            progress.show(format_args!("looked back to {back_to}"));
        }
        drop(progress);
        found.reverse();
        Ok(Value::Array(found))
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

    pub fn orders(self, of: OfOrders) -> ListQuery {
        let OfOrders { account, service, numbers } = of;
        self.account(account).service(service).number(numbers)
    }

    /// The path of a list with this query.
    pub fn of(self, path: &str) -> String {
        format!("{path}{}", self.0)
    }
}

/// Prints the list that the daemon has at a path.
pub(super) async fn print_list(
    client: &AdminClient,
    json: bool,
    path: &str,
    columns: &[&str],
    empty: &str,
) -> anyhow::Result<()> {
    print::list(json, &client.get(path).await?, columns, empty)
}

/// What is said of an option by which other lists are filtered: those that the list has. `None` for
/// any other fault of a command line. `words` are those of the line.
pub(super) fn lacking_filter(
    error: &clap::Error,
    program: &Command,
    words: impl Iterator<Item = String>,
) -> Option<String> {
    let Some(ContextValue::String(given)) = error.get(ContextKind::InvalidArg) else { return None };
    let given = given.split('=').next().unwrap_or_default();
    let is_choice = |long: &&str| CHOICES.contains(long);
    let is_of_others = given.strip_prefix("--").is_some_and(|long| CHOICES.contains(&long));
    if error.kind() != ErrorKind::UnknownArgument || !is_of_others {
        return None;
    }
    let (mut list, mut name) = (program, Vec::new());
    for word in words {
        if let Some(below) = list.find_subcommand(&word) {
            list = below;
            name.push(word);
        }
    }
    let has = list.get_arguments().filter_map(|arg| arg.get_long()).filter(is_choice);
    let has: Vec<String> = has.map(|long| format!("--{long}")).collect();
    let name = name.join(" ");
    (!has.is_empty()).then(|| format!("{name} has no {given}; it has {}", has.join(", ")))
}
