//! What customers are shown of an order, a rental and a message: the same in the answers of the
//! second version of their API, in events, and in webhooks.
//!
//! Each resource has all of its members at all times; what is not there is `null`. Times are RFC
//! 3339 in UTC with six decimals, amounts decimal texts in the accounts' currency, countries ISO
//! 3166 codes.

mod message;
mod order;
mod rental;

pub use message::MessageResource;
pub(super) use order::OrderContext;
pub use order::{OrderReason, OrderResource, OrderStatus, Reuse, ServiceRef};
pub use rental::{RentalResource, RentalStatus};
