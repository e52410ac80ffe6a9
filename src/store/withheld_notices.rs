//! From whom something was withheld, and by which rules of the block list.

use rusqlite::params;

use super::{ReadTx, StoreError, WriteTx};
use crate::domain::{OrderId, RentalId, Timestamp};

impl ReadTx<'_> {
    /// The rules by which something was withheld from the customer of an order.
    pub fn withheld_from_order(&self, order: OrderId) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT rule FROM withheld_notice WHERE order_id = $1 ORDER BY rule";
        self.all(sql, [order.0], |row| row.get(0))
    }

    /// The rules by which something was withheld from the tenant of a rental.
    pub fn withheld_from_rental(&self, rental: RentalId) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT rule FROM withheld_notice WHERE rental_id = $1 ORDER BY rule";
        self.all(sql, [rental.0], |row| row.get(0))
    }
}

impl WriteTx<'_> {
    /// Notes that something was withheld from an order or a rental by a rule; once for each rule.
    pub fn note_withheld(
        &self,
        order: Option<OrderId>,
        rental: Option<RentalId>,
        rule: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO withheld_notice (order_id, rental_id, rule, at) VALUES ($1, $2, $3, \
                   $4) ON CONFLICT DO NOTHING";
        let values = params![order.map(|order| order.0), rental.map(|rental| rental.0), rule, at.0];
        self.execute(sql, values).map(drop)
    }
}
