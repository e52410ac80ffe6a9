//! SQLite: one writer thread with group commit, read-only readers, and a file of verbs per
//! aggregate. All SQL is here and in `migrations/`.
//!
//! The face is domain words. A caller hands a whole operation to [`Store::write`] and is answered
//! after the commit is on disk (WAL, `synchronous=FULL`); operations that wait together share one
//! transaction, and a failed one undoes only itself.

mod accounts;
mod assemblies;
#[cfg(test)]
pub(crate) mod attacks;
mod audit;
mod banks;
mod census;
mod copy;
mod database;
mod deadlines;
mod error;
mod file;
mod ledger;
mod messages;
mod migrate;
mod modems;
mod numbers;
mod orders;
mod parts;
mod pins;
#[cfg(test)]
mod plans;
mod read;
mod readers;
mod rentals;
mod retention;
mod services;
mod sims;
mod stats;
mod stays;
mod tx;
mod verify;
mod writer;

pub use accounts::{Account, Holder, Key};
pub use assemblies::{Assembly, NewAssembly};
pub use audit::{Actor, AuditRow};
pub use banks::{Awaiting, Hold};
pub use census::Sums;
pub use database::Store;
pub use deadlines::Deadline;
pub use error::StoreError;
pub use ledger::{Applied, Entry};
pub use messages::{MessageFilter, NewMessage};
pub use numbers::Loopback;
pub use orders::NewOrder;
pub use parts::{NewPart, StoredPart};
pub use read::Rows;
pub use services::NewService;
pub use sims::StockQuery;
pub use stats::Stats;
pub use stays::{Place, Stay};
pub use tx::Tx;
pub use verify::CHECKS;
