//! Read-only connections.

use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use super::StoreError;
use super::file::equip_reader;

/// How many read at the same time; the others wait. One that had to open the database anew would
/// cost more than it reads.
pub(super) const READERS: usize = 8;

/// Read-only connections, opened as needed and kept for the next reader.
pub(super) struct Readers {
    pub path: PathBuf,
    pub turns: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
    closed: AtomicBool,
}

impl Readers {
    pub fn of(path: &Path) -> Readers {
        Readers {
            path: path.to_owned(),
            turns: Arc::new(Semaphore::new(READERS)),
            idle: Mutex::default(),
            closed: AtomicBool::default(),
        }
    }

    pub fn take(&self) -> Result<Connection, StoreError> {
        let idle = self.idle.lock().pop();
        idle.map_or_else(|| self.open(), Ok)
    }

    pub fn open(&self) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(&self.path, flags)?;
        equip_reader(&conn)?;
        Ok(conn)
    }

    pub fn give_back(&self, conn: Connection) {
        let mut idle = self.idle.lock();
        if idle.len() < READERS && !self.closed.load(Ordering::SeqCst) {
            idle.push(conn);
        }
    }

    /// Keeps no connection any more.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.idle.lock().clear();
    }
}
