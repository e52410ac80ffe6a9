//! Who made the modem, what it is, and its IMEI (TS 27.007 clauses 5.1–5.4, V.250 clause 6.1).

use super::command::{Ask, Command};
use super::reply::{Outcome, Reply, line, ok};
use super::{Modem, Now};

/// `CGMI`, `CGMM`, `CGMR`, `CGSN`, their V.250 twins, and `ATI`.
pub fn answer(modem: &mut Modem, command: &Command, _: Now) -> Option<Outcome> {
    let config = &modem.config;
    let value = match command.name.as_str() {
        "+CGMI" | "+GMI" => &config.manufacturer,
        "+CGMM" | "+GMM" => &config.model,
        "+CGMR" | "+GMR" => &config.firmware,
        "+CGSN" | "+GSN" => &config.imei,
        "I" => return Some(information(modem, &command.ask)),
        _ => return None,
    };
    match &command.ask {
        Ask::Execute => Some(line(value.as_str())),
        Ask::Test => Some(ok()),
        // TS 27.007 clause 5.4: <snt> 0 is the serial number, 1 the IMEI; they are the same here.
        Ask::Set(arguments) if command.name == "+CGSN" => match arguments.number(0)? {
            0 => Some(line(value.as_str())),
            1 => Some(line(format!("+CGSN: \"{value}\""))),
            _ => None,
        },
        _ => None,
    }
}

fn information(modem: &Modem, ask: &Ask) -> Outcome {
    let config = &modem.config;
    match ask {
        Ask::Execute => {
            let lines =
                [&config.manufacturer, &config.model, &format!("Revision: {}", config.firmware)];
            Ok(Reply::Lines(lines.map(|text| text.clone().into_bytes()).to_vec()))
        }
        _ => ok(),
    }
}
