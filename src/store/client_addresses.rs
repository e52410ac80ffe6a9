//! From where customers asked for what they were given.

use std::net::IpAddr;

use rusqlite::params;

use super::{ReadTx, StoreError, WriteTx};
use crate::domain::{OrderId, RentalId, Timestamp};

/// What a customer asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Order(OrderId),
    Rental(RentalId),
    /// What a row of the audit is about, by the row's id.
    Audit(i64),
}

impl Asked {
    /// The ids of the three columns, of which one is given.
    fn ids(self) -> [Option<i64>; 3] {
        match self {
            Asked::Order(order) => [Some(order.0), None, None],
            Asked::Rental(rental) => [None, Some(rental.0), None],
            Asked::Audit(row) => [None, None, Some(row)],
        }
    }
}

impl ReadTx<'_> {
    /// From where an order or a rental was asked for, while that is kept.
    pub fn client_address(&self, asked: Asked) -> Result<Option<String>, StoreError> {
        let (sql, id) = match asked {
            Asked::Order(order) => {
                ("SELECT address FROM client_address WHERE order_id = $1", order.0)
            }
            Asked::Rental(rental) => {
                ("SELECT address FROM client_address WHERE rental_id = $1", rental.0)
            }
            Asked::Audit(row) => ("SELECT address FROM client_address WHERE audit_id = $1", row),
        };
        self.first(sql, [id], |row| row.get(0))
    }

    /// When the oldest address was written.
    pub fn next_address(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT at FROM client_address ORDER BY at LIMIT 1";
        self.first(sql, [], |row| row.get(0).map(Timestamp))
    }
}

impl WriteTx<'_> {
    /// Keeps from where something was asked for.
    pub fn add_client_address(
        &self,
        asked: Asked,
        address: IpAddr,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO client_address (at, address, order_id, rental_id, audit_id) VALUES \
                   ($1, $2, $3, $4, $5)";
        let [order, rental, audit] = asked.ids();
        let values = params![at.0, address.to_string(), order, rental, audit];
        self.change(sql, values)
    }

    /// Removes at most `limit` addresses that were written at `until` or before. Returns how many.
    pub fn purge_addresses(&self, until: Timestamp, limit: i64) -> Result<usize, StoreError> {
        let sql = "DELETE FROM client_address WHERE id IN (SELECT id FROM client_address WHERE at \
                   <= $1 ORDER BY at LIMIT $2)";
        self.change_counted(sql, [until.0, limit])
    }
}
