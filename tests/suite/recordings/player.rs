//! Plays a recording on a PTY.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rustix::io::ioctl_fionbio;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;

use super::recording::Recording;

pub struct Player {
    sent: Arc<Mutex<Vec<String>>>,
    heard: Arc<Notify>,
    playing: tokio::task::JoinHandle<()>,
}

impl Drop for Player {
    fn drop(&mut self) {
        self.playing.abort();
    }
}

impl Player {
    /// The commands that the host has sent so far.
    pub fn sent(&self) -> Vec<String> {
        self.sent.lock().unwrap().clone()
    }

    /// The host has sent another command.
    pub async fn heard(&self) {
        self.heard.notified().await;
    }
}

/// Links `port` to a PTY and answers commands on it.
pub fn start(port: &Path, recording: Recording, standard: Recording) -> Player {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    ioctl_fionbio(&master, true).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let device = PathBuf::from(ptsname(&master, Vec::new()).unwrap().into_string().unwrap());
    let slave =
        OwnedFd::from(std::fs::OpenOptions::new().read(true).write(true).open(&device).unwrap());
    let mut attributes = tcgetattr(&slave).unwrap();
    attributes.make_raw();
    tcsetattr(&slave, OptionalActions::Now, &attributes).unwrap();
    std::os::unix::fs::symlink(&device, port).unwrap();
    // SAFETY: an `OwnedFd` keeps its descriptor open and the same for as long as the `AsyncFd` has
    // it.
    let master = unsafe { AsyncFd::register(master) }.unwrap();
    let (sent, heard) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Notify::new()));
    let stage = Stage {
        recording,
        standard,
        sent: Arc::clone(&sent),
        heard: Arc::clone(&heard),
        partial: Vec::new(),
    };
    let playing = tokio::spawn(stage.play(master, slave));
    Player { sent, heard, playing }
}

struct Stage {
    recording: Recording,
    standard: Recording,
    sent: Arc<Mutex<Vec<String>>>,
    heard: Arc<Notify>,
    partial: Vec<u8>,
}

impl Stage {
    /// The other end, which is kept open: without any, reading the master would always return
    /// errors.
    async fn play(mut self, master: AsyncFd<OwnedFd>, _other_end: OwnedFd) {
        let mut buffer = [0; 1024];
        let mut greeted = false;
        loop {
            let mut guard = master.readable().await.unwrap();
            let Ok(read) = guard.try_io(|master| Ok(rustix::io::read(master, &mut buffer)?)) else {
                continue;
            };
            if !std::mem::replace(&mut greeted, true) {
                self.say(&master, &self.recording.greeting);
            }
            for octet in &buffer[..read.unwrap()] {
                match octet {
                    b'\r' => self.command(&master),
                    b'\n' | 0x1B => {}
                    octet => self.partial.push(*octet),
                }
            }
        }
    }

    fn command(&mut self, master: &AsyncFd<OwnedFd>) {
        let command = String::from_utf8(std::mem::take(&mut self.partial)).unwrap();
        match self.recording.answer(&command).or_else(|| self.standard.answer(&command)) {
            Some(entry) => {
                self.say(master, &entry.unasked);
                self.say(master, &entry.reply);
            }
            None => self.say(master, &["ERROR".to_owned()]),
        }
        self.sent.lock().unwrap().push(command);
        self.heard.notify_one();
    }

    /// A few hundred octets, which a PTY takes at once.
    fn say(&self, master: &AsyncFd<OwnedFd>, lines: &[String]) {
        for line in lines {
            let octets = format!("\r\n{line}\r\n").into_bytes();
            assert_eq!(rustix::io::write(master.get_ref(), &octets).unwrap(), octets.len());
        }
    }
}
