//! What stands between a site and the centre: passes on, holds, or cuts.

use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;

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
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let mode = watch::Sender::new(Mode::Passing);
        let target = Arc::<Mutex<Option<SocketAddr>>>::default();
        runtime.spawn(accept(listener, Arc::clone(&target), mode.clone()));
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
            tokio::select! {
                () = pass(from_client, to_server, mode.subscribe(), &UP) => {}
                () = pass(from_server, to_client, mode.subscribe(), &[Mode::Passing]) => {}
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
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length) = from.read(&mut buffer).await {
        if length == 0 || mode.wait_for(|mode| passing.contains(mode)).await.is_err() {
            return;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
