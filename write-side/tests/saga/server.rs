//! What one process of the product would have, as far as the saga needs it.

use deadpool_postgres::Pool;
use event_store::EventStore;
use platform::clock::ManualClock;
use platform::pools::{Pools, log_writer_config};
use platform::private::{patient_log, patient_pools};
use platform::shutdown::Shutdown;
use sealing::{Keyring, MasterKeys};
use std::sync::Arc;
use write_side::dispatch::{Dispatcher, Options as DispatchOptions};
use write_side::saga::{Options, Saga, TimerCommands};

/// How old the rules may be by which a command is decided.
const RULES_MAX_AGE_MS: u64 = 100;

/// What one process would have: pools, a store with its writers, a dispatcher.
#[derive(Clone)]
pub struct Server {
    pub pools: Pools,
    pub store: EventStore,
    pub dispatcher: Dispatcher,
}

impl Server {
    pub async fn start(url: &str, clock: &ManualClock) -> Self {
        let pools = Pools::new(url, &patient_pools()).unwrap();
        let config = log_writer_config(url).unwrap();
        let store = EventStore::start(config, pools.commands.clone(), patient_log())
            .await
            .unwrap();
        let dispatcher = Dispatcher::new(
            store.clone(),
            keys(pools.commands.clone()),
            Arc::new(clock.clone()),
            DispatchOptions {
                reference_max_age_ms: RULES_MAX_AGE_MS,
                ..DispatchOptions::default()
            },
        );
        Self {
            store: store.reading_through(pools.saga.clone()),
            pools,
            dispatcher,
        }
    }

    pub async fn saga(&self, clock: &ManualClock, options: Options, shutdown: &Shutdown) -> Saga {
        self.saga_with(Arc::new(self.dispatcher.clone()), clock, options, shutdown)
            .await
    }

    pub async fn saga_with(
        &self,
        commands: Arc<dyn TimerCommands>,
        clock: &ManualClock,
        options: Options,
        shutdown: &Shutdown,
    ) -> Saga {
        let (store, pool) = (self.store.clone(), self.pools.saga.clone());
        Saga::start(
            commands,
            store,
            pool,
            Arc::new(clock.clone()),
            options,
            shutdown.clone(),
        )
        .await
        .unwrap()
    }
}

/// The keys of personal data in the database of `pool`, the same for every server of a test.
pub fn keys(pool: Pool) -> Keyring {
    let master = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    Keyring::new(pool, MasterKeys::parse(master).unwrap())
}
