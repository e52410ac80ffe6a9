//! The commands that talk to the daemon, with their arguments.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand};

use super::listing::{AllKinds, OfAccount, OfNumber, OfService, Page, Rows, Times};
use super::{bank, modem, times};
use crate::domain::OrderOutcome;
use crate::domain::key::KeyState;

#[derive(Subcommand)]
pub(super) enum Admin {
    /// Show the state of the whole site on one screen
    Status {
        /// Refresh until Ctrl-C; print one line per update if the output is not a terminal
        #[arg(long)]
        watch: bool,
        /// Refresh interval
        #[arg(
            long,
            value_name = "TIME",
            default_value = "2s",
            value_parser = duration,
            requires = "watch"
        )]
        every: Duration,
    },
    /// Show modems, restart them, and send them commands
    #[command(subcommand)]
    Modem(modem::Modem),
    /// Show SIM banks and their switches
    #[command(subcommand)]
    Bank(bank::Bank),
    /// Show SIMs, set their numbers, and take them off sale
    #[command(subcommand)]
    Sim(Sim),
    /// Show who had which number, and which numbers are free
    #[command(subcommand)]
    Number(super::number::Number),
    /// Customers' accounts: credit, limits, prices
    #[command(subcommand)]
    Account(Account),
    /// Customers' API keys: create, limit and revoke them
    #[command(subcommand)]
    Key(Key),
    /// Customers' logins for the portal: list them, reset and remove them
    #[command(subcommand)]
    Login(super::people::Login),
    /// Operators of the console: invite them, change what they may do, and remove them
    #[command(subcommand)]
    Operator(super::people::Operator),
    /// The services that are sold, with their prices and patterns
    #[command(subcommand)]
    Service(super::service::Service),
    /// Show which numbers get the codes of which services, the failing ones first
    Health(super::health::Health),
    /// Show, cancel and refund orders
    #[command(subcommand)]
    Order(Order),
    /// Numbers that customers have skipped and are not given again for a service
    #[command(subcommand)]
    Skip(Skip),
    /// Rentals
    #[command(subcommand)]
    Rental(Rental),
    /// The addresses that customers have their events sent to, and what was sent there
    #[command(subcommand)]
    Webhook(super::webhook::Webhook),
    /// Show the messages that were received
    #[command(subcommand)]
    Message(Message),
    /// Show how many numbers a service has in a country, or how many can be rented there, what
    /// holds the others back, and what keeps an account or a key from them
    Explain {
        /// The service's name or id, or "rentals"
        #[arg(value_parser = named)]
        service: String,
        /// The country, like NL
        #[arg(value_parser = named)]
        country: String,
        /// The name or id of the account that would order or rent
        #[arg(value_parser = named)]
        account: Option<String>,
        /// The first characters of the key that would be used; its account need not be named
        #[arg(long, value_name = "PREFIX", value_parser = named)]
        key: Option<String>,
        /// List each SIM of the country with its reason
        #[arg(long)]
        sims: bool,
        /// Only those SIMs in this state: available, or why they are not, like used
        #[arg(long, requires = "sims", value_parser = named)]
        state: Option<String>,
    },
    /// Show what a number, an ICCID, an IMEI, an order, a rental, an account or a key is
    Find {
        /// The whole, or of an ICCID, an IMEI, an account's name or a key the beginning
        #[arg(value_parser = named)]
        word: String,
    },
    /// Show the alarms that stand and those that have ended, and acknowledge them
    #[command(subcommand)]
    Alarm(super::alarm::Alarm),
    /// The channels over which alarms are told
    #[command(subcommand)]
    Notify(super::notify::Notify),
    /// Show what was earned
    #[command(subcommand)]
    Report(super::report::Report),
    /// The audit log: who did or saw what
    #[command(subcommand)]
    Audit(Audit),
    /// Read the configuration again and apply what can change while the daemon runs
    Reload,
    /// Copy the database into a new file, with its checksum, while the daemon runs
    Backup {
        /// The file to create; in an existing folder, one that is named by the date and time
        file: PathBuf,
    },
    /// Check the database, or a copy of it: the ledger, the sales of numbers, and the file itself
    Verify {
        /// A file that `simbridge backup` has made; no daemon is needed to check it
        file: Option<PathBuf>,
    },
}

