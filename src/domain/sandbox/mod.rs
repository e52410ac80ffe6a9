//! What test keys see in place of real numbers: services whose names say what becomes of their
//! orders, and a rental that is sent a text a minute.
//!
//! Nothing of it is stored but what was asked for: what an order or the rental looks like follows
//! from that and the time. It looks as real ones do, since it is made of the same types.

mod order;
mod rental;

use std::str::FromStr;
use std::time::Duration;

use super::event::EventSubject;
use super::text::did_you_mean;
use super::{
    Amount, Currency, MessageId, Msisdn, OrderId, RentalId, ServiceId, Timestamp, UnknownWord,
};
pub use order::{GivenUp, Happening, TestOrder};
pub use rental::TestRental;

/// The first id of a test order. Real ones do not come that far.
pub const FIRST_ORDER_ID: i64 = 2_000_000_000;
/// The first id of a test rental. Test orders do not come that far, so that an id says of what it
/// is.
pub const FIRST_RENTAL_ID: i64 = 2_100_000_000;

/// The only country of test numbers.
pub const COUNTRY: &str = "NL";
/// How many numbers there are said to be of every service but one.
pub const AVAILABLE: usize = 100;
/// The name that all senders of test messages have.
pub const SENDER: &str = "Test";

/// How many test orders an account can make in a day: they cost nothing, and each is stored.
pub const MOST_ORDERS_PER_DAY: i64 = 1000;
/// How many test rentals an account can begin in a day.
pub const MOST_RENTALS_PER_DAY: i64 = 100;

/// For how long test orders are kept after their lifetime, and the rental after its start.
const KEPT_FOR: Duration = Duration::from_secs(24 * 3600);

/// A service of the sandbox, whose name says what becomes of its orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestService {
    /// A code comes after 5 seconds.
    Code,
    /// No message comes, so that the order expires.
    Silent,
    /// One code comes after 5 seconds and another one after 10.
    Two,
    /// A code comes when the order's lifetime is over, so that its customer is not given it.
    Late,
    /// A code comes after 5 seconds, in a text of several parts.
    Long,
    /// What comes is withheld from customers.
    Withheld,
    /// There is never a number.
    NoStock,
    /// There is never enough money.
    NoBalance,
    /// The SIM is lost after 8 seconds.
    SimLost,
}

/// A text of a test order or a test rental.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestText {
    pub id: MessageId,
    pub text: String,
    pub received_at: Timestamp,
}

/// What an event about a test order or a test rental with this id is about.
pub fn subject_of(id: i64) -> EventSubject {
    if id >= FIRST_RENTAL_ID {
        EventSubject::Rental(RentalId(id))
    } else {
        EventSubject::Order(OrderId(id))
    }
}

/// The service with this name or id; otherwise what may have been meant.
pub fn find_service(reference: &str) -> Result<ServiceId, String> {
    let names = TestService::ALL.map(|service| service.as_str().to_owned());
    let found = TestService::named(reference).map(TestService::id);
    found.ok_or_else(|| did_you_mean(&names, reference))
}

/// The number of what has this id. No country has the calling code 999 (ITU-T E.164).
fn number(id: i64) -> Msisdn {
    Msisdn::from_stored(format!("+999{id}"))
}

/// A text with a code that belongs to this message alone.
fn text(id: i64, is_long: bool, received_at: Timestamp) -> TestText {
    let code = 100_000 + id.wrapping_mul(7919).rem_euclid(900_000);
    let more = match is_long {
        true => {
            ". Nobody of ours will ask you for it, and it is valid for ten minutes. This text is \
             longer than one message can be, which has room for 160 characters, so that it came \
             in two parts and was put together before you were shown it"
        }
        false => "",
    };
    TestText { id: MessageId(id), text: format!("Your code is {code}{more}."), received_at }
}

impl TestService {
    /// All services, in the order of their ids.
    pub const ALL: [TestService; 9] = [
        TestService::Code,
        TestService::Silent,
        TestService::Two,
        TestService::Late,
        TestService::Long,
        TestService::Withheld,
        TestService::NoStock,
        TestService::NoBalance,
        TestService::SimLost,
    ];

    /// Its name in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            TestService::Code => "code",
            TestService::Silent => "silent",
            TestService::Two => "two",
            TestService::Late => "late",
            TestService::Long => "long",
            TestService::Withheld => "withheld",
            TestService::NoStock => "no-stock",
            TestService::NoBalance => "no-balance",
            TestService::SimLost => "sim-lost",
        }
    }

    /// Its id in the API.
    pub fn id(self) -> ServiceId {
        let before = TestService::ALL.into_iter().take_while(|service| *service != self).count();
        ServiceId(FIRST_ORDER_ID.saturating_add(i64::try_from(before).unwrap_or_default()))
    }

    /// The service with this id.
    pub fn with_id(id: ServiceId) -> Option<TestService> {
        TestService::ALL.into_iter().find(|service| service.id() == id)
    }

    /// The service with this name or this id, in any case of the letters.
    pub fn named(reference: &str) -> Option<TestService> {
        let is_it = |service: &TestService| {
            service.as_str().eq_ignore_ascii_case(reference)
                || service.id().to_string() == reference
        };
        TestService::ALL.into_iter().find(is_it)
    }

    /// What an order costs: half a unit of the currency, or one where it has no decimals.
    pub fn price(currency: Currency) -> Amount {
        Amount((currency.minor_units() / 2).max(1))
    }

    /// What happens to an order while it lasts, and how many seconds after it was made.
    fn script(self) -> &'static [(u64, Happening)] {
        match self {
            TestService::Code | TestService::Long => &[(5, Happening::Text(0))],
            TestService::Two => &[(5, Happening::Text(0)), (10, Happening::Text(1))],
            TestService::SimLost => &[(8, Happening::SimLost)],
            TestService::Silent
            | TestService::Late
            | TestService::Withheld
            | TestService::NoStock
            | TestService::NoBalance => &[],
        }
    }
}

impl FromStr for TestService {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<TestService, UnknownWord> {
        let mut all = TestService::ALL.into_iter();
        all.find(|service| service.as_str() == word).ok_or(UnknownWord)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_found_by_name_and_id() {
        for service in TestService::ALL {
            assert_eq!(TestService::named(service.as_str()), Some(service));
            assert_eq!(TestService::named(&service.id().to_string()), Some(service));
            assert_eq!(TestService::with_id(service.id()), Some(service));
            assert_eq!(service.as_str().parse(), Ok(service));
        }
        assert_eq!(TestService::named("No-Stock"), Some(TestService::NoStock));
        assert_eq!(find_service("no-stok"), Err("did you mean no-stock? ".to_owned()));
        assert_eq!(TestService::Code.id(), ServiceId(2_000_000_000));
        assert_eq!(TestService::price("JPY".parse().unwrap()), Amount(1));
    }

    #[test]
    fn an_id_says_of_what_it_is() {
        let (order, rental) = (OrderId(FIRST_ORDER_ID), RentalId(FIRST_RENTAL_ID));
        assert_eq!(subject_of(order.0), EventSubject::Order(order));
        assert_eq!(subject_of(rental.0), EventSubject::Rental(rental));
    }
}
