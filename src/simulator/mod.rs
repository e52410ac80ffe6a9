//! A mobile network and its modems behind PTYs and in-memory streams: a stand-in for the hardware.
//!
//! It meets hosts only on the wire, and behaves as TS 27.005 and 27.007 say, so that any program that speaks to modems
//! can use it. A message goes: [`Network::send`] composes the PDUs and puts them where they wait for the subscriber
//! (`centre.rs`); the modem with the subscriber's card takes them when it is registered and has room
//! (`modem/receiving.rs`), and tells its host, who reads and deletes them (`modem/storage.rs`). `port.rs` moves the octets.

mod bay;
mod card;
mod centre;
pub mod control;
mod digits;
mod error;
mod exclusive;
mod faults;
mod memory;
mod modem;
mod network;
mod port;
mod pty;
mod rack;
mod run;
mod scenario;

pub use error::SimulatorError;
pub use faults::Fault;
pub use modem::observed::Observed;
pub use network::{Clock, ModemStats, Network, SendReceipt};
pub use port::in_memory;
pub use rack::{Rack, RackConfig};
pub use run::simulate;
pub use scenario::Scenario;

#[cfg(test)]
mod tests;
