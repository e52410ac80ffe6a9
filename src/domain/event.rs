//! What customers are told: the kinds of events, and which of them somebody follows.

use std::str::FromStr;

use super::text::{beginning, did_you_mean};
use super::{AccountId, EventId, OrderId, RentalId, Timestamp, UnknownWord};

/// What has happened to something of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventKind {
    /// An order was made.
    OrderCreated,
    /// An order was given a message.
    OrderMessage,
    /// An order was completed and charged.
    OrderCompleted,
    /// An order's lifetime ended without a charge.
    OrderExpired,
    /// An order was canceled.
    OrderCanceled,
    /// An order was ended by its customer, who does not want its number for its service again.
    OrderSkipped,
    /// An order ended because its SIM was lost, or did not come on the air.
    OrderSimLost,
    /// A rental began.
    RentalStarted,
    /// A rental was given a message.
    RentalMessage,
    /// A rental ends soon unless it is renewed.
    RentalExpiring,
    /// A rental runs for longer: it was renewed, extended or revived, or was given free time.
    RentalRenewed,
    /// A rental that should have been renewed was not.
    RentalRenewalFailed,
    /// A rental has ended.
    RentalEnded,
    /// A rental's SIM is not where it can receive what is sent to it.
    RentalSimOffAir,
    /// A rental's SIM is on the air again, or the rental was moved to another SIM.
    RentalSimOnAir,
    /// The rest of a long message has come, which was shown as incomplete.
    MessageMended,
    /// An account can spend less than a certain amount.
    BalanceLow,
    /// A customer tries out an endpoint.
    WebhookTest,
}

impl EventKind {
    /// All kinds, in the order of this enum.
    pub const ALL: [EventKind; 18] = [
        EventKind::OrderCreated,
        EventKind::OrderMessage,
        EventKind::OrderCompleted,
        EventKind::OrderExpired,
        EventKind::OrderCanceled,
        EventKind::OrderSkipped,
        EventKind::OrderSimLost,
        EventKind::RentalStarted,
        EventKind::RentalMessage,
        EventKind::RentalExpiring,
        EventKind::RentalRenewed,
        EventKind::RentalRenewalFailed,
        EventKind::RentalEnded,
        EventKind::RentalSimOffAir,
        EventKind::RentalSimOnAir,
        EventKind::MessageMended,
        EventKind::BalanceLow,
        EventKind::WebhookTest,
    ];

    /// The word in the database, in events and in webhooks.
    pub fn as_str(self) -> &'static str {
        match self {
            EventKind::OrderCreated => "order.created",
            EventKind::OrderMessage => "order.message",
            EventKind::OrderCompleted => "order.completed",
            EventKind::OrderExpired => "order.expired",
            EventKind::OrderCanceled => "order.canceled",
            EventKind::OrderSkipped => "order.skipped",
            EventKind::OrderSimLost => "order.sim_lost",
            EventKind::RentalStarted => "rental.started",
            EventKind::RentalMessage => "rental.message",
            EventKind::RentalExpiring => "rental.expiring",
            EventKind::RentalRenewed => "rental.renewed",
            EventKind::RentalRenewalFailed => "rental.renewal_failed",
            EventKind::RentalEnded => "rental.ended",
            EventKind::RentalSimOffAir => "rental.sim_off_air",
            EventKind::RentalSimOnAir => "rental.sim_on_air",
            EventKind::MessageMended => "message.mended",
            EventKind::BalanceLow => "balance.low",
            EventKind::WebhookTest => "webhook.test",
        }
    }

    /// Whether it is the last of an order or a rental, but for what comes later to an order that is
    /// completed.
    pub fn is_end(self) -> bool {
        matches!(
            self,
            EventKind::OrderCompleted
                | EventKind::OrderExpired
                | EventKind::OrderCanceled
                | EventKind::OrderSkipped
                | EventKind::OrderSimLost
                | EventKind::RentalEnded
        )
    }
}

impl FromStr for EventKind {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<EventKind, UnknownWord> {
        EventKind::ALL.into_iter().find(|kind| kind.as_str() == word).ok_or(UnknownWord)
    }
}

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventSubject {
    Order(OrderId),
    Rental(RentalId),
    /// The account itself.
    Account,
    /// An endpoint of the account.
    Endpoint,
}

/// Something that has happened, and what of it its account is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub id: EventId,
    pub account: AccountId,
    pub kind: EventKind,
    pub subject: EventSubject,
    pub at: Timestamp,
    /// What it is about, as it was then: a JSON object.
    pub data: String,
}

