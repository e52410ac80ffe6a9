//! Test orders, and the account that they are of, as test keys are shown them.

use std::sync::Arc;
use std::time::Duration;

use super::{SandboxOrders, Use, own};
use crate::domain::price::percent_of;
use crate::domain::sandbox::{TestOrder, TestService};
use crate::domain::{AccountId, Amount, Funds, Order, OrderId, Timestamp};
use crate::gateway::accounts::Standing;
use crate::gateway::orders::OrderPage;
use crate::gateway::resources::{OrderContext, OrderResource, OrderStatus, Reuse};
use crate::gateway::sandbox::shown;
use crate::gateway::{Account, Error, Requester};
use crate::store::StoreError;

/// What an account always has in the sandbox, in units of its currency.
const FUNDS: i64 = 100;

impl SandboxOrders {
    /// An account as its test keys show it: with funds that nothing is taken of, and with the
    /// limits and the use of its sandbox.
    pub async fn own(
        self: &Arc<Self>,
        account: AccountId,
    ) -> Result<Option<(Account, Standing, usize)>, Error> {
        let orders = Arc::clone(self);
        let read = self.shared.env.store.read_for(account, move |rows| {
            let Some(account) = rows.account(account)? else { return Ok(None) };
            let Use { orders: made, limits, today } = orders.use_of(rows, &account)?;
            let now = orders.shared.env.now();
            let open = made.iter().filter(|order| order.at(now).is_open(now));
            let (count, held) = open.fold((0, 0_i64), |(count, held), order| {
                (count + 1, held.saturating_add(order.price.0))
            });
            let units = orders.shared.env.settings().currency.minor_units();
            let funds = Funds { balance: Amount(FUNDS.saturating_mul(units)), held: Amount(held) };
            Ok::<_, StoreError>(Some((
                Account { funds, ..account },
                Standing { limits, today },
                count,
            )))
        });
        Ok(read.await?)
    }

    /// Until when the number of an order can be ordered again, and for how much.
    pub(super) fn reusable(&self, order: &Order, now: Timestamp) -> Option<(Timestamp, Amount)> {
        let settings = self.shared.env.settings();
        let until = order.reusable_until(settings.reuse_window).filter(|until| now < *until)?;
        let price = TestService::price(settings.currency);
        Some((until, percent_of(price, settings.reuse_price_percent)))
    }

    /// A test order as its customer is shown it at `now`.
    pub(super) fn resource(&self, order: &TestOrder, now: Timestamp) -> OrderResource {
        let settings = self.shared.env.settings();
        let (shown_order, texts) = (order.at(now), order.texts(now));
        let messages: Vec<_> = texts.into_iter().map(shown).collect();
        let reuse = self.reusable(&shown_order, now).map(|(until, price)| Reuse {
            until: until.to_string(),
            price: settings.currency.text(price),
        });
        let context = OrderContext {
            service: order.service.as_str().to_owned(),
            code: messages.last().and_then(|message| message.code.clone()),
            messages,
            is_withheld: order.is_withheld(),
            reuse,
        };
        OrderResource::of(&settings, &shown_order, context)
    }

    /// The test orders of an account that are wanted, the newest first.
    pub async fn page(
        self: &Arc<Self>,
        by: Requester,
        page: OrderPage,
    ) -> Result<Vec<OrderResource>, Error> {
        let (account, now) = (by.account, self.shared.env.now());
        let read = self.shared.env.store.read_for(account, move |rows| rows.test_orders(account));
        let OrderPage { state, client_ref, before, limit } = page;
        let all = read.await?;
        let older = all.iter().filter(|order| before.is_none_or(|before| order.id < before));
        let named = older.filter(|order| client_ref.is_none() || order.client_ref == client_ref);
        let in_state = named.filter(|order| {
            state.is_none_or(|state| OrderStatus::from(order.at(now).state) == state)
        });
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(in_state.take(limit).map(|order| self.resource(order, now)).collect())
    }

    /// An account's test order, if it has one with this id.
    pub async fn show(
        self: &Arc<Self>,
        by: Requester,
        id: OrderId,
    ) -> Result<Option<OrderResource>, Error> {
        let account = by.account;
        let read = self.shared.env.store.read_for(account, move |rows| own(rows, account, id));
        let found = read.await?;
        Ok(found.map(|order| self.resource(&order, self.shared.env.now())))
    }

    /// Like [`SandboxOrders::show`], but holds the answer back, for at most `patience`, while the
    /// order is open. While it is, nothing about it changes.
    pub async fn wait_for_change(
        self: &Arc<Self>,
        by: Requester,
        id: OrderId,
        patience: Duration,
    ) -> Result<Option<OrderResource>, Error> {
        let read = || self.show(by.clone(), id);
        let has_changed = |found: &Option<OrderResource>| {
            found.as_ref().is_none_or(|order| order.state != OrderStatus::Open)
        };
        self.polls.look_until(id, patience, read, has_changed).await
    }
}
