//! The sessions of people who have signed in.

use std::net::IpAddr;

use rusqlite::params;

use super::engine::Row;
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::{LoginId, SessionId, Timestamp};

/// A session, as far as it is stored: its secret is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub login: LoginId,
    pub created_at: Timestamp,
    /// When it was used last, at most ten minutes late.
    pub seen_at: Timestamp,
    /// When its person gave the password or a code last.
    pub proven_at: Timestamp,
    /// When it ends unless it is used again.
    pub ends_at: Timestamp,
    /// From where its person signed in, while that is kept.
    pub address: Option<String>,
    /// What the browser calls itself.
    pub browser: String,
}

/// A session that begins.
#[derive(Debug, Clone)]
pub struct NewSession {
    pub login: LoginId,
    /// The SHA-256 of its secret.
    pub digest: [u8; 32],
    pub began_at: Timestamp,
    pub ends_at: Timestamp,
    pub address: IpAddr,
    pub browser: String,
}

const SESSION: &str = "SELECT id, login_id, created_at, seen_at, proven_at, ends_at, address, \
                       browser FROM session";

fn session(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        id: SessionId(row.get(0)?),
        login: LoginId(row.get(1)?),
        created_at: Timestamp(row.get(2)?),
        seen_at: Timestamp(row.get(3)?),
        proven_at: Timestamp(row.get(4)?),
        ends_at: Timestamp(row.get(5)?),
        address: row.get(6)?,
        browser: row.get(7)?,
    })
}

impl ReadTx<'_> {
    /// A session by the digest of its secret.
    pub fn session_by_digest(&self, digest: &[u8; 32]) -> Result<Option<Session>, StoreError> {
        self.first(&format!("{SESSION} WHERE digest = $1"), [digest.as_slice()], session)
    }

    pub fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.first(&format!("{SESSION} WHERE id = $1"), [id.0], session)
    }

    /// The sessions of a login, oldest first.
    pub fn sessions(&self, login: LoginId) -> Result<Vec<Session>, StoreError> {
        self.all(&format!("{SESSION} WHERE login_id = $1 ORDER BY id"), [login.0], session)
    }

    /// When the session ends that ends first.
    pub fn next_session_end(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT ends_at FROM session ORDER BY ends_at LIMIT 1";
        self.first(sql, [], |row| row.get(0).map(Timestamp))
    }

    /// When the oldest session began whose address is kept.
    pub fn next_session_address(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT created_at FROM session WHERE address IS NOT NULL ORDER BY created_at \
                   LIMIT 1";
        self.first(sql, [], |row| row.get(0).map(Timestamp))
    }
}

impl WriteTx<'_> {
    /// Adds a session whose person has just proved who it is.
    pub fn add_session(&self, new: &NewSession) -> Result<SessionId, StoreError> {
        let sql = "INSERT INTO session (digest, login_id, created_at, seen_at, proven_at, ends_at, \
                   address, browser) VALUES ($1, $2, $3, $3, $3, $4, $5, $6)";
        let NewSession { login, digest, began_at, ends_at, address, browser } = new;
        let address = address.to_canonical().to_string();
        Ok(SessionId(
            self.insert(sql, params![digest, login.0, began_at.0, ends_at.0, address, browser])?,
        ))
    }

    /// Notes when a session was used last. What is written late changes nothing.
    pub fn note_session_use(
        &self,
        id: SessionId,
        seen_at: Timestamp,
        ends_at: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE session SET seen_at = $1, ends_at = $2 WHERE id = $3 AND seen_at < $1";
        self.change(sql, [seen_at.0, ends_at.0, id.0])
    }

    /// Notes that the person of a session has proved again who it is.
    pub fn note_proof(&self, id: SessionId, at: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE session SET proven_at = $1 WHERE id = $2";
        self.change_one(sql, [at.0, id.0], "session", id)
    }

    /// Ends a session, so that its cookie opens nothing any more.
    pub fn remove_session(&self, id: SessionId) -> Result<(), StoreError> {
        self.change("DELETE FROM session WHERE id = $1", [id.0])
    }

    /// Ends the sessions of a login, but one.
    pub fn remove_sessions_of(
        &self,
        login: LoginId,
        but: Option<SessionId>,
    ) -> Result<(), StoreError> {
        let sql = "DELETE FROM session WHERE login_id = $1 AND id IS DISTINCT FROM $2";
        self.change(sql, params![login.0, but.map(|id| id.0)])
    }

    /// Ends the oldest sessions of a login, but so many.
    pub fn keep_newest_sessions(&self, login: LoginId, most: i64) -> Result<(), StoreError> {
        let sql = "DELETE FROM session WHERE login_id = $1 AND id NOT IN (SELECT id FROM session \
                   WHERE login_id = $1 ORDER BY id DESC LIMIT $2)";
        self.change(sql, [login.0, most])
    }

    /// Removes at most `limit` sessions that ended at `until` or before. Returns how many.
    pub fn purge_sessions(&self, until: Timestamp, limit: i64) -> Result<usize, StoreError> {
        let sql = "DELETE FROM session WHERE id IN (SELECT id FROM session WHERE ends_at <= $1 \
                   ORDER BY ends_at LIMIT $2)";
        self.change_counted(sql, [until.0, limit])
    }

    /// Forgets the addresses of at most `limit` sessions that began at `until` or before. Returns
    /// how many.
    pub fn purge_session_addresses(
        &self,
        until: Timestamp,
        limit: i64,
    ) -> Result<usize, StoreError> {
        let sql = "UPDATE session SET address = NULL WHERE id IN (SELECT id FROM session WHERE \
                   address IS NOT NULL AND created_at <= $1 ORDER BY created_at LIMIT $2)";
        self.change_counted(sql, [until.0, limit])
    }
}
