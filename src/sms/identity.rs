//! What makes two TPDUs the same message: all that a sender and its service centre say, and nothing
//! that depends on the way or the time of a delivery.
//!
//! A service centre stamps no two messages for one mobile with the same time (23.040 clause 6.2),
//! so another TP-SCTS is another message. It sends a message again until it hears that it has
//! arrived, then with the fields of the transfer as they are at that time.

use super::deliver::{Deliver, tpdu};
use super::pdu::Pdu;

/// The bits of the first octet that belong to the message: TP-MTI (9.2.3.1), and TP-UDHI
/// (9.2.3.23), which decides how the user data are read. Those left out belong to the delivery:
/// TP-MMS (9.2.3.2), which says whether more waits at this moment; TP-LP (9.2.3.28), which whoever
/// forwards a message sets; TP-SRI (9.2.3.4) and TP-RP (9.2.3.17), which a centre sets according to
/// the services that it provides for this delivery.
const OF_MESSAGE: u8 = 0x43;
/// TP-SRQ (9.2.3.26): whether a status report answers a message or a command, which are numbered
/// apart.
const OF_REPORT: u8 = OF_MESSAGE | 0x20;
/// TP-PID (9.2.3.9), TP-DCS (9.2.3.10) and TP-SCTS (9.2.3.11).
const PID_DCS_SCTS: usize = 9;
/// TP-SCTS, TP-DT (9.2.3.13) and TP-ST (9.2.3.15).
const SCTS_DT_ST: usize = 15;

impl Pdu {
    /// The octets by which a message is known again when it is delivered or read once more. `pdu`
    /// is what this was decoded from.
    ///
    /// The service centre's address is no part of them, as a message may come through another
    /// centre or be read without it. Of the user data (9.2.3.24) counts what is said: neither fill
    /// and spare bits, which a receiver ignores, nor octets behind them, with which a card fills
    /// its record up.
    #[must_use]
    pub fn identity(&self, pdu: &[u8]) -> Vec<u8> {
        let tpdu = tpdu(pdu).unwrap_or(pdu);
        match self {
            Pdu::Deliver(deliver) => of_deliver(tpdu, deliver),
            Pdu::StatusReport(_) => of_report(tpdu),
            // It was never delivered.
            Pdu::Submit(_) => tpdu.to_vec(),
        }
    }
}

fn of_deliver(tpdu: &[u8], deliver: &Deliver) -> Vec<u8> {
    // TP-OA (9.2.3.7) stands right behind the first octet.
    let mut identity = head(tpdu, OF_MESSAGE, 1, PID_DCS_SCTS);
    deliver.user_data.write(&mut identity);
    identity
}

fn of_report(tpdu: &[u8]) -> Vec<u8> {
    // TP-MR (9.2.3.6) stands before TP-RA (9.2.3.14).
    head(tpdu, OF_REPORT, 2, SCTS_DT_ST)
}

/// The first octet without the bits of the delivery, and all that follows up to `behind` octets
/// behind the address at `address`.
fn head(tpdu: &[u8], bits: u8, address: usize, behind: usize) -> Vec<u8> {
    let digits = tpdu.get(address).copied().map_or(0, usize::from);
    let end = address + 2 + digits.div_ceil(2) + behind;
    let mut head = Vec::with_capacity(tpdu.len());
    head.extend_from_slice(tpdu.get(..end).unwrap_or(tpdu));
    if let Some(first) = head.first_mut() {
        *first &= bits;
    }
    head
}
