//! What customers are told when something is refused: for each word of the API a sentence, and
//! where to go on.

use std::time::Duration;

use crate::domain::fair_use::{AccountLimits, DayLimit};
use crate::domain::{Amount, Currency, Timestamp};
use crate::gateway::{OrderRefusal, RentalRefusal};
use crate::http::web::{Fault, Faults};

/// What a sentence is made of besides the refusal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Circumstances {
    pub(super) currency: Currency,
    /// What the account can spend.
    pub(super) free: Amount,
    /// What was asked for costs this, if that is known.
    pub(super) price: Option<Amount>,
    pub(super) limits: AccountLimits,
    pub(super) now: Timestamp,
    /// When the limits of the day begin anew.
    pub(super) day_ends_at: Timestamp,
}

/// Why nothing was done, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// There is no such thing, or it is another account's.
    NotFound(&'static str),
    /// A sentence, and the address and the name of a page that helps.
    Refused { sentence: String, way_on: Option<(String, String)> },
}

impl Told {
    fn sentence(sentence: impl Into<String>) -> Told {
        Told::Refused { sentence: sentence.into(), way_on: None }
    }

    fn with_way(sentence: impl Into<String>, address: &str, name: &str) -> Told {
        let way_on = Some((address.to_owned(), name.to_owned()));
        Told::Refused { sentence: sentence.into(), way_on }
    }
}

impl From<Told> for Fault {
    fn from(told: Told) -> Fault {
        let (sentence, way_on) = match told {
            Told::NotFound(sentence) => return Fault::NotFound(sentence.to_owned()),
            Told::Refused { sentence, way_on } => (sentence, way_on),
        };
        let mut faults = Faults::new();
        match way_on {
            Some((address, name)) => faults.add_with_way(sentence, address, name),
            None => faults.add("", sentence),
        }
        Fault::Form(faults)
    }
}

pub(super) const NO_SUCH_ORDER: &str = "Your account has no such order.";
pub(super) const NO_SUCH_RENTAL: &str = "Your account has no such rental.";

/// What is said of a refusal of what was asked of an order.
pub(super) fn order_refused(refusal: OrderRefusal, known: &Circumstances) -> Told {
    match refusal {
        OrderRefusal::Unknown => Told::NotFound(NO_SUCH_ORDER),
        OrderRefusal::InvalidService => {
            Told::with_way("This service cannot be ordered any more.", "/", "All services")
        }
        OrderRefusal::InvalidCountry => no_such_country(),
        OrderRefusal::NoStock => Told::with_way(
            "No number is free for this service in this country now. Others give numbers back all \
             the time: try again in some minutes, or another country.",
            "/",
            "All services",
        ),
        OrderRefusal::TooExpensive(price) => Told::sentence(format!(
            "This costs {} now, which is not what the page said. Nothing was ordered; the price \
             below is the new one.",
            known.currency.text_with_code(price)
        )),
        OrderRefusal::NoBalance => no_balance(known),
        OrderRefusal::TooManyOpen(oldest) => Told::with_way(
            format!(
                "Your account has as many open orders as it may have. Order {oldest} is the \
                 oldest: wait for its text, or cancel it."
            ),
            &format!("/orders/{oldest}"),
            &format!("Order {oldest}"),
        ),
        OrderRefusal::Paused(until) => Told::sentence(format!(
            "An order was given up very early, or too many were. The next one can be made in {}.",
            in_words(until.since(known.now))
        )),
        OrderRefusal::Limited(limit) => limited(limit, known),
        OrderRefusal::Open => Told::sentence(
            "This order is open: its number can be had again when its text has come.",
        ),
        OrderRefusal::Completed => {
            Told::sentence("The text of this order has come and was charged, so the order stays.")
        }
        OrderRefusal::Over => {
            Told::sentence("This order is over: it was given up or has expired. It cost nothing.")
        }
        OrderRefusal::NumberGone => Told::with_way(
            "This number cannot be had again now: the time for it is over, it is off the air, or \
             somebody else uses it.",
            "/",
            "Order another number",
        ),
    }
}

