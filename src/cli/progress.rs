//! How far long work is, on a terminal; nothing elsewhere.

use std::fmt::Display;
use std::io::{IsTerminal, Write};

/// A line on standard error that is written over, and gone at the end.
pub(super) struct Progress {
    is_shown: bool,
}

impl Progress {
    pub fn begin() -> Progress {
        Progress { is_shown: std::io::stderr().is_terminal() }
    }

    /// So far it is.
    pub fn show(&self, what: impl Display) {
        if self.is_shown {
            // A terminal that is gone is no fault of the work.
            let _ = write!(std::io::stderr(), "\r\x1b[K{what}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.show("");
    }
}
