//! What stands between a site and the centre: passes on, delays, holds, or cuts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

/// What happens to what is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Passing,
    /// Nothing comes through, and nobody is told.
    Holding,
    /// What the site says comes through, and nothing comes back.
    HoldingAnswers,
    /// Connections are closed, new ones too.
    Cut,
}

/// When what the site says comes through.
const UP: [Mode; 2] = [Mode::Passing, Mode::HoldingAnswers];

/// How much may be on its way in one direction, in pieces of up to 16 KiB.
const ON_THE_WAY: usize = 256;

/// A proxy for TCP, on an address that stays the same.
pub struct Proxy {
    pub address: SocketAddr,
    mode: watch::Sender<Mode>,
    target: Arc<Mutex<Option<SocketAddr>>>,
    runtime: Option<Runtime>,
}

impl Proxy {
    /// A proxy that cuts all connections until it has a target.
    pub fn start() -> Proxy {
        Proxy::with_delay(Duration::ZERO)
    }

    /// Such a proxy, through which everything takes so long in each direction.
    pub fn with_delay(delay: Duration) -> Proxy {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let mode = watch::Sender::new(Mode::Passing);
        let target = Arc::<Mutex<Option<SocketAddr>>>::default();
        runtime.spawn(accept(listener, Arc::clone(&target), mode.clone(), delay));
        Proxy { address, mode, target, runtime: Some(runtime) }
    }

    pub fn lead_to(&self, target: SocketAddr) {
        *self.target.lock() = Some(target);
    }

    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

async fn accept(
    listener: TcpListener,
    target: Arc<Mutex<Option<SocketAddr>>>,
    mode: watch::Sender<Mode>,
    delay: Duration,
) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let (target, mode) = (*target.lock(), mode.clone());
        tokio::spawn(async move {
            let Some(target) = target.filter(|_| *mode.borrow() != Mode::Cut) else { return };
            let Ok(server) = TcpStream::connect(target).await else { return };
            let ((from_client, to_client), (from_server, to_server)) =
                (client.into_split(), server.into_split());
            let mut cut = mode.subscribe();
            let down = [Mode::Passing];
            tokio::select! {
                () = pass(from_client, to_server, mode.subscribe(), &UP, delay) => {}
                () = pass(from_server, to_client, mode.subscribe(), &down, delay) => {}
                _ = cut.wait_for(|mode| *mode == Mode::Cut) => {}
            }
        });
    }
}

async fn pass(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut mode: watch::Receiver<Mode>,
    passing: &[Mode],
    delay: Duration,
) {
    let (sender, mut on_the_way) = mpsc::channel::<(Instant, Vec<u8>)>(ON_THE_WAY);
    let read = async move {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            let piece = (Instant::now() + delay, buffer[..length].to_vec());
            if sender.send(piece).await.is_err() {
                return;
            }
        }
    };
    let write = async move {
        while let Some((due, octets)) = on_the_way.recv().await {
            if !delay.is_zero() {
                sleep_until(due).await;
            }
            if mode.wait_for(|mode| passing.contains(mode)).await.is_err()
                || to.write_all(&octets).await.is_err()
            {
                return;
            }
        }
    };
    tokio::join!(read, write);
}
