//! Copies of the database: into a file of its own, as it is at one moment.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::StoreError;

/// How many copies from before upgrades are kept.
const KEPT: usize = 3;

/// Copies what `conn` sees into an empty file, and that to disk.
pub(super) fn copy_into(conn: &Connection, file: &Path) -> Result<(), StoreError> {
    let mut copy = Connection::open(file)?;
    // In one step: a copy in small ones begins anew with each write that comes between.
    rusqlite::backup::Backup::new(conn, &mut copy)?.step(-1)?;
    copy.close().map_err(|(_, error)| StoreError::from(error))?;
    Ok(File::open(file).and_then(|file| file.sync_all())?)
}

/// Keeps the database at `path` as it is before an upgrade from `schema`, beside it; of earlier
/// copies only the last are kept.
pub(super) fn keep_copy(conn: &Connection, path: &Path, schema: i64) -> Result<(), StoreError> {
    // A half-written file must not look like a copy.
    let unfinished = path.with_added_extension("unfinished");
    let _ = fs::remove_file(&unfinished);
    // Nobody else's business: it holds texts.
    File::options().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    let copied = copy_into(conn, &unfinished).and_then(|()| name(&unfinished, path, schema));
    if copied.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    let folder = copied?;
    File::open(folder).and_then(|folder| folder.sync_all())?;
    forget_old(path);
    Ok(())
}

/// Gives a finished copy the first name that is free; answers its folder.
fn name(unfinished: &Path, path: &Path, schema: i64) -> Result<PathBuf, StoreError> {
    let names = (1..).map(|n| match n {
        1 => path.with_added_extension(format!("schema-{schema}.backup")),
        n => path.with_added_extension(format!("schema-{schema}.backup-{n}")),
    });
    let newest = copies(path)
        .into_iter()
        .filter(|copy| copy.0 == schema)
        .map(|copy| copy.1)
        .max()
        .unwrap_or(0);
    for name in names.skip(newest) {
        match renameat_with(CWD, unfinished, CWD, &name, RenameFlags::NOREPLACE) {
            Ok(()) => break,
            Err(rustix::io::Errno::EXIST) => {}
            Err(error) => return Err(io::Error::from(error).into()),
        }
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    Ok(folder.unwrap_or(Path::new(".")).to_owned())
}

/// The copies beside a database: schema, number, path.
fn copies(path: &Path) -> Vec<(i64, usize, PathBuf)> {
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Some(file) = path.file_name().and_then(|name| name.to_str()) else { return Vec::new() };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let copies = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let (schema, rest) =
            name.strip_prefix(file)?.strip_prefix(".schema-")?.split_once(".backup")?;
        let number = if rest.is_empty() { 1 } else { rest.strip_prefix('-')?.parse().ok()? };
        Some((schema.parse().ok()?, number, entry.path()))
    });
    copies.collect()
}

/// Removes all but the last copies. One that cannot be removed does no harm.
fn forget_old(path: &Path) {
    let mut copies = copies(path);
    copies.sort();
    for (_, _, old) in copies.iter().rev().skip(KEPT) {
        let _ = fs::remove_file(old);
    }
}
