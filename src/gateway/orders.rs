//! Orders: make, look, wait, cancel.

use std::sync::Arc;
use std::time::Duration;

use super::expire::expire;
use super::{Error, Gateway};
use crate::domain::ledger::Posting;
use crate::domain::message::one_line;
use crate::domain::order::{OrderState, Refused};
use crate::domain::{AccountId, Amount, Order, OrderId, Service, ServiceId, allocation};
use crate::store::{Account, NewOrder, StockQuery, StoreError, Tx};

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

/// What became of a request to cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancel {
    /// It is canceled and its hold released.
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

impl Gateway {
    /// Gives the account a number for a service. The checks run in the order of the variants of the API: parameters, open
    /// order, stock, balance.
    pub async fn make_order(
        &self,
        account: AccountId,
        service: Option<ServiceId>,
        country: &str,
    ) -> Result<MakeOrder, Error> {
        let Some(service) = service else { return Ok(MakeOrder::InvalidService) };
        let country = self.settings.countries.find(country).map(|country| country.code.clone());
        let gateway = self.clone();
        let made = self
            .store
            .write(move |tx| match tx.service(service)?.filter(|service| service.enabled) {
                None => Ok(MakeOrder::InvalidService),
                Some(service) => match country {
                    None => Ok(MakeOrder::InvalidCountry),
                    Some(country) => gateway.make(tx, account, &service, &country),
                },
            })
            .await;
        self.deadlines.notify_one();
        made
    }

    fn make(&self, tx: &Tx<'_>, account: AccountId, service: &Service, country: &str) -> Result<MakeOrder, Error> {
        let now = self.now();
        let open = tx.open_orders(account, now)?;
        if let Some(oldest) = open.first().filter(|_| open.len() >= self.settings.max_open_per_account) {
            return Ok(MakeOrder::AlreadyOpen(*oldest));
        }
        let Some((sim, number)) = self.allocate(tx, account, service, country)? else { return Ok(MakeOrder::NoPhone) };
        let price = service.price_in(country);
        let Account { funds, .. } = tx.account(account)?.ok_or_else(|| Error::refused("the account is gone"))?;
        if !funds.covers(price) {
            return Ok(MakeOrder::NoBalance);
        }
        let expires_at = now.plus(self.settings.order_lifetime);
        // An order of this SIM and service that is past its lifetime but not yet written off must not stand in the way.
        for due in tx.due_orders(now, i64::from(u16::MAX))?.into_iter().filter(|due| due.sim == sim) {
            expire(self, tx, due, now)?;
        }
        let order = tx.add_order(&NewOrder {
            account,
            service: service.id,
            patterned: service.has_patterns(),
            sim,
            number: &number,
            country,
            price,
            created_at: now,
            expires_at,
        })?;
        tx.sim_given(sim, now)?;
        tx.post(account, &Posting::Hold { amount: price, order }, &self.settings.currency, now)?;
        Ok(MakeOrder::Made { order, number: self.shown(&number) })
    }

