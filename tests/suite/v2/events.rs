//! `GET /v2/events` on the real program.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::endpoints::Fixture;
use crate::support::{GIVE_UP, Site, http};

/// A stream of events, as a client reads it.
pub struct Stream {
    reader: BufReader<TcpStream>,
    pub head: String,
}

/// The fields of a block of a stream.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Block {
    pub(super) id: Option<i64>,
    pub(super) event: Option<String>,
    pub(super) data: Option<Value>,
}

fn request(key: &str, query: &str, last: Option<i64>) -> String {
    let last = last.map(|id| format!("last-event-id: {id}\r\n")).unwrap_or_default();
    format!(
        "GET /v2/events{query} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n{last}\r\n"
    )
}

impl Stream {
    pub fn open(address: &str, key: &str, query: &str, last: Option<i64>) -> Stream {
        Stream::try_open(address, key, query, last).unwrap()
    }

    /// As `open`, unless the daemon is not there or goes.
    pub(super) fn try_open(
        address: &str,
        key: &str,
        query: &str,
        last: Option<i64>,
    ) -> Option<Stream> {
        let mut stream = TcpStream::connect(address).ok()?;
        stream.set_read_timeout(Some(GIVE_UP)).unwrap();
        stream.write_all(request(key, query, last).as_bytes()).ok()?;
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        Some(Stream { reader, head: head.to_lowercase() })
    }

    /// One whose events can be read, and the position at which it begins.
    pub fn follow(address: &str, key: &str, query: &str, last: Option<i64>) -> (Stream, i64) {
        let mut stream = Stream::open(address, key, query, last);
        assert!(stream.head.starts_with("http/1.1 200 ok\r\n"), "{}", stream.head);
        assert!(stream.head.contains("\r\ncontent-type: text/event-stream\r\n"), "{}", stream.head);
        let begin = stream.block().unwrap();
        assert_eq!(begin.event.as_deref(), Some("position"));
        assert_eq!(begin.data, Some(serde_json::json!({ "type": "position" })));
        let begin = begin.id.unwrap();
        (stream, begin)
    }

    /// The next line, without what frames the chunks (RFC 9112 clause 7.1): their lines end with
    /// CR LF, those of the stream with LF. `None` at the end of the stream.
    fn line(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            let read = self.reader.read_line(&mut line);
            match line.strip_suffix("\r\n") {
                // Where the daemon is killed, a line may end anywhere.
                _ if read.is_err() || !line.ends_with('\n') => return None,
                Some("0") => return None,
                Some(_) => {}
                None => return Some(line.trim_end_matches('\n').to_owned()),
            }
        }
    }

    /// The next block; `None` at the end of the stream.
    pub(super) fn block(&mut self) -> Option<Block> {
        let mut block = Block::default();
        loop {
            let line = self.line()?;
            match line.split_once(": ") {
                None if line.is_empty() => return Some(block),
                Some(("id", id)) => block.id = Some(id.parse().unwrap()),
                Some(("event", event)) => block.event = Some(event.to_owned()),
                Some(("data", data)) => block.data = Some(serde_json::from_str(data).unwrap()),
                Some(("retry", "1000")) => {}
                _ => assert_eq!(line, ":", "a comment"),
            }
        }
    }

    /// The next event: its id, its kind and what it shows.
    pub fn event(&mut self) -> (i64, String, Value) {
        loop {
            let block = self.block().unwrap();
            let Some(body) = block.data else { continue };
            assert_eq!(Some(body["type"].as_str().unwrap()), block.event.as_deref());
            return (block.id.unwrap(), block.event.unwrap(), body["data"].clone());
        }
    }

    pub fn kinds(&mut self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.event().1).collect()
    }

    /// Reads to the end of the stream.
    pub fn drain(&mut self) {
        while self.line().is_some() {}
    }
}

