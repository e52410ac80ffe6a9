//! Commands about modems. `probe` works without the daemon; the others ask the running one.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::args::named;
use super::listing::{ListQuery, OfNumber, Page};
use super::{print, samples};
use crate::daemon::scan_ports;
use crate::domain::modem::FinalResult;
use crate::domain::{Iccid, Imei, Imsi};
use crate::driver::{Depth, Ports, probe};
use crate::http::admin::scanned;
use crate::http::{AdminClient, ClientError, path_segment};

/// One modem.
#[derive(Args)]
pub(super) struct NamedModem {
    /// The modem, by its port, the port's last part, its IMEI, or its identity
    #[arg(value_parser = named)]
    modem: String,
}

#[derive(Subcommand)]
pub(super) enum Modem {
    /// List ports and their modems
    List {
        #[command(flatten)]
        numbers: OfNumber,
        /// Only those in this state, like ready or quarantined
        #[arg(long, value_parser = named)]
        state: Option<String>,
        #[command(flatten)]
        page: Page,
    },
    /// Show one modem: what it is, its recent states, and the last lines of the conversation with
    /// it
    Show(NamedModem),
    /// Show a modem's signal in each minute of the last 24 hours, since the daemon's start
    Signal(NamedModem),
    /// Examine all serial ports of this machine: which answers, and what it is. Needs no daemon and
    /// no configuration
    Scan,
    /// Restart a modem
    Reset {
        #[command(flatten)]
        modem: NamedModem,
        /// Use the model's hard reset, if it has one
        #[arg(long)]
        hard: bool,
    },
    /// Send one AT command and show its reply; the modem does nothing else meanwhile
    At {
        #[command(flatten)]
        modem: NamedModem,
        /// The command, like AT+CSQ
        command: String,
        /// Send it although it is not known that it changes nothing. What writes an IMEI, enters a
        /// PIN, or sends or deletes messages is refused all the same
        #[arg(long)]
        force: bool,
    },
    /// Send a USSD code, or the choice from a menu that a code has led to, and show the network's
    /// answer
    Ussd {
        #[command(flatten)]
        modem: NamedModem,
        /// The code, like *100#, or the digits of a choice
        code: String,
    },
    /// Find out and store the number of the SIM in a modem: ask the mobile operator by USSD, or
    /// send a message to another SIM
    AskNumber {
        #[command(flatten)]
        modem: NamedModem,
        /// The USSD code; by default, the one that the hardware files have for the SIM's operator
        code: Option<String>,
        /// Have the SIM text another SIM of yours and read its number from the sender. Costs one
        /// SMS, and is done at most once a day
        #[arg(long, conflicts_with = "code")]
        loopback: bool,
    },
    /// Write the conversation with a modem into a file that is safe to share and can be replayed:
    /// numbers are replaced, texts removed
    Record {
        #[command(flatten)]
        modem: NamedModem,
        /// The file to write, which must not exist
        file: PathBuf,
        /// Why the conversation is recorded, for the head of the file
        #[arg(long, default_value = "")]
        reason: String,
    },
}

const LIST: &[&str] = &[
    "port",
    "state",
    "number",
    "?operator",
    "?signal",
    "?since",
    "?manufacturer",
    "?model",
    "?identity",
    "reason",
    "last_sim",
];
const SHOW: &[&str] = &[
    "port",
    "state",
    "reason",
    "warnings",
    "since",
    "seen_at",
    "manufacturer",
    "model",
    "firmware",
    "imei",
    "identity",
    "profile",
    "usb",
    "iccid",
    "number",
    "home_operator",
    "last_sim",
    "operator",
    "signal",
    "number_asked",
    "recoveries",
    "dropped",
];
const SCAN: &[&str] = &["port", "answer", "manufacturer", "model", "imei", "profile"];

/// Carries out a command and prints the daemon's answer.
pub(super) async fn run(command: Modem, client: &AdminClient, json: bool) -> anyhow::Result<()> {
    match command {
        Modem::List { numbers, state, page } => {
            let query = ListQuery::default().number(numbers).with("state", state);
            let path = query.page(page).of("/modems");
            let none = match path.as_str() {
                "/modems" => "no modems: no configured port exists, and no site has reported one",
                _ => "no modem like that",
            };
            let mut modems = client.get(&path).await?;
            if !json {
                modems.as_array_mut().into_iter().flatten().for_each(name_units);
                modems.as_array_mut().into_iter().flatten().for_each(name_last_sim);
            }
            print::list(json, &modems, LIST, none)
        }
        Modem::Show(NamedModem { modem }) => show(&get(client, &modem).await?, json),
        Modem::Signal(NamedModem { modem }) => samples::signal(client, json, &modem).await,
        Modem::Scan => scan(client, None, json).await,
        Modem::Reset { modem: NamedModem { modem }, hard } => {
            let request = json!({ "name": modem, "hard": hard });
            reply(&client.post("/modem/reset", request).await?, json)
        }
        Modem::At { modem: NamedModem { modem }, command, force } => {
            let request = json!({ "name": modem, "command": command, "force": force });
            let answer = client.post("/modem/at", request).await?;
            reply(&answer, json)?;
            let last = texts(answer.get("reply")).last().unwrap_or_default();
            anyhow::ensure!(
                FinalResult::parse(last).is_none_or(FinalResult::is_ok),
                "the modem answered {last}"
            );
            Ok(())
        }
        Modem::Ussd { modem: NamedModem { modem }, code } => {
            let request = json!({ "name": modem, "code": code });
            reply(&client.post("/modem/ussd", request).await?, json)
        }
        Modem::AskNumber { modem: NamedModem { modem }, code, loopback } => {
            let request = json!({ "name": modem, "code": code, "loopback": loopback });
            let sim = client.post("/modem/number", request).await?;
            let fields = &["iccid", "imsi", "number", "number_source", "country"];
            print::object(json, &sim, fields)
        }
        Modem::Record { modem: NamedModem { modem }, file, reason } => {
            let path = format!("/modem/recording?name={}", path_segment(&modem));
            let recording = client.get(&path).await?;
            record(&get(client, &modem).await?, &recording, &file, &reason)?;
            print::object(json, &json!({ "written": file.display().to_string() }), &["written"])
        }
    }
}

