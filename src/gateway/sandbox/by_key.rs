//! Which part of the gateway a customer's request is for: the business, or with a test key the
//! sandbox. Both are asked alike, and whoever asks has no way to the other part.

use std::sync::Arc;
use std::time::Duration;

use super::{SandboxOrders, SandboxRentals};
use crate::domain::key::KeyMode;
use crate::domain::{AccountId, OrderId, RentalId};
use crate::gateway::inbox::Inbox;
use crate::gateway::orders::{OrderDone, Orders};
use crate::gateway::rentals::{MessagePage, RentalDone, Rentals};
use crate::gateway::resources::{OrderResource, RentalResource};
use crate::gateway::{
    Error, Gateway, GiveUp, MessagesWanted, Once, OrderPage, OrderRequest, RentalEdit,
    RentalRefusal, RentalRequest, Requester,
};

/// The part of the gateway that a request is for.
pub enum ForCustomer<L, T> {
    Live(L),
    Test(T),
}

/// What orders are asked of.
pub type OrdersFor<'g> = ForCustomer<&'g Arc<Orders>, &'g Arc<SandboxOrders>>;
/// What rentals are asked of; those that have ended are revived by the inbox.
pub type RentalsFor<'g> = ForCustomer<(&'g Arc<Rentals>, &'g Arc<Inbox>), &'g Arc<SandboxRentals>>;

impl Gateway {
    /// What is asked about orders with a key of this mode.
    pub fn orders_for(&self, mode: KeyMode) -> OrdersFor<'_> {
        match mode {
            KeyMode::Live => ForCustomer::Live(self.orders()),
            KeyMode::Test => ForCustomer::Test(&self.sandbox().orders),
        }
    }

    /// What is asked about rentals with a key of this mode.
    pub fn rentals_for(&self, mode: KeyMode) -> RentalsFor<'_> {
        match mode {
            KeyMode::Live => ForCustomer::Live((self.rentals(), self.inbox())),
            KeyMode::Test => ForCustomer::Test(&self.sandbox().rentals),
        }
    }
}

/// See the methods of the same names in [`Orders`].
impl OrdersFor<'_> {
    pub async fn make_once(
        &self,
        by: Requester,
        request: OrderRequest,
        once: Option<Once>,
    ) -> Result<OrderDone, Error> {
        match self {
            ForCustomer::Live(orders) => orders.make_once(by, request, once).await,
            ForCustomer::Test(orders) => orders.make_once(by, request, once).await,
        }
    }

    pub async fn give_up_once(
        &self,
        by: Requester,
        order: OrderId,
        how: GiveUp,
        once: Option<Once>,
    ) -> Result<OrderDone, Error> {
        match self {
            ForCustomer::Live(orders) => orders.give_up_once(by, order, how, once).await,
            ForCustomer::Test(orders) => orders.give_up_once(by, order, how, once).await,
        }
    }

    pub async fn reuse_once(
        &self,
        by: Requester,
        order: OrderId,
        once: Option<Once>,
    ) -> Result<OrderDone, Error> {
        match self {
            ForCustomer::Live(orders) => orders.reuse_once(by, order, once).await,
            ForCustomer::Test(orders) => orders.reuse_once(by, order, once).await,
        }
    }

    pub async fn swap_once(
        &self,
        by: Requester,
        order: OrderId,
        once: Option<Once>,
    ) -> Result<OrderDone, Error> {
        match self {
            ForCustomer::Live(orders) => orders.swap_once(by, order, once).await,
            ForCustomer::Test(orders) => orders.swap_once(by, order, once).await,
        }
    }

    pub async fn page(&self, by: Requester, page: OrderPage) -> Result<Vec<OrderResource>, Error> {
        match self {
            ForCustomer::Live(orders) => orders.page(by, page).await,
            ForCustomer::Test(orders) => orders.page(by, page).await,
        }
    }

    pub async fn show(&self, by: Requester, id: OrderId) -> Result<Option<OrderResource>, Error> {
        match self {
            ForCustomer::Live(orders) => orders.show(by, id).await,
            ForCustomer::Test(orders) => orders.show(by, id).await,
        }
    }

    pub async fn wait_for_change(
        &self,
        by: Requester,
        id: OrderId,
        patience: Duration,
    ) -> Result<Option<OrderResource>, Error> {
        match self {
            ForCustomer::Live(orders) => orders.wait_for_change(by, id, patience).await,
            ForCustomer::Test(orders) => orders.wait_for_change(by, id, patience).await,
        }
    }
}

/// See the methods of the same names in [`Rentals`] and [`Inbox`].
impl RentalsFor<'_> {
    pub async fn page(
        &self,
        account: AccountId,
        before: Option<RentalId>,
        limit: u32,
    ) -> Result<Vec<RentalResource>, Error> {
        match self {
            ForCustomer::Live((rentals, _)) => rentals.page(account, before, limit).await,
            ForCustomer::Test(rentals) => rentals.page(account, before, limit).await,
        }
    }

    pub async fn show(
        &self,
        account: AccountId,
        id: RentalId,
    ) -> Result<Option<RentalResource>, Error> {
        match self {
            ForCustomer::Live((rentals, _)) => rentals.show(account, id).await,
            ForCustomer::Test(rentals) => rentals.show(account, id).await,
        }
    }

    pub async fn messages(
        &self,
        by: Requester,
        id: RentalId,
        wanted: MessagesWanted,
    ) -> Result<Option<MessagePage>, Error> {
        match self {
            ForCustomer::Live((rentals, _)) => rentals.messages(by, id, wanted).await,
            ForCustomer::Test(rentals) => rentals.messages(by, id, wanted).await,
        }
    }

    pub async fn wait_for_messages(
        &self,
        by: Requester,
        id: RentalId,
        wanted: MessagesWanted,
        patience: Duration,
    ) -> Result<Option<MessagePage>, Error> {
        match self {
            ForCustomer::Live((rentals, _)) => {
                rentals.wait_for_messages(by, id, wanted, patience).await
            }
            ForCustomer::Test(rentals) => rentals.wait_for_messages(by, id, wanted, patience).await,
        }
    }

    pub async fn rent_once(
        &self,
        by: Requester,
        request: RentalRequest,
        once: Option<Once>,
    ) -> Result<RentalDone, Error> {
        match self {
            ForCustomer::Live((rentals, _)) => rentals.rent_once(by, request, once).await,
            ForCustomer::Test(rentals) => rentals.rent_once(by, request, once).await,
        }
    }

    pub async fn edit_shown(
        &self,
        by: Requester,
        id: RentalId,
        edit: RentalEdit,
    ) -> Result<Result<RentalResource, RentalRefusal>, Error> {
        match self {
            ForCustomer::Live((rentals, _)) => rentals.edit_shown(by, id, edit).await,
            ForCustomer::Test(rentals) => rentals.edit_shown(by, id, edit).await,
        }
    }

    pub async fn extend_once(
        &self,
        by: Requester,
        id: RentalId,
        package: Option<String>,
        once: Option<Once>,
    ) -> Result<RentalDone, Error> {
        match self {
            ForCustomer::Live((rentals, _)) => rentals.extend_once(by, id, package, once).await,
            ForCustomer::Test(rentals) => rentals.extend_once(by, id, package, once).await,
        }
    }

    pub async fn revive_once(
        &self,
        by: Requester,
        id: RentalId,
        once: Option<Once>,
    ) -> Result<RentalDone, Error> {
        match self {
            ForCustomer::Live((_, inbox)) => inbox.revive_once(by, id, once).await,
            ForCustomer::Test(rentals) => rentals.revive_once(by, id, once).await,
        }
    }
}
