//! Orders: make, look, wait, cancel, skip.

use std::sync::Arc;
use std::time::Duration;

use super::expire::expire;
use super::standby::{SelectedSim, SimReadiness};
use super::{Error, Gateway};
use crate::domain::ledger::Posting;
use crate::domain::message::one_line;
use crate::domain::order::{OrderState, Refused};
use crate::domain::{
    AccountId, Amount, Order, OrderId, RowLimit, Service, ServiceId, SimId, Timestamp, allocation,
};
use crate::store::{NewOrder, ReadTx, StockQuery, StoreError, WriteTx};

/// What became of a request for a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MakeOrder {
    /// The order; its price is held.
    Made {
        /// Its id.
        order: OrderId,
        /// The number as customers write it, digits only.
        number: String,
    },
    /// The account has as many open orders as it may; this is the oldest.
    AlreadyOpen(OrderId),
    /// No SIM can be given for the service.
    NoPhone,
    /// Balance less holds does not cover the price.
    NoBalance,
    /// No such service, or it is disabled.
    InvalidService,
    /// No such country.
    InvalidCountry,
}

/// What `getsms` says of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sms {
    /// Nothing yet.
    Waiting,
    /// The newest message's text, on one line.
    Text(String),
    /// Canceled, skipped, expired, purged, unknown, or somebody else's.
    Over,
}

/// What became of a request to cancel or to skip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancel {
    /// It is canceled, or skipped, and its hold released.
    Canceled,
    /// Its SMS had come.
    Completed,
    /// It is over, unknown, or somebody else's.
    Over,
}

/// An order with its names, for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderView {
    /// The order.
    pub order: Order,
    /// Its account's name.
    pub account: String,
    /// Its service's name.
    pub service: String,
}

/// An order about to be made.
pub(super) struct Placement<'p> {
    pub(super) account: AccountId,
    pub(super) service: &'p Service,
    pub(super) sim: SimId,
    pub(super) number: &'p str,
    pub(super) country: &'p str,
    pub(super) price: Amount,
    pub(super) reuse_of: Option<OrderId>,
    pub(super) readiness: SimReadiness,
}

/// Writes off open orders of a SIM that are past their lifetime: they must not stand in the way.
pub(super) fn expire_due_on(
    gateway: &Gateway,
    tx: &WriteTx<'_>,
    sim: SimId,
    now: Timestamp,
) -> Result<(), Error> {
    tx.due_orders_of(sim, now)?.into_iter().try_for_each(|due| expire(gateway, tx, due, now))
}

impl Gateway {
    /// Gives the account a number for a service. The checks run in the order of the variants of the
    /// API: parameters, open order, stock, balance.
    pub async fn make_order(
        &self,
        account: AccountId,
        service: Option<ServiceId>,
        country: &str,
    ) -> Result<MakeOrder, Error> {
        let Some(service) = service else { return Ok(MakeOrder::InvalidService) };
        let country =
            self.env.settings().countries.find(country).map(|country| country.code.clone());
        if let Some(country) = &country
            && self.cache.is_scarce(service, country)
            && self.sold_out(account, service, country.clone()).await?
        {
            return Ok(MakeOrder::NoPhone);
        }
        let gateway = self.clone();
        self.env
            .store
            .write(move |tx| match tx.service(service)?.filter(|service| service.enabled) {
                None => Ok(MakeOrder::InvalidService),
                Some(service) => match country {
                    None => Ok(MakeOrder::InvalidCountry),
                    Some(country) => {
                        let made = gateway.make(tx, account, &service, &country)?;
                        gateway.cache.scarce(service.id, &country, made == MakeOrder::NoPhone);
                        Ok(made)
                    }
                },
            })
            .await
    }

