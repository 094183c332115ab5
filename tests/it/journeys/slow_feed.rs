//! A feed whose pages take longer to read than rights may go unseen: it goes on all the same, by rights of now.

use std::time::Duration;

use serde_json::json;
use tokio_postgres::Client;

use crate::harness::{DEADLINE, EventStream, TestApp, eventually};

/// Longer than a stream goes on without a look at the rights.
const SLOW: Duration = Duration::from_millis(2_200);
const LOCK: &str = "BEGIN; LOCK TABLE core.views IN ACCESS EXCLUSIVE MODE";
const WAITING: &str = "SELECT count(*) FROM pg_locks WHERE relation = 'core.views'::regclass AND NOT granted \
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

async fn so_many_wait(watch: &Client, count: i64) {
    let look = async || {
        let waiting: i64 = watch.query_one(WAITING, &[]).await.unwrap().get(0);
        if waiting >= count {
            Ok(())
        } else {
            Err(waiting)
        }
    };
    eventually(look, DEADLINE).await;
}

/// Makes each look at views take so long: whoever looks waits for a lock, behind which the next one stands already.
async fn slow_views(watch: Client, mut held: Client, mut next: Client) {
    loop {
        so_many_wait(&watch, 1).await;
        let queued = tokio::spawn(async move {
            next.batch_execute(LOCK).await.unwrap();
            next
        });
        so_many_wait(&watch, 2).await;
        tokio::time::sleep(SLOW).await;
        held.batch_execute("COMMIT").await.unwrap();
        next = held;
        held = queued.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_whose_pages_take_long_to_read_goes_on() {
    let app = TestApp::start().await;
    let mut views = Vec::new();
    for name in ["First", "Second"] {
        let view = json!({"name": name, "owner": "organization", "query": "status:open"});
        views.push(app.admin().post("/views", view).await.expect(201).id());
    }
    app.at_rest().await;
    let held = app.database.superuser().await;
    held.batch_execute(LOCK).await.unwrap();
    let (watch, next) = (
        app.database.superuser().await,
        app.database.superuser().await,
    );
    let slow = tokio::spawn(slow_views(watch, held, next));
    let stream = EventStream::open(app.admin().get("/events?types=view.created"));
    let mut stream = stream.await.ok().unwrap();
    for view in views {
        let told = stream.next_event().await.unwrap();
        assert_eq!(told.json()["object"]["id"], json!(view));
    }
    slow.abort();
}
