//! Orders as their customers are shown them.

use std::sync::Arc;
use std::time::Duration;

use super::Orders;
use crate::domain::{AccountId, MessageId, OrderId, RowLimit};
use crate::gateway::resources::{OrderResource, OrderStatus};
use crate::gateway::{Error, Requester};
use crate::store::{ListFilter, Page, ReadTx, StoreError};

/// Which of an account's orders are wanted.
#[derive(Debug, Clone, Default)]
pub struct OrderPage {
    pub state: Option<OrderStatus>,
    /// What the customer calls it.
    pub client_ref: Option<String>,
    /// Older than the order with this id.
    pub before: Option<OrderId>,
    /// How many at most.
    pub limit: u32,
}

impl OrderPage {
    fn filter(self, account: AccountId) -> ListFilter {
        let OrderPage { state, client_ref, before, limit } = self;
        ListFilter {
            account: Some(account),
            state: state.map(|state| state.as_str().to_owned()),
            client_ref,
            page: before.map_or(Page::Newest, |before| Page::Before(before.0)),
            ..ListFilter::newest(RowLimit::from(limit))
        }
    }
}

/// An order, and those of its messages that its customer has not been shown yet.
type WithNews = (OrderResource, Vec<MessageId>);

fn with_news(rows: &ReadTx<'_>, order: OrderResource) -> Result<WithNews, StoreError> {
    if order.messages.is_empty() {
        return Ok((order, Vec::new()));
    }
    let mut news = rows.unseen_of_order(OrderId(order.id))?;
    news.retain(|id| order.messages.iter().any(|message| message.id == id.0));
    Ok((order, news))
}

impl Orders {
    /// The orders of an account that are wanted, the newest first.
    pub async fn page(
        self: &Arc<Self>,
        by: Requester,
        page: OrderPage,
    ) -> Result<Vec<OrderResource>, Error> {
        let (orders, now) = (Arc::clone(self), self.env.now());
        let filter = page.filter(by.account);
        let read = self.env.store.read_for(by.account, move |rows| {
            let newest_last = rows.orders(&filter)?;
            let shown = newest_last.iter().rev().map(|order| {
                let shown = OrderResource::read(rows, &orders.env, order, now)?;
                with_news(rows, shown)
            });
            shown.collect()
        });
        let shown: Result<Vec<WithNews>, StoreError> = read.await;
        let (orders, news): (Vec<_>, Vec<_>) = shown?.into_iter().unzip();
        self.audit.note_views(by, news.concat());
        Ok(orders)
    }

    /// An account's order, if it has one with this id.
    pub async fn show(
        self: &Arc<Self>,
        by: Requester,
        id: OrderId,
    ) -> Result<Option<OrderResource>, Error> {
        let Some((order, news)) = self.read_shown(by.account, id).await? else { return Ok(None) };
        self.audit.note_views(by, news);
        Ok(Some(order))
    }

    async fn read_shown(
        self: &Arc<Self>,
        account: AccountId,
        id: OrderId,
    ) -> Result<Option<WithNews>, Error> {
        let (orders, now) = (Arc::clone(self), self.env.now());
        let read = self.env.store.read_for(account, move |rows| {
            let order = rows.order(id)?.filter(|order| order.account == account);
            let Some(order) = order else { return Ok(None) };
            let shown = OrderResource::read(rows, &orders.env, &order, now)?;
            with_news(rows, shown).map(Some)
        });
        let shown: Result<_, StoreError> = read.await;
        Ok(shown?)
    }

    /// Like [`Orders::show`], but holds the answer back, for at most `patience`, while the order is
    /// open and nothing changes about it. What its customer has not been shown is answered at once.
    pub async fn wait_for_change(
        self: &Arc<Self>,
        by: Requester,
        id: OrderId,
        patience: Duration,
    ) -> Result<Option<OrderResource>, Error> {
        let mut first: Option<OrderResource> = None;
        let read = || self.read_shown(by.account, id);
        let is_news = |shown: &Option<WithNews>| {
            let Some((order, news)) = shown else { return true };
            let has_changed = *first.get_or_insert_with(|| order.clone()) != *order;
            order.state != OrderStatus::Open || !news.is_empty() || has_changed
        };
        let shown = self.polls.look_until(id, patience, read, is_news).await?;
        let Some((order, news)) = shown else { return Ok(None) };
        self.audit.note_views(by, news);
        Ok(Some(order))
    }
}
