//! A SIM bank: more cards than radios. Which card is on which radio is a plan (`plan`), how it gets
//! there a procedure with a deadline for each step (`switching`), and what a bank says is believed
//! only when the ICCID has been read (`machine`). Pure: what the radios say, what is wanted of the
//! cards and the passing of time go in; actions come out.
//!
//! ```text
//! may it leave? → stores emptied, off the air → switch → settle → back on the air → ICCID → registered → stays
//!       └ no: stays where it is                    └────── another card than wanted: again, then given up ──┘
//! ```
//!
//! A switch begins only after the host has said that nothing holds the card that is on the radio;
//! from then on nobody is given that card. What is kept of slots and cards is a hint for the next
//! switch and nothing more: to whom a message belongs the session says, by the ICCID that it has
//! read. After a start nothing is believed: the card that a radio's session reads tells which slot
//! is on it.

mod api;
mod control;
mod machine;
mod model;
mod outcome;
mod plan;
mod profile;
mod report;
mod switching;

pub use api::{
    BankAction, BankConfig, Kept, MoveEnd, Seen, SlotContents, SlotDemand, SwitchRecord,
    SwitchTrigger,
};
pub use control::{Control, ControlAction};
pub use machine::Bank;
pub use profile::{Adapter, BankProfile, Reach, Silence};
pub use report::{BankReport, Next, RadioReport, SlotReport};

#[cfg(test)]
mod tests;