    fn allocate(
        &self,
        tx: &Tx<'_>,
        account: AccountId,
        service: &Service,
        country: &str,
    ) -> Result<Option<(crate::domain::SimId, String)>, StoreError> {
        let now = self.now();
        for company in allocation::passes(service.has_patterns(), self.settings.share_sim) {
            let query = StockQuery { country, service: service.id, account, company: *company, now };
            let found = tx.find_in_stock(query, |iccid| self.board.port_of(iccid, now).is_some())?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// A number as regular orders show it: digits only.
    fn shown(&self, number: &str) -> String {
        match self.settings.international_numbers {
            true => number.trim_start_matches('+').to_owned(),
            false => self.settings.countries.national(number),
        }
    }

    /// What has come for an order.
    pub async fn sms(&self, account: AccountId, order: OrderId) -> Result<Sms, Error> {
        let now = self.now();
        let said = self.store.read(move |rows| {
            let Some(order) = rows.order(order)?.filter(|order| order.account == account) else { return Ok(Sms::Over) };
            Ok::<_, StoreError>(match order.state {
                OrderState::Open if order.is_open(now) => Sms::Waiting,
                OrderState::Completed { .. } => {
                    rows.newest_text(order.id)?.map_or(Sms::Over, |text| Sms::Text(one_line(&text)))
                }
                _ => Sms::Over,
            })
        });
        Ok(said.await?)
    }

    /// As [`Gateway::sms`], but holds the answer back, at most `patience`, until there is something other than waiting to say.
    pub async fn sms_within(&self, account: AccountId, order: OrderId, patience: Duration) -> Result<Sms, Error> {
        let give_up = tokio::time::sleep(patience);
        tokio::pin!(give_up);
        let waiter = self.watch.wait_for(order);
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
        self.watch.waiting()
    }

    /// Gives an open order up: its hold is released.
    pub async fn cancel(&self, account: AccountId, order: OrderId) -> Result<Cancel, Error> {
        let gateway = self.clone();
        self.store
            .write(move |tx| {
                let now = gateway.now();
                let Some(order) = tx.order(order)?.filter(|order| order.account == account) else {
                    return Ok(Cancel::Over);
                };
                match order.cancel(now) {
                    Ok(canceled) => gateway.release(tx, &canceled).map(|()| Cancel::Canceled),
                    Err(Refused::Completed) => Ok(Cancel::Completed),
                    Err(Refused::Over) => Ok(Cancel::Over),
                }
            })
            .await
    }

    /// Writes an order's end without an SMS: the hold goes back, and who waits hears it.
    pub(super) fn release(&self, tx: &Tx<'_>, ended: &Order) -> Result<(), Error> {
        tx.end_order(ended)?;
        let at = ended.state.ended_at().unwrap_or(ended.expires_at);
        let posting = Posting::Release { amount: ended.price, order: ended.id };
        tx.post(ended.account, &posting, &self.settings.currency, at)?;
        self.wake_after(tx, ended.id);
        Ok(())
    }

    /// Wakes the long polls of `order` once the operation is on disk.
    pub(super) fn wake_after(&self, tx: &Tx<'_>, order: OrderId) {
        let watch = Arc::clone(&self.watch);
        tx.after_commit(move || watch.wake(order));
    }

    /// Balance less holds: what the account can spend.
    pub async fn balance(&self, account: AccountId) -> Result<Amount, Error> {
        let found = self.store.read(move |rows| rows.account(account)).await?;
        Ok(found.map_or(Amount::ZERO, |account| account.funds.available().max(Amount::ZERO)))
    }

    /// Every service that can be ordered, its price in a country and how many numbers this account could order now. `None`
    /// when there is no such country.
    pub async fn offers(
        &self,
        account: AccountId,
        country: &str,
    ) -> Result<Option<Vec<(Service, Amount, usize)>>, Error> {
        let Some(country) = self.settings.countries.find(country).map(|country| country.code.clone()) else {
            return Ok(None);
        };
        let (now, board, share) = (self.now(), Arc::clone(&self.board), self.settings.share_sim);
        let offers = self.store.read(move |rows| {
            let services = rows.services()?.into_iter().filter(|service| service.enabled);
            let offers = services.map(|service| {
                // The last pass is the widest: what may be shared includes what is free.
                let widest = allocation::passes(service.has_patterns(), share).last().copied();
                let mut count = 0;
                if let Some(company) = widest {
                    let query = StockQuery { country: &country, service: service.id, account, company, now };
                    rows.find_in_stock(query, |iccid| {
                        count += usize::from(board.port_of(iccid, now).is_some());
                        false
                    })?;
                }
                Ok((service.clone(), service.price_in(&country), count))
            });
            offers.collect::<Result<Vec<_>, StoreError>>()
        });
        Ok(Some(offers.await?))
    }

    /// The newest `limit` orders (0: all), oldest first, with their names.
    pub async fn orders(&self, limit: u32) -> Result<Vec<OrderView>, Error> {
        let limit = if limit == 0 { i64::MAX } else { i64::from(limit) };
        let read =
            self.store.read(move |rows| Ok::<_, StoreError>((rows.orders(limit)?, rows.accounts()?, rows.services()?)));
        let (orders, accounts, services) = read.await?;
        let view = |order: Order| OrderView {
            account: accounts.iter().find(|a| a.id == order.account).map(|a| a.name.clone()).unwrap_or_default(),
            service: services.iter().find(|s| s.id == order.service).map(|s| s.name.clone()).unwrap_or_default(),
            order,
        };
        Ok(orders.into_iter().map(view).collect())
    }

    /// How many orders are open.
    pub async fn open_order_count(&self) -> Result<i64, Error> {
        let now = self.now();
        Ok(self.store.read(move |rows| rows.open_order_count(now)).await?)
    }
}
