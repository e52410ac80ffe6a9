//! The handle through which readers, and the writer's operations, read the database.

use std::str::FromStr;

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Params, Row};

use super::StoreError;
use crate::domain::key::KeyMode;

/// A connection to read from. The functions that read are in the files of their subjects.
pub struct ReadTx<'c> {
    pub(super) conn: &'c Connection,
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

impl ReadTx<'_> {
    /// The first row of a statement's result, if there is one.
    pub(super) fn first<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.conn.prepare_cached(sql)?.query_row(params, read).optional()?)
    }

    /// All rows of a statement's result.
    pub(super) fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement.query_map(params, read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The greatest id that a row of a table with growing ids has had; 0 before the first.
    pub(super) fn last_id_of(&self, table: &'static str) -> Result<i64, StoreError> {
        let sql = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = $1";
        self.number(sql, [table])
    }

    /// The only number in a statement's result, such as a count.
    pub(super) fn number(&self, sql: &str, params: impl Params) -> Result<i64, StoreError> {
        Ok(self.conn.prepare_cached(sql)?.query_row(params, |row| row.get(0))?)
    }
}
