//! Why an operation of the business fails.

use crate::domain::Currency;
use crate::domain::catalogue::PatternError;
use crate::domain::text::with_command;
use crate::store::StoreError;

/// The failure of an operation; nothing was changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The database failed, or refused the change.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A pattern of a service cannot be compiled.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// What the operator asked for is not possible; the text says what would be.
    #[error("{0}")]
    Refused(String),
    /// The same, where a command tells more, or does what is meant. Pages have their own ways.
    #[error("{}", with_command(reason, in_shell))]
    RefusedInShell {
        reason: String,
        /// A clause with the command between backticks.
        in_shell: String,
    },
    /// The amounts in the database have another number of decimals than the configuration's.
    #[error(
        "the amounts in this database have {kept} decimals, but with [money] currency = \
         \"{currency}\" they would have {}: set decimals = {kept} there too, or another currency, \
         or begin with a new database",
        .currency.decimals()
    )]
    OtherDecimals { kept: u32, currency: Currency },
    /// The system has no random numbers.
    #[error("the system has no random numbers; no key was made")]
    NoEntropy,
}

impl Error {
    /// Whether there was only no time for it: the same may succeed in a moment.
    pub fn is_busy(&self) -> bool {
        matches!(self, Error::Store(StoreError::Busy))
    }

    /// Whether there is no room on the database's disk, until somebody frees some.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Error::Store(StoreError::Full))
    }

    /// A refusal in words.
    pub(super) fn refused(text: impl Into<String>) -> Error {
        Error::Refused(text.into())
    }

    /// Adds to a refusal which command helps whoever has a shell: a clause with the command between
    /// backticks.
    pub(super) fn in_shell(self, command: impl Into<String>) -> Error {
        match self {
            Error::Refused(reason) => Error::RefusedInShell { reason, in_shell: command.into() },
            other => other,
        }
    }

    /// Why something that the operator asked for is not possible, in words that hold everywhere;
    /// `None` if it failed otherwise.
    pub fn refusal(&self) -> Option<&str> {
        match self {
            Error::Refused(reason) | Error::RefusedInShell { reason, .. } => Some(reason),
            _ => None,
        }
    }
}
