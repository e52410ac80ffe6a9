//! Profiles: what is known beforehand about models of modems, from `hardware/modems/*.toml` and the
//! operator's own folder. A modem is still asked for its capabilities; a profile says what it
//! reports wrongly and what it cannot be asked for.

mod catalogue;
mod read;

pub use catalogue::Catalogue;
#[cfg(test)]
pub(crate) use catalogue::tests::shipped;
pub use read::ProfileError;
pub(crate) use read::explain;

use super::command_policy;
use crate::at::{self, Indications, MessageStore};

/// What has to be known about the modems of one family to use them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// The name of its file without `.toml`, by which a configuration names it.
    pub name: String,
    /// Which models it is for, in words.
    pub title: String,
    /// Where the facts in the profile come from.
    pub sources: Vec<String>,
    /// Patterns for the manufacturer, of which one must match; `*` stands for anything.
    manufacturers: Vec<String>,
    /// Patterns for the model, of which one must match.
    models: Vec<String>,
    /// Commands that are sent when the modem is configured. It may refuse them.
    pub(super) init: Vec<String>,
    /// The command that makes URCs arrive on the port that is open.
    pub(super) urc_port: Option<String>,
    /// Settings of `AT+CNMI` that are tried before the usual ones.
    pub(super) indications: Vec<Indications>,
    /// Values of `AT+CSMS` to try, in order; when empty, 0 is set.
    pub(super) services: Vec<u8>,
    pub(super) stores: Stores,
    /// Commands that read the ICCID and are tried before the usual ones.
    pub(super) iccid: Vec<String>,
    /// How to ask how many attempts for the PIN are left, in the order to try.
    pub(super) pin_attempts: Vec<PinAttempts>,
    soft_reset: Option<String>,
    hard_reset: Option<String>,
    /// The beginnings of lines by which the modem says that a store is full.
    pub(super) store_full: Vec<String>,
    /// The beginnings of lines by which the modem says that its supply voltage is out of range.
    voltage: Vec<String>,
    /// The command that selects a SIM slot, with `{slot}` for its number.
    slot: Option<String>,
    /// The number that the modem gives to its first slot.
    first_slot: u8,
    quirks: Vec<Quirk>,
}

/// What a modem reports wrongly, or not at all, about its message stores.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stores {
    /// The stores to read, in place of those that the modem reports; empty to use those.
    pub read: Vec<MessageStore>,
    /// The stores in which messages are to arrive, in order of preference.
    pub receive: Vec<MessageStore>,
    /// The number of parameters that `AT+CPMS` takes.
    pub parameters: Option<u8>,
}

/// A command that asks how many attempts for the PIN are left, and where its reply has the number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PinAttempts {
    pub command: String,
    /// The first field of the line that has the number; without it any line is used.
    line: Option<String>,
    /// The field that has the number, counted from 1.
    field: usize,
}

/// The attempts that a card can have left: three for the PIN, ten for the PUK (31.101).
const MAX_ATTEMPTS: std::ops::RangeInclusive<i32> = 0..=10;

impl PinAttempts {
    /// Reads the number of attempts from a line of the reply.
    pub fn read(&self, line: &str) -> Option<i32> {
        let (_, payload) = at::tag(line).and_then(|_| line.split_once(':'))?;
        let first = at::fields(payload).next().map(at::unquote);
        let fits = self
            .line
            .as_deref()
            .is_none_or(|wanted| first.is_some_and(|first| first.eq_ignore_ascii_case(wanted)));
        let number = at::fields(payload).nth(self.field.checked_sub(1)?).and_then(at::parse_int);
        // Some modems give 255, or −1, for a number that they do not know.
        number.filter(|number| fits && MAX_ATTEMPTS.contains(number))
    }
}

/// A deviation from the standards that the session handles. The list is closed, and each has its
/// test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quirk {
    /// `AT+CMGL` leaves messages out, so the indexes are read one by one.
    NoList,
    /// A message that arrives inside its URC must not be acknowledged with `AT+CNMA`.
    NoAcknowledge,
    /// The modem does not know `AT+CPIN?`, so reading the ICCID shows whether there is a card.
    NoPinState,
    /// `AT+CUSD` takes the code, and gives the network's text, as packed septets in hexadecimal.
    UssdPacked,
    /// `AT+CUSD` takes the code as UCS-2 in hexadecimal.
    UssdUcs2,
    /// After its store was full, the modem announces no more messages until it is restarted.
    DeafAfterFull,
}

impl Profile {
    /// Whether modems with this profile have this quirk.
    pub fn has(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }

    /// The command that restarts the modem.
    pub fn soft_reset(&self) -> &str {
        self.soft_reset.as_deref().unwrap_or("AT+CFUN=1,1")
    }

    /// The command for a stronger reset, if the modem has one.
    pub fn hard_reset(&self) -> Option<&str> {
        self.hard_reset.as_deref()
    }

