//! `[[bank]]`: SIM banks, and the radios that use their SIMs.

use std::path::PathBuf;
use std::time::Duration;

use super::document::{Document, SectionReader};
use super::table::bank::{
    BAUD_RATE, CONTROL, NAME, PIN_FILE, PIN_WITHOUT_COUNT, PORTS, PROFILE, QUIET, RENTAL_VISIT,
    SECTION, SELL_WITHIN, SIM_SLOTS, STAY, SWITCH, VISIT_ON_VIEW,
};
use crate::domain::text::check_name;
use crate::driver::{SWITCH_PLACEHOLDERS, unknown_placeholder};

/// The settings of one section `[[bank]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankSection {
    pub name: String,
    /// The name of a file in `hardware/banks`.
    pub profile: String,
    /// The port that the bank listens on for commands.
    pub control: Option<PathBuf>,
    /// The operator's program that switches SIMs, with its arguments.
    pub switch: Vec<String>,
    /// The ports of the radios, in the bank's own order.
    pub ports: Vec<String>,
    /// The number of slots of each radio, or of the whole bank, depending on the `reach` in its
    /// profile.
    pub slots: u32,
    /// Bits per second on the ports of the radios.
    pub baud: u32,
    /// The file with the PIN of the SIM cards.
    pub pin_file: Option<PathBuf>,
    /// Whether the PIN is tried once where it is not known how many attempts are left.
    pub pin_without_count: bool,
    /// A rented SIM is connected to the network at least this often.
    pub rental_visit: Duration,
    /// When its customer looks at a rental, a SIM that was off the network for longer than this is
    /// connected at once; `None`: never.
    pub visit_on_view: Option<Duration>,
    /// A parked SIM is sold if it can be connected within this time; `None`: never.
    pub sell_within: Option<Duration>,
    /// The minimum time that a SIM stays connected after its last message.
    pub quiet: Duration,
    /// The time that a SIM without an order stays connected before the next one has its turn.
    pub stay: Duration,
    /// The line that the section begins on.
    pub line: usize,
}

impl BankSection {
    /// Whether another section has the same content, wherever it is in the file.
    pub fn has_content_of(&self, other: &BankSection) -> bool {
        *self == BankSection { line: self.line, ..other.clone() }
    }
}

pub(super) fn banks<'d>(document: &'d Document<'d>) -> Vec<BankSection> {
    let mut banks: Vec<BankSection> = Vec::new();
    for (index, section) in document.list(&SECTION).into_iter().enumerate() {
        let bank = bank(&section, index);
        check_ports(&section, &bank, &banks);
        if banks.iter().any(|other| other.name == bank.name) {
            section.fault_here(format!(
                "there is already a bank \"{}\": give each a name of its own",
                bank.name
            ));
        }
        banks.push(bank);
    }
    banks
}

/// Notes faults of the ports, among themselves and with those of the banks before.
fn check_ports(section: &SectionReader<'_>, bank: &BankSection, before: &[BankSection]) {
    for port in &bank.ports {
        if port.contains("://") {
            let fault = "the ports of a bank are paths: addresses are for [[modem]]";
            section.fault(PORTS.name, format!("\"{port}\": {fault}"));
            continue;
        }
        if port.contains(['*', '?', '[']) {
            section.fault(
                PORTS.name,
                format!("\"{port}\": the ports of a bank are paths, in the order of its radios"),
            );
        }
        let is_repeated = bank.ports.iter().filter(|other| *other == port).count() > 1;
        if is_repeated || before.iter().any(|other| other.ports.contains(port)) {
            section.fault(
                PORTS.name,
                format!("\"{port}\" is listed twice; a radio belongs to one bank, once"),
            );
        }
    }
}

