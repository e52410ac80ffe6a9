//! Notices of alarms: what each kind of service is sent, by the real program.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_json::Value;
use simbridge::simulator::Scenario;

use crate::support::{Site, wait_for};

/// What a service was sent.
#[derive(Debug)]
struct Received {
    /// The first line of the request.
    request: String,
    headers: String,
    body: String,
}

/// Serves each connection on a port of this machine by a function, on a thread of its own.
fn listen<T: Send + 'static>(serve: fn(TcpStream) -> Option<T>) -> (u16, Receiver<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, received) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            if let Some(it) = serve(stream.unwrap())
                && sender.send(it).is_err()
            {
                return;
            }
        }
    });
    (port, received)
}

/// Reads one request and answers it with 200.
fn take_request(stream: TcpStream) -> Option<Received> {
    let received = read_request(&mut BufReader::new(stream.try_clone().unwrap()))?;
    (&stream).write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").ok()?;
    Some(received)
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut request = String::new();
    reader.read_line(&mut request).ok()?;
    let (mut headers, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        let line = line.to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        headers += &line;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).unwrap();
    Some(Received { request: request.trim().to_owned(), headers, body })
}

/// Takes one mail, as a server on this machine without TLS does (RFC 5321).
fn take_mail(stream: TcpStream) -> Option<String> {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let mut stream = stream;
    let mut mail = String::new();
    stream.write_all(b"220 mail.test ESMTP\r\n").ok()?;
    while let Some(Ok(line)) = lines.next() {
        let answer: &[u8] = match line.split(' ').next().unwrap_or_default() {
            "DATA" => {
                stream.write_all(b"354 go on\r\n").ok()?;
                for line in lines.by_ref().map_while(Result::ok).take_while(|line| line != ".") {
                    mail += &line;
                    mail.push('\n');
                }
                b"250 taken\r\n"
            }
            "QUIT" => {
                let _ = stream.write_all(b"221 bye\r\n");
                break;
            }
            _ => b"250 mail.test\r\n",
        };
        stream.write_all(answer).ok()?;
    }
    (!mail.is_empty()).then_some(mail)
}

#[test]
fn a_test_goes_to_each_kind_of_service_and_says_what_failed() {
    let (http, requests) = listen(take_request);
    let (smtp, mails) = listen(take_mail);
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "123:abc\n").unwrap();
    let token = token.display();
    let config = format!(
        "[[notify]]\nname = \"mail\"\nkind = \"smtp\"\nurl = \"smtp://127.0.0.1:{smtp}\"\nfrom = \
         \"simbridge@example.org\"\nto = [\"Ops <ops@example.org>\", \"b@example.org\"]\n\
         [[notify]]\nname = \"bot\"\nkind = \"telegram\"\nurl = \"http://127.0.0.1:{http}\"\nto = \
         [\"-100\"]\nsecret_file = \"{token}\"\n\
         [[notify]]\nname = \"push\"\nkind = \"ntfy\"\nurl = \"http://127.0.0.1:{http}\"\nto = \
         [\"rack\"]\nsecret_file = \"{token}\"\n\
         [[notify]]\nname = \"am\"\nkind = \"alertmanager\"\nurl = \
         \"http://127.0.0.1:{http}/am/\"\n\
         [[notify]]\nname = \"own\"\nkind = \"webhook\"\nurl = \"http://127.0.0.1:{http}/x?y\"\n\
         [[notify]]\nname = \"dead\"\nkind = \"webhook\"\nurl = \"http://127.0.0.1:1/\"\n"
    );
    let site = Site::with(1, Scenario::default(), &config);
    let _daemon = site.serve_ready();
    let tested = site.run(&["notify", "test", "--json"]);
    assert_eq!(tested.status.code(), Some(1), "one channel is dead");
    let tested: Value = serde_json::from_slice(&tested.stdout).unwrap();
    for row in tested.as_array().unwrap() {
        let is_dead = row["channel"] == "dead";
        assert_eq!(row["sent"], !is_dead, "{row}");
        assert_eq!(row["error"].is_string(), is_dead, "{row}");
    }
    for to in ["Ops <ops@example.org>", "b@example.org"] {
        let mail = mails.recv().unwrap();
        assert!(mail.contains(&format!("To: {to}\n")), "{mail}");
        assert!(mail.contains(": test\n") && mail.contains("nothing is wrong"), "{mail}");
    }
    let mut told: Vec<Received> = (0..4).map(|_| requests.recv().unwrap()).collect();
    told.sort_by(|a, b| a.request.cmp(&b.request));
    let lines: Vec<&str> = told.iter().map(|it| it.request.as_str()).collect();
    assert_eq!(
        lines,
        [
            "POST / HTTP/1.1",
            "POST /am/api/v2/alerts HTTP/1.1",
            "POST /bot123:abc/sendMessage HTTP/1.1",
            "POST /x?y HTTP/1.1"
        ]
    );
    let json = |at: usize| -> Value { serde_json::from_str(&told[at].body).unwrap() };
    assert_eq!(json(0)["topic"], "rack");
    assert!(told[0].headers.contains("authorization: bearer 123:abc"), "{}", told[0].headers);
    assert_eq!(json(1)[0]["labels"]["alertname"], "SimbridgeTest");
    assert_eq!(
        (&json(2)["chat_id"], &json(2)["disable_notification"]),
        (&"-100".into(), &true.into())
    );
    assert_eq!(json(3)["type"], "test");
    let ghost = site.run(&["notify", "test", "ghost"]);
    let said = String::from_utf8_lossy(&ghost.stderr);
    assert!(said.contains("there is no channel \"ghost\"; there are \"am\", \"bot\""), "{said}");
}

