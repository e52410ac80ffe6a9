//! The end-to-end suite: one binary, so that the library is linked once. It meets the real
//! `simbridge` program, real PTYs, real HTTP and a real database.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]
#![expect(clippy::disallowed_methods, reason = "tests read the real clock to give up in time")]

mod account_data;
mod acting;
mod audit;
mod bad_input;
mod bank_commands;
mod banks;
mod bounds;
mod checking;
mod codec;
mod commands;
mod copy_to;
mod currencies;
mod customer_api;
mod demo;
mod doc_references;
mod docs;
mod driver;
mod endpoints;
mod everyday;
mod fair_use;
mod faults;
mod files;
mod finding;
mod fivesim;
mod handler_api;
mod hardware;
mod hints;
mod host_faults;
mod isolation;
mod json_output;
mod kill;
mod kinds;
mod layering;
mod logging;
mod lost_sims;
mod markets;
mod modem_commands;
mod modems;
mod monitoring;
mod notices;
mod number_book;
mod numbers;
mod operating;
mod pin;
mod postgres;
mod postgres_page;
mod quirk_index;
mod recordings;
mod reload;
mod remote_lines;
mod rental_care;
#[expect(dead_code, reason = "shared with the benchmarks")]
mod server;
mod several_sites;
mod simulator;
mod snapshots;
mod status;
mod stock_report;
mod support;
mod systemd_notify;
mod telling;
mod v2;
mod webhooks;
