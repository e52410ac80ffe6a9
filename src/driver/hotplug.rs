//! Notices when something appears in, or vanishes from, the folders of the ports, by inotify.

use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

#[derive(Debug)]
pub(crate) struct HotplugWatcher {
    /// The inotify instance. Its events are read like the bytes of a pipe, because tokio's type for
    /// other descriptors, `AsyncFd`, can be made by unsafe code only.
    inotify: pipe::Receiver,
}

impl HotplugWatcher {
    /// # Errors
    /// The kernel gives no more inotify instances.
    pub fn new() -> io::Result<HotplugWatcher> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        Ok(HotplugWatcher { inotify: pipe::Receiver::from_owned_fd_unchecked(inotify)? })
    }

    /// Watches these folders from now on, or the nearest that exists above each of them.
    pub fn watch(&mut self, folders: impl IntoIterator<Item = PathBuf>) {
        let existing = |folder: PathBuf| {
            folder.ancestors().find(|folder| folder.is_dir()).map(Path::to_path_buf)
        };
        let mut wanted: Vec<PathBuf> = folders.into_iter().filter_map(existing).collect();
        wanted.sort();
        wanted.dedup();
        // Watching a folder once more costs little, and takes care of one that was deleted and
        // created again.
        let flags = WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVED_TO
            | WatchFlags::MOVED_FROM
            | WatchFlags::ATTRIB
            | WatchFlags::DELETE_SELF
            | WatchFlags::ONLYDIR;
        for folder in wanted {
            // A folder that has vanished since is watched when the folder above it changes.
            let _ = inotify::add_watch(&self.inotify, &folder, flags);
        }
    }

    /// Waits until something has happened in a watched folder. What it was is found out by looking
    /// into the folders.
    pub async fn changed(&mut self) {
        let mut events = [0_u8; 4096];
        if self.inotify.read(&mut events).await.is_err() {
            // The ports are still looked for once a minute.
            std::future::pending().await
        }
    }
}
