//! Sends one event: looks the address up, checks it, connects to what was checked and to nothing
//! else, and follows no redirect. The proxies of the environment are not used.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::http::request::Builder;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_util::task::AbortOnDropHandle;

use super::authorities;
use crate::domain::Timestamp;
use crate::domain::webhook::secret::seconds;
use crate::domain::webhook::url::{Scheme, UrlHost};
use crate::domain::webhook::{AddressRules, Attempt, EndpointUrl};
use crate::gateway::{BoxFuture, Letter, NameResolver, addresses_of};

/// How long everything may take, from the look-up to the status of the answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long one of several addresses may take to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How many addresses of a name are tried.
const MOST_ADDRESSES: usize = 4;
/// How much of the head of an answer is read, and how much of the rest.
const MOST_HEAD: usize = 16 * 1024;
const MOST_READ: usize = 64 * 1024;
/// How much of an answer is kept.
const MOST_KEPT: usize = 1024;

/// Why there was no answer. The texts are shown to the endpoint's customer.
#[derive(Debug, thiserror::Error)]
enum NoAnswer {
    #[error("the name has no address")]
    NoAddress,
    #[error("the address is not one that webhooks are sent to")]
    Unsafe,
    #[error("no connection: {0}")]
    Connect(&'static str),
    #[error("no connection by TLS: {0}")]
    Tls(String),
    #[error("no answer within {} s", TIMEOUT.as_secs())]
    TimedOut,
    #[error("the connection was closed before an answer")]
    Closed,
    #[error("the answer is not HTTP")]
    NotHttp,
}

impl NoAnswer {
    fn without_authorities() -> NoAnswer {
        NoAnswer::Tls("the sender has no certificate authorities to check it by".to_owned())
    }
}

impl From<hyper::Error> for NoAnswer {
    fn from(error: hyper::Error) -> NoAnswer {
        if error.is_parse() { NoAnswer::NotHttp } else { NoAnswer::Closed }
    }
}

impl From<std::io::Error> for NoAnswer {
    fn from(error: std::io::Error) -> NoAnswer {
        NoAnswer::Connect(match error.kind() {
            ErrorKind::ConnectionRefused => "it was refused",
            ErrorKind::TimedOut => "the host does not answer",
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
                "the host cannot be reached"
            }
            _ => "it failed",
        })
    }
}

/// What is posted, and where it may go.
pub(super) struct Post<'p> {
    pub(super) url: &'p EndpointUrl,
    /// `None` where the operator has chosen the address: then it may be any.
    pub(super) rules: Option<&'p AddressRules>,
    /// Beside those of every request.
    pub(super) headers: Vec<(&'static str, String)>,
    /// The body, which is JSON.
    pub(super) body: String,
    pub(super) at: Timestamp,
}

/// Makes what connects by TLS.
type Trust = fn() -> BoxFuture<'static, Option<TlsConnector>>;

/// Posts to addresses that customers or the operator have chosen.
pub(super) struct Client {
    /// What connects by TLS, from the first use on.
    pub(super) tls: OnceCell<TlsConnector>,
    /// Makes that; `None` when there are no certificate authorities to trust.
    pub(super) trust: Trust,
    resolver: Arc<dyn NameResolver>,
    /// How long an attempt may take.
    pub(super) timeout: Duration,
}

impl Client {
    /// A client that trusts whom this machine trusts.
    pub(super) fn new(resolver: Arc<dyn NameResolver>) -> Client {
        let trust: Trust = || Box::pin(authorities::connector());
        Client { tls: OnceCell::new(), trust, resolver, timeout: TIMEOUT }
    }

    /// Sends an event, and tells what came of it.
    pub(super) async fn send(&self, letter: &Letter) -> Attempt {
        let (endpoint, id, at) = (&letter.endpoint, letter.event.id, letter.at);
        let body = letter.event.body();
        let headers = vec![
            ("webhook-id", id.to_string()),
            ("webhook-timestamp", seconds(at).to_string()),
            ("webhook-signature", endpoint.secrets.signatures(id, at, &body)),
        ];
        self.post(Post { url: &endpoint.url, rules: Some(&letter.rules), headers, body, at }).await
    }

