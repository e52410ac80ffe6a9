//! The arguments of `service`, and what the daemon is sent of an edit.

use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;
use serde_json::{Map, Value, json};

use crate::cli::args::{duration, named};
use crate::cli::listing::Page;

/// What stands for a value that is not the service's own.
const DEFAULT: &str = "default";
/// What stands for no name on other markets.
const NONE: &str = "none";

#[derive(Subcommand)]
pub(in crate::cli) enum Service {
    /// Add a service
    Add {
        /// The new service's name, which may not be a number
        #[arg(value_parser = named)]
        name: String,
        /// The price of an order, like 0.50
        #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true)]
        price: String,
        /// The price in one country, if it differs; may be given several times
        #[arg(long, value_name = "C=AMOUNT", value_parser = country_price)]
        country: Vec<(String, String)>,
        /// How long after its completion an order's number can be ordered again, like 4h, if
        /// different from the configuration
        #[arg(long, value_name = "TIME", value_parser = duration)]
        reuse_window: Option<Duration>,
        /// The price of that in percent of the service's, if different from the configuration
        #[arg(
            long,
            value_name = "PERCENT",
            value_parser = clap::value_parser!(u32).range(0..=1000)
        )]
        reuse_price_percent: Option<u32>,
        /// What an order is charged for: any text of the service (sms), or one with a code (code,
        /// the default for a service with patterns)
        #[arg(long, value_name = "sms|code", value_parser = ["sms", "code"])]
        charge_on: Option<String>,
        /// What programs for other markets that use handler_api call it, like wa; left out, what
        /// the shipped catalogue has for a service of this name
        #[arg(long, value_name = "LETTERS", value_parser = named)]
        code: Option<String>,
        /// What programs for 5sim call it, like whatsapp; left out, as with --code
        #[arg(long, value_name = "NAME", value_parser = named)]
        fivesim: Option<String>,
        /// A regular expression that the sender must match; of several, one must match
        #[arg(long, value_name = "REGEX")]
        sender: Vec<String>,
        /// A regular expression that the text must match; of several, one must match
        #[arg(long, value_name = "REGEX")]
        text: Vec<String>,
    },
    /// List services
    List {
        /// Only those in this state
        #[arg(long, ignore_case = true, value_parser = ["enabled", "disabled"])]
        state: Option<String>,
        /// Only those that are sold in this country, like NL
        #[arg(long, value_parser = named)]
        country: Option<String>,
        #[command(flatten)]
        page: Page,
    },
    /// Change a service; what is not given stays as it is
    Set {
        /// The service's name or id
        #[arg(value_parser = named)]
        service: String,
        #[command(flatten)]
        edit: Box<ServiceEdit>,
    },
    /// Remove a service that was never ordered
    Remove {
        /// The service's name or id
        #[arg(value_parser = named)]
        service: String,
    },
    /// Sell a service again
    Enable {
        /// The service's name or id
        #[arg(value_parser = named)]
        service: String,
    },
    /// Stop selling a service; open orders continue
    Disable {
        /// The service's name or id
        #[arg(value_parser = named)]
        service: String,
    },
    /// Add the services of a TOML catalogue, and to known ones the patterns that they lack
    Import {
        /// The catalogue's file, like one that `service export` has written
        file: PathBuf,
        /// Take the prices of the catalogue too
        #[arg(long, conflicts_with = "replace")]
        prices: bool,
        /// Make the services equal to the catalogue, and remove what it does not have
        #[arg(long)]
        replace: bool,
        /// Only show what would be changed
        #[arg(long)]
        dry_run: bool,
    },
    /// Print all services as a TOML catalogue
    Export {
        /// Write it to this file, which must not exist, instead
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Show which service would receive a message, or each of the last ones, and the code in it
    ///
    /// With `--service` it is tried how messages would be matched if that service had the patterns
    /// of `--sender` and `--text`; nothing is saved.
    Test {
        /// The sender of a message
        #[arg(value_name = "SENDER", required_unless_present = "last", requires = "message_text")]
        message_sender: Option<String>,
        /// The text of the message
        #[arg(value_name = "TEXT")]
        message_text: Option<String>,
        /// Instead, try the last N messages that were received, at most 200
        #[arg(
            long,
            value_name = "N",
            conflicts_with = "message_sender",
            value_parser = clap::value_parser!(u32).range(1..=200)
        )]
        last: Option<u32>,
        /// A service's name or id, or the name of one that is not there yet
        #[arg(long, value_name = "NAME", value_parser = named)]
        service: Option<String>,
        /// A sender pattern for it, instead of all that it has; may be given several times
        #[arg(long, value_name = "REGEX", requires = "service")]
        sender: Vec<String>,
        /// A text pattern for it, instead of all that it has; may be given several times
        #[arg(long, value_name = "REGEX", requires = "service")]
        text: Vec<String>,
    },
}

