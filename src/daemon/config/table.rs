//! The table of configuration keys: every key with its format, its default, when a change takes
//! effect, and its help text. Defaults are written nowhere else. The settings of every part are
//! read with these keys, and the template and docs/configuration.md are made from them.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::LogFormat;
use super::key::Shape::{FreeKeys, FreeName, List, Table};
use super::key::TakesEffect::{Reload, Restart};
use super::key::{
    Address, AllowedAddresses, AmountOrOff, Digits, FilePath, Flag, HeaderField, Key, MobileCodes,
    Networks, OneOf, OptionalKey, Origin, Section, TakesEffect, Text, TextOr, Texts, Time,
    TimeOrNever, Whole, key, optional,
};
use super::notify::Kind;
use crate::domain::currency::MOST_DECIMALS;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

const BAUD: Whole<u32> = Whole::from_to(300, 4_000_000);
const COUNT: Whole<usize> = Whole::from_to(1, 1_000_000);
const RATE_LIMIT: Whole<u32> = Whole::from_to(0, 1_000_000);
/// An upper limit that catches typing errors.
const SLOTS: Whole<u32> = Whole::from_to(1, 9999);
const PHONE_DIGITS: Whole<usize> = Whole::from_to(1, 20);

/// Declares a module for a section, with a constant for each key, and `SECTION` with all of them.
macro_rules! section {
    (
        $module:ident: $shape:ident($name:literal), $help:expr;
        $($constant:ident: $type:ty = $key:expr;)*
    ) => {
        pub(super) mod $module {
            use super::*;

            $(pub(in super::super) const $constant: $type = $key;)*

            pub(in super::super) static SECTION: Section =
                Section { name: $name, shape: $shape, help: $help, keys: &[$(&$constant),*] };
        }
    };
}

/// Every section, in the order of the template and the reference.
pub(super) static SECTIONS: &[&Section] = &[
    &modem::SECTION,
    &bank::SECTION,
    &database::SECTION,
    &http::SECTION,
    &admin::SECTION,
    &console::SECTION,
    &portal::SECTION,
    &hardware::SECTION,
    &recovery::SECTION,
    &numbers::SECTION,
    &orders::SECTION,
    &health::SECTION,
    &rentals::SECTION,
    &packages::SECTION,
    &money::SECTION,
    &rates::SECTION,
    &retention::SECTION,
    &limits::SECTION,
    &events::SECTION,
    &webhooks::SECTION,
    &block_list::SECTION,
    &countries::SECTION,
    &notify::SECTION,
    &log::SECTION,
];

section! {
    modem: List("modem"),
    "The ports that modems are connected to, the only setting without a default. Repeat the \
     section for as many ports or globs as there are.";

    PORT: OptionalKey<Text> = optional("port", Text, r#""/dev/serial/by-path/*""#, Reload,
        "A path or a glob (`*`, `?`, `[…]`). The daemon waits for a port that does not exist.");
    BAUD_RATE: Key<Whole<u32>> = key("baud", BAUD, || 115_200, Reload,
        "Bits per second. USB modems ignore it.");
    PROFILE: Key<TextOr> = key("profile", TextOr("auto"), || None, Reload,
        "The name of a modem profile, such as `\"quectel-ec2x\"`, used instead of the one that \
         matches what the modem reports about itself. It is the name of a file in \
         `hardware/modems/` or in `modems/` of `[hardware] folder`, without `.toml`.");
    PIN_FILE: OptionalKey<FilePath> = optional("pin_file", FilePath, r#""credential:sim-pin""#,
        Reload,
        "A file that contains the SIM's PIN and nothing else, or `credential:NAME` for a \
         credential passed by systemd (`LoadCredential=`). The PIN is entered once per SIM; a \
         wrong PIN is never tried again.");
    PIN_WITHOUT_COUNT: Key<Flag> = key("pin_without_count", Flag, || false, Reload,
        "Whether the PIN is also entered once into a SIM if the modem does not report how many \
         attempts are left. A SIM that has accepted its PIN before needs no such permission.");
}

