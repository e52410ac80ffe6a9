//! Accounts: their credit, their ledger, and the keys that open them.

mod erasure;
mod export;
mod keys;
mod limits;
mod portal;
mod prices;
mod searching;
mod slips;
mod spending;

use std::sync::Arc;

use super::Error;
use super::environment::Environment;
use super::events::Events;
use super::listing::ListRequest;
use super::request_cache::RequestCache;
use super::sandbox::Sandbox;
use super::session_cache::SessionCache;
use super::webhooks::EndpointChanges;
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::ledger::Posting;
use crate::domain::text::{check_name, did_you_mean};
use crate::domain::{AccountId, Amount, Currency, Funds, RowLimit, Timestamp};
use crate::store::{
    Account, Applied, Entry, ListFilter, Occasion, Page, ReadTx, StoreError, WriteTx,
};
pub use erasure::Erased;
pub use export::{Exported, ReceiverGone};
pub use keys::{KeyEdit, NewKey};
pub use limits::{LimitEdit, Standing};
pub use portal::PortalChoices;
pub use prices::{PriceEdit, PriceView};
pub use searching::AccountPage;
pub use slips::Slip;

/// The most characters that an account's name may have, so that tables stay readable.
const MAX_NAME: usize = 64;

/// An entry of an account's ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    pub entry: Entry,
    /// The account's funds when it had been applied.
    pub after: Funds,
}

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
            Err(Error::refused(format!(
                "no account {reference}; {hint}`simbridge account list` shows all"
            )))
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

/// The entries of an account's ledger that a filter selects, oldest first, each with the account's
/// funds after it.
fn ledger_rows(
    rows: &ReadTx<'_>,
    account: &Account,
    filter: &ListFilter,
) -> Result<Vec<LedgerRow>, StoreError> {
    let entries = rows.ledger(filter)?;
    let less = |from: Amount, what: Amount| Amount(from.0.saturating_sub(what.0));
    let minus = |funds: Funds, balance: Amount, held: Amount| Funds {
        balance: less(funds.balance, balance),
        held: less(funds.held, held),
    };
    // Of old entries it was not kept what stood after them: it is what stood after the next one of
    // which that is known, less what came in between.
    let mut after = match entries.last() {
        Some(Entry { after: None, id, .. }) => {
            let (later, known) = rows.ledger_sums_after(account.id, *id)?;
            minus(known.unwrap_or(account.funds), later.balance, later.held)
        }
        Some(Entry { after: Some(_), .. }) | None => account.funds,
    };
    let newest_first = entries.into_iter().rev().map(|entry| {
        after = entry.after.unwrap_or(after);
        let before = minus(after, entry.balance, entry.held);
        LedgerRow { after: std::mem::replace(&mut after, before), entry }
    });
    let mut all: Vec<LedgerRow> = newest_first.collect();
    all.reverse();
    Ok(all)
}

/// Posts what the operator has requested, and records it. A request that is sent again is
/// acknowledged, and neither applied nor recorded again; its id belongs to its account and amount.
fn post_request(
    tx: &WriteTx<'_>,
    events: &Arc<Events>,
    account: AccountId,
    posting: &Posting,
    action: AuditAction<'_>,
    currency: Currency,
    now: Timestamp,
) -> Result<Applied, Error> {
    // What the operator adds or takes counts on no day.
    let applied = events.post(tx, account, posting, Occasion { at: now, today: now, key: None })?;
    match applied {
        Applied::Now(_) => {
            let after = find_account(tx, &account.to_string())?;
            let (balance, _) = posting.effects();
            let (account, balance) = (subject_of(&after), currency.text_with_code(balance));
            let now_has = currency.text(after.funds.balance);
            let subject = format!("{account}: {balance}, balance {now_has}");
            tx.note(Actor::Operator, action, subject, now)?;
        }
        Applied::Before => {
            let (balance, held) = posting.effects();
            match tx.posted(posting)? {
                Some(before) if before != (account, balance, held) => {
                    let (other, added, _) = before;
                    let other = subject_of(&find_account(tx, &other.to_string())?);
                    let added = currency.text(added);
                    return Err(Error::refused(format!(
                        "the request with this id added {added} to {other}; nothing was changed"
                    )));
                }
                _ => {}
            }
        }
    }
    Ok(applied)
}

/// The customers' accounts.
pub struct Accounts {
    env: Arc<Environment>,
    cache: Arc<RequestCache>,
    sessions: Arc<SessionCache>,
    events: Arc<Events>,
    endpoints: Arc<EndpointChanges>,
    sandbox: Arc<Sandbox>,
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
        Accounts { env, cache, sessions, events, endpoints, sandbox }
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

