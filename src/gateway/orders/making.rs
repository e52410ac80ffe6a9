//! New orders: the SIM that one is given, its price, and what keeps it from being made.

use std::sync::Arc;

use super::Orders;
use crate::domain::account_price::price_for;
use crate::domain::event::{EventKind, EventSubject};
use crate::domain::fair_use::DayLimit;
use crate::domain::ids::LAST_PUBLIC_ID;
use crate::domain::ledger::Posting;
use crate::domain::{
    AccountId, Amount, MobileOperator, Msisdn, OrderId, Service, ServiceId, SimId, Timestamp,
};
use crate::gateway::parked::{Allocation, SelectedSim, SimReadiness};
use crate::gateway::stock::{Preference, Proposal, Wish, try_in_rounds};
use crate::gateway::{Dialect, Error, Requester};
use crate::store::{Asked, NewOrder, NotedEvent, WriteTx};

/// The outcome of a request for a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MakeOrder {
    /// The order was made and its price is held.
    Made {
        /// The order's id.
        order: OrderId,
        /// The number as regular orders show it, digits only.
        number: String,
    },
    /// The account has as many open orders as it may have; this is the oldest.
    AlreadyOpen(OrderId),
    /// The account gave up too many orders, or one too early, and is given no number until then.
    Paused(Timestamp),
    /// The account has done as much on this day as it may.
    Limited(DayLimit),
    /// No SIM can be given for the service, or no order can have an id any more.
    NoPhone,
    /// The order would cost this, which is more than its customer wants to pay.
    TooExpensive(Amount),
    /// Balance less holds does not cover the price.
    NoBalance,
    /// There is no such service, or it is disabled.
    InvalidService,
    /// There is no such country.
    InvalidCountry,
}

/// What a customer wants of a new order.
#[derive(Debug, Clone, Default)]
pub struct OrderRequest {
    pub service: Option<ServiceId>,
    /// The country as the customer names it.
    pub country: String,
    /// The number is one of this mobile operator's.
    pub operator: Option<MobileOperator>,
    /// The order costs no more than this.
    pub max_price: Option<Amount>,
    /// What the customer calls the order.
    pub client_ref: Option<String>,
}

/// What is wanted of a new order, of a service and in a country that may or may not be there.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) service: ServiceId,
    /// The country's code.
    pub(super) country: Option<String>,
    pub(super) preference: Preference,
    pub(super) max_price: Option<Amount>,
    pub(super) client_ref: Option<String>,
    /// The order in whose place it is made.
    pub(super) replaces: Option<OrderId>,
    /// The dialect through which it is made.
    pub(super) dialect: Option<Dialect>,
}

/// The properties of a new order.
pub(super) struct Placement<'p> {
    pub(super) by: &'p Requester,
    pub(super) service: &'p Service,
    pub(super) sim: SimId,
    pub(super) number: &'p Msisdn,
    pub(super) country: &'p str,
    pub(super) price: Amount,
    pub(super) reuse_of: Option<OrderId>,
    pub(super) replaces: Option<OrderId>,
    pub(super) client_ref: Option<&'p str>,
    pub(super) dialect: Option<Dialect>,
    pub(super) readiness: SimReadiness,
}

impl Orders {
    /// Gives the account a number for a service. The checks run in the order that the customer API
    /// (`docs/customer-api.md`) states: parameters, open orders, stock, balance.
    pub async fn make(
        self: &Arc<Self>,
        by: impl Into<Requester>,
        service: Option<ServiceId>,
        country: &str,
    ) -> Result<MakeOrder, Error> {
        let by: Requester = by.into();
        let request = OrderRequest { service, country: country.to_owned(), ..Default::default() };
        let Some(wanted) = self.wanted(request).await? else {
            return Ok(MakeOrder::InvalidService);
        };
        let (account, search) = (by.account, wanted.clone());
        let made = self.in_rounds(account, search, move |orders, tx, proposals| {
            orders.try_make(tx, &by, &wanted, proposals)
        });
        Ok(made.await?.unwrap_or(MakeOrder::NoPhone))
    }

