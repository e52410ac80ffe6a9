//! The ledger's entries and what each does to an account's funds.
//!
//! The ledger only grows. A balance is the sum of its entries' `balance` effects, holds the sum of
//! their `held` effects.

use std::str::FromStr;

use super::price::Charge;
use super::{Amount, OrderId, RentalId, UnknownWord};

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

    /// Whether an order at `price` may be made: no order takes an account below zero
    /// ([invariant 7](crate#what-always-holds)).
    pub fn covers(self, price: Amount) -> bool {
        self.available() >= price
    }

    /// The funds after `entry`, or `None` when it cannot be: holds below zero, or a sum past `i64`.
    pub fn after(self, entry: &Posting) -> Option<Funds> {
        let (balance, held) = entry.effects();
        let funds = Funds {
            balance: self.balance.checked_add(balance)?,
            held: self.held.checked_add(held)?,
        };
        (funds.held >= Amount::ZERO).then_some(funds)
    }
}

/// One entry to be written, tied to what caused it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Posting {
    /// The operator added (or, negative, took back) credit. `reference` is the request's own: the
    /// same one is applied once.
    TopUp {
        /// Added to the balance.
        amount: Amount,
        /// What makes this request unique.
        reference: String,
    },
    /// The operator put something right, up or down. `reference` is the request's own.
    Adjustment {
        /// Added to the balance; negative takes.
        amount: Amount,
        /// Why, in the operator's words.
        note: String,
        /// What makes this request unique.
        reference: String,
    },
    /// A term of a rental was charged.
    Term {
        /// Which kind of term.
        kind: Term,
        /// What was charged, and how that came about.
        charge: Charge,
        /// The rental.
        rental: RentalId,
        /// Which of its terms, from 1: no term is charged twice.
        term: u32,
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

/// What a rental's term is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// The first.
    First,
    /// The customer extended.
    Extension,
    /// It was renewed at its end.
    Renewal,
}

/// What kind of entry it is, without its amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntryKind {
    /// The operator corrected the balance.
    Adjustment,
    /// An order's price was charged.
    Capture,
    /// A rental's further term, asked for by its customer, was charged.
    Extension,
    /// An order's price was held.
    Hold,
    /// An order's hold was given back.
    Release,
    /// A rental's further term was charged at its end.
    Renewal,
    /// A rental's first term was charged.
    Rental,
    /// The operator added credit.
    TopUp,
}

impl EntryKind {
    /// All kinds, in the order of their words.
    pub const ALL: [EntryKind; 8] = [
        EntryKind::Adjustment,
        EntryKind::Capture,
        EntryKind::Extension,
        EntryKind::Hold,
        EntryKind::Release,
        EntryKind::Renewal,
        EntryKind::Rental,
        EntryKind::TopUp,
    ];

    /// The word in the database, in `account ledger` and in the metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            EntryKind::Adjustment => "adjustment",
            EntryKind::Capture => "capture",
            EntryKind::Extension => "extension",
            EntryKind::Hold => "hold",
            EntryKind::Release => "release",
            EntryKind::Renewal => "renewal",
            EntryKind::Rental => "rental",
            EntryKind::TopUp => "topup",
        }
    }
}

impl FromStr for EntryKind {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<EntryKind, UnknownWord> {
        EntryKind::ALL.into_iter().find(|kind| kind.as_str() == word).ok_or(UnknownWord)
    }
}

impl Posting {
    /// What kind of entry it makes.
    pub fn kind(&self) -> EntryKind {
        match self {
            Posting::TopUp { .. } => EntryKind::TopUp,
            Posting::Adjustment { .. } => EntryKind::Adjustment,
            Posting::Term { kind: Term::First, .. } => EntryKind::Rental,
            Posting::Term { kind: Term::Extension, .. } => EntryKind::Extension,
            Posting::Term { kind: Term::Renewal, .. } => EntryKind::Renewal,
            Posting::Hold { .. } => EntryKind::Hold,
            Posting::Capture { .. } => EntryKind::Capture,
            Posting::Release { .. } => EntryKind::Release,
        }
    }

    /// What the entry adds to the balance, and to the holds.
    pub fn effects(&self) -> (Amount, Amount) {
        match self {
            Posting::TopUp { amount, .. } | Posting::Adjustment { amount, .. } => {
                (*amount, Amount::ZERO)
            }
            Posting::Term { charge, .. } => (Amount(-charge.amount.0), Amount::ZERO),
            Posting::Hold { amount, .. } => (Amount::ZERO, *amount),
            Posting::Capture { amount, .. } => (Amount(-amount.0), Amount(-amount.0)),
            Posting::Release { amount, .. } => (Amount::ZERO, Amount(-amount.0)),
        }
    }

    /// What caused it; unique in the database, so that nothing is applied twice. A capture and a
    /// release of one order share theirs: an order ends once.
    pub fn cause(&self) -> String {
        match self {
            Posting::TopUp { reference, .. } => format!("topup:{reference}"),
            Posting::Adjustment { reference, .. } => format!("adjustment:{reference}"),
            Posting::Term { rental, term, .. } => format!("rental:{rental}:term:{term}"),
            Posting::Hold { order, .. } => format!("order:{order}:made"),
            Posting::Capture { order, .. } | Posting::Release { order, .. } => {
                format!("order:{order}:ended")
            }
        }
    }

    /// The order that it belongs to, if any.
    pub fn order(&self) -> Option<OrderId> {
        match self {
            Posting::TopUp { .. } | Posting::Adjustment { .. } | Posting::Term { .. } => None,
            Posting::Hold { order, .. }
            | Posting::Capture { order, .. }
            | Posting::Release { order, .. } => Some(*order),
        }
    }

    /// The rental that it belongs to, and what was charged for it, if any.
    pub fn rental(&self) -> Option<(RentalId, &Charge)> {
        match self {
            Posting::Term { rental, charge, .. } => Some((*rental, charge)),
            _ => None,
        }
    }

    /// The operator's words, if any.
    pub fn note(&self) -> Option<&str> {
        match self {
            Posting::Adjustment { note, .. } => Some(note),
            _ => None,
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
    fn a_term_is_charged_once_whatever_it_is_called() {
        let price = crate::domain::price::Price { amount: Amount(1500), currency: "EUR".into() };
        let charge = Charge { amount: Amount(1620), price, rate: "1.08".parse().unwrap() };
        let term =
            |kind, term| Posting::Term { kind, charge: charge.clone(), rental: RentalId(3), term };
        assert_eq!(funds(2000, 50).after(&term(Term::First, 1)), Some(funds(380, 50)));
        assert_eq!(term(Term::Extension, 2).cause(), term(Term::Renewal, 2).cause());
        assert_ne!(term(Term::Renewal, 2).cause(), term(Term::Renewal, 3).cause());
        let note = "a lost SMS".to_owned();
        let back = Posting::Adjustment { amount: Amount(-70), note, reference: "r".into() };
        assert_eq!(funds(60, 0).after(&back), Some(funds(-10, 0)));
    }

    #[test]
    fn kinds_are_read_as_they_are_written() {
        for kind in EntryKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert!(EntryKind::ALL.map(EntryKind::as_str).is_sorted());
        assert_eq!("refund".parse::<EntryKind>(), Err(UnknownWord));
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
