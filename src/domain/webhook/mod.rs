//! Webhooks: the endpoints that customers have their events sent to, and the rules by which they
//! are sent.

pub mod address;
pub mod delivery;
pub mod secret;
pub mod url;

use std::str::FromStr;

use super::event::{EventKind, EventTypes, UnknownEvent};
use super::key::KeyMode;
use super::{AccountId, EndpointId, Timestamp, UnknownWord};
pub use address::AddressRules;
pub use delivery::{Attempt, Delivery, DeliveryState};
pub use secret::{Secret, Secrets};
pub use url::EndpointUrl;

/// Why an endpoint is switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffReason {
    /// Its customer has switched it off.
    Customer,
    /// It has answered 410 Gone.
    Gone,
    /// It has failed for five days.
    Failing,
}

impl OffReason {
    /// All reasons, in the order of this enum.
    pub const ALL: [OffReason; 3] = [OffReason::Customer, OffReason::Gone, OffReason::Failing];

    /// The word in the database, in the API and in commands.
    pub fn as_str(self) -> &'static str {
        match self {
            OffReason::Customer => "customer",
            OffReason::Gone => "gone",
            OffReason::Failing => "failing",
        }
    }
}

impl FromStr for OffReason {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<OffReason, UnknownWord> {
        OffReason::ALL.into_iter().find(|reason| reason.as_str() == word).ok_or(UnknownWord)
    }
}

/// Whether an endpoint is sent events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointState {
    On,
    /// Nothing is sent. What waits goes on when it is switched on again, as far as it is kept.
    Off(OffReason),
}

impl EndpointState {
    /// The word in the API and in commands.
    pub fn as_str(self) -> &'static str {
        match self {
            EndpointState::On => "on",
            EndpointState::Off(_) => "off",
        }
    }

    /// Why it is off.
    pub fn off_reason(self) -> Option<OffReason> {
        match self {
            EndpointState::On => None,
            EndpointState::Off(reason) => Some(reason),
        }
    }
}

/// Which events an endpoint is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    patterns: Vec<String>,
    types: EventTypes,
}

impl Subscription {
    /// Every event.
    pub fn all() -> Subscription {
        Subscription { patterns: vec!["*".to_owned()], types: EventTypes::all() }
    }

    /// The events that patterns stand for, such as `order.*`.
    ///
    /// # Errors
    /// One of the patterns stands for none.
    pub fn from_patterns<'p>(
        patterns: impl IntoIterator<Item = &'p str>,
    ) -> Result<Subscription, UnknownEvent> {
        let mut named: Vec<String> = Vec::new();
        for pattern in patterns.into_iter().map(str::trim) {
            if !named.iter().any(|known| known == pattern) {
                named.push(pattern.to_owned());
            }
        }
        let types = EventTypes::from_patterns(named.iter().map(String::as_str))?;
        Ok(Subscription { patterns: named, types })
    }

    /// The patterns as the database has them, separated by spaces.
    pub fn stored(&self) -> String {
        self.patterns.join(" ")
    }

    /// The patterns, as the customer named them, each once.
    pub fn patterns(&self) -> &[String] {
        &self.patterns
    }

    /// Whether an event of this kind is sent. A test is sent to the endpoint that it is of,
    /// whatever that has asked for, and to no other.
    pub fn wants(&self, kind: EventKind) -> bool {
        kind != EventKind::WebhookTest && self.types.contains(kind)
    }
}

impl FromStr for Subscription {
    type Err = UnknownEvent;

    /// Reads what [`Subscription::stored`] has written.
    fn from_str(stored: &str) -> Result<Subscription, UnknownEvent> {
        Subscription::from_patterns(stored.split(' '))
    }
}

/// An address that an account has its events sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub id: EndpointId,
    pub account: AccountId,
    pub url: EndpointUrl,
    pub subscription: Subscription,
    pub secrets: Secrets,
    pub state: EndpointState,
    /// Since when it has failed without a success.
    pub failing_since: Option<Timestamp>,
    pub created_at: Timestamp,
    /// Of which keys' events it is sent.
    pub mode: KeyMode,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_sent_what_it_has_asked_for_and_no_others_test() {
        let orders = Subscription::from_patterns(["order.*", " rental.ended ", "order.*"]).unwrap();
        assert_eq!(orders.patterns(), ["order.*", "rental.ended"]);
        assert_eq!(orders.stored().parse(), Ok(orders.clone()));
        for (kind, is_wanted) in [
            (EventKind::OrderMessage, true),
            (EventKind::RentalEnded, true),
            (EventKind::RentalMessage, false),
            (EventKind::WebhookTest, false),
        ] {
            assert_eq!(orders.wants(kind), is_wanted, "{kind:?}");
        }
        assert!(Subscription::all().wants(EventKind::BalanceLow));
        assert!(!Subscription::all().wants(EventKind::WebhookTest));
        assert!(Subscription::from_patterns(["orders"]).is_err());
    }

    #[test]
    fn reasons_are_read_as_they_are_written() {
        for reason in OffReason::ALL {
            assert_eq!(reason.as_str().parse(), Ok(reason));
        }
        assert_eq!("on".parse::<OffReason>(), Err(UnknownWord));
    }
}
