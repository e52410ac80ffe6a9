//! A site for tests: simulated modems in this process, and the real program as another process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use simbridge::http::AdminClient;
use simbridge::simulator::{Network, Rack, RackConfig, Scenario};
use tempfile::TempDir;
use tokio::runtime::Runtime;

#[path = "privacy.rs"]
pub mod privacy;

use privacy::{Secret, Secrets};

/// How long tests wait for anything. It is long enough for a busy machine; whatever takes longer
/// has failed.
pub const GIVE_UP: Duration = Duration::from_secs(60);

/// The log level of daemons: everything, except in benchmarks, which are optimised builds.
const LEVEL: &str = if cfg!(debug_assertions) { "debug" } else { "info" };

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_simbridge");

/// A folder with a configuration, and a rack of simulated modems.
pub struct Site {
    pub dir: TempDir,
    pub rack: Option<Rack>,
    pub secrets: Arc<Secrets>,
    runtime: Runtime,
}

impl Site {
    /// A site with this many modems, whose SIMs and numbers are made up.
    pub fn with_modems(modems: usize) -> Site {
        Site::with(modems, Scenario::default(), "")
    }

    /// A site with modems of a scenario, and more lines for its configuration, of which those of
    /// `[http]` come first.
    pub fn with(modems: usize, scenario: Scenario, configuration: &str) -> Site {
        let dir = tempfile::tempdir().unwrap();
        let runtime = Runtime::new().unwrap();
        let config = RackConfig {
            dir: dir.path().join("modems"),
            modems,
            clock: Arc::new(chrono::Utc::now),
            scenario: Some(scenario),
        };
        let rack = (modems > 0).then(|| runtime.block_on(async { Rack::start(config) }).unwrap());
        let folder = dir.path().display();
        // A section may stand in a file only once.
        let (http, configuration) = match configuration.strip_prefix("[http]\n") {
            Some(rest) => rest.split_at(rest.find("\n[").map_or(rest.len(), |end| end + 1)),
            None => ("", configuration),
        };
        let text = format!(
            "[database]\npath = \"{folder}/simbridge.db\"\n[http]\nlisten = \
             \"127.0.0.1:0\"\n{http}[admin]\nsocket = \"{folder}/admin.sock\"\n[[modem]]\nport = \
             \"{folder}/modems/modem*\"\n{configuration}"
        );
        std::fs::write(dir.path().join("simbridge.toml"), text).unwrap();
        let secrets = Arc::<Secrets>::default();
        let numbers = rack.iter().flat_map(|rack| rack.network().numbers());
        numbers.for_each(|number| secrets.add(Secret::Number(number)));
        Site { dir, rack, secrets, runtime }
    }

    pub fn config(&self) -> PathBuf {
        self.dir.path().join("simbridge.toml")
    }

    pub fn network(&self) -> &Network {
        self.rack.as_ref().unwrap().network()
    }

    /// Sends an SMS to a simulated number.
    pub fn send(&self, from: &str, to: &str, text: &str) {
        self.secrets.add(Secret::Text(text.to_owned()));
        self.network().send(from, to, text).unwrap();
    }