    /// The command that selects a SIM slot inside the module, if it has slots. `slot` counts from
    /// 0; the command counts from the `first_slot` of the profile.
    pub fn slot_command(&self, slot: u8) -> Option<String> {
        let number = slot.checked_add(self.first_slot)?.to_string();
        self.slot.as_deref().map(|command| command.replace("{slot}", &number))
    }

    /// How well the profile fits a modem: the number of letters in the best patterns that match.
    /// `None` when it does not fit.
    fn fits(&self, manufacturer: &str, model: &str) -> Option<usize> {
        let best = |patterns: &[String], name: &str| {
            let letters = |pattern: &&String| pattern.bytes().filter(|byte| *byte != b'*').count();
            patterns
                .iter()
                .filter(|pattern| matches_pattern(pattern, name))
                .map(|pattern| letters(&pattern))
                .max()
        };
        Some(best(&self.manufacturers, manufacturer)? + best(&self.models, model)?)
    }

    /// Every command in the profile.
    fn commands(&self) -> impl Iterator<Item = &str> {
        let attempts = self.pin_attempts.iter().map(|question| &question.command);
        let single =
            [&self.urc_port, &self.soft_reset, &self.hard_reset, &self.slot].into_iter().flatten();
        self.init.iter().chain(&self.iccid).chain(attempts).chain(single).map(String::as_str)
    }

    /// The error for the first command that is malformed or writes an IMEI.
    fn bad_command(&self) -> Option<String> {
        self.commands().find_map(|command| {
            command_policy::check_file_command(command)
                .err()
                .map(|error| format!("`{command}`: {error}"))
        })
    }
}

/// Whether a pattern matches a name, in any case of the letters; `*` stands for anything.
fn matches_pattern(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_ascii_uppercase(), name.to_ascii_uppercase());
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    let mut open = false;
    for piece in pieces {
        open = piece.is_empty();
        if open {
            continue;
        }
        let Some((_, after)) = rest.split_once(piece) else { return false };
        rest = after;
    }
    open || rest.is_empty()
        || pattern
            .rsplit_once('*')
            .is_some_and(|(_, last)| name.ends_with(last) && !last.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_names_in_any_case() {
        let table = [
            ("EC25", "EC25", true),
            ("EC2*", "ec25-E", true),
            ("*SIM800*", "SIMCOM_SIM800C", true),
            ("*", "", true),
            ("EC2*", "UC20", false),
            ("EC25", "EC25-E", false),
            ("*-E", "EC25-E-E", true),
            ("A*B*C", "AxxBxxC", true),
            ("A*B*C", "AxxBxx", false),
        ];
        for (pattern, name, fits) in table {
            assert_eq!(matches_pattern(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn pin_attempts_are_read_from_the_replies_of_many_vendors() {
        let table = [
            (Some("SIM PIN"), 2, "+CPINR: SIM PIN,3,3", Some(3)),
            (Some("SIM PIN"), 2, "+CPINR: SIM PUK,10,10", None),
            (Some("SC"), 2, "+QPINC: \"SC\",2,10", Some(2)),
            (None, 4, "^CPIN: SIM PIN,,10,3,10,3", Some(3)),
            (None, 1, "+SPIC: 3,10,0,10", Some(3)),
            (None, 1, "#PCT: 1", Some(1)),
            (None, 1, "^SPIC: 3", Some(3)),
            (None, 1, "+UPINCNT: 3,3,10,10", Some(3)),
            (None, 9, "+UPINCNT: 3,3,10,10", None),
            (Some("SIM PIN"), 2, "+CPINR: \"SIM PIN\",1", Some(1)),
            (Some("SIM PIN"), 2, "+CPINR: SIM PIN2,3,3", None),
            (Some("SIM PIN"), 2, "+CPINR: SIM PIN,,3", None),
            (Some("SIM PIN"), 2, "+CPINR: 3", None),
            (None, 1, "+CPINC : 2,3,10,10", Some(2)),
            (None, 1, "+QTRPIN: 3,3,10,10", Some(3)),
            (None, 1, "+ZPINPUK: 3,10", Some(3)),
            (None, 1, "*EPIN: 1,10,3,10", Some(1)),
            (None, 1, "+XPINCNT: 0,3,10,10", Some(0)),
            (None, 1, "%PINNUM: 3,10,3,10", Some(3)),
            (None, 1, "_OERCN: 2,10", Some(2)),
            (None, 1, "+TPIN: 3,10,3,10", Some(3)),
            (None, 1, "+SPIC: 255,10", None),
            (None, 1, "+SPIC: -1,10", None),
            (None, 1, "OK", None),
        ];
        for (line, field, reply, attempts) in table {
            let question =
                PinAttempts { command: String::new(), line: line.map(str::to_owned), field };
            assert_eq!(question.read(reply), attempts, "{reply}");
        }
    }
}
