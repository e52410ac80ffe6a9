//! Which AT commands of an operator are sent: what is known to change nothing as it is, anything
//! else only if the operator insists, and what writes an IMEI, enters a PIN or sends and deletes
//! messages not at all. The commands are data, `hardware/at-commands.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use super::mask::{self, Kind};
use crate::domain::modem::RequestError;

/// The longest command line, in bytes.
const MAX_LENGTH: usize = 400;

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let text = include_str!("../../hardware/at-commands.toml");
    toml::from_str(text).unwrap_or(Policy { harmless: None, refused: None })
});

#[derive(Deserialize)]
struct Policy {
    /// `None` only if the file could not be read; then no command is sent.
    harmless: Option<Vec<String>>,
    refused: Option<Vec<Refusal>>,
}

/// Commands that are not sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refusal {
    what: Meaning,
    /// Their names, without the character before them.
    names: Vec<String>,
    /// Names that have one of these in them are among them.
    #[serde(default)]
    containing: Vec<String>,
    /// So are lines with one of these codes of the keypad.
    #[serde(default)]
    codes: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Meaning {
    Imei,
    Pin,
    Messages,
}

impl Meaning {
    fn refusal(self) -> RequestError {
        match self {
            Meaning::Imei => RequestError::WritesImei,
            Meaning::Pin => RequestError::EntersPin,
            Meaning::Messages => RequestError::HandlesMessages,
        }
    }
}

/// Checks that an operator's command may be sent, which is `forced` if the operator insists.
/// Returns it as the audit shows it: without PINs, texts and whole numbers.
pub fn screen_command(line: &str, forced: bool) -> Result<String, RequestError> {
    match check_command(line)? {
        Effect::None => {}
        Effect::Unknown if forced => {}
        Effect::Unknown => return Err(RequestError::NeedsForce),
    }
    Ok(mask::masked(Kind::Sent, line.trim()))
}

/// What a command may do to the modem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// It only reports.
    None,
    Unknown,
}

/// Checks that a text is one command line, and has nothing in it that is never sent for operators.
pub(super) fn check_command(text: &str) -> Result<Effect, RequestError> {
    find_effect(text, |_| true)
}

/// Checks that a text is one command line that writes no IMEI. What else the commands of profiles
/// and banks do is the business of who writes those files.
pub(crate) fn check_file_command(text: &str) -> Result<(), RequestError> {
    find_effect(text, |meaning| meaning == Meaning::Imei).map(drop)
}

/// What a command line may do, unless it does something that is refused.
fn find_effect(text: &str, is_refused: fn(Meaning) -> bool) -> Result<Effect, RequestError> {
    let printable = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    // Case and spaces mean nothing (V.250 clauses 5.2.1 and 5.4.1).
    let upper = text.to_ascii_uppercase().replace(' ', "");
    let body = upper.strip_prefix("AT").filter(|_| printable && text.len() <= MAX_LENGTH);
    let body = body.ok_or(RequestError::NotACommand)?;
    let (Some(harmless), Some(refused)) = (&POLICY.harmless, &POLICY.refused) else {
        return Err(RequestError::NeedsForce);
    };
    // Modems differ in whether a semicolon in quotes separates commands, so each does here.
    let mut effect = Effect::None;
    for command in body.split(';').filter(|command| !reports_only(command, harmless)) {
        let is_this = |refusal: &&Refusal| is_refused(refusal.what) && refusal.fits(command);
        match refused.iter().find(is_this) {
            Some(refusal) => return Err(refusal.what.refusal()),
            None => effect = Effect::Unknown,
        }
    }
    Ok(effect)
}

/// Checks that a USSD code changes no PIN: the keypad's codes for that are no USSD, but a modem may
/// carry them out by itself.
pub(super) fn check_ussd_code(code: &str) -> Result<(), RequestError> {
    let changes_pin = |refusal: &Refusal| refusal.codes.iter().any(|known| code.contains(known));
    match POLICY.refused.iter().flatten().find(|refusal| changes_pin(refusal)) {
        Some(refusal) => Err(refusal.what.refusal()),
        None => Ok(()),
    }
}

/// Whether a command is known to the letter or with any parameters, but with no other command
/// behind them, or reads or tests a parameter.
fn reports_only(command: &str, harmless: &[String]) -> bool {
    let is_question = || {
        let name = command.strip_suffix('?')?;
        let name = name.strip_suffix('=').unwrap_or(name);
        let name = name.strip_prefix(is_prefix)?;
        Some(!name.is_empty() && name.bytes().all(is_of_name))
    };
    let is_known = |known: &String| match known.strip_suffix('*') {
        Some(beginning) => command.starts_with(beginning) && command_names(command).count() == 1,
        None => known == command,
    };
    harmless.iter().any(is_known) || is_question() == Some(true)
}

