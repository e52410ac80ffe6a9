//! Copying the whole database from a file to a PostgreSQL server, and back.
//!
//! The source is read at one moment, on which no daemon works, and must pass all checks. The copy
//! is made in one transaction: it is compared with the source and checked before it is committed.

mod catalogue;
mod copying;
mod fingerprint;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::engine::Connection;
use super::postgres::{Lead, Server, Session, create_schema, version};
use super::sqlite::{CopiedFile, SourceFile, newest_schema};
use super::stats::stopwatch;
use super::{ReadTx, StoreError};
use copying::Copying;

/// How many faults an error names.
const NAMED_FAULTS: usize = 10;

/// What was copied.
#[derive(Debug)]
pub struct Copied {
    /// Where the source is now, if it was a file.
    pub put_aside: Option<PathBuf>,
    pub tables: usize,
    pub rows: u64,
    pub took: Duration,
}

/// Why the database was not copied. Nothing that stands in a row is in the texts.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A table could not be read or written.
    #[error("table {table}: {error}")]
    Table { table: String, error: StoreError },
    /// The source has faults, or the copy.
    #[error("{place} has faults: {}", named(.faults))]
    Faulty {
        /// What was checked, for people.
        place: &'static str,
        faults: Vec<String>,
    },
    /// The copy is not what was copied.
    #[error(
        "table {table} has {copied} rows in the copy, and {rows} rows, or others, in the source"
    )]
    Different { table: String, rows: u64, copied: u64 },
    /// The server holds tables already.
    #[error("the database {server} is not empty, it has the table {table}; create a new one")]
    NotEmpty { server: String, table: String },
    /// Whether the copy was committed is not known.
    #[error(
        "the server did not confirm the last step ({0}): it may hold the whole copy or nothing; \
         the file is as it was; create a new database on the server and copy again"
    )]
    Unconfirmed(StoreError),
    /// The copy is complete, and its source could not be renamed.
    #[error(
        "the copy is complete and right, but {file} could not be renamed: {error}; move it away, \
         so that no daemon is started on it"
    )]
    NotPutAside { file: String, error: StoreError },
}

impl CopyError {
    /// Whether there is certainly no copy.
    pub fn is_undone(&self) -> bool {
        !matches!(self, CopyError::Unconfirmed(_) | CopyError::NotPutAside { .. })
    }
}

fn named(faults: &[String]) -> String {
    let more = match faults.len().saturating_sub(NAMED_FAULTS) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    let shown: Vec<&str> = faults.iter().take(NAMED_FAULTS).map(String::as_str).collect();
    shown.join("; ") + &more
}

/// Copies the file of a stopped daemon into an empty database on a server, and renames it then. For
/// the checks, a number may be sold again after `cooldown`. `progress` is told what is being done.
pub fn copy_to_server(
    file: &Path,
    server: &Server,
    cooldown: Option<Duration>,
    progress: &mut dyn FnMut(String),
) -> Result<Copied, CopyError> {
    let began = stopwatch();
    let source = SourceFile::open(file)?;
    let target = Session::connect(server, "")?;
    Lead::lock(&target)?;
    server.check_fitness(&target)?;
    if let Some(table) = first_table(&target)? {
        return Err(CopyError::NotEmpty { server: server.to_string(), table });
    }
    let from = ReadTx::on(source.connection());
    let mut copying = Copying::new(cooldown, progress)?;
    copying.check(&from, "the file")?;
    target.begin()?;
    let filled = fill_server(&mut copying, &from, &target);
    if filled.is_err() {
        // The end of the session does so too, but later.
        let _ = target.roll_back();
    }
    let (tables, rows) = filled?;
    target.commit().map_err(CopyError::Unconfirmed)?;
    let put_aside = source
        .put_aside()
        .map_err(|error| CopyError::NotPutAside { file: file.display().to_string(), error })?;
    Ok(Copied { put_aside: Some(put_aside), tables, rows, took: began.elapsed() })
}

/// Copies the database of a server, on which no daemon leads, into a new file.
pub fn copy_to_file(
    server: &Server,
    file: &Path,
    cooldown: Option<Duration>,
    progress: &mut dyn FnMut(String),
) -> Result<Copied, CopyError> {
    let began = stopwatch();
    let target = CopiedFile::create(file)?;
    let source = Session::connect(server, "")?;
    Lead::lock(&source)?;
    source.begin()?;
    source.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
    check_version(&source)?;
    let from = ReadTx::on(Connection::Postgres(&source));
    let mut copying = Copying::new(cooldown, progress)?;
    copying.check(&from, "the database on the server")?;
    let into = ReadTx::on(target.connection());
    copying.copy(&from, &into)?;
    for table in copying.tables().filter(|table| table.remembers_ids) {
        let last = copying::last_id(&from, &table.name)?;
        // Without one, the ids begin where the migrations say.
        if last > 0 {
            target.remember_last_id(&table.name, last)?;
        }
    }
    let (tables, rows) = copying.compare(&into)?;
    copying.check(&into, "the copy")?;
    target.publish()?;
    Ok(Copied { put_aside: None, tables, rows, took: began.elapsed() })
}

/// Makes the schema and fills it, in the open transaction.
fn fill_server(
    copying: &mut Copying<'_>,
    from: &ReadTx<'_>,
    target: &Session,
) -> Result<(usize, u64), CopyError> {
    create_schema(target)?;
    let into = ReadTx::on(Connection::Postgres(target));
    copying.copy(from, &into)?;
    let identities = "SELECT CAST(table_name AS text) FROM information_schema.columns WHERE \
                      table_schema = current_schema() AND column_name = 'id' AND is_identity = \
                      'YES'";
    for table in into.all::<String>(identities, [], |row| row.get(0))? {
        // Without this, ids would be given that rows have already.
        let last = copying::last_id(from, &table)?;
        if last > 0 {
            let set = format!("SELECT setval(pg_get_serial_sequence($1, 'id'), {last})");
            into.number(&set, [table])?;
        }
    }
    copying.show("collecting the statistics of the copy".to_owned());
    target.run("ANALYZE")?;
    let copied = copying.compare(&into)?;
    copying.check(&into, "the copy")?;
    Ok(copied)
}

/// The first table of a database; `None` if it is empty.
fn first_table(session: &Session) -> Result<Option<String>, StoreError> {
    let sql = "SELECT CAST(table_name AS text) FROM information_schema.tables WHERE table_schema = \
               current_schema() AND table_type = 'BASE TABLE' ORDER BY 1 LIMIT 1";
    ReadTx::on(Connection::Postgres(session)).first(sql, [], |row| row.get(0))
}

/// Checks that a database on a server has the newest schema.
fn check_version(session: &Session) -> Result<(), StoreError> {
    let known = newest_schema();
    match version(session)? {
        0 => Err(StoreError::Unfit("there is no database of simbridge on it".to_owned())),
        found if found > known => Err(StoreError::Newer { found, known }),
        found if found < known => Err(StoreError::Unfit(format!(
            "its database has schema version {found}, this simbridge copies {known}: start the \
             daemon once, which converts it, and stop it again"
        ))),
        _ => Ok(()),
    }
}
