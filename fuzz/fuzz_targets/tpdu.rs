//! `cargo +nightly fuzz run tpdu`: octets as a modem gives them in PDU mode.
#![no_main]

#[expect(dead_code, reason = "each target runs one of the checks")]
#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| checks::tpdu(octets));
