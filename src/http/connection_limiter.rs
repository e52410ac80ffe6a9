//! How many connections there may be at once, so that modems and database keep their file
//! descriptors. Who comes when there are as many is told so at once.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What one gets who comes when there are too many.
const TOO_MANY: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; \
                        charset=utf-8\r\ncontent-length: 20\r\nretry-after: 1\r\nconnection: \
                        close\r\n\r\nTOO_MANY_CONNECTIONS";
/// How many are told so at the same time; those beyond are closed without a word.
const TOLD_AT_ONCE: usize = 32;
/// How long one is waited for who has not sent its request yet: a close before that would take the
/// answer from it.
const PATIENCE: Duration = Duration::from_millis(200);

/// Counts connections.
#[derive(Clone)]
pub(super) struct ConnectionLimiter {
    places: Arc<Semaphore>,
    told: Arc<Semaphore>,
}

/// A connection that gives its place back when it ends.
pub(super) struct LimitedStream {
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
}

impl ConnectionLimiter {
    pub(super) fn new(most: usize) -> ConnectionLimiter {
        let places = Arc::new(Semaphore::new(most.clamp(1, Semaphore::MAX_PERMITS)));
        ConnectionLimiter { places, told: Arc::new(Semaphore::new(TOLD_AT_ONCE)) }
    }

    /// A connection could not be taken. A crowd is no news for each of those who come; the rest is.
    pub(super) fn failed(&self, error: &io::Error) {
        if error.kind() != io::ErrorKind::QuotaExceeded {
            tracing::warn!(event = "accept_failed", %error, "a connection could not be taken");
        }
    }

    async fn refuse(&self, mut stream: TcpStream) -> io::Error {
        if let Ok(_told) = self.told.try_acquire() {
            let answer = async {
                stream.readable().await?;
                let _ = stream.try_read(&mut [0; 4096]);
                stream.write_all(TOO_MANY.as_bytes()).await?;
                stream.shutdown().await
            };
            let _: Result<io::Result<()>, _> = tokio::time::timeout(PATIENCE, answer).await;
        }
        io::ErrorKind::QuotaExceeded.into()
    }
}

impl<S: Send + 'static> Accept<TcpStream, S> for ConnectionLimiter {
    type Stream = LimitedStream;
    type Service = S;
    type Future = Pin<Box<dyn Future<Output = io::Result<(LimitedStream, S)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let crowd = self.clone();
        Box::pin(async move {
            match Arc::clone(&crowd.places).try_acquire_owned() {
                Ok(place) => Ok((LimitedStream { stream, _place: place }, service)),
                Err(_) => Err(crowd.refuse(stream).await),
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
