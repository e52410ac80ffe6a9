//! The servers: they cut off clients that send their headers too slowly, and they stop within a
//! given time.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
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
use rustix::fs::Mode;
use tokio::net::{TcpListener, UnixListener, UnixSocket};
use tokio::task::JoinHandle;
use tokio_util::either::Either;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_service::Service;

use super::connection_limiter::{Admission, ConnectionLimiter, Socket, refuse};
use crate::gateway::BoxFuture;

/// How long a client may take to send the headers of a request, and how long a connection may be
/// idle between requests.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// The most bytes that the request line and the headers together may have on a TCP connection.
const HEADER_LIMIT: usize = 32 * 1024;

/// The mode of a Unix socket's file: its owner and group may connect.
const SOCKET_MODE: u32 = 0o660;

/// How many connections to a Unix socket may wait to be accepted.
const BACKLOG: u32 = 128;

/// How long to wait after a connection could not be accepted. Without it, a process that has no
/// file descriptor left would try again and again at full speed.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);

/// Answers the requests of one connection.
pub type RequestHandler =
    Box<dyn Fn(Request<Incoming>) -> BoxFuture<'static, Result<Response, Infallible>> + Send>;

/// A running server.
pub struct Listening {
    server: Arc<Server>,
    accepting: JoinHandle<Option<()>>,
    /// The file of a Unix socket, removed when the server stops.
    socket_file: Option<PathBuf>,
}

impl Listening {
    /// Stops accepting connections, gives open requests until `timeout` to finish, then ends them.
    pub async fn stop(self, timeout: Duration) {
        if let Some(file) = self.socket_file {
            let _ = std::fs::remove_file(file);
        }
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

/// Serves on a TCP address, with at most `max_connections` at once. `make_handler` makes the
/// handler of each connection from the client's address. Returns the address that was bound and the
/// server, which runs on the current tokio runtime.
pub fn listen_tcp(
    address: SocketAddr,
    make_handler: impl Fn(SocketAddr) -> RequestHandler + Send + Sync + 'static,
    max_connections: usize,
) -> io::Result<(SocketAddr, Listening)> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let listener = Listener::Tcp(TcpListener::from_std(listener)?, Box::new(make_handler));
    let mut http = http_builder();
    http.max_buf_size(HEADER_LIMIT);
    let (server, accepting) = start(listener, http, ConnectionLimiter::new(max_connections));
    Ok((address, Listening { server, accepting, socket_file: None }))
}

/// Serves on a Unix socket that only its owner and group may use. A socket that no process listens
/// on was left behind by a daemon that crashed, and is replaced; one that is in use is an error.
pub fn listen_unix(path: &Path, router: Router) -> io::Result<Listening> {
    remove_stale_socket(path)?;
    let socket = UnixSocket::new_stream()?;
    // The file gets the socket's mode when it is bound, less the umask: at no moment may others
    // connect. What the umask takes from the group is given back afterwards.
    rustix::fs::fchmod(&socket, Mode::from_raw_mode(SOCKET_MODE))?;
    socket.bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(SOCKET_MODE))?;
    let listener = Listener::Unix(socket.listen(BACKLOG)?, router);
    let (server, accepting) = start(listener, http_builder(), ConnectionLimiter::unlimited());
    Ok(Listening { server, accepting, socket_file: Some(path.to_owned()) })
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

fn start(
    listener: Listener,
    http: http1::Builder,
    limiter: ConnectionLimiter,
) -> (Arc<Server>, JoinHandle<Option<()>>) {
    let server = Arc::new(Server {
        http,
        limiter,
        closing: CancellationToken::new(),
        aborting: CancellationToken::new(),
        connections: TaskTracker::new(),
    });
    let accepting = Arc::clone(&server).accept_all(listener);
    let accepting = tokio::spawn(server.closing.clone().run_until_cancelled_owned(accepting));
    (server, accepting)
}

/// Where connections come from. Sockets and handlers have one type each, whatever the listener, so
/// that hyper's connection is compiled only once.
enum Listener {
    Tcp(TcpListener, Box<dyn Fn(SocketAddr) -> RequestHandler + Send + Sync>),
    Unix(UnixListener, Router),
}

impl Listener {
    async fn accept(&self) -> io::Result<(Socket, RequestHandler)> {
        match self {
            Listener::Tcp(listener, make_handler) => {
                let (stream, peer) = listener.accept().await?;
                Ok((Either::Left(stream), make_handler(peer)))
            }
            Listener::Unix(listener, router) => {
                let (stream, _) = listener.accept().await?;
                Ok((Either::Right(stream), route_all(router.clone())))
            }
        }
    }
}

/// What the connections of a listener share.
struct Server {
    http: http1::Builder,
    limiter: ConnectionLimiter,
    /// Cancelled when no further request is to begin.
    closing: CancellationToken,
    /// Cancelled, after `closing`, when requests that are still open are to end.
    aborting: CancellationToken,
    connections: TaskTracker,
}

impl Server {
    async fn accept_all(self: Arc<Self>, listener: Listener) {
        loop {
            match listener.accept().await {
                Ok((socket, handler)) => self.admit(socket, handler),
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
    fn admit(self: &Arc<Self>, socket: Socket, handler: RequestHandler) {
        match self.limiter.admit() {
            Admission::Serve(permit) => {
                let connection = Arc::clone(self).serve(socket, handler);
                self.connections.spawn(async move {
                    connection.await;
                    drop(permit);
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
        let answer = move |request| {
            let answer = handler(request);
            async move { answer.await.map(without_caching) }
        };
        let connection = self.http.serve_connection(TokioIo::new(socket), service_fn(answer));
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

/// Forbids every cache between us and the client to keep an answer: a `WAITING` would be given out
/// when the code has come, and a code when its key was revoked (RFC 9111 clause 5.2.2.5).
fn without_caching(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn remove_stale_socket(path: &Path) -> io::Result<()> {
    let Ok(metadata) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !metadata.file_type().is_socket() {
        return Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "there is a file of that name that is no socket",
        ));
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => Err(io::Error::new(io::ErrorKind::AddrInUse, "another simbridge answers on it")),
        Err(_) => std::fs::remove_file(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_its_owner_and_group_may_use_a_socket() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("admin.sock");
        let serving = listen_unix(&path, Router::new()).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
        serving.stop(Duration::ZERO).await;
    }

    #[tokio::test]
    async fn a_stale_socket_is_replaced_but_not_one_in_use_or_another_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("admin.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let serving = listen_unix(&path, Router::new()).unwrap();
        assert_eq!(
            listen_unix(&path, Router::new()).err().unwrap().kind(),
            io::ErrorKind::AddrInUse
        );
        serving.stop(Duration::ZERO).await;
        assert!(!path.exists());
        std::fs::write(&path, "precious").unwrap();
        assert!(listen_unix(&path, Router::new()).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    }
}
