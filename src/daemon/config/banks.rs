//! `[[bank]]`: SIM banks, and the radios that their SIMs are put on.

use std::path::PathBuf;
use std::time::Duration;

use super::reader::Section;
use crate::driver::{SWITCH_PLACES, unknown_place};

/// More slots are a slip of the pen.
const MOST_SLOTS: i64 = 9999;

/// One `[[bank]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankKeys {
    /// `name`.
    pub name: String,
    /// `profile`: a file of `hardware/banks`.
    pub profile: String,
    /// `control`: the port that the bank listens on.
    pub control: Option<PathBuf>,
    /// `switch`: the operator's program.
    pub switch: Vec<String>,
    /// `ports`: the radios', in the order in which the bank counts them.
    pub ports: Vec<String>,
    /// `slots`: of each radio, or of the whole bank, as its profile's `reach` is.
    pub slots: u32,
    /// `baud`, of the radios' ports.
    pub baud: u32,
    /// `pin_file`: the file with the PIN of the SIM cards.
    pub pin_file: Option<PathBuf>,
    /// `rental_visit`: a rented SIM is on the air at least this often.
    pub rental_visit: Duration,
    /// `visit_on_view`: a rented SIM that was off the air for longer is put on when its customer
    /// looks; `None`: never.
    pub visit_on_view: Option<Duration>,
    /// `sell_within`: a parked SIM is sold when it can be on the air within this; `None`: never.
    pub sell_within: Option<Duration>,
    /// `quiet`: so long a SIM stays after its last message.
    pub quiet: Duration,
    /// `stay`: so long a SIM that nobody waits for stays before another has its turn.
    pub stay: Duration,
    /// The line that it stands on.
    pub line: usize,
}

impl BankKeys {
    /// Whether another entry means the same, on whatever line it stands.
    pub fn is_meant_as(&self, other: &BankKeys) -> bool {
        *self == BankKeys { line: self.line, ..other.clone() }
    }
}

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

/// All of them.
pub(super) fn banks(root: &mut Section<'_>) -> Vec<BankKeys> {
    let mut banks: Vec<BankKeys> = Vec::new();
    for (place, mut section) in root.sections("bank").into_iter().enumerate() {
        let bank = bank(&mut section, place);
        for port in &bank.ports {
            if port.contains(['*', '?', '[']) {
                section.fault(
                    "ports",
                    format!(
                        "\"{port}\": a bank's ports are paths, in the order in which it counts \
                         its radios"
                    ),
                );
            }
            let twice = bank.ports.iter().filter(|other| *other == port).count() > 1;
            if twice || banks.iter().any(|other| other.ports.contains(port)) {
                section.fault(
                    "ports",
                    format!("\"{port}\" is named twice; a radio is in one place of one bank"),
                );
            }
        }
        if banks.iter().any(|other| other.name == bank.name) {
            section.fault_here(format!(
                "there is a bank \"{}\" already: give each its name",
                bank.name
            ));
        }
        section.end();
        banks.push(bank);
    }
    banks
}

fn bank(section: &mut Section<'_>, place: usize) -> BankKeys {
    let profile = section.text("profile");
    if profile.is_none() {
        section.fault_here(
            "a [[bank]] needs profile = \"swit\", \"module\", \"command\" or a file of your own",
        );
    }
    let ports = section.texts("ports");
    if ports.is_empty() {
        section.fault_here(
            "a [[bank]] needs ports = [\"/dev/…\", …]: its radios, in the order in which it \
             counts them",
        );
    }
    let switch = section.texts("switch");
    if let Some(fault) = switch.iter().find_map(|word| unknown_place(word, &SWITCH_PLACES)) {
        section.fault("switch", format!("`switch`: {fault}"));
    }
    let slots = section.whole("slots", 1..=MOST_SLOTS).and_then(|slots| u32::try_from(slots).ok());
    if slots.is_none() {
        section.fault_here(
            "a [[bank]] needs slots = 16: how many SIMs each radio has (or, where all share them, \
             the bank)",
        );
    }
    BankKeys {
        name: section.text("name").unwrap_or_else(|| format!("bank{}", place + 1)),
        profile: profile.unwrap_or_default(),
        control: section.text("control").map(PathBuf::from),
        switch,
        ports,
        slots: slots.unwrap_or(1),
        baud: section
            .whole("baud", 300..=4_000_000)
            .and_then(|baud| u32::try_from(baud).ok())
            .unwrap_or(115_200),
        pin_file: section.text("pin_file").map(PathBuf::from),
        rental_visit: section.duration("rental_visit").unwrap_or(2 * HOUR),
        visit_on_view: off_or(section, "visit_on_view", 10 * MINUTE),
        sell_within: off_or(section, "sell_within", 3 * MINUTE),
        quiet: section.duration("quiet").unwrap_or(MINUTE),
        stay: section.duration("stay").unwrap_or(10 * MINUTE),
        line: section.line(),
    }
}

/// A time, or zero for never.
fn off_or(section: &mut Section<'_>, key: &'static str, usual: Duration) -> Option<Duration> {
    Some(section.duration_or_zero(key).unwrap_or(usual)).filter(|time| !time.is_zero())
}

#[cfg(test)]
mod tests {
    use super::super::Config;

    #[test]
    fn a_bank_is_read_and_what_it_lacks_or_has_twice_is_said() {
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
