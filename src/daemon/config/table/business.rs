//! The sections about what is sold, for how much, and what is kept of it.

use std::time::Duration;

use super::{COUNT, DAY, HOUR, MINUTE};
use crate::daemon::config::key::Shape::{FreeKeys, FreeName, Table};
use crate::daemon::config::key::TakesEffect::{Reload, Restart};
use crate::daemon::config::key::{
    Digits, Flag, Key, MobileCodes, OneOf, OptionalKey, Section, Text, Texts, Time, TimeOrNever,
    Whole, key, optional,
};
use crate::domain::currency::MOST_DECIMALS;

const PHONE_DIGITS: Whole<usize> = Whole::from_to(1, 20);

section! {
    orders: Table("orders"), "Numbers for a single code.";

    LIFETIME: Key<Time> = key("lifetime", Time::UpTo(DAY), || 10 * MINUTE, Reload,
        "How long an order waits for its SMS, and collects further ones after the first.");
    MAX_OPEN_PER_ACCOUNT: Key<Whole<usize>> = key("max_open_per_account", COUNT, || 1, Reload,
        "The maximum number of open orders of an account.");
    SHARE_SIM: Key<Flag> = key("share_sim", Flag, || true, Reload,
        "Whether open orders may share a SIM if their services have patterns.");
    NUMBER_FORMAT: Key<OneOf<bool>> = key("number_format",
        OneOf(&[("national", false), ("international", true)]), || false, Reload,
        "How `makeorder` shows numbers: `\"national\"` (0612345678) or `\"international\"` \
         (31612345678).");
    REUSE_WINDOW: Key<Time> = key("reuse_window", Time::OrZero, || 4 * HOUR, Reload,
        "How long the number of a completed order can be used again. `\"0s\"` turns this off. A \
         service can have its own.");
    REUSE_PRICE_PERCENT: Key<Whole<u32>> = key("reuse_price_percent", Whole::from_to(0, 1000),
        || 50, Reload,
        "The price of using a number again, in percent of the service's price.");
    NUMBER_REST: Key<Time> = key("number_rest", Time::OrZero, || 10 * MINUTE, Reload,
        "How long a number that was given up, or whose order expired, without its SMS is not sold \
         to another account for that service, so that a code that comes late does not reach the \
         next customer. `\"0s\"` turns this off.");
    NUMBER_COOLDOWN: Key<TimeOrNever> = key("number_cooldown", TimeOrNever, || None, Reload,
        "How long after its last use for a service a number can be sold for the same service \
         again, such as `\"180d\"`.");
}

section! {
    market: Table("market"),
    "Other protocols for orders and rentals, so that programs written for number markets work here \
     with another base address: that of `/stubs/handler_api.php`, and 5sim's under `/v1`.";

    HANDLER_API: Key<Flag> = key("handler_api", Flag, || true, Reload,
        "Whether `/stubs/handler_api.php` is served.");
    FIVESIM: Key<Flag> = key("fivesim", Flag, || true, Reload,
        "Whether 5sim's API v1 is served, under `/v1`.");
    DEFAULT_COUNTRY: Key<Text> = key("default_country", Text, || "NL".to_owned(), Reload,
        "The country of requests to `handler_api` that name none.");
    LIFETIME: Key<Time> = key("lifetime", Time::UpTo(DAY), || 20 * MINUTE, Reload,
        "As `lifetime` of `[orders]`, for orders made through `handler_api`.");
    FIVESIM_LIFETIME: Key<Time> = key("fivesim_lifetime", Time::UpTo(DAY), || 15 * MINUTE, Reload,
        "The same for orders made through 5sim's API.");
    MIN_CANCEL_AGE: Key<Time> = key("min_cancel_age", Time::OrZero, || Duration::ZERO, Reload,
        "How old an order must be before it can be canceled through these protocols. With \
         `\"0s\"` it can be canceled at once.");
}

section! {
    health: Table("health"), "What the ends of orders tell of their numbers.";

    JUDGE_AFTER: Key<Time> = key("judge_after", Time::OrZero, || MINUTE, Reload,
        "An order that is given up before this time tells nothing of its number: its outcome is \
         `quit_early`, and `quit_late` from then on.");
}

section! {
    rentals: Table("rentals"), "Numbers for months. They are on sale unless they are switched off.";

    ENABLED: Key<Flag> = key("enabled", Flag, || true, Reload,
        "Whether numbers are rented out. With `false`, none is, and none is extended or renewed: \
         rentals that run end with their term.");
    REST: Key<Time> = key("rest", Time::OrZero, || 30 * DAY, Reload,
        "How long a SIM is not given out after a rental.");
    GRACE: Key<Time> = key("grace", Time::OrZero, || 14 * DAY, Reload,
        "How long after its end a rental can be revived (`simbridge rental revive`), at most as \
         long as its SIM rests. What comes in that time is kept for its tenant, and its texts are \
         blanked when nobody has revived it. `\"0s\"` turns this off.");
    REST_AFTER_ORDERS: Key<Time> = key("rest_after_orders", Time::OrZero, || 30 * DAY, Reload,
        "How long a number is not rented out after its last completed order, so that no tenant \
         is sent codes of what it was ordered for. As long as it can be ordered again \
         (`reuse_window`), it is not rented out in any case. `simbridge sim pool` keeps SIMs for \
         rentals alone, which need no such rest.");
    OFF_AIR_LIMIT: Key<Time> = key("off_air_limit", Time::Positive, || DAY, Reload,
        "How long the SIM of a rental may be off the air while the daemon runs. What the tenant \
         has paid for the time of a longer outage is given back when it is over. A rental is not \
         renewed in one: it runs on for nothing, day by day up to seven, and then ends.");
    VIEW_MESSAGES: Key<Whole<u32>> = key("view_messages", Whole::from_to(1, 10_000), || 500, Reload,
        "How many of its newest messages `rental/view` answers. There are fewer when their texts \
         are larger than 1 MiB together.");
    MAX_FREE_PER_ACCOUNT: Key<Whole<i64>> = key("max_free_per_account",
        Whole::from_to(0, 1_000_000), || 1, Reload,
        "The maximum number of rentals that cost nothing (the price of their package is 0.00, or \
         is converted to that) that an account may have at a time.");
}

