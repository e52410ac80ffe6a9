//! What a shell offers for the arguments of a command: beside commands and options, the names of
//! what the running daemon has.

use std::ffi::OsStr;
use std::time::Duration;

use clap::builder::ValueHint;
use clap::{Arg, Command, CommandFactory};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use serde_json::Value;

use super::{Cli, Common};
use crate::http::AdminClient;

/// How long a shell waits for the daemon.
const PATIENCE: Duration = Duration::from_secs(1);

/// The arguments that name something, by their ids: the list that has it, and the member of a row
/// that names it.
const NAMED: [(&str, &str, &str); 10] = [
    ("account", "/accounts", "name"),
    ("service", "/services", "name"),
    ("iccid", "/sims", "iccid"),
    ("sim", "/sims", "iccid"),
    ("prefix", "/keys", "prefix"),
    ("modem", "/modems", "port"),
    ("bank", "/banks", "name"),
    ("site", "/sites", "name"),
    ("operator", "/operators", "name"),
    ("login", "/logins", "name"),
];

/// The arguments that are files, and those that are folders.
const FILES: [&str; 4] = ["file", "output", "scenario", "config"];
const FOLDERS: [&str; 2] = ["dir", "folder"];

/// The program's commands, with what can be offered for their arguments.
pub(super) fn command() -> Command {
    with_offers(Cli::command())
}

fn with_offers(command: Command) -> Command {
    command.mut_args(with_offer).mut_subcommands(with_offers)
}

fn with_offer(arg: Arg) -> Arg {
    let id = arg.get_id().as_str();
    if FILES.contains(&id) {
        return arg.value_hint(ValueHint::FilePath);
    }
    if FOLDERS.contains(&id) {
        return arg.value_hint(ValueHint::DirPath);
    }
    match NAMED.iter().find(|(named, ..)| *named == id) {
        Some((_, list, member)) => {
            arg.add(ArgValueCompleter::new(move |begun: &OsStr| names(list, member, begun)))
        }
        None => arg,
    }
}

/// The names in a list that begin like this; none when no daemon answers.
fn names(list: &str, member: &str, begun: &OsStr) -> Vec<CompletionCandidate> {
    let rows = fetch(list).unwrap_or_default();
    let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
    let names = rows.iter().filter_map(|row| row.get(member)?.as_str());
    // A port is also named by its last part. Names of banks may have a slash too.
    let is_port = member == "port";
    let names = names.map(|name| name.rsplit('/').next().filter(|_| is_port).unwrap_or(name));
    let begun = begun.to_string_lossy();
    names.filter(|name| name.starts_with(&*begun)).map(CompletionCandidate::new).collect()
}

fn fetch(list: &str) -> Option<Value> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let socket = Common::default().config_or_defaults().admin.socket;
    runtime.block_on(async {
        let client = AdminClient::new(socket);
        tokio::time::timeout(PATIENCE, client.get(list)).await.ok()?.ok()
    })
}