impl Event {
    /// The JSON object that its account is sent.
    pub fn body(&self) -> String {
        let (kind, at, data) = (self.kind.as_str(), self.at, &self.data);
        format!(r#"{{"type":"{kind}","timestamp":"{at}","data":{data}}}"#)
    }
}

/// Which kinds of events somebody follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventTypes(Vec<EventKind>);

/// The error for a text that stands for no kind of event; says what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no event {word}; {hint}{known}, or their beginnings, like order.*")]
pub struct UnknownEvent {
    word: String,
    hint: String,
    known: String,
}

impl UnknownEvent {
    fn new(word: &str) -> UnknownEvent {
        let words = EventKind::ALL.map(EventKind::as_str);
        let mut names = patterns();
        if !word.contains('*') {
            names.extend(words.map(str::to_owned));
        }
        UnknownEvent {
            word: beginning(word).into_owned(),
            hint: did_you_mean(&names, word),
            known: format!("there are {}", words.join(", ")),
        }
    }
}

impl EventTypes {
    /// Events of all kinds.
    pub fn all() -> EventTypes {
        EventTypes(EventKind::ALL.to_vec())
    }

    /// The kinds that patterns stand for: each is the name of a kind, or `*` as its last part for
    /// all that begin alike (`order.*`), or `*` alone for all.
    ///
    /// # Errors
    /// One of the patterns stands for none.
    pub fn from_patterns<'p>(
        patterns: impl IntoIterator<Item = &'p str>,
    ) -> Result<EventTypes, UnknownEvent> {
        let mut kinds = Vec::new();
        for pattern in patterns {
            let found = kinds_of(pattern.trim());
            if found.is_empty() {
                return Err(UnknownEvent::new(pattern));
            }
            kinds.extend(found);
        }
        kinds.sort();
        kinds.dedup();
        Ok(EventTypes(kinds))
    }

    /// Whether a kind is among them.
    pub fn contains(&self, kind: EventKind) -> bool {
        self.0.binary_search(&kind).is_ok()
    }
}

/// The patterns that stand for all kinds that begin alike.
fn patterns() -> Vec<String> {
    let words = EventKind::ALL.map(EventKind::as_str);
    let beginnings = words.iter().filter_map(|word| word.split_once('.'));
    let mut all: Vec<String> = beginnings.map(|(beginning, _)| format!("{beginning}.*")).collect();
    all.dedup();
    all
}

fn kinds_of(pattern: &str) -> Vec<EventKind> {
    let beginning = match pattern.strip_suffix('*') {
        Some(beginning) if beginning.is_empty() || beginning.ends_with('.') => beginning,
        _ => return pattern.parse().into_iter().collect(),
    };
    EventKind::ALL.into_iter().filter(|kind| kind.as_str().starts_with(beginning)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_read_as_they_are_written() {
        for kind in EventKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert_eq!("order".parse::<EventKind>(), Err(UnknownWord));
        assert!(EventKind::ALL.is_sorted(), "for the search among types");
    }

    #[test]
    fn patterns_stand_for_kinds() {
        let count = |text: &str| {
            let types = EventTypes::from_patterns(text.split(','));
            types.map(|types| EventKind::ALL.iter().filter(|kind| types.contains(**kind)).count())
        };
        for (text, expected) in [
            ("*", 18),
            ("order.*", 7),
            ("order.*,order.message", 7),
            ("order.message, balance.low", 2),
            ("rental.*,message.*", 9),
        ] {
            assert_eq!(count(text), Ok(expected), "{text}");
        }
        for text in ["", "order", "order*", "ord.*", "order.mesage", "*.message", "order.**"] {
            assert!(count(text).is_err(), "{text}");
        }
        let error = EventTypes::from_patterns(["order.mesage"]).unwrap_err().to_string();
        assert!(error.starts_with("there is no event order.mesage; "), "{error}");
        assert!(error.contains("order.message"), "{error}");
        for (word, hint) in [
            ("order.mesage", "; did you mean order.message? there are "),
            ("order.**", "; did you mean order.*? there are "),
            ("orders", "; did you mean order.*? there are "),
            ("rentals.*", "; did you mean rental.*? there are "),
            ("*.x", "; there are "),
        ] {
            let error = EventTypes::from_patterns([word]).unwrap_err().to_string();
            assert!(error.contains(hint), "{error}");
        }
        let error = EventTypes::from_patterns(["x".repeat(5000).as_str()]).unwrap_err();
        assert!(error.to_string().len() < 600, "{error}");
        assert_eq!(EventTypes::all(), EventTypes::from_patterns(["*"]).unwrap());
    }
}