#[derive(Subcommand)]
pub(super) enum Sim {
    /// List SIMs in the order in which they were first seen, and whether their numbers can be given
    /// out
    List {
        #[command(flatten)]
        numbers: OfNumber,
        /// Only those in this state, like available, resting or offline
        #[arg(long, value_parser = named)]
        state: Option<String>,
        /// Only those that received nothing for so long, like 7d, or since a time
        #[arg(long, value_name = "TIME", value_parser = times::past)]
        silent: Option<String>,
        /// Only those that have these digits in their ICCID, IMSI or number
        #[arg(long, value_name = "DIGITS", value_parser = named)]
        digits: Option<String>,
        #[command(flatten)]
        page: Page,
    },
    /// Show one SIM
    Show {
        /// The SIM's ICCID, or its number
        #[arg(value_parser = named)]
        iccid: String,
    },
    /// Stop selling a SIM for a while
    Rest {
        /// The SIM's ICCID, or its number
        #[arg(value_parser = named)]
        iccid: String,
        /// How long from now, like 30d; 0s ends the rest
        #[arg(default_value = "30d", value_parser = duration)]
        time: Duration,
    },
    /// Sell a SIM for orders only or for rentals only, so that its number need not rest between the
    /// two
    Pool {
        /// The SIM's ICCID, or its number
        #[arg(value_parser = named)]
        iccid: String,
        /// What it is sold for
        #[arg(value_parser = ["orders", "rentals", "both"])]
        pool: String,
    },
    /// Stop selling a SIM for good
    Retire {
        /// The SIM's ICCID, or its number
        #[arg(value_parser = named)]
        iccid: String,
        /// Make it available again
        #[arg(long)]
        undo: bool,
    },
    /// Change what several SIMs are sold for and when: all of them, or none
    #[command(group = ArgGroup::new("edit")
        .args(["rest", "retire", "back", "pool"])
        .required(true)
        .multiple(true))]
    Set {
        /// The SIMs' ICCIDs, or their numbers
        #[arg(id = "sim", required = true, value_name = "SIM", value_parser = named)]
        sims: Vec<String>,
        /// Stop selling them for so long from now, like 30d; 0s ends the rest
        #[arg(long, value_name = "TIME", value_parser = duration)]
        rest: Option<Duration>,
        /// Stop selling them for good
        #[arg(long, conflicts_with = "back")]
        retire: bool,
        /// Sell them again that rest or were retired
        #[arg(long, conflicts_with = "rest")]
        back: bool,
        /// Sell them for orders only or for rentals only, or for both
        #[arg(long, value_parser = ["orders", "rentals", "both"])]
        pool: Option<String>,
    },
    /// Set the numbers of many SIMs from a file; a line has an ICCID, a comma and a number
    Import(super::import::Import),
    /// Set the number of a SIM
    SetNumber {
        /// The SIM's ICCID, or its number
        #[arg(value_parser = named)]
        iccid: String,
        /// The number, like +31612345678
        #[arg(value_parser = named)]
        number: String,
        /// Also write it into the own-number phonebook of the card, which must be in a working
        /// modem
        #[arg(long)]
        write: bool,
        /// Add the SIM if it was never seen in a modem
        #[arg(long, conflicts_with = "write")]
        create: bool,
    },
    /// Forget a SIM's number, so that it is found out again
    ClearNumber {
        /// The SIM's ICCID, or its number
        #[arg(value_parser = named)]
        iccid: String,
    },
    /// Remove a SIM that was never in a modem
    Remove {
        /// The SIM's ICCID, or its number
        #[arg(value_parser = named)]
        iccid: String,
    },
}

#[derive(Subcommand)]
pub(super) enum Account {
    /// Add an account
    Add {
        /// Its name
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
        /// Its name or id
        #[arg(value_parser = named)]
        account: String,
    },
    /// Add credit
    Topup {
        /// The account's name or id
        #[arg(value_parser = named)]
        account: String,
        /// The amount, like 10.00
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
        /// The amount, like 1.50 or -1.50
        #[arg(allow_negative_numbers = true)]
        amount: String,
        /// The reason, for the ledger
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

#[derive(Subcommand)]
pub(super) enum Key {
    /// Create a key; it is printed only once, alone on the last line
    Add {
        /// The account's name or id
        #[arg(value_parser = named)]
        account: String,
        /// Make a test key, with which a customer tries the JSON API on numbers that are not real
        #[arg(long)]
        test: bool,
        #[command(flatten)]
        terms: KeyTerms,
    },
    /// Change what a key may do, its networks, label or end; what is not given stays as it is
    #[command(group = ArgGroup::new("change")
        .args(["allow", "label", "expires", "scope", "spend_per_day"])
        .required(true)
        .multiple(true))]
    Set {
        /// The key's first characters
        #[arg(value_parser = named)]
        prefix: String,
        #[command(flatten)]
        terms: KeyTerms,
    },
    /// List keys by their first characters, oldest first
    List {
        #[command(flatten)]
        account: OfAccount,
        /// Only those in this state
        #[arg(long, ignore_case = true, value_parser = KeyState::ALL.map(KeyState::as_str))]
        state: Option<String>,
        #[command(flatten)]
        times: Times,
        #[command(flatten)]
        page: Page,
    },
    /// Revoke a key
    Revoke {
        /// The key's first characters
        #[arg(value_parser = named)]
        prefix: String,
    },
}

