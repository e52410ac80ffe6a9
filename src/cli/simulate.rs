//! `simulate`: runs simulated modems on PTYs, in a process apart from the daemon.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use serde_json::json;

use super::print;
use crate::daemon::system_sources;
use crate::simulator::{RackConfig, Scenario, SpecialMessage, control, simulate};

/// The arguments of `simulate`.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Simulate {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    rack: Option<RackArgs>,
}

#[derive(Args)]
struct RackArgs {
    /// How many modems to simulate
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1000))]
    modems: u16,
    /// The folder for the ports: DIR/modem000, DIR/modem001, …
    #[arg(long)]
    dir: PathBuf,
    /// A TOML file that says which SIMs, numbers, stored messages and faults there are
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Send an SMS to a simulated number
    Send {
        /// The running simulation's folder
        #[arg(long)]
        dir: PathBuf,
        /// The number to send to, like +31612345678
        #[arg(long, value_name = "NUMBER")]
        to: String,
        /// Who sends: a number, or up to 11 letters
        #[arg(long, value_name = "SENDER", value_parser = sender)]
        from: String,
        /// What to send instead of a text, as networks do
        #[arg(long, value_parser = special())]
        kind: Option<SpecialMessage>,
        /// The text; some kinds carry one as well
        #[arg(required_unless_present = "kind", default_value = "", hide_default_value = true)]
        text: String,
    },
}

/// A sender as a network shows it. A name has 11 characters at most (3GPP TS 23.040 clause 9.1.2.5:
/// an address has ten octets, in septets of the default alphabet).
fn sender(text: &str) -> Result<String, String> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'+');
    match is_number || text.chars().count() <= 11 {
        true => Ok(text.to_owned()),
        false => Err("a sender's name has at most 11 characters".to_owned()),
    }
}

/// Reads the name of a kind of message, and names the known ones when it is none.
fn special() -> impl TypedValueParser<Value = SpecialMessage> {
    PossibleValuesParser::new(SpecialMessage::ALL.map(SpecialMessage::as_str)).try_map(|name| {
        let is_it = |kind: &SpecialMessage| kind.as_str() == name;
        SpecialMessage::ALL.into_iter().find(is_it).ok_or("no such kind")
    })
}

/// Runs simulated modems until they are stopped, or sends an SMS to a simulation that is running.
pub(super) async fn run(simulate: Simulate, json: bool) -> anyhow::Result<ExitCode> {
    match (simulate.command, simulate.rack) {
        (Some(Command::Send { dir, to, from, kind, text }), _) => {
            let receipt = match kind {
                Some(kind) => control::send_special(&dir, kind, &from, &to, &text).await?,
                None => control::send(&dir, &from, &to, &text).await?,
            };
            if json {
                print::json(&json!({ "parts": receipt.parts }))?;
            }
        }
        (None, Some(args)) => run_rack(args).await?,
        (None, None) => anyhow::bail!("simulate needs --dir DIR"),
    }
    Ok(ExitCode::SUCCESS)
}

async fn run_rack(args: RackArgs) -> anyhow::Result<()> {
    let scenario = args.scenario.map(|path| {
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        Scenario::parse(&text).with_context(|| path.display().to_string())
    });
    let config = RackConfig {
        dir: args.dir,
        modems: args.modems.into(),
        clock: Arc::new(system_sources::utc_now),
        scenario: scenario.transpose()?,
    };
    Ok(simulate(config, &mut std::io::stdout()).await?)
}
