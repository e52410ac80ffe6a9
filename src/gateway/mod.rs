//! What the business does, by subject: each operation loads, decides and saves in one transaction.
//!
//! An operation takes the time from the injected [`Clock`] once. Its decisions are the pure rules
//! of `domain`; what must happen only when it is on disk (waking a long poll) hangs on the commit.
//!
//! Each subject is a struct that gets what it needs in its constructor. It may use those that stand
//! further down in this list and no others, so that what an operation can touch is seen from the
//! fields of its struct:
//!
//! | subject | what it does | uses |
//! | --- | --- | --- |
//! | [`DueWork`] | what time alone brings about | orders, rentals, assemblies, sandbox, presence |
//! | [`Inbox`] | receives messages, joins parts, matches them | rentals, orders, numbers, events |
//! | [`Rentals`] | a number for months | orders, stock, banks, audit, events, presence |
//! | [`Orders`] | a number for one code | stock, audit, events |
//! | [`Stock`] | which SIM an order is given, how many there are, why others are not | presence |
//! | [`NumberBook`] | who had which number when | |
//! | [`Reports`] | the site's numbers, its faults, a copy of it | SIMs, audit |
//! | [`NumberDiscovery`] | finds out the numbers of SIMs that are not known otherwise | SIMs |
//! | [`HearingTests`] | tests SIMs that are taken to be deaf | SIMs |
//! | [`Sims`] | what modems and the operator report about SIMs | banks |
//! | [`Banks`] | what the banks' driver asks and reports | audit, presence |
//! | [`Accounts`] | credit, ledger, keys | sandbox, events |
//! | [`People`] | who signs in to the console and the portal | |
//! | [`Sandbox`] | what test keys see in place of orders and rentals | events |
//! | [`Services`] | prices and patterns | |
//! | [`Health`] | which numbers get the codes of which services | |
//! | [`Events`] | what customers are told | presence |
//! | [`Webhooks`] | where customers have their events sent, and what became of each | |
//! | [`Audit`] | who did or saw what | |
//! | [`Alarms`] | which alarms stand, and what was told of them | |
//! | [`Verification`] | checks the database while somebody looks on | reports |
//! | [`Topics`] | tells pages what has changed | |
//! | [`Samples`] | the site's figures over time | presence |
//! | [`Finder`] | what a word of the operator's stands for | presence |
//! | [`Topics`] | tells pages what has changed | |
//!
//! Below them stands what several share: the environment (store, clock, settings), where each SIM
//! is at this moment (presence: the [`ModemRegistry`] and the banks' state), what is kept in memory
//! beside the database (the request cache, [`OrderStats`], the current catalogue), and the wake-ups
//! of the background tasks. The [`Gateway`] puts them together and does nothing itself.

mod accounts;
mod alarms;
mod audit;
mod background;
mod bank_state;
mod banks;
mod departures;
mod due_work;
mod environment;
mod error;
mod events;
mod finder;
mod health;
mod hearing_tests;
mod inbox;
mod last_messages;
mod listing;
mod long_poll;
mod modem_control;
mod modem_registry;
mod notifier;
mod number_book;
mod number_discovery;
mod once;
mod order_stats;
mod orders;
mod parked;
mod people;
mod rentals;
mod reports;
mod request_cache;
mod requester;
pub mod resources;
mod samples;
mod sandbox;
mod services;
mod session_cache;
mod settings;
mod shared_reading;
mod sim_presence;
mod sims;
mod stock;
mod topics;
mod verification;
mod webhooks;

use std::sync::Arc;
use std::time::Duration;

