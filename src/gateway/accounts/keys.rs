//! API keys: made, changed and revoked, by the operator or by their customers, looked up for each
//! request, and when each was used last.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Accounts, find_account, refuse_erased, subject_of};
use crate::domain::audit::AuditAction;
use crate::domain::fair_use::{Allowance, DayUse};
use crate::domain::ip_network::Network;
use crate::domain::key::{ApiKey, KeyMode, KeyRefusal, KeyState, Scopes};
use crate::domain::text::check_name;
use crate::domain::{AccountId, Amount, Currency, Timestamp};
use crate::gateway::listing::ListRequest;
use crate::gateway::request_cache::KeyEvents;
use crate::gateway::{AskedBy, Error, Requester};
use crate::store::{Account, Holder, Key, KeyTerms, StoreError, WriteTx};

/// The most keys that work which an account's customers may make.
const MOST_OWN_KEYS: usize = 50;

/// The most characters that a label has.
const LABEL_CHARS: usize = 80;

/// A key that was just made. It is shown once and never again.
#[derive(Debug)]
pub struct NewKey {
    /// The account that it opens.
    pub account: Account,
    /// The key itself, which is shown only this once.
    pub key: ApiKey,
}

/// What is to change of a key; what is `None` stays. Inside, `None` takes a limit or a label away.
#[derive(Debug, Clone, Default)]
pub struct KeyEdit {
    /// The only addresses and networks that may use it; without any, all may.
    pub allowed: Option<Vec<String>>,
    /// The operator's words for it.
    pub label: Option<Option<String>>,
    /// When it stops working.
    pub expires_at: Option<Option<Timestamp>>,
    /// What it is for: the words of scopes, or `all`.
    pub scopes: Option<Vec<String>>,
    /// What may be spent with it in a day, in the operator's words: an amount, or `none`.
    pub spend_per_day: Option<String>,
}

impl KeyEdit {
    /// The terms after the change of these.
    fn applied_to(
        self,
        mut terms: KeyTerms,
        now: Timestamp,
        currency: Currency,
    ) -> Result<KeyTerms, Error> {
        if let Some(allowed) = self.allowed {
            let networks = allowed.iter().map(|text| text.parse::<Network>());
            let networks = networks
                .map(|network| network.map(|network| network.to_string()))
                .collect::<Result<Vec<_>, _>>()
                .map_err(Error::Refused)?;
            terms.allowed = (!networks.is_empty()).then(|| networks.join(" "));
        }
        if let Some(label) = self.label {
            terms.label = label.map(|label| check_label(label.trim())).transpose()?;
        }
        if let Some(expires_at) = self.expires_at {
            if expires_at.is_some_and(|at| at <= now) {
                return Err(Error::refused(
                    "a key expires later than now; to end it at once, revoke it",
                ));
            }
            terms.expires_at = expires_at;
        }
        if let Some(words) = self.scopes {
            let scopes = Scopes::from_words(words.iter().map(String::as_str));
            terms.scopes = scopes.map_err(Error::Refused)?;
        }
        if let Some(text) = self.spend_per_day {
            terms.spend_per_day = spend_per_day(&text, currency)?;
        }
        Ok(terms)
    }
}

/// What may be spent with a key in a day, in the operator's words.
fn spend_per_day(text: &str, currency: Currency) -> Result<Allowance, Error> {
    if text == "none" {
        return Ok(Allowance::Unlimited);
    }
    match currency.parse(text) {
        Ok(Amount::ZERO) => Err(Error::refused(
            "a key with which nothing may be spent is one for `read` alone; `none` is no limit",
        )),
        Ok(amount) if amount > Amount::ZERO => Ok(Allowance::AtMost(amount.0)),
        _ => Err(Error::refused(format!(
            "{text}: what may be spent with a key in a day is an amount like {}, or `none`",
            currency.text(Amount(5 * currency.minor_units()))
        ))),
    }
}

