//! The secrets of sessions and of one-time links.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// A secret of 256 random bits, of which the database has the SHA-256 only. It has no `Display`,
/// and its `Debug` shows nothing of it, so that it never gets into a log.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretToken([u8; 32]);

impl SecretToken {
    /// Makes a new token.
    pub fn from_entropy(random: [u8; 32]) -> SecretToken {
        SecretToken(random)
    }

    /// Reads a token as [`SecretToken::reveal`] writes it; `None` for any other text.
    pub fn from_text(text: &str) -> Option<SecretToken> {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim()).ok()?;
        bytes.try_into().ok().map(SecretToken)
    }

    /// The token itself, in base64 for addresses without padding (RFC 4648, section 5), for the
    /// cookie or the link that carries it.
    pub fn reveal(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The SHA-256 by which the token is recognised. A slow password hash would add nothing,
    /// because a token is 256 random bits.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

impl fmt::Debug for SecretToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_is_written_and_its_debug_shows_nothing() {
        let token = SecretToken::from_entropy([0xFB; 32]);
        let text = token.reveal();
        assert_eq!(text, "-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s");
        assert_eq!(SecretToken::from_text(&format!(" {text}\n")), Some(token.clone()));
        for wrong in ["", "abc", &text[1..], &format!("{text}A"), &text.replace('-', "+")] {
            assert_eq!(SecretToken::from_text(wrong), None, "{wrong}");
        }
        assert_eq!(format!("{token:?}"), "SecretToken(…)");
    }

    /// What Python's hashlib makes of 32 zero bytes.
    #[test]
    fn the_digest_is_the_sha_256_of_the_bytes() {
        let digest = SecretToken::from_entropy([0; 32]).digest();
        assert_eq!(
            hex::encode(digest),
            "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925"
        );
    }
}
