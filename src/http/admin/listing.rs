//! What a list may be asked for: filters, times, and a page.

use serde::Deserialize;

use super::{Refused, parse_time, refused};
use crate::domain::{RowLimit, Timestamp};
use crate::gateway::ListRequest;

/// How many rows of a list that grows without end are read at a time, if nothing else is said.
const ROWS: u32 = 1000;
/// How many rows of such a list are read at a time at most.
pub const MOST_ROWS: u32 = 5000;

/// What a client asks of a list. A filter that the list does not have is refused.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ListQuery {
    pub(super) account: Option<String>,
    service: Option<String>,
    pub(super) number: Option<String>,
    pub(super) iccid: Option<String>,
    order: Option<i64>,
    pub(super) country: Option<String>,
    pub(super) state: Option<String>,
    outcome: Option<String>,
    /// Of SIMs, those that received nothing since then.
    pub(super) silent: Option<String>,
    /// Of SIMs, those that have these digits in their ICCID, IMSI or number.
    pub(super) digits: Option<String>,
    user: Option<String>,
    action: Option<String>,
    from: Option<String>,
    to: Option<String>,
    /// What names the row before the page: its id, or what the list's page says.
    pub(super) after: Option<String>,
    before: Option<String>,
    pub(super) limit: Option<RowLimit>,
    /// Of messages, also those that are shown only when they are asked for.
    pub(super) all: bool,
    /// Of numbers, those that can be ordered now.
    pub(super) free: bool,
    /// How many seconds to wait for messages after one.
    pub(super) wait: u64,
}

/// A page of a list that is read as a whole, in the order in which the list is.
pub(super) struct Page {
    pub(super) after: Option<String>,
    pub(super) before: Option<String>,
    pub(super) limit: RowLimit,
}

impl ListQuery {
    /// The request, for a list that has these filters beside times and pages by id.
    pub(super) fn for_list(self, filters: &[&str]) -> Result<ListRequest, Refused> {
        self.check(&[filters, &["from", "to"]].concat(), true)?;
        bounded(self.into_request()?)
    }

    /// The request, for a list that has these filters and no pages: its first rows are those that
    /// matter.
    pub(super) fn for_first_rows(self, filters: &[&str]) -> Result<ListRequest, Refused> {
        self.check(filters, false)?;
        bounded(self.into_request()?)
    }

    fn into_request(self) -> Result<ListRequest, Refused> {
        let from = self.from.as_deref().map(parse_time).transpose()?;
        let to = self.to.as_deref().map(parse_time).transpose()?;
        check_order(from, to)?;
        Ok(ListRequest {
            account: self.account,
            service: self.service,
            number: self.number,
            iccid: self.iccid,
            order: self.order,
            country: self.country,
            state: self.state,
            outcome: self.outcome,
            user: self.user,
            action: self.action,
            from,
            to,
            after: self.after.as_deref().map(parse_id).transpose()?,
            before: self.before.as_deref().map(parse_id).transpose()?,
            limit: self.limit,
        })
    }

    /// The request and the page, for a list that is read as a whole and has these filters.
    pub(super) fn for_whole_list(
        mut self,
        filters: &[&str],
    ) -> Result<(ListRequest, Page), Refused> {
        self.check(filters, true)?;
        let limit = self.limit.take().unwrap_or(RowLimit::ALL);
        let page = Page { after: self.after.take(), before: self.before.take(), limit };
        Ok((self.into_request()?, page))
    }

    /// Refuses a filter that the list does not have, and a page where it has none.
    fn check(&self, filters: &[&str], has_pages: bool) -> Result<(), Refused> {
        let given = [
            ("account", self.account.is_some()),
            ("service", self.service.is_some()),
            ("number", self.number.is_some()),
            ("iccid", self.iccid.is_some()),
            ("order", self.order.is_some()),
            ("country", self.country.is_some()),
            ("state", self.state.is_some()),
            ("outcome", self.outcome.is_some()),
            ("silent", self.silent.is_some()),
            ("digits", self.digits.is_some()),
            ("user", self.user.is_some()),
            ("action", self.action.is_some()),
            ("from", self.from.is_some()),
            ("to", self.to.is_some()),
            ("after", self.after.is_some() && !has_pages),
            ("before", self.before.is_some() && !has_pages),
            ("all", self.all),
            ("free", self.free),
            ("wait", self.wait > 0),
        ];
        match given.iter().find(|(name, is)| *is && !filters.contains(name)) {
            None => Ok(()),
            Some((name, _)) if filters.is_empty() => {
                Err(refused(format!("this list has no filter {name}; it has none")))
            }
            Some((name, _)) => {
                let has = filters.join(", ");
                Err(refused(format!("this list has no filter {name}; it has {has}")))
            }
        }
    }
}

