//! The seam between the functions that read and write rows, which know one text of each statement,
//! and the engine that carries the statement out.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use rusqlite::types::{FromSql, Type, ValueRef};

use super::values::Values;
use super::{ReadTx, StoreError, postgres, sqlite};
use crate::domain::key::KeyMode;

/// A connection to the database.
#[derive(Clone, Copy)]
pub(super) enum Connection<'c> {
    Sqlite(&'c rusqlite::Connection),
    Postgres(&'c postgres::Session),
    /// The session that leads.
    Leader(&'c postgres::Writer),
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
        mut visit: impl FnMut(&Row<'_>) -> rusqlite::Result<bool>,
    ) -> Result<(), StoreError> {
        let session = match self {
            Connection::Sqlite(conn) => return sqlite::visit(conn, sql, values, visit),
            Connection::Postgres(session) => session,
            Connection::Leader(writer) => writer.session(),
        };
        session.visit(sql, values, |row| visit(&Row::Postgres(row)))
    }

    /// Carries out a statement that changes rows, and returns how many it has changed.
    pub fn change(self, sql: &str, values: impl Values) -> Result<usize, StoreError> {
        match self {
            Connection::Sqlite(conn) => sqlite::change(conn, sql, values),
            Connection::Postgres(session) => session.change(sql, values),
            Connection::Leader(writer) => writer.change(sql, values),
        }
    }

    /// Carries out a statement that changes rows. `check` is given how many it has changed. On a
    /// server the answer is waited for with that of a later statement, which fails in its place.
    pub fn change_later(
        self,
        sql: &str,
        values: impl Values,
        check: impl FnOnce(usize) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        match self {
            Connection::Leader(writer) => writer.change_later(sql, values, check),
            other => check(other.change(sql, values)?),
        }
    }

    /// Carries out a statement that inserts a row, and returns the row's id.
    pub fn insert(self, sql: &str, values: impl Values) -> Result<i64, StoreError> {
        match self {
            Connection::Sqlite(conn) => sqlite::insert(conn, sql, values),
            Connection::Postgres(_) => Err(StoreError::Refused("this session reads".to_owned())),
            Connection::Leader(writer) => writer.insert(sql, values),
        }
    }

    /// Whether a transaction is open. A failure may have ended it, with all that it had written.
    pub fn is_in_transaction(self) -> bool {
        match self {
            Connection::Sqlite(conn) => !conn.is_autocommit(),
            Connection::Postgres(session) => session.is_in_transaction(),
            Connection::Leader(writer) => writer.session().is_in_transaction(),
        }
    }

    /// Fails when a statement has failed in such a way that nothing of the open transaction, or of
    /// its last part, can be kept. It waits for the answers of all statements.
    pub fn check(self) -> Result<(), StoreError> {
        match self {
            Connection::Sqlite(_) => Ok(()),
            Connection::Postgres(session) => session.check(),
            Connection::Leader(writer) => writer.session().check(),
        }
    }

    /// Begins a part of the open transaction that can be undone by itself.
    pub fn set_savepoint(self, name: &str) -> Result<(), StoreError> {
        match self {
            Connection::Leader(writer) => writer.session().set_savepoint(name),
            _ => self.control(&format!("SAVEPOINT {name}")),
        }
    }

    /// Ends such a part.
    pub fn release(self, name: &str) -> Result<(), StoreError> {
        match self {
            Connection::Leader(writer) => writer.session().release(name),
            _ => self.control(&format!("RELEASE {name}")),
        }
    }

    /// Undoes what has been written since such a part began.
    pub fn roll_back_to(self, name: &str) -> Result<(), StoreError> {
        match self {
            Connection::Leader(writer) => writer.session().roll_back_to(name),
            _ => self.control(&format!("ROLLBACK TO {name}")),
        }
    }

    fn control(self, sql: &str) -> Result<(), StoreError> {
        match self {
            Connection::Sqlite(conn) => sqlite::run(conn, sql),
            Connection::Postgres(session) => session.run(sql),
            Connection::Leader(writer) => writer.session().run(sql),
        }
    }

    /// Writes something that changes nothing.
    pub fn touch(self) -> Result<(), StoreError> {
        match self {
            Connection::Sqlite(conn) => sqlite::touch(conn),
            // Each transaction has written the row of the lead.
            Connection::Postgres(_) | Connection::Leader(_) => Ok(()),
        }
    }

    /// The greatest id that a row of a table with growing ids has had; 0 before the first.
    pub fn last_id_of(self, table: &str) -> Result<i64, StoreError> {
        match self {
            Connection::Sqlite(conn) => sqlite::last_id_of(conn, table),
            Connection::Postgres(session) => session.last_committed_id_of(table),
            Connection::Leader(writer) => writer.session().last_id_of(table),
        }
    }

    /// Like [`Connection::last_id_of`], while nobody writes.
    pub fn last_used_id_of(self, table: &str) -> Result<i64, StoreError> {
        match self {
            Connection::Postgres(session) => session.last_id_of(table),
            other => other.last_id_of(table),
        }
    }
}

/// A row of a statement's result. Its values have the types of rusqlite, which know the engine's
/// integers, texts and octets, and how this program's types are made of them.
#[derive(Clone, Copy)]
pub(super) enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r postgres::Row),
}

