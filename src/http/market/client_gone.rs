//! Orders whose client has closed its connection before they were answered. Nothing tells it their
//! ids, and these dialects allow many open orders at a time, so that its program buys another one.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::Refusal;
use crate::domain::{AccountId, OrderId};
use crate::gateway::{Bought, Error, MarketOrder, Orders};

/// What an operation that may make an order has made.
pub(super) trait MadeOrder: Send + 'static {
    /// The order, if one was made.
    fn made_order(&self) -> Option<OrderId>;
}

impl MadeOrder for Bought {
    fn made_order(&self) -> Option<OrderId> {
        match self {
            Bought::Order(made) => Some(made.order.id),
            _ => None,
        }
    }
}

impl<E: Send + 'static> MadeOrder for Result<MarketOrder, E> {
    fn made_order(&self) -> Option<OrderId> {
        self.as_ref().ok().map(|made| made.order.id)
    }
}

/// Cancels an order when it is dropped, unless its client has been waiting for it to the end.
struct Unanswered {
    orders: Arc<Orders>,
    account: AccountId,
    order: Option<OrderId>,
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        let (Some(order), Ok(runtime)) = (self.order.take(), Handle::try_current()) else { return };
        let (orders, account) = (Arc::clone(&self.orders), self.account);
        runtime.spawn(async move {
            match orders.cancel(account, order).await {
                Ok(outcome) => tracing::info!(
                    event = "order_unanswered", %order, ?outcome,
                    "the client was gone before it was told of its order, which is given up"
                ),
                Err(error) => tracing::error!(
                    event = "order_unanswered", %order, %error,
                    "the client was gone before it was told of its order, which cannot be \
                     canceled; it ends by itself"
                ),
            }
        });
    }
}

/// Carries out an operation that may make an order of an account, to its end, whatever becomes of
/// the request. If the request is given up meanwhile, which is what happens when its connection is
/// closed, the order is canceled.
pub(super) async fn make_order<M: MadeOrder>(
    orders: &Arc<Orders>,
    account: AccountId,
    operation: impl Future<Output = Result<M, Error>> + Send + 'static,
) -> Result<M, Refusal> {
    let orders = Arc::clone(orders);
    let making = tokio::spawn(async move {
        let made = operation.await?;
        let order = made.made_order();
        Ok::<_, Error>((made, Unanswered { orders, account, order }))
    });
    // The result is dropped where it stands when nobody waits for it any more.
    let Ok(made) = making.await else { return Err(Refusal::Fault) };
    let (made, mut unanswered) = made?;
    unanswered.order = None;
    Ok(made)
}
