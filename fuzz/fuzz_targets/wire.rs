//! `cargo +nightly fuzz run wire`: lines of a connection between a site and the centre.
#![no_main]

#[path = "../wire_checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| checks::frames(octets));
