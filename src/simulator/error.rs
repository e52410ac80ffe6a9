//! What can go wrong with the simulator itself.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why the simulator could not do as asked.
#[derive(Debug, Error)]
pub enum SimulatorError {
    /// No simulated SIM has the number; only its last digits are told.
    #[error(
        "no simulated SIM has the number that ends in {last_digits}; write it like +31612345678"
    )]
    UnknownNumber {
        /// The last digits of the number, at most three.
        last_digits: String,
    },
    /// There is no modem at this place.
    #[error("there is no modem {modem}; they are numbered from 0 to {last}")]
    UnknownModem {
        /// The place that was asked for.
        modem: usize,
        /// The place of the last modem.
        last: usize,
    },
    /// There is no bank with this number.
    #[error("there is no bank {bank}")]
    UnknownBank {
        /// The number that was asked for.
        bank: usize,
    },
    /// No such card, neither in a bank, in the drawer nor in a modem.
    #[error("there is no SIM with the ICCID {iccid}")]
    UnknownCard {
        /// The ICCID that was asked for.
        iccid: String,
    },
    /// A TPDU or other octets were not written in hexadecimal digits.
    #[error("these are not octets in hexadecimal digits")]
    NotHexadecimal,
    /// Not a name for a port.
    #[error("a port's name has letters, digits, - and _ only")]
    NotAName,
    /// The folder is in use.
    #[error("another simulator is running in {dir}")]
    FolderInUse {
        /// The folder of the simulator.
        dir: PathBuf,
    },
    /// There is no simulator in the folder.
    #[error("no simulator is running in {dir}: {reason}")]
    NotRunning {
        /// The folder of the simulator.
        dir: PathBuf,
        /// Why its socket could not be reached.
        reason: io::Error,
    },
    /// The simulator answered that it could not.
    #[error("{0}")]
    Refused(String),
    /// The scenario file is not right.
    #[error("{0}")]
    Scenario(String),
    /// The system refused a file, a pseudo-terminal or a socket.
    #[error("{what}: {reason}")]
    Io {
        /// What was being done, and with which path.
        what: String,
        /// What the system says.
        reason: io::Error,
    },
}

impl SimulatorError {
    /// An [`io::Error`] with what was being done.
    pub fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |reason| SimulatorError::Io { what, reason }
    }

    /// For a number that no SIM has.
    pub fn unknown_number(number: &str) -> Self {
        let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
        let last_digits = digits.iter().skip(digits.len().saturating_sub(3)).collect();
        SimulatorError::UnknownNumber { last_digits }
    }
}
