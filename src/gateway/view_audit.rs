//! Who saw what: that a customer was shown a message goes into the audit, once.

use super::{Error, Gateway};
use crate::domain::{AccountId, MessageId};
use crate::store::Actor;

impl Gateway {
    /// Notes that an account was shown messages of its own: those that it was not shown before.
    ///
    /// The customer does not wait for it: it is one more operation of the next commit. What a crash
    /// swallows is noted with the next look.
    pub(super) fn note_seen(&self, account: AccountId, messages: Vec<MessageId>) {
        if messages.is_empty() {
            return;
        }
        let (gateway, now) = (self.clone(), self.env.now());
        tokio::spawn(async move {
            let noted = gateway.env.store.write(move |tx| {
                for message in messages {
                    if tx.mark_seen(message, now)? {
                        tx.note(Actor::Account(account), "saw", format!("message {message}"), now)?;
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
