//! The servers: they cut off clients that send their headers too slowly or do not take their
//! answers, and they stop within a given time.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::net::sockopt::{set_socket_recv_buffer_size, set_socket_send_buffer_size};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::either::Either;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_service::Service;

use super::connection_limiter::{Admission, ClientShares, ConnectionLimiter, Socket, refuse};
use super::paced_stream::PacedStream;
use super::socket_file::{AtPath, SocketFile};
use crate::gateway::BoxFuture;

/// How long a client may take to send the headers of a request, and how long a connection may be
/// idle between requests.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// The most bytes that the request line and the headers together may have on a TCP connection.
const HEADER_LIMIT: usize = 32 * 1024;

/// How long a client may take nothing of what it is sent, except where it is configured.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// The most bytes that the system keeps of what a client was sent and has not taken, and of what it
/// has sent and was not read. By default it is megabytes for each connection, which count as the
/// service's memory.
const SEND_BUFFER: usize = 128 * 1024;
const RECEIVE_BUFFER: usize = 64 * 1024;

/// How often the file of a Unix socket is looked for.
const SOCKET_FILE_INTERVAL: Duration = Duration::from_secs(1);

/// How long to wait after a connection could not be accepted. Without it, a process that has no
/// file descriptor left would try again and again at full speed.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);

/// Answers the requests of one connection.
pub type RequestHandler =
    Box<dyn Fn(Request<Incoming>) -> BoxFuture<'static, Result<Response, Infallible>> + Send>;

/// What the connections of a server may take.
pub struct ConnectionLimits {
    /// How many there may be at a time.
    pub max_connections: usize,
    /// How many of them one client may have.
    pub by_client: Option<ClientShares>,
    /// How long a client may take nothing of what it is sent.
    pub write_timeout: Duration,
}

impl ConnectionLimits {
    /// For a server with few clients, which are the operator's.
    pub fn of_operator(max_connections: usize) -> ConnectionLimits {
        ConnectionLimits { max_connections, by_client: None, write_timeout: WRITE_TIMEOUT }
    }
}

/// A running server.
pub struct Listening {
    server: Arc<Server>,
    /// Ends with the listener, which is closed then.
    accepting: JoinHandle<()>,
}

impl Listening {
    /// Stops accepting connections, gives open requests until `timeout` to finish, then ends them.
    pub async fn stop(self, timeout: Duration) {
        self.server.closing.cancel();
        let _ = self.accepting.await;
        let connections = &self.server.connections;
        connections.close();
        if tokio::time::timeout(timeout, connections.wait()).await.is_err() {
            self.server.aborting.cancel();
            connections.wait().await;
        }
    }
}

/// Serves on a TCP address. `make_handler` makes the handler of each connection from the client's
/// address. Returns the address that was bound and the server, which runs on the current tokio
/// runtime.
pub fn listen_tcp(
    address: SocketAddr,
    make_handler: impl Fn(SocketAddr) -> RequestHandler + Send + Sync + 'static,
    limits: ConnectionLimits,
) -> io::Result<(SocketAddr, Listening)> {
    let listener = std::net::TcpListener::bind(address)?;
    // Every connection inherits them.
    set_socket_send_buffer_size(&listener, SEND_BUFFER)?;
    set_socket_recv_buffer_size(&listener, RECEIVE_BUFFER)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let listener = Listener::Tcp(TcpListener::from_std(listener)?, Box::new(make_handler));
    let mut http = http_builder();
    http.max_buf_size(HEADER_LIMIT);
    Ok((address, start(listener, http, limits)))
}

/// Serves on a Unix socket that only its owner and group may use. A socket that no process listens
/// on was left behind by a daemon that crashed, and is replaced; one that is in use is an error.
/// When its file is deleted, it is made again.
pub fn listen_unix(path: &Path, router: Router, limits: ConnectionLimits) -> io::Result<Listening> {
    let socket = UnixSocket::bind(path)?;
    Ok(start(Listener::Unix(socket, router), http_builder(), limits))
}

/// The number of the user at the other end of a Unix socket, an extension of each request.
#[derive(Debug, Clone, Copy)]
pub(super) struct PeerUid(pub u32);

