//! One request to the running daemon over its admin socket.

use std::io::ErrorKind;
use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixStream;

/// Where the daemon is asked.
pub(super) struct Client {
    socket: PathBuf,
}

impl Client {
    pub(super) fn new(socket: PathBuf) -> Client {
        Client { socket }
    }

    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.ask(Method::GET, path, None).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub(super) async fn delete(&self, path: &str) -> anyhow::Result<Value> {
        self.ask(Method::DELETE, path, None).await
    }

    /// An answer that is no JSON, piece by piece; how long it will be.
    pub(super) async fn stream(&self, path: &str) -> anyhow::Result<(u64, Incoming)> {
        let response = self.send(Method::GET, path, None).await?;
        if !response.status().is_success() {
            self.understood(response).await?;
            bail!("the daemon answered what is no answer");
        }
        let length = response
            .body()
            .size_hint()
            .exact()
            .context("the daemon does not say how much it sends")?;
        Ok((length, response.into_body()))
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        let response = self.send(method, path, body).await?;
        self.understood(response).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<Response<Incoming>> {
        let stream =
            UnixStream::connect(&self.socket).await.map_err(|error| self.unreachable(&error))?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let request = Request::builder().method(method).uri(path).header(HOST, "simbridge");
        let body = Full::new(Bytes::from(body.map(|body| body.to_string()).unwrap_or_default()));
        let request = request.header(CONTENT_TYPE, "application/json").body(body)?;
        sender.send_request(request).await.context("the daemon hung up")
    }

    async fn understood(&self, response: Response<Incoming>) -> anyhow::Result<Value> {
        let status = response.status();
        let body = response.into_body().collect().await.context("the daemon hung up")?.to_bytes();
        let value: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        if !status.is_success() {
            match value.get("error").and_then(Value::as_str) {
                Some(reason) => bail!("{reason}"),
                None => bail!("the daemon answered {status}: {}", String::from_utf8_lossy(&body)),
            }
        }
        Ok(value)
    }

    fn unreachable(&self, error: &std::io::Error) -> anyhow::Error {
        let socket = self.socket.display();
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
                anyhow!(
                    "no daemon answers on {socket}; is `simbridge serve` running with this \
                     configuration?"
                )
            }
            ErrorKind::PermissionDenied => {
                anyhow!(
                    "no permission for {socket}; run this as the daemon's user or as a member of \
                     its group"
                )
            }
            _ => anyhow!("cannot reach the daemon on {socket}: {error}"),
        }
    }
}

/// A text as one segment of a path.
pub(super) fn segment(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_segment_survives_any_text() {
        assert_eq!(super::segment("a b/é?.."), "a%20b%2F%C3%A9%3F%2E%2E");
    }
}
