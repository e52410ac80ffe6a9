//! Those who attack the customers' port and the admin socket.

use std::io::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use simbridge::domain::Random;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::client::{Client, stream_from};
use super::support::Site;
use super::{MODEMS, Over, modems, strangers};

/// How many clients do not read what they asked for: of a key's large answers, and of nobody's
/// small ones.
const VIEWERS: usize = 60;
const DEAF: usize = 200;
/// How many connections one address tries to keep.
const CONNECTIONS: usize = 10_000;
/// How many connections ask as fast as they are answered.
const OF_ONE_KEY: usize = 16;
const WITH_WRONG_KEYS: usize = 8;
const CHURNERS: usize = 6;
const WAITING_COMMANDS: usize = 40;
/// The messages of the rental that is viewed.
const RENTAL_MESSAGES: usize = 50_000;
/// The pause of those who do not wait for answers.
const PAUSE: Duration = Duration::from_millis(20);

pub struct Attackers {
    target: Target,
    viewer: String,
    greedy: String,
    churners: Vec<String>,
    random: Random,
}

#[derive(Clone)]
struct Target {
    address: String,
    socket: PathBuf,
    daemon: u32,
    counts: Arc<[AtomicU64; KINDS.len()]>,
}

/// What is counted for the report, in the order of [`Kind`].
const KINDS: [&str; 7] = [
    "large answers asked for",
    "rounds of requests without reading",
    "connections opened",
    "requests of the greedy key",
    "wrong keys",
    "orders made and given up",
    "reloads",
];

#[derive(Clone, Copy)]
enum Kind {
    View,
    Deaf,
    Connect,
    Greedy,
    WrongKey,
    Churn,
    Reload,
}

impl Target {
    fn count(&self, kind: Kind) {
        self.counts[kind as usize].fetch_add(1, Ordering::Relaxed);
    }
}

impl Attackers {
    pub fn add(site: &Site, address: &str, daemon: u32, seed: u64) -> Attackers {
        for sim in site.admin("/sims").as_array().unwrap() {
            if sim["country"] == "UK" && sim["modem"].is_string() {
                site.ok(&["sim", "rest", sim["iccid"].as_str().unwrap(), "7d"]);
            }
        }
        let viewer = site.customer("viewer", "1000");
        let body = format!("key={viewer}&country=USA&package=1m");
        let (head, rented) = site.http(&format!(
            "POST /api/rental/new HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: \
             application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ));
        assert!(rented.contains("\"contract_id\":1,"), "{head} {rented}");
        let conn = rusqlite::Connection::open(site.dir.path().join("simbridge.db")).unwrap();
        conn.busy_timeout(Duration::from_secs(60)).unwrap();
        conn.execute_batch(&format!(
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < \
             {RENTAL_MESSAGES}) INSERT INTO message (sim_id, sender, text, received_at, complete, \
             rental_id, kind) SELECT sim_id, 'Friend', printf('%0150d', n), started_at, 1, \
             rental.id, 'text' FROM n, rental"
        ))
        .unwrap();
        Attackers {
            target: Target {
                address: address.to_owned(),
                socket: site.dir.path().join("admin.sock"),
                daemon,
                counts: Arc::default(),
            },
            viewer,
            greedy: site.customer("greedy", "1000"),
            churners: (0..CHURNERS)
                .map(|n| site.customer(&format!("churner{n}"), "0.50"))
                .collect(),
            random: Random::new(seed),
        }
    }

    /// Starts the attacks of these names, or all of them.
    pub fn start(&self, site: &Site, over: &Over, names: &[String]) -> Vec<JoinHandle<()>> {
        let mut random = self.random.clone();
        let mut draw = || Random::new(random.below(u64::MAX));
        let mut started = Started { names, tasks: Vec::new() };
        let (target, over) = (|| self.target.clone(), || over.clone());
        for _ in 0..VIEWERS {
            started.spawn("views", view(target(), self.viewer.clone(), over()));
        }
        for _ in 0..DEAF {
            started.spawn("deaf", ask_without_reading(target(), over()));
        }
        started.spawn("connections", take_connections(target(), draw(), over()));
        for n in 0..OF_ONE_KEY {
            let (name, what) = match n % 2 {
                0 => ("services", "services?"),
                // None of 10 000 numbers can be had.
                _ => ("no-stock", "makeorder?serviceId=1&country=UK&"),
            };
            let path = format!("/api/{what}key={}", self.greedy);
            started.spawn(name, ask(target(), "127.0.0.5", path, Kind::Greedy, over()));
        }
        for _ in 0..WITH_WRONG_KEYS {
            let path = "/api/getbalance?key=wrong".to_owned();
            started.spawn("keys", ask(target(), "127.0.0.6", path, Kind::WrongKey, over()));
        }
        for (n, key) in self.churners.iter().enumerate() {
            started.spawn("churn", churn(target(), n + 100, key.clone(), over()));
        }
        for _ in 0..WAITING_COMMANDS {
            started.spawn("socket", wait_on_the_socket(target(), over()));
        }
        started.spawn("reload", reload(target(), draw(), over()));
        started.spawn("nonsense", send_nonsense(target(), draw(), over()));
        let network = || site.network().clone();
        let british = |number: &String| number.starts_with("+44");
        let numbers = network().numbers();
        for modem in (0..MODEMS).filter(|modem| british(&numbers[*modem])) {
            started.spawn("modems", modems::break_modem(network(), modem, draw(), over()));
        }
        for calling_code in ["1", "44", "31"] {
            started.spawn("strangers", strangers::write(network(), calling_code, draw(), over()));
        }
        started.tasks
    }

    pub fn report(&self) {
        for (kind, count) in KINDS.iter().zip(&*self.target.counts) {
            println!("{}: {kind}", count.load(Ordering::Relaxed));
        }
    }
}

/// The tasks of the attacks that are wanted: of all, when none is named.
struct Started<'a> {
    names: &'a [String],
    tasks: Vec<JoinHandle<()>>,
}

