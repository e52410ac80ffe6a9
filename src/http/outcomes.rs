//! The words that customers are answered with, and counts of their requests by endpoint and word.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

/// The paths of the endpoints after `/api/`.
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

macro_rules! outcomes {
    ($($name:ident = $word:literal,)+) => {
        /// What a customer was answered. The words are those of the customers' API
        /// (`docs/customer-api.md`); `ok` stands for all answers that are data.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub(super) enum Outcome {
            #[default]
            $($name,)+
        }

        impl Outcome {
            const ALL: &[Outcome] = &[$(Outcome::$name,)+];

            /// The word in the answer and in the metrics.
            pub(super) fn as_str(self) -> &'static str {
                match self {
                    $(Outcome::$name => $word,)+
                }
            }
        }
    };
}

outcomes! {
    Ok = "ok",
    Waiting = "WAITING",
    Success = "SUCCESS",
    OrderAlreadyOpen = "ORDER_ALREADY_OPEN",
    OrderAlreadyCompleted = "ORDER_ALREADY_COMPLETED",
    OrderAlreadyExpired = "ORDER_ALREADY_EXPIRED",
    OrderCanceled = "ORDER_CANCELED",
    OrderExpired = "ORDER_EXPIRED",
    OrderId = "ORDER_ID",
    NumberSkippedOrderCanceled = "NUMBER_SKIPPED_ORDER_CANCELED",
    NumberOffline = "NUMBER_OFFLINE",
    NoPhoneAvailable = "NO_PHONE_AVAILABLE",
    NoBalance = "NO_BALANCE",
    NoKeyProvided = "NO_KEY_PROVIDED",
    InvalidOrder = "INVALID_ORDER",
    InvalidService = "INVALID_SERVICE",
    InvalidCountry = "INVALID_COUNTRY",
    InvalidContract = "INVALID_CONTRACT",
    InvalidAutoRenew = "INVALID_AUTO_RENEW",
    InvalidPackage = "INVALID_PACKAGE",
    InvalidRequest = "INVALID_REQUEST",
    InvalidMethod = "INVALID_METHOD",
    Unauthorized = "UNAUTHORIZED",
    TooManyRequests = "TOO_MANY_REQUESTS",
    TooManyConnections = "TOO_MANY_CONNECTIONS",
    Error = "ERROR",
    NoStock = "NO_STOCK",
    NumberExpired = "NUMBER_EXPIRED",
}

/// How often each endpoint gave each answer, since the start of the daemon.
#[derive(Debug)]
pub struct RequestCounts {
    v1: Box<[AtomicU64]>,
    /// By the call and the code of the answer. There are only so many of both.
    v2: Mutex<BTreeMap<String, BTreeMap<&'static str, u64>>>,
}

impl Default for RequestCounts {
    fn default() -> RequestCounts {
        let count = ENDPOINTS.len() * Outcome::ALL.len();
        let v1 = (0..count).map(|_| AtomicU64::new(0)).collect();
        RequestCounts { v1, v2: Mutex::default() }
    }
}

impl RequestCounts {
    /// Counts a request by its path. Paths that are no endpoint are not counted.
    pub(super) fn count(&self, path: &str, outcome: Outcome) {
        let endpoint = path
            .strip_prefix("/api/")
            .and_then(|path| ENDPOINTS.iter().position(|known| *known == path));
        let index = endpoint.map(|endpoint| endpoint * Outcome::ALL.len() + outcome as usize);
        if let Some(count) = index.and_then(|index| self.v1.get(index)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a call of the second version, like `GET /v2/orders/{id}`.
    pub(super) fn count_call(&self, call: &str, outcome: &'static str) {
        let mut calls = self.v2.lock();
        if let Some(count) = calls.get_mut(call).and_then(|counts| counts.get_mut(outcome)) {
            *count += 1;
        } else {
            calls.entry(call.to_owned()).or_default().insert(outcome, 1);
        }
    }

    /// Endpoint, outcome and count of everything that was answered at least once.
    pub fn all(&self) -> Vec<(String, &'static str, u64)> {
        let labels = ENDPOINTS.iter().flat_map(|endpoint| {
            Outcome::ALL.iter().map(move |outcome| ((*endpoint).to_owned(), outcome.as_str()))
        });
        let counts = self.v1.iter().map(|count| count.load(Ordering::Relaxed));
        let v1 = labels.zip(counts).map(|((endpoint, outcome), count)| (endpoint, outcome, count));
        let mut all: Vec<_> = v1.filter(|(_, _, count)| *count > 0).collect();
        for (call, counts) in &*self.v2.lock() {
            all.extend(counts.iter().map(|(outcome, count)| (call.clone(), *outcome, *count)));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_endpoint_and_outcome() {
        let requests = RequestCounts::default();
        for (path, outcome) in [
            ("/api/getsms", Outcome::Waiting),
            ("/api/getsms", Outcome::Waiting),
            ("/api/getsms", Outcome::Success),
            ("/api/makeorder", Outcome::OrderId),
            ("/api/makeorder", Outcome::OrderAlreadyOpen),
            ("/api/getbalance", Outcome::Ok),
            ("/api/nothing", Outcome::Ok),
        ] {
            requests.count(path, outcome);
        }
        for outcome in ["ok", "no_stock", "ok"] {
            requests.count_call("POST /v2/orders", outcome);
        }
        let expected = [
            ("getsms", "WAITING", 2),
            ("getsms", "SUCCESS", 1),
            ("makeorder", "ORDER_ALREADY_OPEN", 1),
            ("makeorder", "ORDER_ID", 1),
            ("getbalance", "ok", 1),
            ("POST /v2/orders", "no_stock", 1),
            ("POST /v2/orders", "ok", 2),
        ];
        assert_eq!(
            requests.all(),
            expected.map(|(call, word, count)| (call.to_owned(), word, count))
        );
    }

    #[test]
    fn no_two_outcomes_have_the_same_word_or_place() {
        for (place, outcome) in Outcome::ALL.iter().enumerate() {
            assert_eq!(*outcome as usize, place);
            let same = Outcome::ALL.iter().filter(|other| other.as_str() == outcome.as_str());
            assert_eq!(same.count(), 1, "{outcome:?}");
        }
    }
}
