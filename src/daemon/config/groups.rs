//! Every key of the configuration, once.
//!
//! The reader decides what a key means; tests hold the two together: the reader asks for exactly
//! these keys, and takes what is called the default here as it takes a file that says nothing.

use super::keys::Kind::{Example as ExampleSection, List, Named, Table};
use super::keys::TakesEffect::{Reload, Restart};
use super::keys::Value::{Default, Example};
use super::keys::{Group, Key, TakesEffect, Value};

const fn key(
    name: &'static str,
    value: Value,
    takes_effect: TakesEffect,
    about: &'static str,
) -> Key {
    Key { name, value, about, takes_effect }
}

/// All of them, in the order of the template.
pub const GROUPS: &[Group] = &[
    Group {
        name: "modem",
        kind: List,
        about: "The ports that modems are on: the one thing that has no default. Write as many \
                [[modem]] as you like.",
        keys: &[
            key(
                "port",
                Example("\"/dev/serial/by-path/*\""),
                Reload,
                "A path or a glob (*, ?, […]). A port that is not there is waited for.",
            ),
            key("baud", Default("115200"), Reload, "Bits per second; USB modems do not care."),
            key(
                "profile",
                Default("\"auto\""),
                Reload,
                "A profile's name instead of the one that fits what the modem says of itself.",
            ),
            key(
                "pin_file",
                Example("\"credential:sim-pin\""),
                Reload,
                "A file that holds the SIM's PIN and nothing else, or credential:NAME for one \
                 that systemd hands over (LoadCredential=). It is entered once per SIM: if it is \
                 wrong it is never tried again.",
            ),
        ],
    },
    Group {
        name: "bank",
        kind: List,
        about: "SIM banks: more SIMs than radios. Write as many [[bank]] as you have.",
        keys: &[
            key(
                "name",
                Example("\"rack1\""),
                Restart,
                "What it is called in commands; bank1, bank2, … without it.",
            ),
            key(
                "profile",
                Example("\"swit\""),
                Restart,
                "Its model: \"swit\" (serial pools), \"module\" (slots inside the modems), \
                 \"command\" or \"command-any\" (a program of your own), or a file of yours in \
                 the hardware folder's banks/.",
            ),
            key(
                "control",
                Example("\"/dev/serial/by-path/…\""),
                Restart,
                "The port that a serial pool listens on.",
            ),
            key(
                "switch",
                Default("[]"),
                Restart,
                "The program of the profile command, without a shell, like [\"my-script\", \
                 \"{radio}\", \"{slot}\"]; also {port}, {bank}.",
            ),
            key(
                "ports",
                Example("[\"/dev/serial/by-path/…\"]"),
                Restart,
                "Its radios' ports, in the order in which it counts them. They need no [[modem]].",
            ),
            key(
                "slots",
                Example("16"),
                Restart,
                "How many SIMs each radio has; where all radios share them, how many there are.",
            ),
            key("baud", Default("115200"), Restart, "Bits per second of the radios' ports."),
            key(
                "pin_file",
                Example("\"credential:sim-pin\""),
                Restart,
                "As for a modem: the PIN of all its SIMs.",
            ),
            key(
                "rental_visit",
                Default("\"2h\""),
                Restart,
                "A rented SIM is on the air at least this often.",
            ),
            key(
                "visit_on_view",
                Default("\"10m\""),
                Restart,
                "A rented SIM that was off the air for longer is put on at once when its customer \
                 looks; \"0s\": it is not.",
            ),
            key(
                "sell_within",
                Default("\"3m\""),
                Restart,
                "A SIM that is not on the air is sold to an order when it can be within this \
                 time; \"0s\": never.",
            ),
            key("quiet", Default("\"1m\""), Restart, "So long a SIM stays after its last message."),
            key(
                "stay",
                Default("\"10m\""),
                Restart,
                "So long a SIM that nobody waits for stays before another has its turn.",
            ),
        ],
    },
    Group {
        name: "database",
        kind: Table,
        about: "Where everything is kept.",
        keys: &[
            key(
                "path",
                Default("\"/var/lib/simbridge/simbridge.db\""),
                Restart,
                "The SQLite database; its folder is made if it is not there.",
            ),
            key(
                "checkpoint",
                Default("\"auto\""),
                Restart,
                "Who moves the write-ahead log into the database: \"auto\" (SQLite), or \
                 \"external\" when Litestream does it.",
            ),
        ],
    },
    Group {
        name: "http",
        kind: Table,
        about: "The customers' side.",
        keys: &[
            key(
                "listen",
                Default("\"127.0.0.1:8080\""),
                Restart,
                "Where customers are served; put a reverse proxy with TLS before it.",
            ),
            key(
                "max_connections",
                Default("10000"),
                Restart,
                "Connections at once; those beyond are told so and closed. Never more than half \
                 of what the system lets the daemon open.",
            ),
        ],
    },
    Group {
        name: "admin",
        kind: Table,
        about: "The operator's side.",
        keys: &[
            key(
                "socket",
                Default("\"/run/simbridge/admin.sock\""),
                Restart,
                "The Unix socket that the commands use; who may open the file may do everything.",
            ),
            key(
                "metrics_listen",
                Example("\"127.0.0.1:9090\""),
                Restart,
                "Where /metrics, /healthz and /readyz are served beside the socket.",
            ),
        ],
    },
    Group {
        name: "hardware",
        kind: Table,
        about: "What this program does not know of your modems.",
        keys: &[key(
            "folder",
            Default("\"/etc/simbridge/hardware\""),
            Restart,
            "Your own profiles in modems/*.toml and USSD codes in operators/*.toml; they go \
             before the shipped ones and are read whenever a modem is opened.",
        )],
    },
    Group {
        name: "recovery",
        kind: Table,
        about: "What is done about modems that fail.",
        keys: &[
            key(
                "resets_per_hour",
                Default("6"),
                Restart,
                "How many resets a modem gets in an hour; 0: its port is only opened anew.",
            ),
            key(
                "usb_rebind",
                Default("true"),
                Restart,
                "Whether a modem that no reset helps is taken off its USB driver and put back; \
                 needs root.",
            ),
            key(
                "power_cycle",
                Default("[]"),
                Restart,
                "A command as a last resort, without a shell, like [\"uhubctl\", \"-l\", \
                 \"{hub}\", \"-p\", \"{hub_port}\", \"-a\", \"cycle\"]; also {usb}, {port}.",
            ),
        ],
    },
    Group {
        name: "numbers",
        kind: Table,
        about: "How the number of a SIM is found out that the card itself does not tell.",
        keys: &[
            key(
                "ussd",
                Default("true"),
                Reload,
                "Whether the mobile operator is asked by its USSD code, where the hardware files \
                 have one.",
            ),
            key(
                "loopback",
                Default("false"),
                Reload,
                "Whether such a SIM sends one SMS to another SIM here, which sees its number; the \
                 operator may charge for it.",
            ),
        ],
    },
    Group {
        name: "orders",
        kind: Table,
        about: "Numbers for one code.",
        keys: &[
            key(
                "lifetime",
                Default("\"10m\""),
                Reload,
                "How long an order waits for its SMS, and collects more after the first.",
            ),
            key(
                "max_open_per_account",
                Default("1"),
                Reload,
                "Open orders that an account may have at once.",
            ),
            key(
                "share_sim",
                Default("true"),
                Reload,
                "Whether open orders of services with patterns may share a SIM.",
            ),
            key(
                "number_format",
                Default("\"national\""),
                Reload,
                "How numbers are shown: \"national\" (0612345678) or \"international\" \
                 (31612345678).",
            ),
            key(
                "reuse_window",
                Default("\"4h\""),
                Reload,
                "How long after its completion an order's number can be reused; \"0s\": never.",
            ),
            key(
                "reuse_price_percent",
                Default("50"),
                Reload,
                "What that costs, of the service's price.",
            ),
            key(
                "number_cooldown",
                Default("\"never\""),
                Reload,
                "After this long a number may be sold again for a service that it was used for, \
                 like \"180d\".",
            ),
        ],
    },
    Group {
        name: "rentals",
        kind: Table,
        about: "Numbers for months.",
        keys: &[key(
            "rest",
            Default("\"30d\""),
            Reload,
            "How long a SIM rests after a rental before anybody gets it.",
        )],
    },
    Group {
        name: "rentals.packages",
        kind: Named,
        about: "What is rented, and for how much; \"off\" for none.",
        keys: &[
            key("1m", Default("\"15.00 EUR\""), Reload, ""),
            key("3m", Default("\"30.00 EUR\""), Reload, ""),
            key("6m", Default("\"50.00 EUR\""), Reload, ""),
            key("1y", Default("\"70.00 EUR\""), Reload, ""),
        ],
    },
    Group {
        name: "money",
        kind: Table,
        about: "",
        keys: &[key("currency", Default("\"USD\""), Restart, "The accounts' currency.")],
    },
    Group {
        name: "money.rates",
        kind: Named,
        about: "How much account currency one of another is.",
        keys: &[key("EUR", Default("\"1.08\""), Reload, "")],
    },
    Group {
        name: "retention",
        kind: Table,
        about: "Counted from the end of the order or rental that a message belongs to, or from \
                its arrival.",
        keys: &[
            key("message_text", Default("\"30d\""), Reload, "How long texts are kept."),
            key("raw_pdu", Default("\"7d\""), Reload, "How long PDUs are kept."),
        ],
    },
    Group {
        name: "limits",
        kind: Table,
        about: "How much may be asked; 0 switches one off.",
        keys: &[
            key("key_per_second", Default("5000"), Reload, "Requests a second with one key."),
            key(
                "address_per_second",
                Default("10000"),
                Reload,
                "Requests a second from one address; behind a reverse proxy all customers share \
                 one.",
            ),
            key(
                "failed_keys_per_minute",
                Default("300"),
                Reload,
                "Wrong keys a minute from one address.",
            ),
        ],
    },
    Group {
        name: "block_list",
        kind: Table,
        about: "Whose messages are withheld from customers.",
        keys: &[
            key(
                "shipped",
                Default("true"),
                Reload,
                "Banks, payments and governments, as they come with the program.",
            ),
            key(
                "senders",
                Default("[]"),
                Reload,
                "Patterns of your own for senders, like [\"^MyBank$\"].",
            ),
            key("texts", Default("[]"), Reload, "The same for texts."),
        ],
    },
    Group {
        name: "countries.DE",
        kind: ExampleSection,
        about: "One more country beside NL, UK and USA.",
        keys: &[
            key("calling_code", Example("\"49\""), Reload, "Its digits without +."),
            key("trunk", Default("\"\""), Reload, "What national numbers begin with, like \"0\"."),
            key(
                "mobile_codes",
                Default("[]"),
                Reload,
                "Mobile country codes of its SIMs, like [262].",
            ),
            key("aliases", Default("[]"), Reload, "Other names that customers may use."),
            key("fewest_digits", Default("6"), Reload, "After the calling code."),
            key("most_digits", Default("14"), Reload, ""),
        ],
    },
    Group {
        name: "log",
        kind: Table,
        about: "",
        keys: &[
            key(
                "level",
                Default("\"info\""),
                Reload,
                "\"error\", \"warn\", \"info\", \"debug\" or \"trace\"; the environment's \
                 RUST_LOG goes before it.",
            ),
            key(
                "format",
                Default("\"auto\""),
                Restart,
                "\"text\", \"json\", \"journald\", or \"auto\": journald under systemd, else text.",
            ),
        ],
    },
];
