//! The file of a Unix socket: made, recognised, and made again when somebody has deleted it.

use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::Mode;
use tokio::net::{UnixListener, UnixSocket};

/// The mode of the file: its owner and group may connect.
const MODE: u32 = 0o660;
/// How many connections may wait to be accepted.
const BACKLOG: u32 = 128;

/// The file of a socket that this process listens on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SocketFile {
    path: PathBuf,
    /// The device and the inode, by which it differs from another file of that name. As long as the
    /// socket is open, no other file gets them.
    id: (u64, u64),
}

/// What is at the path of a socket.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AtPath {
    /// The socket's own file.
    Own,
    /// Nothing.
    Nothing,
    /// Another file, most likely the socket of another daemon.
    Another,
}

impl SocketFile {
    /// Listens on a path. A socket that no process listens on was left behind by a daemon that
    /// crashed, and is replaced; one that is in use is an error.
    pub(super) fn bind(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
        remove_stale_socket(path)?;
        let socket = UnixSocket::new_stream()?;
        // The file gets the socket's mode when it is bound, less the umask: at no moment may others
        // connect. What the umask takes from the group is given back afterwards.
        rustix::fs::fchmod(&socket, Mode::from_raw_mode(MODE))?;
        socket.bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(MODE))?;
        let id = id_of(&std::fs::symlink_metadata(path)?);
        Ok((socket.listen(BACKLOG)?, SocketFile { path: path.to_owned(), id }))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file is still there.
    pub(super) fn look(&self) -> AtPath {
        match std::fs::symlink_metadata(&self.path) {
            Ok(metadata) if id_of(&metadata) == self.id => AtPath::Own,
            Err(error) if error.kind() == io::ErrorKind::NotFound => AtPath::Nothing,
            Ok(_) | Err(_) => AtPath::Another,
        }
    }

    /// Removes the file, but not another one that has taken its place.
    pub(super) fn remove(&self) {
        if self.look() == AtPath::Own {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn id_of(metadata: &std::fs::Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

fn remove_stale_socket(path: &Path) -> io::Result<()> {
    let Ok(metadata) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !metadata.file_type().is_socket() {
        return Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "there is a file of that name that is no socket",
        ));
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => Err(io::Error::new(io::ErrorKind::AddrInUse, "another simbridge answers on it")),
        Err(_) => std::fs::remove_file(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_its_owner_and_group_may_use_a_socket() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("admin.sock");
        let _bound = SocketFile::bind(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    }

    #[tokio::test]
    async fn a_stale_socket_is_replaced_but_not_one_in_use_or_another_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("admin.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let (_listener, file) = SocketFile::bind(&path).unwrap();
        assert_eq!(SocketFile::bind(&path).err().unwrap().kind(), io::ErrorKind::AddrInUse);
        file.remove();
        assert!(!path.exists());
        std::fs::write(&path, "precious").unwrap();
        assert!(SocketFile::bind(&path).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    }

    #[tokio::test]
    async fn a_file_that_took_its_place_is_told_from_its_own_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("admin.sock");
        let (_listener, file) = SocketFile::bind(&path).unwrap();
        assert_eq!(file.look(), AtPath::Own);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(file.look(), AtPath::Nothing);
        let (_other_listener, other) = SocketFile::bind(&path).unwrap();
        assert_eq!((file.look(), other.look()), (AtPath::Another, AtPath::Own));
        file.remove();
        assert!(path.exists());
    }
}
