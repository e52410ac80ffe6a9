//! A message as it stands in the database.

use super::{MessageId, OrderId, RentalId, SimId, Timestamp};

/// One SMS, however many parts it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its row; grows with arrival.
    pub id: MessageId,
    /// The SIM that received it.
    pub sim: SimId,
    /// That SIM's ICCID.
    pub iccid: String,
    /// That SIM's number, when known.
    pub number: Option<String>,
    /// The sender as displayed; `None` when the PDU could not be decoded.
    pub sender: Option<String>,
    /// The text as it came; `None` when the PDU could not be decoded.
    pub text: Option<String>,
    /// The code found in the text.
    pub code: Option<String>,
    /// The service centre's time stamp.
    pub sent_at: Option<Timestamp>,
    /// When it reached us; for a long message, when its last part did.
    pub received_at: Timestamp,
    /// Whether all its parts have arrived.
    pub complete: bool,
    /// The order that it was given to.
    pub order: Option<OrderId>,
    /// The rental that it was given to.
    pub rental: Option<RentalId>,
    /// The block list's rule that keeps it from customers.
    pub withheld: Option<String>,
    /// Whether it has been shown to its customer.
    pub seen: bool,
}

/// To whom a message belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// Nobody: it stays in the operator's inbox.
    Nobody,
    /// An order.
    Order(OrderId),
    /// A rental.
    Rental(RentalId),
    /// It is kept from customers by this rule of the block list.
    Withheld(String),
}

impl Owner {
    /// The order, if it is one's.
    pub fn order(&self) -> Option<OrderId> {
        if let Owner::Order(order) = self { Some(*order) } else { None }
    }

    /// The rental, if it is one's.
    pub fn rental(&self) -> Option<RentalId> {
        if let Owner::Rental(rental) = self { Some(*rental) } else { None }
    }

    /// The rule, if it is withheld.
    pub fn withheld(&self) -> Option<&str> {
        if let Owner::Withheld(rule) = self { Some(rule) } else { None }
    }
}

/// The text with every run of control characters, line ends included, as one space: what `getsms`
/// answers.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut in_run = false;
    for c in text.chars() {
        if !c.is_control() {
            line.push(c);
        } else if !in_run {
            line.push(' ');
        }
        in_run = c.is_control();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_control_characters_become_one_space() {
        for (text, line) in [
            ("Your code\r\nis 1234", "Your code is 1234"),
            ("a \n b", "a   b"),
            ("\u{0}\u{7}x\u{85}", " x "),
            ("plain é 😀", "plain é 😀"),
        ] {
            assert_eq!(one_line(text), line);
        }
    }
}
