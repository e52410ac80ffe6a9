//! The operator's commands. Those that ask or change something talk to the running daemon over its
//! admin socket.

mod account;
mod admin;
mod alarm;
mod args;
mod audit;
mod backup;
mod bank;
mod block_list;
mod catalogue;
mod check;
mod completing;
mod copy_to;
mod demo;
mod demo_once;
mod demo_stage;
mod health;
mod history;
mod import;
mod key;
mod listing;
mod manual;
mod message;
mod migrate;
mod modem;
mod notify;
mod number;
mod order;
mod people;
mod print;
mod rental;
mod report;
mod samples;
mod screen;
mod serve;
mod service;
mod sim;
mod simulate;
mod site;
mod skip;
mod status;
mod times;
mod verify;
mod webhook;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand};

use crate::daemon::StartError;
use crate::daemon::config::{self, Config, ConfigError};
use crate::driver::{Port, PortOptions, PortPattern, Ports};
use crate::http::AdminClient;

/// EX_CONFIG of sysexits.h: restarting does not help before somebody has repaired something. The
/// systemd unit does not restart the daemon after it.
const LASTING: u8 = 78;
/// The status of a command line that cannot be understood.
const USAGE: u8 = 2;
/// The environment variable that names the configuration.
const CONFIG_VARIABLE: &str = "SIMBRIDGE_CONFIG";
/// The configuration that is used when none is named.
const DEFAULT_CONFIG: &str = "/etc/simbridge/simbridge.toml";

/// An SMS gateway for GSM modems, modem pools and SIM banks.
#[derive(Parser)]
#[command(name = "simbridge", version, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// The options of every command.
#[derive(Args, Default)]
struct Common {
    /// The configuration file, instead of $SIMBRIDGE_CONFIG; commands find the running daemon
    /// through it
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON instead of a table
    #[arg(long, global = true)]
    json: bool,
    /// Print all columns of a table as wide as they are, even if the terminal is narrower
    #[arg(long, global = true)]
    wide: bool,
    /// Print times in UTC instead of local time
    #[arg(long, global = true)]
    utc: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Try it out: everything on simulated modems, in a temporary folder
    Demo {
        /// How many modems to simulate
        #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1000))]
        modems: u16,
        /// The address to serve customers on [default: 127.0.0.1:8080 or, if that is in use, a free
        /// port; with --once a free port]
        #[arg(long, value_name = "ADDR")]
        listen: Option<SocketAddr>,
        /// Play one order through, print what happened, exit 0 or 1
        #[arg(long)]
        once: bool,
    },
    /// Run the daemon
    Serve,
    /// Bring the schema of a database on a PostgreSQL server up to date, while no daemon uses it
    ///
    /// Only needed with [database] upgrade = "manual".
    Migrate,
    /// Check the configuration and this machine, and list every problem with its line number
    ///
    /// Exits with 1 if there is any. With --json: {"file", "ok", "running", "faults": [{"file",
    /// "line", "fault"}], "warnings": [text], "rentals": text}; "line" is null where a fault is
    /// not on one.
    Check {
        /// Check permissions as this user (the one that the service runs as)
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
    },
    /// Show the configuration that is in effect, and where each value comes from
    Config {
        /// Print a template instead: every key with its explanation
        #[arg(long)]
        template: bool,
    },
    /// Write manual pages and completions for bash, zsh and fish into a folder
    Manual {
        /// The folder, which is created if it does not exist
        folder: PathBuf,
    },
    /// Run simulated modems on PTYs, without the daemon
    Simulate(simulate::Simulate),
    /// Examine one port without the daemon: its modem, SIM, signal and stored messages
    Probe {
        /// The serial port, like /dev/ttyUSB2, or an address, like tcp://127.0.0.1:7001
        #[arg(value_parser = Port::parse, value_hint = clap::ValueHint::AnyPath)]
        port: Port,
        /// The speed of the serial line in bits per second
        #[arg(long, default_value_t = 115_200)]
        baud: u32,
        /// Use an address of another machine, although nothing encrypts what is said there
        #[arg(long)]
        insecure: bool,
    },
    /// Copy the database from its file to a PostgreSQL server or back, while the daemon is stopped
    CopyTo(copy_to::CopyTo),
    #[command(flatten)]
    Admin(args::Admin),
}

impl Common {
    /// The path of the configuration: the one that is named, else the default if it exists.
    fn path(&self) -> anyhow::Result<PathBuf> {
        let from_environment = || std::env::var_os(CONFIG_VARIABLE).map(PathBuf::from);
        let named = self.config.clone().or_else(from_environment);
        if let Some(path) = named.filter(|path| !path.as_os_str().is_empty()) {
            return Ok(path);
        }
        let default = PathBuf::from(DEFAULT_CONFIG);
        if !default.is_file() {
            bail!(
                "no configuration: give --config FILE or set {CONFIG_VARIABLE} ({DEFAULT_CONFIG} \
                 does not exist)"
            );
        }
        Ok(default)
    }

