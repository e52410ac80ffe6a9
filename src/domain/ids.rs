//! The ids of database rows, each a type of its own, so that an order's id cannot be mistaken for
//! an account's.

use std::fmt;
use std::str::FromStr;

/// The last id that an order or a rental can have: clients of the customers' API may keep ids in 32
/// bits with a sign.
pub const LAST_PUBLIC_ID: i64 = i32::MAX as i64;

/// The error for a text that is not only digits, or that is too long for an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is digits")]
pub struct NotAnId;

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
            type Err = NotAnId;

            /// Decimal digits and nothing else, as customers and operators write an id.
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let digits = text.bytes().all(|b| b.is_ascii_digit());
                digits.then(|| text.parse().ok()).flatten().map($name).ok_or(NotAnId)
            }
        }
    )*};
}

id! {
    /// The id of a customer's account.
    AccountId,
    /// The id of a service of the catalogue.
    ServiceId,
    /// The id of a SIM. Outside the database a SIM is known by its ICCID.
    SimId,
    /// The id of an order. Later orders have greater ones, and all are below 2^31.
    OrderId,
    /// The id of a rental. Later rentals have greater ones, and all are below 2^31.
    RentalId,
    /// The id of a message, which is one SMS, however many parts it came in.
    MessageId,
    /// The id of an event. Later ones have greater ones, and none is used again.
    EventId,
    /// The id of a webhook endpoint. None is used again.
    EndpointId,
    /// The id of a login of somebody who signs in. None is used again.
    LoginId,
    /// The id of a session of somebody who has signed in. None is used again.
    SessionId,
    /// The id of a part: one TPDU as it came from a modem.
    PartId,
    /// The id of a long message whose parts are being collected.
    AssemblyId,
}
