//! New orders through the dialects of number markets. They are checked in another order than those
//! of the API: their reference, the price, how many orders are open, the balance, and the stock
//! last.

use std::sync::Arc;

use super::{MarketOrder, OrderRefusal, Orders, Placement, Wanted};
use crate::domain::account_price::price_for;
use crate::domain::ids::LAST_PUBLIC_ID;
use crate::domain::{Amount, MobileOperator, OrderId, Service, ServiceId, Timestamp};
use crate::gateway::once::carry_out;
use crate::gateway::parked::{Allocation, SelectedSim};
use crate::gateway::stock::{Preference, Proposal, Wish};
use crate::gateway::{Dialect, Done, Error, Once, Requester};
use crate::store::{ReadTx, WriteTx};

/// For how long a number that an account has canceled is the last choice for it.
const CANCELED_REMEMBERED: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// What a customer's program wants to buy.
#[derive(Debug, Clone)]
pub struct Purchase {
    pub service: ServiceId,
    pub country: PurchaseCountry,
    /// The number is one of these mobile operators'; of any, if there are none here.
    pub operators: Vec<MobileOperator>,
    pub price: PriceCondition,
    /// What the number must not begin with: digits, with the calling code.
    pub avoided_prefixes: Vec<String>,
    /// What the program calls the order. With the same reference none is made again within a day.
    pub reference: Option<String>,
    pub dialect: Dialect,
}

/// In which country a number is bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PurchaseCountry {
    /// The one with this code.
    Code(String),
    /// Where it costs least, of the countries that have numbers.
    Cheapest,
}

/// What a number may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PriceCondition {
    pub at_most: Option<Amount>,
    pub at_least: Option<Amount>,
    pub exactly: Option<Amount>,
}

/// What has come of a purchase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bought {
    Order(Box<MarketOrder>),
    /// An order was made with this reference before.
    ReferenceUsed,
    /// It costs this, which is more than it may.
    TooExpensive(Amount),
    /// The account has as many open orders as it may have, has to wait, or has done as much on this
    /// day as it may.
    Limited,
    /// Balance less holds does not cover the price.
    NoBalance,
    /// No number can be given, or none is sold there, or not at this price.
    NoNumber,
    /// There is no such service, or it is disabled.
    InvalidService,
}

impl PriceCondition {
    /// Why a price is not accepted, if it is not.
    fn refuses(self, price: Amount) -> Option<Bought> {
        let is_other = self.exactly.is_some_and(|wanted| wanted != price)
            || self.at_least.is_some_and(|least| price < least);
        let is_more = self.at_most.is_some_and(|most| most < price);
        match (is_more, is_other) {
            (true, _) => Some(Bought::TooExpensive(price)),
            (false, true) => Some(Bought::NoNumber),
            (false, false) => None,
        }
    }
}

impl Orders {
    /// Gives the account a number for a service.
    pub async fn buy(self: &Arc<Self>, by: Requester, purchase: Purchase) -> Result<Bought, Error> {
        let once = purchase.reference.as_deref().map(Once::for_reference);
        let before = self.env.answered_before::<i64, ()>(by.account, once.as_ref()).await?;
        if before.is_some() {
            return Ok(Bought::ReferenceUsed);
        }
        let countries = match &purchase.country {
            PurchaseCountry::Code(code) => vec![code.clone()],
            PurchaseCountry::Cheapest => {
                self.stock.cheapest_countries(by.account, purchase.service).await?
            }
        };
        for country in countries {
            let bought = self.buy_in(&by, &purchase, once.clone(), country).await?;
            if bought != Bought::NoNumber {
                return Ok(bought);
            }
        }
        Ok(Bought::NoNumber)
    }

    async fn buy_in(
        self: &Arc<Self>,
        by: &Requester,
        purchase: &Purchase,
        once: Option<Once>,
        country: String,
    ) -> Result<Bought, Error> {
        let (account, now) = (by.account, self.env.now());
        let wanted = Arc::new(Wanted {
            service: purchase.service,
            country: Some(country),
            preference: Preference {
                operators: purchase.operators.clone(),
                avoided_prefixes: purchase.avoided_prefixes.clone(),
                canceled_since: Some(now.minus(CANCELED_REMEMBERED)),
            },
            max_price: purchase.price.at_most,
            client_ref: purchase.reference.clone(),
            replaces: None,
            dialect: Some(purchase.dialect),
        });
        let (price, search) = (purchase.price, Wanted::clone(&wanted));
        let (of_operation, requester) = (Arc::clone(&wanted), by.clone());
        let bought = self.in_rounds(account, search, move |orders, tx, proposals| {
            let now = orders.env.now();
            let done = carry_out(tx, (account, once.as_ref()), now, || {
                let bought =
                    orders.try_buy(tx, &requester, (&of_operation, price), proposals, now)?;
                Ok(bought.map(|order| order.0))
            });
            Ok(match done? {
                Done::Now(order) => orders.bought(tx, OrderId(order), now)?,
                Done::Before(_) | Done::KeyReused => Some(Bought::ReferenceUsed),
                Done::Refused(refused) => refused,
            })
        });
        if let Some(bought) = bought.await? {
            return Ok(bought);
        }
        // There is no number. What comes before the stock has not been looked at.
        let (orders, by) = (Arc::clone(self), by.clone());
        let read = self.env.store.read_for(account, move |rows| {
            let terms = orders.terms_of(rows, &by, (&wanted, price), orders.env.now())?;
            Ok::<_, Error>(terms.err().unwrap_or(Bought::NoNumber))
        });
        read.await
    }

