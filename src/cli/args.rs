//! The commands that talk to the daemon, with their arguments.

use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;

use super::{
    account, alarm, audit, bank, block_list, health, key, message, modem, notify, number, order,
    people, rental, report, service, sim, site, skip, webhook,
};

#[derive(Subcommand)]
pub(super) enum Admin {
    /// Show the state of everything on one screen
    Status {
        /// Refresh until `q` or Ctrl-C is pressed; print one line per update if the output is not a
        /// terminal
        #[arg(long)]
        watch: bool,
        /// How often the screen is refreshed, like 2s
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
    /// Sites that connect to this daemon: give them keys, list and revoke them
    #[command(subcommand)]
    Site(site::Site),
    /// Show SIMs, set their numbers, and take them off sale
    #[command(subcommand)]
    Sim(sim::Sim),
    /// Show who had which number, and which numbers are free
    #[command(subcommand)]
    Number(number::Number),
    /// Customers' accounts: add credit, and set limits and prices
    #[command(subcommand)]
    Account(account::Account),
    /// Customers' API keys: create, limit and revoke them
    #[command(subcommand)]
    Key(key::Key),
    /// Customers' logins for the portal: list them, reset and remove them
    #[command(subcommand)]
    Login(people::Login),
    /// Operators of the console: invite them, change what they may do, and remove them
    #[command(subcommand)]
    Operator(people::Operator),
    /// The services that are sold, with their prices and patterns
    #[command(subcommand)]
    Service(service::Service),
    /// Show which numbers get the codes of which services, the failing ones first
    Health(health::Health),
    /// Show, cancel and refund orders
    #[command(subcommand)]
    Order(order::Order),
    /// Numbers that customers have skipped and are not given again for a service
    #[command(subcommand)]
    Skip(skip::Skip),
    /// Show rentals, end, revive, move and extend them
    #[command(subcommand)]
    Rental(rental::Rental),
    /// The addresses that customers have their events sent to, and what was sent there
    #[command(subcommand)]
    Webhook(webhook::Webhook),
    /// Show the messages that were received
    #[command(subcommand)]
    Message(message::Message),
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
    /// Show what a number, an ICCID, an IMEI, an order, a rental, an account, a service or a key is
    Find {
        /// The whole, or of an ICCID, an IMEI, an account's name or a key the beginning, or of a
        /// service's name a part
        #[arg(value_parser = named)]
        word: String,
    },
    /// Show which messages are withheld from all customers, by which rule
    #[command(subcommand)]
    BlockList(block_list::BlockList),
    /// Show the alarms that stand and those that have ended, and acknowledge them
    #[command(subcommand)]
    Alarm(alarm::Alarm),
    /// The channels over which alarms are told
    #[command(subcommand)]
    Notify(notify::Notify),
    /// Show what was earned
    #[command(subcommand)]
    Report(report::Report),
    /// The audit log: who did or saw what
    #[command(subcommand)]
    Audit(audit::Audit),
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
