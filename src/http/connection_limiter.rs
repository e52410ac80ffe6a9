//! Limits how many connections there are at once, so that modems and the database keep their file
//! descriptors. A client that exceeds the limit is refused immediately.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::either::Either;

use super::client_address::{TrustedProxies, client_network};
use super::limits::Throttle;
use super::shares::{Share, Shares};

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
    by_client: Option<ClientShares>,
}

/// Limits how many of the connections one client may have.
pub struct ClientShares {
    throttle: Throttle,
    proxies: TrustedProxies,
    connections: Shares<IpAddr>,
}

/// The place of a connection among those that are permitted. It is taken as long as this is kept.
pub(super) struct Place {
    _of_all: OwnedSemaphorePermit,
    _of_client: Option<Share<IpAddr>>,
}

/// What is to become of a connection.
pub(super) enum Admission {
    /// It is served.
    Serve(Place),
    /// It is over the limit, and its client is told. It counts as long as its permit is kept.
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
            by_client: None,
        }
    }

    /// Limits each client's share of the connections, too.
    pub(super) fn shared_by(self, by_client: Option<ClientShares>) -> ConnectionLimiter {
        ConnectionLimiter { by_client, ..self }
    }

    /// Decides about a connection that was just accepted, from this address if it has one.
    pub(super) fn admit(&self, peer: Option<IpAddr>) -> Admission {
        if let Some(place) = self.place(peer) {
            return Admission::Serve(place);
        }
        let refusal = Arc::clone(&self.refusals).try_acquire_owned();
        refusal.map_or(Admission::Close, Admission::Refuse)
    }

    fn place(&self, peer: Option<IpAddr>) -> Option<Place> {
        let _of_all = Arc::clone(&self.connections).try_acquire_owned().ok()?;
        let _of_client = match (&self.by_client, peer) {
            (Some(shares), Some(peer)) => shares.take(peer)?,
            _ => None,
        };
        Some(Place { _of_all, _of_client })
    }
}

impl ClientShares {
    /// At most as many as the `[limits]` say, except for proxies, which have many clients.
    pub fn new(throttle: Throttle, proxies: TrustedProxies) -> ClientShares {
        ClientShares { throttle, proxies, connections: Shares::default() }
    }

    /// A client's share, if it may have another connection. The inner `None` is that of one which
    /// is not limited.
    fn take(&self, peer: IpAddr) -> Option<Option<Share<IpAddr>>> {
        let limit = self.throttle.buckets().limits.connections_per_address;
        match usize::try_from(limit) {
            Ok(limit) if limit > 0 && !self.proxies.speaks_for_others(peer) => {
                self.connections.take(client_network(peer), 1, limit).map(Some)
            }
            _ => Some(None),
        }
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
    use super::super::limits::Limits;
    use super::*;

    #[test]
    fn connections_over_the_limit_are_refused_and_those_beyond_are_closed() {
        let limiter = ConnectionLimiter::new(4);
        let served: Vec<_> = (0..4).map(|_| limiter.admit(None)).collect();
        assert!(served.iter().all(|admission| matches!(admission, Admission::Serve(_))));
        let refused = limiter.admit(None);
        assert!(matches!(refused, Admission::Refuse(_)));
        assert!(matches!(limiter.admit(None), Admission::Close));
        drop(refused);
        assert!(matches!(limiter.admit(None), Admission::Refuse(_)));
        drop(served);
        assert!(matches!(limiter.admit(None), Admission::Serve(_)));
    }

    #[test]
    fn one_address_has_no_more_than_its_share_unless_it_is_a_proxy() {
        let limits = Limits { connections_per_address: 2, ..Limits::default() };
        let throttle = Throttle::new(limits);
        let proxies = TrustedProxies::new(vec!["192.0.2.7".parse().unwrap()]);
        let shares = ClientShares::new(throttle.clone(), proxies);
        let limiter = ConnectionLimiter::new(16).shared_by(Some(shares));
        let serves = |peer: &str| match limiter.admit(Some(peer.parse().unwrap())) {
            Admission::Serve(place) => Some(place),
            _ => None,
        };
        let taken = [serves("192.0.2.1"), serves("192.0.2.1")];
        assert!(taken.iter().all(Option::is_some) && serves("192.0.2.1").is_none());
        assert!(serves("192.0.2.2").is_some(), "another address");
        let of_proxy: Vec<_> = (0..9).map(|_| serves("192.0.2.7")).collect();
        assert!(of_proxy.iter().all(Option::is_some));
        throttle.set(Limits { connections_per_address: 0, ..limits });
        assert!(serves("192.0.2.1").is_some(), "0 limits nothing");
        throttle.set(limits);
        drop(taken);
        assert!(serves("192.0.2.1").is_some());
    }
}
