//! How far long work is, on a terminal; nothing elsewhere.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Work that is done sooner shows nothing.
const PATIENCE: Duration = Duration::from_millis(300);

/// A line on standard error that is written over.
pub(super) struct Progress {
    what: &'static str,
    total: usize,
    began: Instant,
    is_shown: bool,
}

impl Progress {
    pub fn of(what: &'static str, total: usize) -> Progress {
        #[expect(clippy::disallowed_methods, reason = "only what is shown hangs on it")]
        let began = Instant::now();
        Progress { what, total, began, is_shown: false }
    }

    /// So many are done.
    pub fn done(&mut self, count: usize) {
        let mut err = std::io::stderr();
        if self.began.elapsed() >= PATIENCE && err.is_terminal() {
            self.is_shown = true;
            // A terminal that is gone is no fault of the work.
            let _ = write!(err, "\r{count} of {} {}\x1b[K", self.total, self.what);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
