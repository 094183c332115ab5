//! What goes wrong in a machine room: processes killed, servers gone, the cache flushed. Whatever happens, what was
//! acknowledged is there, once, and no answer is wrong.

mod feed;
mod import_kill;
mod load;
mod postgres;
mod server_process;
mod two_servers;
mod valkey;

use std::sync::Arc;

use event_store::{Partition, RecordedEvent, verify};
use insightdesk::node::Node;
use platform::clock::SystemClock;
use tempfile::TempDir;

use crate::harness::{Binary, Client, Database, Organization, whole_log};

/// A database whose servers are processes of their own, which a test kills.
struct Desk {
    node: Node,
    partition: Partition,
    acme: Organization,
    binary: Binary,
    dir: TempDir,
    /// Last, so that it is dropped last.
    _database: Database,
}

impl Desk {
    async fn open() -> Self {
        let database = Database::create().await;
        let config = database.config();
        let node = Node::start(&config, Arc::new(SystemClock)).await.unwrap();
        // Nobody sends anything before there is a server: see `Organization::at`.
        let nowhere = Client::new(([127, 0, 0, 1], 9).into());
        let acme = Organization::create(&node.dispatcher, &nowhere, "acme").await;
        let partition = node.dispatcher.partition(acme.id).await.unwrap();
        let dir = TempDir::new().unwrap();
        let binary = Binary::new(&config, dir.path());
        Self {
            node,
            partition,
            acme,
            binary,
            dir,
            _database: database,
        }
    }

    /// Every event of acme's partition.
    async fn log(&self) -> Vec<RecordedEvent> {
        whole_log(&self.node.log(), self.partition).await
    }

    /// The log must be whole, and the read models what it says.
    async fn is_sound(&self) {
        let report = verify::verify(&self.node.log(), &[self.partition], |_| {})
            .await
            .unwrap();
        assert_eq!(
            report.faults().map(ToString::to_string).collect::<Vec<_>>(),
            [""; 0]
        );
        self.binary.succeed(&["rebuild", "--check"]).await;
    }
}
