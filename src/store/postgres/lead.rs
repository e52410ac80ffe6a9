//! The lead: of all daemons that use a database, one writes.
//!
//! It holds an advisory lock, which ends with its session, and it has begun an epoch. Each of its
//! transactions first writes the row of the lead, and only if that still has this epoch: so a
//! session that somebody else has taken the lead from writes nothing. That each transaction writes,
//! even if an operation only finds out that its message is there already, also makes each COMMIT
//! wait for the standby: what is told is then on two machines.

use super::super::StoreError;
use super::migrate::version;
use super::session::Session;

/// The advisory lock's number: "simbridge" in the digits of a telephone's keys.
const LOCK: i64 = 746_274_343;

/// The lock of a session that has the lead and carries out something long before it shows that it
/// lives: it upgrades the schema, or copies the database.
const BUSY: i64 = LOCK + 1;

/// The term of the daemon that leads.
pub(in crate::store) struct Lead {
    term: Term,
}

/// A term as people are told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Its number, from 1. Each later term has a greater one.
    pub epoch: i64,
    /// What the daemon is called that leads.
    pub holder: String,
    /// What the daemon was called that led before; `None` if none has.
    pub previous: Option<String>,
}

impl Term {
    /// Which other daemon led before, if one did.
    pub fn taken_over_from(&self) -> Option<&str> {
        self.previous.as_deref().filter(|previous| *previous != self.holder)
    }
}

impl Lead {
    /// Takes the lock of the lead for a session. Until [`Lead::begin`] nobody expects a sign of
    /// life from it.
    ///
    /// # Errors
    /// Another daemon leads.
    pub fn lock(session: &Session) -> Result<(), StoreError> {
        let sql = "SELECT CAST(pg_try_advisory_lock($1) AS int)";
        match session.number(sql, [LOCK])? {
            // The former leader's session ends with both locks.
            1 => session.number("SELECT count(pg_advisory_lock($1))", [BUSY]).map(drop),
            _ => Err(StoreError::Led { holder: leading(session)? }),
        }
    }

    /// Begins a new epoch. The session has the lock, and the schema is there.
    pub fn begin(session: &Session, holder: &str) -> Result<Lead, StoreError> {
        // When the commit waits for a standby, others may end this session.
        session.number("SELECT count(pg_advisory_unlock($1))", [BUSY])?;
        let previous = leading(session)?;
        session.begin()?;
        let sql = "UPDATE leader SET epoch = epoch + 1, holder = $1, address = \
                   coalesce(CAST(inet_client_addr() AS text), ''), beat_at = clock_timestamp() \
                   RETURNING epoch";
        let epoch = session.number(sql, [holder])?;
        session.commit()?;
        Ok(Lead { term: Term { epoch, holder: holder.to_owned(), previous } })
    }

    pub fn term(&self) -> &Term {
        &self.term
    }

    /// Writes the row of the lead, as the first statement of a transaction.
    ///
    /// # Errors
    /// Another daemon has begun an epoch since.
    pub fn beat(&self, session: &Session) -> Result<(), StoreError> {
        let sql = "UPDATE leader SET beat_at = clock_timestamp() WHERE epoch = $1";
        match session.change(sql, [self.term.epoch])? {
            1 => Ok(()),
            _ => Err(StoreError::Led { holder: leading(session)? }),
        }
    }
}

/// A session that leads, and the last sign of life from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Leader {
    /// The process of the server that serves it.
    pub pid: i64,
    pub epoch: i64,
    /// When it last wrote, in microseconds since 1970 by the server's clock.
    pub beat_at: i64,
}

impl Leader {
    /// The session that leads, unless it carries out something long.
    pub fn find(session: &Session) -> Result<Option<Leader>, StoreError> {
        let mut leader = None;
        if version(session)? == 0 {
            return Ok(None);
        }
        // A key of 64 bits is in two columns of the list.
        let held = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid \
                    = 1 AND database = (SELECT oid FROM pg_database WHERE datname = \
                    current_database()) AND CAST(classid AS bigint) = 0 AND CAST(objid AS bigint)";
        let sql = format!(
            "SELECT CAST(session.pid AS bigint), epoch, CAST(extract(epoch FROM beat_at) * 1000000 \
             AS bigint) FROM ({held} = $1) AS session, leader WHERE session.pid NOT IN ({held} = \
             $2)"
        );
        session.visit(&sql, [LOCK, BUSY], |row| {
            let number = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_i64()?);
            leader = Some(Leader { pid: number(0)?, epoch: number(1)?, beat_at: number(2)? });
            Ok(false)
        })?;
        Ok(leader)
    }

    /// Has the server end the session, even if its COMMIT waits for a standby.
    pub fn end(&self, session: &Session) -> Result<(), StoreError> {
        let sql = "SELECT count(pg_terminate_backend(CAST(CAST($1 AS bigint) AS int)))";
        session.number(sql, [self.pid]).map(drop)
    }
}

/// Who leads by the row of the lead, or led last; `None` before the first.
fn leading(session: &Session) -> Result<Option<String>, StoreError> {
    let mut name = None;
    if version(session)? > 0 {
        session.visit("SELECT holder FROM leader WHERE epoch > 0", [], |row| {
            name = Some(row.get_ref(0)?.as_str()?.to_owned());
            Ok(false)
        })?;
    }
    Ok(name)
}
