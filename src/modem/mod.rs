//! One AT session as a pure state machine: bytes, the passing of time, requests and the host's
//! answers go in; actions come out.
//!
//! ```text
//! Probing → SimCheck → Identifying → Configuring → Registering ⇄ Ready
//!    ↑          ↑───────── any SIM event ──────────────────┘
//!    └───────── the modem restarted; anything worse ends the session with Action::Reopen
//! ```
//!
//! (`Absent`, `Opening`, `Recovering` and `Quarantined` are states of a port: see `driver`.)
//!
//! What holds here, whatever a modem does:
//!  - One command is in flight. Its deadline is absolute: no unasked line postpones it. After a
//!    reply that did not come in time nothing is sent before the modem has reported its IMEI, so
//!    that a late `OK` is never taken for another command's (`channel`).
//!  - A message is deleted only after the host has answered that it is on disk, only if its slot was
//!    read in this session, from this card, and only once (`pending_deletions`). A slot that waits for its
//!    deletion is not read again.
//!  - Any SIM event forgets all of that, and nothing is read before the ICCID is known again
//!    (`session`).
//!  - Every list and queue has a limit. What does not fit is found by the next sweep.
//!
//! Each phase has a file. It says what it wants to do next, and is told how its commands finished.

mod api;
mod channel;
mod configuring;
mod context;
mod direct;
mod identifying;
pub mod mask;
mod off_air;
mod operators;
mod pending_deletions;
mod pending_reads;
mod phase;
mod pin;
mod probing;
pub(crate) mod profile;
mod pseudonym;
mod reply;
pub(crate) mod requests;
mod serving;
mod session;
mod sim_check;
mod sim_tasks;
mod sweep;
mod unlocking;

#[cfg(test)]
mod tests;

pub use api::{Action, MessageOwner, MessageSlot, RawPdu, Received, SessionConfig, Token};
pub use operators::Operator;
pub use pin::Pin;
pub use profile::{Catalogue, Profile, ProfileError, Quirk};
pub use pseudonym::Pseudonyms;
pub use session::{CommandOutcome, Session};
