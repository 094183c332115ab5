//! A connection that is lent for one query, which nobody runs on for who does not wait any more.

use deadpool_postgres::Client;
use platform::tls::DatabaseTls;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

use crate::search::Turn;

/// A connection whose statement may still run when it is dropped.
pub(crate) struct Lent {
    /// There until it is given back or dropped.
    lent: Option<(Client, Held)>,
    tls: DatabaseTls,
}

/// What a query takes part of as long as it runs.
pub(crate) struct Held {
    /// The connections of its organization.
    pub(crate) _share: OwnedSemaphorePermit,
    /// The searches of the process, where it is one.
    pub(crate) _turn: Option<Turn>,
}

impl Lent {
    pub(crate) fn new(client: Client, tls: DatabaseTls, held: Held) -> Self {
        Self {
            lent: Some((client, held)),
            tls,
        }
    }

    #[allow(
        clippy::expect_used,
        reason = "only the end of this value takes the connection out"
    )]
    pub(crate) fn client(&self) -> &Client {
        let (client, _) = self.lent.as_ref().expect("it is lent");
        client
    }

    /// The query has ended: the connection goes back to the pool.
    pub(crate) fn give_back(mut self) {
        self.lent = None;
    }
}

impl Drop for Lent {
    /// Cancels what runs. The connection never goes back to the pool, where the cancellation would meet the statement of
    /// somebody else; what is held is held until the server has let go of it.
    fn drop(&mut self) {
        let (Some((client, held)), Ok(runtime)) = (self.lent.take(), Handle::try_current()) else {
            return;
        };
        let client = Client::take(client);
        let tls = self.tls.clone();
        runtime.spawn(async move {
            if let Err(error) = client.cancel_token().cancel_query(tls).await {
                tracing::debug!(%error, "a query could not be cancelled; its time will end it");
            }
            // Answered once the statement has ended.
            let _ended = client.simple_query("").await;
            drop(held);
        });
    }
}
