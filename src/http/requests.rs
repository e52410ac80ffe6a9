//! Customers' requests, counted by endpoint and by what was answered: the words of the customers'
//! document, and `ok` for answers that are data.

use std::sync::atomic::{AtomicU64, Ordering};

/// The endpoints, by their paths after `/api/`.
const ENDPOINTS: [&str; 11] = [
    "getsms",
    "makeorder",
    "cancelorder",
    "skipnumber",
    "reuse",
    "getbalance",
    "services",
    "rental/new",
    "rental/extend",
    "rental/edit",
    "rental/view",
];

/// What may be answered; a word that begins another stands after it.
const OUTCOMES: [&str; 27] = [
    "ok",
    "WAITING",
    "SUCCESS",
    "ORDER_ALREADY_OPEN",
    "ORDER_ALREADY_COMPLETED",
    "ORDER_ALREADY_EXPIRED",
    "ORDER_CANCELED",
    "ORDER_EXPIRED",
    "ORDER_ID",
    "NUMBER_SKIPPED_ORDER_CANCELED",
    "NUMBER_OFFLINE",
    "NO_PHONE_AVAILABLE",
    "NO_BALANCE",
    "NO_KEY_PROVIDED",
    "INVALID_ORDER",
    "INVALID_SERVICE",
    "INVALID_COUNTRY",
    "INVALID_CONTRACT",
    "INVALID_AUTO_RENEW",
    "INVALID_PACKAGE",
    "INVALID_REQUEST",
    "INVALID_METHOD",
    "UNAUTHORIZED",
    "TOO_MANY_REQUESTS",
    "ERROR",
    "NO_STOCK",
    "NUMBER_EXPIRED",
];

/// What was answered, as a place in [`OUTCOMES`]; goes with the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Outcome(usize);

impl Outcome {
    /// What an answer's text says.
    pub(super) fn of(text: &str) -> Outcome {
        let says = |word: &&str| {
            text.strip_prefix(*word).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        };
        Outcome(OUTCOMES.iter().position(says).unwrap_or(0))
    }
}

/// The counts.
#[derive(Debug)]
pub struct Requests(Box<[AtomicU64]>);

impl Default for Requests {
    fn default() -> Requests {
        Requests((0..ENDPOINTS.len() * OUTCOMES.len()).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Requests {
    /// Counts a request by its path; what is no endpoint is not counted.
    pub(super) fn count(&self, path: &str, outcome: Outcome) {
        let endpoint = path
            .strip_prefix("/api/")
            .and_then(|path| ENDPOINTS.iter().position(|known| *known == path));
        if let Some(count) =
            endpoint.and_then(|endpoint| self.0.get(endpoint * OUTCOMES.len() + outcome.0))
        {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Endpoint, outcome, and how often, as far as there were any.
    pub fn counts(&self) -> Vec<(&'static str, &'static str, u64)> {
        let places = ENDPOINTS
            .iter()
            .flat_map(|endpoint| OUTCOMES.iter().map(move |outcome| (*endpoint, *outcome)));
        let counts = self.0.iter().map(|count| count.load(Ordering::Relaxed));
        let all = places.zip(counts).map(|((endpoint, outcome), count)| (endpoint, outcome, count));
        all.filter(|(_, _, count)| *count > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_their_words() {
        let requests = Requests::default();
        for (path, text) in [
            ("/api/getsms", "WAITING"),
            ("/api/getsms", "WAITING"),
            ("/api/getsms", "SUCCESS_Your code is 1234"),
            ("/api/makeorder", "ORDER_ID_1_NUMBER_0612345678"),
            ("/api/makeorder", "ORDER_ALREADY_OPEN_1"),
            ("/api/getbalance", "12.00"),
            ("/api/nothing", "NOT_FOUND"),
        ] {
            requests.count(path, Outcome::of(text));
        }
        let expected = [
            ("getsms", "WAITING", 2),
            ("getsms", "SUCCESS", 1),
            ("makeorder", "ORDER_ALREADY_OPEN", 1),
            ("makeorder", "ORDER_ID", 1),
            ("getbalance", "ok", 1),
        ];
        assert_eq!(requests.counts(), expected);
    }

    #[test]
    fn every_word_that_customers_are_answered_is_counted() {
        let sources = [
            include_str!("customer/answer.rs"),
            include_str!("customer/regular.rs"),
            include_str!("customer/rental.rs"),
        ];
        let literals = sources.iter().flat_map(|source| source.split('"').skip(1).step_by(2));
        let words: Vec<&str> =
            literals.map(|text| text.split('{').next().unwrap().trim_end_matches('_')).collect();
        let is_word = |text: &&str| {
            text.len() > 3 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        };
        let uncounted: Vec<_> =
            words.into_iter().filter(is_word).filter(|word| Outcome::of(word).0 == 0).collect();
        assert_eq!(uncounted, [""; 0]);
    }

    #[test]
    fn each_word_is_found() {
        for (place, word) in OUTCOMES.iter().enumerate() {
            assert_eq!(Outcome::of(word), Outcome(place), "{word}");
            assert_eq!(Outcome::of(&format!("{word}_5")).0, place, "{word}");
        }
    }
}