    /// The program with this site's configuration.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(args).env("SIMBRIDGE_CONFIG", self.config()).env_remove("RUST_LOG");
        // What is shown must not depend on where the tests run.
        command.env("TZ", "UTC");
        // As systemd does it for a service with LoadCredential=.
        command.env("CREDENTIALS_DIRECTORY", self.dir.path());
        command
    }

    /// Starts commands at the same time, kills the daemon after so long, and waits until all
    /// commands have ended.
    pub fn kill_amid(&self, daemon: Daemon, commands: &[Vec<&str>], life: Duration) {
        let start = |args: &Vec<&str>| {
            let mut command = self.command(args);
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        };
        let racing: Vec<Child> = commands.iter().map(start).collect();
        daemon.kill_after(life);
        for mut command in racing {
            command.wait().unwrap();
        }
    }

    /// Runs a command, and checks that its standard error contains no secrets except those that it
    /// was given as arguments.
    pub fn run(&self, args: &[&str]) -> Output {
        let output = self.command(args).output().unwrap();
        let mut said = String::from_utf8_lossy(&output.stderr).into_owned();
        args.iter().for_each(|arg| said = said.replace(arg, ""));
        let found = self.secrets.found_in(&said, self.dir.path());
        assert!(found.is_empty(), "secrets in what {args:?} says: {found:?}\n{said}");
        output
    }

    /// What a command prints, which must succeed.
    pub fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let said = String::from_utf8(output.stdout).unwrap();
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {said}{complaints}");
        said
    }

    /// The JSON that a command prints, which must succeed.
    pub fn json(&self, args: &[&str]) -> Value {
        let said: Value = serde_json::from_str(&self.ok(&[args, &["--json"]].concat())).unwrap();
        if let Some(secret) = said["secret"].as_str() {
            self.secrets.add(Secret::Key(secret.to_owned()));
        }
        if let Some(key) = said["key"].as_str() {
            self.secrets.add(Secret::Key(key.to_owned()));
        }
        if let Some((_, token)) = said["link"].as_str().and_then(|link| link.split_once('#')) {
            self.secrets.add(Secret::Key(token.to_owned()));
        }
        said
    }

    /// Starts the daemon and returns once it serves or stands by. It logs everything, and at its
    /// end the log is searched for secrets.
    pub fn serve(&self) -> Daemon {
        self.serve_by(self.command(&["serve"]))
    }

    /// Like [`Site::serve`], with a command of the caller's.
    pub fn serve_by(&self, mut command: Command) -> Daemon {
        let mut child = command.env("RUST_LOG", LEVEL).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (tell, told) = channel();
        // A daemon that writes into a full pipe would be blocked.
        let reader = std::thread::spawn(move || {
            let mut said = String::new();
            for line in stderr.lines().map_while(Result::ok) {
                let is_up = ["started", "standby"].iter().any(|event| {
                    line.contains(&format!("event=\"{event}\""))
                        || line.contains(&format!("\"event\":\"{event}\""))
                });
                if is_up {
                    let _ = tell.send(());
                }
                said += &(line + "\n");
            }
            said
        });
        let mut daemon = Daemon::of(child);
        daemon.reader = Some(reader);
        daemon.secrets = Arc::clone(&self.secrets);
        daemon.folder = self.dir.path().to_owned();
        // The channel is closed when the daemon exits before it has started.
        if told.recv().is_err() {
            daemon.end();
            panic!("the daemon did not start: {}", daemon.said);
        }
        daemon
    }

    /// Starts the daemon and returns once all modems are Ready.
    pub fn serve_ready(&self) -> Daemon {
        let daemon = self.serve();
        self.wait_ready();
        daemon
    }

    pub fn wait_ready(&self) {
        let modems = self.rack.as_ref().map_or(0, |rack| rack.ports().len());
        wait_for("all modems to be Ready", || self.admin("/status")["modems"]["ready"] == modems);
    }

    /// Waits until no order holds money. One whose time is over counts as open no more, but holds
    /// its price until the daemon has ended it.
    pub fn wait_for_orders_to_end(&self) {
        let ended = |account: &Value| account["held"] == "0.00";
        let accounts = || self.admin("/accounts");
        wait_for("all orders to end", || accounts().as_array().unwrap().iter().all(ended));
    }

    /// Sends a customer's GET; returns the body of the answer.
    pub fn get(&self, path: &str) -> String {
        self.http(&format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).1
    }

    /// Sends raw bytes to the customers' port; returns the head and the body of the answer.
    pub fn http(&self, request: &str) -> (String, String) {
        let status = self.admin("/status");
        http(status["listen"].as_str().unwrap_or_else(|| panic!("{status}")), request)
    }

    fn client(&self) -> AdminClient {
        AdminClient::new(self.dir.path().join("admin.sock"))
    }

    /// What the daemon answers on its admin socket, as the commands ask it, but without a process
    /// each time.
    pub fn admin(&self, path: &str) -> Value {
        self.runtime.block_on(in_time(self.client().get(path))).unwrap()
    }

    /// The head and the body of an answer on the admin socket, whatever it is.
    pub fn admin_raw(&self, path: &str) -> (String, String) {
        let socket = self.dir.path().join("admin.sock");
        let stream = std::os::unix::net::UnixStream::connect(socket).unwrap();
        stream.set_read_timeout(Some(GIVE_UP)).unwrap();
        exchange(stream, &format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"))
    }

    /// A page of text on the admin socket.
    pub fn page(&self, path: &str) -> String {
        self.runtime.block_on(in_time(self.client().page(path))).unwrap()
    }

    /// Adds an account with credit and a key; returns the key.
    pub fn customer(&self, name: &str, credit: &str) -> String {
        self.ok(&["account", "add", name]);
        if credit != "0" {
            self.ok(&["account", "topup", name, credit, "--yes"]);
        }
        self.json(&["key", "add", name])["key"].as_str().unwrap().to_owned()
    }

    /// Every message in the database.
    pub fn messages(&self) -> Vec<Value> {
        let mut all: Vec<Value> = Vec::new();
        loop {
            let after = all.last().map_or(0, |last| last["id"].as_i64().unwrap());
            let page = self.admin(&format!("/messages?limit=5000&after={after}&all=true"));
            let page = page.as_array().unwrap();
            all.extend_from_slice(page);
            if page.len() < 5000 {
                return all;
            }
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(rack) = self.rack.take() {
            self.runtime.block_on(rack.stop());
        }
    }
}

/// Sends raw bytes; returns the head and the body of the answer.
pub fn http(address: &str, request: &str) -> (String, String) {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(GIVE_UP)).unwrap();
    exchange(stream, request)
}

