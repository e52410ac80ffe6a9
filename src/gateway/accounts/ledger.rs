//! The ledger of accounts: what operators add to it, and what is shown of it.

use std::sync::Arc;

use super::{Accounts, find_account, refuse_erased, subject_of};
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::ledger::{EntryKind, Posting};
use crate::domain::{AccountId, Amount, Currency, Funds, OrderId, RentalId, RowLimit, Timestamp};
use crate::gateway::Error;
use crate::gateway::events::Events;
use crate::gateway::listing::ListRequest;
use crate::store::{
    Account, Applied, Entry, ListFilter, Occasion, Page, PaymentPart, ReadTx, StoreError, WriteTx,
};

/// An entry of an account's ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    pub entry: Entry,
    /// The account's funds when it had been applied.
    pub after: Funds,
}

/// The funds less what is added to the balance and to the holds.
fn minus(funds: Funds, balance: Amount, held: Amount) -> Funds {
    let less = |from: Amount, what: Amount| Amount(from.0.saturating_sub(what.0));
    Funds { balance: less(funds.balance, balance), held: less(funds.held, held) }
}

/// An account's funds after an entry of its ledger. Of old entries it was not kept what stood after
/// them: it is what stood after the next one of which that is known, less what came in between.
fn funds_after(rows: &ReadTx<'_>, account: &Account, entry: &Entry) -> Result<Funds, StoreError> {
    if let Some(known) = entry.after {
        return Ok(known);
    }
    let (later, known) = rows.ledger_sums_after(account.id, entry.id)?;
    Ok(minus(known.unwrap_or(account.funds), later.balance, later.held))
}

/// The entries of an account's ledger that a filter selects, oldest first, each with the account's
/// funds after it.
fn ledger_rows(
    rows: &ReadTx<'_>,
    account: &Account,
    filter: &ListFilter,
) -> Result<Vec<LedgerRow>, StoreError> {
    let entries = rows.ledger(filter)?;
    let mut after = match entries.last() {
        Some(newest) => funds_after(rows, account, newest)?,
        None => account.funds,
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

impl Accounts {
    /// Whether an account's balance and holds are the sums of its ledger entries
    /// ([invariant 7](crate#what-always-holds)).
    pub async fn ledger_adds_up(&self, account: AccountId) -> Result<bool, Error> {
        let read = self.env.store.read(move |rows| {
            let sums = rows.ledger_sums(account)?;
            Ok::<_, Error>(rows.account(account)?.is_some_and(|account| account.funds == sums))
        });
        read.await
    }

    /// Checks that an amount can be added by a top-up, before anything else is asked about it.
    ///
    /// # Errors
    /// It is not more than nothing.
    pub fn check_top_up(&self, amount: Amount) -> Result<(), Error> {
        if amount > Amount::ZERO {
            return Ok(());
        }
        let nothing = self.env.settings().currency.text(Amount::ZERO);
        Err(Error::refused(format!("a top-up is more than {nothing}")))
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
        self.check_top_up(amount)?;
        let posting = Posting::TopUp { amount, reference: request };
        self.post_requested(reference, posting, AuditAction::ToppedUp).await
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
        let posting = Posting::Adjustment { amount, note, reference: request };
        let action = AuditAction::AdjustedBalance;
        Ok(self.post_requested(reference, posting, action).await?.0)
    }

    /// Posts what the operator has requested for an account. Answers also whether the request was
    /// applied before.
    async fn post_requested(
        &self,
        reference: String,
        posting: Posting,
        action: AuditAction<'static>,
    ) -> Result<(Account, bool), Error> {
        let (now, currency) = (self.env.now(), self.env.settings().currency);
        let events = Arc::clone(&self.events);
        let posted = self.env.store.write(move |tx| {
            let account = find_account(tx, &reference)?;
            refuse_erased(&account)?;
            let id = account.id;
            let applied = post_request(tx, &events, id, &posting, action, currency, now)?;
            let is_repeated = matches!(applied, Applied::Before);
            Ok((find_account(tx, &id.to_string())?, is_repeated))
        });
        posted.await
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

    /// What was given back of the charges for a customer's order.
    pub async fn refunds_of_order(
        &self,
        account: AccountId,
        id: OrderId,
    ) -> Result<Vec<Entry>, Error> {
        let read = self.env.store.read_for(account, move |rows| {
            let is_own = rows.order(id)?.is_some_and(|order| order.account == account);
            if is_own { rows.ledger_of_order(id) } else { Ok(Vec::new()) }
        });
        let entries: Result<_, StoreError> = read.await;
        Ok(refunds(entries?))
    }

    /// What was given back of the charges for a customer's rental.
    pub async fn refunds_of_rental(
        &self,
        account: AccountId,
        id: RentalId,
    ) -> Result<Vec<Entry>, Error> {
        let read = self.env.store.read_for(account, move |rows| {
            let is_own = rows.rental(id)?.is_some_and(|rental| rental.account == account);
            if is_own { rows.ledger_of_rental(id) } else { Ok(Vec::new()) }
        });
        let entries: Result<_, StoreError> = read.await;
        Ok(refunds(entries?))
    }

    /// What was paid into a customer's account, corrected by the operator and given back, as far as
    /// it is wanted, each with the account's funds after it; and how many of that there are.
    pub async fn payments(
        &self,
        account: AccountId,
        part: PaymentPart,
    ) -> Result<(Vec<LedgerRow>, i64), Error> {
        let read = self.env.store.read_for(account, move |rows| {
            let Some(account) = rows.account(account)? else { return Ok((Vec::new(), 0)) };
            let entries = rows.payments(account.id, part)?.into_iter();
            let row = |entry: Entry| {
                let after = funds_after(rows, &account, &entry)?;
                Ok(LedgerRow { entry, after })
            };
            let shown = entries.map(row).collect::<Result<Vec<_>, StoreError>>()?;
            Ok::<_, StoreError>((shown, rows.payment_count(account.id)?))
        });
        Ok(read.await?)
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
}

fn refunds(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.retain(|entry| entry.kind == EntryKind::Refund);
    entries
}
