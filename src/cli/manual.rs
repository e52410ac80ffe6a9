//! `manual`: manual pages for all commands and for the configuration file, and completions for
//! shells.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use clap::Command;
use clap_complete::env::{Bash, EnvCompleter, Fish, Zsh};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::print;
use crate::daemon::config;

/// Command lines without `simbridge`, each with what it does. A page has those that begin with its
/// command.
const EXAMPLES: &[(&str, &str)] = &[
    ("demo", "Try everything on eight simulated modems"),
    ("demo --once", "Play one order through, for a test"),
    ("serve", "Run the daemon in a terminal; systemd does it with `systemctl start simbridge`"),
    ("migrate", "Upgrade a database on a PostgreSQL server"),
    ("check --user simbridge", "Check the configuration with the permissions of the service"),
    ("config", "Show the settings in effect and where each comes from"),
    ("config --template", "Print a configuration to start with"),
    ("manual /tmp/manual", "Write these pages and the completions"),
    ("simulate --modems 4 --dir /tmp/rack", "Run four simulated modems"),
    (
        "simulate send --dir /tmp/rack --to +31612340000 --from Uber 'code 1234'",
        "Send a message to one of them",
    ),
    ("probe /dev/ttyUSB2", "Show what is on a port"),
    ("status", "Show the whole site"),
    ("status --watch", "Keep it on the screen"),
    ("modem list", "Show what each port is doing"),
    ("modem show ttyUSB2", "Show one modem and the last lines of the conversation with it"),
    ("modem signal ttyUSB2", "Show how strong its signal was in the last 24 hours"),
    ("modem scan", "Find the ports on which modems answer"),
    ("modem reset ttyUSB2 --hard", "Restart a modem by its stronger command"),
    ("modem at ttyUSB2 AT+CSQ", "Ask a modem for its signal"),
    ("modem ussd ttyUSB2 '*100#'", "Ask the mobile operator for the credit"),
    ("modem ask-number ttyUSB2 '*101#'", "Find out a SIM's number"),
    ("modem record ttyUSB2 ec25.txt --reason 'no URCs'", "Write down what a modem says"),
    ("bank list", "Show all SIM banks"),
    ("bank show rack", "Show which SIM is where"),
    ("bank plan rack", "Show what is switched next"),
    ("bank moves rack --limit 20", "Show the last switches"),
    ("bank switch rack 1 7", "Put slot 7 on radio 1"),
    ("site add ams", "Give a site a key, with which it connects to this daemon"),
    ("site certificate", "Make the certificate for sites, and show its fingerprint"),
    ("site list", "Show all sites, and which of them are connected"),
    ("site remove ams", "Remove a site whose key was revoked"),
    ("site revoke ams", "End the connection of a site, whose key opens nothing any more"),
    ("sim list", "Show all SIMs"),
    ("sim list --silent 7d", "Show those that received nothing for a week"),
    ("sim list --digits 0018", "Show those with these digits in ICCID, IMSI or number"),
    ("sim show +31612345678", "Show the SIM with a number"),
    ("sim rest +31612345678 30d", "Stop selling a SIM for a while"),
    ("sim pool +31612345678 rentals", "Keep a SIM for rentals"),
    ("sim retire 8931040000000000018", "Stop selling a SIM for good"),
    ("sim set +31612345678 +31612345679 --back", "Sell SIMs again that rest or were retired"),
    ("sim import numbers.csv --dry-run", "Check a file of SIMs and numbers"),
    ("sim import numbers.csv", "Set the numbers of many SIMs"),
    ("sim import numbers.csv --all-or-none", "Set none if a line is wrong"),
    ("sim set-number 8931040000000000018 +31612345678", "Set the number of one"),
    ("sim clear-number 8931040000000000018", "Have a number found out again"),
    ("sim pin-retry 8931040000000000018", "Have a PIN tried once more that was put right"),
    ("sim remove 8931040000000000018", "Remove a SIM that was never in a modem"),
    ("number show +31612345678", "Show who had a number, when and for what"),
    ("number show +31612345678 --at '2026-06-22 14:57'", "Show who had it at a time"),
    ("number mark +31612345678 Uber", "Sell a number to nobody for a service"),
    ("number unmark +31612345678 Uber", "Sell it for the service again"),
    ("number list --service Uber --free", "Show the numbers that can be ordered for a service"),
    ("account add ann", "Add a customer"),
    ("account list", "Show all customers"),
    ("account show ann", "Show one"),
    ("account topup ann 10.00", "Add credit"),
    (
        "account topup ann 10.00 --ref 'invoice 7'",
        "Add a payment, once however often it is repeated",
    ),
    ("account adjust ann -1.50 --reason 'paid twice'", "Correct a balance"),
    ("account ledger ann --limit 20", "Show the last entries of a ledger"),
    ("account spending ann --days 7", "Show what a customer was charged day by day"),
    (
        "account limit ann --max-open 20 --spend-per-day 50.00",
        "Let a customer have more open orders, and spend so much in a day",
    ),
    ("account price ann Uber --country GB 0.60", "Give a customer a price of its own"),
    ("account price ann '*' 90%", "Take 10 % off everything for a customer"),
    ("account export ann --output /tmp/ann.json", "Hand out all that is kept of a customer"),
    ("account erase zoe", "Erase what is personal of a customer who is gone"),
    ("account invite ann", "Let a customer sign in to the portal"),
    ("account suspend ann", "Block a customer's keys and logins"),
    ("account resume ann", "Let them work again"),
    ("key add ann --allow 192.0.2.0/24", "Make a key that works from one network"),
    ("key set 0a1b2c3d --label shop --expires 90d", "Name a key and let it end"),
    (
        "key add ann --scope orders --expires 30d --spend-per-day 5.00",
        "Make a key for orders alone, for a month, with which little can be spent",
    ),
    ("key add ann --scope read", "Make a key that can look at everything and change nothing"),
    ("key add ann --test", "Make a key to try the JSON API with, on numbers that are not real"),
    ("key list", "Show all keys by their first characters"),
    ("key revoke 0a1b2c3d", "Revoke a key"),
    ("login list --account ann", "Show a customer's logins"),
    ("login reset ann", "Make a new link for a customer who has lost the password"),
    ("login disable ann", "Let nobody sign in by a login for a while"),
    ("login enable ann", "Let them sign in again"),
    ("login remove ann", "Remove a customer's login"),
    ("operator add ben", "Invite an operator; the first one is an owner"),
    ("operator add eve --role viewer", "Invite one who may only look"),
    ("operator list", "Show all operators"),
    ("operator role eve operator", "Let one do more"),
    ("operator reset ben", "Make a new link for one who has lost the password"),
    ("operator disable eve", "Let one sign in no more for a while"),
    ("operator enable eve", "Let that one sign in again"),
    ("operator remove eve", "Remove one"),
    ("service add Uber --price 0.50 --sender '^Uber$'", "Sell numbers for a service"),
    ("service list", "Show all services"),
    ("service set Uber --price 0.60 --country GB=0.80", "Change a price"),
    ("service set Uber --add-sender '^Uber BV$'", "Add a pattern"),
    ("service set Uber --code ub --fivesim uber", "Let programs for other markets order it"),
    ("service remove Ubre", "Remove a service that was never ordered"),
    ("service enable Uber", "Sell it again"),
    ("service disable Uber", "Stop selling it"),
    (
        "service import /usr/share/simbridge/hardware/services.toml --dry-run",
        "Show what the shipped catalogue would add",
    ),
    ("service export --output services.toml", "Write the catalogue into a file"),
    ("service test Uber 'Your code is 1234'", "Show which service would get a message"),
    (
        "service test --last 200 --service Uber --sender '^Uber'",
        "Show which of the last messages Uber would get with another pattern",
    ),
    ("health --service Uber", "Show which numbers get no codes of Uber"),
    ("health rest +31612345678 Uber", "Sell a number no more for Uber for a day"),
    ("health clear +31612345678 Uber", "Sell it for Uber again"),
    ("health clear --sim 8931040000000000018", "Sell a SIM again that was taken to be deaf"),
    ("order list --limit 20", "Show the last orders"),
    ("order show 1", "Show one with its charges and messages"),
    ("order cancel 1", "Cancel an open order"),
    ("order refund 1 --reason 'no code came'", "Give back what an order was charged"),
    ("order deliver 1 7", "Give message 7 to order 1 after its pattern was mended"),
    ("skip list ann", "Show the numbers that a customer has skipped"),
    ("skip undo ann +31612345678 Uber", "Let it have one of them again"),
    ("rental list", "Show rentals"),
    ("rental show 1", "Show one with its charges and messages"),
    ("rental revive 1", "Let a rental that has just ended run on"),
    ("rental days 1 +3 --reason 'no signal'", "Let a rental run on for three days for nothing"),
    ("rental move 1 --to 8931040000000000018", "Give a tenant another number"),
    ("rental end 1 --reason 'the SIM is lost'", "End one and give back the rest of its price"),
    ("rental end 1 --refund none --reason 'abuse'", "End one and give nothing back"),
    ("webhook list", "Show where customers have their events sent"),
    (
        "webhook add ann https://example.com/hook --type 'order.*'",
        "Send what happens to a customer's orders to an address",
    ),
    ("webhook test 1", "Send a test there"),
    ("webhook deliveries 1 --limit 20", "Show what was sent there last, and what it answered"),
    ("webhook redeliver 1 7", "Send an event once more"),
    ("webhook remove 1", "Send nothing more there"),
    ("message list --limit 20", "Show the last messages"),
    ("message show 1", "Show one with its PDUs"),
    ("message tail", "Print messages as they come"),
    (
        "explain Uber NL",
        "Show how many numbers there are for a service, and what holds others back",
    ),
    ("explain Uber NL ann", "Show what keeps a customer from a number"),
    ("explain --sims --state used Uber NL", "Show the SIMs that were used for a service"),
    ("explain rentals NL", "Show how many numbers can be rented, and what holds others back"),
    ("message list --search 'your code' --from 7d", "Search in the texts of a week"),
    ("find +31612345678", "Show whose a number is, or what a word stands for"),
    ("block-list list", "Show by which rules messages are withheld from all customers"),
    ("block-list show banks", "Show what senders and texts a rule is about"),
    ("alarm list", "Show what needs attention, and since when"),
    ("alarm list --ended", "Show what needed attention before"),
    (
        "alarm acknowledge StockOut NL --note 'ten more SIMs come on Friday'",
        "Say what is being done, and be told again only of the end",
    ),
    ("notify list", "Show the channels for notices of alarms"),
    ("notify test mail", "Send a test over one of them"),
    ("report revenue --from 2026-06-01", "Show what each service earned since a day"),
    ("report revenue --by day --from 7d --csv", "Write what each day earned, for a spreadsheet"),
    ("report samples orders --range 7d", "Show how the orders of a week ended, hour by hour"),
    ("report samples messages --range 24h --csv", "Print a day's messages for a spreadsheet"),
    ("report stock --country NL", "Show how long the numbers last, and how many SIMs are needed"),
    ("audit list --limit 20", "Show what was done last, and by whom"),
    ("audit list --account ann --since 30d", "Show what was done to a customer, and by whom"),
    ("reload", "Apply a changed configuration"),
    ("backup /var/backups/", "Copy the database into a file named by the date and time"),
    (
        "copy-to postgres://simbridge@db.example/simbridge --password-file password.txt",
        "Move the database of a stopped daemon to a PostgreSQL server",
    ),
    (
        "copy-to /var/lib/simbridge/new.db --from postgres://simbridge@db.example/simbridge",
        "Move it back into a new file",
    ),
    ("verify /var/backups/simbridge.db", "Check a backup, on whatever machine it is"),
    ("verify", "Check the ledger, the sales and the file of the database"),
];

