//! Running a number of clients for a while, and what comes out.

use std::time::{Duration, Instant};

use anyhow::Result;
use futures::future::BoxFuture;
use tokio::task::JoinSet;

/// Runs before a measurement that do not count: connections, plans and caches get warm.
const WARM_UP: Duration = Duration::from_millis(300);

/// One client's single operation, called again and again.
pub type Operation = Box<dyn FnMut() -> BoxFuture<'static, Result<()>> + Send>;

/// What one measurement gave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Operations a second, all clients together.
    pub rate: f64,
    /// The median time of an operation in milliseconds.
    pub p50_ms: f64,
    /// The time that 99 of 100 operations did not exceed, in milliseconds.
    pub p99_ms: f64,
}

/// Lets every client repeat its operation for `duration` and measures.
///
/// # Errors
/// The first error of a client.
pub async fn measure(clients: Vec<Operation>, duration: Duration) -> Result<Sample> {
    let start = Instant::now() + WARM_UP;
    let end = start + duration;
    let mut running = JoinSet::new();
    for client in clients {
        running.spawn(repeat(client, start, end));
    }
    let mut latencies_us = Vec::new();
    while let Some(client) = running.join_next().await {
        latencies_us.extend(client??);
    }
    latencies_us.sort_unstable();
    Ok(Sample {
        rate: latencies_us.len() as f64 / duration.as_secs_f64(),
        p50_ms: percentile_ms(&latencies_us, 50),
        p99_ms: percentile_ms(&latencies_us, 99),
    })
}

async fn repeat(mut operation: Operation, start: Instant, end: Instant) -> Result<Vec<u64>> {
    let mut latencies_us = Vec::new();
    loop {
        let begun = Instant::now();
        operation().await?;
        let done = Instant::now();
        if done >= end {
            return Ok(latencies_us);
        }
        if done >= start {
            latencies_us.push(u64::try_from((done - begun).as_micros()).unwrap_or(u64::MAX));
        }
    }
}

fn percentile_ms(sorted_us: &[u64], percent: usize) -> f64 {
    let at = (sorted_us.len() * percent / 100).min(sorted_us.len().saturating_sub(1));
    sorted_us
        .get(at)
        .map_or(0.0, |latency_us| *latency_us as f64 / 1_000.0)
}

/// The middle one by rate; the lower middle of an even number.
#[must_use]
pub fn median(mut samples: Vec<Sample>) -> Option<Sample> {
    samples.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    samples.get(samples.len().saturating_sub(1) / 2).copied()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn percentiles_are_of_the_sorted_times() {
        let times: Vec<u64> = (1..=1_000).map(|ms| ms * 1_000).collect();
        assert_eq!(
            (percentile_ms(&times, 50), percentile_ms(&times, 99)),
            (501.0, 991.0)
        );
        assert_eq!(
            (percentile_ms(&[7_000], 99), percentile_ms(&[], 50)),
            (7.0, 0.0)
        );
    }

    #[test]
    fn the_median_is_the_middle_by_rate() {
        let sample = |rate| Sample {
            rate,
            p50_ms: 0.0,
            p99_ms: 0.0,
        };
        assert_eq!(
            median(vec![sample(9.0), sample(1.0), sample(5.0)])
                .unwrap()
                .rate,
            5.0
        );
        assert_eq!(median(Vec::new()), None);
    }
}