pub use crate::store::{Revenue, on_behalf_of, read_for_page};
pub use accounts::{
    AccountPage, Accounts, Erased, Exported, KeyEdit, LedgerRow, LimitEdit, NewKey, PortalChoices,
    PriceEdit, PriceView, ReceiverGone, Slip, Standing,
};
pub use alarms::Alarms;
pub use audit::Audit;
pub use banks::{Banks, SwitchedByHand};
pub use due_work::DueWork;
pub use environment::{Clock, Entropy, TimeSource};
pub use error::Error;
pub use events::{EventFollower, Events, PositionExpired};
pub use finder::{Finder, Found};
pub use health::{Health, PairView, ServiceFigures};
pub use hearing_tests::HearingTests;
pub use inbox::{Arrival, Attribution, Inbox, Ingested, Pdu};
pub use listing::{ListRequest, same_word};
pub use modem_control::{
    BoxFuture, ConfigFault, ConfigFindings, ConfigInEffect, ConfigValue, ModemControl, Reload,
    Reloaded, ScannedPort,
};
pub use modem_registry::{Change, ModemRegistry, Reported};
pub use notifier::{ChannelReport, Notifier};
pub use number_book::{HeldBy, Holding, NumberBook, NumberHistory};
pub use number_discovery::{NumberDiscovery, Wanted};
pub use once::{Done, Once};
pub use order_stats::{OrderStats, OutcomeCounts};
pub use orders::{
    Cancel, GiveUp, MakeOrder, OrderHistory, OrderPage, OrderRefusal, OrderRequest, OrderView,
    Orders, Reuse, Sms,
};
pub use people::{
    LinkView, LoginView, NewLink, PasswordRefusal, People, ProofRefusal, SessionView,
    SignInOutcome, SignedIn, Visitor,
};
pub use rentals::{
    Edit, EndRefund, Extend, MessagesWanted, Rent, RentalEdit, RentalHistory, RentalRefusal,
    RentalRequest, RentalView, Rentals, TenantView,
};
pub use reports::{LedgerSums, Reports, SiteStats, UsedPerDay};
pub use requester::{AskedBy, RequestKey, Requester};
pub use samples::Samples;
pub use sandbox::{ForCustomer, OrdersFor, RentalsFor, Sandbox, SandboxOrders, SandboxRentals};
pub use services::{
    ImportMode, Imported, PatternDraft, PatternEdit, ServiceChange, ServiceEdit, Services, Trial,
    TrialClaim, TriedMessage, TriedMessages,
};
pub use settings::Settings;
pub use shared_reading::Freshness;
pub use sims::{
    Identified, ImportedSim, SimEdit, SimImport, SimPage, SimView, Sims, SimsWanted, WantedDigits,
    no_sim, sim_states,
};
pub use stock::{
    ExplainedSim, Explanation, NumberState, Obstacles, Offer, RENTALS, ReachedLimit, Stock,
    StockRow, StockTable, Whom,
};
pub use topics::{Topic, TopicFollower, Topics};
pub use verification::{Verification, VerificationReport, VerificationState};
pub use webhooks::{
    AttemptResource, DeliveryResource, EndpointDone, EndpointEdit, EndpointRefusal,
    EndpointResource, Letter, NameResolver, NewEndpoint, Recorded, Sendable, SystemResolver, Tried,
    Webhooks, Work, addresses_of,
};

use crate::domain::clock_trust::ClockTrust;
use crate::domain::{AccountId, Catalogue, Currency, EventId, Timestamp, code};
pub use crate::store::{
    Account, AuditRow, AwaitedMessage, BankPosition, CHECKS, EndpointCounts, Entry, Holder, Key,
    LastSim, ListStep, LocationPeriod, LoggedAlarm, Mark, MessageFilter, NewService, RentalMove,
    Searched, SimActivity, Skip, StepEnd, Trace, Undelivered,
};
use crate::store::{Store, StoreError};
use alarms::StoredAlarms;
use background::{FailedDeadlines, Wakeups};
use bank_state::BankState;
use environment::Environment;
use inbox::{Assemblies, Matcher, MessageNews, NetworkClocks};
use request_cache::RequestCache;
use services::CurrentCatalogue;
use session_cache::SessionCache;
use sim_presence::SimPresence;
use webhooks::EndpointChanges;

/// The business. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Gateway(Arc<Subjects>);

struct Subjects {
    env: Arc<Environment>,
    presence: Arc<SimPresence>,
    wakeups: Arc<Wakeups>,
    clocks: Arc<NetworkClocks>,
    stats: Arc<OrderStats>,
    topics: Arc<Topics>,
    accounts: Arc<Accounts>,
    people: Arc<People>,
    services: Arc<Services>,
    health: Arc<Health>,
    audit: Arc<Audit>,
    alarms: Arc<Alarms>,
    events: Arc<Events>,
    webhooks: Arc<Webhooks>,
    sandbox: Arc<Sandbox>,
    banks: Arc<Banks>,
    sims: Arc<Sims>,
    numbers: Arc<NumberDiscovery>,
    hearing_tests: Arc<HearingTests>,
    number_book: NumberBook,
    finder: Finder,
    samples: Samples,
    reports: Arc<Reports>,
    verification: Arc<Verification>,
    stock: Arc<Stock>,
    orders: Arc<Orders>,
    rentals: Arc<Rentals>,
    attribution: Arc<Attribution>,
    inbox: Arc<Inbox>,
    due_work: Arc<DueWork>,
}

