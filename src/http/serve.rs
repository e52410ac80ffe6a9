//! The servers: they cut off clients that send their headers too slowly, and they stop within a
//! given time.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum_server::Handle;
use hyper::body::Incoming;
use hyper_util::rt::TokioTimer;
use tokio::task::JoinHandle;
use tower_service::Service;

use super::connection_limiter::ConnectionLimiter;

/// How long a client may take to send the headers of a request, and how long a connection may be
/// idle between requests.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// The most bytes that the request line and the headers together may have.
const HEADER_LIMIT: usize = 32 * 1024;

/// A running server.
pub struct Listening {
    stop: Box<dyn FnOnce(Duration) + Send>,
    task: JoinHandle<io::Result<()>>,
}

impl Listening {
    /// Stops accepting connections, gives open requests until `timeout` to finish, then ends them.
    pub async fn stop(self, timeout: Duration) {
        (self.stop)(timeout);
        let _ = self.task.await;
    }
}

/// Serves on a TCP address, with at most `max_connections` at once. `make` makes the service of
/// each connection. Returns the address that was bound and the server, which runs on the current
/// tokio runtime.
pub fn listen_tcp<M, S>(
    address: SocketAddr,
    make: M,
    max_connections: usize,
) -> io::Result<(SocketAddr, Listening)>
where
    M: Service<SocketAddr, Response = S, Error = Infallible, Future: Send> + Send + 'static,
    S: Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static,
{
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let handle = Handle::new();
    let limiter = ConnectionLimiter::new(max_connections);
    let mut server = axum_server::from_tcp(listener)?
        .handle(handle.clone())
        .acceptor(limiter.clone())
        .accept_error_handler(move |_: Option<&SocketAddr>, error| limiter.on_error(error))
        .http1_only();
    let mut http = server.http_builder().http1();
    http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).max_buf_size(HEADER_LIMIT);
    let task = tokio::spawn(server.serve(make));
    let stop = Box::new(move |timeout| handle.graceful_shutdown(Some(timeout)));
    Ok((address, Listening { stop, task }))
}

/// Serves on a Unix socket that only its owner and group may use. A socket on which nobody answers
/// was left behind by a daemon that crashed, and is replaced; one on which somebody answers is an
/// error.
pub fn listen_unix(path: &Path, router: Router) -> io::Result<Listening> {
    remove_stale_socket(path)?;
    let listener = std::os::unix::net::UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))?;
    listener.set_nonblocking(true)?;
    let handle = Handle::new();
    let mut server = axum_server::from_unix(listener)?.handle(handle.clone()).http1_only();
    server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    let task = tokio::spawn(server.serve(router.into_make_service()));
    let socket: PathBuf = path.to_owned();
    let stop = Box::new(move |timeout| {
        let _ = std::fs::remove_file(&socket);
        handle.graceful_shutdown(Some(timeout));
    });
    Ok(Listening { stop, task })
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