    /// Whether stock is all that an order fails for now. To find no number the whole stock is
    /// looked through: where that happened the last time it is done on a reader's connection,
    /// as all else waits for the writer's.
    async fn sold_out(
        &self,
        account: AccountId,
        service: ServiceId,
        country: String,
    ) -> Result<bool, Error> {
        let gateway = self.clone();
        let read = self.env.store.read(move |rows| {
            let known = rows.service(service)?.filter(|service| service.enabled);
            let Some(service) = known else { return Ok(false) };
            let now = gateway.env.now();
            let may_order = gateway.too_many_open(rows, account, now)?.is_none();
            Ok(may_order && gateway.allocate(rows, account, &service, &country, now)?.is_none())
        });
        read.await
    }

    fn make(
        &self,
        tx: &WriteTx<'_>,
        account: AccountId,
        service: &Service,
        country: &str,
    ) -> Result<MakeOrder, Error> {
        let now = self.env.now();
        if let Some(oldest) = self.too_many_open(tx, account, now)? {
            return Ok(MakeOrder::AlreadyOpen(oldest));
        }
        let found = self.allocate(tx, account, service, country, now)?;
        let Some(SelectedSim { sim, number, readiness }) = found else {
            return Ok(MakeOrder::NoPhone);
        };
        let price = service.price_in(country);
        if !self.covers(tx, account, price)? {
            return Ok(MakeOrder::NoBalance);
        }
        let placement = Placement {
            account,
            service,
            sim,
            number: &number,
            country,
            price,
            reuse_of: None,
            readiness,
        };
        let order = self.place(tx, &placement, now)?;
        Ok(MakeOrder::Made { order, number: self.shown(&number) })
    }

    /// The account's oldest open order, when it has as many as it may.
    pub(super) fn too_many_open(
        &self,
        rows: &ReadTx<'_>,
        account: AccountId,
        now: Timestamp,
    ) -> Result<Option<OrderId>, Error> {
        let open = rows.open_orders(account, now)?;
        Ok(open.first().copied().filter(|_| open.len() >= self.env.settings().max_open_per_account))
    }

    /// Whether balance less holds covers `price`.
    pub(super) fn covers(
        &self,
        tx: &WriteTx<'_>,
        account: AccountId,
        price: Amount,
    ) -> Result<bool, Error> {
        let account = tx.account(account)?.ok_or_else(|| Error::refused("the account is gone"))?;
        Ok(account.funds.covers(price))
    }

    /// Adds an order and holds its price.
    pub(super) fn place(
        &self,
        tx: &WriteTx<'_>,
        placement: &Placement<'_>,
        now: Timestamp,
    ) -> Result<OrderId, Error> {
        let Placement { account, service, sim, number, country, price, reuse_of, readiness } =
            *placement;
        expire_due_on(self, tx, sim, now)?;
        let (lifetime, awaits_sim) = match readiness {
            SimReadiness::On => (self.env.settings().order_lifetime, false),
            SimReadiness::Parked { sold_within } => (sold_within, true),
        };
        let expires_at = now.plus(lifetime);
        let order = tx.add_order(&NewOrder {
            account,
            service: service.id,
            patterned: service.has_patterns(),
            sim,
            number,
            country,
            price,
            created_at: now,
            expires_at,
            reuse_of,
            awaits_sim,
        })?;
        let hot = Arc::clone(&self.cache);
        tx.after_commit(move || hot.opened(order, account, expires_at));
        self.wakeups.deadlines_change_after(tx);
        if awaits_sim {
            self.wakeups.bank_demand_changes_after(tx);
        }
        tx.sim_given(sim, now)?;
        tx.post(
            account,
            &Posting::Hold { amount: price, order },
            &self.env.settings().currency,
            now,
        )?;
        Ok(order)
    }

