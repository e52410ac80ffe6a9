//! The control socket: a Unix socket beside the ports that takes requests and gives answers as
//! lines of JSON.

use std::fs;
use std::io;
use std::os::unix::net as blocking;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use super::bank::faults::BankFault;
use super::error::SimulatorError;
use super::faults::{CardFault, Fault};
use super::network::{ModemStats, Network, SendReceipt};
use super::special::SpecialMessage;

/// The socket's name in the folder.
pub const SOCKET: &str = "control.sock";

/// The length of the longest request line, in octets.
const LINE_LIMIT: u64 = 1024 * 1024;

/// A request, as JSON: `{"do":"send","from":"Bank","to":"+31612340000","text":"hello"}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Sends a text to a SIM, as [`Network::send`] does.
    Send {
        /// The sender, which is a number or a name.
        from: String,
        /// The number of a simulated SIM.
        to: String,
        /// The text of the message.
        text: String,
    },
    /// Sends a message that is no text to a SIM, as [`Network::send_special`] does.
    SendSpecial {
        /// What it is.
        kind: SpecialMessage,
        /// The sender, which is a number or a name.
        from: String,
        /// The number of a simulated SIM.
        to: String,
        /// The text of the message, for the kinds that carry one.
        #[serde(default)]
        text: String,
    },
    /// Sends a TPDU to a SIM, as [`Network::send_pdu`] does.
    SendPdu {
        /// The number of a simulated SIM.
        to: String,
        /// The TPDU in hexadecimal digits.
        tpdu: String,
    },
    /// Lists the numbers of all SIMs.
    Numbers,
    /// Counts the messages that the modem of a SIM has in its stores.
    Stored {
        /// The number of a simulated SIM.
        number: String,
    },
    /// Counts the messages that wait at the network for a SIM.
    Waiting {
        /// The number of a simulated SIM.
        number: String,
    },
    /// Lists the modems with what they have received and deleted.
    Stats,
    /// Lists the SIM banks with their switches.
    BankStats,
    /// Lists the cards in the SIM banks.
    BankCards,
    /// Lists the cards in the slots of modules.
    ModuleCards,
    /// Makes the network refuse a card, or accept it again.
    CardFault {
        /// The ICCID of the card.
        iccid: String,
        /// What the network does with it.
        fault: CardFault,
    },
    /// Starts a fault of a SIM bank.
    BankFault {
        /// The bank's number, from 0.
        bank: usize,
        /// The fault to begin.
        fault: BankFault,
    },
    /// Starts or ends a fault of a modem.
    Fault {
        /// The modem's place, from 0.
        modem: usize,
        /// The fault to begin.
        fault: Fault,
    },
}

/// Sends a text through the simulator that runs in `dir`.
///
/// # Errors
/// No simulator runs there, or no SIM has the number.
pub async fn send(
    dir: &Path,
    from: &str,
    to: &str,
    text: &str,
) -> Result<SendReceipt, SimulatorError> {
    ask(dir, &Request::Send { from: from.to_owned(), to: to.to_owned(), text: text.to_owned() })
        .await
}

/// Sends a message that is no text through the simulator that runs in `dir`.
///
/// # Errors
/// No simulator runs there, or no SIM has the number.
pub async fn send_special(
    dir: &Path,
    kind: SpecialMessage,
    from: &str,
    to: &str,
    text: &str,
) -> Result<SendReceipt, SimulatorError> {
    let (from, to, text) = (from.to_owned(), to.to_owned(), text.to_owned());
    ask(dir, &Request::SendSpecial { kind, from, to, text }).await
}

/// The modems of the simulator that runs in `dir`.
///
/// # Errors
/// No simulator runs there.
pub async fn stats(dir: &Path) -> Result<Vec<ModemStats>, SimulatorError> {
    ask(dir, &Request::Stats).await
}

/// Starts or ends a fault of a modem of the simulator that runs in `dir`.
///
/// # Errors
/// No simulator runs there, or there is no such modem or card.
pub async fn fault(dir: &Path, modem: usize, fault: &Fault) -> Result<(), SimulatorError> {
    ask(dir, &Request::Fault { modem, fault: fault.clone() }).await
}

