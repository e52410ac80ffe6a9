//! The entries of the ledger, and what each adds to an account's funds.
//!
//! The ledger only grows. An account's balance is the sum of what its entries add to the balance,
//! and its holds are the sum of what they add to the holds.

use std::str::FromStr;

use serde::Deserialize;

use super::price::Charge;
use super::{Amount, OrderId, RentalId, UnknownWord};

/// The funds of an account: its balance, and how much of that is held for open orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Funds {
    /// The sum of all entries.
    pub balance: Amount,
    /// The prices of the open orders; never negative.
    pub held: Amount,
}

impl Funds {
    /// What can still be spent: the balance minus the holds.
    pub fn available(self) -> Amount {
        Amount(self.balance.0.saturating_sub(self.held.0))
    }

    /// Whether an order at `price` may be made: no order takes an account below zero
    /// ([invariant 7](crate#what-always-holds)).
    pub fn covers(self, price: Amount) -> bool {
        self.available() >= price
    }

    /// Whether what can be spent was at least `threshold` before `entry`, after which these are the
    /// funds, and is less now.
    pub fn fell_below(self, threshold: Amount, entry: &Posting) -> bool {
        let (balance, held) = entry.effects();
        let change = balance.0.saturating_sub(held.0);
        let before = Amount(self.available().0.saturating_sub(change));
        self.available() < threshold && threshold <= before
    }

    /// The funds after `entry`. `None` when it cannot be applied, because the holds would be
    /// negative or a sum would not fit into `i64`.
    pub fn after(self, entry: &Posting) -> Option<Funds> {
        let (balance, held) = entry.effects();
        let funds = Funds {
            balance: self.balance.checked_add(balance)?,
            held: self.held.checked_add(held)?,
        };
        (funds.held >= Amount::ZERO).then_some(funds)
    }
}

/// With this begins the cause of a top-up.
const TOP_UP: &str = "topup:";

/// The reference of the payment whose top-up is an entry's cause, if there is one.
pub fn top_up_reference(cause: &str) -> Option<&str> {
    cause.strip_prefix(TOP_UP).filter(|reference| !is_request_id(reference))
}

/// Whether a text is the id of a request, which the program makes where the operator has given a
/// top-up no reference: 256 bits in hexadecimal digits. It means nothing to anybody.
fn is_request_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// An entry that is to be added, together with what caused it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Posting {
    /// The operator added credit, or took it back if the amount is negative.
    TopUp {
        amount: Amount,
        /// Identifies the request, so that one that is repeated is not applied again.
        reference: String,
    },
    /// The operator corrected the balance, upwards or downwards.
    Adjustment {
        /// What is added to the balance, or taken from it if negative.
        amount: Amount,
        /// Why, in the operator's words.
        note: String,
        /// Identifies the request, so that one that is repeated is not applied again.
        reference: String,
    },
    /// A term of a rental was charged.
    Term {
        /// Which kind of term it was.
        kind: Term,
        /// The amount, with the price and the rate that it was made from.
        charge: Charge,
        rental: RentalId,
        /// The term's number within the rental, from 1, so that no term is charged twice.
        term: u32,
        /// How many months it has.
        months: u32,
    },
    /// An order was made, and its price is held.
    Hold { amount: Amount, order: OrderId },
    /// The order's first SMS arrived, and the price that was held is charged.
    Capture { amount: Amount, order: OrderId },
    /// The order ended without an SMS, and the hold ends.
    Release { amount: Amount, order: OrderId },
    /// The operator gave back what an order had been charged, or a part of that.
    Refund {
        amount: Amount,
        order: OrderId,
        /// Why, in the operator's words.
        note: String,
    },
    /// Something of what a rental had been charged was given back.
    RentalRefund {
        amount: Amount,
        rental: RentalId,
        /// What it is given back for. Nothing is for the same twice.
        cause: RefundCause,
        /// Why it is given back, in the operator's words.
        note: String,
    },
}

