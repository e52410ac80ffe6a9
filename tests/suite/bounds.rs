//! Clients that ask for much and read nothing, or take as many connections as they can: bytes and
//! time are bounded for each of them, and everybody else is served.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::endpoints::Fixture;
use crate::support::{GIVE_UP, PROGRAM, Site, wait_for};

/// How long a write must wait before it counts as blocked.
const BLOCKED: Duration = Duration::from_millis(300);

fn get(path: &str, key: &str) -> String {
    format!("GET /api/{path}?key={key} HTTP/1.1\r\nhost: x\r\n\r\n")
}

/// Sends a request and reads as much of the answer as comes at once; nothing, if the connection is
/// closed.
fn ask(stream: &mut TcpStream, request: &str) -> String {
    stream.set_read_timeout(Some(GIVE_UP)).unwrap();
    let mut answer = vec![0; 4096];
    let read = stream.write_all(request.as_bytes()).and_then(|()| stream.read(&mut answer));
    String::from_utf8_lossy(&answer[..read.unwrap_or(0)]).into_owned()
}

/// Sends the request again and again until nothing more is taken, or `most` bytes are. Returns how
/// many were taken; `None` when the connection was closed.
fn flood(stream: &mut TcpStream, request: &str, most: usize) -> Option<usize> {
    stream.set_write_timeout(Some(BLOCKED)).unwrap();
    let requests = request.repeat(64 * 1024 / request.len());
    let mut taken = 0;
    while taken < most {
        match stream.write(requests.as_bytes()) {
            Ok(length) => taken += length,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Some(taken);
            }
            Err(_) => return None,
        }
    }
    Some(taken)
}

/// Connects from an address of this machine. Little that is not read is kept for the client.
fn connect_from(client: &str, server: &str) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        socket.bind(SocketAddr::new(client.parse::<IpAddr>().unwrap(), 0)).unwrap();
        socket.connect(server.parse().unwrap()).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream
}

/// The memory that the daemon has, in MiB.
pub fn memory(daemon: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{daemon}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// A rental with so many messages of 150 characters: what a busy SIM gets in a day.
fn rental_with_messages(fixture: &Fixture, key: &str, count: usize) {
    let rented = fixture.ask(&format!("rental/new?key={key}&country=NL"));
    assert!(rented.contains("\"contract_id\":1,"), "{rented}");
    let database = fixture.site.dir.path().join("simbridge.db");
    let conn = rusqlite::Connection::open(database).unwrap();
    conn.busy_timeout(GIVE_UP).unwrap();
    let sql = format!(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count}) INSERT \
         INTO message (sim_id, sender, text, received_at, complete, rental_id, kind) SELECT \
         sim_id, 'Friend', printf('%0150d', n), started_at, 1, rental.id, 'text' FROM n, rental"
    );
    conn.execute_batch(&sql).unwrap();
}

#[test]
fn views_that_are_not_read_take_little_memory_and_slow_nobody() {
    let fixture = Fixture::open(1, "[rentals]\nview_messages = 10000\n");
    let (site, address) = (&fixture.site, &fixture.address);
    let (key, other) = (site.customer("ann", "100"), site.customer("bob", "1"));
    rental_with_messages(&fixture, &key, 50_000);
    let view = format!(
        "POST /api/rental/view?key={key}&contract_id=1 HTTP/1.1\r\nhost: x\r\ncontent-length: \
         0\r\n\r\n"
    );
    let before = memory(fixture.daemon_id());
    // 60 clients ask and do not read; their answers would have 700 MB.
    let crowd: Vec<TcpStream> = (0..60)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(view.as_bytes()).unwrap();
            stream
        })
        .collect();
    let mut answer = String::new();
    wait_for("the key to be refused further answers", || {
        let mut stream = TcpStream::connect(address).unwrap();
        answer = ask(&mut stream, &view);
        answer.starts_with("HTTP/1.1 429")
    });
    let answer = answer.to_lowercase();
    assert!(answer.contains("retry-after: 1\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\ntoo_many_requests"), "{answer}");
    assert_eq!(fixture.ask(&format!("getbalance?key={other}")), "1.00");
    assert_eq!(fixture.ask(&format!("rental/view?key={other}&contract_id=1")), "INVALID_CONTRACT");
    let grown = memory(fixture.daemon_id()).saturating_sub(before);
    assert!(grown < 128, "{grown} MiB for answers that nobody reads");
    drop(crowd);
    wait_for("the key to be answered again", || {
        let mut stream = TcpStream::connect(address).unwrap();
        ask(&mut stream, &view).starts_with("HTTP/1.1 200")
    });
}

