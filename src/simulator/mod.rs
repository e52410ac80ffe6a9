//! A mobile network and its modems behind PTYs and in-memory streams: a stand-in for the hardware.
//!
//! It communicates with hosts only over the serial line and follows TS 27.005 and 27.007, so that
//! any program for modems can use it. The way of a message: [`Network::send`] composes the PDUs and
//! queues them for the subscriber (`smsc.rs`). The modem with the subscriber's card takes them when
//! it is registered and has room (`modem/receiving.rs`), and notifies its host, which reads and
//! deletes them (`modem/storage.rs`). `port.rs` moves the octets.

mod bank;
mod card;
pub mod control;
mod digits;
mod error;
mod exclusive;
mod family;
mod fault_schedule;
mod faults;
mod memory;
mod modem;
mod modem_plan;
mod modem_slot;
mod network;
mod port;
mod pty;
mod quirks;
mod rack;
mod run;
mod scenario;
mod smsc;
mod special;
mod step_harness;

pub use bank::faults::BankFault;
pub use bank::{BankCard, BankRadio, BankStats, ModuleCard};
pub use error::SimulatorError;
pub use family::families;
pub use fault_schedule::{FaultSchedule, ScheduledFault};
pub use faults::{CardFault, Fault, Leftover};
pub use modem::observed::Observed;
pub use network::{Clock, ModemStats, Network, SendReceipt};
pub use port::{bank_in_memory, in_memory};
pub use quirks::Quirk;
pub use rack::{Rack, RackConfig};
pub use run::simulate;
pub use scenario::Scenario;
pub use special::SpecialMessage;
pub use step_harness::{Exchange, StepHarness};

#[cfg(test)]
mod tests;
