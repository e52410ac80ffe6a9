//! Pure rules and types: money, ledger, order states, matching, allocation, codes, countries.
//!
//! No `async`, no clock, no randomness, no logging: the time is an argument.

pub mod allocation;
pub mod catalogue;
pub mod code;
pub mod country;
pub mod ids;
pub mod key;
pub mod ledger;
pub mod message;
pub mod modem;
pub mod money;
pub mod network_clock;
pub mod order;
pub mod sim;
pub mod time;

pub use catalogue::{Catalogue, Service};
pub use country::{Countries, Country};
pub use ids::{AccountId, AssemblyId, MessageId, OrderId, PartId, ServiceId, SimId};
pub use ledger::Funds;
pub use money::Amount;
pub use order::Order;
pub use time::Timestamp;
