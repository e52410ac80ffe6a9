//! The client meets receivers of every kind on this machine.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::authorities::connector_with;
use super::client::Client;
use crate::domain::event::{Event, EventKind, EventSubject};
use crate::domain::key::KeyMode;
use crate::domain::webhook::{
    AddressRules, Attempt, Endpoint, EndpointState, Secret, Secrets, Subscription,
};
use crate::domain::{AccountId, EndpointId, EventId, OrderId, Timestamp};
use crate::gateway::{BoxFuture, Letter, NameResolver};

/// Answers each look-up with the next of its addresses, and the last of them from then on.
#[derive(Default)]
struct Names(Mutex<VecDeque<Vec<IpAddr>>>);

impl Names {
    fn answering(answers: &[&[&str]]) -> Arc<Names> {
        let addresses =
            |names: &&[&str]| names.iter().map(|name| name.parse().unwrap()).collect::<Vec<_>>();
        Arc::new(Names(Mutex::new(answers.iter().map(addresses).collect())))
    }
}

impl NameResolver for Names {
    fn resolve(&self, _: String) -> BoxFuture<'_, Vec<IpAddr>> {
        let mut answers = self.0.lock();
        let answer = match answers.len() {
            0 => Vec::new(),
            1 => answers.front().cloned().unwrap_or_default(),
            _ => answers.pop_front().unwrap_or_default(),
        };
        Box::pin(std::future::ready(answer))
    }
}

const AT: Timestamp = Timestamp(1_780_000_000_000_000);

fn letter(url: &str, allow: &[&str]) -> Letter {
    let endpoint = Endpoint {
        id: EndpointId(1),
        account: AccountId(1),
        url: url.parse().unwrap(),
        subscription: Subscription::all(),
        secrets: Secrets { current: Secret::from_entropy([7; 32]), former: None },
        state: EndpointState::On,
        failing_since: None,
        created_at: AT,
        mode: KeyMode::Live,
    };
    let event = Event {
        id: EventId(17),
        account: AccountId(1),
        kind: EventKind::OrderMessage,
        subject: EventSubject::Order(OrderId(3)),
        at: AT,
        data: "{\"id\":3}".to_owned(),
    };
    let rules = AddressRules { allow: allow.iter().map(|it| it.parse().unwrap()).collect() };
    Letter { endpoint, event, at: AT, rules }
}

const LOOPBACK: &[&str] = &["http://127.0.0.0/8"];

/// Reads a request: its head, and a body as long as that says.
async fn read_request(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if length.is_none_or(|length| body.len() >= length.parse().unwrap()) {
                return text;
            }
        }
        if stream.read_buf(&mut read).await.unwrap() == 0 {
            return text;
        }
    }
}

/// A receiver that takes one connection and answers with these bytes. It tells what it was sent.
async fn receiver(answer: Vec<u8>) -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_request(&mut stream).await;
        // The client may have gone before the end of a long answer.
        let _ = stream.write_all(&answer).await;
        request
    });
    (address, serving)
}

async fn send(letter: &Letter, names: Arc<Names>) -> Attempt {
    Client::new(names).send(letter).await
}

async fn answered(answer: impl Into<Vec<u8>>) -> Attempt {
    let (address, serving) = receiver(answer.into()).await;
    let attempt =
        send(&letter(&format!("http://{address}/hook?a=b"), LOOPBACK), Names::answering(&[])).await;
    serving.await.unwrap();
    attempt
}

