//! `cargo +nightly fuzz run ussd`: a coding scheme and a USSD reply.
#![no_main]

#[expect(dead_code, reason = "each target runs one of the checks")]
#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| checks::ussd(octets));