impl<'r> Row<'r> {
    /// The value of a column, counted from 0.
    pub fn get<T: FromSql>(&self, column: usize) -> rusqlite::Result<T> {
        match self {
            Row::Sqlite(row) => row.get(column),
            Row::Postgres(row) => {
                let value = row.get_ref(column)?;
                T::column_result(value).map_err(|error| {
                    let kind = value.data_type();
                    rusqlite::Error::FromSqlConversionFailure(column, kind, Box::new(error))
                })
            }
        }
    }

    /// The value of a column as the engine has it.
    pub fn get_ref(&self, column: usize) -> rusqlite::Result<ValueRef<'r>> {
        match self {
            Row::Sqlite(row) => row.get_ref(column),
            Row::Postgres(row) => row.get_ref(column),
        }
    }
}

/// What writes: the only one in the database.
pub(super) enum Writer {
    Sqlite(sqlite::Writer),
    Postgres(Box<postgres::Writer>),
}

impl Writer {
    pub fn connection(&self) -> Connection<'_> {
        match self {
            Writer::Sqlite(writer) => writer.connection(),
            Writer::Postgres(writer) => Connection::Leader(writer),
        }
    }

    /// How many operations may share a transaction.
    pub fn group(&self) -> usize {
        match self {
            Writer::Sqlite(_) => sqlite::GROUP,
            Writer::Postgres(_) => postgres::GROUP,
        }
    }

    pub fn place(&self) -> Place {
        match self {
            Writer::Sqlite(writer) => Place::File(Arc::clone(writer.files())),
            Writer::Postgres(writer) => Place::Server(Arc::clone(writer.standing())),
        }
    }

    /// Begins a transaction.
    pub fn begin(&self) -> Result<(), StoreError> {
        match self {
            Writer::Sqlite(writer) => writer.begin(),
            Writer::Postgres(writer) => writer.begin(),
        }
    }

    /// Commits the open transaction, if there is one.
    pub fn commit(&self) -> Result<(), StoreError> {
        match self {
            Writer::Sqlite(writer) => writer.commit(),
            Writer::Postgres(writer) => writer.session().commit(),
        }
    }

    /// Undoes the open transaction.
    pub fn roll_back(&self) -> Result<(), StoreError> {
        match self {
            Writer::Sqlite(writer) => writer.roll_back(),
            Writer::Postgres(writer) => writer.session().roll_back(),
        }
    }

    /// Fails when a failure has ended the transaction, with all that it had written.
    pub fn check_transaction(&self) -> Result<(), StoreError> {
        match self {
            // As SQLite ends it when the disk is full.
            Writer::Sqlite(_) if !self.connection().is_in_transaction() => Err(StoreError::Full),
            Writer::Postgres(writer) => writer.session().check_alive(),
            Writer::Sqlite(_) => Ok(()),
        }
    }

    /// Checks, after a transaction, that what is written next will be found.
    pub fn ended(&self, failure: Option<&StoreError>) {
        match self {
            Writer::Sqlite(writer) => writer.ended(failure),
            Writer::Postgres(writer) => writer.ended(failure),
        }
    }

    /// Lets what was overwritten or deleted stand in no file any more, where this process can see
    /// to that, and answers whether it did.
    pub fn empty_log(&self) -> Result<bool, StoreError> {
        match self {
            Writer::Sqlite(writer) => writer.truncate_log(),
            Writer::Postgres(_) => Ok(false),
        }
    }
}

