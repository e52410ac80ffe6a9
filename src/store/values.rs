//! The values that a statement's parameters get.

use std::borrow::Cow;

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};

/// Values for the parameters of a statement, in the order of their numbers.
pub(super) trait Values {
    /// How many values there are.
    fn count(&self) -> usize;

    /// Hands over each value as it is stored, with the number of its parameter.
    fn each(
        self,
        take: impl FnMut(usize, ToSqlOutput<'_>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()>;
}

/// Implements [`Values`] for what can be iterated over.
macro_rules! values {
    ($($values:ty $(, $generic:ident)?);+) => {
        $(impl$(<$generic: ToSql>)? Values for $values {
            fn count(&self) -> usize {
                self.len()
            }

            fn each(
                self,
                take: impl FnMut(usize, ToSqlOutput<'_>) -> rusqlite::Result<()>,
            ) -> rusqlite::Result<()> {
                hand_over(self, take)
            }
        })+
    };
}
// No values, written `[]`, and values of one type. For each length there is an implementation of
// its own, so that `[]` can only mean one type.
values!([&dyn ToSql; 0]; [T; 1], T; [T; 2], T; [T; 3], T; [T; 4], T; [T; 5], T);
// What `rusqlite::params` makes, and what is put together.
values!(&[&dyn ToSql]; Vec<Value>);

fn hand_over<T: ToSql>(
    values: impl IntoIterator<Item = T>,
    mut take: impl FnMut(usize, ToSqlOutput<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    for (place, value) in (1..).zip(values) {
        let value = value.to_sql()?;
        match without_nul(&value) {
            Some(text) => take(place, text.into())?,
            None => take(place, value)?,
        }
    }
    Ok(())
}

/// A text as it is stored: with U+FFFD in the place of U+0000, which a modem may deliver in a
/// message and PostgreSQL can store in no text.
pub fn as_stored(text: &str) -> Cow<'_, str> {
    match text.contains('\0') {
        true => Cow::Owned(text.replace('\0', "\u{FFFD}")),
        false => Cow::Borrowed(text),
    }
}

/// What is stored in the place of a text with U+0000; `None` for any other value.
fn without_nul(value: &ToSqlOutput<'_>) -> Option<String> {
    let text = match value {
        ToSqlOutput::Borrowed(ValueRef::Text(text)) => *text,
        ToSqlOutput::Owned(Value::Text(text)) => text.as_bytes(),
        _ => return None,
    };
    text.contains(&0).then(|| as_stored(&String::from_utf8_lossy(text)).into_owned())
}

#[cfg(test)]
mod tests {
    use rusqlite::params;

    use super::super::ReadTx;
    use super::super::engine::Row;
    use super::super::query_plans::traced_connection;

    #[test]
    fn a_text_never_has_u0000_and_octets_may() {
        let conn = traced_connection();
        let rows = ReadTx::on(&conn);
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let values = params!["a\0b\0", String::from("\0"), &[0_u8, 1][..]];
        let stored = rows.first("SELECT $1, $2, $3", values, read).unwrap().unwrap();
        let expected = ("a\u{FFFD}b\u{FFFD}".to_owned(), "\u{FFFD}".to_owned(), vec![0_u8, 1]);
        assert_eq!(stored, expected);
    }

    #[test]
    fn a_statement_gets_as_many_values_as_it_has_parameters() {
        let conn = traced_connection();
        let rows = ReadTx::on(&conn);
        assert!(rows.number("SELECT 1 + CAST($1 AS bigint)", []).is_err());
        assert!(rows.number("SELECT 1 + CAST($1 AS bigint)", [1, 2]).is_err());
        assert_eq!(rows.number("SELECT 1 + CAST($1 AS bigint)", [2]).unwrap(), 3);
    }
}
