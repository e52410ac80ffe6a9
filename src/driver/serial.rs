//! Opening and closing a serial port of this machine.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use tokio::sync::oneshot;
use tokio_serial::{ClearBuffer, ErrorKind, SerialPort, SerialPortBuilderExt, SerialStream};

use super::holders::Holders;
use crate::domain::modem::ModemReason;

/// How long opening a port may take; after that its kernel driver is taken to be stuck.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);
/// How long is waited for a port to be closed before it is opened again.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens a port for exclusive use by this process.
///
/// # Errors
/// Nothing is at the path, this process may not open it, or another program has it open.
pub(crate) async fn open(
    path: &Path,
    baud: u32,
    holders: &Holders,
) -> Result<SerialStream, ModemReason> {
    let device = std::fs::canonicalize(path)
        .map_err(|error| open_failure_reason(error.kind(), error.to_string()))?;
    if let Some(rival) = holders.rival(&device).await {
        return Err(rival.into());
    }
    let target = device.clone();
    let opening = tokio::task::spawn_blocking(move || open_now(&target, baud));
    let opened = tokio::time::timeout(OPEN_TIMEOUT, opening).await;
    match opened {
        Ok(Ok(Ok(stream))) => Ok(stream),
        Ok(Ok(Err(error))) => Err(match error.kind {
            ErrorKind::NoDevice => busy_reason(&device, holders).await,
            ErrorKind::Io(kind) => open_failure_reason(kind, error.description),
            ErrorKind::InvalidInput | ErrorKind::Unknown => {
                ModemReason::CannotOpen(error.description)
            }
        }),
        Ok(Err(_)) => Err(ModemReason::OpenAborted),
        Err(_) => Err(ModemReason::OpenTimedOut),
    }
}

fn open_now(device: &PathBuf, baud: u32) -> Result<SerialStream, tokio_serial::Error> {
    let pseudo = device.starts_with("/dev/pts");
    let name = device.to_str().unwrap_or_default();
    // On a pseudo-terminal the mark of exclusive use (TIOCEXCL) stays for as long as the other end
    // is open, even when this process is killed; after that only root could open it again. So it is
    // removed there: the lock on the file is enough.
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let unmark = if pseudo { rustix::fs::open(device, flags, Mode::empty()).ok() } else { None };
    let opened = tokio_serial::new(name, baud).open_native_async();
    if let Some(file) = unmark {
        let _ = rustix::termios::ioctl_tiocnxcl(&file);
    }
    opened
}

async fn busy_reason(device: &Path, holders: &Holders) -> ModemReason {
    holders.locker(device).await.map_or(ModemReason::HeldByAnother, ModemReason::from)
}

fn open_failure_reason(kind: std::io::ErrorKind, text: String) -> ModemReason {
    match kind {
        std::io::ErrorKind::NotFound => ModemReason::NothingAtPath,
        std::io::ErrorKind::PermissionDenied => ModemReason::NoPermission,
        _ => ModemReason::CannotOpen(text),
    }
}

/// Closes a port without waiting until the modem has read everything: unsent bytes are discarded,
/// and the close itself, which can take long when the kernel driver is stuck, runs on a thread of
/// its own.
pub(crate) fn close(stream: SerialStream) {
    start_close(stream);
}

/// Closes a port as [`close`] does, and waits until it is closed, but not for a stuck driver. Until
/// then this process's own exclusive use of the port keeps it from being opened again.
pub(crate) async fn close_and_wait(stream: SerialStream) {
    let _ = tokio::time::timeout(CLOSE_TIMEOUT, start_close(stream)).await;
}

/// What is returned ends when the port is closed.
fn start_close(stream: SerialStream) -> oneshot::Receiver<()> {
    let (closed, when_closed) = oneshot::channel();
    let _ = stream.clear(ClearBuffer::All);
    let runtime = tokio::runtime::Handle::try_current();
    let closing = move || {
        let _entered = runtime.as_ref().map(tokio::runtime::Handle::enter);
        drop(stream);
        let _ = closed.send(());
    };
    // If no thread can be started, the closure is dropped here, and the port with it.
    let _ = std::thread::Builder::new().name("close".to_owned()).spawn(closing);
    when_closed
}

#[cfg(test)]
mod tests {
    use rustix::pty::{OpenptFlags, openpt, ptsname, unlockpt};

    use super::*;

    #[tokio::test]
    async fn a_port_that_was_closed_can_be_opened_at_once() {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let holders = Holders::default();
        for _ in 0..200 {
            let stream = open(Path::new(&name), 115_200, &holders).await.unwrap();
            close_and_wait(stream).await;
        }
    }
}
