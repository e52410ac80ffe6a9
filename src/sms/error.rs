//! Why octets are not the TPDU that they should be: which field, which octet, what about it. Never
//! the content.

use std::fmt;

/// A TPDU that cannot be read at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// From the innermost field outwards; a fault is found inside and named outside.
    path: Vec<&'static str>,
    octet: usize,
    problem: Problem,
}

/// What is wrong at the place that a [`DecodeError`] names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The octets end before the field does.
    #[error("{needed} more octets needed, {left} left")]
    Missing {
        /// How many octets the field asks for from this place on.
        needed: usize,
        /// How many there are.
        left: usize,
    },
    /// The message type indicator (23.040 9.2.3.1) is another TPDU's.
    #[error("message type {found} where {wanted} was expected")]
    MessageType {
        /// The two bits found, as the name of the TPDU that they mean.
        found: &'static str,
        /// The TPDU that was to be read.
        wanted: &'static str,
    },
}

impl DecodeError {
    /// A fault in `field`, seen at the octet with this offset in the octets given to `decode`.
    pub(super) fn new(field: &'static str, octet: usize, problem: Problem) -> DecodeError {
        DecodeError { path: vec![field], octet, problem }
    }

    /// Names the field that the faulty one is part of.
    pub(super) fn within(mut self, field: &'static str) -> DecodeError {
        self.path.push(field);
        self
    }

    /// The field's path, outermost first: `deliver.originator.length`.
    #[must_use]
    pub fn path(&self) -> String {
        self.path.iter().rev().copied().collect::<Vec<_>>().join(".")
    }

    /// The octet's offset in the octets given to `decode`, from 0.
    #[must_use]
    pub fn octet(&self) -> usize {
        self.octet
    }

    /// What is wrong there.
    #[must_use]
    pub fn problem(&self) -> Problem {
        self.problem
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at octet {}: {}", self.path(), self.octet, self.problem)
    }
}

impl std::error::Error for DecodeError {}