    /// What a customer wants, with the country by its code; `None` without a service.
    pub(super) async fn wanted(&self, request: OrderRequest) -> Result<Option<Wanted>, Error> {
        let OrderRequest { service, country, operator, max_price, client_ref } = request;
        let Some(service) = service else { return Ok(None) };
        let country = self.stock.find_country(&country).await?;
        let operators = operator.into_iter().collect();
        let preference = Preference { operators, ..Preference::default() };
        let (replaces, dialect) = (None, None);
        let wanted =
            Wanted { service, country, preference, max_price, client_ref, replaces, dialect };
        Ok(Some(wanted))
    }

    /// Carries out an operation that makes an order, in one transaction, as [`try_in_rounds`] does.
    pub(super) async fn in_rounds<T: Send + 'static>(
        self: &Arc<Self>,
        account: AccountId,
        wanted: Wanted,
        operation: impl Fn(&Orders, &WriteTx<'_>, &[Proposal]) -> Result<Option<T>, Error>
        + Send
        + Sync
        + 'static,
    ) -> Result<Option<T>, Error> {
        let operation = Arc::new(operation);
        let (service, country) = (wanted.service, wanted.country.as_deref());
        let is_scarce = country.is_some_and(|country| self.stock.is_scarce(service, country));
        let propose = || self.proposals(account, &wanted);
        let attempt = |proposals: Vec<Proposal>| {
            let (orders, operation) = (Arc::clone(self), Arc::clone(&operation));
            self.env.store.write_often_for(account, move |tx| operation(&orders, tx, &proposals))
        };
        try_in_rounds(is_scarce, propose, attempt).await
    }

    /// SIMs that an order could be given, if it may be made otherwise; `None` when there are none.
    /// To find no number the whole stock is searched, so that is done in a snapshot of the stock:
    /// everything else waits for the writer's connection.
    async fn proposals(
        self: &Arc<Self>,
        account: AccountId,
        wanted: &Wanted,
    ) -> Result<Option<Vec<Proposal>>, Error> {
        let Some(country) = wanted.country.as_deref() else { return Ok(Some(Vec::new())) };
        let dialect = wanted.dialect;
        if !self.may_order(account, dialect).await? {
            return Ok(Some(Vec::new()));
        }
        let preference = wanted.preference.clone();
        match self.stock.propose(account, wanted.service, country, preference).await? {
            // Another request of the same account may have taken the last number meanwhile.
            None if !self.may_order(account, dialect).await? => Ok(Some(Vec::new())),
            proposals => Ok(proposals),
        }
    }

    /// Whether nothing keeps an account from ordering.
    async fn may_order(
        self: &Arc<Self>,
        account: AccountId,
        dialect: Option<Dialect>,
    ) -> Result<bool, Error> {
        let orders = Arc::clone(self);
        let read = self.env.store.read_for(account, move |rows| {
            let now = orders.env.now();
            Ok::<_, Error>(orders.barrier(rows, account, dialect, now)?.is_none())
        });
        read.await
    }

    /// `None` when the stock has to be searched further than a writing operation may.
    pub(super) fn try_make(
        &self,
        tx: &WriteTx<'_>,
        by: &Requester,
        wanted: &Wanted,
        proposals: &[Proposal],
    ) -> Result<Option<MakeOrder>, Error> {
        let account = by.account;
        let Some(service) = tx.service(wanted.service)?.filter(|service| service.enabled) else {
            return Ok(Some(MakeOrder::InvalidService));
        };
        let Some(country) = wanted.country.as_deref() else {
            return Ok(Some(MakeOrder::InvalidCountry));
        };
        let now = self.env.now();
        if let Some(barrier) = self.barrier(tx, account, wanted.dialect, now)? {
            return Ok(Some(barrier.into()));
        }
        if tx.last_order_id()? >= LAST_PUBLIC_ID {
            return Ok(Some(MakeOrder::NoPhone));
        }
        let own = tx.account_prices_for(account, service.id)?;
        let Some(price) = price_for(&service, country, &own) else {
            return Ok(Some(MakeOrder::NoPhone));
        };
        if wanted.max_price.is_some_and(|most| most < price) {
            return Ok(Some(MakeOrder::TooExpensive(price)));
        }
        let wish = Wish { account, service: &service, country, preference: &wanted.preference };
        match self.allocate(tx, &wish, proposals, now)? {
            Allocation::Found(selected) => {
                self.make_on(tx, by, (wanted, &wish), price, selected, now).map(Some)
            }
            Allocation::SoldOut => Ok(Some(MakeOrder::NoPhone)),
            Allocation::TooFar => Ok(None),
        }
    }

