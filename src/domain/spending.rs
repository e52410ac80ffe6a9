//! What an account spends in a day, and how many codes it gets for it.

use super::ledger::EntryKind;
use super::{Amount, Timestamp};

/// What an account was charged in one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpendingDay {
    /// When the day began.
    pub day: Timestamp,
    /// What was charged for orders and rentals, less what was given back.
    pub spent: Amount,
    /// Orders that were charged: those that got what they are charged for.
    pub codes: u32,
}

impl SpendingDay {
    /// A day on which nothing was charged yet.
    pub fn new(day: Timestamp) -> SpendingDay {
        SpendingDay { day, spent: Amount::ZERO, codes: 0 }
    }

    /// Adds an entry of the account's ledger, which changes the balance by so much.
    pub fn add(&mut self, kind: EntryKind, balance: Amount) {
        match kind {
            EntryKind::Capture => self.codes += 1,
            EntryKind::Rental | EntryKind::Extension | EntryKind::Renewal | EntryKind::Refund => {}
            EntryKind::Adjustment | EntryKind::Hold | EntryKind::Release | EntryKind::TopUp => {
                return;
            }
        }
        self.spent = Amount(self.spent.0.saturating_sub(balance.0));
    }
}

/// What an account was charged day by day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spending {
    /// The days, oldest first, also those without a charge.
    pub days: Vec<SpendingDay>,
    /// Whether all entries of these days were looked at. Of an account that has very many, the
    /// first days are left out.
    pub is_complete: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_charged_is_spent_and_what_is_given_back_is_not() {
        let mut day = SpendingDay::new(Timestamp(0));
        for (kind, balance) in [
            (EntryKind::TopUp, 1000),
            (EntryKind::Hold, 0),
            (EntryKind::Capture, -50),
            (EntryKind::Capture, -50),
            (EntryKind::Refund, 20),
            (EntryKind::Rental, -1500),
            (EntryKind::Adjustment, -7),
        ] {
            day.add(kind, Amount(balance));
        }
        assert_eq!((day.spent, day.codes), (Amount(1580), 2));
    }
}
