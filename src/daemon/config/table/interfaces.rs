//! The sections about the APIs, the pages and what customers may ask of them.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::{COUNT, MINUTE};
use crate::daemon::config::key::Shape::Table;
use crate::daemon::config::key::TakesEffect::{Reload, Restart};
use crate::daemon::config::key::{
    Address, AllowedAddresses, AmountOrOff, FilePath, HeaderField, Key, Networks, OneOf,
    OptionalKey, Origin, Section, Time, Whole, key, optional,
};

const RATE_LIMIT: Whole<u32> = Whole::from_to(0, 1_000_000);

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
