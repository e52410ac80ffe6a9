//! The sites whose daemons may connect, with the SHA-256 of each one's key.

use rusqlite::params;

use super::engine::{Row, parsed};
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::{SiteName, Timestamp};

/// A site, as far as it is stored: its key is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSite {
    pub name: SiteName,
    /// The SHA-256 of its key.
    pub key_digest: [u8; 32],
    /// When it was given its key.
    pub created_at: Timestamp,
    /// When its key was revoked; `None` if it was not.
    pub revoked_at: Option<Timestamp>,
    /// When a connection of it began or ended last, if there was one.
    pub last_seen_at: Option<Timestamp>,
}

fn site(row: &Row<'_>) -> rusqlite::Result<StoredSite> {
    let time = |column| Ok::<_, rusqlite::Error>(row.get::<Option<i64>>(column)?.map(Timestamp));
    Ok(StoredSite {
        name: parsed(row, 0)?,
        key_digest: row.get(1)?,
        created_at: Timestamp(row.get(2)?),
        revoked_at: time(3)?,
        last_seen_at: time(4)?,
    })
}

impl ReadTx<'_> {
    /// All sites, by name.
    pub fn sites(&self) -> Result<Vec<StoredSite>, StoreError> {
        let sql = "SELECT name, key_digest, created_at, revoked_at, last_seen_at FROM site ORDER \
                   BY name";
        self.all(sql, [], site)
    }
}

impl WriteTx<'_> {
    /// Stores a site: a new one, or one that is there with what has changed of it.
    pub fn save_site(&self, site: &StoredSite) -> Result<(), StoreError> {
        let sql = "INSERT INTO site (name, key_digest, created_at, revoked_at, last_seen_at) \
                   VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO UPDATE SET key_digest = \
                   excluded.key_digest, created_at = excluded.created_at, revoked_at = \
                   excluded.revoked_at, last_seen_at = excluded.last_seen_at";
        let StoredSite { name, key_digest, created_at, revoked_at, last_seen_at } = site;
        let values = params![
            name.as_str(),
            key_digest,
            created_at.0,
            revoked_at.map(|at| at.0),
            last_seen_at.map(|at| at.0)
        ];
        self.change(sql, values)
    }

    /// Deletes a site.
    pub fn delete_site(&self, name: &SiteName) -> Result<(), StoreError> {
        self.change("DELETE FROM site WHERE name = $1", [name.as_str()])
    }

    /// Stores when a connection of a site began or ended.
    pub fn save_site_seen(&self, name: &SiteName, at: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE site SET last_seen_at = $1 WHERE name = $2 AND coalesce(last_seen_at, \
                   $1) <= $1";
        self.change(sql, params![at.0, name.as_str()])
    }
}