/// A handler that passes each request to the router with the user who sent it.
fn route_with_peer(router: Router, peer: Option<PeerUid>) -> RequestHandler {
    Box::new(move |mut request| {
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        Box::pin(router.clone().call(request))
    })
}

/// A handler that passes each request to the router.
pub fn route_all(router: Router) -> RequestHandler {
    Box::new(move |request| Box::pin(router.clone().call(request)))
}

fn http_builder() -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    http
}

fn start(listener: Listener, http: http1::Builder, limits: ConnectionLimits) -> Listening {
    let limiter = ConnectionLimiter::new(limits.max_connections).shared_by(limits.by_client);
    let server = Arc::new(Server {
        http,
        limiter,
        write_timeout: limits.write_timeout,
        closing: CancellationToken::new(),
        aborting: CancellationToken::new(),
        connections: TaskTracker::new(),
    });
    let accepting = tokio::spawn(Arc::clone(&server).accept_until_closed(listener));
    Listening { server, accepting }
}

/// Where connections come from. Sockets and handlers have one type each, whatever the listener, so
/// that hyper's connection is compiled only once.
enum Listener {
    Tcp(TcpListener, Box<dyn Fn(SocketAddr) -> RequestHandler + Send + Sync>),
    Unix(UnixSocket, Router),
}

/// A Unix socket and its file.
struct UnixSocket {
    listener: UnixListener,
    file: SocketFile,
    /// Ticks when the file is to be looked for.
    looks: Interval,
    /// Whether another file has taken the place of its own, or it cannot be made.
    is_taken: bool,
}

impl Listener {
    async fn accept(&mut self) -> io::Result<(Socket, Option<IpAddr>, RequestHandler)> {
        match self {
            Listener::Tcp(listener, make_handler) => {
                let (stream, peer) = listener.accept().await?;
                Ok((Either::Left(stream), Some(peer.ip()), make_handler(peer)))
            }
            Listener::Unix(socket, router) => {
                let stream = socket.accept().await?;
                let peer = stream.peer_cred().ok().map(|peer| PeerUid(peer.uid()));
                let handler = route_with_peer(router.clone(), peer);
                Ok((Either::Right(stream), None, handler))
            }
        }
    }
}

impl UnixSocket {
    fn bind(path: &Path) -> io::Result<UnixSocket> {
        let (listener, file) = SocketFile::bind(path)?;
        let mut looks = interval(SOCKET_FILE_INTERVAL);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(UnixSocket { listener, file, looks, is_taken: false })
    }

    async fn accept(&mut self) -> io::Result<UnixStream> {
        loop {
            tokio::select! {
                accepted = self.listener.accept() => return Ok(accepted?.0),
                _ = self.looks.tick() => self.renew_file(),
            }
        }
    }

    /// Makes the file again if it is gone. One that another daemon has made is left alone.
    fn renew_file(&mut self) {
        let made = match self.file.look() {
            AtPath::Own => return,
            AtPath::Nothing => SocketFile::bind(self.file.path()),
            AtPath::Another => Err(io::ErrorKind::AlreadyExists.into()),
        };
        let path = self.file.path().display();
        match made {
            Ok((listener, file)) => {
                tracing::warn!(
                    event = "admin_socket_renewed", %path,
                    "the file of the admin socket was gone and has been made again"
                );
                (self.listener, self.file, self.is_taken) = (listener, file, false);
            }
            Err(error) if !self.is_taken => {
                tracing::error!(
                    event = "admin_socket_lost", %path, %error,
                    "the file of the admin socket is another's or cannot be made again; commands \
                     do not reach this daemon"
                );
                self.is_taken = true;
            }
            Err(_) => {}
        }
    }
}

/// What the connections of a listener share.
struct Server {
    http: http1::Builder,
    limiter: ConnectionLimiter,
    write_timeout: Duration,
    /// Cancelled when no further request is to begin.
    closing: CancellationToken,
    /// Cancelled, after `closing`, when requests that are still open are to end.
    aborting: CancellationToken,
    connections: TaskTracker,
}

impl Server {
    /// Accepts connections until the server stops, then closes the listener and removes its file.
    async fn accept_until_closed(self: Arc<Self>, mut listener: Listener) {
        self.closing.run_until_cancelled(self.accept_all(&mut listener)).await;
        if let Listener::Unix(socket, _) = listener {
            socket.file.remove();
        }
    }

