//! A serial line of another machine, which a program such as ser2net offers over TCP.
//!
//! A server that hangs, or a network that has gone, is not told by TCP: the kernel of the other
//! machine acknowledges what nobody reads. So a line from which nothing has come for
//! [`Limits::silence`] counts as dead, whatever command the modem is at. What comes at least every
//! [`BEAT`] is the modem's answer to a session that asks it, and with Telnet the server's own
//! answer: there a modem may take its time for a command.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustix::net::sockopt;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Sleep, sleep, timeout};

use super::port::{Address, Protocol};
use super::rfc2217::{Telnet, escape};
use crate::domain::modem::ModemReason;

/// After this long without an octet the kernel asks whether the other machine is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// The time between such questions.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(5);
/// How long what was sent may stay unacknowledged, in milliseconds.
const UNACKNOWLEDGED_MS: u32 = 15_000;
/// After this long without an octet the other side is asked for one.
pub(super) const BEAT: Duration = Duration::from_secs(10);
/// What is encoded at a time, and how much may wait to be sent.
const CHUNK: usize = 1024;
const MAX_UNSENT: usize = 64 * 1024;
/// How much a server says that refuses a client, at most.
const MAX_REFUSAL: usize = 120;

/// How long is waited for the other side.
#[derive(Clone, Copy)]
struct Limits {
    /// How long a connection may take, and the server's first answer.
    connecting: Duration,
    /// After this long without an octet the other side is asked for one.
    beat: Duration,
    /// After this long without an octet the line is given up.
    silence: Duration,
}

const LIMITS: Limits =
    Limits { connecting: Duration::from_secs(5), beat: BEAT, silence: Duration::from_secs(25) };

pub(crate) struct RemoteLine {
    stream: TcpStream,
    /// With Telnet, its state.
    telnet: Option<Telnet>,
    limits: Limits,
    /// Octets of the line that have been received and not read yet.
    received: Vec<u8>,
    /// Octets that are encoded and not sent yet.
    unsent: Vec<u8>,
    /// The first octets that came; `None` once there were too many for a refusal.
    greeting: Option<Vec<u8>>,
    /// Ends when the line counts as dead.
    silence: Pin<Box<Sleep>>,
    /// Ends when the server is to be asked for a sign of life.
    beat: Pin<Box<Sleep>>,
}

impl RemoteLine {
    /// Connects to a line. Where `insecure` is false, only addresses of this machine are used.
    ///
    /// # Errors
    /// Nobody answers there, or whoever does refuses.
    pub async fn open(
        address: &Address,
        baud: u32,
        insecure: bool,
    ) -> Result<RemoteLine, ModemReason> {
        RemoteLine::open_within(LIMITS, address, baud, insecure).await
    }

    async fn open_within(
        limits: Limits,
        address: &Address,
        baud: u32,
        insecure: bool,
    ) -> Result<RemoteLine, ModemReason> {
        let stream = timeout(limits.connecting, connect(address, insecure))
            .await
            .unwrap_or_else(|_| Err(io::Error::other("no answer within 5 seconds")))
            .map_err(|error| ModemReason::CannotConnect(error.to_string()))?;
        let telnet = (address.protocol == Protocol::Rfc2217).then(|| Telnet::new(baud));
        let mut line = RemoteLine {
            stream,
            telnet,
            limits,
            received: Vec::new(),
            unsent: Vec::new(),
            greeting: Some(Vec::new()),
            silence: Box::pin(sleep(limits.silence)),
            beat: Box::pin(sleep(limits.beat)),
        };
        match timeout(limits.connecting, line.settle()).await {
            Ok(settled) => settled.map_err(|error| reason_of(error, ModemReason::ReadFailed))?,
            Err(_) => return Err(ModemReason::NotRfc2217),
        }
        Ok(line)
    }

    /// Waits until the server has said whether it sets the line. Until then the modem is sent
    /// nothing.
    async fn settle(&mut self) -> io::Result<()> {
        while self.telnet.as_ref().is_some_and(|telnet| !telnet.is_settled()) {
            std::future::poll_fn(|cx| self.poll_receive(cx)).await?;
        }
        Ok(())
    }

