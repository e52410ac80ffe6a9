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

    /// How many messages were withheld from the tenant of a rental.
    pub fn count_withheld_from_rental(&self, rental: RentalId) -> Result<u64, StoreError> {
        let sql = "SELECT CAST(coalesce(sum(messages), 0) AS bigint) FROM withheld_notice WHERE \
                   rental_id = $1";
        Ok(u64::try_from(self.number(sql, [rental.0])?).unwrap_or_default())
    }
}

impl WriteTx<'_> {
    /// Notes that a message was withheld from an order or a rental by a rule. One that is not new
    /// was withheld before, and has become longer.
    pub fn note_withheld(
        &self,
        order: Option<OrderId>,
        rental: Option<RentalId>,
        rule: &str,
        (at, is_new): (Timestamp, bool),
    ) -> Result<(), StoreError> {
        let owner = if order.is_some() { "order_id" } else { "rental_id" };
        let sql = format!(
            "INSERT INTO withheld_notice (order_id, rental_id, rule, at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT ({owner}, rule) WHERE {owner} IS NOT NULL DO UPDATE SET messages = \
             withheld_notice.messages + $5"
        );
        let (order, rental) = (order.map(|order| order.0), rental.map(|rental| rental.0));
        self.change(&sql, params![order, rental, rule, at.0, is_new])
    }
}
