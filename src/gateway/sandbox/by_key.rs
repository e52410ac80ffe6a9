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

/// What rentals are asked of.
pub struct RentalsFor<'g> {
    rentals: ForCustomer<&'g Arc<Rentals>, &'g Arc<SandboxRentals>>,
    /// What revives those that have ended.
    inbox: &'g Arc<Inbox>,
}

/// Asks the part that a request is for; either part has a method of this name.
macro_rules! ask {
    ($part:expr, $method:ident($($argument:expr),*)) => {
        match $part {
            ForCustomer::Live(live) => live.$method($($argument),*).await,
            ForCustomer::Test(test) => test.$method($($argument),*).await,
        }
    };
}

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
        let rentals = match mode {
            KeyMode::Live => ForCustomer::Live(self.rentals()),
            KeyMode::Test => ForCustomer::Test(&self.sandbox().rentals),
        };
        RentalsFor { rentals, inbox: self.inbox() }
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
        ask!(self, make_once(by, request, once))
    }

    pub async fn give_up_once(
        &self,
        by: Requester,
        order: OrderId,
        how: GiveUp,
        once: Option<Once>,
    ) -> Result<OrderDone, Error> {
        ask!(self, give_up_once(by, order, how, once))
    }

    pub async fn reuse_once(
        &self,
        by: Requester,
        order: OrderId,
        once: Option<Once>,
    ) -> Result<OrderDone, Error> {
        ask!(self, reuse_once(by, order, once))
    }

    pub async fn swap_once(
        &self,
        by: Requester,
        order: OrderId,
        once: Option<Once>,
    ) -> Result<OrderDone, Error> {
        ask!(self, swap_once(by, order, once))
    }

    pub async fn page(&self, by: Requester, page: OrderPage) -> Result<Vec<OrderResource>, Error> {
        ask!(self, page(by, page))
    }

    pub async fn show(&self, by: Requester, id: OrderId) -> Result<Option<OrderResource>, Error> {
        ask!(self, show(by, id))
    }

    pub async fn wait_for_change(
        &self,
        by: Requester,
        id: OrderId,
        patience: Duration,
    ) -> Result<Option<OrderResource>, Error> {
        ask!(self, wait_for_change(by, id, patience))
    }
}

impl RentalsFor<'_> {
    /// The rentals of an account, the newest first; see [`Rentals::page`].
    pub async fn page(
        &self,
        account: AccountId,
        before: Option<RentalId>,
        limit: u32,
    ) -> Result<Vec<RentalResource>, Error> {
        ask!(self.rentals, page(account, before, limit))
    }

    /// An account's rental, if it has one with this id; see [`Rentals::show`].
    pub async fn show(
        &self,
        account: AccountId,
        id: RentalId,
    ) -> Result<Option<RentalResource>, Error> {
        ask!(self.rentals, show(account, id))
    }

    /// The messages of a rental that are wanted; see [`Rentals::messages`].
    pub async fn messages(
        &self,
        by: Requester,
        id: RentalId,
        wanted: MessagesWanted,
    ) -> Result<Option<MessagePage>, Error> {
        ask!(self.rentals, messages(by, id, wanted))
    }

    /// Waits until there is a message; see [`Rentals::wait_for_messages`].
    pub async fn wait_for_messages(
        &self,
        by: Requester,
        id: RentalId,
        wanted: MessagesWanted,
        patience: Duration,
    ) -> Result<Option<MessagePage>, Error> {
        ask!(self.rentals, wait_for_messages(by, id, wanted, patience))
    }

    /// Rents a number; see [`Rentals::rent_once`].
    pub async fn rent_once(
        &self,
        by: Requester,
        request: RentalRequest,
        once: Option<Once>,
    ) -> Result<RentalDone, Error> {
        ask!(self.rentals, rent_once(by, request, once))
    }

    /// Changes how a rental is renewed; see [`Rentals::edit_shown`].
    pub async fn edit_shown(
        &self,
        by: Requester,
        id: RentalId,
        edit: RentalEdit,
    ) -> Result<Result<RentalResource, RentalRefusal>, Error> {
        ask!(self.rentals, edit_shown(by, id, edit))
    }

    /// Adds a term to a rental; see [`Rentals::extend_once`].
    pub async fn extend_once(
        &self,
        by: Requester,
        id: RentalId,
        package: Option<String>,
        once: Option<Once>,
    ) -> Result<RentalDone, Error> {
        ask!(self.rentals, extend_once(by, id, package, once))
    }

    /// Revives a rental that has ended; see [`Inbox::revive_once`].
    pub async fn revive_once(
        &self,
        by: Requester,
        id: RentalId,
        once: Option<Once>,
    ) -> Result<RentalDone, Error> {
        match self.rentals {
            ForCustomer::Live(_) => self.inbox.revive_once(by, id, once).await,
            ForCustomer::Test(rentals) => rentals.revive_once(by, id, once).await,
        }
    }
}
