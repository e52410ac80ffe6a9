//! Commands about modems. `probe` needs no daemon; the others ask the running one.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};

use super::print;
use crate::at::FinalResult;
use crate::driver::{Depth, probe};
use crate::http::{AdminClient, path_segment};

#[derive(Subcommand)]
pub(super) enum Modem {
    /// Every port, and what is on it
    List,
    /// One modem: what it is, what was done about it, its last lines
    Show {
        /// Its port, the port's last part, or its IMEI
        modem: String,
    },
    /// Look at every serial port of this machine: which answers, and what it is
    Scan,
    /// Start a modem anew
    Reset {
        /// Its port, the port's last part, or its IMEI
        modem: String,
        /// By the stronger command, where its model has one
        #[arg(long)]
        hard: bool,
    },
    /// Send one command and show its reply; the modem's worker waits meanwhile
    At {
        /// Its port, the port's last part, or its IMEI
        modem: String,
        /// The command, like AT+CSQ
        command: String,
    },
    /// Send a USSD code and show the network's text
    Ussd {
        /// Its port, the port's last part, or its IMEI
        modem: String,
        /// The code, like *100#
        code: String,
    },
    /// Ask for the number of the SIM in a modem and keep it: the mobile operator by USSD, or by a
    /// message to another SIM
    AskNumber {
        /// Its port, the port's last part, or its IMEI
        modem: String,
        /// The code; without it, the one that the hardware files know for the SIM's operator
        code: Option<String>,
        /// Have the SIM send a message to another SIM of yours instead: whom it comes from is the
        /// number. It costs what a message costs, and is done once a day at most
        #[arg(long, conflicts_with = "code")]
        loopback: bool,
    },
    /// Write the conversation with a modem into a file that can be given away and replayed: under
    /// pseudonyms, without texts
    Record {
        /// Its port, the port's last part, or its IMEI
        modem: String,
        /// The file
        file: PathBuf,
        /// Why it was recorded
        #[arg(long, default_value = "")]
        reason: String,
    },
}

const LIST: &[&str] = &[
    "port",
    "state",
    "number",
    "operator",
    "signal",
    "manufacturer",
    "model",
    "imei",
    "since",
    "reason",
];
const SHOW: &[&str] = &[
    "port",
    "state",
    "reason",
    "since",
    "seen_at",
    "manufacturer",
    "model",
    "firmware",
    "imei",
    "profile",
    "usb",
    "iccid",
    "number",
    "operator",
    "signal",
    "number_asked",
    "recoveries",
    "dropped",
];
const SCAN: &[&str] = &["port", "answer", "manufacturer", "model", "imei", "profile"];

/// Carries a command out and prints the daemon's answer.
pub(super) async fn run(command: Modem, client: &AdminClient, json: bool) -> anyhow::Result<()> {
    match command {
        Modem::List => {
            let rows = client.get("/modems").await?;
            table(json, &rows, LIST, "no modems: no port that a [[modem]] names is there")
        }
        Modem::Show { modem } => show(&get(client, &modem).await?, json),
        Modem::Scan => {
            let rows = client.post("/modem/scan", Value::Null).await?;
            table(json, &rows, SCAN, "no serial port is there")
        }
        Modem::Reset { modem, hard } => {
            let asked = json!({ "name": modem, "hard": hard });
            reply(&client.post("/modem/reset", asked).await?, json)
        }
        Modem::At { modem, command } => {
            let said =
                client.post("/modem/at", json!({ "name": modem, "command": command })).await?;
            reply(&said, json)?;
            let last = texts(said.get("reply")).last().unwrap_or_default();
            anyhow::ensure!(
                FinalResult::parse(last).is_none_or(FinalResult::is_ok),
                "the modem answered {last}"
            );
            Ok(())
        }
        Modem::Ussd { modem, code } => {
            let asked = json!({ "name": modem, "code": code });
            reply(&client.post("/modem/ussd", asked).await?, json)
        }
        Modem::AskNumber { modem, code, loopback } => {
            let asked = json!({ "name": modem, "code": code, "loopback": loopback });
            let sim = client.post("/modem/number", asked).await?;
            let fields = &["iccid", "imsi", "number", "number_source", "country"];
            if json { print::json(&sim) } else { print::fields(&sim, fields) }
        }
        Modem::Record { modem, file, reason } => {
            let said =
                client.get(&format!("/modem/recording?name={}", path_segment(&modem))).await?;
            record(&get(client, &modem).await?, &said, &file, &reason)
        }
    }
}

