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

/// The term of the daemon that leads.
pub(in crate::store) struct Lead {
    epoch: i64,
}

impl Lead {
    /// Takes the lock of the lead for a session.
    ///
    /// # Errors
    /// Another daemon leads.
    pub fn lock(session: &Session) -> Result<(), StoreError> {
        let sql = "SELECT CAST(pg_try_advisory_lock($1) AS int)";
        match session.number(sql, [LOCK])? {
            1 => Ok(()),
            _ => Err(StoreError::Led { holder: holder(session)? }),
        }
    }

    /// Begins a new epoch. The session has the lock, and the schema is there.
    pub fn begin(session: &Session, holder: &str) -> Result<Lead, StoreError> {
        session.begin()?;
        let sql = "UPDATE leader SET epoch = epoch + 1, holder = $1, address = \
                   coalesce(CAST(inet_client_addr() AS text), ''), beat_at = clock_timestamp() \
                   RETURNING epoch";
        let epoch = session.number(sql, [holder])?;
        session.commit()?;
        Ok(Lead { epoch })
    }

    /// Writes the row of the lead, as the first statement of a transaction.
    ///
    /// # Errors
    /// Another daemon has begun an epoch since.
    pub fn beat(&self, session: &Session) -> Result<(), StoreError> {
        let sql = "UPDATE leader SET beat_at = clock_timestamp() WHERE epoch = $1";
        match session.change(sql, [self.epoch])? {
            1 => Ok(()),
            _ => Err(StoreError::Led { holder: holder(session)? }),
        }
    }
}

/// Who leads by the row of the lead, with a space before it; empty before the first.
fn holder(session: &Session) -> Result<String, StoreError> {
    let mut holder = String::new();
    if version(session)? > 0 {
        session.visit("SELECT holder FROM leader", [], |row| {
            holder = format!(" ({})", row.get_ref(0)?.as_str()?);
            Ok(false)
        })?;
    }
    Ok(holder)
}
