//! API keys: what the customer holds, and what of it we keep.

use std::fmt;

/// How many characters of a key are kept for people to tell keys apart.
const PREFIX_CHARS: usize = 8;

/// A key as the customer holds it. It has no `Display` and a `Debug` that says nothing, so that it
/// ends in no log.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// A new key of 256 random bits, as 64 hexadecimal digits.
    pub fn from_entropy(random: [u8; 32]) -> ApiKey {
        ApiKey(hex::encode(random))
    }

    /// A key as it came with a request; any text.
    pub fn from_request(text: String) -> ApiKey {
        ApiKey(text)
    }

    /// The SHA-256 of the key: all that the database holds. The key is 256 random bits, so a slow
    /// hash would add nothing.
    pub fn digest(&self) -> [u8; 32] {
        use sha2::Digest;
        sha2::Sha256::digest(self.0.as_bytes()).into()
    }

    /// The first characters, by which people tell keys apart.
    pub fn prefix(&self) -> String {
        self.0.chars().take(PREFIX_CHARS).collect()
    }

    /// The whole key, for the one time that it is shown.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_it() {
        let key = ApiKey::from_entropy([0xAB; 32]);
        assert_eq!(format!("{key:?}"), "ApiKey(…)");
        assert_eq!(key.prefix(), "abababab");
        assert_eq!(key.reveal().len(), 64);
    }
}
