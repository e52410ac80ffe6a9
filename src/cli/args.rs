//! What the commands that talk to the daemon are called, and what they take.

use std::path::PathBuf;
use std::time::Duration;

use super::{bank, modem};
use clap::{Args, Subcommand};

/// The commands.
#[derive(Subcommand)]
pub(super) enum Admin {
    /// How things stand, on one screen
    Status {
        /// Again and again until Ctrl-C; where the output is no terminal, a line each time
        #[arg(long)]
        watch: bool,
        /// From one look to the next
        #[arg(long, value_name = "TIME", default_value = "2s", value_parser = humantime::parse_duration, requires = "watch")]
        every: Duration,
    },
    /// Modems
    #[command(subcommand)]
    Modem(modem::Modem),
    /// SIM banks
    #[command(subcommand)]
    Bank(bank::Bank),
    /// SIMs
    #[command(subcommand)]
    Sim(Sim),
    /// Customers' accounts
    #[command(subcommand)]
    Account(Account),
    /// Customers' API keys
    #[command(subcommand)]
    Key(Key),
    /// The catalogue
    #[command(subcommand)]
    Service(Service),
    /// Orders
    #[command(subcommand)]
    Order(Order),
    /// Rentals
    #[command(subcommand)]
    Rental(Rental),
    /// Messages
    #[command(subcommand)]
    Message(Message),
    /// Why there are so many numbers for a service and not more
    Explain {
        /// The service's name or id
        #[arg(value_parser = named)]
        service: String,
        /// The country, like NL
        #[arg(value_parser = named)]
        country: String,
        /// The account that asks; its name or id
        #[arg(value_parser = named)]
        account: Option<String>,
    },
    /// Who did or saw what
    #[command(subcommand)]
    Audit(Audit),
    /// Read the configuration anew and apply what can change while the daemon runs
    Reload,
    /// Copy the database into a new file while the daemon runs
    Backup {
        /// The file to be made
        file: PathBuf,
    },
    /// Check the database: money, numbers, the file itself
    Verify,
}

#[derive(Subcommand)]
pub(super) enum Sim {
    /// Every SIM, and whether its number can be given out
    List,
    /// One SIM
    Show {
        /// The SIM's ICCID
        #[arg(value_parser = named)]
        iccid: String,
    },
    /// Give a SIM to nobody new for a while
    Rest {
        /// The SIM's ICCID
        #[arg(value_parser = named)]
        iccid: String,
        /// For how long from now, like 30d; 0s ends its rest
        #[arg(default_value = "30d", value_parser = humantime::parse_duration)]
        time: Duration,
    },
    /// Give a SIM to nobody new any more
    Retire {
        /// The SIM's ICCID
        #[arg(value_parser = named)]
        iccid: String,
        /// Take it back
        #[arg(long)]
        undo: bool,
    },
    /// Set the numbers of many SIMs: a file of lines with an ICCID, a comma and a number
    Import {
        /// The file
        file: PathBuf,
    },
    /// Say which number a SIM has
    SetNumber {
        /// The SIM's ICCID
        #[arg(value_parser = named)]
        iccid: String,
        /// The number, like +31612345678
        #[arg(value_parser = named)]
        number: String,
        /// Write it into the card's own-number phonebook too; the card must be in a working modem
        #[arg(long)]
        write: bool,
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
    /// Every account
    List,
    /// One account
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
        amount: String,
    },
    /// Put a balance right, up or down
    Adjust {
        /// The account's name or id
        #[arg(value_parser = named)]
        account: String,
        /// The amount, like 1.50 or -1.50
        #[arg(allow_negative_numbers = true)]
        amount: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Every entry of its ledger, oldest first
    Ledger {
        /// The account's name or id
        #[arg(value_parser = named)]
        account: String,
        #[command(flatten)]
        rows: Rows,
    },
    /// Its keys open nothing from now on
    Suspend {
        /// The account's name or id
        #[arg(value_parser = named)]
        account: String,
    },
    /// Its keys open it again
    Resume {
        /// The account's name or id
        #[arg(value_parser = named)]
        account: String,
    },
}

#[derive(Subcommand)]
pub(super) enum Key {
    /// Make a key; it is printed once, alone on the last line
    Add {
        /// The account's name or id
        #[arg(value_parser = named)]
        account: String,
        /// An address or network that may use it, like 192.0.2.0/24; several: one of them
        #[arg(long, value_name = "NETWORK")]
        allow: Vec<String>,
    },
    /// Every key, by its first characters
    List,
    /// Revoke a key
    Revoke {
        /// The key's first characters
        #[arg(value_parser = named)]
        prefix: String,
    },
}

#[derive(Subcommand)]
pub(super) enum Service {
    /// Add a service
    Add {
        /// Its name
        #[arg(value_parser = named)]
        name: String,
        /// The price of an order, like 0.50
        #[arg(long, value_name = "AMOUNT")]
        price: String,
        /// The price in one country instead
        #[arg(long, value_name = "C=AMOUNT", value_parser = country_price)]
        country: Vec<(String, String)>,
        /// For how long after its completion an order's number can be had again, like 4h, if not
        /// as configured
        #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
        reuse_window: Option<Duration>,
        /// What that costs, in percent of the price, if not as configured
        #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u32).range(0..=1000))]
        reuse_price_percent: Option<u32>,
        /// A pattern (regular expression) that the sender must fit; several: one of them
        #[arg(long, value_name = "REGEX")]
        sender: Vec<String>,
        /// A pattern that the text must fit; several: one of them
        #[arg(long, value_name = "REGEX")]
        text: Vec<String>,
    },
    /// Every service
    List,
    /// A service can be ordered again
    Enable {
        /// The service's name or id
        #[arg(value_parser = named)]
        service: String,
    },
    /// A service can be ordered no more; what is open of it goes on
    Disable {
        /// The service's name or id
        #[arg(value_parser = named)]
        service: String,
    },
    /// Add or update all services of a TOML catalogue
    Import {
        /// The catalogue
        file: PathBuf,
    },
    /// Show whose a message would be, and which code is in it
    Test {
        /// The sender
        sender: String,
        /// The text
        text: String,
    },
}

#[derive(Subcommand)]
pub(super) enum Rental {
    /// Rentals, oldest first
    List {
        #[command(flatten)]
        rows: Rows,
    },
    /// One rental with its charges and messages
    Show {
        /// The contract's id
        id: u32,
    },
}

#[derive(Subcommand)]
pub(super) enum Audit {
    /// Rows, oldest first
    List {
        #[command(flatten)]
        rows: Rows,
    },
}

#[derive(Subcommand)]
pub(super) enum Order {
    /// One order with its charges, its messages, and what came in its time and fit nothing
    Show {
        /// The order's id
        id: u32,
    },
    /// Orders, oldest first
    List {
        #[command(flatten)]
        rows: Rows,
    },
}

#[derive(Subcommand)]
pub(super) enum Message {
    /// Messages, oldest first
    List {
        #[command(flatten)]
        rows: Rows,
    },
    /// Print messages as they come, until interrupted
    Tail,
}

/// How much of a list is shown.
#[derive(Args)]
pub(super) struct Rows {
    /// Only the newest so many; 0 is all
    #[arg(long, default_value_t = 1000)]
    pub limit: u32,
}

/// A name, a number or an id that something is asked for by: empty it would mean nothing, or all.
fn named(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("it is empty".to_owned()) } else { Ok(text.to_owned()) }
}

fn country_price(text: &str) -> Result<(String, String), String> {
    let (country, price) = text.split_once('=').ok_or("write it like UK=0.80")?;
    Ok((country.to_owned(), price.to_owned()))
}
