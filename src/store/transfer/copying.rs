//! The steps of copying, which are the same in both directions.

use std::time::Duration;

use rusqlite::types::Value;

use super::super::engine::{Connection, Row};
use super::super::postgres::BulkInsert;
use super::super::{CHECKS, ReadTx, StoreError};
use super::CopyError;
use super::catalogue::{Table, tables};
use super::fingerprint::{Fingerprint, Fingerprinter};

/// After how many rows of a table the progress is told again.
const TOLD_ROWS: u64 = 20_000;

/// Copies all tables, and checks the copies.
pub(super) struct Copying<'p> {
    tables: Vec<Table>,
    /// Those of the tables that were copied, as they were read.
    read: Vec<Fingerprint>,
    cooldown: Option<Duration>,
    progress: &'p mut dyn FnMut(String),
}

impl Copying<'_> {
    pub fn new(
        cooldown: Option<Duration>,
        progress: &mut dyn FnMut(String),
    ) -> Result<Copying<'_>, StoreError> {
        Ok(Copying { tables: tables()?, read: Vec::new(), cooldown, progress })
    }

    /// The tables, each after those that its rows refer to.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.iter()
    }

    pub fn show(&mut self, what: String) {
        (self.progress)(what);
    }

    /// Carries out all checks of a database.
    pub fn check(&mut self, rows: &ReadTx<'_>, place: &'static str) -> Result<(), CopyError> {
        let mut faults = Vec::new();
        for check in 0..CHECKS {
            (self.progress)(format!("{check} of {CHECKS} checks of {place} done"));
            faults.extend(rows.faults(check, self.cooldown)?);
        }
        match faults.is_empty() {
            true => Ok(()),
            false => Err(CopyError::Faulty { place, faults }),
        }
    }

    /// Copies all rows.
    pub fn copy(&mut self, from: &ReadTx<'_>, into: &ReadTx<'_>) -> Result<(), CopyError> {
        // The migrations have written some rows, like that of the currency's decimals.
        for table in self.tables.iter().rev() {
            into.connection().change(&table.delete(), [])?;
        }
        for table in &self.tables {
            let copied = copy_table(from, into.connection(), table, self.progress);
            self.read.push(copied.map_err(|error| of_table(table, error))?);
        }
        Ok(())
    }

    /// Compares the copy with what was read. Returns how many tables and rows there are.
    pub fn compare(&mut self, copy: &ReadTx<'_>) -> Result<(usize, u64), CopyError> {
        for (table, read) in self.tables.iter().zip(&self.read) {
            (self.progress)(format!("comparing {}", table.name));
            let copied = fingerprint(copy, table).map_err(|error| of_table(table, error))?;
            if copied != *read {
                let (rows, copied) = (read.rows, copied.rows);
                return Err(CopyError::Different { table: table.name.clone(), rows, copied });
            }
        }
        Ok((self.tables.len(), self.read.iter().map(|read| read.rows).sum()))
    }
}

fn of_table(table: &Table, error: StoreError) -> CopyError {
    CopyError::Table { table: table.name.clone(), error }
}

/// The greatest id that a row of a table has or, if the table remembers that, has had.
pub(super) fn last_id(rows: &ReadTx<'_>, table: &str) -> Result<i64, StoreError> {
    let greatest = rows.number(&format!("SELECT coalesce(max(id), 0) FROM \"{table}\""), [])?;
    Ok(greatest.max(rows.connection().last_used_id_of(table)?))
}

fn copy_table(
    from: &ReadTx<'_>,
    into: Connection<'_>,
    table: &Table,
    progress: &mut dyn FnMut(String),
) -> Result<Fingerprint, StoreError> {
    let (mut target, mut read) = (RowWriter::into(into, table)?, Fingerprinter::default());
    let (columns, mut written) = (table.columns.len(), Ok(()));
    visit_all(from, table, |row| {
        read.add(row, columns)?;
        let values: rusqlite::Result<Vec<Value>> = (0..columns).map(|n| row.get(n)).collect();
        written = target.write(values?);
        if read.rows() % TOLD_ROWS == 0 {
            progress(format!("copying {}: {} rows", table.name, read.rows()));
        }
        Ok(written.is_ok())
    })?;
    written?;
    target.finish()?;
    Ok(read.finish())
}

fn fingerprint(rows: &ReadTx<'_>, table: &Table) -> Result<Fingerprint, StoreError> {
    let mut read = Fingerprinter::default();
    visit_all(rows, table, |row| {
        read.add(row, table.columns.len())?;
        Ok(true)
    })?;
    Ok(read.finish())
}

/// Goes through all rows of a table in the order of its key. `visit` says whether to go on.
fn visit_all(
    rows: &ReadTx<'_>,
    table: &Table,
    mut visit: impl FnMut(&Row<'_>) -> rusqlite::Result<bool>,
) -> Result<(), StoreError> {
    let sql = table.select();
    match rows.connection() {
        Connection::Postgres(session) => {
            session.visit_in_parts(&sql, |row| visit(&Row::Postgres(row)))
        }
        _ => rows.visit(&sql, [], visit),
    }
}

/// Writes rows into a table.
enum RowWriter<'c> {
    Server(BulkInsert<'c>),
    /// A row at a time, with this statement.
    Other(Connection<'c>, String),
}

impl RowWriter<'_> {
    fn into<'c>(target: Connection<'c>, table: &Table) -> Result<RowWriter<'c>, StoreError> {
        Ok(match target {
            Connection::Postgres(session) => {
                let name = format!("\"{}\"", table.name);
                RowWriter::Server(BulkInsert::into(session, &name, &table.column_list()))
            }
            other => RowWriter::Other(other, table.insert()),
        })
    }

    fn write(&mut self, row: Vec<Value>) -> Result<(), StoreError> {
        match self {
            RowWriter::Server(insert) => insert.write(row),
            RowWriter::Other(target, sql) => target.change(sql, row).map(drop),
        }
    }

    fn finish(self) -> Result<(), StoreError> {
        match self {
            RowWriter::Server(insert) => insert.finish(),
            RowWriter::Other(..) => Ok(()),
        }
    }
}