/// The request with the rows that are read at a time, unless it asks for more of them.
fn bounded(request: ListRequest) -> Result<ListRequest, Refused> {
    let limit = request.limit.unwrap_or(ROWS.into());
    check_limit(limit)?;
    Ok(ListRequest { limit: Some(limit), ..request })
}

/// Refuses to read more rows at a time than others have patience for.
pub(super) fn check_limit(limit: RowLimit) -> Result<(), Refused> {
    match limit.rows() > i64::from(MOST_ROWS) {
        true => Err(refused(format!(
            "from 1 to {MOST_ROWS} rows are read at a time; `after` or `before` with the id of the \
             last one asks on"
        ))),
        false => Ok(()),
    }
}

/// Refuses a time that ends before it begins.
pub(super) fn check_order(from: Option<Timestamp>, to: Option<Timestamp>) -> Result<(), Refused> {
    match from.zip(to).filter(|(from, to)| from > to) {
        Some((from, to)) => {
            Err(refused(format!("--from {from} is later than --to {to}: nothing is between them")))
        }
        None => Ok(()),
    }
}

pub(super) fn parse_id(text: &str) -> Result<i64, Refused> {
    text.parse().map_err(|_| refused(format!("{text}: not the id of a row, which is a number")))
}

impl Page {
    /// The rows of the page. `name` is what names a row.
    pub(super) fn cut<R>(
        self,
        mut rows: Vec<R>,
        name: impl Fn(&R) -> String,
    ) -> Result<Vec<R>, Refused> {
        // Where several rows have one name, as SIMs of one number, a page is after or before all
        // of them.
        let place = |wanted: String, is_after: bool| {
            let is_it = |row: &R| name(row) == wanted;
            let found = match is_after {
                true => rows.iter().rposition(is_it),
                false => rows.iter().position(is_it),
            };
            found.ok_or_else(|| refused(format!("this list has no row {wanted}")))
        };
        let most = usize::try_from(self.limit.rows()).unwrap_or(usize::MAX);
        let (start, end) = match (self.after, self.before) {
            (Some(_), Some(_)) => {
                return Err(refused("a page is after a row or before one, not both"));
            }
            (Some(after), None) => {
                let start = place(after, true)? + 1;
                (start, start.saturating_add(most).min(rows.len()))
            }
            (None, before) => {
                let end = before.map_or(Ok(rows.len()), |before| place(before, false))?;
                (end.saturating_sub(most), end)
            }
        };
        Ok(rows.drain(start..end).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_end_where_rows_have_one_name() {
        let rows = || vec![("a", 1), ("b", 2), ("b", 3), ("c", 4)];
        let page = |after: Option<&str>, before: Option<&str>, limit: u32| {
            let (after, before) = (after.map(str::to_owned), before.map(str::to_owned));
            let page = Page { after, before, limit: limit.into() };
            let cut = page.cut(rows(), |row| row.0.to_owned());
            cut.ok().map(|rows| rows.into_iter().map(|row| row.1).collect::<Vec<_>>())
        };
        assert_eq!(page(None, None, 0), Some(vec![1, 2, 3, 4]));
        assert_eq!(page(None, None, 1), Some(vec![4]));
        assert_eq!(page(Some("a"), None, 1), Some(vec![2]));
        assert_eq!(page(Some("b"), None, 9), Some(vec![4]));
        assert_eq!(page(None, Some("b"), 9), Some(vec![1]));
        assert_eq!(page(None, Some("c"), 1), Some(vec![3]));
        assert_eq!(page(Some("x"), None, 1), None);
        assert_eq!(page(Some("a"), Some("c"), 1), None);
    }
}
