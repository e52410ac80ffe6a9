//! The SMS codec, from outside: vectors whose source is named, properties, and odd PDUs.
mod compose;
mod vectors;

use simbridge::sms::Deliver;

/// The octets of a hex string; spaces between fields are for the reader.
fn octets(hex: &str) -> Vec<u8> {
    hex::decode(hex.replace([' ', '\n'], "")).expect("hex")
}

fn deliver(hex: &str) -> Deliver {
    Deliver::decode(&octets(hex)).expect("a deliver")
}
