//! The simplest program that empties a modem, as a baseline: it reads each announced message and
//! deletes it, without decoding or storing anything. Like the daemon, it is a process of its own.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_serial::{SerialPortBuilderExt, SerialStream};

/// The argument that makes this program the reader of the ports that follow.
pub const READER: &str = "--reader";

/// Starts the reader on these ports, and returns once it reads from all of them.
pub fn start(ports: &[impl AsRef<Path>]) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(READER).args(ports.iter().map(|port| port.as_ref().as_os_str()));
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
    child
}

/// The main function of the reader's process.
pub fn run(ports: &[String]) {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut lines = Vec::new();
        for port in ports {
            let stream = tokio_serial::new(port, 115_200).open_native_async().unwrap();
            let mut line = Line { stream, read: Vec::new(), told: VecDeque::new() };
            for command in [
                "ATE0",
                "AT+CPIN?",
                "AT+CMGF=0",
                "AT+CPMS=\"SM\",\"SM\",\"SM\"",
                "AT+CNMI=2,1,0,0,0",
            ] {
                line.ask(command).await;
            }
            lines.push(line);
        }
        println!("listening");
        let tasks: Vec<_> = lines.into_iter().map(|line| tokio::spawn(line.empty())).collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

struct Line {
    stream: SerialStream,
    read: Vec<u8>,
    /// The slots of messages that the modem has announced.
    told: VecDeque<String>,
}

impl Line {
    async fn empty(mut self) {
        loop {
            while self.told.is_empty() {
                self.next_line().await;
            }
            let index = self.told.pop_front().unwrap();
            self.ask(&format!("AT+CMGR={index}")).await;
            self.ask(&format!("AT+CMGD={index}")).await;
        }
    }

    /// Sends a command and reads up to its `OK`.
    async fn ask(&mut self, command: &str) {
        self.stream.write_all(format!("{command}\r").as_bytes()).await.unwrap();
        while self.next_line().await != "OK" {}
    }

    async fn next_line(&mut self) -> String {
        loop {
            if let Some(end) = self.read.iter().position(|octet| *octet == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                let line = String::from_utf8_lossy(&line).trim().to_owned();
                if let Some(index) = line.strip_prefix("+CMTI: \"SM\",") {
                    self.told.push_back(index.to_owned());
                }
                return line;
            }
            let mut buffer = [0; 2048];
            let length = self.stream.read(&mut buffer).await.unwrap();
            if length == 0 {
                // The simulated modems are gone, so this process is no longer needed.
                std::process::exit(0);
            }
            self.read.extend(&buffer[..length]);
        }
    }
}
