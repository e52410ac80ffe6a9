//! What moves octets between a modem or a bank and its line, be it a PTY or a stream in memory.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::sync::Notify;

use super::network::{Network, Round};

/// A host that does not read loses what goes beyond this, as on a line without flow control.
const BACKLOG_LIMIT: usize = 256 * 1024;

/// How much a stream in memory holds in each direction.
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

/// What is at the end of a line.
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
            End::Modem(place) => network.bay(place).map(|bay| &bay.wake),
            End::Bank(number) => network.bank_bay(number).map(|bay| &bay.wake),
        }
    }

    fn step(self, network: &Network, round: &mut Round<'_>) -> Option<u64> {
        match self {
            End::Modem(place) => network.step(place, round),
            End::Bank(number) => network.bank_step(number, round),
        }
    }
}

/// Runs until the line ends. Nothing is polled: it sleeps until octets come, the network has
/// something, or time is up.
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