/// What is said about a key.
#[derive(Args)]
pub(super) struct KeyTerms {
    /// Accept the key only from this address or network, like 192.0.2.0/24, or from `any`; may be
    /// repeated
    #[arg(long, value_name = "NETWORK")]
    pub allow: Vec<String>,
    /// Your name for it, which `key list` shows; empty for none
    #[arg(long, value_name = "TEXT")]
    pub label: Option<String>,
    /// When it stops working: a date, a time, 30d for 30 days from now, or never
    #[arg(long, value_name = "TIME", value_parser = coming_or_never)]
    pub expires: Option<Expiry>,
    /// What the key is for: read (everything that changes nothing), orders, rentals or webhooks,
    /// which all may read too; may be repeated. All is everything
    #[arg(long, value_name = "SCOPE", value_delimiter = ',', value_parser = named)]
    pub scope: Vec<String>,
    /// What may be spent with the key in a day, like 5.00, beside the limits of its account; or
    /// none
    #[arg(long, value_name = "AMOUNT", value_parser = named)]
    pub spend_per_day: Option<String>,
}

/// When a key stops working; `None` is never.
#[derive(Clone)]
pub(super) struct Expiry(pub Option<String>);

fn coming_or_never(text: &str) -> Result<Expiry, String> {
    if text == "never" { Ok(Expiry(None)) } else { times::coming(text).map(|at| Expiry(Some(at))) }
}

#[derive(Subcommand)]
pub(super) enum Rental {
    /// List rentals, oldest first
    List {
        #[command(flatten)]
        account: OfAccount,
        #[command(flatten)]
        numbers: OfNumber,
        /// Only those in this state
        #[arg(long, value_parser = ["active", "ended"])]
        state: Option<String>,
        #[command(flatten)]
        rows: Rows,
    },
    /// Show one rental with its ledger entries and messages
    Show {
        /// The rental's id
        #[arg(value_parser = whole_number)]
        id: u32,
    },
    /// Charge another term of a rental that ended a short while ago, from its old end. Its tenant
    /// gets what came since
    Revive {
        /// The rental's id
        #[arg(value_parser = whole_number)]
        id: u32,
    },
    /// End a rental before its time is over; its number rests then
    End {
        /// The rental's id
        #[arg(value_parser = whole_number)]
        id: u32,
        /// What its tenant is given back: pro-rata, which is what the rest of the time has cost;
        /// none; or an amount, like 5.00
        #[arg(
            long,
            value_name = "WHAT",
            default_value = "pro-rata",
            allow_negative_numbers = true,
            value_parser = named
        )]
        refund: String,
        /// The reason, for the ledger and the audit
        #[arg(long, value_name = "TEXT", value_parser = named)]
        reason: String,
    },
    /// Move a rental to another SIM of its country, and so to another number. Its tenant keeps what
    /// has come; what still comes to the old number is nobody's
    Move {
        /// The rental's id
        #[arg(value_parser = whole_number)]
        id: u32,
        /// The SIM, by its ICCID or number
        #[arg(long, value_name = "ICCID", value_parser = named)]
        to: String,
    },
    /// Let a rental run on for some days that cost nothing
    Days {
        /// The rental's id
        #[arg(value_parser = whole_number)]
        id: u32,
        /// How many days, like +3
        #[arg(value_parser = days)]
        days: u32,
        /// The reason, for the audit
        #[arg(long, value_name = "TEXT", value_parser = named)]
        reason: String,
    },
}

/// A number of days that are added.
fn days(text: &str) -> Result<u32, String> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let days = digits.parse().ok().filter(|_| !digits.starts_with('+'));
    days.ok_or_else(|| "it must be a number of days, like +3".to_owned())
}

#[derive(Subcommand)]
pub(super) enum Audit {
    /// List entries, oldest first: of what operators did and looked at, of what customers looked at
    /// and rented, and of what the daemon did by itself
    List {
        /// Only what this account did, and what was done to it, its keys, orders and rentals
        #[arg(long, value_name = "NAME", value_parser = named)]
        account: Option<String>,
        /// Only what was done to this number, its SIMs, orders, rentals and messages
        #[arg(long, value_name = "NUMBER", value_parser = named)]
        number: Option<String>,
        /// Only what was done to this SIM, its orders, rentals and messages
        #[arg(long, value_parser = named)]
        iccid: Option<String>,
        /// Only what this user of the machine or login of the console did, by name or number
        #[arg(long, value_name = "USER", value_parser = named)]
        user: Option<String>,
        /// Only actions with these words in them, like "topped up" or "saw"
        #[arg(long, value_name = "WORDS", value_parser = named)]
        action: Option<String>,
        #[command(flatten)]
        rows: Rows,
    },
}

