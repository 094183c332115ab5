//! The listener over real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use poem::endpoint::make;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

const DEADLINE: Duration = Duration::from_secs(20);
const REQUEST: &[u8] = b"GET /x HTTP/1.1\r\nhost: desk\r\nconnection: close\r\n\r\n";

/// A server whose one endpoint says when it was entered and answers when it is released.
struct Slow {
    address: SocketAddr,
    entered: Arc<Notify>,
    release: Arc<Notify>,
    shutdown: Shutdown,
    server: tokio::task::JoinHandle<io::Result<()>>,
}

async fn slow() -> Slow {
    let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let gates = (entered.clone(), release.clone());
    let endpoint = make(move |_| {
        let (entered, release) = gates.clone();
        async move {
            entered.notify_one();
            release.notified().await;
            Ok::<_, poem::Error>(Response::builder().body("done"))
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = Shutdown::new();
    let server = tokio::spawn(serve(listener, endpoint, shutdown.clone()));
    Slow {
        address,
        entered,
        release,
        shutdown,
        server,
    }
}

#[tokio::test]
async fn a_shutdown_finishes_requests_in_flight_and_accepts_no_more() {
    let slow = slow().await;
    let mut client = TcpStream::connect(slow.address).await.unwrap();
    client.write_all(REQUEST).await.unwrap();
    slow.entered.notified().await;

    slow.shutdown.request();
    let refused = async {
        while TcpStream::connect(slow.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, refused)
        .await
        .expect("the listener closes");
    slow.release.notify_one();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("done"),
        "{answer}"
    );
    tokio::time::timeout(DEADLINE, slow.server)
        .await
        .expect("the server ends")
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_a_shutdown() {
    let slow = slow().await;
    let mut client = TcpStream::connect(slow.address).await.unwrap();
    client
        .write_all(b"GET /x HTTP/1.1\r\nhost: desk\r\n\r\n")
        .await
        .unwrap();
    slow.entered.notified().await;
    slow.release.notify_one();
    let mut answer = [0; 4];
    client.read_exact(&mut answer).await.unwrap();
    slow.shutdown.request();
    tokio::time::timeout(DEADLINE, slow.server)
        .await
        .expect("the server ends")
        .unwrap()
        .unwrap();
}
