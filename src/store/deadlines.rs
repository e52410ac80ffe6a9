//! Everything that has a deadline: open orders, rentals, and long messages that wait for more
//! parts.

use std::collections::BTreeSet;

use super::{ReadTx, StoreError};
use crate::domain::{AssemblyId, OrderId, RentalId, SimId, Timestamp};

/// Something that is to be done at a certain time, by the id of its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Deadline {
    /// An open order's lifetime ends.
    Order(OrderId),
    /// A long message is shown as incomplete.
    Assembly(AssemblyId),
    /// A rental's term ends.
    Rental(RentalId),
}

impl std::fmt::Display for Deadline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Deadline::Order(id) => write!(f, "order {id}"),
            Deadline::Assembly(id) => write!(f, "long message {id}"),
            Deadline::Rental(id) => write!(f, "rental {id}"),
        }
    }
}

/// One kind of deadline: how it is made from a row's id, and the statement that finds at most `$2`
/// rows that are due at `$1`, each with its time.
type Kind = (fn(i64) -> Deadline, &'static str);

const KINDS: [Kind; 3] = [
    (
        |id| Deadline::Order(OrderId(id)),
        "SELECT id, expires_at FROM orders WHERE state = 'open' AND expires_at <= $1 ORDER BY \
         expires_at LIMIT $2",
    ),
    (
        |id| Deadline::Assembly(AssemblyId(id)),
        "SELECT id, due_at FROM assembly WHERE due_at <= $1 ORDER BY due_at LIMIT $2",
    ),
    (
        |id| Deadline::Rental(RentalId(id)),
        "SELECT id, expires_at FROM rental WHERE state = 'active' AND expires_at <= $1 ORDER BY \
         expires_at LIMIT $2",
    ),
];

impl ReadTx<'_> {
    /// What is due at `until`, in the order of its time. At most `limit` of each kind are read, and
    /// nothing is returned that others which were not read might come before.
    ///
    /// Only ids and times are read, so that a row with a fault does not keep the others from being
    /// done.
    pub fn due(
        &self,
        until: Timestamp,
        limit: usize,
    ) -> Result<BTreeSet<(Timestamp, Deadline)>, StoreError> {
        let (mut due, mut known_to) = (BTreeSet::new(), until);
        for (kind, sql) in KINDS {
            let count = i64::try_from(limit).unwrap_or(i64::MAX);
            let of_kind = self.all(sql, [until.0, count], |row| {
                Ok((Timestamp(row.get(1)?), kind(row.get(0)?)))
            })?;
            if let Some((last, _)) = of_kind.last().filter(|_| of_kind.len() >= limit) {
                known_to = known_to.min(*last);
            }
            due.extend(of_kind);
        }
        // Where a kind was cut off at `limit`, its next rows may be due before later ones of other
        // kinds.
        due.retain(|(at, _)| *at <= known_to);
        Ok(due)
    }

    /// The SIM that the order, long message or rental of a deadline belongs to.
    pub fn sim_of(&self, deadline: Deadline) -> Result<Option<SimId>, StoreError> {
        let (sql, id) = match deadline {
            Deadline::Order(id) => ("SELECT sim_id FROM orders WHERE id = $1", id.0),
            Deadline::Assembly(id) => ("SELECT sim_id FROM assembly WHERE id = $1", id.0),
            Deadline::Rental(id) => ("SELECT sim_id FROM rental WHERE id = $1", id.0),
        };
        self.first(sql, [id], |row| row.get(0).map(SimId))
    }
}