/// Has the daemon examine all ports that it does not serve. Where none runs, this process does it.
pub(super) async fn scan(
    client: &AdminClient,
    hardware: Option<PathBuf>,
    json: bool,
) -> anyhow::Result<()> {
    let rows = match (client.post("/modem/scan", Value::Null).await, hardware) {
        (Ok(rows), _) => rows,
        (Err(ClientError::NoDaemon(_)), Some(hardware)) => {
            scan_ports(hardware).await.iter().map(scanned).collect()
        }
        (Err(error), _) => return Err(error.into()),
    };
    print::list(json, &rows, SCAN, "there is no serial port")
}

async fn get(client: &AdminClient, modem: &str) -> anyhow::Result<Value> {
    Ok(client.get(&format!("/modem?name={}", path_segment(modem))).await?)
}

fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn show(modem: &Value, json: bool) -> anyhow::Result<()> {
    if json {
        return print::json(modem);
    }
    let mut fields = modem.clone();
    name_units(&mut fields);
    print::fields(&fields, SHOW)?;
    for change in modem.get("history").and_then(Value::as_array).into_iter().flatten() {
        let cell = |key| print::cell(change.get(key));
        let reason =
            change.get("reason").and_then(Value::as_str).map(|reason| format!(": {reason}"));
        print::line(format!("{}  {}{}", cell("at"), cell("state"), reason.unwrap_or_default()))?;
    }
    texts(modem.get("transcript")).try_for_each(print::line)
}

/// Makes the SIM that a modem had last a name for it: its number, or its ICCID.
fn name_last_sim(modem: &mut Value) {
    if let Some(last) = modem.get_mut("last_sim") {
        *last = last_sim(last).map_or(Value::Null, Into::into);
    }
}

/// The number, or the ICCID, of the SIM that a modem had last.
pub(super) fn last_sim(last: &Value) -> Option<String> {
    let known = ["number", "iccid"].into_iter().find_map(|name| last.get(name)?.as_str());
    known.map(str::to_owned)
}

/// Makes a modem's signal what people read: with its unit.
fn name_units(modem: &mut Value) {
    if let Some(signal) = modem.get_mut("signal")
        && let Some(dbm) = signal.as_i64()
    {
        *signal = format!("{dbm} dBm").into();
    }
}

fn reply(answer: &Value, json: bool) -> anyhow::Result<()> {
    if json {
        return print::json(answer);
    }
    // The text of a network may have several lines.
    texts(answer.get("reply")).flat_map(|text| text.split('\n')).try_for_each(print::line)
}

/// Writes a recording: what the modem is and why it was recorded, then the lines.
fn record(modem: &Value, recording: &Value, file: &Path, reason: &str) -> anyhow::Result<()> {
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
    let body: String = texts(recording.get("lines")).map(|line| format!("{line}\n")).collect();
    let written =
        File::create_new(file).and_then(|mut new| new.write_all((head + &body).as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            anyhow::anyhow!("{} already exists; choose another name", file.display())
        }
        _ => anyhow::Error::new(error).context(format!("cannot write {}", file.display())),
    })
}

/// Examines one port without the daemon.
pub(super) async fn probe_port(
    ports: &Ports,
    hardware: Option<&Path>,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let found = probe(ports, hardware, Depth::Everything).await;
    let Some(snapshot) = &found.snapshot else {
        let reason = found.failure.map(|reason| reason.to_string()).unwrap_or_default();
        anyhow::bail!("{}: {reason}", found.port);
    };
    let identity = snapshot.identity.as_ref();
    let sim = snapshot.sim.as_ref();
    let reason = found.failure.as_ref().or(snapshot.reason.as_ref());
    let shown = json!({
        "port": snapshot.port.as_str(),
        "state": snapshot.state.as_str(),
        "reason": reason.map(ToString::to_string),
        "manufacturer": identity.map(|identity| &identity.manufacturer),
        "model": identity.map(|identity| &identity.model),
        "firmware": identity.and_then(|identity| identity.firmware.as_ref()),
        "imei": snapshot.imei().map(Imei::as_str),
        "identity": identity.map(|identity| identity.id.as_str()),
        "profile": snapshot.profile,
        "iccid": snapshot.iccid().map(Iccid::as_str),
        "imsi": sim.and_then(|sim| sim.imsi.as_ref()).map(Imsi::as_str),
        "number": sim.and_then(|sim| sim.number.as_ref()).map(|own| &own.number),
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
