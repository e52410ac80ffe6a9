//! Rentals: a number for months, with all its SMS.

mod by_customer;
mod changing;
mod ending;
mod moving;
mod notices;
mod operator;
mod outages;
mod renewal;
mod renting;
mod reviving;
mod showing;
mod terms;
mod viewing;

pub(super) use by_customer::RentalDone;
pub use by_customer::{RentalRefusal, RentalRequest};
pub use changing::{Edit, Extend, RentalEdit};
pub use ending::Unendable;
pub use operator::EndRefund;
pub use renting::Rent;
pub use reviving::Unrevivable;
pub(super) use showing::has_news;
pub use showing::{MessagePage, MessagesWanted};
pub use terms::{ChargedTerm, NextTerm};
pub use viewing::{NumberedPage, RentalHistory, RentalView, TenantView};

use std::sync::Arc;

use parking_lot::Mutex;

use super::Error;
use super::audit::Audit;
use super::background::Wakeups;
use super::banks::Banks;
use super::environment::Environment;
use super::events::Events;
use super::long_poll::LongPolls;
use super::orders::Orders;
use super::requester::{Requester, key_may_spend};
use super::sim_presence::SimPresence;
use super::stock::Stock;
use crate::domain::event::EventKind;
use crate::domain::ledger::Posting;
use crate::domain::{AccountId, Amount, Rental, RentalId, Timestamp};
use crate::store::{NotedEvent, Occasion, WriteTx};

/// The customers' rentals: a number for months, with all its messages.
pub struct Rentals {
    env: Arc<Environment>,
    wakeups: Arc<Wakeups>,
    stock: Arc<Stock>,
    banks: Arc<Banks>,
    orders: Arc<Orders>,
    audit: Arc<Audit>,
    events: Arc<Events>,
    presence: Arc<SimPresence>,
    polls: Arc<LongPolls<RentalId>>,
    /// When it was looked last which SIMs are off the air.
    looked_at: Mutex<Timestamp>,
}

impl Rentals {
    pub(super) fn new(
        env: Arc<Environment>,
        wakeups: Arc<Wakeups>,
        stock: Arc<Stock>,
        banks: Arc<Banks>,
        orders: Arc<Orders>,
        audit: Arc<Audit>,
        events: Arc<Events>,
    ) -> Rentals {
        let (presence, looked_at) = (Arc::clone(stock.presence()), Mutex::new(env.now()));
        let polls = Arc::default();
        Rentals { env, wakeups, stock, banks, orders, audit, events, presence, polls, looked_at }
    }

    /// Adds an entry about a rental to the ledger.
    fn post(
        &self,
        tx: &WriteTx<'_>,
        account: AccountId,
        posting: &Posting,
        occasion: Occasion<'_>,
    ) -> Result<(), Error> {
        self.events.post(tx, account, posting, occasion)?;
        Ok(())
    }

    /// Notes for a rental's account that something has happened to it.
    fn tell(&self, tx: &WriteTx<'_>, rental: &Rental, kind: EventKind, at: Timestamp) {
        self.events.note(tx, NotedEvent::of_rental(rental, kind, at));
    }

    /// Whether so much more may be spent on this day by an account, and with a key.
    fn may_spend(
        &self,
        tx: &WriteTx<'_>,
        by: &Requester,
        price: Amount,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let Some(account) = tx.account(by.account)? else { return Ok(false) };
        let (limits, today) =
            (account.limits.or(self.env.settings().account_limits()), self.env.day_of(now));
        Ok(account.day.on(today).may_spend(price, limits.spend_per_day)
            && key_may_spend(tx, by, price, today)?)
    }
}

pub(super) fn end_of_calendar() -> Error {
    Error::refused("the calendar ends before the rental would")
}