#[derive(Subcommand)]
pub(super) enum Order {
    /// Show one order with its ledger entries, its messages, and other messages that arrived on its
    /// number meanwhile
    Show {
        /// The order's id
        #[arg(value_parser = whole_number)]
        id: u32,
    },
    /// List orders, oldest first
    List {
        #[command(flatten)]
        account: OfAccount,
        #[command(flatten)]
        service: OfService,
        #[command(flatten)]
        numbers: OfNumber,
        /// Only those in this state
        #[arg(
            long,
            ignore_case = true,
            value_parser = ["open", "completed", "canceled", "skipped", "expired"]
        )]
        state: Option<String>,
        /// Only those that ended in this way
        #[arg(
            long,
            ignore_case = true,
            value_parser = OrderOutcome::ALL.map(OrderOutcome::as_str)
        )]
        outcome: Option<String>,
        #[command(flatten)]
        rows: Rows,
    },
    /// Cancel an open order, and give its customer back what is held for it
    Cancel {
        /// The order's id
        #[arg(value_parser = whole_number)]
        id: u32,
    },
    /// Give a customer back what an order was charged, or a part of it; once
    Refund {
        /// The order's id
        #[arg(value_parser = whole_number)]
        id: u32,
        /// Give back only this much, like 0.20
        #[arg(long, allow_negative_numbers = true)]
        amount: Option<String>,
        /// The reason, for the ledger
        #[arg(long, value_name = "TEXT", value_parser = named)]
        reason: String,
    },
    /// Give a message that no pattern matched to the order that it was for, once it matches
    Deliver {
        /// The order's id
        #[arg(value_parser = whole_number)]
        id: u32,
        /// The message's id, which `order show` has
        #[arg(value_parser = whole_number)]
        message: u32,
    },
}

#[derive(Subcommand)]
pub(super) enum Skip {
    /// List the numbers that an account has skipped, the oldest skip first
    List {
        /// The account's name or id
        #[arg(value_parser = named)]
        account: String,
        #[command(flatten)]
        service: OfService,
        /// Only this number, in any form
        #[arg(long, value_name = "NUMBER", value_parser = named)]
        number: Option<String>,
        #[command(flatten)]
        times: Times,
        #[command(flatten)]
        page: Page,
    },
    /// Let an account be given a number again that it has skipped
    Undo {
        /// The account's name or id
        #[arg(value_parser = named)]
        account: String,
        /// The number, in any form
        #[arg(value_parser = named)]
        number: String,
        /// The service's name or id [default: every service]
        #[arg(value_parser = named)]
        service: Option<String>,
    },
}

#[derive(Subcommand)]
pub(super) enum Message {
    /// List messages, oldest first; an account's or a service's are those of its orders and rentals
    List {
        #[command(flatten)]
        account: OfAccount,
        #[command(flatten)]
        service: OfService,
        #[command(flatten)]
        numbers: OfNumber,
        #[command(flatten)]
        rows: Box<Rows>,
        #[command(flatten)]
        kinds: AllKinds,
        /// Only those of this order
        #[arg(long, value_name = "ID", value_parser = whole_number)]
        order: Option<u32>,
        /// Only those in this state
        #[arg(
            long,
            ignore_case = true,
            value_parser = ["unclaimed", "withheld", "undecodable", "incomplete"]
        )]
        state: Option<String>,
        /// Only those whose text has this, in small or capital letters
        #[arg(long, value_name = "WORD", conflicts_with = "after", value_parser = named)]
        search: Option<String>,
    },
    /// Show one message with the PDUs that it was made of
    Show {
        /// The message's id
        #[arg(value_parser = whole_number)]
        id: u32,
    },
    /// Print messages as they arrive, until interrupted
    Tail {
        #[command(flatten)]
        kinds: AllKinds,
    },
}

/// A count or an id.
pub(super) fn whole_number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("it must be a whole number from 0 to {}", u32::MAX))
}

/// A length of time with its unit.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|_| "it must be a time with its unit, like 90s, 10m, 4h or 30d".to_owned())
}

/// A name, a number or an id. An empty one would stand for nothing or, in a path, for everything.
pub(super) fn named(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("it is empty".to_owned()) } else { Ok(text.to_owned()) }
}
