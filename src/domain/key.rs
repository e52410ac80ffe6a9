//! API keys: what the customer has, and what of it is stored.

use std::fmt;

/// How many characters of a key are stored, by which people tell keys apart.
const PREFIX_CHARS: usize = 8;

/// A key as the customer has it. It has no `Display`, and its `Debug` shows nothing of it, so that
/// it never gets into a log.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// Makes a new key of 256 random bits, written as 64 hexadecimal digits.
    pub fn from_entropy(random: [u8; 32]) -> ApiKey {
        ApiKey(hex::encode(random))
    }

    /// Takes the key of a request, which can be any text.
    pub fn from_request(text: String) -> ApiKey {
        ApiKey(text)
    }

    /// The SHA-256 digest of the key, by which the database knows it. A slow password hash would
    /// add nothing, because a key is 256 random bits.
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