/// One customer, with a service for which he can order.
fn with_customer(modems: usize) -> (Fixture, String) {
    let fixture =
        Fixture::open(modems, "[orders]\nmax_open_per_account = 5\nnumber_rest = \"0s\"\n");
    let key = fixture.site.customer("ann", "100");
    fixture.site.ok(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
    (fixture, key)
}

/// Makes an order; returns its id and its number in E.164.
fn order(fixture: &Fixture, key: &str) -> (String, String) {
    let made = fixture.ask(&format!("makeorder?key={key}&serviceId=1"));
    let (id, number) = made.strip_prefix("ORDER_ID_").unwrap().split_once("_NUMBER_").unwrap();
    (id.to_owned(), format!("+31{}", &number[1..]))
}

#[test]
fn events_come_as_they_happen_and_a_client_goes_on_where_it_was() {
    let (fixture, key) = with_customer(2);
    let bob = fixture.site.customer("bob", "100");
    let (mut stream, begin) = Stream::follow(&fixture.address, &key, "", None);
    let (mut of_bob, _) = Stream::follow(&fixture.address, &bob, "", None);
    let (mut ends, _) =
        Stream::follow(&fixture.address, &key, "?types=order.completed,rental.*", None);
    let (id, number) = order(&fixture, &key);
    let (first, kind, data) = stream.event();
    assert_eq!((kind.as_str(), data["id"].to_string()), ("order.created", id.clone()));
    assert!(first > begin);
    fixture.site.send("Uber", &number, "Your code is 0183");
    assert_eq!(stream.kinds(2), ["order.message", "order.completed"]);
    let (last, kind, data) = ends.event();
    assert_eq!((kind.as_str(), &data["code"]), ("order.completed", &"0183".into()));
    assert_eq!(data["message"]["text"], "Your code is 0183");
    drop(stream);
    let (other, _) = order(&fixture, &key);
    fixture.ask(&format!("cancelorder?key={key}&orderId={other}"));
    for (query, position) in [("", Some(last)), (&*format!("?after={last}"), None)] {
        let (mut again, begin) = Stream::follow(&fixture.address, &key, query, position);
        assert_eq!(begin, last);
        assert_eq!(again.kinds(2), ["order.created", "order.canceled"], "{query}");
    }
    // What the client says it has seen comes before the address, which a browser sends again.
    let query = format!("?after={}&types=order.*", begin);
    let (mut again, begin) = Stream::follow(&fixture.address, &key, &query, Some(last));
    assert_eq!((begin, again.kinds(2).len()), (last, 2));
    let (of_other, _) = order(&fixture, &bob);
    let (_, kind, data) = of_bob.event();
    assert_eq!((kind.as_str(), data["id"].to_string()), ("order.created", of_other), "his own");
}

#[test]
fn what_is_no_position_and_no_type_is_refused_with_what_would_be_right() {
    let (mut fixture, key) = with_customer(1);
    let ask = |fixture: &Fixture, query: &str, last: &str| {
        let request = request(&key, query, None)
            .replace("\r\n\r\n", &format!("\r\nconnection: close\r\n{last}\r\n"));
        let (head, body) = http(&fixture.address, &request);
        let status = head.split(' ').nth(1).unwrap().parse::<u16>().unwrap();
        let body: Value = serde_json::from_str(&body).unwrap();
        (
            status,
            body["code"].as_str().unwrap().to_owned(),
            body["detail"].as_str().unwrap().to_owned(),
        )
    };
    for (query, last, code, detail) in [
        ("?after=x", "", "invalid_request", "after is the id of an event"),
        ("", "last-event-id: 1.5\r\n", "invalid_request", "Last-Event-ID is the id of an event"),
        ("?types=order.mesage", "", "invalid_request", "did you mean order.message?"),
        ("?typ=order.*", "", "invalid_request", "did you mean types?"),
        ("?after=1", "", "cursor_expired", "follow from now on"),
    ] {
        let (status, said, words) = ask(&fixture, query, last);
        assert_eq!((said.as_str(), words.contains(detail)), (code, true), "{query}: {words}");
        assert_eq!(status, if code == "cursor_expired" { 410 } else { 422 });
    }
    // A day later what was told before cannot be followed any more.
    let (id, _) = order(&fixture, &key);
    fixture.ask(&format!("cancelorder?key={key}&orderId={id}"));
    Stream::follow(&fixture.address, &key, "?after=0", None);
    fixture.meanwhile("UPDATE event SET at = at - 25 * 3600 * 1000000 WHERE id = 1");
    assert_eq!(ask(&fixture, "?after=0", "").1, "cursor_expired");
    let (mut stream, _) = Stream::follow(&fixture.address, &key, "?after=1", None);
    assert_eq!(stream.kinds(1), ["order.canceled"]);
}

#[test]
fn a_stream_ends_when_its_key_opens_nothing_more_and_when_the_daemon_stops() {
    let (fixture, key) = with_customer(1);
    let Fixture { site, address, .. } = &fixture;
    let ends = |args: &[&str]| {
        let (mut stream, _) = Stream::follow(address, &key, "", None);
        site.ok(args);
        stream.drain();
    };
    ends(&["account", "suspend", "ann"]);
    site.ok(&["account", "resume", "ann"]);
    ends(&["key", "revoke", &key[..8]]);
    let refused = Stream::open(address, &key, "", None);
    assert!(refused.head.starts_with("http/1.1 401 "), "{}", refused.head);
    let site = Site::with_modems(1);
    let daemon = site.serve_ready();
    let key = site.customer("ann", "100");
    site.ok(&["service", "add", "Uber", "--price", "0.50"]);
    let address = || site.admin("/status")["listen"].as_str().unwrap().to_owned();
    let (mut stream, begin) = Stream::follow(&address(), &key, "", None);
    site.get(&format!("/api/makeorder?key={key}&serviceId=1"));
    assert_eq!(stream.kinds(1), ["order.created"]);
    daemon.terminate();
    stream.drain();
    let _daemon = site.serve_ready();
    let (mut stream, _) = Stream::follow(&address(), &key, "", Some(begin));
    assert_eq!(stream.kinds(1), ["order.created"], "nothing is lost by a stop");
}

/// So many events of a kilobyte, of the first account.
fn add_events(fixture: &Fixture, count: usize) {
    let database = fixture.site.dir.path().join("simbridge.db");
    let conn = rusqlite::Connection::open(database).unwrap();
    conn.busy_timeout(GIVE_UP).unwrap();
    let sql = format!(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count}) INSERT \
         INTO event (account_id, kind, at, data) SELECT 1, 'balance.low', unixepoch() * 1000000, \
         json_object('n', printf('%01000d', n)) FROM n"
    );
    conn.execute_batch(&sql).unwrap();
}

