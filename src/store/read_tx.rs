//! The handle through which readers, and the writer's operations, read the database.

use super::StoreError;
use super::engine::{Connection, Row};
use super::values::Values;

/// A connection to read from. The functions that read are in the files of their subjects. Each text
/// of a statement on data does for PostgreSQL as well (`ARCHITECTURE.md`).
pub struct ReadTx<'c> {
    conn: Connection<'c>,
}

impl<'c> ReadTx<'c> {
    /// The handle for reading on a connection.
    pub(super) fn on(conn: impl Into<Connection<'c>>) -> ReadTx<'c> {
        ReadTx { conn: conn.into() }
    }

    /// The connection, for what is no statement on data, such as a copy of the database.
    pub(super) fn connection(&self) -> Connection<'c> {
        self.conn
    }

    /// The first row of a statement's result, if there is one.
    pub(super) fn first<T>(
        &self,
        sql: &str,
        values: impl Values,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        let (mut read, mut first) = (Some(read), None);
        self.visit(sql, values, |row| {
            first = read.take().map(|read| read(row)).transpose()?;
            Ok(false)
        })?;
        Ok(first)
    }

    /// All rows of a statement's result.
    pub(super) fn all<T>(
        &self,
        sql: &str,
        values: impl Values,
        mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut all = Vec::new();
        self.visit(sql, values, |row| {
            all.push(read(row)?);
            Ok(true)
        })?;
        Ok(all)
    }

    /// Goes through the rows of a statement's result. `visit` says whether to go on.
    pub(super) fn visit(
        &self,
        sql: &str,
        values: impl Values,
        visit: impl FnMut(&Row<'_>) -> rusqlite::Result<bool>,
    ) -> Result<(), StoreError> {
        self.conn.visit(sql, values, visit)
    }

    /// The greatest id that a row of a table with growing ids has had; 0 before the first.
    pub(super) fn last_id_of(&self, table: &str) -> Result<i64, StoreError> {
        self.conn.last_id_of(table)
    }

    /// The only number in a statement's result, such as a count.
    pub(super) fn number(&self, sql: &str, values: impl Values) -> Result<i64, StoreError> {
        let number = self.first(sql, values, |row| row.get(0))?;
        Ok(number.ok_or(rusqlite::Error::QueryReturnedNoRows)?)
    }
}
