//! Reading and writing all rows of a table, of which there may be more than fit into the memory.

use std::pin::Pin;

use rusqlite::types::Value;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

use super::super::StoreError;
use super::session::{Session, parameters, references};
use super::values::Row;

/// How many rows are read at once.
const FETCHED: u64 = 2_000;
/// How many rows one COPY writes. The server notes each row until the end of the statement, to
/// check then what it refers to.
const COPIED: u64 = 100_000;

impl Session {
    /// Goes through the rows of a statement's result, of which the server hands over some at a
    /// time. It needs an open transaction, and no statement may be carried out meanwhile.
    pub fn visit_in_parts(
        &self,
        sql: &str,
        mut visit: impl FnMut(&Row) -> rusqlite::Result<bool>,
    ) -> Result<(), StoreError> {
        // Not among the prepared statements, which must not outlive the columns of a cursor.
        self.run(&format!("DECLARE visited NO SCROLL CURSOR FOR {sql}"))?;
        let mut goes_on = true;
        while goes_on {
            let fetch = format!("FETCH {FETCHED} FROM visited");
            let rows = self.wait(async { Ok(self.client().query(&fetch, &[]).await?) })?;
            goes_on = !rows.is_empty();
            for row in rows {
                if !visit(&Row(row))? {
                    goes_on = false;
                    break;
                }
            }
        }
        self.run("CLOSE visited")
    }
}

/// Writes rows into a table.
pub(in crate::store) struct BulkInsert<'s> {
    session: &'s Session,
    table: String,
    columns: String,
    copy: Option<Copy>,
}

/// A COPY that is under way.
struct Copy {
    writer: Pin<Box<BinaryCopyInWriter>>,
    rows: u64,
}

impl BulkInsert<'_> {
    /// Begins to write into these columns of a table. The names are quoted.
    pub fn into<'s>(session: &'s Session, table: &str, columns: &str) -> BulkInsert<'s> {
        let (table, columns) = (table.to_owned(), columns.to_owned());
        BulkInsert { session, table, columns, copy: None }
    }

    /// Writes a row. An error may also be that of an earlier one.
    pub fn write(&mut self, row: Vec<Value>) -> Result<(), StoreError> {
        let values = parameters(row)?;
        let mut copy = match self.copy.take() {
            Some(copy) => copy,
            None => self.begin()?,
        };
        self.session.wait(async { Ok(copy.writer.as_mut().write(&references(&values)).await?) })?;
        copy.rows += 1;
        let is_full = copy.rows == COPIED;
        self.copy = Some(copy);
        if is_full { self.end() } else { Ok(()) }
    }

    /// Finishes, after which all rows are written.
    pub fn finish(mut self) -> Result<(), StoreError> {
        self.end()
    }

    fn begin(&self) -> Result<Copy, StoreError> {
        let (table, columns) = (&self.table, &self.columns);
        let sample = format!("SELECT {columns} FROM {table}");
        let sql = format!("COPY {table} ({columns}) FROM STDIN (FORMAT binary)");
        let client = self.session.client();
        self.session.wait(async {
            let columns = client.prepare(&sample).await?;
            let types: Vec<Type> = columns.columns().iter().map(|c| c.type_().clone()).collect();
            let sink = client.copy_in(&sql).await?;
            Ok(Copy { writer: Box::pin(BinaryCopyInWriter::new(sink, &types)), rows: 0 })
        })
    }

    fn end(&mut self) -> Result<(), StoreError> {
        let Some(mut copy) = self.copy.take() else { return Ok(()) };
        let written = self.session.wait(async { Ok(copy.writer.as_mut().finish().await?) })?;
        match written == copy.rows {
            true => Ok(()),
            false => {
                Err(StoreError::Other(format!("it has taken {written} of {} rows", copy.rows)))
            }
        }
    }
}
