//! The connection that writes, and the lock that keeps other daemons from the database meanwhile.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;

use super::super::changes::Changes;
use super::super::{StoreError, engine};
use super::file::{
    OpenFiles, configure_writer, empty_log, keep_from_others, keep_savepoints_in_memory, lock,
    truncate_log,
};
use super::migrate::migrate;
use super::source_file::is_put_aside;
use super::statements::run;

/// How many operations may share a transaction.
pub(in crate::store) const GROUP: usize = 256;

/// The only connection that writes. The lock on the database ends with it.
pub(in crate::store) struct Writer {
    conn: Connection,
    files: Arc<OpenFiles>,
    _lock: File,
}

impl Writer {
    /// Opens or creates the database and brings its schema up to date. With
    /// `checkpointed_by_others` its write-ahead log is never checkpointed. What is written is noted
    /// in `changes`.
    pub fn open(
        path: &Path,
        checkpointed_by_others: bool,
        changes: &Arc<Changes>,
    ) -> Result<Writer, StoreError> {
        let failed = |reason: String| StoreError::Open { path: path.display().to_string(), reason };
        if let Some(reason) = is_put_aside(path) {
            return Err(failed(reason));
        }
        let lock = lock(path)?;
        keep_from_others(path);
        let mut conn = Connection::open(path).map_err(|error| failed(error.to_string()))?;
        if conn.is_readonly("main").unwrap_or(false) {
            return Err(failed(
                "this user may only read it, or its file system is mounted read-only".to_owned(),
            ));
        }
        let opened = configure_writer(&conn, checkpointed_by_others)
            .and_then(|()| migrate(&mut conn, path))
            .and_then(|()| keep_savepoints_in_memory(&conn));
        opened.map_err(|error| match error {
            StoreError::Other(reason) => failed(reason),
            other => other.of_file(path),
        })?;
        let files = Arc::new(OpenFiles::of(&conn, path)?);
        let noted = Arc::clone(changes);
        conn.update_hook(Some(move |_, _: &str, table: &str, _| noted.note(table)))?;
        Ok(Writer { conn, files, _lock: lock })
    }

    pub fn connection(&self) -> engine::Connection<'_> {
        (&self.conn).into()
    }

    /// The files that are open.
    pub fn files(&self) -> &Arc<OpenFiles> {
        &self.files
    }

    pub fn begin(&self) -> Result<(), StoreError> {
        run(&self.conn, "BEGIN IMMEDIATE")
    }

    /// Commits the open transaction, if there is one, unless a file was moved or replaced.
    pub fn commit(&self) -> Result<(), StoreError> {
        self.files.check()?;
        if self.conn.is_autocommit() { Ok(()) } else { run(&self.conn, "COMMIT") }
    }

    pub fn roll_back(&self) -> Result<(), StoreError> {
        run(&self.conn, "ROLLBACK")
    }

    /// Keeps what was committed when the log's file has lost its name. No transaction is open.
    pub fn ended(&self, failure: Option<&StoreError>) {
        if matches!(failure, Some(StoreError::LogReplaced { .. })) {
            // Should this fail, the checkpoint at the end is left.
            let _ = empty_log(&self.conn);
        }
    }

    /// Empties the write-ahead log and answers whether that was possible.
    pub fn truncate_log(&self) -> Result<bool, StoreError> {
        truncate_log(&self.conn)
    }
}
