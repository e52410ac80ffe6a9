//! A pseudo-terminal: the modem's end, and a symbolic link to the host's end.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustix::io::ioctl_fionbio;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::exclusive::Closes;

/// The modem's end of a PTY, and the link by which hosts find the other end.
pub struct Pty {
    master: AsyncFd<OwnedFd>,
    /// The host's end, which is kept open: without any open slave, reading the master always fails
    /// at once with EIO.
    _slave: Arc<OwnedFd>,
    device: PathBuf,
    link: PathBuf,
}

impl Pty {
    /// Opens a PTY in raw, non-blocking mode, and makes `link` lead to it. An existing link is
    /// replaced.
    ///
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    /// No PTY is left, or the link cannot be made.
    pub fn open(link: &Path, closes: Option<&Closes>) -> io::Result<Self> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        ioctl_fionbio(&master, true)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let device =
            PathBuf::from(ptsname(&master, Vec::new())?.into_string().map_err(io::Error::other)?);
        let slave = Arc::new(open_slave(&device)?);
        let mut attributes = tcgetattr(&slave)?;
        attributes.make_raw();
        tcsetattr(&slave, OptionalActions::Now, &attributes)?;
        if let Some(closes) = closes {
            closes.add(&device, &slave)?;
        }
        replace_link(&device, link)?;
        // SAFETY: an `OwnedFd` keeps its descriptor open and the same for as long as the `AsyncFd`
        // has it.
        let master = unsafe { AsyncFd::register(master)? };
        Ok(Self { master, _slave: slave, device, link: link.to_owned() })
    }
}

impl Drop for Pty {
    /// Removes the link, if it still leads to this PTY.
    fn drop(&mut self) {
        if fs::read_link(&self.link).is_ok_and(|device| device == self.device) {
            // A link that cannot be removed leads nowhere, and the next start replaces it.
            let _ = fs::remove_file(&self.link);
        }
    }
}

fn open_slave(device: &Path) -> io::Result<OwnedFd> {
    use rustix::fs::{Mode, OFlags, open};
    Ok(open(
        device,
        OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NONBLOCK,
        Mode::empty(),
    )?)
}

/// Makes the link under another name and renames it, so that the path always leads somewhere.
/// Anything but a link is somebody's file and is left alone.
fn replace_link(device: &Path, link: &Path) -> io::Result<()> {
    if link.symlink_metadata().is_ok_and(|found| !found.is_symlink()) {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    // Hidden: a glob like `modem*` must not find it.
    let name = link.file_name().unwrap_or_default().to_string_lossy();
    let making = link.with_file_name(format!(".{name}.new"));
    match fs::remove_file(&making) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::os::unix::fs::symlink(device, &making)?;
    fs::rename(&making, link)
}

impl AsyncRead for Pty {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let mut guard = ready!(self.master.poll_read_ready(context))?;
            let unfilled = buffer.initialize_unfilled();
            match guard.try_io(|master| Ok(rustix::io::read(master, &mut *unfilled)?)) {
                Ok(read) => {
                    buffer.advance(read?);
                    return Poll::Ready(Ok(()));
                }
                Err(_would_block) => {}
            }
        }
    }
}

impl AsyncWrite for Pty {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = ready!(self.master.poll_write_ready(context))?;
            match guard.try_io(|master| Ok(rustix::io::write(master, octets)?)) {
                Ok(written) => return Poll::Ready(written),
                Err(_would_block) => {}
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
