//! Files that get their final name only when they are complete and on disk.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

/// A file that is being written. Until it is published its name ends in `.unfinished`, so that a
/// part of it cannot be mistaken for the whole. It is removed when it is dropped before.
#[derive(Debug)]
pub struct NewFile {
    unfinished: PathBuf,
    file: File,
    is_published: bool,
}

impl NewFile {
    /// Creates the file that is to be called `path`, and replaces one that was left unfinished.
    /// Only its owner may read it, because it holds customers' messages.
    pub fn create(path: &Path) -> io::Result<NewFile> {
        let unfinished = path.with_added_extension("unfinished");
        let _ = fs::remove_file(&unfinished);
        let file = File::options().write(true).create_new(true).mode(0o600).open(&unfinished)?;
        Ok(NewFile { unfinished, file, is_published: false })
    }

    /// The path of the unfinished file.
    pub fn path(&self) -> &Path {
        &self.unfinished
    }

    /// Writes the file to disk and gives it its name.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] when there is such a file already, which is left as it is.
    pub fn publish(&mut self, path: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        renameat_with(CWD, &self.unfinished, CWD, path, RenameFlags::NOREPLACE)?;
        self.is_published = true;
        sync_folder_of(path)
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.is_published {
            let _ = fs::remove_file(&self.unfinished);
        }
    }
}

/// Writes the folder of a file to disk, so that the file's name survives a power failure.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_when_it_is_complete_and_replaces_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy.db");
        let names = || {
            let entries = fs::read_dir(folder.path()).unwrap();
            entries
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect::<Vec<_>>()
        };
        let mut file = NewFile::create(&path).unwrap();
        file.write_all(b"whole").unwrap();
        assert_eq!(names(), ["copy.db.unfinished"]);
        file.publish(&path).unwrap();
        drop(file);
        assert_eq!(names(), ["copy.db"]);
        let mut second = NewFile::create(&path).unwrap();
        let refused = second.publish(&path).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        drop(second);
        assert_eq!(
            (names(), fs::read(&path).unwrap()),
            (vec!["copy.db".to_owned()], b"whole".into())
        );
    }
}
