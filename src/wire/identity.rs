//! How a site shows who it is: the key that its name belongs to, and which run of its process this
//! is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The secret of a site: 256 random bits, which are 64 hexadecimal digits in files and frames. It
/// has no `Display`, and its `Debug` shows nothing of it, so that it never gets into a log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SiteKey(#[serde(with = "hex::serde")] [u8; 32]);

/// The error for a text that is no site's key; it shows nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a site's key is 64 hexadecimal digits")]
pub struct NotASiteKey;

impl SiteKey {
    /// Makes a new key of random octets.
    pub fn from_entropy(random: [u8; 32]) -> SiteKey {
        SiteKey(random)
    }

    /// The octets, of which the centre keeps a digest.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key as it is written to the operator's file: 64 hexadecimal digits.
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }
}

impl FromStr for SiteKey {
    type Err = NotASiteKey;

    /// Reads the text of a file, which may have white space around the digits.
    fn from_str(text: &str) -> Result<SiteKey, NotASiteKey> {
        let mut octets = [0; 32];
        hex::decode_to_slice(text.trim(), &mut octets).map_err(|_| NotASiteKey)?;
        Ok(SiteKey(octets))
    }
}

impl fmt::Debug for SiteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SiteKey(****)")
    }
}

/// Tells one run of a site's process from the next: random octets that are drawn at its start.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BootId(#[serde(with = "hex::serde")] [u8; 16]);

impl BootId {
    /// Makes the identity of a run of random octets.
    pub fn from_entropy(random: [u8; 16]) -> BootId {
        BootId(random)
    }
}

impl fmt::Display for BootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&hex::encode(self.0))
    }
}

impl fmt::Debug for BootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BootId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_from_its_digits_and_never_shown() {
        let key = SiteKey::from_entropy(std::array::from_fn(|place| place as u8 + 0xe0));
        let digits = key.to_hex();
        assert!(digits.starts_with("e0e1e2") && digits.ends_with("fdfeff"));
        assert_eq!(format!(" {digits}\n").parse(), Ok(key.clone()));
        assert_eq!(format!("{key:?}"), "SiteKey(****)");
        for wrong in ["", "e0e1", &digits[1..], &format!("{digits}00"), &"x".repeat(64)] {
            assert_eq!(wrong.parse::<SiteKey>(), Err(NotASiteKey));
        }
    }

    #[test]
    fn the_identity_of_a_run_is_written_in_hexadecimal() {
        let boot = BootId::from_entropy([0xa5; 16]);
        assert_eq!(boot.to_string(), "a5".repeat(16));
        let json = serde_json::to_string(&boot).unwrap();
        assert_eq!(json, format!("\"{boot}\""));
        assert_eq!(serde_json::from_str::<BootId>(&json).unwrap(), boot);
    }
}