/// The examples on the page of the program itself: the way from a fresh installation to the first
/// order.
const FIRST_STEPS: [&str; 8] = [
    "modem scan",
    "check --user simbridge",
    "status",
    "sim list",
    "account add ann",
    "account topup ann 10.00",
    "key add ann --allow 192.0.2.0/24",
    "service add Uber --price 0.50 --sender '^Uber$'",
];

/// What a command exits with.
const EXIT_STATUS: [(&str, &str); 4] = [
    ("0", "The command has done what it was asked to."),
    ("1", "It failed or was refused, or check or verify has found a fault."),
    ("2", "It could not be understood; standard error has the usage."),
    (
        "78",
        "The daemon cannot start before somebody has repaired something, such as a damaged \
         database. systemd does not start it again then.",
    ),
];

const FILES: [(&str, &str); 6] = [
    (
        "/etc/simbridge/simbridge.toml",
        "The configuration, unless --config or SIMBRIDGE_CONFIG names another; see \
         simbridge.toml(5).",
    ),
    ("/etc/simbridge/hardware", "Your own profiles of modems and SIM banks, and USSD codes."),
    ("/var/lib/simbridge/simbridge.db", "The database."),
    ("/run/simbridge/admin.sock", "The socket on which commands reach the daemon."),
    (
        "/usr/share/simbridge/hardware",
        "The profiles, the block list and the catalogue of services that come with simbridge.",
    ),
    ("/usr/share/doc/simbridge", "The operator's guide and all other documents."),
];

