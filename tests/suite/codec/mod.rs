//! The SMS codec, from outside: vectors whose source is named, every code point, odd PDUs,
//! properties.
mod agreement;
mod alphabets;
#[path = "../../../fuzz/at_checks.rs"]
mod at_checks;
#[path = "../../../fuzz/checks.rs"]
mod checks;
mod coding;
mod compose;
mod fuzz;
mod header;
mod identity;
mod joining;
mod odd;
mod own_number;
mod properties;
mod purpose;
mod reports;
mod sets;
mod vectors;
#[path = "../../../fuzz/wire_checks.rs"]
mod wire_checks;

use simbridge::sms::{Address, Body, Dcs, Deliver, Header, Scts, UserData};

/// The octets of a hex string; spaces between fields are for the reader.
fn octets(hex: &str) -> Vec<u8> {
    hex::decode(hex.replace([' ', '\n'], "")).expect("hex")
}

fn deliver(hex: &str) -> Deliver {
    Deliver::decode(&octets(hex)).expect("a deliver")
}

/// A message from nobody in particular, with this user data.
fn message(dcs: Dcs, header: Option<Header>, body: Body) -> Deliver {
    let scts = Scts([0x62, 0x60, 0x22, 0x21, 0x75, 0x30, 0x80]);
    let mut message =
        Deliver::compose(None, &Address::parse("+31612345678"), scts, "", 0).remove(0);
    message.dcs = dcs;
    message.user_data = UserData::new(header, body);
    message
}

/// The same after a way over the wire.
fn over_the_wire(message: &Deliver) -> Deliver {
    Deliver::decode(&message.encode()).expect("our own")
}