    /// Receives something, which may be no octet of the line.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut space = [0_u8; CHUNK];
        let mut buffer = ReadBuf::new(&mut space);
        let is_received = Pin::new(&mut self.stream)
            .poll_read(cx, &mut buffer)
            .map_err(|error| self.failure(error))?;
        if is_received.is_ready() {
            if buffer.filled().is_empty() {
                return Poll::Ready(Err(self.failure(io::ErrorKind::ConnectionReset.into())));
            }
            self.take(buffer.filled());
        } else if self.silence.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::Error::other(match self.telnet {
                Some(_) => ModemReason::ServerSilent,
                None => ModemReason::LineSilent,
            })));
        } else if let Some(telnet) = &mut self.telnet {
            while self.beat.as_mut().poll(cx).is_ready() {
                telnet.ask_for_sign_of_life();
                self.beat.set(sleep(self.limits.beat));
            }
            telnet.take_output(&mut self.unsent);
        }
        if self.unsent.len() > MAX_UNSENT {
            return Poll::Ready(Err(io::Error::other(ModemReason::WriteTimedOut)));
        }
        let is_sent = self.poll_send(cx);
        if let Poll::Ready(Err(error)) = is_sent {
            return Poll::Ready(Err(error));
        }
        is_received.map(|()| Ok(()))
    }

    /// Takes octets that were received.
    fn take(&mut self, octets: &[u8]) {
        self.silence.set(sleep(self.limits.silence));
        let before = self.received.len();
        match &mut self.telnet {
            Some(telnet) => {
                self.beat.set(sleep(self.limits.beat));
                telnet.receive(octets, &mut self.received);
                telnet.take_output(&mut self.unsent);
            }
            None => self.received.extend_from_slice(octets),
        }
        let new = self.received.get(before..).unwrap_or_default();
        self.greeting = self.greeting.take().filter(|said| said.len() + new.len() <= MAX_REFUSAL);
        if let Some(said) = &mut self.greeting {
            said.extend_from_slice(new);
        }
    }

    /// What an error of the connection means: when the server has closed it, that, with its reason
    /// if it has given one.
    fn failure(&self, error: io::Error) -> io::Error {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
        match error.kind() {
            BrokenPipe | ConnectionAborted | ConnectionReset => {
                io::Error::other(self.refusal().unwrap_or(ModemReason::LineClosed))
            }
            _ => error,
        }
    }

    /// What the server said before it closed the connection, if that was why it does not serve the
    /// line: ser2net says so in a line of text and nothing else.
    fn refusal(&self) -> Option<ModemReason> {
        let said = String::from_utf8_lossy(self.greeting.as_ref()?);
        let said = said.trim();
        let is_text = said.contains(' ') && said.chars().all(|c| c == ' ' || c.is_ascii_graphic());
        if !is_text {
            return None;
        }
        Some(match said.contains("in use") {
            true => ModemReason::LineInUse(said.to_owned()),
            false => ModemReason::LineRefused(said.to_owned()),
        })
    }

    /// The error for whoever writes to a line that has failed. The server may have said why.
    fn write_failure(&mut self, error: io::Error, cx: &mut Context<'_>) -> io::Error {
        self.unsent.clear();
        loop {
            match self.poll_receive(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return error,
                Poll::Pending => return self.failure(error),
            }
        }
    }

    /// Sends what waits to be sent.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            let sent = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.unsent))?;
            self.unsent.drain(..sent);
        }
        Poll::Ready(Ok(()))
    }
}

/// Why a line is not usable any more that has failed so; `otherwise` is for errors of the operating
/// system.
pub(super) fn reason_of(error: io::Error, otherwise: fn(String) -> ModemReason) -> ModemReason {
    error.downcast().unwrap_or_else(|error| otherwise(error.to_string()))
}

async fn connect(address: &Address, insecure: bool) -> io::Result<TcpStream> {
    let mut failure = None;
    for target in lookup_host((address.host.as_str(), address.port)).await? {
        if !insecure && !target.ip().is_loopback() {
            let what = format!("{} is another machine; see `insecure`", target.ip());
            failure.get_or_insert(io::Error::other(what));
            continue;
        }
        match TcpStream::connect(target).await {
            // When nobody listens on a port that the kernel gives to clients, it may connect a
            // socket to itself.
            Ok(stream) if stream.local_addr()? != stream.peer_addr()? => {
                watch_over(&stream)?;
                return Ok(stream);
            }
            Ok(_) => failure = Some(io::ErrorKind::ConnectionRefused.into()),
            Err(error) => failure = Some(error),
        }
    }
    Err(failure.unwrap_or_else(|| io::ErrorKind::NotFound.into()))
}

/// Has what is written sent at once, and a network that has gone noticed.
fn watch_over(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, KEEP_ALIVE)?;
    sockopt::set_tcp_keepintvl(stream, KEEP_ALIVE_INTERVAL)?;
    Ok(sockopt::set_tcp_user_timeout(stream, UNACKNOWLEDGED_MS)?)
}

impl AsyncRead for RemoteLine {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let line = self.get_mut();
        while line.received.is_empty() {
            ready!(line.poll_receive(cx))?;
        }
        let length = line.received.len().min(buffer.remaining());
        buffer.put_slice(line.received.get(..length).unwrap_or_default());
        line.received.drain(..length);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for RemoteLine {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let line = self.get_mut();
        if let Err(error) = ready!(line.poll_send(cx)) {
            return Poll::Ready(Err(line.write_failure(error, cx)));
        }
        let taken = octets.get(..CHUNK).unwrap_or(octets);
        match line.telnet {
            Some(_) => escape(taken, &mut line.unsent),
            None => line.unsent.extend_from_slice(taken),
        }
        match line.poll_send(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(line.write_failure(error, cx))),
            // What could not be sent yet is, before more is taken.
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(taken.len())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_send(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

#[cfg(test)]
mod tests;
