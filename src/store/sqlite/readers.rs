//! The pool of read-only connections.

use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::super::StoreError;
use super::super::database::READERS;
use super::file::configure_reader;

/// Read-only connections, opened as needed and kept for the next reader.
pub(in crate::store) struct Readers {
    pub path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    closed: AtomicBool,
}

impl Readers {
    pub fn of(path: &Path) -> Readers {
        Readers { path: path.to_owned(), idle: Mutex::default(), closed: AtomicBool::default() }
    }

    /// An idle connection, or a new one.
    pub fn take(&self) -> Result<Connection, StoreError> {
        let idle = self.idle.lock().pop();
        idle.map_or_else(|| self.open(), Ok)
    }

    /// Opens a connection of the caller's own that knows the conditions of the schema (CHECK), as
    /// SQLite's check of the file needs them: connections opened for reading only do not. It writes
    /// nothing all the same, not even when it is closed last.
    pub fn open_knowing_checks(&self) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(&self.path, flags)?;
        configure_reader(&conn)?;
        conn.pragma_update(None, "query_only", true)?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        Ok(conn)
    }

    /// Opens a connection that can only read.
    fn open(&self) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(&self.path, flags)?;
        configure_reader(&conn)?;
        Ok(conn)
    }

    /// Keeps a connection for the next reader.
    pub fn give_back(&self, conn: Connection) {
        let mut idle = self.idle.lock();
        if idle.len() < READERS && !self.closed.load(Ordering::SeqCst) {
            idle.push(conn);
        }
    }

    /// Closes the idle connections, and from now on each one that is given back.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.idle.lock().clear();
    }
}
