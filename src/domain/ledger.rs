//! The ledger's entries and what each does to an account's funds.
//!
//! The ledger only grows. A balance is the sum of its entries' `balance` effects, holds the sum of their `held` effects.

use super::{Amount, OrderId};

/// What an account has: its balance, and how much of it open orders hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Funds {
    /// Sum of all entries.
    pub balance: Amount,
    /// Held by open orders; never negative.
    pub held: Amount,
}

impl Funds {
    /// What can still be spent: balance less holds.
    pub fn available(self) -> Amount {
        Amount(self.balance.0.saturating_sub(self.held.0))
    }

    /// Whether an order at `price` may be made (I7: never below zero through an order).
    pub fn covers(self, price: Amount) -> bool {
        self.available() >= price
    }

    /// The funds after `entry`, or `None` when it cannot be: holds below zero, or a sum past `i64`.
    pub fn after(self, entry: &Posting) -> Option<Funds> {
        let (balance, held) = entry.effects();
        let funds = Funds { balance: self.balance.checked_add(balance)?, held: self.held.checked_add(held)? };
        (funds.held >= Amount::ZERO).then_some(funds)
    }
}

/// One entry to be written, tied to what caused it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Posting {
    /// The operator added (or, negative, took back) credit. `reference` is the request's own: the same one is applied once.
    TopUp {
        /// Added to the balance.
        amount: Amount,
        /// What makes this request unique.
        reference: String,
    },
    /// An order was made: its price is held.
    Hold {
        /// The order's price.
        amount: Amount,
        /// The order.
        order: OrderId,
    },
    /// The order's first SMS came: the held price is charged.
    Capture {
        /// The order's price.
        amount: Amount,
        /// The order.
        order: OrderId,
    },
    /// The order ended without an SMS: the hold is given back.
    Release {
        /// The order's price.
        amount: Amount,
        /// The order.
        order: OrderId,
    },
}

impl Posting {
    /// The entry's name in the database and in `account ledger`.
    pub fn kind(&self) -> &'static str {
        match self {
            Posting::TopUp { .. } => "topup",
            Posting::Hold { .. } => "hold",
            Posting::Capture { .. } => "capture",
            Posting::Release { .. } => "release",
        }
    }

    /// What the entry adds to the balance, and to the holds.
    pub fn effects(&self) -> (Amount, Amount) {
        match self {
            Posting::TopUp { amount, .. } => (*amount, Amount::ZERO),
            Posting::Hold { amount, .. } => (Amount::ZERO, *amount),
            Posting::Capture { amount, .. } => (Amount(-amount.0), Amount(-amount.0)),
            Posting::Release { amount, .. } => (Amount::ZERO, Amount(-amount.0)),
        }
    }

    /// What caused it; unique in the database, so that nothing is applied twice. A capture and a release of one order share
    /// theirs: an order ends once.
    pub fn cause(&self) -> String {
        match self {
            Posting::TopUp { reference, .. } => format!("topup:{reference}"),
            Posting::Hold { order, .. } => format!("order:{order}:made"),
            Posting::Capture { order, .. } | Posting::Release { order, .. } => format!("order:{order}:ended"),
        }
    }

    /// The order that it belongs to, if any.
    pub fn order(&self) -> Option<OrderId> {
        match self {
            Posting::TopUp { .. } => None,
            Posting::Hold { order, .. } | Posting::Capture { order, .. } | Posting::Release { order, .. } => {
                Some(*order)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: OrderId = OrderId(7);

    fn funds(balance: i64, held: i64) -> Funds {
        Funds { balance: Amount(balance), held: Amount(held) }
    }

    #[test]
    fn each_entry_does_what_it_says() {
        let amount = Amount(50);
        for (entry, before, after) in [
            (Posting::TopUp { amount, reference: "a".into() }, funds(0, 0), Some(funds(50, 0))),
            (Posting::Hold { amount, order: ORDER }, funds(60, 0), Some(funds(60, 50))),
            (Posting::Capture { amount, order: ORDER }, funds(60, 50), Some(funds(10, 0))),
            (Posting::Release { amount, order: ORDER }, funds(60, 50), Some(funds(60, 0))),
            (Posting::Release { amount, order: ORDER }, funds(60, 40), None),
            (Posting::TopUp { amount, reference: "a".into() }, funds(i64::MAX, 0), None),
        ] {
            assert_eq!(before.after(&entry), after, "{entry:?}");
        }
    }

    #[test]
    fn capture_and_release_share_their_cause() {
        let amount = Amount(50);
        assert_eq!(
            Posting::Capture { amount, order: ORDER }.cause(),
            Posting::Release { amount, order: ORDER }.cause()
        );
    }
}