fn exchange(mut stream: impl Read + Write, request: &str) -> (String, String) {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

/// The running program. When it is dropped, it is killed, and its log is searched for secrets.
pub struct Daemon {
    pub child: Option<Child>,
    reader: Option<JoinHandle<String>>,
    said: String,
    /// Its metrics and health, read before it ended.
    shown: String,
    folder: PathBuf,
    secrets: Arc<Secrets>,
}

impl Daemon {
    /// A program that the caller has started. Its output is not read.
    pub fn of(child: Child) -> Daemon {
        Daemon {
            child: Some(child),
            reader: None,
            said: String::new(),
            shown: String::new(),
            folder: PathBuf::new(),
            secrets: Arc::default(),
        }
    }

    pub fn id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Makes the daemon reload its configuration, like `kill -HUP`.
    pub fn hang_up(&self) {
        let pid = rustix::process::Pid::from_raw(self.id().cast_signed()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    }

    /// Kills it with SIGKILL.
    pub fn kill(mut self) {
        self.child.as_mut().unwrap().kill().unwrap();
        self.end();
    }

    /// Kills it with SIGKILL once it has lived for so long from now on.
    pub fn kill_after(self, life: Duration) {
        let end = Instant::now() + life;
        while Instant::now() < end {
            std::thread::park_timeout(end.saturating_duration_since(Instant::now()));
        }
        self.kill();
    }

    /// Stops it with SIGTERM, as `systemctl stop` does, and waits until it has exited successfully.
    /// Returns how long that took, for benchmarks.
    pub fn terminate(mut self) -> Duration {
        self.terminate_now()
    }

    /// As [`Daemon::terminate`], for tests that read its log afterwards.
    pub fn terminate_now(&mut self) -> Duration {
        self.read_monitoring();
        let pid = rustix::process::Pid::from_raw(self.id().cast_signed()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let asked = Instant::now();
        let child = self.child.as_mut().unwrap();
        let mut status = None;
        wait_for("the daemon to stop", || {
            status = child.try_wait().unwrap();
            status.is_some()
        });
        let took = asked.elapsed();
        assert!(status.unwrap().success(), "{status:?}");
        self.end();
        took
    }

    /// Its log, once it has exited.
    pub fn said(&self) -> &str {
        &self.said
    }

    /// Reads its metrics and health.
    fn read_monitoring(&mut self) {
        let client = AdminClient::new(self.folder.join("admin.sock"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for path in ["/metrics", "/healthz", "/readyz"] {
            self.shown += &runtime.block_on(in_time(client.page(path))).unwrap_or_default();
        }
    }

    /// Waits until the process has exited, and searches its log for secrets.
    fn end(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        child.wait().unwrap();
        let Some(reader) = self.reader.take() else { return };
        self.said += &reader.join().unwrap();
        if std::thread::panicking() {
            // Its last lines may show why the test failed.
            let told = self.said.lines().filter(|line| !line.contains("admin_answered"));
            let lines: Vec<&str> = told.collect::<Vec<_>>().into_iter().rev().take(60).collect();
            lines.iter().rev().for_each(|line| eprintln!("{line}"));
        }
        if !cfg!(debug_assertions) {
            return;
        }
        self.shown += &self.said;
        let found = self.secrets.found_in(&self.shown, &self.folder);
        assert!(
            found.is_empty() || std::thread::panicking(),
            "secrets in the daemon's output: {found:?}\n{}",
            self.shown
        );
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.child.is_some() && !std::thread::panicking() {
            self.read_monitoring();
        }
        if let Some(child) = &mut self.child {
            let _ = child.kill();
        }
        self.end();
    }
}

/// Waits for an answer for [`GIVE_UP`] at most.
async fn in_time<T>(answer: impl Future<Output = T>) -> T {
    tokio::time::timeout(GIVE_UP, answer).await.unwrap_or_else(|_| panic!("no answer in time"))
}

/// Polls until a condition holds; fails after [`GIVE_UP`].
pub fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < GIVE_UP, "waited in vain for {what}");
        // Polling faster would slow down the daemon.
        std::thread::park_timeout(Duration::from_millis(2));
    }
}