section! {
    packages: FreeKeys("rentals.packages"),
    "Rental periods in months (`m`) or years (`y`), and their prices. `\"off\"` removes a period; \
     `[rentals] enabled = false` removes all.";

    ONE_MONTH: Key<Text> = key("1m", Text, || "15.00 EUR".to_owned(), Reload, "");
    THREE_MONTHS: Key<Text> = key("3m", Text, || "30.00 EUR".to_owned(), Reload, "");
    SIX_MONTHS: Key<Text> = key("6m", Text, || "50.00 EUR".to_owned(), Reload, "");
    ONE_YEAR: Key<Text> = key("1y", Text, || "70.00 EUR".to_owned(), Reload, "");
}

section! {
    money: Table("money"), "The currency of the accounts and of all prices of orders.";

    CURRENCY: Key<Text> = key("currency", Text, || "USD".to_owned(), Restart,
        "The currency of the accounts.");
    DECIMALS: OptionalKey<Whole<u32>> = optional("decimals",
        Whole::from_to(0, MOST_DECIMALS), "2", Restart,
        "How many decimals its amounts have. Without it, as many as ISO 4217 says: none for JPY, \
         three for KWD, two for most and for a currency that ISO 4217 does not have. A database \
         that has amounts keeps the number that it began with.");
}

section! {
    rates: FreeKeys("money.rates"),
    "What one unit of another currency is worth in the currency of the accounts. The default \
     applies only when the accounts are in USD.";

    EUR: Key<Text> = key("EUR", Text, || "1.08".to_owned(), Reload, "");
}

section! {
    retention: Table("retention"),
    "How long messages are kept after the end of the order or rental that they belong to, or after \
     their arrival if they belong to none.";

    MESSAGE_TEXT: Key<Time> = key("message_text", Time::Positive, || 30 * DAY, Reload,
        "How long texts are kept.");
    RAW_PDU: Key<Time> = key("raw_pdu", Time::Positive, || 7 * DAY, Reload,
        "How long PDUs are kept.");
    UNCHARGED_ORDERS: Key<TimeOrNever> = key("uncharged_orders", TimeOrNever, || Some(90 * DAY),
        Reload,
        "How long orders that were canceled or have expired are kept after their end, with the \
         entries of the ledger that held their price and gave it back. What was charged, and what \
         a customer skipped, is kept for good.");
    AUDIT: Key<TimeOrNever> = key("audit", TimeOrNever, || Some(730 * DAY), Reload,
        "How long rows of the audit are kept.");
    ADDRESSES: Key<TimeOrNever> = key("addresses", TimeOrNever, || Some(90 * DAY), Reload,
        "How long it is kept from which address a customer asked for an order or a rental, or was \
         shown a message. The first characters of the key are kept as long as what was asked for.");
}

section! {
    block_list: Table("block_list"), "Messages that are withheld from customers.";

    SHIPPED: Key<Flag> = key("shipped", Flag, || true, Reload,
        "Whether to withhold messages of banks, brokers and exchanges, payment services and \
         governments, as listed in `hardware/block-list.toml`.");
    SENDERS: Key<Texts> = key("senders", Texts, Vec::new, Reload,
        "Your own patterns for senders, such as `[\"^MyBank$\"]`.");
    TEXTS: Key<Texts> = key("texts", Texts, Vec::new, Reload,
        "Your own patterns for texts.");
}

section! {
    countries: FreeName("countries.DE"),
    "A country whose numbers are judged by rules of your own. All countries are known by their ISO \
     3166 codes without any section, and NL, UK and USA under those names; this is for exceptions. \
     (USA means the United States and their territories.)";

    CALLING_CODE: OptionalKey<Digits> = optional("calling_code", Digits, r#""49""#, Reload,
        "The country calling code without `+`. Required.");
    TRUNK: Key<Digits> = key("trunk", Digits, String::new, Reload,
        "The prefix of national numbers, such as `\"0\"`.");
    MOBILE_CODES: Key<MobileCodes> = key("mobile_codes", MobileCodes, Vec::new, Reload,
        "The mobile country codes of its SIMs, such as `[262]`.");
    ALIASES: Key<Texts> = key("aliases", Texts, Vec::new, Reload,
        "Other names that customers may use for the country.");
    FEWEST_DIGITS: Key<Whole<usize>> = key("fewest_digits", PHONE_DIGITS, || 6, Reload,
        "The least number of digits after the calling code.");
    MOST_DIGITS: Key<Whole<usize>> = key("most_digits", PHONE_DIGITS, || 14, Reload,
        "The greatest number of digits after the calling code.");
}
