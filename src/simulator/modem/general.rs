//! The line itself and what belongs to no other family: echo, result codes, character set, clock,
//! battery.

use chrono::{Duration, Timelike};

use super::charset::{CHARSETS, Charset};
use super::command::{Arguments, Ask, Command};
use super::reply::{Failure, Outcome, Reply, accepted, line, ok};
use super::settings::Settings;
use super::{Modem, Now, Quirk, in_range};
use crate::simulator::digits::Country;

/// The commands that `AT+CLAC` lists.
const COMMANDS: &[&str] = &[
    "E", "V", "Q", "Z", "I", "&F", "&W", "&C", "&D", "S3", "S4", "+CBC", "+CCID", "+CCLK",
    "+CEREG", "+CFUN", "+CGMI", "+CGMM", "+CGMR", "+CGREG", "+CGSN", "+CIMI", "+CLAC", "+CLCK",
    "+CMEE", "+CMGD", "+CMGF", "+CMGL", "+CMGR", "+CMGS", "+CMGW", "+CNMA", "+CNMI", "+CNUM",
    "+COPS", "+CPAS", "+CPBR", "+CPBS", "+CPIN", "+CPINR", "+CPMS", "+CREG", "+CRSM", "+CSCA",
    "+CSCS", "+CSDH", "+CSMP", "+CSMS", "+CSQ", "+CUSD", "+GMI", "+GMM", "+GMR", "+GSN", "+ICCID",
];

/// Basic commands, `CMEE`, `CSCS`, `CLAC`, `CPAS`, `CBC`, `CCLK`.
pub fn answer(modem: &mut Modem, command: &Command, now: Now) -> Option<Outcome> {
    match &command.ask {
        Ask::Set(arguments) => set(modem, &command.name, arguments),
        Ask::Execute => execute(modem, &command.name),
        Ask::Query => query(modem, &command.name, now),
        Ask::Test => test(&command.name),
    }
}

fn set(modem: &mut Modem, name: &str, arguments: &Arguments) -> Option<Outcome> {
    let charset_stays = modem.has(Quirk::CharsetStays);
    let settings = &mut modem.settings;
    Some(match name {
        "E" => switch(arguments, &mut settings.echo),
        "V" => switch(arguments, &mut settings.verbose),
        "Q" => switch(arguments, &mut settings.quiet),
        "Z" | "&F" | "&W" => return execute(modem, name),
        "S3" => match arguments.number(0).map(u8::try_from) {
            Some(Ok(octet)) if octet < 128 => {
                settings.line_end = octet;
                ok()
            }
            _ => Err(Failure::Error),
        },
        "+CMEE" => in_range(arguments.number(0), 2).and_then(|level| {
            settings.errors = level;
            ok()
        }),
        // SIMCom, Quectel, u-blox: 0 is awake.
        "+CSCLK" | "+QSCLK" | "+UPSV" => {
            settings.sleeps = arguments.number(0) != Some(0);
            ok()
        }
        "+CSCS" if charset_stays => Err(Failure::Error),
        "+CSCS" => match Charset::parse(arguments.text(0)) {
            Some(charset) => {
                settings.charset = charset;
                ok()
            }
            None => Err(Failure::Error),
        },
        "+CCLK" => ok(),
        "D" => Err(Failure::NoCarrier),
        _ if has_no_effect(name) => ok(),
        _ => return None,
    })
}

/// Flow control, control lines, dialling, speaker, line speed: accepted, and of no consequence on a
/// wire without them.
fn has_no_effect(name: &str) -> bool {
    matches!(
        name,
        "&C" | "&D" | "&K" | "&S" | "H" | "L" | "M" | "X" | "+IPR" | "+ICF" | "+IFC" | "+WS46"
    ) || name.strip_prefix('S').is_some_and(|register| register.parse::<u8>().is_ok())
}

fn switch(arguments: &Arguments, setting: &mut bool) -> Outcome {
    let value = in_range(arguments.number(0), 1)?;
    *setting = value == 1;
    ok()
}

fn execute(modem: &mut Modem, name: &str) -> Option<Outcome> {
    match name {
        "E" => modem.settings.echo = false,
        "V" => modem.settings.verbose = false,
        "Q" => modem.settings.quiet = false,
        "Z" => modem.settings = modem.saved.clone(),
        "&F" => modem.settings = Settings::of(&modem.config),
        "&W" => modem.saved = modem.settings.clone(),
        "+CLAC" => {
            return Some(Ok(Reply::Lines(
                COMMANDS.iter().map(|name| format!("AT{name}").into_bytes()).collect(),
            )));
        }
        "+CPAS" => return Some(line("+CPAS: 0")),
        "+CBC" => return Some(line("+CBC: 0,100,4100")),
        "" => {}
        _ => return has_no_effect(name).then(ok),
    }
    Some(ok())
}

fn query(modem: &Modem, name: &str, now: Now) -> Option<Outcome> {
    let settings = &modem.settings;
    Some(match name {
        "S3" => line(format!("{:03}", settings.line_end)),
        "S4" => line("010"),
        "+CMEE" => line(format!("+CMEE: {}", settings.errors)),
        "+CSCS" => line(format!("+CSCS: \"{}\"", settings.charset)),
        "+IPR" => line("+IPR: 0"),
        "+CCLK" => line(clock(modem, now)),
        _ => return None,
    })
}

fn test(name: &str) -> Option<Outcome> {
    Some(match name {
        "E" | "V" | "Q" | "+CPAS" | "+CBC" | "+CLAC" | "+CCLK" => accepted(true),
        "+CMEE" => line("+CMEE: (0-2)"),
        "+CSCS" => {
            let names: Vec<String> =
                CHARSETS.iter().map(|charset| format!("\"{charset}\"")).collect();
            line(format!("+CSCS: ({})", names.join(",")))
        }
        _ => return None,
    })
}

/// Local time with the zone in quarters of an hour (TS 27.007 clause 8.15).
fn clock(modem: &Modem, now: Now) -> String {
    let number = modem.sim.as_ref().map_or("", |card| card.number.as_str());
    let zone = Country::of_number(number).zone_quarter_hours();
    let local = now.utc + Duration::minutes(i64::from(zone) * 15);
    let (date, hour) = (local.format("%y/%m/%d"), local.hour());
    format!("+CCLK: \"{date},{hour:02}:{}{zone:+03}\"", local.format("%M:%S"))
}
