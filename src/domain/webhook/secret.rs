//! The secrets with which webhooks are signed, as the Standard Webhooks specification has it.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::{EventId, Timestamp};

/// What stands before a secret, so that it is recognised where it should not be.
const PREFIX: &str = "whsec_";
/// For how long after the change of a secret the one before it signs too.
pub const BOTH_SIGN_FOR: Duration = Duration::from_secs(24 * 3600);

/// A key of 256 random bits that an endpoint and its receiver share. Unlike that of an API key, its
/// value is needed to sign, so the database has it. Its `Debug` shows nothing of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret([u8; 32]);

impl Secret {
    /// Makes a new secret.
    pub fn from_entropy(random: [u8; 32]) -> Secret {
        Secret(random)
    }

    /// The key itself, for the database.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The secret as its customer is given it, once.
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(self.0))
    }

    /// The signature of a body that is sent with an id at a time, in seconds since 1970: the
    /// HMAC-SHA256 of the three, joined by full stops.
    fn sign(&self, id: EventId, seconds: i64, body: &str) -> String {
        // A key of any length is taken.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return String::new() };
        mac.update(format!("{}.{seconds}.", id.0).as_bytes());
        mac.update(body.as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The secrets of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secrets {
    pub current: Secret,
    /// The secret before the last change, and until when it signs.
    pub former: Option<(Secret, Timestamp)>,
}

impl Secrets {
    /// The secrets after a change at `now`. Only the last one before it goes on signing.
    pub fn changed_to(self, new: Secret, now: Timestamp) -> Secrets {
        Secrets { current: new, former: Some((self.current, now.plus(BOTH_SIGN_FOR))) }
    }

    /// The value of the header `webhook-signature` for what is sent at `now`: a signature by each
    /// secret that is valid then, separated by spaces.
    pub fn signatures(&self, id: EventId, now: Timestamp, body: &str) -> String {
        let seconds = seconds(now);
        let former = self.former.filter(|(_, until)| now < *until).map(|(secret, _)| secret);
        let secrets = [Some(self.current), former].into_iter().flatten();
        secrets.map(|secret| secret.sign(id, seconds, body)).collect::<Vec<_>>().join(" ")
    }
}

/// A time in whole seconds since 1970, as the header `webhook-timestamp` has it.
pub fn seconds(at: Timestamp) -> i64 {
    at.0.div_euclid(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Python's hmac, hashlib and base64 make of the same id, time, body and key.
    #[test]
    fn signatures_are_those_of_an_independent_implementation() {
        let secret = Secret::from_entropy(std::array::from_fn(|n| u8::try_from(n).unwrap()));
        assert_eq!(secret.reveal(), "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
        let secrets = Secrets { current: secret, former: None };
        let at = Timestamp(1_780_000_000_999_999);
        assert_eq!(secrets.signatures(EventId(17), at, "{\"type\":\"order.message\"}"), EXPECTED);
    }

    const EXPECTED: &str = "v1,nsIZnFCa6mBzzgaaDsWUpzzLLKbxKb9AT9vrPHp/t0Q=";

    /// The example is for people who try a check of their own with it.
    #[test]
    fn the_example_of_the_document_is_signed_by_the_secret_that_it_names() {
        let page = include_str!("../../../docs/webhooks.md");
        let after = |beginning: &str, end: char| {
            let found = page.split(beginning).nth(1).and_then(|rest| rest.split(end).next());
            found.unwrap_or_else(|| panic!("{beginning}")).to_owned()
        };
        let bytes = STANDARD.decode(after("`whsec_", '`')).unwrap();
        let current = Secret::from_entropy(bytes.try_into().unwrap());
        let id = EventId(after("webhook-id: ", '\n').parse().unwrap());
        let seconds: i64 = after("webhook-timestamp: ", '\n').parse().unwrap();
        let body =
            page.lines().find_map(|line| line.strip_prefix("    {\"type\":\"webhook.test\""));
        let body = format!("{{\"type\":\"webhook.test\"{}", body.unwrap());
        let secrets = Secrets { current, former: None };
        let signed = secrets.signatures(id, Timestamp(seconds * 1_000_000), &body);
        assert_eq!(signed, after("webhook-signature: ", '\n'));
    }

    #[test]
    fn after_a_change_both_secrets_sign_for_a_day() {
        let (old, new) = (Secret::from_entropy([1; 32]), Secret::from_entropy([2; 32]));
        let first = Secrets { current: old, former: None };
        let changed = first.changed_to(new, Timestamp(0));
        let sign = |secrets: Secrets, at| secrets.signatures(EventId(1), at, "x");
        let within = Timestamp(0).plus(BOTH_SIGN_FOR).minus(Duration::from_micros(1));
        let only_new = Secrets { current: new, former: None };
        let both = format!("{} {}", sign(only_new, within), sign(first, within));
        assert_eq!(sign(changed, within), both);
        let after = Timestamp(0).plus(BOTH_SIGN_FOR);
        assert_eq!(sign(changed, after), sign(only_new, after));
        let again = changed.changed_to(Secret::from_entropy([3; 32]), Timestamp(1));
        assert_eq!(again.former.map(|(secret, _)| secret), Some(new));
    }

    #[test]
    fn debug_shows_nothing_of_it() {
        assert_eq!(format!("{:?}", Secret::from_entropy([0xAB; 32])), "Secret(…)");
    }
}
