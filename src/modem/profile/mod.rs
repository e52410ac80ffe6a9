//! What is known of a modem model beforehand: data out of `hardware/modems/*.toml` and the
//! operator's own folder. A modem is still asked what it can do; a profile says where asking lies,
//! and what cannot be asked.

mod catalogue;
mod read;

pub use catalogue::Catalogue;
pub use read::ProfileError;
pub(crate) use read::explain;

use super::requests;
use crate::at::{self, Indications, MessageStore};

/// A profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// What it calls itself.
    pub name: String,
    /// Where its facts come from.
    pub sources: Vec<String>,
    /// Patterns (`*` stands for anything) that the manufacturer must fit, one of them.
    manufacturers: Vec<String>,
    /// The same for the model.
    models: Vec<String>,
    /// Sent when the modem is set up; what it refuses is passed over.
    pub(super) init: Vec<String>,
    /// Has URCs come on the port that is open.
    pub(super) urc_port: Option<String>,
    /// Tried before the others.
    pub(super) indications: Vec<Indications>,
    /// Tried in order; without any, 0.
    pub(super) services: Vec<u8>,
    pub(super) stores: Stores,
    /// Commands that read the ICCID, tried before the others.
    pub(super) iccid: Vec<String>,
    /// How to ask for the attempts that are left for the PIN, tried in order.
    pub(super) pin_attempts: Vec<PinAttempts>,
    soft_reset: Option<String>,
    hard_reset: Option<String>,
    /// Beginnings of lines that say that a store is full.
    pub(super) store_full: Vec<String>,
    slot: Option<String>,
    first_slot: u8,
    quirks: Vec<Quirk>,
}

/// What a modem says wrongly, or not at all, of its message stores.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stores {
    /// Those that are read, instead of what it says.
    pub read: Vec<MessageStore>,
    /// Where messages are to arrive, in the order of preference.
    pub receive: Vec<MessageStore>,
    /// How many parameters `AT+CPMS` takes.
    pub parameters: Option<u8>,
}

/// A question for the attempts that are left for the PIN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PinAttempts {
    pub command: String,
    /// The line of the reply that counts has this as its first field; without it the first line
    /// does.
    line: Option<String>,
    /// Which field of the line, from 1.
    field: usize,
}

impl PinAttempts {
    /// The number on a line of the reply.
    pub fn read(&self, line: &str) -> Option<i32> {
        let (_, payload) = at::tag(line).and_then(|_| line.split_once(':'))?;
        let first = at::fields(payload).next().map(at::unquote);
        let fits = self
            .line
            .as_deref()
            .is_none_or(|wanted| first.is_some_and(|first| first.eq_ignore_ascii_case(wanted)));
        fits.then(|| at::fields(payload).nth(self.field.checked_sub(1)?).and_then(at::int))
            .flatten()
    }
}

/// An oddity that the session knows how to live with. A closed list: each has its test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quirk {
    /// `AT+CMGL` leaves messages out: indexes are read one by one.
    NoList,
    /// A message that came with its URC wants no `AT+CNMA`.
    NoAcknowledge,
    /// `AT+CPIN?` is not known: the ICCID tells whether there is a card.
    NoPinState,
    /// `AT+CUSD` wants its code, and gives the network's text, as packed septets in hexadecimal.
    UssdPacked,
    /// `AT+CUSD` wants its code as UCS-2 in hexadecimal.
    UssdUcs2,
    /// After its store was full it announces nothing any more until it is started anew.
    DeafAfterFull,
}

impl Profile {
    /// Whether it has this oddity.
    pub fn has(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }

    /// The command that starts the modem anew.
    pub fn soft_reset(&self) -> &str {
        self.soft_reset.as_deref().unwrap_or("AT+CFUN=1,1")
    }

    /// A stronger one, where there is one.
    pub fn hard_reset(&self) -> Option<&str> {
        self.hard_reset.as_deref()
    }

    /// The command that chooses a SIM slot inside the module, where there is one; counted from 0
    /// here, from the profile's `first_slot` there.
    pub fn slot_command(&self, slot: u8) -> Option<String> {
        let number = slot.checked_add(self.first_slot)?.to_string();
        self.slot.as_deref().map(|command| command.replace("{slot}", &number))
    }

    /// How well it fits: the letters of the patterns that fit; `None` when it does not.
    fn fits(&self, manufacturer: &str, model: &str) -> Option<usize> {
        let best = |patterns: &[String], name: &str| {
            let letters = |pattern: &&String| pattern.bytes().filter(|byte| *byte != b'*').count();
            patterns
                .iter()
                .filter(|pattern| like(pattern, name))
                .map(|pattern| letters(&pattern))
                .max()
        };
        Some(best(&self.manufacturers, manufacturer)? + best(&self.models, model)?)
    }

    /// Every command that it would send.
    fn commands(&self) -> impl Iterator<Item = &str> {
        let attempts = self.pin_attempts.iter().map(|question| &question.command);
        let single =
            [&self.urc_port, &self.soft_reset, &self.hard_reset, &self.slot].into_iter().flatten();
        self.init.iter().chain(&self.iccid).chain(attempts).chain(single).map(String::as_str)
    }

    /// The first command that is none, or that writes an IMEI.
    fn bad_command(&self) -> Option<String> {
        self.commands().find_map(|command| {
            requests::check(command).err().map(|error| format!("`{command}`: {error}"))
        })
    }
}

/// Whether a name fits a pattern, whatever the case; `*` stands for anything.
fn like(pattern: &str, name: &str) -> bool {
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
    fn names_and_patterns() {
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
            assert_eq!(like(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn attempts_as_eight_vendors_tell_them() {
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
            (None, 1, "OK", None),
        ];
        for (line, field, reply, attempts) in table {
            let question =
                PinAttempts { command: String::new(), line: line.map(str::to_owned), field };
            assert_eq!(question.read(reply), attempts, "{reply}");
        }
    }
}
