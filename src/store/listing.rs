//! The operator's lists: filtered, and a page at a time.
//!
//! A list is in the order of its ids, which is the order in which its rows were written. So a page
//! begins at an id, and a time is found among the ids by halving, for which no index is needed
//! that each order and each message would have to pay for. Where the clock was set back between two
//! starts, rows near that moment may be left out by a time.

use std::ops::Range;

use rusqlite::types::Value;

use super::engine::Row;
use super::{ReadTx, StoreError};
use crate::domain::{
    AccountId, Msisdn, OrderId, OrderOutcome, RowLimit, ServiceId, SimId, Timestamp,
};

/// Which rows of a list are wanted. What is `None` limits nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListFilter {
    pub account: Option<AccountId>,
    pub service: Option<ServiceId>,
    /// Any of these numbers: one in national form may be one of several countries.
    pub numbers: Option<Vec<Msisdn>>,
    pub sim: Option<SimId>,
    pub order: Option<OrderId>,
    /// The country's code as answers spell it.
    pub country: Option<String>,
    /// The name of a SIM bank.
    pub bank: Option<String>,
    pub state: Option<String>,
    pub outcome: Option<OrderOutcome>,
    /// What the customer calls it.
    pub client_ref: Option<String>,
    /// A user of this machine, by name or number.
    pub user: Option<String>,
    /// Words of what was done.
    pub action: Option<String>,
    /// Only rows from this time or later.
    pub from: Option<Timestamp>,
    /// Only rows from before this time.
    pub to: Option<Timestamp>,
    pub page: Page,
    pub limit: RowLimit,
}

/// Where a page of a list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// The end of the list: the newest rows.
    Newest,
    /// Right before the row with this id.
    Before(i64),
    /// Right after the row with this id.
    After(i64),
}

impl ListFilter {
    /// The newest rows, at most so many.
    pub fn newest(limit: RowLimit) -> ListFilter {
        ListFilter {
            account: None,
            service: None,
            numbers: None,
            sim: None,
            order: None,
            country: None,
            bank: None,
            state: None,
            outcome: None,
            client_ref: None,
            user: None,
            action: None,
            from: None,
            to: None,
            page: Page::Newest,
            limit,
        }
    }

    /// Whether what was at this time is wanted.
    pub fn covers(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }
}

/// How a table is filtered: a condition for each filter that it has, with `?` for its value. One
/// that it has not is empty, and limits nothing: whoever asks must not be offered it.
pub(super) struct Listed {
    pub table: &'static str,
    /// Where the statement has the row's id and its time.
    pub id: &'static str,
    pub time: &'static str,
    pub account: &'static str,
    /// Whether an index leads to an account's rows, newest first.
    pub has_account_index: bool,
    pub service: &'static str,
    /// The condition for numbers, with `(?)` in the place of the list of them.
    pub number: &'static str,
    pub sim: &'static str,
    pub order: &'static str,
    pub country: &'static str,
    pub bank: &'static str,
    pub state: &'static str,
    pub outcome: &'static str,
    pub client_ref: &'static str,
    pub user: &'static str,
    pub action: &'static str,
}

impl Listed {
    /// A table without filters.
    pub const UNFILTERED: Listed = Listed {
        table: "",
        id: "",
        time: "",
        account: "",
        has_account_index: false,
        service: "",
        number: "",
        sim: "",
        order: "",
        country: "",
        bank: "",
        state: "",
        outcome: "",
        client_ref: "",
        user: "",
        action: "",
    };
}

impl Listed {
    /// The name of the column with a row's time, without its table.
    pub fn time_column(&self) -> &'static str {
        self.time.rsplit('.').next().unwrap_or(self.time)
    }
}

/// What selects the rows of a filter, for a statement of another kind than a list.
pub(super) struct Selection {
    /// The conditions, each with `AND` before it, and with `?` for each of the values.
    pub conditions: String,
    pub values: Vec<Value>,
}

/// The conditions of a statement with their values.
#[derive(Default)]
struct Conditions {
    all: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    fn add(&mut self, condition: &str, value: impl Into<Value>) {
        let value = value.into();
        let places = condition.matches('?').count();
        self.values.extend(std::iter::repeat_n(value, places));
        self.all.push(condition.to_owned());
    }

    fn add_if(&mut self, condition: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value.filter(|_| !condition.is_empty()) {
            self.add(condition, value);
        }
    }

    fn add_numbers(&mut self, condition: &str, numbers: &[Msisdn]) {
        let places = format!("({})", vec!["?"; numbers.len()].join(", "));
        for _ in condition.matches("(?)") {
            self.values.extend(numbers.iter().map(|one| Value::from(one.as_str().to_owned())));
        }
        if !condition.is_empty() {
            self.all.push(condition.replace("(?)", &places));
        }
    }
}

