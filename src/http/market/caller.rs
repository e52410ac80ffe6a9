//! Who asks, with a key that opens an account.

use std::net::IpAddr;

use super::super::api::{Api, KeyFault, OpenKey};
use super::super::params::Params;
use super::Refusal;
use crate::domain::AccountId;
use crate::domain::key::{ApiKey, Scope};
use crate::gateway::{Holder, Requester};

/// Who asks, with a key that opens an account.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    holder: Holder,
    digest: [u8; 32],
    client: Option<IpAddr>,
}

impl Caller {
    /// Who asks with a key. `params` are those of the request, which tell where it comes from. A
    /// test key opens nothing here, and is refused like one that is not known.
    pub(super) async fn open(
        api: &Api,
        key: Option<ApiKey>,
        params: &Params,
    ) -> Result<Caller, Refusal> {
        api.gateway.require_database()?;
        let (digest, client) = (key.ok_or(Refusal::NoKey)?.digest(), params.peer);
        match api.open(digest, client, params.connection.as_deref()).await {
            Ok(holder) => Ok(Caller { holder, digest, client }),
            Err(KeyFault::Closed) if api.is_suspended(digest, client).await? => {
                Err(Refusal::Suspended)
            }
            Err(fault) => Err(fault.into()),
        }
    }

    /// The account that the key opens.
    pub(super) fn account(&self) -> AccountId {
        self.holder.account
    }

    /// Who asks, for the gateway, if the key is for reading.
    pub(super) fn reader(&self, api: &Api) -> Result<Requester, Refusal> {
        self.with_scope(api, Scope::Read)
    }

    /// Who asks for a change, if the key is for that. Refuses immediately when too many operations
    /// wait for the database, or too many of this account's.
    pub(super) fn writer(&self, api: &Api, needed: Scope) -> Result<Requester, Refusal> {
        let by = self.with_scope(api, needed)?;
        api.overload(self.account()).map_or(Ok(by), |overload| Err(overload.into()))
    }

    /// The key, for a request that waits.
    pub(super) fn key(&self) -> OpenKey {
        OpenKey { digest: self.digest, client: self.client, account: self.holder.account }
    }

    fn with_scope(&self, api: &Api, needed: Scope) -> Result<Requester, Refusal> {
        match api.is_for(&self.holder, self.digest, needed) {
            true => Ok(Requester::new(self.holder.clone(), self.client)),
            false => Err(Refusal::WrongKey),
        }
    }
}
