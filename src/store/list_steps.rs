//! Lists that are looked through step by step: whoever looks for what there is little of must not
//! look at every row at once.

use super::engine::Row;
use super::listing::{ListFilter, Listed, numbered};
use super::{ReadTx, StoreError};
use crate::domain::Timestamp;

/// How many rows a step of a list looks at: some twenty milliseconds' worth.
pub(super) const STEP_ROWS: i64 = 50_000;

/// What was found in a step of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListStep<T> {
    /// The rows that were found, oldest first.
    pub rows: Vec<T>,
    /// Where the step ended, if fewer rows were found than wanted and there are older ones.
    pub stopped_at: Option<StepEnd>,
}

/// Where a step of a list ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepEnd {
    /// The next step is that before this id.
    pub before: i64,
    /// The time of the oldest row that was looked at.
    pub at: Timestamp,
}

impl<T> ListStep<T> {
    /// The step with each of its rows as something else.
    pub fn try_map<U, E>(self, map: impl FnMut(T) -> Result<U, E>) -> Result<ListStep<U>, E> {
        let rows = self.rows.into_iter().map(map).collect::<Result<_, _>>()?;
        Ok(ListStep { rows, stopped_at: self.stopped_at })
    }
}

impl ListFilter {
    /// Whether rows are wanted by what no index leads to.
    fn is_searched(&self, listed: &Listed) -> bool {
        let ListFilter { service, numbers, sim, country, bank, state, outcome, .. } = self;
        let of_rows = [service.is_some(), numbers.is_some(), sim.is_some(), country.is_some()];
        let of_state = [bank.is_some(), state.is_some(), outcome.is_some()];
        let in_words = [self.client_ref.is_some(), self.user.is_some(), self.action.is_some()];
        let by_account = self.account.is_some() && !listed.has_account_index;
        by_account || [&of_rows[..], &of_state, &in_words].concat().contains(&true)
    }
}

impl ReadTx<'_> {
    /// A step of a list: like [`ReadTx::list`], but where rows are wanted by what no index leads
    /// to, only `looked_at` rows before the page's end are looked at.
    pub(super) fn list_step<T>(
        &self,
        select: &str,
        listed: &Listed,
        filter: &ListFilter,
        looked_at: i64,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<ListStep<T>, StoreError> {
        let mut ids = self.ids_of(listed, filter, filter.page)?;
        let least = ids.start;
        if filter.is_searched(listed) {
            ids.start = least.max(self.begin_of_step(listed, filter, ids.end, looked_at)?);
        }
        let begin = ids.start;
        let rows = self.list_among(select, listed, filter, ids, read)?;
        let is_full = i64::try_from(rows.len()).is_ok_and(|found| found >= filter.limit.rows());
        let stopped_at = match is_full || begin <= least {
            true => None,
            false => self.end_of_step(listed, begin)?,
        };
        Ok(ListStep { rows, stopped_at })
    }

    /// The least id among the rows that a step looks at which ends before an id.
    fn begin_of_step(
        &self,
        listed: &Listed,
        filter: &ListFilter,
        end: i64,
        looked_at: i64,
    ) -> Result<i64, StoreError> {
        let Listed { table, account: of_account, .. } = listed;
        if let Some(account) = filter.account.filter(|_| listed.has_account_index) {
            // It counts entries of the index, and never more of them than a step has.
            let sql = numbered(&format!(
                "SELECT id FROM {table} WHERE {of_account} AND id < ? ORDER BY id DESC LIMIT 1 \
                 OFFSET ?"
            ));
            let values = [account.0, end, looked_at.saturating_sub(1)];
            return Ok(self.first(&sql, values, |row| row.get(0))?.unwrap_or(0));
        }
        let last = self.number(&format!("SELECT coalesce(max(id), 0) FROM {table}"), [])?;
        Ok(end.min(last.saturating_add(1)).saturating_sub(looked_at))
    }

    /// The end of a step that began to look at this id, if there are older rows.
    fn end_of_step(&self, listed: &Listed, begin: i64) -> Result<Option<StepEnd>, StoreError> {
        let (table, column) = (listed.table, listed.time_column());
        let older = format!("SELECT 1 FROM {table} WHERE id < $1 ORDER BY id DESC LIMIT 1");
        if self.first(&older, [begin], |_| Ok(()))?.is_none() {
            return Ok(None);
        }
        let oldest = format!("SELECT {column} FROM {table} WHERE id >= $1 ORDER BY id LIMIT 1");
        let at = self.first(&oldest, [begin], |row| row.get(0).map(Timestamp))?;
        Ok(at.map(|at| StepEnd { before: begin, at }))
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::super::Page;
    use super::super::listing::tests::{THINGS, things};
    use super::*;
    use crate::domain::{AccountId, RowLimit};

    fn step(
        conn: &Connection,
        listed: &Listed,
        filter: &ListFilter,
        looked_at: i64,
    ) -> (Vec<i64>, Option<(i64, i64)>) {
        let (rows, read) = (ReadTx::on(conn), |row: &Row<'_>| row.get::<i64>(0));
        let step = rows.list_step("SELECT id FROM thing", listed, filter, looked_at, read).unwrap();
        (step.rows, step.stopped_at.map(|end| (end.before, end.at.0)))
    }

    #[test]
    fn a_step_looks_at_so_many_rows_and_says_where_it_ended() {
        let conn = things();
        let step = |filter: &ListFilter, looked_at| step(&conn, &THINGS, filter, looked_at);
        let country = Some("NL".to_owned());
        let dutch = ListFilter { country, ..ListFilter::newest(3.into()) };
        assert_eq!(step(&dutch, 100), (vec![3, 4], None), "there is no older one");
        // The newest id is 17, so the step begins at 8: ids are counted, whether they have rows.
        assert_eq!(step(&dutch, 10), (vec![], Some((8, 20))));
        let on = ListFilter { page: Page::Before(8), ..dutch.clone() };
        assert_eq!(step(&on, 4), (vec![4], Some((4, 20))));
        let one = ListFilter { limit: 1.into(), ..on.clone() };
        assert_eq!(step(&one, 4), (vec![4], None), "a full page goes on before its last row");
        let since = ListFilter { from: Some(Timestamp(20)), ..on };
        assert_eq!(step(&since, 4), (vec![4], None), "what is older is not wanted");
        let all = ListFilter::newest(9.into());
        assert_eq!(step(&all, 1), (vec![3, 4, 9, 10, 17], None), "nothing is searched for");
    }

    #[test]
    fn a_step_of_an_account_looks_at_so_many_of_its_rows() {
        let conn = things();
        let listed = Listed { has_account_index: true, ..THINGS };
        let (account, country) = (Some(AccountId(1)), Some("NL".to_owned()));
        let newest = ListFilter { account, country, ..ListFilter::newest(RowLimit::ALL) };
        let of_account = step(&conn, &listed, &newest, 2);
        assert_eq!(of_account, (vec![], Some((9, 20))), "of 3, 9 and 17");
        let on = ListFilter { page: Page::Before(9), ..newest };
        assert_eq!(step(&conn, &listed, &on, 2), (vec![3], None));
    }
}
