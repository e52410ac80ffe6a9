//! Lists, a page at a time: by key and never by offset, so that what is added meanwhile shifts
//! nothing.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::caller::Caller;
use super::problem::Problem;

/// How many rows a page has unless the client says otherwise, and at most.
const DEFAULT_LIMIT: u32 = 50;
const MOST_ROWS: u32 = 200;

/// The octets of a cursor's check.
const CHECK: usize = 4;

/// The parameters of a list that has no filters.
#[derive(Deserialize, ToSchema)]
pub(super) struct Paged {
    /// How many rows a page has at most.
    #[serde(default)]
    pub(super) limit: Limit,
    /// `next` of the page before; the first page without it.
    pub(super) cursor: Option<String>,
}

/// How many rows of a list are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(in super::super) struct Limit(u32);

impl PartialSchema for Limit {
    fn schema() -> RefOr<Schema> {
        let rows = ObjectBuilder::new().schema_type(Type::Integer);
        let rows = rows.minimum(Some(1_usize)).maximum(Some(MOST_ROWS as usize));
        rows.default(Some(DEFAULT_LIMIT.into())).into()
    }
}

impl ToSchema for Limit {}

impl Default for Limit {
    fn default() -> Limit {
        Limit(DEFAULT_LIMIT)
    }
}

impl TryFrom<String> for Limit {
    type Error = String;

    fn try_from(text: String) -> Result<Limit, String> {
        let wrong = || format!("a number from 1 to {MOST_ROWS}");
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        let rows = text.parse().ok().filter(|rows| is_number && (1..=MOST_ROWS).contains(rows));
        rows.map(Limit).ok_or_else(wrong)
    }
}

impl Limit {
    /// How many rows to read: one more, which tells whether there is another page.
    pub(in super::super) fn to_read(self) -> u32 {
        self.0 + 1
    }

    /// How many rows are wanted.
    pub(in super::super) fn rows(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A page of a list.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(in super::super) struct Page<T> {
    pub(super) data: Vec<T>,
    /// The cursor of the next page; `None` on the last one.
    pub(super) next: Option<String>,
}

impl<T> Page<T> {
    /// The page of a list of rows, of which one more was read than are wanted. `key` is that by
    /// which the list is ordered.
    pub(in super::super) fn of<K: ToString>(
        list: &str,
        mut rows: Vec<T>,
        limit: Limit,
        key: impl Fn(&T) -> K,
    ) -> Page<T> {
        let has_more = rows.len() > limit.rows();
        rows.truncate(limit.rows());
        Page::with_more(list, rows, has_more, key)
    }

    /// The page of a list of these rows, after which there are more or not.
    pub(in super::super) fn with_more<K: ToString>(
        list: &str,
        rows: Vec<T>,
        has_more: bool,
        key: impl Fn(&T) -> K,
    ) -> Page<T> {
        let last = rows.last().filter(|_| has_more);
        let next = last.map(|last| cursor(list, &key(last).to_string()));
        Page { data: rows, next }
    }
}

/// What cursors of a list are for: the list with this name of whoever asks, with these filters. A
/// cursor of another account or with other filters would begin anywhere.
pub(super) fn name_list(name: &str, caller: &Caller, filters: impl fmt::Debug) -> String {
    format!("{name} of {} {:?} {filters:?}", caller.account(), caller.mode())
}

/// A cursor for the rows of a list after the one with this key. Its form is nobody's business: the
/// first octets tell a cursor of this list from any other text.
fn cursor(list: &str, key: &str) -> String {
    hex::encode([&check(list, key), key.as_bytes()].concat())
}

fn check(list: &str, key: &str) -> [u8; CHECK] {
    let digest = Sha256::digest(format!("{list} {key}"));
    let mut check = [0; CHECK];
    check.iter_mut().zip(digest).for_each(|(octet, of_digest)| *octet = of_digest);
    check
}

/// The key after which a cursor's page begins, if there is a cursor.
pub(in super::super) fn after<K: std::str::FromStr>(
    list: &str,
    cursor: Option<&str>,
) -> Result<Option<K>, Problem> {
    let Some(text) = cursor else { return Ok(None) };
    let key = || {
        let octets = hex::decode(text).ok()?;
        let (check_of_it, key) = octets.split_first_chunk::<CHECK>()?;
        let key = str::from_utf8(key).ok().filter(|key| check(list, key) == *check_of_it)?;
        key.parse().ok()
    };
    let wrong = || {
        let detail =
            "this is no cursor of this list with these parameters: take next of the page before";
        Problem::of_parameter("cursor", detail)
    };
    key().map(Some).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_1_to_200() {
        for (text, limit) in [("1", Some(1)), ("200", Some(200)), ("007", Some(7))] {
            assert_eq!(Limit::try_from(text.to_owned()).ok().map(|limit| limit.0), limit);
        }
        for text in ["0", "201", "-1", "+5", "1.0", "x", " 1", "99999999999"] {
            let error = Limit::try_from(text.to_owned()).unwrap_err();
            assert_eq!(error, "a number from 1 to 200", "{text}");
        }
    }

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let limit = Limit(2);
        let rows = |before: Option<i64>| {
            let all = [9_i64, 7, 4, 2].into_iter().filter(|row| before.is_none_or(|it| *row < it));
            all.take(limit.to_read() as usize).collect::<Vec<_>>()
        };
        let first = Page::of("rows", rows(None), limit, |row| *row);
        assert_eq!(first.data, [9, 7]);
        let before = after::<i64>("rows", first.next.as_deref()).unwrap();
        assert_eq!(before, Some(7));
        let second = Page::of("rows", rows(before), limit, |row| *row);
        assert_eq!((second.data, second.next), (vec![4, 2], None));
    }

    #[test]
    fn what_is_no_cursor_of_the_list_is_refused() {
        let real = cursor("orders", "17");
        assert_eq!(after("orders", Some(&real)), Ok(Some(17_i64)));
        assert_eq!(after::<i64>("orders", None), Ok(None));
        let other_list = cursor("rentals", "17");
        let damaged = real.replace(real.chars().last().unwrap(), "0");
        let no_number = cursor("orders", "x");
        for text in [&other_list, &damaged, &no_number, "", "17", "zz", &real[..6]] {
            assert!(after::<i64>("orders", Some(text)).is_err(), "{text}");
        }
    }
}
