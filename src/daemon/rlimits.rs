//! What the system lets this process use: file descriptors, sizes of files.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

/// Linux's number of the signal that a write beyond the limit of a file's size brings.
const SIGXFSZ: i32 = 25;

/// Takes as many file descriptors as this process may have, and lets a limit of files' sizes be an
/// error of the write instead of the end of the process. Needs a runtime.
pub fn take() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        // What cannot be had is not had; the limit as it is holds.
        let _ =
            setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    }
    if let Ok(mut beyond) = signal(SignalKind::from_raw(SIGXFSZ)) {
        tokio::spawn(async move { while beyond.recv().await.is_some() {} });
    }
}

/// How many connections there may be when `wanted` are: half of all descriptors at most. The others
/// are the modems' and the database's.
pub(super) fn connections(wanted: usize) -> usize {
    let descriptors =
        getrlimit(Resource::Nofile).current.and_then(|most| usize::try_from(most).ok());
    descriptors.map_or(wanted, |most| wanted.min(most / 2))
}