/// Refuses to limit what is spent with a test key.
fn refuse_spending(mode: KeyMode, edit: &KeyEdit) -> Result<(), Error> {
    match mode.is_test() && edit.spend_per_day.is_some() {
        true => Err(Error::refused("nothing is spent with a test key: leave --spend-per-day out")),
        false => Ok(()),
    }
}

fn check_label(label: &str) -> Result<String, Error> {
    check_name(label)
        .map_err(|error| Error::refused(format!("a key's label cannot be this: {error}")))?;
    if label.is_empty() || label.chars().count() > LABEL_CHARS {
        return Err(Error::refused(format!("a key's label has 1 to {LABEL_CHARS} characters")));
    }
    Ok(label.to_owned())
}

/// How a key is limited, and what it is called, for the audit.
fn terms_in_words(terms: &KeyTerms, currency: Currency) -> String {
    let KeyTerms { allowed, label, expires_at, scopes, spend_per_day } = terms;
    let words = [
        Some(scopes).filter(|scopes| **scopes != Scopes::All).map(|it| format!(" to {it}")),
        spend_per_day.most().map(|most| format!(" spending {} a day", currency.text(Amount(most)))),
        allowed.as_ref().map(|networks| format!(" for {networks}")),
        expires_at.map(|at| format!(" until {at}")),
        label.as_ref().map(|label| format!(" labelled {label}")),
    ];
    words.into_iter().flatten().collect()
}

/// A key as the audit names it.
fn key_subject(key: &Key) -> String {
    format!("key {} of account {}", key.prefix, key.account_name)
}

/// The one key of those that somebody may change which begins with `prefix` and was not revoked,
/// with its digest. A customer gives the whole prefix.
fn the_key(tx: &WriteTx<'_>, by: &AskedBy, prefix: &str) -> Result<([u8; 32], Key), Error> {
    let found = match by {
        AskedBy::Operator => tx.unrevoked_keys_with(prefix)?,
        AskedBy::Customer(by) => tx.unrevoked_keys_of(by.account, prefix)?,
    };
    match (found.as_slice(), by) {
        ([digest], _) => {
            let gone = || Error::refused(format!("no key {prefix}"));
            Ok((*digest, tx.key(digest)?.ok_or_else(gone)?))
        }
        ([], AskedBy::Operator) => {
            Err(Error::refused(format!("no working key begins with {prefix}"))
                .in_shell("`simbridge key list` shows all, with their state"))
        }
        ([], AskedBy::Customer(_)) => {
            Err(Error::refused(format!("your account has no key {prefix} that works")))
        }
        (more, _) => Err(Error::refused(format!(
            "{} working keys begin with {prefix}; give more of it",
            more.len()
        ))),
    }
}

/// Refuses another key to a customer who has very many: each request looks its key up.
fn refuse_too_many(tx: &WriteTx<'_>, by: &AskedBy, account: AccountId) -> Result<(), Error> {
    let AskedBy::Customer(_) = by else { return Ok(()) };
    let working = tx.keys_of(account)?.iter().filter(|key| key.revoked_at.is_none()).count();
    match working < MOST_OWN_KEYS {
        true => Ok(()),
        false => Err(Error::refused(format!(
            "your account has {MOST_OWN_KEYS} keys, and no more are made; revoke one first"
        ))),
    }
}

fn write(tx: &WriteTx<'_>, events: &KeyEvents) -> Result<(), StoreError> {
    tx.save_key_uses(&events.uses)?;
    tx.save_key_refusals(&events.refusals)
}

impl Accounts {
    /// Makes a live key or a test key for an account. The database keeps only its SHA-256 and its
    /// prefix. With its first test key an account gets a test rental.
    pub async fn add_key(
        &self,
        reference: String,
        mode: KeyMode,
        terms: KeyEdit,
    ) -> Result<NewKey, Error> {
        self.make_key(AskedBy::Operator, (reference, mode), terms).await
    }

    /// As [`Accounts::add_key`], a live one for the account of whoever asks.
    pub async fn add_own_key(&self, by: Requester, terms: KeyEdit) -> Result<NewKey, Error> {
        let account = by.account.to_string();
        self.make_key(AskedBy::Customer(by), (account, KeyMode::Live), terms).await
    }

