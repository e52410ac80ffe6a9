//! Limits how many connections there are at once, so that modems and the database keep their file
//! descriptors. A client that exceeds the limit is refused immediately.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The answer to a connection that exceeds the limit.
const TOO_MANY: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; \
                        charset=utf-8\r\ncontent-length: 20\r\nretry-after: 1\r\nconnection: \
                        close\r\n\r\nTOO_MANY_CONNECTIONS";
/// How many refusals are written at the same time. Connections beyond these are closed without an
/// answer.
const MAX_REFUSALS: usize = 32;
/// How long a refused client may take to send its request. Were the connection closed before that,
/// the client would see a reset instead of the answer.
const REQUEST_TIMEOUT: Duration = Duration::from_millis(200);

/// Accepts connections up to a limit.
#[derive(Clone)]
pub(super) struct ConnectionLimiter {
    connections: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
}

/// An accepted connection. It counts until it is dropped.
pub(super) struct LimitedStream {
    stream: TcpStream,
    _permit: OwnedSemaphorePermit,
}

impl ConnectionLimiter {
    pub(super) fn new(max_connections: usize) -> ConnectionLimiter {
        let connections = max_connections.clamp(1, Semaphore::MAX_PERMITS);
        ConnectionLimiter {
            connections: Arc::new(Semaphore::new(connections)),
            refusals: Arc::new(Semaphore::new(MAX_REFUSALS)),
        }
    }

    /// Logs why a connection was not accepted, except for those over the limit: a flood of
    /// connections must not become a flood of log lines.
    pub(super) fn on_error(&self, error: &io::Error) {
        if error.kind() != io::ErrorKind::QuotaExceeded {
            tracing::warn!(event = "accept_failed", %error, "could not accept a connection");
        }
    }

    async fn refuse(&self, mut stream: TcpStream) -> io::Error {
        if let Ok(_permit) = self.refusals.try_acquire() {
            let answer = async {
                stream.readable().await?;
                let _ = stream.try_read(&mut [0; 4096]);
                stream.write_all(TOO_MANY.as_bytes()).await?;
                stream.shutdown().await
            };
            let _: Result<io::Result<()>, _> = tokio::time::timeout(REQUEST_TIMEOUT, answer).await;
        }
        io::ErrorKind::QuotaExceeded.into()
    }
}

impl<S: Send + 'static> Accept<TcpStream, S> for ConnectionLimiter {
    type Stream = LimitedStream;
    type Service = S;
    type Future = Pin<Box<dyn Future<Output = io::Result<(LimitedStream, S)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let limiter = self.clone();
        Box::pin(async move {
            match Arc::clone(&limiter.connections).try_acquire_owned() {
                Ok(permit) => Ok((LimitedStream { stream, _permit: permit }, service)),
                Err(_) => Err(limiter.refuse(stream).await),
            }
        })
    }
}

impl AsyncRead for LimitedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for LimitedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
