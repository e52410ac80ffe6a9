//! The seam between the functions that read and write rows, which know one text of each statement,
//! and the engine that carries the statement out.

use std::str::FromStr;

use rusqlite::types::{FromSql, Type, ValueRef};

use super::values::Values;
use super::{StoreError, sqlite};
use crate::domain::key::KeyMode;

/// A connection to the database.
#[derive(Clone, Copy)]
pub(super) enum Connection<'c> {
    Sqlite(&'c rusqlite::Connection),
}

impl<'c> From<&'c rusqlite::Connection> for Connection<'c> {
    fn from(conn: &'c rusqlite::Connection) -> Connection<'c> {
        Connection::Sqlite(conn)
    }
}

impl Connection<'_> {
    /// Goes through the rows of a statement's result. `visit` says whether to go on.
    pub fn visit(
        self,
        sql: &str,
        values: impl Values,
        visit: impl FnMut(&Row<'_>) -> rusqlite::Result<bool>,
    ) -> Result<(), StoreError> {
        match self {
            Connection::Sqlite(conn) => sqlite::visit(conn, sql, values, visit),
        }
    }

    /// Carries out a statement that changes rows, and returns how many it has changed.
    pub fn change(self, sql: &str, values: impl Values) -> Result<usize, StoreError> {
        match self {
            Connection::Sqlite(conn) => sqlite::change(conn, sql, values),
        }
    }

    /// Carries out a statement that inserts a row, and returns the row's id.
    pub fn insert(self, sql: &str, values: impl Values) -> Result<i64, StoreError> {
        match self {
            Connection::Sqlite(conn) => sqlite::insert(conn, sql, values),
        }
    }

    /// Begins a transaction that writes.
    pub fn begin(self) -> Result<(), StoreError> {
        match self {
            Connection::Sqlite(conn) => sqlite::run(conn, "BEGIN IMMEDIATE"),
        }
    }

    /// Carries out a statement about the open transaction: one with SAVEPOINT, RELEASE, ROLLBACK or
    /// COMMIT.
    pub fn control(self, sql: &str) -> Result<(), StoreError> {
        match self {
            Connection::Sqlite(conn) => sqlite::run(conn, sql),
        }
    }

    /// Whether a transaction is open. A failure may have ended it, with all that it had written.
    pub fn is_in_transaction(self) -> bool {
        match self {
            Connection::Sqlite(conn) => !conn.is_autocommit(),
        }
    }

    /// Writes something that changes nothing.
    pub fn touch(self) -> Result<(), StoreError> {
        match self {
            Connection::Sqlite(conn) => sqlite::touch(conn),
        }
    }

    /// The greatest id that a row of a table with growing ids has had; 0 before the first.
    pub fn last_id_of(self, table: &'static str) -> Result<i64, StoreError> {
        match self {
            Connection::Sqlite(conn) => sqlite::last_id_of(conn, table),
        }
    }
}

/// A row of a statement's result. Its values have the types of rusqlite, which know the engine's
/// integers, texts and octets, and how this program's types are made of them.
#[derive(Clone, Copy)]
pub(super) enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
}

impl<'r> Row<'r> {
    /// The value of a column, counted from 0.
    pub fn get<T: FromSql>(&self, column: usize) -> rusqlite::Result<T> {
        match self {
            Row::Sqlite(row) => row.get(column),
        }
    }

    /// The value of a column as the engine has it.
    pub fn get_ref(&self, column: usize) -> rusqlite::Result<ValueRef<'r>> {
        match self {
            Row::Sqlite(row) => row.get_ref(column),
        }
    }
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
