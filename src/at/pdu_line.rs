//! The line that a PDU stands on: which lines can be one, and whether it is whole.

use super::reply::ListHeader;

/// How well a line fits the PDU that a header announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PduFit {
    /// It is no PDU.
    No,
    /// It has the form of a PDU, but not the length that the header says.
    Form,
    /// It has form and length.
    Whole,
}

/// The octets of the shortest TPDU with the address of a service centre before it: an SMS-SUBMIT
/// without either address or text (23.040 9.2.2.2).
const SHORTEST: usize = 8;

impl ListHeader {
    /// How well a line fits the PDU behind this header, whose length counts the octets of the TPDU.
    /// Before the TPDU there is the address of the service centre: one octet with its length, and
    /// that many octets (27.005 3.1).
    pub fn fit(&self, line: &str) -> PduFit {
        pdu_fit(line, self.length)
    }
}

/// How well a line fits a PDU whose TPDU has `length` octets, if that is known.
pub fn pdu_fit(line: &str, length: Option<usize>) -> PduFit {
    let is_hex = !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_hexdigit());
    let address = line.get(..2).and_then(|octet| usize::from_str_radix(octet, 16).ok());
    let (Some(address), true) = (address, is_hex) else { return PduFit::No };
    let has_form = line.len() / 2 >= SHORTEST;
    match length {
        Some(length) if line.len() == 2 * (1 + address + length) => PduFit::Whole,
        None if has_form && line.len().is_multiple_of(2) => PduFit::Whole,
        _ if has_form => PduFit::Form,
        _ => PduFit::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_from_pdus_by_form_and_length() {
        let pdu = "07911326040000F0040B911346610089F60000208062917314080CC8F71D14969741F977FD07";
        let table = [
            (pdu, Some(30), PduFit::Whole),
            (pdu, None, PduFit::Whole),
            (pdu, Some(24), PduFit::Form),
            (&pdu[..40], Some(30), PduFit::Form),
            (&pdu[..41], Some(30), PduFit::Form),
            (&pdu[..41], None, PduFit::Form),
            ("0000", Some(1), PduFit::Whole),
            ("20", Some(30), PduFit::No),
            ("0", None, PduFit::No),
            ("", None, PduFit::No),
            ("", Some(0), PduFit::No),
            ("UNDER-VOLTAGE WARNNING", Some(30), PduFit::No),
            ("DEAD BEEF DEAD BEEF DEAD", None, PduFit::No),
            ("RING", Some(30), PduFit::No),
            ("€€", Some(30), PduFit::No),
        ];
        for (line, length, fit) in table {
            assert_eq!(pdu_fit(line, length), fit, "{line} {length:?}");
        }
    }
}
