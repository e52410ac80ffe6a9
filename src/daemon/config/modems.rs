//! `[[modem]]` and `[recovery]`.

use std::path::PathBuf;

use super::document::{Document, SectionReader};
use super::table;
use crate::driver::{POWER_PLACEHOLDERS, Recovery, unknown_placeholder};

/// The settings of one section `[[modem]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModemSection {
    /// A path or a glob.
    pub port: String,
    /// How fast the serial port is, in bits per second.
    pub baud: u32,
    /// The name of the profile; without it, the one that matches the modem is used.
    pub profile: Option<String>,
    /// The file with the PIN of the SIM cards.
    pub pin_file: Option<PathBuf>,
    /// Whether the PIN is tried once where it is not known how many attempts are left.
    pub pin_without_count: bool,
    /// The line that the section begins on.
    pub line: usize,
}

impl ModemSection {
    /// Whether another section has the same content, wherever it is in the file.
    pub fn has_content_of(&self, other: &ModemSection) -> bool {
        *self == ModemSection { line: self.line, ..other.clone() }
    }
}

/// All of them. One without a usable port is left out.
pub(super) fn modems<'d>(document: &'d Document<'d>) -> Vec<ModemSection> {
    document.list(&table::modem::SECTION).iter().filter_map(modem).collect()
}

fn modem(section: &SectionReader<'_>) -> Option<ModemSection> {
    use table::modem::{BAUD_RATE, PIN_FILE, PIN_WITHOUT_COUNT, PORT, PROFILE};
    let (baud, profile) = (section.get(&BAUD_RATE), section.get(&PROFILE));
    let pin_file = section.find(&PIN_FILE);
    let pin_without_count = section.get(&PIN_WITHOUT_COUNT);
    let Some(port) = section.find(&PORT) else {
        section.fault_here("a [[modem]] needs port = \"/dev/…\", a path or a glob");
        return None;
    };
    if let Err(error) = glob::Pattern::new(&port) {
        section.fault(PORT.name, format!("not a glob: {error}"));
        return None;
    }
    if port.contains("**") {
        // Every look for new ports would walk all folders below.
        section.fault(PORT.name, "`**` would search whole trees: name the folder of the ports");
        return None;
    }
    let line = section.line();
    Some(ModemSection { port, baud, profile, pin_file, pin_without_count, line })
}

pub(super) fn recovery(section: &SectionReader<'_>) -> Recovery {
    use table::recovery::{POWER_CYCLE, RESETS_PER_HOUR, USB_REBIND};
    let power_cycle = section.get(&POWER_CYCLE);
    if let Some(fault) =
        power_cycle.iter().find_map(|word| unknown_placeholder(word, &POWER_PLACEHOLDERS))
    {
        section.fault(POWER_CYCLE.name, format!("`power_cycle`: {fault}"));
    }
    Recovery {
        resets_per_hour: section.get(&RESETS_PER_HOUR),
        usb_rebind: section.get(&USB_REBIND),
        power_cycle,
    }
}