    fn allocate(
        &self,
        rows: &ReadTx<'_>,
        account: AccountId,
        service: &Service,
        country: &str,
        now: Timestamp,
    ) -> Result<Option<SelectedSim>, StoreError> {
        let used_since = self.used_since(now);
        let passes = allocation::passes(service.has_patterns(), self.env.settings().share_sim);
        let query = |sharing| StockQuery {
            country,
            service: service.id,
            account: Some(account),
            sharing,
            now,
            used_since,
        };
        for sharing in passes {
            let found = rows.find_for_order(query(*sharing), |sim, iccid| {
                self.presence.can_be_given(sim, iccid, now)
            })?;
            if let Some((sim, number)) = found {
                return Ok(Some(SelectedSim { sim, number, readiness: SimReadiness::On }));
            }
        }
        let sharing = allocation::widest(service.has_patterns(), self.env.settings().share_sim);
        self.presence.allocate_parked(rows, query(sharing))
    }

    /// A number that was used for a service after this is not sold for it (I8).
    pub(super) fn used_since(&self, now: Timestamp) -> Timestamp {
        self.env
            .settings()
            .number_cooldown
            .map_or(Timestamp(i64::MIN), |cooldown| now.minus(cooldown))
    }

    /// A number as regular orders show it: digits only.
    pub(super) fn shown(&self, number: &str) -> String {
        match self.env.settings().international_numbers {
            true => number.trim_start_matches('+').to_owned(),
            false => self.env.settings().countries.national(number),
        }
    }

    /// Whether it is known without asking the database that an order of this account waits for its
    /// SMS.
    pub fn is_known_to_wait(&self, account: AccountId, order: OrderId, now: Timestamp) -> bool {
        self.cache.waits(order, account, now)
    }

    /// What has come for an order.
    pub async fn sms(&self, account: AccountId, order: OrderId) -> Result<Sms, Error> {
        let now = self.env.now();
        if self.cache.waits(order, account, now) {
            return Ok(Sms::Waiting);
        }
        let said = self.env.store.read(move |rows| {
            let over = Ok::<_, StoreError>((Sms::Over, None));
            let Some(order) = rows.order(order)?.filter(|order| order.account == account) else {
                return over;
            };
            match order.state {
                OrderState::Open if order.is_open(now) => Ok((Sms::Waiting, None)),
                OrderState::Completed { .. } => match rows.newest_text(order.id)? {
                    Some((message, text, seen)) => {
                        Ok((Sms::Text(one_line(&text)), (!seen).then_some(message)))
                    }
                    None => over,
                },
                _ => over,
            }
        });
        let (said, news) = said.await?;
        self.note_seen(account, news.into_iter().collect());
        Ok(said)
    }

    /// As [`Gateway::sms`], but holds the answer back, at most `patience`, until there is something
    /// other than waiting to say.
    pub async fn sms_within(
        &self,
        account: AccountId,
        order: OrderId,
        patience: Duration,
    ) -> Result<Sms, Error> {
        let give_up = tokio::time::sleep(patience);
        tokio::pin!(give_up);
        let waiter = self.polls.wait_for(order);
        loop {
            let mut news = std::pin::pin!(waiter.notify.notified());
            // From here on news is heard; only now is it safe to look.
            news.as_mut().enable();
            let said = self.sms(account, order).await?;
            if said != Sms::Waiting {
                return Ok(said);
            }
            tokio::select! {
                () = &mut news => {}
                () = &mut give_up => return Ok(Sms::Waiting),
            }
        }
    }

    /// How many customers wait for an SMS at this moment.
    pub fn polls(&self) -> usize {
        self.polls.waiting()
    }

    /// Gives an open order up: its hold is released.
    pub async fn cancel(&self, account: AccountId, order: OrderId) -> Result<Cancel, Error> {
        self.give_up(account, order, Order::cancel).await
    }

    /// Gives an open order up, and its number for its service for good.
    pub async fn skip(&self, account: AccountId, order: OrderId) -> Result<Cancel, Error> {
        self.give_up(account, order, Order::skip).await
    }

