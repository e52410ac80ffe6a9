//! An open port, whatever it leads over: a session runs on it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_serial::SerialStream;

use super::holders::Holders;
use super::port::Port;
use super::remote_line::RemoteLine;
use super::serial;
use crate::domain::modem::ModemReason;

/// An open port. It is closed without waiting when it is dropped.
pub(crate) struct Line(Option<Stream>);

enum Stream {
    Serial(SerialStream),
    Remote(Box<RemoteLine>),
}

impl Line {
    /// Opens a port. `insecure` permits an address outside of this machine.
    ///
    /// # Errors
    /// Nothing is there, this process may not use it, or another program does.
    pub async fn open(
        port: &Port,
        baud: u32,
        insecure: bool,
        holders: &Holders,
    ) -> Result<Line, ModemReason> {
        let stream = match port {
            Port::Path(path) => Stream::Serial(serial::open(path, baud, holders).await?),
            Port::Remote(address) => {
                Stream::Remote(Box::new(RemoteLine::open(address, baud, insecure).await?))
            }
        };
        Ok(Line(Some(stream)))
    }

    /// Closes the port and waits until it can be opened again.
    pub async fn close(mut self) {
        if let Some(Stream::Serial(stream)) = self.0.take() {
            serial::close_and_wait(stream).await;
        }
    }

    /// The stream, as what reads and writes wants it.
    fn stream(self: Pin<&mut Self>) -> io::Result<&mut Stream> {
        self.get_mut().0.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(Stream::Serial(stream)) = self.0.take() {
            serial::close(stream);
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.stream()? {
            Stream::Serial(stream) => Pin::new(stream).poll_read(cx, buffer),
            Stream::Remote(line) => Pin::new(line.as_mut()).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.stream()? {
            Stream::Serial(stream) => Pin::new(stream).poll_write(cx, octets),
            Stream::Remote(line) => Pin::new(line.as_mut()).poll_write(cx, octets),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.stream()? {
            Stream::Serial(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Remote(line) => Pin::new(line.as_mut()).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}
