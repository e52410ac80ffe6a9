//! The sessions that read.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::super::StoreError;
use super::super::database::READERS;
use super::server::Server;
use super::session::Session;
use super::writer::SETTINGS;

/// Sessions that only read, opened as needed and kept for the next reader.
pub(in crate::store) struct Readers {
    server: Server,
    idle: Mutex<Vec<Session>>,
    closed: AtomicBool,
}

impl Readers {
    pub fn of(server: Server) -> Readers {
        Readers { server, idle: Mutex::default(), closed: AtomicBool::default() }
    }

    /// What the database is called for people.
    pub fn name(&self) -> String {
        self.server.to_string()
    }

    /// An idle session, or a new one.
    pub fn take(&self) -> Result<Session, StoreError> {
        let idle = self.idle.lock().pop();
        let settings = format!("{SETTINGS}; SET default_transaction_read_only = on");
        let open = || {
            let session = Session::connect(&self.server, &settings)?;
            session.limit_statements(Some(self.server.commit_limit));
            Ok(session)
        };
        idle.map_or_else(open, Ok)
    }

    /// Opens a session of the caller's own for readings that may take minutes, which are planned as
    /// the server thinks best.
    pub fn open_in_background(&self) -> Result<Session, StoreError> {
        Session::connect(&self.server, "SET default_transaction_read_only = on")
    }

    /// Keeps a session for the next reader, unless it is over.
    pub fn give_back(&self, session: Session) {
        let mut idle = self.idle.lock();
        let is_wanted = idle.len() < READERS && !self.closed.load(Ordering::SeqCst);
        if is_wanted && session.is_alive() {
            idle.push(session);
        }
    }

    /// Closes the idle sessions, and from now on each one that is given back.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.idle.lock().clear();
    }
}
