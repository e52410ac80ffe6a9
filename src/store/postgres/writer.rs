//! The session that writes.

use std::sync::Arc;

use super::super::StoreError;
use super::super::changes::Changes;
use super::super::values::Values;
use super::lead::Lead;
use super::migrate::migrate;
use super::server::Server;
use super::session::Session;
use super::standing::Standing;

/// What a session of the store needs: plans that walk the indexes, as the texts are written for,
/// and no parameter guessed anew. (With sorts forbidden the list of open orders walked all orders.)
pub(super) const SETTINGS: &str = "SET enable_seqscan = off; SET enable_hashjoin = off; \
                                   SET enable_mergejoin = off; SET enable_bitmapscan = off; \
                                   SET jit = off; SET plan_cache_mode = force_generic_plan";

/// How many operations may share a transaction. Each may have a savepoint, and of more than 64 the
/// server keeps no list in memory.
pub(in crate::store) const GROUP: usize = 64;

/// The only session that writes, and its lead.
pub(in crate::store) struct Writer {
    session: Session,
    lead: Lead,
    changes: Arc<Changes>,
    standing: Arc<Standing>,
}

impl Writer {
    /// Brings the schema up to date, and begins a term. The session has the lock of the lead.
    pub fn begin_term(
        session: Session,
        server: &Server,
        changes: &Arc<Changes>,
    ) -> Result<Writer, StoreError> {
        session.run("SET lock_timeout = '2s'")?;
        session.limit_statements(None);
        migrate(&session, server.upgrade)?;
        session.limit_statements(Some(server.commit_limit));
        let lead = Lead::begin(&session, &server.holder)?;
        let standing = Arc::new(Standing::of(lead.term().clone()));
        Ok(Writer { session, lead, changes: Arc::clone(changes), standing })
    }

    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Whether this daemon still leads.
    pub fn standing(&self) -> &Arc<Standing> {
        &self.standing
    }

    /// Begins a transaction, and writes the row of the lead.
    pub fn begin(&self) -> Result<(), StoreError> {
        self.session.begin()?;
        self.lead.beat(&self.session)
    }

    /// Notes that the lead is lost, if so, by what a transaction has failed with.
    pub fn ended(&self, failure: Option<&StoreError>) {
        let is_led = matches!(failure, Some(StoreError::Led { .. }));
        if is_led || !self.session.is_alive() {
            self.standing.lose(failure.cloned().unwrap_or(StoreError::Gone));
        }
    }

    pub fn change(&self, sql: &str, values: impl Values) -> Result<usize, StoreError> {
        self.note_table(sql);
        self.session.change(sql, values)
    }

    /// Carries out a statement whose answer is waited for later.
    pub fn change_later(
        &self,
        sql: &str,
        values: impl Values,
        check: impl FnOnce(usize) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        self.note_table(sql);
        self.session.change_later(sql, values, check)
    }

    /// Inserts a row and returns its id.
    pub fn insert(&self, sql: &str, values: impl Values) -> Result<i64, StoreError> {
        self.note_table(sql);
        self.session.number(&format!("{sql} RETURNING id"), values)
    }

    fn note_table(&self, sql: &str) {
        table_of(sql).into_iter().for_each(|table| self.changes.note(table));
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // The server notices only later that the session is over, and the next daemon may be
        // starting. If this fails, the lock ends with the session.
        let _ = self.session.run("SELECT pg_advisory_unlock_all()");
    }
}

/// The table whose rows a statement changes.
fn table_of(sql: &str) -> Option<&str> {
    let starts = ["INSERT INTO ", "UPDATE ", "DELETE FROM "];
    let rest = starts.iter().find_map(|start| sql.strip_prefix(start))?;
    rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_names_the_table_that_it_changes() {
        assert_eq!(table_of("INSERT INTO orders (id) VALUES ($1)"), Some("orders"));
        assert_eq!(table_of("UPDATE ledger_2 SET x = 1"), Some("ledger_2"));
        assert_eq!(table_of("DELETE FROM part"), Some("part"));
        assert_eq!(table_of("SELECT 1"), None);
    }
}
