//! The handle through which readers, and the writer's operations, read the database.

use std::str::FromStr;

use rusqlite::types::Type;
use rusqlite::{CachedStatement, Connection, Row};

use super::StoreError;
#[cfg(debug_assertions)]
use super::recorder;
use super::values::Values;
use crate::domain::key::KeyMode;

/// A connection to read from. The functions that read are in the files of their subjects. Each text
/// of a statement on data does for PostgreSQL as well (`ARCHITECTURE.md`).
pub struct ReadTx<'c> {
    conn: &'c Connection,
}

/// Prepares a statement once for a connection, which keeps it.
#[expect(clippy::disallowed_methods, reason = "this is where statements are recorded")]
pub(super) fn prepare<'c>(
    conn: &'c Connection,
    sql: &str,
) -> Result<CachedStatement<'c>, StoreError> {
    #[cfg(debug_assertions)]
    recorder::record(sql);
    Ok(conn.prepare_cached(sql)?)
}

/// Parses the text of a column as one of `T`'s values.
pub(super) fn parsed<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    row.get_ref(column)?.as_str()?.parse().map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
    })
}

/// Whether a column says that something is a test key's.
pub(super) fn mode(row: &Row<'_>, column: usize) -> rusqlite::Result<KeyMode> {
    row.get(column).map(KeyMode::of_test)
}

impl<'c> ReadTx<'c> {
    /// The handle for reading on a connection.
    pub(super) fn on(conn: &'c Connection) -> ReadTx<'c> {
        ReadTx { conn }
    }

    /// The connection, for what is no statement on data, such as a copy of the database.
    pub(super) fn connection(&self) -> &'c Connection {
        self.conn
    }

    /// A statement whose parameters have their values.
    pub(super) fn bound(
        &self,
        sql: &str,
        values: impl Values,
    ) -> Result<CachedStatement<'c>, StoreError> {
        let mut statement = prepare(self.conn, sql)?;
        values.bind_to(&mut statement)?;
        Ok(statement)
    }

    /// The first row of a statement's result, if there is one.
    pub(super) fn first<T>(
        &self,
        sql: &str,
        values: impl Values,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.bound(sql, values)?.raw_query().next()?.map(read).transpose()?)
    }

    /// All rows of a statement's result.
    pub(super) fn all<T>(
        &self,
        sql: &str,
        values: impl Values,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.bound(sql, values)?;
        Ok(statement.raw_query().mapped(read).collect::<Result<_, _>>()?)
    }

    /// Goes through the rows of a statement's result. `visit` says whether to go on.
    pub(super) fn visit(
        &self,
        sql: &str,
        values: impl Values,
        mut visit: impl FnMut(&Row<'_>) -> rusqlite::Result<bool>,
    ) -> Result<(), StoreError> {
        let mut statement = self.bound(sql, values)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            if !visit(row)? {
                break;
            }
        }
        Ok(())
    }

    /// The greatest id that a row of a table with growing ids has had; 0 before the first.
    pub(super) fn last_id_of(&self, table: &'static str) -> Result<i64, StoreError> {
        let sql = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = $1";
        self.number(sql, [table])
    }

    /// The only number in a statement's result, such as a count.
    pub(super) fn number(&self, sql: &str, values: impl Values) -> Result<i64, StoreError> {
        let number = self.first(sql, values, |row| row.get(0))?;
        Ok(number.ok_or(rusqlite::Error::QueryReturnedNoRows)?)
    }
}