#[test]
fn a_view_has_the_newest_messages_and_an_id_does_not_change() {
    let fixture = Fixture::open(1, "[rentals]\nview_messages = 2\n");
    let key = fixture.site.customer("ann", "100");
    rental_with_messages(&fixture, &key, 5);
    let view = fixture.ask(&format!("rental/view?key={key}&contract_id=1"));
    let view: serde_json::Value = serde_json::from_str(&view).unwrap();
    let shown = view["received_sms"].as_array().unwrap();
    let ids: Vec<_> = shown.iter().map(|sms| sms["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [4, 5]);
    assert_eq!(shown[1]["body"], format!("{:0150}", 5));
}

#[test]
fn messages_are_followed_a_page_at_a_time() {
    let fixture = Fixture::open(1, "");
    let key = fixture.site.customer("ann", "100");
    rental_with_messages(&fixture, &key, 501);
    let follow = |after: usize| {
        let page = fixture.site.admin(&format!("/messages?after={after}&wait=0"));
        let ids = page.as_array().unwrap().iter().map(|message| message["id"].as_u64().unwrap());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(follow(0), (1..=500).collect::<Vec<_>>());
    assert_eq!(follow(500), [501]);
}

#[test]
fn clients_that_read_nothing_lose_their_places() {
    // In the attack there were 200.
    const CLIENTS: usize = 40;
    let settings = format!("[http]\nmax_connections = {CLIENTS}\nwrite_timeout = \"1s\"\n");
    let fixture = Fixture::open(0, &settings);
    let key = fixture.site.customer("ann", "1");
    // They have no key, and what they ask for is not there.
    let request = "GET /nothing HTTP/1.1\r\nhost: x\r\n\r\n";
    let connect = || connect_from("127.0.0.1", &fixture.address);
    let mut crowd: Vec<TcpStream> = (0..CLIENTS).map(|_| connect()).collect();
    let requests = request.repeat(20_000);
    for stream in &mut crowd {
        stream.set_nonblocking(true).unwrap();
        let _ = stream.write(requests.as_bytes());
    }
    wait_for("a place for somebody else", || {
        for stream in &mut crowd {
            // Until the connection is closed there is always something that waits to be taken.
            let _ = stream.write(requests.as_bytes());
        }
        ask(&mut connect(), &get("getbalance", &key)).ends_with("\r\n\r\n1.00")
    });
}

#[test]
fn requests_whose_answers_are_not_read_are_not_read_either() {
    let fixture = Fixture::open(0, "[http]\nwrite_timeout = \"1s\"\n");
    let before = memory(fixture.daemon_id());
    for request in [
        // Their answers have no bodies, which hyper treats differently.
        "HEAD /api/getsms HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET /nothing HTTP/1.1\r\nhost: x\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(&fixture.address).unwrap();
        let taken = flood(&mut stream, request, 64 << 20);
        assert!(taken.is_none_or(|taken| taken < 16 << 20), "{taken:?} bytes of {request}");
        wait_for("the connection to be closed", || flood(&mut stream, request, 1 << 20).is_none());
    }
    let grown = memory(fixture.daemon_id()).saturating_sub(before);
    assert!(grown < 64, "{grown} MiB");
}

#[test]
fn one_address_leaves_connections_to_the_others() {
    // In the attack 10 000 connections of one address took all places.
    let fixture = Fixture::open(
        0,
        "[http]\nmax_connections = 100\ntrusted_proxies = [\"127.0.0.9\"]\n[limits]\n\
         connections_per_address = 20\n",
    );
    let address = &fixture.address;
    let key = fixture.site.customer("ann", "1");
    let crowd: Vec<TcpStream> = (0..100).map(|_| connect_from("127.0.0.1", address)).collect();
    let request = get("getbalance", &key);
    wait_for("a connection to be refused", || {
        let answer = ask(&mut connect_from("127.0.0.1", address), &request);
        assert!(!answer.ends_with("1.00"), "{answer}");
        answer.starts_with("HTTP/1.1 503") && answer.ends_with("TOO_MANY_CONNECTIONS")
    });
    for client in ["127.0.0.2", "127.0.0.9"] {
        let answer = ask(&mut connect_from(client, address), &request);
        assert!(answer.ends_with("\r\n\r\n1.00"), "{client}: {answer}");
    }
    let proxy: Vec<TcpStream> = (0..30).map(|_| connect_from("127.0.0.9", address)).collect();
    let answer = ask(&mut connect_from("127.0.0.9", address), &request);
    assert!(answer.ends_with("\r\n\r\n1.00"), "a proxy has many clients: {answer}");
    drop((crowd, proxy));
}

#[test]
fn one_key_leaves_connections_to_the_others() {
    let fixture = Fixture::open(0, "[limits]\nconnections_per_key = 20\n");
    let (ann, bob) = (fixture.site.customer("ann", "1"), fixture.site.customer("bob", "2"));
    let connect = || TcpStream::connect(&fixture.address).unwrap();
    let mut crowd: Vec<TcpStream> = (0..20).map(|_| connect()).collect();
    for stream in &mut crowd {
        assert!(ask(stream, &get("getbalance", &ann)).ends_with("\r\n\r\n1.00"));
    }
    let refused = ask(&mut connect(), &get("getbalance", &ann)).to_lowercase();
    assert!(refused.starts_with("http/1.1 429"), "{refused}");
    assert!(refused.contains("retry-after: 1\r\n"), "{refused}");
    assert!(refused.contains("connection: close\r\n"), "{refused}");
    assert!(refused.ends_with("\r\n\r\ntoo_many_requests"), "{refused}");
    assert!(ask(&mut connect(), &get("getbalance", &bob)).ends_with("\r\n\r\n2.00"));
    assert!(ask(&mut crowd[0], &get("getbalance", &ann)).ends_with("\r\n\r\n1.00"));
    // A proxy's connection counts for the key of its last request.
    assert!(ask(&mut crowd[0], &get("getbalance", &bob)).ends_with("\r\n\r\n2.00"));
    assert!(ask(&mut connect(), &get("getbalance", &ann)).ends_with("\r\n\r\n1.00"));
}

#[test]
fn behind_a_trusted_proxy_a_key_is_bound_to_its_clients_address() {
    let fixture = Fixture::open(0, "[http]\ntrusted_proxies = [\"127.0.0.1/32\"]\n");
    fixture.site.customer("ann", "1");
    let made = fixture.site.json(&["key", "add", "ann", "--allow", "198.51.100.0/24"]);
    let key = made["key"].as_str().unwrap();
    for (peer, header, answer) in [
        ("127.0.0.1", "x-forwarded-for: 198.51.100.7", "1.00"),
        ("127.0.0.1", "x-forwarded-for: 198.51.100.7, 203.0.113.9", "UNAUTHORIZED"),
        ("127.0.0.1", "forwarded: for=198.51.100.7;proto=https", "1.00"),
        ("127.0.0.1", "x-y: z", "UNAUTHORIZED"),
        ("127.0.0.2", "x-forwarded-for: 198.51.100.7", "UNAUTHORIZED"),
    ] {
        let mut stream = connect_from(peer, &fixture.address);
        let request =
            format!("GET /api/getbalance?key={key} HTTP/1.1\r\nhost: x\r\n{header}\r\n\r\n");
        let answered = ask(&mut stream, &request);
        assert!(answered.ends_with(&format!("\r\n\r\n{answer}")), "{peer} {header}: {answered}");
    }
}

#[test]
fn commands_that_wait_leave_places_to_short_ones() {
    let site = Site::with_modems(0);
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -n 64 && exec \"$0\" serve"]).arg(PROGRAM);
    limited.env("SIMBRIDGE_CONFIG", site.config()).env_remove("RUST_LOG");
    let _daemon = site.serve_by(limited);
    let socket = site.dir.path().join("admin.sock");
    let wait = "GET /messages?after=0&wait=60 HTTP/1.1\r\nhost: x\r\n\r\n";
    let crowd: Vec<UnixStream> = (0..40)
        .map(|_| {
            let mut stream = UnixStream::connect(&socket).unwrap();
            stream.write_all(wait.as_bytes()).unwrap();
            stream
        })
        .collect();
    wait_for("the status", || site.run(&["status"]).status.success());
    let waits = |mut stream: &UnixStream| {
        stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        stream.read(&mut [0; 12]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    };
    let waiting = crowd.iter().filter(|stream| waits(stream)).count();
    assert_eq!(waiting, 4, "of eight places half are kept");
    drop(crowd);
    wait_for("a place to wait in", || {
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        stream.write_all(wait.as_bytes()).unwrap();
        stream.read(&mut [0; 12]).is_err()
    });
}

#[test]
fn the_admin_socket_comes_back_and_is_nobody_elses() {
    let site = Site::with_modems(0);
    let daemon = site.serve();
    let socket = site.dir.path().join("admin.sock");
    std::fs::remove_file(&socket).unwrap();
    wait_for("the socket", || site.run(&["status"]).status.success());
    // Another daemon with another database does not get it.
    let other = site.dir.path().join("other.toml");
    let text = std::fs::read_to_string(site.config()).unwrap().replace("simbridge.db", "other.db");
    std::fs::write(&other, text).unwrap();
    let mut serve = site.command(&["serve"]);
    let output = serve.env("SIMBRIDGE_CONFIG", &other).stdout(Stdio::null()).output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("another simbridge answers on it"), "{said}");
    assert!(site.run(&["status"]).status.success());
    daemon.terminate();
    assert!(!socket.exists(), "the file goes with the daemon");
}
