//! The table of configuration keys: every key with its format, its default, when a change takes
//! effect, and its help text. Defaults are written nowhere else. The settings of every part are
//! read with these keys, and the template and docs/configuration.md are made from them.

use std::time::Duration;

use super::LogFormat;
use super::key::Shape::{FreeKeys, List, Table};
use super::key::TakesEffect::{Reload, Restart};
use super::key::{
    FilePath, Key, OneOf, OptionalKey, Section, TakesEffect, Text, Texts, Time, TimeOrNever, Whole,
    key, optional,
};
use super::notify::Kind;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

const COUNT: Whole<usize> = Whole::from_to(1, 1_000_000);

/// Declares a module for a section, with a constant for each key, and `SECTION` with all of them.
macro_rules! section {
    (
        $module:ident: $shape:ident($name:literal), $help:expr;
        $($constant:ident: $type:ty = $key:expr;)*
    ) => {
        pub(in crate::daemon::config) mod $module {
            use super::*;

            $(pub(in crate::daemon::config) const $constant: $type = $key;)*

            pub(in crate::daemon::config) static SECTION: Section =
                Section { name: $name, shape: $shape, help: $help, keys: &[$(&$constant),*] };
        }
    };
}

mod business;

mod devices;
mod interfaces;
mod remote;
mod storage;

pub(super) use business::{
    block_list, countries, health, market, money, orders, packages, rates, rentals, retention,
};
pub(super) use devices::{bank, hardware, modem, numbers, recovery};
pub(super) use interfaces::{admin, console, events, http, limits, portal, webhooks};
pub(super) use remote::{site, sites};
pub(super) use storage::{cluster, database};

/// Every section, in the order of the template and the reference.
pub(super) static SECTIONS: &[&Section] = &[
    &modem::SECTION,
    &bank::SECTION,
    &database::SECTION,
    &cluster::SECTION,
    &http::SECTION,
    &admin::SECTION,
    &console::SECTION,
    &portal::SECTION,
    &hardware::SECTION,
    &recovery::SECTION,
    &numbers::SECTION,
    &orders::SECTION,
    &market::SECTION,
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
    &sites::SECTION,
    &site::SECTION,
    &log::SECTION,
];

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
    log: Table("log"), "What is logged, and in which form.";

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
