//! Limits how many connections there are at once, so that modems and the database keep their file
//! descriptors. A client that exceeds the limit is refused immediately.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::either::Either;

/// An accepted connection.
pub(super) type Socket = Either<TcpStream, UnixStream>;

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

/// Counts connections, and refuses those over a limit.
pub(super) struct ConnectionLimiter {
    connections: Arc<Semaphore>,
    refusals: Semaphore,
}

impl ConnectionLimiter {
    pub(super) fn new(max_connections: usize) -> ConnectionLimiter {
        let connections = max_connections.clamp(1, Semaphore::MAX_PERMITS);
        ConnectionLimiter {
            connections: Arc::new(Semaphore::new(connections)),
            refusals: Semaphore::new(MAX_REFUSALS),
        }
    }

    pub(super) fn unlimited() -> ConnectionLimiter {
        ConnectionLimiter::new(Semaphore::MAX_PERMITS)
    }

    /// Counts a connection until the permit is dropped. `None` when the limit is reached.
    pub(super) fn try_acquire(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.connections).try_acquire_owned().ok()
    }

    /// Tells a client that there are too many connections. Nothing is logged: a flood of
    /// connections must not become a flood of log lines.
    pub(super) async fn refuse(&self, mut socket: Socket) {
        let Ok(_permit) = self.refusals.try_acquire() else { return };
        let answer = async {
            let _ = socket.read(&mut [0; 4096]).await;
            socket.write_all(TOO_MANY.as_bytes()).await?;
            socket.shutdown().await
        };
        let _: Result<io::Result<()>, _> = tokio::time::timeout(REQUEST_TIMEOUT, answer).await;
    }
}
