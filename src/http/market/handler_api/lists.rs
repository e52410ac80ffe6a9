//! Lists of an account's orders.

use std::time::Duration;

use serde::Serialize;

use super::super::super::api::Api;
use super::super::super::params::Params;
use super::super::Caller;
use super::answer::{Answer, Reply, Word};
use super::parameters::{count, time};
use super::shapes::{ActiveRow, HistoryRow, RunningRow};
use crate::domain::Timestamp;
use crate::gateway::{MarketOrder, MarketPage, OrderSpan};

/// How many rows a list has at most, and if the request does not say.
const MOST_ROWS: u32 = 100;
const MOST_RUNNING: u32 = 10;

/// The longest span of time of a history.
const LONGEST_HISTORY: Duration = Duration::from_secs(30 * 24 * 3600);

/// Which list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Active,
    Running,
    History,
}

pub(super) async fn answer(api: &Api, caller: &Caller, params: &Params, action: Action) -> Answer {
    match action {
        Action::Active => active(api, caller, params).await,
        Action::Running => running(api, caller, params).await,
        Action::History => history(api, caller, params).await,
    }
}

/// The orders that are open or collecting, from one on, at most so many, and whether there are
/// more.
async fn active_page(
    api: &Api,
    caller: &Caller,
    params: &Params,
    most: u32,
) -> Result<(Vec<MarketOrder>, bool), super::answer::Refused> {
    let by = caller.reader(api)?;
    let mut active = api.gateway.orders().market_orders(by, MarketPage::Active).await?;
    let start = count(params, &["start", "offset"]).unwrap_or(0);
    let limit = count(params, &["limit", "length", "size"]).unwrap_or(most).clamp(1, most);
    let size = |rows: u32| usize::try_from(rows).unwrap_or(usize::MAX);
    active.drain(..size(start).min(active.len()));
    let there_are_more = active.len() > size(limit);
    active.truncate(size(limit));
    Ok((active, there_are_more))
}

/// `getActiveActivations`: the rows stand under both names that clients look for.
#[derive(Serialize)]
struct Active {
    status: &'static str,
    #[serde(rename = "activeActivations")]
    active: Vec<ActiveRow>,
    data: Vec<ActiveRow>,
}

async fn active(api: &Api, caller: &Caller, params: &Params) -> Answer {
    let (active, _) = active_page(api, caller, params, MOST_ROWS).await?;
    let settings = api.gateway.settings();
    let rows: Vec<ActiveRow> = active.iter().map(|one| ActiveRow::of(&settings, one)).collect();
    Reply::json(&Active { status: "success", active: rows.clone(), data: rows })
}

#[derive(Serialize)]
struct Running {
    data: Vec<RunningRow>,
    #[serde(rename = "existNext")]
    there_are_more: bool,
    quant: usize,
}

/// `getListOfActiveActivations`.
async fn running(api: &Api, caller: &Caller, params: &Params) -> Answer {
    let (active, there_are_more) = active_page(api, caller, params, MOST_RUNNING).await?;
    let settings = api.gateway.settings();
    let data: Vec<RunningRow> = active.iter().map(|one| RunningRow::of(&settings, one)).collect();
    let quant = data.len();
    Reply::json(&Running { data, there_are_more, quant })
}

/// `getHistory`: by purchase, the newest first.
async fn history(api: &Api, caller: &Caller, params: &Params) -> Answer {
    let by = caller.reader(api)?;
    let (from, to) = span(params, api.gateway.now())?;
    let span = OrderSpan {
        from: Some(from),
        to: Some(to),
        oldest_first: false,
        offset: count(params, &["offset"]).unwrap_or(0),
        limit: count(params, &["limit", "size"]).unwrap_or(MOST_ROWS).clamp(1, MOST_ROWS),
    };
    let made = api.gateway.orders().market_orders(by, MarketPage::Made(span)).await?;
    let settings = api.gateway.settings();
    let rows: Vec<HistoryRow> = made.iter().map(|one| HistoryRow::of(&settings, one)).collect();
    Reply::json(&rows)
}

/// The span of time of a history: the last thirty days unless the request says otherwise.
fn span(params: &Params, now: Timestamp) -> Result<(Timestamp, Timestamp), Word> {
    let read = |name: &str| match params.get(name) {
        None => Ok(None),
        Some(text) => time(text).map(Some).ok_or(Word::WrongDate),
    };
    // What was made in the second that is the end is wanted.
    let second = Duration::from_secs(1);
    let (start, end) = (read("start")?, read("end")?.map(|end| end.plus(second)));
    let (start, end) = match (start, end) {
        (Some(start), Some(end)) => (start, end),
        (Some(start), None) => (start, start.plus(LONGEST_HISTORY)),
        (None, Some(end)) => (end.minus(LONGEST_HISTORY), end),
        (None, None) => (now.minus(LONGEST_HISTORY), now.plus(second)),
    };
    match start < end && end.since(start) <= LONGEST_HISTORY + second {
        true => Ok((start, end)),
        false => Err(Word::WrongDate),
    }
}

#[cfg(test)]
mod tests {
    use axum::extract::Request;

    use super::*;

    #[test]
    fn a_history_is_of_thirty_days_at_most() {
        const DAY: i64 = 24 * 3600;
        let now = Timestamp(1_000 * DAY * 1_000_000);
        let read = |query: &str| {
            let request = Request::builder().uri(format!("/x?{query}")).body(()).unwrap();
            let span = span(&Params::from_head(&request, None).trimmed(), now);
            span.map(|(from, to)| (from.0 / 1_000_000, to.0 / 1_000_000))
        };
        assert_eq!(read(""), Ok((970 * DAY, 1000 * DAY + 1)));
        assert_eq!(read("start=0&end=86400"), Ok((0, DAY + 1)));
        assert_eq!(read("start=86400"), Ok((DAY, 31 * DAY)));
        assert_eq!(read("end=8640000"), Ok((70 * DAY + 1, 100 * DAY + 1)));
        assert_eq!(read("start=1970-01-02&end=1970-01-02T00:00:00Z"), Ok((DAY, DAY + 1)));
        assert!(read("start=0&end=2592000").is_ok(), "thirty days");
        for query in ["start=x", "end=yesterday", "start=5&end=1", "start=0&end=2592001"] {
            assert_eq!(read(query), Err(Word::WrongDate), "{query}");
        }
    }
}
