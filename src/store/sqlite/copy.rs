//! Copies of the database, each in a file of its own, as the database is at one moment.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::super::NewFile;
use super::super::StoreError;

/// How many of the copies that were made before upgrades are kept.
const KEPT: usize = 3;

/// Copies what `conn` sees into an empty file, and writes that to disk.
pub(in crate::store) fn copy_into(conn: &Connection, file: &Path) -> Result<(), StoreError> {
    let mut copy = Connection::open(file)?;
    // All pages in one step: a copy in several steps starts again whenever something is written
    // between two of them.
    rusqlite::backup::Backup::new(conn, &mut copy)?.step(-1)?;
    copy.close().map_err(|(_, error)| StoreError::from(error))?;
    Ok(File::open(file).and_then(|file| file.sync_all())?)
}

/// Copies the database at `path` into its folder before an upgrade from `schema`, and deletes all
/// but the last copies of earlier upgrades.
pub(in crate::store) fn keep_copy(
    conn: &Connection,
    path: &Path,
    schema: i64,
) -> Result<(), StoreError> {
    let mut copy = NewFile::create(path)?;
    copy_into(conn, copy.path())?;
    publish(&mut copy, path, schema)?;
    forget_old(path);
    Ok(())
}

/// Gives a finished copy the first name that is not taken.
fn publish(copy: &mut NewFile, path: &Path, schema: i64) -> Result<(), StoreError> {
    let same_schema = numbered_copies(path).into_iter().filter(|copy| copy.0 == schema);
    let newest = same_schema.map(|copy| copy.1).max().unwrap_or(0);
    let names = (newest + 1..).map(|number| {
        path.with_added_extension(match number {
            1 => format!("schema-{schema}.backup"),
            _ => format!("schema-{schema}.backup-{number}"),
        })
    });
    for name in names {
        match copy.publish(&name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            published => return Ok(published?),
        }
    }
    Ok(())
}

/// The copies in a database's folder that were made before upgrades, the oldest first.
pub(in crate::store) fn copies(path: &Path) -> Vec<PathBuf> {
    let mut copies = numbered_copies(path);
    copies.sort();
    copies.into_iter().map(|(_, _, path)| path).collect()
}

/// The copies in a database's folder: the schema version of each, its number, and its path.
fn numbered_copies(path: &Path) -> Vec<(i64, usize, PathBuf)> {
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

/// Removes all but the last copies. Errors are ignored, because a copy that stays does no harm.
fn forget_old(path: &Path) {
    let mut copies = numbered_copies(path);
    copies.sort();
    for (_, _, old) in copies.iter().rev().skip(KEPT) {
        let _ = fs::remove_file(old);
    }
}