impl Refusal {
    fn fits(&self, command: &str) -> bool {
        let is_named = |name: &str| {
            self.names.iter().any(|known| known == name)
                || self.containing.iter().any(|part| name.contains(part.as_str()))
        };
        command_names(command).any(is_named) || self.codes.iter().any(|code| command.contains(code))
    }
}

/// The names of all commands with extended syntax in a text, without the character before them.
/// Such a command may follow one with basic syntax without anything between them (V.250 clause
/// 5.4.5), and modems may be lenient elsewhere, so names are looked for everywhere.
fn command_names(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices(is_prefix).filter_map(|(at, prefix)| {
        let name = text.get(at + prefix.len()..)?;
        let end = name.bytes().position(|byte| !is_of_name(byte)).unwrap_or(name.len());
        name.get(..end).filter(|name| name.starts_with(|c: char| c.is_ascii_uppercase()))
    })
}

/// The characters by which standards and vendors begin names.
fn is_prefix(c: char) -> bool {
    matches!(c, '+' | '*' | '^' | '#' | '%' | '$' | '!' | '&' | '@' | '_' | '~')
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_can_be_read_and_names_its_sources() {
        let file = include_str!("../../hardware/at-commands.toml");
        let policy: Policy = toml::from_str(file).unwrap_or_else(|error| panic!("{error}"));
        assert!(policy.harmless.unwrap().len() > 80 && policy.refused.unwrap().len() == 3);
        let table: toml::Table = file.parse().unwrap();
        assert!(!table["sources"].as_array().unwrap().is_empty());
    }

    #[test]
    fn only_commands_on_one_line_that_write_no_imei() {
        let number = "\"861234567890123\"";
        for line in [
            format!("AT+EGMR=1,7,{number}"),
            format!("AT+EGMR = 1,7,{number}"),
            format!("AT+EGMR=01,7,{number}"),
            format!("AT+EGMR=\"1\",7,{number}"),
            format!("AT+EGMR=+1,7,{number}"),
            format!("at+egmr=1,7,{number}"),
            format!("AT E0+EGMR=1,7,{number}"),
            format!("ATE0V1&F+EGMR=1,7,{number}"),
            format!("AT+CSQ;+EGMR=1,7,{number}"),
            format!("AT+CSQ; + EGMR=1,7,{number}"),
            format!("AT+CMGL=\"ALL;+EGMR=1,7,{number}"),
            format!("AT+CMGR=1+EGMR=1,7,{number}"),
            format!("AT+EGMR=1,7,{number}?"),
            format!("AT+EGMREXT=1,7,{number}"),
            format!("AT+SPIMEI=0,{number}"),
            format!("AT+LCTSN=1,7,{number}"),
            format!("AT+GTSN=1,7,{number}"),
            format!("AT+MODIMEI={number}"),
            "AT!NVIMEI=86,12,34".to_owned(),
            "AT!NVENCRYPTIMEI=86,12,34".to_owned(),
            format!("AT^CIMEI={number}"),
            format!("AT^PHYNUM=IMEI,{number}"),
            "AT%IMEIWRITE=0,1".to_owned(),
            "AT*MRD_IMEI=W,0,01JAN1970,1".to_owned(),
            "AT*EIMEI=1".to_owned(),
            format!("AT+SIMEI={number}"),
            format!("AT+CGSN={number}"),
            "AT+QNVFW=\"/nv/item_files/x\",08".to_owned(),
            "AT+QNVW=550,0,\"08\"".to_owned(),
            "AT+QNVW=0550,0,\"08\"".to_owned(),
            "AT^NVWREX=550,0,9,8".to_owned(),
            "AT^NVWR=550,0,9,8".to_owned(),
        ] {
            assert_eq!(check_command(&line), Err(RequestError::WritesImei), "{line}");
        }
        for line in ["+CSQ", "AT+CSQ\rAT", "AT+CUSD=1,\"*100#é\"", "A/", "a/", "", "CSQ"] {
            assert_eq!(check_command(line), Err(RequestError::NotACommand), "{line}");
        }
        assert_eq!(
            check_command(&format!("AT{}", "x".repeat(400))),
            Err(RequestError::NotACommand)
        );
    }

    #[test]
    fn pins_locks_and_messages_are_left_to_the_daemon() {
        for line in [
            "AT+CPIN=\"1234\"",
            "AT+CPIN=1234",
            "at + cpin = 1234",
            "AT^CPIN=1234",
            "AT*CPIN=1234",
            "AT+CPIN2=1234",
            "ATZ+CPIN=1234",
            "AT+CLCK=\"SC\",1,\"1234\"",
            "AT+CLCK=\"SC\",02",
            "AT+CPWD=\"SC\",\"1234\",\"4321\"",
            "AT^SPWD=\"SC\",\"1\",\"2\"",
            "AT^CARDLOCK=\"12345678\"",
            "AT+CSIM=26,\"0020000108\"",
            "AT+CRSM=220,28476,1,4,176,\"00\"",
            "ATD**04*1234*4321*4321#;",
            "ATD**052*12345678*1234*1234#;",
            "AT+CUSD=1,\"**05*12345678*1234*1234#\"",
        ] {
            assert_eq!(check_command(line), Err(RequestError::EntersPin), "{line}");
        }
        for line in [
            "AT+CMGD=1,4",
            "AT+CMGD=1",
            "AT+CMGDA=6",
            "AT+QMGDA=\"DEL ALL\"",
            "AT+CMGS=10",
            "AT+CMGS=\"+31612345678\"",
            "AT+CMSS=1",
            "AT+CMGSO=\"1\",\"x\"",
            "AT+CMGW",
            "AT+CNMA",
            "AT+CMGR=1;+CMGD=1",
            "AT+CSQ;;+CMGD=1",
        ] {
            assert_eq!(check_command(line), Err(RequestError::HandlesMessages), "{line}");
        }
        assert_eq!(check_ussd_code("*100*04*1#"), Ok(()));
        for code in ["**04*1234*4321*4321#", "**03*330*1*2*2#", "**042*1*2*2#", "**05*1*2*2#"] {
            assert_eq!(check_ussd_code(code), Err(RequestError::EntersPin), "{code}");
        }
    }

    #[test]
    fn files_of_hardware_write_no_imei_either() {
        assert_eq!(check_file_command("AT+XPINLEFT"), Ok(()));
        assert_eq!(check_file_command("AT+SWIT01-0001"), Ok(()));
        assert_eq!(check_file_command("AT+CPIN=1;+EGMR=1,7,1"), Err(RequestError::WritesImei));
        assert_eq!(check_file_command("SWIT"), Err(RequestError::NotACommand));
    }

    #[test]
    fn what_only_reports_is_sent_and_the_rest_if_the_operator_insists() {
        for line in [
            "AT",
            "at",
            "ATI",
            "ati9",
            "AT&V",
            "AT+CSQ",
            "AT+COPS?",
            "AT+COPS=?",
            "AT+COPS=0",
            "at+cops = 0",
            "AT+CPIN?",
            "AT^CPIN?",
            "AT+CLCK=\"SC\",2",
            "AT+CLCK=?",
            "AT+EGMR=0,7",
            "AT+SIMEI?",
            "AT+CGSN=1",
            "AT+CNUM;+CSQ;",
            "AT+CMGR=3",
            "AT+CMGL=4",
            "AT+CPBR=1,99",
            "AT+CRSM=176,12258,0,0,10",
            "AT+NOSUCH?",
        ] {
            assert_eq!(screen_command(line, false).map(drop), Ok(()), "{line}");
        }
        for line in [
            "ATZ",
            "AT&F",
            "ATE0",
            "ATA/",
            "ATD+31612345678;",
            "ATD*99#",
            "AT+CFUN=0",
            "AT+COPS=2",
            "AT+COPS=0,0",
            "AT+CMGF=1",
            "AT+CPMS=\"ME\"",
            "AT+CSQ;+CFUN=0",
            "AT+CMGR=1+CFUN=0",
            "AT+CUSD=1,\"*100#\",15",
            "AT^RESET",
            "AT+CFUN=1,1?",
        ] {
            assert_eq!(screen_command(line, false), Err(RequestError::NeedsForce), "{line}");
            assert!(screen_command(line, true).is_ok(), "{line}");
        }
    }

    #[test]
    fn the_audit_has_no_secret() {
        for (line, shown) in [
            (" AT+CSQ ", "AT+CSQ"),
            ("AT+CUSD=1,\"*101*4711#\",15", "AT+CUSD=***"),
            ("ATD+31612345678;", "ATD+…678;"),
            ("AT+CPBW=1,\"+31612345678\",145,\"Ann\"", "AT+CPBW=1,\"+…678\",145,\"Ann\""),
        ] {
            assert_eq!(screen_command(line.trim(), true).as_deref(), Ok(shown));
        }
        assert_eq!(screen_command("AT+CPIN=1234", true), Err(RequestError::EntersPin));
    }
}
