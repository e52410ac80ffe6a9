//! Releases a port when its host is gone.
//!
//! A host may claim its port by `TIOCEXCL`. On real hardware the claim ends with the host's last
//! descriptor, even if it was killed. Here the simulator holds a descriptor of its own, so a claim
//! would outlive a host that was killed, and only root could open the port again. So every close is
//! watched for, and ends the claim.

use parking_lot::{Mutex, MutexGuard};
use std::collections::HashMap;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Arc, Weak};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;
use rustix::termios::ioctl_tiocnxcl;
use tokio::io::unix::AsyncFd;

/// One inotify descriptor for all ports of a rack: a user may have few of them.
pub struct Closes {
    inotify: AsyncFd<OwnedFd>,
    ports: Mutex<HashMap<i32, Weak<OwnedFd>>>,
}

impl Closes {
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The user has no inotify instance left.
    pub fn watch() -> io::Result<Self> {
        let inotify = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        // SAFETY: an `OwnedFd` keeps its descriptor open and the same for as long as the `AsyncFd`
        // has it.
        let inotify = unsafe { AsyncFd::register(inotify)? };
        Ok(Self { inotify, ports: Mutex::default() })
    }

    /// Ends claims on `device` from now on, through the simulator's own descriptor of it.
    ///
    /// # Errors
    /// The user has no inotify watch left.
    pub fn add(&self, device: &Path, slave: &Arc<OwnedFd>) -> io::Result<()> {
        let wanted = WatchFlags::CLOSE_WRITE | WatchFlags::CLOSE_NOWRITE;
        // The lock is taken first, so that an event of this watch finds its port.
        let mut ports = self.ports();
        let watch = inotify::add_watch(self.inotify.get_ref(), device, wanted)?;
        ports.insert(watch, Arc::downgrade(slave));
        Ok(())
    }

    /// Runs as long as the rack does. Calls back when a claim may have ended.
    pub async fn serve(&self, tell: impl Fn()) {
        loop {
            let Ok(mut guard) = self.inotify.readable().await else { return };
            // The outer result says whether there was anything to read; the inner one never fails.
            let _ = guard.try_io(|inotify| self.handle(inotify.get_ref()));
            tell();
        }
    }

    fn handle(&self, inotify: &OwnedFd) -> io::Result<()> {
        let mut buffer = [const { MaybeUninit::uninit() }; 4096];
        let mut reader = Reader::new(inotify, &mut buffer);
        loop {
            match reader.next() {
                Ok(event) if event.events().contains(ReadFlags::IGNORED) => {
                    self.ports().remove(&event.wd());
                }
                Ok(event) => {
                    let slave = self.ports().get(&event.wd()).and_then(Weak::upgrade);
                    if let Some(slave) = slave {
                        // A port that is being closed has no claim to end.
                        let _ = ioctl_tiocnxcl(&slave);
                    }
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn ports(&self) -> MutexGuard<'_, HashMap<i32, Weak<OwnedFd>>> {
        self.ports.lock()
    }
}
