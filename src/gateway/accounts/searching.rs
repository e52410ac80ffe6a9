//! Accounts as operators look for them.

use super::Accounts;
use crate::domain::AccountId;
use crate::gateway::Error;
use crate::gateway::listing::{ListRequest, check_state};
use crate::store::Account;

/// The states of an account in the operator's lists.
const ACTIVE: &str = "active";
const SUSPENDED: &str = "suspended";

/// Which accounts are wanted.
#[derive(Debug, Clone, Default)]
pub struct AccountPage {
    /// Only accounts in the state with this word.
    pub state: Option<String>,
    /// A part of the name, in any case of the letters.
    pub name: Option<String>,
    /// Older than the account with this id.
    pub before: Option<AccountId>,
    /// How many at most.
    pub limit: u32,
}

impl Accounts {
    /// The accounts that the operator asks for, oldest first: all, or those in a state.
    pub async fn search(&self, request: ListRequest) -> Result<Vec<Account>, Error> {
        let is_suspended = is_suspended(request.state)?;
        let mut found = self.env.store.read(|rows| rows.accounts()).await?;
        found.retain(|account| {
            is_suspended.is_none_or(|wanted| wanted == account.suspended_at.is_some())
        });
        Ok(found)
    }

    /// The accounts that the operator asks for, newest first.
    pub async fn page(&self, page: AccountPage) -> Result<Vec<Account>, Error> {
        let AccountPage { state, name, before, limit } = page;
        let is_suspended = is_suspended(state)?;
        let read = self
            .env
            .store
            .read(move |rows| rows.accounts_page(is_suspended, name.as_deref(), before, limit));
        Ok(read.await?)
    }
}

/// Whether accounts that are suspended are wanted, or those that are not; both, if nothing is said.
fn is_suspended(state: Option<String>) -> Result<Option<bool>, Error> {
    let state = state.map(|word| check_state(word, &[ACTIVE, SUSPENDED])).transpose()?;
    Ok(state.map(|word| word == SUSPENDED))
}
