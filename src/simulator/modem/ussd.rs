//! Unstructured supplementary services: the operator's code for one's own number (TS 27.007 clause
//! 7.15).

use super::command::{Ask, Command};
use super::reply::{Failure, Outcome, line, ok};
use super::{Modem, Now, Quirk};
use crate::simulator::digits::Country;
use crate::sms::{ussd_packed, ussd_text, ussd_ucs2};

/// The code that every simulated operator answers with the SIM's number, in national form inside a
/// sentence.
pub const OWN_NUMBER_CODE: &str = "*101#";
/// The code that leads to a menu, in which the second choice is the number.
pub const MENU_CODE: &str = "*100#";
/// With marks and a line end, as real menus have them.
const MENU: &str = "1: \"Balance\"\n2: Number";

/// Carries out `AT+CUSD`.
pub fn answer(modem: &mut Modem, command: &Command, _: Now) -> Option<Outcome> {
    if command.name != "+CUSD" {
        return None;
    }
    Some(match &command.ask {
        Ask::Test => line("+CUSD: (0-2)"),
        Ask::Query => line("+CUSD: 1"),
        Ask::Execute => ok(),
        Ask::Set(arguments) if arguments.count() < 2 => {
            modem.ussd_open &= arguments.number(0) != Some(2);
            ok()
        }
        Ask::Set(arguments) => dial(modem, arguments.text(1)),
    })
}

fn dial(modem: &mut Modem, code: &str) -> Outcome {
    let code = read(modem, code).ok_or(Failure::Cme(50))?;
    let registered = modem.is_registered();
    let card = modem.usable_sim().map_err(|fault| fault.cme())?;
    if !registered {
        return Err(Failure::Cme(30));
    }
    let number = own_number(&card.number);
    let (status, words) = match (modem.ussd_open, code.as_str()) {
        (true, "1") => (0, "Balance: 9.50".to_owned()),
        (true, "2") | (false, OWN_NUMBER_CODE) => (0, number),
        (true, _) => (1, format!("No such choice.\n{MENU}")),
        (false, MENU_CODE) => (1, MENU.to_owned()),
        (false, code) if is_code(code) => (2, "Unknown code".to_owned()),
        (false, _) => (2, String::new()),
    };
    modem.ussd_open = status == 1;
    let words = written(modem, &words);
    modem.after_reply = Some(match words.is_empty() {
        true => format!("+CUSD: {status}"),
        false => format!("+CUSD: {status},\"{words}\",15"),
    });
    ok()
}

/// Whether a network takes this string for a code (22.030 6.5.2).
fn is_code(string: &str) -> bool {
    string.bytes().all(|octet| octet.is_ascii_digit() || matches!(octet, b'*' | b'#'))
}

/// A string as this model writes it.
fn read(modem: &Modem, string: &str) -> Option<String> {
    if modem.has(Quirk::UssdPacked) || modem.has(Quirk::UssdUcs2) {
        let is_hex = hex::decode(string).is_ok_and(|octets| octets.len() > 1);
        return is_hex.then(|| ussd_text(string, None).text);
    }
    modem.settings.charset.decode(string.as_bytes())
}

fn written(modem: &Modem, text: &str) -> String {
    if modem.has(Quirk::UssdPacked) {
        return ussd_packed(text).unwrap_or_default();
    }
    if modem.has(Quirk::UssdUcs2) {
        return ussd_ucs2(text);
    }
    String::from_utf8_lossy(&modem.settings.charset.encode(text)).into_owned()
}

fn own_number(number: &str) -> String {
    let country = Country::of_number(number);
    let national = country.national(number);
    match country {
        Country::Nl => format!("Uw mobiele nummer is {national}."),
        _ => format!("Your number is {national}."),
    }
}