/// Refuses what is for the topic `down`, and takes the rest.
fn take_unless_down(stream: TcpStream) -> Option<Received> {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let received = read_request(&mut reader)?;
    let topic = serde_json::from_str::<Value>(&received.body).unwrap()["topic"].clone();
    let status = if topic == "down" { "503 Down" } else { "200 OK" };
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
    (&stream).write_all(answer.as_bytes()).ok()?;
    Some(received)
}

#[test]
fn a_receiver_that_takes_nothing_has_the_others_told_nothing_twice() {
    let (http, requests) = listen(take_unless_down);
    let config = format!(
        "[[notify]]\nname = \"push\"\nkind = \"ntfy\"\nurl = \"http://127.0.0.1:{http}\"\nto = \
         [\"rack\", \"down\", \"office\"]\nafter = \"0s\"\n"
    );
    let site = Site::with(2, Scenario::default(), &config);
    let daemon = site.serve_ready();
    let number = &site.network().numbers()[0];
    for sim in site.json(&["sim", "list"]).as_array().unwrap() {
        site.ok(&["sim", "set-number", sim["iccid"].as_str().unwrap(), number]);
    }
    let topic = |received: &Received| -> String {
        let body: Value = serde_json::from_str(&received.body).unwrap();
        assert!(body["title"].as_str().unwrap().contains("NumbersContested"), "{body}");
        body["topic"].as_str().unwrap().to_owned()
    };
    let mut first: Vec<String> = (0..3).map(|_| topic(&requests.recv().unwrap())).collect();
    first.sort();
    assert_eq!(first, ["down", "office", "rack"]);
    let listed = || site.json(&["notify", "list"])[0].clone();
    wait_for("what was sent to be noted", || listed()["sent"] == 2);
    assert!(listed()["error"].as_str().unwrap().contains("answered 503"), "{}", listed());
    daemon.terminate();
    let _daemon = site.serve_ready();
    assert_eq!(topic(&requests.recv().unwrap()), "down", "the others know");
    wait_for("the second failure", || listed()["failed"] == 1);
    assert_eq!(requests.try_iter().count(), 0);
}

#[test]
fn an_alarm_is_told_once_also_over_a_restart_and_so_is_its_end() {
    let (http, requests) = listen(take_request);
    let config = format!(
        "[[notify]]\nkind = \"webhook\"\nurl = \"http://127.0.0.1:{http}/\"\nafter = \"0s\"\n"
    );
    let site = Site::with(2, Scenario::default(), &config);
    let daemon = site.serve_ready();
    let numbers = site.network().numbers();
    let iccids = || {
        let sims = site.json(&["sim", "list"]);
        let sims = sims.as_array().unwrap().iter();
        sims.map(|sim| sim["iccid"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for iccid in iccids() {
        site.ok(&["sim", "set-number", &iccid, &numbers[0]]);
    }
    let told = |requests: &Receiver<Received>| -> Value {
        let received = requests.recv().unwrap();
        serde_json::from_str(&received.body).unwrap()
    };
    let raised = told(&requests);
    assert_eq!(raised["type"], "alarms");
    let alarm = &raised["data"]["alarms"][0];
    assert_eq!((&alarm["alarm"], &alarm["kind"]), (&"NumbersContested".into(), &"raised".into()));
    assert!(!raised.to_string().contains(&numbers[0]), "no whole number");
    wait_for("the notice to be noted", || site.json(&["notify", "list"])[0]["sent"] == 1);
    daemon.terminate();
    let _daemon = site.serve_ready();
    let since = site.json(&["alarm", "list"])[0]["raised_at"].clone();
    assert_eq!(since, alarm["raised_at"]);
    site.ok(&["sim", "set-number", &iccids()[1], &numbers[1]]);
    let ended = told(&requests);
    let alarm = &ended["data"]["alarms"][0];
    assert_eq!(
        (&alarm["alarm"], &alarm["kind"], &alarm["raised_at"]),
        (&"NumbersContested".into(), &"ended".into(), &since),
        "nothing was told in between"
    );
    for limit in ["0", "5001"] {
        let refused = site.run(&["alarm", "list", "--ended", "--limit", limit]);
        assert_eq!(refused.status.code(), Some(2), "{limit}");
    }
    wait_for("the end to be kept", || {
        let ended = site.json(&["alarm", "list", "--ended"]);
        ended.as_array().unwrap().iter().any(|it| it["alarm"] == "NumbersContested")
    });
}