    async fn accept_all(self: &Arc<Self>, listener: &mut Listener) {
        loop {
            match listener.accept().await {
                Ok((socket, peer, handler)) => self.admit(socket, peer, handler),
                Err(error) => {
                    tracing::warn!(
                        event = "accept_failed",
                        %error,
                        "could not accept a connection"
                    );
                    tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
                }
            }
        }
    }

    /// Decides before the next connection is accepted, so that a flood of them never takes more
    /// file descriptors than the limiter permits.
    fn admit(self: &Arc<Self>, socket: Socket, peer: Option<IpAddr>, handler: RequestHandler) {
        match self.limiter.admit(peer) {
            Admission::Serve(place) => {
                let connection = Arc::clone(self).serve(socket, handler);
                self.connections.spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Admission::Refuse(permit) => {
                let closing = self.closing.clone();
                self.connections.spawn(async move {
                    closing.run_until_cancelled(refuse(socket)).await;
                    drop(permit);
                });
            }
            Admission::Close => {}
        }
    }

    async fn serve(self: Arc<Self>, socket: Socket, handler: RequestHandler) {
        let socket = PacedStream::new(socket, self.write_timeout);
        let waited = socket.waited();
        let answer = move |request| {
            let (answer, has_waited) = (handler(request), waited.take());
            async move {
                // Who sends requests without waiting for answers is served one in each turn:
                // hyper serves sixteen, and some hundred such connections slow everybody down.
                if !has_waited {
                    yield_now().await;
                }
                answer.await.map(without_caching)
            }
        };
        let socket = TokioIo::new(socket);
        let connection = self.http.serve_connection(socket, service_fn(answer));
        let mut connection = pin!(connection);
        // Why a connection ends is of no interest: most often its client has closed it.
        tokio::select! {
            biased;
            _ = &mut connection => {}
            () = self.closing.cancelled() => {
                connection.as_mut().graceful_shutdown();
                self.aborting.run_until_cancelled(connection).await;
            }
        }
    }
}

/// Forbids every cache between us and the client to keep an answer that does not say otherwise: a
/// `WAITING` would be given out when the code has come, and a code when its key was revoked (RFC
/// 9111 clause 5.2.2.5).
fn without_caching(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::io::AsyncWriteExt;

    use super::*;

    #[tokio::test]
    async fn requests_that_are_sent_at_once_are_answered_one_in_each_turn() {
        const REQUESTS: usize = 100;
        let answered = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&answered);
        let handler: RequestHandler = Box::new(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
            Box::pin(async { Ok(Response::default()) })
        });
        let server = Arc::new(Server {
            http: http_builder(),
            limiter: ConnectionLimiter::new(1),
            write_timeout: WRITE_TIMEOUT,
            closing: CancellationToken::new(),
            aborting: CancellationToken::new(),
            connections: TaskTracker::new(),
        });
        let (mut client, socket) = UnixStream::pair().unwrap();
        let requests = "GET / HTTP/1.1\r\nhost: x\r\n\r\n".repeat(REQUESTS);
        client.write_all(requests.as_bytes()).await.unwrap();
        let serving = tokio::spawn(server.serve(Either::Right(socket), handler));
        let (mut before, mut most) = (0, 0);
        while before < REQUESTS {
            yield_now().await;
            let now = answered.load(Ordering::Relaxed);
            most = most.max(now - before);
            before = now;
        }
        assert!(most <= 2, "{most} in a turn");
        drop(client);
        serving.await.unwrap();
    }

    #[tokio::test]
    async fn the_socket_is_made_again_when_its_file_is_gone_and_anothers_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("admin.sock");
        let mut socket = UnixSocket::bind(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        socket.renew_file();
        assert_eq!(socket.file.look(), AtPath::Own);
        let _client = UnixStream::connect(&path).await.unwrap();
        socket.accept().await.unwrap();
        std::fs::remove_file(&path).unwrap();
        let (_other_listener, other) = SocketFile::bind(&path).unwrap();
        socket.renew_file();
        assert!(socket.is_taken);
        assert_eq!(other.look(), AtPath::Own);
        other.remove();
        socket.renew_file();
        assert!(!socket.is_taken && socket.file.look() == AtPath::Own);
    }
}
