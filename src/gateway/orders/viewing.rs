//! What the operator is shown of orders.

use std::collections::HashMap;

use super::{OrderView, Orders, find_order, view};
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::message::Message;
use crate::domain::order::{OrderEnd, OrderState};
use crate::domain::{Iccid, Order, OrderId, Timestamp};
use crate::gateway::listing::ListRequest;
use crate::gateway::{Error, Settings};
use crate::store::{
    Asked, AwaitedMessage, Entry, ListFilter, ListStep, ReadTx, StoreError, WriteTx,
};

/// Everything that is stored about an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderHistory {
    /// The order with its names.
    pub view: OrderView,
    /// The SIM that it was given.
    pub iccid: Option<Iccid>,
    /// The address from which it was asked for, while that is kept.
    pub client: Option<String>,
    /// The rules by which something was withheld from it.
    pub withheld: Vec<String>,
    /// Its holds and charges.
    pub entries: Vec<Entry>,
    /// The messages that it was given, oldest first.
    pub messages: Vec<Message>,
    /// Messages that its SIM received in its time and that matched nothing. They show whether a
    /// pattern has to be corrected.
    pub unmatched: Vec<Message>,
    /// Long messages of its SIM whose rest is awaited, while the order is open.
    pub awaited: Vec<AwaitedMessage>,
}

impl Orders {
    /// The orders that the operator asks for, oldest first, with their names.
    pub async fn list(&self, request: ListRequest) -> Result<Vec<OrderView>, Error> {
        let settings = self.env.settings();
        let read = self.env.store.read(move |rows| {
            let orders = rows.orders(&filter(rows, request, &settings)?)?;
            let mut names = Names::default();
            let views = orders.into_iter().map(|order| names.view(rows, order));
            Ok(views.collect::<Result<_, StoreError>>()?)
        });
        read.await
    }

    /// Like [`Orders::list`], but looks back only so far at a time.
    pub async fn list_step(&self, request: ListRequest) -> Result<ListStep<OrderView>, Error> {
        let settings = self.env.settings();
        let read = self.env.store.read(move |rows| {
            let step = rows.orders_step(&filter(rows, request, &settings)?)?;
            let mut names = Names::default();
            Ok(step.try_map(|order| names.view(rows, order))?)
        });
        read.await
    }

    /// Everything that is stored about an order. That the operator saw it is recorded in the audit.
    pub async fn history(&self, id: OrderId) -> Result<OrderHistory, Error> {
        let now = self.env.now();
        let seen = self.env.store.write(move |tx: &WriteTx<'_>| {
            let order = find_order(tx, id)?;
            tx.note(Actor::Operator, AuditAction::SawMessages, format!("order {id}"), now)?;
            Ok(history(tx, order, now)?)
        });
        seen.await
    }

    /// Everything that is stored about an order, for whoever records in the audit who saw it.
    /// `None` if there is no such order.
    pub async fn details(&self, id: OrderId) -> Result<Option<OrderHistory>, Error> {
        let now = self.env.now();
        let read = self
            .env
            .store
            .read(move |rows| rows.order(id)?.map(|order| history(rows, order, now)).transpose());
        let found: Result<_, StoreError> = read.await;
        Ok(found?)
    }
}

fn filter(
    rows: &ReadTx<'_>,
    request: ListRequest,
    settings: &Settings,
) -> Result<ListFilter, Error> {
    let states = OrderEnd::ALL.map(OrderEnd::as_str);
    let states = [&[OrderState::Open.as_str()][..], &states].concat();
    request.resolve(rows, &settings.countries, &states)
}

fn history(rows: &ReadTx<'_>, order: Order, now: Timestamp) -> Result<OrderHistory, StoreError> {
    let id = order.id;
    let awaited = match order.is_open(now) {
        true => rows.awaited_messages(order.sim, now)?,
        false => Vec::new(),
    };
    Ok(OrderHistory {
        awaited,
        iccid: rows.iccid(order.sim)?,
        client: rows.client_address(Asked::Order(id))?,
        withheld: rows.withheld_from_order(id)?,
        entries: rows.ledger_of_order(id)?,
        messages: rows.messages_of_order(id)?,
        unmatched: rows.unclaimed(order.sim, order.created_at, open_until(&order))?,
        view: view(rows, order)?,
    })
}

/// Until when an order took messages: the end of its lifetime, or when it was given up before that.
fn open_until(order: &Order) -> Timestamp {
    match order.state {
        OrderState::Canceled { at } | OrderState::Skipped { at } => at,
        _ => order.expires_at,
    }
}

/// The names of accounts and services that were looked up for a list: a list of thousands has few.
#[derive(Default)]
struct Names {
    accounts: HashMap<i64, String>,
    services: HashMap<i64, String>,
}

impl Names {
    fn view(&mut self, rows: &ReadTx<'_>, order: Order) -> Result<OrderView, StoreError> {
        let (account, service) = (order.account, order.service);
        let find_account = || Ok(rows.account(account)?.map(|account| account.name));
        let find_service = || rows.service_name(service);
        Ok(OrderView {
            refunded: rows.refund_of(order.id)?,
            account: known(&mut self.accounts, account.0, find_account)?,
            service: known(&mut self.services, service.0, find_service)?,
            order,
        })
    }
}

fn known(
    names: &mut HashMap<i64, String>,
    id: i64,
    find: impl FnOnce() -> Result<Option<String>, StoreError>,
) -> Result<String, StoreError> {
    if let Some(name) = names.get(&id) {
        return Ok(name.clone());
    }
    let name = find()?.unwrap_or_default();
    names.insert(id, name.clone());
    Ok(name)
}