impl Started<'_> {
    fn spawn(&mut self, name: &str, task: impl Future<Output = ()> + Send + 'static) {
        if self.names.is_empty() || self.names.iter().any(|wanted| wanted == name) {
            self.tasks.push(tokio::spawn(task));
        }
    }
}

/// Asks for a large answer, reads none of it, and begins anew when the connection is closed.
async fn view(target: Target, key: String, over: Over) {
    let request = format!(
        "POST /api/rental/view?key={key}&contract_id=1 HTTP/1.1\r\nhost: x\r\ncontent-length: \
         0\r\n\r\n"
    );
    while !over.is() {
        target.count(Kind::View);
        let Ok(mut stream) = stream_from("127.0.0.4", &target.address).await else { continue };
        keep_asking(&mut stream, &request, &over).await;
    }
}

/// Sends requests whose answers are small, reads none of them, and begins anew when the connection
/// is closed.
async fn ask_without_reading(target: Target, over: Over) {
    let request = "HEAD /api/getsms HTTP/1.1\r\nhost: x\r\n\r\nGET /nothing HTTP/1.1\r\nhost: \
                   x\r\n\r\n";
    while !over.is() {
        target.count(Kind::Deaf);
        let Ok(mut stream) = stream_from("127.0.0.3", &target.address).await else {
            sleep(PAUSE).await;
            continue;
        };
        keep_asking(&mut stream, &request.repeat(500), &over).await;
    }
}

/// Writes a request again and again until the connection is closed.
async fn keep_asking(stream: &mut TcpStream, request: &str, over: &Over) {
    while !over.is() {
        match timeout(Duration::from_secs(1), stream.write_all(request.as_bytes())).await {
            // What was taken of the last request does not matter: nothing of it is to be right.
            Ok(Ok(())) | Err(_) => sleep(PAUSE).await,
            Ok(Err(_)) => return,
        }
    }
}

/// Takes as many connections as it gets, and lets go of some now and then.
async fn take_connections(target: Target, mut random: Random, over: Over) {
    let mut held = Vec::new();
    while !over.is() {
        target.count(Kind::Connect);
        if let Ok(stream) = stream_from("127.0.0.7", &target.address).await {
            held.push(stream);
        }
        if held.len() > CONNECTIONS {
            held.truncate(random.index(CONNECTIONS));
        }
        sleep(Duration::from_millis(2)).await;
    }
}

/// Asks for the same as fast as it is answered.
async fn ask(target: Target, own: &'static str, path: String, kind: Kind, over: Over) {
    while !over.is() {
        let Ok(mut client) = Client::connect_from(own, &target.address).await else {
            sleep(PAUSE).await;
            continue;
        };
        while !over.is() && client.get(&path).await.is_ok() {
            target.count(kind);
        }
        sleep(PAUSE).await;
    }
}

/// Makes orders and gives them up as fast as it is answered.
async fn churn(target: Target, service: usize, key: String, over: Over) {
    while !over.is() {
        let churned = async {
            let mut client = Client::connect_from("127.0.0.8", &target.address).await?;
            while !over.is() {
                let path = format!("/api/makeorder?serviceId={service}&country=NL&key={key}");
                let made = client.get(&path).await?;
                target.count(Kind::Churn);
                let order = made.strip_prefix("ORDER_ID_").and_then(|rest| rest.split('_').next());
                if let Some(order) = order {
                    client.get(&format!("/api/cancelorder?orderId={order}&key={key}")).await?;
                }
            }
            Ok::<(), Error>(())
        };
        let _ = churned.await;
        sleep(PAUSE).await;
    }
}

/// Waits for messages on the admin socket, as `message tail` does.
async fn wait_on_the_socket(target: Target, over: Over) {
    let wait = "GET /messages?after=0&wait=60 HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut answer = vec![0; 65_536];
    while !over.is() {
        if let Ok(mut stream) = UnixStream::connect(&target.socket).await
            && stream.write_all(wait.as_bytes()).await.is_ok()
        {
            let _ = timeout(Duration::from_secs(5), stream.read(&mut answer)).await;
        }
        sleep(Duration::from_secs(1)).await;
    }
}

/// Has the configuration read again and again.
async fn reload(target: Target, mut random: Random, over: Over) {
    let daemon = Pid::from_raw(target.daemon.cast_signed()).unwrap();
    while !over.is() {
        kill_process(daemon, Signal::HUP).unwrap();
        target.count(Kind::Reload);
        sleep(Duration::from_millis(random.between((10, 3_000)))).await;
    }
}

/// Sends octets that are no HTTP, and HTTP that makes no sense.
async fn send_nonsense(target: Target, mut random: Random, over: Over) {
    let heads = [
        "GET /api/services?key=%00%ff HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\
         transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET /\u{1b}[2J HTTP/1.1\r\nhost: x\r\n\r\n",
        "POST /api/rental/new HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         content-length: 60000\r\n\r\n[[[[[[[[[[[[",
        "GET /api/getsms?orderId=99999999999999999999&key=x HTTP/0.9\r\n\r\n",
    ];
    while !over.is() {
        if let Ok(mut stream) = stream_from("127.0.0.9", &target.address).await {
            let mut octets = random.one_of(&heads).as_bytes().to_vec();
            octets.extend(random.octets());
            let _ = stream.write_all(&octets).await;
            let _ = timeout(PAUSE, stream.read(&mut [0; 1024])).await;
        }
        sleep(PAUSE).await;
    }
}