fn bank(section: &SectionReader<'_>, index: usize) -> BankSection {
    let name = section.find(&NAME).unwrap_or_else(|| format!("bank{}", index + 1));
    if let Err(error) = check_name(&name) {
        section.fault(NAME.name, format!("a bank's name cannot be this: {error}"));
    }
    let profile = section.find(&PROFILE);
    if profile.is_none() {
        section.fault_here(
            "a [[bank]] needs profile = \"swit\", \"module\", \"command\" or a file of your own",
        );
    }
    let ports = section.find(&PORTS).unwrap_or_default();
    if ports.is_empty() {
        section.fault_here(
            "a [[bank]] needs ports = [\"/dev/…\", …]: its radios, in the bank's own order",
        );
    }
    let switch = section.get(&SWITCH);
    if let Some(fault) =
        switch.iter().find_map(|word| unknown_placeholder(word, &SWITCH_PLACEHOLDERS))
    {
        section.fault(SWITCH.name, format!("`switch`: {fault}"));
    }
    let slots = section.find(&SIM_SLOTS);
    if slots.is_none() {
        section.fault_here(
            "a [[bank]] needs slots = 16: the number of SIM slots of each radio (or of the bank, \
             where all radios share them)",
        );
    }
    let unless_zero = |time: Duration| Some(time).filter(|time| !time.is_zero());
    BankSection {
        name,
        profile: profile.unwrap_or_default(),
        control: section.find(&CONTROL),
        switch,
        ports,
        slots: slots.unwrap_or(1),
        baud: section.get(&BAUD_RATE),
        pin_file: section.find(&PIN_FILE),
        pin_without_count: section.get(&PIN_WITHOUT_COUNT),
        rental_visit: section.get(&RENTAL_VISIT),
        visit_on_view: unless_zero(section.get(&VISIT_ON_VIEW)),
        sell_within: unless_zero(section.get(&SELL_WITHIN)),
        quiet: section.get(&QUIET),
        stay: section.get(&STAY),
        line: section.line(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;

    #[test]
    fn a_bank_is_read_and_what_it_lacks_or_has_twice_is_reported() {
        let good = "[[bank]]\nprofile = \"swit\"\ncontrol = \"/dev/b\"\nports = [\"/dev/0\", \
                    \"/dev/1\"]\nslots = 16\n";
        let config = Config::parse(good).unwrap();
        let bank = &config.banks[0];
        assert_eq!(
            (
                bank.name.as_str(),
                bank.slots,
                bank.ports.len(),
                bank.sell_within.map(|t| t.as_secs())
            ),
            ("bank1", 16, 2, Some(180))
        );
        assert_eq!(config.without_effect, [""; 0]);
        let off = Config::parse(&format!("{good}sell_within = \"0s\"\nvisit_on_view = \"0s\"\n"))
            .unwrap();
        assert_eq!((off.banks[0].sell_within, off.banks[0].visit_on_view), (None, None));
        for (text, words) in [
            ("[[bank]]\nslots = 2\nports = [\"/dev/a\"]", "needs profile"),
            ("[[bank]]\nprofile = \"swit\"\nslots = 2", "needs ports"),
            ("[[bank]]\nprofile = \"swit\"\nports = [\"/dev/a\"]", "needs slots"),
            ("[[bank]]\nprofile = \"swit\"\nports = [\"/dev/a*\"]\nslots = 2", "are paths"),
            ("[[bank]]\nprofile = \"swit\"\nports = [\"/dev/a\", \"/dev/a\"]\nslots = 2", "twice"),
            (
                "[[bank]]\nname = \"a\\u200Bb\"\nprofile = \"swit\"\nports = \
                 [\"/dev/a\"]\nslots = 2",
                "U+200B",
            ),
            (
                "[[bank]]\nprofile = \"command\"\nports = [\"/dev/a\"]\nslots = 2\nswitch = \
                 [\"x\", \"{row}\"]",
                "there is no {row}; there are {radio}, {slot}, {port}, {bank}",
            ),
            ("[[bank]]\nprofil = \"swit\"\nports = [\"/dev/a\"]\nslots = 2", "profile"),
        ] {
            let faults = Config::parse(text).unwrap_err();
            assert!(faults.iter().any(|fault| fault.text.contains(words)), "{text}: {faults:?}");
        }
        let twice = Config::parse(&format!("{good}{good}")).unwrap_err();
        assert!(
            twice.iter().any(|fault| fault.line == 6
                || fault.text.contains("already")
                || fault.text.contains("twice")),
            "{twice:?}"
        );
    }
}
