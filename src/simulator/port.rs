//! Moves octets between a modem or bank and its line, which is a PTY or a stream in memory.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::sync::Notify;

use super::network::{Network, Round};

/// How many octets are kept for a host that does not read. The rest is lost, as on a line without
/// flow control.
const BACKLOG_LIMIT: usize = 256 * 1024;

/// How many octets a stream in memory holds in each direction.
const STREAM_SIZE: usize = 64 * 1024;

/// Connects a host to a modem without a PTY. The modem lives while the stream does; another call,
/// after the stream is dropped, reconnects. For networks without a [`Rack`](super::Rack): a modem
/// has one line at a time.
///
/// Must be called within a tokio runtime.
pub fn in_memory(network: &Network, modem: usize) -> DuplexStream {
    let (host, line) = tokio::io::duplex(STREAM_SIZE);
    let network = network.clone();
    tokio::spawn(async move { pump(&network, End::Modem(modem), line).await });
    host
}

/// Connects a host to a bank's control port without a PTY, as [`in_memory`] does to a modem.
pub fn bank_in_memory(network: &Network, bank: usize) -> DuplexStream {
    let (host, line) = tokio::io::duplex(STREAM_SIZE);
    let network = network.clone();
    tokio::spawn(async move { pump(&network, End::Bank(bank), line).await });
    host
}

/// The device at the end of a line.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    /// The modem at that place.
    Modem(usize),
    /// The bank of that number.
    Bank(usize),
}

impl End {
    fn wake(self, network: &Network) -> Option<&Notify> {
        match self {
            End::Modem(place) => network.modem_slot(place).map(|modem_slot| &modem_slot.wake),
            End::Bank(number) => network.bank_unit(number).map(|unit| &unit.wake),
        }
    }

    fn step(self, network: &Network, round: &mut Round<'_>) -> Option<u64> {
        match self {
            End::Modem(place) => network.step(place, round),
            End::Bank(number) => network.bank_step(number, round),
        }
    }
}

/// Runs until the line ends. It does not poll, but sleeps until octets arrive, the network has
/// something to deliver, or a deadline passes.
pub(super) async fn pump(network: &Network, end: End, line: impl AsyncRead + AsyncWrite) {
    let Some(wake) = end.wake(network) else { return };
    let (mut reader, mut writer) = tokio::io::split(line);
    let mut buffer = [0; 4096];
    let mut output = Vec::new();
    let (mut received, mut flushed) = (0, true);
    loop {
        let input = buffer.get(..received).unwrap_or_default();
        let due_ms = end.step(network, &mut Round { input, flushed, output: &mut output });
        if output.len() > BACKLOG_LIMIT {
            output.clear();
        }
        (received, flushed) = (0, output.is_empty());
        let pause = Duration::from_millis(due_ms.unwrap_or_default());
        tokio::select! {
            biased;
            written = writer.write(&output), if !output.is_empty() => match written {
                Ok(0) | Err(_) => return,
                Ok(written) => {
                    output.drain(..written);
                    flushed = output.is_empty();
                }
            },
            read = reader.read(&mut buffer) => match read {
                Ok(0) | Err(_) => return,
                Ok(read) => received = read,
            },
            () = wake.notified() => {}
            () = tokio::time::sleep(pause), if due_ms.is_some() => {}
        }
    }
}
