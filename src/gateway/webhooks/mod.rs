//! Webhooks: the endpoints that accounts have their events sent to. `sending.rs` has what those
//! need who send.

mod changes;
mod customers;
mod deliveries;
mod editor;
mod resolver;
mod resource;
mod sending;

use std::sync::Arc;
use std::time::Duration;

use super::Error;
use super::accounts::find_account;
use super::environment::Environment;
use super::requester::{AskedBy, Requester};
use crate::domain::audit::AuditAction;
use crate::domain::key::KeyMode;
use crate::domain::webhook::{
    AddressRules, Delivery, Endpoint, EndpointState, EndpointUrl, OffReason, Secret, Subscription,
};
use crate::domain::{AccountId, EndpointId, EventId};
use crate::store::{ReadTx, StoreError, WriteTx};
pub(super) use changes::EndpointChanges;
pub use customers::EndpointDone;
use editor::{Editor, granted};
pub use resolver::{NameResolver, SystemResolver, addresses_of};
pub use resource::{AttemptResource, DeliveryResource, EndpointResource};
pub use sending::{Letter, Recorded, Sendable, Tried, Work};

/// How many live endpoints an account has at most, and how many test endpoints.
const MOST_PER_ACCOUNT: usize = 10;
/// How many patterns of events an endpoint has at most.
const MOST_PATTERNS: usize = 50;
/// How many deliveries of an endpoint that was deleted are removed in one transaction.
const ROWS_PER_STEP: i64 = 200;
/// How long an account may wait for a name to be looked up.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);

/// What an endpoint is to be, in its customer's words.
#[derive(Debug, Clone, Default)]
pub struct NewEndpoint {
    pub url: String,
    /// Patterns of events; all of them without any.
    pub types: Option<Vec<String>>,
}

/// What is to change of an endpoint; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct EndpointEdit {
    pub url: Option<String>,
    pub types: Option<Vec<String>>,
    pub is_on: Option<bool>,
}

/// Why something that was asked of an endpoint is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointRefusal {
    /// There is none with this id, or it is another account's.
    #[error("no webhook endpoint {0}")]
    NoEndpoint(EndpointId),
    /// This event is not sent to the endpoint, or it is not kept any more.
    #[error("no delivery {0} to this endpoint; deliveries are kept as long as their events")]
    NoDelivery(EventId),
    #[error("an account has at most {MOST_PER_ACCOUNT} webhook endpoints; delete one first")]
    TooMany,
    /// The text says what would be right.
    #[error("{0}")]
    Url(String),
    /// Nothing may be sent there.
    #[error("{0}")]
    UnsafeAddress(String),
    /// The text says what would be right.
    #[error("{0}")]
    Types(String),
    /// Nothing is sent to an endpoint that is off.
    #[error("the endpoint is off ({}); switch it on first", .0.as_str())]
    Off(OffReason),
}

impl AskedBy {
    /// Of which keys' events an endpoint that is added is sent.
    fn mode(&self) -> KeyMode {
        match self {
            AskedBy::Customer(by) => by.mode(),
            AskedBy::Operator => KeyMode::Live,
        }
    }

    /// An endpoint that may be asked for. A test key opens those alone that were made with one, and
    /// a live key the others.
    fn endpoint(
        &self,
        rows: &ReadTx<'_>,
        id: EndpointId,
    ) -> Result<Result<Endpoint, EndpointRefusal>, StoreError> {
        let is_theirs = |endpoint: &Endpoint| match self {
            AskedBy::Customer(by) => (by.account, by.mode()) == (endpoint.account, endpoint.mode),
            AskedBy::Operator => true,
        };
        let found = rows.webhook_endpoint(id)?.filter(is_theirs);
        Ok(found.ok_or(EndpointRefusal::NoEndpoint(id)))
    }
}

/// The answer to what was asked of an endpoint.
pub type Asked<T> = Result<Result<T, EndpointRefusal>, Error>;

