//! Accounts: their credit, their ledger, and the keys that open them.

mod erasure;
mod export;
mod keys;
mod ledger;
mod limits;
mod portal;
mod prices;
mod searching;
mod slips;
mod spending;

use std::sync::Arc;

use spending::PastSpending;

use super::Error;
use super::environment::Environment;
use super::events::Events;
use super::request_cache::RequestCache;
use super::sandbox::Sandbox;
use super::session_cache::{SessionCache, Whose};
use super::webhooks::EndpointChanges;
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::text::{check_name, did_you_mean, with_question};
use crate::domain::{AccountId, Amount};
use crate::store::{Account, ReadTx, StoreError, WriteTx};
pub use erasure::Erased;
pub use export::{Exported, ReceiverGone};
pub use keys::{KeyEdit, NewKey};
pub use ledger::LedgerRow;
pub use limits::{LimitEdit, Standing};
pub use portal::PortalChoices;
pub use prices::{PriceEdit, PriceView};
pub use searching::AccountPage;
pub use slips::Slip;

/// The most characters that an account's name may have, so that tables stay readable.
const MAX_NAME: usize = 64;

/// The account that the operator names by its name or its id.
pub(super) fn find_account(rows: &ReadTx<'_>, reference: &str) -> Result<Account, Error> {
    let by_id = reference.parse::<AccountId>().ok();
    let found = match by_id {
        Some(id) => rows.account(id)?,
        None => rows.account_named(reference)?,
    };
    match found {
        Some(found) => Ok(found),
        None => {
            let names: Vec<String> = rows.accounts()?.into_iter().map(|one| one.name).collect();
            let hint = did_you_mean(&names, reference);
            Err(Error::refused(with_question(&format!("no account {reference}"), &hint))
                .in_shell("`simbridge account list` shows all"))
        }
    }
}

/// An account as the audit names it.
pub(super) fn subject_of(account: &Account) -> String {
    format!("account {} {}", account.id, account.name)
}

/// Refuses to let an account that was erased have anything again.
pub(super) fn refuse_erased(account: &Account) -> Result<(), Error> {
    match account.erased_at {
        Some(at) => Err(Error::refused(format!("account {} was erased at {at}", account.id))),
        None => Ok(()),
    }
}

/// Whether an account's balance less its holds covers a price.
pub(super) fn covers(tx: &WriteTx<'_>, account: AccountId, price: Amount) -> Result<bool, Error> {
    let account = tx.account(account)?.ok_or_else(|| Error::refused("the account is gone"))?;
    Ok(account.funds.covers(price))
}

/// The customers' accounts: their credit, their limits and their keys.
pub struct Accounts {
    env: Arc<Environment>,
    cache: Arc<RequestCache>,
    sessions: Arc<SessionCache>,
    events: Arc<Events>,
    endpoints: Arc<EndpointChanges>,
    sandbox: Arc<Sandbox>,
    past_spending: Arc<PastSpending>,
}

impl Accounts {
    pub(super) fn new(
        env: Arc<Environment>,
        cache: Arc<RequestCache>,
        sessions: Arc<SessionCache>,
        events: Arc<Events>,
        endpoints: Arc<EndpointChanges>,
        sandbox: Arc<Sandbox>,
    ) -> Accounts {
        let past_spending = Arc::default();
        Accounts { env, cache, sessions, events, endpoints, sandbox, past_spending }
    }

    /// Adds an account. Its name may not be a number, as commands take a name or an id.
    pub async fn add(&self, name: String) -> Result<Account, Error> {
        let name = name.trim().to_owned();
        // A number would be taken for an id.
        let is_number = name.bytes().all(|b| b.is_ascii_digit());
        if name.is_empty() || name.chars().count() > MAX_NAME || is_number {
            return Err(Error::refused(format!(
                "an account name has at most {MAX_NAME} characters, at least one of them a letter"
            )));
        }
        check_name(&name).map_err(|error| {
            Error::refused(format!("an account's name cannot be this: {error}"))
        })?;
        let now = self.env.now();
        self.env
            .store
            .write(move |tx| {
                if let Some(known) = tx.account_named_like(&name)? {
                    let known = known.name;
                    return Err(Error::refused(format!("there is an account {known} already")));
                }
                let id = tx.add_account(&name, now)?;
                let added = find_account(tx, &id.to_string())?;
                tx.note(Actor::Operator, AuditAction::Added, subject_of(&added), now)?;
                Ok(added)
            })
            .await
    }

    /// An account by name or id.
    pub async fn find(&self, reference: String) -> Result<Account, Error> {
        self.env.store.read(move |rows| find_account(rows, &reference)).await
    }

    /// A customer's account, what it may do and has done today, and how many orders it has open.
    pub async fn own(
        &self,
        account: AccountId,
    ) -> Result<Option<(Account, Standing, usize)>, Error> {
        let now = self.env.now();
        let read = self.env.store.read_for(account, move |rows| {
            let open = rows.open_orders(account, now)?.len();
            Ok::<_, StoreError>(rows.account(account)?.map(|account| (account, open)))
        });
        let found = read.await?;
        Ok(found.map(|(account, open)| {
            let standing = self.standing(&account);
            (account, standing, open)
        }))
    }

    /// What an account can spend: its balance less its holds.
    pub async fn available_balance(&self, account: AccountId) -> Result<Amount, Error> {
        let found = self.env.store.read_for(account, move |rows| rows.account(account)).await?;
        Ok(found.map_or(Amount::ZERO, |account| account.funds.available().max(Amount::ZERO)))
    }

    /// Suspends an account, so that its keys open nothing and nobody is signed in, or resumes it.
    pub async fn set_suspended(
        &self,
        reference: String,
        suspended: bool,
    ) -> Result<Account, Error> {
        let (now, cache) = (self.env.now(), Arc::clone(&self.cache));
        let (endpoints, sessions) = (Arc::clone(&self.endpoints), Arc::clone(&self.sessions));
        self.env
            .store
            .write(move |tx| {
                tx.after_commit(move || cache.forget_keys());
                let account = find_account(tx, &reference)?;
                sessions.forget_after(tx, Whose::Account(account.id));
                refuse_erased(&account)?;
                for endpoint in tx.webhook_endpoints(Some(account.id))? {
                    endpoints.change_after(tx, endpoint.id);
                }
                let action = if suspended { AuditAction::Suspended } else { AuditAction::Resumed };
                tx.note(Actor::Operator, action, subject_of(&account), now)?;
                let since = suspended.then_some(account.suspended_at.unwrap_or(now));
                tx.set_suspended(account.id, since)?;
                find_account(tx, &account.id.to_string())
            })
            .await
    }
}
