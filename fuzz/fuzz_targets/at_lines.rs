//! `cargo +nightly fuzz run at_lines`: bytes from a modem, behind one that says into what pieces
//! they are cut.
#![no_main]

#[path = "../at_checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::lines(bytes));
