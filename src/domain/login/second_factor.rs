//! The second factor of a login: codes by time, and recovery codes in their place.

use std::fmt;

use super::RecoveryCode;
use crate::domain::Timestamp;
use crate::domain::totp::{Step, TotpSecret, is_code};

/// A second factor that is in use. Its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecondFactor {
    pub secret: TotpSecret,
    /// The last step whose code was used.
    pub last_step: Option<Step>,
    /// The SHA-256 of each recovery code that was not used.
    pub recovery_codes: Vec<[u8; 32]>,
}

/// What somebody proved the second factor by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsedCode {
    /// A code of the device.
    Device,
    /// A recovery code.
    Recovery,
}

impl SecondFactor {
    /// Uses up a code that somebody types: one of the device, after which no earlier one is taken,
    /// or a recovery code. `None` if it is wrong or was used before; then nothing has changed.
    pub fn use_code(&mut self, text: &str, now: Timestamp) -> Option<UsedCode> {
        if is_code(text) {
            self.last_step = Some(self.secret.step_of(text, now, self.last_step)?);
            return Some(UsedCode::Device);
        }
        let digest = RecoveryCode::from_text(text).digest();
        let position = self.recovery_codes.iter().position(|code| *code == digest)?;
        self.recovery_codes.remove(position);
        Some(UsedCode::Recovery)
    }
}

impl fmt::Debug for SecondFactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecondFactor(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::login::RecoveryCodes;

    #[test]
    fn each_code_is_used_once() {
        let RecoveryCodes(codes) = RecoveryCodes::from_entropy([[1; 32], [2; 32]]);
        let secret = TotpSecret::from_entropy([3; 32]);
        let mut factor = SecondFactor {
            secret,
            last_step: None,
            recovery_codes: vec![codes[0].digest(), codes[7].digest()],
        };
        let now = Timestamp(3_000_000_000);
        let code = |step| secret.code(Step(step)).unwrap();
        assert_eq!(factor.use_code(&code(100), now), Some(UsedCode::Device));
        assert_eq!(factor.use_code(&code(100), now), None);
        assert_eq!(factor.use_code(&code(99), now), None, "a later one was used");
        assert_eq!(factor.use_code(&code(101), now), Some(UsedCode::Device));
        assert_eq!(factor.use_code(&codes[7].reveal(), now), Some(UsedCode::Recovery));
        assert_eq!(factor.use_code(&codes[7].reveal(), now), None);
        let before = factor.clone();
        for wrong in ["", "aaaa-aaaa-aaaa", "000000000000"] {
            assert_eq!(factor.use_code(wrong, now), None);
        }
        assert_eq!(factor, before);
        assert_eq!(factor.recovery_codes, [codes[0].digest()]);
        assert_eq!(format!("{factor:?}"), "SecondFactor(…)");
    }
}