/// Refuses a currency whose amounts have another number of decimals than those in the database.
async fn keep_decimals(store: &Store, currency: Currency) -> Result<(), Error> {
    let kept = store.read(|rows| rows.decimals()).await?;
    let decimals = currency.decimals();
    let is_set = kept == decimals || store.write(move |tx| tx.set_decimals(decimals)).await?;
    if is_set { Ok(()) } else { Err(Error::OtherDecimals { kept, currency }) }
}

impl Gateway {
    /// Puts the business on a store: loads the catalogue and which orders are open.
    pub async fn open(
        store: Store,
        settings: Settings,
        clock: Clock,
        entropy: Entropy,
    ) -> Result<Gateway, Error> {
        keep_decimals(&store, settings.currency).await?;
        let read = store.read(|rows| {
            let newest = rows
                .messages(MessageFilter::Newest(1.into()))?
                .pop()
                .map(|message| (message.id, message.received_at));
            let newest = (newest, rows.newest_event()?);
            let written = rows.newest_times()?;
            let open = (rows.all_open_orders()?, rows.sims_with_open_orders()?);
            let alarms =
                StoredAlarms { standing: rows.standing_alarms()?, told: rows.told_alarms()? };
            Ok::<_, StoreError>((rows.services()?, newest, open, written, alarms))
        });
        let (services, (newest, newest_event), (open, awaited), written, alarms) = read.await?;
        let written = if written.is_empty() { vec![clock.now()] } else { written };
        let catalogue = Catalogue::new(&services)?;
        code::prepare();
        let env = Arc::new(Environment::new(store, settings, clock, entropy, written));
        let cache = Arc::new(RequestCache::with_open_orders(open));
        let news = Arc::new(MessageNews::new(newest));
        let subjects = Subjects::new(env, cache, catalogue, news, alarms, newest_event);
        subjects.presence.await_sims(awaited);
        Ok(Gateway(Arc::new(subjects)))
    }

    /// Accounts, their ledger and their keys.
    pub fn accounts(&self) -> &Accounts {
        &self.0.accounts
    }

    /// The people who sign in.
    pub fn people(&self) -> &People {
        &self.0.people
    }

    /// The services on offer.
    pub fn services(&self) -> &Arc<Services> {
        &self.0.services
    }

    /// The health of numbers for services.
    pub fn health(&self) -> &Arc<Health> {
        &self.0.health
    }

    /// The record of who did or saw what.
    pub fn audit(&self) -> &Audit {
        &self.0.audit
    }

    /// The alarms.
    pub fn alarms(&self) -> &Alarms {
        &self.0.alarms
    }

    /// What customers are told.
    pub fn events(&self) -> &Arc<Events> {
        &self.0.events
    }

    /// Where customers have their events sent.
    pub fn webhooks(&self) -> &Webhooks {
        &self.0.webhooks
    }

    /// What test keys see.
    pub fn sandbox(&self) -> &Sandbox {
        &self.0.sandbox
    }

    /// The SIM banks.
    pub fn banks(&self) -> &Banks {
        &self.0.banks
    }

    /// The SIMs.
    pub fn sims(&self) -> &Arc<Sims> {
        &self.0.sims
    }

    /// The tests of SIMs that are taken to be deaf.
    pub fn hearing_tests(&self) -> &Arc<HearingTests> {
        &self.0.hearing_tests
    }

    /// How the numbers of SIMs are found out.
    pub fn numbers(&self) -> &Arc<NumberDiscovery> {
        &self.0.numbers
    }

    /// Who had which number.
    pub fn number_book(&self) -> &NumberBook {
        &self.0.number_book
    }

    /// What a word stands for.
    pub fn finder(&self) -> &Finder {
        &self.0.finder
    }

    /// The site's figures over time.
    pub fn samples(&self) -> &Samples {
        &self.0.samples
    }

    /// What is read of the whole site.
    pub fn reports(&self) -> &Reports {
        &self.0.reports
    }

    /// The newest check of the database.
    pub fn verification(&self) -> &Arc<Verification> {
        &self.0.verification
    }

    /// How many numbers there are, and why no more.
    pub fn stock(&self) -> &Arc<Stock> {
        &self.0.stock
    }

    /// The customers' orders.
    pub fn orders(&self) -> &Arc<Orders> {
        &self.0.orders
    }

    /// The customers' rentals.
    pub fn rentals(&self) -> &Arc<Rentals> {
        &self.0.rentals
    }

