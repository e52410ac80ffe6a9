//! Erasing what is personal of an account, in steps that hold nobody up. What was begun is finished
//! after a restart.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Accounts, find_account, subject_of};
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::{AccountId, Amount, OrderId, RentalId};
use crate::gateway::environment::Environment;
use crate::gateway::session_cache::Whose;
use crate::gateway::{Entry, Error};
use crate::store::{Account, Erasure, ListFilter, Page, ReadTx, Store, StoreError, WriteTx};

/// How many entries of the ledger, or messages, are handled in one transaction.
const ROWS_PER_STEP: u32 = 200;
/// How many rows of the audit are looked through at once.
const AUDIT_ROWS_PER_STEP: i64 = 2000;

/// What an erasure has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    pub account: Account,
    /// Copies of the database that were made before upgrades, in which all of it still stands.
    pub copies: Vec<PathBuf>,
    /// Whether the old content stands nowhere in the database's files any more.
    pub is_overwritten: bool,
}

impl Accounts {
    /// Erases an account's name, addresses and texts, and what the operator wrote of it. The ledger
    /// stays, under its number. With `copies`, copies of the database that were made before
    /// upgrades are removed too.
    pub async fn erase(&self, reference: String, copies: bool) -> Result<Erased, Error> {
        let (now, cache, env) = (self.env.now(), Arc::clone(&self.cache), Arc::clone(&self.env));
        let (endpoints, sessions) = (Arc::clone(&self.endpoints), Arc::clone(&self.sessions));
        let begun = self.env.store.write(move |tx| {
            let account = find_account(tx, &reference)?;
            refuse_what_is_open(tx, &account, &env)?;
            for endpoint in tx.webhook_endpoints(Some(account.id))? {
                tx.delete_webhook_endpoint(endpoint.id, now)?;
                endpoints.change_after(tx, endpoint.id);
            }
            let erasure = Erasure { account: account.id, name: account.name };
            tx.begin_erasure(&erasure, &free_name(tx, account.id)?, now)?;
            let subject = format!("account {}", account.id);
            tx.note(Actor::Operator, AuditAction::Erased, subject, now)?;
            tx.after_commit(move || cache.forget_keys());
            sessions.forget_after(tx, Whose::Account(erasure.account));
            Ok::<_, Error>(erasure)
        });
        let erasure = begun.await?;
        let (store, id) = (self.env.store.clone(), erasure.account);
        // It goes on if whoever asked does not wait for its end.
        let finishing = tokio::spawn(async move { finish(&store, erasure).await });
        let gone = |error: tokio::task::JoinError| {
            Error::refused(format!("the erasure was broken off: {error}"))
        };
        let is_overwritten = finishing.await.map_err(gone)??;
        if copies {
            self.env.store.remove_copies()?;
        }
        let account = self.find(id.to_string()).await?;
        Ok(Erased { account, copies: self.env.store.copies(), is_overwritten })
    }

    /// Finishes the erasures that were under way when the daemon ended.
    pub async fn finish_erasures(&self) -> Result<(), Error> {
        for erasure in self.env.store.read(|rows| rows.erasures()).await? {
            finish(&self.env.store, erasure).await?;
        }
        Ok(())
    }
}

/// Refuses to erase an account that has something open, or money.
fn refuse_what_is_open(
    tx: &WriteTx<'_>,
    account: &Account,
    env: &Environment,
) -> Result<(), Error> {
    let (who, currency) = (subject_of(account), env.settings().currency);
    if account.erased_at.is_some() {
        return Err(Error::refused(format!("account {} was erased before", account.id)));
    }
    if let Some(order) = tx.running_order(account.id, env.now())? {
        return Err(Error::refused(format!(
            "order {order} of {who} is open or still collects messages"
        ))
        .in_shell(format!("`simbridge order show {order}` tells until when")));
    }
    if let Some(rental) = tx.active_rental_of(account.id)? {
        return Err(Error::refused(format!(
            "rental {rental} of {who} is active; it has to end first"
        )));
    }
    if account.funds.balance != Amount::ZERO {
        let balance = currency.text_with_code(account.funds.balance);
        return Err(Error::refused(format!("{who} has {balance}"))
            .in_shell("`simbridge account adjust` takes back or adds what is left"));
    }
    Ok(())
}

