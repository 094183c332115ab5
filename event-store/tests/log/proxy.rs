//! A TCP proxy before PostgreSQL that loses, delays or refuses at a chosen message.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::{Notify, mpsc};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// The client's message at which the fault happens.
#[derive(Clone, Copy)]
pub enum At {
    /// The next prepared statement: for a writer with a known head, its one call.
    Statement,
    /// The next COMMIT.
    Commit,
}

/// What happens there.
#[derive(Clone, Copy)]
pub enum Fault {
    /// The message never reaches the server; both sides see a closed connection.
    LoseRequest,
    /// The server does it all, the client sees a closed connection instead of the answer.
    LoseAnswer,
    /// The client sees a closed connection, the server gets the message when the test releases it.
    Delay,
}

/// A running proxy.
pub struct Proxy {
    pub config: Config,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    armed: Mutex<Option<(At, Fault)>>,
    is_refusing: AtomicBool,
    refuses_after_fault: AtomicBool,
    release: Notify,
    delivered: Notify,
}

impl Proxy {
    /// Listens on a free port; `config` leads through it.
    pub async fn start(server: &Config) -> Self {
        let [Host::Unix(directory)] = server.get_hosts() else {
            panic!("the test server listens on a Unix socket")
        };
        let target = directory.join(format!(".s.PGSQL.{}", server.get_ports()[0]));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut config = Config::new();
        config
            .host("127.0.0.1")
            .port(listener.local_addr().unwrap().port());
        config
            .dbname(server.get_dbname().unwrap())
            .user(server.get_user().unwrap())
            .options(server.get_options().unwrap_or_default());
        let shared = Arc::new(Shared::default());
        tokio::spawn(accept(listener, target, Arc::clone(&shared)));
        Self { config, shared }
    }

    /// The next such message meets the fault, once.
    pub fn arm(&self, at: At, fault: Fault) {
        *self.shared.armed.lock().unwrap() = Some((at, fault));
    }

    /// True when the fault did happen.
    pub fn has_fired(&self) -> bool {
        self.shared.armed.lock().unwrap().is_none()
    }

    /// From the fault on nobody gets through, until [`Proxy::let_through`].
    pub fn refuse_after_fault(&self) {
        self.shared
            .refuses_after_fault
            .store(true, Ordering::SeqCst);
    }

    pub fn let_through(&self) {
        self.shared.is_refusing.store(false, Ordering::SeqCst);
    }

    /// Gives the delayed message to the server and waits until it has answered.
    pub async fn release_delayed(&self) {
        self.shared.release.notify_one();
        self.shared.delivered.notified().await;
    }
}

async fn accept(listener: TcpListener, target: PathBuf, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        if shared.is_refusing.load(Ordering::SeqCst) {
            continue;
        }
        let (target, shared) = (target.clone(), Arc::clone(&shared));
        tokio::spawn(async move {
            let server = UnixStream::connect(target).await?;
            serve(client, server, &shared).await
        });
    }
}

async fn serve(client: TcpStream, server: UnixStream, shared: &Shared) -> io::Result<()> {
    let (mut from_client, mut to_client) = client.into_split();
    let (from_server, mut to_server) = server.into_split();
    let start_up = read_body(&mut from_client, Vec::new()).await?;
    to_server.write_all(&start_up).await?;
    let mut requests = read_messages(from_client);
    let mut answers = read_messages(from_server);
    loop {
        tokio::select! {
            Some(answer) = answers.recv() => to_client.write_all(&answer).await?,
            Some(request) = requests.recv() => match fault_at(&request, shared) {
                None => to_server.write_all(&request).await?,
                Some((at, fault)) => {
                    drop(to_client);
                    return finish(at, fault, request, requests, answers, to_server, shared).await;
                }
            },
            else => return Ok(()),
        }
    }
}

fn fault_at(request: &[u8], shared: &Shared) -> Option<(At, Fault)> {
    let mut armed = shared.armed.lock().unwrap();
    let (at, _) = (*armed)?;
    let is_there = match at {
        At::Statement => request[0] == b'B',
        At::Commit => request[0] == b'Q' && request[5..].starts_with(b"COMMIT"),
    };
    if !is_there {
        return None;
    }
    if shared.refuses_after_fault.load(Ordering::SeqCst) {
        shared.is_refusing.store(true, Ordering::SeqCst);
    }
    armed.take()
}

/// The client is gone; the server gets what the fault lets it have.
async fn finish(
    at: At,
    fault: Fault,
    request: Vec<u8>,
    mut requests: mpsc::UnboundedReceiver<Vec<u8>>,
    mut answers: mpsc::UnboundedReceiver<Vec<u8>>,
    mut to_server: OwnedWriteHalf,
    shared: &Shared,
) -> io::Result<()> {
    match fault {
        Fault::LoseRequest => return Ok(()),
        Fault::LoseAnswer => {}
        Fault::Delay => shared.release.notified().await,
    }
    to_server.write_all(&request).await?;
    let mut is_whole = matches!(at, At::Commit);
    while !is_whole {
        let Some(message) = requests.recv().await else {
            break;
        };
        is_whole = message[0] == b'S';
        to_server.write_all(&message).await?;
    }
    while let Some(answer) = answers.recv().await {
        let is_done = match at {
            At::Statement => answer[0] == b'Z',
            At::Commit => answer[0] == b'C' && answer[5..].starts_with(b"COMMIT"),
        };
        if is_done {
            break;
        }
    }
    shared.delivered.notify_one();
    Ok(())
}

fn read_messages(
    mut from: impl AsyncRead + Send + Unpin + 'static,
) -> mpsc::UnboundedReceiver<Vec<u8>> {
    let (messages, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let kind = from.read_u8().await?;
            let message = read_body(&mut from, vec![kind]).await?;
            if messages.send(message).is_err() {
                return io::Result::Ok(());
            }
        }
    });
    receiver
}

/// A message is its length, which counts itself, and the rest; all but the first have a kind before that.
async fn read_body(
    from: &mut (impl AsyncRead + Unpin),
    mut message: Vec<u8>,
) -> io::Result<Vec<u8>> {
    let length = from.read_u32().await?;
    message.extend(length.to_be_bytes());
    let start = message.len();
    message.resize(start + length as usize - 4, 0);
    from.read_exact(&mut message[start..]).await?;
    Ok(message)
}
