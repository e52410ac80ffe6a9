//! The audit: who did or saw what.

use std::sync::Arc;

use super::Error;
use super::environment::Environment;
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::{AccountId, MessageId, RowLimit};
use crate::store::AuditRow;

/// The audit's rows, and those entries that are not part of another operation.
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

    /// Records that an account was shown messages of its own, each message once.
    ///
    /// The customer does not wait for it: it is one more operation of the next commit. What is lost
    /// in a crash is recorded when the customer looks again.
    pub(super) fn note_views(self: &Arc<Self>, account: AccountId, messages: Vec<MessageId>) {
        if messages.is_empty() {
            return;
        }
        let (audit, now) = (Arc::clone(self), self.env.now());
        tokio::spawn(async move {
            let recorded = audit.env.store.write(move |tx| {
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