    /// Whether an account's balance and holds are the sums of its ledger entries
    /// ([invariant 7](crate#what-always-holds)).
    pub async fn ledger_adds_up(&self, account: AccountId) -> Result<bool, Error> {
        let read = self.env.store.read(move |rows| {
            let sums = rows.ledger_sums(account)?;
            Ok::<_, Error>(rows.account(account)?.is_some_and(|account| account.funds == sums))
        });
        read.await
    }

    /// Adds credit. `request` identifies the request: one that is sent again after a lost answer is
    /// applied once.
    pub async fn top_up(
        &self,
        reference: String,
        amount: Amount,
        request: String,
    ) -> Result<Account, Error> {
        Ok(self.top_up_once(reference, amount, request).await?.0)
    }

    /// As [`Accounts::top_up`]; answers also whether the request was applied before.
    pub async fn top_up_once(
        &self,
        reference: String,
        amount: Amount,
        request: String,
    ) -> Result<(Account, bool), Error> {
        if amount <= Amount::ZERO {
            let nothing = self.env.settings().currency.text(Amount::ZERO);
            return Err(Error::refused(format!("a top-up is more than {nothing}")));
        }
        let (now, currency) = (self.env.now(), self.env.settings().currency);
        let events = Arc::clone(&self.events);
        self.env
            .store
            .write(move |tx| {
                let account = find_account(tx, &reference)?;
                refuse_erased(&account)?;
                let account = account.id;
                let posting = Posting::TopUp { amount, reference: request };
                let action = AuditAction::ToppedUp;
                let applied = post_request(tx, &events, account, &posting, action, currency, now)?;
                let is_repeated = matches!(applied, Applied::Before);
                Ok((find_account(tx, &account.to_string())?, is_repeated))
            })
            .await
    }

    /// Corrects an account's balance, up or down. `request` identifies the request, as in
    /// [`Accounts::top_up`].
    pub async fn adjust_balance(
        &self,
        reference: String,
        amount: Amount,
        note: String,
        request: String,
    ) -> Result<Account, Error> {
        if amount == Amount::ZERO || note.trim().is_empty() {
            let nothing = self.env.settings().currency.text(Amount::ZERO);
            return Err(Error::refused(format!(
                "an adjustment must not be {nothing} and needs a --reason"
            )));
        }
        let (now, currency) = (self.env.now(), self.env.settings().currency);
        let events = Arc::clone(&self.events);
        self.env
            .store
            .write(move |tx| {
                let account = find_account(tx, &reference)?;
                refuse_erased(&account)?;
                let account = account.id;
                let posting = Posting::Adjustment { amount, note, reference: request };
                post_request(
                    tx,
                    &events,
                    account,
                    &posting,
                    AuditAction::AdjustedBalance,
                    currency,
                    now,
                )?;
                find_account(tx, &account.to_string())
            })
            .await
    }

    /// The entries of an account's ledger that the operator asks for, oldest first, each with the
    /// account's funds after it.
    pub async fn ledger(
        &self,
        reference: String,
        request: ListRequest,
    ) -> Result<Vec<LedgerRow>, Error> {
        let settings = self.env.settings();
        let read = self.env.store.read(move |rows| {
            let account = find_account(rows, &reference)?;
            let request = ListRequest { account: Some(account.id.to_string()), ..request };
            let filter = request.resolve(rows, &settings.countries, &[])?;
            Ok(ledger_rows(rows, &account, &filter)?)
        });
        read.await
    }

    /// The entries of a customer's ledger of a time, the newest first: those older than one, at
    /// most so many, each with the account's funds after it.
    pub async fn own_ledger(
        &self,
        account: AccountId,
        (from, to): (Option<Timestamp>, Option<Timestamp>),
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<LedgerRow>, Error> {
        let filter = ListFilter {
            account: Some(account),
            from,
            to,
            page: before.map_or(Page::Newest, Page::Before),
            ..ListFilter::newest(RowLimit::from(limit))
        };
        let read = self.env.store.read_for(account, move |rows| {
            let Some(account) = rows.account(account)? else { return Ok(Vec::new()) };
            let mut entries = ledger_rows(rows, &account, &filter)?;
            entries.reverse();
            Ok::<_, StoreError>(entries)
        });
        Ok(read.await?)
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
                sessions.forget_after(tx);
                let account = find_account(tx, &reference)?;
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
