//! Carries the frames of a link between a site and the centre: what a session has to send goes out,
//! what comes in goes to the session. What the frames say is decided in [`crate::wire`].

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::domain::Moment;
use crate::driver::Clock;
use crate::wire::{BadFrame, FrameReader};

/// How long a frame may take to be written.
const WRITE_TIMEOUT: Duration = Duration::from_secs(15);
/// How much is read at once.
const READ_SIZE: usize = 16 * 1024;

/// Why a link has ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkEnd {
    #[error("the connection was closed")]
    Closed,
    #[error("the connection failed: {0}")]
    Failed(#[from] io::Error),
    #[error("nothing is heard")]
    Silent,
    #[error("the other side does not keep to the protocol: {0}")]
    BadFrame(#[from] BadFrame),
    /// The session has nothing more to say, for this reason.
    #[error("{0}")]
    Over(String),
}

/// One side of a link, as the loops that carry its frames see it.
pub(super) trait LinkSide: Send + Sync {
    /// The next frame to send, if there is one now.
    fn next_frame(&self) -> Option<String>;

    /// Takes a line that has come.
    fn take_line(&self, line: &str) -> impl Future<Output = Result<(), LinkEnd>> + Send;

    /// When there is something to do, even if nothing comes.
    fn deadline(&self) -> Option<Moment>;

    /// Does what is due by now.
    fn tick(&self) -> Result<(), LinkEnd>;

    /// Whether everything is said once the last frame is sent, and why.
    fn is_over(&self) -> Option<String> {
        None
    }

    /// Marked whenever [`LinkSide::next_frame`] or [`LinkSide::deadline`] may answer otherwise.
    fn changes(&self) -> watch::Receiver<()>;
}

/// Carries frames in both directions until the link ends, and says why it did.
pub(super) async fn carry_frames<S, L>(stream: S, side: &L, clock: Clock) -> LinkEnd
where
    S: AsyncRead + AsyncWrite,
    L: LinkSide,
{
    let (reader, writer) = tokio::io::split(stream);
    // Both ends write while they read, so that neither waits for the other's reading.
    let ended = tokio::select! {
        ended = receive(reader, side) => ended,
        ended = send(writer, side, clock) => ended,
    };
    ended.err().unwrap_or(LinkEnd::Closed)
}

async fn receive<S: AsyncRead>(
    mut stream: ReadHalf<S>,
    side: &impl LinkSide,
) -> Result<(), LinkEnd> {
    let mut frames = FrameReader::default();
    let mut buffer = vec![0; READ_SIZE];
    loop {
        let length = match stream.read(&mut buffer).await {
            // A side that is killed says no farewell of TLS.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
            read => read?,
        };
        if length == 0 {
            return Ok(());
        }
        let mut octets = buffer.get(..length).unwrap_or_default();
        while let Some(line) = frames.next_line(&mut octets)? {
            side.take_line(&line).await?;
        }
    }
}

async fn send<S: AsyncWrite>(
    mut stream: WriteHalf<S>,
    side: &impl LinkSide,
    clock: Clock,
) -> Result<(), LinkEnd> {
    let mut changes = side.changes();
    loop {
        changes.mark_unchanged();
        side.tick()?;
        let mut has_written = false;
        while let Some(frame) = side.next_frame() {
            write(&mut stream, &frame).await?;
            has_written = true;
        }
        if has_written {
            stream.flush().await?;
        }
        if let Some(reason) = side.is_over() {
            // The other side may not want to know.
            let _ = stream.shutdown().await;
            return Err(LinkEnd::Over(reason));
        }
        let due = async {
            match side.deadline() {
                Some(deadline) => tokio::time::sleep_until(clock.instant(deadline)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = changes.changed() => if changed.is_err() {
                return Ok(());
            },
            () = due => {}
        }
    }
}

/// Writes a frame. A side that takes nothing for long is gone.
async fn write<S: AsyncWrite>(stream: &mut WriteHalf<S>, frame: &str) -> Result<(), LinkEnd> {
    let written = tokio::time::timeout(WRITE_TIMEOUT, stream.write_all(frame.as_bytes()));
    Ok(written.await.map_err(|_| LinkEnd::Silent)??)
}

/// Has small frames sent at once.
pub(super) fn send_at_once(stream: &TcpStream) {
    // Without it the link is slower, and works.
    let _ = stream.set_nodelay(true);
}