/// What an erased account is called: a name that no other account has.
fn free_name(tx: &WriteTx<'_>, account: AccountId) -> Result<String, StoreError> {
    let mut name = format!("erased-{account}");
    while tx.account_named_like(&name)?.is_some() {
        name.push('-');
    }
    Ok(name)
}

/// Erases what is left. Doing it again from the beginning finds less to do. Answers whether the old
/// content stands nowhere in the database's files any more.
async fn finish(store: &Store, erasure: Erasure) -> Result<bool, Error> {
    let mut after = 0;
    while let Some(last) = erase_entries(store, erasure.account, after).await? {
        after = last;
    }
    erase_from_audit(store, &erasure).await?;
    let account = erasure.account;
    while store.write(|tx| tx.purge_deleted_endpoints(ROWS_PER_STEP.into())).await? > 0 {}
    while store.write(move |tx| tx.purge_events_of(account, ROWS_PER_STEP)).await? > 0 {}
    store.write(move |tx| tx.end_erasure(account)).await?;
    Ok(store.empty_log().await?)
}

/// Erases what belongs to the next entries of an account's ledger, by which its orders and rentals
/// are found. Answers the last of them.
async fn erase_entries(
    store: &Store,
    account: AccountId,
    after: i64,
) -> Result<Option<i64>, Error> {
    let mut filter = ListFilter::newest(ROWS_PER_STEP.into());
    (filter.account, filter.page) = (Some(account), Page::After(after));
    let entries: Vec<Entry> = store.read(move |rows| rows.ledger(&filter)).await?;
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Ok(None) };
    let (first, last) = (first.id, last.id);
    let mut owners: Vec<(Option<OrderId>, Option<RentalId>)> =
        entries.iter().map(|entry| (entry.order, entry.rental)).collect();
    owners.retain(|(order, rental)| order.is_some() || rental.is_some());
    owners.dedup();
    let of_entries = owners.clone();
    let done = store.write(move |tx| {
        tx.blank_notes(account, first, last)?;
        of_entries.iter().try_for_each(|(order, rental)| tx.forget_client(*order, *rental))
    });
    done.await?;
    while store
        .write({
            let owners = owners.clone();
            move |tx| blank_messages(tx, &owners)
        })
        .await?
    {}
    Ok(Some(last))
}

/// Blanks some of the messages of these orders and rentals that still have anything. Answers
/// whether there were any.
fn blank_messages(
    tx: &WriteTx<'_>,
    owners: &[(Option<OrderId>, Option<RentalId>)],
) -> Result<bool, StoreError> {
    let mut room = i64::from(ROWS_PER_STEP);
    for (order, rental) in owners {
        for message in tx.kept_messages(*order, *rental, room)? {
            tx.blank_text(message)?;
            tx.blank_raw(message)?;
            room -= 1;
        }
        if room <= 0 {
            break;
        }
    }
    Ok(room < i64::from(ROWS_PER_STEP))
}

