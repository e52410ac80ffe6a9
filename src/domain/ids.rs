//! Row identities, each a type of its own, so that an order's id is never taken for an account's.

use std::fmt;
use std::str::FromStr;

macro_rules! id {
    ($(#[$doc:meta] $name:ident),* $(,)?) => {$(
        #[$doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = std::num::ParseIntError;

            /// Decimal digits, as customers and operators write an id.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map($name)
            }
        }
    )*};
}

id! {
    /// A customer's account.
    AccountId,
    /// A service of the catalogue.
    ServiceId,
    /// A SIM, known by its ICCID.
    SimId,
    /// An order; grows and stays below 2^31.
    OrderId,
    /// A rental's contract; grows and stays below 2^31.
    RentalId,
    /// A message: one SMS, however many parts it came in.
    MessageId,
    /// One TPDU as it came from a modem.
    PartId,
    /// The parts of one long message, until they are all there.
    AssemblyId,
}
