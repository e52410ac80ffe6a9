//! Search in the texts of messages, a step at a time.

use std::ops::Range;

use super::listing::{ListFilter, Selection, numbered, selected_among};
use super::messages::{LISTED, is_listed};
use super::{ReadTx, StoreError};
use crate::domain::message::Message;
use crate::domain::search::Needle;
use crate::domain::{MessageId, Timestamp};

/// How many messages one step of a search looks at, at most.
const STEP: i64 = 50_000;
/// How many of them are looked at before it is asked whether the step should end. Among so few
/// also a statement whose filter selects hardly any ends soon.
const PIECE: i64 = 2_000;

/// What a step of a search has found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Searched {
    /// The messages whose text has the word, newest first.
    pub messages: Vec<Message>,
    /// The oldest message that was looked at, and when it was received. The next step goes on
    /// before it. `None` when nothing is left.
    pub until: Option<(MessageId, Timestamp)>,
}

impl ReadTx<'_> {
    /// Looks among the messages of a filter for those whose text has a word, from the newest one of
    /// the filter's page on: until as many as its limit are found, 50 000 were looked at, or
    /// `is_over` says so.
    pub fn search_messages(
        &self,
        filter: &ListFilter,
        with_all_kinds: bool,
        needle: &Needle,
        is_over: impl Fn() -> bool,
    ) -> Result<Searched, StoreError> {
        let mut ids = self.ids_of(&LISTED, filter, filter.page)?;
        let newest = self.number("SELECT coalesce(max(id), 0) FROM message", [])?;
        ids.end = ids.end.min(newest.saturating_add(1));
        let most = usize::try_from(filter.limit.rows()).unwrap_or(usize::MAX);
        let lowest = ids.start.max(ids.end.saturating_sub(STEP));
        let (mut searched, mut end) = (Searched::default(), ids.end);
        while end > lowest && searched.messages.len() < most {
            let piece = lowest.max(end.saturating_sub(PIECE))..end;
            end = piece.start;
            for id in self.ids_with(filter, with_all_kinds, needle, piece)? {
                if searched.messages.len() >= most {
                    // The next step begins at the first that found no place.
                    end = id.saturating_add(1);
                    break;
                }
                searched.messages.extend(self.message(MessageId(id))?);
            }
            if is_over() {
                break;
            }
        }
        if end > ids.start {
            searched.until = self.first_message_from(end)?;
        }
        Ok(searched)
    }

    /// The ids of those messages of a filter whose text has a word, newest first.
    fn ids_with(
        &self,
        filter: &ListFilter,
        with_all_kinds: bool,
        needle: &Needle,
        among: Range<i64>,
    ) -> Result<Vec<i64>, StoreError> {
        let Selection { conditions, values } = selected_among(&LISTED, filter, among);
        let kinds = if with_all_kinds { "true".to_owned() } else { is_listed() };
        let sql = numbered(&format!(
            "SELECT m.id, m.text FROM message m JOIN sim s ON s.id = m.sim_id WHERE \
             {kinds}{conditions} ORDER BY m.id DESC"
        ));
        let mut found = Vec::new();
        self.visit(&sql, values, |row| {
            let text = row.get_ref(1)?.as_str_or_null();
            if text.ok().flatten().is_some_and(|text| needle.is_in(text)) {
                found.push(row.get(0)?);
            }
            Ok(true)
        })?;
        Ok(found)
    }

    /// The first message whose id is at least this one, with the time that it was received.
    fn first_message_from(&self, id: i64) -> Result<Option<(MessageId, Timestamp)>, StoreError> {
        let sql = "SELECT id, received_at FROM message WHERE id >= $1 ORDER BY id LIMIT 1";
        self.first(sql, [id], |row| Ok((MessageId(row.get(0)?), Timestamp(row.get(1)?))))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use rusqlite::Connection;

    use super::super::Page;
    use super::super::query_plans::traced_connection;
    use super::*;
    use crate::domain::{RowLimit, SimId};

    /// Messages 1 to `count`, each received at its id. Those whose id is a multiple of 1000 say so.
    fn messages(count: i64) -> Connection {
        let conn = traced_connection();
        let sql = "INSERT INTO sim (id, iccid, created_at) VALUES (1, '8931', 1), (2, '8932', 1);";
        conn.execute_batch(sql).unwrap();
        let sql = "WITH RECURSIVE ids (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM ids WHERE id \
                   < $1) INSERT INTO message (id, sim_id, sender, text, received_at, complete) \
                   SELECT id, 1, 'x', iif(id % 1000 = 0, 'The WORD ' || id, 'nothing'), id, 1 FROM \
                   ids";
        conn.execute(sql, [count]).unwrap();
        conn
    }

    fn step(conn: &Connection, filter: &ListFilter, is_over: impl Fn() -> bool) -> (Vec<i64>, i64) {
        let needle = Needle::new("word").unwrap();
        let found = ReadTx::on(conn).search_messages(filter, false, &needle, is_over).unwrap();
        let ids = found.messages.iter().map(|message| message.id.0).collect();
        (ids, found.until.map_or(0, |(id, _)| id.0))
    }

    #[test]
    fn a_step_ends_where_enough_is_found_or_looked_at_and_the_next_goes_on_there() {
        let conn = messages(60_500);
        let all = ListFilter::newest(RowLimit::ALL);
        let (found, until) = step(&conn, &all, || false);
        assert_eq!((found.len(), found[0], until), (50, 60_000, 10_501));
        let (found, until) = step(&conn, &before(until), || false);
        assert_eq!((found.len(), found[0], until), (10, 10_000, 0));
        let few = ListFilter::newest(3.into());
        assert_eq!(step(&conn, &few, || false), (vec![60_000, 59_000, 58_000], 57_001));
        let four = ListFilter::newest(4.into());
        let (found, until) = step(&conn, &four, || false);
        assert_eq!((found[3], until), (57_000, 56_501));
        let (found, until) =
            step(&conn, &ListFilter { limit: 1.into(), ..before(58_001) }, || false);
        assert_eq!((found, until), (vec![58_000], 57_001), "the second of a piece waits");
        let (found, _) = step(&conn, &before(until), || true);
        assert_eq!(found, [57_000, 56_000]);
    }

    fn before(id: i64) -> ListFilter {
        ListFilter { page: Page::Before(id), ..ListFilter::newest(RowLimit::ALL) }
    }

    #[test]
    fn a_step_that_takes_long_ends_early_also_where_a_filter_selects_hardly_any() {
        let conn = messages(9_000);
        let of_other = ListFilter { sim: Some(SimId(2)), ..ListFilter::newest(RowLimit::ALL) };
        let asked = Cell::new(0);
        let is_over = || asked.replace(asked.get() + 1) == 1;
        assert_eq!(step(&conn, &of_other, is_over), (Vec::new(), 5_001));
        assert_eq!(asked.get(), 2, "after each piece");
        let of_time = ListFilter {
            from: Some(Timestamp(6_500)),
            to: Some(Timestamp(8_000)),
            ..ListFilter::newest(RowLimit::ALL)
        };
        assert_eq!(step(&conn, &of_time, || false), (vec![7_000], 0));
        let empty = traced_connection();
        assert_eq!(step(&empty, &ListFilter::newest(RowLimit::ALL), || false), (Vec::new(), 0));
    }
}