    /// The SIM that an order is given, with no order on it that is over.
    pub(super) fn allocate(
        &self,
        tx: &WriteTx<'_>,
        wish: &Wish<'_>,
        proposals: &[Proposal],
        now: Timestamp,
    ) -> Result<Allocation, Error> {
        loop {
            let found = self.stock.allocate(tx, wish, proposals, now)?;
            // An order that expires only now may make the number rest.
            match &found {
                Allocation::Found(chosen) if self.expire_overdue_of(tx, chosen.sim)? > 0 => {}
                _ => return Ok(found),
            }
        }
    }

    /// Makes an order at a price on the SIM that was found for it.
    fn make_on(
        &self,
        tx: &WriteTx<'_>,
        by: &Requester,
        (wanted, wish): (&Wanted, &Wish<'_>),
        price: Amount,
        selected: SelectedSim,
        now: Timestamp,
    ) -> Result<MakeOrder, Error> {
        let SelectedSim { sim, number, readiness } = selected;
        if let Some(unpayable) = self.unpayable(tx, by, price, now)? {
            return Ok(unpayable.into());
        }
        let placement = Placement {
            by,
            service: wish.service,
            sim,
            number: &number,
            country: wish.country,
            price,
            reuse_of: None,
            replaces: wanted.replaces,
            client_ref: wanted.client_ref.as_deref(),
            dialect: wanted.dialect,
            readiness,
        };
        let order = self.place(tx, &placement, now)?;
        Ok(MakeOrder::Made { order, number: self.env.settings().number_for_orders(&number) })
    }

    /// Adds an order and holds its price.
    pub(super) fn place(
        &self,
        tx: &WriteTx<'_>,
        placement: &Placement<'_>,
        now: Timestamp,
    ) -> Result<OrderId, Error> {
        let Placement { by, service, sim, number, country, price, readiness, .. } = *placement;
        let account = by.account;
        let settings = self.env.settings();
        let own_lifetime = placement.dialect.map(|dialect| settings.market.lifetime_in(dialect));
        let (lasts, awaits_sim) = match readiness {
            SimReadiness::On => (own_lifetime.unwrap_or(settings.order_lifetime), false),
            SimReadiness::Parked { on_air_within } => (on_air_within, true),
        };
        let expires_at = now.plus(lasts);
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
            reuse_of: placement.reuse_of,
            replaces: placement.replaces,
            client_ref: placement.client_ref,
            awaits_sim,
            lifetime: own_lifetime,
        })?;
        by.keep_client(tx, Asked::Order(order), now)?;
        let cache = Arc::clone(&self.cache);
        tx.after_commit(move || cache.add_open_order(order, account, expires_at));
        self.wakeups.deadlines_change_after(tx);
        if awaits_sim {
            self.wakeups.bank_demand_changes_after(tx);
        }
        self.stock.changes_after(tx, account, country);
        tx.record_sim_given(sim, now)?;
        let subject = EventSubject::Order(order);
        self.events.note(tx, NotedEvent::new(account, EventKind::OrderCreated, subject, now));
        let posting = Posting::Hold { amount: price, order };
        self.events.post(tx, account, &posting, self.env.occasion(now, by.key_prefix()))?;
        Ok(order)
    }
}
