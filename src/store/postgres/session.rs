//! One session with the server. It belongs to one thread, which waits for each answer.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement};

use super::super::StoreError;
#[cfg(debug_assertions)]
use super::super::recorder;
use super::super::values::Values;
use super::connecting::{Connected, connect_to_primary};
use super::server::{CONNECT_TIMEOUT, Server};
use super::values::{Parameter, Row};

/// How many prepared statements a session keeps. The texts of the store are fewer; lists put
/// together some more.
const STATEMENTS: usize = 1_000;

/// How many statements are handed over before their answers are waited for.
const DEFERRED: usize = 256;

/// A statement that was handed over, and whose answer is waited for later.
type Deferred = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>>;

/// A session, which carries out one statement at a time.
pub(in crate::store) struct Session {
    /// Drives the connection while a statement waits. It is there until the session is dropped.
    runtime: Option<Runtime>,
    client: Arc<Client>,
    /// Which of the server's hosts it is with.
    host: usize,
    statements: RefCell<HashMap<String, Statement>>,
    /// The statements whose answers are waited for with that of the next one, in their order.
    deferred: RefCell<Vec<Deferred>>,
    /// Whether one of them may fail while the transaction and the session are sound.
    is_change_deferred: Cell<bool>,
    /// How long a statement may take before the session is given up; `None` for no limit.
    limit: Cell<Option<Duration>>,
    state: Cell<State>,
    /// Whether the server has told that a COMMIT was not confirmed by its standby. Other statements
    /// that warn set it, too.
    is_unreplicated: Arc<AtomicBool>,
}

/// What a session is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No transaction is open.
    Idle,
    Transaction,
    /// A statement of the open transaction has failed: nothing but ROLLBACK is possible.
    Aborted,
    /// The session is over.
    Lost,
}

