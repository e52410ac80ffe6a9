//! Who made the modem, what it is, and its IMEI (TS 27.007 clauses 5.1–5.4, V.250 clause 6.1).

use super::command::{Ask, Command};
use super::reply::{Failure, Outcome, Reply, line, ok};
use super::{Modem, Now, Quirk};

/// The IMEI of a modem that has lost its own.
const ZEROS: &str = "000000000000000";

/// `CGMI`, `CGMM`, `CGMR`, `CGSN`, their V.250 twins, and `ATI`.
pub fn answer(modem: &mut Modem, command: &Command, _: Now) -> Option<Outcome> {
    let config = &modem.config;
    let value = match command.name.as_str() {
        "+CGMI" | "+GMI" => &config.manufacturer,
        "+CGMM" | "+GMM" => &config.model,
        "+CGMR" | "+GMR" => &config.firmware,
        "+CGSN" | "+GSN" => return number(modem, command),
        "I" => return Some(information(modem, &command.ask)),
        _ => return None,
    };
    match &command.ask {
        Ask::Execute => Some(line(value.as_str())),
        Ask::Test => Some(ok()),
        _ => None,
    }
}

/// The IMEI that the modem tells, or why it tells none.
fn imei(modem: &Modem) -> Result<&str, Outcome> {
    if modem.has(Quirk::NoImei) {
        Err(Err(Failure::Cme(23)))
    } else if modem.has(Quirk::EmptyImei) {
        Err(ok())
    } else if modem.has(Quirk::ZeroImei) {
        Ok(ZEROS)
    } else {
        Ok(&modem.config.imei)
    }
}

/// `AT+CGSN[=<snt>]` and `AT+GSN`.
fn number(modem: &Modem, command: &Command) -> Option<Outcome> {
    let has_serial = modem.has(Quirk::SerialNumber) || modem.has(Quirk::ImeiByType);
    let first = || match imei(modem) {
        _ if has_serial => line(serial(modem)),
        Ok(imei) => line(imei),
        Err(outcome) => outcome,
    };
    match &command.ask {
        Ask::Execute => Some(first()),
        Ask::Test => Some(ok()),
        // TS 27.007 clause 5.4: <snt> 0 is the serial number, 1 the IMEI.
        Ask::Set(arguments) if command.name == "+CGSN" => match arguments.number(0)? {
            0 => Some(first()),
            1 if modem.has(Quirk::SerialNumber) => Some(Err(Failure::Error)),
            1 => Some(match imei(modem) {
                Ok(imei) => line(format!("+CGSN: \"{imei}\"")),
                Err(outcome) => outcome,
            }),
            _ => None,
        },
        _ => None,
    }
}

/// A serial number as manufacturers have them, made of the IMEI.
fn serial(modem: &Modem) -> String {
    let digits = &modem.config.imei;
    format!("SB{}C", digits.get(6..14).unwrap_or(digits))
}

fn information(modem: &Modem, ask: &Ask) -> Outcome {
    let config = &modem.config;
    match ask {
        Ask::Execute => {
            let mut lines = vec![
                config.manufacturer.clone(),
                config.model.clone(),
                format!("Revision: {}", config.firmware),
            ];
            if imei(modem).is_err() {
                lines.push("IMEI: ".to_owned());
            }
            Ok(Reply::Lines(lines.into_iter().map(String::into_bytes).collect()))
        }
        _ => ok(),
    }
}