async fn get(client: &AdminClient, modem: &str) -> anyhow::Result<Value> {
    Ok(client.get(&format!("/modem?name={}", path_segment(modem))).await?)
}

fn table(json: bool, rows: &Value, columns: &[&str], empty: &str) -> anyhow::Result<()> {
    if json { print::json(rows) } else { print::table(rows, columns, empty) }
}

fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn show(modem: &Value, json: bool) -> anyhow::Result<()> {
    if json {
        return print::json(modem);
    }
    print::fields(modem, SHOW)?;
    for change in modem.get("history").and_then(Value::as_array).into_iter().flatten() {
        let cell = |key| print::cell(change.get(key));
        let reason =
            change.get("reason").and_then(Value::as_str).map(|reason| format!(": {reason}"));
        print::line(&format!("{}  {}{}", cell("at"), cell("state"), reason.unwrap_or_default()))?;
    }
    texts(modem.get("transcript")).try_for_each(print::line)
}

fn reply(said: &Value, json: bool) -> anyhow::Result<()> {
    if json { print::json(said) } else { texts(said.get("reply")).try_for_each(print::line) }
}

/// A recording: what the modem is and why it was recorded, then its lines.
fn record(modem: &Value, said: &Value, file: &Path, reason: &str) -> anyhow::Result<()> {
    let cell = |key| print::cell(modem.get(key));
    let (manufacturer, model) = (cell("manufacturer"), cell("model"));
    let head = format!(
        "# device: {manufacturer} {model}\n# firmware: {}\n# when: {}\n# why: {reason}\n# source: \
         recorded by simbridge; numbers have pseudonyms of the same length, texts are blank\n# \
         expect: state {}\n# expect: manufacturer {manufacturer}\n# expect: model {model}\n\n",
        cell("firmware"),
        cell("seen_at"),
        cell("state"),
    );
    let body: String = texts(said.get("lines")).map(|line| format!("{line}\n")).collect();
    std::fs::write(file, head + &body)?;
    print::line(&format!("{}: written", file.display()))
}

/// Looks at one port without the daemon.
pub(super) async fn look(
    port: &Path,
    baud: u32,
    hardware: Option<&Path>,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let found = probe(port, baud, hardware, Depth::Everything).await;
    let Some(snapshot) = &found.snapshot else {
        anyhow::bail!("{}: {}", port.display(), found.failure.unwrap_or_default());
    };
    let identity = snapshot.identity.as_ref();
    let sim = snapshot.sim.as_ref();
    let shown = json!({
        "port": snapshot.port,
        "state": snapshot.state.to_string(),
        "reason": found.failure.as_ref().or(snapshot.reason.as_ref()),
        "manufacturer": identity.map(|identity| &identity.manufacturer),
        "model": identity.map(|identity| &identity.model),
        "firmware": identity.and_then(|identity| identity.firmware.as_ref()),
        "imei": identity.map(|identity| &identity.imei),
        "profile": snapshot.profile,
        "iccid": sim.map(|sim| &sim.iccid),
        "imsi": sim.and_then(|sim| sim.imsi.as_ref()),
        "number": sim.and_then(|sim| sim.number.as_ref()),
        "signal": snapshot.signal_dbm,
        "operator": snapshot.operator,
        "stored": found.stored,
    });
    if json {
        print::json(&shown)?;
    } else {
        let keys: Vec<&str> = shown
            .as_object()
            .into_iter()
            .flat_map(|shown| shown.keys().map(String::as_str))
            .collect();
        print::fields(&shown, &keys)?;
    }
    Ok(if identity.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
