//! What all versions of the customers' API stand on: who may ask, how much, and over which
//! connection. How a request is refused is put into words by each version.

use std::net::IpAddr;
use std::ops::Deref;
use std::pin::pin;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::answers_in_flight::AnswersInFlight;
use super::client_address::{TrustedProxies, client_network};
use super::connection::ClientConnection;
use super::ids::RequestIds;
use super::limits::{Throttle, TooMany};
use super::outcomes::RequestCounts;
use super::shares::{Share, Shares};
use crate::domain::AccountId;
use crate::domain::ip_network::is_allowed;
use crate::domain::key::{KeyRefusal, KeyState, Scope};
use crate::gateway::{self, Gateway, Holder};

/// What the endpoints share, behind one reference count: it is cloned several times per request.
#[derive(Clone)]
pub(super) struct Api(Arc<Shared>);

pub(super) struct Shared {
    pub(super) gateway: Gateway,
    /// Cancelled when the daemon stops, to end long polls.
    pub(super) stopping: CancellationToken,
    pub(super) request_ids: Arc<RequestIds>,
    pub(super) request_counts: Arc<RequestCounts>,
    pub(super) throttle: Throttle,
    pub(super) proxies: TrustedProxies,
    /// Connections by the key that they count for.
    connections: Shares<[u8; 32]>,
    pub(super) answers: AnswersInFlight,
    /// Requests that are under way and are to be carried out once, by their account and what they
    /// are known by.
    under_way: Shares<(AccountId, String)>,
}

impl Deref for Api {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// Why a key does not open an account to a client.
#[derive(Debug)]
pub(super) enum KeyFault {
    /// It is unknown, expired or revoked, may not be used from the client's address, or its account
    /// is suspended.
    Closed,
    /// More was asked with it, or with wrong keys from this address, than may be.
    TooMany(TooMany),
    /// It has too many connections.
    TooManyConnections,
    /// It is a test key, and the request is one that has no sandbox.
    Test,
    /// That cannot be found out now.
    Failed(gateway::Error),
}

impl From<gateway::Error> for KeyFault {
    fn from(error: gateway::Error) -> KeyFault {
        KeyFault::Failed(error)
    }
}

impl From<TooMany> for KeyFault {
    fn from(too_many: TooMany) -> KeyFault {
        KeyFault::TooMany(too_many)
    }
}

/// Why what would write to the database is refused at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overload {
    /// Too many operations wait for the database.
    InAll,
    /// Too many of this account's do.
    OfAccount,
}

/// A key that opens an account to a client, by the key's SHA-256.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenKey {
    pub(super) digest: [u8; 32],
    pub(super) client: Option<IpAddr>,
    pub(super) account: AccountId,
}

impl Api {
    pub(super) fn new(
        gateway: Gateway,
        (throttle, proxies): (Throttle, TrustedProxies),
        request_counts: Arc<RequestCounts>,
        request_ids: Arc<RequestIds>,
        stopping: CancellationToken,
    ) -> Api {
        Api(Arc::new(Shared {
            gateway,
            stopping,
            request_ids,
            request_counts,
            throttle,
            proxies,
            connections: Shares::default(),
            answers: AnswersInFlight::default(),
            under_way: Shares::default(),
        }))
    }

    /// Whose account a live key opens to a client; see [`Api::open_any`].
    pub(super) async fn open(
        &self,
        digest: [u8; 32],
        client: Option<IpAddr>,
        connection: Option<&ClientConnection>,
    ) -> Result<Holder, KeyFault> {
        let holder = self.open_any(digest, client, connection).await?;
        if holder.mode.is_test() {
            let now = self.gateway.now();
            self.gateway.accounts().note_key_refusal(digest, KeyRefusal::Scope, now);
            return Err(KeyFault::Test);
        }
        Ok(holder)
    }

    /// Whose account or sandbox a key opens to a client, by the key's SHA-256. The request counts
    /// for the key, or for the address from which a wrong one came.
    pub(super) async fn open_any(
        &self,
        digest: [u8; 32],
        client: Option<IpAddr>,
        connection: Option<&ClientConnection>,
    ) -> Result<Holder, KeyFault> {
        let (now, accounts) = (self.gateway.now(), self.gateway.accounts());
        let Some(holder) = self.holder(digest, client).await? else {
            if let Some(address) = client {
                self.throttle.buckets().failed.take(client_network(address), now)?;
            }
            accounts.note_key_refusal(digest, KeyRefusal::Closed, now);
            return Err(KeyFault::Closed);
        };
        self.throttle.buckets().by_key.take(digest, now)?;
        if connection.is_some_and(|connection| !self.count_connection(connection, digest)) {
            return Err(KeyFault::TooManyConnections);
        }
        accounts.note_key_use(digest, now);
        Ok(holder)
    }

