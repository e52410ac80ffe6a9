//! Why SIMs cannot be given out, in words.

use crate::domain::availability::UnavailableReason;
use crate::http::web::Tone;

/// How it is that a SIM cannot be given out: what an operator should mend is bad.
pub(super) fn tone_of_reason(reason: UnavailableReason) -> Tone {
    match reason {
        UnavailableReason::NoNumber
        | UnavailableReason::Contested
        | UnavailableReason::Deaf
        | UnavailableReason::NoCountry
        | UnavailableReason::Failing
        | UnavailableReason::InTwoPlaces
        | UnavailableReason::Offline => Tone::Bad,
        UnavailableReason::Rented | UnavailableReason::Busy => Tone::News,
        UnavailableReason::Retired
        | UnavailableReason::OtherPool
        | UnavailableReason::Resting
        | UnavailableReason::Used
        | UnavailableReason::UsedByTenant
        | UnavailableReason::Skipped
        | UnavailableReason::RestsAfterOrders
        | UnavailableReason::RestsBetweenCustomers
        | UnavailableReason::Parked => Tone::Quiet,
    }
}

/// A reason in a sentence.
pub(super) fn in_words(reason: UnavailableReason) -> &'static str {
    match reason {
        UnavailableReason::NoNumber => "Its number is not known.",
        UnavailableReason::Contested => {
            "Another SIM claims the same number: set the right number of one of them."
        }
        UnavailableReason::Retired => "It is retired.",
        UnavailableReason::OtherPool => {
            "It is kept for something else: for rentals, or for orders."
        }
        UnavailableReason::Rented => "It is rented.",
        UnavailableReason::Resting => "It rests.",
        UnavailableReason::Deaf => {
            "It got nothing in several orders of several services, so it is taken to be deaf."
        }
        UnavailableReason::NoCountry => "Its country is not known.",
        UnavailableReason::Used => "Its number was sold for this service before.",
        UnavailableReason::UsedByTenant => {
            "A tenant was sent a message of this service to its number."
        }
        UnavailableReason::Skipped => "The account has skipped its number for this service.",
        UnavailableReason::RestsAfterOrders => {
            "Its number was ordered too short a while ago to be rented."
        }
        UnavailableReason::RestsBetweenCustomers => {
            "Another customer has just given its number up."
        }
        UnavailableReason::Failing => "The last orders for this service on its number got no code.",
        UnavailableReason::InTwoPlaces => {
            "It is read at two sites in turn: one of the two cards is a copy, or its modem tells a \
             wrong ICCID."
        }
        UnavailableReason::Offline => "It is in no working modem.",
        UnavailableReason::Busy => "It has an open order that it cannot share.",
        UnavailableReason::Parked => {
            "It is parked in a SIM bank and cannot be on the air soon enough."
        }
    }
}
