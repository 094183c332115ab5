//! Valkey killed, emptied and frozen under load: no answer is wrong, and the server needs no restart.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use insightdesk::server::RunningServer;
use platform::consistency::ConsistencyToken;
use platform::private::{Durability, PrivateServers, test_dir};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::harness::{DEADLINE, Database, Person, TestApp, eventually};

const WRITERS: usize = 4;
const READERS: usize = 4;
/// Reads that each phase of a test must have seen.
const READS_EACH_PHASE: usize = 150;

/// What was acknowledged of a ticket: how many replies, at which version, to be seen with which token.
#[derive(Debug, Clone, Copy)]
struct Acknowledged {
    messages: i64,
    version: i64,
    token: ConsistencyToken,
}

/// Writers and readers of the same tickets.
#[derive(Clone, Default)]
struct Traffic {
    tickets: Arc<Mutex<HashMap<Uuid, Acknowledged>>>,
    reads: Arc<AtomicUsize>,
    stopped: Arc<AtomicBool>,
}

impl Traffic {
    fn goes_on(&self) -> bool {
        !self.stopped.load(Ordering::Relaxed)
    }

    /// Replies again and again; every reply must be acknowledged.
    async fn write(self, customer: Person) {
        let ticket = customer.opens("Printer on fire").await;
        let mut messages = 1;
        while self.goes_on() {
            let answer = customer.replies(ticket, "Hello?").await.expect(201);
            messages += 1;
            let version = answer["ticket_version"].as_i64().unwrap();
            let token = answer.token().unwrap();
            self.tickets.lock().unwrap().insert(
                ticket,
                Acknowledged {
                    messages,
                    version,
                    token,
                },
            );
        }
    }

