//! The behaviours to which a command is offered in turn. The first one that answers it decides.

use super::command::Command;
use super::reply::{Failure, Outcome};
use super::{Modem, Now};

/// Answers a command, or leaves it to the next behaviour.
pub type Behaviour = fn(&mut Modem, &Command, Now) -> Option<Outcome>;

/// Faults and dialect come before the standards, so that they can override them.
pub const CHAIN: &[Behaviour] = &[
    super::super::faults::answer,
    super::dialect::answer,
    super::slots::answer,
    super::general::answer,
    super::identity::answer,
    super::sim::answer,
    super::phonebook::answer,
    super::registration::answer,
    super::storage::answer,
    super::receiving::answer,
    super::sending::answer,
    super::ussd::answer,
];

/// Returns the answer of the first behaviour that has one, or `ERROR`.
pub fn answer(modem: &mut Modem, command: &Command, now: Now) -> Outcome {
    CHAIN.iter().find_map(|behaviour| behaviour(modem, command, now)).unwrap_or(Err(Failure::Error))
}
