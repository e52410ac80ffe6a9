//! Test orders and test rentals, in tables of their own.

use rusqlite::params;

use super::engine::{Row, parsed};
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::sandbox::{TestOrder, TestRental};
use crate::domain::{AccountId, Amount, OrderId, RentalId, Timestamp};

const ORDER: &str = "SELECT id, account_id, service, number_of, price_minor, created_at, \
                     expires_at, replaces, client_ref, given_up, given_up_at, told FROM test_order";

const RENTAL: &str = "SELECT id, account_id, package, renewal_package, auto_renew, months, \
                      price_minor, started_at, told FROM test_rental";

fn order(row: &Row<'_>) -> rusqlite::Result<TestOrder> {
    let order_id = |column| Ok::<_, rusqlite::Error>(row.get::<Option<i64>>(column)?.map(OrderId));
    let given_up_at = row.get::<Option<i64>>(10)?.map(Timestamp);
    let given_up = match given_up_at {
        Some(at) => Some((parsed(row, 9)?, at)),
        None => None,
    };
    Ok(TestOrder {
        id: OrderId(row.get(0)?),
        account: AccountId(row.get(1)?),
        service: parsed(row, 2)?,
        number_of: order_id(3)?,
        price: Amount(row.get(4)?),
        created_at: Timestamp(row.get(5)?),
        expires_at: Timestamp(row.get(6)?),
        replaces: order_id(7)?,
        client_ref: row.get(8)?,
        given_up,
        told: row.get(11)?,
    })
}

fn rental(row: &Row<'_>) -> rusqlite::Result<TestRental> {
    Ok(TestRental {
        id: RentalId(row.get(0)?),
        account: AccountId(row.get(1)?),
        package: row.get(2)?,
        renewal_package: row.get(3)?,
        auto_renew: row.get(4)?,
        months: row.get(5)?,
        price: Amount(row.get(6)?),
        started_at: Timestamp(row.get(7)?),
        told: row.get(8)?,
    })
}

impl ReadTx<'_> {
    /// The test order with this id.
    pub fn test_order(&self, id: OrderId) -> Result<Option<TestOrder>, StoreError> {
        self.first(&format!("{ORDER} WHERE id = $1"), [id.0], order)
    }

    /// The test orders of an account, newest first. How many they can be is limited.
    pub fn test_orders(&self, account: AccountId) -> Result<Vec<TestOrder>, StoreError> {
        self.all(&format!("{ORDER} WHERE account_id = $1 ORDER BY id DESC"), [account.0], order)
    }

    /// The greatest id that a test order has had.
    pub fn last_test_order_id(&self) -> Result<i64, StoreError> {
        self.last_id_of("test_order")
    }

    /// The test rental with this id, which may have been replaced by a newer one.
    pub fn test_rental(&self, id: RentalId) -> Result<Option<TestRental>, StoreError> {
        self.first(&format!("{RENTAL} WHERE id = $1"), [id.0], rental)
    }

    /// The test rental that an account has.
    pub fn test_rental_of(&self, account: AccountId) -> Result<Option<TestRental>, StoreError> {
        let sql = format!("{RENTAL} WHERE account_id = $1 ORDER BY id DESC LIMIT 1");
        self.first(&sql, [account.0], rental)
    }

    /// How many test rentals an account has begun since a time, as far as they are kept.
    pub fn test_rental_count(
        &self,
        account: AccountId,
        since: Timestamp,
    ) -> Result<i64, StoreError> {
        let sql = "SELECT count(*) FROM test_rental WHERE account_id = $1 AND started_at >= $2";
        self.number(sql, [account.0, since.0])
    }
}

impl WriteTx<'_> {
    /// Adds a test order, whose id is made here.
    pub fn add_test_order(&self, new: TestOrder) -> Result<TestOrder, StoreError> {
        let sql = "INSERT INTO test_order (account_id, service, number_of, price_minor, \
                   created_at, expires_at, replaces, client_ref, told, next_at) VALUES ($1, $2, \
                   $3, $4, $5, $6, $7, $8, $9, $10)";
        let (next_at, _) = new.next();
        let values = params![
            new.account.0,
            new.service.as_str(),
            new.number_of.map(|order| order.0),
            new.price.0,
            new.created_at.0,
            new.expires_at.0,
            new.replaces.map(|order| order.0),
            new.client_ref,
            new.told,
            next_at.0
        ];
        Ok(TestOrder { id: OrderId(self.insert(sql, values)?), ..new })
    }

    /// Saves how a test order was given up, and of what its account was told.
    pub fn save_test_order(&self, order: &TestOrder) -> Result<(), StoreError> {
        let sql = "UPDATE test_order SET given_up = $1, given_up_at = $2, told = $3, next_at = $4 \
                   WHERE id = $5";
        let (how, at) = order.given_up.unzip();
        let (how, at) = (how.map(|how| how.as_str()), at.map(|at| at.0));
        let values = params![how, at, order.told, order.next().0.0, order.id.0];
        self.change_one(sql, values, "test_order", order.id)
    }

    pub fn remove_test_order(&self, id: OrderId) -> Result<(), StoreError> {
        self.change("DELETE FROM test_order WHERE id = $1", [id.0])
    }

    /// Adds a test rental, whose id is made here. It is the account's from now on, and is told of
    /// in place of the one before.
    pub fn add_test_rental(&self, new: TestRental) -> Result<TestRental, StoreError> {
        if let Some(before) = self.test_rental_of(new.account)? {
            let sql = "UPDATE test_rental SET next_at = $1 WHERE id = $2";
            self.change(sql, [before.forgotten_at().0, before.id.0])?;
        }
        let sql = "INSERT INTO test_rental (account_id, package, renewal_package, auto_renew, \
                   months, price_minor, started_at, told, next_at) VALUES ($1, $2, $3, $4, $5, $6, \
                   $7, $8, $9)";
        let values = params![
            new.account.0,
            new.package,
            new.renewal_package,
            new.auto_renew,
            new.months,
            new.price.0,
            new.started_at.0,
            new.told,
            new.next_at().0
        ];
        Ok(TestRental { id: RentalId(self.insert(sql, values)?), ..new })
    }

    /// Saves what can change of the test rental that an account has.
    pub fn save_test_rental(&self, rental: &TestRental) -> Result<(), StoreError> {
        let sql = "UPDATE test_rental SET renewal_package = $1, auto_renew = $2, months = $3, \
                   price_minor = $4, told = $5, next_at = $6 WHERE id = $7";
        let TestRental { renewal_package, auto_renew, months, price, told, .. } = rental;
        let (next_at, id) = (rental.next_at().0, rental.id.0);
        let values = params![renewal_package, auto_renew, months, price.0, told, next_at, id];
        self.change_one(sql, values, "test_rental", rental.id)
    }

    pub fn remove_test_rental(&self, id: RentalId) -> Result<(), StoreError> {
        self.change("DELETE FROM test_rental WHERE id = $1", [id.0])
    }

    /// Removes all that an account has made with test keys.
    pub(super) fn forget_tests_of(&self, account: AccountId) -> Result<(), StoreError> {
        self.change("DELETE FROM test_order WHERE account_id = $1", [account.0])?;
        self.change("DELETE FROM test_rental WHERE account_id = $1", [account.0])
    }

    /// Removes what was made with test keys later than now, by a clock that was ahead.
    pub(super) fn forget_future_tests(&self, now: Timestamp) -> Result<(), StoreError> {
        self.change("DELETE FROM test_order WHERE created_at > $1", [now.0])?;
        self.change("DELETE FROM test_rental WHERE started_at > $1", [now.0])
    }
}