/// What is said of a refusal of what was asked of a rental.
pub(super) fn rental_refused(refusal: RentalRefusal, known: &Circumstances) -> Told {
    match refusal {
        RentalRefusal::Unknown => Told::NotFound(NO_SUCH_RENTAL),
        RentalRefusal::InvalidCountry => no_such_country(),
        RentalRefusal::InvalidPackage => Told::with_way(
            "This package is not sold any more.",
            "/rentals/new",
            "What can be rented",
        ),
        RentalRefusal::NoStock => Told::sentence(
            "No number of this country is free to be rented now, or your account has as many as \
             it may that cost nothing. Try another country, or come back later.",
        ),
        RentalRefusal::NoBalance => no_balance(known),
        RentalRefusal::Limited => limited(DayLimit::Spending, known),
        RentalRefusal::Active => Told::sentence("This rental has not ended, so it goes on."),
        RentalRefusal::Over => Told::with_way(
            "This rental has ended, so it cannot be changed.",
            "/rentals/new",
            "Rent another number",
        ),
        RentalRefusal::GraceOver => Told::with_way(
            "This rental ended too long ago to be revived.",
            "/rentals/new",
            "Rent another number",
        ),
        RentalRefusal::NumberGone => Told::with_way(
            "The number of this rental is not to be had any more.",
            "/rentals/new",
            "Rent another number",
        ),
    }
}

/// What is said when an account has ordered as often in a minute as its customers may by hand.
pub(super) fn too_fast(seconds: u64) -> Told {
    Told::sentence(format!(
        "Ten numbers a minute can be ordered here. The next one can be in {}; programs order by \
         the API.",
        in_words(Duration::from_secs(seconds))
    ))
}

/// What is said when an account has changed as much in a short time as its customers may.
pub(super) fn too_many_edits(seconds: u64) -> Told {
    let wait = in_words(Duration::from_secs(seconds));
    Told::sentence(format!("So many changes at once are not made. Try again in {wait}."))
}

/// What is said when the same form was sent with other contents before.
pub(super) fn sent_before() -> Told {
    Told::sentence("This form was sent before. The page below is a new one: send that.")
}

fn no_such_country() -> Told {
    Told::with_way("There is no such country, or no number of it.", "/", "All services")
}

fn no_balance(known: &Circumstances) -> Told {
    let text = |amount| known.currency.text_with_code(amount);
    let free = text(known.free);
    let sentence = match known.price {
        Some(price) => format!("{free} are free, this costs {}.", text(price)),
        None => format!("{free} are free, which does not cover the price."),
    };
    Told::with_way(sentence, "/account", "Your balance")
}

fn limited(limit: DayLimit, known: &Circumstances) -> Told {
    let anew = in_words(known.day_ends_at.since(known.now));
    Told::sentence(match limit {
        DayLimit::Orders => format!(
            "Your account has made as many orders today as it may{}. The next day begins in \
             {anew}.",
            known.limits.orders_per_day.most().map(|most| format!(" ({most})")).unwrap_or_default()
        ),
        DayLimit::Spending => format!(
            "Your account would spend more today than it may{}. The next day begins in {anew}.",
            known
                .limits
                .spend_per_day
                .most()
                .map(|most| format!(" ({})", known.currency.text_with_code(Amount(most))))
                .unwrap_or_default()
        ),
    })
}