/// The webhooks of all accounts.
pub struct Webhooks {
    env: Arc<Environment>,
    changes: Arc<EndpointChanges>,
    resolver: Arc<dyn NameResolver>,
}

impl Webhooks {
    pub(super) fn new(
        env: Arc<Environment>,
        changes: Arc<EndpointChanges>,
        resolver: Arc<dyn NameResolver>,
    ) -> Webhooks {
        Webhooks { env, changes, resolver }
    }

    /// Adds an endpoint to an account, which is sent what happens from now on. Its secret is in the
    /// answer, and is not to be shown again.
    pub async fn add(&self, by: AskedBy, account: AccountId, new: NewEndpoint) -> Asked<Endpoint> {
        let (new, secret) = (granted!(self.check(new).await), self.new_secret()?);
        let editor = self.editor(by);
        let add = move |tx: &WriteTx<'_>| editor.add(tx, account, &new, &secret);
        self.env.store.write_for(account, add).await
    }

    /// The endpoints of a customer's account that the request's key opens, newest first.
    pub async fn of(&self, by: &Requester) -> Result<Vec<Endpoint>, Error> {
        let (account, mode) = (by.account, by.mode());
        let read =
            self.env.store.read_for(account, move |rows| rows.webhook_endpoints(Some(account)));
        let found = read.await?;
        Ok(found.into_iter().rev().filter(|endpoint| endpoint.mode == mode).collect())
    }

    /// All endpoints, or those of an account that the operator names, oldest first, each with the
    /// name of its account.
    pub async fn list(&self, account: Option<String>) -> Result<Vec<(Endpoint, String)>, Error> {
        let read = self.env.store.read(move |rows| {
            let account = account.map(|name| find_account(rows, &name)).transpose()?;
            let found = rows.webhook_endpoints(account.map(|account| account.id))?;
            let name = |endpoint: Endpoint| {
                let account = rows.account(endpoint.account)?;
                Ok((endpoint, account.map(|account| account.name).unwrap_or_default()))
            };
            found.into_iter().map(name).collect()
        });
        read.await
    }

    /// An endpoint of whoever asks.
    pub async fn find(&self, by: AskedBy, id: EndpointId) -> Asked<Endpoint> {
        Ok(self.env.store.read(move |rows| by.endpoint(rows, id)).await?)
    }

    /// Changes an endpoint. What waits is sent to its new address.
    pub async fn edit(&self, by: AskedBy, id: EndpointId, edit: EndpointEdit) -> Asked<Endpoint> {
        let url = match edit.url {
            Some(url) => Some(granted!(self.check_url(&url).await)),
            None => None,
        };
        let types = granted!(edit.types.map(|types| subscription(&types)).transpose());
        let (is_on, editor) = (edit.is_on, self.editor(by));
        let edit = move |endpoint: &mut Endpoint| apply(endpoint, url, types, is_on);
        let change = move |tx: &WriteTx<'_>| editor.change(tx, id, AuditAction::Changed, edit);
        self.env.store.write(change).await
    }