    /// Reads what was acknowledged, with the newest token that it was given; every answer must show at least that, and
    /// never go back behind an earlier answer.
    async fn read(self, agent: Person, number: usize) {
        let mut newest: HashMap<Uuid, i64> = HashMap::new();
        let mut token: Option<ConsistencyToken> = None;
        for turn in number.. {
            if !self.goes_on() {
                return;
            }
            let Some((ticket, known)) = self.pick(turn) else {
                tokio::task::yield_now().await;
                continue;
            };
            let carried = token.map_or(known.token, |token| later(token, known.token));
            let read = agent.get(&format!("/tickets/{ticket}")).without_token();
            let seen = read
                .header("consistency-token", carried.to_string())
                .await
                .expect(200);
            let (version, messages) = (
                seen.version(),
                seen["public_message_count"].as_i64().unwrap(),
            );
            assert!(
                version >= known.version && messages >= known.messages,
                "{known:?}: {seen:?}"
            );
            // One event a reply after the opening: version and count always fit together.
            assert_eq!(version, messages, "{seen:?}");
            let before = newest.insert(ticket, version).unwrap_or_default();
            assert!(
                version >= before,
                "version {before} was seen before {seen:?}"
            );
            token = Some(later(carried, seen.token().unwrap()));
            self.reads.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn pick(&self, turn: usize) -> Option<(Uuid, Acknowledged)> {
        let tickets = self.tickets.lock().unwrap();
        let nth = turn % tickets.len().max(1);
        tickets
            .iter()
            .nth(nth)
            .map(|(ticket, known)| (*ticket, *known))
    }

    /// Waits until the traffic has gone on for a while.
    async fn flows(&self) {
        let goal = self.reads.load(Ordering::Relaxed) + READS_EACH_PHASE;
        let look = async || match self.reads.load(Ordering::Relaxed) {
            reads if reads >= goal => Ok(()),
            reads => Err(format!("{reads} of {goal} reads")),
        };
        eventually(look, DEADLINE).await;
    }
}

fn later(one: ConsistencyToken, other: ConsistencyToken) -> ConsistencyToken {
    if one.position < other.position {
        other
    } else {
        one
    }
}

struct Scene {
    traffic: Traffic,
    workers: JoinSet<()>,
    app: TestApp,
    second: RunningServer,
    servers: PrivateServers,
}

impl Scene {
    async fn open() -> Self {
        let servers = PrivateServers::start(&test_dir(), Durability::Test)
            .await
            .unwrap();
        let database = Database::on(&servers).await;
        let config = database.config();
        let app = TestApp::on(database, config).await;
        let traffic = Traffic::default();
        let mut workers = JoinSet::new();
        for _ in 0..WRITERS {
            workers.spawn(traffic.clone().write(app.customer().clone()));
        }
        // Half of the readers ask a server that does not project.
        let (second, client) = app.second().await;
        for number in 0..READERS {
            let here = app.agent().clone();
            let agent = if number % 2 == 0 {
                here
            } else {
                here.at(&client)
            };
            workers.spawn(traffic.clone().read(agent, number));
        }
        traffic.flows().await;
        Self {
            traffic,
            workers,
            app,
            second,
            servers,
        }
    }

    /// Ends the traffic. Every read without a token must then come to show what was acknowledged, and stay there.
    async fn close(self) {
        self.traffic.stopped.store(true, Ordering::Relaxed);
        self.workers.join_all().await;
        let tickets = self.traffic.tickets.lock().unwrap().clone();
        assert_eq!(tickets.len(), WRITERS);
        let log = self.app.log().await;
        for (ticket, known) in tickets {
            let path = format!("/tickets/{ticket}");
            let newest = async || {
                let seen = self
                    .app
                    .agent()
                    .get(&path)
                    .without_token()
                    .await
                    .expect(200);
                if seen.version() == known.version {
                    Ok(())
                } else {
                    Err(seen.body)
                }
            };
            eventually(newest, DEADLINE).await;
            let events = log.iter().filter(|event| event.stream_id == ticket).count() as i64;
            assert_eq!(events, known.version, "nothing was done twice");
            for _ in 0..5 {
                assert_eq!(newest().await, Ok(()));
            }
        }
        self.second.shutdown().await.unwrap();
    }

    /// Sends a command to the Valkey and gives its answer.
    async fn valkey(&self, command: &str) -> io::Result<String> {
        let url = self
            .servers
            .valkey_url()
            .strip_prefix("valkey://:")
            .unwrap();
        let (password, address) = url.split_once('@').unwrap();
        let mut stream = TcpStream::connect(address).await?;
        let commands = format!("AUTH {password}\r\n{command}\r\nQUIT\r\n");
        stream.write_all(commands.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let told = answer.lines().nth(1).map(str::to_owned);
        told.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Waits until the server uses its cache again.
    async fn caches_again(&self) {
        let look = async || match self.valkey("DBSIZE").await {
            Ok(size) if size != ":0" => Ok(()),
            other => Err(other),
        };
        eventually(look, DEADLINE).await;
    }

    async fn is_healthy(&self) {
        let look = async || {
            let health = self.app.client.get("/health/detailed").await;
            if health["status"] == json!("ok") {
                Ok(())
            } else {
                Err(health.body)
            }
        };
        eventually(look, DEADLINE).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn valkey_killed_and_started_again_makes_no_answer_wrong() {
    let scene = Scene::open().await;
    scene.is_healthy().await;
    for _ in 0..2 {
        scene.servers.kill_valkey().await.unwrap();
        scene.traffic.flows().await;
        scene.servers.start_valkey().await.unwrap();
        scene.traffic.flows().await;
        scene.caches_again().await;
    }
    scene.is_healthy().await;
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn valkey_emptied_under_load_makes_no_answer_wrong() {
    let scene = Scene::open().await;
    for _ in 0..5 {
        assert_eq!(scene.valkey("FLUSHALL").await.unwrap(), "+OK");
        scene.traffic.flows().await;
    }
    scene.caches_again().await;
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn valkey_that_stops_answering_makes_no_answer_wrong() {
    let scene = Scene::open().await;
    for _ in 0..2 {
        // It accepts connections and commands, and answers none of them for a while; then it has its old content.
        assert_eq!(scene.valkey("CLIENT PAUSE 1500 ALL").await.unwrap(), "+OK");
        scene.traffic.flows().await;
        scene.caches_again().await;
        scene.traffic.flows().await;
    }
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_valkey_every_answer_is_right() {
    let database = Database::create().await;
    let mut config = database.config();
    config.valkey_url = None;
    let app = TestApp::on(database, config).await;
    let ticket = app.customer().opens("Printer on fire").await;
    for round in 2..=6 {
        app.customer().replies(ticket, "Hello?").await.expect(201);
        assert_eq!(
            app.agent().ticket(ticket).await["public_message_count"],
            round
        );
    }
    app.client.is_ready().await;
}
