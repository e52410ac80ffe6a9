//! What the business does, a function per verb: load, decide, save, in one transaction.
//!
//! A verb takes the time from the injected [`Clock`] once. Its decisions are the pure rules of
//! `domain`; what must happen only when it is on disk (waking a long poll) hangs on the commit.

mod accounts;
mod assemble;
mod background;
mod bank_state;
mod banks;
mod catalogue;
mod environment;
mod error;
mod expire;
mod explain;
mod ingest;
mod long_poll;
mod modem_control;
mod modem_registry;
mod number_discovery;
mod offers;
mod operator;
mod order_stats;
mod orders;
mod rentals;
mod request_cache;
mod reuse;
mod sim_presence;
mod sims;
mod site_stats;
mod standby;
mod view_audit;

use parking_lot::RwLock;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::watch;

pub use accounts::NewKey;
pub use banks::Banks;
pub use catalogue::Imported;
pub use environment::{Clock, Entropy};
pub use error::Error;
pub use explain::{Explanation, Trial, TrialClaim};
pub use ingest::{Arrival, Ingested, Pdu};
pub use modem_control::{
    BoxFuture, ModemAsk, ModemControl, ModemDetail, Reload, Reloaded, ScannedPort,
};
pub use modem_registry::{Change, ModemRegistry};
pub use number_discovery::{NumberDiscovery, Wanted};
pub use offers::Offer;
pub use operator::OrderHistory;
pub use order_stats::{OrderStats, OutcomeCounts, SILENT_ORDERS};
pub use orders::{Cancel, MakeOrder, OrderView, Sms};
pub use rentals::{Edit, Extend, Rent, RentalHistory, RentalView};
pub use reuse::Reuse;
pub use sims::{Identified, SimView, Sims};
pub use site_stats::{LedgerSums, SiteStats};

use crate::domain::message::Message;
use crate::domain::price::Rates;
use crate::domain::rental::Packages;
use crate::domain::{BlockList, Catalogue, Countries, MessageId, Timestamp, code};
pub use crate::store::{
    Account, AuditRow, BankPosition, CHECKS, Entry, Holder, Key, LocationPeriod, MessageFilter,
    NewService,
};
use crate::store::{Store, StoreError};
use background::{FailedDeadlines, Wakeups};
use bank_state::BankState;
use environment::Environment;
use long_poll::LongPolls;
use request_cache::RequestCache;
use sim_presence::SimPresence;

/// The operator's choices.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long an order waits and collects.
    pub order_lifetime: Duration,
    /// Open orders that an account may have at once.
    pub max_open_per_account: usize,
    /// Whether orders of services with patterns may share a SIM.
    pub share_sim: bool,
    /// The accounts' currency, three letters.
    pub currency: String,
    /// The countries that numbers are sold in.
    pub countries: Countries,
    /// Whether regular orders show numbers as country code and digits instead of the national
    /// form.
    pub international_numbers: bool,
    /// For how long after its completion an order's number may be had again.
    pub reuse_window: Duration,
    /// What that costs, in percent of the price.
    pub reuse_price_percent: u32,
    /// For how long a number that was used for a service is not sold for it again; `None`: for
    /// ever.
    pub number_cooldown: Option<Duration>,
    /// What is rented, and for how much.
    pub packages: Packages,
    /// For how long a SIM rests between tenants.
    pub rental_rest: Duration,
    /// Whose messages no customer is to see.
    pub block_list: BlockList,
    /// For how long texts are kept after the end of what they belong to.
    pub text_kept: Duration,
    /// As `text_kept`, for raw PDUs.
    pub raw_kept: Duration,
    /// Whether SIMs without a number have their mobile operator asked by USSD.
    pub ask_ussd: bool,
    /// Whether, that failing, they send a message to another SIM of ours; it costs what a message
    /// costs.
    pub ask_loopback: bool,
}

const DAY: Duration = Duration::from_secs(24 * 3600);

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            order_lifetime: Duration::from_secs(600),
            max_open_per_account: 1,
            share_sim: true,
            currency: "USD".to_owned(),
            countries: Countries::default(),
            international_numbers: false,
            reuse_window: Duration::from_secs(4 * 3600),
            reuse_price_percent: 50,
            number_cooldown: None,
            packages: Packages::new(Packages::document(), default_rates()),
            rental_rest: 30 * DAY,
            block_list: BlockList::default(),
            text_kept: 30 * DAY,
            raw_kept: 7 * DAY,
            ask_ussd: true,
            ask_loopback: false,
        }
    }
}

/// The rate that the document's euro prices have without a word from the operator.
fn default_rates() -> Rates {
    let euro = "1.08".parse().ok().map(|rate| ("EUR".to_owned(), rate));
    Rates::new("USD", euro.into_iter().collect())
}

/// The business. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Gateway(Arc<Parts>);

/// What the business is made of. One count for all of it: a handle is taken and dropped with every
/// message and every request.
pub struct Parts {
    env: Arc<Environment>,
    catalogue: Arc<RwLock<Arc<Catalogue>>>,
    presence: Arc<SimPresence>,
    polls: Arc<LongPolls>,
    cache: Arc<RequestCache>,
    stats: Arc<OrderStats>,
    failed: Arc<FailedDeadlines>,
    wakeups: Arc<Wakeups>,
    banks: Arc<Banks>,
    sims: Arc<Sims>,
    numbers: Arc<NumberDiscovery>,
    newest_message: watch::Sender<MessageId>,
    /// When a message came last, in microseconds; `i64::MIN`: never.
    last_message_at: Arc<AtomicI64>,
    /// When our clock was last set, in microseconds: what was learnt of others' clocks before says
    /// nothing any more.
    clock_set_at: Arc<AtomicI64>,
}