    /// Gives an endpoint a new secret, which is in the answer. The one before it signs too, for a
    /// day.
    pub async fn rotate(&self, by: AskedBy, id: EndpointId) -> Asked<Endpoint> {
        let (new, editor) = (self.new_secret()?, self.editor(by));
        let rotate = move |tx: &WriteTx<'_>| {
            let now = editor.now;
            editor.change(tx, id, AuditAction::ChangedSecret, |endpoint| {
                endpoint.secrets = endpoint.secrets.changed_to(new, now);
            })
        };
        self.env.store.write(rotate).await
    }

    /// Deletes an endpoint. Its deliveries go in steps that hold nobody up.
    pub async fn delete(&self, by: AskedBy, id: EndpointId) -> Asked<()> {
        let editor = self.editor(by);
        self.env.store.write(move |tx| editor.delete(tx, id)).await
    }

    /// Has an endpoint sent a `webhook.test`. Answers the delivery; if one waits already, that.
    pub async fn test(&self, by: AskedBy, id: EndpointId) -> Asked<Delivery> {
        let editor = self.editor(by);
        self.env.store.write(move |tx| editor.test(tx, id)).await
    }

    /// Where webhooks may be sent to.
    pub(super) fn rules(&self) -> AddressRules {
        self.env.settings().webhooks.clone()
    }

    fn editor(&self, by: AskedBy) -> Editor {
        Editor { by, changes: Arc::clone(&self.changes), now: self.env.now() }
    }

    fn new_secret(&self) -> Result<Secret, Error> {
        Ok(Secret::from_entropy(self.env.random_bytes()?))
    }

    /// What a new endpoint is to be, if it may be that.
    async fn check(
        &self,
        new: NewEndpoint,
    ) -> Result<(EndpointUrl, Subscription), EndpointRefusal> {
        let types = new.types.map_or(Ok(Subscription::all()), |types| subscription(&types))?;
        Ok((self.check_url(&new.url).await?, types))
    }

    /// The address of an endpoint, if it is one that may be sent to. A name that has no address yet
    /// is taken: it is looked up again at each attempt.
    async fn check_url(&self, text: &str) -> Result<EndpointUrl, EndpointRefusal> {
        let url: EndpointUrl =
            text.trim().parse().map_err(|error| EndpointRefusal::Url(format!("{error}")))?;
        let rules = self.rules();
        if !rules.permit_some(url.scheme) {
            let https = "webhooks are sent by https: the address begins with https://";
            return Err(EndpointRefusal::UnsafeAddress(https.to_owned()));
        }
        let found = addresses_of(&*self.resolver, &url);
        let found = tokio::time::timeout(LOOKUP_TIMEOUT, found).await.unwrap_or_default();
        match found.iter().all(|address| rules.permit(url.scheme, address.ip())) {
            true => Ok(url),
            // Which address it is may be the operator's secret.
            false => Err(EndpointRefusal::UnsafeAddress(
                "webhooks are sent to public addresses, and the host is or has one that is not"
                    .to_owned(),
            )),
        }
    }
}

fn subscription(types: &[String]) -> Result<Subscription, EndpointRefusal> {
    if types.is_empty() || types.len() > MOST_PATTERNS {
        let right = format!("an endpoint has 1 to {MOST_PATTERNS} types; `*` is all events");
        return Err(EndpointRefusal::Types(right));
    }
    Subscription::from_patterns(types.iter().map(String::as_str))
        .map_err(|error| EndpointRefusal::Types(error.to_string()))
}

/// An endpoint as the audit names it, with its account. Its address is its customer's own affair.
fn subject_of(rows: &ReadTx<'_>, endpoint: &Endpoint) -> Result<String, StoreError> {
    let account = match rows.account(endpoint.account)? {
        Some(account) => super::accounts::subject_of(&account),
        None => format!("account {}", endpoint.account),
    };
    Ok(format!("{account}: webhook endpoint {}", endpoint.id))
}

/// Changes an endpoint; what is `None` stays.
fn apply(
    endpoint: &mut Endpoint,
    url: Option<EndpointUrl>,
    subscription: Option<Subscription>,
    is_on: Option<bool>,
) {
    let is_elsewhere = url.as_ref().is_some_and(|url| *url != endpoint.url);
    if is_elsewhere || is_on == Some(true) {
        // What failed is no more, or is believed to be mended.
        endpoint.failing_since = None;
    }
    if let Some(url) = url {
        endpoint.url = url;
    }
    if let Some(subscription) = subscription {
        endpoint.subscription = subscription;
    }
    endpoint.state = match (is_on, endpoint.state) {
        (Some(true), _) => EndpointState::On,
        (Some(false), EndpointState::On) => EndpointState::Off(OffReason::Customer),
        (_, state) => state,
    };
}
