//! Notices by inotify when something appears in the folders of the ports or vanishes from them.

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
    /// A watcher that watches nothing yet.
    ///
    /// # Errors
    /// The kernel has no inotify instances left.
    pub fn new() -> io::Result<HotplugWatcher> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        Ok(HotplugWatcher { inotify: pipe::Receiver::from_owned_fd_unchecked(inotify)? })
    }

    /// Watches these folders too; for one that does not exist, the nearest one above it that does.
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
            // This fails when the folder has just vanished. Its parent is watched already or will
            // be by the rescan that follows.
            let _ = inotify::add_watch(&self.inotify, &folder, flags);
        }
    }

    /// Waits until something changes in a watched folder. What has changed is for the caller to
    /// find out, by looking into the folders.
    pub async fn changed(&mut self) {
        let mut events = [0_u8; 4096];
        if self.inotify.read(&mut events).await.is_err() {
            // The ports are still looked for once a minute.
            std::future::pending().await
        }
    }
}
