//! Why the daemon did not start.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use crate::gateway;
use crate::store::StoreError;

/// Why the daemon did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server of the database cannot be used as it is configured; says why.
    #[error("[database]: {0}")]
    Database(String),
    /// The folder of the database cannot be created.
    #[error("cannot create the folder {folder} for the database: {reason}")]
    Folder { folder: String, reason: String },
    /// The content of the database cannot be used.
    #[error(transparent)]
    Gateway(#[from] gateway::Error),
    /// The customers' API cannot listen on its address.
    #[error("cannot listen on {address} for customers: {reason}; set another [http] listen")]
    Http { address: SocketAddr, reason: String },
    /// The address for metrics cannot be used.
    #[error("cannot listen on {address} for metrics: {reason}; set another [admin] metrics_listen")]
    Metrics { address: SocketAddr, reason: String },
    /// The operators' pages cannot be served on their address.
    #[error("cannot listen on {address} for operators: {reason}; set another [console] listen")]
    Console { address: SocketAddr, reason: String },
    /// A SIM bank cannot be used as it is configured, on this line of the file.
    #[error("line {line}: {fault}")]
    Bank { line: usize, fault: String },
    /// The site cannot be who it is configured to be; says why.
    #[error("{0}")]
    Site(String),
    /// Sites cannot be served.
    #[error("[sites]: {0}")]
    Sites(String),
    /// The admin socket cannot be created.
    #[error("cannot listen on {socket} for commands: {reason}; set another [admin] socket")]
    Admin { socket: String, reason: String },
}

impl StartError {
    pub(super) fn http(address: SocketAddr, error: &io::Error) -> StartError {
        StartError::Http { address, reason: error.to_string() }
    }

    pub(super) fn console(address: SocketAddr, error: &io::Error) -> StartError {
        StartError::Console { address, reason: error.to_string() }
    }

    pub(super) fn metrics(address: SocketAddr, error: &io::Error) -> StartError {
        StartError::Metrics { address, reason: error.to_string() }
    }

    pub(super) fn from_opening(error: gateway::Error, database: Option<&Path>) -> StartError {
        match error {
            gateway::Error::Store(error) => StartError::Store(match database {
                Some(file) => error.of_file(file),
                None => error,
            }),
            other => StartError::Gateway(other),
        }
    }

    /// Whether starting again is useless until somebody has fixed the cause.
    pub fn is_lasting(&self) -> bool {
        matches!(
            self,
            StartError::Store(StoreError::Damaged { .. } | StoreError::Newer { .. })
                | StartError::Gateway(gateway::Error::OtherDecimals { .. })
                | StartError::Bank { .. }
        )
    }
}
