//! Connections that are given up when the other side takes nothing of what is written to it. The framework's idle timeout
//! does not end these: it lets an answer that has begun be finished, however long that takes.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// A connection whose writes fail once nothing of them was taken for some time.
pub(super) struct Impatient {
    stream: TcpStream,
    patience: Duration,
    /// Runs while a write waits.
    gives_up: Option<Pin<Box<Sleep>>>,
}

impl Impatient {
    pub(super) fn new(stream: TcpStream, patience: Duration) -> Self {
        Self {
            stream,
            patience,
            gives_up: None,
        }
    }

    /// What a write came to: a failure, when it waits for too long.
    fn judge(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.gives_up = None;
            return written;
        }
        let patience = self.patience;
        let gives_up = self
            .gives_up
            .get_or_insert_with(|| Box::pin(sleep(patience)));
        if gives_up.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        // What is not sent yet is thrown away with the connection: the system would keep it, waiting as we did. A socket that
        // cannot be told so is closed all the same.
        let _ = self.stream.set_zero_linger();
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Impatient {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Impatient {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.judge(context, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(context, slices);
        this.judge(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    const PATIENCE: Duration = Duration::from_millis(50);
    /// More than any socket buffers.
    const MUCH: usize = 64 << 20;

    async fn both_ends(patience: Duration) -> (Impatient, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connect = TcpStream::connect(listener.local_addr().unwrap());
        let (client, accepted) = tokio::join!(connect, listener.accept());
        (
            Impatient::new(accepted.unwrap().0, patience),
            client.unwrap(),
        )
    }

    #[tokio::test]
    async fn who_takes_nothing_is_given_up() {
        let (mut server, mut client) = both_ends(PATIENCE).await;
        let failed = server.write_all(&vec![7; MUCH]).await.unwrap_err();
        assert_eq!(failed.kind(), io::ErrorKind::TimedOut);
        drop(server);
        let mut taken = Vec::new();
        assert!(client.read_to_end(&mut taken).await.is_err());
    }

    /// All of it takes longer than the patience, and none of it comes near.
    async fn takes_little_at_a_time() -> io::Result<()> {
        let (mut server, mut client) = both_ends(Duration::from_secs(2)).await;
        let writing = tokio::spawn(async move { server.write_all(&vec![7; MUCH]).await });
        let mut buffer = vec![0; 1 << 20];
        for _ in 0..MUCH / buffer.len() {
            client.read_exact(&mut buffer).await?;
            sleep(Duration::from_millis(40)).await;
        }
        writing.await.unwrap()
    }

    #[tokio::test]
    async fn who_takes_little_at_a_time_gets_everything() {
        // Only a machine that stands still makes it look like somebody who takes nothing.
        let mut outcome = takes_little_at_a_time().await;
        for _ in 1..5 {
            if outcome.is_err() {
                outcome = takes_little_at_a_time().await;
            }
        }
        outcome.unwrap();
    }
}