/// A time to wait, rounded up.
fn in_words(wait: Duration) -> String {
    let plural = |count: u64, unit: &str| match count {
        1 => format!("1 {unit}"),
        _ => format!("{count} {unit}s"),
    };
    let seconds = wait.as_millis().div_ceil(1000);
    match u64::try_from(seconds).unwrap_or(u64::MAX) {
        seconds @ ..120 => plural(seconds.max(1), "second"),
        seconds @ ..7200 => plural(seconds.div_ceil(60), "minute"),
        seconds => plural(seconds.div_ceil(3600), "hour"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::OrderId;
    use crate::domain::fair_use::Allowance;

    const NOW: Timestamp = Timestamp(1_780_000_000_000_000);

    fn known() -> Circumstances {
        Circumstances {
            currency: Currency::USD,
            free: Amount(320),
            price: Some(Amount(500)),
            limits: AccountLimits {
                max_open: Allowance::AtMost(1),
                orders_per_day: Allowance::AtMost(20),
                spend_per_day: Allowance::AtMost(5_000),
            },
            now: NOW,
            day_ends_at: NOW.plus(Duration::from_secs(3 * 3600)),
        }
    }

    fn told(told: Told) -> (String, Option<String>) {
        match told {
            Told::NotFound(sentence) => (sentence.to_owned(), None),
            Told::Refused { sentence, way_on } => (sentence, way_on.map(|(address, _)| address)),
        }
    }

    #[test]
    fn each_refusal_of_an_order_has_a_sentence_and_most_a_way_on() {
        let until = NOW.plus(Duration::from_millis(41_200));
        for (refusal, begins, way_on) in [
            (OrderRefusal::Unknown, "Your account has no such order.", None),
            (OrderRefusal::InvalidService, "This service cannot be ordered", Some("/")),
            (OrderRefusal::InvalidCountry, "There is no such country", Some("/")),
            (OrderRefusal::NoStock, "No number is free for this service", Some("/")),
            (OrderRefusal::TooExpensive(Amount(55)), "This costs 0.55 USD now", None),
            (OrderRefusal::NoBalance, "3.20 USD are free, this costs 5.00 USD.", Some("/account")),
            (
                OrderRefusal::TooManyOpen(OrderId(7)),
                "Your account has as many open orders as it may have. Order 7 is the oldest",
                Some("/orders/7"),
            ),
            (
                OrderRefusal::Paused(until),
                "An order was given up very early, or too many were. The next one can be made in \
                 42 seconds.",
                None,
            ),
            (
                OrderRefusal::Limited(DayLimit::Orders),
                "Your account has made as many orders today as it may (20). The next day begins \
                 in 3 hours.",
                None,
            ),
            (
                OrderRefusal::Limited(DayLimit::Spending),
                "Your account would spend more today than it may (50.00 USD).",
                None,
            ),
            (OrderRefusal::Open, "This order is open", None),
            (OrderRefusal::Completed, "The text of this order has come", None),
            (OrderRefusal::Over, "This order is over", None),
            (OrderRefusal::NumberGone, "This number cannot be had again now", Some("/")),
        ] {
            let (sentence, way) = told(order_refused(refusal, &known()));
            assert!(sentence.starts_with(begins) && sentence.ends_with('.'), "{sentence}");
            assert_eq!(way.as_deref(), way_on, "{refusal:?}");
        }
    }

    #[test]
    fn each_refusal_of_a_rental_has_a_sentence_and_most_a_way_on() {
        for (refusal, begins, way_on) in [
            (RentalRefusal::Unknown, "Your account has no such rental.", None),
            (RentalRefusal::InvalidCountry, "There is no such country", Some("/")),
            (RentalRefusal::InvalidPackage, "This package is not sold", Some("/rentals/new")),
            (RentalRefusal::NoStock, "No number of this country is free to be rented", None),
            (RentalRefusal::NoBalance, "3.20 USD are free, this costs 5.00 USD.", Some("/account")),
            (RentalRefusal::Limited, "Your account would spend more today", None),
            (RentalRefusal::Active, "This rental has not ended", None),
            (RentalRefusal::Over, "This rental has ended", Some("/rentals/new")),
            (RentalRefusal::GraceOver, "This rental ended too long ago", Some("/rentals/new")),
            (RentalRefusal::NumberGone, "The number of this rental", Some("/rentals/new")),
        ] {
            let (sentence, way) = told(rental_refused(refusal, &known()));
            assert!(sentence.starts_with(begins) && sentence.ends_with('.'), "{sentence}");
            assert_eq!(way.as_deref(), way_on, "{refusal:?}");
        }
    }

    #[test]
    fn a_price_that_is_not_known_is_not_told() {
        let unknown = Circumstances { price: None, ..known() };
        let (sentence, _) = told(order_refused(OrderRefusal::NoBalance, &unknown));
        assert_eq!(sentence, "3.20 USD are free, which does not cover the price.");
    }

    #[test]
    fn a_time_to_wait_is_never_told_shorter_than_it_is() {
        for (millis, words) in [
            (0, "1 second"),
            (1_001, "2 seconds"),
            (119_000, "119 seconds"),
            (121_000, "3 minutes"),
            (7_201_000, "3 hours"),
        ] {
            assert_eq!(in_words(Duration::from_millis(millis)), words);
        }
    }
}
