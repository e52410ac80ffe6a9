//! What keeps one customer from an order or a rental while there are numbers.

use super::Stock;
use crate::domain::fair_use::DayLimit;
use crate::domain::key::{ApiKey, Scope};
use crate::domain::{Amount, Timestamp};
use crate::gateway::Error;
use crate::gateway::accounts::find_account;
use crate::store::{Account, Key, ReadTx};

/// For whom the stock is looked through, in the operator's words.
#[derive(Debug, Clone, Default)]
pub struct Whom {
    /// The name or id of an account.
    pub account: Option<String>,
    /// The first characters of a key, which says whose it is.
    pub key: Option<String>,
}

/// What keeps a customer from an order or a rental, whatever numbers there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacles {
    /// None of the account's keys works.
    pub is_suspended: bool,
    /// Until when the account is given no number, because it gave up too many orders.
    pub paused_until: Option<Timestamp>,
    /// The limit that one more order or rental would pass.
    pub limit: Option<ReachedLimit>,
    /// What the account can spend: its balance less its holds.
    pub spendable: Amount,
    /// Why the key may not be used for this.
    pub key: Option<KeyObstacle>,
}

/// A limit of an account that it has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReachedLimit {
    /// As many orders are open as may be.
    Open,
    Day(DayLimit),
}

impl ReachedLimit {
    /// The name by which it is set and told.
    pub fn as_str(self) -> &'static str {
        match self {
            ReachedLimit::Open => "max_open",
            ReachedLimit::Day(limit) => limit.as_str(),
        }
    }
}

/// Why a key may not be used for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyObstacle {
    Revoked,
    Expired,
    /// It is for something else.
    Scope,
    /// More than may be spent with it in a day would be.
    Spending,
}

impl KeyObstacle {
    /// The word in the JSON of `explain`.
    pub fn as_str(self) -> &'static str {
        match self {
            KeyObstacle::Revoked => "revoked",
            KeyObstacle::Expired => "expired",
            KeyObstacle::Scope => "scope",
            KeyObstacle::Spending => DayLimit::Spending.as_str(),
        }
    }
}

/// An account, and a key of it if one was named.
pub(super) struct Customer {
    pub account: Account,
    pub key: Option<Key>,
}

impl Customer {
    /// The customer that the operator means, if any.
    pub fn find(rows: &ReadTx<'_>, whom: Whom) -> Result<Option<Customer>, Error> {
        let named = whom.account.map(|name| find_account(rows, &name)).transpose()?;
        let Some(prefix) = whom.key else {
            return Ok(named.map(|account| Customer { account, key: None }));
        };
        let key = find_key(rows, &ApiKey::from_request(prefix).prefix())?;
        if key.mode.is_test() {
            return Err(Error::refused(format!(
                "key {} is a test key, to which no real number is given",
                key.prefix
            )));
        }
        let gone = || Error::refused("the account is gone");
        let account = rows.account(key.account)?.ok_or_else(gone)?;
        match named.filter(|named| named.id != account.id) {
            None => Ok(Some(Customer { account, key: Some(key) })),
            Some(named) => Err(Error::refused(format!(
                "key {} is not one of {}, but of {}",
                key.prefix, named.name, account.name
            ))),
        }
    }
}

/// The one key that begins with `prefix`, also one that was revoked.
fn find_key(rows: &ReadTx<'_>, prefix: &str) -> Result<Key, Error> {
    let mut found: Vec<Key> = rows.keys()?;
    found.retain(|key| key.prefix.starts_with(prefix));
    match (found.pop(), found.is_empty()) {
        (Some(key), true) => Ok(key),
        (None, _) => Err(Error::refused(format!("no key begins with {prefix}"))
            .in_shell("`simbridge key list` shows them")),
        (Some(_), false) => {
            Err(Error::refused(format!("several keys begin with {prefix}; give more of it")))
        }
    }
}

impl Stock {
    /// What keeps a customer from an order, or from a rental, at a price.
    pub(super) fn obstacles(
        &self,
        rows: &ReadTx<'_>,
        customer: &Customer,
        (needed, price): (Scope, Amount),
        now: Timestamp,
    ) -> Result<Obstacles, Error> {
        let Customer { account, key } = customer;
        let (settings, today) = (self.env.settings(), self.env.day_of(now));
        let limits = account.limits.or(settings.account_limits());
        let done = account.day.on(today);
        let is_order = needed == Scope::Orders;
        let limit = match is_order {
            true => {
                let open = rows.open_orders(account.id, now)?.len();
                let is_full = !account.fair_use.may_open_another(open, limits, settings.pauses);
                let of_day = || done.limit_before_order(price, limits).map(ReachedLimit::Day);
                is_full.then_some(ReachedLimit::Open).or_else(of_day)
            }
            false => (!done.may_spend(price, limits.spend_per_day))
                .then_some(ReachedLimit::Day(DayLimit::Spending)),
        };
        let of_key = |key: &Key| match () {
            () if key.revoked_at.is_some() => Some(KeyObstacle::Revoked),
            () if key.terms.expires_at.is_some_and(|at| at <= now) => Some(KeyObstacle::Expired),
            () if !key.terms.scopes.allow(needed) => Some(KeyObstacle::Scope),
            () if !key.day.on(today).may_spend(price, key.terms.spend_per_day) => {
                Some(KeyObstacle::Spending)
            }
            () => None,
        };
        Ok(Obstacles {
            is_suspended: account.suspended_at.is_some(),
            paused_until: account.fair_use.pause(now, settings.pauses).filter(|_| is_order),
            limit,
            spendable: account.funds.available(),
            key: key.as_ref().and_then(of_key),
        })
    }
}
