//! Sagas of two servers. Each is made anew when it was killed.

use super::{DAY_S, at};
use crate::desk::{Desk, eventually, quick};
use crate::server::Server;
use platform::clock::Clock;
use platform::shutdown::Shutdown;
use std::time::Duration;
use write_side::saga::{Options, Saga};

pub struct Sagas<'a> {
    desk: &'a Desk,
    servers: &'a [Server; 2],
    alive: [Saga; 2],
    pub kills: usize,
}

impl<'a> Sagas<'a> {
    pub async fn start(desk: &'a Desk, servers: &'a [Server; 2]) -> Self {
        let [first, second] = servers;
        Self {
            desk,
            servers,
            alive: [saga(desk, first).await, saga(desk, second).await],
            kills: 0,
        }
    }

    /// Kills the one that leads on each of these days.
    pub async fn die_on(&mut self, days: impl IntoIterator<Item = i64>) {
        for day in days {
            self.desk.clock.sleep_until(at(day * DAY_S)).await;
            self.kill_leader().await;
        }
    }

    /// As a crash would. Another one starts at the same server.
    async fn kill_leader(&mut self) {
        let leads = |saga: &Saga| saga.statuses().all().iter().any(|it| it.is_leading);
        let leader = || self.alive.iter().position(leads);
        eventually("one of the sagas leads", async || leader().is_some()).await;
        if let Some(leader) = leader() {
            self.alive[leader] = saga(self.desk, &self.servers[leader]).await;
            self.kills += 1;
        }
    }

    /// Waits until everything is folded, and nothing is due any more.
    pub async fn settle(&self) {
        let desk = self.desk;
        let head = desk.server.store.head(desk.partition).await.unwrap();
        eventually("the sagas settle", async || {
            let now = desk.clock.now();
            let statuses = self.alive.iter().flat_map(|saga| saga.statuses().all());
            statuses.into_iter().any(|status| {
                status.is_leading
                    && status.position >= head
                    && status.settled_at.is_some_and(|at| at >= now)
            })
        })
        .await;
    }
}

async fn saga(desk: &Desk, server: &Server) -> Saga {
    let options = Options {
        lease_duration: Duration::from_millis(400),
        ..quick()
    };
    server.saga(&desk.clock, options, &Shutdown::new()).await
}