section! {
    bank: List("bank"),
    "SIM banks, which have more SIMs than radios. Repeat the section for each bank. The operator's \
     guide has a chapter on them.";

    NAME: OptionalKey<Text> = optional("name", Text, r#""rack1""#, Restart,
        "The name used in commands. Without it, banks are called `bank1`, `bank2` and so on.");
    PROFILE: OptionalKey<Text> = optional("profile", Text, r#""swit""#, Restart,
        "The bank's model: `\"swit\"` (pools with a serial control port), `\"module\"` (slots \
         inside the modems), `\"command\"` or `\"command-any\"` (a program of your own), or a \
         file of your own in `banks/*.toml` of `[hardware] folder`. Required.");
    CONTROL: OptionalKey<FilePath> = optional("control", FilePath, r#""/dev/serial/by-path/…""#,
        Restart,
        "The control port of a serial pool.");
    SWITCH: Key<Texts> = key("switch", Texts, Vec::new, Restart,
        "The program of the profiles `command` and `command-any`, run without a shell, such as \
         `[\"my-script\", \"{radio}\", \"{slot}\"]`. `{port}` and `{bank}` are replaced, too.");
    PORTS: OptionalKey<Texts> = optional("ports", Texts, r#"["/dev/serial/by-path/…"]"#, Restart,
        "The ports of its radios, in the bank's own order. They need no `[[modem]]`. Required.");
    SIM_SLOTS: OptionalKey<Whole<u32>> = optional("slots", SLOTS, "16", Restart,
        "The number of SIM slots of each radio or, where all radios share the slots \
         (`command-any`), of the bank. Required.");
    BAUD_RATE: Key<Whole<u32>> = key("baud", BAUD, || 115_200, Restart,
        "Bits per second on the ports of the radios.");
    PIN_FILE: OptionalKey<FilePath> = optional("pin_file", FilePath, r#""credential:sim-pin""#,
        Restart,
        "The PIN of all SIMs in the bank, as for `[[modem]]`.");
    PIN_WITHOUT_COUNT: Key<Flag> = key("pin_without_count", Flag, || false, Restart,
        "As for `[[modem]]`.");
    RENTAL_VISIT: Key<Time> = key("rental_visit", Time::Positive, || 2 * HOUR, Restart,
        "A rented SIM is connected to the network at least this often.");
    VISIT_ON_VIEW: Key<Time> = key("visit_on_view", Time::OrZero, || 10 * MINUTE, Restart,
        "When a customer looks at a rental whose SIM has been off the network for longer than \
         this, the SIM is connected at once. `\"0s\"` turns this off.");
    SELL_WITHIN: Key<Time> = key("sell_within", Time::OrZero, || 3 * MINUTE, Restart,
        "A SIM that is off the network can be sold to an order if it can be connected within this \
         time. `\"0s\"` turns this off.");
    QUIET: Key<Time> = key("quiet", Time::Positive, || MINUTE, Restart,
        "The minimum time that a SIM stays connected after its last message.");
    STAY: Key<Time> = key("stay", Time::Positive, || 10 * MINUTE, Restart,
        "The time that a SIM without an order stays connected before the next SIM has its turn.");
}

section! {
    database: Table("database"), "Where all data is stored.";

    PATH: Key<FilePath> = key("path", FilePath,
        || PathBuf::from("/var/lib/simbridge/simbridge.db"), Restart,
        "The SQLite database. Its folder is created if it does not exist.");
    CHECKPOINT: Key<OneOf<bool>> = key("checkpoint",
        OneOf(&[("auto", false), ("external", true)]), || false, Restart,
        "Who moves the write-ahead log into the database: SQLite (`\"auto\"`) or Litestream \
         (`\"external\"`).");
}

