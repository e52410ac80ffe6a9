//! The control line of a bank that is switched over a serial port. It is opened for the first
//! switch and kept open as long as it works.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio_serial::SerialStream;

use crate::bank::{BankProfile, Control, ControlAction};
use crate::driver::clock::Clock;
use crate::driver::holders::Holders;
use crate::driver::serial;

/// How long a write may take; a bank that has not read it by then has stopped reading.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// A command to connect a slot to a radio. Both are counted from 0.
#[derive(Debug)]
pub(super) struct SwitchCommand {
    pub radio: usize,
    pub local_slot: u32,
}

/// A radio, and whether the bank has carried out the switch for it.
pub(super) type SwitchResult = (usize, Result<(), String>);

pub(super) struct ControlLine {
    pub path: PathBuf,
    pub profile: BankProfile,
    pub holders: Holders,
    pub commands: mpsc::Receiver<SwitchCommand>,
    pub results: mpsc::Sender<SwitchResult>,
}

impl ControlLine {
    /// Runs until the sender of commands is dropped.
    pub async fn run(mut self) {
        while let Some(command) = self.commands.recv().await {
            let (unanswered, reason) =
                match serial::open(&self.path, self.profile.baud, &self.holders).await {
                    Ok(stream) => self.use_line(stream, command).await,
                    Err(reason) => (vec![command.radio], reason.to_string()),
                };
            let reason = format!("the control port {}: {reason}", self.path.display());
            for radio in unanswered {
                if self.results.send((radio, Err(reason.clone()))).await.is_err() {
                    return;
                }
            }
        }
    }

    /// Carries out commands until the line fails. Returns the radios whose commands are unanswered
    /// then, and why the line failed.
    async fn use_line(
        &mut self,
        mut stream: SerialStream,
        SwitchCommand { radio, local_slot }: SwitchCommand,
    ) -> (Vec<usize>, String) {
        let clock = Clock::start();
        let mut control = Control::new(self.profile.clone(), clock.now());
        control.switch(radio, local_slot, clock.now());
        let result = self.exchange(&mut stream, &mut control, clock).await;
        serial::close_and_wait(stream).await;
        let reason = result.err().map_or_else(|| "closed".to_owned(), |error| error.to_string());
        (control.abandon(), reason)
    }

    /// Exchanges bytes with the bank until the line fails or there are no more commands.
    async fn exchange(
        &mut self,
        stream: &mut SerialStream,
        control: &mut Control,
        clock: Clock,
    ) -> io::Result<()> {
        let mut buffer = [0; 256];
        loop {
            while let Some(action) = control.next_action() {
                match action {
                    ControlAction::Write(bytes) => {
                        let written = tokio::time::timeout(WRITE_TIMEOUT, stream.write_all(&bytes));
                        let written = written.await;
                        written.map_err(|_| io::Error::other("the bank does not read"))??;
                    }
                    ControlAction::Switched(radio, result) => {
                        if self.results.send((radio, result)).await.is_err() {
                            return Ok(());
                        }
                    }
                }
            }
            let deadline = control.next_deadline().map(|moment| clock.instant(moment));
            tokio::select! {
                () = sleep_until(deadline) => control.tick(clock.now()),
                read = stream.read(&mut buffer) => match read? {
                    0 => return Err(io::Error::other("the port hung up")),
                    length => {
                        let bytes = buffer.get(..length).unwrap_or_default();
                        control.push_bytes(bytes, clock.now());
                    }
                },
                command = self.commands.recv() => match command {
                    Some(SwitchCommand { radio, local_slot }) => {
                        control.switch(radio, local_slot, clock.now());
                    }
                    None => return Ok(()),
                },
            }
        }
    }
}

async fn sleep_until(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
