//! The sections about modems, SIM banks and the numbers of SIMs.

use std::path::PathBuf;

use super::{HOUR, MINUTE};
use crate::daemon::config::key::Shape::{List, Table};
use crate::daemon::config::key::TakesEffect::{Reload, Restart};
use crate::daemon::config::key::{
    FilePath, Flag, Key, OptionalKey, Section, Text, TextOr, Texts, Time, Whole, key, optional,
};

const BAUD: Whole<u32> = Whole::from_to(300, 4_000_000);
/// An upper limit that catches typing errors.
const SLOTS: Whole<u32> = Whole::from_to(1, 9999);

section! {
    modem: List("modem"),
    "The ports that modems are connected to, the only setting without a default. Repeat the \
     section for as many ports or globs as there are.";

    PORT: OptionalKey<Text> = optional("port", Text, r#""/dev/serial/by-path/*""#, Reload,
        "A path or a glob (`*`, `?`, `[…]`), or the address of a serial line that a program such \
         as ser2net offers: `\"tcp://HOST:PORT\"`, or `\"rfc2217://HOST:PORT\"` where it does so \
         with Telnet and RFC 2217. The daemon waits for a port that does not exist.");
    BAUD_RATE: Key<Whole<u32>> = key("baud", BAUD, || 115_200, Reload,
        "Bits per second. USB modems ignore it. A line at `tcp://` has the speed that its server \
         sets.");
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
    INSECURE: Key<Flag> = key("insecure", Flag, || false, Reload,
        "Whether the address may be that of another machine. Nothing on such a line is encrypted, \
         neither texts nor the SIM's PIN, and whoever reaches its server can use the modem. \
         Without this, only addresses of this machine are accepted, at which a tunnel ends.");
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
