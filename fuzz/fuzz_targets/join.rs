//! `cargo +nightly fuzz run join`: parts of long messages, each behind a length octet.
#![no_main]

#[expect(dead_code, reason = "each target runs one of the checks")]
#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| checks::join_parts(octets));
