//! simbridge: an SMS gateway for GSM modems, modem pools and SIM banks.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
#![deny(clippy::todo, clippy::unimplemented, clippy::dbg_macro)]
#![warn(missing_docs)]

pub mod at;
pub mod cli;
pub mod daemon;
pub mod domain;
pub mod driver;
pub mod gateway;
pub mod http;
pub mod modem;
pub mod simulator;
pub mod sms;
pub mod store;