    fn bought(
        &self,
        tx: &WriteTx<'_>,
        order: OrderId,
        now: Timestamp,
    ) -> Result<Option<Bought>, Error> {
        let made = tx.order(order)?.map(|made| MarketOrder::read(tx, made, now)).transpose()?;
        Ok(made.map(|made| Bought::Order(Box::new(made))))
    }

    /// Makes the order. It is refused with `None` when the stock has to be searched further than a
    /// writing operation may.
    fn try_buy(
        &self,
        tx: &WriteTx<'_>,
        by: &Requester,
        (wanted, price): (&Wanted, PriceCondition),
        proposals: &[Proposal],
        now: Timestamp,
    ) -> Result<Result<OrderId, Option<Bought>>, Error> {
        let (service, price) = match self.terms_of(tx, by, (wanted, price), now)? {
            Ok(terms) => terms,
            Err(refused) => return Ok(Err(Some(refused))),
        };
        let country = wanted.country.as_deref().unwrap_or_default();
        let (account, preference) = (by.account, &wanted.preference);
        let wish = Wish { account, service: &service, country, preference };
        let selected = match self.allocate(tx, &wish, proposals, now)? {
            Allocation::Found(selected) => selected,
            Allocation::SoldOut => return Ok(Err(Some(Bought::NoNumber))),
            Allocation::TooFar => return Ok(Err(None)),
        };
        let SelectedSim { sim, number, readiness } = selected;
        let placement = Placement {
            by,
            service: &service,
            sim,
            number: &number,
            country,
            price,
            reuse_of: None,
            replaces: None,
            client_ref: wanted.client_ref.as_deref(),
            dialect: wanted.dialect,
            readiness,
        };
        self.place(tx, &placement, now).map(Ok)
    }

    /// What is sold, and for how much, unless anything but the stock is in the way.
    fn terms_of(
        &self,
        rows: &ReadTx<'_>,
        by: &Requester,
        (wanted, condition): (&Wanted, PriceCondition),
        now: Timestamp,
    ) -> Result<Result<(Service, Amount), Bought>, Error> {
        let Some(service) = rows.service(wanted.service)?.filter(|service| service.enabled) else {
            return Ok(Err(Bought::InvalidService));
        };
        let own = rows.account_prices_for(by.account, service.id)?;
        let country = wanted.country.as_deref().unwrap_or_default();
        let Some(price) = price_for(&service, country, &own) else {
            return Ok(Err(Bought::NoNumber));
        };
        // What is sold everywhere is sold where there are SIMs.
        if !rows.has_sim_of(country)? {
            return Ok(Err(Bought::NoNumber));
        }
        if let Some(refused) = condition.refuses(price) {
            return Ok(Err(refused));
        }
        if self.barrier(rows, by.account, wanted.dialect, now)?.is_some() {
            return Ok(Err(Bought::Limited));
        }
        if let Some(unpayable) = self.unpayable(rows, by, price, now)? {
            return Ok(Err(unpayable.into()));
        }
        let ids_are_left = rows.last_order_id()? < LAST_PUBLIC_ID;
        Ok(if ids_are_left { Ok((service, price)) } else { Err(Bought::NoNumber) })
    }

    /// Makes a new order for the number and service of a completed one, through a dialect.
    pub async fn buy_again(
        self: &Arc<Self>,
        by: Requester,
        order: OrderId,
        dialect: Dialect,
    ) -> Result<Result<MarketOrder, OrderRefusal>, Error> {
        let orders = Arc::clone(self);
        let reused = self.env.store.write_often_for(by.account, move |tx| {
            let made = match orders.reuse_in(tx, &by, order, Some(dialect))? {
                Ok(made) => made,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let made = tx.order(made)?;
            let made =
                made.map(|made| MarketOrder::read(tx, made, orders.env.now())).transpose()?;
            Ok(made.ok_or(OrderRefusal::Unknown))
        });
        reused.await
    }

    /// The completed order whose number its account could order again now, and what that costs.
    pub async fn price_of_buying_again(
        self: &Arc<Self>,
        by: Requester,
        order: OrderId,
    ) -> Result<Result<(MarketOrder, Amount), OrderRefusal>, Error> {
        let orders = Arc::clone(self);
        let found = self.env.store.write_often_for(by.account, move |tx| {
            let (account, now) = (by.account, orders.env.now());
            let Some(old) = tx.order(order)?.filter(|order| order.account == account) else {
                return Ok(Err(OrderRefusal::Unknown));
            };
            let again = orders.reusable(tx, &old, now)?.filter(|_| !old.is_open(now));
            let Some((service, _)) = again else { return Ok(Err(OrderRefusal::NumberGone)) };
            let own = tx.account_prices_for(account, service.id)?;
            let price = orders.env.settings().price_of_reuse(&old, &service, &own);
            let shown = MarketOrder::read(tx, old, now)?;
            Ok(price.map(|price| (shown, price)).ok_or(OrderRefusal::NumberGone))
        });
        found.await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_refused_by_the_condition_that_it_does_not_meet() {
        let amount = |minor| Some(Amount(minor));
        let (dear, none) = (Some(Bought::TooExpensive(Amount(50))), Some(Bought::NoNumber));
        for (at_most, at_least, exactly, expected) in [
            (None, None, None, None),
            (amount(50), None, None, None),
            (amount(900), None, None, None),
            (amount(49), None, None, dear),
            (None, amount(50), None, None),
            (None, amount(51), None, none.clone()),
            (None, None, amount(50), None),
            (None, None, amount(49), none.clone()),
            (None, None, amount(51), none),
        ] {
            let condition = PriceCondition { at_most, at_least, exactly };
            assert_eq!(condition.refuses(Amount(50)), expected, "{condition:?}");
        }
    }
}