#[tokio::test]
async fn a_request_has_the_signed_event_and_the_answer_is_kept() {
    let (address, serving) =
        receiver(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nthanks".to_vec()).await;
    let letter = letter(&format!("http://{address}/hook?a=b"), LOOPBACK);
    let attempt = send(&letter, Names::answering(&[])).await;
    assert_eq!((attempt.status, attempt.answer.as_deref()), (Some(200), Some("thanks")));
    assert!(attempt.is_taken() && attempt.error.is_none() && attempt.at_us == AT.0);
    let request = serving.await.unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let lines: Vec<&str> = head.lines().collect();
    assert_eq!(lines[0], "POST /hook?a=b HTTP/1.1");
    let signature = letter.endpoint.secrets.signatures(EventId(17), AT, body);
    for line in [
        format!("host: {address}"),
        format!("user-agent: simbridge/{}", env!("CARGO_PKG_VERSION")),
        "content-type: application/json".to_owned(),
        "webhook-id: 17".to_owned(),
        "webhook-timestamp: 1780000000".to_owned(),
        format!("webhook-signature: {signature}"),
    ] {
        assert!(lines.contains(&line.as_str()), "{line} is not in {head}");
    }
    let sent: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(sent["type"], "order.message");
    assert_eq!(sent["data"]["id"], 3);
}

#[tokio::test]
async fn what_is_no_success_is_told_and_no_redirect_is_followed() {
    let status = |attempt: Attempt| (attempt.status, attempt.is_taken());
    assert_eq!(status(answered("HTTP/1.1 500 No\r\n\r\n").await), (Some(500), false));
    // Whoever followed it would wait for a second connection.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let elsewhere = listener.local_addr().unwrap();
    let redirect = format!("HTTP/1.1 307 There\r\nlocation: http://{elsewhere}/\r\n\r\n");
    assert_eq!(status(answered(redirect).await), (Some(307), false));
    let accepted = tokio::select! {
        biased;
        accepted = listener.accept() => accepted.is_ok(),
        () = std::future::ready(()) => false,
    };
    assert!(!accepted, "the redirect was followed");
    for (answer, error) in [
        ("", "the connection was closed before an answer"),
        ("220 mail.example ESMTP\r\n", "the answer is not HTTP"),
    ] {
        let attempt = answered(answer).await;
        assert_eq!((attempt.status, attempt.error.as_deref()), (None, Some(error)), "{answer}");
    }
    let (address, serving) = receiver(Vec::new()).await;
    serving.abort();
    let _ = serving.await;
    let refused =
        send(&letter(&format!("http://{address}"), LOOPBACK), Names::answering(&[])).await;
    assert_eq!(refused.error.as_deref(), Some("no connection: it was refused"));
}

#[tokio::test]
async fn of_a_long_answer_the_beginning_is_read_and_less_is_kept() {
    let mut answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..10_000 {
        answer.extend(b"400\r\n");
        answer.extend([b'x'; 1024]);
        answer.extend(b"\r\n");
    }
    let attempt = answered(answer).await;
    assert!(attempt.is_taken());
    assert_eq!(attempt.answer, Some("x".repeat(1024)));
    let mut head = b"HTTP/1.1 200 OK\r\n".to_vec();
    (0..10_000).for_each(|n| head.extend(format!("x-{n}: {}\r\n", "y".repeat(100)).bytes()));
    assert_eq!(answered(head).await.status, None, "a head without end");
}

#[tokio::test]
async fn a_receiver_that_hangs_is_given_up_and_one_that_answers_slowly_has_answered() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let letter = letter(&url, LOOPBACK);
    let mut client = Client::new(Names::answering(&[]));
    client.timeout = Duration::from_millis(100);
    let hangs = client.send(&letter).await;
    assert_eq!((hangs.status, hangs.error.as_deref()), (None, Some("no answer within 10 s")));
    let accepted = listener.accept().await.unwrap();
    client.timeout = Duration::from_secs(1);
    let answer = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nslow").await.unwrap();
        stream
    };
    let (slow, stream) = tokio::join!(client.send(&letter), answer);
    assert!(slow.is_taken() && slow.answer.as_deref() == Some("slow"), "{slow:?}");
    drop((accepted, stream));
}