async fn erase_from_audit(store: &Store, erasure: &Erasure) -> Result<(), Error> {
    let newest = store.read(|rows: &ReadTx<'_>| rows.newest_audit()).await?;
    let mut from = 0;
    while from < newest {
        let (of, to) = (erasure.clone(), from + AUDIT_ROWS_PER_STEP);
        let rows = store.read(move |rows| rows.audit_of(&of, from, to)).await?;
        if !rows.is_empty() {
            let of = erasure.clone();
            store.write(move |tx| erase_rows(tx, &of, &rows)).await?;
        }
        from = to;
    }
    Ok(())
}

fn erase_rows(
    tx: &WriteTx<'_>,
    erasure: &Erasure,
    rows: &[(i64, String)],
) -> Result<(), StoreError> {
    let new = tx.account(erasure.account)?.map(|account| account.name).unwrap_or_default();
    for (row, subject) in rows {
        tx.forget_client_of_audit(erasure.account, *row)?;
        let changed = match without_reason(subject) {
            Some((rental, short)) => tx
                .rental(rental)?
                .filter(|rental| rental.account == erasure.account)
                .map(|_| short.to_owned()),
            None => renamed(subject, erasure, &new),
        };
        if let Some(subject) = changed {
            tx.rename_in_audit(*row, &subject)?;
        }
    }
    Ok(())
}

/// The rental that a subject of the audit is about, and the subject without the reason that the
/// operator gave.
fn without_reason(subject: &str) -> Option<(RentalId, &str)> {
    let (short, _) = subject.split_once(": ").unwrap_or((subject, ""));
    let id = short.strip_prefix("rental ")?.split([',', ' ']).next()?;
    Some((RentalId(id.parse().ok()?), short))
}

/// The subject of a row of the audit with an account's new name, if it names the account. What it
/// tells of a key, after its first characters, goes: its label and its networks; and so do the
/// names of its logins.
fn renamed(subject: &str, erasure: &Erasure, new: &str) -> Option<String> {
    let Erasure { account, name } = erasure;
    if let Some((before, rest)) = subject.split_once(&format!("account {account} {name}")) {
        let begins = before.is_empty() || before.ends_with(' ');
        let ends = begins && (rest.is_empty() || rest.starts_with([':', ',']));
        let rest = match rest.strip_prefix(": key ") {
            Some(key) => format!(": key {}", key.split(' ').next().unwrap_or_default()),
            None if rest.starts_with(": login ") => ": a login".to_owned(),
            None => rest.to_owned(),
        };
        return ends.then(|| format!("{before}account {account} {new}{rest}"));
    }
    let (key, rest) = subject.split_once(&format!(" of account {name}"))?;
    let ends = rest.is_empty() || rest.starts_with(',');
    (ends && key.starts_with("key ")).then(|| format!("{key} of account {new}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_to_a_rental_is_told_without_its_reason() {
        for (subject, expected) in [
            ("rental 7: he moved away", Some((RentalId(7), "rental 7"))),
            ("rental 7, 3: for a: b", Some((RentalId(7), "rental 7, 3"))),
            ("rental 7", Some((RentalId(7), "rental 7"))),
            ("account 7 ann: 5.00 USD", None),
        ] {
            assert_eq!(without_reason(subject), expected, "{subject}");
        }
    }

    #[test]
    fn an_account_has_its_new_name_in_the_audit_and_others_keep_theirs() {
        let erasure = Erasure { account: AccountId(7), name: "ann".to_owned() };
        for (subject, expected) in [
            ("account 7 ann", Some("account 7 new")),
            (
                "account 7 ann: 5.00 USD, balance 5.00",
                Some("account 7 new: 5.00 USD, balance 5.00"),
            ),
            ("account 7 ann, +31 …678 for Uber", Some("account 7 new, +31 …678 for Uber")),
            ("account 7 ann: key 0a1b labelled ann's phone", Some("account 7 new: key 0a1b")),
            ("account 7 ann: login ann-b", Some("account 7 new: a login")),
            ("SIM 8931, account 7 ann, from x", Some("SIM 8931, account 7 new, from x")),
            ("key 0a1b of account ann", Some("key 0a1b of account new")),
            ("key 0a1b of account ann, from:; to: for 10.0.0.7", Some("key 0a1b of account new")),
            ("account 7 annabel", None),
            ("account 17 ann", None),
            ("key 0a1b of account anna", None),
            ("message 7", None),
            ("service 7 ann of account ann", None),
        ] {
            assert_eq!(renamed(subject, &erasure, "new").as_deref(), expected, "{subject}");
        }
    }
}
