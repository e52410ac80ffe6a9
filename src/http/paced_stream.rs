//! A connection that ends when its client does not take what it is sent.
//!
//! hyper has a time limit for reading a request, but none for writing an answer. It also goes on
//! reading requests while answers wait to be written, and answers without a body (to HEAD) would
//! gather without a bound. So while a write waits, nothing is read.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How many times the limit for a single byte all that has been written so far may take. A client
/// that takes a byte now and then would otherwise keep an answer in memory for days.
const WHOLE: u32 = 10;

/// Watches over the writes of a stream.
#[derive(Debug)]
pub(super) struct PacedStream<S> {
    stream: S,
    /// How long a client may take nothing of what it is sent.
    timeout: Duration,
    /// While something waits to be written.
    blocked: Option<Blocked>,
    /// Whoever wanted to read meanwhile.
    reader: Option<Waker>,
}

#[derive(Debug)]
struct Blocked {
    next_byte: Pin<Box<Sleep>>,
    everything: Pin<Box<Sleep>>,
}

impl<S> PacedStream<S> {
    pub(super) fn new(stream: S, timeout: Duration) -> PacedStream<S> {
        PacedStream { stream, timeout, blocked: None, reader: None }
    }

    /// The result of a write, or an error when it has waited for too long.
    fn limit<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let timeout = self.timeout;
        if written.is_ready() {
            if let Some(blocked) = &mut self.blocked {
                blocked.next_byte = Box::pin(sleep(timeout));
            }
            return written;
        }
        let blocked = self.blocked.get_or_insert_with(|| Blocked {
            next_byte: Box::pin(sleep(timeout)),
            everything: Box::pin(sleep(timeout * WHOLE)),
        });
        let over = blocked.next_byte.as_mut().poll(cx).is_ready()
            || blocked.everything.as_mut().poll(cx).is_ready();
        if over { Poll::Ready(Err(io::ErrorKind::TimedOut.into())) } else { Poll::Pending }
    }

    /// Everything was taken: from now on, requests are read again.
    fn unblock(&mut self) {
        self.blocked = None;
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for PacedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.blocked.is_some() {
            self.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for PacedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.limit(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.limit(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Called once all that was to be written has been.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = ready!(Pin::new(&mut self.stream).poll_flush(cx));
        self.unblock();
        Poll::Ready(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex, split};

    use super::*;

    const SHORT: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn a_client_that_takes_nothing_is_cut_off() {
        let (stream, client) = duplex(8);
        let written = PacedStream::new(stream, SHORT).write_all(&[7; 9]).await;
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
        drop(client);
    }

    #[tokio::test]
    async fn one_that_takes_a_byte_now_and_then_is_cut_off_later() {
        let (stream, mut client) = duplex(1);
        let slow = tokio::spawn(async move {
            while client.read_u8().await.is_ok() {
                sleep(SHORT / 2).await;
            }
        });
        let written = PacedStream::new(stream, SHORT).write_all(&[7; 10_000]).await;
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
        slow.await.unwrap();
    }

    #[tokio::test]
    async fn nothing_is_read_while_a_write_waits_and_everything_afterwards() {
        let (stream, mut client) = duplex(8);
        let (mut reader, mut writer) = split(PacedStream::new(stream, 1000 * SHORT));
        client.write_all(b"more").await.unwrap();
        let writing = tokio::spawn(async move {
            writer.write_all(&[7; 20]).await?;
            writer.flush().await?;
            Ok::<_, io::Error>(writer)
        });
        // The first write fills the client's buffer, the second one waits.
        tokio::task::yield_now().await;
        let mut request = [0; 4];
        assert!(tokio::time::timeout(SHORT, reader.read(&mut request)).await.is_err());
        let mut answer = [0; 20];
        client.read_exact(&mut answer).await.unwrap();
        let writer = writing.await.unwrap().unwrap();
        reader.read_exact(&mut request).await.unwrap();
        assert_eq!((&request, answer), (b"more", [7; 20]));
        drop(writer);
    }
}
