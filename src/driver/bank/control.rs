//! The control line of a serial pool: opened when there is something to switch, kept open as long
//! as it holds.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio_serial::SerialStream;

use crate::bank::{BankProfile, Control, ControlAction};
use crate::driver::clock::Clock;
use crate::driver::holders::Holders;
use crate::driver::port;

/// A pool that does not take a command by then has stopped reading.
const WRITE: Duration = Duration::from_secs(5);

/// A radio and a row that is to come on it.
pub(super) type Job = (usize, u32);
/// A radio, and whether the pool has taken the switch.
pub(super) type Done = (usize, Result<(), String>);

pub(super) struct Line {
    pub path: PathBuf,
    pub profile: BankProfile,
    pub holders: Holders,
    pub jobs: mpsc::Receiver<Job>,
    pub done: mpsc::Sender<Done>,
}

impl Line {
    /// Until nobody has anything to switch any more.
    pub async fn run(mut self) {
        while let Some(job) = self.jobs.recv().await {
            let failed = match port::open(&self.path, self.profile.baud, &self.holders).await {
                Ok(stream) => self.converse(stream, job).await,
                Err(reason) => (vec![job.0], reason),
            };
            let (radios, reason) = failed;
            let reason = format!("the control port {}: {reason}", self.path.display());
            for radio in radios {
                if self.done.send((radio, Err(reason.clone()))).await.is_err() {
                    return;
                }
            }
        }
    }

    /// Until the line fails: for which radios nobody has answered then, and why.
    async fn converse(
        &mut self,
        mut stream: SerialStream,
        (radio, row): Job,
    ) -> (Vec<usize>, String) {
        let clock = Clock::start();
        let mut control = Control::new(self.profile.clone(), clock.now());
        control.switch(radio, row, clock.now());
        let ended = self.talk(&mut stream, &mut control, clock).await;
        port::close(stream);
        (
            control.abandon(),
            ended.err().map_or_else(|| "closed".to_owned(), |error| error.to_string()),
        )
    }

    async fn talk(
        &mut self,
        stream: &mut SerialStream,
        control: &mut Control,
        clock: Clock,
    ) -> io::Result<()> {
        let mut buffer = [0; 256];
        loop {
            while let Some(action) = control.next_action() {
                match action {
                    ControlAction::Write(octets) => {
                        let written = tokio::time::timeout(WRITE, stream.write_all(&octets)).await;
                        written.map_err(|_| io::Error::other("the bank does not read"))??;
                    }
                    ControlAction::Switched(radio, said) => {
                        if self.done.send((radio, said)).await.is_err() {
                            return Ok(());
                        }
                    }
                }
            }
            let due = control.next_deadline().map(|moment| clock.instant(moment));
            tokio::select! {
                () = until(due) => control.tick(clock.now()),
                read = stream.read(&mut buffer) => match read? {
                    0 => return Err(io::Error::other("the port hung up")),
                    length => control.receive(buffer.get(..length).unwrap_or_default(), clock.now()),
                },
                job = self.jobs.recv() => match job {
                    Some((radio, row)) => control.switch(radio, row, clock.now()),
                    None => return Ok(()),
                },
            }
        }
    }
}

async fn until(due: Option<tokio::time::Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}