    /// Posts, and tells what came of it.
    pub(super) async fn post(&self, post: Post<'_>) -> Attempt {
        let at = post.at;
        let began = stopwatch();
        let mut answer = Vec::new();
        let deadline = tokio::time::sleep(self.timeout);
        tokio::pin!(deadline);
        let answered = tokio::select! {
            answered = self.exchange(post) => answered,
            () = &mut deadline => Err(NoAnswer::TimedOut),
        };
        let (status, error) = match answered {
            Ok((response, _connection)) => {
                let status = response.status().as_u16();
                // Whoever sends the rest of an answer slowly has answered even so.
                tokio::select! {
                    () = read(response.into_body(), &mut answer) => {}
                    () = &mut deadline => {}
                }
                (Some(status), None)
            }
            Err(error) => (None, Some(error.to_string())),
        };
        Attempt {
            at_us: at.0,
            ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            status,
            error,
            answer: status.map(|_| String::from_utf8_lossy(&answer).into_owned()),
        }
    }

    async fn exchange(
        &self,
        post: Post<'_>,
    ) -> Result<(Response<Incoming>, AbortOnDropHandle<()>), NoAnswer> {
        let url = post.url;
        let found = addresses_of(&*self.resolver, url).await;
        if found.is_empty() {
            return Err(NoAnswer::NoAddress);
        }
        let permitted: Vec<SocketAddr> = found
            .into_iter()
            .filter(|address| post.rules.is_none_or(|rules| rules.permit(url.scheme, address.ip())))
            .take(MOST_ADDRESSES)
            .collect();
        let stream = connect(&permitted).await?;
        let request = request(post)?;
        match url.scheme {
            Scheme::Http => exchange_on(stream, request).await,
            Scheme::Https => exchange_on(self.encrypt(stream, url).await?, request).await,
        }
    }

    async fn encrypt(
        &self,
        stream: TcpStream,
        url: &EndpointUrl,
    ) -> Result<TlsStream<TcpStream>, NoAnswer> {
        let trust = async || (self.trust)().await.ok_or_else(NoAnswer::without_authorities);
        let tls = self.tls.get_or_try_init(trust).await?;
        let name = match &url.host {
            UrlHost::Name(name) => ServerName::try_from(name.clone()),
            UrlHost::Address(address) => Ok(ServerName::IpAddress((*address).into())),
        };
        let name = name.map_err(|error| NoAnswer::Tls(error.to_string()))?;
        let encrypted = tls.connect(name, stream).await;
        encrypted.map_err(|error| NoAnswer::Tls(error.to_string()))
    }
}

/// Connects to the first of the addresses that takes a connection.
async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, NoAnswer> {
    let mut last = NoAnswer::Unsafe;
    for address in addresses {
        let connected = TcpStream::connect(address);
        let connected = match addresses.len() {
            1 => connected.await,
            _ => match tokio::time::timeout(CONNECT_TIMEOUT, connected).await {
                Ok(connected) => connected,
                Err(_) => Err(ErrorKind::TimedOut.into()),
            },
        };
        match connected {
            Ok(stream) => {
                // What is sent is one piece. Where this is refused, it is sent a little later.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => last = error.into(),
        }
    }
    Err(last)
}

fn request(post: Post<'_>) -> Result<Request<Full<Bytes>>, NoAnswer> {
    let request = Request::builder()
        .method(Method::POST)
        .uri(&post.url.target)
        .header(HOST, post.url.authority())
        .header(USER_AGENT, concat!("simbridge/", env!("CARGO_PKG_VERSION")))
        .header(CONTENT_TYPE, "application/json")
        .header(CONNECTION, "close");
    let with = |request: Builder, (name, value)| request.header::<&str, String>(name, value);
    let request = post.headers.into_iter().fold(request, with);
    // The address was checked when it was read, and the rest is ours.
    let request = request.body(Full::new(Bytes::from(post.body)));
    request.map_err(|_| NoAnswer::Connect("the address cannot be written in a request"))
}

async fn exchange_on(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<(Response<Incoming>, AbortOnDropHandle<()>), NoAnswer> {
    let mut builder = hyper::client::conn::http1::Builder::new();
    builder.max_buf_size(MOST_HEAD);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
    let connection = AbortOnDropHandle::new(tokio::spawn(async move {
        // What fails is told by the request.
        let _ = connection.await;
    }));
    let response = sender.send_request(request).await?;
    Ok((response, connection))
}

/// Reads an answer to its end or until it is too long, and keeps the beginning.
async fn read(mut body: Incoming, answer: &mut Vec<u8>) {
    let mut count = 0;
    while let Some(Ok(frame)) = body.frame().await {
        let Some(data) = frame.data_ref() else { continue };
        let room = MOST_KEPT.saturating_sub(answer.len());
        answer.extend(data.iter().take(room));
        count += data.len();
        if count >= MOST_READ {
            return;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "only what is shown of an attempt depends on it")]
fn stopwatch() -> std::time::Instant {
    std::time::Instant::now()
}