section! {
    http: Table("http"), "The customers' API.";

    LISTEN: Key<Address> = key("listen", Address("127.0.0.1:8080"),
        || SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)), Restart,
        "The address that customers connect to. Put a reverse proxy with TLS in front of it.");
    MAX_CONNECTIONS: Key<Whole<usize>> = key("max_connections", COUNT, || 10_000, Restart,
        "The maximum number of connections at a time. Connections beyond it are answered with 503 \
         `TOO_MANY_CONNECTIONS`. The daemon never uses more than half of its file descriptors for \
         them.");
    WRITE_TIMEOUT: Key<Time> = key("write_timeout", Time::Positive, || Duration::from_secs(30),
        Restart,
        "How long a client may read nothing of an answer before its connection is closed. The \
         whole answer may take ten times as long.");
    TRUSTED_PROXIES: Key<Networks> = key("trusted_proxies", Networks, Vec::new, Restart,
        "Reverse proxies, such as `[\"127.0.0.1/32\"]`. From these alone `X-Forwarded-For` or, \
         without it, `Forwarded` is believed: the client is the last address there that is not a \
         trusted proxy. Limits by address and keys that are bound to networks apply to it.");
}

section! {
    admin: Table("admin"), "The operator's interface.";

    SOCKET: Key<FilePath> = key("socket", FilePath,
        || PathBuf::from("/run/simbridge/admin.sock"), Restart,
        "The Unix socket that the commands use. Whoever may open it may do everything.");
    METRICS_LISTEN: OptionalKey<Address> = optional("metrics_listen", Address("127.0.0.1:9090"),
        r#""127.0.0.1:9090""#, Restart,
        "An address that serves `/metrics`, `/healthz` and `/readyz`, in addition to the socket.");
}

section! {
    console: Table("console"), "The operators' pages. `simbridge operator add` lets people in.";

    LISTEN: OptionalKey<Address> = optional("listen", Address("127.0.0.1:8081"),
        r#""127.0.0.1:8081""#, Restart,
        "The address of the operators' pages; without it there are none. As long as `origin` is \
         not set, only this machine is served.");
    ORIGIN: OptionalKey<Origin> = optional("origin", Origin, r#""https://console.example.org""#,
        Restart,
        "Where operators reach their pages: the scheme and the host of the reverse proxy with TLS \
         that stands before `listen`. No other host is answered, and cookies are sent over TLS \
         only.");
    SECOND_FACTOR: Key<OneOf<bool>> = key("second_factor",
        OneOf(&[("required", true), ("optional", false)]), || true, Reload,
        "Whether operators who may change something must have a second factor from their second \
         sign-in on.");
    PROXY_USER: OptionalKey<HeaderField> = optional("proxy_user", HeaderField,
        r#""Remote-User""#, Restart,
        "A header in which a proxy of `[http] trusted_proxies` says which operator has signed in \
         there. The operator has to exist here. The proxy must remove the header from what clients \
         send.");
}

section! {
    portal: Table("portal"), "The customers' pages. `simbridge account invite` lets people in.";

    ORIGIN: OptionalKey<Origin> = optional("origin", Origin, r#""https://sms.example.org""#,
        Restart,
        "Where customers reach their pages, which are served beside the API at `[http] listen`; \
         without it there are none. It is the scheme and the host of the reverse proxy with TLS. \
         No other host is answered, and cookies are sent over TLS only.");
}

section! {
    hardware: Table("hardware"), "Hardware that simbridge does not know yet.";

    FOLDER: Key<FilePath> = key("folder", FilePath,
        || PathBuf::from("/etc/simbridge/hardware"), Restart,
        "Your own modem profiles in `modems/*.toml`, SIM banks in `banks/*.toml` and USSD codes \
         in `operators/*.toml`. They take precedence over those that come with simbridge, and are \
         read whenever a modem is opened.");
}

section! {
    recovery: Table("recovery"), "What is done about modems that fail.";

    RESETS_PER_HOUR: Key<Whole<u32>> = key("resets_per_hour", Whole::from_to(0, 60), || 6, Restart,
        "The maximum number of resets (`AT+CFUN=1,1` and stronger) per modem and hour. With `0` \
         the port is only closed and opened again.");
    USB_REBIND: Key<Flag> = key("usb_rebind", Flag, || true, Restart,
        "Whether a modem that does not recover after a reset is unbound from its USB driver and \
         bound again. Needs root.");
    POWER_CYCLE: Key<Texts> = key("power_cycle", Texts, Vec::new, Restart,
        "A command as the last resort, run without a shell, such as `[\"uhubctl\", \"-l\", \
         \"{hub}\", \"-p\", \"{hub_port}\", \"-a\", \"cycle\"]`. `{usb}` and `{port}` are \
         replaced, too.");
}