/// What selects those rows of a filter that have these ids.
fn conditions(listed: &Listed, filter: &ListFilter, ids: Range<i64>) -> Conditions {
    let mut conditions = Conditions::default();
    let (id, time) = (listed.id, listed.time);
    conditions.add_if(listed.account, filter.account.map(|account| account.0));
    conditions.add_if(listed.service, filter.service.map(|service| service.0));
    conditions.add_if(listed.sim, filter.sim.map(|sim| sim.0));
    conditions.add_if(listed.order, filter.order.map(|order| order.0));
    conditions.add_if(listed.country, filter.country.clone());
    conditions.add_if(listed.bank, filter.bank.clone());
    conditions.add_if(listed.state, filter.state.clone());
    let outcome = filter.outcome.map(|outcome| outcome.as_str().to_owned());
    conditions.add_if(listed.outcome, outcome);
    conditions.add_if(listed.client_ref, filter.client_ref.clone());
    conditions.add_if(listed.user, filter.user.clone());
    conditions.add_if(listed.action, filter.action.clone());
    if let Some(numbers) = &filter.numbers {
        conditions.add_numbers(listed.number, numbers);
    }
    if let Some(from) = filter.from {
        conditions.add(&format!("{time} >= ?"), from.0);
    }
    if let Some(to) = filter.to {
        conditions.add(&format!("{time} < ?"), to.0);
    }
    // One bound on either side: of several SQLite begins at the one that stands first.
    conditions.add(&format!("{id} >= ?"), ids.start);
    conditions.add(&format!("{id} < ?"), ids.end);
    conditions
}

/// A statement with `$1`, `$2` and so on in the place of each `?`.
pub(super) fn numbered(sql: &str) -> String {
    let mut pieces = sql.split('?');
    let mut numbered = pieces.next().unwrap_or_default().to_owned();
    for (number, piece) in (1..).zip(pieces) {
        numbered.push_str(&format!("${number}{piece}"));
    }
    numbered
}

/// The same, for a statement of another kind than a list.
pub(super) fn selected_among(listed: &Listed, filter: &ListFilter, ids: Range<i64>) -> Selection {
    let Conditions { all, values } = conditions(listed, filter, ids);
    let conditions = all.iter().map(|condition| format!(" AND {condition}")).collect();
    Selection { conditions, values }
}

