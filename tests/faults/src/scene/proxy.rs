//! A TCP proxy before PostgreSQL or Valkey: it stops forwarding, or cuts a connection at a chosen message.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::time::sleep;

/// How long a delayed message takes: longer than a client waits before it connects anew.
const DELAY: Duration = Duration::from_millis(700);

/// Where the server is.
#[derive(Debug, Clone)]
pub enum Target {
    /// On loopback.
    Tcp(SocketAddr),
    /// Behind a socket.
    Unix(PathBuf),
}

/// How a connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The message never reaches the server.
    LoseRequest,
    /// The server does it, the client never hears of it.
    LoseAnswer,
    /// The client sees the end at once, the server gets the message a while later.
    Delay,
}

/// A running proxy.
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    target: Target,
    /// While true nothing passes, and nobody is told.
    is_stalled: watch::Sender<bool>,
    /// The next message that contains one of these words is cut so.
    armed: Mutex<Option<(Cut, &'static [&'static str])>>,
    cuts: AtomicU64,
}

impl Proxy {
    /// Listens on a free port.
    ///
    /// # Errors
    /// When there is none.
    pub async fn start(target: Target) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            target,
            is_stalled: watch::Sender::new(false),
            armed: Mutex::default(),
            cuts: AtomicU64::new(0),
        });
        tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared })
    }

    /// Stops forwarding in both directions, or goes on with it.
    pub fn stall(&self, is_stalled: bool) {
        self.shared.is_stalled.send_replace(is_stalled);
    }

    /// Cuts the connection on which the next message with one of the words passes.
    pub fn arm(&self, cut: Cut, words: &'static [&'static str]) {
        *self.armed() = Some((cut, words));
    }

    /// How many connections were cut.
    #[must_use]
    pub fn cuts(&self) -> u64 {
        self.shared.cuts.load(Ordering::SeqCst)
    }

    fn armed(&self) -> std::sync::MutexGuard<'_, Option<(Cut, &'static [&'static str])>> {
        self.shared
            .armed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// The cut that this message is to meet, if it is its turn.
    fn take(&self, message: &[u8]) -> Option<Cut> {
        let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        let (cut, words) = (*armed)?;
        let has = |word: &&str| {
            message
                .windows(word.len())
                .any(|part| part == word.as_bytes())
        };
        if !words.iter().any(has) {
            return None;
        }
        *armed = None;
        self.cuts.fetch_add(1, Ordering::SeqCst);
        Some(cut)
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            // A server that is away shows as a connection that ends at once.
            match &shared.target {
                Target::Tcp(address) => {
                    let server = TcpStream::connect(address).await?;
                    server.set_nodelay(true)?;
                    client.set_nodelay(true)?;
                    serve(client.into_split(), server.into_split(), &shared).await
                }
                Target::Unix(path) => {
                    let server = UnixStream::connect(path).await?;
                    client.set_nodelay(true)?;
                    serve(client.into_split(), server.into_split(), &shared).await
                }
            }
            anyhow::Ok(())
        });
    }
}

async fn serve(
    client: (impl AsyncRead + Unpin, impl AsyncWrite + Unpin),
    server: (impl AsyncRead + Unpin, impl AsyncWrite + Unpin),
    shared: &Shared,
) {
    let (mut from_client, mut to_client) = client;
    let (mut from_server, mut to_server) = server;
    let is_deaf = AtomicBool::new(false);
    let requests = async {
        while let Some(chunk) = read(&mut from_client, shared).await {
            match shared.take(&chunk) {
                None => to_server.write_all(&chunk).await?,
                Some(Cut::LoseRequest) => break,
                Some(Cut::LoseAnswer) => {
                    is_deaf.store(true, Ordering::SeqCst);
                    to_server.write_all(&chunk).await?;
                    // Time enough to do it; what it answers is thrown away.
                    sleep(DELAY).await;
                    break;
                }
                Some(Cut::Delay) => return Ok(Some(chunk)),
            }
        }
        std::io::Result::Ok(None)
    };
    let answers = async {
        while let Some(chunk) = read(&mut from_server, shared).await {
            if !is_deaf.load(Ordering::SeqCst) {
                to_client.write_all(&chunk).await?;
            }
        }
        std::io::Result::Ok(())
    };
    let delayed = tokio::select! {
        delayed = requests => delayed.ok().flatten(),
        _ = answers => None,
    };
    drop((from_client, to_client));
    if let Some(chunk) = delayed {
        sleep(DELAY).await;
        // Whether the server still takes it does not matter to anybody here.
        let _ = to_server.write_all(&chunk).await;
        sleep(DELAY).await;
    }
}

/// The next bytes; none at the end of the connection.
async fn read(from: &mut (impl AsyncRead + Unpin), shared: &Shared) -> Option<Vec<u8>> {
    let mut chunk = vec![0; 64 << 10];
    let length = from
        .read(&mut chunk)
        .await
        .ok()
        .filter(|length| *length > 0)?;
    chunk.truncate(length);
    let mut is_stalled = shared.is_stalled.subscribe();
    // The sender lives as long as the proxy.
    is_stalled.wait_for(|is_stalled| !is_stalled).await.ok()?;
    Some(chunk)
}