/// Sends a request to the simulator that runs in `dir`.
///
/// # Errors
/// No simulator runs there, or it refused.
pub async fn ask<T: DeserializeOwned>(dir: &Path, request: &Request) -> Result<T, SimulatorError> {
    let not_running = |reason| SimulatorError::NotRunning { dir: dir.to_owned(), reason };
    let mut stream = UnixStream::connect(dir.join(SOCKET)).await.map_err(not_running)?;
    let line = format!("{}\n", json!(request));
    stream.write_all(line.as_bytes()).await.map_err(not_running)?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).await.map_err(not_running)?;
    let wrong = |error: serde_json::Error| {
        SimulatorError::Refused(format!("the simulator's answer is not right: {error}"))
    };
    match serde_json::from_str(&answer).map_err(wrong)? {
        Answer::Ok(value) => serde_json::from_value(value).map_err(wrong),
        Answer::Error(message) => Err(SimulatorError::Refused(message)),
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Ok(Value),
    Error(String),
}

/// The control socket, which listens until it is dropped.
pub(super) struct Socket {
    listener: UnixListener,
    path: PathBuf,
}

impl Drop for Socket {
    fn drop(&mut self) {
        // A socket file that stays behind is replaced by the next start.
        let _ = fs::remove_file(&self.path);
    }
}

impl Socket {
    /// Binds `dir/control.sock`; a dead one that a killed simulator left is replaced.
    pub(super) fn bind(dir: &Path) -> Result<Self, SimulatorError> {
        let path = dir.join(SOCKET);
        if blocking::UnixStream::connect(&path).is_ok() {
            return Err(SimulatorError::FolderInUse { dir: dir.to_owned() });
        }
        let cannot = || SimulatorError::io(format!("cannot listen on {}", path.display()));
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(cannot()(error)),
            _ => {}
        }
        let listener = UnixListener::bind(&path).map_err(cannot())?;
        Ok(Self { listener, path })
    }

    /// Answers requests until `stop` is cancelled.
    pub(super) async fn serve(self, network: Network, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                accepted = self.listener.accept() => {
                    if let Ok((stream, _)) = accepted {
                        let (network, stop) = (network.clone(), stop.clone());
                        tokio::spawn(async move {
                            let _ = stop.run_until_cancelled(converse(stream, &network)).await;
                        });
                    }
                }
            }
        }
    }
}

async fn converse(stream: UnixStream, network: &Network) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    loop {
        let mut line = Vec::new();
        if (&mut reader).take(LINE_LIMIT).read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let answer = match serde_json::from_slice(&line) {
            Ok(request) => answer(network, request),
            Err(error) => Answer::Error(format!("this is no request: {error}")),
        };
        writer.write_all(format!("{}\n", json!(answer)).as_bytes()).await?;
    }
}

fn answer(network: &Network, request: Request) -> Answer {
    let done = match request {
        Request::Send { from, to, text } => {
            network.send(&from, &to, &text).map(|receipt| json!(receipt))
        }
        Request::SendSpecial { kind, from, to, text } => {
            network.send_special(kind, &from, &to, &text).map(|receipt| json!(receipt))
        }
        Request::SendPdu { to, tpdu } => match hex::decode(tpdu) {
            Ok(tpdu) => network.send_pdu(&to, &tpdu).map(|receipt| json!(receipt)),
            Err(_) => Err(SimulatorError::NotHexadecimal),
        },
        Request::Numbers => Ok(json!(network.numbers())),
        Request::Stored { number } => Ok(json!(network.stored(&number))),
        Request::Waiting { number } => Ok(json!(network.waiting(&number))),
        Request::Stats => Ok(json!(network.stats())),
        Request::BankStats => Ok(json!(network.bank_stats())),
        Request::BankCards => Ok(json!(network.bank_cards())),
        Request::ModuleCards => Ok(json!(network.module_cards())),
        Request::CardFault { iccid, fault } => {
            network.card_fault(&iccid, fault).map(|()| Value::Null)
        }
        Request::BankFault { bank, fault } => {
            network.bank_fault(bank, &fault).map(|()| Value::Null)
        }
        Request::Fault { modem, fault } => network.fault(modem, &fault).map(|()| Value::Null),
    };
    done.map_or_else(|error| Answer::Error(error.to_string()), Answer::Ok)
}
