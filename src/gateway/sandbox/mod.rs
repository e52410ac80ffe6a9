//! What customers try out with test keys: orders and a rental that are asked for, answered and told
//! as real ones are, and of which nothing is real. There is no number, no stock, no charge and no
//! line in the operator's books.

mod by_key;
mod orders;
mod rentals;

use std::sync::Arc;

use serde::Serialize;

pub use by_key::{ForCustomer, OrdersFor, RentalsFor};
pub use orders::SandboxOrders;
pub use rentals::SandboxRentals;

use super::background::Wakeups;
use super::environment::Environment;
use super::events::Events;
use super::once::carry_out;
use super::resources::MessageResource;
use super::{Done, Error, Once};
use crate::domain::sandbox::{SENDER, TestText};
use crate::domain::{AccountId, Timestamp, code};
use crate::store::WriteTx;

/// The sandboxes of all accounts. An account has one, whichever of its test keys is used.
pub struct Sandbox {
    pub(super) orders: Arc<SandboxOrders>,
    pub(super) rentals: Arc<SandboxRentals>,
}

/// What orders and rentals of the sandbox have in common.
#[derive(Clone)]
struct Shared {
    env: Arc<Environment>,
    wakeups: Arc<Wakeups>,
    events: Arc<Events>,
}

impl Sandbox {
    pub(super) fn new(
        env: Arc<Environment>,
        wakeups: Arc<Wakeups>,
        events: Arc<Events>,
    ) -> Sandbox {
        let shared = Shared { env, wakeups, events };
        Sandbox {
            orders: Arc::new(SandboxOrders::new(shared.clone())),
            rentals: Arc::new(SandboxRentals::new(shared)),
        }
    }

    /// The test orders.
    pub fn orders(&self) -> &Arc<SandboxOrders> {
        &self.orders
    }

    /// How many long polls wait at this moment.
    pub(super) fn poll_count(&self) -> usize {
        self.orders.poll_count() + self.rentals.poll_count()
    }
}

impl Shared {
    /// Carries a request of an account out, once if it is to be.
    async fn carry_out<T: Serialize + Send + 'static, R: Send + 'static>(
        &self,
        account: AccountId,
        once: Option<Once>,
        work: impl FnOnce(&WriteTx<'_>, Timestamp) -> Result<Result<T, R>, Error> + Send + 'static,
    ) -> Result<Done<T, R>, Error> {
        let env = Arc::clone(&self.env);
        let done = self.env.store.write_for(account, move |tx| {
            let now = env.now();
            carry_out(tx, (account, once.as_ref()), now, || work(tx, now))
        });
        done.await
    }
}

/// A text as its customer is shown it.
fn shown(text: TestText) -> MessageResource {
    let TestText { id, text, received_at } = text;
    MessageResource {
        id: id.0,
        sender: Some(SENDER.to_owned()),
        code: code::find(&text),
        text: Some(text),
        received_at: received_at.to_string(),
        complete: true,
    }
}