    async fn make_key(
        &self,
        by: AskedBy,
        (reference, mode): (String, KeyMode),
        terms: KeyEdit,
    ) -> Result<NewKey, Error> {
        let (now, currency) = (self.env.now(), self.env.settings().currency);
        refuse_spending(mode, &terms)?;
        let sandbox = Arc::clone(&self.sandbox);
        let terms = terms.applied_to(KeyTerms::default(), now, currency)?;
        let key = ApiKey::from_entropy(self.env.random_bytes()?, mode);
        self.env
            .store
            .write(move |tx| {
                let account = find_account(tx, &reference)?;
                refuse_erased(&account)?;
                refuse_too_many(tx, &by, account.id)?;
                if tx.key_day(account.id, &key.prefix())?.is_some() {
                    // What is spent is counted by the first characters.
                    return Err(Error::refused("the new key is too like another one; try again"));
                }
                tx.add_key(account.id, &key.digest(), (&key.prefix(), mode), &terms, now)?;
                if mode.is_test() {
                    sandbox.rentals.begin_first(tx, account.id, now)?;
                }
                let (owner, prefix) = (subject_of(&account), key.prefix());
                let subject = format!("{owner}: key {prefix}{}", terms_in_words(&terms, currency));
                by.note(tx, AuditAction::AddedKey, subject, now)?;
                Ok(NewKey { account, key })
            })
            .await
    }

    /// Changes the one key that begins with `prefix` and was not revoked. Requests that are under
    /// way with it are looked at again.
    pub async fn edit_key(&self, prefix: String, edit: KeyEdit) -> Result<Key, Error> {
        self.change_key(AskedBy::Operator, prefix, edit).await
    }

    /// As [`Accounts::edit_key`], for a key of the account of whoever asks, by its whole prefix.
    pub async fn edit_own_key(
        &self,
        by: Requester,
        prefix: String,
        edit: KeyEdit,
    ) -> Result<Key, Error> {
        self.change_key(AskedBy::Customer(by), prefix, edit).await
    }

    async fn change_key(&self, by: AskedBy, prefix: String, edit: KeyEdit) -> Result<Key, Error> {
        let prefix = ApiKey::from_request(prefix).prefix();
        let (now, cache) = (self.env.now(), Arc::clone(&self.cache));
        let currency = self.env.settings().currency;
        self.env
            .store
            .write(move |tx| {
                let (digest, mut key) = the_key(tx, &by, &prefix)?;
                refuse_spending(key.mode, &edit)?;
                let before = terms_in_words(&key.terms, currency);
                key.terms = edit.applied_to(key.terms, now, currency)?;
                tx.after_commit(move || cache.forget_keys());
                tx.set_key_terms(&digest, &key.terms)?;
                let (subject, after) = (key_subject(&key), terms_in_words(&key.terms, currency));
                let subject = format!("{subject}, from:{before}; to:{after}");
                by.note(tx, AuditAction::Changed, subject, now)?;
                Ok(key)
            })
            .await
    }

    /// The keys of an account, the newest first, as far as they are stored, with their last uses as
    /// they were written last.
    pub async fn own_keys(&self, account: AccountId) -> Result<Vec<Key>, Error> {
        let read = self.env.store.read_for(account, move |rows| rows.keys_of(account));
        let mut keys = read.await?;
        keys.reverse();
        Ok(keys)
    }

    /// The keys that the operator asks for, the oldest first, as far as they are stored, with their
    /// last uses up to now.
    pub async fn keys(&self, request: ListRequest) -> Result<Vec<Key>, Error> {
        self.save_key_events().await?;
        let (now, settings) = (self.env.now(), self.env.settings());
        let read = self.env.store.read(move |rows| {
            let states = KeyState::ALL.map(KeyState::as_str);
            let filter = request.resolve(rows, &settings.countries, &states)?;
            let mut keys = rows.keys()?;
            keys.retain(|key| {
                filter.account.is_none_or(|owner| owner == key.account)
                    && filter.state.as_ref().is_none_or(|word| word == key.state(now).as_str())
                    && filter.covers(key.created_at)
            });
            Ok(keys)
        });
        read.await
    }

