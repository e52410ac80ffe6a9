//! What moves octets between a modem and its line, be it a PTY or a stream in memory.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};

use super::network::{Network, Round};

/// A host that does not read loses what goes beyond this, as on a line without flow control.
const BACKLOG_LIMIT: usize = 256 * 1024;

/// How much a stream in memory holds in each direction.
const STREAM_SIZE: usize = 64 * 1024;

/// Connects a host to a modem without a PTY. The modem lives while the stream does; another call, after the stream is
/// dropped, reconnects. For networks without a [`Rack`](super::Rack): a modem has one line at a time.
///
/// Must be called within a tokio runtime.
pub fn in_memory(network: &Network, modem: usize) -> DuplexStream {
    let (host, line) = tokio::io::duplex(STREAM_SIZE);
    let network = network.clone();
    tokio::spawn(async move { pump(&network, modem, line).await });
    host
}

/// Runs until the line ends. Nothing is polled: it sleeps until octets come, the network has something, or time is up.
pub(super) async fn pump(network: &Network, place: usize, line: impl AsyncRead + AsyncWrite) {
    let Some(bay) = network.bay(place) else { return };
    let (mut reader, mut writer) = tokio::io::split(line);
    let mut buffer = [0; 4096];
    let mut output = Vec::new();
    let (mut received, mut flushed) = (0, true);
    loop {
        let input = buffer.get(..received).unwrap_or_default();
        let due_ms = network.step(place, &mut Round { input, flushed, output: &mut output });
        if output.len() > BACKLOG_LIMIT {
            output.clear();
        }
        (received, flushed) = (0, output.is_empty());
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
            () = bay.wake.notified() => {}
            () = tokio::time::sleep(Duration::from_millis(due_ms.unwrap_or_default())), if due_ms.is_some() => {}
        }
    }
}
