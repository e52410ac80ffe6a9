//! What keeps an account from ordering: the orders that it has open, a pause, the limits of its
//! day, its balance.

use super::{Bought, MakeOrder, Orders};
use crate::domain::fair_use::DayLimit;
use crate::domain::{AccountId, Amount, OrderId, Timestamp};
use crate::gateway::requester::key_may_spend;
use crate::gateway::{Dialect, Error, Requester};
use crate::store::ReadTx;

/// What keeps an account from ordering anything now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Barrier {
    /// It has as many open orders as it may have; this is the oldest.
    TooManyOpen(OrderId),
    /// It gave up too many orders, or one too early, and waits until then.
    Paused(Timestamp),
    /// It has done as much on this day as it may.
    Limited(DayLimit),
}

/// Why an account cannot pay a price now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unpayable {
    /// Balance less holds does not cover it.
    NoBalance,
    /// It would pass this limit of the day.
    Limited(DayLimit),
}

impl From<Barrier> for MakeOrder {
    fn from(barrier: Barrier) -> MakeOrder {
        match barrier {
            Barrier::TooManyOpen(oldest) => MakeOrder::AlreadyOpen(oldest),
            Barrier::Paused(until) => MakeOrder::Paused(until),
            Barrier::Limited(limit) => MakeOrder::Limited(limit),
        }
    }
}

impl From<Unpayable> for MakeOrder {
    fn from(unpayable: Unpayable) -> MakeOrder {
        match unpayable {
            Unpayable::NoBalance => MakeOrder::NoBalance,
            Unpayable::Limited(limit) => MakeOrder::Limited(limit),
        }
    }
}

impl From<Unpayable> for Bought {
    fn from(unpayable: Unpayable) -> Bought {
        match unpayable {
            Unpayable::NoBalance => Bought::NoBalance,
            Unpayable::Limited(_) => Bought::Limited,
        }
    }
}

impl Orders {
    /// What keeps an account from ordering, in a dialect if it is one, whatever it costs; the first
    /// of [`Barrier`].
    pub(super) fn barrier(
        &self,
        rows: &ReadTx<'_>,
        account: AccountId,
        dialect: Option<Dialect>,
        now: Timestamp,
    ) -> Result<Option<Barrier>, Error> {
        let open = rows.open_orders(account, now)?;
        let Some(account) = rows.account(account)? else { return Ok(None) };
        let settings = self.env.settings();
        let limits = account.limits.or(settings.account_limits_in(dialect));
        let (so_many, pauses) = (open.len(), settings.pauses);
        let is_full = !account.fair_use.may_open_another(so_many, limits, pauses);
        if let Some(oldest) = open.first().filter(|_| is_full) {
            return Ok(Some(Barrier::TooManyOpen(*oldest)));
        }
        if let Some(until) = account.fair_use.pause(now, settings.pauses) {
            return Ok(Some(Barrier::Paused(until)));
        }
        let today = account.day.on(self.env.day_of(now));
        Ok(today.limit_before_order(Amount::ZERO, limits).map(Barrier::Limited))
    }

    /// Why an order's price cannot be paid by an account, or with a key, if it cannot.
    pub(super) fn unpayable(
        &self,
        rows: &ReadTx<'_>,
        by: &Requester,
        price: Amount,
        now: Timestamp,
    ) -> Result<Option<Unpayable>, Error> {
        let gone = || Error::refused("the account is gone");
        let account = rows.account(by.account)?.ok_or_else(gone)?;
        if !account.funds.covers(price) {
            return Ok(Some(Unpayable::NoBalance));
        }
        let limits = account.limits.or(self.env.settings().account_limits());
        let today = account.day.on(self.env.day_of(now));
        let mut limit = today.limit_before_order(price, limits);
        if limit.is_none() && !key_may_spend(rows, by, price, self.env.day_of(now))? {
            limit = Some(DayLimit::Spending);
        }
        Ok(limit.map(Unpayable::Limited))
    }
}