impl Deref for Gateway {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Gateway {
    /// Puts the business on a store: loads the catalogue and which orders are open.
    pub async fn open(
        store: Store,
        settings: Settings,
        clock: Clock,
        entropy: Entropy,
    ) -> Result<Gateway, Error> {
        let read = store.read(|rows| {
            let newest = rows
                .messages(MessageFilter::Newest(1.into()))?
                .pop()
                .map(|message| (message.id, message.received_at));
            Ok::<_, StoreError>((rows.services()?, newest, rows.all_open_orders()?))
        });
        let (services, newest, open) = read.await?;
        let (newest, last_message_at) = newest.unwrap_or((MessageId(0), Timestamp(i64::MIN)));
        let catalogue = Catalogue::new(&services)?;
        code::prepare();
        let env = Arc::new(Environment::new(store, settings, clock, entropy));
        let failed = Arc::<FailedDeadlines>::default();
        let wakeups = Arc::<Wakeups>::default();
        let presence = Arc::new(SimPresence::new(
            Arc::default(),
            Arc::<BankState>::default(),
            Arc::clone(&failed),
        ));
        let banks =
            Arc::new(Banks::new(Arc::clone(&env), Arc::clone(&presence), Arc::clone(&wakeups)));
        let sims = Arc::new(Sims::new(Arc::clone(&env), Arc::clone(&presence), Arc::clone(&banks)));
        let numbers = Arc::new(NumberDiscovery::new(
            Arc::clone(&env),
            Arc::clone(&presence),
            Arc::clone(&sims),
            Arc::clone(&wakeups),
        ));
        Ok(Gateway(Arc::new(Parts {
            env,
            catalogue: Arc::new(RwLock::new(Arc::new(catalogue))),
            presence,
            polls: Arc::default(),
            cache: Arc::new(RequestCache::with(open)),
            stats: Arc::default(),
            failed,
            wakeups,
            banks,
            sims,
            numbers,
            newest_message: watch::Sender::new(newest),
            last_message_at: Arc::new(AtomicI64::new(last_message_at.0)),
            clock_set_at: Arc::new(AtomicI64::new(i64::MIN)),
        })))
    }

    /// The SIM banks.
    pub fn banks(&self) -> &Banks {
        &self.banks
    }

    /// The SIMs.
    pub fn sims(&self) -> &Arc<Sims> {
        &self.sims
    }

    /// How the numbers of SIMs are found out.
    pub fn numbers(&self) -> &Arc<NumberDiscovery> {
        &self.numbers
    }

    /// A SIM works now that did not before: its number may be wanted, and the lifetimes of orders
    /// on it begin.
    pub fn sim_became_ready(&self) {
        self.wakeups.sim_became_ready();
    }

    /// What the modems last said.
    pub fn board(&self) -> &ModemRegistry {
        &self.presence.modems
    }

    /// The operator's choices as they are now.
    pub fn settings(&self) -> Arc<Settings> {
        self.env.settings()
    }

    /// Other choices from now on. What runs keeps the end and the price that it was made with.
    pub fn apply(&self, settings: Settings) {
        self.env.replace_settings(settings);
        self.wakeups.settings_changed();
    }

    /// The clock went ahead by so much more than time has passed.
    pub fn clock_was_set(&self, ahead: Duration) {
        self.clock_set_at.store(self.now().0, Ordering::SeqCst);
        self.presence.modems.clock_was_set(ahead);
        self.presence.banks.clock_was_set(ahead);
        self.wakeups.deadlines_changed();
    }

    /// Now, by the injected clock.
    pub fn now(&self) -> Timestamp {
        self.env.now()
    }

    /// What a key opens, by its SHA-256.
    pub async fn holder_of_key(&self, digest: [u8; 32]) -> Result<Option<Holder>, Error> {
        let generation = match self.cache.holder(&digest) {
            Ok(holder) => return Ok(Some(holder)),
            Err(generation) => generation,
        };
        let found = self.env.store.read(move |rows| rows.holder_of_key(&digest)).await?;
        if let Some(holder) = &found {
            self.cache.remember(digest, holder, generation);
        }
        Ok(found)
    }

    /// What a key opens, as far as that is remembered; whoever changes it makes it be forgotten.
    pub fn remembered_holder(&self, digest: &[u8; 32]) -> Option<Holder> {
        self.cache.holder(digest).ok()
    }

    /// Whether so much waits to be written that customers should come again later.
    pub fn is_overloaded(&self) -> bool {
        self.env.store.is_crowded()
    }

    /// Messages, oldest first.
    pub async fn messages(&self, filter: MessageFilter) -> Result<Vec<Message>, Error> {
        Ok(self.env.store.read(move |rows| rows.messages(filter)).await?)
    }

    /// When a message came last, if one ever did.
    pub fn last_message_at(&self) -> Option<Timestamp> {
        Some(Timestamp(self.last_message_at.load(Ordering::SeqCst))).filter(|at| at.0 != i64::MIN)
    }

    /// Tells of each commit that added or changed a message; holds the newest message's id.
    pub fn message_news(&self) -> watch::Receiver<MessageId> {
        self.newest_message.subscribe()
    }
}

#[cfg(test)]
mod tests;
