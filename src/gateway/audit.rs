//! The audit: who did or saw what.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::Error;
use super::environment::Environment;
use super::listing::ListRequest;
use super::requester::Requester;
use crate::domain::audit::{Actor, AuditAction, Person};
use crate::domain::{MessageId, RowLimit, Timestamp};
use crate::store::{AuditRow, ListStep, current_person};

/// An operator who follows the messages as they come is recorded again after this long. One row a
/// message would bury all others.
const FOLLOWING_RECORDED_EVERY: Duration = Duration::from_secs(600);

/// The audit's rows, and those entries that are not part of another operation.
pub struct Audit {
    env: Arc<Environment>,
    /// When it was last recorded that each of the operators follows the messages, and from which
    /// one on.
    following: Mutex<HashMap<Option<Person>, (Timestamp, MessageId)>>,
}

impl Audit {
    pub(super) fn new(env: Arc<Environment>) -> Audit {
        Audit { env, following: Mutex::default() }
    }

    /// The newest `limit` rows of the audit, oldest first.
    pub async fn rows(&self, limit: RowLimit) -> Result<Vec<AuditRow>, Error> {
        self.list(limit.into()).await
    }

    /// The rows of the audit that the operator asks for, oldest first.
    pub async fn list(&self, request: ListRequest) -> Result<Vec<AuditRow>, Error> {
        let settings = self.env.settings();
        // With a filter that selects little, all rows may have to be looked at.
        let read = self.env.store.read_in_background(move |rows| {
            Ok(rows.audit(&request.resolve(rows, &settings.countries, &[])?)?)
        });
        read.await
    }

    /// Like [`Audit::list`], but looks back only so far at a time.
    pub async fn list_step(&self, request: ListRequest) -> Result<ListStep<AuditRow>, Error> {
        let settings = self.env.settings();
        let read = self.env.store.read(move |rows| {
            Ok(rows.audit_step(&request.resolve(rows, &settings.countries, &[])?)?)
        });
        read.await
    }

    /// Records that the operator saw or did something, where no operation of the business records
    /// it itself.
    pub async fn note_operator_action(
        &self,
        action: AuditAction<'static>,
        subject: String,
    ) -> Result<(), Error> {
        let now = self.env.now();
        Ok(self.env.store.write(move |tx| tx.note(Actor::Operator, action, subject, now)).await?)
    }

    /// The same for what is done to modems and banks. They can be operated even while the database
    /// is full, so a failure is only logged.
    pub async fn note_operation(&self, action: AuditAction<'static>, subject: String) {
        if let Err(error) = self.note_operator_action(action, subject).await {
            tracing::error!(
                event = "audit_failed", %error,
                "could not write an operator's action into the audit log"
            );
        }
    }

    /// Records that an operator is shown the messages from this one on, unless a row of a short
    /// while ago says so of that person already.
    pub async fn note_following(&self, first: MessageId) -> Result<(), Error> {
        let now = self.env.now();
        let person = current_person();
        let is_recent = |at: Timestamp| at <= now && now.since(at) < FOLLOWING_RECORDED_EVERY;
        let covers = |(at, from): &(Timestamp, MessageId)| *from <= first && is_recent(*at);
        if self.following.lock().get(&person).is_some_and(covers) {
            return Ok(());
        }
        let subject = format!("all SIMs, from message {first} on");
        self.note_operator_action(AuditAction::SawMessages, subject).await?;
        let mut following = self.following.lock();
        following.retain(|_, (at, _)| is_recent(*at));
        following.insert(person, (now, first));
        Ok(())
    }

    /// Records that an account was shown messages of its own, each message once.
    ///
    /// The customer does not wait for it: it is one more operation of the next commit. What is lost
    /// in a crash is recorded when the customer looks again.
    pub(super) fn note_views(self: &Arc<Self>, by: Requester, messages: Vec<MessageId>) {
        if messages.is_empty() {
            return;
        }
        let (audit, now, account) = (Arc::clone(self), self.env.now(), by.account);
        tokio::spawn(async move {
            let recorded = audit.env.store.write(move |tx| {
                for message in messages {
                    if tx.mark_seen(message, now)? {
                        by.note(tx, AuditAction::Saw, format!("message {message}"), now)?;
                    }
                }
                Ok::<_, Error>(())
            });
            if let Err(error) = recorded.await {
                tracing::error!(
                    event = "audit_failed",
                    %error,
                    %account,
                    "cannot record in the audit that a customer viewed messages"
                );
            }
        });
    }
}