/// Writes manual pages (`*.1`, `simbridge.toml.5`) and completions for bash, zsh and fish.
pub(super) fn write(folder: &Path, mut command: Command) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    command.build();
    write_pages(folder, &command, &[])?;
    std::fs::write(folder.join("simbridge.toml.5"), config::manual_page())?;
    let shells: [(&str, &dyn EnvCompleter); 3] =
        [("simbridge.bash", &Bash), ("_simbridge", &Zsh), ("simbridge.fish", &Fish)];
    for (name, shell) in shells {
        let path = folder.join(name);
        let mut file =
            File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        // The script has the shell ask the program, by this variable.
        shell.write_registration("COMPLETE", "simbridge", "simbridge", "simbridge", &mut file)?;
    }
    print::line(format!("{}: manual pages and completions written", folder.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the page of a command and those of the commands below it. `words` are those of the
/// command line behind `simbridge`.
fn write_pages(folder: &Path, command: &Command, words: &[&str]) -> anyhow::Result<()> {
    let below = command.get_subcommands().filter(|command| command.get_name() != "help");
    let below: Vec<&Command> = below.filter(|command| !command.is_hide_set()).collect();
    for command in &below {
        write_pages(folder, command, &[words, &[command.get_name()]].concat())?;
    }
    let name = [&["simbridge"], words].concat();
    let page = Man::new(command.clone()).title(name.join("-")).source(version());
    let path = folder.join(format!("{}.1", name.join("-")));
    let mut file =
        File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    page.render_title(&mut file)?;
    page.render_name_section(&mut file)?;
    page.render_synopsis_section(&mut file)?;
    page.render_description_section(&mut file)?;
    page.render_options_section(&mut file)?;
    if !below.is_empty() {
        page.render_subcommands_section(&mut file)?;
    }
    file.write_all(more_sections(&words.join(" ")).to_roff().as_bytes())?;
    Ok(())
}

/// What is made here and not from the command's arguments.
fn more_sections(command: &str) -> Roff {
    let mut page = Roff::new();
    page.control("SH", ["EXAMPLES"]);
    for (line, meaning) in examples(command) {
        page.text([roman(format!("{meaning}:"))]);
        page.control("PP", []).control("RS", ["4"]).control("nf", []);
        page.text([bold(format!("simbridge {line}"))]);
        page.control("fi", []).control("RE", []).control("PP", []);
    }
    for (heading, rows) in [("FILES", &FILES[..]), ("EXIT STATUS", &EXIT_STATUS[..])] {
        page.control("SH", [heading]);
        for (term, meaning) in rows {
            page.control("TP", []);
            page.text([bold(*term)]).text([roman(*meaning)]);
        }
    }
    page.control("SH", ["SEE ALSO"]);
    page.text([bold("simbridge"), roman("(1), "), bold("simbridge.toml"), roman("(5), ")]);
    page.text([roman("/usr/share/doc/simbridge/docs/operators-guide.md")]);
    page
}

/// The examples of a command's page, by the words of the command.
fn examples(command: &str) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    EXAMPLES.iter().filter(move |(line, _)| match command {
        "" => FIRST_STEPS.contains(line),
        command => {
            line.strip_prefix(command).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        }
    })
}

fn version() -> String {
    format!("simbridge {}", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::super::Cli;
    use super::*;

    /// The words of a command line as a shell takes them: what is between `'` is one word.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec!["simbridge".to_owned()];
        for (index, part) in line.split('\'').enumerate() {
            match index % 2 {
                0 => words.extend(part.split_whitespace().map(str::to_owned)),
                _ => words.push(part.to_owned()),
            }
        }
        words
    }

    fn leaves(command: &Command, path: &str, found: &mut Vec<String>) {
        let below: Vec<&Command> =
            command.get_subcommands().filter(|command| command.get_name() != "help").collect();
        if below.is_empty() {
            found.push(path.to_owned());
        }
        for command in below {
            leaves(command, &format!("{path} {}", command.get_name()), found);
        }
    }

    #[test]
    fn every_example_is_a_command_and_every_command_has_one() {
        for (line, _) in EXAMPLES {
            if let Err(error) = Cli::try_parse_from(words(line)) {
                panic!("{line}: {error}");
            }
        }
        let mut all = Vec::new();
        leaves(&Cli::command(), "", &mut all);
        let without: Vec<&String> =
            all.iter().filter(|path| examples(path.trim_start()).next().is_none()).collect();
        assert!(without.is_empty(), "add an example of {without:?} to EXAMPLES");
        assert_eq!(examples("").count(), FIRST_STEPS.len());
    }
}
