//! The handle through which an operation writes to the database.

use std::cell::RefCell;
use std::ops::Deref;

use super::engine::Connection;
use super::error::one_row;
use super::values::Values;
use super::{NotedEvent, ReadTx, StoreError};
use crate::domain::audit::Person;

/// An action that is to run right after an operation's commit.
pub(super) type AfterCommit = Box<dyn FnOnce() + Send>;
/// The last part of an operation.
type LastPart = Box<dyn FnOnce(&WriteTx<'_>) -> Result<(), StoreError>>;

/// An operation's handle on its transaction. It writes, and it reads what it has written: it
/// dereferences to [`ReadTx`], so that every function that reads takes a `&ReadTx` and serves
/// readers and operations alike. (With a `read()` in place of that, each of some two hundred reads
/// within operations would be one call longer, and nothing would be clearer.)
pub struct WriteTx<'c> {
    rows: ReadTx<'c>,
    after_commit: RefCell<Vec<AfterCommit>>,
    events: RefCell<Vec<NotedEvent>>,
    last_part: RefCell<Option<LastPart>>,
    /// On whose behalf the operation is carried out, if it was asked for over the admin socket.
    person: RefCell<Option<Person>>,
}

impl<'c> Deref for WriteTx<'c> {
    type Target = ReadTx<'c>;

    fn deref(&self) -> &ReadTx<'c> {
        &self.rows
    }
}

impl<'c> WriteTx<'c> {
    pub(super) fn on(conn: impl Into<Connection<'c>>) -> WriteTx<'c> {
        WriteTx {
            rows: ReadTx::on(conn),
            after_commit: RefCell::default(),
            events: RefCell::default(),
            last_part: RefCell::default(),
            person: RefCell::default(),
        }
    }

    /// The actions that are to run after the commit.
    pub(super) fn into_after_commit(self) -> Vec<AfterCommit> {
        self.after_commit.into_inner()
    }
}

impl WriteTx<'_> {
    /// Sets on whose behalf the operation is carried out.
    pub(super) fn act_for(&self, person: Option<&Person>) {
        self.person.replace(person.cloned());
    }

    /// On whose behalf the operation is carried out.
    pub(super) fn person(&self) -> Option<Person> {
        self.person.borrow().clone()
    }

    /// Runs `action` on the writer's thread when this operation is on disk and before any later
    /// one is answered; never if this operation fails.
    pub fn after_commit(&self, action: impl FnOnce() + Send + 'static) {
        self.after_commit.borrow_mut().push(Box::new(action));
    }

    /// Notes an event. `write_events` is carried out once, when the rest of the operation has
    /// succeeded, and as a part of it: it writes what was noted until then.
    pub fn note_event(
        &self,
        event: NotedEvent,
        write_events: impl FnOnce(&WriteTx<'_>) -> Result<(), StoreError> + 'static,
    ) {
        self.events.borrow_mut().push(event);
        self.last_part.borrow_mut().get_or_insert_with(|| Box::new(write_events));
    }

    /// The events that were noted since this was asked last, in their order.
    pub fn take_events(&self) -> Vec<NotedEvent> {
        self.events.take()
    }

    /// Carries out the last part of the operation, if it has one.
    pub(super) fn finish(&self) -> Result<(), StoreError> {
        // A part of the operation that failed has taken its events with it.
        let last_part = self.last_part.take().filter(|_| !self.events.borrow().is_empty());
        last_part.map_or(Ok(()), |last_part| last_part(self))
    }

    /// Carries out a part of the operation. If the part fails, its changes are undone and the rest
    /// of the operation may go on; that is the inner error. The outer error is the database's own
    /// and fails the operation.
    pub fn attempt<T, E: From<StoreError>>(
        &self,
        part: impl FnOnce(&Self) -> Result<T, E>,
    ) -> Result<Result<T, E>, E> {
        self.attempt_if(part, |_| true)
    }

    /// Carries out a part of the operation and undoes its changes. So what it returns is what the
    /// part would have done.
    pub fn rehearse<T, E: From<StoreError>>(
        &self,
        part: impl FnOnce(&Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.attempt_if(part, |_| false)?
    }

    /// Like [`WriteTx::attempt`]; the changes of a part that succeeds are undone too, unless it is
    /// to be kept.
    pub fn attempt_if<T, E: From<StoreError>>(
        &self,
        part: impl FnOnce(&Self) -> Result<T, E>,
        is_kept: impl FnOnce(&T) -> bool,
    ) -> Result<Result<T, E>, E> {
        let (waiting, noted) = (self.after_commit.borrow().len(), self.events.borrow().len());
        let conn = self.connection();
        conn.set_savepoint("part")?;
        let done = part(self).and_then(|done| {
            conn.check()?;
            Ok(done)
        });
        if done.as_ref().is_ok_and(is_kept) {
            conn.release("part")?;
            return Ok(done);
        }
        if !conn.is_in_transaction() {
            return done.map(Ok);
        }
        conn.roll_back_to("part")?;
        conn.release("part")?;
        self.after_commit.borrow_mut().truncate(waiting);
        self.events.borrow_mut().truncate(noted);
        Ok(done)
    }

    /// Carries out a statement that changes rows. Its failure may be that of a later statement, or
    /// of the operation's end.
    pub(super) fn change(&self, sql: &str, values: impl Values) -> Result<(), StoreError> {
        self.connection().change_later(sql, values, |_| Ok(()))
    }

    /// Carries out a statement that has to change one row: that of `table` with this key. Its
    /// failure may be that of a later statement, or of the operation's end.
    pub(super) fn change_one(
        &self,
        sql: &str,
        values: impl Values,
        table: &'static str,
        key: impl ToString + Send + 'static,
    ) -> Result<(), StoreError> {
        self.connection().change_later(sql, values, move |changed| one_row(changed, table, key))
    }

    /// Carries out a statement that changes rows, and returns how many it has changed. Where nobody
    /// needs to know, [`WriteTx::change`] says so.
    pub(super) fn change_counted(
        &self,
        sql: &str,
        values: impl Values,
    ) -> Result<usize, StoreError> {
        self.connection().change(sql, values)
    }

    /// Carries out a statement that inserts a row, and returns the row's id.
    pub(super) fn insert(&self, sql: &str, values: impl Values) -> Result<i64, StoreError> {
        self.connection().insert(sql, values)
    }
}
