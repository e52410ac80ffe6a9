//! What identifies a modem. An IMEI does where it is one that only this modem has. Some modems tell
//! none, some tell a placeholder, and in some pools every module tells the same.

use serde::{Deserialize, Serialize};

use super::{Imei, ModemId, PortName, SiteName};

/// IMEIs that many devices tell, collected from lists of useless ones in published programs: the
/// example of a tracker's manual, and those of cloned phones.
const PLACEHOLDERS: [&str; 3] = ["135790246811220", "352751019523267", "358673013795895"];
/// The fewest and the most characters of a serial number.
const SERIAL_LENGTH: std::ops::RangeInclusive<usize> = 4..=40;

impl Imei {
    /// Whether only one modem should have this IMEI. The check digit is no criterion: a modem may
    /// tell a zero in its place (3GPP TS 23.003 clause 6.2.1).
    ///
    /// The first two digits name the body that reported the type; 00 stands for test equipment
    /// (GSMA TS.06), such as the 004999010640000 of modules that lost theirs. A serial number of
    /// six zeros is that of no device.
    pub fn is_distinct(&self) -> bool {
        let digits = self.as_str();
        let beginning = digits.get(..9).unwrap_or(digits);
        !(digits.starts_with("00")
            || is_one_character(digits.get(..14).unwrap_or(digits))
            || counts_up(beginning)
            || digits.get(8..14) == Some("000000")
            || PLACEHOLDERS.contains(&digits))
    }
}

impl ModemId {
    /// The modem with this serial number, where it is one.
    pub fn of_serial(serial: &str) -> Option<ModemId> {
        is_serial(serial).then(|| ModemId::from_stored(format!("serial:{serial}")))
    }

    /// The modem that is the USB device with these ids of vendor and product and this serial
    /// number, where it is one.
    pub fn of_usb(vendor: &str, product: &str, serial: &str) -> Option<ModemId> {
        is_serial(serial).then(|| ModemId::from_stored(format!("usb:{vendor}:{product}:{serial}")))
    }

    /// The modem at this port, of which nothing else is known.
    pub fn of_port(port: &PortName) -> ModemId {
        ModemId::from_stored(format!("port:{port}"))
    }

    /// Whether the modem is identified by its own IMEI.
    pub fn is_imei(&self) -> bool {
        let id = self.as_str();
        SiteName::of_modem_id(id).map_or(id, |(_, own)| own).parse::<Imei>().is_ok()
    }
}

impl From<&Imei> for ModemId {
    fn from(imei: &Imei) -> ModemId {
        ModemId::from_stored(imei.as_str())
    }
}

/// A modem as a session meets it: what it tells of itself, and the port at which it does.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ModemAtPort {
    pub id: ModemId,
    pub port: PortName,
}

impl ModemAtPort {
    /// What identifies the modem if others tell the same of themselves: what it tells, together
    /// with its port.
    pub fn shared_id(&self) -> ModemId {
        ModemId::from_stored(format!("{}@{}", self.id, self.port))
    }
}

/// Whether a text may be a device's own serial number.
fn is_serial(text: &str) -> bool {
    SERIAL_LENGTH.contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"@".contains(&byte))
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && !is_one_character(text)
        && text.parse::<Imei>().map_or(true, |imei| imei.is_distinct())
}

fn is_one_character(text: &str) -> bool {
    text.bytes().all(|byte| text.as_bytes().first() == Some(&byte))
}

/// Whether each digit is one more than the digit before it, as in 12345678901.
fn counts_up(digits: &str) -> bool {
    let pairs = digits.bytes().zip(digits.bytes().skip(1));
    pairs.into_iter().all(|(one, next)| next == if one == b'9' { b'0' } else { one + 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_and_test_equipment_have_no_imei_of_their_own() {
        let table = [
            ("861234567890123", true),
            ("8612345678901230", true),
            ("350000000000014", true),
            // The check digit is wrong, or a zero in its place.
            ("867962041234560", true),
            ("000000000000000", false),
            ("00000000000000", false),
            ("111111111111119", false),
            ("888888888888888", false),
            ("123456789012345", false),
            ("012345678901234", false),
            ("012345678912345", false),
            ("004999010640000", false),
            ("004400152020000", false),
            ("350305260000001", false),
            ("135790246811220", false),
        ];
        for (imei, distinct) in table {
            assert_eq!(imei.parse::<Imei>().unwrap().is_distinct(), distinct, "{imei}");
        }
    }

    #[test]
    fn serial_numbers_of_devices_and_what_only_looks_like_one() {
        for serial in ["2623CKLQ0009707", "MPG1A2B3C4D5", "0123456789ABCDEF", "LL12-345/678"] {
            assert_eq!(ModemId::of_serial(serial).unwrap().as_str(), format!("serial:{serial}"));
        }
        let wrong = ["", "12", "ERROR", "00000000", "a b1c2d3", "004999010640000", "x\"1234"];
        for wrong in wrong {
            assert_eq!(ModemId::of_serial(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_kind_of_identity_is_read_back_from_its_text() {
        let port =
            PortName::from_stored("/dev/serial/by-path/pci-0000:00:14.0-usb-0:1.4:1.2-port0");
        let ids = [
            ModemId::from(&"861234567890123".parse::<Imei>().unwrap()),
            ModemId::of_serial("2623CKLQ0009707").unwrap(),
            ModemId::of_usb("1e0e", "9001", "0123456789ABCDEF").unwrap(),
            ModemId::of_port(&port),
        ];
        for id in ids {
            assert_eq!(id.as_str().parse().as_ref(), Ok(&id));
            let shared = ModemAtPort { id: id.clone(), port: port.clone() }.shared_id();
            assert_eq!(shared.as_str().parse().as_ref(), Ok(&shared));
            assert_eq!((id.is_imei(), shared.is_imei()), (!id.as_str().contains(':'), false));
        }
        for wrong in ["", "12345", "x:1", "@/dev/x", "861234567890123@"] {
            assert!(wrong.parse::<ModemId>().is_err(), "{wrong}");
        }
    }
}