/// What something of a rental's price is given back for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundCause {
    /// It was ended in this term, by its number, before its time was over.
    Ended { term: u32 },
    /// Its SIM was off the air; the outage by its id.
    Outage { id: i64 },
}

/// Why a term of a rental is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// It is the first term.
    First,
    /// The customer extended the rental.
    Extension,
    /// The rental was renewed at its end.
    Renewal,
}

/// The kind of an entry, without its amounts.
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
    /// What an order or a rental had been charged was given back.
    Refund,
    /// An order's hold was given back.
    Release,
    /// A rental's further term was charged at its end.
    Renewal,
    /// A rental's first term was charged.
    Rental,
    /// The operator added credit.
    TopUp,
}

/// By what the charges in the ledger are added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevenueGroup {
    /// The service that was ordered; rentals have none.
    Service,
    Country,
    Account,
    Sim,
    /// The quarter of an hour in which it was charged. Days of every time zone consist of these.
    QuarterHour,
}

impl EntryKind {
    /// All kinds, in the order of their words.
    pub const ALL: [EntryKind; 9] = [
        EntryKind::Adjustment,
        EntryKind::Capture,
        EntryKind::Extension,
        EntryKind::Hold,
        EntryKind::Refund,
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
            EntryKind::Refund => "refund",
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
    /// The kind of entry that this makes.
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
            Posting::Refund { .. } | Posting::RentalRefund { .. } => EntryKind::Refund,
        }
    }

    /// What the entry adds to the balance, and what it adds to the holds.
    pub fn effects(&self) -> (Amount, Amount) {
        match self {
            Posting::TopUp { amount, .. }
            | Posting::Adjustment { amount, .. }
            | Posting::Refund { amount, .. }
            | Posting::RentalRefund { amount, .. } => (*amount, Amount::ZERO),
            Posting::Term { charge, .. } => (Amount(-charge.amount.0), Amount::ZERO),
            Posting::Hold { amount, .. } => (Amount::ZERO, *amount),
            Posting::Capture { amount, .. } => (Amount(-amount.0), Amount(-amount.0)),
            Posting::Release { amount, .. } => (Amount::ZERO, Amount(-amount.0)),
        }
    }

    /// A text for what caused the entry. It is unique in the database, so that nothing is applied
    /// twice. The capture and the release of an order have the same cause, because an order ends
    /// only once.
    pub fn cause(&self) -> String {
        match self {
            Posting::TopUp { reference, .. } => format!("{TOP_UP}{reference}"),
            Posting::Adjustment { reference, .. } => format!("adjustment:{reference}"),
            Posting::Term { rental, term, .. } => format!("rental:{rental}:term:{term}"),
            Posting::Hold { order, .. } => format!("order:{order}:made"),
            Posting::Capture { order, .. } | Posting::Release { order, .. } => {
                format!("order:{order}:ended")
            }
            Posting::Refund { order, .. } => format!("order:{order}:refunded"),
            Posting::RentalRefund { rental, cause: RefundCause::Ended { term }, .. } => {
                format!("rental:{rental}:ended:{term}")
            }
            Posting::RentalRefund { rental, cause: RefundCause::Outage { id }, .. } => {
                format!("rental:{rental}:outage:{id}")
            }
        }
    }

    /// The order that it belongs to, if any.
    pub fn order(&self) -> Option<OrderId> {
        match self {
            Posting::TopUp { .. }
            | Posting::Adjustment { .. }
            | Posting::Term { .. }
            | Posting::RentalRefund { .. } => None,
            Posting::Hold { order, .. }
            | Posting::Capture { order, .. }
            | Posting::Release { order, .. }
            | Posting::Refund { order, .. } => Some(*order),
        }
    }

    /// The rental that it belongs to, if any.
    pub fn rental(&self) -> Option<RentalId> {
        match self {
            Posting::Term { rental, .. } | Posting::RentalRefund { rental, .. } => Some(*rental),
            _ => None,
        }
    }

    /// What was charged for a term of a rental, and how many months that has.
    pub fn term(&self) -> Option<(&Charge, u32)> {
        match self {
            Posting::Term { charge, months, .. } => Some((charge, *months)),
            _ => None,
        }
    }

    /// The operator's note, if there is one.
    pub fn note(&self) -> Option<&str> {
        match self {
            Posting::Adjustment { note, .. }
            | Posting::Refund { note, .. }
            | Posting::RentalRefund { note, .. } => Some(note),
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
    fn each_entry_changes_the_balance_and_the_holds_as_documented() {
        let amount = Amount(50);
        for (entry, before, after) in [
            (Posting::TopUp { amount, reference: "a".into() }, funds(0, 0), Some(funds(50, 0))),
            (Posting::Hold { amount, order: ORDER }, funds(60, 0), Some(funds(60, 50))),
            (Posting::Capture { amount, order: ORDER }, funds(60, 50), Some(funds(10, 0))),
            (Posting::Release { amount, order: ORDER }, funds(60, 50), Some(funds(60, 0))),
            (Posting::Release { amount, order: ORDER }, funds(60, 40), None),
            (
                Posting::Refund { amount, order: ORDER, note: "late".into() },
                funds(10, 50),
                Some(funds(60, 50)),
            ),
            (Posting::TopUp { amount, reference: "a".into() }, funds(i64::MAX, 0), None),
        ] {
            assert_eq!(before.after(&entry), after, "{entry:?}");
        }
    }

    #[test]
    fn funds_fall_below_a_threshold_once() {
        let amount = Amount(50);
        let hold = Posting::Hold { amount, order: ORDER };
        let top_up = Posting::TopUp { amount, reference: "a".into() };
        let capture = Posting::Capture { amount, order: ORDER };
        for (after, entry, expected) in [
            (funds(149, 50), &hold, true),
            (funds(150, 50), &hold, false),
            (funds(199, 50), &hold, false),
            (funds(99, 0), &capture, false),
            (funds(99, 0), &top_up, false),
        ] {
            assert_eq!(after.fell_below(Amount(100), entry), expected, "{after:?} {entry:?}");
        }
        assert!(funds(100, 51).fell_below(Amount(50), &hold), "99 could be spent before");
        assert!(!funds(99, 51).fell_below(Amount(99), &hold), "98 could be spent before");
    }

    #[test]
    fn a_term_is_charged_once_whatever_it_is_called() {
        let price =
            crate::domain::price::Price { amount: Amount(1500), currency: "EUR".parse().unwrap() };
        let charge = Charge { amount: Amount(1620), price, rate: "1.08".parse().unwrap() };
        let rental = RentalId(3);
        let term =
            |kind, term| Posting::Term { kind, charge: charge.clone(), rental, term, months: 1 };
        assert_eq!(funds(2000, 50).after(&term(Term::First, 1)), Some(funds(380, 50)));
        assert_eq!(term(Term::Extension, 2).cause(), term(Term::Renewal, 2).cause());
        assert_ne!(term(Term::Renewal, 2).cause(), term(Term::Renewal, 3).cause());
        let ended = |term| Posting::RentalRefund {
            amount: Amount(70),
            rental,
            cause: RefundCause::Ended { term },
            note: "no signal".into(),
        };
        assert_eq!(funds(60, 50).after(&ended(1)), Some(funds(130, 50)));
        assert_ne!(ended(1).cause(), ended(2).cause(), "it was revived meanwhile");
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
        assert_eq!("gift".parse::<EntryKind>(), Err(UnknownWord));
    }

    #[test]
    fn the_reference_of_a_top_up_is_read_from_its_cause() {
        let top_up = Posting::TopUp { amount: Amount(5), reference: "bank: 7".into() };
        assert_eq!(top_up_reference(&top_up.cause()), Some("bank: 7"));
        assert_eq!(top_up_reference("adjustment:bank: 7"), None);
        assert_eq!(top_up_reference(&format!("topup:{}", "0f".repeat(32))), None, "made up");
        assert_eq!(top_up_reference("topup:2026"), Some("2026"));
        assert_eq!(top_up_reference("erased:7"), None);
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
