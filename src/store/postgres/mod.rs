//! PostgreSQL: the sessions, the lead, and how statements are carried out.
//!
//! One session writes. It holds the lead: an advisory lock and an epoch, which each transaction
//! touches first, so that whoever has lost the session can write nothing any more. Nothing is tried
//! again: a session that is lost ends the store.

mod bulk;
mod candidate;
mod connecting;
mod error;
mod fitness;
mod lead;
mod migrate;
mod readers;
mod server;
mod session;
mod standing;
#[cfg(test)]
mod test_server;
#[cfg(test)]
mod tests;
mod tls;
mod values;
mod writer;

pub(super) use bulk::BulkInsert;
pub use candidate::Candidate;
pub use fitness::Demands;
pub(super) use lead::Lead;
pub use lead::Term;
pub use migrate::upgrade_schema;
pub(super) use migrate::{create_schema, version};
pub(super) use readers::Readers;
pub use server::{Server, ServerAddress, Upgrade};
pub(super) use session::Session;
pub(super) use standing::Standing;
#[cfg(test)]
pub(super) use test_server::{carry_out, empty_server_for, server_for};
pub use tls::Tls;
pub(super) use values::Row;
pub(super) use writer::{GROUP, Writer};