#[test]
fn events_that_are_not_read_take_little_memory_and_slow_nobody() {
    const EVENTS: usize = 20_000;
    let (fixture, key) = with_customer(1);
    let other = fixture.site.customer("bob", "1");
    add_events(&fixture, EVENTS);
    let memory = || crate::bounds::memory(fixture.daemon_id());
    let before = memory();
    // 100 clients ask and do not read; they are to be sent two gigabytes.
    let crowd: Vec<TcpStream> = (0..100)
        .map(|_| {
            let mut stream = TcpStream::connect(&fixture.address).unwrap();
            stream.write_all(request(&key, "?after=0", None).as_bytes()).unwrap();
            stream
        })
        .collect();
    let (mut reading, _) = Stream::follow(&fixture.address, &key, "?after=0", None);
    for n in 1..=EVENTS {
        let (id, _, data) = reading.event();
        let found = data["n"].as_str().unwrap().parse::<usize>().unwrap();
        assert_eq!((usize::try_from(id).unwrap(), found), (n, n), "each, in order");
    }
    assert_eq!(fixture.ask(&format!("getbalance?key={other}")), "1.00");
    let grown = memory().saturating_sub(before);
    assert!(grown < 96, "{grown} MiB for events that nobody reads");
    drop(crowd);
    order(&fixture, &key);
    assert_eq!(reading.event().1, "order.created");
}
