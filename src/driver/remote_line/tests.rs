//! Remote lines with servers that answer, refuse and hang.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const AGREES: [u8; 3] = [255, 253, 44];
const TIMING_MARK: [u8; 3] = [255, 253, 6];

/// How long is waited in tests: long, but for what is to happen.
const PATIENT: Limits = Limits {
    connecting: Duration::from_secs(30),
    beat: Duration::from_secs(60),
    silence: Duration::from_secs(60),
};

async fn listen(protocol: Protocol) -> (TcpListener, Address) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, Address { protocol, host: "127.0.0.1".to_owned(), port })
}

/// An open line and its server, which has said this at the beginning.
async fn opened(limits: Limits, protocol: Protocol, greeting: &[u8]) -> (RemoteLine, TcpStream) {
    let (listener, address) = listen(protocol).await;
    let accept = async {
        let (mut server, _) = listener.accept().await.unwrap();
        server.write_all(greeting).await.unwrap();
        server
    };
    let (line, server) =
        tokio::join!(RemoteLine::open_within(limits, &address, 9600, false), accept);
    (line.unwrap(), server)
}

/// Why reading ends.
async fn end(line: &mut RemoteLine) -> ModemReason {
    let error = line.read_to_end(&mut Vec::new()).await.unwrap_err();
    reason_of(error, ModemReason::ReadFailed)
}

#[tokio::test]
async fn what_the_server_says_before_it_closes_is_the_reason() {
    let refused = |text: &str| ModemReason::LineRefused(text.to_owned());
    let in_use = |text: &str| ModemReason::LineInUse(text.to_owned());
    for (said, reason) in [
        ("Port already in use\r\n", in_use("Port already in use")),
        ("Port's device already in use\r\n", in_use("Port's device already in use")),
        ("Device open failure: no such file\r\n", refused("Device open failure: no such file")),
        ("\r\nOK\r\n", ModemReason::LineClosed),
        ("", ModemReason::LineClosed),
    ] {
        for protocol in [Protocol::Tcp, Protocol::Rfc2217] {
            let (mut line, mut server) = opened(PATIENT, protocol, &AGREES).await;
            if protocol == Protocol::Tcp {
                line.read_exact(&mut [0; 3]).await.unwrap();
                line.greeting = Some(Vec::new());
            }
            server.write_all(said.as_bytes()).await.unwrap();
            // What was written to it and not read resets the connection.
            line.write_all(b"x\r").await.unwrap();
            drop(server);
            assert_eq!(end(&mut line).await, reason, "{said:?}");
        }
    }
}

#[tokio::test]
async fn octets_of_the_line_are_the_same_on_both_sides() {
    let every: Vec<u8> = (0..=255).chain([255, 255, 0]).collect();
    let (mut line, mut server) = opened(PATIENT, Protocol::Rfc2217, &AGREES).await;
    let mut sent = Vec::new();
    escape(&every, &mut sent);
    server.write_all(&sent).await.unwrap();
    let mut read = vec![0; every.len()];
    line.read_exact(&mut read).await.unwrap();
    assert_eq!(read, every);
    line.write_all(&every).await.unwrap();
    drop(line);
    let mut received = Vec::new();
    server.read_to_end(&mut received).await.unwrap();
    assert!(received.ends_with(&sent));
}

#[tokio::test]
async fn nobody_listens_or_another_machine_would() {
    let (listener, address) = listen(Protocol::Tcp).await;
    drop(listener);
    let refused = RemoteLine::open(&address, 9600, false).await.err().unwrap();
    assert!(refused.to_string().contains("refused"), "{refused}");
    let other = Address { host: "192.0.2.1".to_owned(), ..address };
    let refused = RemoteLine::open(&other, 9600, false).await.err().unwrap();
    assert!(refused.to_string().contains("192.0.2.1 is another machine"), "{refused}");
}

#[tokio::test]
async fn a_server_that_answers_for_itself_may_be_without_octets_of_the_line_for_long() {
    let limits = Limits { beat: Duration::from_millis(20), ..PATIENT };
    let (mut line, mut server) = opened(limits, Protocol::Rfc2217, &AGREES).await;
    let server = async {
        let mut received = Vec::new();
        for _ in 0..5 {
            while !received.ends_with(&TIMING_MARK) {
                server.read_buf(&mut received).await.unwrap();
            }
            received.clear();
            server.write_all(&[255, 252, 6]).await.unwrap();
        }
        server.write_all(b"OK").await.unwrap();
        server
    };
    let mut octets = [0; 2];
    let (read, _server) = tokio::join!(line.read_exact(&mut octets), server);
    assert_eq!((read.unwrap(), octets), (2, *b"OK"));
}

#[tokio::test]
async fn a_server_that_hangs_is_noticed() {
    let limits = Limits { silence: Duration::from_millis(50), ..PATIENT };
    for (protocol, reason) in
        [(Protocol::Rfc2217, ModemReason::ServerSilent), (Protocol::Tcp, ModemReason::LineSilent)]
    {
        let (mut line, _server) = opened(limits, protocol, &AGREES).await;
        assert_eq!(end(&mut line).await, reason);
    }
}

#[tokio::test]
async fn a_server_that_does_not_speak_rfc_2217_is_told_from_one_that_does() {
    let (listener, address) = listen(Protocol::Rfc2217).await;
    let limits = Limits { connecting: Duration::from_millis(50), ..PATIENT };
    let line = RemoteLine::open_within(limits, &address, 9600, false).await;
    assert_eq!(line.err(), Some(ModemReason::NotRfc2217));
    drop(listener);
}