    /// Whether a key is for what a request needs. That it is not is noted.
    pub(super) fn is_for(&self, holder: &Holder, digest: [u8; 32], needed: Scope) -> bool {
        let is_for = holder.scopes.allow(needed);
        if !is_for {
            let now = self.gateway.now();
            self.gateway.accounts().note_key_refusal(digest, KeyRefusal::Scope, now);
        }
        is_for
    }

    /// Whose account a key opens to a client.
    async fn holder(
        &self,
        digest: [u8; 32],
        client: Option<IpAddr>,
    ) -> Result<Option<Holder>, gateway::Error> {
        let holder = self.gateway.accounts().holder_of_key(digest).await?;
        Ok(holder.filter(|holder| may_be_used_from(holder.allowed.as_deref(), client)))
    }

    /// Whether a key would open an account to a client if that were not suspended.
    pub(super) async fn is_suspended(
        &self,
        digest: [u8; 32],
        client: Option<IpAddr>,
    ) -> Result<bool, gateway::Error> {
        let Some(key) = self.gateway.accounts().key(digest).await? else { return Ok(false) };
        let is_suspended = key.state(self.gateway.now()) == KeyState::Suspended;
        Ok(is_suspended && may_be_used_from(key.terms.allowed.as_deref(), client))
    }

    /// Whether a key still opens the account that it opened before.
    pub(super) async fn opens_still(&self, key: OpenKey) -> Result<bool, gateway::Error> {
        let holder = self.holder(key.digest, key.client).await?;
        Ok(holder.is_some_and(|holder| holder.account == key.account))
    }

    /// Waits for an answer for as long as a key opens its account: one that is revoked meanwhile,
    /// or whose account is suspended, is shown nothing, and the answer is `None`. When the daemon
    /// stops, the answer is that of `as_it_is`.
    pub(super) async fn wait_while_open<T>(
        &self,
        key: OpenKey,
        waiting: impl Future<Output = Result<T, gateway::Error>>,
        as_it_is: impl Future<Output = Result<T, gateway::Error>>,
    ) -> Result<Option<T>, gateway::Error> {
        let mut key_changes = self.gateway.accounts().follow_keys();
        let mut waiting = pin!(waiting);
        // The key may have changed before its changes were followed.
        while self.opens_still(key).await? {
            tokio::select! {
                biased;
                // The sender lives as long as the gateway.
                _ = key_changes.changed() => {}
                answer = &mut waiting => {
                    // The key may have expired meanwhile.
                    let is_open = self.opens_still(key).await?;
                    return if is_open { answer.map(Some) } else { Ok(None) };
                }
                () = self.stopping.cancelled() => return as_it_is.await.map(Some),
            }
        }
        Ok(None)
    }

    /// Whether so much waits to be written that a request which would add to it is refused.
    pub(super) fn overload(&self, account: AccountId) -> Option<Overload> {
        if self.gateway.is_overloaded() {
            tracing::error!(
                event = "request_failed",
                "too many operations wait for the database; a request was refused"
            );
            return Some(Overload::InAll);
        }
        self.gateway.is_overloaded_by(account).then_some(Overload::OfAccount)
    }

    /// Counts a connection for a key, which may have only so many.
    pub(super) fn count_connection(&self, connection: &ClientConnection, key: [u8; 32]) -> bool {
        let limit = self.throttle.buckets().limits.connections_per_key;
        connection.count_for(key, &self.connections, limit)
    }

    /// Begins a request that is to be carried out once, unless it is under way. It ends when the
    /// share is dropped.
    pub(super) fn begin_once(
        &self,
        account: AccountId,
        known_by: &str,
    ) -> Option<Share<(AccountId, String)>> {
        self.under_way.take((account, known_by.to_owned()), 1, 1)
    }
}

/// Whether a key that is allowed to some networks may be used from this address.
pub(super) fn may_be_used_from(networks: Option<&str>, client: Option<IpAddr>) -> bool {
    networks.is_none_or(|networks| client.is_some_and(|client| is_allowed(networks, client)))
}
