//! Who asks for something that costs: an account, and the key of the request.

use std::net::IpAddr;

use crate::domain::audit::{Actor, AuditAction};
use crate::domain::fair_use::Allowance;
use crate::domain::key::KeyMode;
use crate::domain::{AccountId, Amount, Timestamp};
use crate::store::{Asked, Holder, ReadTx, StoreError, WriteTx};

/// Who asks for something that costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requester {
    pub account: AccountId,
    /// The request's key; somebody who is signed in has none, and the operator neither.
    pub key: Option<RequestKey>,
    /// The address of the client, where it is known.
    pub client: Option<IpAddr>,
}

/// The key of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// The key's first characters.
    pub prefix: String,
    /// What may be spent with it in a day.
    pub spend_per_day: Allowance,
    /// What the key opens.
    pub mode: KeyMode,
}

impl Requester {
    /// Who holds a key and asks from an address.
    pub fn new(holder: Holder, client: Option<IpAddr>) -> Requester {
        let Holder { account, prefix, spend_per_day, mode, .. } = holder;
        Requester { account, key: Some(RequestKey { prefix, spend_per_day, mode }), client }
    }

    /// What of the account it is about. Only keys can be for tests.
    pub fn mode(&self) -> KeyMode {
        self.key.as_ref().map(|key| key.mode).unwrap_or_default()
    }

    /// Somebody of an account who is signed in and asks from an address.
    pub fn signed_in(account: AccountId, client: Option<IpAddr>) -> Requester {
        Requester { account, key: None, client }
    }

    /// The first characters of the key.
    pub(super) fn key_prefix(&self) -> Option<&str> {
        self.key.as_ref().map(|key| key.prefix.as_str())
    }

    /// Notes in the audit what is done for it.
    pub(super) fn note(
        &self,
        tx: &WriteTx<'_>,
        action: AuditAction<'_>,
        subject: String,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        tx.note_of_customer(self.account, (self.key_prefix(), self.client), action, subject, at)
    }

    /// Keeps from where it asked for an order or a rental.
    pub(super) fn keep_client(
        &self,
        tx: &WriteTx<'_>,
        asked: Asked,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.client.map_or(Ok(()), |client| tx.add_client_address(asked, client, at))
    }
}

/// Who asks for something: a customer for what is the account's, or the operator for anything.
#[derive(Debug, Clone)]
pub enum AskedBy {
    Customer(Requester),
    Operator,
}

impl AskedBy {
    /// Notes in the audit what is done for whoever asks.
    pub(super) fn note(
        &self,
        tx: &WriteTx<'_>,
        action: AuditAction<'_>,
        subject: String,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        match self {
            AskedBy::Customer(by) => by.note(tx, action, subject, at),
            AskedBy::Operator => tx.note(Actor::Operator, action, subject, at),
        }
    }
}

impl From<AccountId> for Requester {
    fn from(account: AccountId) -> Requester {
        Requester { account, key: None, client: None }
    }
}

/// Whether so much more may be spent with the key of a request on the day that began at `today`.
pub(super) fn key_may_spend(
    rows: &ReadTx<'_>,
    by: &Requester,
    price: Amount,
    today: Timestamp,
) -> Result<bool, StoreError> {
    let limited = by.key.as_ref().filter(|key| key.spend_per_day != Allowance::Unlimited);
    let Some(key) = limited else { return Ok(true) };
    let used = rows.key_day(by.account, &key.prefix)?;
    Ok(used.is_some_and(|used| used.on(today).may_spend(price, key.spend_per_day)))
}