impl Session {
    /// Connects to the host that takes writes, and applies `settings`.
    pub fn connect(server: &Server, settings: &str) -> Result<Session, StoreError> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let connected = runtime.block_on(connect_to_primary(server))?;
        let Connected { client, host, is_unreplicated, .. } = connected;
        let session = Session {
            runtime: Some(runtime),
            client: Arc::new(client),
            host,
            statements: RefCell::default(),
            deferred: RefCell::default(),
            is_change_deferred: Cell::default(),
            limit: Cell::new(Some(CONNECT_TIMEOUT)),
            state: Cell::new(State::Idle),
            is_unreplicated,
        };
        session.run(settings)?;
        session.limit.set(None);
        Ok(session)
    }

    /// Gives the session up from now on when a statement takes longer than this.
    pub fn limit_statements(&self, limit: Option<Duration>) {
        self.limit.set(limit);
    }

    /// Which of the server's hosts it is with.
    pub fn host(&self) -> usize {
        self.host
    }

    /// Whether the session can still be used.
    pub fn is_alive(&self) -> bool {
        self.state.get() != State::Lost && !self.client.is_closed()
    }

    /// Whether a transaction is open, be it one that can only be rolled back.
    pub fn is_in_transaction(&self) -> bool {
        matches!(self.state.get(), State::Transaction | State::Aborted)
    }

    pub fn visit(
        &self,
        sql: &str,
        values: impl Values,
        mut visit: impl FnMut(&Row) -> rusqlite::Result<bool>,
    ) -> Result<(), StoreError> {
        let values = parameters(values)?;
        let rows = self.wait(async {
            let statement = self.prepared(sql, values.len()).await?;
            self.after_deferred(self.client.query(&statement, &references(&values))).await
        })?;
        for row in rows {
            if !visit(&Row(row))? {
                break;
            }
        }
        Ok(())
    }

    /// Carries out a statement and returns how many rows it has changed.
    pub fn change(&self, sql: &str, values: impl Values) -> Result<usize, StoreError> {
        let values = parameters(values)?;
        let changed = self.wait(async {
            let statement = self.prepared(sql, values.len()).await?;
            self.after_deferred(self.client.execute(&statement, &references(&values))).await
        })?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    /// Carries out a statement that changes rows, whose answer is waited for with that of a later
    /// one; this saves the way there and back. `check` is given how many rows it has changed. If
    /// the statement or `check` fails, what is waited for next fails with its error.
    pub fn change_later(
        &self,
        sql: &str,
        values: impl Values,
        check: impl FnOnce(usize) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        let values = parameters(values)?;
        if self.deferred.borrow().len() >= DEFERRED {
            self.finish_deferred()?;
        }
        debug_assert!(self.is_in_transaction(), "nobody would wait for its answer");
        let statement = self.wait(self.prepared(sql, values.len()))?;
        let client = Arc::clone(&self.client);
        self.is_change_deferred.set(true);
        self.defer(async move {
            let changed = client.execute(&statement, &references(&values)).await?;
            check(usize::try_from(changed).unwrap_or(usize::MAX))
        });
        Ok(())
    }

    /// Begins a transaction with the next statement.
    pub fn begin(&self) -> Result<(), StoreError> {
        self.check_alive()?;
        self.defer_control("BEGIN");
        self.state.set(State::Transaction);
        Ok(())
    }

    /// Commits the open transaction, if there is one. An error does not tell whether it is
    /// committed.
    pub fn commit(&self) -> Result<(), StoreError> {
        self.check()?;
        if self.state.get() == State::Idle {
            return Ok(());
        }
        // Warnings about what was done before are of no interest.
        self.is_unreplicated.store(false, Ordering::SeqCst);
        let committed = self.run("COMMIT");
        if let Err(StoreError::Away(reason)) = committed {
            self.state.set(State::Lost);
            return Err(StoreError::Away(format!(
                "a commit was not confirmed ({reason}), by the server or by the standby that it \
                 waits for; it may have been made, so look before you repeat it"
            )));
        }
        if committed.is_err() || self.is_unreplicated.load(Ordering::SeqCst) {
            self.state.set(State::Lost);
            committed?;
            return Err(StoreError::Away(
                "a commit was not confirmed by the database's standby, because somebody canceled \
                 the wait for it"
                    .to_owned(),
            ));
        }
        self.state.set(State::Idle);
        Ok(())
    }

    /// Fails when nothing can be written in the open transaction any more, after the answers of its
    /// statements. (COMMIT would roll it back, and say so only in its command tag.)
    pub fn check(&self) -> Result<(), StoreError> {
        if self.is_change_deferred.get() && self.state.get() == State::Transaction {
            self.finish_deferred()?;
        }
        match self.state.get() {
            State::Idle | State::Transaction => Ok(()),
            State::Aborted => {
                Err(StoreError::Other("a part of the transaction has failed".to_owned()))
            }
            State::Lost => Err(over()),
        }
    }

    /// Fails when the session is over.
    pub fn check_alive(&self) -> Result<(), StoreError> {
        if self.is_alive() { Ok(()) } else { Err(over()) }
    }

    /// Undoes the open transaction.
    pub fn roll_back(&self) -> Result<(), StoreError> {
        self.forget_deferred();
        self.run("ROLLBACK")?;
        self.state.set(State::Idle);
        Ok(())
    }

    /// Sets a savepoint with the next statement.
    pub fn set_savepoint(&self, name: &str) -> Result<(), StoreError> {
        // What was written before is not to fail behind it.
        self.check()?;
        self.defer_control(&format!("SAVEPOINT {name}"));
        Ok(())
    }

    /// Releases a savepoint with the next statement, after the answers of what was written since.
    pub fn release(&self, savepoint: &str) -> Result<(), StoreError> {
        self.check()?;
        self.defer_control(&format!("RELEASE {savepoint}"));
        Ok(())
    }

    /// Undoes what was written since a savepoint.
    pub fn roll_back_to(&self, savepoint: &str) -> Result<(), StoreError> {
        self.forget_deferred();
        self.run(&format!("ROLLBACK TO {savepoint}"))?;
        self.state.set(State::Transaction);
        Ok(())
    }

    /// Carries out statements that have no parameters and whose results nobody needs.
    pub fn run(&self, sql: &str) -> Result<(), StoreError> {
        self.wait(self.after_deferred(self.client.batch_execute(sql)))
    }

    /// Defers a statement that fails only if the transaction has failed, or the session is over.
    fn defer_control(&self, sql: &str) {
        let (client, sql) = (Arc::clone(&self.client), sql.to_owned());
        self.defer(async move { Ok(client.batch_execute(&sql).await?) });
    }

    /// Hands a statement over, to be sent with the next one, whose answer is waited for.
    fn defer(&self, statement: impl Future<Output = Result<(), StoreError>> + Send + 'static) {
        let mut statement: Deferred = Box::pin(statement);
        // Polled first, it hands itself over to the connection, which keeps the order.
        let polled = statement.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(told) = polled {
            statement = Box::pin(std::future::ready(told));
        }
        self.deferred.borrow_mut().push(statement);
    }

    /// Waits for the answers of what was deferred.
    fn finish_deferred(&self) -> Result<(), StoreError> {
        self.wait(self.after_deferred(std::future::ready(Ok(()))))
    }

    /// Leaves the answers of what was deferred to nobody, because it is undone.
    fn forget_deferred(&self) {
        self.deferred.borrow_mut().clear();
        self.is_change_deferred.set(false);
    }

    /// Waits for what was deferred, and for a statement behind it.
    async fn after_deferred<T>(
        &self,
        statement: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, StoreError> {
        let deferred = self.deferred.take();
        self.is_change_deferred.set(false);
        let answers = async {
            for answer in deferred {
                answer.await?;
            }
            Ok::<(), StoreError>(())
        };
        let (answered, then) = tokio::join!(answers, statement);
        answered?;
        Ok(then?)
    }

    /// The greatest id that a row of a table with growing ids has had; 0 before the first.
    pub fn last_id_of(&self, table: &str) -> Result<i64, StoreError> {
        let sql = "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence($1, 'id')), 0)";
        self.number(sql, [table])
    }

    /// The greatest id of a table's committed rows; of a table without rows, that of the last row
    /// that it had. (The sequence alone is ahead of the rows of a transaction that is open.)
    pub fn last_committed_id_of(&self, table: &str) -> Result<i64, StoreError> {
        let sequence = "pg_sequence_last_value(pg_get_serial_sequence($1, 'id'))";
        let sql = format!("SELECT coalesce((SELECT max(id) FROM {table}), {sequence}, 0)");
        self.number(&sql, [table])
    }

    /// The only number in a statement's result.
    pub fn number(&self, sql: &str, values: impl Values) -> Result<i64, StoreError> {
        let mut number = None;
        self.visit(sql, values, |row| {
            number = Some(row.get_ref(0)?.as_i64()?);
            Ok(false)
        })?;
        number.ok_or_else(|| rusqlite::Error::QueryReturnedNoRows.into())
    }

    /// The client, for what is no statement that the store keeps prepared.
    pub(super) fn client(&self) -> &Client {
        debug_assert!(self.deferred.borrow().is_empty(), "it would come later");
        &self.client
    }

    async fn prepared(&self, sql: &str, values: usize) -> Result<Statement, StoreError> {
        #[cfg(debug_assertions)]
        recorder::record(sql);
        let known = self.statements.borrow().get(sql).cloned();
        let statement = match known {
            Some(statement) => statement,
            None => {
                let statement = self.after_deferred(self.client.prepare(sql)).await?;
                let mut statements = self.statements.borrow_mut();
                if statements.len() >= STATEMENTS {
                    statements.clear();
                }
                statements.insert(sql.to_owned(), statement.clone());
                statement
            }
        };
        let wanted = statement.params().len();
        match wanted == values {
            true => Ok(statement),
            false => Err(rusqlite::Error::InvalidParameterCount(values, wanted).into()),
        }
    }

    /// Waits for an answer. A session that is given up is closed and never canceled: a COMMIT that
    /// is canceled while it waits for a standby succeeds without it.
    pub(super) fn wait<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.check_alive()?;
        let runtime = self.runtime.as_ref().ok_or_else(over)?;
        let outcome = runtime.block_on(async {
            match self.limit.get() {
                None => work.await,
                Some(limit) => tokio::time::timeout(limit, work)
                    .await
                    .unwrap_or_else(|_| Err(no_answer(limit))),
            }
        });
        match &outcome {
            Err(StoreError::Away(_)) => self.state.set(State::Lost),
            Err(_) if self.is_in_transaction() => self.state.set(State::Aborted),
            _ => {}
        }
        outcome
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // A runtime must not be dropped on a thread of another one, except so.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

pub(super) fn no_answer(limit: Duration) -> StoreError {
    StoreError::Away(format!("no answer within {}", humantime::format_duration(limit)))
}

fn over() -> StoreError {
    StoreError::Away("the session is over".to_owned())
}

pub(super) fn parameters(values: impl Values) -> Result<Vec<Parameter>, StoreError> {
    let mut parameters = Vec::with_capacity(values.count());
    values.each(|_, value| {
        parameters.push(Parameter::of(value)?);
        Ok(())
    })?;
    Ok(parameters)
}

pub(super) fn references(values: &[Parameter]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}
