//! `[[modem]]` and `[recovery]`.

use std::path::PathBuf;

use super::document::{Document, SectionReader};
use super::table;
use crate::driver::{POWER_PLACEHOLDERS, Port, Recovery, unknown_placeholder};

/// The settings of one section `[[modem]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModemSection {
    /// A path, a glob or an address.
    pub port: Port,
    /// Whether the address may be that of another machine.
    pub insecure: bool,
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
    use table::modem::{BAUD_RATE, INSECURE, PIN_FILE, PIN_WITHOUT_COUNT, PORT, PROFILE};
    let (baud, profile) = (section.get(&BAUD_RATE), section.get(&PROFILE));
    let pin_file = section.find(&PIN_FILE);
    let pin_without_count = section.get(&PIN_WITHOUT_COUNT);
    let insecure = section.get(&INSECURE);
    let Some(port) = section.find(&PORT) else {
        section.fault_here("a [[modem]] needs port = \"/dev/…\", a path, a glob or an address");
        return None;
    };
    let port = match checked(&port, insecure) {
        Ok(port) => port,
        Err(fault) => {
            section.fault(PORT.name, fault);
            return None;
        }
    };
    let line = section.line();
    Some(ModemSection { port, insecure, baud, profile, pin_file, pin_without_count, line })
}

/// The port with this text, if it is one that can be served.
fn checked(text: &str, insecure: bool) -> Result<Port, String> {
    let port = Port::parse(text)?;
    let Some(address) = port.address() else {
        glob::Pattern::new(text).map_err(|error| format!("not a glob: {error}"))?;
        if text.contains("**") {
            // Every look for new ports would walk all folders below.
            return Err("`**` would search whole trees: name the folder of the ports".to_owned());
        }
        return Ok(port);
    };
    if !address.is_loopback() && !insecure {
        return Err(format!(
            "\"{address}\" is not on this machine, and nothing encrypts what is said there, \
             neither texts nor PINs: name the end of a tunnel, such as \
             \"{}://127.0.0.1:{}\", or set insecure = true if nobody else can read or reach \
             that network",
            address.protocol.scheme(),
            address.port
        ));
    }
    Ok(port)
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