    /// The configuration as far as there is one that can be understood, for commands that work
    /// without.
    fn config_or_defaults(&self) -> Config {
        let reading = self.path().ok().and_then(|path| Config::inspect(&path).ok());
        reading.map_or_else(Config::defaults, |reading| reading.config)
    }

    fn config(&self) -> anyhow::Result<Config> {
        Ok(Config::load(&self.path()?)?)
    }
}

/// Runs the program. Exits with 0 when the command succeeded, 1 when it failed, and 2 when it could
/// not be parsed.
pub fn main() -> ExitCode {
    // Does something only when a shell asks what it can offer, and exits then.
    clap_complete::CompleteEnv::with_factory(completing::command).complete();
    let Cli { common, command } = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse_usage(&error),
    };
    print::set_style(print::Style { wide: common.wide, utc: common.utc });
    match run(&common, command) {
        Ok(code) => code,
        Err(error) if error.is::<print::ReaderGone>() => ExitCode::SUCCESS,
        Err(error) => {
            print::complain(format_args!("simbridge: {error:#}"));
            let lasting = error.downcast_ref().is_some_and(StartError::is_lasting);
            if lasting { ExitCode::from(LASTING) } else { ExitCode::FAILURE }
        }
    }
}

/// Says what is wrong with the command line, and what would be right.
fn refuse_usage(error: &clap::Error) -> ExitCode {
    let words = std::env::args().skip(1);
    match listing::lacking_filter(error, &<Cli as clap::CommandFactory>::command(), words) {
        Some(refusal) => {
            print::complain(format_args!("simbridge: {refusal}"));
            ExitCode::from(USAGE)
        }
        None => error.exit(),
    }
}

fn run(common: &Common, command: Command) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start")?;
    let ran = runtime.block_on(async {
        match command {
            Command::Demo { modems, listen, once: false } => demo::run(modems.into(), listen).await,
            Command::Demo { modems, listen, once: true } => {
                demo_once::run(modems.into(), listen, common.json).await
            }
            Command::Serve => serve::run(common.config()?).await,
            Command::Migrate => migrate::run(&common.config()?).await,
            Command::Check { user } => {
                check::run(&common.path()?, user.as_deref(), common.json).await
            }
            Command::Config { template: true } => {
                print::document(config::template().trim_end()).map(|()| ExitCode::SUCCESS)
            }
            Command::Config { template: false } => check::show(&common.path()?, common.json),
            Command::Manual { folder } => {
                manual::write(&folder, <Cli as clap::CommandFactory>::command())
            }
            Command::Simulate(simulate) => simulate::run(simulate, common.json).await,
            Command::Probe { port, baud, insecure } => {
                let hardware = common.config_or_defaults().hardware;
                let options = PortOptions { insecure, ..PortOptions::default() };
                let ports = Ports { pattern: PortPattern { port, baud }, options };
                modem::probe_port(&ports, Some(&hardware), common.json).await
            }
            Command::CopyTo(arguments) => {
                let cooldown = common.config_or_defaults().gateway.number_cooldown;
                let configured = || Ok(common.config()?.database);
                copy_to::run(arguments, configured, cooldown, common.json).await?;
                Ok(ExitCode::SUCCESS)
            }
            Command::Admin(args::Admin::Modem(modem::Modem::Scan)) => {
                let config = common.config_or_defaults();
                let client = AdminClient::new(config.admin.socket);
                modem::scan(&client, Some(config.hardware), common.json).await?;
                Ok(ExitCode::SUCCESS)
            }
            Command::Admin(args::Admin::Site(site::Site::Certificate)) => {
                site::certificate(&common.config()?.sites, common.json)?;
                Ok(ExitCode::SUCCESS)
            }
            Command::Admin(args::Admin::Verify { file: Some(file) }) => {
                let cooldown = common.config_or_defaults().gateway.number_cooldown;
                verify::file(&file, cooldown, common.json)
            }
            Command::Admin(command) => admin::run(command, &client(common)?, common.json).await,
        }
    });
    // Threads that are still blocked, by a modem that does not answer, must not delay the exit.
    runtime.shutdown_background();
    ran
}

/// The client of the daemon that runs with the configuration. Only the socket's path is needed from
/// it: errors elsewhere in the file must not keep an operator from a running daemon.
fn client(common: &Common) -> anyhow::Result<AdminClient> {
    let path = common.path()?;
    let reading = Config::inspect(&path)?;
    if !reading.is_certain("admin", "socket") {
        // A different daemon might answer on the default socket.
        return Err(ConfigError { path, faults: Ok(reading.faults) }.into());
    }
    Ok(AdminClient::new(reading.config.admin.socket))
}