    /// The messages.
    pub fn inbox(&self) -> &Arc<Inbox> {
        &self.0.inbox
    }

    /// Which services messages fit, and for whom they used their numbers.
    pub fn attribution(&self) -> &Arc<Attribution> {
        &self.0.attribution
    }

    /// Deadlines and retention.
    pub fn due_work(&self) -> &Arc<DueWork> {
        &self.0.due_work
    }

    /// The last reports of the modems.
    pub fn modems(&self) -> &ModemRegistry {
        &self.0.presence.modems
    }

    /// What became of orders since the start.
    pub fn order_stats(&self) -> &OrderStats {
        &self.0.stats
    }

    /// What has changed that pages show.
    pub fn topics(&self) -> &Topics {
        &self.0.topics
    }

    /// The accounts' currency.
    pub fn currency(&self) -> Currency {
        self.settings().currency
    }

    /// The operator's settings as they are now.
    pub fn settings(&self) -> Arc<Settings> {
        self.0.env.settings()
    }

    /// Replaces the settings. Orders and rentals that run keep the end and the price that they were
    /// made with.
    pub fn apply_settings(&self, settings: Settings) {
        self.0.env.replace_settings(settings);
        self.0.wakeups.settings_changed();
    }

    /// The clock was set forward: it went ahead by so much more than time has passed.
    pub fn clock_was_set(&self, ahead: Duration) {
        self.0.clocks.own_clock_was_set(self.now());
        self.0.presence.clock_was_set(ahead);
        self.0.rentals.clock_was_set(ahead);
        self.0.wakeups.deadlines_changed();
    }

    /// How far this machine's clock can be relied on, and the time until which what cannot be
    /// undone is done.
    pub fn clock_trust(&self) -> (ClockTrust, Timestamp) {
        (self.0.env.clock_trust(), self.0.env.certain_now())
    }

    /// The service centres whose newest time stamps contradict each other.
    pub fn contradicted_network_clocks(&self) -> Vec<String> {
        self.0.clocks.contradicted(self.now())
    }

    /// A modem's page would look different now.
    pub fn modem_changed(&self) {
        self.0.topics.raise(Topic::Modems);
    }

    /// A SIM works now that did not before: its number may have to be found out, and the lifetimes
    /// of orders on it begin.
    pub fn sim_became_ready(&self) {
        self.0.wakeups.sim_became_ready();
    }

    /// A SIM has left its modem: orders on it may have to end.
    pub fn sim_left(&self) {
        self.0.wakeups.deadlines_changed();
    }

    /// The time by the injected clock.
    pub fn now(&self) -> Timestamp {
        self.0.env.now()
    }

    /// When the operator's day ends that is now, and with it the limits of the day.
    pub fn day_ends_at(&self) -> Timestamp {
        self.0.env.day_after(self.0.env.now())
    }

    /// Fails when the database's files were not where they should be when somebody looked last.
    /// Then nothing is stored any more, and customers must not be told what may be lost.
    pub fn require_database(&self) -> Result<(), Error> {
        let store = &self.0.env.store;
        if store.has_lost_files() { Ok(store.check_files()?) } else { Ok(()) }
    }

    /// Looks whether the database's files are where they were. If not, the writer saves what it
    /// can.
    pub async fn check_database(&self) -> Result<(), Error> {
        let store = self.0.env.store.clone();
        // A disk that hangs must hold nobody else up.
        let looked = tokio::task::spawn_blocking(move || store.check_files()).await;
        let checked = looked.unwrap_or(Err(StoreError::Gone));
        if checked.is_err() {
            // It fails like every other operation. That is how the writer notices.
            let _ = self.0.env.store.touch().await;
        }
        Ok(checked?)
    }

    /// How many long polls wait at this moment.
    pub fn poll_count(&self) -> usize {
        self.orders().poll_count() + self.rentals().poll_count() + self.sandbox().poll_count()
    }

    /// Whether so much of one account's waits to be written that its customers should come again
    /// later.
    pub fn is_overloaded_by(&self, account: AccountId) -> bool {
        self.0.env.store.is_crowded_by(account)
    }

    /// Whether so much waits to be written that customers should come again later.
    pub fn is_overloaded(&self) -> bool {
        self.0.env.store.is_crowded()
    }
}

