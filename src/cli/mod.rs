//! The operator's commands. Those that ask or change something talk to the running daemon over its
//! admin socket.

mod admin;
mod args;
mod backup;
mod bank;
mod catalogue;
mod check;
mod demo;
mod demo_once;
mod demo_stage;
mod import;
mod manual;
mod modem;
mod print;
mod progress;
mod screen;
mod serve;
mod simulate;
mod status;
mod tail;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand};

use crate::daemon::StartError;
use crate::daemon::config::{self, Config, ConfigError};
use crate::http::AdminClient;

/// sysexits' EX_CONFIG: starting again is of no use before somebody has seen to it; the service
/// manager is told not to.
const LASTING: u8 = 78;
/// Where the configuration is looked for when nobody names one.
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

/// What every command takes.
#[derive(Args)]
struct Common {
    /// The configuration file; it tells where the running daemon is
    #[arg(long, global = true, env = "SIMBRIDGE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON instead of a table
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Try it: all of it on simulated modems, in a temporary folder
    Demo {
        /// How many simulated modems
        #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1000))]
        modems: u16,
        /// The address to serve customers on [default: 127.0.0.1:8080; with --once a free port]
        #[arg(long, value_name = "ADDR")]
        listen: Option<SocketAddr>,
        /// Play one order through, print what happened, exit 0 or 1
        #[arg(long)]
        once: bool,
    },
    /// Run the daemon
    Serve,
    /// Tell every fault of a configuration, with its line
    Check {
        /// The user that the service runs as, whose rights count instead of yours
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
    },
    /// Show the configuration as it is understood, and where each value is from
    Config {
        /// Print a file to begin with instead: every key with what it does
        #[arg(long)]
        template: bool,
    },
    /// Write manual pages and shell completions into a folder
    #[command(hide = true)]
    Manual {
        /// The folder
        folder: PathBuf,
    },
    /// Simulated modems on PTYs, apart from the daemon
    Simulate(simulate::Simulate),
    /// Look at one port without the daemon: who is there, its SIM, its signal, what is stored
    Probe {
        /// The port
        port: PathBuf,
        /// Bits per second
        #[arg(long, default_value_t = 115_200)]
        baud: u32,
    },
    #[command(flatten)]
    Admin(args::Admin),
}

impl Common {
    /// The configuration's path: as named, else the default if it is there.
    fn path(&self) -> anyhow::Result<PathBuf> {
        if let Some(path) = &self.config {
            return Ok(path.clone());
        }
        let default = PathBuf::from(DEFAULT_CONFIG);
        if !default.is_file() {
            bail!(
                "no configuration: give --config FILE or set SIMBRIDGE_CONFIG ({DEFAULT_CONFIG} \
                 is not there)"
            );
        }
        Ok(default)
    }

    fn config(&self) -> anyhow::Result<Config> {
        Ok(Config::load(&self.path()?)?)
    }
}

/// Runs the program: 0 when the command did what it says, 1 when not, 2 when it was not understood.
pub fn main() -> ExitCode {
    let Cli { common, command } = Cli::parse();
    match run(&common, command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("simbridge: {error:#}");
            let lasting = error.downcast_ref().is_some_and(StartError::is_lasting);
            if lasting { ExitCode::from(LASTING) } else { ExitCode::FAILURE }
        }
    }
}

fn run(common: &Common, command: Command) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start")?;
    let ran = runtime.block_on(async {
        match command {
            Command::Demo { modems, listen, once: false } => demo::run(modems.into(), listen).await,
            Command::Demo { modems, listen, once: true } => {
                demo_once::run(modems.into(), listen).await
            }
            Command::Serve => serve::run(common.config()?).await,
            Command::Check { user } => check::run(&common.path()?, user.as_deref()).await,
            Command::Config { template: true } => {
                print::line(config::template().trim_end()).map(|()| ExitCode::SUCCESS)
            }
            Command::Config { template: false } => check::show(&common.path()?, common.json),
            Command::Manual { folder } => {
                manual::write(&folder, <Cli as clap::CommandFactory>::command())
            }
            Command::Simulate(simulate) => simulate::run(simulate, common.json).await,
            Command::Probe { port, baud } => {
                let config = common.path().ok().and_then(|path| Config::look(&path).ok());
                let hardware = config.map(|reading| reading.config.hardware);
                modem::look(&port, baud, hardware.as_deref(), common.json).await
            }
            Command::Admin(command) => admin::run(command, &client(common)?, common.json).await,
        }
    });
    // Threads that still block (a modem that does not answer) must not hold the end up.
    runtime.shutdown_background();
    ran
}

/// Of the configuration only the socket is needed: faults elsewhere keep nobody from helping a
/// running daemon.
fn client(common: &Common) -> anyhow::Result<AdminClient> {
    let path = common.path()?;
    let reading = Config::look(&path)?;
    if !reading.is_sure("admin", "socket") {
        // Another daemon might answer on the default one.
        return Err(ConfigError { path, faults: Ok(reading.faults) }.into());
    }
    Ok(AdminClient::new(reading.config.socket))
}