    /// What was spent with a key today.
    pub fn key_today(&self, key: &Key) -> DayUse {
        key.day.on(self.env.day_of(self.env.now()))
    }

    /// Revokes the one working key that begins with `prefix`, which may be a whole key. Answers
    /// the key as it was.
    pub async fn revoke_key(&self, prefix: String) -> Result<Key, Error> {
        self.end_key(AskedBy::Operator, prefix).await
    }

    /// As [`Accounts::revoke_key`], for a key of the account of whoever asks.
    pub async fn revoke_own_key(&self, by: Requester, prefix: String) -> Result<Key, Error> {
        self.end_key(AskedBy::Customer(by), prefix).await
    }

    async fn end_key(&self, by: AskedBy, prefix: String) -> Result<Key, Error> {
        let prefix = ApiKey::from_request(prefix).prefix();
        let (now, cache) = (self.env.now(), Arc::clone(&self.cache));
        self.env
            .store
            .write(move |tx| {
                let (digest, key) = the_key(tx, &by, &prefix)?;
                tx.after_commit(move || cache.forget_keys());
                by.note(tx, AuditAction::RevokedKey, key_subject(&key), now)?;
                tx.revoke_key(&digest, now)?;
                Ok(key)
            })
            .await
    }

    /// The account that a key opens, by the key's SHA-256.
    pub async fn holder_of_key(&self, digest: [u8; 32]) -> Result<Option<Holder>, Error> {
        let found = match self.cache.holder(&digest) {
            Ok(holder) => Some(holder),
            Err(generation) => {
                let found = self.env.store.read(move |rows| rows.holder_of_key(&digest)).await?;
                if let Some(holder) = &found {
                    self.cache.remember_holder(digest, holder, generation);
                }
                found
            }
        };
        Ok(found.filter(|holder| holder.is_current(self.env.now())))
    }

    /// A key by its SHA-256, whatever its state; `None` if there is none.
    pub async fn key(&self, digest: [u8; 32]) -> Result<Option<Key>, Error> {
        Ok(self.env.store.read(move |rows| rows.key(&digest)).await?)
    }

    /// Notified of each change of what keys open, for requests that wait.
    pub fn follow_keys(&self) -> watch::Receiver<()> {
        self.cache.follow_keys()
    }

    /// The account that a key opens, if that is remembered. A change of what keys open makes it be
    /// forgotten.
    pub fn remembered_holder(&self, digest: &[u8; 32]) -> Option<Holder> {
        self.cache.holder(digest).ok().filter(|holder| holder.is_current(self.env.now()))
    }

    /// Notes that a key was used. That is written once a minute for all keys, so that it costs the
    /// requests nothing.
    pub fn note_key_use(&self, digest: [u8; 32], now: Timestamp) {
        self.write_later(self.cache.note_key_use(digest, now));
    }

    /// Notes that a request with a key was refused, also one with a key that there is not: that is
    /// found out when it is written, as a use is.
    pub fn note_key_refusal(&self, digest: [u8; 32], why: KeyRefusal, now: Timestamp) {
        self.write_later(self.cache.note_key_refusal(digest, why, now));
    }

    fn write_later(&self, events: Option<KeyEvents>) {
        let Some(events) = events else { return };
        let store = self.env.store.clone();
        tokio::spawn(async move {
            // When the database cannot be written, others tell.
            let _ = store.write(move |tx| write(tx, &events)).await;
        });
    }

    /// Writes the last uses and refusals of keys that were not written yet.
    pub async fn save_key_events(&self) -> Result<(), StoreError> {
        let events = self.cache.take_key_events();
        if events.is_empty() {
            return Ok(());
        }
        self.env.store.write(move |tx| write(tx, &events)).await
    }
}