impl Subjects {
    /// Makes the subjects, each after those that it uses.
    fn new(
        env: Arc<Environment>,
        cache: Arc<RequestCache>,
        catalogue: Catalogue,
        news: Arc<MessageNews>,
        alarms: StoredAlarms,
        newest_event: EventId,
    ) -> Subjects {
        let catalogue = Arc::new(CurrentCatalogue::new(catalogue));
        let wakeups = Arc::<Wakeups>::default();
        let failed = Arc::<FailedDeadlines>::default();
        let stats = Arc::<OrderStats>::default();
        let clocks = Arc::new(NetworkClocks::new());
        let banks = Arc::<BankState>::default();
        let presence = Arc::new(SimPresence::new(Arc::default(), banks, failed.clone(), env.now()));
        let topics = Arc::new(Topics::new(env.store.changes().clone()));
        let events = Events::new(env.clone(), presence.clone(), topics.clone(), newest_event);
        let events = Arc::new(events);
        let endpoints = Arc::<EndpointChanges>::default();
        let resolver = Arc::new(SystemResolver::for_checks());
        let webhooks = Arc::new(Webhooks::new(env.clone(), endpoints.clone(), resolver));
        let sessions = Arc::<SessionCache>::default();
        let people = Arc::new(People::new(env.clone(), sessions.clone(), wakeups.clone()));
        let sandbox = Arc::new(Sandbox::new(env.clone(), wakeups.clone(), events.clone()));
        let accounts = Arc::new(Accounts::new(
            env.clone(),
            cache.clone(),
            sessions,
            events.clone(),
            endpoints,
            sandbox.clone(),
        ));
        let services = Arc::new(Services::new(env.clone(), catalogue.clone()));
        let health = Arc::new(Health::new(env.clone()));
        let audit = Arc::new(Audit::new(env.clone()));
        let alarms = Arc::new(Alarms::new(env.clone(), topics.clone(), alarms));
        let banks = Banks::new(
            env.clone(),
            presence.clone(),
            wakeups.clone(),
            topics.clone(),
            audit.clone(),
        );
        let banks = Arc::new(banks);
        let sims = Arc::new(Sims::new(
            env.clone(),
            presence.clone(),
            banks.clone(),
            stats.last_messages().clone(),
        ));
        let numbers = Arc::new(NumberDiscovery::new(
            env.clone(),
            presence.clone(),
            sims.clone(),
            wakeups.clone(),
        ));
        let hearing_tests =
            Arc::new(HearingTests::new(env.clone(), presence.clone(), sims.clone()));
        let number_book = NumberBook::new(env.clone(), cache.clone());
        let finder = Finder::new(env.clone(), presence.clone());
        let samples = Samples::new(env.clone(), presence.clone());
        let reports = Arc::new(Reports::new(env.clone(), audit.clone(), sims.clone()));
        let verification =
            Arc::new(Verification::new(env.clone(), reports.clone(), topics.clone()));
        let stock = Arc::new(Stock::new(env.clone(), presence.clone(), cache.clone()));
        let orders = Arc::new(Orders::new(
            env.clone(),
            cache.clone(),
            wakeups.clone(),
            stock.clone(),
            stats.clone(),
            audit.clone(),
            events.clone(),
        ));
        let rentals = Arc::new(Rentals::new(
            env.clone(),
            wakeups.clone(),
            stock.clone(),
            banks.clone(),
            orders.clone(),
            audit.clone(),
            events.clone(),
        ));
        let attribution = Arc::new(Attribution::new(env.clone(), catalogue, cache));
        let matcher = Arc::new(Matcher::new(
            env.clone(),
            attribution.clone(),
            numbers.clone(),
            orders.clone(),
            rentals.clone(),
            stats.clone(),
            news.clone(),
        ));
        let assemblies =
            Arc::new(Assemblies::new(wakeups.clone(), clocks.clone(), matcher.clone()));
        let inbox = Arc::new(Inbox::new(
            env.clone(),
            presence.clone(),
            clocks.clone(),
            matcher,
            assemblies.clone(),
            news,
        ));
        let due_work = Arc::new(DueWork::new(
            env.clone(),
            wakeups.clone(),
            failed,
            presence.clone(),
            (orders.clone(), rentals.clone()),
            assemblies,
            sandbox.clone(),
        ));
        Subjects {
            env,
            presence,
            wakeups,
            clocks,
            stats,
            topics,
            accounts,
            people,
            services,
            health,
            audit,
            alarms,
            events,
            webhooks,
            sandbox,
            banks,
            sims,
            numbers,
            hearing_tests,
            number_book,
            finder,
            samples,
            reports,
            verification,
            stock,
            orders,
            rentals,
            attribution,
            inbox,
            due_work,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