    async fn give_up(
        &self,
        account: AccountId,
        order: OrderId,
        step: fn(Order, Timestamp) -> Result<Order, Refused>,
    ) -> Result<Cancel, Error> {
        let gateway = self.clone();
        self.env
            .store
            .write(move |tx| {
                let Some(order) = tx.order(order)?.filter(|order| order.account == account) else {
                    return Ok(Cancel::Over);
                };
                match step(order, gateway.env.now()) {
                    Ok(ended) => gateway.release(tx, &ended).map(|()| Cancel::Canceled),
                    Err(Refused::Completed) => Ok(Cancel::Completed),
                    Err(Refused::Over) => Ok(Cancel::Over),
                }
            })
            .await
    }

    /// Writes an order's end without an SMS: the hold goes back, and who waits hears it.
    pub(super) fn release(&self, tx: &WriteTx<'_>, ended: &Order) -> Result<(), Error> {
        tx.end_order(ended)?;
        self.count_end_after(tx, ended);
        let at = ended.state.ended_at().unwrap_or(ended.expires_at);
        self.wakeups.bank_demand_changes_after(tx);
        let posting = Posting::Release { amount: ended.price, order: ended.id };
        tx.post(ended.account, &posting, &self.env.settings().currency, at)?;
        self.wake_after(tx, ended.id);
        Ok(())
    }

    /// Once the operation is on disk `order` is known to wait no more, and its long polls are
    /// woken.
    pub(super) fn wake_after(&self, tx: &WriteTx<'_>, order: OrderId) {
        let (hot, watch) = (Arc::clone(&self.cache), Arc::clone(&self.polls));
        tx.after_commit(move || {
            hot.ended(order);
            watch.wake(order);
        });
    }

    /// Begins the lifetimes of orders that were made for a parked SIM which is on the air now;
    /// answers of how many.
    pub(super) fn begin_awaited_orders(&self, tx: &WriteTx<'_>) -> Result<usize, StoreError> {
        let now = self.env.now();
        let awaiting = tx.orders_waiting_for_sim(now)?;
        let arrived = awaiting
            .into_iter()
            .filter(|waiting| self.presence.is_on_air(waiting.iccid.as_str(), now));
        let expires_at = now.plus(self.env.settings().order_lifetime);
        let mut count = 0;
        for waiting in arrived {
            count += 1;
            tx.begin_order(waiting.order, expires_at)?;
            let cache = Arc::clone(&self.cache);
            tx.after_commit(move || cache.opened(waiting.order, waiting.account, expires_at));
        }
        if count > 0 {
            self.wakeups.bank_demand_changes_after(tx);
        }
        Ok(count)
    }

    /// Balance less holds: what the account can spend.
    pub async fn balance(&self, account: AccountId) -> Result<Amount, Error> {
        let found = self.env.store.read(move |rows| rows.account(account)).await?;
        Ok(found.map_or(Amount::ZERO, |account| account.funds.available().max(Amount::ZERO)))
    }

    /// The newest `limit` orders, oldest first, with their names.
    pub async fn orders(&self, limit: RowLimit) -> Result<Vec<OrderView>, Error> {
        let read = self.env.store.read(move |rows| {
            Ok::<_, StoreError>((rows.orders(limit.rows())?, rows.accounts()?, rows.services()?))
        });
        let (orders, accounts, services) = read.await?;
        let view = |order: Order| OrderView {
            account: accounts
                .iter()
                .find(|a| a.id == order.account)
                .map(|a| a.name.clone())
                .unwrap_or_default(),
            service: services
                .iter()
                .find(|s| s.id == order.service)
                .map(|s| s.name.clone())
                .unwrap_or_default(),
            order,
        };
        Ok(orders.into_iter().map(view).collect())
    }

    /// How many orders are open.
    pub async fn open_order_count(&self) -> Result<i64, Error> {
        let now = self.env.now();
        Ok(self.env.store.read(move |rows| rows.open_order_count(now)).await?)
    }
}
