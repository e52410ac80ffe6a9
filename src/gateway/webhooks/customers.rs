//! What customers ask of their endpoints, carried out once however often it is sent.

use super::editor::Editor;
use super::{DeliveryResource, EndpointRefusal, EndpointResource, NewEndpoint, Webhooks};
use crate::domain::audit::AuditAction;
use crate::domain::webhook::Secret;
use crate::domain::{EndpointId, EventId};
use crate::gateway::once::carry_out;
use crate::gateway::{AskedBy, Done, Error, Once, Requester};
use crate::store::WriteTx;

/// What has come of a request about an endpoint.
pub type EndpointDone<T> = Done<T, EndpointRefusal>;

impl Webhooks {
    /// As [`Webhooks::add`]. The secret is not in the answer that is kept, but beside it.
    pub async fn add_once(
        &self,
        by: Requester,
        new: NewEndpoint,
        once: Option<Once>,
    ) -> Result<(EndpointDone<EndpointResource>, Secret), Error> {
        let (account, secret) = (by.account, self.new_secret()?);
        if let Some(before) = self.env.answered_before(account, once.as_ref()).await? {
            return Ok((before, secret));
        }
        let new = match self.check(new).await {
            Ok(new) => new,
            Err(refusal) => return Ok((Done::Refused(refusal), secret)),
        };
        let add = move |editor: &Editor, tx: &WriteTx<'_>| {
            let added = editor.add(tx, account, &new, &secret)?;
            Ok(added.map(|endpoint| EndpointResource::of(&endpoint)))
        };
        Ok((self.edit_once(by, once, add).await?, secret))
    }

    /// As [`Webhooks::rotate`]. The secret is not in the answer that is kept, but beside it.
    pub async fn rotate_once(
        &self,
        by: Requester,
        id: EndpointId,
        once: Option<Once>,
    ) -> Result<(EndpointDone<EndpointResource>, Secret), Error> {
        let secret = self.new_secret()?;
        let rotate = move |editor: &Editor, tx: &WriteTx<'_>| {
            let rotated = editor.change(tx, id, AuditAction::ChangedSecret, |endpoint| {
                endpoint.secrets = endpoint.secrets.changed_to(secret, editor.now);
            })?;
            Ok(rotated.map(|endpoint| EndpointResource::of(&endpoint)))
        };
        Ok((self.edit_once(by, once, rotate).await?, secret))
    }

    /// Like [`Webhooks::test`], but carried out once however often it is sent.
    pub async fn test_once(
        &self,
        by: Requester,
        id: EndpointId,
        once: Option<Once>,
    ) -> Result<EndpointDone<DeliveryResource>, Error> {
        let test = move |editor: &Editor, tx: &WriteTx<'_>| {
            Ok(editor.test(tx, id)?.map(DeliveryResource::from))
        };
        self.edit_once(by, once, test).await
    }

    /// Like [`Webhooks::redeliver`], but carried out once however often it is sent.
    pub async fn redeliver_once(
        &self,
        by: Requester,
        id: EndpointId,
        event: EventId,
        once: Option<Once>,
    ) -> Result<EndpointDone<DeliveryResource>, Error> {
        let redeliver = move |editor: &Editor, tx: &WriteTx<'_>| {
            Ok(editor.redeliver(tx, id, event)?.map(DeliveryResource::from))
        };
        self.edit_once(by, once, redeliver).await
    }

    async fn edit_once<T: serde::Serialize + Send + 'static>(
        &self,
        by: Requester,
        once: Option<Once>,
        edit: impl FnOnce(&Editor, &WriteTx<'_>) -> Result<Result<T, EndpointRefusal>, Error>
        + Send
        + 'static,
    ) -> Result<EndpointDone<T>, Error> {
        let account = by.account;
        let editor = self.editor(AskedBy::Customer(by));
        let done = self.env.store.write_for(account, move |tx| {
            carry_out(tx, (account, once.as_ref()), editor.now, || edit(&editor, tx))
        });
        done.await
    }
}
