//! A connection that ends when its client does not take what it is sent, and that knows whether its
//! client was waited for.
//!
//! hyper has a time limit for reading a request, but none for writing an answer. While an answer
//! waits to be written it reads no further request, so that a connection holds one answer at most.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How many times the limit for a single byte all that has been written so far may take. A client
/// that takes a byte now and then would otherwise keep an answer in memory for days.
const WHOLE: u32 = 10;

/// Whether a connection has waited for its client since its last request. If not, the request was
/// sent before the last one was answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Waited(Arc<AtomicBool>);

impl Waited {
    /// Whether it has waited, and begins anew.
    pub(super) fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

/// Watches over the reads and writes of a stream.
#[derive(Debug)]
pub(super) struct PacedStream<S> {
    stream: S,
    /// How long a client may take nothing of what it is sent.
    timeout: Duration,
    /// While something waits to be written.
    blocked: Option<Blocked>,
    waited: Waited,
}

#[derive(Debug)]
struct Blocked {
    next_byte: Pin<Box<Sleep>>,
    everything: Pin<Box<Sleep>>,
}

impl<S> PacedStream<S> {
    pub(super) fn new(stream: S, timeout: Duration) -> PacedStream<S> {
        PacedStream { stream, timeout, blocked: None, waited: Waited::default() }
    }

    /// Tells from now on whether the client was waited for.
    pub(super) fn waited(&self) -> Waited {
        self.waited.clone()
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
}

impl<S: AsyncRead + Unpin> AsyncRead for PacedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if read.is_pending() {
            self.waited.0.store(true, Ordering::Relaxed);
        }
        read
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
        self.blocked = None;
        Poll::Ready(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

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
}
