//! The pool of read-only connections.

use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use super::StoreError;
use super::account_turns::AccountTurns;
use super::file::configure_reader;

/// How many readers may work at the same time; further ones wait for their turn. Waiting is cheaper
/// than opening another connection, which costs more than most reads.
pub(super) const READERS: usize = 8;
/// How many of them may work for one account. Whatever its customers ask, and however often, the
/// others are left to everybody else.
pub(super) const READERS_PER_ACCOUNT: usize = 2;

/// Read-only connections, opened as needed and kept for the next reader.
pub(super) struct Readers {
    pub path: PathBuf,
    /// One permit for each reader that may work at the same time.
    pub turns: Arc<Semaphore>,
    /// The same for the readers that may work for each account.
    pub accounts: AccountTurns,
    idle: Mutex<Vec<Connection>>,
    closed: AtomicBool,
}

impl Readers {
    pub fn of(path: &Path) -> Readers {
        Readers {
            path: path.to_owned(),
            turns: Arc::new(Semaphore::new(READERS)),
            accounts: AccountTurns::new(READERS_PER_ACCOUNT),
            idle: Mutex::default(),
            closed: AtomicBool::default(),
        }
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
