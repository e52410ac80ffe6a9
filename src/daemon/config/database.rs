//! `[database]`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Cluster;
use super::document::SectionReader;
use super::table::cluster::{LEASE, NAME};
use super::table::database::{
    CA_FILE, CHECKPOINT, COMMIT_LIMIT, PASSWORD_FILE, PATH, REPLICAS, TLS, UPGRADE, URL,
};
use crate::store::postgres::{ServerAddress, Upgrade};

/// The keys for a file, and those for a server.
const OF_FILE: [&str; 2] = [PATH.name, CHECKPOINT.name];
const OF_SERVER: [&str; 7] = [
    URL.name,
    PASSWORD_FILE.name,
    TLS.name,
    CA_FILE.name,
    COMMIT_LIMIT.name,
    REPLICAS.name,
    UPGRADE.name,
];

/// `[database]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// A file of SQLite.
    File {
        path: PathBuf,
        /// Whether another program moves the write-ahead log into the database.
        external_checkpoint: bool,
    },
    /// On a PostgreSQL server.
    Server(DatabaseServer),
}

/// A database on a PostgreSQL server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseServer {
    pub address: ServerAddress,
    pub password_file: Option<PathBuf>,
    pub tls: bool,
    /// The authorities for its certificate, in PEM; `None` for those of this machine.
    pub ca_file: Option<PathBuf>,
    pub commit_limit: Duration,
    /// How many standbys must have each commit.
    pub replicas: usize,
    pub upgrade: Upgrade,
}

impl Database {
    /// The path of the file, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Database::File { path, .. } => Some(path),
            Database::Server(_) => None,
        }
    }

    /// Whether a key of the section means something for this kind of database.
    pub(super) fn has_key(&self, key: &str) -> bool {
        match self {
            Database::File { .. } => !OF_SERVER.contains(&key),
            Database::Server(_) => !OF_FILE.contains(&key),
        }
    }
}

impl DatabaseServer {
    /// Whether what is said to the server can be read on the way.
    pub fn is_in_the_clear(&self) -> bool {
        !self.tls && !self.address.is_on_this_machine()
    }
}

/// Reads `[cluster]`. The lease has to be longer than a commit may take.
pub(super) fn cluster(section: &SectionReader<'_>, database: &Database) -> Cluster {
    let (name, lease) = (section.find(&NAME), section.get(&LEASE));
    if let Database::Server(server) = database
        && lease <= server.commit_limit
    {
        section.fault(
            LEASE.name,
            format!(
                "`lease` must be longer than `commit_limit` of [database], which is {}",
                humantime::format_duration(server.commit_limit)
            ),
        );
    }
    Cluster { name, lease }
}

/// Reads the section. A key that is for the other kind of database is a fault.
pub(super) fn database(section: &SectionReader<'_>) -> Database {
    let (path, external_checkpoint) = (section.get(&PATH), section.get(&CHECKPOINT));
    let (url, password_file) = (section.find(&URL), section.find(&PASSWORD_FILE));
    let (tls, ca_file) = (section.get(&TLS), section.find(&CA_FILE));
    let (commit_limit, replicas) = (section.get(&COMMIT_LIMIT), section.get(&REPLICAS));
    let upgrade = section.get(&UPGRADE);
    if section.has(URL.name) {
        for key in OF_FILE.into_iter().filter(|key| section.has(key)) {
            section.fault(key, format!("`{key}` is for a file of SQLite: remove it, or `url`"));
        }
    } else {
        for key in OF_SERVER.into_iter().filter(|key| section.has(key)) {
            section.fault(key, format!("`{key}` is for a PostgreSQL server: it needs `url`"));
        }
    }
    let Some(address) = url else { return Database::File { path, external_checkpoint } };
    let server =
        DatabaseServer { address, password_file, tls, ca_file, commit_limit, replicas, upgrade };
    Database::Server(server)
}
