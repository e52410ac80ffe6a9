//! The database: one writer thread with group commit, a pool of read-only connections, and one file
//! for each subject with the functions that read and write it. All SQL is here and in
//! `migrations/`. What concerns SQLite alone is in `sqlite`, behind the seam in `engine`.
//!
//! The interface speaks the types of `domain`. A caller gives a whole operation to
//! [`Store::write`], which returns after the commit is on disk (WAL, `synchronous=FULL`).
//! Operations that are queued together share one transaction, and one that fails undoes only
//! itself.

mod account_prices;
mod account_turns;
mod accounts;
mod alarms;
mod api_keys;
mod assemblies;
#[cfg(test)]
pub(crate) mod attacks;
mod audit;
mod availability;
mod banks;
#[cfg(test)]
mod breaches;
mod changes;
mod client_addresses;
mod database;
mod deadlines;
mod decimals;
mod engine;
mod erasure;
mod error;
mod events;
mod finding;
mod health;
mod identities;
mod kept_answers;
mod ledger;
mod list_steps;
mod listing;
mod logins;
mod messages;
mod messages_of_owner;
mod modem_ids;
mod new_file;
mod numbers;
mod numbers_used;
mod orders;
mod orders_of_account;
mod outages;
mod page_readers;
mod parts;
mod payments;
mod person;
mod portal;
pub mod postgres;
#[cfg(test)]
mod query_plans;
mod read_tx;
#[cfg(debug_assertions)]
mod recorder;
mod rentals;
mod retention;
mod revenue;
mod samples;
mod sandbox;
mod search;
mod services;
mod sessions;
mod sim_locations;
mod sims;
mod sites;
mod sqlite;
mod stats;
mod traces;
mod transfer;
mod values;
mod verify;
mod webhook_deliveries;
mod webhook_endpoints;
mod withheld_notices;
mod write_tx;
mod writer;

pub use accounts::Account;
pub use alarms::LoggedAlarm;
pub use api_keys::{Holder, Key, KeyTerms};
pub use assemblies::{Assembly, AwaitedMessage, NewAssembly};
pub use audit::AuditRow;
pub use availability::{
    CountryRange, RentalQuery, SearchResult, SearchScope, SellableSim, StockQuery,
};
pub use banks::{SimClaims, WaitingOrder};
pub use changes::Changes;
pub use client_addresses::Asked;
#[cfg(test)]
pub(crate) use database::CROWDED;
pub use database::Store;
pub use deadlines::{Deadline, Horizon};
pub use erasure::Erasure;
pub use error::{StoreError, other_daemon};
pub use events::NotedEvent;
pub use health::{Pair, PairEnds, PairFilter, ServiceEnds};
pub use kept_answers::KeptAnswer;
pub use ledger::{Applied, Entry, EntrySums, Occasion};
pub use list_steps::{ListStep, StepEnd};
pub use listing::{ListFilter, Page};
pub use logins::{Credentials, Login};
pub use messages::{MessageFilter, NewMessage};
pub use messages_of_owner::TenantFilter;
pub use new_file::{NewFile, sync_folder_of};
pub use numbers::Loopback;
pub use orders::{NewOrder, Skip};
pub use orders_of_account::OrderSpan;
pub use outages::Tenancy;
#[cfg(test)]
pub(crate) use page_readers::PAGE_READERS;
pub use page_readers::read_for_page;
pub use parts::{NewPart, OtherDigests, StoredPart};
pub use payments::PaymentPart;
pub use person::{current_person, on_behalf_of};
pub use portal::PortalChoices;
pub use read_tx::ReadTx;
pub use rentals::RentalMove;
pub use revenue::Revenue;
pub use search::Searched;
pub use services::NewService;
pub use sessions::{NewSession, Session};
pub use sim_locations::{BankPosition, LastSim, LocationPeriod, SimActivity};
pub use sims::{OwnStore, PinTry};
pub use sites::StoredSite;
pub use sqlite::BackupFile;
pub use stats::Stats;
pub use traces::{Attributed, Mark, StoredText, Trace};
pub use transfer::{Copied, CopyError, copy_to_file, copy_to_server};
pub use values::as_stored;
pub use verify::CHECKS;
pub use webhook_deliveries::Undelivered;
pub use webhook_endpoints::EndpointCounts;
pub use write_tx::WriteTx;
