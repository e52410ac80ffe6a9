//! The audit: who did or saw what.

use std::sync::Arc;

use super::Error;
use super::environment::Environment;
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::{AccountId, MessageId, RowLimit};
use crate::store::AuditRow;

/// What is noted in the audit beside the notes that an operation makes of itself.
pub struct Audit {
    env: Arc<Environment>,
}

impl Audit {
    pub(super) fn new(env: Arc<Environment>) -> Audit {
        Audit { env }
    }

    /// The newest `limit` rows of the audit, oldest first.
    pub async fn rows(&self, limit: RowLimit) -> Result<Vec<AuditRow>, Error> {
        Ok(self.env.store.read(move |rows| rows.audit(limit.rows())).await?)
    }

    /// Notes that the operator saw or did something that no verb of its own notes.
    pub async fn note_operator_action(
        &self,
        action: AuditAction<'static>,
        subject: String,
    ) -> Result<(), Error> {
        let now = self.env.now();
        Ok(self.env.store.write(move |tx| tx.note(Actor::Operator, action, subject, now)).await?)
    }

    /// Notes that an account was shown messages of its own: those that it was not shown before.
    ///
    /// The customer does not wait for it: it is one more operation of the next commit. What a crash
    /// swallows is noted with the next look.
    pub(super) fn note_views(self: &Arc<Self>, account: AccountId, messages: Vec<MessageId>) {
        if messages.is_empty() {
            return;
        }
        let (audit, now) = (Arc::clone(self), self.env.now());
        tokio::spawn(async move {
            let noted = audit.env.store.write(move |tx| {
                for message in messages {
                    if tx.mark_seen(message, now)? {
                        tx.note(
                            Actor::Account(account),
                            AuditAction::Saw,
                            format!("message {message}"),
                            now,
                        )?;
                    }
                }
                Ok::<_, Error>(())
            });
            if let Err(error) = noted.await {
                tracing::error!(event = "audit_failed", %error, %account, "that a customer saw messages could not be noted");
            }
        });
    }
}
