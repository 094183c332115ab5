//! The projector on real servers: batches, poison, rebuild, check, caches.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod audit;
mod batches;
mod caches;
mod checks;
mod content;
mod costs;
mod desk;
mod histories;
mod poison;
mod rebuilds;
mod replays;
mod support;
mod zones;
