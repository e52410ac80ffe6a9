//! The arguments of `account`.

use std::path::PathBuf;

use clap::{ArgGroup, Subcommand};

use crate::cli::args::named;
use crate::cli::listing::{Page, Rows};

#[derive(Subcommand)]
pub(in crate::cli) enum Account {
    /// Add an account
    Add {
        /// The new account's name, which may not be a number
        #[arg(value_parser = named)]
        name: String,
    },
    /// List accounts, oldest first
    List {
        /// Only those in this state
        #[arg(long, ignore_case = true, value_parser = ["active", "suspended"])]
        state: Option<String>,
        #[command(flatten)]
        page: Page,
    },
    /// Show one account
    Show {
        /// The account's name or id
        #[arg(value_parser = named)]
        account: String,
    },
    /// Add credit to an account
    Topup {
        /// The account's name or id
        #[arg(value_parser = named)]
        account: String,
        /// The amount that was paid, like 10.00
        #[arg(allow_negative_numbers = true)]
        amount: String,
        /// Your reference for the payment: a top-up that is repeated with it is added only once
        #[arg(long = "ref", value_name = "TEXT", value_parser = named)]
        reference: Option<String>,
        /// Add it even if the amount is 100000.00 or more
        #[arg(long)]
        yes: bool,
    },
    /// Correct a balance, up or down
    Adjust {
        /// The account's name or id
        #[arg(value_parser = named)]
        account: String,
        /// What the balance changes by, like 1.50 or -1.50
        #[arg(allow_negative_numbers = true)]
        amount: String,
        /// The reason; its customers read it in the ledger
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Do it even if the balance goes below zero, or the amount is 100000.00 or more
        #[arg(long)]
        yes: bool,
    },
    /// Show the entries of an account's ledger, oldest first, with the account's funds after each
    Ledger {
        /// The account's name or id
        #[arg(value_parser = named)]
        account: String,
        #[command(flatten)]
        rows: Rows,
    },
    /// Show what an account was charged in each of the last days, and for how many codes
    ///
    /// Days begin at midnight in the time zone of the daemon's machine.
    Spending {
        /// The account's name or id
        #[arg(value_parser = named)]
        account: String,
        /// How many days, today included
        #[arg(
            long,
            value_name = "N",
            default_value_t = 30,
            value_parser = clap::value_parser!(u32).range(1..=366)
        )]
        days: u32,
    },
    /// Limit what an account does at a time and in a day; what is not given stays as it is
    ///
    /// Days begin at midnight in the time zone of the daemon's machine.
    #[command(group = ArgGroup::new("limit")
        .args(["max_open", "orders_per_day", "spend_per_day"])
        .required(true)
        .multiple(true))]
    Limit {
        /// The account's name or id
        #[arg(value_parser = named)]
        account: String,
        /// Open orders at a time; none for no limit, default for the configuration's
        #[arg(long, value_name = "N", value_parser = named)]
        max_open: Option<String>,
        /// Orders that are made in a day, whatever becomes of them; none or default
        #[arg(long, value_name = "N", value_parser = named)]
        orders_per_day: Option<String>,
        /// What is held for orders and charged for rentals in a day, less what of that is given
        /// back, like 50.00; none or default
        #[arg(long, value_name = "AMOUNT", value_parser = named)]
        spend_per_day: Option<String>,
    },
    /// Set what an account pays instead of a service's price; orders that were made keep theirs
    ///
    /// Of several own prices the one for the service comes before one for every service, and one
    /// for the country before one for every country.
    Price {
        /// The account's name or id
        #[arg(value_parser = named)]
        account: String,
        /// The service's name or id; '*' for every service
        #[arg(value_parser = named)]
        service: String,
        /// An amount like 0.60, a share of the service's price like 90%, or default
        #[arg(value_parser = named, allow_negative_numbers = true)]
        price: String,
        /// Only in this country, like NL
        #[arg(long, value_parser = named)]
        country: Option<String>,
    },
    /// Print all that is kept of an account as JSON
    Export {
        /// The account's name or id
        #[arg(value_parser = named)]
        account: String,
        /// Write it to this file, which must not exist, instead
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Erase an account's name, addresses and texts for good; the ledger stays, under its number
    ///
    /// It must have no open order, no active rental and no money.
    Erase {
        /// The account's name or id
        #[arg(value_parser = named)]
        account: String,
        /// Also remove the copies of the database that were made before upgrades
        #[arg(long)]
        copies: bool,
    },
    /// Invite a customer to the portal; the link, which works once within seven days, is alone on
    /// the last line
    Invite {
        /// The account's name or id
        #[arg(value_parser = named)]
        account: String,
        /// The name to sign in with [default: the account's]
        #[arg(value_parser = named)]
        name: Option<String>,
    },
    /// Block all of an account's keys and logins until `account resume`
    Suspend {
        /// The account's name or id
        #[arg(value_parser = named)]
        account: String,
    },
    /// Let a suspended account's keys and logins work again
    Resume {
        /// The account's name or id
        #[arg(value_parser = named)]
        account: String,
    },
}
