//! The second factor: codes of six digits that change with the time (TOTP, RFC 6238), which an app
//! on a telephone shows.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;

use super::Timestamp;

/// For how many seconds each code is valid.
const STEP_SECONDS: i64 = 30;
/// How many steps a device's clock may be ahead or behind.
const STEPS_ASIDE: i64 = 1;
/// How many digits a code has.
pub const DIGITS: usize = 6;
const MODULUS: u32 = 1_000_000;
/// The letters and digits of base32 (RFC 4648, section 6).
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Some 30 seconds, counted since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step(pub i64);

impl Step {
    /// The step that a time is in.
    pub fn at(time: Timestamp) -> Step {
        Step(time.0.div_euclid(STEP_SECONDS * 1_000_000))
    }
}

/// A key of 160 random bits that a login and its device share (RFC 4226, section 4). Its value is
/// needed to compute codes, so the database has it. Its `Debug` shows nothing of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TotpSecret([u8; 20]);

impl TotpSecret {
    /// Makes a new secret.
    pub fn from_entropy(random: [u8; 32]) -> TotpSecret {
        let mut key = [0; 20];
        key.iter_mut().zip(random).for_each(|(byte, random)| *byte = random);
        TotpSecret(key)
    }

    /// A secret of the database.
    pub fn from_stored(key: [u8; 20]) -> TotpSecret {
        TotpSecret(key)
    }

    /// The key itself, for the database.
    pub fn bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// The secret in base32, for whoever types it into an app.
    pub fn reveal(&self) -> String {
        base32(&self.0)
    }

    /// The address that an app reads from a picture, in the form that is common to all of them:
    /// `otpauth://totp/ISSUER:NAME?secret=…`.
    pub fn address(&self, issuer: &str, name: &str) -> String {
        let [issuer, name] =
            [issuer, name].map(|text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string());
        let secret = self.reveal();
        format!(
            "otpauth://totp/{issuer}:{name}?secret={secret}&issuer={issuer}&algorithm=SHA1&\
             digits={DIGITS}&period={STEP_SECONDS}"
        )
    }

    /// The step whose code this is, near `now` and after `last`. Once a code has let somebody in
    /// its step is the last, so that nobody who saw it typed gets in with it (RFC 6238, section
    /// 5.2).
    pub fn step_of(&self, code: &str, now: Timestamp, last: Option<Step>) -> Option<Step> {
        let code = read_code(code)?;
        let Step(now) = Step::at(now);
        let near = (now - STEPS_ASIDE..=now + STEPS_ASIDE).map(Step);
        let mut later = near.filter(|step| last.is_none_or(|last| *step > last));
        later.find(|step| self.number(*step).is_some_and(|number| number % MODULUS == code))
    }

    /// The code of a step, as a device shows it.
    pub fn code(&self, step: Step) -> Option<String> {
        self.number(step).map(|number| format!("{:0width$}", number % MODULUS, width = DIGITS))
    }

    /// The number of 31 bits whose last digits are the code of a step (RFC 4226, section 5.3).
    fn number(&self, Step(step): Step) -> Option<u32> {
        // A key of any length is taken.
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.0).ok()?;
        mac.update(&step.to_be_bytes());
        let hash = mac.finalize().into_bytes();
        let offset = usize::from(hash.last()? & 0xF);
        let bytes = hash.get(offset..offset + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(bytes) & 0x7FFF_FFFF)
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

/// Whether a text has the form of a code: six digits, with spaces anywhere.
pub fn is_code(text: &str) -> bool {
    read_code(text).is_some()
}

fn read_code(text: &str) -> Option<u32> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let is_code = digits.len() == DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
    is_code.then(|| digits.parse().ok()).flatten()
}

/// Bytes in base32, without padding (RFC 4648, section 6). Of the last character the lower bits are
/// 0 where they stand for no byte.
pub fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut buffer, mut bits) = (0_u32, 0_u32);
    let letter = |five: u32| BASE32.get(usize::try_from(five & 31).unwrap_or(0)).copied();
    for byte in bytes {
        buffer = (buffer << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.extend(letter(buffer >> bits).map(char::from));
        }
        buffer &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.extend(letter(buffer << (5 - bits)).map(char::from));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: TotpSecret = TotpSecret(*b"12345678901234567890");

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1_000_000)
    }

    /// RFC 6238, appendix B, for SHA-1.
    #[test]
    fn codes_are_those_of_the_rfc() {
        for (seconds, digits) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            let number = SECRET.number(Step::at(at(seconds))).unwrap();
            assert_eq!(number % 100_000_000, digits, "{seconds}");
        }
        assert_eq!(SECRET.code(Step::at(at(1_111_111_109))).unwrap(), "081804");
    }

    #[test]
    fn a_code_is_taken_one_step_aside_and_never_again() {
        let step_of = |code, seconds, last| SECRET.step_of(code, at(seconds), last);
        let (code, step) = ("287082", Some(Step(1)));
        for (seconds, found) in [(0, true), (59, true), (60, true), (89, true), (90, false)] {
            assert_eq!(step_of(code, seconds, None), step.filter(|_| found), "{seconds}");
        }
        assert_eq!(step_of(" 287 082 ", 59, None), step);
        assert_eq!(step_of(code, 59, Some(Step(0))), step);
        assert_eq!(step_of(code, 59, step), None, "it was used");
        assert_eq!(step_of(code, 59, Some(Step(2))), None, "a later one was used");
        for wrong in ["", "287083", "28708", "2870822", "94287082", "28708x", "+87082"] {
            assert_eq!(step_of(wrong, 59, None), None, "{wrong}");
        }
    }

    /// RFC 4648, section 10, without the padding.
    #[test]
    fn base32_is_that_of_the_rfc() {
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn an_app_reads_whose_secret_it_is() {
        assert_eq!(
            SECRET.address("simbridge console", "ann@example.com"),
            "otpauth://totp/simbridge%20console:ann%40example%2Ecom?\
             secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=simbridge%20console&algorithm=SHA1&\
             digits=6&period=30"
        );
        assert_eq!(format!("{SECRET:?}"), "TotpSecret(…)");
        assert_eq!(TotpSecret::from_entropy([7; 32]), TotpSecret([7; 20]));
    }
}
