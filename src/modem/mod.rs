//! One AT session as a pure state machine. Bytes, the passing of time, requests and the answers of
//! the host go in; actions come out.
//!
//! ```text
//! Probing → SimCheck → Identifying → Configuring → Registering ⇄ Ready
//!    ↑          ↑───────── any SIM event ──────────────────┘
//!    └───────── the modem restarted; anything worse ends the session with Action::Reopen
//! ```
//!
//! (`Absent`, `Opening`, `Recovering` and `Quarantined` are states of a port: see
//! [`crate::driver`].)
//!
//! What holds here, whatever a modem does:
//!  - At most one command is in flight. Its deadline is absolute: unsolicited lines do not postpone
//!    it. After a reply that did not arrive in time nothing is sent until the modem has reported
//!    who it is, so that a late `OK` is never taken for the reply to another command (`channel`).
//!  - A message is deleted only after the host has answered that it is on disk, only if its slot
//!    was read in this session and from this card, and only once (`pending_deletions`). A slot that
//!    waits for its deletion is not read again. A deletion that was refused is not repeated before
//!    the slot has been read again, and what is in it then is on disk.
//!  - A SIM event makes the session forget all messages, and nothing is read before the ICCID is
//!    known again (`session`).
//!  - Every list and queue has a limit. What does not fit is found by the next sweep.
//!
//! Each phase has a file. It decides what to do next, and learns how its commands finished.

mod api;
mod channel;
mod charset;
pub(crate) mod command_policy;
mod configuring;
mod context;
mod direct;
mod greeting;
mod iccid_readings;
mod identifying;
pub mod mask;
mod message_format;
mod mobile_operators;
mod off_air;
mod pending_deletions;
mod pending_reads;
mod phase;
mod pin;
mod pin_entry;
mod probing;
pub(crate) mod profile;
mod pseudonym;
mod reply;
mod requests;
mod serving;
mod session;
mod sim_check;
mod sim_tasks;
mod slot_troubles;
mod sweep;
mod ussd;

#[cfg(test)]
mod tests;

pub use api::{
    Action, MessageOwner, MessageSlot, NotRecorded, RawPdu, Received, SessionConfig, Token,
};
pub use command_policy::screen_command;
pub use mobile_operators::MobileOperator;
pub use pin::Pin;
pub use profile::{Catalogue, Profile, ProfileError, Quirk};
pub use pseudonym::Pseudonyms;
pub use session::{CommandOutcome, Session};
pub use ussd::UssdForm;
