//! Recovery codes: each signs in once in place of a code of the second factor, for whoever has lost
//! the device that shows those.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::domain::totp::base32;

/// How many recovery codes somebody is given.
pub const RECOVERY_CODES: usize = 8;
/// How many random bytes a code is made of.
const CODE_BYTES: usize = 8;
/// How many characters a code has: 60 bits, so that it cannot be found from its SHA-256.
const CODE_CHARS: usize = 12;
/// How many characters stand together, so that a code is easily copied from paper.
const GROUP_CHARS: usize = 4;

/// A recovery code. It has no `Display`, and its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(String);

impl RecoveryCode {
    fn from_random(random: &[u8]) -> RecoveryCode {
        RecoveryCode(base32(random).to_ascii_lowercase().chars().take(CODE_CHARS).collect())
    }

    /// Reads a code as somebody types it, with or without hyphens, in whatever letters.
    pub fn from_text(text: &str) -> RecoveryCode {
        let is_of_code = |c: &char| c.is_ascii_alphanumeric();
        RecoveryCode(text.to_ascii_lowercase().chars().filter(is_of_code).collect())
    }

    /// The code as it is shown, once: `abcd-efgh-ijkl`.
    pub fn reveal(&self) -> String {
        let chars: Vec<char> = self.0.chars().collect();
        let groups = chars.chunks(GROUP_CHARS).map(String::from_iter);
        groups.collect::<Vec<_>>().join("-")
    }

    /// The SHA-256 by which the code is recognised.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(…)")
    }
}

/// The recovery codes that somebody is given together with a second factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryCodes(pub Vec<RecoveryCode>);

impl RecoveryCodes {
    /// Makes [`RECOVERY_CODES`] codes of two times 32 random bytes.
    pub fn from_entropy(random: [[u8; 32]; 2]) -> RecoveryCodes {
        let codes = random.as_flattened().chunks(CODE_BYTES).map(RecoveryCode::from_random);
        RecoveryCodes(codes.collect())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn eight_codes_are_made_that_differ_and_are_read_as_they_are_written() {
        let random = |first: u8| std::array::from_fn(|n| first + u8::try_from(n).unwrap());
        let RecoveryCodes(codes) = RecoveryCodes::from_entropy([random(0), random(100)]);
        assert_eq!(codes.len(), RECOVERY_CODES);
        let digests: BTreeSet<[u8; 32]> = codes.iter().map(RecoveryCode::digest).collect();
        assert_eq!(digests.len(), RECOVERY_CODES);
        let shown = codes[0].reveal();
        assert_eq!(shown, "aaaq-eaye-auda", "the first 60 bits of 00 01 … 07 in base32");
        for typed in [shown.clone(), shown.to_uppercase(), " aaaqeaye AUDA ".to_owned()] {
            assert_eq!(RecoveryCode::from_text(&typed).digest(), codes[0].digest(), "{typed}");
        }
        assert_eq!(format!("{:?}", codes[0]), "RecoveryCode(…)");
    }
}
