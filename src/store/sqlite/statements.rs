//! How SQLite carries out statements. Each is prepared once for a connection, which keeps it.

use rusqlite::{CachedStatement, Connection, Error};

use super::super::StoreError;
use super::super::engine::Row;
#[cfg(debug_assertions)]
use super::super::recorder;
use super::super::values::Values;

#[expect(clippy::disallowed_methods, reason = "this is where statements are recorded")]
fn prepare<'c>(conn: &'c Connection, sql: &str) -> Result<CachedStatement<'c>, StoreError> {
    #[cfg(debug_assertions)]
    recorder::record(sql);
    Ok(conn.prepare_cached(sql)?)
}

/// A statement whose parameters have their values.
fn bound<'c>(
    conn: &'c Connection,
    sql: &str,
    values: impl Values,
) -> Result<CachedStatement<'c>, StoreError> {
    let mut statement = prepare(conn, sql)?;
    let (given, wanted) = (values.count(), statement.parameter_count());
    if given != wanted {
        return Err(Error::InvalidParameterCount(given, wanted).into());
    }
    values.each(|place, value| statement.raw_bind_parameter(place, value))?;
    Ok(statement)
}

pub(in crate::store) fn visit(
    conn: &Connection,
    sql: &str,
    values: impl Values,
    mut visit: impl FnMut(&Row<'_>) -> rusqlite::Result<bool>,
) -> Result<(), StoreError> {
    let mut statement = bound(conn, sql, values)?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        if !visit(&Row::Sqlite(row))? {
            break;
        }
    }
    Ok(())
}

pub(in crate::store) fn change(
    conn: &Connection,
    sql: &str,
    values: impl Values,
) -> Result<usize, StoreError> {
    Ok(bound(conn, sql, values)?.raw_execute()?)
}

/// SQLite knows the id without RETURNING, which would double the cost of an insert.
pub(in crate::store) fn insert(
    conn: &Connection,
    sql: &str,
    values: impl Values,
) -> Result<i64, StoreError> {
    #[cfg(debug_assertions)]
    recorder::record(&format!("{sql} RETURNING id"));
    change(conn, sql, values)?;
    Ok(conn.last_insert_rowid())
}

/// Carries out a statement that has no parameters and returns no rows.
pub(in crate::store) fn run(conn: &Connection, sql: &str) -> Result<(), StoreError> {
    prepare(conn, sql)?.execute([])?;
    Ok(())
}

pub(in crate::store) fn last_id_of(conn: &Connection, table: &str) -> Result<i64, StoreError> {
    let sql = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = $1";
    Ok(prepare(conn, sql)?.query_row([table], |row| row.get(0))?)
}

/// Writes something that changes nothing.
pub(in crate::store) fn touch(conn: &Connection) -> Result<(), StoreError> {
    let version: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok(conn.pragma_update(None, "user_version", version)?)
}