/// Where the database is, and whether it is still there for this process.
#[derive(Clone)]
pub(super) enum Place {
    File(Arc<sqlite::OpenFiles>),
    Server(Arc<postgres::Standing>),
}

impl Place {
    pub fn check(&self) -> Result<(), StoreError> {
        match self {
            Place::File(files) => files.check(),
            Place::Server(standing) => standing.loss().map_or(Ok(()), Err),
        }
    }

    pub fn is_lost(&self) -> bool {
        match self {
            Place::File(files) => files.is_one_gone(),
            Place::Server(standing) => standing.loss().is_some(),
        }
    }

    pub async fn lost(&self) -> StoreError {
        match self {
            Place::File(_) => std::future::pending().await,
            Place::Server(standing) => standing.lost().await,
        }
    }

    pub fn term(&self) -> Option<&postgres::Term> {
        match self {
            Place::File(_) => None,
            Place::Server(standing) => Some(standing.term()),
        }
    }

    pub fn log_bytes(&self) -> u64 {
        match self {
            Place::File(files) => files.log_bytes(),
            Place::Server(_) => 0,
        }
    }

    pub fn is_log_held_up(&self) -> bool {
        match self {
            Place::File(files) => files.is_log_held_up(),
            Place::Server(_) => false,
        }
    }
}

/// What reads, beside the writer.
pub(super) enum Readers {
    Sqlite(sqlite::Readers),
    Postgres(Box<postgres::Readers>),
}

impl Readers {
    /// Reads on a connection of the pool.
    pub fn read<T, E: From<StoreError>>(
        &self,
        reading: impl FnOnce(&ReadTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        match self {
            Readers::Sqlite(readers) => {
                let conn = readers.take()?;
                let outcome = reading(&ReadTx::on(&conn));
                readers.give_back(conn);
                outcome
            }
            Readers::Postgres(readers) => {
                let session = readers.take()?;
                let outcome = reading(&ReadTx::on(Connection::Postgres(&session)));
                readers.give_back(session);
                outcome
            }
        }
    }

    /// Reads on a connection of its own, for as long as it takes.
    pub fn read_in_background<T, E: From<StoreError>>(
        &self,
        reading: impl FnOnce(&ReadTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        match self {
            Readers::Sqlite(readers) => reading(&ReadTx::on(&readers.open_knowing_checks()?)),
            Readers::Postgres(readers) => {
                reading(&ReadTx::on(Connection::Postgres(&readers.open_in_background()?)))
            }
        }
    }

    /// Closes the idle connections, and from now on each one that is given back.
    pub fn close(&self) {
        match self {
            Readers::Sqlite(readers) => readers.close(),
            Readers::Postgres(readers) => readers.close(),
        }
    }

    /// What the database is called for people.
    pub fn name(&self) -> String {
        match self {
            Readers::Sqlite(readers) => readers.path.display().to_string(),
            Readers::Postgres(readers) => readers.name(),
        }
    }

    /// The path of the database's file, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Readers::Sqlite(readers) => Some(&readers.path),
            Readers::Postgres(_) => None,
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