#[tokio::test]
async fn what_is_connected_to_is_what_was_checked() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let unsafe_address = Some("the address is not one that webhooks are sent to");
    let name = format!("http://hook.example:{port}/");
    for (url, names, allow) in [
        (format!("http://127.0.0.1:{port}/"), &[&[][..]][..], &["http://10.0.0.0/8"][..]),
        (format!("http://127.0.0.1:{port}/"), &[&[]], &["https://127.0.0.0/8"]),
        (format!("https://127.0.0.1:{port}/"), &[&[]], &["http://127.0.0.0/8"]),
        (format!("http://[::ffff:127.0.0.1]:{port}/"), &[&[]], &[]),
        (name.clone(), &[&["127.0.0.1"]], &[]),
        (name.clone(), &[&["127.0.0.1", "::1", "10.0.0.1"]], &["http://192.0.2.0/24"]),
        (name.replace("http:", "https:"), &[&["::ffff:127.0.0.1"]], &[]),
    ] {
        let attempt = send(&letter(&url, allow), Names::answering(names)).await;
        assert_eq!(attempt.error.as_deref(), unsafe_address, "{url} {names:?}");
    }
    // The name was public when it was looked up before, and is not any more.
    let names = Names::answering(&[&["192.0.2.7"], &["127.0.0.1"]]);
    names.resolve("hook.example".to_owned()).await;
    let rebound = send(&letter(&name, &["http://192.0.2.0/24"]), Arc::clone(&names)).await;
    assert_eq!(rebound.error.as_deref(), unsafe_address);
    let nothing = send(&letter(&name, LOOPBACK), Names::answering(&[])).await;
    assert_eq!(nothing.error.as_deref(), Some("the name has no address"));
    let accepted = tokio::select! {
        biased;
        accepted = listener.accept() => accepted.is_ok(),
        () = std::future::ready(()) => false,
    };
    assert!(!accepted, "something has connected");
    // Of several addresses those are tried that may be.
    let letter = letter(&name, LOOPBACK);
    let both = send(&letter, Names::answering(&[&["10.0.0.1", "127.0.0.1"]]));
    let accept = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    };
    assert_eq!(tokio::join!(both, accept).0.status, Some(204));
}

/// A receiver that speaks TLS with the certificate of the tests, and takes one connection.
async fn encrypted_receiver() -> (SocketAddr, JoinHandle<()>) {
    let certificate = include_bytes!("../../tests/data/tls/receiver.pem");
    let key = include_bytes!("../../tests/data/tls/receiver.key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(certificate).unwrap()],
            PrivateKeyDer::from_pem_slice(key).unwrap(),
        )
        .unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        // A client that does not trust the certificate ends the handshake.
        let Ok(mut stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await else {
            return;
        };
        let mut head = [0; 5];
        stream.read_exact(&mut head).await.unwrap();
        assert_eq!(&head, b"POST ");
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        let _ = stream.shutdown().await;
    });
    (address, serving)
}

#[tokio::test]
async fn by_tls_a_receiver_is_trusted_by_its_name_and_its_authority() {
    let authority = include_bytes!("../../tests/data/tls/authority.pem");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority).unwrap()).unwrap();
    let untrusted = "no connection by TLS: invalid peer certificate";
    for (host, roots, error) in [
        ("hook.example", roots.clone(), None),
        ("127.0.0.1", roots.clone(), None),
        ("other.example", roots.clone(), Some(untrusted)),
        ("hook.example", RootCertStore::empty(), Some(untrusted)),
    ] {
        let (address, serving) = encrypted_receiver().await;
        let url = format!("https://{host}:{}/", address.port());
        let names = Names::answering(&[&["127.0.0.1"]]);
        let mut client = Client::new(names);
        client.tls = OnceCell::from(connector_with(roots).unwrap());
        let attempt = client.send(&letter(&url, &["https://127.0.0.0/8"])).await;
        serving.await.unwrap();
        match error {
            None => assert_eq!(attempt.status, Some(204), "{host}: {attempt:?}"),
            Some(error) => {
                let told = attempt.error.unwrap_or_default();
                assert!(told.starts_with(error), "{host}: {told}");
            }
        }
    }
    let (address, serving) = encrypted_receiver().await;
    let url = format!("https://127.0.0.1:{}/", address.port());
    let mut client = Client::new(Names::answering(&[]));
    client.trust = || Box::pin(std::future::ready(None));
    let none = client.send(&letter(&url, &["https://127.0.0.0/8"])).await;
    let expected = "no connection by TLS: the sender has no certificate authorities to check it by";
    assert_eq!(none.error.as_deref(), Some(expected));
    serving.abort();
}
