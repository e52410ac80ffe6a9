//! What can keep a verb from being carried out.

use crate::domain::catalogue::PatternError;
use crate::store::StoreError;

/// A verb's failure; nothing was changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A service's pattern.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// What the operator asked for cannot be; the text says what would be right.
    #[error("{0}")]
    Refused(String),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers; no key was made")]
    NoEntropy,
}

impl Error {
    /// A refusal in words.
    pub(super) fn refused(text: impl Into<String>) -> Error {
        Error::Refused(text.into())
    }
}
