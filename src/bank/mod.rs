//! The scheduler of a SIM bank, which has more SIMs than radios: which SIM should be on which radio
//! is a plan (`plan`), and getting it there is a procedure with a deadline for each step
//! (`switching`). What a bank reports about a switch proves nothing; only the ICCID that is read
//! afterwards does (`outcome`). It is a pure state machine: reports of the radios' sessions,
//! demands for SIMs and the passing of time go in; actions come out.
//!
//! ```text
//! released? → stores emptied, off the air → switch → settle → session resumed → ICCID → registered
//!    └ no: the SIM stays where it is       └── another SIM than expected: again, then given up
//! ```
//!
//! A switch begins only after the gateway has released the SIM that is on the radio; from then on
//! no customer is given that SIM. What is stored about slots and SIMs is only a hint for the next
//! switch: the session decides to which SIM a message belongs, from the ICCID that it has read.
//! After a start nothing is assumed: which slot is on a radio is known once the session of the
//! radio has read a SIM.
//!
//! The files build on one another in one direction: `profile`, `api`, `switching`, `model`, `plan`,
//! `machine`, then `outcome` and `report`.

mod api;
mod control;
mod machine;
mod model;
mod outcome;
mod plan;
mod profile;
mod report;
mod switching;

pub use api::{BankAction, BankConfig, SessionStatus};
pub use control::{Control, ControlAction};
pub use machine::Bank;
pub use profile::{Adapter, BankProfile, Reach, Silence};

#[cfg(test)]
mod tests;
