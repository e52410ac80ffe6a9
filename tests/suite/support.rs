//! A site to test at: simulated modems in this process, the real program beside it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use simbridge::simulator::{Network, Rack, RackConfig, Scenario};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Long enough for a busy machine; whoever waits this long has failed.
pub const GIVE_UP: Duration = Duration::from_secs(60);

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_simbridge");

/// A folder with a configuration, and a rack of simulated modems.
pub struct Site {
    pub dir: TempDir,
    pub rack: Option<Rack>,
    runtime: Runtime,
}

impl Site {
    /// So many made-up modems.
    pub fn with_modems(modems: usize) -> Site {
        Site::with(modems, Scenario::default(), "")
    }

    /// A scenario, and more lines for the configuration.
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
        let text = format!(
            "[database]\npath = \"{folder}/simbridge.db\"\n[http]\nlisten = \"127.0.0.1:0\"\n\
             [admin]\nsocket = \"{folder}/admin.sock\"\n[[modem]]\nport = \"{folder}/modems/modem*\"\n{configuration}"
        );
        std::fs::write(dir.path().join("simbridge.toml"), text).unwrap();
        Site { dir, rack, runtime }
    }

    pub fn config(&self) -> PathBuf {
        self.dir.path().join("simbridge.toml")
    }

    pub fn network(&self) -> &Network {
        self.rack.as_ref().unwrap().network()
    }

    /// Sends a text to a simulated number.
    pub fn send(&self, from: &str, to: &str, text: &str) {
        self.network().send(from, to, text).unwrap();
    }

    /// The program with this site's configuration.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(args).env("SIMBRIDGE_CONFIG", self.config()).env_remove("RUST_LOG");
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// What a command that must succeed prints.
    pub fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The JSON that a command that must succeed prints.
    pub fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.ok(&[args, &["--json"]].concat())).unwrap()
    }

    /// Starts the daemon and returns once it serves.
    pub fn serve(&self) -> Daemon {
        self.serve_by(self.command(&["serve"]))
    }

    /// Starts the daemon by a command of one's own and returns once it serves.
    pub fn serve_by(&self, mut command: Command) -> Daemon {
        let mut daemon = Daemon { child: command.stderr(Stdio::piped()).spawn().unwrap() };
        let mut lines = BufReader::new(daemon.child.stderr.take().unwrap()).lines();
        let said: Vec<String> =
            lines.by_ref().map_while(Result::ok).take_while(|line| !line.contains("event=\"started\"")).collect();
        // At its end the daemon has ended; else it has said so and goes on.
        assert!(daemon.child.try_wait().unwrap().is_none(), "the daemon did not start: {said:#?}");
        // Whoever writes to a full pipe stands still.
        std::thread::spawn(move || lines.for_each(drop));
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

    /// Asks over HTTP as a customer; the body.
    pub fn get(&self, path: &str) -> String {
        self.http(&format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).1
    }

    /// Sends raw bytes to the customers' port; head and body of the answer.
    pub fn http(&self, request: &str) -> (String, String) {
        let status = self.admin("/status");
        http(status["listen"].as_str().unwrap_or_else(|| panic!("{status}")), request)
    }

    /// What the daemon says on its admin socket; as the commands ask it, without a process each time.
    pub fn admin(&self, path: &str) -> Value {
        let stream = UnixStream::connect(self.dir.path().join("admin.sock")).unwrap();
        let (_, body) = exchange(stream, &format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"));
        serde_json::from_str(&body).unwrap()
    }

    /// An account with a key and credit; the key.
    pub fn customer(&self, name: &str, credit: &str) -> String {
        self.ok(&["account", "add", name]);
        if credit != "0" {
            self.ok(&["account", "topup", name, credit]);
        }
        self.json(&["key", "add", name])["key"].as_str().unwrap().to_owned()
    }

    /// Every message in the database.
    pub fn messages(&self) -> Vec<Value> {
        self.admin("/messages?limit=0").as_array().unwrap().clone()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(rack) = self.rack.take() {
            self.runtime.block_on(rack.stop());
        }
    }
}

/// Sends raw bytes; head and body of the answer.
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

/// The running program; killed when dropped.
pub struct Daemon {
    pub child: Child,
}

impl Daemon {
    /// Asks it to read its configuration anew, as `kill -HUP` does.
    pub fn hang_up(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    }

    /// kill -9.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; how long it took to end, which must be well.
    pub fn terminate(mut self) -> Duration {
        let pid = rustix::process::Pid::from_child(&self.child);
        let asked = Instant::now();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}");
        asked.elapsed()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks again and again until `there`; fails after [`GIVE_UP`].
pub fn wait_for(what: &str, mut there: impl FnMut() -> bool) {
    let started = Instant::now();
    while !there() {
        assert!(started.elapsed() < GIVE_UP, "waited in vain for {what}");
        // Looking costs the daemon something too.
        std::thread::park_timeout(Duration::from_millis(2));
    }
}
