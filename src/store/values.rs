//! The values that a statement's parameters get.

use std::borrow::Cow;

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Error, Statement, ToSql};

/// Values for the parameters of a statement, in the order of their numbers.
pub(super) trait Values {
    /// Gives the statement's parameters their values.
    fn bind_to(self, statement: &mut Statement<'_>) -> rusqlite::Result<()>;
}

/// No values, written `[]`.
impl Values for [&dyn ToSql; 0] {
    fn bind_to(self, statement: &mut Statement<'_>) -> rusqlite::Result<()> {
        bind(self, statement)
    }
}

/// Values of one type. For each length there is an implementation of its own, so that `[]` can
/// only mean one type.
macro_rules! arrays {
    ($($length:literal),+) => {
        $(impl<T: ToSql> Values for [T; $length] {
            fn bind_to(self, statement: &mut Statement<'_>) -> rusqlite::Result<()> {
                bind(self, statement)
            }
        })+
    };
}
arrays!(1, 2, 3, 4, 5);

/// What [`rusqlite::params`] makes.
impl Values for &[&dyn ToSql] {
    fn bind_to(self, statement: &mut Statement<'_>) -> rusqlite::Result<()> {
        bind(self, statement)
    }
}

impl Values for Vec<Value> {
    fn bind_to(self, statement: &mut Statement<'_>) -> rusqlite::Result<()> {
        bind(self, statement)
    }
}

fn bind<T: ToSql>(
    values: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
    statement: &mut Statement<'_>,
) -> rusqlite::Result<()> {
    let values = values.into_iter();
    let (given, wanted) = (values.len(), statement.parameter_count());
    if given != wanted {
        return Err(Error::InvalidParameterCount(given, wanted));
    }
    for (index, value) in (1..).zip(values) {
        let value = value.to_sql()?;
        match without_nul(&value) {
            Some(text) => statement.raw_bind_parameter(index, text)?,
            None => statement.raw_bind_parameter(index, value)?,
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
    use super::super::query_plans::traced_connection;

    #[test]
    fn a_text_never_has_u0000_and_octets_may() {
        let conn = traced_connection();
        let rows = ReadTx::on(&conn);
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let values = params!["a\0b\0", String::from("\0"), &[0_u8, 1][..]];
        let stored = rows.first("SELECT $1, $2, $3", values, read).unwrap().unwrap();
        let expected = ("a\u{FFFD}b\u{FFFD}".to_owned(), "\u{FFFD}".to_owned(), vec![0_u8, 1]);
        assert_eq!(stored, expected);
    }

    #[test]
    fn a_statement_gets_as_many_values_as_it_has_parameters() {
        let conn = traced_connection();
        let rows = ReadTx::on(&conn);
        assert!(rows.number("SELECT 1 + $1", []).is_err());
        assert!(rows.number("SELECT 1 + $1", [1, 2]).is_err());
        assert_eq!(rows.number("SELECT 1 + $1", [2]).unwrap(), 3);
    }
}
