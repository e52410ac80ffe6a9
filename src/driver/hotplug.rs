//! Tells when something appears in, or vanishes from, the folders of the ports: inotify, no
//! polling.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

#[derive(Debug)]
pub(crate) struct HotplugWatcher {
    /// For adding folders.
    notify: OwnedFd,
    /// The same, to be waited for: as good as a pipe that kernel events come out of.
    events: pipe::Receiver,
}

impl HotplugWatcher {
    /// # Errors
    /// The kernel gives no more inotify instances.
    pub fn new() -> io::Result<HotplugWatcher> {
        let notify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let events = pipe::Receiver::from_owned_fd_unchecked(notify.try_clone()?)?;
        Ok(HotplugWatcher { notify, events })
    }

    /// From now on these folders, or the nearest that exists above each of them.
    pub fn follow(&mut self, folders: impl IntoIterator<Item = PathBuf>) {
        let existing = |folder: PathBuf| {
            folder.ancestors().find(|folder| folder.is_dir()).map(Path::to_path_buf)
        };
        let mut wanted: Vec<PathBuf> = folders.into_iter().filter_map(existing).collect();
        wanted.sort();
        wanted.dedup();
        // Asking again costs little, and takes care of a folder that was made anew.
        let flags = WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVED_TO
            | WatchFlags::MOVED_FROM
            | WatchFlags::ATTRIB
            | WatchFlags::DELETE_SELF
            | WatchFlags::ONLYDIR;
        for folder in wanted {
            // One that has vanished since is followed when the folder above it changes.
            let _ = inotify::add_watch(self.notify.as_fd(), &folder, flags);
        }
    }

    /// Until something happens. What it was is for a look at the folders to find out.
    pub async fn changed(&mut self) {
        let mut events = [0_u8; 4096];
        if self.events.read(&mut events).await.is_err() {
            // Then the slow look has to do.
            std::future::pending().await
        }
    }
}
