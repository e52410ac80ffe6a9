//! An operation's handle on its transaction.

use std::cell::RefCell;
use std::ops::Deref;

use rusqlite::Connection;

use super::{ReadTx, StoreError};

/// What an operation wants done right after its commit.
pub(super) type AfterCommit = Box<dyn FnOnce() + Send>;

/// An operation's handle on its transaction: the reading verbs and the writing ones.
pub struct WriteTx<'c> {
    rows: ReadTx<'c>,
    after_commit: RefCell<Vec<AfterCommit>>,
}

impl<'c> Deref for WriteTx<'c> {
    type Target = ReadTx<'c>;

    fn deref(&self) -> &ReadTx<'c> {
        &self.rows
    }
}

impl<'c> WriteTx<'c> {
    pub(super) fn on(conn: &'c Connection) -> WriteTx<'c> {
        WriteTx { rows: ReadTx { conn }, after_commit: RefCell::default() }
    }

    /// What is to be done after the commit.
    pub(super) fn into_after_commit(self) -> Vec<AfterCommit> {
        self.after_commit.into_inner()
    }
}

impl WriteTx<'_> {
    /// Runs `action` on the writer's thread once this operation is on disk, before any later one;
    /// never if it fails.
    pub fn after_commit(&self, action: impl FnOnce() + Send + 'static) {
        self.after_commit.borrow_mut().push(Box::new(action));
    }

    /// Carries out a part of the operation; when that errs nothing of it stays, and the rest may go
    /// on. The outer error is the database's own: with it the operation is lost.
    pub fn attempt<T, E: From<StoreError>>(
        &self,
        part: impl FnOnce(&Self) -> Result<T, E>,
    ) -> Result<Result<T, E>, E> {
        let waiting = self.after_commit.borrow().len();
        run(self.conn, "SAVEPOINT part")?;
        let done = part(self);
        if done.is_ok() {
            run(self.conn, "RELEASE part")?;
            return Ok(done);
        }
        if self.conn.is_autocommit() {
            return done.map(Ok);
        }
        run(self.conn, "ROLLBACK TO part")?;
        run(self.conn, "RELEASE part")?;
        self.after_commit.borrow_mut().truncate(waiting);
        Ok(done)
    }

    /// Carries out one statement; answers how many rows it touched.
    pub(super) fn execute(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
    ) -> Result<usize, StoreError> {
        Ok(self.conn.prepare_cached(sql)?.execute(params)?)
    }

    /// The id of the row inserted last.
    pub(super) fn inserted(&self) -> i64 {
        self.conn.last_insert_rowid()
    }
}

/// A statement without parameters or rows.
pub(super) fn run(conn: &Connection, sql: &str) -> Result<(), StoreError> {
    conn.prepare_cached(sql)?.execute([])?;
    Ok(())
}