/// What is to change of a service.
#[derive(clap::Args)]
#[group(required = true, multiple = true)]
pub(in crate::cli) struct ServiceEdit {
    /// The price of an order, like 0.50
    #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true)]
    price: Option<String>,
    /// The price in one country, like GB=0.80, GB=off to sell nothing there, or GB=default for the
    /// price of all others; may be given several times
    #[arg(long, value_name = "C=AMOUNT", value_parser = country_price)]
    country: Vec<(String, String)>,
    /// Of the services whose patterns match a message, the one with the highest number gets it
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    priority: Option<i64>,
    /// How long after its completion an order's number can be ordered again, like 4h, or default
    #[arg(long, value_name = "TIME", value_parser = seconds_or_default)]
    reuse_window: Option<Value>,
    /// The price of that in percent of the service's, or default
    #[arg(long, value_name = "PERCENT", value_parser = percent_or_default)]
    reuse_price_percent: Option<Value>,
    /// What an order is charged for: any text of the service (sms), or one with a code (code), or
    /// default
    #[arg(long, value_name = "sms|code", value_parser = ["sms", "code", DEFAULT])]
    charge_on: Option<String>,
    /// What programs for other markets that use handler_api call it, like wa, or none: they cannot
    /// order it then
    #[arg(long, value_name = "LETTERS", value_parser = named)]
    code: Option<String>,
    /// What programs for 5sim call it, like whatsapp, or none: they cannot order it then
    #[arg(long, value_name = "NAME", value_parser = named)]
    fivesim: Option<String>,
    /// A regular expression that the sender must match, instead of all that there are; of several,
    /// one must match
    #[arg(long, value_name = "REGEX")]
    sender: Vec<String>,
    /// Another regular expression that the sender may match
    #[arg(long, value_name = "REGEX")]
    add_sender: Vec<String>,
    /// A regular expression that the sender need not match any more
    #[arg(long, value_name = "REGEX")]
    remove_sender: Vec<String>,
    /// A regular expression that the text must match, instead of all that there are; of several,
    /// one must match
    #[arg(long, value_name = "REGEX")]
    text: Vec<String>,
    /// Another regular expression that the text may match
    #[arg(long, value_name = "REGEX")]
    add_text: Vec<String>,
    /// A regular expression that the text need not match any more
    #[arg(long, value_name = "REGEX")]
    remove_text: Vec<String>,
}

/// A time in seconds, or null for `default`.
fn seconds_or_default(text: &str) -> Result<Value, String> {
    if text == DEFAULT {
        return Ok(Value::Null);
    }
    let time = duration(text)?;
    Ok(time.as_secs().into())
}

/// A percentage, or null for `default`.
fn percent_or_default(text: &str) -> Result<Value, String> {
    if text == DEFAULT {
        return Ok(Value::Null);
    }
    let percent: u32 = text.parse().map_err(|_| "write a number from 0 to 1000".to_owned())?;
    Ok(percent.into())
}

fn country_price(text: &str) -> Result<(String, String), String> {
    let (country, price) = text.split_once('=').ok_or("write it like GB=0.80")?;
    Ok((country.to_owned(), price.to_owned()))
}

impl ServiceEdit {
    /// What the daemon is sent: only what was given.
    pub(super) fn into_json(self) -> Value {
        let countries: Map<String, Value> = self
            .country
            .into_iter()
            .map(|(country, price)| {
                let price = if price == DEFAULT { Value::Null } else { price.into() };
                (country, price)
            })
            .collect();
        let mut edit = json!({
            "price": self.price,
            "countries": countries,
            "priority": self.priority,
            "senders": {
                "replace": self.sender, "add": self.add_sender, "remove": self.remove_sender,
            },
            "texts": {
                "replace": self.text, "add": self.add_text, "remove": self.remove_text,
            },
        });
        let or_null =
            |word: String, none: &str| if word == none { Value::Null } else { word.into() };
        let terms = [
            ("reuse_window_seconds", self.reuse_window),
            ("reuse_price_percent", self.reuse_price_percent),
            ("charge_on", self.charge_on.map(|word| or_null(word, DEFAULT))),
            ("code", self.code.map(|word| or_null(word, NONE))),
            ("fivesim", self.fivesim.map(|word| or_null(word, NONE))),
        ];
        if let Some(members) = edit.as_object_mut() {
            let given = terms.into_iter().filter_map(|(name, value)| Some((name, value?)));
            members.extend(given.map(|(name, value)| (name.to_owned(), value)));
        }
        edit
    }
}
