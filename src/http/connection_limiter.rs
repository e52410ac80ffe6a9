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
                        charset=utf-8\r\ncontent-length: 20\r\nretry-after: 1\r\ncache-control: \
                        no-store\r\nconnection: close\r\n\r\nTOO_MANY_CONNECTIONS";
/// How many refusals are written at the same time, at the most. Connections beyond these are closed
/// without an answer.
const MAX_REFUSALS: usize = 32;
/// Of so many connections that are permitted, one more may be open to be refused.
pub const REFUSAL_SHARE: usize = 4;
/// How long a refused client may take to send its request. Were the connection closed before that,
/// the client would see a reset instead of the answer.
const REQUEST_TIMEOUT: Duration = Duration::from_millis(200);

/// Counts connections, and refuses those over a limit.
pub(super) struct ConnectionLimiter {
    connections: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
}

/// What is to become of a connection. It counts as long as its permit is kept.
pub(super) enum Admission {
    /// It is served.
    Serve(OwnedSemaphorePermit),
    /// It is over the limit, and its client is told.
    Refuse(OwnedSemaphorePermit),
    /// So many are over the limit that it is closed without an answer.
    Close,
}

impl ConnectionLimiter {
    /// Permits `max_connections`, and a fourth as many refusals besides.
    pub(super) fn new(max_connections: usize) -> ConnectionLimiter {
        let connections = max_connections.clamp(1, Semaphore::MAX_PERMITS);
        let refusals = connections.div_ceil(REFUSAL_SHARE).min(MAX_REFUSALS);
        ConnectionLimiter {
            connections: Arc::new(Semaphore::new(connections)),
            refusals: Arc::new(Semaphore::new(refusals)),
        }
    }

    pub(super) fn unlimited() -> ConnectionLimiter {
        ConnectionLimiter::new(Semaphore::MAX_PERMITS)
    }

    /// Decides about a connection that was just accepted.
    pub(super) fn admit(&self) -> Admission {
        let acquire = |permits: &Arc<Semaphore>| Arc::clone(permits).try_acquire_owned();
        acquire(&self.connections)
            .map(Admission::Serve)
            .or_else(|_| acquire(&self.refusals).map(Admission::Refuse))
            .unwrap_or(Admission::Close)
    }
}

/// Tells a client that there are too many connections. Nothing is logged: a flood of connections
/// must not become a flood of log lines.
pub(super) async fn refuse(mut socket: Socket) {
    let answer = async {
        let _ = socket.read(&mut [0; 4096]).await;
        socket.write_all(TOO_MANY.as_bytes()).await?;
        socket.shutdown().await
    };
    let _: Result<io::Result<()>, _> = tokio::time::timeout(REQUEST_TIMEOUT, answer).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_over_the_limit_are_refused_and_those_beyond_are_closed() {
        let limiter = ConnectionLimiter::new(4);
        let served: Vec<_> = (0..4).map(|_| limiter.admit()).collect();
        assert!(served.iter().all(|admission| matches!(admission, Admission::Serve(_))));
        let refused = limiter.admit();
        assert!(matches!(refused, Admission::Refuse(_)));
        assert!(matches!(limiter.admit(), Admission::Close));
        drop(refused);
        assert!(matches!(limiter.admit(), Admission::Refuse(_)));
        drop(served);
        assert!(matches!(limiter.admit(), Admission::Serve(_)));
    }
}
