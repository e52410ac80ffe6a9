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
//! | [`Sites`] | which sites may connect, and which are connected | presence |
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
mod sites;
mod stock;
mod subjects;
mod topics;
mod two_places;
mod verification;
mod webhooks;
mod whole;

use std::sync::Arc;

pub use crate::store::{PinTry, Revenue, on_behalf_of, read_for_page};
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
pub use inbox::{Arrival, Attribution, Inbox, Ingested, Pdu, Undeliverable};
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
    Bought, Cancel, GiveUp, MakeOrder, MarketOrder, MarketPage, MarketStep, NumberRefusal,
    OrderHistory, OrderPage, OrderRefusal, OrderRequest, OrderView, Orders, PriceCondition,
    Purchase, PurchaseCountry, Reuse, ShownCode, Sms, StepRefusal, Viewed,
};
pub use people::{
    AttemptResult, LinkView, LoginView, NewLink, PasswordRefusal, People, ProofRefusal,
    SessionView, SignInOutcome, SignedIn, Visitor,
};
pub use rentals::{
    ChargedTerm, Edit, EndRefund, Extend, MessagesWanted, NextTerm, NumberedPage, Rent, RentalEdit,
    RentalHistory, RentalRefusal, RentalRequest, RentalView, Rentals, TenantView, Unendable,
    Unrevivable,
};
pub use reports::{LedgerSums, Reports, SiteStats, UsedPerDay};
pub use requester::{AskedBy, RequestKey, Requester};
pub use samples::Samples;
pub use sandbox::{ForCustomer, OrdersFor, RentalsFor, Sandbox, SandboxOrders, SandboxRentals};
pub use services::{
    ImportMode, Imported, PatternDraft, PatternEdit, ServiceChange, ServiceEdit, Services, Trial,
    TrialClaim, TriedMessage, TriedMessages,
};
pub use settings::{Dialect, MarketSettings, Settings};
pub use shared_reading::Freshness;
pub use sims::{
    Identified, ImportedSim, RENTED_OFF_AIR, Rival, SimEdit, SimImport, SimPage, SimView, Sims,
    SimsWanted, WantedDigits, no_sim, sim_states,
};
pub use sites::{RefusedSite, SiteLink, SiteRefusal, SiteState, SiteStatus, Sites};
pub use stock::{
    CountryPrices, ExplainedSim, Explanation, NumberState, Obstacles, Offer, PriceFilter,
    PricedService, RENTALS, ReachedLimit, Showcase, Stock, StockRow, StockTable, Whom,
};
pub use topics::{Topic, TopicFollower, Topics};
pub use verification::{Verification, VerificationReport, VerificationState};
pub use webhooks::{
    AttemptResource, DeliveryResource, EndpointDone, EndpointEdit, EndpointRefusal,
    EndpointResource, Letter, NameResolver, NewEndpoint, Recorded, Sendable, SystemResolver, Tried,
    Webhooks, Work, addresses_of,
};

pub use crate::store::{
    Account, AuditRow, AwaitedMessage, BankPosition, CHECKS, EndpointCounts, Entry, Holder, Key,
    LastSim, ListStep, LocationPeriod, LoggedAlarm, Mark, MessageFilter, NewService, OrderSpan,
    PaymentPart, RentalMove, Searched, SimActivity, Skip, StepEnd, Trace, Undelivered,
};
use subjects::Subjects;

/// The business. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Gateway(Arc<Subjects>);

impl Gateway {
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

    /// The alarms that stand and those that have ended.
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

    /// The orders and rentals that test keys open.
    pub fn sandbox(&self) -> &Sandbox {
        &self.0.sandbox
    }

    /// The SIM banks.
    pub fn banks(&self) -> &Banks {
        &self.0.banks
    }

    /// The SIMs that were ever seen or added.
    pub fn sims(&self) -> &Arc<Sims> {
        &self.0.sims
    }

    /// The sites whose daemons connect to this one.
    pub fn sites(&self) -> &Arc<Sites> {
        &self.0.sites
    }

    /// The tests of SIMs that are taken to be deaf.
    pub fn hearing_tests(&self) -> &Arc<HearingTests> {
        &self.0.hearing_tests
    }

    /// How the numbers of SIMs are found out.
    pub fn numbers(&self) -> &Arc<NumberDiscovery> {
        &self.0.numbers
    }

    /// The record of who had which number when.
    pub fn number_book(&self) -> &NumberBook {
        &self.0.number_book
    }

    /// The search for what a word of the operator's stands for.
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

    /// The messages that were received.
    pub fn inbox(&self) -> &Arc<Inbox> {
        &self.0.inbox
    }

    /// Which services messages fit, and for whom they used their numbers.
    pub fn attribution(&self) -> &Arc<Attribution> {
        &self.0.attribution
    }

    /// What time alone brings about: deadlines and retention.
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
}

#[cfg(test)]
pub(crate) mod tests;
