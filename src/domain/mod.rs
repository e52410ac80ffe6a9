//! The vocabulary of the whole program, and the pure rules: money, ledger, order and rental states,
//! matching, allocation, calendar, codes, countries.
//!
//! There is no `async`, clock, randomness or logging in here; the time is an argument.

pub mod account_price;
pub mod alarm;
pub mod alarm_guide;
pub mod allocation;
pub mod audit;
pub mod availability;
pub mod bank;
pub mod block_list;
pub mod calendar;
pub mod catalogue;
pub mod clock_trust;
pub mod code;
pub mod country;
pub mod country_names;
pub mod currency;
pub mod event;
pub mod fair_use;
pub mod health;
pub mod histogram;
pub mod home_network;
pub mod identity;
pub mod ids;
pub mod ip_network;
pub mod key;
pub mod latency;
pub mod ledger;
pub mod limit;
pub mod login;
pub mod market_countries;
pub mod market_names;
pub mod message;
pub mod modem;
pub mod modem_id;
pub mod moment;
pub mod money;
pub mod nanp;
pub mod network_clock;
pub mod notice;
pub mod number_discovery;
pub mod order;
pub mod outage;
pub mod outcome;
pub mod paid_time;
pub mod parked;
pub mod price;
pub mod random;
pub mod rental;
pub mod runway;
pub mod sample;
pub mod sandbox;
pub mod search;
pub mod sim;
pub mod sim_list;
pub mod site;
pub mod spending;
pub mod text;
pub mod time;
pub mod token_bucket;
pub mod topic;
pub mod totp;
pub mod two_places;
pub mod webhook;
mod world;

pub use block_list::BlockList;
pub use catalogue::{Catalogue, Service};
pub use country::{Countries, Country};
pub use currency::Currency;
pub use home_network::{HomeNetworks, MobileOperator};
pub use identity::{Iccid, Imei, Imsi, InvalidIdentity, ModemId, Msisdn, PortName};
pub use ids::{
    AccountId, AssemblyId, EndpointId, EventId, LoginId, MessageId, OrderId, PartId, RentalId,
    ServiceId, SessionId, SimId,
};
pub use ledger::Funds;
pub use limit::RowLimit;
pub use modem_id::ModemAtPort;
pub use moment::{ClockReading, Moment};
pub use money::Amount;
pub use order::Order;
pub use outcome::OrderOutcome;
pub use random::Random;
pub use rental::{Packages, Rental};
pub use site::SiteName;
pub use time::Timestamp;

/// The error for a word of the database or of an answer that stands for none of a type's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the word is not known")]
pub struct UnknownWord;
pub use token_bucket::{KeyedBuckets, TokenBucket, TokenRate};
