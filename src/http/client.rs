//! The client of the admin interface: HTTP over the daemon's Unix socket.

use std::io::ErrorKind;
use std::path::PathBuf;

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tokio::net::UnixStream;

/// What a path segment may hold as it is. A dot is escaped, too: `..` would be another path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');

/// Asks the daemon that listens on a socket. Each request has a connection of its own.
#[derive(Debug, Clone)]
pub struct AdminClient {
    socket: PathBuf,
}

/// Why a request failed. The errors of the connection name the socket.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// There is no such socket, or nobody listens on it.
    #[error("no daemon answers on {0}; is `simbridge serve` running with this configuration?")]
    NoDaemon(String),
    /// The socket's rights keep this user out.
    #[error(
        "no permission for {0}; use sudo, or become a member of its group (`sudo adduser $USER \
         simbridge`) and log in again"
    )]
    NoPermission(String),
    /// Any other fault of the connection.
    #[error("cannot reach the daemon on {0}: {1}")]
    Unreachable(String, std::io::Error),
    /// The connection ended before the end of the answer.
    #[error("the daemon closed the connection")]
    Closed(#[source] hyper::Error),
    /// The request cannot be written as HTTP.
    #[error("the request is not valid: {0}")]
    Request(#[from] hyper::http::Error),
    /// The daemon refused the request and said why.
    #[error("{0}")]
    Refused(String),
    /// An answer that the admin interface does not give.
    #[error("the daemon answered {0}: {1}")]
    Unexpected(StatusCode, String),
    /// A stream of unknown length.
    #[error("the daemon's answer has no length")]
    NoLength,
}

impl ClientError {
    /// Whether the daemon cannot be reached, which it may be again.
    pub fn is_of_connection(&self) -> bool {
        matches!(
            self,
            ClientError::NoDaemon(_) | ClientError::Unreachable(..) | ClientError::Closed(_)
        )
    }
}

impl AdminClient {
    /// A client for the daemon that listens on this socket.
    pub fn new(socket: impl Into<PathBuf>) -> AdminClient {
        AdminClient { socket: socket.into() }
    }

    /// The JSON at a path.
    pub async fn get(&self, path: &str) -> Result<Value, ClientError> {
        json(self.send(Method::GET, path, None).await?).await
    }

    /// Posts JSON; the answer.
    pub async fn post(&self, path: &str, body: Value) -> Result<Value, ClientError> {
        json(self.send(Method::POST, path, Some(body)).await?).await
    }

    /// Deletes; the answer.
    pub async fn delete(&self, path: &str) -> Result<Value, ClientError> {
        json(self.send(Method::DELETE, path, None).await?).await
    }

    /// A page of text, whatever its status: a daemon that is not ready says so in it.
    pub async fn page(&self, path: &str) -> Result<String, ClientError> {
        text(self.send(Method::GET, path, None).await?).await
    }

    /// A long answer, chunk by chunk.
    pub async fn chunks(&self, path: &str) -> Result<Incoming, ClientError> {
        let response = self.send(Method::GET, path, None).await?;
        let status = response.status();
        if !status.is_success() {
            return Err(refusal(status, &text(response).await?));
        }
        Ok(response.into_body())
    }

    /// A long answer, chunk by chunk, and its length in bytes.
    pub async fn stream(&self, path: &str) -> Result<(u64, Incoming), ClientError> {
        let body = self.chunks(path).await?;
        let length = body.size_hint().exact().ok_or(ClientError::NoLength)?;
        Ok((length, body))
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Response<Incoming>, ClientError> {
        let connected = UnixStream::connect(&self.socket).await;
        let stream = connected.map_err(|error| self.unreachable(error))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(ClientError::Closed)?;
        tokio::spawn(connection);
        let request = Request::builder().method(method).uri(path).header(HOST, "simbridge");
        let body = Full::new(Bytes::from(body.map(|body| body.to_string()).unwrap_or_default()));
        let request = request.header(CONTENT_TYPE, "application/json").body(body)?;
        sender.send_request(request).await.map_err(ClientError::Closed)
    }

    fn unreachable(&self, error: std::io::Error) -> ClientError {
        let socket = self.socket.display().to_string();
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => ClientError::NoDaemon(socket),
            ErrorKind::PermissionDenied => ClientError::NoPermission(socket),
            _ => ClientError::Unreachable(socket, error),
        }
    }
}

async fn json(response: Response<Incoming>) -> Result<Value, ClientError> {
    let status = response.status();
    let body = text(response).await?;
    if !status.is_success() {
        return Err(refusal(status, &body));
    }
    Ok(serde_json::from_str(&body).unwrap_or(Value::Null))
}

async fn text(response: Response<Incoming>) -> Result<String, ClientError> {
    let body = response.into_body().collect().await.map_err(ClientError::Closed)?;
    Ok(String::from_utf8_lossy(&body.to_bytes()).into_owned())
}

fn refusal(status: StatusCode, body: &str) -> ClientError {
    let answer: Value = serde_json::from_str(body).unwrap_or(Value::Null);
    match answer.get("error").and_then(Value::as_str) {
        Some(reason) => ClientError::Refused(reason.to_owned()),
        None => ClientError::Unexpected(status, body.to_owned()),
    }
}

/// A text as one segment of a path, or as a value in a query.
pub fn path_segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_segment_survives_any_text() {
        assert_eq!(super::path_segment("a b/é?.."), "a%20b%2F%C3%A9%3F%2E%2E");
    }
}
