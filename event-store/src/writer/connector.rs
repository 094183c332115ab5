//! How writers reach the database.

use std::fmt;
use std::sync::Arc;

use deadpool_postgres::{ConfigConnectImpl, Connect};
use tokio::task::JoinHandle;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Client, Config, Error, NoTls, Socket};

/// Where writers connect to, as whom, and how that is encrypted.
#[derive(Clone)]
pub struct Connector {
    config: Config,
    connect: Arc<dyn Connect>,
}

impl Connector {
    /// Connects by `config`, whose `sslmode` says whether `tls` is used.
    pub fn new<T>(config: Config, tls: T) -> Self
    where
        T: MakeTlsConnect<Socket> + Clone + Sync + Send + 'static,
        T::Stream: Sync + Send,
        T::TlsConnect: Sync + Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        Self {
            config,
            connect: Arc::new(ConfigConnectImpl { tls }),
        }
    }

    /// A connection, and the task that drives it.
    pub(super) async fn connect(&self) -> Result<(Client, JoinHandle<()>), Error> {
        self.connect.connect(&self.config).await
    }
}

/// Without encryption; a configuration that requires it never connects.
impl From<Config> for Connector {
    fn from(config: Config) -> Self {
        Self::new(config, NoTls)
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Connector")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