impl ReadTx<'_> {
    /// The rows that a filter selects, oldest first. `select` is the statement without conditions,
    /// or with some of its own.
    pub(super) fn list<T>(
        &self,
        select: &str,
        listed: &Listed,
        filter: &ListFilter,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let ids = self.ids_of(listed, filter, filter.page)?;
        self.list_among(select, listed, filter, ids, read)
    }

    /// Those of the rows that have these ids.
    pub(super) fn list_among<T>(
        &self,
        select: &str,
        listed: &Listed,
        filter: &ListFilter,
        ids: Range<i64>,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let Conditions { all, mut values } = conditions(listed, filter, ids);
        let is_upwards = matches!(filter.page, Page::After(_));
        let direction = if is_upwards { "" } else { "DESC" };
        let joined = if select.contains("WHERE") { "AND" } else { "WHERE" };
        let sql = numbered(&format!(
            "{select} {joined} {} ORDER BY {} {direction} LIMIT ?",
            all.join(" AND "),
            listed.id
        ));
        values.push(filter.limit.rows().into());
        let mut rows = self.all(&sql, values, read)?;
        if !is_upwards {
            rows.reverse();
        }
        Ok(rows)
    }

    /// What selects the rows of a filter, whatever its page and how many of them are wanted.
    pub(super) fn selected(
        &self,
        listed: &Listed,
        filter: &ListFilter,
    ) -> Result<Selection, StoreError> {
        let ids = self.ids_of(listed, filter, Page::Newest)?;
        Ok(selected_among(listed, filter, ids))
    }

    /// The ids among which the rows of a filter's page and time are.
    pub(super) fn ids_of(
        &self,
        listed: &Listed,
        filter: &ListFilter,
        page: Page,
    ) -> Result<Range<i64>, StoreError> {
        let (mut first, mut end) = match page {
            Page::Newest => (0, i64::MAX),
            Page::Before(before) => (0, before),
            Page::After(after) => (after.saturating_add(1), i64::MAX),
        };
        if let Some(from) = filter.from {
            first = first.max(self.first_id_from(listed, from)?);
        }
        if let Some(to) = filter.to {
            end = end.min(self.first_id_from(listed, to)?);
        }
        Ok(first..end)
    }

    /// The id from which on the rows were written at `at` or later.
    pub(super) fn first_id_from(&self, listed: &Listed, at: Timestamp) -> Result<i64, StoreError> {
        let (table, column) = (listed.table, listed.time_column());
        let next = format!("SELECT id, {column} FROM {table} WHERE id >= $1 ORDER BY id LIMIT 1");
        let last = format!("SELECT coalesce(max(id), 0) FROM {table}");
        let (mut low, mut high) = (0, self.number(&last, [])?.saturating_add(1));
        while low < high {
            let middle = low + (high - low) / 2;
            let found =
                self.first(&next, [middle], |row| Ok((row.get::<i64>(0)?, row.get::<i64>(1)?)))?;
            match found {
                Some((id, time)) if time < at.0 => low = id.saturating_add(1),
                _ => high = middle,
            }
        }
        Ok(low)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use rusqlite::Connection;

    use super::*;

    pub(in crate::store) const THINGS: Listed = Listed {
        table: "thing",
        id: "id",
        time: "at",
        account: "account = ?",
        number: "(number IN (?) OR second IN (?))",
        country: "(country = ? OR home = ?)",
        ..Listed::UNFILTERED
    };

    /// Rows with gaps among their ids, of which three are of one moment.
    pub(in crate::store) fn things() -> Connection {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(
            "CREATE TABLE thing
                 (id INTEGER PRIMARY KEY, at, account, number, country, home, second);
             INSERT INTO thing VALUES (3, 10, 1, '+31', 'NL', 'UK', NULL),
             (4, 20, 2, '+32', 'UK', 'NL', NULL), (9, 20, 1, NULL, 'UK', 'UK', '+33'),
             (10, 20, 2, '+31', 'USA', 'UK', NULL), (17, 40, 1, '+32', 'UK', 'USA', NULL);",
        )
        .unwrap();
        conn
    }

    fn ids(conn: &Connection, filter: &ListFilter) -> Vec<i64> {
        let rows = ReadTx::on(conn);
        rows.list("SELECT id FROM thing", &THINGS, filter, |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_page_is_oldest_first_wherever_it_is() {
        let conn = things();
        let page =
            |page, limit: u32| ids(&conn, &ListFilter { page, ..ListFilter::newest(limit.into()) });
        assert_eq!(page(Page::Newest, 0), [3, 4, 9, 10, 17]);
        assert_eq!(page(Page::Newest, 2), [10, 17]);
        assert_eq!(page(Page::Before(10), 2), [4, 9]);
        assert_eq!(page(Page::After(4), 2), [9, 10]);
        assert_eq!(page(Page::After(17), 2), [0; 0]);
    }

    #[test]
    fn times_are_found_by_halving_the_ids_at_every_edge() {
        let conn = things();
        let between = |from: i64, to: i64| {
            let (from, to) = (Some(Timestamp(from)), Some(Timestamp(to)));
            ids(&conn, &ListFilter { from, to, ..ListFilter::newest(RowLimit::ALL) })
        };
        for (from, to, expected) in [
            (0, 100, &[3, 4, 9, 10, 17][..]),
            (10, 20, &[3]),
            (11, 21, &[4, 9, 10]),
            (20, 40, &[4, 9, 10]),
            (21, 41, &[17]),
            (41, 99, &[]),
            (40, 20, &[]),
        ] {
            assert_eq!(between(from, to), expected, "{from} to {to}");
        }
        let empty = Connection::open_in_memory().unwrap();
        empty.execute_batch("CREATE TABLE thing (id INTEGER PRIMARY KEY, at)").unwrap();
        let filter = ListFilter { from: Some(Timestamp(5)), ..ListFilter::newest(RowLimit::ALL) };
        assert_eq!(ids(&empty, &filter), [0; 0]);
    }

    #[test]
    fn filters_are_taken_together() {
        let conn = things();
        let all = ListFilter::newest(RowLimit::ALL);
        let account = Some(AccountId(1));
        assert_eq!(ids(&conn, &ListFilter { account, ..all.clone() }), [3, 9, 17]);
        let numbers = Some(vec![Msisdn::from_stored("+31"), Msisdn::from_stored("+33")]);
        assert_eq!(ids(&conn, &ListFilter { numbers: numbers.clone(), ..all.clone() }), [3, 9, 10]);
        assert_eq!(ids(&conn, &ListFilter { numbers, account, ..all.clone() }), [3, 9]);
        let country = Some("NL".to_owned());
        assert_eq!(ids(&conn, &ListFilter { country, ..all }), [3, 4]);
    }
}