section! {
    numbers: Table("numbers"),
    "How to find the number of a SIM when neither the operator's list nor the SIM card has it.";

    USSD: Key<Flag> = key("ussd", Flag, || true, Reload,
        "Whether to ask the mobile operator by USSD, if `operators/*.toml` has its code.");
    LOOPBACK: Key<Flag> = key("loopback", Flag, || false, Reload,
        "Whether such a SIM sends an SMS to another SIM here, which sees the sender's number: at \
         most once a day and SIM. And whether a SIM that seems deaf is sent one by another SIM \
         here: at once, after ten minutes, an hour, six hours, and then each day until one comes. \
         The mobile operator may charge for them.");
}

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
    money: Table("money"), "";

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
    limits: Table("limits"), "Limits on customers' requests. `0` turns a limit off.";

    KEY_PER_SECOND: Key<Whole<u32>> = key("key_per_second", RATE_LIMIT, || 5_000, Reload,
        "Requests per second with one key.");
    ADDRESS_PER_SECOND: Key<Whole<u32>> = key("address_per_second", RATE_LIMIT, || 10_000, Reload,
        "Requests per second from one address. Behind a reverse proxy all customers share one.");
    FAILED_KEYS_PER_MINUTE: Key<Whole<u32>> = key("failed_keys_per_minute", RATE_LIMIT, || 300,
        Reload,
        "Requests with a wrong key per minute from one address.");
    CONNECTIONS_PER_KEY: Key<Whole<u32>> = key("connections_per_key", RATE_LIMIT, || 1_000, Reload,
        "Connections that are open at a time with one key, and so its long polls.");
    CONNECTIONS_PER_ADDRESS: Key<Whole<u32>> = key("connections_per_address", RATE_LIMIT,
        || 1_000, Reload,
        "Connections that are open at a time from one address. Those of trusted proxies are not \
         limited, nor, while none is configured, those from this machine.");
    ORDERS_PER_DAY: Key<Whole<i64>> = key("orders_per_day", Whole::from_to(0, 1_000_000), || 0,
        Reload,
        "Orders that an account may make in a day, whatever becomes of them. Beyond it the answer \
         is `NO_PHONE_AVAILABLE`. Days are those of this machine's time zone. `account limit` \
         gives an account a limit of its own.");
    SPEND_PER_DAY: Key<AmountOrOff> = key("spend_per_day", AmountOrOff, || None, Reload,
        "What an account may spend in a day, in its currency: what is held for orders and charged \
         for rentals, less what of that is given back. Beyond it orders are answered \
         `NO_PHONE_AVAILABLE`, new rentals `NO_STOCK` and extensions `NO_BALANCE`; rentals are \
         renewed all the same. `account limit` gives an account a limit of its own.");
    EDITS_PER_MINUTE: Key<Whole<u32>> = key("edits_per_minute", RATE_LIMIT, || 30, Reload,
        "Changes of its rentals' renewal (`/api/rental/edit`) per minute by one account.");
    MIN_CANCEL_AGE: Key<Time> = key("min_cancel_age", Time::OrZero, || Duration::ZERO, Reload,
        "How old an order has to be before it can be given up without a pause. An account that \
         gives one up earlier gets no number (`NO_PHONE_AVAILABLE`) for the rest of this time.");
    GIVE_UP_PAUSE: Key<Time> = key("give_up_pause", Time::OrZero, || MINUTE, Reload,
        "An account that gave up more than 80 of its last 100 orders (or 80 % of all, if there are \
         at least 50) may have one open order, and gets no number (`NO_PHONE_AVAILABLE`) for this \
         time after each further one that it gives up. `\"0s\"` turns this off.");
}

