//! Everything that has a deadline: open orders, rentals, and long messages that wait for more
//! parts.

use std::collections::BTreeSet;

use super::{ReadTx, StoreError, WriteTx};
use crate::domain::calendar::add_months;
use crate::domain::rental::{BETWEEN_RENEWALS, next_notice};
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
    /// A tenant is told that a rental ends soon.
    Notice(RentalId),
    /// Something happens to a test order.
    TestOrder(OrderId),
    /// The test rental is sent a text, or forgotten.
    TestRental(RentalId),
}

impl std::fmt::Display for Deadline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Deadline::Order(id) => write!(f, "order {id}"),
            Deadline::Assembly(id) => write!(f, "long message {id}"),
            Deadline::Rental(id) => write!(f, "rental {id}"),
            Deadline::Notice(id) => write!(f, "notice of rental {id}"),
            Deadline::TestOrder(id) => write!(f, "test order {id}"),
            Deadline::TestRental(id) => write!(f, "test rental {id}"),
        }
    }
}

/// Until when deadlines count as passed. Where this machine's clock may be wrong, that is earlier
/// for what cannot be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Horizon {
    /// The time until which orders and long messages are due.
    pub orders: Timestamp,
    /// The time until which rentals are due.
    pub rentals: Timestamp,
}

impl Horizon {
    /// All deadlines, whenever they are.
    pub const ALL: Horizon = Horizon { orders: Timestamp(i64::MAX), rentals: Timestamp(i64::MAX) };

    fn of_orders(self) -> Timestamp {
        self.orders
    }

    fn of_rentals(self) -> Timestamp {
        self.rentals
    }
}

/// One kind of deadline: how it is made from a row's id, its horizon, and the statement that finds
/// at most `$2` rows that are due at `$1`, each with its time.
type Kind = (fn(i64) -> Deadline, fn(Horizon) -> Timestamp, &'static str);

const KINDS: [Kind; 6] = [
    (
        |id| Deadline::Order(OrderId(id)),
        Horizon::of_orders,
        "SELECT id, expires_at FROM orders WHERE state = 'open' AND expires_at <= $1 ORDER BY \
         expires_at LIMIT $2",
    ),
    (
        |id| Deadline::Assembly(AssemblyId(id)),
        Horizon::of_orders,
        "SELECT id, due_at FROM assembly WHERE due_at <= $1 ORDER BY due_at LIMIT $2",
    ),
    (
        |id| Deadline::Rental(RentalId(id)),
        Horizon::of_rentals,
        "SELECT id, due_at FROM rental WHERE state = 'active' AND due_at <= $1 ORDER BY due_at \
         LIMIT $2",
    ),
    (
        |id| Deadline::Notice(RentalId(id)),
        Horizon::of_rentals,
        "SELECT id, notice_at FROM rental WHERE state = 'active' AND notice_at <= $1 ORDER BY \
         notice_at LIMIT $2",
    ),
    (
        |id| Deadline::TestOrder(OrderId(id)),
        Horizon::of_orders,
        "SELECT id, next_at FROM test_order WHERE next_at <= $1 ORDER BY next_at LIMIT $2",
    ),
    (
        |id| Deadline::TestRental(RentalId(id)),
        Horizon::of_orders,
        "SELECT id, next_at FROM test_rental WHERE next_at <= $1 ORDER BY next_at LIMIT $2",
    ),
];

impl ReadTx<'_> {
    /// What is due until the horizon, in the order of its time. At most `limit` of each kind are
    /// read, and nothing is returned that others which were not read might come before.
    ///
    /// Only ids and times are read, so that a row with a fault does not keep the others from being
    /// done.
    pub fn due(
        &self,
        horizon: Horizon,
        limit: usize,
    ) -> Result<BTreeSet<(Timestamp, Deadline)>, StoreError> {
        let (mut due, mut known_to) = (BTreeSet::new(), Timestamp(i64::MAX));
        for (kind, until, sql) in KINDS {
            let count = i64::try_from(limit).unwrap_or(i64::MAX);
            let of_kind = self.all(sql, [until(horizon).0, count], |row| {
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

    /// The SIM that the order, long message or rental of a deadline belongs to; what is a test's
    /// has none.
    pub fn sim_of(&self, deadline: Deadline) -> Result<Option<SimId>, StoreError> {
        let (sql, id) = match deadline {
            Deadline::Order(id) => ("SELECT sim_id FROM orders WHERE id = $1", id.0),
            Deadline::Assembly(id) => ("SELECT sim_id FROM assembly WHERE id = $1", id.0),
            Deadline::Rental(id) | Deadline::Notice(id) => {
                ("SELECT sim_id FROM rental WHERE id = $1", id.0)
            }
            Deadline::TestOrder(_) | Deadline::TestRental(_) => return Ok(None),
        };
        self.first(sql, [id], |row| row.get(0).map(SimId))
    }
}

impl ReadTx<'_> {
    /// When the newest row was written of each table that grows all the time.
    pub fn newest_times(&self) -> Result<Vec<Timestamp>, StoreError> {
        let newest = [
            "SELECT created_at FROM ledger ORDER BY id DESC LIMIT 1",
            "SELECT created_at FROM orders ORDER BY id DESC LIMIT 1",
            "SELECT received_at FROM message ORDER BY id DESC LIMIT 1",
            "SELECT at FROM audit ORDER BY id DESC LIMIT 1",
        ];
        let times = newest.iter().map(|sql| self.first(sql, [], |row| row.get(0).map(Timestamp)));
        times.filter_map(Result::transpose).collect()
    }
}

impl WriteTx<'_> {
    /// After the clock was set back: open orders and rentals that began after `now` begin now, each
    /// with its length, and no rental waits for its next term longer than one that was
    /// renewed now. What was made with test keys after `now` is removed. Returns how many had begun
    /// later.
    pub fn begin_future_ones(&self, now: Timestamp) -> Result<usize, StoreError> {
        let orders = "UPDATE orders SET created_at = $1, expires_at = $1 + expires_at - \
                      created_at WHERE state = 'open' AND expires_at > $1 AND created_at > $1";
        let orders = self.change_counted(orders, [now.0])?;
        let rentals = self.rentals_starting_after(now)?;
        let count = orders + rentals.len();
        let waits = "UPDATE rental SET due_at = expires_at WHERE state = 'active' AND due_at > $1 \
                     AND expires_at < due_at";
        self.change(waits, [now.plus(BETWEEN_RENEWALS).0])?;
        let moves = "UPDATE rental SET moved_at = $1 WHERE state = 'active' AND due_at > $1 AND \
                     moved_at > $1";
        self.change(moves, [now.0])?;
        self.change("UPDATE given_up SET at = $1 WHERE at > $1", [now.0])?;
        self.forget_future_tests(now)?;
        for rental in rentals {
            let paid = add_months(now, rental.months);
            let ends = paid.map_or(rental.expires_at, |paid| paid.plus(rental.free));
            let sql = "UPDATE rental SET started_at = $1, expires_at = $2, due_at = $2, \
                       order_rest_us = NULL WHERE id = $3";
            self.change_one(sql, [now.0, ends.0, rental.id.0], "rental", rental.id)?;
            self.plan_notice(rental.id, next_notice(ends, now))?;
        }
        Ok(count)
    }
}