section! {
    events: Table("events"), "What customers are told unasked.";

    BALANCE_LOW: Key<AmountOrOff> = key("balance_low", AmountOrOff, || None, Reload,
        "An account is told (`balance.low`) when what it can spend falls below this amount, in its \
         currency.");
}

section! {
    webhooks: Table("webhooks"), "Where customers may have their events sent to.";

    ALLOW: Key<AllowedAddresses> = key("allow", AllowedAddresses, Vec::new, Reload,
        "Networks that webhooks may be sent to, each with the scheme, beside public addresses by \
         https: `[\"http://10.0.0.0/8\", \"https://fd00::/8\"]`. Whoever has a key for webhooks \
         can have anything posted to any host and port there.");
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

section! {
    notify: List("notify"),
    "Where alarms are told: what `simbridge alarm list` shows. Repeat the section for each \
     channel. `notify test` tries them.";

    KIND: OptionalKey<OneOf<Kind>> = optional("kind",
        OneOf(&[("smtp", Kind::Smtp), ("telegram", Kind::Telegram), ("ntfy", Kind::Ntfy),
            ("alertmanager", Kind::Alertmanager), ("webhook", Kind::Webhook)]),
        r#""smtp""#, Restart,
        "The service that takes the notices. Required.");
    NAME: OptionalKey<Text> = optional("name", Text, r#""mail""#, Restart,
        "The name used in commands. Without it, channels are called `notify1`, `notify2` and so \
         on.");
    URL: OptionalKey<Text> = optional("url", Text, r#""smtps://mail.example.org""#, Restart,
        "Where the service is reached: for mail `\"smtps://HOST\"` or `\"smtp://HOST\"`, which \
         uses STARTTLS unless the host is this machine; for ntfy, Alertmanager and webhooks \
         `\"https://…\"` or `\"http://…\"`. Telegram needs none.");
    TO: OptionalKey<Texts> = optional("to", Texts, r#"["ops@example.org"]"#, Restart,
        "Who gets the notices: addresses of mail, ids of Telegram's chats, or topics of ntfy.");
    FROM: OptionalKey<Text> = optional("from", Text, r#""simbridge@example.org""#, Restart,
        "The sender of mail.");
    USER: OptionalKey<Text> = optional("user", Text, r#""simbridge""#, Restart,
        "The name by which to sign in to the mail server; the password is in `secret_file`.");
    SECRET_FILE: OptionalKey<FilePath> = optional("secret_file", FilePath,
        r#""credential:notify""#, Restart,
        "A file with one line, the secret, or `credential:NAME`: the password for mail, the token \
         of Telegram's bot, or an access token for the others. It is read anew for each notice.");
    AFTER: Key<Time> = key("after", Time::OrZero, || MINUTE, Restart,
        "An alarm is told when it has stood for so long. One that ends before is not told.");
    REPEAT: Key<TimeOrNever> = key("repeat", TimeOrNever, || Some(4 * HOUR), Restart,
        "An alarm that stands is told again after this time.");
}

section! {
    log: Table("log"), "";

    LEVEL: Key<OneOf<&'static str>> = key("level",
        OneOf(&[("error", "error"), ("warn", "warn"), ("info", "info"), ("debug", "debug"),
            ("trace", "trace")]),
        || "info", Reload,
        "The lowest level that is logged. The environment variable `RUST_LOG` overrides it.");
    FORMAT: Key<OneOf<LogFormat>> = key("format",
        OneOf(&[("auto", LogFormat::Auto), ("text", LogFormat::Text), ("json", LogFormat::Json),
            ("journald", LogFormat::Journald)]),
        || LogFormat::Auto, Restart,
        "`\"auto\"` is `\"journald\"` under systemd and `\"text\"` elsewhere.");
}

/// When a change of a key takes effect.
pub fn takes_effect(section: &str, key: &str) -> TakesEffect {
    let found = SECTIONS.iter().find(|known| known.has_name(section));
    match found.map(|found| (found.shape, found.key(key))) {
        Some((_, Some(key))) => key.takes_effect(),
        Some((FreeKeys, None)) => Reload,
        _ => Restart,
    }
}
